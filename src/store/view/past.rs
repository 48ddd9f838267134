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
                    for past in lacking {
                        past.save(key, value.clone());
                    }
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
    /// Adds the first entries of a range. Returns the rest of the range if it may have more.
    fn step(
        &self,
        range: KeyRange,
        limit: usize,
        found: &mut Vec<(Key, Value)>,
    ) -> Result<Option<KeyRange>, StoreError> {
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
        found.extend(whole.filter_map(|(key, value)| Some((key, value?))));
        Ok(last.map(|last| range.after(&last.bytes)))
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
            rest = self.step(range, limit.saturating_sub(found.len()), &mut found)?;
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

#[cfg(all(test, cognate_loom))]
mod model {
    use std::sync::atomic::Ordering;

    use loom::sync::atomic::AtomicBool;
    use loom::thread;

    use super::*;
    use crate::store::Tree;

    /// Two records, exactly one of which is there between two batches.
    #[derive(Default)]
    struct Pair {
        first: AtomicBool,
        second: AtomicBool,
        views: OpenViews,
    }

    impl Pair {
        fn keys() -> [Key; 2] {
            [0, 1].map(|n| Key::new(Tree::Logins, [n]))
        }

        /// Moves the record, in two steps.
        fn swap(&self) {
            let keys = Self::keys();
            let saved = self.views.save(keys.iter(), |key| self.value(key)).expect("reads");
            for record in [&self.first, &self.second] {
                record.store(!record.load(Ordering::SeqCst), Ordering::SeqCst);
            }
            drop(saved);
        }

        fn look(&self) {
            let view = self.views.open(self);
            let found = view.get(&Self::keys()).expect("reads");
            assert_eq!(found.iter().flatten().count(), 1, "{found:?}");
            assert_eq!(view.get(&Self::keys()).expect("reads"), found);
        }
    }

    impl Present for Pair {
        fn value(&self, key: &Key) -> Result<Option<Value>, StoreError> {
            let record = if key.bytes == [0] { &self.first } else { &self.second };
            Ok(record.load(Ordering::SeqCst).then(Vec::new))
        }

        fn entries(&self, _: &KeyRange, _: usize) -> Result<Vec<(Key, Value)>, StoreError> {
            Ok(Vec::new())
        }
    }

    /// The writers write one after the other, as group commit has it.
    fn check(views: usize, batches: usize, preemptions: Option<usize>) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = preemptions;
        model.check(move || {
            let pair = Arc::new(Pair::default());
            pair.first.store(true, Ordering::SeqCst);
            let viewer = || {
                let pair = Arc::clone(&pair);
                thread::spawn(move || pair.look())
            };
            let viewers: Vec<_> = (0..views).map(|_| viewer()).collect();
            (0..batches).for_each(|_| pair.swap());
            viewers.into_iter().for_each(|viewer| viewer.join().expect("no panic"));
        });
    }

    #[test]
    fn a_view_of_two_batches() {
        check(1, 2, None);
    }

    #[test]
    fn two_views_of_a_batch() {
        check(2, 1, Some(3));
    }
}

#[cfg(all(test, not(cognate_loom)))]
mod tests {
    use std::sync::Weak;

    use super::*;
    use crate::store::{Batch, MemoryStore, Store, Tree};

    #[test]
    fn a_dropped_view_keeps_nothing() {
        let (views, store) = (OpenViews::default(), MemoryStore::new());
        let key = Key::new(Tree::Logins, *b"a");
        let pasts: Vec<Weak<Past>> = {
            let [one, two] = [views.open(&store), views.open(&store)];
            drop(views.save([&key].into_iter(), |_| Ok(Some(vec![1]))).expect("saves"));
            let pasts = [&one, &two].map(|view| Arc::downgrade(&view.past));
            drop(one);
            assert_eq!(two.get(std::slice::from_ref(&key)).expect("reads"), [Some(vec![1])]);
            pasts.into()
        };
        assert!(pasts.iter().all(|past| past.upgrade().is_none()));
        assert!(views.open.lock().is_empty());
        drop(views.save([&key].into_iter(), |_| panic!("no view needs it")).expect("saves"));
    }

    /// The value before the first batch is the one that counts, and is read once.
    #[test]
    fn a_value_is_saved_once_for_all_views() {
        let (views, store) = (OpenViews::default(), MemoryStore::new());
        let key = Key::new(Tree::Logins, *b"a");
        let [one, two] = [views.open(&store), views.open(&store)];
        let mut reads = 0;
        for value in 1..4 {
            let counted = std::cell::Cell::new(0);
            let read = |_: &Key| {
                counted.set(counted.get() + 1);
                Ok(Some(vec![value]))
            };
            drop(views.save([&key, &key].into_iter(), read).expect("saves"));
            reads += counted.get();
        }
        assert_eq!(reads, 1);
        for view in [one, two] {
            assert_eq!(view.get(std::slice::from_ref(&key)).expect("reads"), [Some(vec![1])]);
        }
    }

    /// Entries that are newer than a view cost it steps, not memory.
    #[test]
    fn a_scan_goes_on_behind_newer_entries() {
        let store = MemoryStore::new();
        let key = |n: u32| Key::new(Tree::Logins, n.to_be_bytes());
        let put = |from: u32, to: u32| {
            let puts = (from..to).map(|n| (key(n), Vec::new())).collect();
            store.commit(Batch { puts, ..Batch::default() }).expect("commits");
        };
        put(5_000, 5_001);
        let view = store.view().expect("opens").expect("views");
        put(0, 10_000);
        let range = KeyRange::prefix(Tree::Logins, []);
        for limit in [1, 2, 5_000] {
            assert_eq!(view.scan(&range, limit).expect("scans"), [(key(5_000), Vec::new())]);
        }
        assert_eq!(view.scan(&range, 0).expect("scans"), []);
    }
}
