//! Stores: their conformance, damage to sled databases, folders, closing, and races.

mod closing;
mod conformance;
mod damage;
mod folders;
mod kill;
#[cfg(unix)]
mod permissions;
mod planted;
mod races;
mod relaxed;
mod replay;

/// The factor for the size of every test: the environment variable `COGNATE_EFFORT`, or 1.
fn effort() -> u64 {
    std::env::var("COGNATE_EFFORT").map_or(1, |effort| effort.parse().expect("a whole number"))
}
