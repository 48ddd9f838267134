//! The seal of a closed database. It saves the next opening the walk over all records.
//!
//! `PATH/closed` contains the number of the last commit and a fingerprint of everything that sled
//! reads while it opens: the names and lengths of its files, its parameters and snapshot, the
//! header of every segment of the log, and everything that was written since the snapshot, in the
//! log and in the files of large records. If these are damaged, sled loses records and reports no
//! error. Older parts of the log are read later, by pointers. Each has a checksum, so damage is an
//! error when the part is read.
//!
//! A missing seal, or one that does not fit, only means that the next opening walks. A seal that
//! fits is reliable:
//!
//! * It is written after everything has been synced and sled has released its lock, by renaming a
//!   synced file. After a crash before that there is no seal.
//! * It is removed, durably, before sled opens. If a process is killed while the database is open,
//!   there is no seal.
//! * A power loss can bring back files that are older than the seal. The seal then does not fit.
//! * A seal from a backup, or one whose removal the disk has lost, fits only if the files are as
//!   they were when an intact database was closed. The number beside the database is compared in
//!   any case.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use parking_lot::Mutex;

use crate::store::sled_store::digest::absorb;
use crate::store::sled_store::files::replace_file;
use crate::store::sled_store::folder::sync_folder;
use crate::store::sled_store::lock::until_sled_unlocks;

const NAME: &str = "closed";

/// Writes the seal of a database when it is dropped, if it knows the last commit.
#[derive(Debug)]
pub(super) struct Seal {
    path: PathBuf,
    commit: Mutex<Option<u64>>,
}

impl Seal {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), commit: Mutex::new(None) }
    }

    /// Call this once everything is synced and no more writes follow.
    pub(super) fn put_on_drop(&self, commit: u64) {
        *self.commit.lock() = Some(commit);
    }
}

impl Drop for Seal {
    fn drop(&mut self) {
        if let Some(commit) = *self.commit.lock() {
            // Without a seal the next opening only takes longer.
            drop(await_sled(&self.path).and_then(|()| put(&self.path, commit)));
        }
    }
}

/// Waits until sled's threads have released its lock: until then they can write once more.
fn await_sled(path: &Path) -> io::Result<()> {
    let log = File::open(path.join("sled").join("db"))?;
    let locked = until_sled_unlocks(|| match log.try_lock() {
        Err(TryLockError::WouldBlock) => None,
        locked => Some(locked),
    });
    Ok(locked.ok_or(io::ErrorKind::TimedOut)??)
}

fn put(path: &Path, commit: u64) -> io::Result<()> {
    let fingerprint = Fingerprint::of(&path.join("sled"))?;
    replace_file(path, NAME, &encode(commit, fingerprint))
}

/// Removes the seal. Returns the number of the last commit if the seal fits.
pub(super) fn take(path: &Path) -> io::Result<Option<u64>> {
    let bytes = match fs::read(path.join(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes?,
    };
    fs::remove_file(path.join(NAME))?;
    sync_folder(path)?;
    let Some((commit, fingerprint)) = decode(&bytes) else { return Ok(None) };
    let found = Fingerprint::of(&path.join("sled"));
    Ok(found.is_ok_and(|found| found == fingerprint).then_some(commit))
}

fn encode(commit: u64, fingerprint: Fingerprint) -> Vec<u8> {
    let numbers = [commit, fingerprint.0].map(u64::to_be_bytes).concat();
    let check = absorb(0, &numbers).to_be_bytes();
    [numbers.as_slice(), &check].concat()
}

fn decode(bytes: &[u8]) -> Option<(u64, Fingerprint)> {
    let (words, []) = bytes.as_chunks::<8>() else { return None };
    let &[commit, fingerprint, _] = words else { return None };
    let [commit, fingerprint] = [commit, fingerprint].map(u64::from_be_bytes);
    let seal = (commit, Fingerprint(fingerprint));
    (encode(seal.0, seal.1) == bytes).then_some(seal)
}

/// A fingerprint of everything that sled reads while it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fingerprint(u64);

/// The length of a segment of sled's log. A segment begins with a header: a checksum, the position
/// of the segment's first byte in everything that was ever written, with all bits but the highest
/// inverted, and another such position.
const SEGMENT_STEP: usize = 512 * 1024;
const SEGMENT_LENGTH: u64 = SEGMENT_STEP as u64;
const HEADER_LENGTH: u64 = 20;
const NUMBER_MASK: u64 = 0x7fff_ffff_ffff_ffff;
/// More threads are not faster, and a small log is read before a thread has started.
const THREADS_MAX: usize = 4;
const SEGMENTS_PER_THREAD: usize = 64;

impl Fingerprint {
    fn of(database: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        list(database, &mut files)?;
        let names = files.keys().filter_map(|path| path.file_name()?.to_str());
        // sled begins with the segment of its last snapshot, or with the first one.
        let snapshot = names.filter_map(|name| name.strip_prefix("snap.")).next_back();
        let snapshot = snapshot.and_then(|number| u64::from_str_radix(number, 16).ok());
        let from = snapshot.unwrap_or(0) / SEGMENT_LENGTH;
        let (log, large_records) = (database.join("db"), database.join("blobs"));
        let mut state = 0;
        for (path, length) in &files {
            let name = path.file_name().unwrap_or_default();
            let number = || name.to_str()?.parse::<u64>().ok();
            let content = if *path == log {
                segments(path, *length, from)?
            } else if path.starts_with(&large_records)
                && number().is_some_and(|n| n / SEGMENT_LENGTH < from)
            {
                Vec::new()
            } else {
                crc32fast::hash(&fs::read(path)?).to_be_bytes().to_vec()
            };
            let parts = [name.as_encoded_bytes(), &length.to_be_bytes(), &content];
            state = parts.into_iter().fold(state, absorb);
        }
        Ok(Self(state))
    }
}

/// All files below a folder and their lengths.
fn list(folder: &Path, files: &mut BTreeMap<PathBuf, u64>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else {
            files.insert(entry.path(), entry.metadata()?.len());
        }
    }
    Ok(())
}

