//! The records that a salvaged database keeps.

mod journal;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::error::Result;
use crate::id::Guid;
use crate::salvage::{Loss, Salvage};
use crate::state::{Identity, Pool, PrivateKey, StoredKey};
use crate::store::key::Place;
use crate::store::record::{Address, Deletion, Numbered, Owner, PoolCount, PoolEntry, Record};
use crate::store::{
    Batch, Commit, Found, Key, KeyRange, SledStore, Store, StoreError, Tree, Wreck, entries,
};

const POOL_GONE: &str = "the pool is gone, with its roles and identities";
const IDENTITY_GONE: &str = "the identity's id is not found, and its users get new identities";
const EVENT_GONE: &str = "the history lacks the event";
const LOGIN_GONE: &str = "the user of the login gets a new identity";

/// Copies to an empty store what can be read.
pub(super) fn sift(wreck: &Wreck, new: &SledStore) -> Result<Salvage> {
    let mut sift = Sift {
        wreck,
        new,
        pools: HashMap::new(),
        deleted: HashSet::new(),
        counts: BTreeMap::new(),
        left_out: Vec::new(),
        made_anew: Vec::new(),
    };
    if let Some(shortfall) = wreck.shortfall()? {
        let effect = "records that are not named below may be old or missing".to_owned();
        sift.left_out.push(Loss { key: None, reason: shortfall, effect });
    }
    sift.pools()?;
    sift.identities()?;
    sift.journal()?;
    sift.keys()?;
    sift.pools_that_are_gone()?;
    sift.identities_that_are_gone()?;
    let mut kept = Vec::new();
    for tree in Tree::ALL {
        let mut count: u64 = 0;
        for entry in entries(new, KeyRange::all(tree)) {
            entry?;
            count = count.saturating_add(1);
        }
        kept.push((tree, count));
    }
    Ok(Salvage { kept, left_out: sift.left_out, made_anew: sift.made_anew })
}

struct Sift<'a> {
    wreck: &'a Wreck,
    new: &'a SledStore,
    pools: HashMap<Guid, Pool>,
    /// Pools whose records were being removed.
    deleted: HashSet<Guid>,
    /// The number of pools that are left of each account in a region.
    counts: BTreeMap<Key, u32>,
    left_out: Vec<Loss>,
    made_anew: Vec<Loss>,
}

