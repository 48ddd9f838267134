//! Copies of a store into another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cognate::operation::{CreateIdentityPoolInput, GuestAccess};
use cognate::store::{
    Batch, Commit, CopyError, Key, KeyRange, MemoryStore, SledOptions, Store, StoreError, Tree,
    Value, copy,
};
use cognate::testkit::{Calls, FaultyStore, StoreFault, TestClock, When};
use cognate::{Engine, Error};

use crate::twin::{Dump, builder, dump};

fn open(store: impl Store + 'static) -> cognate::Result<Engine> {
    builder(3, TestClock::default()).open_exclusive(store)
}

/// A store with pools, a journal, keys, the mark of a deleted pool, and more logins than one batch writes.
fn source() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    let engine = open(Arc::clone(&store)).expect("opens");
    let aws = engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    for name in ["game", "shop"] {
        let input = CreateIdentityPoolInput::new(name, GuestAccess::Allowed);
        aws.create_identity_pool(input).expect("created");
    }
    engine.rotate_session_key().expect("a key");
    let mut batch = Batch::default();
    batch.puts.push((Key::new(Tree::Deletions, [0; 16]), vec![1]));
    for login in 0_u16..600 {
        let key = [[0; 16].as_slice(), b"dgame\0", login.to_string().as_bytes()].concat();
        batch.puts.push((Key::new(Tree::Logins, key), [&[1], [7; 24].as_slice()].concat()));
    }
    assert_eq!(store.commit(batch).ok(), Some(Commit::Done));
    store
}

/// Asserts that neither an engine nor another copy takes a store for a whole one.
fn is_refused(store: &Arc<FaultyStore<MemoryStore>>, about: &str) {
    let before = dump(store);
    let opened = open(Arc::clone(store)).err();
    assert!(matches!(opened, Some(Error::CopyUnfinished)), "{about}: {opened:?}");
    let into = copy(&*source(), store).err();
    assert!(matches!(into, Some(CopyError::TargetUnfinished)), "{about}: {into:?}");
    let from = copy(store, &MemoryStore::new()).err();
    assert!(matches!(from, Some(CopyError::SourceUnfinished)), "{about}: {from:?}");
    assert_eq!(dump(store), before, "{about}");
}

#[test]
fn a_copy_is_the_same_in_every_store() {
    let (source, memory) = (source(), MemoryStore::new());
    let copied = copy(&*source, &memory).expect("copies");
    assert_eq!(dump(&memory), dump(&*source));
    assert_eq!(usize::try_from(copied.entries), Ok(dump(&*source).len()));

    let folder = tempfile::tempdir().expect("a folder");
    let options = || SledOptions::new(folder.path().join("db"));
    let sled = options().open().expect("opens");
    assert_eq!(copy(&memory, &sled).expect("copies"), copied);
    assert_eq!(dump(&sled), dump(&*source));
    drop(sled);
    let engine = open(options().open().expect("opens")).expect("is a whole database");
    assert_eq!(engine.check().expect("readable"), []);
    engine.close().expect("closes");
    let sled = options().open().expect("opens");
    assert_eq!(copy(&sled, &MemoryStore::new()).expect("copies"), copied);
}

#[test]
fn the_digest_depends_on_every_byte() {
    let of = |entries: &[(Tree, &str, &str)]| {
        let (store, mut batch) = (MemoryStore::new(), Batch::default());
        for (tree, key, value) in entries {
            batch.puts.push((Key::new(*tree, *key), (*value).into()));
        }
        store.commit(batch).expect("planted");
        copy(&store, &MemoryStore::new()).expect("copies").digest
    };
    let (first, second) = (Tree::Accounts, Tree::Logins);
    let all = [
        of(&[]),
        of(&[(first, "a", "b")]),
        of(&[(second, "a", "b")]),
        of(&[(first, "ab", "")]),
        of(&[(first, "", "ab")]),
        of(&[(first, "a", "b"), (first, "c", "")]),
        of(&[(first, "a", "b"), (second, "c", "")]),
        of(&[(first, "a", ""), (first, "b", "c")]),
    ];
    for (place, digest) in all.iter().enumerate() {
        assert!(!all[..place].contains(digest), "{place}");
    }
    // Of a store without entries: it changes only with the format of the digest.
    let names = Tree::ALL.iter().flat_map(|tree| {
        let length = (tree.name().len() as u64).to_be_bytes();
        [length.as_slice(), tree.name().as_bytes(), &[0xff; 8]].concat()
    });
    let names: Vec<u8> = names.collect();
    let digest = ring::digest::digest(&ring::digest::SHA256, &names);
    assert_eq!(all[0], digest.as_ref());
}

#[test]
fn a_target_that_is_not_empty_stays_as_it_is() {
    for tree in Tree::ALL {
        let target = MemoryStore::new();
        let mut batch = Batch::default();
        batch.puts.push((Key::new(tree, *b"any"), vec![1]));
        target.commit(batch).expect("planted");
        let before = dump(&target);
        let refused = copy(&*source(), &target).expect_err("is not empty");
        assert!(matches!(refused, CopyError::TargetNotEmpty(named) if named == tree), "{refused}");
        assert!(refused.to_string().ends_with(tree.name()), "{refused}");
        assert_eq!(dump(&target), before);
    }
}

