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
        changes.iter().for_each(|change| self.apply(change));
        self.revision = revision;
    }

    fn apply(&mut self, change: &ChangeKind) {
        match change {
            ChangeKind::Created { links } => {
                self.state = Some(IdentityState::Unauthenticated);
                self.link(links);
            }
            ChangeKind::Linked { links, .. } | ChangeKind::TookOver { links, .. } => {
                self.link(links);
            }
            ChangeKind::GaveUp { .. } => {
                self.state = Some(IdentityState::Disabled);
                self.links.clear();
            }
            ChangeKind::GaveBack { links, .. } | ChangeKind::Unlinked { links } => {
                self.links.retain(|link| !links.contains(link));
            }
            ChangeKind::Disabled => self.state = Some(IdentityState::Disabled),
            ChangeKind::Restored { state, links } => {
                self.link(links);
                self.state = Some(*state);
            }
            ChangeKind::Deleted => *self = Self::default(),
            ChangeKind::PoolCreated | ChangeKind::PoolChanged { .. } | ChangeKind::PoolDeleted => {}
        }
    }

    fn link(&mut self, links: &[Link]) {
        if !links.is_empty() {
            self.state = Some(IdentityState::Authenticated);
        }
        self.links.extend_from_slice(links);
        self.links.sort_by_key(|link| link.ordinal);
    }

    /// The identity before changes that have made its revision. `None` if they do not lead to it.
    pub(crate) fn before(mut self, changes: &[ChangeKind]) -> Option<Self> {
        let after = self.clone();
        let mut is_created = false;
        let mut is_restored = false;
        for change in changes.iter().rev() {
            match change {
                ChangeKind::Created { links } => {
                    self.remove(links)?;
                    is_created = true;
                }
                ChangeKind::Linked { links, .. } | ChangeKind::TookOver { links, .. } => {
                    self.remove(links)?;
                }
                ChangeKind::Restored { links, .. } => {
                    self.remove(links)?;
                    is_restored = true;
                }
                ChangeKind::GaveUp { links, .. }
                | ChangeKind::GaveBack { links, .. }
                | ChangeKind::Unlinked { links } => {
                    self.links.extend_from_slice(links);
                    self.links.sort_by_key(|link| link.ordinal);
                }
                ChangeKind::Disabled => {}
                ChangeKind::Deleted
                | ChangeKind::PoolCreated
                | ChangeKind::PoolChanged { .. }
                | ChangeKind::PoolDeleted => return None,
            }
        }
        self.state = match self.links.as_slice() {
            [] if is_created => None,
            [] if is_restored => Some(IdentityState::Disabled),
            [] => Some(IdentityState::Unauthenticated),
            [..] if is_created => return None,
            [..] => Some(IdentityState::Authenticated),
        };
        self.revision = after.revision.checked_sub(1)?;
        let mut again = self.clone();
        again.apply_all(after.revision, changes);
        (again == after).then_some(self)
    }

    fn remove(&mut self, links: &[Link]) -> Option<()> {
        let has_all = links.iter().all(|link| self.links.contains(link));
        self.links.retain(|link| !links.contains(link));
        has_all.then_some(())
    }
}

impl From<&Identity> for FoldedIdentity {
    fn from(identity: &Identity) -> Self {
        let links = identity.links().to_vec();
        Self { state: Some(identity.state()), links, revision: identity.revision() }
    }
}
