//! The check of the journal.

use crate::check::Check;
use crate::error::Result;
use crate::id::Guid;
use crate::state::{ChangeKind, FoldedIdentity, Identity};
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

    /// Goes back from the identity, event by event, as far as there is no gap (I11).
    fn history(&mut self, history: History) -> Result<()> {
        let History { pool, identity: guid, mut events } = history;
        let identity = self.identity_in(pool, guid)?;
        let mut told = identity.as_ref().map(FoldedIdentity::from);
        while let Some((key, revision, changes)) = events.pop() {
            let Some(after) = told.take() else {
                let is_deletion = changes == [ChangeKind::Deleted];
                self.expect(Some(11), is_deletion, &key, "an event of an identity that is gone");
                continue;
            };
            if changes == [ChangeKind::Deleted] || revision > after.revision {
                self.expect(Some(11), false, &key, "the identity has no such revision");
                return Ok(());
            }
            if revision < after.revision {
                // The journal was off when the next revisions were made.
                return Ok(());
            }
            told = after.before(&changes);
            self.expect(Some(11), told.is_some(), &key, "the events do not lead to the identity");
            if told.as_ref().is_none_or(|before| before.state.is_none()) {
                break;
            }
        }
        if let Some((key, ..)) = events.first().filter(|_| identity.is_some()) {
            let is_whole = told.is_none();
            self.expect(Some(11), is_whole, key, "an event before the creation of the identity");
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
