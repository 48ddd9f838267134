//! The events of an import, compared with the identities that they lead to.

use crate::engine::Core;
use crate::engine::exchange::checked::identity_guid;
use crate::engine::exchange::import::{Importing, Result};
use crate::error::Error;
use crate::exchange::line::{EventLine, EventOwner};
use crate::exchange::{ExchangeError, ImportFault, ImportedHistory};
use crate::id::{Guid, IdentityId};
use crate::state::{ChangeKind, EventId, Identity, Pool};
use crate::store::key::{EventNumber, Place};
use crate::store::record::{Address, EventRecord, Record};
use crate::store::{Key, Store as _};

/// The events of a pool so far.
#[derive(Debug, Default)]
pub(super) struct Events {
    last: Option<EventNumber>,
    /// Those of the last identity.
    of_identity: Option<(IdentityId, ImportedHistory)>,
}

impl Importing<'_> {
    pub(super) fn event(&mut self, line: u64, event: EventLine) -> Result<()> {
        let at = |fault| ExchangeError::Line { line, fault };
        if self.current.is_none() || !self.file.has_history() {
            return Err(at(ImportFault::Misplaced));
        }
        if self.current.as_ref().is_some_and(|current| current.events.is_none()) {
            // The events are compared with the identities in the store.
            self.commit()?;
        }
        let Some((_, pool)) = self.pools.last() else { return Err(at(ImportFault::Misplaced)) };
        let (owner, record) = event.into_record(&pool.account).map_err(at)?;
        let (identity, number) = numbered(owner, pool, &record).map_err(at)?;
        let previous = self.last_event();
        if previous.is_some_and(|last| Key::event(last).bytes >= Key::event(number).bytes) {
            return Err(at(ImportFault::EventsOutOfOrder));
        }
        if previous.is_some_and(|last| last.identity != number.identity) {
            self.end_history()?;
        }
        let Some(current) = &mut self.current else { return Err(at(ImportFault::Misplaced)) };
        let events = current.events.get_or_insert_default();
        events.last = Some(number);
        self.pending.add_event(line, number, &record)?;
        if let Some(id) = identity {
            let (_, history) = events.of_identity.get_or_insert_with(|| (id, <_>::default()));
            history.push(line, (number.revision, record.date), record.changes);
        }
        Ok(())
    }

    fn last_event(&self) -> Option<EventNumber> {
        self.current.as_ref().and_then(|current| current.events.as_ref()?.last)
    }

    /// Compares the events of the last identity with it (I11).
    pub(super) fn end_history(&mut self) -> Result<()> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let history = current.events.as_mut().and_then(|events| events.of_identity.take());
        let Some((id, history)) = history else { return Ok(()) };
        let identity = self.core.stored_identity(current.guid, &id)?;
        match history.contradiction(identity.as_ref()) {
            None => Ok(()),
            Some((line, revision)) => {
                let fault = ImportFault::EventContradicts(EventId::new(id, revision));
                Err(ExchangeError::Line { line, fault })
            }
        }
    }
}

impl Core {
    /// An identity of a pool that is being imported.
    fn stored_identity(&self, pool: Guid, id: &IdentityId) -> Result<Option<Identity>, Error> {
        let Some(guid) = id.guid() else { return Ok(None) };
        let key = Key::identity_index(guid);
        let Some(value) = self.store.get_one(&key)? else { return Ok(None) };
        let address = Address::decode(&key, &value)?;
        let key = Key::identity(address.pool, Place { created: address.created, guid });
        let value = self.store.get_one(&key)?.filter(|_| address.pool == pool);
        Ok(value.map(|value| Identity::decode(&key, &value)).transpose()?)
    }
}

/// The number of an event of this pool, and the identity that it is about.
fn numbered(
    owner: EventOwner,
    pool: &Pool,
    event: &EventRecord,
) -> std::result::Result<(Option<IdentityId>, EventNumber), ImportFault> {
    let guid = pool.id().guid().ok_or_else(|| ImportFault::NoGuid(pool.id().to_string()))?;
    let is_of_pool = |change: &ChangeKind| {
        matches!(change, ChangeKind::PoolCreated | ChangeKind::PoolChanged { .. })
    };
    match owner {
        EventOwner::Pool(id, revision) => {
            let is_one = event.changes.len() == 1 && event.changes.iter().all(is_of_pool);
            if id != *pool.id() || revision > pool.revision || !is_one {
                return Err(ImportFault::NotOfThePool);
            }
            Ok((None, EventNumber { pool: guid, identity: None, revision }))
        }
        EventOwner::Identity(EventId { identity_id, revision }) => {
            let identity = Some(identity_guid(&identity_id, pool)?);
            let is_wrong = |change: &ChangeKind| {
                is_of_pool(change) || matches!(change, ChangeKind::PoolDeleted)
            };
            if event.changes.is_empty() || event.changes.iter().any(is_wrong) {
                let event = EventId { identity_id, revision };
                return Err(ImportFault::EventContradicts(event));
            }
            Ok((Some(identity_id), EventNumber { pool: guid, identity, revision }))
        }
    }
}
