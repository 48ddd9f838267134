//! A store that fails on demand.

use std::sync::atomic::{AtomicBool, Ordering};

use cognate::store::{Batch, Commit, Key, KeyRange, MemoryStore, Store, StoreError, Value};

/// Keeps records in memory until it is told to fail reads or to lose every race.
#[derive(Default)]
pub(crate) struct Faulty {
    records: MemoryStore,
    pub(crate) broken: AtomicBool,
    pub(crate) lost: AtomicBool,
}

impl Faulty {
    fn whole(&self) -> Result<&MemoryStore, StoreError> {
        let broken = self.broken.load(Ordering::Relaxed);
        if broken { Err(StoreError::failed("the disk is on fire")) } else { Ok(&self.records) }
    }
}

impl Store for Faulty {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.whole()?.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.whole()?.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let lost = self.lost.load(Ordering::Relaxed) && !batch.is_read_only();
        if lost { Ok(Commit::Conflict) } else { self.whole()?.commit(batch) }
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.whole()?.sync()
    }
}
