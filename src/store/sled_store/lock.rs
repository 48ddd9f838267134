//! The lock of a database's folder: a folder has at most one open store.
//!
//! Two locks ensure this:
//!
//! * A lock on the file `PATH/lock` keeps out other processes, and other paths to the same folder.
//! * A registry of paths keeps out this process even if the folder is removed and created anew. The
//!   new folder has a new lock file, while the old store still works on the removed files and opens
//!   further ones by path.
//!
//! Another process cannot see the registry. The store therefore looks for its lock file before it
//! writes, and stops once the file is not the one that it has locked.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use crate::store::StoreError;
use crate::store::sled_store::folder;

/// The folders that this process has open, by their canonical paths.
static OPEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// The lock of a folder, held while a store is open.
#[derive(Debug)]
pub(super) struct FolderLock {
    file: File,
    file_path: PathBuf,
    locked: Metadata,
    entry: Entry,
}

impl FolderLock {
    /// Locks the folder `path`. Creates it if it is missing, but not if it is in use.
    pub(super) fn acquire(path: &Path) -> Result<Self, StoreError> {
        let in_use = || StoreError::Locked(path.to_owned());
        if canonical(path).is_ok_and(|folder| OPEN.lock().contains(&folder)) {
            return Err(in_use());
        }
        folder::make_folder(path).map_err(StoreError::failed)?;
        let folder = path.canonicalize().map_err(StoreError::failed)?;
        let file_path = folder.join("lock");
        let entry = Entry::new(folder).ok_or_else(in_use)?;
        let mut options = folder::file_options();
        let file = options.create(true).truncate(false).open(&file_path);
        let file = file.map_err(StoreError::failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use()),
            Err(TryLockError::Error(error)) => return Err(StoreError::failed(error)),
        }
        let locked = file.metadata().map_err(StoreError::failed)?;
        let lock = Self { file, file_path, locked, entry };
        // The folder may have been replaced since its file was opened.
        if lock.is_in_place() { Ok(lock) } else { Err(in_use()) }
    }

    /// The canonical path of the folder.
    pub(super) fn folder(&self) -> &Path {
        &self.entry.0
    }

    /// Whether the folder still has the file that was locked. A file that cannot be examined counts
    /// as the same one.
    pub(super) fn is_in_place(&self) -> bool {
        match fs::metadata(&self.file_path) {
            Ok(found) => is_same_file(&found, &self.locked),
            Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        }
    }
}

/// Closing the file would not unlock it while a process that is being started shares it.
impl Drop for FolderLock {
    fn drop(&mut self) {
        // If this fails, closing the file has to do.
        drop(self.file.unlock());
    }
}

/// Attempts something until sled has released its own lock, for five seconds at most. sled's
/// threads can hold it for a moment after a database has been dropped.
pub(super) fn until_sled_unlocks<T>(mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    const ATTEMPTS: u32 = 500;
    const PAUSE: Duration = Duration::from_millis(10);

    for _ in 0..ATTEMPTS {
        let done = attempt();
        if done.is_some() {
            return done;
        }
        thread::sleep(PAUSE);
    }
    None
}

/// An entry of the registry.
#[derive(Debug)]
struct Entry(PathBuf);

impl Entry {
    /// `None` if there is one for the folder already.
    fn new(folder: PathBuf) -> Option<Self> {
        OPEN.lock().insert(folder.clone()).then_some(Self(folder))
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        OPEN.lock().remove(&self.0);
    }
}

/// The canonical path of a folder whose last parts may be missing.
fn canonical(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let existing = path.ancestors().find_map(|ancestor| {
        let rest = path.strip_prefix(ancestor).ok()?;
        Some(ancestor.canonicalize().ok()?.join(rest))
    });
    // Joining the empty rest of an existing folder appends a separator.
    Ok(existing.unwrap_or(path).components().collect())
}

#[cfg(unix)]
fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// A system without inode numbers does not remove a folder whose files are open.
#[cfg(not(unix))]
fn is_same_file(_: &Metadata, _: &Metadata) -> bool {
    true
}
