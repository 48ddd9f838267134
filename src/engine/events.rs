//! Events, derived from the effects of a decision as the login index is. Nothing decides them.

use crate::ambient::Timestamp;
use crate::engine::gather::Reads;
use crate::engine::{Admin, Core, Developer, Public};
use crate::error::Result;
use crate::id::{AccountId, IdentityId, IdentityPoolId};
use crate::name::RequestId;
use crate::rules::{Change, Decided, Effect};
use crate::state::{
    Actor, ActorKind, ChangeEvent, ChangeKind, ChangeOperation, EventId, Identity, Link, Pool,
    Source,
};

/// The call that a change comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    by: OriginalActor<'a>,
    operation: ChangeOperation,
    request_id: Option<&'a RequestId>,
}

impl Origin<'_> {
    pub(super) fn source(self) -> Source {
        let by = match self.by {
            OriginalActor::Anyone => ActorKind::Anyone,
            OriginalActor::Account(_) => ActorKind::Account,
            OriginalActor::Administrator => ActorKind::Administrator,
        };
        Source { operation: self.operation, by, request_id: self.request_id.cloned() }
    }
}

#[derive(Debug, Clone, Copy)]
enum OriginalActor<'a> {
    Anyone,
    Account(&'a AccountId),
    Administrator,
}

impl OriginalActor<'_> {
    fn to_owned(self) -> Actor {
        match self {
            Self::Anyone => Actor::Anyone,
            Self::Account(account) => Actor::Account(account.clone()),
            Self::Administrator => Actor::Administrator,
        }
    }
}

impl Developer {
    /// Runs an operation that may write.
    pub(super) fn run<T>(
        &self,
        operation: ChangeOperation,
        attempt: impl FnMut(&mut Reads<'_>) -> Result<Decided<T>>,
    ) -> Result<T> {
        self.core.run_as(self.origin(operation), attempt, Ok)
    }

    pub(super) fn origin(&self, operation: ChangeOperation) -> Origin<'_> {
        let by = OriginalActor::Account(&self.account);
        Origin { by, operation, request_id: self.request_id.as_ref() }
    }
}

impl Public {
    /// Runs an operation that may write.
    pub(super) fn run<T>(
        &self,
        operation: ChangeOperation,
        attempt: impl FnMut(&mut Reads<'_>) -> Result<Decided<T>>,
    ) -> Result<T> {
        self.core.run_as(self.origin(operation), attempt, Ok)
    }

    pub(super) fn origin(&self, operation: ChangeOperation) -> Origin<'_> {
        let (by, request_id) = (OriginalActor::Anyone, self.request_id.as_ref());
        Origin { by, operation, request_id }
    }
}

impl Admin {
    /// Runs an operation that may write.
    pub(super) fn run<T>(
        &self,
        operation: ChangeOperation,
        attempt: impl FnMut(&mut Reads<'_>) -> Result<Decided<T>>,
    ) -> Result<T> {
        self.core.run_as(self.origin(operation), attempt, Ok)
    }

    pub(super) fn origin(&self, operation: ChangeOperation) -> Origin<'_> {
        let (by, request_id) = (OriginalActor::Administrator, self.request_id.as_ref());
        Origin { by, operation, request_id }
    }
}

impl Core {
    /// The events of a decision, unless nobody needs them: there is no event of a creation in the
    /// journal. The marks of undone events name the new ones, even if these are not kept.
    pub(super) fn events(&self, origin: Origin<'_>, effects: &[Effect]) -> Vec<ChangeEvent> {
        let is_kept = |effect: &Effect| match effect {
            Effect::Undone(_) => true,
            Effect::Identity(Change::Create(_)) => false,
            Effect::Identity(_) | Effect::Pool(_) => self.journal.is_some(),
        };
        let is_needed = effects.iter().any(is_kept) || (!effects.is_empty() && self.ring.is_read());
        if is_needed { events(origin, effects, self.now()) } else { Vec::new() }
    }
}

