//! The state machine: all operations in random order, with restarts, passing time, several pools,
//! accounts and regions, both doors, both stores and all options.

mod prepared;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use cognate::ambient::Clock;
use cognate::store::{Durability, MemoryStore, SledOptions};
use cognate::testkit::{
    self, Account, Implementation, Model, Operation, Run, TestClock, TypedDoor, WireDoor,
};
use cognate::token::SigningAlgorithm;
use cognate::{
    Builder, DeveloperLinking, Engine, Journal, RoleAccounts, Throttling, UnknownDeveloperUser,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::{figure, seeded};

/// The clauses and events that runs have met, each with the number of times.
type Met = BTreeMap<&'static str, usize>;

const SIGNING_KEYS: &str = "a new signing key";
const SESSION_KEYS: &str = "a new session key";
const IN_STEPS: &str = "a pool removed in several steps";
/// The 61st identity of a pool, when one step removes 60.
const CROWD: &str = "$identity60";

/// Rare clauses and events that every run must meet, however it is seeded. `reach` checks that
/// all clauses are met.
const REACHED: [&str; 19] = [
    "2 5 a rate that is exceeded, by option",
    "3 more than 20 logins",
    "3 the identity has 20 logins",
    "5.6 a merge of identities with several logins each",
    "8.2 2 the role for users, without a mapping",
    "8.2 2 a custom role of the token, without a mapping",
    "8.2 2 a custom role that the token lacks",
    "8.2 3 a custom role of the token, by mapping",
    "8.2 3 a custom role that the token lacks, by mapping",
    "8.2 3 the preferred role of the token, by mapping",
    "8.2 4 a custom role of a matching rule",
    "8.2 4 a custom role of the token that no rule has",
    "8.2 4 a custom role that no matching rule has",
    "8.2 4 the role of the first matching rule",
    "8.2 5 no role by mapping, denied",
    "8.2 5 no role by mapping, the role for users",
    SIGNING_KEYS,
    SESSION_KEYS,
    IN_STEPS,
];

const TIMES_MIN: usize = 3;

/// The number of sequences of each prepared kind.
const PREPARED: u32 = 4;

/// One run of a sequence.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) options: u8,
    pub(crate) operations: Vec<Operation>,
    /// The events before each operation. Most do nothing.
    pub(crate) events: Vec<u8>,
}

fn cases() -> impl Strategy<Value = Case> {
    let events = prop::collection::vec(any::<u8>(), 64);
    (any::<u8>(), testkit::operations(1..=60), events)
        .prop_map(|(options, operations, events)| Case { options, operations, events })
}

/// The options of a case, for the engine and for the model.
pub(crate) fn options(bits: u8) -> (impl Fn() -> Builder, Model) {
    let linking =
        [DeveloperLinking::ByIdentityId, DeveloperLinking::ByLinkedLogin][usize::from(bits & 1)];
    let unknown = [UnknownDeveloperUser::NotFound, UnknownDeveloperUser::Forbidden];
    let unknown = unknown[usize::from(bits >> 1 & 1)];
    let accounts = [RoleAccounts::OwnOnly, RoleAccounts::Any][usize::from(bits >> 2 & 1)];
    let throttling = if is_throttled(bits) { Throttling::DocumentedRates } else { Throttling::Off };
    let builder = move || {
        let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
        let builder = builder.login_verifier(testkit::login_verifier());
        let builder = builder.developer_linking(linking).unknown_developer_user(unknown);
        builder.role_accounts(accounts).throttling(throttling)
    };
    let model = Model::new().developer_linking(linking).unknown_developer_user(unknown);
    (builder, model.role_accounts(accounts).throttling(throttling))
}

/// The bit of the options that limits rates.
const THROTTLED: u8 = 1 << 3;
/// The bit of the options that keeps a journal.
const JOURNAL: u8 = 1 << 4;
/// The bit of the options that switches the journal on or off with each restart.
const SWITCHED: u8 = 1 << 5;

fn journaled(builder: Builder, options: u8, restarts: u32) -> Builder {
    let is_switched = options & SWITCHED != 0 && restarts % 2 == 1;
    let is_kept = (options & JOURNAL != 0) != is_switched;
    if is_kept { builder.journal(Journal::keep(90)) } else { builder }
}

pub(crate) fn is_throttled(options: u8) -> bool {
    options & THROTTLED != 0
}

