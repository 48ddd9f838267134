//! The conformance suite names the fault of each broken store.

mod backward;
mod broken;
mod commits;
mod file_store;
mod reads;
mod views;

use std::env;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use cognate::store::{Batch, Durability, Key, MemoryStore, SledOptions, Store, StoreError, Tree};
use cognate::testkit::{Conformance, Nonconformity};

use broken::{Broken, Calls, SOUND};
use file_store::{FileStore, Lock};

fn suite(calls: Calls) -> Conformance<impl Fn() -> Result<Broken, StoreError>> {
    Conformance::new(calls.opening())
}

#[test]
fn a_sound_store_conforms() {
    suite(SOUND).shared().fully_serializable().check().unwrap_or_else(|broken| panic!("{broken}"));
}

#[test]
fn a_store_that_reads_key_by_key_conforms_if_it_says_so() {
    let suite = suite(reads::GETS_KEY_BY_KEY_AND_SAYS_SO).shared().rounds(20);
    suite.check().unwrap_or_else(|broken| panic!("{broken}"));
}

#[test]
fn a_store_without_views_conforms() {
    suite(views::NONE).shared().check().unwrap_or_else(|broken| panic!("{broken}"));
}

#[test]
fn the_absence_of_keys_that_a_batch_does_not_put_is_checked_on_request() {
    let suite = || suite(commits::LEAVES_ABSENCE_TO_UNIQUE_KEYS).rounds(20);
    suite().check().unwrap_or_else(|broken| panic!("{broken}"));
    let broken = suite().fully_serializable().check().expect_err("is not serializable");
    let requirement = "no key is put beside a checked record that is deleted for its absence";
    assert_eq!(broken.requirement(), requirement, "{broken}");
}

/// Set for a second process: the path of the file, and whether the file itself is locked.
const SHARED_FILE: &str = "COGNATE_CONFORMANCE_FILE";
const LOCKS_FILE: &str = "COGNATE_CONFORMANCE_LOCK";

#[test]
fn second_process() {
    let Some(path) = env::var_os(SHARED_FILE) else { return };
    let lock = if env::var_os(LOCKS_FILE).is_some() { Lock::OfTheFile } else { Lock::OfTheProcess };
    let suite = Conformance::new(|| FileStore::open(Path::new(&path), lock));
    suite.serve().expect("serves the first process");
}

fn in_two_processes(lock: Lock, rounds: usize) -> Result<(), Nonconformity> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store");
    let mut command = Command::new(env::current_exe().expect("this binary"));
    command.args(["--exact", "conformance::second_process"]).env(SHARED_FILE, &path);
    if lock == Lock::OfTheFile {
        command.env(LOCKS_FILE, "1");
    }
    let suite = Conformance::new(|| FileStore::open(&path, lock)).shared().fully_serializable();
    suite.rounds(rounds).in_two_processes(command).check()
}

#[test]
fn a_store_that_processes_share_conforms() {
    in_two_processes(Lock::OfTheFile, 10).unwrap_or_else(|broken| panic!("{broken}"));
}

#[test]
fn a_store_that_only_locks_out_its_own_process_is_named() {
    // Two processes do not meet in every round.
    let broken = in_two_processes(Lock::OfTheProcess, 60).expect_err("does not conform");
    assert!(broken.to_string().contains(", from two processes; but "), "{broken}");
}

#[test]
fn a_second_process_that_does_not_serve_is_named() {
    for command in [Command::new("/no/such/program"), {
        let mut lists = Command::new(env::current_exe().expect("this binary"));
        lists.arg("--list");
        lists
    }] {
        let broken = suite(SOUND).rounds(1).in_two_processes(command).check();
        let broken = broken.expect_err("there is no second process");
        assert_eq!(broken.requirement(), "a second process opens the database", "{broken}");
    }
}

/// The suite deletes nothing that it has not written.
#[test]
fn a_database_with_records_is_refused() {
    let store = Arc::new(MemoryStore::new());
    let mut batch = Batch::default();
    batch.puts.push((Key::new(Tree::PoolListing, "precious"), Vec::new()));
    store.commit(batch.clone()).expect("commits");
    let broken = Conformance::new(|| Ok(Arc::clone(&store))).check().expect_err("is refused");
    assert_eq!(broken.requirement(), "the database is empty before the suite", "{broken}");
    assert!(broken.to_string().ends_with("but it holds pool-listing/`precious`"), "{broken}");
    assert_eq!(store.get(&[batch.puts[0].0.clone()]).expect("reads"), [Some(Vec::new())]);
}

