//! Events that lead to what a salvaged database has.

use crate::error::Result;
use crate::id::Guid;
use crate::salvage::sift::{EVENT_GONE, Sift};
use crate::state::{ChangeKind, Identity, Misfit, misfits};
use crate::store::key::{EventNumber, Place};
use crate::store::record::{ActivityEntry, Address, EventRecord, Record};
use crate::store::{Batch, Key, Store, StoreError, Tree, Value};

/// The events of one identity that can be read, in the order of their revisions.
#[derive(Debug)]
struct History {
    pool: Guid,
    identity: Guid,
    events: Vec<Told>,
}

/// An event with its record.
#[derive(Debug)]
struct Told {
    number: EventNumber,
    event: EventRecord,
    value: Value,
}

impl Sift<'_> {
    /// Keeps the events that lead to the identities and pools, and lists them.
    pub(super) fn journal(&mut self) -> Result<()> {
        let mut current: Option<History> = None;
        self.each::<EventRecord>(Tree::Journal, |sift, key, event, value| {
            let Some(number) = key.event_number() else {
                sift.leave_out(key, "not the key of an event", EVENT_GONE);
                return Ok(());
            };
            if sift.deleted.contains(&number.pool) {
                return Ok(());
            }
            let Some(made) = sift.pools.get(&number.pool).map(|pool| pool.revision) else {
                sift.leave_out(key, "the event's pool is not there", EVENT_GONE);
                return Ok(());
            };
            let told = Told { number, event, value: value.to_vec() };
            let Some(identity) = number.identity else {
                let is_made = number.revision <= made;
                return sift.keep_event(told, (!is_made).then_some("the pool is older"));
            };
            let is_same = |of: &History| (of.pool, of.identity) == (number.pool, identity);
            if !current.as_ref().is_some_and(is_same) {
                let next = History { pool: number.pool, identity, events: Vec::new() };
                current.replace(next).map_or(Ok(()), |ended| sift.history(ended))?;
            }
            if let Some(history) = &mut current {
                history.events.push(told);
            }
            Ok(())
        })?;
        current.map_or(Ok(()), |last| self.history(last))?;
        self.activity_that_is_gone()
    }

    fn history(&mut self, history: History) -> Result<(), StoreError> {
        let identity = self.new_identity(history.pool, history.identity)?;
        let changes: Vec<(u32, &[ChangeKind])> = history
            .events
            .iter()
            .map(|told| (told.number.revision, told.event.changes.as_slice()))
            .collect();
        let misfits = misfits(identity.as_ref(), &changes);
        for (told, misfit) in history.events.into_iter().zip(misfits) {
            self.keep_event(told, misfit.map(Misfit::as_str))?;
        }
        Ok(())
    }

    /// Writes an event and its entry in the activity, unless there is a reason not to.
    fn keep_event(&mut self, told: Told, unless: Option<&str>) -> Result<(), StoreError> {
        let key = Key::event(told.number);
        if let Some(reason) = unless {
            self.leave_out(&key, reason, EVENT_GONE);
            return Ok(());
        }
        let entry = Key::activity(told.event.date, told.number);
        if self.get::<ActivityEntry>(&entry).is_none() {
            self.make_anew(entry.clone(), "the event is listed again");
        }
        let puts = vec![(key, told.value), (entry, ActivityEntry.encode()?)];
        self.write(Batch { puts, ..Batch::default() }).map(drop)
    }

    /// An identity of the new database.
    fn new_identity(&self, pool: Guid, guid: Guid) -> Result<Option<Identity>, StoreError> {
        let index = Key::identity_index(guid);
        let Some(value) = self.new.get_one(&index)? else { return Ok(None) };
        let address = Address::decode(&index, &value)?;
        if address.pool != pool {
            return Ok(None);
        }
        let key = Key::identity(pool, Place { created: address.created, guid });
        let value = self.new.get_one(&key)?;
        value.map(|value| Identity::decode(&key, &value)).transpose()
    }

    fn activity_that_is_gone(&mut self) -> Result<()> {
        self.each::<ActivityEntry>(Tree::Activity, |sift, key, _, _| {
            let pool = key.activity_parts().map(|(_, number)| number.pool);
            let is_deleted = pool.is_some_and(|pool| sift.deleted.contains(&pool));
            if !is_deleted && sift.new.get_one(key)?.is_none() {
                sift.leave_out(key, "the event is not kept", EVENT_GONE);
            }
            Ok(())
        })
    }
}
