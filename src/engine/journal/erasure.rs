//! Erasure: the events of deleted identities, which name their subjects.

use std::collections::BTreeSet;

use crate::engine::Core;
use crate::engine::gather::Reads;
use crate::engine::run::place_of;
use crate::error::Result;
use crate::id::Guid;
use crate::state::{ChangeKind, EventId, Identity};
use crate::store::key::{EventNumber, corrupt};
use crate::store::record::{EventRecord, Record};
use crate::store::{Batch, Key, KeyRange, Store as _, entries};

/// The number of revisions up to which events are read by their keys, those of many identities at
/// once.
const BY_KEY_MAX: u32 = 64;

/// The events of an identity up to a revision.
#[derive(Debug, Clone, Copy)]
struct History {
    pool: Guid,
    identity: Guid,
    until: u32,
}

impl Core {
    /// Removes the events of deleted identities. Removes also those of the identities that were
    /// merged into them: these are disabled, and their events name the same subjects.
    pub(super) fn erase<'a>(
        &self,
        writes: &mut Batch,
        deleted: impl Iterator<Item = &'a Identity>,
    ) -> Result<()> {
        let mut histories = Vec::new();
        for identity in deleted {
            // An identity that has not changed has no event of its own. The first change of one
            // of an older format makes revision 1, and need not be dated after its creation.
            let is_told = identity.creation().is_none()
                && (self.journal.is_some() || identity.modified() > identity.created());
            if identity.revision() > 1 || (identity.revision() == 1 && is_told) {
                let (pool, place) = place_of(identity)?;
                let until = identity.revision();
                histories.push(History { pool, identity: place.guid, until });
            }
        }
        let mut erased: BTreeSet<Guid> = histories.iter().map(|of| of.identity).collect();
        while !histories.is_empty() {
            let mut merged = Vec::new();
            for (number, event) in self.events_of(&histories)? {
                writes.deletes.extend([Key::event(number), Key::activity(event.date, number)]);
                if event.undone_by.is_none() {
                    let changes = event.changes.into_iter();
                    merged.extend(changes.filter_map(|change| taken_over(number.pool, change)));
                }
            }
            histories = self.still_merged(merged)?;
            histories.retain(|of| erased.insert(of.identity));
        }
        Ok(())
    }

    /// Removes the events of deleted identities that come back with their chosen ids: the history
    /// of an identity begins with its creation.
    pub(in crate::engine) fn forget_deletions(
        &self,
        reads: &mut Reads<'_>,
        writes: &mut Batch,
    ) -> Result<()> {
        for (pool, identity) in std::mem::take(&mut reads.chosen) {
            for entry in entries(&self.store, KeyRange::events_of(pool, identity)) {
                let (key, value) = entry?;
                let number = key.event_number();
                let number = number.ok_or_else(|| corrupt(&key, "not an event's key"))?;
                let date = EventRecord::decode(&key, &value)?.date;
                writes.deletes.extend([key.clone(), Key::activity(date, number)]);
                reads.seen.push((key, Some(value)));
            }
        }
        Ok(())
    }

    /// The events of these histories.
    fn events_of(&self, histories: &[History]) -> Result<Vec<(EventNumber, EventRecord)>> {
        let (short, long): (Vec<_>, Vec<_>) =
            histories.iter().partition(|history| history.until <= BY_KEY_MAX);
        let numbers = short.into_iter().flat_map(|&History { pool, identity, until }| {
            let identity = Some(identity);
            (0..=until).map(move |revision| EventNumber { pool, identity, revision })
        });
        let mut events = self.stored_events(numbers.collect())?;
        for History { pool, identity, until } in long {
            for entry in entries(&self.store, KeyRange::events_of(*pool, *identity)) {
                let (key, value) = entry?;
                let number = key.event_number().filter(|number| number.revision <= *until);
                if let Some(number) = number {
                    events.push((number, EventRecord::decode(&key, &value)?));
                }
            }
        }
        Ok(events)
    }

    /// Those of the numbered events that are in the store.
    pub(in crate::engine) fn stored_events(
        &self,
        numbers: Vec<EventNumber>,
    ) -> Result<Vec<(EventNumber, EventRecord)>> {
        let keys: Vec<Key> = numbers.iter().map(|number| Key::event(*number)).collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let values = self.store.get(&keys)?;
        let mut events = Vec::with_capacity(keys.len());
        for ((number, key), value) in numbers.into_iter().zip(keys).zip(values) {
            if let Some(value) = value {
                events.push((number, EventRecord::decode(&key, &value)?));
            }
        }
        Ok(events)
    }

    /// Those of the histories that do not end with a merge that was undone.
    fn still_merged(&self, merged: Vec<History>) -> Result<Vec<History>> {
        let number_of = |&History { pool, identity, until }: &History| EventNumber {
            pool,
            identity: Some(identity),
            revision: until,
        };
        let undone: BTreeSet<EventNumber> = self
            .stored_events(merged.iter().map(number_of).collect())?
            .into_iter()
            .filter(|(_, event)| event.undone_by.is_some())
            .map(|(number, _)| number)
            .collect();
        Ok(merged.into_iter().filter(|of| !undone.contains(&number_of(of))).collect())
    }
}

/// The history of the identity that a change has merged into another one.
fn taken_over(pool: Guid, change: ChangeKind) -> Option<History> {
    match change {
        ChangeKind::TookOver { from: EventId { identity_id, revision }, .. } => {
            Some(History { pool, identity: identity_id.guid()?, until: revision })
        }
        ChangeKind::Created { .. }
        | ChangeKind::Imported { .. }
        | ChangeKind::Linked { .. }
        | ChangeKind::GaveUp { .. }
        | ChangeKind::GaveBack { .. }
        | ChangeKind::Unlinked { .. }
        | ChangeKind::Disabled
        | ChangeKind::Restored { .. }
        | ChangeKind::Deleted
        | ChangeKind::PoolCreated
        | ChangeKind::PoolChanged { .. }
        | ChangeKind::PoolDeleted => None,
    }
}
