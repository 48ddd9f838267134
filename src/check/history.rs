//! The check of the journal.

use crate::check::Check;
use crate::error::Result;
use crate::id::Guid;
use crate::state::{ChangeKind, Identity, Misfit, misfits};
use crate::store::key::Place;
use crate::store::record::{ActivityEntry, Address, EventRecord};
use crate::store::{Key, Tree};

/// The events of one identity, in the order of their revisions.
#[derive(Debug)]
struct History {
    pool: Guid,
    identity: Guid,
    events: Vec<(Key, u32, Vec<ChangeKind>)>,
}

impl Check<'_> {
    pub(super) fn journal(&mut self) -> Result<()> {
        let mut current: Option<History> = None;
        self.each::<EventRecord>(Tree::Journal, |check, key, event| {
            let number = key.event_number();
            check.expect(None, number.is_some(), key, "not the key of an event");
            let Some(number) = number else { return Ok(()) };
            if check.is_being_removed(number.pool) {
                return Ok(());
            }
            let known = check.pools.get(&number.pool).and_then(Option::as_ref);
            let made = known.map(|pool| pool.revision);
            check.expect(Some(6), made.is_some(), key, "the event's pool is not there");
            let entry: Option<ActivityEntry> = check.get(&Key::activity(event.date, number))?;
            check.expect(Some(2), entry.is_some(), key, "the event is not in the activity");
            let Some(identity) = number.identity else {
                let is_made = made.is_none_or(|made| number.revision <= made);
                check.expect(Some(11), is_made, key, "the pool has no such revision yet");
                return Ok(());
            };
            let pool = number.pool;
            if current.as_ref().is_none_or(|of| (of.pool, of.identity) != (pool, identity)) {
                let ended = current.replace(History { pool, identity, events: Vec::new() });
                ended.map_or(Ok(()), |ended| check.history(ended))?;
            }
            if let Some(history) = &mut current {
                history.events.push((key.clone(), number.revision, event.changes));
            }
            Ok(())
        })?;
        current.map_or(Ok(()), |last| self.history(last))?;
        self.each::<ActivityEntry>(Tree::Activity, |check, key, _| {
            let parts = key.activity_parts();
            check.expect(None, parts.is_some(), key, "not the key of an event");
            let Some((date, number)) = parts else { return Ok(()) };
            if check.is_being_removed(number.pool) {
                return Ok(());
            }
            let event: Option<EventRecord> = check.get(&Key::event(number))?;
            let is_event = event.is_some_and(|event| event.date == date);
            check.expect(Some(2), is_event, key, "the activity names an event that is not there");
            Ok(())
        })
    }

    fn is_being_removed(&self, pool: Guid) -> bool {
        matches!(self.pools.get(&pool), Some(None))
    }

    /// Reports the events that do not lead to the identity (I11).
    fn history(&mut self, history: History) -> Result<()> {
        let identity = self.identity_in(history.pool, history.identity)?;
        let events: Vec<_> =
            history.events.iter().map(|(_, at, changes)| (*at, changes.as_slice())).collect();
        let misfits = misfits(identity.as_ref(), &events);
        for ((key, ..), misfit) in history.events.iter().zip(misfits) {
            let otherwise = misfit.map_or("", Misfit::as_str);
            self.expect(Some(11), misfit.is_none(), key, otherwise);
        }
        Ok(())
    }

    fn identity_in(&self, pool: Guid, guid: Guid) -> Result<Option<Identity>> {
        let address: Option<Address> = self.get(&Key::identity_index(guid))?;
        let address = address.filter(|address| address.pool == pool);
        let place = address.map(|Address { created, .. }| Place { created, guid });
        place.map_or(Ok(None), |place| self.get(&Key::identity(pool, place)))
    }
}
