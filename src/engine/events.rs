//! Events, derived from the effects of a decision as the login index is. Nothing decides them.

use crate::admin::{Actor, ChangeEvent, ChangeKind, EventId};
use crate::ambient::Timestamp;
use crate::engine::gather::Reads;
use crate::engine::{Admin, Developer, Public};
use crate::error::Result;
use crate::id::AccountId;
use crate::rules::{Change, Decided, Effect};
use crate::state::{Identity, Login, Pool};

/// The call that a change comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    by: OriginalActor<'a>,
    operation: &'static str,
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
        operation: &'static str,
        attempt: impl FnMut(&mut Reads<'_>) -> Result<Decided<T>>,
    ) -> Result<T> {
        self.core.run_as(self.origin(operation), attempt, Ok)
    }

    pub(super) fn origin(&self, operation: &'static str) -> Origin<'_> {
        Origin { by: OriginalActor::Account(&self.account), operation }
    }
}

impl Public {
    /// Runs an operation that may write.
    pub(super) fn run<T>(
        &self,
        operation: &'static str,
        attempt: impl FnMut(&mut Reads<'_>) -> Result<Decided<T>>,
    ) -> Result<T> {
        self.core.run_as(Self::origin(operation), attempt, Ok)
    }

    pub(super) fn origin(operation: &'static str) -> Origin<'static> {
        Origin { by: OriginalActor::Anyone, operation }
    }
}

impl Admin {
    /// Runs an operation that may write.
    pub(super) fn run<T>(
        &self,
        operation: &'static str,
        attempt: impl FnMut(&mut Reads<'_>) -> Result<Decided<T>>,
    ) -> Result<T> {
        let origin = Origin { by: OriginalActor::Administrator, operation };
        self.core.run_as(origin, attempt, Ok)
    }
}

/// The events of a decision.
pub(super) fn events(origin: Origin<'_>, effects: &[Effect], date: Timestamp) -> Vec<ChangeEvent> {
    let survivor = merged_into(effects);
    let events = effects.iter().map(|effect| {
        let (pool, identity, revision, changes) = match effect {
            Effect::Pool(change) => {
                let (pool, revision, kind) = of_pool(change);
                (pool.id(), None, revision, vec![kind])
            }
            Effect::Identity(Change::Create(after)) => {
                let logins = after.logins().cloned().collect();
                let changes = vec![ChangeKind::Created { logins }];
                (after.pool(), Some(after.id()), after.revision(), changes)
            }
            Effect::Identity(Change::Update { before, after }) => {
                let changes = match survivor {
                    Some(survivor) if survivor.id() == after.id() => taken(before, after, effects),
                    Some(survivor) => {
                        let (logins, to) = (before.logins().cloned().collect(), id_of(survivor));
                        vec![ChangeKind::GaveUp { logins, to }]
                    }
                    None => alone(before, after),
                };
                (after.pool(), Some(after.id()), after.revision(), changes)
            }
            Effect::Identity(Change::Delete(before)) => {
                let revision = before.revision().saturating_add(1);
                (before.pool(), Some(before.id()), revision, vec![ChangeKind::Deleted])
            }
        };
        ChangeEvent {
            identity_pool_id: pool.clone(),
            identity_id: identity.cloned(),
            revision,
            date,
            by: origin.by.to_owned(),
            operation: origin.operation,
            changes,
        }
    });
    events.collect()
}

fn of_pool(change: &Change<Pool>) -> (&Pool, u32, ChangeKind) {
    match change {
        Change::Create(after) => (after, after.revision, ChangeKind::PoolCreated),
        Change::Update { after, .. } => (after, after.revision, ChangeKind::PoolChanged),
        Change::Delete(before) => {
            (before, before.revision.saturating_add(1), ChangeKind::PoolDeleted)
        }
    }
}

/// The identity that the others are merged into, if the decision merges identities.
fn merged_into(effects: &[Effect]) -> Option<&Identity> {
    let updates = || effects.iter().filter_map(updated);
    let merges = updates().count() > 1;
    updates().find(|after| merges && !after.is_disabled())
}

fn updated(effect: &Effect) -> Option<&Identity> {
    match effect {
        Effect::Identity(Change::Update { after, .. }) => Some(after),
        Effect::Identity(Change::Create(_) | Change::Delete(_)) | Effect::Pool(_) => None,
    }
}

/// The changes of an identity that others are merged into.
fn taken(before: &Identity, after: &Identity, effects: &[Effect]) -> Vec<ChangeKind> {
    let mut linked: Vec<Login> = gained(before, after);
    let mut changes = Vec::new();
    for effect in effects {
        if let Effect::Identity(Change::Update { before: other, after: emptied }) = effect
            && emptied.id() != after.id()
        {
            let (logins, others) = linked.into_iter().partition(|login| other.has(login));
            linked = others;
            changes.push(ChangeKind::TookOver { logins, from: id_of(emptied) });
        }
    }
    if !linked.is_empty() {
        changes.push(ChangeKind::Linked { logins: linked });
    }
    changes
}

/// The changes of an identity in a decision about no other one.
fn alone(before: &Identity, after: &Identity) -> Vec<ChangeKind> {
    let mut changes = Vec::new();
    let linked = gained(before, after);
    if !linked.is_empty() {
        changes.push(ChangeKind::Linked { logins: linked });
    }
    let unlinked = gained(after, before);
    if !unlinked.is_empty() {
        changes.push(ChangeKind::Unlinked { logins: unlinked });
    }
    if after.is_disabled() && !before.is_disabled() {
        changes.push(ChangeKind::Disabled);
    }
    changes
}

/// The logins of the second that the first has not.
fn gained(before: &Identity, after: &Identity) -> Vec<Login> {
    after.logins().filter(|login| !before.has(login)).cloned().collect()
}

fn id_of(after: &Identity) -> EventId {
    EventId { identity_id: after.id().clone(), revision: after.revision() }
}
