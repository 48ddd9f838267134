//! Opening a database, and checking that it is intact before anything is read from it.
//!
//! Two comparisons find damage that sled does not report:
//!
//! * The number of the last commit inside the database and beside it differ if the log has lost its
//!   end.
//! * The stored digest of all records and the digest that a walk computes differ if a record is
//!   missing, or old, in the middle of the log.
//!
//! The walk is skipped if the seal (see [`seal`]) proves that every byte which sled reads while it
//! opens is as it was when an intact database was closed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use crate::store::StoreError;
use crate::store::group::GroupCommit;
use crate::store::sled_store::behind::WriteBehind;
use crate::store::sled_store::digest::Digest;
use crate::store::sled_store::entry::Home;
use crate::store::sled_store::error::store_error;
use crate::store::sled_store::files::{self, CommitMark, Disk};
use crate::store::sled_store::flush::Progress;
use crate::store::sled_store::folder;
use crate::store::sled_store::in_flight::InFlight;
use crate::store::sled_store::lock::{FolderLock, until_sled_unlocks};
use crate::store::sled_store::retry;
use crate::store::sled_store::seal::{self, Seal};
use crate::store::sled_store::{Shared, SledOptions};
use crate::store::view::OpenViews;

pub(super) const COMMIT: &[u8] = b"commit";
const FORMAT: &[u8] = b"format";
/// The mark of a salvaged database, until somebody accepts its losses.
pub(super) const SALVAGED: &[u8] = b"salvaged";
/// The format of the trees, of their keys and of the tree `meta`. Records have a format of their
/// own.
const FORMAT_NUMBER: u64 = 3;
/// Before large records were stored in pieces.
const FORMAT_WITHOUT_PIECES: u64 = 2;
/// Before the last commit had a digest, and before large records were stored in pieces.
const FORMAT_WITHOUT_DIGEST: u64 = 1;

impl Shared {
    /// Opens the database, without sled's snapshot if it does not open with it.
    pub(super) fn open(options: &SledOptions) -> Result<Self, StoreError> {
        let lock = Arc::new(FolderLock::acquire(&options.path)?);
        retry::clear(lock.folder()).map_err(StoreError::failed)?;
        match Self::attempt(options, &lock) {
            Err(StoreError::Corrupt(detail)) => {
                retry::open_without_snapshots(options, &lock).ok_or(StoreError::Corrupt(detail))
            }
            opened => opened,
        }
    }

    /// Opens the database as it is. sled panics on some kinds of damage.
    pub(super) fn attempt(
        options: &SledOptions,
        lock: &Arc<FolderLock>,
    ) -> Result<Self, StoreError> {
        catch_unwind(AssertUnwindSafe(|| Self::attempt_unguarded(options, lock))).unwrap_or_else(
            |_| Err(StoreError::Corrupt(format!("{} cannot be recovered", options.path.display()))),
        )
    }

    fn attempt_unguarded(
        options: &SledOptions,
        lock: &Arc<FolderLock>,
    ) -> Result<Self, StoreError> {
        // A path that stays the same whatever becomes of links and of the working directory.
        let path = lock.folder();
        let folder = path.join("sled");
        files::clear_half_written(&folder).map_err(StoreError::failed)?;
        let mark = CommitMark::open(path)?;
        let sealed = seal::take(path).map_err(StoreError::failed)?;
        let is_new = !files::parameters(&folder).exists();
        folder::make_database(&folder).map_err(StoreError::failed)?;
        let database = open_database(&folder, options)?;
        let trees: Vec<sled::Tree> = Home::all()
            .map(|home| database.open_tree(home.name))
            .collect::<Result<_, _>>()
            .map_err(store_error)?;
        let disk = Disk::of(&folder).map_err(StoreError::failed)?;
        if is_new {
            files::sync_created(&folder).map_err(StoreError::failed)?;
        }
        folder::sync_folder(path).map_err(StoreError::failed)?;
        folder::restrict_database(path, &folder).map_err(StoreError::failed)?;
        let shared = Self {
            trees,
            database,
            disk: Mutex::new(disk),
            mark,
            durability: options.durability,
            commits: GroupCommit::default(),
            in_flight: InFlight::default(),
            behind: WriteBehind::default(),
            views: OpenViews::default(),
            applied: Mutex::new(Digest::default()),
            progress: Progress::default(),
            stopped: OnceLock::new(),
            is_gone: AtomicBool::new(false),
            seal: Seal::new(path),
            lock: Arc::clone(lock),
        };
        shared.check(options, sealed)?;
        Ok(shared)
    }

    /// Fails if the database is damaged. Nothing is written before that is known.
    fn check(&self, options: &SledOptions, sealed: Option<u64>) -> Result<(), StoreError> {
        let path = &options.path;
        let corrupt = |what: String| StoreError::Corrupt(format!("{} {what}", path.display()));
        let meta = self.tree(Home::META.place)?;
        if !options.opens_salvaged && meta.contains_key(SALVAGED).map_err(store_error)? {
            return Err(StoreError::Salvaged(path.clone()));
        }
        let format = meta.get(FORMAT).map_err(store_error)?;
        let commit = meta.get(COMMIT).map_err(store_error)?;
        let format = match format.as_deref().map(number) {
            None => None,
            Some(Some(known @ (FORMAT_WITHOUT_DIGEST | FORMAT_WITHOUT_PIECES | FORMAT_NUMBER))) => {
                Some(known)
            }
            Some(_) => return Err(corrupt("has an unknown format".to_owned())),
        };
        let without_digest = format == Some(FORMAT_WITHOUT_DIGEST);
        let written = match commit.as_deref() {
            None => Some(Digest::default()),
            Some(bytes) if without_digest => number(bytes).map(Digest::new),
            Some(bytes) => Digest::decode(bytes),
        };
        let mut written =
            written.ok_or_else(|| corrupt("does not say what its last commit was".to_owned()))?;
        let (inside, beside) = (written.number, self.mark.number());
        if inside < beside {
            return Err(corrupt(format!(
                "has lost its end: commit {beside} was on the disk, the last found is {inside}"
            )));
        }
        if without_digest {
            written = self.walk(inside)?;
        } else if sealed != Some(inside) {
            let found = self.walk(inside)?;
            written.compare(&found).map_err(|what| corrupt(format!("is damaged: {what}")))?;
        }
        if format != Some(FORMAT_NUMBER) {
            let mut batch = sled::Batch::default();
            batch.insert(FORMAT, &FORMAT_NUMBER.to_be_bytes());
            batch.insert(COMMIT, written.encode());
            meta.apply_batch(batch).map_err(store_error)?;
        }
        *self.applied.lock() = written;
        Ok(())
    }

    /// The digest of all records, computed by a walk.
    pub(super) fn walk(&self, commit: u64) -> Result<Digest, StoreError> {
        let mut found = Digest::new(commit);
        for home in Home::of_records() {
            for entry in self.tree(home.place)? {
                let (key, entry) = entry.map_err(store_error)?;
                found.add(home.name, &key, &entry);
            }
        }
        Ok(found)
    }
}

fn number(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

pub(super) fn open_database(folder: &Path, options: &SledOptions) -> Result<sled::Db, StoreError> {
    let opened = until_sled_unlocks(|| {
        let config = sled::Config::new().path(folder).cache_capacity(options.cache_bytes);
        match config.open() {
            Err(sled::Error::Io(error)) if error.to_string().contains("acquire lock") => None,
            opened => Some(opened.map_err(store_error)),
        }
    });
    opened.unwrap_or_else(|| Err(StoreError::Locked(options.path.clone())))
}
