//! The memory that a request takes, a view, an export and an import. This is a separate binary,
//! because its allocator counts for the whole process.

use std::sync::{Mutex, PoisonError};

use cognate::exchange::{Export, Import};
use cognate::store::{
    Batch, Commit, Key, KeyRange, MemoryStore, Store, StoreError, StoreView, Tree, Value,
};
use cognate::token::SigningAlgorithm;
use cognate::{Engine, wire};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;
/// The tests take turns.
static TURN: Mutex<()> = Mutex::new(());

/// The length of a body in bytes. `GetId` takes six times as much, and a test of it would take
/// longer.
const LENGTH: usize = 1_000_000;

/// The longest list of this item that fits.
fn list(item: &str) -> String {
    format!("[{item}{}]", format!(",{item}").repeat(LENGTH / (item.len() + 1) - 1))
}

/// A JSON string of this many bytes, as long as fits.
fn text(character: &str) -> String {
    format!(r#""{}""#, character.repeat(LENGTH / character.len()))
}

fn member(name: &str, value: &str) -> String {
    format!(r#"{{"IdentityPoolId": "us-east-1:0", "{name}": {value}}}"#)
}

fn entries(count: usize, value: &str) -> String {
    let entries: Vec<_> = (0..count).map(|n| format!(r#""{n}": {value}"#)).collect();
    format!("{{{}}}", entries.join(","))
}

/// The most memory that an answer takes besides its body, in bytes.
fn taken(engine: &Engine, body: &str) -> (usize, wire::Reply) {
    let context = wire::Context::anonymous();
    let target = "AWSCognitoIdentityService.GetId";
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();
    let reply = wire::call(engine, &context, target, body.as_bytes());
    (ALLOCATED.peak_usage() - before, reply)
}

#[test]
fn a_request_takes_little_memory_besides_its_body() {
    const SKIPPED: usize = 16 * 1024;
    const BUILT: usize = 4 * 1024 * 1024;
    /// A text with escapes is assembled before it is checked, and an invalid one is shown.
    const COPIED: usize = 2 * LENGTH;

    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (not_found, too_many, invalid, no_json) = (
        "IdentityPool 'us-east-1:0' not found.",
        "The request body has too many values",
        "1 validation error detected: ",
        "The request body is not valid JSON",
    );
    let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory();
    let engine = engine.expect("an engine");
    // The first request allocates what is made only once.
    taken(&engine, &member("Unknown", "1"));
    for (request, body, message, most) in [
        ("an unknown text", member("Unknown", &text("x")), not_found, SKIPPED),
        ("an unknown text with escapes", member("Unknown", &text(r"\n")), not_found, COPIED),
        ("an unknown list", member("Unknown", &list("0")), not_found, SKIPPED),
        ("an unknown list of texts", member("Unknown", &list(r#""a""#)), not_found, SKIPPED),
        ("an unknown list of objects", member("Unknown", &list(r#"{"a":{}}"#)), not_found, SKIPPED),
        ("an unknown list of lists", member("Unknown", &list("[[[[]]]]")), not_found, SKIPPED),
        ("an unknown object", member("Unknown", &entries(60_000, "[]")), not_found, SKIPPED),
        ("many unknown members", entries(60_000, "0"), invalid, SKIPPED),
        ("half a list", member("Unknown", &list("0").replace(']', "")), no_json, SKIPPED),
        ("a list for a text", member("AccountId", &list("0")), "Start of list", SKIPPED),
        ("a map for a text", member("AccountId", &entries(60_000, "0")), "Start of", SKIPPED),
        ("a list for a map", member("Logins", &list("[]")), "Start of list", SKIPPED),
        ("a list in a map", member("Logins", &entries(1, &list("0"))), "Start of list", SKIPPED),
        ("a text that is too long", member("AccountId", &text("1")), invalid, COPIED),
        ("a token that is too long", member("Logins", &entries(1, &text("x"))), invalid, SKIPPED),
        ("some entries", member("Logins", &entries(30_000, r#""a""#)), invalid, BUILT),
        ("many entries", member("Logins", &entries(60_000, r#""a""#)), too_many, BUILT),
    ] {
        assert!(body.len() <= wire::BODY_LENGTH_MAX, "{request}: {}", body.len());
        let (taken, reply) = taken(&engine, &body);
        let told = reply.fault.map(|fault| fault.message().to_owned()).unwrap_or_default();
        assert!(told.starts_with(message), "{request}: {}", &told[..told.len().min(200)]);
        assert!(taken <= most, "{request} of {} bytes took {taken} bytes", body.len());
    }
}

/// Reads everything in steps, and returns the number of entries.
fn walk(view: &dyn StoreView) -> usize {
    let (mut range, mut count) = (KeyRange::prefix(Tree::Logins, []), 0);
    loop {
        let step = view.scan(&range, 256).expect("scans");
        let Some((last, _)) = step.last() else { return count };
        range = range.after(&last.bytes);
        count += step.len();
    }
}

#[test]
fn a_view_takes_memory_only_for_what_changes_meanwhile() {
    const RECORDS: u32 = 20_000;
    const CHANGED: u32 = 1_000;
    const RECORD: usize = 500;
    /// A key and a place in a map.
    const AROUND_A_RECORD: usize = 200;
    /// A few steps of a scan.
    const STEPS: usize = 512 * 1024;

    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let store = MemoryStore::new();
    let put = |numbers: std::ops::Range<u32>| {
        let key = |n: u32| Key::new(Tree::Logins, n.to_be_bytes());
        let mut batch = Batch::default();
        batch.puts.extend(numbers.map(|n| (key(n), vec![7; RECORD])));
        store.commit(batch).expect("commits");
    };
    put(0..RECORDS);
    let before = ALLOCATED.current_usage();
    let all = usize::try_from(RECORDS).expect("fits");
    let changes = usize::try_from(CHANGED).expect("fits") * (RECORD + AROUND_A_RECORD);

    ALLOCATED.reset_peak_usage();
    let view = store.view().expect("opens").expect("memory has views");
    assert_eq!(walk(&*view), all);
    let taken = ALLOCATED.peak_usage() - before;
    assert!(taken < STEPS, "a view without changes took {taken} bytes");
    for _ in 0..5 {
        put(0..CHANGED);
    }
    let kept = ALLOCATED.current_usage() - before;
    assert!(kept < changes, "the view keeps {kept} bytes of {CHANGED} records");
    ALLOCATED.reset_peak_usage();
    assert_eq!(walk(&*view), all);
    let taken = ALLOCATED.peak_usage() - before;
    assert!(taken < changes + STEPS, "a view with changes took {taken} bytes");
    drop(view);
    let left = ALLOCATED.current_usage().saturating_sub(before);
    assert!(left < 16 * 1024, "a view that was dropped left {left} bytes");
}

/// A seed of a pool with this many users.
fn seed(users: usize) -> String {
    let mut seed = concat!(
        r#"{"cognate":"seed","version":1}"#,
        "\n",
        r#"{"pool":{"settings":{"IdentityPoolName":"game","AllowUnauthenticatedIdentities":true,"#,
        r#""DeveloperProviderName":"login.game"}}}"#,
        "\n"
    )
    .to_owned();
    for user in 0..users {
        let login = format!(r#"{{"developer":"login.game","subject":"user-{user:06}"}}"#);
        seed.extend([r#"{"identity":{"logins":["#, &login, "]}}\n"]);
    }
    seed
}

/// A store that keeps no identities.
#[derive(Default)]
struct Forgetful(MemoryStore);

impl Store for Forgetful {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.0.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.0.scan(range, limit)
    }

    fn commit(&self, mut batch: Batch) -> Result<Commit, StoreError> {
        let of_identity = [Tree::Identities, Tree::IdentityIndex, Tree::Logins];
        batch.puts.retain(|(key, _)| !of_identity.contains(&key.tree));
        self.0.commit(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.0.sync()
    }
}

/// The most memory that some work takes, in bytes.
fn peak_of(work: impl FnOnce()) -> usize {
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();
    work();
    ALLOCATED.peak_usage() - before
}

#[test]
fn an_export_and_an_import_take_as_much_for_many_identities_as_for_few() {
    const FEW: usize = 2_000;
    const MANY: usize = 20_000;
    /// Less than four bytes for each identity.
    const MORE: usize = 64 * 1024;

    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let import = || Import::new().region("us-east-1".parse().expect("a region"));
    let [few, many] = [FEW, MANY].map(|users| {
        let seed = seed(users);
        let engine = Engine::builder().open_exclusive(Forgetful::default()).expect("an engine");
        let importing = peak_of(|| {
            let imported = engine.admin().import(import(), seed.as_bytes()).expect("a seed");
            assert_eq!(imported.identities, users as u64);
        });
        let engine = Engine::builder().in_memory().expect("an engine");
        engine.admin().import(import(), seed.as_bytes()).expect("a seed");
        let exporting = peak_of(|| {
            let exported = engine.admin().export(Export::all(), &mut std::io::sink());
            assert_eq!(exported.expect("exports").identities, users as u64);
        });
        [importing, exporting]
    });
    for (what, (few, many)) in ["import", "export"].iter().zip(few.into_iter().zip(many)) {
        assert!(many <= few + MORE, "{what}: {few} bytes for {FEW}, {many} for {MANY}");
    }
}
