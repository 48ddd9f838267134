//! Failing disks: `/dev/null` cannot be synced.

use std::fs::File;
use std::io;
use std::thread;
use std::time::Duration;

use super::files::Log;
use super::*;
use crate::store::Tree;

mod unsynced;
mod views;

fn put(key: u8) -> Batch {
    Batch { puts: vec![(Key::new(Tree::Pools, [key]), vec![key])], ..Batch::default() }
}

/// A store without threads of its own.
fn store_of(durability: Durability) -> (tempfile::TempDir, SledStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SledOptions::new(folder.path()).durability(durability);
    let shared = Arc::new(Shared::open(&options).expect("opens"));
    (folder, SledStore { tender: None, shared })
}

fn broken_store(durability: Durability) -> (tempfile::TempDir, SledStore) {
    let device = File::options().write(true).open("/dev/null").expect("a device");
    store_with_log(durability, device)
}

fn store_with_log(
    durability: Durability,
    log: impl Log + 'static,
) -> (tempfile::TempDir, SledStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut shared =
        Shared::open(&SledOptions::new(folder.path()).durability(durability)).expect("opens");
    shared.disk.get_mut().break_with(log);
    (folder, SledStore { tender: None, shared: Arc::new(shared) })
}

/// The health of a store is the first failure, not a later one.
#[track_caller]
fn assert_stopped_by(store: &SledStore, reason: &str) {
    match store.health() {
        Err(StoreError::Failed(source)) => {
            assert!(source.to_string().contains(reason), "{source}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_failed_sync_stops_the_store() {
    let (folder, store) = broken_store(Durability::PowerLoss);
    store.health().expect("nothing has failed");
    assert!(matches!(store.commit(put(1)), Err(StoreError::Failed(_))));
    assert!(matches!(store.commit(put(2)), Err(StoreError::Stopped)));
    assert!(matches!(store.sync(), Err(StoreError::Stopped)));
    assert_stopped_by(&store, "Invalid argument");
    // The writes of the failed group may not be on the disk, so they are not readable.
    assert!(matches!(store.get(&[Key::new(Tree::Pools, [1])]), Err(StoreError::Stopped)));
    assert_eq!(store.get(&[Key::new(Tree::Pools, [2])]).expect("reads"), [None]);
    let scans = |prefix: u8| {
        let range = KeyRange::prefix(Tree::Pools, [prefix]);
        [store.scan(&range, 1), store.scan_back(&range, 1)]
    };
    assert!(scans(1).iter().all(|scan| matches!(scan, Err(StoreError::Stopped))));
    assert!(scans(2).iter().all(|scan| matches!(scan.as_deref(), Ok([]))));
    assert_eq!(store.shared.mark.number(), 0, "nothing is known to be on the disk");
    drop(store);
    assert!(!folder.path().join("closed").exists(), "nothing is known to be whole");
}

/// A second sync could succeed although the first one has lost data.
#[test]
fn a_failed_sync_is_not_forgotten() {
    let (_folder, store) = broken_store(Durability::ProcessKill);
    assert_eq!(store.commit(put(1)).expect("flushed"), Commit::Done);
    store.health().expect("nothing has failed");
    assert!(matches!(store.sync(), Err(StoreError::Failed(_))));
    assert!(matches!(store.sync(), Err(StoreError::Stopped)));
    assert!(matches!(store.commit(put(2)), Err(StoreError::Stopped)));
    assert_stopped_by(&store, "Invalid argument");
}

/// A log whose first sync fails once it is told to. Later ones succeed, as those of the kernel do:
/// it reports a failure once.
#[derive(Default, Clone)]
struct FailsOnce {
    has_begun: Arc<AtomicBool>,
    fails_now: Arc<AtomicBool>,
}

impl Log for FailsOnce {
    fn sync_data(&self) -> io::Result<()> {
        if self.has_begun.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        wait_for(&self.fails_now);
        Err(io::Error::other("the disk is gone"))
    }
}

fn wait_for(flag: &AtomicBool) {
    while !flag.load(Ordering::SeqCst) {
        thread::yield_now();
    }
}

/// A sync that overlapped with a failed one was told that everything is on the disk.
#[test]
fn a_sync_beside_a_failed_one_fails_too() {
    for durability in [Durability::PowerLoss, Durability::ProcessKill, Durability::Relaxed] {
        let log = FailsOnce::default();
        let (_folder, store) = store_with_log(durability, log.clone());
        let first = || match durability {
            Durability::PowerLoss => store.commit(put(1)).map(drop),
            Durability::ProcessKill | Durability::Relaxed => {
                store.commit(put(1)).and_then(|_| store.sync())
            }
        };
        let (first, second) = thread::scope(|scope| {
            let first = scope.spawn(first);
            wait_for(&log.has_begun);
            let second = scope.spawn(|| store.sync());
            // Time for the second sync to succeed, if it does not wait.
            for _ in 0..20 {
                if !second.is_finished() {
                    thread::sleep(Duration::from_millis(5));
                }
            }
            log.fails_now.store(true, Ordering::SeqCst);
            (first.join().expect("no panic"), second.join().expect("no panic"))
        });
        assert!(matches!(first, Err(StoreError::Failed(_))), "{durability:?}: {first:?}");
        assert!(matches!(second, Err(StoreError::Stopped)), "{durability:?}: {second:?}");
        assert_eq!(store.shared.mark.number(), 0, "nothing is known to be on the disk");
        assert_stopped_by(&store, "the disk is gone");
    }
}

#[test]
fn sleds_damage_is_told_without_a_backtrace() {
    let error = sled::Error::Corruption { at: None, bt: () };
    assert!(error.to_string().ends_with("backtrace ()"), "{error}");
    let told = store_error(error).to_string();
    assert_eq!(told, "the store is corrupt: sled has read damaged data");
}

#[test]
fn a_commit_that_only_needs_a_flush_does_not_sync() {
    let (_folder, store) = broken_store(Durability::ProcessKill);
    assert_eq!(store.commit(put(1)).expect("flushed"), Commit::Done);
    assert!(store.sync().is_err());
}

#[test]
fn waiting_writers_share_commits() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledOptions::new(folder.path()).open().expect("opens");
    thread::scope(|scope| {
        for writer in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..20 {
                    let batch = put(writer * 20 + n);
                    assert_eq!(store.commit(batch).expect("written"), Commit::Done);
                }
            });
        }
    });
    let groups = store.shared.applied();
    assert!(groups < 160, "{groups} commits for 160 batches");
    assert_eq!(store.shared.mark.number(), groups, "each of them is on the disk");
}

