//! Undo: a merge, a link or an unlink is reverted if nothing since contradicts it.
//!
//! The rule looks at the event and at the identities as they are, and at no other event. What has
//! happened to the identities since stays, unless the reverted change is in its way.

use crate::ambient::Timestamp;
use crate::id::IdentityId;
use crate::rules::{Change, Decided, Effect};
use crate::state::{ChangeKind, EventId, Identity, LOGINS_MAX, Link, Login};

/// A part of a change that can be undone, with the other identities that it is about.
#[derive(Debug, Clone)]
pub(crate) enum Reversible {
    /// Logins were linked.
    Link { links: Vec<Link>, was_guest: bool },
    /// Another identity was merged into this one.
    Merge {
        source: Identity,
        /// The event of the source.
        gave_up: EventId,
        /// The links of the source.
        given: Vec<Link>,
        /// The links that they have become.
        taken: Vec<Link>,
    },
    /// Logins were unlinked.
    Unlink {
        links: Vec<Link>,
        /// The identities that have any of the logins now.
        owners: Vec<Identity>,
        /// Whether the identity was disabled by the same change.
        disabled: bool,
    },
}

/// The reason why a change can no longer be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// This event.
    Event(EventId),
    /// The event that has taken the login from the identity.
    Lost(IdentityId, Login),
    /// The event that has given the login to the identity.
    Gained(IdentityId, Login),
    /// The last event that has given any login to the identity: it has no room for more.
    Crowded(IdentityId),
}

impl Obstacle {
    /// The identity of the event.
    pub(crate) fn identity(&self) -> &IdentityId {
        match self {
            Self::Event(event) => &event.identity_id,
            Self::Lost(identity, _) | Self::Gained(identity, _) | Self::Crowded(identity) => {
                identity
            }
        }
    }

    /// Whether an event of the identity with these changes is the obstacle. The newest one that
    /// fits is.
    pub(crate) fn is_in(&self, changes: &[ChangeKind]) -> bool {
        let has = |links: &[Link], login: &Login| links.iter().any(|link| link.login == *login);
        changes.iter().any(|change| match self {
            Self::Event(_) => false,
            Self::Lost(_, login) => has(change.lost(), login),
            Self::Gained(_, login) => has(change.gained(), login),
            Self::Crowded(_) => !change.gained().is_empty(),
        })
    }
}

/// Undoes parts of the change of `event`. `identity` is the one that was linked to, unlinked from
/// or merged into. Answers with the identities that change.
pub(crate) fn undo(
    event: &EventId,
    identity: &Identity,
    parts: &[Reversible],
    now: Timestamp,
) -> Result<Decided<Vec<Identity>>, Obstacle> {
    let mut after = identity.clone();
    let mut is_guest_again = false;
    let mut undone = vec![Effect::Undone(event.clone())];
    let mut changes = Vec::new();
    for part in parts {
        match part {
            Reversible::Link { links, was_guest } => {
                take_back(&mut after, links, now)?;
                is_guest_again |= was_guest;
            }
            Reversible::Merge { source, gave_up, given, taken } => {
                if source.revision() != gave_up.revision {
                    return Err(Obstacle::Event(next(gave_up)));
                }
                take_back(&mut after, taken, now)?;
                let is_taken = |link: &&Link| taken.iter().any(|took| took.login == link.login);
                let mut restored = source.clone();
                restored.restore(given.iter().filter(is_taken).cloned(), now);
                changes.extend(Decided::updating(source, restored).effects);
                undone.push(Effect::Undone(gave_up.clone()));
            }
            Reversible::Unlink { links, owners, disabled } => {
                let is_as_left = !disabled || identity.revision() == event.revision;
                if identity.is_disabled() != *disabled || !is_as_left {
                    let last = identity.revision();
                    return Err(Obstacle::Event(EventId::new(identity.id().clone(), last)));
                }
                give_back(&mut after, links, owners, now)?;
            }
        }
    }
    after.settle(is_guest_again, now);
    let own = Decided::updating(identity, after).effects;
    // A change that undoes another identity's event begins with that identity.
    let is_own_first = event.identity_id == *identity.id();
    let changes = if is_own_first { [own, changes].concat() } else { [changes, own].concat() };
    let output = changes.iter().filter_map(changed).cloned().collect();
    undone.dedup();
    Ok(Decided { effects: [changes, undone].concat(), output })
}

/// Removes links that must still be there.
fn take_back(from: &mut Identity, links: &[Link], now: Timestamp) -> Result<(), Obstacle> {
    for Link { login, .. } in links {
        if !from.has(login) {
            return Err(Obstacle::Lost(from.id().clone(), login.clone()));
        }
        from.remove(login, now);
    }
    Ok(())
}

/// Adds links whose logins no identity may have.
fn give_back(
    to: &mut Identity,
    links: &[Link],
    owners: &[Identity],
    now: Timestamp,
) -> Result<(), Obstacle> {
    for Link { login, .. } in links {
        if let Some(owner) = owners.iter().find(|owner| owner.has(login)) {
            return Err(Obstacle::Gained(owner.id().clone(), login.clone()));
        }
        // INVARIANT I3
        if let Some(rival) = to.logins().find(|known| known.rivals(login)) {
            return Err(Obstacle::Gained(to.id().clone(), rival.clone()));
        }
    }
    // INVARIANT I4
    if to.links().len().saturating_add(links.len()) > LOGINS_MAX {
        return Err(Obstacle::Crowded(to.id().clone()));
    }
    to.restore(links.iter().cloned(), now);
    Ok(())
}

/// The event that follows another one of the same identity.
fn next(event: &EventId) -> EventId {
    EventId::new(event.identity_id.clone(), event.revision.saturating_add(1))
}

fn changed(effect: &Effect) -> Option<&Identity> {
    match effect {
        Effect::Identity(Change::Update { after, .. }) => Some(after),
        Effect::Identity(Change::Create(_) | Change::Delete(_))
        | Effect::Pool(_)
        | Effect::Undone(_) => None,
    }
}

#[cfg(test)]
mod tests;
