//! Views of a sled database.

use crate::store::key::Order;
use crate::store::sled_store::Shared;
use crate::store::view::{PastView, Present};
use crate::store::{Batch, Commit, Key, KeyRange, StoreError, Value};

impl Shared {
    /// A view of what has been committed. It returns once all of that is durable.
    pub(super) fn view(&self) -> Result<PastView<'_, Self>, StoreError> {
        let view = self.guarded(|| Ok(self.views.open(self)))?;
        self.in_flight.wait(|_| true)?;
        Ok(view)
    }

    /// Applies batches after saving the values that they replace for the open views.
    pub(super) fn apply_beside_views(&self, batches: &[Batch]) -> Result<Vec<Commit>, StoreError> {
        let written = batches.iter().flat_map(Batch::written);
        let _saved = self.views.save(written, |key| self.read(key))?;
        self.apply(batches)
    }
}

/// Reads wait for no group in flight: all that a view shows was durable when it was opened.
impl Present for Shared {
    fn value(&self, key: &Key) -> Result<Option<Value>, StoreError> {
        self.guarded(|| self.current(key))
    }

    fn entries(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        let mut entries = Vec::new();
        self.guarded(|| {
            self.current_range(range, Order::Ascending, limit, &mut |key, value| {
                entries.push((key.clone(), value.to_vec()));
                Ok(())
            })
        })?;
        Ok(entries)
    }
}
