//! Stores that fail, conflict, delay or are full: an operation happens completely or not at all,
//! and the engine keeps working once the fault is gone.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use cognate::ambient::{Entropy, EntropyError, Ids, Timestamp};
use cognate::credentials::Session;
use cognate::store::{Batch, Commit, Key, KeyRange, MemoryStore, Store, Tree};
use cognate::testkit::{
    self, Account, Call, CallReply, Caller, Calls, DeveloperProvider, Disagreement, FaultyStore,
    Implementation, Model, Operation, OperationOutcome, Pool, Presented, Run, Settings, StoreFault,
    TypedDoor, User, When,
};
use cognate::token::SigningAlgorithm;
use cognate::{Engine, Journal, Removal, from_fn};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use crate::twin::{Dump, dump, filled};
use crate::{effort, figure};

/// The records without keys, which are made in separate commits before the operations that need
/// them.
fn records(mut dump: Dump) -> Dump {
    let keys = [Tree::SessionKeys, Tree::SigningKeys].map(Tree::name);
    dump.retain(|(tree, _), _| !keys.contains(tree));
    dump
}

/// The number of the current operation. All time and chance during it are a function of that
/// number, even if it is retried.
#[derive(Clone, Default)]
struct Turn(Arc<AtomicU64>);

impl Turn {
    fn number(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Ids for Turn {
    fn mint(&self) -> Result<Uuid, EntropyError> {
        Ok(Uuid::from_u128(self.number().into()))
    }
}

impl Entropy for Turn {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let turn = self.number().to_le_bytes();
        bytes.iter_mut().zip(turn.iter().cycle()).for_each(|(byte, of_turn)| *byte = *of_turn);
        Ok(())
    }
}

/// An engine over a store whose fault ends with the call that it hits.
struct World {
    store: Arc<FaultyStore<MemoryStore>>,
    engine: Engine,
    turn: Turn,
}

impl World {
    fn open(dump: &Dump, has_journal: bool) -> Self {
        let store = Arc::new(FaultyStore::new(filled(dump)));
        let turn = Turn::default();
        let clock = turn.clone();
        let now = move || Timestamp::from_millis(1_800_000_000_000 + clock.number());
        let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
        let builder = builder.login_verifier(testkit::login_verifier()).clock(from_fn(now));
        let builder = builder.ids(turn.clone()).entropy(turn.clone());
        // A fault hits a call of the engine, so nothing else may call the store.
        let builder = builder.removal(Removal::Calling);
        let builder = if has_journal { builder.journal(Journal::keep(90)) } else { builder };
        let engine = builder.open_shared(store.clone()).expect("opens");
        Self { store, engine, turn }
    }

    /// Another engine, a minute later.
    fn later(dump: &Dump, has_journal: bool) -> Self {
        let world = Self::open(dump, has_journal);
        world.turn.0.store(60_000, Ordering::SeqCst);
        world.engine.finish_removals().expect("removes");
        world
    }

    fn perform(
        &self,
        run: &mut Run,
        turn: usize,
        operation: &Operation,
    ) -> Result<OperationOutcome, Box<Disagreement>> {
        self.turn.0.store(turn as u64, Ordering::SeqCst);
        run.perform(self, operation)
    }

    fn dump(&self) -> Dump {
        dump(self.store.inner())
    }

    fn checked(&self) {
        assert_eq!(self.engine.check().expect("readable"), []);
    }
}

impl Implementation for World {
    fn call(&self, call: &Call) -> io::Result<CallReply> {
        let reply = TypedDoor::new(self.engine.clone()).call(call);
        self.store.heal();
        reply
    }

    fn session(&self, session_token: &str) -> Option<Session> {
        TypedDoor::new(self.engine.clone()).session(session_token)
    }
}

/// More calls than any operation makes.
const CALLS_MAX: usize = 1_000;

/// An operation as it happens without faults, and what follows it.
struct Step<'a> {
    turn: usize,
    operation: &'a Operation,
    following: &'a [Operation],
    /// The contents before and after, and the answers.
    before: (Dump, Run),
    after: (Dump, Run),
    outcome: OperationOutcome,
    has_journal: bool,
}

