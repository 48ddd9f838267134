//! The encoding of records in sled's trees. Long records are stored in pieces.
//!
//! sled writes a page of more than 128 KiB to a file of its own. It does not sync that file before
//! the log that refers to it, and ignores a missing file after a power loss: half of a commit would
//! be lost. A page has about twenty entries, so no entry is longer than [`PIECE_LENGTH`].
//!
//! ```text
//! TREE    KEY                    a short value; a value that begins with 255 has another 255 first
//! TREE    KEY                    255, 0, commit, ordinal, length: the value is in pieces
//! pieces  commit, ordinal, n     the nth piece of a value that this commit wrote
//! ```
//!
//! A piece is never overwritten, so the pieces that a reader joins are from one moment.

use std::borrow::Cow;

use sled::IVec;
use sled::transaction::{ConflictableTransactionError, TransactionalTree};

use crate::store::sled_store::Shared;
use crate::store::sled_store::digest::Digest;
use crate::store::sled_store::error::store_error;
use crate::store::{Batch, Key, StoreError, Tree, Value, Visitor};

const PIECE_LENGTH: usize = 4096;
const ESCAPE: u8 = 255;
const IN_PIECES: u8 = 0;

/// A tree of sled's: its position and its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Home {
    pub(super) place: usize,
    pub(super) name: &'static str,
}

impl Home {
    /// The tree of the database's own format and digest.
    pub(super) const META: Self = Self { place: Tree::ALL.len(), name: "meta" };
    pub(super) const PIECES: Self =
        Self { place: Tree::ALL.len().saturating_add(1), name: "pieces" };

    /// The trees of records, by position.
    pub(super) fn of_records() -> impl Iterator<Item = Self> {
        Tree::ALL.into_iter().map(Self::from).chain([Self::PIECES])
    }

    /// All trees, by position.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        Tree::ALL.into_iter().map(Self::from).chain([Self::META, Self::PIECES])
    }
}

impl From<Tree> for Home {
    fn from(tree: Tree) -> Self {
        Self { place: tree as usize, name: tree.name() }
    }
}

/// The entry under the key of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry<'a> {
    Whole(&'a [u8]),
    InPieces(Pieces),
}

/// A value in pieces: the commit that wrote it, its ordinal within that commit, and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pieces {
    commit: u64,
    ordinal: u64,
    length: u64,
}

impl<'a> Entry<'a> {
    fn decode(key: &Key, bytes: &'a [u8]) -> Result<Self, StoreError> {
        let [ESCAPE, rest @ ..] = bytes else { return Ok(Self::Whole(bytes)) };
        match rest {
            [ESCAPE, ..] => Ok(Self::Whole(rest)),
            [IN_PIECES, numbers @ ..] => {
                let (words, []) = numbers.as_chunks::<8>() else { return Err(broken(key)) };
                let &[commit, ordinal, length] = words else { return Err(broken(key)) };
                let [commit, ordinal, length] = [commit, ordinal, length].map(u64::from_be_bytes);
                Ok(Self::InPieces(Pieces { commit, ordinal, length }))
            }
            _ => Err(broken(key)),
        }
    }
}

impl Pieces {
    fn encode(&self) -> Vec<u8> {
        let numbers = [self.commit, self.ordinal, self.length].map(u64::to_be_bytes).concat();
        [&[ESCAPE, IN_PIECES], numbers.as_slice()].concat()
    }

    fn keys(self) -> impl Iterator<Item = Vec<u8>> {
        let count = self.length.div_ceil(PIECE_LENGTH as u64);
        (0..count).map(move |n| [self.commit, self.ordinal, n].map(u64::to_be_bytes).concat())
    }

    /// The value, if no piece is missing.
    fn assemble<E>(
        self,
        get: impl Fn(Vec<u8>) -> Result<Option<IVec>, E>,
    ) -> Result<Option<Value>, E> {
        let mut value = Value::new();
        for key in self.keys() {
            let Some(piece) = get(key)? else { return Ok(None) };
            value.extend_from_slice(&piece);
        }
        Ok((value.len() as u64 == self.length).then_some(value))
    }
}

fn broken(key: &Key) -> StoreError {
    StoreError::Corrupt(format!("{key}: the record cannot be put together"))
}

impl Shared {
    pub(super) fn read(&self, key: &Key) -> Result<Option<Value>, StoreError> {
        let tree = self.tree(key.tree as usize)?;
        let mut entry = tree.get(&key.bytes).map_err(store_error)?;
        loop {
            let Some(found) = entry else { return Ok(None) };
            if let Some(value) = self.value(key, &found)? {
                return Ok(Some(value.into_owned()));
            }
            // Another writer has replaced the value meanwhile.
            entry = tree.get(&key.bytes).map_err(store_error)?;
            if entry.as_ref() == Some(&found) {
                return Err(broken(key));
            }
        }
    }

    /// Shows entries, unless they were deleted meanwhile. Returns how many more the limit allows.
    pub(super) fn show(
        &self,
        tree: Tree,
        mut entries: impl Iterator<Item = sled::Result<(IVec, IVec)>>,
        limit: usize,
        visitor: Visitor<'_>,
    ) -> Result<usize, StoreError> {
        let mut key = Key::new(tree, Vec::new());
        let mut left = limit;
        while left > 0
            && let Some(entry) = entries.next()
        {
            let (bytes, entry) = entry.map_err(store_error)?;
            key.bytes.clear();
            key.bytes.extend_from_slice(&bytes);
            let value = match self.value(&key, &entry)? {
                None => self.read(&key)?.map(Cow::Owned),
                value => value,
            };
            if let Some(value) = value {
                visitor(&key, &value)?;
                left = left.saturating_sub(1);
            }
        }
        Ok(left)
    }

