//! Events: the changes of identities and pools.

mod display;
mod fit;
mod folded;
mod id;
mod source;

use serde::{Deserialize, Serialize};

use crate::ambient::{Timestamp, epoch_seconds};
use crate::id::{AccountId, IdentityId, IdentityPoolId};
use crate::name::RequestId;
use crate::state::{Identity, IdentityState, Link, PoolMember};

pub(crate) use fit::{Misfit, misfits};
pub use folded::FoldedIdentity;
pub use id::EventId;
pub use source::ChangeOperation;
pub(crate) use source::{ActorKind, Source};

/// One change of an identity or of a pool. Each commit makes at most one event for each of them.
///
/// Folding the events of an identity, from its creation on and in the order of their revisions,
/// gives its state and its logins.
///
/// It serializes with the service's member names. The date is in epoch seconds. It displays as one
/// line for a person.
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
    /// The time of the change. An event of an identity is never dated before the one that precedes
    /// it, even if the clock has run backwards.
    #[serde(with = "epoch_seconds")]
    pub date: Timestamp,
    /// The caller.
    pub by: Actor,
    /// The operation.
    pub operation: ChangeOperation,
    /// The id of the request, if the [handle](crate::Developer::request) of the caller knew it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// The parts of the change, in the order in which to apply them.
    pub changes: Vec<ChangeKind>,
    /// The event that this change has [undone](crate::Admin::undo).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undid: Option<EventId>,
    /// The event of the change that has undone this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<EventId>,
}

impl ChangeEvent {
    /// The event's name. `None` for a change of a pool.
    pub fn id(&self) -> Option<EventId> {
        let identity_id = self.identity_id.clone()?;
        Some(EventId { identity_id, revision: self.revision })
    }
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all_fields = "PascalCase")]
#[non_exhaustive]
pub enum ChangeKind {
    /// The identity is created, with these logins; as a guest if there are none.
    Created {
        /// The logins, in their order.
        links: Vec<Link>,
    },
    /// Logins that no identity had are linked.
    Linked {
        /// The logins, in their order.
        links: Vec<Link>,
        /// Whether the identity was a guest before.
        was_guest: bool,
    },
    /// Another identity is merged into this one.
    TookOver {
        /// The logins that come from it. None if it was a guest.
        links: Vec<Link>,
        /// The event of the other identity.
        from: EventId,
    },
    /// The identity is merged into another one, and thereby disabled.
    GaveUp {
        /// The logins that the identity had. None if it was a guest.
        links: Vec<Link>,
        /// The event of the other identity.
        to: EventId,
    },
    /// A merge is undone: the identity loses logins that it took over.
    GaveBack {
        /// The logins that the identity loses.
        links: Vec<Link>,
        /// The event of the other identity.
        to: EventId,
    },
    /// Logins are unlinked, and no identity has them any more.
    Unlinked {
        /// The logins.
        links: Vec<Link>,
    },
    /// The identity is disabled.
    Disabled,
    /// The identity is as it was before the event that is undone, apart from what has happened to
    /// it since.
    Restored {
        /// The state that the identity gets back.
        state: IdentityState,
        /// The logins that the identity gets back.
        links: Vec<Link>,
    },
    /// The identity is deleted, and no identity has its logins any more.
    Deleted,
    /// The pool is created.
    PoolCreated,
    /// The pool is changed.
    PoolChanged {
        /// The parts that are no longer the same.
        members: Vec<PoolMember>,
    },
    /// The pool is deleted, and every identity in it. The identities have no event of their own.
    PoolDeleted,
    /// The identity is imported without its history, and is from then on as it was in the file.
    Imported {
        /// The state.
        state: IdentityState,
        /// The logins, in their order.
        links: Vec<Link>,
    },
}

impl ChangeKind {
    /// The links that the identity gains.
    pub(crate) fn gained(&self) -> &[Link] {
        match self {
            Self::Created { links }
            | Self::Linked { links, .. }
            | Self::TookOver { links, .. }
            | Self::Restored { links, .. }
            | Self::Imported { links, .. } => links,
            Self::GaveUp { .. }
            | Self::GaveBack { .. }
            | Self::Unlinked { .. }
            | Self::Disabled
            | Self::Deleted
            | Self::PoolCreated
            | Self::PoolChanged { .. }
            | Self::PoolDeleted => &[],
        }
    }

    /// The links that the identity loses.
    pub(crate) fn lost(&self) -> &[Link] {
        match self {
            Self::GaveUp { links, .. }
            | Self::GaveBack { links, .. }
            | Self::Unlinked { links } => links,
            Self::Created { .. }
            | Self::Linked { .. }
            | Self::TookOver { .. }
            | Self::Disabled
            | Self::Restored { .. }
            | Self::Deleted
            | Self::PoolCreated
            | Self::PoolChanged { .. }
            | Self::PoolDeleted
            | Self::Imported { .. } => &[],
        }
    }

    /// The first change of an identity: it is created, or imported as it is.
    pub(crate) fn beginning(identity: &Identity, operation: ChangeOperation) -> Self {
        let links = identity.links().to_vec();
        if operation == ChangeOperation::Import {
            Self::Imported { state: identity.state(), links }
        } else {
            Self::Created { links }
        }
    }

    /// Whether nothing is known of the identity before this change.
    pub(crate) fn is_beginning(&self) -> bool {
        matches!(self, Self::Created { .. } | Self::Imported { .. })
    }
}
