//! A check of a whole store that reports every violated invariant.

mod history;

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::error::Result;
use crate::id::Guid;
use crate::state::{Identity, IdentityState, LOGINS_MAX, Pool, PrivateKey, StoredKey};
use crate::store::key::Place;
use crate::store::record::{Address, Deletion, Numbered, Owner, PoolCount, PoolEntry, Record};
use crate::store::{Key, KeyRange, Store, StoreView, Tree, Unsteady, entries_at};

/// A violated invariant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Finding {
    /// The violated invariant, from 1 (I1) to 11 (I11). `None` if a record does not decode.
    pub invariant: Option<u8>,
    /// The key of the record and a description of the problem.
    pub detail: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.invariant {
            Some(number) => write!(f, "I{number}: {}", self.detail),
            None => write!(f, "unreadable: {}", self.detail),
        }
    }
}

/// Checks a store at one moment. Without views, nothing else may write to it.
pub(crate) fn check(store: &dyn Store) -> Result<Vec<Finding>> {
    match store.view()? {
        Some(view) => check_view(&*view),
        None => check_twice(store),
    }
}

/// Reports what is found twice. A deleted pool may be removed meanwhile: a record that disappeared
/// between two reads is not found again.
pub(crate) fn check_twice(store: &dyn Store) -> Result<Vec<Finding>> {
    let mut findings = check_view(&Unsteady(store))?;
    if !findings.is_empty() {
        let again: HashSet<Finding> = check_view(&Unsteady(store))?.into_iter().collect();
        findings.retain(|finding| again.contains(finding));
    }
    Ok(findings)
}

pub(crate) fn check_view(view: &dyn StoreView) -> Result<Vec<Finding>> {
    let mut check = Check { view, pools: HashMap::new(), findings: Vec::new() };
    check.pools()?;
    check.identities()?;
    check.index()?;
    check.logins()?;
    check.journal()?;
    check.each::<Numbered<PrivateKey>>(Tree::SessionKeys, |check, key, _| {
        check.expect(None, key.session_key_number().is_some(), key, "not the name of a key");
        Ok(())
    })?;
    check.each::<Numbered<StoredKey>>(Tree::SigningKeys, |check, key, _| {
        check.expect(None, key.signing_key_parts().is_some(), key, "not the name of a key");
        Ok(())
    })?;
    Ok(check.findings)
}

