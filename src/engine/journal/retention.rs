//! Retention: events that are older than the journal keeps them.

use crate::engine::{Core, Engine};
use crate::error::Result;
use crate::id::Guid;
use crate::store::key::corrupt;
use crate::store::{Batch, Key, KeyRange, Tree, entries};

/// The number of events that one batch removes.
const STEP: usize = 256;

impl Engine {
    /// Removes the events that are older than the [journal](crate::Journal) keeps them, in batches
    /// of at most 256 events. Returns their number. Removes nothing if the engine has no journal.
    ///
    /// With [`Removal::Background`](crate::Removal::Background) the engine does this itself, once
    /// an hour. The creation of an identity that has not changed since stays: the record of the
    /// identity tells it.
    ///
    /// # Errors
    ///
    /// When the store fails. The rest is left for another attempt.
    ///
    /// # Example: a journal of a day
    ///
    /// ```
    /// use cognate::{Engine, Journal};
    ///
    /// let engine = Engine::builder().journal(Journal::keep(1)).in_memory()?;
    /// assert_eq!(engine.expire_events()?, 0);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn expire_events(&self) -> Result<u64> {
        self.core.expire_events()
    }
}

impl Core {
    pub(in crate::engine) fn expire_events(&self) -> Result<u64> {
        let mut expired: u64 = 0;
        if self.journal.is_none() {
            return Ok(expired);
        }
        for entry in entries(&self.store, KeyRange::all(Tree::Pools)) {
            let (key, _) = entry?;
            // `check` reports a key that is no guid.
            let Some(pool) = key.guid() else { continue };
            loop {
                let step = self.expire_step(pool)?;
                expired = expired.saturating_add(u64::try_from(step).unwrap_or(u64::MAX));
                if step < STEP {
                    break;
                }
            }
        }
        Ok(expired)
    }

    /// Removes the oldest events of a pool that are too old. Returns their number.
    fn expire_step(&self, pool: Guid) -> Result<usize> {
        let Some(journal) = self.journal else { return Ok(0) };
        let range = KeyRange::activity_before(pool, journal.oldest(self.now()));
        self.run_batch(|reads| {
            let mut writes = Batch::default();
            let old = reads.scan(&range, STEP)?;
            let step = old.len();
            for (key, _) in old {
                let parts = key.activity_parts();
                let (_, number) = parts.ok_or_else(|| corrupt(&key, "not an event's entry"))?;
                writes.deletes.extend([Key::event(number), key]);
            }
            Ok((writes, step))
        })
    }
}