impl Step<'_> {
    /// Hits each call of the operation in turn, and returns the number of calls.
    fn strike_each_call(&self, fault: StoreFault) -> usize {
        (1..CALLS_MAX).take_while(|call| self.strike(fault, *call)).count()
    }

    /// Hits one call. Returns whether there was a call with this number.
    fn strike(&self, fault: StoreFault, call: usize) -> bool {
        let world = World::open(&self.before.0, self.has_journal);
        world.store.inject(fault, Calls::All, When::Nth(call));
        let mut run = self.before.1.clone();
        let performed = world.perform(&mut run, self.turn, self.operation);
        if world.store.struck() == 0 {
            return false;
        }
        let about = format!("{fault:?} at call {call} of {:?}\n{}", self.operation, run.script());
        let now = records(world.dump());
        let [before, after] = [&self.before.0, &self.after.0].map(|dump| records(dump.clone()));
        let happened = now == after;
        match performed {
            Ok(outcome) => {
                assert_eq!(outcome, self.outcome, "{about}");
                let is_done = happened || self.leaves_remains(&now, &after);
                assert!(is_done, "answered, but not done: {about}");
            }
            Err(failed) => {
                let exception = failed.outcome.exception();
                assert_eq!(exception, Some("InternalErrorException"), "{about}{failed}");
                assert!(fault != StoreFault::Conflicts, "a lost race was not retried: {about}");
                let is_undone = now == before;
                run = if is_undone { self.before.1.clone() } else { self.after.1.clone() };
                assert!(
                    is_undone || happened || self.leaves_remains(&now, &after),
                    "in part: {about}"
                );
            }
        }
        world.checked();
        for (operation, turn) in self.following.iter().zip(self.turn + 1..) {
            let performed = world.perform(&mut run, turn, operation);
            performed.unwrap_or_else(|wrong| panic!("after {about}\n{wrong}"));
        }
        world.checked();
        true
    }

    fn storm(&self) -> Storm {
        let (operation, before) = (self.operation.clone(), self.before.clone());
        let (turn, outcome, has_journal) = (self.turn, self.outcome.clone(), self.has_journal);
        Storm { turn, operation, before, outcome, has_journal }
    }

    /// Whether a pool is gone and another engine deletes its remains, once the claim of this one has
    /// ended.
    fn leaves_remains(&self, now: &Dump, after: &Dump) -> bool {
        let visible = [Tree::Pools, Tree::PoolListing, Tree::Accounts].map(Tree::name);
        let is_visible = |((tree, _), _): &(&(&str, _), _)| visible.contains(tree);
        matches!(self.operation, Operation::DeleteIdentityPool { .. })
            && now.iter().filter(is_visible).eq(after.iter().filter(is_visible))
            && World::later(now, self.has_journal).dump() == *after
    }
}

/// Loses every race: the operation reports a conflict and changes nothing.
struct Storm {
    turn: usize,
    operation: Operation,
    before: (Dump, Run),
    /// Without faults.
    outcome: OperationOutcome,
    has_journal: bool,
}

impl Storm {
    fn rage(mut self) {
        let world = World::open(&self.before.0, self.has_journal);
        world.store.inject(StoreFault::Conflicts, Calls::Commits, When::From(1));
        match world.perform(&mut self.before.1, self.turn, &self.operation) {
            Ok(outcome) => assert_eq!((outcome, world.store.struck()), (self.outcome, 0)),
            Err(lost) => {
                let storms = ["ConcurrentModificationException", "TooManyRequestsException"];
                assert!(storms.contains(&lost.outcome.exception().unwrap_or_default()), "{lost}");
                assert!(world.store.struck() <= 1_000, "{}", world.store.struck());
            }
        }
        assert_eq!(world.dump(), self.before.0);
        world.checked();
    }
}

const SEQUENCES: u32 = 40;
const LENGTH: usize = 40;
const FOLLOWING: usize = 2;

/// For each operation and each of its exceptions, with a journal and without one.
const STEPS_OF_EACH: u32 = 1;

#[test]
fn a_fault_at_any_call_leaves_no_operation_half_done() {
    let mut runner = TestRunner::deterministic();
    let (mut tried, mut struck) = (BTreeMap::new(), BTreeMap::<&str, usize>::new());
    let mut storms = BTreeMap::new();
    for sequence in 0..SEQUENCES * effort() {
        let generated = testkit::operations(LENGTH).new_tree(&mut runner).expect("operations");
        let (operations, has_journal) = (generated.current(), sequence % 2 == 1);
        let (world, mut run) = (World::open(&Dump::new(), has_journal), Run::new(Model::new()));
        for (operation, turn) in operations.iter().zip(1..) {
            let before = (world.dump(), run.clone());
            let outcome = world.perform(&mut run, turn, operation);
            let outcome = outcome.unwrap_or_else(|wrong| panic!("{wrong}"));
            let exception = outcome.exception().map(str::to_owned);
            let kind = (operation.name(), exception, has_journal);
            let tried = tried.entry(kind).or_insert(0);
            if *tried == STEPS_OF_EACH * effort() {
                continue;
            }
            *tried += 1;
            let following = operations.get(turn..).unwrap_or_default();
            let following = following.get(..FOLLOWING).unwrap_or(following);
            let after = (world.dump(), run.clone());
            let step = Step { turn, operation, following, before, after, outcome, has_journal };
            for fault in [StoreFault::FailsBefore, StoreFault::FailsAfter, StoreFault::Conflicts] {
                let strikes = step.strike_each_call(fault);
                *struck.entry(operation.name()).or_default() += strikes;
            }
            storms.entry(operation.name()).or_insert_with(|| step.storm());
        }
    }
    // Each is given up after ten seconds, in which it mostly sleeps.
    thread::scope(|scope| {
        for storm in storms.into_values() {
            scope.spawn(|| storm.rage());
        }
    });
    figure(format_args!("{} faults: {struck:?}", struck.values().sum::<usize>()));
    let all_met = struck.len() == 23 && struck.values().all(|strikes| *strikes > 0);
    assert!(all_met, "an operation met no fault: {struck:?}");
}

