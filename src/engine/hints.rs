//! Pools that an engine remembers of a shared store.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::engine::cache::KeptPool;
use crate::id::Guid;

/// The maximum number of remembered pools.
const POOLS_MAX: usize = 10_000;

/// Decoded pools of a store that other engines may write too.
///
/// A remembered pool may have changed, so it is a hint: a decision is made with it, and no answer
/// leaves the engine before the store has confirmed its version.
#[derive(Debug, Default)]
pub(super) struct Hints {
    pools: RwLock<HashMap<Guid, Arc<KeptPool>>>,
}

impl Hints {
    pub(super) fn get(&self, guid: Guid) -> Option<Arc<KeptPool>> {
        self.pools.read().get(&guid).cloned()
    }

    pub(super) fn keep(&self, pool: &Arc<KeptPool>) {
        let mut pools = self.pools.write();
        if pools.len() >= POOLS_MAX {
            pools.clear();
        }
        pools.insert(pool.guid, Arc::clone(pool));
    }

    pub(super) fn forget(&self, guid: Guid) {
        self.pools.write().remove(&guid);
    }
}
