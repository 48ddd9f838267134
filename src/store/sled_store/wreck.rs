//! Reading a damaged database, as far as sled can.
//!
//! Everything happens in a copy, because sled changes the files that it opens. Damaged pages are
//! passed over: the search for the first key behind one takes it for a range of keys.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sled::IVec;

use crate::store::sled_store::digest::Digest;
use crate::store::sled_store::entry::{self, Home};
use crate::store::sled_store::error::store_error;
use crate::store::sled_store::files;
use crate::store::sled_store::lock::FolderLock;
use crate::store::sled_store::open::{COMMIT, SALVAGED, open_database};
use crate::store::sled_store::retry::{Snapshots, copy_database};
use crate::store::sled_store::{SledOptions, SledStore};
use crate::store::{Key, Store, StoreError, Tree, Value};

/// The rest of a damaged database.
pub(crate) struct Wreck {
    trees: Vec<sled::Tree>,
    _database: sled::Db,
    _lock: Arc<FolderLock>,
    /// The number of the last commit that was on the disk.
    commit: Option<u64>,
}

/// A step of the walk over a tree.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    Record(&'a Key, &'a [u8]),
    /// A record whose pieces are not all there.
    Broken(&'a Key),
    /// Nothing can be read from one key to another one, or to the end of the tree.
    Gap(&'a Key, Option<&'a Key>),
}

/// A step of the walk over a tree of sled's.
enum Step<'a> {
    Entry(&'a [u8], &'a [u8]),
    Gap(&'a [u8], Option<&'a [u8]>),
}

impl SledOptions {
    /// Options that also open a salvaged database.
    pub(crate) fn opening_salvaged(self) -> Self {
        Self { opens_salvaged: true, ..self }
    }

    /// Locks the folder of a damaged database and copies what is left of it to `copies`: with
    /// sled's snapshot or without, whichever leaves more.
    pub(crate) fn wreck(&self, copies: &Path) -> Result<Wreck, StoreError> {
        if !self.path.join("sled").join("db").is_file() {
            let missing = format!("there is no database in {}", self.path.display());
            return Err(StoreError::failed(missing));
        }
        let lock = Arc::new(FolderLock::acquire(&self.path)?);
        let mut best: Option<(usize, Wreck)> = None;
        let mut refused = None;
        for snapshots in [Snapshots::Copied, Snapshots::LeftOut] {
            let copy = copies.join(format!("{snapshots:?}"));
            let opened = Wreck::open(self, &lock, &copy, snapshots);
            match opened.and_then(|wreck| Ok((wreck.count()?, wreck))) {
                Ok(found) if best.as_ref().is_none_or(|best| found.0 > best.0) => {
                    best = Some(found);
                }
                Ok(_) => {}
                Err(error) => refused = Some(error),
            }
        }
        match (best, refused) {
            (Some((_, wreck)), _) => Ok(wreck),
            (None, refused) => Err(refused.unwrap_or(StoreError::Stopped)),
        }
    }
}

impl Wreck {
    fn open(
        options: &SledOptions,
        lock: &Arc<FolderLock>,
        copy: &Path,
        snapshots: Snapshots,
    ) -> Result<Self, StoreError> {
        copy_database(lock.folder(), copy, snapshots).map_err(StoreError::failed)?;
        let database: PathBuf = copy.join("sled");
        files::clear_half_written(&database).map_err(StoreError::failed)?;
        let commit = fs::read(copy.join("commit")).ok().and_then(|mark| files::decode(&mark));
        guarded(|| {
            let database = open_database(&database, options)?;
            let trees = Home::all().map(|home| database.open_tree(home.name));
            let trees = trees.collect::<Result<_, _>>().map_err(store_error)?;
            Ok(Self { trees, _database: database, _lock: Arc::clone(lock), commit })
        })
    }

    /// The number of entries that can be read.
    fn count(&self) -> Result<usize, StoreError> {
        let mut count: usize = 0;
        for home in Home::all() {
            self.walk(home, &mut |step| {
                count = count.saturating_add(usize::from(matches!(step, Step::Entry(..))));
                Ok(())
            })?;
        }
        Ok(count)
    }

    /// The difference between what was written and what is found, if there is any.
    pub(crate) fn shortfall(&self) -> Result<Option<String>, StoreError> {
        let tree = self.tree(Home::META)?;
        let commit = guarded(|| tree.get(COMMIT).map_err(store_error));
        let Some(written) = commit.ok().flatten().and_then(|bytes| Digest::decode(&bytes)) else {
            return Ok(Some("the number of the written records is lost".to_owned()));
        };
        if let Some(beside) = self.commit.filter(|beside| *beside > written.number) {
            let inside = written.number;
            return Ok(Some(format!("commit {beside} was written, the last found is {inside}")));
        }
        let mut found = Digest::new(written.number);
        for home in Home::of_records() {
            self.walk(home, &mut |step| {
                if let Step::Entry(key, entry) = step {
                    found.add(home.name, key, entry);
                }
                Ok(())
            })?;
        }
        Ok(written.compare(&found).err())
    }

