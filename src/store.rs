//! Storage: a small trait, and its implementations on sled and in memory.

mod group;
pub(crate) mod key;
mod memory;
pub(crate) mod record;
mod sled_store;

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use crate::cause::Cause;
use crate::part::forward;

pub use key::{Key, KeyRange, Tree};
pub use memory::MemoryStore;
pub use sled_store::{Durability, SledOptions, SledStore};
pub(crate) use sled_store::{Found, Wreck, move_folder};

/// The bytes of a record.
pub type Value = Vec<u8>;

/// The callback of [`Store::visit`]. It receives the key and the record of each entry.
pub type Visitor<'a> = &'a mut dyn FnMut(&Key, &[u8]) -> Result<(), StoreError>;

/// Keeps records under ordered keys and changes them in conditional batches.
///
/// An implementation must provide four methods. A database that several engines share can implement
/// them if it offers a conditional write over several keys. Open it with
/// [`Builder::open_shared`](crate::Builder::open_shared), and a store that a single engine uses
/// with [`Builder::open_exclusive`](crate::Builder::open_exclusive).
///
/// # Requirements for an implementation
///
/// * [`commit`](Self::commit) is atomic over all trees and serializable against other commits.
/// * [`get`](Self::get) and [`scan`](Self::scan) return only committed values, and only if the
///   store already guarantees their durability: a value must not disappear after it has been read.
/// * A call that fails has either made its whole change or no change.
///
/// # Example: a store that counts its commits
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use cognate::store::{Batch, Commit, Key, KeyRange, MemoryStore, Store, StoreError, Value};
/// use cognate::Engine;
///
/// #[derive(Default)]
/// struct Counting {
///     inner: MemoryStore,
///     commits: AtomicU64,
/// }
///
/// impl Store for Counting {
///     fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
///         self.inner.get(keys)
///     }
///
///     fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
///         self.inner.scan(range, limit)
///     }
///
///     fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
///         self.commits.fetch_add(1, Ordering::Relaxed);
///         self.inner.commit(batch)
///     }
///
///     fn sync(&self) -> Result<(), StoreError> {
///         self.inner.sync()
///     }
/// }
///
/// let store = Arc::new(Counting::default());
/// let engine = Engine::builder().open_exclusive(Arc::clone(&store))?;
/// engine.rotate_session_key()?;
/// assert_eq!(store.commits.load(Ordering::Relaxed), 1);
/// # Ok::<(), cognate::Error>(())
/// ```
pub trait Store: Send + Sync {
    /// The values of `keys`, in the same order, in one round trip. The values need not be from the
    /// same moment.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError>;

