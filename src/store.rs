//! Where state is kept: a small trait, and its implementations on sled and in memory.

mod group;
pub(crate) mod key;
mod memory;
pub(crate) mod record;
mod sled_store;

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

pub use key::{Key, KeyRange, Tree};
pub use memory::MemoryStore;
pub use sled_store::{Durability, SledOptions, SledStore};

/// The bytes of a record.
pub type Value = Vec<u8>;

/// Is shown entries by [`Store::visit`]: their keys, and the bytes of their records.
pub type Visitor<'a> = &'a mut dyn FnMut(&Key, &[u8]) -> Result<(), StoreError>;

/// Keeps records under ordered keys, and changes them in conditional batches.
///
/// The four calls without a body are all that the engine needs, so a shared database can stand
/// behind them: a conditional write over several keys is what it must offer.
///
/// # Promises of an implementation
///
/// * [`commit`](Self::commit) is atomic over all trees and serializable against other commits.
/// * [`get`](Self::get) and [`scan`](Self::scan) return for each key a value that was committed and
///   that survives as far as the store promises: never one whose commit could still be lost.
/// * After a call failed, what it may have changed is either whole or absent.
pub trait Store: Send + Sync {
    /// The values of `keys`, in their order, in one round trip. Each is read on its own: together
    /// they need not have stood at one moment.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError>;

    /// The value of one key: what [`get`](Self::get) says of it, and a store that can say it for
    /// less may.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn get_one(&self, key: &Key) -> Result<Option<Value>, StoreError> {
        Ok(self.get(std::slice::from_ref(key))?.pop().flatten())
    }

    /// The first `limit` entries of `range`, in the order of their keys; fewer only where the range
    /// has no more.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError>;

    /// Shows the entries that [`scan`](Self::scan) returns, one after the other, which a store can
    /// do without copying them. What was shown counts only if this succeeds.
    ///
    /// # Errors
    ///
    /// When the store cannot be read, and what the visitor fails with, which ends the visit.
    fn visit(
        &self,
        range: &KeyRange,
        limit: usize,
        visitor: Visitor<'_>,
    ) -> Result<(), StoreError> {
        self.scan(range, limit)?.iter().try_for_each(|(key, value)| visitor(key, value))
    }

    /// Checks, then writes, all or nothing. On [`Commit::Done`] the writes are as durable as the
    /// store promises.
    ///
    /// # Errors
    ///
    /// When the store cannot say that the batch is durable; it may then have happened or not.
    fn commit(&self, batch: Batch) -> Result<Commit, StoreError>;

    /// Returns when everything that was committed before is durable.
    ///
    /// # Errors
    ///
    /// When it cannot be made durable.
    fn sync(&self) -> Result<(), StoreError>;

    /// Whether the store takes writes. Cheap: it asks the store, not the medium.
    ///
    /// # Errors
    ///
    /// The failure that stopped the store, if it takes no more writes until it is opened again. A
    /// store that never stops need not implement this.
    fn health(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Every entry of a range, in the order of the keys, read step by step. An entry that is written
/// meanwhile may be among them or not.
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
/// Deletes come before puts: a key that is in both is put.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batch {
    /// Keys that must hold exactly these bytes, or with `None` be absent.
    pub checks: Vec<(Key, Option<Value>)>,
    /// Keys to remove; one that is absent is fine.
    pub deletes: Vec<Key>,
    /// Keys to set.
    pub puts: Vec<(Key, Value)>,
}

impl Batch {
    /// Whether the batch only checks.
    pub fn is_read_only(&self) -> bool {
        self.deletes.is_empty() && self.puts.is_empty()
    }

    /// The keys that it writes.
    pub fn written(&self) -> impl Iterator<Item = &Key> {
        self.deletes.iter().chain(self.puts.iter().map(|(key, _)| key))
    }
}

/// How a batch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a batch happens or it does not")]
pub enum Commit {
    /// Every check held and every write happened.
    Done,
    /// A check did not hold; nothing was written.
    Conflict,
}

/// Why a store could not do its work.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum StoreError {
    /// What is on the disk cannot be what was written.
    Corrupt(String),
    /// Another engine has the database at this path open.
    Locked(PathBuf),
    /// A flush or a sync has failed before, or the database has panicked. What the disk holds is
    /// unknown, so the store refuses to go on until it is opened again.
    Stopped,
    /// The medium failed.
    Failed(std::sync::Arc<dyn Error + Send + Sync>),
}

impl StoreError {
    /// A failure of the medium.
    pub fn failed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(source.into().into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt(detail) => write!(f, "the store is corrupt: {detail}"),
            Self::Locked(path) => write!(f, "the database at {} is open elsewhere", path.display()),
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
            Self::Corrupt(_) | Self::Locked(_) | Self::Stopped => None,
        }
    }
}
