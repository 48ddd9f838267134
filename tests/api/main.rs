//! The engine from outside: every operation, through the typed door and through the wire door.

mod inputs;
mod options;
mod refusals;
mod story;
mod support;
mod tokens;
mod wire;
