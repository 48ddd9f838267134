//! Storage: a small trait, and its implementations on sled and in memory.

mod batch;
mod copy;
mod error;
mod group;
pub(crate) mod key;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
pub(crate) mod record;
mod sled_store;
mod version;
mod view;

use std::collections::VecDeque;

use crate::part::forward;

pub use batch::{Batch, Commit, Refreshed, Token};
pub(crate) use copy::is_unfinished_copy;
pub use copy::{Copied, CopyError, copy};
pub(crate) use error::SALVAGED;
pub use error::StoreError;
pub use key::{Key, KeyRange, Tree};
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::{
    Migrated, PostgresOptions, PostgresStatistics, PostgresStore, PostgresTls, PostgresUrlError,
};
pub use sled_store::{Durability, SledOptions, SledStore};
pub(crate) use sled_store::{Found, Wreck, move_folder};
pub use version::Version;
pub use view::StoreView;
pub(crate) use view::{Unsteady, entries_at};

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
/// * [`get`](Self::get), [`scan`](Self::scan) and the other calls that read return only committed
///   values, and only if the store already guarantees their durability: a value must not disappear
///   after it has been read.
/// * A call that fails has either made its whole change or no change.
///
/// `testkit::Conformance` checks a store against the requirements of each method, and the guide
/// lists the promises and the usual traps.
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
    /// The values of `keys`, in the same order, in one round trip. They are of the same moment if
    /// [`reads_one_moment`](Self::reads_one_moment) says so.
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

    /// The states of `keys`, in the same order, in one round trip, as [`get`](Self::get) reads
    /// them. A value that the caller already has, by its version, need not be sent again. Override
    /// this if the store keeps versions.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn refresh(&self, keys: &[(Key, Option<Version>)]) -> Result<Vec<Refreshed>, StoreError> {
        let names: Vec<Key> = keys.iter().map(|(key, _)| key.clone()).collect();
        let values = self.get(&names)?.into_iter().zip(keys);
        let refreshed = values.map(|(value, (_, known))| match value {
            None => Refreshed::Absent,
            Some(value) if *known == Some(Version::of(&value)) => Refreshed::Unchanged,
            Some(value) => Refreshed::Value(value),
        });
        Ok(refreshed.collect())
    }

    /// Whether the values of one [`get`](Self::get), and those of one [`refresh`](Self::refresh),
    /// are of the same moment. The engine then needs no commit to confirm an answer that it takes
    /// from one of them.
    fn reads_one_moment(&self) -> bool {
        false
    }

    /// Whether the store can lose the answer of a commit and find out later, by the
    /// [token](Batch::token) of the batch, whether it happened. The engine then gives a token to
    /// every batch that writes, except for one that creates an identity: it puts a key that was
    /// absent and that no other batch puts.
    fn settles_by_token(&self) -> bool {
        false
    }

    /// The first `limit` entries of `range`, in key order. Fewer only if the range has no more.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError>;

    /// The last `limit` entries of `range`, in descending key order. Fewer only if the range has no
    /// more. The default scans the whole range: override it if the store can read from the end.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    ///
    /// # Example: the last two of three
    ///
    /// ```
    /// use cognate::store::{Batch, Key, KeyRange, MemoryStore, Store, Tree};
    ///
    /// let store = MemoryStore::new();
    /// let mut batch = Batch::default();
    /// batch.puts.extend([1, 2, 3].map(|n| (Key::new(Tree::Activity, [n]), Vec::new())));
    /// store.commit(batch)?;
    /// let last = store.scan_back(&KeyRange::prefix(Tree::Activity, []), 2)?;
    /// let keys: Vec<_> = last.into_iter().map(|(key, _)| key.bytes).collect();
    /// assert_eq!(keys, [[3], [2]]);
    /// # Ok::<(), cognate::store::StoreError>(())
    /// ```
    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut last = VecDeque::new();
        for entry in entries(self, range.clone()) {
            if last.len() == limit {
                last.pop_front();
            }
            last.push_back(entry?);
        }
        Ok(last.into_iter().rev().collect())
    }

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

    /// A view of the store at one moment, while others go on writing. `None` from a store without
    /// views, as by default: an engine then cannot export, and its
    /// [check](crate::Engine::check) needs a time without writes.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn view(&self) -> Result<Option<Box<dyn StoreView + '_>>, StoreError> {
        Ok(None)
    }

    /// Makes all writes of the batch if all its checks hold, and none otherwise. After
    /// [`Commit::Done`] the writes are as durable as the store promises.
    ///
    /// # Errors
    ///
    /// When the store cannot guarantee that the batch is durable. The whole batch may then have
    /// happened, or none of it. After [`StoreError::Unavailable`] it has not happened.
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
    fn refresh(&self, keys: &[(Key, Option<Version>)]) -> Result<Vec<Refreshed>, StoreError>;
    fn reads_one_moment(&self) -> bool;
    fn settles_by_token(&self) -> bool;
    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError>;
    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError>;
    fn visit(
        &self,
        range: &KeyRange,
        limit: usize,
        visitor: Visitor<'_>,
    ) -> Result<(), StoreError>;
    fn view(&self) -> Result<Option<Box<dyn StoreView + '_>>, StoreError>;
    fn commit(&self, batch: Batch) -> Result<Commit, StoreError>;
    fn sync(&self) -> Result<(), StoreError>;
    fn health(&self) -> Result<(), StoreError>;
});

/// All entries of a range, in key order, read in steps. Entries that are written meanwhile may be
/// missing.
pub(crate) fn entries<S: Store + ?Sized>(
    store: &S,
    range: KeyRange,
) -> impl Iterator<Item = Result<(Key, Value), StoreError>> {
    in_steps(range, |range, limit| store.scan(range, limit))
}

/// All entries of a range, in key order, read in steps.
fn in_steps(
    range: KeyRange,
    scan: impl Fn(&KeyRange, usize) -> Result<Vec<(Key, Value)>, StoreError>,
) -> impl Iterator<Item = Result<(Key, Value), StoreError>> {
    const STEP: usize = 256;

    let mut next = Some(range);
    let steps = std::iter::from_fn(move || {
        let range = next.take()?;
        let step = scan(&range, STEP);
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