    /// Shows the records of a tree, in key order.
    pub(crate) fn each(
        &self,
        tree: Tree,
        visit: &mut dyn FnMut(Found<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.walk(tree.into(), &mut |step| match step {
            Step::Gap(from, to) => {
                let to = to.map(|to| Key::new(tree, to));
                visit(Found::Gap(&Key::new(tree, from), to.as_ref()))
            }
            Step::Entry(key, entry) => {
                let key = Key::new(tree, key);
                match self.value(&key, entry) {
                    Some(value) => visit(Found::Record(&key, &value)),
                    None => visit(Found::Broken(&key)),
                }
            }
        })
    }

    /// The value of a key, if it is there and can be read.
    pub(crate) fn get(&self, key: &Key) -> Option<Value> {
        let tree = self.tree(key.tree.into()).ok()?;
        let entry = guarded(|| tree.get(&key.bytes).map_err(store_error)).ok()??;
        self.value(key, &entry)
    }

    fn value(&self, key: &Key, entry: &[u8]) -> Option<Value> {
        let pieces = self.tree(Home::PIECES).ok()?;
        let get = |piece| guarded(|| pieces.get(piece).map_err(store_error));
        entry::value(key, entry, get).ok()?.map(std::borrow::Cow::into_owned)
    }

    fn tree(&self, home: Home) -> Result<&sled::Tree, StoreError> {
        self.trees.get(home.place).ok_or(StoreError::Stopped)
    }

    fn walk(
        &self,
        home: Home,
        visit: &mut dyn FnMut(Step<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let tree = self.tree(home)?;
        let mut from = Vec::new();
        loop {
            match first_from(tree, &from) {
                Ok(None) => return Ok(()),
                Ok(Some((key, entry))) => {
                    visit(Step::Entry(&key, &entry))?;
                    from = [key.as_ref(), &[0]].concat();
                }
                Err(_) => {
                    let next = first_readable(&from, |place| first_from(tree, place).is_ok());
                    visit(Step::Gap(&from, next.as_deref()))?;
                    let Some(next) = next else { return Ok(()) };
                    from = next;
                }
            }
        }
    }
}

impl SledStore {
    /// Marks a database as salvaged, or takes the mark away. Returns whether it had one.
    pub(crate) fn mark_as_salvaged(&self, is_salvaged: bool) -> Result<bool, StoreError> {
        let meta = self.shared.tree(Home::META.place)?;
        let old = if is_salvaged { meta.insert(SALVAGED, &[1]) } else { meta.remove(SALVAGED) };
        let old = old.map_err(store_error)?;
        self.sync()?;
        Ok(old.is_some())
    }
}

fn guarded<T>(read: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let panicked = |_| Err(StoreError::Corrupt("sled panicked".to_owned()));
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(panicked)
}

fn first_from(tree: &sled::Tree, from: &[u8]) -> Result<Option<(IVec, IVec)>, StoreError> {
    guarded(|| tree.range(from..).next().transpose().map_err(store_error))
}

/// No key but those of logins is longer.
const SEARCHED_LENGTH: usize = 64;

/// The first place behind an unreadable one from which sled can read on.
fn first_readable(from: &[u8], reads: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    let mut bad = from.to_vec();
    bad.resize(SEARCHED_LENGTH.max(from.len()), 0);
    // What lies before may be another page.
    let reads = |place: &[u8]| place > from && reads(place);
    // The longest prefix whose successor can be read: the page ends between the two.
    let coarse = |length: usize| {
        let next = successor(bad.get(..length)?)?;
        reads(&next).then_some((length, next))
    };
    let found = (1..=bad.len()).rev().find_map(coarse);
    let (length, mut readable) =
        found.map_or((0, None), |(length, readable)| (length, Some(readable)));
    for depth in length..SEARCHED_LENGTH {
        bad.truncate(depth);
        let place = |byte: u8| [bad.as_slice(), &[byte]].concat();
        let Some(byte) = (0..=u8::MAX).find(|byte| reads(&place(*byte))) else {
            readable.as_ref()?;
            bad.push(u8::MAX);
            continue;
        };
        readable = Some(place(byte));
        // The bytes before it end the unreadable range.
        let Some(before) = byte.checked_sub(1) else { break };
        bad.push(before);
    }
    readable
}

/// The first key behind all that begin with `prefix`, unless that needs a shorter prefix.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let (last, rest) = prefix.split_last()?;
    Some([rest, &[last.checked_add(1)?]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_unreadable_range_is_found() {
        for (start, from, end) in [
            (&b"b"[..], &b"b"[..], &b"c"[..]),
            (b"abc", b"abcd", b"abd"),
            (b"abc", b"abc\xff\xff", b"b"),
            (b"abc", b"abczz", b"abczzz"),
            (b"a", b"a\x10", b"a\x80\x05"),
            (b"a\x10\x10", b"a\x10\x20\xff", b"a\x10\xff\xff\xff\x01"),
            (b"", b"", b"a"),
        ] {
            let reads = |place: &[u8]| place < start || place >= end;
            assert_eq!(first_readable(from, reads).as_deref(), Some(end), "{from:?}");
        }
        assert_eq!(first_readable(b"b", |place| place < &b"b"[..]), None, "the end of the tree");
        // The next page is unreadable, too.
        let reads = |place: &[u8]| matches!(place.first(), Some(b'c' | b'f'..));
        assert_eq!(first_readable(b"bx", reads).as_deref(), Some(&b"c"[..]));
        // Nothing behind the next page can be read.
        let reads = |place: &[u8]| (&b"by"[..]..&b"bz"[..]).contains(&place);
        assert_eq!(first_readable(b"bx", reads).as_deref(), Some(&b"by"[..]));
    }
}