#[test]
fn a_copy_that_is_killed_at_any_commit_is_refused() {
    let (source, mut finished) = (source(), 0);
    for fault in [StoreFault::FailsBefore, StoreFault::FailsAfter] {
        for commit in 1.. {
            let target = Arc::new(FaultyStore::new(MemoryStore::new()));
            target.inject(fault, Calls::Writes, When::From(commit));
            let copied = copy(&*source, &target);
            target.heal();
            let about = format!("{fault:?} at commit {commit}: {copied:?}");
            if target.struck() == 0 {
                copied.expect("no fault");
                // The mark, three batches of logins, one for each of seven other trees, and the end.
                assert_eq!(commit - 1, 1 + 3 + 7 + 1, "{about}");
                break;
            }
            assert!(matches!(copied, Err(CopyError::Target(StoreError::Failed(_)))), "{about}");
            let now = dump(&target);
            if now == Dump::new() {
                assert_eq!((fault, commit), (StoreFault::FailsBefore, 1), "{about}");
            } else if now == dump(&*source) {
                assert_eq!(fault, StoreFault::FailsAfter, "{about}");
                open(target).expect("is whole");
                finished += 1;
            } else {
                is_refused(&target, &about);
            }
        }
    }
    assert_eq!(finished, 1);
}

#[test]
fn a_fault_of_the_source_or_of_a_sync_is_told() {
    let source = Arc::new(FaultyStore::new(MemoryStore::new()));
    copy(&*self::source(), &source).expect("copies");
    for read in [1, 5, 12, 20] {
        let target = Arc::new(FaultyStore::new(MemoryStore::new()));
        source.inject(StoreFault::FailsBefore, Calls::Reads, When::Nth(read));
        let copied = copy(&source, &target);
        assert!(matches!(copied, Err(CopyError::Source(_))), "read {read}: {copied:?}");
        if read > 1 {
            is_refused(&target, &format!("read {read}"));
        }
    }
    source.heal();
    for sync in [1, 2] {
        let target = Arc::new(FaultyStore::new(MemoryStore::new()));
        target.inject(StoreFault::FailsBefore, Calls::Syncs, When::Nth(sync));
        let copied = copy(&source, &target);
        assert!(matches!(copied, Err(CopyError::Target(_))), "sync {sync}: {copied:?}");
    }
}

/// A store that keeps something else than one of the entries that it is given.
struct Careless {
    inner: MemoryStore,
    puts: AtomicUsize,
    spoiled: usize,
    spoils: fn(&mut Batch, usize),
}

impl Store for Careless {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.inner.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.inner.scan(range, limit)
    }

    fn commit(&self, mut batch: Batch) -> Result<Commit, StoreError> {
        let before = self.puts.fetch_add(batch.puts.len(), Ordering::SeqCst);
        if (before..before + batch.puts.len()).contains(&self.spoiled) {
            (self.spoils)(&mut batch, self.spoiled - before);
        }
        self.inner.commit(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.inner.sync()
    }
}

#[test]
fn a_target_that_keeps_something_else_is_noticed() {
    let source = source();
    let spoils: [fn(&mut Batch, usize); 3] = [
        |batch, place| *batch.puts[place].1.last_mut().expect("a byte") ^= 1,
        |batch, place| batch.puts[place].0.bytes.push(0),
        |batch, place| drop(batch.puts.remove(place)),
    ];
    let entries = dump(&*source).len();
    for spoils in spoils {
        // The first put is the mark.
        for spoiled in [1, 2, entries / 2, entries] {
            let inner = MemoryStore::new();
            let target = Arc::new(Careless { inner, puts: AtomicUsize::new(0), spoiled, spoils });
            let noticed = copy(&*source, &target).expect_err("differs");
            assert!(matches!(noticed, CopyError::Differs(_)), "{noticed}");
            let opened = open(target).err();
            assert!(matches!(opened, Some(Error::CopyUnfinished)), "{opened:?}");
        }
    }
}

/// An engine of a version without copies takes each mark in the tree of deletions for the name of a
/// pool, and does not open if one is none.
#[test]
fn an_engine_that_knows_no_copies_does_not_open_an_unfinished_one() {
    let target = FaultyStore::new(MemoryStore::new());
    target.inject(StoreFault::FailsBefore, Calls::Writes, When::From(2));
    copy(&*source(), &target).expect_err("is killed");
    let marks = target.inner().scan(&KeyRange::prefix(Tree::Deletions, []), 10).expect("readable");
    let [(mark, _)] = marks.as_slice() else { panic!("one mark: {marks:?}") };
    assert_ne!(mark.bytes.len(), 16);
    // It stands in front of all others.
    assert!(*mark < Key::new(Tree::Deletions, [0; 16]));
}

/// The mark is gone before the copy ends.
struct Unmarked(MemoryStore);

impl Store for Unmarked {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.0.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.0.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let committed = self.0.commit(batch)?;
        let marks = self.0.scan(&KeyRange::prefix(Tree::Deletions, []), 10)?;
        let mut batch = Batch::default();
        batch.deletes.extend(marks.into_iter().map(|(key, _)| key));
        self.0.commit(batch)?;
        Ok(committed)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.0.sync()
    }
}

#[test]
fn a_copy_goes_on_only_while_its_mark_is_there() {
    let target = Unmarked(MemoryStore::new());
    let refused = copy(&*source(), &target).expect_err("is unmarked");
    assert!(matches!(refused, CopyError::TargetChanged), "{refused}");
    assert_eq!(dump(&target), Dump::new(), "nothing was written after that");
}
