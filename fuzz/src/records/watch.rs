//! A store that watches how the engine treats invalid records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use cognate::store::{Batch, Commit, Key, KeyRange, MemoryStore, Store, StoreError, Tree, Value};

use crate::records::layout;

/// Records the invalid records that the engine has read, and refuses to let it overwrite them.
#[derive(Default)]
pub(super) struct Watch {
    store: MemoryStore,
    seen: Mutex<Seen>,
    fault: Fault,
}

/// The bug planted in the store itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fault {
    #[default]
    None,
    /// Loses a pool that is written while there are this many records or more. Those of the
    /// journal do not count.
    LosesPoolsFrom(usize),
}

#[derive(Default)]
struct Seen {
    /// Records that were read and found valid. Most are read again and again.
    right: BTreeMap<Key, Value>,
    /// Invalid records that were read during the current call.
    spoiled: BTreeSet<Key>,
    writes: usize,
    /// Whether the call may remove the remains of a deleted pool unread.
    removes: bool,
}

impl Watch {
    pub(super) fn with(fault: Fault) -> Self {
        Self { fault, ..Self::default() }
    }

    /// Plants records without checks.
    pub(super) fn plant(&self, entries: impl IntoIterator<Item = (Key, Value)>) {
        let mut batch = Batch::default();
        batch.puts.extend(entries);
        assert_eq!(self.store.commit(batch).ok(), Some(Commit::Done));
    }

    pub(super) fn value(&self, key: &Key) -> Option<Value> {
        let values = self.store.get(std::slice::from_ref(key)).expect("a store in memory");
        values.into_iter().next().flatten()
    }

    pub(super) fn entries(&self) -> Vec<(Key, Value)> {
        let all = |tree| self.store.scan(&KeyRange::prefix(tree, []), usize::MAX);
        Tree::ALL.into_iter().flat_map(|tree| all(tree).expect("a store in memory")).collect()
    }

    /// Starts a call. `removes` says whether it may remove the remains of a pool.
    pub(super) fn begin(&self, removes: bool) {
        let mut seen = self.seen();
        seen.spoiled.clear();
        seen.removes = removes;
    }

    /// Invalid records that were read during the current call.
    pub(super) fn spoiled(&self) -> BTreeSet<Key> {
        self.seen().spoiled.clone()
    }

    pub(super) fn writes(&self) -> usize {
        self.seen().writes
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("nobody panicked")
    }

    fn see(&self, key: &Key, value: &Value) {
        let mut seen = self.seen();
        if seen.right.get(key) == Some(value) {
        } else if layout::is_right(key, value) {
            seen.right.insert(key.clone(), value.clone());
        } else {
            seen.spoiled.insert(key.clone());
        }
    }

    fn loses_pools(&self) -> bool {
        match self.fault {
            Fault::None => false,
            Fault::LosesPoolsFrom(records) => watched(&self.entries()) >= records,
        }
    }
}

/// The number of records that are not of the journal, to which calls add by themselves.
pub(super) fn watched(entries: &[(Key, Value)]) -> usize {
    let is_event = |key: &Key| matches!(key.tree, Tree::Activity | Tree::Journal);
    entries.iter().filter(|(key, _)| !is_event(key)).count()
}

impl Store for Watch {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        let values = self.store.get(keys)?;
        for (key, value) in keys.iter().zip(&values) {
            if let Some(value) = value {
                self.see(key, value);
            }
        }
        Ok(values)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        let entries = self.store.scan(range, limit)?;
        for (key, value) in &entries {
            self.see(key, value);
        }
        Ok(entries)
    }

    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        let entries = self.store.scan_back(range, limit)?;
        for (key, value) in &entries {
            self.see(key, value);
        }
        Ok(entries)
    }

    fn commit(&self, mut batch: Batch) -> Result<Commit, StoreError> {
        for key in batch.written() {
            let seen = self.seen();
            let of_a_pool = matches!(key.tree, Tree::Activity | Tree::Journal | Tree::Logins);
            let removes = seen.removes && of_a_pool;
            assert!(removes || !seen.spoiled.contains(key), "overwrote a corrupt record: {key}");
        }
        for (key, value) in &batch.puts {
            assert!(layout::is_right(key, value), "an invalid record was written: {key}");
        }
        let writes = !batch.is_read_only();
        if writes && self.loses_pools() {
            batch.puts.retain(|(key, _)| key.tree != Tree::Pools);
        }
        let outcome = self.store.commit(batch)?;
        if writes && outcome == Commit::Done {
            self.seen().writes += 1;
        }
        Ok(outcome)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.store.sync()
    }
}
