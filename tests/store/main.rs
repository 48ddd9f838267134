//! Stores: one conformance test for all of them, what befalls a sled database, and races.

mod conformance;
mod damage;
mod kill;
#[cfg(unix)]
mod permissions;
mod planted;
mod races;
mod relaxed;
mod replay;

/// By how much every dose is multiplied: the environment variable `COGNATE_EFFORT`, or 1.
fn effort() -> u64 {
    std::env::var("COGNATE_EFFORT").map_or(1, |effort| effort.parse().expect("a whole number"))
}
