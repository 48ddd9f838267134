//! The public API: every operation through the typed door and through the wire door.

mod accounts;
mod admin;
mod between_reads;
mod chosen;
mod entropy;
mod explain;
mod feed;
mod hints;
mod ids;
mod inputs;
mod options;
mod outputs;
mod parts;
mod policy;
mod refusals;
mod removal;
mod reset;
mod revisions;
mod round_trips;
mod sessions;
mod steps;
mod story;
mod support;
mod throttling;
mod tokens;
mod wire;
