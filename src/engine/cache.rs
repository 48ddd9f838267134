//! A cache of decoded pools that is coherent with every write.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::id::Guid;
use crate::name::ProviderName;
use crate::state::Pool;
use crate::store::key::LoginKeys;
use crate::store::record::Record;
use crate::store::{Key, StoreError, Value, Version};
use crate::sync::{AtomicU64, RwLock};

/// A pool and the bytes that it was decoded from.
#[derive(Debug)]
pub(super) struct KeptPool {
    pub(super) guid: Guid,
    pub(super) pool: Pool,
    pub(super) record: Value,
    pub(super) version: Version,
    developer_logins: Option<LoginKeys>,
}

impl KeptPool {
    pub(super) fn decode(guid: Guid, key: &Key, record: Value) -> Result<Self, StoreError> {
        let pool = Pool::decode(key, &record)?;
        let provider = pool.settings.developer_provider_name.as_ref();
        let developer_logins = provider.map(|name| LoginKeys::of_developer(guid, name));
        let version = Version::of(&record);
        Ok(Self { guid, pool, record, version, developer_logins })
    }

    /// The key of a user's login, if `provider` is the pool's developer provider.
    pub(super) fn developer_login(&self, provider: &ProviderName, user: &str) -> Option<Key> {
        let name = self.pool.settings.developer_provider_name.as_ref()?;
        let keys = self.developer_logins.as_ref()?;
        (name.as_str() == provider.as_str()).then(|| keys.key(user))
    }
}

/// The maximum number of cached pools.
const POOLS_MAX: usize = 10_000;

/// A point between two writes of pools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Generation(u64);

/// The decoded pools of a store that was opened exclusively.
///
/// A pool is evicted before it is written and not cached again until the write ends, so a cached
/// pool equals the stored one.
#[derive(Debug, Default)]
pub(super) struct PoolCache {
    kept: RwLock<Kept>,
    /// Increases when a write begins and when it ends. Results from before are not relied on
    /// afterwards.
    generation: AtomicU64,
}

#[derive(Debug, Default)]
struct Kept {
    pools: BTreeMap<Guid, Arc<KeptPool>>,
    writers: usize,
}

impl PoolCache {
    pub(super) fn get(&self, guid: Guid) -> Option<Arc<KeptPool>> {
        self.kept.read().pools.get(&guid).cloned()
    }

    /// The pool as of `generation`, unless a pool was written since.
    pub(super) fn get_as_of(&self, generation: Generation, guid: Guid) -> Option<Arc<KeptPool>> {
        let kept = self.kept.read();
        kept.pools.get(&guid).filter(|_| self.is_unchanged_since(generation)).cloned()
    }

    /// Takes a value from a cached pool without cloning its `Arc`. Threads that count references to
    /// the same pool slow each other down.
    pub(super) fn look_at<T>(
        &self,
        guid: Guid,
        look: impl FnOnce(&KeptPool) -> Option<T>,
    ) -> Option<T> {
        self.kept.read().pools.get(&guid).and_then(|kept| look(kept))
    }

    /// The current generation. Note it before any read that is passed to
    /// [`is_unchanged_since`](Self::is_unchanged_since) or [`keep`](Self::keep).
    pub(super) fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::SeqCst))
    }

    /// Returns true if no write of a pool began or ended since. In that case one read of the store
    /// and the cached pools show one committed state.
    pub(super) fn is_unchanged_since(&self, generation: Generation) -> bool {
        self.generation() == generation
    }

    /// Caches a pool that was read after `generation` was noted, unless a pool was written since.
    pub(super) fn keep(&self, generation: Generation, pool: &Arc<KeptPool>) {
        let mut kept = self.kept.write();
        if !self.is_unchanged_since(generation) || kept.writers > 0 {
            return;
        }
        if kept.pools.len() >= POOLS_MAX {
            kept.pools.clear();
        }
        kept.pools.insert(pool.guid, Arc::clone(pool));
    }

    /// Marks pools as being written. Hold the guard until the write ends.
    pub(super) fn writing(&self, guids: impl IntoIterator<Item = Guid>) -> Writing<'_> {
        let mut kept = self.kept.write();
        // Under the lock: a reader that saw a pool before its eviction has noted the old
        // generation.
        self.generation.fetch_add(1, Ordering::SeqCst);
        kept.writers = kept.writers.saturating_add(1);
        for guid in guids {
            kept.pools.remove(&guid);
        }
        Writing { cache: self }
    }
}

/// A guard for pools that are being written.
pub(super) struct Writing<'a> {
    cache: &'a PoolCache,
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        let mut kept = self.cache.kept.write();
        kept.writers = kept.writers.saturating_sub(1);
        self.cache.generation.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(all(test, cognate_loom))]