/// The checksums of all segments, computed by a few threads.
fn segments(log: &Path, length: u64, from: u64) -> io::Result<Vec<u8>> {
    let starts: Vec<u64> = (0..length).step_by(SEGMENT_STEP).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut log = File::open(log)?;
        let mut sums = Vec::new();
        while let Some(start) = starts.get(next.fetch_add(1, Ordering::Relaxed)) {
            sums.push((*start, segment(&mut log, *start, from)?));
        }
        Ok(sums)
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let helpers = threads.saturating_sub(1).min(starts.len() / SEGMENTS_PER_THREAD);
    let mut sums: Vec<(u64, u32)> = thread::scope(|scope| -> io::Result<_> {
        let start = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let helpers: Vec<_> = (0..helpers).filter_map(start).collect();
        let mut sums: Vec<_> = work()?;
        for helper in helpers {
            let panicked = |_| Err(io::Error::other("a thread panicked"));
            sums.extend(helper.join().unwrap_or_else(panicked)?);
        }
        Ok(sums)
    })?;
    sums.sort_unstable();
    Ok(sums.into_iter().flat_map(|(_, sum)| sum.to_be_bytes()).collect())
}

/// The checksum of a segment's header, or of the whole segment if sled reads it.
fn segment(log: &mut File, start: u64, from: u64) -> io::Result<u32> {
    log.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    log.take(HEADER_LENGTH).read_to_end(&mut bytes)?;
    let number = bytes.get(4..).and_then(|rest| rest.first_chunk::<8>());
    let number = number.map(|number| u64::from_le_bytes(*number) ^ NUMBER_MASK);
    if number.is_none_or(|number| number / SEGMENT_LENGTH >= from) {
        log.take(SEGMENT_LENGTH.saturating_sub(HEADER_LENGTH)).read_to_end(&mut bytes)?;
    }
    Ok(crc32fast::hash(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Batch, Durability, Key, SledOptions, Store, StoreError, Tree};

    fn options(path: &Path) -> SledOptions {
        SledOptions::new(path).durability(Durability::ProcessKill)
    }

    /// A database that was closed, opened again, which makes a snapshot, and closed again. Its log
    /// has several segments before and after the snapshot.
    fn closed_database() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for half in 0..2_u32 {
            let store = options(folder.path()).open().expect("opens");
            for n in 0..400_u32 {
                let key = Key::new(Tree::Pools, [half.to_be_bytes(), n.to_be_bytes()].concat());
                let mut batch = Batch::default();
                batch.puts.push((key, vec![7; 1000]));
                store.commit(batch).expect("commits");
            }
        }
        folder
    }

    #[test]
    fn no_flipped_bit_of_a_seal_goes_unnoticed() {
        let bytes = encode(7, Fingerprint(0x0123_4567_89ab_cdef));
        assert_eq!(decode(&bytes), Some((7, Fingerprint(0x0123_4567_89ab_cdef))));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&flipped), None, "bit {bit}");
        }
        assert_eq!(decode(&bytes[1..]), None);
    }

    #[test]
    fn a_seal_is_there_only_while_the_database_is_closed() {
        let folder = closed_database();
        let seal = folder.path().join(NAME);
        assert!(seal.exists());
        let store = options(folder.path()).open().expect("opens");
        assert!(!seal.exists());
        drop(store);
        assert_eq!(take(folder.path()).expect("reads"), Some(800));
        assert_eq!(take(folder.path()).expect("reads"), None, "it was taken away");
    }

    #[test]
    fn a_seal_that_cannot_be_read_is_not_taken_for_none() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join(NAME)).expect("in its place");
        let error = take(folder.path()).expect_err("a folder has no bytes");
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
    }

    #[test]
    fn a_seal_fits_only_what_sled_took_in_when_it_was_put() {
        type Change = fn(&mut Vec<u8>);
        let changes: [(&str, Change); 5] = [
            ("conf", |bytes| bytes[20] ^= 1),
            ("snap.", |bytes| bytes[20] ^= 1),
            ("db", |bytes| bytes[6] ^= 1),
            ("db", |bytes| bytes.push(0)),
            ("db", |bytes| *bytes.iter_mut().rfind(|byte| **byte != 0).expect("is there") ^= 1),
        ];
        let folder = closed_database();
        for (name, change) in changes {
            assert!(!fits_with(folder.path(), name, change), "{name}");
        }
        assert!(fits_with(folder.path(), "db", |_| ()), "nothing has changed");
    }

    /// The parts that sled reads later have their own checksums.
    #[test]
    fn a_seal_fits_whatever_sled_reads_later() {
        // A slow machine gives sled time to write every old segment anew.
        let fit = (0..10).map(|_| {
            let folder = closed_database();
            let log = folder.path().join("sled").join("db");
            let segments = fs::metadata(log).expect("is there").len() / SEGMENT_LENGTH;
            let segments = usize::try_from(segments).expect("fits");
            let fits = |segment: &usize| {
                fits_with(folder.path(), "db", |bytes| bytes[segment * SEGMENT_STEP + 10_000] ^= 1)
            };
            let fit = (0..segments).filter(fits).count();
            assert!(fit < segments, "{fit} of {segments}");
            fit
        });
        assert!(fit.into_iter().any(|fit| fit > 0), "sled reads everything");
    }

    /// Whether the seal still fits after a change of a file.
    fn fits_with(path: &Path, name: &str, change: impl Fn(&mut Vec<u8>)) -> bool {
        let seal = fs::read(path.join(NAME)).expect("is there");
        let starts = |file: &PathBuf| {
            file.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name))
        };
        let mut files = fs::read_dir(path.join("sled")).expect("a folder");
        let file = files.find_map(|file| Some(file.ok()?.path()).filter(starts)).expect(name);
        let whole = fs::read(&file).expect("reads");
        let mut changed = whole.clone();
        change(&mut changed);
        fs::write(&file, changed).expect("writes");
        let fits = take(path).expect("reads").is_some();
        fs::write(&file, whole).expect("writes");
        fs::write(path.join(NAME), &seal).expect("writes");
        fits
    }

    /// Only the walk notices a missing record, and a seal that fits skips the walk.
    #[test]
    fn without_the_walk_a_missing_record_goes_unnoticed() {
        let folder = closed_database();
        let database = sled::open(folder.path().join("sled")).expect("opens");
        let pools = database.open_tree(Tree::Pools.name()).expect("opens");
        let (key, value) = pools.pop_min().expect("reads").expect("is there");
        drop((database, pools));
        put(folder.path(), 800).expect("writes");
        let store = options(folder.path()).open().expect("does not look");
        drop(store);
        fs::remove_file(folder.path().join(NAME)).expect("was closed");
        let refused = options(folder.path()).open();
        assert!(
            matches!(&refused, Err(StoreError::Corrupt(what)) if what.ends_with("799 are found"))
        );

        let database = sled::open(folder.path().join("sled")).expect("opens");
        let pools = database.open_tree(Tree::Pools.name()).expect("opens");
        pools.insert(key, value).expect("inserts");
        drop((database, pools));
        options(folder.path()).open().expect("is whole again");
    }
}