struct Check<'a> {
    view: &'a dyn StoreView,
    /// All pools. `None` marks a deleted pool whose remaining records are still being removed.
    pools: HashMap<Guid, Option<Pool>>,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn expect(&mut self, invariant: Option<u8>, holds: bool, key: &Key, otherwise: &str) {
        if !holds {
            self.findings.push(Finding { invariant, detail: format!("{key}: {otherwise}") });
        }
    }

    /// The guid in a key.
    fn guid(&mut self, key: &Key) -> Option<Guid> {
        let guid = key.guid();
        self.expect(None, guid.is_some(), key, "the key is no guid");
        guid
    }

    /// Visits every record of a tree. A record that does not decode is a finding.
    fn each<R: Record>(
        &mut self,
        tree: Tree,
        mut visit: impl FnMut(&mut Self, &Key, R) -> Result<()>,
    ) -> Result<()> {
        for entry in entries_at(self.view, KeyRange::all(tree)) {
            let (key, value) = entry?;
            match R::decode(&key, &value) {
                Ok(record) => visit(self, &key, record)?,
                Err(_) => self.expect(None, false, &key, "the record does not decode"),
            }
        }
        Ok(())
    }

    fn get<R: Record>(&self, key: &Key) -> Result<Option<R>> {
        let value = self.view.get(std::slice::from_ref(key))?.into_iter().next().flatten();
        // A record that does not decode is reported when its own tree is checked.
        Ok(value.and_then(|value| R::decode(key, &value).ok()))
    }

    fn pools(&mut self) -> Result<()> {
        let mut counts: HashMap<Key, u32> = HashMap::new();
        self.each::<Deletion>(Tree::Deletions, |check, key, _| {
            if let Some(guid) = check.guid(key) {
                check.pools.insert(guid, None);
            }
            Ok(())
        })?;
        self.each::<Pool>(Tree::Pools, |check, key, pool| {
            let Some(guid) = check.guid(key) else { return Ok(()) };
            let listing = Key::pool_listing(&pool.account, &pool.region, pool.created, guid);
            let entry: Option<PoolEntry> = check.get(&listing)?;
            let listed = entry.is_some_and(|e| e.0 == pool.settings.identity_pool_name);
            check.expect(Some(2), listed, key, "the pool is not listed under its name");
            let count = counts.entry(Key::account(&pool.account, &pool.region)).or_default();
            *count = count.saturating_add(1);
            let deleted = check.pools.insert(guid, Some(pool)).is_some();
            check.expect(Some(6), !deleted, key, "the pool is marked as deleted");
            Ok(())
        })?;
        self.each::<PoolEntry>(Tree::PoolListing, |check, key, _| {
            let guid = key.trailing_guid();
            let pool = guid.and_then(|guid| check.pools.get(&guid)).and_then(Option::as_ref);
            let right = pool.zip(guid).is_some_and(|(pool, guid)| {
                Key::pool_listing(&pool.account, &pool.region, pool.created, guid) == *key
            });
            check.expect(Some(6), right, key, "the listing names a pool that is not there");
            Ok(())
        })?;
        self.each::<PoolCount>(Tree::Accounts, |check, key, PoolCount(counted)| {
            let right = counts.remove(key) == Some(counted);
            check.expect(Some(6), right, key, "the number of pools is wrong");
            Ok(())
        })?;
        for key in counts.into_keys() {
            self.expect(Some(6), false, &key, "the number of pools is missing");
        }
        Ok(())
    }

    fn identities(&mut self) -> Result<()> {
        self.each::<Identity>(Tree::Identities, |check, key, identity| {
            let Some((pool, place)) = key.identity_parts() else { return Ok(()) };
            let known = check.pools.get(&pool).map(Option::as_ref);
            let owned = known.is_some_and(|pool| pool.is_none_or(|p| p.id() == identity.pool()));
            check.expect(Some(6), owned, key, "the identity's pool is not there");

            let logins: Vec<_> = identity.logins().collect();
            let authenticated = identity.state() == IdentityState::Authenticated;
            check.expect(
                Some(5),
                authenticated != logins.is_empty(),
                key,
                "state and logins differ",
            );
            check.expect(Some(4), logins.len() <= LOGINS_MAX, key, "too many logins");
            let rivals = logins.iter().any(|a| logins.iter().any(|b| a.rivals(b)));
            check.expect(Some(3), !rivals, key, "two users of one public provider");
            let twice = (1..)
                .zip(&logins)
                .any(|(next, login)| logins.iter().skip(next).any(|other| other == login));
            check.expect(Some(2), !twice, key, "a login is linked twice");
            let mut ordinals = identity.links().windows(2);
            let rising = ordinals.all(|pair| matches!(pair, [a, b] if a.ordinal < b.ordinal));
            check.expect(Some(2), rising, key, "the logins are out of order");
            let dates = identity.created() <= identity.modified();
            check.expect(Some(9), dates, key, "modified before it was created");

            let address: Option<Address> = check.get(&Key::identity_index(place.guid))?;
            let indexed = address == Some(Address { pool, created: place.created });
            check.expect(Some(2), indexed, key, "the index does not name the identity");
            for login in logins {
                let login = Key::login(pool, login);
                let points_here = check.get(&login)? == Some(Owner(place));
                check.expect(Some(2), points_here, &login, "does not point at its identity");
            }
            Ok(())
        })
    }

    fn index(&mut self) -> Result<()> {
        self.each::<Address>(Tree::IdentityIndex, |check, key, address| {
            let Some(guid) = check.guid(key) else { return Ok(()) };
            let identity = Key::identity(address.pool, Place { created: address.created, guid });
            let found: Option<Identity> = check.get(&identity)?;
            check.expect(Some(2), found.is_some(), key, "the index names no identity");
            Ok(())
        })
    }

    fn logins(&mut self) -> Result<()> {
        self.each::<Owner>(Tree::Logins, |check, key, Owner(place)| {
            let pool = key.leading_pool();
            if pool.is_some_and(|pool| matches!(check.pools.get(&pool), Some(None))) {
                return Ok(());
            }
            let owner: Option<Identity> = match pool {
                Some(pool) => check.get(&Key::identity(pool, place))?,
                None => None,
            };
            let has = pool.zip(owner).is_some_and(|(pool, owner)| {
                owner.logins().any(|login| Key::login(pool, login) == *key)
            });
            check.expect(Some(1), has, key, "the login's identity does not have it");
            Ok(())
        })
    }
}
