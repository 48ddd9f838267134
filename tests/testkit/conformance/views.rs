//! Faulty views.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use cognate::store::{Key, KeyRange, Store, StoreError, StoreView, Tree, Value};

use crate::conformance::broken::{Broken, Calls, Entries, Read, SOUND, Values, pause};

/// A view, any call of which can be replaced by a faulty one.
struct Faulty<'a> {
    broken: &'a Broken,
    view: Box<dyn StoreView + 'a>,
    /// The calls of the store when the view was opened.
    opened: usize,
    /// The keys that the handle had written last.
    written: Vec<Key>,
    get: fn(&Faulty<'_>, &[Key]) -> Read<Values>,
    scan: fn(&Faulty<'_>, &KeyRange, usize) -> Read<Entries>,
}

impl StoreView for Faulty<'_> {
    fn get(&self, keys: &[Key]) -> Read<Values> {
        (self.get)(self, keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Read<Entries> {
        (self.scan)(self, range, limit)
    }
}

fn open(broken: &Broken) -> Faulty<'_> {
    let read = broken.read.lock().expect("no panic");
    let written = read.iter().map(|(key, _)| key.clone());
    Faulty {
        broken,
        view: broken.inner.view().expect("opens").expect("views"),
        opened: broken.calls.fetch_add(1, Ordering::SeqCst),
        written: written.collect(),
        get: |faulty, keys| faulty.view.get(keys),
        scan: |faulty, range, limit| faulty.view.scan(range, limit),
    }
}

fn boxed<'a>(view: impl StoreView + 'a) -> Box<dyn StoreView + 'a> {
    Box::new(view)
}

fn present_values(faulty: &Faulty<'_>, keys: &[Key]) -> Read<Values> {
    faulty.broken.inner.get(keys)
}

fn present_entries(faulty: &Faulty<'_>, range: &KeyRange, limit: usize) -> Read<Entries> {
    faulty.broken.inner.scan(range, limit)
}

pub(super) const NONE: Calls = Calls { view: |_| Ok(None), ..SOUND };

pub(super) const SOMETIMES: Calls = Calls {
    view: |broken| {
        let calls = broken.calls.fetch_add(1, Ordering::SeqCst);
        if calls % 7 == 6 { Ok(None) } else { broken.inner.view() }
    },
    ..SOUND
};

pub(super) const IS_THE_STORE: Calls = Calls {
    view: |broken| {
        Ok(Some(boxed(Faulty { get: present_values, scan: present_entries, ..open(broken) })))
    },
    ..SOUND
};

pub(super) const GETS_PRESENT_VALUES: Calls = Calls {
    view: |broken| Ok(Some(boxed(Faulty { get: present_values, ..open(broken) }))),
    ..SOUND
};

pub(super) const SCANS_PRESENT_ENTRIES: Calls = Calls {
    view: |broken| Ok(Some(boxed(Faulty { scan: present_entries, ..open(broken) }))),
    ..SOUND
};

pub(super) const GETS_IN_THE_ORDER_OF_KEYS: Calls = Calls {
    view: |broken| {
        let get = |faulty: &Faulty<'_>, keys: &[Key]| {
            let mut sorted = keys.to_vec();
            sorted.sort();
            faulty.view.get(&sorted)
        };
        Ok(Some(boxed(Faulty { get, ..open(broken) })))
    },
    ..SOUND
};

pub(super) const FORGETS_THE_LAST_COMMIT: Calls = Calls {
    commit: |broken, batch| {
        let written = batch.written().map(|key| (key.clone(), None));
        *broken.read.lock().expect("no panic") = written.collect();
        broken.inner.commit(batch)
    },
    view: |broken| {
        let get = |faulty: &Faulty<'_>, keys: &[Key]| {
            let values = faulty.view.get(keys)?.into_iter().zip(keys);
            let known = values.map(|(value, key)| value.filter(|_| !faulty.written.contains(key)));
            Ok(known.collect())
        };
        Ok(Some(boxed(Faulty { get, ..open(broken) })))
    },
    ..SOUND
};

/// Reads as many present entries as are asked for, and leaves out those that are newer.
pub(super) const STOPS_AT_NEWER_ENTRIES: Calls = Calls {
    view: |broken| {
        let scan = |faulty: &Faulty<'_>, range: &KeyRange, limit| {
            let present = faulty.broken.inner.scan(range, limit)?;
            let last = present.last().filter(|_| present.len() == limit).map(|(key, _)| key);
            let mut entries = faulty.view.scan(range, limit)?;
            entries.retain(|(key, _)| last.is_none_or(|last| key <= last));
            Ok(entries)
        };
        Ok(Some(boxed(Faulty { scan, ..open(broken) })))
    },
    ..SOUND
};

