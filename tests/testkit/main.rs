//! The engine against an independent model.

mod conformance;
mod copy;
mod crash;
mod explained;
mod faults;
mod feed;
#[cfg(unix)]
mod full_disk;
mod history;
mod journal;
mod listings;
mod machine;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod power;
mod races;
mod reach;
mod twin;

use std::hash::{BuildHasher, RandomState};

use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;

/// The factor for the amount of work: the environment variable `COGNATE_EFFORT`, or 1.
fn effort() -> u32 {
    std::env::var("COGNATE_EFFORT").map_or(1, |effort| effort.parse().expect("a whole number"))
}

/// The configuration of a rig with its seed, which is printed. `PROPTEST_RNG_SEED` repeats a run.
fn seeded(name: &str, cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let seed = match default.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(name),
    };
    figure(format_args!("{name}: PROPTEST_RNG_SEED={seed}"));
    let (rng_seed, failure_persistence) = (RngSeed::Fixed(seed), None);
    ProptestConfig { cases: cases * effort(), rng_seed, failure_persistence, ..default }
}

/// Reports of a long run.
#[expect(clippy::print_stdout, reason = "shown with --nocapture")]
fn figure(figure: std::fmt::Arguments<'_>) {
    println!("{figure}");
}
