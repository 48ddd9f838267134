//! Flushes: they pass the log to the operating system, which need not keep the order of writes.
//!
//! sled writes its log in segments of 512 KiB. A segment with nothing but replaced records is used
//! again, or cut off, once the segment that replaced the last of them is followed by a whole other
//! one. If the power fails, the disk may have the second use of a segment without the records that
//! replaced the first, and then the database has neither. So a store that does not sync every
//! commit syncs several times in each segment. A relaxed store does not: it would have to sync
//! after every few transactions.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::store::StoreError;
use crate::store::sled_store::Shared;
use crate::store::sled_store::error::store_error;

/// The number of records that may wait for a flush: a flush of very many takes seconds.
pub(super) const BACKLOG_MAX: usize = 4096;
/// The most bytes of the log that are flushed without a sync. sled does not count what it writes
/// when a segment is full, which is part of one transaction. Both together are below a segment.
const UNSYNCED_MAX: usize = 128 * 1024;

/// Counts what was written since the last flush, and since the last sync of a writer.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Records of a relaxed store.
    unflushed: AtomicUsize,
    /// Bytes of the log.
    unsynced: AtomicUsize,
}

impl Progress {
    /// Adds records. Returns whether a flush is due.
    pub(super) fn add_records(&self, number: usize) -> bool {
        self.unflushed.fetch_add(number, Ordering::SeqCst) >= BACKLOG_MAX
    }
}

#[cfg(all(test, not(cognate_loom)))]
impl Progress {
    pub(super) fn unflushed(&self) -> usize {
        self.unflushed.load(Ordering::SeqCst)
    }
}

impl Shared {
    /// Passes every applied commit to the operating system. Returns the number of bytes.
    pub(super) fn flush(&self) -> Result<usize, StoreError> {
        self.progress.unflushed.store(0, Ordering::SeqCst);
        self.database.flush().map_err(store_error)
    }

    /// Passes every applied commit to the operating system, so that a power loss leaves an earlier
    /// moment.
    pub(super) fn flush_in_order(&self) -> Result<(), StoreError> {
        let bytes = self.flush()?;
        let unsynced = self.progress.unsynced.fetch_add(bytes, Ordering::SeqCst);
        if unsynced.saturating_add(bytes) < UNSYNCED_MAX {
            return Ok(());
        }
        self.progress.unsynced.store(0, Ordering::SeqCst);
        self.sync()
    }

    /// Whether a commit may not be on the disk yet.
    pub(super) fn is_behind(&self) -> bool {
        self.behind.is_occupied() || self.applied() > self.mark.number()
    }

    /// Writes every applied commit to the disk.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        // The kernel reports a failure to one of two overlapping syncs only. The other one would
        // take the lost data for written.
        let mut disk = self.disk.lock();
        self.stop_unless_durable(|| {
            self.write_behind()?;
            let applied = self.applied();
            self.flush()?;
            disk.sync().map_err(StoreError::failed)?;
            self.mark.raise(applied).map_err(StoreError::failed)
        })
    }
}
