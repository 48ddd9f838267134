//! Scans from the end of a range: each store returns the entries of a scan, in descending order.

use std::thread;

use cognate::store::{
    Batch, Commit, Durability, Key, KeyRange, MemoryStore, SledOptions, SledStore, Store,
    StoreError, Tree, Value,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::effort;

/// A store without a scan from the end of its own.
#[derive(Default)]
struct Forward(MemoryStore);

impl Store for Forward {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.0.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.0.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.0.commit(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.0.sync()
    }
}

fn sled() -> (tempfile::TempDir, SledStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SledOptions::new(folder.path()).durability(Durability::Relaxed);
    let store = options.open().expect("opens");
    (folder, store)
}

fn put(store: &dyn Store, keys: impl IntoIterator<Item = Vec<u8>>) {
    let mut batch = Batch::default();
    batch.puts.extend(keys.into_iter().map(|key| (Key::new(Tree::Journal, key), vec![7; 50])));
    assert_eq!(store.commit(batch).expect("commits"), Commit::Done);
}

/// Few bytes, with the lowest and the highest among them, often in runs.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let run = (prop_oneof![Just(0), Just(1), Just(254), Just(255)], 1..8_usize);
    vec(run, 0..4).prop_map(|runs| runs.into_iter().flat_map(|(b, n)| vec![b; n]).collect())
}

fn tree() -> impl Strategy<Value = Tree> {
    prop_oneof![Just(Tree::IdentityIndex), Just(Tree::Journal), Just(Tree::SigningKeys)]
}

fn range() -> impl Strategy<Value = KeyRange> {
    (tree(), bytes(), proptest::option::of(bytes())).prop_map(|(tree, start, end)| {
        let mut range = KeyRange::prefix(tree, []);
        (range.start, range.end) = (start, end);
        range
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24 * u32::try_from(effort()).unwrap(),
        // Each fills a database.
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })]

    #[test]
    fn it_is_a_scan_in_descending_order(
        keys in vec((tree(), bytes()), 0..600),
        ranges in vec((range(), 0..40_usize), 1..20),
    ) {
        let mut batch = Batch::default();
        batch.puts = keys.into_iter().zip(0_u32..)
            .map(|((tree, key), n)| (Key::new(tree, key), n.to_be_bytes().to_vec()))
            .collect();
        let (_folder, sled) = sled();
        let (memory, forward) = (MemoryStore::new(), Forward::default());
        let stores: [&dyn Store; 3] = [&memory, &forward, &sled];
        for store in stores {
            store.commit(batch.clone()).unwrap();
            store.sync().unwrap();
        }
        for (range, limit) in ranges {
            let mut expected = memory.scan(&range, usize::MAX).unwrap();
            expected.reverse();
            for limit in [limit, expected.len(), usize::MAX] {
                let expected = expected.get(..limit).unwrap_or(&expected);
                for store in stores {
                    prop_assert_eq!(store.scan_back(&range, limit).unwrap(), expected);
                }
            }
        }
    }
}

/// sled's own iterators panic on these keys.
#[test]
fn keys_that_continue_with_the_highest_bytes_are_found() {
    const GROUPS: u8 = 60;
    const GROUP: u32 = 40;
    let key = |start: u8, n: u32| [&[start, 255, 255, 255, 255][..], &n.to_be_bytes()].concat();
    let (_folder, store) = sled();
    // Far from their order, so that pages end between groups.
    for n in (0..GROUP).map(|n| n * 17 % GROUP) {
        put(&store, (0..GROUPS).map(|start| key(start, n)));
        store.sync().expect("syncs");
    }
    for limit in [1, 60, 1_000, usize::MAX] {
        let all = (0..GROUPS).flat_map(|start| (0..GROUP).map(move |n| key(start, n)));
        let expected: Vec<_> = all.rev().take(limit).collect();
        let found = store.scan_back(&KeyRange::prefix(Tree::Journal, []), limit).expect("reads");
        let found: Vec<_> = found.into_iter().map(|(key, _)| key.bytes).collect();
        assert!(found == expected, "{limit}: {} entries", found.len());
    }
    for end in 1..GROUPS {
        let mut range = KeyRange::prefix(Tree::Journal, []);
        range.end = Some(vec![end]);
        let found = store.scan_back(&range, 1).expect("reads");
        assert_eq!(found[0].0.bytes, key(end - 1, GROUP - 1));
    }
}

/// Some entries stay. A writer puts and deletes many others around them, so that pages come and go.
fn all_that_stays_is_found(store: &dyn Store) {
    const STAY: u16 = 40;
    let key = |n: u16, other: u16| [n.to_be_bytes(), other.to_be_bytes()].concat();
    let stays: Vec<Vec<u8>> = (0..STAY).rev().map(|n| key(n, 100)).collect();
    put(store, stays.clone());
    let range = KeyRange::prefix(Tree::Journal, []);
    let read = || {
        for _ in 0..30 * effort() {
            for limit in [3, 100, usize::MAX] {
                let found = store.scan_back(&range, limit).expect("reads");
                assert!(found.iter().zip(&found[1..]).all(|(key, next)| key.0 > next.0));
                let last = if found.len() < limit { &[][..] } else { &found[limit - 1].0.bytes };
                let found = found.iter().map(|(key, _)| &key.bytes);
                let found: Vec<_> = found.filter(|key| key.ends_with(&[0, 100])).collect();
                let expected = stays.iter().filter(|key| key.as_slice() >= last);
                assert!(found.into_iter().eq(expected), "a scan back of {limit} missed an entry");
            }
        }
    };
    thread::scope(|scope| {
        let reader = scope.spawn(read);
        for round in 0.. {
            let pass = (0..STAY).flat_map(|n| (0..20).map(move |other| (n, other + n % 190)));
            let pass = pass.filter(|(_, other)| *other != 100).map(|(n, other)| key(n, other));
            if round % 2 == 0 {
                put(store, pass);
            } else {
                let mut batch = Batch::default();
                batch.deletes.extend(pass.map(|key| Key::new(Tree::Journal, key)));
                store.commit(batch).expect("commits");
            }
            if reader.is_finished() {
                break;
            }
        }
    });
}

#[test]
fn all_that_stays_is_found_in_sled() {
    for durability in [Durability::ProcessKill, Durability::Relaxed] {
        let folder = tempfile::tempdir().expect("a folder");
        let options = SledOptions::new(folder.path()).durability(durability);
        all_that_stays_is_found(&options.open().expect("opens"));
    }
}

#[test]
fn all_that_stays_is_found_in_steps() {
    all_that_stays_is_found(&Forward::default());
}
