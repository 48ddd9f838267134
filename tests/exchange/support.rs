//! Engines, files and stores for the other modules.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use cognate::ambient::Timestamp;
use cognate::exchange::{ExchangeError, Export, Import, ImportFault, Imported};
use cognate::store::{KeyRange, MemoryStore, Store, Tree};
use cognate::testkit::{self, Model, Operation, Run, TestClock, TypedDoor};
use cognate::{Builder, Engine, Journal, Removal, from_fn};
use proptest::prelude::ProptestConfig;

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const POOL: &str = "us-east-1:11111111-1111-4111-8111-111111111111";
pub(crate) const ALICE: &str = "us-east-1:a11ce000-0000-4000-8000-000000000000";
pub(crate) const BOB: &str = "us-east-1:b0b00000-0000-4000-8000-000000000000";

/// The factor for the amount of work: the environment variable `COGNATE_EFFORT`, or 1.
pub(crate) fn effort() -> u32 {
    std::env::var("COGNATE_EFFORT").map_or(1, |effort| effort.parse().expect("a whole number"))
}

pub(crate) fn cases(cases: u32) -> ProptestConfig {
    let failure_persistence = None;
    ProptestConfig { cases: cases * effort(), failure_persistence, ..ProptestConfig::default() }
}

/// An engine over a store that the test looks into.
pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) engine: Engine,
    pub(crate) clock: TestClock,
}

/// Removes within the calls, so that tests may compare records.
pub(crate) fn builder(clock: &TestClock, has_journal: bool) -> Builder {
    let builder =
        Engine::builder().removal(Removal::Calling).login_verifier(testkit::login_verifier());
    let builder = builder.signing_key(testkit::signing_key()).clock(clock.clone());
    if has_journal { builder.journal(Journal::keep(90)) } else { builder }
}

impl World {
    pub(crate) fn new(has_journal: bool) -> Self {
        Self::at(&TestClock::default(), has_journal)
    }

    pub(crate) fn at(clock: &TestClock, has_journal: bool) -> Self {
        let store = Arc::new(MemoryStore::new());
        let engine = builder(clock, has_journal).open_exclusive(Arc::clone(&store));
        Self { store, engine: engine.expect("opens"), clock: clock.clone() }
    }

    /// After these operations of the testkit.
    pub(crate) fn after(operations: &[Operation], has_journal: bool) -> Self {
        let world = Self::new(has_journal);
        let door = TypedDoor::new(world.engine.clone()).clock(world.clock.clone());
        let mut run = Run::new(Model::new());
        for operation in operations {
            run.perform(&door, operation).expect("the model agrees");
        }
        world
    }

    /// An export that is dated the same every time.
    pub(crate) fn export(&self, export: Export) -> Vec<u8> {
        let clock = from_fn(|| Timestamp::from_millis(1_900_000_000_000));
        let builder = Engine::builder().removal(Removal::Calling).clock(clock);
        let engine = builder.open_shared(Arc::clone(&self.store));
        let mut file = Vec::new();
        engine.expect("opens").admin().export(export, &mut file).expect("exports");
        file
    }

    pub(crate) fn import(&self, file: &[u8]) -> Result<Imported, ExchangeError> {
        let import = Import::new().region("us-east-1".parse().expect("a region"));
        self.engine.admin().import(import, file)
    }

    /// The line and the reason of a refusal, which has changed nothing.
    pub(crate) fn refusal(&self, file: &[u8]) -> (u64, ImportFault) {
        let before = dump(&*self.store);
        let refused = self.import(file).expect_err("is refused");
        assert!(dump(&*self.store) == before, "{refused} changes the store");
        line_of(refused)
    }

    pub(crate) fn checked(&self) {
        assert_eq!(self.engine.check().expect("readable"), []);
    }
}

/// All records of a store.
pub(crate) type Dump = BTreeMap<(Tree, Vec<u8>), Vec<u8>>;

pub(crate) fn dump(store: &dyn Store) -> Dump {
    let trees = Tree::ALL.into_iter();
    let entries =
        trees.flat_map(|tree| store.scan(&KeyRange::prefix(tree, []), usize::MAX).expect("reads"));
    entries.map(|(key, value)| ((key.tree, key.bytes), value)).collect()
}

/// All records that an export without keys has.
pub(crate) fn exported(store: &dyn Store) -> Dump {
    let mut all = dump(store);
    let is_left_out = |tree| matches!(tree, Tree::SessionKeys | Tree::SigningKeys);
    all.retain(|(tree, _), _| !is_left_out(*tree));
    all
}

/// An export of these lines with its last line.
pub(crate) fn sealed(lines: &[String]) -> Vec<u8> {
    let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let hex = digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string");
        hex
    });
    let count = |kind: &str| lines.iter().filter(|line| line.starts_with(kind)).count();
    let end = format!(
        "{{\"end\":{{\"pools\":{},\"identities\":{},\"events\":{},\"sha256\":\"{hex}\"}}}}\n",
        count("{\"pool\""),
        count("{\"identity\""),
        count("{\"event\""),
    );
    (text + &end).into_bytes()
}

/// The lines of an export without its last one.
pub(crate) fn lines(file: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(file).expect("UTF-8");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert!(lines.pop().is_some_and(|line| line.starts_with("{\"end\"")), "the last line");
    lines
}

/// A seed of a pool with this many guests.
pub(crate) fn guests(count: usize) -> String {
    let pool = format!(
        "{{\"pool\":{{\"id\":\"{POOL}\",\"settings\":{{\"IdentityPoolName\":\"game\",\
         \"AllowUnauthenticatedIdentities\":true}}}}}}\n"
    );
    let first = "{\"cognate\":\"seed\",\"version\":1}\n";
    [first, &pool, &"{\"identity\":{}}\n".repeat(count)].concat()
}

/// The line and the reason of a refusal.
pub(crate) fn line_of(refused: ExchangeError) -> (u64, ImportFault) {
    let ExchangeError::Line { line, fault } = refused else { panic!("{refused:?}") };
    (line, fault)
}
