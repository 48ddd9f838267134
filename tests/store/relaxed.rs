//! Relaxed stores, partly in memory and partly in sled. They answer like one store, and a kill
//! leaves the state of an earlier moment.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use cognate::store::{
    Batch, Commit, Durability, Key, KeyRange, MemoryStore, SledOptions, SledStore,
};
use cognate::store::{Store, Tree};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{copy_folder, effort};

fn open(folder: &Path) -> SledStore {
    SledOptions::new(folder).durability(Durability::Relaxed).open().expect("opens")
}

#[derive(Debug, Clone)]
enum Step {
    Commit(Batch),
    Scan(KeyRange, usize),
    Sync,
}

/// Few keys, so that commits collide.
fn key() -> impl Strategy<Value = Key> {
    (prop_oneof![Just(Tree::Pools), Just(Tree::Logins)], vec(0..3_u8, 1..3))
        .prop_map(|(tree, bytes)| Key::new(tree, bytes))
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    // The last is long enough to be stored in pieces.
    (0..3_u8, prop_oneof![Just(0), Just(1), Just(5_000)]).prop_map(|(n, long)| vec![n; long])
}

fn step() -> impl Strategy<Value = Step> {
    let checks = vec((key(), proptest::option::of(value())), 0..2);
    let batch = (checks, vec(key(), 0..3), vec((key(), value()), 0..3));
    let batch = batch.prop_map(|(checks, deletes, puts)| {
        let mut batch = Batch::default();
        (batch.checks, batch.deletes, batch.puts) = (checks, deletes, puts);
        Step::Commit(batch)
    });
    let scan = (key(), any::<bool>(), 0..6_usize).prop_map(|(from, whole, limit)| {
        let prefix = if whole { Vec::new() } else { from.bytes[..1].to_vec() };
        let range = KeyRange::prefix(from.tree, prefix);
        Step::Scan(if whole { range.after(&from.bytes) } else { range }, limit)
    });
    prop_oneof![6 => batch, 3 => scan, 1 => Just(Step::Sync)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32 * u32::try_from(effort()).unwrap()))]

    #[test]
    fn it_answers_as_if_it_were_in_one_place(steps in vec(step(), 1..80)) {
        let folder = tempfile::tempdir().unwrap();
        let (store, model) = (open(folder.path()), MemoryStore::new());
        for step in steps {
            match step {
                Step::Commit(batch) => {
                    let written: Vec<Key> = batch.written().cloned().collect();
                    prop_assert_eq!(store.commit(batch.clone()).unwrap(), model.commit(batch).unwrap());
                    prop_assert_eq!(store.get(&written).unwrap(), model.get(&written).unwrap());
                }
                Step::Scan(range, limit) => {
                    prop_assert_eq!(
                        store.scan(&range, limit).unwrap(),
                        model.scan(&range, limit).unwrap()
                    );
                    prop_assert_eq!(
                        store.scan_back(&range, limit).unwrap(),
                        model.scan_back(&range, limit).unwrap()
                    );
                }
                Step::Sync => store.sync().unwrap(),
            }
        }
        drop(store);
        let store = open(folder.path());
        for tree in [Tree::Pools, Tree::Logins] {
            let all = KeyRange::prefix(tree, []);
            prop_assert_eq!(store.scan(&all, 100).unwrap(), model.scan(&all, 100).unwrap());
        }
    }
}

const FOLDER: &str = "COGNATE_KILLED_RELAXED_FOLDER";

/// Commits that count up in three trees: two hold every number, one holds the last.
fn count_up(from: u64) -> impl Iterator<Item = Batch> {
    (from..).map(|n| {
        let key = |tree, n: u64| Key::new(tree, n.to_be_bytes());
        let mut batch = Batch::default();
        batch.checks.push((key(Tree::Pools, n), None));
        batch.deletes.extend(n.checked_sub(1).map(|before| key(Tree::Identities, before)));
        let trees = [Tree::Pools, Tree::Logins, Tree::Identities];
        batch.puts.extend(trees.map(|tree| (key(tree, n), vec![0; 40])));
        batch
    })
}

#[test]
fn counts_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = open(Path::new(&folder));
    let so_far = store.scan(&KeyRange::prefix(Tree::Pools, []), usize::MAX).expect("reads").len();
    for (n, batch) in count_up(so_far as u64).enumerate() {
        assert_eq!(store.commit(batch).expect("commits"), Commit::Done);
        if n == 0 {
            std::io::stdout().write_all(b"\ncounting\n").expect("a parent");
        }
    }
}

#[test]
fn a_kill_leaves_what_an_earlier_moment_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut before = 0;
    for round in 0..4 * effort() {
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["relaxed::counts_until_it_is_killed", "--exact", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("runs");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        assert!(lines.any(|line| line.expect("reads") == "counting"), "round {round}");
        std::thread::sleep(Duration::from_millis(200 + round * 37 % 100));
        child.kill().expect("is running");
        child.wait().expect("ends");

        let store = open(folder.path());
        let numbers = |tree| -> BTreeSet<u64> {
            let entries = store.scan(&KeyRange::prefix(tree, []), usize::MAX).expect("reads");
            let number = |key: Key| u64::from_be_bytes(key.bytes.try_into().expect("a number"));
            entries.into_iter().map(|(key, _)| number(key)).collect()
        };
        let counted = numbers(Tree::Pools);
        let length = counted.len() as u64;
        assert_eq!(counted, (0..length).collect(), "round {round}: nothing is left out");
        assert_eq!(numbers(Tree::Logins), counted, "round {round}");
        assert_eq!(numbers(Tree::Identities), counted.last().copied().into_iter().collect());
        assert!(length >= before, "round {round}: {before} before, {length} now");
        before = length;
    }
    assert!(before > 0, "no kill came upon something written");
}

/// Ten times in a row, so that a pause of ten seconds would take longer than the test waits.
#[test]
fn a_commit_reaches_the_disk_without_a_call() {
    for durability in [Durability::Relaxed, Durability::ProcessKill] {
        let folder = tempfile::tempdir().expect("a folder");
        let options = SledOptions::new(folder.path()).durability(durability);
        let store = options.clone().open().expect("opens");
        let mark = || std::fs::read(folder.path().join("commit")).expect("the number of a commit");
        let mut pauses = 0;
        for (n, batch) in count_up(0).take(10).enumerate() {
            let before = mark();
            assert_eq!(store.commit(batch).expect("commits"), Commit::Done);
            while mark() == before {
                assert!(pauses < 12_000, "{durability:?}: commit {n} is not on the disk");
                std::thread::sleep(Duration::from_millis(5));
                pauses += 1;
            }
        }
        let copy = tempfile::tempdir().expect("a folder");
        copy_folder(folder.path(), copy.path());
        let copied = open(copy.path());
        let found = copied.scan(&KeyRange::prefix(Tree::Pools, []), usize::MAX).expect("reads");
        assert_eq!(found.len(), 10, "{durability:?}");
    }
}