pub(super) const EXCEEDS_ITS_LIMIT: Calls = Calls {
    view: |broken| {
        let scan = |faulty: &Faulty<'_>, range: &KeyRange, limit: usize| {
            faulty.view.scan(range, limit.saturating_add(1))
        };
        Ok(Some(boxed(Faulty { scan, ..open(broken) })))
    },
    ..SOUND
};

/// The newest view is sound, and older ones follow the store.
pub(super) const HAS_ONE_VIEW: Calls = Calls {
    view: |broken| {
        fn is_newest(faulty: &Faulty<'_>) -> bool {
            faulty.broken.calls.load(Ordering::SeqCst) == faulty.opened + 1
        }
        Ok(Some(boxed(Faulty {
            get: |faulty, keys| {
                if is_newest(faulty) { faulty.view.get(keys) } else { present_values(faulty, keys) }
            },
            ..open(broken)
        })))
    },
    ..SOUND
};

pub(super) const ENDS_AFTER_MANY_COMMITS: Calls = Calls {
    commit: |broken, batch| {
        broken.calls.fetch_add(1, Ordering::SeqCst);
        broken.inner.commit(batch)
    },
    view: |broken| {
        let get = |faulty: &Faulty<'_>, keys: &[Key]| {
            let calls = faulty.broken.calls.load(Ordering::SeqCst);
            if calls > faulty.opened + 150 {
                return Err(StoreError::failed("the snapshot is too old"));
            }
            faulty.view.get(keys)
        };
        Ok(Some(boxed(Faulty { get, ..open(broken) })))
    },
    ..SOUND
};

/// Takes a key for unchanged if this handle has not written it.
pub(super) const KNOWS_ONE_HANDLE: Calls = Calls {
    commit: |broken, batch| {
        let written = batch.written().map(|key| (key.clone(), None));
        broken.read.lock().expect("no panic").extend(written);
        broken.inner.commit(batch)
    },
    view: |broken| {
        let get = |faulty: &Faulty<'_>, keys: &[Key]| {
            let own = faulty.broken.read.lock().expect("no panic");
            let mut values = faulty.view.get(keys)?;
            for (key, value) in keys.iter().zip(&mut values) {
                if !own.iter().any(|(written, _)| written == key) {
                    *value = faulty.broken.inner.get_one(key)?;
                }
            }
            Ok(values)
        };
        Ok(Some(boxed(Faulty { get, ..open(broken) })))
    },
    ..SOUND
};

/// Some trees are copied before the others.
struct Copied(BTreeMap<Key, Value>);

impl StoreView for Copied {
    fn get(&self, keys: &[Key]) -> Read<Values> {
        Ok(keys.iter().map(|key| self.0.get(key).cloned()).collect())
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Read<Entries> {
        let within = self.0.iter().filter(|(key, _)| range.contains(key)).take(limit);
        Ok(within.map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

pub(super) const COPIES_TREE_BY_TREE: Calls = Calls {
    view: |broken| {
        let mut copied = BTreeMap::new();
        for tree in Tree::ALL {
            copied.extend(broken.inner.scan(&KeyRange::prefix(tree, []), usize::MAX)?);
            pause();
        }
        Ok(Some(boxed(Copied(copied))))
    },
    ..SOUND
};

/// Counts the views that are open.
struct Blocking<'a>(Faulty<'a>);

impl StoreView for Blocking<'_> {
    fn get(&self, keys: &[Key]) -> Read<Values> {
        self.0.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Read<Entries> {
        self.0.scan(range, limit)
    }
}

impl Drop for Blocking<'_> {
    fn drop(&mut self) {
        self.0.broken.calls.fetch_sub(1, Ordering::SeqCst);
    }
}

pub(super) const REFUSES_COMMITS_MEANWHILE: Calls = Calls {
    commit: |broken, batch| match broken.calls.load(Ordering::SeqCst) {
        0 => broken.inner.commit(batch),
        _ => Err(StoreError::unavailable("a view is open")),
    },
    view: |broken| Ok(Some(boxed(Blocking(open(broken))))),
    ..SOUND
};
