//! The files of a database.
//!
//! ```text
//! PATH/lock      locked while a store is open: see `lock.rs`
//! PATH/commit    the number of a commit that is known to be on the disk
//! PATH/closed    exists while the database is closed, unless its process was killed: see `seal.rs`
//! PATH/sled/     the sled database, which contains the number of its last commit
//! PATH/sled.retry/    while it is being opened without its snapshot: see `retry.rs`
//! ```

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use crate::store::StoreError;
use crate::store::sled_store::folder::{self, sync_folder};

/// Replaces a small file. After a crash it has either the new content or the old one.
pub(super) fn replace_file(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let new = folder.join(format!("{name}.new"));
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = folder::file_options().create_new(true).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(new, folder.join(name))?;
    sync_folder(folder)
}

/// Removes half-written files of a killed process or a power loss that would keep sled from
/// opening: snapshots, and its parameters. sled writes the parameters again, with the same default
/// values.
pub(super) fn clear_half_written(database: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(database) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let snapshot = name.starts_with("snap.") && name.ends_with(".generating");
        if snapshot || (name == "conf" && !has_checksum(&fs::read(entry.path())?)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether the last four bytes are the checksum of the others.
fn has_checksum(bytes: &[u8]) -> bool {
    let parts = bytes.split_last_chunk::<4>();
    parts.is_some_and(|(body, sum)| crc32fast::hash(body).to_le_bytes() == *sum)
}

/// Syncs what sled does not sync when it creates a database: its parameters, and the directory
/// entries of its files.
pub(super) fn sync_created(database: &Path) -> io::Result<()> {
    File::options().write(true).open(parameters(database))?.sync_all()?;
    sync_folder(database)
}

/// The file of sled's parameters, the first that it writes.
pub(super) fn parameters(database: &Path) -> PathBuf {
    database.join("conf")
}

/// The files that sled writes. The store syncs them itself: sled only flushes them, which does not
/// protect against a power loss.
pub(super) struct Disk {
    log: Box<dyn Log>,
    snapshots: Folder,
    blobs: Folder,
}

/// sled's log, as far as the store syncs it.
pub(super) trait Log: Send + Sync {
    fn sync_data(&self) -> io::Result<()>;
}

impl Log for File {
    fn sync_data(&self) -> io::Result<()> {
        Self::sync_data(self)
    }
}

impl Disk {
    /// The files of an open database.
    pub(super) fn of(database: &Path) -> io::Result<Self> {
        Ok(Self {
            log: Box::new(File::options().read(true).write(true).open(database.join("db"))?),
            snapshots: Folder::new(database.to_owned()),
            blobs: Folder::new(database.join("blobs")),
        })
    }

    /// Syncs everything that sled has flushed: first the files of large records, then the log that
    /// refers to them.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        let new = self.blobs.new_names()?;
        for name in &new {
            let path = self.blobs.path.join(name);
            match File::open(&path) {
                Ok(blob) => {
                    blob.sync_all()?;
                    folder::restrict_file(&path);
                }
                // sled has already removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        self.blobs.sync_names(new)?;
        self.log.sync_data()?;
        let new = self.snapshots.new_names()?;
        for name in &new {
            folder::restrict_file(&self.snapshots.path.join(name));
        }
        self.snapshots.sync_names(new)
    }
}

#[cfg(all(test, not(cognate_loom)))]
impl Disk {
    /// Syncs something else instead of the log from now on.
    pub(super) fn break_with(&mut self, log: impl Log + 'static) {
        self.log = Box::new(log);
    }
}

/// A folder, and the names of its files that are on the disk.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    synced: BTreeSet<OsString>,
}

impl Folder {
    fn new(path: PathBuf) -> Self {
        Self { path, synced: BTreeSet::new() }
    }

    fn new_names(&mut self) -> io::Result<Vec<OsString>> {
        let names = fs::read_dir(&self.path)?.map(|entry| Ok(entry?.file_name()));
        let names: BTreeSet<OsString> = names.collect::<io::Result<_>>()?;
        self.synced.retain(|name| names.contains(name));
        Ok(names.into_iter().filter(|name| !self.synced.contains(name)).collect())
    }

    fn sync_names(&mut self, new: Vec<OsString>) -> io::Result<()> {
        if !new.is_empty() {
            sync_folder(&self.path)?;
            self.synced.extend(new);
        }
        Ok(())
    }
}

/// The number of a commit that is on the disk, stored beside the database.
///
/// A database whose log is cut or damaged opens without the commits after the damage. The number
/// inside it is then lower than this one. The file has sixteen bytes: the number and its
/// complement.
#[derive(Debug)]
pub(super) struct CommitMark {
    written: Mutex<(File, u64)>,
}

impl CommitMark {
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("commit");
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            bytes => bytes.map_err(StoreError::failed)?,
        };
        let number = match decode(&bytes) {
            Some(number) => number,
            None if bytes.is_empty() => {
                replace_file(folder, "commit", &encode(0)).map_err(StoreError::failed)?;
                0
            }
            None => {
                let detail = format!("{}: not the number of a commit", path.display());
                return Err(StoreError::Corrupt(detail));
            }
        };
        // Later writes overwrite the file and keep its length.
        let file = File::options().write(true).open(&path).map_err(StoreError::failed)?;
        Ok(Self { written: Mutex::new((file, number)) })
    }

    pub(super) fn number(&self) -> u64 {
        self.written.lock().1
    }

    /// Records that this commit and every earlier one are on the disk.
    pub(super) fn raise(&self, number: u64) -> io::Result<()> {
        let mut written = self.written.lock();
        let (file, known) = &mut *written;
        if number <= *known {
            return Ok(());
        }
        file.rewind()?;
        file.write_all(&encode(number))?;
        *known = number;
        Ok(())
    }
}

