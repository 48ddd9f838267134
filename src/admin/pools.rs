//! Outputs of the administration of pools.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ambient::Timestamp;
use crate::ambient::epoch_seconds;
use crate::id::{AccountId, IdentityPoolId, Region};
use crate::name::{Arn, IdentityPoolName, NextToken, ProviderName};
use crate::state::{IdentityPool, Pool, RoleMapping, RoleType};

/// A page of all pools, sorted by account, region and creation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AdminListIdentityPoolsOutput {
    /// The pools.
    pub identity_pools: Vec<OwnedIdentityPool>,
    /// The token of the next page. `None` on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<NextToken>,
}

/// A pool in the listing of all pools, with its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct OwnedIdentityPool {
    /// The pool's id.
    pub identity_pool_id: IdentityPoolId,
    /// The pool's name.
    pub identity_pool_name: IdentityPoolName,
    /// The account that owns the pool.
    pub account_id: AccountId,
    /// The pool's region.
    pub region: Region,
    /// The time at which the pool was created.
    #[serde(with = "epoch_seconds")]
    pub creation_date: Timestamp,
}

/// A pool with its owner and its roles.
///
/// It serializes with the members of the pool beside the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct IdentityPoolDetails {
    /// The pool's settings.
    #[serde(flatten)]
    pub identity_pool: IdentityPool,
    /// The owner.
    pub account_id: AccountId,
    /// The region.
    pub region: Region,
    /// The time at which the pool was created.
    #[serde(with = "epoch_seconds")]
    pub creation_date: Timestamp,
    /// Increases by one with each change of the pool. 0 for a pool that has not changed since an
    /// engine without revisions wrote it.
    pub revision: u32,
    /// The roles, by the kind of identity.
    pub roles: BTreeMap<RoleType, Arn>,
    /// The role mappings, by provider.
    pub role_mappings: BTreeMap<ProviderName, RoleMapping>,
}

impl From<&Pool> for IdentityPoolDetails {
    fn from(pool: &Pool) -> Self {
        Self {
            identity_pool: pool.settings.clone(),
            account_id: pool.account.clone(),
            region: pool.region.clone(),
            creation_date: pool.created,
            revision: pool.revision,
            roles: pool.roles.defaults.clone(),
            role_mappings: pool.roles.mappings.clone(),
        }
    }
}

/// The pools that a [`reset`](crate::Admin::reset) has deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ResetOutput {
    /// The ids of all pools that there were, in no particular order.
    pub deleted_identity_pool_ids: Vec<IdentityPoolId>,
}

/// The numbers of identities and logins of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct IdentityPoolCounts {
    /// The pool.
    pub identity_pool_id: IdentityPoolId,
    /// The number of guests.
    pub unauthenticated: u64,
    /// The number of identities that have a login.
    pub authenticated: u64,
    /// The number of disabled identities.
    pub disabled: u64,
    /// The number of logins of each provider that the pool is configured for, if there are any. One
    /// final slash of a provider's name is left out.
    pub logins: BTreeMap<ProviderName, u64>,
    /// The number of logins of all providers that the pool is no longer configured for.
    pub other_logins: u64,
}

impl IdentityPoolCounts {
    pub(crate) fn zero(identity_pool_id: IdentityPoolId) -> Self {
        Self {
            identity_pool_id,
            unauthenticated: 0,
            authenticated: 0,
            disabled: 0,
            logins: BTreeMap::new(),
            other_logins: 0,
        }
    }
}
