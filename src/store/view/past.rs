//! Views of a store that keeps the newest values only.
//!
//! Before a batch is applied, the values that it replaces are saved for each open view. A view
//! reads the present values and then replaces those that were saved by what was saved. A value that
//! was read too late has been saved before, because saving comes first and reading what was saved
//! comes last.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::store::{Key, KeyRange, StoreError, StoreView, Value};
use crate::sync::{Mutex, MutexGuard};

/// The most entries that are read, or replaced, at a time. Writers wait for the latter.
const STEP: usize = 256;
/// The fewest: entries that are newer than the view do not count.
const STEP_MIN: usize = 16;

/// The newest values of a store.
pub(in crate::store) trait Present: Sync {
    fn value(&self, key: &Key) -> Result<Option<Value>, StoreError>;

    /// The first `limit` entries of a range. Fewer only if the range has no more.
    fn entries(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError>;
}

/// The open views of a store.
#[derive(Debug, Default)]
pub(in crate::store) struct OpenViews {
    /// Held from saving the values that a batch replaces until the batch is applied. A view is
    /// therefore opened before both or after both.
    open: Mutex<Vec<Arc<Past>>>,
}

/// The values at the moment of a view that were replaced since. `None` is an absent record.
#[derive(Debug, Default)]
struct Past {
    replaced: Mutex<BTreeMap<Key, Option<Arc<Value>>>>,
}

impl OpenViews {
    /// Saves the present values of the keys that a batch writes. Apply the batch before dropping
    /// what this returns.
    #[must_use = "no view may be opened until the batch is applied"]
    pub(in crate::store) fn save<'a>(
        &self,
        keys: impl Iterator<Item = &'a Key>,
        present: impl Fn(&Key) -> Result<Option<Value>, StoreError>,
    ) -> Result<Saved<'_>, StoreError> {
        let open = self.open.lock();
        if !open.is_empty() {
            for key in keys {
                let lacking: Vec<_> = open.iter().filter(|past| past.lacks(key)).collect();
                if !lacking.is_empty() {
                    let value = present(key)?.map(Arc::new);
                    lacking.iter().for_each(|past| past.save(key, value.clone()));
                }
            }
        }
        Ok(Saved { _open: open })
    }

    /// A view of the present moment.
    pub(in crate::store) fn open<'a, P: Present>(&'a self, present: &'a P) -> PastView<'a, P> {
        let past = Arc::<Past>::default();
        self.open.lock().push(Arc::clone(&past));
        PastView { present, past, views: self }
    }
}

/// Keeps views from being opened.
pub(in crate::store) struct Saved<'a> {
    _open: MutexGuard<'a, Vec<Arc<Past>>>,
}

impl Past {
    fn lacks(&self, key: &Key) -> bool {
        !self.replaced.lock().contains_key(key)
    }

    fn save(&self, key: &Key, value: Option<Arc<Value>>) {
        self.replaced.lock().insert(key.clone(), value);
    }

    /// The first replaced entries of a range, at most a step of them.
    fn step(&self, range: &KeyRange) -> Vec<(Key, Option<Arc<Value>>)> {
        let replaced = self.replaced.lock();
        let from = Key { tree: range.tree, bytes: range.start.clone() };
        let within = replaced.range(from..).take_while(|(key, _)| range.contains(key));
        within.take(STEP).map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// A view of a store that keeps the newest values only.
pub(in crate::store) struct PastView<'a, P> {
    present: &'a P,
    past: Arc<Past>,
    views: &'a OpenViews,
}

impl<P: Present> PastView<'_, P> {
    /// The first entries of a range, and the rest of the range if it may have more.
    fn step(
        &self,
        range: KeyRange,
        limit: usize,
    ) -> Result<(Vec<(Key, Value)>, Option<KeyRange>), StoreError> {
        let limit = limit.clamp(STEP_MIN, STEP);
        let present = self.present.entries(&range, limit)?;
        // Read last: see the head of this file.
        let replaced = self.past.step(&range);
        let last_present = present.last().filter(|_| present.len() >= limit);
        let last_replaced = replaced.last().filter(|_| replaced.len() >= STEP);
        // Where one of the two ends early, the other one is not known to be whole behind it.
        let last = last_present.map(|(key, _)| key).into_iter();
        let last = last.chain(last_replaced.map(|(key, _)| key)).min().cloned();
        let mut entries: BTreeMap<Key, Option<Value>> =
            present.into_iter().map(|(key, value)| (key, Some(value))).collect();
        entries.extend(replaced.into_iter().map(|(key, value)| (key, value.map(owned))));
        let whole = entries.into_iter().filter(|(key, _)| last.iter().all(|last| key <= last));
        let entries = whole.filter_map(|(key, value)| Some((key, value?))).collect();
        Ok((entries, last.map(|last| range.after(&last.bytes))))
    }
}

fn owned(value: Arc<Value>) -> Value {
    Arc::unwrap_or_clone(value)
}

impl<P: Present> StoreView for PastView<'_, P> {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        let present: Vec<_> =
            keys.iter().map(|key| self.present.value(key)).collect::<Result<_, _>>()?;
        // Read last: see the head of this file.
        let replaced = self.past.replaced.lock();
        let values = keys.iter().zip(present).map(|(key, present)| match replaced.get(key) {
            Some(value) => value.as_deref().cloned(),
            None => present,
        });
        Ok(values.collect())
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        let (mut found, mut rest) = (Vec::new(), Some(range.clone()));
        while found.len() < limit
            && let Some(range) = rest.take()
        {
            let (entries, behind) = self.step(range, limit.saturating_sub(found.len()))?;
            found.extend(entries);
            rest = behind;
        }
        found.truncate(limit);
        Ok(found)
    }
}

impl<P> Drop for PastView<'_, P> {
    fn drop(&mut self) {
        // The values are freed later, when no writer waits.
        self.views.open.lock().retain(|past| !Arc::ptr_eq(past, &self.past));
    }
}