mod model {
    use loom::thread;

    use super::*;
    use crate::ambient::Timestamp;
    use crate::id::IdentityPoolId;
    use crate::name::Region;
    use crate::state::IdentityPool;

    const GUID: Guid = Guid([7; 16]);

    fn kept(pool: &Pool, version: u8) -> Arc<KeptPool> {
        let (pool, record) = (pool.clone(), vec![version]);
        let version = Version::of(&record);
        Arc::new(KeptPool { guid: GUID, pool, record, version, developer_logins: None })
    }

    /// A store of one pool, whose record is the number of its version.
    #[derive(Default)]
    struct Shared {
        cache: PoolCache,
        stored: loom::sync::Mutex<u8>,
    }

    impl Shared {
        fn read(&self) -> u8 {
            *self.stored.lock().expect("no panic")
        }

        fn write(&self) {
            let _writing = self.cache.writing([GUID]);
            *self.stored.lock().expect("no panic") += 1;
        }

        fn keep(&self, pool: &Pool) {
            let generation = self.cache.generation();
            self.cache.keep(generation, &kept(pool, self.read()));
        }

        /// Follows a lookup: a cached pool and one read of the store.
        fn look_up(&self) {
            let generation = self.cache.generation();
            let Some(pool) = self.cache.get_as_of(generation, GUID) else { return };
            let stored = self.read();
            if self.cache.is_unchanged_since(generation) {
                assert_eq!(pool.record, [stored], "both show one committed state");
            }
        }
    }

    fn check(preemptions: Option<usize>, threads: &'static [fn(&Shared, &Pool)]) {
        let region: Region = "us-east-1".parse().expect("a region");
        let settings = IdentityPool {
            identity_pool_id: IdentityPoolId::new(&region, GUID),
            identity_pool_name: "game".parse().expect("a name"),
            allow_unauthenticated_identities: true,
            allow_classic_flow: None,
            supported_login_providers: BTreeMap::new(),
            developer_provider_name: None,
            open_id_connect_provider_arns: Vec::new(),
            cognito_identity_providers: Vec::new(),
            saml_provider_arns: Vec::new(),
            identity_pool_tags: BTreeMap::new(),
        };
        let account = "123456789012".parse().expect("an account");
        let pool = Pool::new((account, region), Timestamp::from_millis(0), settings);
        let mut model = loom::model::Builder::new();
        model.preemption_bound = preemptions;
        model.check(move || {
            let shared = Arc::new(Shared::default());
            let threads: Vec<_> = threads
                .iter()
                .map(|run| {
                    let (shared, pool) = (Arc::clone(&shared), pool.clone());
                    thread::spawn(move || run(&shared, &pool))
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
            if let Some(pool) = shared.cache.get(GUID) {
                assert_eq!(pool.record, [shared.read()], "a cached pool equals the stored one");
            }
        });
    }

    #[test]
    fn a_reader_and_a_writer() {
        check(
            None,
            &[
                |shared, pool| {
                    shared.keep(pool);
                    shared.look_up();
                },
                |shared, _| {
                    shared.write();
                    shared.write();
                },
            ],
        );
    }

    #[test]
    fn a_reader_and_two_writers() {
        check(
            Some(3),
            &[
                |shared, pool| {
                    shared.keep(pool);
                    shared.look_up();
                },
                |shared, _| shared.write(),
                |shared, _| shared.write(),
            ],
        );
    }
}

#[cfg(all(test, not(cognate_loom)))]
mod tests {
    use super::*;
    use crate::operation::{CreateIdentityPoolInput, GuestAccess};
    use crate::store::{MemoryStore, Store};

    /// The record of a pool.
    fn record() -> Value {
        let store = Arc::new(MemoryStore::new());
        let engine =
            crate::engine::Engine::builder().open_exclusive(Arc::clone(&store)).expect("opens");
        let aws = engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
        aws.create_identity_pool(input).expect("creates");
        let range = crate::store::KeyRange::all(crate::store::Tree::Pools);
        store.scan(&range, 1).expect("reads").remove(0).1
    }

    #[test]
    fn the_cache_has_a_bound() {
        let (cache, record) = (PoolCache::default(), record());
        let guid = |number: usize| Guid((number as u128).to_be_bytes());
        for number in 0..POOLS_MAX + 10 {
            let guid = guid(number);
            let pool = KeptPool::decode(guid, &Key::pool(guid), record.clone()).expect("a pool");
            cache.keep(cache.generation(), &Arc::new(pool));
            assert!(cache.get(guid).is_some(), "the newest one is kept");
            assert!(cache.kept.read().pools.len() <= POOLS_MAX, "after {number}");
        }
        assert!(cache.get(guid(0)).is_none(), "earlier ones were dropped");
    }
}