fn pool() -> Operation {
    let settings = Settings {
        name: 0,
        guests: true,
        classic_flow: None,
        developer: Some(DeveloperProvider::Game),
        providers: Vec::new(),
        tags: None,
    };
    Operation::CreateIdentityPool { caller: Caller::Account(Account::FIRST), settings }
}

/// An operation of a known user.
fn known(user: u8) -> Operation {
    Operation::GetOpenIdTokenForDeveloperIdentity {
        caller: Caller::Owner,
        pool: Pool(0),
        identity: None,
        logins: vec![Presented::User(DeveloperProvider::Game, User(user))],
        principal_tags: Vec::new(),
        duration_secs: None,
    }
}

/// More users than one step of a deletion removes.
const USERS: u8 = 130;

#[test]
fn the_remains_of_a_failed_deletion_are_removed_later() {
    remove_later(false);
    remove_later(true);
}

fn remove_later(has_journal: bool) {
    let (world, mut run) = (World::open(&Dump::new(), has_journal), Run::new(Model::new()));
    for (operation, turn) in std::iter::once(pool()).chain((0..USERS).map(known)).zip(1..) {
        world.perform(&mut run, turn, &operation).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
    let turn = usize::from(USERS) + 2;
    let operation = Operation::DeleteIdentityPool { caller: Caller::Owner, pool: Pool(0) };
    let before = (world.dump(), run.clone());
    let outcome = world.perform(&mut run, turn, &operation).expect("deletes");
    let after = (world.dump(), run);
    assert_eq!(records(after.0.clone()), Dump::new());
    let following = [pool(), known(0)];
    let (operation, following) = (&operation, &following);
    let step = Step { turn, operation, following, before, after, outcome, has_journal };
    for fault in [StoreFault::FailsBefore, StoreFault::FailsAfter, StoreFault::Conflicts] {
        let strikes = step.strike_each_call(fault);
        assert!(strikes > 3, "{fault:?} hit only {strikes} calls");
    }
}

/// While a write is delayed, known users still get their tokens.
#[test]
fn a_slow_commit_delays_no_reader() {
    for fault in [StoreFault::WaitsBefore, StoreFault::WaitsAfter] {
        let (world, mut run) = (World::open(&Dump::new(), true), Run::new(Model::new()));
        for (operation, turn) in [pool(), known(0)].iter().zip(1..) {
            world.perform(&mut run, turn, operation).unwrap_or_else(|wrong| panic!("{wrong}"));
        }
        world.turn.0.store(3, Ordering::SeqCst);
        let door = TypedDoor::new(world.engine.clone());
        world.store.inject(fault, Calls::Writes, When::From(1));
        thread::scope(|scope| {
            let (door, mut writers_run) = (&door, run.clone());
            let writer = scope.spawn(move || writers_run.perform(door, &known(1)).is_ok());
            world.store.until_waiting(1);
            for _ in 0..3 {
                run.perform(door, &known(0)).unwrap_or_else(|wrong| panic!("{wrong}"));
            }
            assert_eq!(world.store.struck(), 1, "a reader wrote");
            assert!(!writer.is_finished());
            world.store.heal();
            assert!(writer.join().expect("no panic"));
        });
        world.checked();
    }
}

/// The outcome of a call: done, a conflict, or an error.
fn committed(store: &FaultyStore<MemoryStore>) -> Option<Commit> {
    let mut batch = Batch::default();
    batch.puts = vec![(Key::new(Tree::Pools, [1]), vec![1])];
    store.commit(batch).ok()
}

#[test]
fn faults_hit_the_calls_that_they_are_meant_for() {
    use StoreFault::{Conflicts, FailsAfter, FailsBefore};
    let (done, conflict) = (&Some(Commit::Done), &Some(Commit::Conflict));
    for (fault, when, expected) in [
        (FailsBefore, When::Nth(2), [done, &None, done, done]),
        (FailsBefore, When::Every(2), [done, &None, done, &None]),
        (FailsAfter, When::From(2), [done, &None, &None, &None]),
        (Conflicts, When::Nth(1), [conflict, done, done, done]),
    ] {
        let store = FaultyStore::new(MemoryStore::new());
        store.inject(fault, Calls::Commits, when);
        assert!(store.scan(&KeyRange::prefix(Tree::Pools, []), 1).is_ok());
        assert!(store.sync().is_ok());
        assert_eq!([(); 4].map(|()| committed(&store)).each_ref(), expected, "{fault:?} {when:?}");
        let struck = expected.iter().filter(|outcome| **outcome != done).count();
        assert_eq!(store.struck(), struck);
        store.heal();
        assert_eq!(&committed(&store), done);
    }
}

#[test]
fn a_call_fails_before_or_after_it_is_done() {
    for (fault, left) in
        [(StoreFault::FailsBefore, 0), (StoreFault::FailsAfter, 1), (StoreFault::Conflicts, 0)]
    {
        let store = FaultyStore::new(MemoryStore::new());
        store.inject(fault, Calls::All, When::From(1));
        assert!(committed(&store) != Some(Commit::Done));
        assert_eq!(dump(store.inner()).len(), left, "{fault:?}");
    }
}
