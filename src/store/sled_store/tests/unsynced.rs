//! Readers while a sync is held open, and what is written without a sync.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::store_of;
use crate::store::sled_store::flush::BACKLOG_MAX;
use crate::store::sled_store::retry::{Snapshots, copy_database};
use crate::store::sled_store::{Durability, SledStore};
use crate::store::{Batch, Commit, Key, KeyRange, Store, Tree, Value};

/// Longer than any test waits for what it expects.
const PATIENCE: Duration = Duration::from_secs(60);

fn key(byte: u8) -> Key {
    Key::new(Tree::Pools, [byte])
}

fn value_of(store: &SledStore, byte: u8) -> Option<Value> {
    store.get_one(&key(byte)).expect("reads")
}

fn write(store: &SledStore, deletes: &[u8], puts: &[(u8, u8)]) {
    let deletes = deletes.iter().map(|byte| key(*byte)).collect();
    let puts = puts.iter().map(|(byte, value)| (key(*byte), vec![*value])).collect();
    let outcome = store.commit(Batch { deletes, puts, ..Batch::default() });
    assert_eq!(outcome.expect("written"), Commit::Done);
}

#[track_caller]
fn until(what: impl Fn() -> bool) {
    let mut pauses = 0;
    while !what() {
        assert!(pauses < 60_000, "it does not happen");
        thread::sleep(Duration::from_millis(1));
        pauses += 1;
    }
}

fn visited(store: &SledStore, range: &KeyRange) -> Vec<Option<Value>> {
    let mut shown = Vec::new();
    let visit = store.visit(range, 9, &mut |_, value| {
        shown.push(Some(value.to_vec()));
        Ok(())
    });
    visit.expect("reads");
    shown
}

fn scanned(store: &SledStore, range: &KeyRange) -> Vec<Option<Value>> {
    let entries = store.scan(range, 9).expect("reads");
    entries.into_iter().map(|(_, value)| Some(value)).collect()
}

#[test]
fn readers_wait_for_the_sync_of_what_they_read() {
    type Reader = fn(&SledStore) -> Vec<Option<Value>>;
    let readers: [(Reader, &[Option<u8>]); 7] = [
        (|store| vec![value_of(store, 1)], &[Some(11)]),
        (|store| vec![value_of(store, 2)], &[Some(12)]),
        (|store| vec![value_of(store, 3)], &[None]),
        (|store| store.get(&[key(9), key(1)]).expect("reads"), &[Some(9), Some(11)]),
        (|store| store.get(&[key(3), key(9)]).expect("reads"), &[None, Some(9)]),
        (|store| scanned(store, &KeyRange::prefix(Tree::Pools, [3])), &[]),
        (
            |store| visited(store, &KeyRange::prefix(Tree::Pools, [])),
            &[Some(11), Some(12), Some(9)],
        ),
    ];
    let (_folder, store) = store_of(Durability::PowerLoss);
    write(&store, &[], &[(1, 1), (3, 3), (9, 9)]);
    let (store, shared) = (&store, &store.shared);
    thread::scope(|scope| {
        let held = shared.disk.lock();
        scope.spawn(|| write(store, &[3], &[(1, 11), (2, 12)]));
        until(|| shared.applied() == 2);
        let waiting: Vec<_> = readers
            .into_iter()
            .map(|(read, expected)| {
                let expected: Vec<_> =
                    expected.iter().map(|value| value.map(|n| vec![n])).collect();
                scope.spawn(move || {
                    assert_eq!(read(store), expected);
                    assert_eq!(shared.mark.number(), 2, "what was read is on the disk");
                })
            })
            .collect();
        until(|| {
            assert!(waiting.iter().all(|reader| !reader.is_finished()), "a reader did not wait");
            shared.in_flight.waiting() == waiting.len()
        });
        assert_eq!(shared.mark.number(), 1, "the sync is unfinished");
        drop(held);
    });
}

#[test]
fn readers_of_other_keys_do_not_wait_for_a_sync() {
    let (_folder, store) = store_of(Durability::PowerLoss);
    write(&store, &[], &[(8, 8), (9, 9)]);
    let (store, shared) = (&store, &store.shared);
    thread::scope(|scope| {
        let held = shared.disk.lock();
        scope.spawn(|| write(store, &[], &[(1, 1)]));
        until(|| shared.applied() == 2);
        let (done, read) = mpsc::channel();
        scope.spawn(move || {
            assert_eq!(value_of(store, 9), Some(vec![9]));
            assert_eq!(store.get(&[key(8), key(7)]).expect("reads"), [Some(vec![8]), None]);
            assert_eq!(scanned(store, &KeyRange::prefix(Tree::Pools, [8])), [Some(vec![8])]);
            assert_eq!(visited(store, &KeyRange::prefix(Tree::Logins, [])), []);
            done.send(()).expect("a receiver");
        });
        read.recv_timeout(PATIENCE).expect("the readers wait");
        drop(held);
    });
}

/// sled flushes by itself too, so a missing flush is not found in every run.
#[test]
fn a_full_backlog_is_flushed() {
    let (folder, store) = store_of(Durability::Relaxed);
    let shared = &store.shared;
    let backlog = || shared.progress.unflushed();
    let mut written = 0;
    for n in 0_u32.. {
        let puts = (0..64_u32).map(|m| (Key::new(Tree::Pools, (n * 64 + m).to_be_bytes()), vec![]));
        let batch = Batch { puts: puts.collect(), ..Batch::default() };
        assert_eq!(store.commit(batch).expect("room"), Commit::Done);
        let before = backlog();
        shared.write_behind().expect("writes");
        written += 64;
        assert!(written <= BACKLOG_MAX + 128, "{written} records, {} not flushed", backlog());
        if backlog() < before {
            break;
        }
    }
    assert!(written > BACKLOG_MAX, "{written} records are no full backlog");
    let copy = tempfile::tempdir().expect("a folder");
    copy_database(folder.path(), copy.path(), Snapshots::Copied).expect("copies");
    let copied = super::SledOptions::new(copy.path()).open().expect("opens");
    let found = copied.scan(&KeyRange::prefix(Tree::Pools, []), usize::MAX).expect("reads");
    assert_eq!(found.len(), written, "the operating system has them");
}