#[test]
fn a_database_that_cannot_be_open_twice_is_not_shared() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SledOptions::new(folder.path()).durability(Durability::Relaxed);
    let suite = Conformance::new(|| options.clone().open()).rounds(1).shared();
    let broken = suite.check().expect_err("is locked");
    assert_eq!(broken.requirement(), "the database can be open twice", "{broken}");
    assert!(broken.to_string().contains("is open elsewhere"), "{broken}");
}

/// Stores with one fault each, and the requirement that the suite says they break. Where a fault
/// breaks several requirements, the threads decide which one is met first.
#[rustfmt::skip]
const BROKEN: [(&str, Calls, &str); 62] = [
    ("conflicts at random", commits::CONFLICTS_AT_RANDOM, "a batch happens whole or not at all"),
    ("ignores absence", commits::IGNORES_ABSENCE, "a batch happens whole or not at all"),
    ("tells what it expected", commits::TELLS_WHAT_IT_EXPECTED, "a batch happens whole or not at all"),
    ("reads a late copy", reads::READS_A_LATE_COPY, "a batch happens whole or not at all"),
    ("remembers reads", reads::REMEMBERS_READS, "what was read does not disappear|one `get` reads one moment, if the store says so"),
    ("deletes last", commits::DELETES_LAST, "puts of a batch follow its deletes"),
    ("refuses to delete nothing", commits::REFUSES_TO_DELETE_NOTHING, "puts of a batch follow its deletes"),
    ("takes empty for absent", reads::TAKES_EMPTY_FOR_ABSENT, "an empty record is a record"),
    ("keeps two trees as one", reads::KEEPS_TWO_TREES_AS_ONE, "every tree has keys of its own"),
    ("takes a conflict for settled", commits::TAKES_A_CONFLICT_FOR_SETTLED, "a token changes no outcome"),
    ("splits long batches", commits::SPLITS_LONG_BATCHES, "a batch has room for 1,300 keys"),
    ("refuses long batches", commits::REFUSES_LONG_BATCHES, "a batch has room for 1,300 keys"),
    ("gets in the order of keys", reads::GETS_IN_THE_ORDER_OF_KEYS, "`get` follows the order of its keys"),
    ("gets each key once", reads::GETS_EACH_KEY_ONCE, "`get` follows the order of its keys"),
    ("refreshes nothing", reads::REFRESHES_NOTHING, "`refresh` agrees with `get`"),
    ("ends keys at a zero", reads::ENDS_KEYS_AT_A_ZERO, "a scan follows the order of keys"),
    ("sorts signed bytes", reads::SORTS_SIGNED_BYTES, "a scan follows the order of keys"),
    ("scans from behind the start", reads::SCANS_FROM_BEHIND_THE_START, "a scan follows the order of keys"),
    ("visits after an error", reads::VISITS_AFTER_AN_ERROR, "a visit shows what a scan returns"),
    ("sorts text", reads::SORTS_TEXT, "a key has any bytes"),
    ("limits keys", commits::LIMITS_KEYS, "a key is as long as a login"),
    ("tells keys apart by their beginning", reads::TELLS_KEYS_APART_BY_THEIR_BEGINNING, "a key is as long as a login"),
    ("compares beginnings", commits::COMPARES_BEGINNINGS, "records of any length are compared whole"),
    ("limits records", commits::LIMITS_RECORDS, "a record has room for 1 MiB"),
    ("scans back in ascending order", backward::IN_ASCENDING_ORDER, "a scan back follows the order of keys"),
    ("scans back one entry too few", backward::ONE_ENTRY_TOO_FEW, "a scan back follows the order of keys"),
    ("scans back over the start", backward::OVER_THE_START, "a scan back follows the order of keys"),
    ("scans back from the end of the tree", backward::FROM_THE_END_OF_THE_TREE, "a scan back follows the order of keys"),
    ("forgets the last commit in a scan back", backward::FORGETS_THE_LAST_COMMIT, "a scan back returns what a scan returns"),
    ("scans back a bounded number of entries", backward::A_BOUNDED_NUMBER, "a scan back returns what a scan returns"),
    ("scans back by the beginning of keys", backward::BY_THE_BEGINNING_OF_KEYS, "a scan back follows the order of long keys"),
    ("checks before it commits", commits::CHECKS_BEFORE_IT_COMMITS, "of two batches that replace a record, one happens"),
    ("checks absence before it commits", commits::CHECKS_ABSENCE_BEFORE_IT_COMMITS, "of two batches that create a key, one happens"),
    ("upserts checked keys", commits::UPSERTS_CHECKED_KEYS, "a checked put does not bring back a key that a checked delete removed"),
    ("locks no key that is only checked", commits::LOCKS_NO_KEY_THAT_IS_ONLY_CHECKED, "of two batches that delete what the other one checks, one happens"),
    ("puts unchecked keys one by one", commits::PUTS_UNCHECKED_KEYS_ONE_BY_ONE, "of two batches that put the same keys, one leaves all its records"),
    ("checks key by key", commits::CHECKS_KEY_BY_KEY, "a batch of checks sees one moment"),
    ("tells of two moments", commits::TELLS_OF_TWO_MOMENTS, "a batch of checks sees one moment"),
    ("is visible in parts", commits::IS_VISIBLE_IN_PARTS, "one `get` reads one moment, if the store says so"),
    ("gets key by key", reads::GETS_KEY_BY_KEY, "one `get` reads one moment, if the store says so"),
    ("refreshes key by key", reads::REFRESHES_KEY_BY_KEY, "one `refresh` reads one moment, if the store says so"),
    ("is visible in parts and says so", commits::IS_VISIBLE_IN_PARTS_AND_SAYS_SO, "what was read does not disappear"),
    ("commits, rolls back and commits again", commits::COMMITS_ROLLS_BACK_AND_COMMITS_AGAIN, "what was read does not disappear"),
    ("shows conflicts", commits::SHOWS_CONFLICTS, "nobody reads a batch that conflicts"),
    ("scans by offset", reads::SCANS_BY_OFFSET, "a scan misses and repeats nothing"),
    ("scans back a copy of its own", backward::A_COPY_OF_ITS_OWN, "what was committed is read at once|what was read does not disappear"),
    ("scans back what is not committed", backward::WHAT_IS_NOT_COMMITTED, "what was read does not disappear"),
    ("scans back by offset", backward::BY_OFFSET, "a scan back misses and repeats nothing"),
    ("forgets the last commit in a view", views::FORGETS_THE_LAST_COMMIT, "a view shows what was committed before it"),
    ("has itself for a view", views::IS_THE_STORE, "a view does not change while others write"),
    ("gets present values through a view", views::GETS_PRESENT_VALUES, "a view does not change while others write"),
    ("scans present entries through a view", views::SCANS_PRESENT_ENTRIES, "a view does not change while others write"),
    ("gets through a view in the order of keys", views::GETS_IN_THE_ORDER_OF_KEYS, "a view does not change while others write"),
    ("refuses commits while a view is open", views::REFUSES_COMMITS_MEANWHILE, "a view does not change while others write"),
    ("has views that know one handle", views::KNOWS_ONE_HANDLE, "a view does not change while others write"),
    ("has views that stop at newer entries", views::STOPS_AT_NEWER_ENTRIES, "a view scans its own entries"),
    ("has views that exceed the limit of a scan", views::EXCEEDS_ITS_LIMIT, "a view scans its own entries"),
    ("has one view", views::HAS_ONE_VIEW, "each view shows a moment of its own"),
    ("has views that end after many commits", views::ENDS_AFTER_MANY_COMMITS, "a view outlives any number of commits"),
    ("copies tree by tree for a view", views::COPIES_TREE_BY_TREE, "a view shows a batch whole or not at all"),
    ("has views only sometimes", views::SOMETIMES, "a view shows a batch whole or not at all"),
    ("loses the last login", commits::LOSES_THE_LAST_LOGIN, "what was committed is there after the database is opened again"),
];

#[test]
fn each_broken_store_is_named() {
    let mut wrong = Vec::new();
    for (name, calls, requirement) in BROKEN {
        let broken = |rounds| suite(calls).shared().rounds(rounds).check().err();
        // A busy machine can need more rounds until two threads meet.
        let broken = broken(20).or_else(|| broken(400));
        let named = broken.as_ref().map(Nonconformity::requirement);
        if !named.is_some_and(|named| requirement.split('|').any(|one| one == named)) {
            wrong.push(format!("a store that {name}: {broken:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
