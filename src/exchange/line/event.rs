//! The line of an event.

use serde::{Deserialize, Serialize};

use crate::exchange::ImportFault;
use crate::exchange::line::date::Date;
use crate::exchange::line::identity::LoginLine;
use crate::id::{AccountId, IdentityPoolId};
use crate::name::RequestId;
use crate::state::{
    ActorKind, ChangeKind, ChangeOperation, EventId, IdentityState, PoolMember, Source,
};
use crate::store::record::EventRecord;

/// An event of an identity, or of the pool itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<EventId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pool: Option<IdentityPoolId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u32>,
    at: Date,
    operation: String,
    by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<RequestId>,
    changes: Vec<ChangeLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undid: Option<EventId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undone_by: Option<EventId>,
}

/// The identity or the pool that an event is about, and the revision that it has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EventOwner {
    Identity(EventId),
    Pool(IdentityPoolId, u32),
}

/// The call that a change comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceLine {
    operation: String,
    by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<RequestId>,
}

/// A part of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum ChangeLine {
    Created { logins: Vec<LoginLine> },
    Imported { state: IdentityState, logins: Vec<LoginLine> },
    Linked { logins: Vec<LoginLine>, was_guest: bool },
    TookOver { logins: Vec<LoginLine>, from: EventId },
    GaveUp { logins: Vec<LoginLine>, to: EventId },
    GaveBack { logins: Vec<LoginLine>, to: EventId },
    Unlinked { logins: Vec<LoginLine> },
    Disabled,
    Restored { state: IdentityState, logins: Vec<LoginLine> },
    Deleted,
    PoolCreated,
    PoolChanged { members: Vec<PoolMember> },
    PoolDeleted,
}

const ANYONE: &str = "anyone";
const ADMINISTRATOR: &str = "administrator";

impl SourceLine {
    pub(super) fn of(source: &Source, account: &AccountId) -> Self {
        let by = match source.by {
            ActorKind::Anyone => ANYONE,
            ActorKind::Account => account.as_str(),
            ActorKind::Administrator => ADMINISTRATOR,
        };
        let operation = source.operation.as_str().to_owned();
        Self { operation, by: by.to_owned(), request_id: source.request_id.clone() }
    }

    pub(super) fn into_source(self, account: &AccountId) -> Result<Source, ImportFault> {
        let by = match self.by.as_str() {
            ANYONE => ActorKind::Anyone,
            ADMINISTRATOR => ActorKind::Administrator,
            by if by == account.as_str() => ActorKind::Account,
            _ => return Err(ImportFault::UnknownCaller),
        };
        let operation = ChangeOperation::of_name(&self.operation);
        let operation = operation.ok_or(ImportFault::UnknownOperation)?;
        Ok(Source { operation, by, request_id: self.request_id })
    }
}

impl EventLine {
    pub(crate) fn of(owner: EventOwner, account: &AccountId, record: EventRecord) -> Self {
        let (id, pool, revision) = match owner {
            EventOwner::Identity(id) => (Some(id), None, None),
            EventOwner::Pool(pool, revision) => (None, Some(pool), Some(revision)),
        };
        let SourceLine { operation, by, request_id } = SourceLine::of(&record.source, account);
        Self {
            id,
            pool,
            revision,
            at: Date(record.date),
            operation,
            by,
            request_id,
            changes: record.changes.iter().map(ChangeLine::of).collect(),
            undid: record.undid,
            undone_by: record.undone_by,
        }
    }

    /// The event of a pool of this account.
    pub(crate) fn into_record(
        self,
        account: &AccountId,
    ) -> Result<(EventOwner, EventRecord), ImportFault> {
        let owner = match (self.id, self.pool, self.revision) {
            (Some(id), None, None) => EventOwner::Identity(id),
            (None, Some(pool), Some(revision)) => EventOwner::Pool(pool, revision),
            _ => return Err(ImportFault::OwnerOfEvent),
        };
        let Self { operation, by, request_id, .. } = self;
        let source = SourceLine { operation, by, request_id }.into_source(account)?;
        let changes: Result<_, _> = self.changes.into_iter().map(ChangeLine::into_kind).collect();
        let Self { at: Date(date), undid, undone_by, .. } = self;
        Ok((owner, EventRecord { date, source, changes: changes?, undid, undone_by }))
    }
}

impl ChangeLine {
    fn of(kind: &ChangeKind) -> Self {
        let all = LoginLine::all;
        match kind {
            ChangeKind::Created { links } => Self::Created { logins: all(links) },
            ChangeKind::Imported { state, links } => {
                Self::Imported { state: *state, logins: all(links) }
            }
            ChangeKind::Linked { links, was_guest } => {
                Self::Linked { logins: all(links), was_guest: *was_guest }
            }
            ChangeKind::TookOver { links, from } => {
                Self::TookOver { logins: all(links), from: from.clone() }
            }
            ChangeKind::GaveUp { links, to } => Self::GaveUp { logins: all(links), to: to.clone() },
            ChangeKind::GaveBack { links, to } => {
                Self::GaveBack { logins: all(links), to: to.clone() }
            }
            ChangeKind::Unlinked { links } => Self::Unlinked { logins: all(links) },
            ChangeKind::Disabled => Self::Disabled,
            ChangeKind::Restored { state, links } => {
                Self::Restored { state: *state, logins: all(links) }
            }
            ChangeKind::Deleted => Self::Deleted,
            ChangeKind::PoolCreated => Self::PoolCreated,
            ChangeKind::PoolChanged { members } => Self::PoolChanged { members: members.clone() },
            ChangeKind::PoolDeleted => Self::PoolDeleted,
        }
    }

    fn into_kind(self) -> Result<ChangeKind, ImportFault> {
        let links = |logins| LoginLine::links(logins, true);
        Ok(match self {
            Self::Created { logins } => ChangeKind::Created { links: links(logins)? },
            Self::Imported { state, logins } => {
                ChangeKind::Imported { state, links: links(logins)? }
            }
            Self::Linked { logins, was_guest } => {
                ChangeKind::Linked { links: links(logins)?, was_guest }
            }
            Self::TookOver { logins, from } => ChangeKind::TookOver { links: links(logins)?, from },
            Self::GaveUp { logins, to } => ChangeKind::GaveUp { links: links(logins)?, to },
            Self::GaveBack { logins, to } => ChangeKind::GaveBack { links: links(logins)?, to },
            Self::Unlinked { logins } => ChangeKind::Unlinked { links: links(logins)? },
            Self::Disabled => ChangeKind::Disabled,
            Self::Restored { state, logins } => {
                ChangeKind::Restored { state, links: links(logins)? }
            }
            Self::Deleted => ChangeKind::Deleted,
            Self::PoolCreated => ChangeKind::PoolCreated,
            Self::PoolChanged { members } => ChangeKind::PoolChanged { members },
            Self::PoolDeleted => ChangeKind::PoolDeleted,
        })
    }
}
