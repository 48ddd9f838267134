//! The handles that the operations hang on, one for each kind of caller.

use std::fmt;
use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::sweeper::Opened;
use crate::engine::throttle::Limited;
use crate::error::Result;
use crate::id::{AccountId, IdentityPoolId, Region};
use crate::name::Arn;

impl Engine {
    /// The operations that require credentials, for the pools of an account in a region.
    pub fn developer(&self, account: AccountId, region: Region) -> Developer {
        Developer { core: Arc::clone(&self.core), account, region }
    }

    /// The operations that clients call without credentials, for every pool.
    pub fn public(&self) -> Public {
        Public { core: Arc::clone(&self.core) }
    }

    /// Administration of every pool of every account and region. It is no part of the service, and
    /// nothing limits its rights.
    pub fn admin(&self) -> Admin {
        Admin { core: Arc::clone(&self.core) }
    }
}

/// The operations on the pools of one account in one region. Its holder has all the rights of the
/// account's owner.
#[derive(Clone)]
pub struct Developer {
    pub(super) core: Arc<Opened>,
    pub(super) account: AccountId,
    pub(super) region: Region,
}

impl Developer {
    /// The account.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// The region.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The ARN of a pool of the account in the region. The pool need not exist.
    pub fn identity_pool_arn(&self, id: &IdentityPoolId) -> Arn {
        Arn::of_pool(&self.account, &self.region, id)
    }

    pub(super) fn admit(&self, operation: Limited) -> Result<()> {
        self.core.admit(operation, (Some(&self.account), &self.region))
    }
}

impl fmt::Debug for Developer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Developer")
            .field("account", &self.account)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// The operations that clients call without credentials. The logins that they present decide what
/// they may do.
#[derive(Clone)]
pub struct Public {
    pub(super) core: Arc<Opened>,
}

impl fmt::Debug for Public {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Public").finish_non_exhaustive()
    }
}

/// Administration, beside the operations of the service. Its holder has all rights over every pool
/// of every account and region.
#[derive(Clone)]
pub struct Admin {
    pub(super) core: Arc<Opened>,
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}
