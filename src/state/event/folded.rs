//! Identities as their events tell them.

use crate::state::{ChangeEvent, ChangeKind, Identity, IdentityState, Link};

/// An identity as far as its events tell it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct FoldedIdentity {
    /// The state. `None` before the creation, and after the deletion.
    pub state: Option<IdentityState>,
    /// The logins, in the order in which they were linked.
    pub links: Vec<Link>,
    /// The revision.
    pub revision: u32,
}

impl FoldedIdentity {
    /// The identity after an event.
    #[must_use]
    pub fn after(mut self, event: &ChangeEvent) -> Self {
        self.apply_all(event.revision, &event.changes);
        self
    }

    fn apply_all(&mut self, revision: u32, changes: &[ChangeKind]) {
        for change in changes {
            self.apply(change);
        }
        self.revision = revision;
    }

    fn apply(&mut self, change: &ChangeKind) {
        self.links.retain(|link| !change.lost().contains(link));
        self.add(change.gained());
        match change {
            ChangeKind::Created { links } if links.is_empty() => {
                self.state = Some(IdentityState::Unauthenticated);
            }
            ChangeKind::Created { .. } | ChangeKind::Linked { .. } => {
                self.state = Some(IdentityState::Authenticated);
            }
            ChangeKind::GaveUp { .. } | ChangeKind::Disabled => {
                self.state = Some(IdentityState::Disabled);
            }
            ChangeKind::Restored { state, .. } | ChangeKind::Imported { state, .. } => {
                self.state = Some(*state);
            }
            ChangeKind::Deleted => *self = Self::default(),
            ChangeKind::TookOver { .. }
            | ChangeKind::GaveBack { .. }
            | ChangeKind::Unlinked { .. }
            | ChangeKind::PoolCreated
            | ChangeKind::PoolChanged { .. }
            | ChangeKind::PoolDeleted => {}
        }
    }

    /// The identity before changes that have made its revision. `None` if they do not lead to it.
    pub(crate) fn before(&self, changes: &[ChangeKind]) -> Option<Self> {
        let mut before = self.clone();
        for change in changes.iter().rev() {
            let gained = change.gained();
            before.links.retain(|link| !gained.contains(link));
            before.add(change.lost());
        }
        let is_beginning = changes.iter().any(ChangeKind::is_beginning);
        let is_imported = changes.iter().any(|kind| matches!(kind, ChangeKind::Imported { .. }));
        let is_restored = changes.iter().any(|kind| matches!(kind, ChangeKind::Restored { .. }));
        before.state = match before.links.as_slice() {
            [] if is_beginning => None,
            [] if is_restored => Some(IdentityState::Disabled),
            [] => Some(IdentityState::Unauthenticated),
            [..] if is_beginning => return None,
            [..] => Some(IdentityState::Authenticated),
        };
        before.revision = match self.revision.checked_sub(1) {
            None if is_imported => 0,
            revision => revision?,
        };
        let mut again = before.clone();
        again.apply_all(self.revision, changes);
        (again == *self).then_some(before)
    }

    fn add(&mut self, links: &[Link]) {
        self.links.extend_from_slice(links);
        self.links.sort_by_key(|link| link.ordinal);
    }
}

impl From<&Identity> for FoldedIdentity {
    fn from(identity: &Identity) -> Self {
        let links = identity.links().to_vec();
        Self { state: Some(identity.state()), links, revision: identity.revision() }
    }
}
