//! Events: the changes of identities and pools.

use serde::Serialize;

use crate::ambient::Timestamp;
use crate::id::{AccountId, IdentityId, IdentityPoolId};
use crate::operation::epoch_seconds;
use crate::state::{IdentityState, Login};

/// One change of an identity or of a pool. Each commit makes at most one event for each of them.
///
/// Folding the events of an identity, from its creation on and in the order of their revisions,
/// gives its state and its logins.
///
/// It serializes with the service's member names. The date is in epoch seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ChangeEvent {
    /// The pool.
    pub identity_pool_id: IdentityPoolId,
    /// The identity. `None` for a change of the pool itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_id: Option<IdentityId>,
    /// The revision of the identity or of the pool that the change has made. A deletion counts as
    /// one more revision.
    pub revision: u32,
    /// The time of the change.
    #[serde(with = "epoch_seconds")]
    pub date: Timestamp,
    /// The caller.
    pub by: Actor,
    /// The name of the operation, such as `GetId`. Operations of administration have the names of
    /// their inputs, such as `LinkLogin`.
    pub operation: &'static str,
    /// The parts of the change, in the order in which to apply them.
    pub changes: Vec<ChangeKind>,
}

/// The caller of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Actor {
    /// Anyone: a client without credentials.
    Anyone,
    /// The owner of the pool's account.
    Account(AccountId),
    /// An administrator.
    Administrator,
}

/// A part of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all_fields = "PascalCase")]
#[non_exhaustive]
pub enum ChangeKind {
    /// The identity is created, with these logins; as a guest if there are none.
    Created {
        /// The logins, in their order.
        logins: Vec<Login>,
    },
    /// Logins that no identity had are linked.
    Linked {
        /// The logins, in their order.
        logins: Vec<Login>,
    },
    /// Another identity is merged into this one.
    TookOver {
        /// The logins that come from it. None if it was a guest.
        logins: Vec<Login>,
        /// The event of the other identity.
        from: EventId,
    },
    /// The identity is merged into another one, and thereby disabled.
    GaveUp {
        /// The logins that go to it. None if this was a guest.
        logins: Vec<Login>,
        /// The event of the other identity.
        to: EventId,
    },
    /// Logins are unlinked, and no identity has them any more.
    Unlinked {
        /// The logins.
        logins: Vec<Login>,
    },
    /// The identity is disabled.
    Disabled,
    /// The identity is deleted, and no identity has its logins any more.
    Deleted,
    /// The pool is created.
    PoolCreated,
    /// The settings, the roles, the attribute maps or the tags of the pool change.
    PoolChanged,
    /// The pool is deleted, and every identity in it. The identities have no event of their own.
    PoolDeleted,
}

/// The name of an event of an identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct EventId {
    /// The identity.
    pub identity_id: IdentityId,
    /// The revision of the identity that the change has made.
    pub revision: u32,
}

/// An identity as far as its events tell it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct FoldedIdentity {
    /// The state. `None` before the creation, and after the deletion.
    pub state: Option<IdentityState>,
    /// The logins, in the order in which they were linked.
    pub logins: Vec<Login>,
    /// The revision.
    pub revision: u32,
}

impl FoldedIdentity {
    /// The identity after an event.
    #[must_use]
    pub fn after(mut self, event: &ChangeEvent) -> Self {
        for change in &event.changes {
            self.apply(change);
        }
        self.revision = event.revision;
        self
    }

    fn apply(&mut self, change: &ChangeKind) {
        match change {
            ChangeKind::Created { logins } => {
                self.state = Some(IdentityState::Unauthenticated);
                self.link(logins);
            }
            ChangeKind::Linked { logins } | ChangeKind::TookOver { logins, .. } => {
                self.link(logins);
            }
            ChangeKind::GaveUp { .. } | ChangeKind::Disabled => {
                self.state = Some(IdentityState::Disabled);
                self.logins.clear();
            }
            ChangeKind::Unlinked { logins } => self.logins.retain(|login| !logins.contains(login)),
            ChangeKind::Deleted => *self = Self::default(),
            ChangeKind::PoolCreated | ChangeKind::PoolChanged | ChangeKind::PoolDeleted => {}
        }
    }

    fn link(&mut self, logins: &[Login]) {
        if !logins.is_empty() {
            self.state = Some(IdentityState::Authenticated);
        }
        self.logins.extend_from_slice(logins);
    }
}
