//! Logins that are presented: what is forged, what an independent library says, and verifiers that
//! misbehave.

mod attacks;
mod forged;
mod guests;
mod library;
mod mint;
mod misbehaving;
mod ours;
mod races;
mod refreshed;
mod sessions;
mod site;
mod slash;
#[expect(dead_code, reason = "of another target, which needs more of it")]
#[path = "../api/support.rs"]
mod support;
