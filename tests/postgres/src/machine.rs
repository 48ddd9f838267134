//! The state machine of the testkit against its model: random operations, each on one of two
//! engines with connections of their own.

use cognate::Engine;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use cognate::store::{Batch, KeyRange, Store, Tree};
use cognate::testkit::{self, Model, Operation, Run, TestClock, WireDoor};
use cognate::token::SigningAlgorithm;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};

use crate::rig::{Bouncer, Server, Version};
use crate::scene::region;
use crate::store::{migrate, open};

const CASES: u32 = 40;

/// Runs sequences over one database, which is emptied after each.
fn agrees(url: &str) {
    migrate(url);
    let stores = [open(url), open(url)].map(Arc::new);
    let default = Config::default();
    let seed = match default.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(url),
    };
    println!("PROPTEST_RNG_SEED={seed}");
    let (rng_seed, failure_persistence) = (RngSeed::Fixed(seed), None);
    let config = Config { cases: CASES, rng_seed, failure_persistence, ..default };
    let strategy = (testkit::operations(1..=40), prop::collection::vec(any::<u8>(), 40));
    let ran = TestRunner::new(config).run(&strategy, |(operations, events)| {
        let clock = TestClock::default();
        let engines = stores.each_ref().map(|store| {
            let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
            let builder = builder.login_verifier(testkit::login_verifier()).clock(clock.clone());
            builder.open_shared(Arc::clone(store)).expect("an engine")
        });
        let ran = run(&engines, &clock, &operations, &events);
        empty(&*stores[0]);
        ran
    });
    match ran {
        Ok(()) => {}
        Err(TestError::Fail(reason, _) | TestError::Abort(reason)) => panic!("{reason}"),
    }
}

fn run(
    engines: &[Engine; 2],
    clock: &TestClock,
    operations: &[Operation],
    events: &[u8],
) -> Result<(), TestCaseError> {
    let mut run = Run::new(Model::new().oldest_survives());
    for (operation, event) in operations.iter().zip(events) {
        let engine = &engines[usize::from(event & 1)];
        let door = WireDoor::new(engine.clone()).clock(clock.clone());
        match event >> 1 {
            0..=4 => engine.rotate_signing_key(&region()).expect("rotates"),
            5..=9 => engine.rotate_session_key().expect("rotates"),
            10..=14 => run.wait(&door, 300),
            _ => {}
        }
        run.perform(&door, operation)?;
    }
    prop_assert_eq!(engines[0].check().expect("readable"), []);
    Ok(())
}

/// Deletes everything.
fn empty(store: &dyn Store) {
    for tree in Tree::ALL {
        let all = store.scan(&KeyRange::prefix(tree, []), 100_000).expect("readable");
        if !all.is_empty() {
            let mut batch = Batch::default();
            batch.deletes.extend(all.into_iter().map(|(key, _)| key));
            store.commit(batch).expect("deletes");
        }
    }
}

#[test]
fn postgresql_15() {
    let server = Server::shared(Version::Fifteen);
    agrees(&server.url(&server.new_database()));
}

#[test]
fn postgresql_18() {
    let server = Server::shared(Version::Eighteen);
    agrees(&server.url(&server.new_database()));
}

#[test]
fn pgbouncer_in_transaction_mode() {
    let server = Server::shared(Version::Fifteen);
    agrees(&Bouncer::start(server).url(&server.new_database()));
}
