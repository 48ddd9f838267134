//! Several threads over few names: a serial order must explain all their answers.

use std::sync::Arc;
use std::thread;

use cognate::store::{
    Batch, Commit, Durability, Key, KeyRange, MemoryStore, SledOptions, Store, StoreError, Value,
};
use cognate::testkit::{
    self, Account, Caller, DeveloperProvider, History, Identity, Implementation, Model, Operation,
    Pool, Presented, Provider, Role, Roles, Run, Settings, TestClock, TypedDoor, User,
};
use cognate::token::SigningAlgorithm;
use cognate::{Builder, Engine, Journal};

use crate::twin::Numbers;
use crate::{effort, figure};

const PREPARED: usize = 10;
const LANE_LENGTH: u32 = 5;

fn is_listing(operation: &Operation) -> bool {
    matches!(operation, Operation::ListIdentities { .. } | Operation::ListIdentityPools { .. })
}

fn changes_pools(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::UpdateIdentityPool { .. }
            | Operation::DeleteIdentityPool { .. }
            | Operation::SetIdentityPoolRoles { .. }
            | Operation::SetPrincipalTagAttributeMap { .. }
            | Operation::TagResource { .. }
            | Operation::UntagResource { .. }
    )
}

fn builder(clock: &TestClock, has_journal: bool) -> Builder {
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    let builder = if has_journal { builder.journal(Journal::keep(90)) } else { builder };
    builder.login_verifier(testkit::login_verifier()).clock(clock.clone())
}

/// Deletes the only pool too.
fn in_the_pool(mut operation: Operation) -> Operation {
    if let Operation::DeleteIdentityPool { pool, .. } = &mut operation
        && *pool == Pool::SPARE
    {
        *pool = Pool(0);
    }
    operation
}

/// A pool that accepts all logins and has roles.
fn pool() -> [Operation; 2] {
    let caller = Caller::Account(Account::FIRST);
    let settings = Settings {
        name: 0,
        guests: true,
        classic_flow: Some(true),
        developer: Some(DeveloperProvider::Game),
        providers: Provider::ALL.to_vec(),
        tags: None,
    };
    let roles = Roles {
        authenticated: Some(Role::Player),
        unauthenticated: Some(Role::Guest),
        ..Roles::default()
    };
    let pool = Operation::CreateIdentityPool { caller, settings };
    [pool, Operation::SetIdentityPoolRoles { caller, pool: Pool(0), roles }]
}

/// Fills a pool, then runs a few operations of several threads at once.
fn race<S: Implementation + Sync>(seed: u64, doors: &[S], listings: bool) -> u32 {
    let random = Numbers::new(seed);
    let first_account = 100_000_000_000 + seed % (1 << 32) * 16;
    let mut run = Run::with_accounts(Model::new(), first_account);
    let filling: Vec<Operation> =
        (0..PREPARED).map(|_| testkit::operation(&random.bytes())).collect();
    for operation in pool().iter().chain(&filling) {
        run.perform(&doors[0], operation).unwrap_or_else(|error| panic!("seed {seed}\n{error}"));
    }
    let threads = if random.below(2) == 0 { 3 } else { 4 };
    let lanes: Vec<_> = (0..threads)
        .map(|lane| {
            let operations =
                std::iter::repeat_with(|| in_the_pool(testkit::operation(&random.bytes())));
            // In every other round one thread only changes pools.
            let is_owner = lane == 0 && seed % 2 == 1;
            let operations = operations.filter(|operation| {
                (listings || !is_listing(operation)) && (!is_owner || changes_pools(operation))
            });
            let door = &doors[usize::from(lane % 2 == 1 && doors.len() > 1)];
            (door, operations.take(LANE_LENGTH as usize).collect())
        })
        .collect();
    let history = run.race(&lanes);
    explained(seed, &history);
    threads * LANE_LENGTH
}

fn explained(seed: u64, history: &History) {
    if let Err(unexplained) = history.explain() {
        panic!("seed {seed}\n{unexplained}");
    }
}

fn checked(seed: u64, engine: &Engine) {
    assert_eq!(engine.check().expect("readable"), [], "seed {seed}");
}

/// Repeats rounds until this many operations were raced, times the effort.
fn rounds(operations: u32, mut round: impl FnMut(u64) -> u32) {
    let operations = operations * effort();
    let (mut seed, mut raced) = (0, 0);
    while raced < operations {
        raced += round(seed);
        seed += 1;
    }
    figure(format_args!("{raced} raced operations in {seed} rounds"));
}

