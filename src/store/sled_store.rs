//! The default store: sled 0.34, one named tree for each kind of record.
//!
//! One transaction over all trees holds a group of batches: those of writers who wait for it, or in
//! a relaxed store what was answered before it. sled's transaction lock is one for the whole
//! process, so the closure only compares and writes; flush and sync come after it.

mod behind;
mod digest;
mod entry;
mod files;
mod folder;
mod in_flight;
mod open;
mod seal;
mod tender;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use sled::transaction::{TransactionError, TransactionResult, Transactional};

use crate::store::group::GroupCommit;
use crate::store::{Batch, Commit, Key, KeyRange, Store, StoreError, Value, Visitor};
use behind::{Layer, WriteBehind};
use digest::Digest;
use entry::{Closure, Group};
use files::{CommitMark, Disk, FolderLock};
use in_flight::InFlight;
use open::COMMIT;
use seal::Seal;
use tender::Tender;

/// What an answered operation survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "a process dies, a machine dies, or neither matters")]
pub enum Durability {
    /// The machine loses power: each group of commits is flushed and synced to the disk.
    #[default]
    PowerLoss,
    /// The process is killed: each group is handed to the operating system, which writes it to the
    /// disk within about a second. After a power cut the last of it may be missing; the database
    /// then is what an earlier moment left.
    ProcessKill,
    /// Nothing: commits are answered from memory and written behind, many in one transaction. With
    /// the process the last tenth of a second of them may be lost, each whole and none before one
    /// that is kept. For data that can be had again.
    Relaxed,
}

/// How a [`SledStore`] is opened.
#[derive(Debug, Clone)]
#[must_use]
pub struct SledOptions {
    path: PathBuf,
    durability: Durability,
    cache_bytes: u64,
}

impl SledOptions {
    /// The database in the folder `path`, which is made if it is missing; durable against power
    /// loss, with a cache of 64 MiB.
    ///
    /// It holds the private halves of signing keys, which are not sealed without
    /// [`Builder::key_secret`](crate::Builder::key_secret). On Unix the folder is made with mode
    /// 0700, and its files with 0600 whatever the umask. An existing folder keeps its mode: others
    /// who can use it see the names of its files, and others who can write it can replace the
    /// database.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), durability: Durability::default(), cache_bytes: 64 << 20 }
    }

    /// What an answered operation survives.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How many bytes of records sled keeps in memory. What it needs beside them grows with the
    /// number of records.
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Opens the database.
    ///
    /// # Errors
    ///
    /// * [`StoreError::Locked`] while another store has it open, in this process or another.
    /// * [`StoreError::Corrupt`] when it is damaged, has lost its end, or is of an unknown format.
    /// * [`StoreError::Failed`] when the files cannot be read or written.
    pub fn open(self) -> Result<SledStore, StoreError> {
        let shared = Arc::new(Shared::open(&self)?);
        let tender = (self.durability != Durability::PowerLoss)
            .then(|| Tender::spawn(Arc::clone(&shared)))
            .transpose()?;
        Ok(SledStore { tender, shared })
    }
}

/// Keeps state in a sled database.
pub struct SledStore {
    tender: Option<Tender>,
    shared: Arc<Shared>,
}

/// sled shows every record, the private halves of keys among them.
impl fmt::Debug for SledStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledStore")
            .field("durability", &self.shared.durability)
            .finish_non_exhaustive()
    }
}

impl Store for SledStore {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        let shared = &self.shared;
        let values = shared
            .guarded(|| keys.iter().map(|key| shared.current(key)).collect::<Result<_, _>>())?;
        self.shared.in_flight.wait(|group| keys.iter().any(|key| group.contains(key)))?;
        Ok(values)
    }

    fn get_one(&self, key: &Key) -> Result<Option<Value>, StoreError> {
        let value = self.shared.guarded(|| self.shared.current(key))?;
        self.shared.in_flight.wait(|group| group.contains(key))?;
        Ok(value)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        let mut entries = Vec::new();
        self.visit(range, limit, &mut |key, value| {
            entries.push((key.clone(), value.to_vec()));
            Ok(())
        })?;
        Ok(entries)
    }

    fn visit(
        &self,
        range: &KeyRange,
        limit: usize,
        visitor: Visitor<'_>,
    ) -> Result<(), StoreError> {
        self.shared.guarded(|| self.shared.current_range(range, limit, visitor))?;
        self.shared.in_flight.wait(|group| group.iter().any(|key| range.contains(key)))
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.shared.ensure_running()?;
        if self.shared.durability == Durability::Relaxed {
            let written = |key: &Key| self.shared.read(key);
            return self.shared.guarded(|| self.shared.behind.commit(batch, written));
        }
        if batch.is_read_only() {
            let outcome = self.shared.guarded(|| self.shared.apply(&[batch]))?;
            return outcome.first().copied().ok_or(StoreError::Stopped);
        }
        let write = |batches: &[Batch]| self.shared.guarded(|| self.shared.write(batches));
        self.shared.commits.commit(batch, write)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.shared.guarded(|| self.shared.sync())
    }

    fn health(&self) -> Result<(), StoreError> {
        self.shared.stopped.get().cloned().map_or(Ok(()), Err)
    }
}

/// What was committed is synced, whatever the durability.
impl Drop for SledStore {
    fn drop(&mut self) {
        drop(self.tender.take());
        // Nobody is left to be told of a failure; what was promised is on the disk already.
        if self.sync().is_ok() {
            self.shared.seal.put_on_drop(self.shared.applied());
        }
    }
}

