//! A store in memory, whose content is lost when it is dropped.

use std::collections::BTreeMap;
use std::ops::Bound;

use parking_lot::Mutex;

use crate::store::view::{OpenViews, Present};
use crate::store::{Batch, Commit, Key, KeyRange, Store, StoreError, StoreView, Tree, Value};

/// A store without a disk, for tests and for emulators that start empty.
///
/// [`Builder::in_memory`](crate::Builder::in_memory) makes one for a single engine. Pass one to
/// [`Builder::open_exclusive`](crate::Builder::open_exclusive) to read it from outside, or to
/// [`Builder::open_shared`](crate::Builder::open_shared) to share it between engines.
#[derive(Debug, Default)]
pub struct MemoryStore {
    entries: Mutex<BTreeMap<Key, Value>>,
    views: OpenViews,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        let entries = self.entries.lock();
        Ok(keys.iter().map(|key| entries.get(key).cloned()).collect())
    }

    fn reads_one_moment(&self) -> bool {
        true
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        let entries = self.entries.lock();
        let from = Key::new(range.tree, range.start.clone());
        let within = entries.range(from..).take_while(|(key, _)| range.contains(key));
        Ok(within.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let entries = self.entries.lock();
        let from = Bound::Included(Key::new(range.tree, range.start.clone()));
        let within = entries.range((from, end_of(range))).rev();
        Ok(within.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn view(&self) -> Result<Option<Box<dyn StoreView + '_>>, StoreError> {
        Ok(Some(Box::new(self.views.open(self))))
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let mut entries = self.entries.lock();
        if batch.checks.iter().any(|(key, value)| entries.get(key) != value.as_ref()) {
            return Ok(Commit::Conflict);
        }
        let _saved = self.views.save(batch.written(), |key| Ok(entries.get(key).cloned()))?;
        for key in &batch.deletes {
            entries.remove(key);
        }
        entries.extend(batch.puts);
        Ok(Commit::Done)
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Present for MemoryStore {
    fn value(&self, key: &Key) -> Result<Option<Value>, StoreError> {
        Ok(self.entries.lock().get(key).cloned())
    }

    fn entries(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.scan(range, limit)
    }
}

/// The end of a range among the keys of all trees.
fn end_of(range: &KeyRange) -> Bound<Key> {
    let next_tree = || Tree::ALL.into_iter().find(|tree| *tree > range.tree);
    let end = match &range.end {
        Some(end) => Some(Key::new(range.tree, end.clone())),
        None => next_tree().map(|tree| Key::new(tree, [])),
    };
    end.map_or(Bound::Unbounded, Bound::Excluded)
}
