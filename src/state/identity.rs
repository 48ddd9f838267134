//! An identity and its state changes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ambient::Timestamp;
use crate::id::{IdentityId, IdentityPoolId};
use crate::name::ProviderName;
use crate::state::{Login, Source};

/// The maximum number of logins of an identity (I4).
pub(crate) const LOGINS_MAX: usize = 20;

/// The state of an identity. It displays as it serializes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(clippy::exhaustive_enums, reason = "the service has these three states and no other")]
pub enum IdentityState {
    /// A guest. It has never had a login.
    Unauthenticated,
    /// The identity has a login.
    Authenticated,
    /// The identity was merged into another one, or its last login was unlinked. This state is
    /// final for every operation of the service; only an administrator's
    /// [`undo`](crate::Admin::undo) ends it.
    Disabled,
}

impl fmt::Display for IdentityState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Authenticated => "AUTHENTICATED",
            Self::Disabled => "DISABLED",
        })
    }
}

/// An identity of a pool, with its logins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    id: IdentityId,
    pool: IdentityPoolId,
    state: IdentityState,
    created: Timestamp,
    modified: Timestamp,
    revision: u32,
    links: Vec<Link>,
    /// The call that has created the identity. `None` once the journal says it, and if there was no
    /// journal.
    creation: Option<Source>,
}

/// The part of an identity that a listing shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdentitySummary {
    pub(crate) id: IdentityId,
    /// The providers of its logins, sorted and without duplicates.
    pub(crate) providers: Vec<ProviderName>,
    pub(crate) state: IdentityState,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
}

/// A link from an identity to a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Link {
    /// The login.
    pub login: Login,
    /// Increases with each link of an identity. It defines the order of the logins.
    pub ordinal: u32,
}

/// The reason why an identity cannot get a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkConflict {
    /// With this login the identity would have two users of one public provider (I3).
    AnotherUserOfTheProvider(Login),
    /// The identity would have more than [`LOGINS_MAX`] logins (I4).
    TooManyLogins,
}

impl Identity {
    /// A guest. Its first login authenticates it.
    pub(crate) fn guest(id: IdentityId, pool: IdentityPoolId, now: Timestamp) -> Self {
        Self {
            id,
            pool,
            state: IdentityState::Unauthenticated,
            created: now,
            modified: now,
            revision: 1,
            links: Vec::new(),
            creation: None,
        }
    }

    /// An identity read from the store.
    pub(crate) fn restored(
        (id, pool): (IdentityId, IdentityPoolId),
        state: IdentityState,
        (created, modified): (Timestamp, Timestamp),
        revision: u32,
        links: Vec<Link>,
    ) -> Self {
        Self { id, pool, state, created, modified, revision, links, creation: None }
    }

    /// The identity with the call that has created it.
    pub(crate) fn created_by(self, creation: Option<Source>) -> Self {
        Self { creation, ..self }
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

    /// Increases by one with each change of the record. 0 if an engine without revisions wrote it.
    pub(crate) fn revision(&self) -> u32 {
        self.revision
    }

    /// The next revision of `before`.
    pub(crate) fn succeeding(self, before: &Self) -> Self {
        Self { revision: before.revision.saturating_add(1), creation: None, ..self }
    }

    /// The call that has created the identity, if nothing has happened to it since and it was
    /// created with a journal.
    pub(crate) fn creation(&self) -> Option<&Source> {
        self.creation.as_ref()
    }

    /// The links, in the order in which they were made.
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

    /// Links logins that no identity has, or that another identity has just given up.
    pub(crate) fn link(
        &mut self,
        logins: impl IntoIterator<Item = Login>,
        now: Timestamp,
    ) -> Result<(), LinkConflict> {
        for login in logins {
            // The store may hold two spellings of a login, with and without a final slash. One is
            // enough.
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

    /// Gives up all logins, so that another identity can take them. This is final.
    pub(crate) fn empty(&mut self, now: Timestamp) -> impl Iterator<Item = Login> + use<> {
        self.disable(now);
        std::mem::take(&mut self.links).into_iter().map(|link| link.login)
    }

    /// Removes a login. Without any other login the identity is disabled.
    pub(crate) fn unlink(&mut self, login: &Login, now: Timestamp) {
        if self.has(login) {
            self.remove(login, now);
            self.settle(false, now);
        }
    }

    /// Gets back links that no identity has any more, and with them or without any the state that
    /// it had. A link keeps its ordinal, unless another one has taken it.
    pub(crate) fn restore(&mut self, links: impl IntoIterator<Item = Link>, now: Timestamp) {
        for Link { login, ordinal } in links {
            let is_taken = self.links.iter().any(|link| link.ordinal == ordinal);
            let next = || self.links.last().map_or(0, |last| last.ordinal.saturating_add(1));
            let ordinal = if is_taken { next() } else { ordinal };
            self.links.push(Link { login, ordinal });
            self.links.sort_by_key(|link| link.ordinal);
        }
        self.state = match self.links.as_slice() {
            [] => IdentityState::Unauthenticated,
            [..] => IdentityState::Authenticated,
        };
        self.touch(now);
    }

    /// Removes a login. [`settle`](Self::settle) must follow.
    pub(crate) fn remove(&mut self, login: &Login, now: Timestamp) {
        self.links.retain(|link| link.login != *login);
        self.touch(now);
    }

    /// The state after logins were removed: without any other one, the identity is disabled, or a
    /// guest again.
    pub(crate) fn settle(&mut self, is_guest_again: bool, now: Timestamp) {
        if self.links.is_empty() && self.state == IdentityState::Authenticated {
            if is_guest_again {
                self.state = IdentityState::Unauthenticated;
            } else {
                self.disable(now);
            }
        }
    }

    fn disable(&mut self, now: Timestamp) {
        // INVARIANT I5
        self.state = IdentityState::Disabled;
        self.touch(now);
    }

    /// Updates the date of the last change.
    pub(crate) fn touch(&mut self, now: Timestamp) {
        // INVARIANT I9, even if the clock runs backwards.
        self.modified = self.modified.max(now);
    }
}