/// An engine with an exclusive store caches pools and keys.
#[test]
fn exclusive_in_memory() {
    rounds(1_500, |seed| {
        let builder = builder(&TestClock::default(), seed / 4 % 2 == 1);
        let engine = builder.in_memory().expect("opens");
        let raced = race(seed, &[TypedDoor::new(engine.clone())], true);
        checked(seed, &engine);
        raced
    });
}

/// Yields to other threads between its calls.
struct Yielding {
    store: MemoryStore,
    pattern: Numbers,
    reads_one_moment: bool,
}

impl Yielding {
    fn pass(&self) {
        if self.pattern.below(2) == 0 {
            thread::yield_now();
        }
    }
}

impl Store for Yielding {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.pass();
        self.store.get(keys)
    }

    fn reads_one_moment(&self) -> bool {
        self.reads_one_moment
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.pass();
        self.store.scan(range, limit)
    }

    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.pass();
        self.store.scan_back(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.pass();
        self.store.commit(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.store.sync()
    }
}

#[test]
fn two_engines_over_one_store() {
    rounds(1_500, |seed| {
        let (store, pattern) = (MemoryStore::new(), Numbers::new(seed));
        let store = Yielding { store, pattern, reads_one_moment: seed % 4 < 2 };
        let (store, clock): (Arc<dyn Store>, _) = (Arc::new(store), TestClock::default());
        let open =
            |has_journal| builder(&clock, has_journal).open_shared(store.clone()).expect("opens");
        let engines = [seed % 16 >= 4, seed % 16 >= 8].map(open);
        let raced = race(seed, &engines.clone().map(TypedDoor::new), true);
        checked(seed, &engines[0]);
        raced
    });
}

/// The number of rounds that share a database, each with its own accounts.
const ROUNDS_OF_A_DATABASE: u64 = 10;

fn over_sled(operations: u32, durability: Durability) {
    let mut opened = None;
    rounds(operations, |seed| {
        if seed.is_multiple_of(ROUNDS_OF_A_DATABASE) {
            opened = None;
        }
        let (_, engine) = opened.get_or_insert_with(|| {
            let folder = tempfile::tempdir().expect("a folder");
            let options = SledOptions::new(folder.path()).durability(durability);
            let has_journal = seed / ROUNDS_OF_A_DATABASE % 2 == 1;
            let builder = builder(&TestClock::default(), has_journal);
            let engine = builder.open_sled(options.cache_bytes(1 << 20));
            (folder, engine.expect("opens"))
        });
        // A scan of sled is not a snapshot.
        let raced = race(seed, &[TypedDoor::new(engine.clone())], false);
        if seed % ROUNDS_OF_A_DATABASE == ROUNDS_OF_A_DATABASE - 1 {
            checked(seed, engine);
        }
        raced
    });
}

#[test]
fn over_sled_in_groups() {
    over_sled(300, Durability::ProcessKill);
}

#[test]
fn over_sled_relaxed() {
    over_sled(300, Durability::Relaxed);
}

/// If the same user is linked to several guests at once, exactly one gets it.
#[test]
fn a_login_has_exactly_one_winner() {
    const GUESTS: u16 = 4;
    rounds(400, |seed| {
        let builder = builder(&TestClock::default(), seed / 4 % 2 == 1);
        let engine = builder.in_memory().expect("opens");
        let door = TypedDoor::new(engine.clone());
        let mut run = Run::new(Model::new());
        let guest = || Operation::GetId { pool: Pool(0), account: None, logins: Vec::new() };
        for operation in pool().into_iter().chain((0..GUESTS).map(|_| guest())) {
            run.perform(&door, &operation).unwrap_or_else(|error| panic!("{error}"));
        }
        let link = |guest: u16| Operation::GetOpenIdTokenForDeveloperIdentity {
            caller: Caller::Owner,
            pool: Pool(0),
            identity: Some(Identity(guest)),
            logins: vec![Presented::User(DeveloperProvider::Game, User(0))],
            principal_tags: Vec::new(),
            duration_secs: None,
        };
        let lanes: Vec<_> = (0..GUESTS).map(|guest| (&door, vec![link(guest)])).collect();
        let history = run.race(&lanes);
        explained(seed, &history);
        let outcomes = history.lanes()[..lanes.len()].iter().flatten().map(|event| &event.outcome);
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.partition(|o| o.exception().is_none());
        assert_eq!(won.len(), 1, "seed {seed}: {won:?}");
        let registered = Some("DeveloperUserAlreadyRegisteredException");
        assert!(lost.iter().all(|outcome| outcome.exception() == registered), "{lost:?}");
        checked(seed, &engine);
        u32::from(GUESTS)
    });
}