struct Shared {
    // Dropped in this order: the seal is put when sled has closed its files, the lock goes last.
    trees: Vec<sled::Tree>,
    database: sled::Db,
    disk: Disk,
    mark: CommitMark,
    durability: Durability,
    commits: GroupCommit,
    in_flight: InFlight,
    behind: WriteBehind,
    /// As of the last commit that was applied.
    applied: Mutex<Digest>,
    /// Records that a relaxed store has written since the last flush.
    backlog: AtomicUsize,
    /// Why the store takes no more writes.
    stopped: OnceLock<StoreError>,
    seal: Seal,
    _lock: FolderLock,
}

/// How many records may wait for a flush: one flush of very many takes seconds.
const BACKLOG_MAX: usize = 4096;

impl Shared {
    fn tree(&self, place: usize) -> Result<&sled::Tree, StoreError> {
        self.trees.get(place).ok_or(StoreError::Stopped)
    }

    /// sled panics on some pages that were damaged under it. What it then holds in memory is
    /// unknown, so nothing is written any more until the store is opened again.
    fn guarded<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            let panicked = StoreError::failed("sled panicked: the database may be damaged");
            self.stopped.get_or_init(|| panicked.clone());
            Err(panicked)
        })
    }

    fn ensure_running(&self) -> Result<(), StoreError> {
        if self.stopped.get().is_some() { Err(StoreError::Stopped) } else { Ok(()) }
    }

    /// Stops the store when `work` is left before its changes are known to be durable, also by a
    /// panic.
    fn stop_unless_durable<T>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // After a failed sync a second one may succeed without having written what the first lost.
        self.ensure_running()?;
        self.guarded(work).inspect_err(|reason| {
            self.stopped.get_or_init(|| reason.clone());
            self.in_flight.lose();
        })
    }

    /// Commits a group and makes it as durable as was promised.
    fn write(&self, batches: &[Batch]) -> Result<Vec<Commit>, StoreError> {
        self.stop_unless_durable(|| {
            self.in_flight.depart(batches.iter().flat_map(Batch::written));
            let outcomes = self.apply(batches)?;
            if outcomes.contains(&Commit::Done) {
                match self.durability {
                    Durability::PowerLoss => self.sync()?,
                    Durability::ProcessKill | Durability::Relaxed => self.flush()?,
                }
            }
            self.in_flight.land();
            Ok(outcomes)
        })
    }

    /// Checks and applies batches, each on its own, in one transaction over all trees.
    fn apply(&self, batches: &[Batch]) -> Result<Vec<Commit>, StoreError> {
        self.transact(|group| {
            let apply = |batch: &Batch| {
                if !group.holds(batch)? {
                    return Ok(Commit::Conflict);
                }
                batch.deletes.iter().try_for_each(|key| group.delete(key))?;
                batch.puts.iter().try_for_each(|(key, value)| group.put(key, value))?;
                Ok(Commit::Done)
            };
            batches.iter().map(apply).collect()
        })
    }

    /// Writes what a relaxed store has answered.
    fn write_behind(&self) -> Result<(), StoreError> {
        self.stop_unless_durable(|| self.behind.write(|layer| self.write_layer(layer)))
    }

    fn write_layer(&self, layer: &Layer) -> Result<(), StoreError> {
        self.transact(|group| {
            layer.iter().try_for_each(|(key, value)| match value {
                Some(value) => group.put(key, value),
                None => group.delete(key),
            })
        })?;
        let backlog = self.backlog.fetch_add(layer.len(), Ordering::SeqCst);
        if backlog >= BACKLOG_MAX { self.flush() } else { Ok(()) }
    }

    /// One transaction at a time may write.
    fn transact<T>(&self, change: impl Fn(&mut Group<'_>) -> Closure<T>) -> Result<T, StoreError> {
        let before = *self.applied.lock();
        let result: TransactionResult<_, StoreError> = self.trees.transaction(|trees| {
            let mut group = Group::new(trees, before);
            let changed = change(&mut group)?;
            Ok((changed, group.commit(COMMIT)?))
        });
        let (changed, after) = result.map_err(|error| match error {
            TransactionError::Storage(error) => store_error(error),
            TransactionError::Abort(error) => error,
        })?;
        if let Some(after) = after {
            *self.applied.lock() = after;
        }
        Ok(changed)
    }

    /// Whether something was committed that is not known to be on the disk.
    fn is_behind(&self) -> bool {
        self.behind.is_occupied() || self.applied() > self.mark.number()
    }

    /// The number of the last commit that was applied.
    fn applied(&self) -> u64 {
        self.applied.lock().number
    }

    /// Hands everything that was applied to the operating system.
    fn flush(&self) -> Result<(), StoreError> {
        self.backlog.store(0, Ordering::SeqCst);
        self.database.flush().map(drop).map_err(store_error)
    }

    /// Brings everything that was applied onto the disk.
    fn sync(&self) -> Result<(), StoreError> {
        self.stop_unless_durable(|| {
            self.write_behind()?;
            let applied = self.applied();
            self.flush()?;
            self.disk.sync().map_err(StoreError::failed)?;
            self.mark.raise(applied).map_err(StoreError::failed)
        })
    }
}

fn store_error(error: sled::Error) -> StoreError {
    use std::io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
    let damage = match &error {
        // A file of sled's is gone, cut or nonsense.
        sled::Error::Io(io) => matches!(io.kind(), InvalidData | NotFound | UnexpectedEof),
        sled::Error::Corruption { .. }
        | sled::Error::CollectionNotFound(_)
        | sled::Error::ReportableBug(_)
        | sled::Error::Unsupported(_) => true,
    };
    if damage { StoreError::Corrupt(error.to_string()) } else { StoreError::failed(error) }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
