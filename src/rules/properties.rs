//! Properties of every rule over generated worlds, calls, pools and tokens with few names.
//!
//! `COGNATE_EFFORT=n` multiplies the number of cases.

pub(crate) mod call;
mod logins;
mod names;
mod revisions;
mod roles;
mod session;
mod settings;
mod undo;
pub(crate) mod world;

use proptest::prelude::ProptestConfig;

/// The number of cases, multiplied by `COGNATE_EFFORT`. A failure is shrunk and then added as a row
/// to the table of its rule.
fn cases(count: u32) -> ProptestConfig {
    let effort = std::env::var("COGNATE_EFFORT").ok();
    let effort = effort.map_or(1, |effort| effort.parse().expect("COGNATE_EFFORT is a number"));
    let cases = count.saturating_mul(effort);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
