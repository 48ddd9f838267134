//! The store on PostgreSQL against real servers, which the script `run` installs.

mod ambiguous;
mod conformance;
mod crashes;
mod encryption;
mod exports;
mod load;
mod machine;
mod migration;
mod program;
mod races;
mod refusals;
mod rig;
mod round_trips;
mod scene;
mod sharing;
mod store;
mod views;
#[path = "../../exchange/writers/mod.rs"]
mod writers;
