//! A second attempt to open a database, without sled's snapshot.
//!
//! A snapshot (`snap.*`) is only a cache of the log, so a damaged one loses nothing. The attempt is
//! made with a copy of the other files first: sled changes a log while it opens it, and a log whose
//! snapshot is not to blame must stay as it is.
//!
//! ```text
//! PATH/sled.retry/copy/     the copy, while it is being opened
//! PATH/sled.retry/snap.*    the snapshots, until the database is open without them
//! ```

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::store::sled_store::folder::{make_folder, sync_folder};
use crate::store::sled_store::lock::FolderLock;
use crate::store::sled_store::{Shared, SledOptions};

/// Opens the database without its snapshots. Returns `None`, and leaves its files as they are, if
/// it has none or if they are not what is damaged.
pub(super) fn open_without_snapshots(
    options: &SledOptions,
    lock: &Arc<FolderLock>,
) -> Option<Shared> {
    let names = snapshots(&lock.folder().join("sled")).ok().filter(|names| !names.is_empty())?;
    let opened = attempt(options, lock, &names);
    // If this fails, the next opening clears it.
    drop(clear(lock.folder()));
    opened
}

/// Removes what a killed process has left of an attempt.
pub(super) fn clear(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(aside(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn aside(path: &Path) -> PathBuf {
    path.join("sled.retry")
}

fn attempt(options: &SledOptions, lock: &Arc<FolderLock>, names: &[OsString]) -> Option<Shared> {
    let path = lock.folder();
    let (aside, database) = (aside(path), path.join("sled"));
    let copy = aside.join("copy");
    make_folder(&aside).ok()?;
    copy_database(path, &copy, Snapshots::LeftOut).ok()?;
    let copied = SledOptions { path: copy.clone(), ..options.clone() };
    let copied_lock = FolderLock::acquire(&copy).ok()?;
    drop(Shared::attempt(&copied, &Arc::new(copied_lock)).ok()?);
    fs::remove_dir_all(&copy).ok()?;
    move_files(names, &database, &aside).ok()?;
    let opened = Shared::attempt(options, lock);
    if opened.is_err() {
        for name in snapshots(&database).ok()? {
            fs::remove_file(database.join(name)).ok()?;
        }
        move_files(names, &aside, &database).ok()?;
    }
    opened.ok()
}

/// The snapshots in a copy of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Snapshots {
    Copied,
    LeftOut,
}

/// Copies a database that may be damaged. Other files of its folder are not copied.
pub(super) fn copy_database(from: &Path, to: &Path, snapshots: Snapshots) -> io::Result<()> {
    for folder in ["", "sled", "sled/blobs"] {
        let (from, to) = (from.join(folder), to.join(folder));
        let entries = match fs::read_dir(&from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        make_folder(&to)?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let is_database = !folder.is_empty() || name == "commit";
            let is_left_out = snapshots == Snapshots::LeftOut && is_snapshot(&name);
            if is_database && !is_left_out && entry.file_type()?.is_file() {
                fs::copy(entry.path(), to.join(name))?;
            }
        }
    }
    Ok(())
}

fn is_snapshot(name: &OsString) -> bool {
    name.to_string_lossy().starts_with("snap.")
}

fn snapshots(database: &Path) -> io::Result<Vec<OsString>> {
    let names = fs::read_dir(database)?.map(|entry| Ok(entry?.file_name()));
    let names: io::Result<Vec<OsString>> = names.collect();
    Ok(names?.into_iter().filter(is_snapshot).collect())
}

fn move_files(names: &[OsString], from: &Path, to: &Path) -> io::Result<()> {
    names.iter().try_for_each(|name| fs::rename(from.join(name), to.join(name)))?;
    sync_folder(to)?;
    sync_folder(from)
}
