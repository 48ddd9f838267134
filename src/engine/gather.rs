//! Reads of a decision. Each key that is read becomes a check of the decision's batch.

mod ahead;

use std::sync::Arc;

use crate::engine::cache::{Generation, KeptPool, PoolCache};
use crate::engine::gather::ahead::Ahead;
use crate::engine::{Core, Developer};
use crate::error::Result;
use crate::id::{AccountId, Guid, IdentityId, IdentityPoolId, Region};
use crate::rules::Refusal;
use crate::rules::rule::AppliedRule;
use crate::state::{Identity, Login, Pool};
use crate::store::key::{Place, corrupt};
use crate::store::record::{Address, Owner, PoolCount, Record};
use crate::store::{Key, KeyRange, Store, Tree, Value, Visitor, entries};

/// The reads of one attempt of an operation.
pub(super) struct Reads<'a> {
    pub(super) core: &'a Core,
    pub(super) seen: Vec<(Key, Option<Value>)>,
    /// Noted before the first read, if there is a cache of pools.
    pub(super) generation: Option<Generation>,
    /// Pools taken from the cache, or on a hint.
    pub(super) kept_pools: Vec<Arc<KeptPool>>,
    /// True if a range was scanned; its entries are not in `seen`.
    pub(super) scanned: bool,
    /// Chosen ids of new identities, each with its pool.
    pub(super) chosen: Vec<(Guid, Guid)>,
    /// The rule that has decided, or has refused, once it is known.
    pub(super) rule: Option<AppliedRule>,
    /// Whether the decision will only be explained.
    pub(super) is_for_explanation: bool,
    ahead: Ahead,
}

impl<'a> Reads<'a> {
    pub(super) fn new(core: &'a Core) -> Self {
        let generation = core.pools.as_ref().map(PoolCache::generation);
        Self {
            core,
            seen: Vec::new(),
            generation,
            kept_pools: Vec::new(),
            scanned: false,
            chosen: Vec::new(),
            rule: None,
            is_for_explanation: false,
            ahead: Ahead::default(),
        }
    }

    /// A pool of the calling account and region.
    pub(super) fn pool(
        &mut self,
        caller: &Developer,
        id: &IdentityPoolId,
    ) -> Result<Arc<KeptPool>> {
        let found = self.any_pool(id)?;
        found
            .filter(|kept| caller.owns(&kept.pool))
            .ok_or_else(|| Refusal::PoolNotFound { identity_pool_id: id.clone() }.into())
    }

    /// A pool of any owner.
    pub(super) fn any_pool(&mut self, id: &IdentityPoolId) -> Result<Option<Arc<KeptPool>>> {
        let Some(guid) = id.guid() else { return Ok(None) };
        let found = match self.kept_pool(guid) {
            Some(kept) => Some(kept),
            None => self.read_pool(guid)?,
        };
        // The guid finds the pool, but an id with another region does not name it.
        Ok(found.filter(|kept| kept.pool.id() == id))
    }

    fn kept_pool(&mut self, guid: Guid) -> Option<Arc<KeptPool>> {
        let Some(cache) = &self.core.pools else { return self.hinted_pool(guid) };
        let kept = cache.get(guid)?;
        if !self.kept_pools.iter().any(|known| Arc::ptr_eq(known, &kept)) {
            self.kept_pools.push(Arc::clone(&kept));
        }
        Some(kept)
    }

    fn read_pool(&mut self, guid: Guid) -> Result<Option<Arc<KeptPool>>> {
        let key = Key::pool(guid);
        let Some(record) = self.value(&key)? else { return Ok(None) };
        let pool = Arc::new(KeptPool::decode(guid, &key, record)?);
        match (&self.core.pools, self.generation) {
            (Some(cache), Some(generation)) => cache.keep(generation, &pool),
            _ => self.core.hints.keep(&pool),
        }
        Ok(Some(pool))
    }

    /// Every pool there is.
    pub(super) fn all_pools(&mut self) -> Result<Vec<(Guid, Pool)>> {
        self.scanned = true;
        let mut pools = Vec::new();
        for entry in entries(&self.core.store, KeyRange::all(Tree::Pools)) {
            let (key, value) = entry?;
            let guid = key.guid().ok_or_else(|| corrupt(&key, "not the key of a pool"))?;
            pools.push((guid, Pool::decode(&key, &value)?));
            self.seen.push((key, Some(value)));
        }
        Ok(pools)
    }