fn events(origin: Origin<'_>, effects: &[Effect], now: Timestamp) -> Vec<ChangeEvent> {
    let undid = effects.iter().find_map(|effect| match effect {
        Effect::Undone(event) => Some(event),
        Effect::Identity(_) | Effect::Pool(_) => None,
    });
    let survivor = merged_into(effects).filter(|_| undid.is_none());
    let event = |pool: &IdentityPoolId, identity: Option<&IdentityId>, revision, date, changes| {
        ChangeEvent {
            identity_pool_id: pool.clone(),
            identity_id: identity.cloned(),
            revision,
            date,
            by: origin.by.to_owned(),
            operation: origin.operation,
            request_id: origin.request_id.cloned(),
            changes,
            undid: undid.cloned(),
            undone_by: None,
        }
    };
    let of_identity = |identity: &Identity, revision, date, changes| {
        event(identity.pool(), Some(identity.id()), revision, date, changes)
    };
    let events = effects.iter().filter_map(|effect| {
        Some(match effect {
            Effect::Pool(change) => {
                let (pool, revision, kind) = of_pool(change);
                event(pool.id(), None, revision, now, vec![kind])
            }
            Effect::Identity(Change::Create(after)) => {
                let changes = vec![ChangeKind::beginning(after, origin.operation)];
                of_identity(after, after.revision(), after.modified(), changes)
            }
            Effect::Identity(Change::Update { before, after }) => {
                let changes = match survivor {
                    _ if undid.is_some() => reverted(before, after, effects),
                    Some(survivor) if survivor.id() == after.id() => taken(before, after, effects),
                    Some(survivor) => {
                        let (links, to) = (before.links().to_vec(), id_of(survivor));
                        vec![ChangeKind::GaveUp { links, to }]
                    }
                    None => alone(before, after),
                };
                of_identity(after, after.revision(), after.modified(), changes)
            }
            Effect::Identity(Change::Delete(before)) => {
                let revision = before.revision().saturating_add(1);
                let date = before.modified().max(now);
                of_identity(before, revision, date, vec![ChangeKind::Deleted])
            }
            Effect::Undone(_) => return None,
        })
    });
    events.collect()
}

fn of_pool(change: &Change<Pool>) -> (&Pool, u32, ChangeKind) {
    match change {
        Change::Create(after) => (after, after.revision, ChangeKind::PoolCreated),
        Change::Update { before, after } => {
            let members = after.differences(before);
            (after, after.revision, ChangeKind::PoolChanged { members })
        }
        Change::Delete(before) => {
            (before, before.revision.saturating_add(1), ChangeKind::PoolDeleted)
        }
    }
}

/// The identity that the others are merged into, if the decision merges identities.
fn merged_into(effects: &[Effect]) -> Option<&Identity> {
    let updates = || effects.iter().filter_map(updated);
    let merges = updates().count() > 1;
    updates().map(|(_, after)| after).find(|after| merges && !after.is_disabled())
}

/// An updated identity before and after.
fn updated(effect: &Effect) -> Option<(&Identity, &Identity)> {
    match effect {
        Effect::Identity(Change::Update { before, after }) => Some((before, after)),
        Effect::Identity(Change::Create(_) | Change::Delete(_))
        | Effect::Pool(_)
        | Effect::Undone(_) => None,
    }
}

/// The changes of an identity that others are merged into.
fn taken(before: &Identity, after: &Identity, effects: &[Effect]) -> Vec<ChangeKind> {
    let mut linked = gained(before, after);
    let mut changes = Vec::new();
    let others = effects.iter().filter_map(updated).filter(|(_, other)| other.id() != after.id());
    for (other, emptied) in others {
        let (links, rest) = linked.into_iter().partition(|link| other.has(&link.login));
        linked = rest;
        changes.push(ChangeKind::TookOver { links, from: id_of(emptied) });
    }
    if !linked.is_empty() {
        changes.push(ChangeKind::Linked { links: linked, was_guest: false });
    }
    changes
}

/// The changes of an identity in a decision about no other one.
fn alone(before: &Identity, after: &Identity) -> Vec<ChangeKind> {
    let mut changes = Vec::new();
    let linked = gained(before, after);
    if !linked.is_empty() {
        changes.push(ChangeKind::Linked { links: linked, was_guest: before.is_guest() });
    }
    let unlinked = gained(after, before);
    if !unlinked.is_empty() {
        changes.push(ChangeKind::Unlinked { links: unlinked });
    }
    if after.is_disabled() && !before.is_disabled() {
        changes.push(ChangeKind::Disabled);
    }
    changes
}

/// The changes of an identity in a decision that undoes others.
fn reverted(before: &Identity, after: &Identity, effects: &[Effect]) -> Vec<ChangeKind> {
    let mut lost = gained(after, before);
    let mut changes = Vec::new();
    let others = effects.iter().filter_map(updated).filter(|(_, other)| other.id() != after.id());
    for (_, restored) in others {
        let (links, rest): (Vec<_>, _) =
            lost.into_iter().partition(|link| restored.has(&link.login));
        lost = rest;
        if !links.is_empty() {
            changes.push(ChangeKind::GaveBack { links, to: id_of(restored) });
        }
    }
    if !lost.is_empty() {
        changes.push(ChangeKind::Unlinked { links: lost });
    }
    let links = gained(before, after);
    if after.is_disabled() {
        if !before.is_disabled() {
            changes.push(ChangeKind::Disabled);
        }
    } else if before.is_guest() && !links.is_empty() {
        changes.push(ChangeKind::Linked { links, was_guest: true });
    } else if !links.is_empty() || after.state() != before.state() {
        changes.push(ChangeKind::Restored { state: after.state(), links });
    }
    changes
}

/// The links of the second to logins that the first has not.
fn gained(before: &Identity, after: &Identity) -> Vec<Link> {
    after.links().iter().filter(|link| !before.has(&link.login)).cloned().collect()
}

fn id_of(after: &Identity) -> EventId {
    EventId::new(after.id().clone(), after.revision())
}
