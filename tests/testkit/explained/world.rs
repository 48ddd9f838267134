//! All identities, and all contents of the store.

use std::collections::{BTreeMap, BTreeSet};

use cognate::admin::IdentityDetails;
use cognate::login::Login;
use cognate::name::IdentityId;
use cognate::store::{MemoryStore, Tree};
use cognate::{Engine, ErrorKind};

use crate::twin::{Dump, dump};

/// The identities that exist, and the contents of the store.
#[derive(Debug)]
pub(super) struct World {
    pub(super) identities: BTreeMap<IdentityId, IdentityDetails>,
    pub(super) entries: Dump,
}

impl World {
    /// Reads everything. Every identity is among the named ones.
    pub(super) fn of(engine: &Engine, store: &MemoryStore, named: &BTreeSet<IdentityId>) -> Self {
        let admin = engine.admin();
        let described = named.iter().filter_map(|id| match admin.identity(id) {
            Ok(details) => Some((id.clone(), details)),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ResourceNotFound, "{error}");
                None
            }
        });
        Self { identities: described.collect(), entries: dump(store) }
    }

    /// The number of identity records in pools that exist.
    pub(super) fn records(&self) -> usize {
        let of = |name: &'static str| self.entries.keys().filter(move |(tree, _)| *tree == name);
        let pools: BTreeSet<&[u8]> =
            of(Tree::Pools.name()).map(|(_, key)| key.as_slice()).collect();
        let identities = of(Tree::Identities.name());
        identities.filter(|(_, key)| pools.contains(&key[..16])).count()
    }

    /// The identity of a pool that has a login.
    pub(super) fn owner(
        &self,
        pool: &str,
        is_wanted: impl Fn(&Login) -> bool,
    ) -> Option<&IdentityDetails> {
        let mut of_pool =
            self.identities.values().filter(|details| details.identity_pool_id.as_str() == pool);
        of_pool.find(|details| details.logins.iter().any(&is_wanted))
    }
}