fn encode(number: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    let (value, complement) = bytes.split_at_mut(8);
    value.copy_from_slice(&number.to_be_bytes());
    complement.copy_from_slice(&(!number).to_be_bytes());
    bytes
}

pub(super) fn decode(bytes: &[u8]) -> Option<u64> {
    let (value, rest) = bytes.split_first_chunk::<8>()?;
    let number = u64::from_be_bytes(*value);
    (rest == (!number).to_be_bytes()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modes of the files in a folder, by their names.
    #[cfg(unix)]
    fn modes(folder: &Path) -> Vec<(String, u32)> {
        use std::os::unix::fs::PermissionsExt;

        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
        let mut modes: Vec<_> = entries
            .map(|entry| {
                let mode = entry.metadata().expect("of a file").permissions().mode() & 0o777;
                (entry.file_name().into_string().expect("text"), mode)
            })
            .collect();
        modes.sort();
        modes
    }

    #[cfg(unix)]
    #[test]
    fn files_of_large_records_are_for_the_owner_only() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().expect("a folder");
        let blobs = folder.path().join("blobs");
        folder::make_database(folder.path()).expect("a database");
        let mut disk = Disk::of(folder.path()).expect("opens");
        for name in ["7", "8"] {
            let path = blobs.join(name);
            fs::write(&path, b"record").expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");
            disk.sync().expect("syncs");
        }
        assert_eq!(modes(&blobs), [("7".to_owned(), 0o600), ("8".to_owned(), 0o600)]);
    }

    #[test]
    fn the_name_of_a_file_is_synced_once_for_each_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut names = Folder::new(folder.path().to_owned());
        let path = folder.path().join("7");
        for _ in 0..2 {
            fs::write(&path, b"record").expect("written");
            let new = names.new_names().expect("reads");
            assert_eq!(new, ["7"]);
            names.sync_names(new).expect("syncs");
            assert!(names.new_names().expect("reads").is_empty(), "it was synced");
            // sled uses the name again after it has removed the file.
            fs::remove_file(&path).expect("removed");
            assert!(names.new_names().expect("reads").is_empty());
        }
    }

    #[test]
    fn no_flipped_bit_of_a_mark_goes_unnoticed() {
        let bytes = encode(0x0123_4567_89ab_cdef);
        assert_eq!(decode(&bytes), Some(0x0123_4567_89ab_cdef));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&flipped), None, "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), None, "{length} bytes");
        }
    }
}
