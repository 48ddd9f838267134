//! An identity and the changes it can go through.

use serde::{Deserialize, Serialize};

use crate::ambient::Timestamp;
use crate::id::{IdentityId, IdentityPoolId};
use crate::name::ProviderName;
use crate::state::Login;

/// The most logins that one identity can have (I4).
pub(crate) const LOGINS_MAX: usize = 20;

/// What state an identity is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "the service has these three states and no other")]
pub enum IdentityState {
    /// A guest: it never had a login.
    Unauthenticated,
    /// It has a login.
    Authenticated,
    /// Merged into another identity, or its last login was unlinked. Final.
    Disabled,
}

/// An identity of a pool, with its logins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    id: IdentityId,
    pool: IdentityPoolId,
    state: IdentityState,
    created: Timestamp,
    modified: Timestamp,
    links: Vec<Link>,
}

/// What a listing tells of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdentitySummary {
    pub(crate) id: IdentityId,
    /// Of which it has a login, each once, sorted.
    pub(crate) providers: Vec<ProviderName>,
    pub(crate) state: IdentityState,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
}

/// A login that points at an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) login: Login,
    /// Rises with each link of an identity: the order of a paged lookup.
    pub(crate) ordinal: u32,
}

/// Why an identity cannot take a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkConflict {
    /// With this login it would have two users of one public provider (I3).
    AnotherUserOfTheProvider(Login),
    /// It would have more than [`LOGINS_MAX`] logins (I4).
    TooManyLogins,
}

impl Identity {
    /// A guest; its first login authenticates it.
    pub(crate) fn guest(id: IdentityId, pool: IdentityPoolId, now: Timestamp) -> Self {
        let state = IdentityState::Unauthenticated;
        Self { id, pool, state, created: now, modified: now, links: Vec::new() }
    }

    /// An identity as it was kept.
    pub(crate) fn restored(
        (id, pool): (IdentityId, IdentityPoolId),
        state: IdentityState,
        (created, modified): (Timestamp, Timestamp),
        links: Vec<Link>,
    ) -> Self {
        Self { id, pool, state, created, modified, links }
    }

    pub(crate) fn id(&self) -> &IdentityId {
        &self.id
    }

    pub(crate) fn pool(&self) -> &IdentityPoolId {
        &self.pool
    }

    pub(crate) fn state(&self) -> IdentityState {
        self.state
    }

    pub(crate) fn is_disabled(&self) -> bool {
        self.state == IdentityState::Disabled
    }

    pub(crate) fn is_guest(&self) -> bool {
        self.state == IdentityState::Unauthenticated
    }

    pub(crate) fn created(&self) -> Timestamp {
        self.created
    }

    pub(crate) fn modified(&self) -> Timestamp {
        self.modified
    }

    /// In the order in which they were linked.
    pub(crate) fn links(&self) -> &[Link] {
        &self.links
    }

    pub(crate) fn logins(&self) -> impl Iterator<Item = &Login> {
        self.links.iter().map(|link| &link.login)
    }

    pub(crate) fn summary(&self) -> IdentitySummary {
        let mut providers: Vec<_> = self.logins().map(|login| login.provider().clone()).collect();
        providers.sort_unstable();
        providers.dedup();
        let &Self { ref id, state, created, modified, .. } = self;
        IdentitySummary { id: id.clone(), providers, state, created, modified }
    }

    pub(crate) fn has(&self, login: &Login) -> bool {
        self.logins().any(|known| known == login)
    }

    /// Takes logins that no identity has, or that another one has given up.
    pub(crate) fn link(
        &mut self,
        logins: impl IntoIterator<Item = Login>,
        now: Timestamp,
    ) -> Result<(), LinkConflict> {
        for login in logins {
            // Of two that were kept, one with and one without a final slash, one is enough.
            if self.has(&login) {
                continue;
            }
            // INVARIANT I3
            if self.logins().any(|known| known.rivals(&login)) {
                return Err(LinkConflict::AnotherUserOfTheProvider(login));
            }
            let ordinal = self.links.last().map_or(0, |link| link.ordinal.saturating_add(1));
            self.links.push(Link { login, ordinal });
            // INVARIANT I5
            self.state = IdentityState::Authenticated;
            self.touch(now);
        }
        // INVARIANT I4
        if self.links.len() > LOGINS_MAX {
            return Err(LinkConflict::TooManyLogins);
        }
        Ok(())
    }

    /// Gives up all logins, for good: another identity is to take them.
    pub(crate) fn empty(&mut self, now: Timestamp) -> impl Iterator<Item = Login> + use<> {
        self.disable(now);
        std::mem::take(&mut self.links).into_iter().map(|link| link.login)
    }

    /// Drops a login; the identity that loses its last one is disabled.
    pub(crate) fn unlink(&mut self, login: &Login, now: Timestamp) {
        let before = self.links.len();
        self.links.retain(|link| link.login != *login);
        if self.links.len() == before {
            return;
        }
        self.touch(now);
        if self.links.is_empty() {
            self.disable(now);
        }
    }

    fn disable(&mut self, now: Timestamp) {
        // INVARIANT I5
        self.state = IdentityState::Disabled;
        self.touch(now);
    }

    /// Something about the identity changes.
    pub(crate) fn touch(&mut self, now: Timestamp) {
        // INVARIANT I9, also under a clock that runs backwards.
        self.modified = self.modified.max(now);
    }
}