    /// The value of one key, as [`get`](Self::get) returns it. Override this if a single read can
    /// be cheaper.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn get_one(&self, key: &Key) -> Result<Option<Value>, StoreError> {
        Ok(self.get(std::slice::from_ref(key))?.pop().flatten())
    }

    /// The first `limit` entries of `range`, in key order. Fewer only if the range has no more.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError>;

    /// Calls `visitor` with each entry that [`scan`](Self::scan) would return. Override this if the
    /// store can show entries without copying them. The entries count only if the call succeeds.
    ///
    /// # Errors
    ///
    /// When the store cannot be read, and the error of the visitor, which ends the visit.
    fn visit(
        &self,
        range: &KeyRange,
        limit: usize,
        visitor: Visitor<'_>,
    ) -> Result<(), StoreError> {
        self.scan(range, limit)?.iter().try_for_each(|(key, value)| visitor(key, value))
    }

    /// Makes all writes of the batch if all its checks hold, and none otherwise. After
    /// [`Commit::Done`] the writes are as durable as the store promises.
    ///
    /// # Errors
    ///
    /// When the store cannot guarantee that the batch is durable. The whole batch may then have
    /// happened, or none of it.
    fn commit(&self, batch: Batch) -> Result<Commit, StoreError>;

    /// Returns when everything that was committed before is durable.
    ///
    /// # Errors
    ///
    /// When it cannot be made durable.
    fn sync(&self) -> Result<(), StoreError>;

    /// Whether the store accepts writes. Cheap: it reads and writes no record.
    ///
    /// # Errors
    ///
    /// The failure that stopped the store, if it accepts no writes until it is opened again. A
    /// store that never stops need not override this.
    fn health(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

forward!(Store {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError>;
    fn get_one(&self, key: &Key) -> Result<Option<Value>, StoreError>;
    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError>;
    fn visit(
        &self,
        range: &KeyRange,
        limit: usize,
        visitor: Visitor<'_>,
    ) -> Result<(), StoreError>;
    fn commit(&self, batch: Batch) -> Result<Commit, StoreError>;
    fn sync(&self) -> Result<(), StoreError>;
    fn health(&self) -> Result<(), StoreError>;
});

/// All entries of a range, in key order, read in steps. Entries that are written meanwhile may be
/// missing.
pub(crate) fn entries(
    store: &dyn Store,
    range: KeyRange,
) -> impl Iterator<Item = Result<(Key, Value), StoreError>> {
    const STEP: usize = 256;

    let mut next = Some(range);
    let steps = std::iter::from_fn(move || {
        let range = next.take()?;
        let step = store.scan(&range, STEP);
        if let Ok(entries) = &step
            && entries.len() == STEP
            && let Some((last, _)) = entries.last()
        {
            next = Some(range.after(&last.bytes));
        }
        Some(step)
    });
    steps.flat_map(|step| match step {
        Ok(entries) => entries.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    })
}

/// A conditional change: if every check holds, all writes happen.
///
/// Deletes are applied before puts, so a key in both lists keeps the put value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batch {
    /// Keys that must hold exactly these bytes. `None` means that the key must be absent.
    pub checks: Vec<(Key, Option<Value>)>,
    /// Keys to remove. They may be absent.
    pub deletes: Vec<Key>,
    /// Keys to set.
    pub puts: Vec<(Key, Value)>,
}

impl Batch {
    /// Whether the batch has checks only.
    pub fn is_read_only(&self) -> bool {
        self.deletes.is_empty() && self.puts.is_empty()
    }

    /// The keys that the batch removes or sets.
    pub fn written(&self) -> impl Iterator<Item = &Key> {
        self.deletes.iter().chain(self.puts.iter().map(|(key, _)| key))
    }
}

/// The outcome of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a batch happens or it does not")]
pub enum Commit {
    /// Every check held and every write happened.
    Done,
    /// A check did not hold; nothing was written.
    Conflict,
}

/// The reason why a store could not do its work.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum StoreError {
    /// The store was closed.
    Closed,
    /// The stored data is damaged.
    Corrupt(String),
    /// Another engine has the database at this path open.
    Locked(PathBuf),
    /// The database at this path was [salvaged](SledOptions::salvage) from a damaged one, and
    /// nobody has [accepted](SledOptions::accept_salvage) its losses.
    Salvaged(PathBuf),
    /// An earlier flush or sync failed, or the database panicked. The content of the disk is
    /// unknown, so the store accepts no writes until it is opened again.
    Stopped,
    /// The medium failed.
    Failed(Cause),
}

impl StoreError {
    /// A failure of the medium.
    pub fn failed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(Cause::new(source))
    }
}

/// The state of a salvaged database, for messages.
pub(crate) const SALVAGED: &str =
    "the database was salvaged from a damaged one, and its losses are not accepted";

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the store is closed"),
            Self::Corrupt(detail) => write!(f, "the store is corrupt: {detail}"),
            Self::Locked(path) => write!(f, "the database at {} is open elsewhere", path.display()),
            Self::Salvaged(path) => write!(f, "{}: {}", path.display(), SALVAGED),
            Self::Stopped => {
                f.write_str("an earlier write could not be made durable; open the store again")
            }
            Self::Failed(_) => f.write_str("the store failed"),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(source) => Some(&**source),
            Self::Closed
            | Self::Corrupt(_)
            | Self::Locked(_)
            | Self::Salvaged(_)
            | Self::Stopped => None,
        }
    }
}
