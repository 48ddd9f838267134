//! The state machine: all operations in random order, with restarts, passing time, several pools,
//! accounts and regions, both doors, both stores and all options.

use std::cell::Cell;
use std::sync::Arc;

use cognate::store::{Durability, MemoryStore, SledOptions};
use cognate::testkit::{
    self, Implementation, Model, Operation, Run, TestClock, TypedDoor, WireDoor,
};
use cognate::token::SigningAlgorithm;
use cognate::{Builder, DeveloperLinking, Engine, RoleAccounts, UnknownDeveloperUser};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::{effort, figure};

/// One run of a sequence.
#[derive(Debug, Clone)]
struct Case {
    options: u8,
    operations: Vec<Operation>,
    /// The events before each operation. Most do nothing.
    events: Vec<u8>,
}

fn cases() -> impl Strategy<Value = Case> {
    let events = prop::collection::vec(any::<u8>(), 64);
    (any::<u8>(), testkit::operations(1..=60), events)
        .prop_map(|(options, operations, events)| Case { options, operations, events })
}

/// The options of a case, for the engine and for the model.
fn options(bits: u8) -> (impl Fn() -> Builder, Model) {
    let linking =
        [DeveloperLinking::ByIdentityId, DeveloperLinking::ByLinkedLogin][usize::from(bits & 1)];
    let unknown = [UnknownDeveloperUser::NotFound, UnknownDeveloperUser::Forbidden];
    let unknown = unknown[usize::from(bits >> 1 & 1)];
    let accounts = [RoleAccounts::OwnOnly, RoleAccounts::Any][usize::from(bits >> 2 & 1)];
    let builder = move || {
        let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
        let builder = builder.login_verifier(testkit::login_verifier());
        let builder = builder.developer_linking(linking).unknown_developer_user(unknown);
        builder.role_accounts(accounts)
    };
    let model = Model::new().developer_linking(linking).unknown_developer_user(unknown);
    (builder, model.role_accounts(accounts).oldest_survives())
}

/// Runs a case on engines that `open` makes one after the other over the same contents.
fn run<S: Implementation>(
    case: &Case,
    open: impl Fn(Builder) -> Engine,
    door: impl Fn(Engine, TestClock) -> S,
) -> Result<(), TestCaseError> {
    let clock = TestClock::default();
    let (builder, model) = options(case.options);
    let mut engine = open(builder().clock(clock.clone()));
    let mut run = Run::new(model);
    for (operation, event) in case.operations.iter().zip(case.events.iter().cycle()) {
        match event {
            230..=241 => {
                drop(engine);
                engine = open(builder().clock(clock.clone()));
            }
            242..=247 => run.wait(&door(engine.clone(), clock.clone()), 300),
            248..=255 => run.wait(&door(engine.clone(), clock.clone()), 30),
            _ => {}
        }
        run.perform(&door(engine.clone(), clock.clone()), operation)?;
    }
    prop_assert_eq!(engine.check().expect("readable"), []);
    Ok(())
}

fn check(name: &str, cases_min: u32, test: impl Fn(&Case) -> Result<(), TestCaseError>) {
    let default = Config::default();
    let config = Config {
        cases: cases_min * effort(),
        failure_persistence: None,
        max_shrink_iters: default.max_shrink_iters.min(20_000),
        ..default
    };
    let performed = Cell::new(0);
    let counted = |case: Case| {
        performed.set(performed.get() + case.operations.len());
        test(&case)
    };
    if let Err(error) = TestRunner::new(config).run(&cases(), counted) {
        match error {
            proptest::test_runner::TestError::Fail(reason, _) => panic!("{reason}"),
            other @ proptest::test_runner::TestError::Abort(_) => panic!("{other}"),
        }
    }
    figure(format_args!("{name}: {} operations", performed.get()));
}

fn typed(engine: Engine, clock: TestClock) -> TypedDoor {
    TypedDoor::new(engine).clock(clock)
}

fn wire(engine: Engine, clock: TestClock) -> WireDoor {
    WireDoor::new(engine).clock(clock)
}

/// The store is shared, so an engine reads pools with each call.
#[test]
fn typed_door_over_a_shared_store() {
    check("typed door", 192, |case| {
        let store = Arc::new(MemoryStore::new());
        run(case, |builder| builder.open_shared(store.clone()).expect("opens"), typed)
    });
}

#[test]
fn wire_door_over_a_shared_store() {
    check("wire door", 192, |case| {
        let store = Arc::new(MemoryStore::new());
        run(case, |builder| builder.open_shared(store.clone()).expect("opens"), wire)
    });
}

/// The store is exclusive, so the engine caches pools.
#[test]
fn wire_door_over_sled() {
    check("wire door over sled", 128, |case| {
        let folder = tempfile::tempdir().expect("a folder");
        let open = |builder: Builder| {
            let options = SledOptions::new(folder.path()).durability(Durability::Relaxed);
            builder.open_sled(options.cache_bytes(1 << 20)).expect("opens")
        };
        run(case, open, wire)
    });
}
