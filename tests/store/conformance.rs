//! The conformance suite over the stores of the crate.

use std::sync::Arc;

use cognate::store::{Durability, MemoryStore, SledOptions, Store, StoreError};
use cognate::testkit::Conformance;

use crate::effort;

fn conforms<S: Store, F: Fn() -> Result<S, StoreError>>(suite: Conformance<F>) {
    let rounds = usize::try_from(effort() * 20).expect("a number of rounds");
    let checked = suite.rounds(rounds).fully_serializable().check();
    checked.unwrap_or_else(|broken| panic!("{broken}"));
}

#[test]
fn memory() {
    conforms(Conformance::new(|| Ok(MemoryStore::new())).without_reopening());
}

#[test]
fn memory_that_handles_share() {
    let store = Arc::new(MemoryStore::new());
    conforms(Conformance::new(|| Ok(Arc::clone(&store))).shared());
}

fn sled(durability: Durability) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SledOptions::new(folder.path()).durability(durability);
    conforms(Conformance::new(|| options.clone().open()));
}

#[test]
fn sled_that_survives_a_power_loss() {
    sled(Durability::PowerLoss);
}

#[test]
fn sled_that_survives_a_killed_process() {
    sled(Durability::ProcessKill);
}

#[test]
fn sled_that_is_relaxed() {
    sled(Durability::Relaxed);
}
