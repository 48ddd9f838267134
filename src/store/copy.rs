//! A copy of all records of a store into another one.

use ring::digest::{Context, SHA256};

use crate::ambient::{Entropy, SystemEntropy};
use crate::store::{Batch, Commit, Key, KeyRange, Store, StoreError, Token, Tree, Value, entries};

/// The most entries that one batch writes.
const ENTRIES_MAX: usize = 256;
/// A batch ends with the entry that reaches this length.
const BYTES_MAX: usize = 1 << 20;

/// The report of a [copy].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// The number of entries in all trees.
    pub entries: u64,
    /// The SHA-256 digest of all keys and values, which are the same in both stores. The trees are
    /// in the order of [`Tree::ALL`], and the keys in theirs. Each name, key and value has its
    /// length in 8 bytes in front of it, the highest first. Each tree begins with its name and ends
    /// with the length `u64::MAX`.
    pub digest: [u8; 32],
}

/// The reason why a store was not copied.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The source cannot be read.
    #[error("the source of the copy failed")]
    Source(#[source] StoreError),
    /// The source is the target of a copy that did not finish.
    #[error("the source is itself a copy that did not finish")]
    SourceUnfinished,
    /// The target cannot be read or written.
    #[error("the target of the copy failed")]
    Target(#[source] StoreError),
    /// The target has entries. Nothing was written to it.
    #[error("the target is not empty: it has {}", .0.name())]
    TargetNotEmpty(Tree),
    /// An earlier copy into the target did not finish, or another one goes on. Nothing was written
    /// to it.
    #[error("another copy into the target goes on or did not finish")]
    TargetUnfinished,
    /// Something else has removed the mark of the copy from the target.
    #[error("something else has changed the target")]
    TargetChanged,
    /// Source and target differ in this tree after the copy: something else writes to one of them,
    /// or the target does not keep what it is given.
    #[error("after the copy the two stores differ in {}", .0.name())]
    Differs(Tree),
}

/// Copies all entries of a store into an empty one, in batches of at most 256 entries, and compares
/// the digests of both.
///
/// Nothing else may write to either store meanwhile. Until the copy is finished and compared, the
/// target has a mark. A copy that fails or is killed leaves the mark behind: every engine then
/// refuses to open the target, with [`Error::CopyUnfinished`](crate::Error::CopyUnfinished), and so
/// does another copy. Begin again with an empty target.
///
/// # Errors
///
/// See [`CopyError`]. If the last commit fails, the copy may have finished.
///
/// # Example: from memory to memory
///
/// ```
/// use std::sync::Arc;
///
/// use cognate::store::{MemoryStore, copy};
/// use cognate::Engine;
///
/// let (old, new) = (Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new()));
/// let engine = Engine::builder().open_exclusive(Arc::clone(&old))?;
/// engine.rotate_session_key()?;
/// engine.close()?;
/// let copied = copy(&old, &new).expect("an empty target");
/// assert_eq!(copied.entries, 1);
/// let engine = Engine::builder().open_exclusive(new)?;
/// assert_eq!(engine.check()?, []);
/// # Ok::<(), cognate::Error>(())
/// ```
pub fn copy(from: &dyn Store, to: &dyn Store) -> Result<Copied, CopyError> {
    if is_unfinished_copy(from).map_err(CopyError::Source)? {
        return Err(CopyError::SourceUnfinished);
    }
    let target = Target { store: to, mark: Key::unfinished_copy() };
    target.mark_as_unfinished()?;
    target.fill_from(from)?;
    to.sync().map_err(CopyError::Target)?;
    let read = Contents::of(from).map_err(CopyError::Source)?;
    let written = Contents::of(to).map_err(CopyError::Target)?;
    if let Some(tree) = read.difference(&written) {
        return Err(CopyError::Differs(tree));
    }
    target.mark_as_finished()?;
    to.sync().map_err(CopyError::Target)?;
    Ok(Copied { entries: read.entries, digest: read.digest })
}

/// Whether a store is the target of a copy that did not finish.
pub(crate) fn is_unfinished_copy(store: &dyn Store) -> Result<bool, StoreError> {
    Ok(store.get_one(&Key::unfinished_copy())?.is_some())
}

/// The store that is being filled. Its mark is a deletion without a pool: engines that know nothing
/// of copies find it corrupt when they open the store.
struct Target<'a> {
    store: &'a dyn Store,
    mark: Key,
}