#[test]
fn relaxed_commits_share_a_transaction() {
    let (_folder, store) = store_of(Durability::Relaxed);
    for n in 0..10 {
        assert_eq!(store.commit(put(n)).expect("room"), Commit::Done);
        assert_eq!(store.get(&[Key::new(Tree::Pools, [n])]).expect("reads"), [Some(vec![n])]);
    }
    assert_eq!(store.shared.applied(), 0, "none is written");
    store.sync().expect("syncs");
    assert_eq!(store.shared.applied(), 1);
    assert_eq!(store.shared.mark.number(), 1, "it is on the disk");
    let walked = store.shared.walk(1).expect("reads");
    assert_eq!(walked, *store.shared.applied.lock());
}

#[test]
fn a_relaxed_store_stops_when_it_cannot_write() {
    let (_folder, store) = broken_store(Durability::Relaxed);
    assert_eq!(store.commit(put(1)).expect("room"), Commit::Done);
    assert!(matches!(store.sync(), Err(StoreError::Failed(_))));
    assert!(matches!(store.commit(put(2)), Err(StoreError::Stopped)));
    assert!(matches!(store.sync(), Err(StoreError::Stopped)));
    assert_stopped_by(&store, "Invalid argument");
}

/// The state of sled's memory after a panic is unknown.
#[test]
fn a_panic_of_sled_stops_the_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledOptions::new(folder.path()).open().expect("opens");
    assert_eq!(store.commit(put(1)).expect("written"), Commit::Done);
    let panicked = store.shared.guarded(|| -> Result<(), _> { panic!("planted") });
    assert!(matches!(panicked, Err(StoreError::Failed(_))));
    assert!(matches!(store.commit(put(2)), Err(StoreError::Stopped)));
    assert!(matches!(store.sync(), Err(StoreError::Stopped)));
    assert_stopped_by(&store, "sled panicked");
    let read = store.get(&[Key::new(Tree::Pools, [1]), Key::new(Tree::Pools, [2])]);
    assert_eq!(read.expect("reads"), [Some(vec![1]), None]);
}

/// A relaxed store writes by itself: its threads find that it cannot.
#[test]
fn the_threads_of_a_store_tell_its_health() {
    for durability in [Durability::ProcessKill, Durability::Relaxed] {
        let (_folder, mut store) = broken_store(durability);
        store.tender = Some(Tender::spawn(Arc::clone(&store.shared)).expect("threads"));
        assert_eq!(store.commit(put(1)).expect("not synced yet"), Commit::Done);
        while store.health().is_ok() {
            thread::yield_now();
        }
        assert_stopped_by(&store, "Invalid argument");
    }
}

/// sled's own `Debug` shows every record.
#[test]
fn a_store_does_not_show_its_records() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledOptions::new(folder.path()).open().expect("opens");
    store.commit(put(231)).expect("written");
    let shown = format!("{store:?}");
    assert_eq!(shown, "SledStore { durability: PowerLoss, .. }");
}

/// Batches of one group and writes of one batch that touch the same key.
#[test]
fn the_digest_follows_every_write() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledOptions::new(folder.path()).open().expect("opens");
    let [a, b] = [b"a", b"b"].map(|key| Key::new(Tree::Pools, *key));
    let batch = |deletes: &[&Key], puts: &[(&Key, u8)]| Batch {
        checks: Vec::new(),
        deletes: deletes.iter().map(|key| (*key).clone()).collect(),
        // 6 and above are long.
        puts: puts
            .iter()
            .map(|(key, n)| ((*key).clone(), vec![*n; if *n > 5 { 10_000 } else { 1 }]))
            .collect(),
        token: None,
    };
    let fails = Batch { checks: vec![(a.clone(), None)], ..batch(&[&b], &[(&a, 9)]) };
    for group in [
        vec![batch(&[&a], &[(&a, 1), (&a, 2)]), batch(&[], &[(&a, 3), (&b, 1)]), fails.clone()],
        vec![batch(&[&a, &a], &[(&a, 4)]), batch(&[&a], &[]), batch(&[&a], &[(&b, 1)])],
        vec![batch(&[], &[(&a, 5)]), fails.clone(), batch(&[&b], &[])],
        vec![batch(&[], &[(&a, 6), (&b, 7)]), batch(&[&a], &[(&a, 7), (&a, 8)]), fails],
        vec![batch(&[], &[(&a, 255), (&b, 1)]), batch(&[&b], &[(&b, 255)]), batch(&[&b], &[])],
        vec![batch(&[&a], &[])],
    ] {
        store.shared.apply(&group).expect("applies");
        let applied = *store.shared.applied.lock();
        assert_eq!(store.shared.walk(applied.number).expect("reads"), applied, "{group:?}");
    }
    let empty = store.shared.walk(store.shared.applied()).expect("reads");
    assert_eq!(empty, Digest::new(6), "no piece is left");
}
