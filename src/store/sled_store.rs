//! The default store: sled 0.34, with one named tree for each kind of record.
//!
//! One transaction over all trees applies a group of batches: those of the waiting writers, or in a
//! relaxed store the changes that have been answered. sled has one transaction lock for the whole
//! process, so the closure only compares and writes. Flush and sync follow it.

mod behind;
mod digest;
mod entry;
mod error;
mod files;
mod flush;
mod folder;
mod in_flight;
mod lock;
mod open;
mod retry;
mod scan;
mod seal;
mod tender;
mod view;
mod wreck;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use sled::transaction::{TransactionError, TransactionResult, Transactional};

use crate::store::group::GroupCommit;
use crate::store::key::Order;
use crate::store::view::OpenViews;
use crate::store::{Batch, Commit, Key, KeyRange, Store, StoreError, StoreView, Value, Visitor};
use behind::WriteBehind;
use digest::Digest;
use entry::{Closure, Group};
use error::{folder_gone, store_error};
use files::{CommitMark, Disk};
use flush::Progress;
use in_flight::InFlight;
use lock::FolderLock;
use open::COMMIT;
use seal::Seal;
use tender::Tender;

pub(crate) use folder::move_folder;
pub(crate) use wreck::{Found, Wreck};

/// The failures that an answered operation survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "a process dies, a machine dies, or neither matters")]
pub enum Durability {
    /// A power loss: each group of commits is flushed and synced to the disk.
    #[default]
    PowerLoss,
    /// A killed process: each group is passed to the operating system, and synced within a tenth
    /// of a second or after 128 KiB of the log. A power loss may undo the last groups; the database
    /// is then as it was at an earlier moment.
    ProcessKill,
    /// Nothing: commits are answered from memory and written later, many in one transaction. A
    /// killed process may lose the commits of the last tenth of a second: each of them whole, and
    /// never an earlier one than those that are kept. A power loss may also leave a database that
    /// does not open, or fails when it is read, if half a megabyte was written since the last sync.
    /// For data that can be created again.
    Relaxed,
}

/// The options of a [`SledStore`].
///
/// # Example: a store with a larger cache
///
/// ```
/// use cognate::store::SledOptions;
/// use cognate::Engine;
///
/// # let folder = tempfile::tempdir().expect("a folder");
/// # let path = folder.path().join("identities.db");
/// let store = SledOptions::new(path).cache_bytes(256 << 20).open()?;
/// let engine = Engine::builder().open_exclusive(store)?;
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct SledOptions {
    path: PathBuf,
    durability: Durability,
    cache_bytes: u64,
    /// Opens a salvaged database that nobody has accepted yet.
    opens_salvaged: bool,
}

impl SledOptions {
    /// The database in the folder `path`, with a cache of 64 MiB. It survives a power loss. Opening
    /// creates the folder if it is missing.
    ///
    /// The database contains the private halves of signing keys, which are sealed only with
    /// [`Builder::key_secret`](crate::Builder::key_secret). On Unix a new folder gets mode 0700,
    /// and files get mode 0600 whatever the umask. An existing folder keeps its mode: other users
    /// who can read it see the names of its files, and other users who can write it can replace the
    /// database.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let durability = Durability::default();
        Self { path: path.into(), durability, cache_bytes: 64 << 20, opens_salvaged: false }
    }

    /// The failures that an answered operation survives.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// The size of sled's cache of records, in bytes. Its other memory grows with the number of
    /// records.
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Opens the database.
    ///
    /// A folder has at most one open store. Do not remove, move or replace the folder while it is
    /// open. The store notices this at its next write or health check, and then fails every call.
    ///
    /// # Errors
    ///
    /// * [`StoreError::Locked`] while another store has the folder open, in this process or in
    ///   another. A store of this process that has lost its folder still counts: drop it first.
    /// * [`StoreError::Corrupt`] when the database is damaged, has lost its end, or has an unknown
    ///   format.
    /// * [`StoreError::Salvaged`] when the database was [salvaged](Self::salvage) and nobody has
    ///   accepted its losses.
    /// * [`StoreError::Failed`] when the files cannot be read or written.
    pub fn open(self) -> Result<SledStore, StoreError> {
        let shared = Arc::new(Shared::open(&self)?);
        let tender = (self.durability != Durability::PowerLoss)
            .then(|| Tender::spawn(Arc::clone(&shared)))
            .transpose()?;
        Ok(SledStore { tender, shared })
    }
}

/// A sled database in a folder, opened with [`SledOptions::open`].
pub struct SledStore {
    tender: Option<Tender>,
    shared: Arc<Shared>,
}