/// The record under the mark.
const MARK: &[u8] = &[1];

impl Target<'_> {
    fn mark_as_unfinished(&self) -> Result<(), CopyError> {
        if is_unfinished_copy(self.store).map_err(CopyError::Target)? {
            return Err(CopyError::TargetUnfinished);
        }
        for tree in Tree::ALL {
            let found = self.store.scan(&KeyRange::all(tree), 1).map_err(CopyError::Target)?;
            if !found.is_empty() {
                return Err(CopyError::TargetNotEmpty(tree));
            }
        }
        let (checks, puts) = (vec![(self.mark.clone(), None)], vec![self.entry()]);
        let marked = self.commit(Batch { checks, puts, ..Batch::default() })?;
        if marked == Commit::Done { Ok(()) } else { Err(CopyError::TargetUnfinished) }
    }

    fn fill_from(&self, from: &dyn Store) -> Result<(), CopyError> {
        for tree in Tree::ALL {
            let (mut puts, mut bytes) = (Vec::new(), 0_usize);
            for entry in entries(from, KeyRange::all(tree)) {
                let (key, value) = entry.map_err(CopyError::Source)?;
                bytes = bytes.saturating_add(key.bytes.len()).saturating_add(value.len());
                puts.push((key, value));
                if puts.len() == ENTRIES_MAX || bytes >= BYTES_MAX {
                    self.write(Batch { puts: std::mem::take(&mut puts), ..Batch::default() })?;
                    bytes = 0;
                }
            }
            if !puts.is_empty() {
                self.write(Batch { puts, ..Batch::default() })?;
            }
        }
        Ok(())
    }

    fn mark_as_finished(&self) -> Result<(), CopyError> {
        self.write(Batch { deletes: vec![self.mark.clone()], ..Batch::default() })
    }

    /// Commits while the mark is there.
    fn write(&self, mut batch: Batch) -> Result<(), CopyError> {
        let (mark, value) = self.entry();
        batch.checks.push((mark, Some(value)));
        let written = self.commit(batch)?;
        if written == Commit::Done { Ok(()) } else { Err(CopyError::TargetChanged) }
    }

    fn commit(&self, mut batch: Batch) -> Result<Commit, CopyError> {
        if self.store.settles_by_token() {
            let mut token = [0; 16];
            let drawn = SystemEntropy.fill(&mut token).map_err(StoreError::failed);
            drawn.map_err(CopyError::Target)?;
            batch.token = Some(Token(token));
        }
        self.store.commit(batch).map_err(CopyError::Target)
    }

    fn entry(&self) -> (Key, Value) {
        (self.mark.clone(), MARK.to_vec())
    }
}

/// The digest of a store, without the mark of a copy.
struct Contents {
    entries: u64,
    digest: [u8; 32],
    /// The digest up to the end of each tree.
    digests: Vec<(Tree, [u8; 32])>,
}

impl Contents {
    fn of(store: &dyn Store) -> Result<Self, StoreError> {
        let mark = Key::unfinished_copy();
        let mut digest = Context::new(&SHA256);
        let (mut count, mut digests) = (0_u64, Vec::new());
        for tree in Tree::ALL {
            update(&mut digest, tree.name().as_bytes())?;
            for entry in entries(store, KeyRange::all(tree)) {
                let (key, value) = entry?;
                if key != mark {
                    update(&mut digest, &key.bytes)?;
                    update(&mut digest, &value)?;
                    count = count.saturating_add(1);
                }
            }
            digest.update(&u64::MAX.to_be_bytes());
            digests.push((tree, finished(digest.clone())));
        }
        Ok(Self { entries: count, digest: finished(digest), digests })
    }

    /// The first tree in which two stores differ.
    fn difference(&self, other: &Self) -> Option<Tree> {
        let mut both = self.digests.iter().zip(&other.digests);
        both.find(|(own, other)| own != other).map(|((tree, _), _)| *tree)
    }
}

fn update(digest: &mut Context, bytes: &[u8]) -> Result<(), StoreError> {
    let length = u64::try_from(bytes.len()).map_err(StoreError::failed)?;
    digest.update(&length.to_be_bytes());
    digest.update(bytes);
    Ok(())
}

fn finished(digest: Context) -> [u8; 32] {
    digest.finish().as_ref().first_chunk().copied().unwrap_or_default()
}
