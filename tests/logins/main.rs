//! Presented logins: forged tokens, the comparison with an independent library, and verifiers that
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
#[expect(dead_code, reason = "another target uses more of it")]
#[path = "../api/support.rs"]
mod support;
