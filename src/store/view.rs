//! Views: reads of a store at one moment, while others write.

mod past;

use crate::store::{Key, KeyRange, Store, StoreError, Value, in_steps};

pub(super) use past::{OpenViews, PastView, Present};

/// A store at one moment, from [`Store::view`].
///
/// The moment lies between two commits: the view shows a batch completely or not at all. It shows
/// every batch whose commit was answered before the view was opened, and no batch whose commit
/// began after that. Every read shows the same moment, whatever is written meanwhile. What the view
/// shows is as durable as what the store returns.
///
/// No writer waits for a view longer than for another commit. Drop a view that is no longer needed:
/// until then, the store keeps the earlier values of everything that is written.
///
/// # Example: a view of what was there
///
/// ```
/// use cognate::store::{Batch, Key, KeyRange, MemoryStore, Store, Tree};
///
/// let store = MemoryStore::new();
/// let (old, new) = (Key::new(Tree::Logins, "old"), Key::new(Tree::Logins, "new"));
/// let mut batch = Batch::default();
/// batch.puts.push((old.clone(), b"1".to_vec()));
/// store.commit(batch)?;
///
/// let view = store.view()?.expect("this store has views");
/// let mut batch = Batch::default();
/// batch.deletes.push(old.clone());
/// batch.puts.push((new.clone(), b"2".to_vec()));
/// store.commit(batch)?;
///
/// assert_eq!(view.get(&[old.clone(), new])?, [Some(b"1".to_vec()), None]);
/// let all = KeyRange::prefix(Tree::Logins, []);
/// assert_eq!(view.scan(&all, 10)?, [(old, b"1".to_vec())]);
/// # Ok::<(), cognate::store::StoreError>(())
/// ```
pub trait StoreView: Send {
    /// The values of `keys` at the moment of the view, in the same order.
    ///
    /// # Errors
    ///
    /// When the store cannot be read, or no longer shows this moment. The view may then fail
    /// forever; it never shows another moment.
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError>;

    /// The first `limit` entries of `range` at the moment of the view, in key order. Fewer only if
    /// the range has no more.
    ///
    /// # Errors
    ///
    /// As those of [`get`](Self::get).
    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError>;
}

/// All entries of a range at the moment of a view, in key order, read in steps.
pub(crate) fn entries_at(
    view: &dyn StoreView,
    range: KeyRange,
) -> impl Iterator<Item = Result<(Key, Value), StoreError>> {
    in_steps(range, |range, limit| view.scan(range, limit))
}

/// A store in the place of a view that it does not have: each read shows a moment of its own.
pub(crate) struct Unsteady<'a>(pub(crate) &'a dyn Store);

impl StoreView for Unsteady<'_> {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.0.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.0.scan(range, limit)
    }
}
