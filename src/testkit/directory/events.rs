//! Events of an engine, with numbers for generated names.

use std::collections::BTreeSet;

use crate::id::{AccountId, IdentityId};
use crate::state::{Actor, ChangeEvent, ChangeKind, EventId, IdentityState, Link, Login};
use crate::testkit::directory::Directory;
use crate::testkit::model::{NumberedEvent, RecordedCaller, RecordedChange, RecordedEvent};
use crate::testkit::names::{Account, Identity, NumberedLogin, Pool, Provider, User};

impl Directory {
    pub(crate) fn identity_id(&self, identity: Identity) -> Option<IdentityId> {
        self.identities.get(identity.0)?.parse().ok()
    }

    /// The event of an identity. `None` if one of its names was not seen.
    pub(crate) fn recorded(&self, event: &ChangeEvent) -> Option<RecordedEvent> {
        let id = self.numbered(&event.id()?)?;
        let pool = Pool(*self.pools.numbers.get(event.identity_pool_id.as_str())?);
        let by = match &event.by {
            Actor::Anyone => RecordedCaller::Anyone,
            Actor::Account(account) => RecordedCaller::Account(self.account(account, pool)?),
            Actor::Administrator => RecordedCaller::Administrator,
        };
        let changes = event.changes.iter().map(|change| self.change(change));
        let operation = event.operation.as_str();
        let recorded =
            RecordedEvent::new((id, pool), operation, by, changes.collect::<Option<_>>()?);
        let numbered = |id: &Option<EventId>| match id {
            Some(id) => self.numbered(id).map(Some),
            None => Some(None),
        };
        let (undid, undone_by) = (numbered(&event.undid)?, numbered(&event.undone_by)?);
        Some(RecordedEvent { undid, undone_by, ..recorded })
    }

    fn numbered(&self, id: &EventId) -> Option<NumberedEvent> {
        let identity = self.number_of(id.identity_id.as_str())?;
        Some(NumberedEvent { identity, revision: id.revision })
    }

    /// The account, which owns the pool.
    fn account(&self, account: &AccountId, pool: Pool) -> Option<Account> {
        let owner = *self.owners.get(usize::from(pool.0))?;
        (self.account_id(owner.number) == account.as_str()).then_some(owner)
    }

    fn change(&self, change: &ChangeKind) -> Option<RecordedChange> {
        let logins = |links: &[Link]| -> Option<BTreeSet<NumberedLogin>> {
            links.iter().map(|link| login(&link.login)).collect()
        };
        Some(match change {
            ChangeKind::Created { links } => RecordedChange::Created { logins: logins(links)? },
            ChangeKind::Linked { links, was_guest } => {
                RecordedChange::Linked { logins: logins(links)?, was_guest: *was_guest }
            }
            ChangeKind::TookOver { links, from } => {
                RecordedChange::TookOver { logins: logins(links)?, from: self.numbered(from)? }
            }
            ChangeKind::GaveUp { links, to } => {
                RecordedChange::GaveUp { logins: logins(links)?, to: self.numbered(to)? }
            }
            ChangeKind::GaveBack { links, to } => {
                RecordedChange::GaveBack { logins: logins(links)?, to: self.numbered(to)? }
            }
            ChangeKind::Unlinked { links } => RecordedChange::Unlinked { logins: logins(links)? },
            ChangeKind::Disabled => RecordedChange::Disabled,
            ChangeKind::Restored { state, links } => RecordedChange::Restored {
                is_guest: *state == IdentityState::Unauthenticated,
                logins: logins(links)?,
            },
            ChangeKind::Deleted => RecordedChange::Deleted,
            // The model imports nothing.
            ChangeKind::Imported { .. }
            | ChangeKind::PoolCreated
            | ChangeKind::PoolChanged { .. }
            | ChangeKind::PoolDeleted => return None,
        })
    }
}

fn login(login: &Login) -> Option<NumberedLogin> {
    let subject = login.subject().as_str();
    if login.is_developer() {
        return Some(NumberedLogin::User(User(subject.strip_prefix("user-")?.parse().ok()?)));
    }
    let name = login.provider().as_str();
    let is_named = |provider: &Provider| provider.name() == name || provider.issuer() == name;
    let provider = Provider::ALL.into_iter().find(is_named)?;
    Some(NumberedLogin::Public(provider, subject.parse().ok()?))
}