    /// The value of an entry, if no piece is missing.
    fn value<'a>(&self, key: &Key, entry: &'a [u8]) -> Result<Option<Cow<'a, [u8]>>, StoreError> {
        let tree = self.tree(Home::PIECES.place)?;
        value(key, entry, |key| tree.get(key).map_err(store_error))
    }
}

/// The value of an entry, if no piece is missing. `get` reads a piece.
pub(super) fn value<'a>(
    key: &Key,
    entry: &'a [u8],
    get: impl Fn(Vec<u8>) -> Result<Option<IVec>, StoreError>,
) -> Result<Option<Cow<'a, [u8]>>, StoreError> {
    match Entry::decode(key, entry)? {
        Entry::Whole(value) => Ok(Some(Cow::Borrowed(value))),
        Entry::InPieces(pieces) => Ok(pieces.assemble(get)?.map(Cow::Owned)),
    }
}

pub(super) type Closure<T> = Result<T, ConflictableTransactionError<StoreError>>;

/// A group of batches that is being applied to the trees, and the digest after it.
pub(super) struct Group<'a> {
    trees: &'a [TransactionalTree],
    digest: Digest,
    /// The number of values that were written in pieces.
    long: u64,
    written: bool,
}

impl<'a> Group<'a> {
    pub(super) fn new(trees: &'a [TransactionalTree], before: Digest) -> Self {
        Self { trees, digest: before.next(), long: 0, written: false }
    }

    pub(super) fn holds(&self, batch: &Batch) -> Closure<bool> {
        for (key, expected) in &batch.checks {
            let found = self.tree(key.tree.into())?.get(&key.bytes)?;
            let holds = match (expected, found) {
                (None, None) => true,
                (Some(expected), Some(found)) => self.is(key, &found, expected)?,
                (None, Some(_)) | (Some(_), None) => false,
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn delete(&mut self, key: &Key) -> Closure<()> {
        self.written = true;
        let old = self.remove(key.tree.into(), &key.bytes)?;
        self.remove_pieces(key, old)
    }

    pub(super) fn put(&mut self, key: &Key, value: &[u8]) -> Closure<()> {
        self.written = true;
        let old = match value {
            long if long.len() > PIECE_LENGTH => {
                let pieces = self.insert_pieces(long)?;
                self.insert(key.tree.into(), &key.bytes, &pieces.encode())?
            }
            [ESCAPE, ..] => {
                let escaped = [&[ESCAPE], value].concat();
                self.insert(key.tree.into(), &key.bytes, &escaped)?
            }
            short => self.insert(key.tree.into(), &key.bytes, short)?,
        };
        self.remove_pieces(key, old)
    }

    /// Writes the digest after this group, if the group has changed anything.
    pub(super) fn commit(self, key: &[u8]) -> Closure<Option<Digest>> {
        if !self.written {
            return Ok(None);
        }
        self.tree(Home::META)?.insert(key, self.digest.encode())?;
        Ok(Some(self.digest))
    }

    fn tree(&self, home: Home) -> Closure<&'a TransactionalTree> {
        self.trees.get(home.place).ok_or(ConflictableTransactionError::Abort(StoreError::Stopped))
    }

    fn is(&self, key: &Key, entry: &[u8], expected: &[u8]) -> Closure<bool> {
        match Entry::decode(key, entry).map_err(ConflictableTransactionError::Abort)? {
            Entry::Whole(value) => Ok(value == expected),
            Entry::InPieces(pieces) if pieces.length != expected.len() as u64 => Ok(false),
            Entry::InPieces(pieces) => {
                let tree = self.tree(Home::PIECES)?;
                let value = pieces.assemble(|key| tree.get(key))?;
                let value = value.ok_or_else(|| broken(key));
                Ok(value.map_err(ConflictableTransactionError::Abort)? == expected)
            }
        }
    }

    // Each write removes the value that it finds from the digest, even if the same transaction
    // wrote that value.
    fn insert(&mut self, home: Home, key: &[u8], entry: &[u8]) -> Closure<Option<IVec>> {
        let old = self.tree(home)?.insert(key, entry)?;
        if let Some(old) = &old {
            self.digest.remove(home.name, key, old);
        }
        self.digest.add(home.name, key, entry);
        Ok(old)
    }

    fn remove(&mut self, home: Home, key: &[u8]) -> Closure<Option<IVec>> {
        let old = self.tree(home)?.remove(key)?;
        if let Some(old) = &old {
            self.digest.remove(home.name, key, old);
        }
        Ok(old)
    }

    fn insert_pieces(&mut self, value: &[u8]) -> Closure<Pieces> {
        let (commit, ordinal, length) = (self.digest.number, self.long, value.len() as u64);
        let pieces = Pieces { commit, ordinal, length };
        self.long = self.long.saturating_add(1);
        for (key, piece) in pieces.keys().zip(value.chunks(PIECE_LENGTH)) {
            self.insert(Home::PIECES, &key, piece)?;
        }
        Ok(pieces)
    }

    fn remove_pieces(&mut self, key: &Key, old: Option<IVec>) -> Closure<()> {
        let Some(old) = old else { return Ok(()) };
        let entry = Entry::decode(key, &old).map_err(ConflictableTransactionError::Abort)?;
        if let Entry::InPieces(pieces) = entry {
            for piece in pieces.keys() {
                self.remove(Home::PIECES, &piece)?;
            }
        }
        Ok(())
    }
}
