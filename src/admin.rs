//! Administration: pools, identities and logins, with the users behind them.
//!
//! These are the inputs and outputs of [`Admin`](crate::Admin). They follow the rules of
//! [`operation`](crate::operation). If the service has a type of the same name, the name begins
//! with `Admin`. Outputs serialize with the service's member names, and dates as epoch seconds.

mod explanation;
mod identities;
mod journal;
mod logins;
mod policy;
mod pools;

use serde::Serialize;

use crate::ambient::{Timestamp, epoch_seconds};
use crate::id::{IdentityId, IdentityPoolId};
use crate::state::{Identity, IdentityState, Login};

pub use crate::rules::roles::RoleRule;
pub use crate::rules::rule::{AppliedRule, ResolutionRow};
pub use crate::state::{
    Actor, ChangeEvent, ChangeKind, ChangeOperation, EventId, FoldedIdentity, Link, PoolMember,
};
pub use explanation::{
    Alternative, ExplainedChange, ExplainedLogin, ExplainedVerdict, Explanation, LoginCheck,
    RoleChoice,
};
pub(crate) use identities::{AdminDeleteIdentities, CreateIdentity, DisableIdentity};
pub use identities::{
    AdminDeleteIdentitiesInput, AdminDeleteIdentitiesOutput, AdminListIdentitiesInput,
    AdminListIdentitiesOutput, CreateIdentityInput, CreationDate, DisableIdentityInput,
    StatedLogin,
};
pub(crate) use journal::{Activity, History, Undo};
pub use journal::{
    ActivityInput, ActivityOutput, HistoryInput, HistoryOutput, UndoInput, UndoOutput,
};
pub(crate) use logins::{LinkLogin, UnlinkLogin};
pub use logins::{
    LinkLoginInput, LinkedLogin, ListLoginsInput, ListLoginsOutput, UnlinkLoginInput,
};
pub use policy::{LinkPolicy, Veto};
pub use pools::{
    AdminListIdentityPoolsOutput, IdentityPoolCounts, IdentityPoolDetails, OwnedIdentityPool,
    ResetOutput,
};

/// An identity with its logins.
///
/// It serializes with the service's member names. Dates are epoch seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct IdentityDetails {
    /// The identity's id.
    pub identity_id: IdentityId,
    /// The identity's pool.
    pub identity_pool_id: IdentityPoolId,
    /// The state: a guest, authenticated or disabled.
    pub state: IdentityState,
    /// The logins, in the order in which they were linked. At most 20; none unless the identity is
    /// authenticated.
    pub logins: Vec<Login>,
    /// The time at which the identity was created.
    #[serde(with = "epoch_seconds")]
    pub creation_date: Timestamp,
    /// The time at which its logins last changed.
    #[serde(with = "epoch_seconds")]
    pub last_modified_date: Timestamp,
    /// Increases by one with each change of the identity. 0 for an identity that has not changed
    /// since an engine without revisions wrote it.
    pub revision: u32,
}

impl From<&Identity> for IdentityDetails {
    fn from(identity: &Identity) -> Self {
        Self {
            identity_id: identity.id().clone(),
            identity_pool_id: identity.pool().clone(),
            state: identity.state(),
            logins: identity.logins().cloned().collect(),
            creation_date: identity.created(),
            last_modified_date: identity.modified(),
            revision: identity.revision(),
        }
    }
}