/// sled's own `Debug` would show every record, including the private halves of keys.
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
        self.collect(range, Order::Ascending, limit)
    }

    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.collect(range, Order::Descending, limit)
    }

    fn visit(
        &self,
        range: &KeyRange,
        limit: usize,
        visitor: Visitor<'_>,
    ) -> Result<(), StoreError> {
        self.show(range, Order::Ascending, limit, visitor)
    }

    fn view(&self) -> Result<Option<Box<dyn StoreView + '_>>, StoreError> {
        Ok(Some(Box::new(self.shared.view()?)))
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.shared.ensure_running()?;
        if self.shared.durability == Durability::Relaxed {
            let written = |key: &Key| self.shared.read(key);
            let commit = || self.shared.behind.commit(batch, written, &self.shared.views);
            return self.shared.guarded(commit);
        }
        if batch.is_read_only() {
            let outcome = self.shared.guarded(|| self.shared.apply(&[batch]))?;
            return outcome.into_iter().next().ok_or(StoreError::Stopped);
        }
        let write = |batches: &[Batch]| self.shared.guarded(|| self.shared.write(batches));
        self.shared.commits.commit(batch, write)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.shared.guarded(|| self.shared.sync())
    }

    fn health(&self) -> Result<(), StoreError> {
        self.shared.ensure_in_place()?;
        self.shared.stopped.get().cloned().map_or(Ok(()), Err)
    }
}

/// Syncs every commit, whatever the durability.
impl Drop for SledStore {
    fn drop(&mut self) {
        drop(self.tender.take());
        // A failure cannot be reported. The store has kept its promise of durability before.
        if self.sync().is_ok() {
            self.shared.seal.put_on_drop(self.shared.applied());
        }
    }
}

struct Shared {
    // Dropped in this order: the seal is written after sled has closed its files, and the lock is
    // released last.
    trees: Vec<sled::Tree>,
    database: sled::Db,
    /// Held from the check that the store has not stopped until a sync that failed has stopped it.
    disk: Mutex<Disk>,
    mark: CommitMark,
    durability: Durability,
    commits: GroupCommit,
    in_flight: InFlight,
    behind: WriteBehind,
    views: OpenViews,
    /// The digest of the last commit that was applied.
    applied: Mutex<Digest>,
    progress: Progress,
    /// The reason why the store accepts no more writes.
    stopped: OnceLock<StoreError>,
    /// Whether the folder has been removed, moved or replaced.
    is_gone: AtomicBool,
    seal: Seal,
    lock: Arc<FolderLock>,
}

impl Shared {
    fn tree(&self, place: usize) -> Result<&sled::Tree, StoreError> {
        self.trees.get(place).ok_or(StoreError::Stopped)
    }

    /// Runs `work` on the database. sled panics on some pages that were damaged while it had them
    /// open. Its memory is then in an unknown state, so the store stops until it is opened again.
    fn guarded<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.is_gone.load(Ordering::Relaxed) {
            return Err(folder_gone());
        }
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            let panicked = StoreError::failed("sled panicked: the database may be damaged");
            self.stopped.get_or_init(|| panicked.clone());
            Err(panicked)
        })
    }

    fn ensure_running(&self) -> Result<(), StoreError> {
        if self.stopped.get().is_some() { Err(StoreError::Stopped) } else { Ok(()) }
    }

    /// Stops the store if its folder is gone. Nobody would find what it writes then.
    fn ensure_in_place(&self) -> Result<(), StoreError> {
        if self.lock.is_in_place() {
            return Ok(());
        }
        self.stopped.get_or_init(folder_gone);
        self.is_gone.store(true, Ordering::Relaxed);
        Err(folder_gone())
    }

    /// Stops the store if `work` fails or panics: its changes may not be durable.
    fn stop_unless_durable<T>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // After a failed sync a second one may succeed without writing what the first one lost.
        self.ensure_running()?;
        let work = || {
            self.ensure_in_place()?;
            work()
        };
        self.guarded(work).inspect_err(|reason| {
            self.stopped.get_or_init(|| reason.clone());
            self.in_flight.lose();
        })
    }

    /// Commits a group and makes it as durable as the store promises.
    fn write(&self, batches: &[Batch]) -> Result<Vec<Commit>, StoreError> {
        self.stop_unless_durable(|| {
            self.in_flight.depart(batches.iter().flat_map(Batch::written));
            let outcomes = self.apply_beside_views(batches)?;
            if outcomes.contains(&Commit::Done) {
                match self.durability {
                    Durability::PowerLoss => self.sync()?,
                    Durability::ProcessKill | Durability::Relaxed => self.flush_in_order()?,
                }
            }
            self.in_flight.land();
            Ok(outcomes)
        })
    }

    /// Checks and applies batches in one transaction over all trees. Each batch succeeds or fails
    /// on its own.
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

    /// Runs a transaction. Only one at a time may write.
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

    /// The number of the last commit that was applied.
    fn applied(&self) -> u64 {
        self.applied.lock().number
    }
}

#[cfg(all(test, target_os = "linux", not(cognate_loom)))]
mod tests;
