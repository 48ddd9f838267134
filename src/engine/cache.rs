//! Decoded pools, coherent with every write.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::id::{Guid, IdentityPoolId};
use crate::state::Pool;
use crate::store::Value;

/// A pool and the bytes that it was decoded from.
#[derive(Debug)]
pub(super) struct KeptPool {
    pub(super) guid: Guid,
    pub(super) pool: Pool,
    pub(super) record: Value,
}

/// How many pools are kept decoded.
const POOLS_MAX: usize = 10_000;

/// The pools of a store that nobody else writes to.
///
/// While a pool is being written it is not kept and cannot come to be kept, so a reader sees it as
/// the store has it; what is kept is what the store has.
#[derive(Debug, Default)]
pub(super) struct PoolCache {
    kept: RwLock<Kept>,
    writes_begun: AtomicU64,
}

#[derive(Debug, Default)]
struct Kept {
    pools: BTreeMap<Guid, Arc<KeptPool>>,
    /// Rises with every write: what was read from the store before one is not kept after it.
    generation: u64,
    writers: usize,
}

impl PoolCache {
    /// How often pools were to be written. While that stays the same, what [`look_at`] has shown
    /// since is what the store has, and nobody waits for a lock to know.
    ///
    /// [`look_at`]: Self::look_at
    pub(super) fn writes_begun(&self) -> u64 {
        self.writes_begun.load(Ordering::SeqCst)
    }

    /// What a kept pool shows, without sharing it: threads that count one pool's references get in
    /// each other's way.
    pub(super) fn look_at<T>(
        &self,
        id: &IdentityPoolId,
        look: impl FnOnce(&Arc<KeptPool>) -> Option<T>,
    ) -> Option<T> {
        let guid = id.guid()?;
        let kept = self.kept.read();
        kept.pools.get(&guid).filter(|kept| kept.pool.id() == id).and_then(look)
    }

    /// The guid names the pool; an id with another region in front of it names nothing.
    pub(super) fn get(&self, id: &IdentityPoolId) -> Option<Arc<KeptPool>> {
        let kept = self.kept.read().pools.get(&id.guid()?).cloned();
        kept.filter(|kept| kept.pool.id() == id)
    }

    /// Whether the pool has not been written since it was got.
    pub(super) fn is_current(&self, pool: &Arc<KeptPool>) -> bool {
        self.kept.read().pools.get(&pool.guid).is_some_and(|kept| Arc::ptr_eq(kept, pool))
    }

    /// To be noted before a pool is read from the store that may be kept afterwards.
    pub(super) fn generation(&self) -> u64 {
        self.kept.read().generation
    }

    /// Keeps a pool that was read after `generation` was noted, unless a write came between.
    pub(super) fn keep(&self, generation: u64, pool: &Arc<KeptPool>) {
        let mut kept = self.kept.write();
        if kept.generation != generation || kept.writers > 0 {
            return;
        }
        if kept.pools.len() >= POOLS_MAX {
            kept.pools.clear();
        }
        kept.pools.insert(pool.guid, Arc::clone(pool));
    }

    /// To be held while pools are written.
    pub(super) fn writing(&self, guids: impl IntoIterator<Item = Guid>) -> Writing<'_> {
        let mut kept = self.kept.write();
        // Whoever saw a pool before its removal noted the count before.
        self.writes_begun.fetch_add(1, Ordering::SeqCst);
        kept.writers = kept.writers.saturating_add(1);
        for guid in guids {
            kept.pools.remove(&guid);
        }
        Writing { cache: self }
    }
}

/// Held while pools are written.
pub(super) struct Writing<'a> {
    cache: &'a PoolCache,
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        let mut kept = self.cache.kept.write();
        kept.writers = kept.writers.saturating_sub(1);
        kept.generation = kept.generation.wrapping_add(1);
    }
}
