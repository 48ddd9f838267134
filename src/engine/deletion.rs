//! Removal of the remaining records of a deleted pool.
//!
//! One batch deletes the pool itself and leaves a mark (I6). From then on nothing of the pool can
//! be seen or written. Its identities and logins are removed in bounded steps, and the mark goes
//! last.

use crate::engine::Core;
use crate::engine::gather::Reads;
use crate::engine::run::write_identity;
use crate::error::Result;
use crate::id::Guid;
use crate::rules::Change;
use crate::state::Identity;
use crate::store::key::corrupt;
use crate::store::record::{Deletion, Record};
use crate::store::{Batch, Key, KeyRange, Store, Tree};

/// The number of identities, or of logins, that one step removes.
const STEP: usize = 60;

impl Core {
    /// Finishes deletions that an earlier engine has begun.
    pub(super) fn finish_deletions(&self) -> Result<()> {
        loop {
            let marks = self.store.scan(&KeyRange::all(Tree::Deletions), STEP)?;
            if marks.is_empty() {
                return Ok(());
            }
            for (key, _) in marks {
                let pool = key.guid().ok_or_else(|| corrupt(&key, "not a pool's mark"))?;
                self.finish_deletion(pool)?;
            }
        }
    }

    pub(super) fn finish_deletion(&self, pool: Guid) -> Result<()> {
        while self.remove_identities(pool)? || self.remove_logins(pool)? {}
        self.run_batch(|reads| {
            let mut writes = Batch::default();
            if reads.is_deleted(pool)? {
                writes.deletes.push(Key::deletion(pool));
            }
            Ok((writes, ()))
        })
    }

    /// Removes one step of identities of a pool that is marked as deleted. Returns true if there
    /// were any.
    fn remove_identities(&self, pool: Guid) -> Result<bool> {
        self.run_batch(|reads| {
            let mut writes = Batch::default();
            let identities = reads.scan(&KeyRange::identities_of(pool), STEP)?;
            let some = !identities.is_empty() && reads.is_deleted(pool)?;
            if some {
                for (key, value) in identities {
                    let identity = Identity::decode(&key, &value)?;
                    write_identity(&mut writes, Change::Delete(identity))?;
                }
            }
            Ok((writes, some))
        })
    }

    /// Removes one step of logins. By I2 none is left without an identity, but a damaged store can
    /// have some.
    fn remove_logins(&self, pool: Guid) -> Result<bool> {
        self.run_batch(|reads| {
            let mut writes = Batch::default();
            let logins = reads.scan(&KeyRange::prefix(Tree::Logins, pool.0), STEP)?;
            let some = !logins.is_empty() && reads.is_deleted(pool)?;
            if some {
                writes.deletes.extend(logins.into_iter().map(|(key, _)| key));
            }
            Ok((writes, some))
        })
    }
}

impl Reads<'_> {
    fn is_deleted(&mut self, pool: Guid) -> Result<bool> {
        Ok(self.record::<Deletion>(&Key::deletion(pool))?.is_some())
    }
}