/// Runs a case on engines that `open` makes one after the other over the same contents.
pub(crate) fn run<C: Clock + Clone + 'static, S: Implementation>(
    case: &Case,
    clock: &C,
    open: impl Fn(Builder) -> Engine,
    door: impl Fn(Engine, C) -> S,
) -> Result<Met, TestCaseError> {
    let (builder, model) = options(case.options);
    let mut restarts = 0;
    let mut engine = open(journaled(builder().clock(clock.clone()), case.options, restarts));
    let (mut run, mut rotations) = (Run::new(model.oldest_survives()), (0, 0));
    for (operation, event) in case.operations.iter().zip(case.events.iter().cycle()) {
        match event {
            222..=225 => {
                let region = Account { number: 0, region: event - 222 }.region_name();
                engine.rotate_signing_key(&region.parse().expect("a region")).expect("rotates");
                rotations.0 += 1;
            }
            226..=229 => {
                engine.rotate_session_key().expect("rotates");
                rotations.1 += 1;
            }
            // A new engine has counted no calls.
            230..=241 if !is_throttled(case.options) => {
                drop(engine);
                restarts += 1;
                engine = open(journaled(builder().clock(clock.clone()), case.options, restarts));
            }
            242..=247 => run.wait(&door(engine.clone(), clock.clone()), 300),
            248..=255 => run.wait(&door(engine.clone(), clock.clone()), 30),
            _ => {}
        }
        run.perform(&door(engine.clone(), clock.clone()), operation)?;
    }
    prop_assert_eq!(engine.check().expect("readable"), []);
    let mut met = run.met().clone();
    met.extend([(SIGNING_KEYS, rotations.0), (SESSION_KEYS, rotations.1)]);
    met.insert(IN_STEPS, usize::from(run.script().to_string().contains(CROWD)));
    Ok(met)
}

/// Runs random cases, and some of each prepared kind.
pub(crate) fn generate(
    name: &str,
    cases_min: u32,
    test: impl Fn(&Case) -> Result<(), TestCaseError>,
) {
    let config = seeded(name, cases_min);
    let max_shrink_iters = config.max_shrink_iters.min(20_000);
    let performed = Cell::new(0);
    let counted = |case: Case| -> Result<(), TestCaseError> {
        performed.set(performed.get() + case.operations.len());
        test(&case)
    };
    let config = Config { max_shrink_iters, ..config };
    let few = Config { cases: PREPARED, ..config.clone() };
    let ran = TestRunner::new(config).run(&cases(), counted);
    let ran = ran.and_then(|()| TestRunner::new(few.clone()).run(&prepared::crowds(), counted));
    let ran = ran.and_then(|()| TestRunner::new(few.clone()).run(&prepared::scenes(), counted));
    let ran = ran.and_then(|()| TestRunner::new(few.clone()).run(&prepared::rows(), counted));
    if let Err(error) = ran.and_then(|()| TestRunner::new(few).run(&prepared::bursts(), counted)) {
        match error {
            proptest::test_runner::TestError::Fail(reason, _) => panic!("{reason}"),
            other @ proptest::test_runner::TestError::Abort(_) => panic!("{other}"),
        }
    }
    figure(format_args!("{name}: {} operations", performed.get()));
}

fn check(name: &str, cases_min: u32, test: impl Fn(&Case) -> Result<Met, TestCaseError>) {
    let all = RefCell::new(Met::new());
    generate(name, cases_min, |case| {
        let met = test(case)?;
        let mut all = all.borrow_mut();
        for (what, times) in met {
            *all.entry(what).or_default() += times;
        }
        Ok(())
    });
    let met = all.into_inner();
    for (what, times) in &met {
        figure(format_args!("{times:8} {what}"));
    }
    for what in REACHED {
        let times = met.get(what).copied().unwrap_or_default();
        assert!(times >= TIMES_MIN, "{what}: {times} times");
    }
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
        let open = |builder: Builder| builder.open_shared(store.clone()).expect("opens");
        run(case, &TestClock::default(), open, typed)
    });
}

#[test]
fn wire_door_over_a_shared_store() {
    check("wire door", 192, |case| {
        let store = Arc::new(MemoryStore::new());
        let open = |builder: Builder| builder.open_shared(store.clone()).expect("opens");
        run(case, &TestClock::default(), open, wire)
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
        run(case, &TestClock::default(), open, wire)
    });
}