impl Sift<'_> {
    fn leave_out(&mut self, key: &Key, reason: impl Into<String>, effect: &str) {
        let (key, effect) = (Some(key.clone()), effect.to_owned());
        self.left_out.push(Loss { key, reason: reason.into(), effect });
    }

    fn make_anew(&mut self, key: Key, effect: &str) {
        let (reason, effect) = ("the record was not there".to_owned(), effect.to_owned());
        self.made_anew.push(Loss { key: Some(key), reason, effect });
    }

    /// Visits every record of a tree that decodes, and leaves out the others.
    fn each<R: Record>(
        &mut self,
        tree: Tree,
        mut visit: impl FnMut(&mut Self, &Key, R, &[u8]) -> Result<(), StoreError>,
    ) -> Result<()> {
        let wreck = self.wreck;
        wreck.each(tree, &mut |found| {
            let (key, reason) = match found {
                Found::Record(key, value) => match R::decode(key, value) {
                    Ok(record) => return visit(self, key, record, value),
                    Err(_) => (key, "the record does not decode".to_owned()),
                },
                Found::Broken(key) => (key, "a piece of the record is missing".to_owned()),
                Found::Gap(from, Some(to)) => {
                    (from, format!("from here to {to} nothing can be read"))
                }
                Found::Gap(from, None) => (from, "from here on nothing can be read".to_owned()),
            };
            self.leave_out(key, reason, effect(tree));
            Ok(())
        })?;
        Ok(())
    }

    fn get<R: Record>(&self, key: &Key) -> Option<R> {
        R::decode(key, &self.wreck.get(key)?).ok()
    }

    fn write(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.new.commit(batch)
    }

    fn pools(&mut self) -> Result<()> {
        self.each::<Deletion>(Tree::Deletions, |sift, key, _, _| {
            match key.guid() {
                Some(pool) => drop(sift.deleted.insert(pool)),
                None if *key == Key::unfinished_copy() => {
                    let effect = "records that are not named below may be missing";
                    sift.leave_out(key, "a copy into the database did not finish", effect);
                }
                None => sift.leave_out(key, "not a pool's mark", "none"),
            }
            Ok(())
        })?;
        self.each::<Pool>(Tree::Pools, |sift, key, pool, value| {
            let Some(guid) = key.guid().filter(|guid| !sift.deleted.contains(guid)) else {
                sift.leave_out(key, "the pool was deleted", "none");
                return Ok(());
            };
            let listing = Key::pool_listing(&pool.account, &pool.region, pool.created, guid);
            let entry = PoolEntry(pool.settings.identity_pool_name.clone());
            let mut batch = Batch::default();
            batch.puts.push((key.clone(), value.to_vec()));
            batch.puts.push((listing.clone(), entry.encode()?));
            sift.write(batch)?;
            if sift.get(&listing) != Some(entry) {
                sift.make_anew(listing, "the pool is listed again; it may have been deleted");
            }
            let count = sift.counts.entry(Key::account(&pool.account, &pool.region)).or_default();
            *count = count.saturating_add(1);
            sift.pools.insert(guid, pool);
            Ok(())
        })?;
        let mut batch = Batch::default();
        for (key, count) in &self.counts {
            batch.puts.push((key.clone(), PoolCount(*count).encode()?));
        }
        self.write(batch)?;
        Ok(())
    }

    fn identities(&mut self) -> Result<()> {
        self.each::<Identity>(Tree::Identities, |sift, key, identity, value| {
            let Some((pool, place)) = key.identity_parts() else { return Ok(()) };
            if sift.deleted.contains(&pool) {
                return Ok(());
            }
            if sift.pools.get(&pool).is_none_or(|pool| pool.id() != identity.pool()) {
                sift.leave_out(key, "the identity's pool is not there", IDENTITY_GONE);
                return Ok(());
            }
            let mut batch = Batch::default();
            let mut anew = Vec::new();
            let address = Address { pool, created: place.created };
            let index = Key::identity_index(place.guid);
            if sift.get(&index) != Some(address) {
                anew.push((index.clone(), "the identity is kept; it may have been deleted"));
            }
            batch.puts.push((key.clone(), value.to_vec()));
            batch.puts.push((index, address.encode()?));
            let mut is_outdated = false;
            for login in identity.logins() {
                let login_key = Key::login(pool, login);
                let with_slash = Key::login_with_slash(pool, login);
                let found: Option<Owner> = sift.get(&login_key);
                if let Some(Owner(owner)) = found.or_else(|| sift.get(&with_slash?)) {
                    is_outdated |= owner != place;
                } else {
                    let effect = "the login opens its identity; it may have been unlinked";
                    anew.push((login_key.clone(), effect));
                }
                batch.checks.push((login_key.clone(), None));
                batch.puts.push((login_key, Owner(place).encode()?));
            }
            if is_outdated || sift.write(batch)? == Commit::Conflict {
                let reason = "another identity has a login of it: the record is outdated";
                sift.leave_out(key, reason, IDENTITY_GONE);
                return Ok(());
            }
            for (key, effect) in anew {
                sift.make_anew(key, effect);
            }
            Ok(())
        })
    }

    fn keys(&mut self) -> Result<()> {
        self.each::<Numbered<PrivateKey>>(Tree::SessionKeys, |sift, key, _, value| {
            sift.keep_key(key, value, key.session_key_number().is_some())
        })?;
        self.each::<Numbered<StoredKey>>(Tree::SigningKeys, |sift, key, _, value| {
            sift.keep_key(key, value, key.signing_key_parts().is_some())
        })
    }

    fn keep_key(&mut self, key: &Key, value: &[u8], is_named: bool) -> Result<(), StoreError> {
        if !is_named {
            self.leave_out(key, "not the name of a key", effect(key.tree));
            return Ok(());
        }
        let mut batch = Batch::default();
        batch.puts.push((key.clone(), value.to_vec()));
        self.write(batch).map(drop)
    }

    fn pools_that_are_gone(&mut self) -> Result<()> {
        self.each::<PoolEntry>(Tree::PoolListing, |sift, key, PoolEntry(name), _| {
            let is_deleted = key.trailing_guid().is_some_and(|guid| sift.deleted.contains(&guid));
            if !is_deleted && sift.new.get_one(key)?.is_none() {
                sift.leave_out(key, format!("the pool `{name}` cannot be read"), POOL_GONE);
            }
            Ok(())
        })?;
        let mut uncounted = self.counts.clone();
        self.each::<PoolCount>(Tree::Accounts, |sift, key, PoolCount(counted), _| {
            let left = uncounted.remove(key).unwrap_or(0);
            if left != counted {
                let reason = format!("the account had {counted} pools in the region, not {left}");
                sift.leave_out(key, reason, "the other pools are gone, or deleted ones are back");
            }
            Ok(())
        })?;
        for key in uncounted.into_keys() {
            self.make_anew(key, "the pools of the account are counted again");
        }
        Ok(())
    }

    fn identities_that_are_gone(&mut self) -> Result<()> {
        self.each::<Address>(Tree::IdentityIndex, |sift, key, address, _| {
            if !sift.deleted.contains(&address.pool) && sift.new.get_one(key)?.is_none() {
                sift.leave_out(key, "the identity cannot be read", IDENTITY_GONE);
            }
            Ok(())
        })?;
        self.each::<Owner>(Tree::Logins, |sift, key, Owner(place), _| {
            let Some(pool) = key.leading_pool().filter(|pool| !sift.deleted.contains(pool)) else {
                return Ok(());
            };
            if sift.new.get_one(key)?.is_none() && !sift.has_with_slash(pool, place, key)? {
                let reason = "the login's identity cannot be read, or does not have it";
                sift.leave_out(key, reason, LOGIN_GONE);
            }
            Ok(())
        })
    }

    /// Whether an identity has the login of an old key.
    fn has_with_slash(&self, pool: Guid, place: Place, key: &Key) -> Result<bool, StoreError> {
        let identity = Key::identity(pool, place);
        let Some(value) = self.new.get_one(&identity)? else { return Ok(false) };
        let identity = Identity::decode(&identity, &value)?;
        let mut keys = identity.logins().map(|login| Key::login_with_slash(pool, login));
        Ok(keys.any(|known| known.as_ref() == Some(key)))
    }
}

/// The calls that a lost record of a tree concerns.
fn effect(tree: Tree) -> &'static str {
    match tree {
        Tree::Accounts => "the pools that are left are counted again",
        Tree::Activity => "the events that are left are listed again",
        Tree::Deletions => "the rest of a deleted pool is not copied",
        Tree::Identities => IDENTITY_GONE,
        Tree::IdentityIndex => "the identities that are left are indexed again",
        Tree::Journal => EVENT_GONE,
        Tree::Logins => "the logins of the identities that are left open them again",
        Tree::Pools => POOL_GONE,
        Tree::PoolListing => "the pools that are left are listed again",
        Tree::SessionKeys => "sessions that the key sealed are refused",
        Tree::SigningKeys => "tokens that the key signed are refused",
    }
}