    /// The number of pools of an account in a region.
    pub(super) fn pool_count(&mut self, account: &AccountId, region: &Region) -> Result<u32> {
        let count: Option<PoolCount> = self.record(&Key::account(account, region))?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// An identity of a pool that still exists, together with the pool.
    pub(super) fn identity(
        &mut self,
        id: &IdentityId,
    ) -> Result<Option<(Arc<KeptPool>, Identity)>> {
        let Some(guid) = id.guid() else { return Ok(None) };
        let Some(address) = self.record::<Address>(&Key::identity_index(guid))? else {
            return Ok(None);
        };
        let place = Place { created: address.created, guid };
        let found: Option<Identity> = self.record(&Key::identity(address.pool, place))?;
        let Some(found) = found.filter(|identity| identity.id() == id) else { return Ok(None) };
        // Identities of a deleted pool are gone, even while their records are still being removed.
        let pool = self.any_pool(found.pool())?;
        Ok(pool.map(|pool| (pool, found)))
    }

    /// An identity of any owner, together with its pool.
    pub(super) fn known_identity(&mut self, id: &IdentityId) -> Result<(Arc<KeptPool>, Identity)> {
        let found = self.identity(id)?;
        found.ok_or_else(|| Refusal::IdentityNotFound { identity_id: id.clone() }.into())
    }

    /// An identity of this pool.
    pub(super) fn identity_of(&mut self, pool: &KeptPool, id: &IdentityId) -> Result<Identity> {
        let not_found = || Refusal::IdentityNotFound { identity_id: id.clone() };
        let guid = id.guid().ok_or_else(not_found)?;
        let address: Option<Address> = self.record(&Key::identity_index(guid))?;
        let address = address.filter(|address| address.pool == pool.guid).ok_or_else(not_found)?;
        let place = Place { created: address.created, guid };
        let found: Option<Identity> = self.record(&Key::identity(pool.guid, place))?;
        found.filter(|identity| identity.id() == id).ok_or_else(|| not_found().into())
    }

    /// The places of the identities that have the logins. A login that is not found is also looked
    /// up with a final slash in its provider's name, as older engines stored it.
    pub(super) fn owners(
        &mut self,
        pool: &KeptPool,
        logins: &[Login],
    ) -> Result<Vec<Option<Place>>> {
        let keys = logins.iter().map(|login| Key::login(pool.guid, login));
        let mut owners = Vec::with_capacity(logins.len());
        if self.core.is_shared() {
            self.will_read_logins(pool, logins);
            for key in keys {
                owners.push(self.record(&key)?.map(|Owner(place)| place));
            }
        } else {
            let keys: Vec<Key> = keys.collect();
            let values = self.core.store.get(&keys)?;
            for (key, value) in keys.into_iter().zip(values) {
                let owner = value.as_deref().map(|value| Owner::decode(&key, value)).transpose();
                self.seen.push((key, value));
                owners.push(owner?.map(|Owner(place)| place));
            }
        }
        for (owner, login) in owners.iter_mut().zip(logins).filter(|(owner, _)| owner.is_none()) {
            let Some(key) = Key::login_with_slash(pool.guid, login) else { continue };
            *owner = self.record(&key)?.map(|Owner(place)| place);
            // No engine puts the key with the slash any more, and while it is there, none puts the
            // key without it.
            let absent = if owner.is_none() { key } else { Key::login(pool.guid, login) };
            self.seen.retain(|(seen, _)| *seen != absent);
        }
        Ok(owners)
    }

    /// Announces the logins that [`owners`](Self::owners) will look up.
    pub(super) fn will_read_logins(&mut self, pool: &KeptPool, logins: &[Login]) {
        let guid = pool.guid;
        self.will_read(logins.iter().flat_map(|login| {
            let with_slash = Key::login_with_slash(guid, login);
            std::iter::once(Key::login(guid, login)).chain(with_slash)
        }));
    }

    /// Leaves out of the checks that a key was absent. For decisions that would be the same if it
    /// appeared.
    pub(super) fn ignore_absent(&mut self) {
        self.seen.retain(|(_, value)| value.is_some());
    }

    /// The identity at a place taken from a login or from the index.
    pub(super) fn identity_at(&mut self, pool: &KeptPool, place: Place) -> Result<Identity> {
        let key = Key::identity(pool.guid, place);
        let found: Option<Identity> = self.record(&key)?;
        // INVARIANT I1
        found.ok_or_else(|| corrupt(&key, "a login points at an identity that is missing").into())
    }

    /// The identities at places, without duplicates.
    pub(super) fn identities_at(
        &mut self,
        pool: &KeptPool,
        places: impl IntoIterator<Item = Place>,
    ) -> Result<Vec<Identity>> {
        let mut places: Vec<Place> = places.into_iter().collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|place| self.identity_at(pool, place)).collect()
    }

    /// Entries of a range. They are not checked: other calls may change them before the commit.
    pub(super) fn scan(&mut self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>> {
        self.scanned = true;
        Ok(self.core.store.scan(range, limit)?)
    }

    /// The last entries of a range, the last one first. They are read without checks, as those of
    /// [`scan`](Self::scan).
    pub(super) fn scan_back(
        &mut self,
        range: &KeyRange,
        limit: usize,
    ) -> Result<Vec<(Key, Value)>> {
        self.scanned = true;
        Ok(self.core.store.scan_back(range, limit)?)
    }

    /// Like `scan`, but passes the entries to a visitor one by one.
    pub(super) fn visit(
        &mut self,
        range: &KeyRange,
        limit: usize,
        visitor: Visitor<'_>,
    ) -> Result<()> {
        self.scanned = true;
        Ok(self.core.store.visit(range, limit, visitor)?)
    }

    pub(super) fn record<R: Record>(&mut self, key: &Key) -> Result<Option<R>> {
        let value = self.value(key)?;
        Ok(value.map(|value| R::decode(key, &value)).transpose()?)
    }

    /// The value of a key.
    pub(super) fn value(&mut self, key: &Key) -> Result<Option<Value>> {
        if let Some((_, value)) = self.seen.iter().find(|(seen, _)| seen == key) {
            return Ok(value.clone());
        }
        let value = if self.core.is_shared() {
            self.read_ahead(key)?
        } else {
            self.core.store.get_one(key)?
        };
        self.seen.push((key.clone(), value.clone()));
        Ok(value)
    }
}

impl Developer {
    pub(super) fn owns(&self, pool: &Pool) -> bool {
        pool.account == self.account && pool.region == self.region
    }
}
