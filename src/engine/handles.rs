//! The handles that the operations hang on, one for each kind of caller.

use std::fmt;
use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::sweeper::Opened;
use crate::engine::throttle::Limited;
use crate::error::Result;
use crate::id::{AccountId, IdentityPoolId, Region};
use crate::name::{Arn, RequestId};

impl Engine {
    /// The operations that require credentials, for the pools of an account in a region.
    pub fn developer(&self, account: AccountId, region: Region) -> Developer {
        Developer { core: Arc::clone(&self.core), account, region, request_id: None }
    }

    /// The operations that clients call without credentials, for every pool.
    pub fn public(&self) -> Public {
        Public { core: Arc::clone(&self.core), request_id: None }
    }

    /// Administration of every pool of every account and region. It is no part of the service, and
    /// nothing limits its rights.
    pub fn admin(&self) -> Admin {
        Admin { core: Arc::clone(&self.core), request_id: None }
    }
}

/// The operations on the pools of one account in one region. Its holder has all the rights of the
/// account's owner.
#[derive(Clone)]
pub struct Developer {
    pub(super) core: Arc<Opened>,
    pub(super) account: AccountId,
    pub(super) region: Region,
    pub(super) request_id: Option<RequestId>,
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

    /// A handle for one request. The [events](crate::admin::ChangeEvent) of its calls name the
    /// request.
    ///
    /// # Example: the request in an event
    ///
    /// ```
    /// use cognate::name::RequestId;
    ///
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let mut feed = engine.feed();
    /// let id: RequestId = "f3a1c2d4-0000-4000-8000-000000000000".parse()?;
    /// let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    /// aws.request(id.clone()).create_identity_pool(input)?;
    /// let Fed::Event(event) = feed.next(std::time::Duration::ZERO) else { panic!("no event") };
    /// assert_eq!(event.request_id.as_ref(), Some(&id));
    /// # Ok::<(), cognate::Error>(())
    /// ```
    #[must_use]
    pub fn request(&self, id: RequestId) -> Self {
        self.clone().for_request(Some(&id))
    }

    pub(crate) fn for_request(self, id: Option<&RequestId>) -> Self {
        Self { request_id: id.cloned(), ..self }
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
    pub(super) request_id: Option<RequestId>,
}

impl Public {
    /// A handle for one request. The [events](crate::admin::ChangeEvent) of its calls name the
    /// request.
    #[must_use]
    pub fn request(&self, id: RequestId) -> Self {
        self.clone().for_request(Some(&id))
    }

    pub(crate) fn for_request(self, id: Option<&RequestId>) -> Self {
        Self { request_id: id.cloned(), ..self }
    }
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
    pub(super) request_id: Option<RequestId>,
}

impl Admin {
    /// A handle for one request. The [events](crate::admin::ChangeEvent) of its calls name the
    /// request.
    #[must_use]
    pub fn request(&self, id: RequestId) -> Self {
        Self { request_id: Some(id), ..self.clone() }
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}
