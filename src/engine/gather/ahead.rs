//! Reads of a shared store: as few as possible, each of as many keys as are known to be needed.
//!
//! A decision names the keys that it will read with [`Reads::will_read`]. The first of them that it
//! asks for is read together with the others. A record that names another one is followed: the
//! other one is read with the next read. Each read also reads again, by their versions, the records
//! that the decision has seen before and the pools that it has taken on a hint. If the store reads
//! one moment, everything that a decision has seen is then of the moment of its last read, and its
//! answer needs no commit to confirm it.

use std::sync::Arc;

use crate::engine::cache::KeptPool;
use crate::engine::gather::Reads;
use crate::error::{Error, Result};
use crate::id::{Guid, IdentityId};
use crate::store::key::{Place, corrupt};
use crate::store::record::{self, Address, Owner, Record as _};
use crate::store::{Key, Refreshed, Store as _, Tree, Value, Version};

/// The keys that the next read takes along, and the values that nobody has asked for yet.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    wanted: Vec<Key>,
    values: Vec<(Key, Option<Value>)>,
    /// The number of kept pools that the last read has confirmed.
    confirmed_pools: usize,
    /// Something that was read has changed, so that no answer can be based on it.
    is_stale: bool,
}

impl Reads<'_> {
    /// Announces keys, so that one read of a shared store takes all of them.
    pub(in crate::engine) fn will_read(&mut self, keys: impl IntoIterator<Item = Key>) {
        if self.core.is_shared() {
            self.ahead.wanted.extend(keys);
        }
    }

    /// Starts with values of one earlier moment, which a commit has brought along.
    pub(in crate::engine) fn begin_with(&mut self, current: Vec<(Key, Option<Value>)>) {
        self.ahead.values = current;
    }

    /// Whether a record has changed since the attempt has read it.
    pub(in crate::engine) fn is_stale(&self) -> bool {
        self.ahead.is_stale
    }

    /// Whether pools or entries of a range are used that the last read has not confirmed.
    pub(in crate::engine) fn is_unconfirmed(&self) -> bool {
        self.scanned || self.ahead.confirmed_pools < self.kept_pools.len()
    }

    /// The value of a key that is not among the seen ones.
    pub(super) fn read_ahead(&mut self, key: &Key) -> Result<Option<Value>> {
        if let Some(at) = self.ahead.values.iter().position(|(known, _)| known == key) {
            return Ok(self.ahead.values.swap_remove(at).1);
        }
        self.read(Some(key))?;
        let first = self.ahead.values.iter().position(|(known, _)| known == key);
        Ok(first.and_then(|at| self.ahead.values.swap_remove(at).1))
    }

    /// Reports a corrupt record that was read along, although the decision has not asked for it.
    pub(in crate::engine) fn check_unasked(&self) -> Result<()> {
        let unasked = self.ahead.values.iter();
        for (key, value) in unasked.filter_map(|(key, value)| Some((key, value.as_ref()?))) {
            record::check(key, value)?;
        }
        Ok(())
    }

    /// Confirms everything that the decision has seen.
    pub(in crate::engine) fn confirm(&mut self) -> Result<()> {
        self.ahead.wanted.clear();
        self.read(None)
    }

    /// The pool of this attempt, or else the one that the engine remembers.
    pub(super) fn hinted_pool(&mut self, guid: Guid) -> Option<Arc<KeptPool>> {
        if let Some(kept) = self.kept_pools.iter().find(|kept| kept.guid == guid) {
            return Some(Arc::clone(kept));
        }
        let key = Key::pool(guid);
        let is_read = |read: &[(Key, Option<Value>)]| read.iter().any(|(known, _)| *known == key);
        if is_read(&self.seen) || is_read(&self.ahead.values) {
            return None;
        }
        let hint = self.core.hints.get(guid)?;
        self.kept_pools.push(Arc::clone(&hint));
        Some(hint)
    }

    /// The pool of an identity, if the engine remembers it.
    pub(in crate::engine) fn hinted_pool_of(
        &mut self,
        id: &IdentityId,
    ) -> Result<Option<Arc<KeptPool>>> {
        let Some(guid) = id.guid().filter(|_| self.core.is_shared()) else { return Ok(None) };
        let address: Option<Address> = self.record(&Key::identity_index(guid))?;
        Ok(address.and_then(|address| self.hinted_pool(address.pool)))
    }

    /// Reads `key` and all that is wanted, and confirms what was read before.
    fn read(&mut self, key: Option<&Key>) -> Result<()> {
        let mut asked: Vec<(Key, Option<Version>)> = Vec::new();
        let mut wanted = std::mem::take(&mut self.ahead.wanted);
        // A pool that is remembered is confirmed instead.
        wanted.retain(|key| {
            let pool = key.guid().filter(|_| key.tree == Tree::Pools);
            pool.and_then(|guid| self.hinted_pool(guid)).is_none()
        });
        for key in key.cloned().into_iter().chain(wanted) {
            let is_known = self.seen.iter().chain(&self.ahead.values).any(|(seen, _)| *seen == key)
                || asked.iter().any(|(asked, _)| *asked == key);
            if !is_known {
                asked.push((key, None));
            }
        }
        let new = asked.len();
        let pools = self.kept_pools.iter();
        asked.extend(pools.map(|kept| (Key::pool(kept.guid), Some(kept.version))));
        let is_one_moment = self.core.store.reads_one_moment();
        if is_one_moment {
            let earlier = self.seen.iter().chain(&self.ahead.values);
            asked.extend(
                earlier.map(|(key, value)| (key.clone(), value.as_deref().map(Version::of))),
            );
        }
        let answers = self.core.store.refresh(&asked)?;
        let mut answers = asked.into_iter().zip(answers);
        let mut found = Vec::with_capacity(new);
        for ((key, _), answer) in answers.by_ref().take(new) {
            let value = match answer {
                Refreshed::Absent => None,
                Refreshed::Value(value) => Some(value),
                Refreshed::Unchanged => return Err(corrupt(&key, "has no known version").into()),
            };
            found.push((key, value));
        }
        for ((key, known), answer) in answers {
            let is_same = match answer {
                Refreshed::Unchanged => known.is_some(),
                Refreshed::Absent => known.is_none(),
                Refreshed::Value(_) => false,
            };
            if !is_same {
                self.ahead.is_stale = true;
                if let (Tree::Pools, Some(guid)) = (key.tree, key.guid()) {
                    self.core.hints.forget(guid);
                }
            }
        }
        if self.ahead.is_stale {
            return Err(Error::Contended);
        }
        if is_one_moment {
            self.scanned = false;
            self.ahead.confirmed_pools = self.kept_pools.len();
        }
        for (key, value) in &found {
            if let Some(value) = value {
                self.follow(key, value);
            }
        }
        self.ahead.values.extend(found);
        Ok(())
    }

    /// Wants the identity that a login or the index names. A record that does not decode is
    /// reported when the decision asks for it, or at its end.
    fn follow(&mut self, key: &Key, value: &[u8]) {
        match key.tree {
            Tree::Logins => {
                if let (Some(pool), Ok(Owner(place))) =
                    (key.leading_pool(), Owner::decode(key, value))
                {
                    self.ahead.wanted.push(Key::identity(pool, place));
                }
            }
            Tree::IdentityIndex => {
                if let (Some(guid), Ok(Address { pool, created })) =
                    (key.guid(), Address::decode(key, value))
                {
                    let identity = Key::identity(pool, Place { created, guid });
                    self.ahead.wanted.extend([identity, Key::pool(pool)]);
                }
            }
            Tree::Accounts
            | Tree::Activity
            | Tree::Deletions
            | Tree::Identities
            | Tree::Journal
            | Tree::Pools
            | Tree::PoolListing
            | Tree::SessionKeys
            | Tree::SigningKeys => {}
        }
    }
}
