//! The engine's store, which every handle shares until one of them closes it.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use crate::check::{self, Finding};
use crate::error::Result;
use crate::store::{
    Batch, Commit, Key, KeyRange, Refreshed, Store, StoreError, StoreView, Value, Version, Visitor,
};

/// A store that can be closed while others hold it. Every later call is [`StoreError::Closed`].
pub(super) struct OpenStore {
    is_closed: AtomicBool,
    reads_one_moment: bool,
    settles_by_token: bool,
    store: RwLock<Option<Box<dyn Store>>>,
}

impl OpenStore {
    pub(super) fn new(store: Box<dyn Store>) -> Self {
        Self {
            is_closed: AtomicBool::new(false),
            reads_one_moment: store.reads_one_moment(),
            settles_by_token: store.settles_by_token(),
            store: RwLock::new(Some(store)),
        }
    }

    /// Fails if the store is closed. Answers that need no read of the store must ask.
    pub(super) fn ensure_open(&self) -> Result<(), StoreError> {
        if self.is_closed.load(Ordering::SeqCst) { Err(StoreError::Closed) } else { Ok(()) }
    }

    /// Lets every later call fail, and leaves the store to its owner.
    pub(super) fn refuse_calls(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    /// Waits for the calls in progress, syncs, and drops the store even if it does not sync.
    pub(super) fn close(&self) -> Result<(), StoreError> {
        // New calls fail from here on, so they cannot keep the lock from being taken.
        self.refuse_calls();
        let store = self.store.write().take().ok_or(StoreError::Closed)?;
        store.sync()
    }

    /// Lends a view of the store, if it has views. Once the store is being closed, reads of the
    /// view fail too, and `close` waits until it is given back.
    pub(super) fn with_view<T, E: From<StoreError>>(
        &self,
        read: impl FnOnce(Option<&dyn StoreView>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.call(|store| {
            let view = store.view()?.map(|view| LentView { store: self, view });
            read(view.as_ref().map(|view| view as &dyn StoreView))
        })
    }

    /// Every violated invariant of the store.
    pub(super) fn check(&self) -> Result<Vec<Finding>> {
        self.with_view(|view| match view {
            Some(view) => check::check_view(view),
            None => check::check_twice(self),
        })
    }

    fn call<T, E: From<StoreError>>(
        &self,
        call: impl FnOnce(&dyn Store) -> Result<T, E>,
    ) -> Result<T, E> {
        self.ensure_open()?;
        // Recursive: a visitor may read while `close` waits for the visit to end.
        let store = self.store.read_recursive();
        call(&**store.as_ref().ok_or(StoreError::Closed).map_err(E::from)?)
    }
}

/// A view of a store that can be closed.
struct LentView<'a> {
    store: &'a OpenStore,
    view: Box<dyn StoreView + 'a>,
}

impl StoreView for LentView<'_> {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.store.ensure_open()?;
        self.view.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.store.ensure_open()?;
        self.view.scan(range, limit)
    }
}

impl Store for OpenStore {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.call(|store| store.get(keys))
    }

    fn get_one(&self, key: &Key) -> Result<Option<Value>, StoreError> {
        self.call(|store| store.get_one(key))
    }

    fn refresh(&self, keys: &[(Key, Option<Version>)]) -> Result<Vec<Refreshed>, StoreError> {
        self.call(|store| store.refresh(keys))
    }

    fn reads_one_moment(&self) -> bool {
        self.reads_one_moment
    }

    fn settles_by_token(&self) -> bool {
        self.settles_by_token
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.call(|store| store.scan(range, limit))
    }

    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.call(|store| store.scan_back(range, limit))
    }

    fn visit(
        &self,
        range: &KeyRange,
        limit: usize,
        visitor: Visitor<'_>,
    ) -> Result<(), StoreError> {
        self.call(|store| store.visit(range, limit, visitor))
    }

    /// None: a view would borrow the store that `close` drops. [`with_view`](Self::with_view) lends
    /// one.
    fn view(&self) -> Result<Option<Box<dyn StoreView + '_>>, StoreError> {
        Ok(None)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.call(|store| store.commit(batch))
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.call(|store| store.sync())
    }

    fn health(&self) -> Result<(), StoreError> {
        self.call(|store| store.health())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;
    use crate::store::{MemoryStore, Tree};

    /// `close` waits for a visit whose visitor reads, and neither waits for the other.
    #[test]
    fn a_visitor_reads_while_the_store_is_being_closed() {
        let inner = Arc::new(MemoryStore::new());
        let (first, second) = (Key::new(Tree::Logins, *b"a"), Key::new(Tree::Logins, *b"b"));
        let puts = vec![(first.clone(), vec![1]), (second.clone(), vec![2])];
        inner.commit(Batch { puts, ..Batch::default() }).expect("commits");
        let store = OpenStore::new(Box::new(Arc::clone(&inner)));
        let (is_inside, told) = channel();
        let mut shown = Vec::new();
        thread::scope(|scope| {
            let store = &store;
            let closing = scope.spawn(move || {
                told.recv().expect("the visit has begun");
                store.close()
            });
            let visited = store.visit(&KeyRange::all(Tree::Logins), 2, &mut |key, _| {
                is_inside.send(()).expect("is awaited");
                while store.ensure_open().is_ok() {
                    thread::yield_now();
                }
                shown.push(key.clone());
                assert!(!closing.is_finished());
                assert!(matches!(store.get_one(&first), Err(StoreError::Closed)));
                Ok(())
            });
            visited.expect("the visit goes on");
            closing.join().expect("no panic").expect("closes");
        });
        assert_eq!(shown, [first, second]);
        assert_eq!(Arc::strong_count(&inner), 1, "the store is released");
        assert!(matches!(store.close(), Err(StoreError::Closed)));
    }

    /// `close` waits for a view, whose reads fail from then on.
    #[test]
    fn a_view_ends_while_the_store_is_being_closed() {
        let inner = Arc::new(MemoryStore::new());
        let store = OpenStore::new(Box::new(Arc::clone(&inner)));
        let key = Key::new(Tree::Logins, *b"a");
        let (is_lent, told) = channel();
        thread::scope(|scope| {
            let store = &store;
            let closing = scope.spawn(move || {
                told.recv().expect("the view is lent");
                store.close()
            });
            let read: Result<(), StoreError> = store.with_view(|view| {
                let view = view.expect("memory has views");
                assert_eq!(view.get(std::slice::from_ref(&key))?, [None]);
                is_lent.send(()).expect("is awaited");
                while store.ensure_open().is_ok() {
                    thread::yield_now();
                }
                assert!(!closing.is_finished());
                let scanned = view.scan(&KeyRange::all(Tree::Logins), 1);
                assert!(matches!(scanned, Err(StoreError::Closed)));
                view.get(std::slice::from_ref(&key)).map(drop)
            });
            assert!(matches!(read, Err(StoreError::Closed)));
            closing.join().expect("no panic").expect("closes");
        });
        assert_eq!(Arc::strong_count(&inner), 1, "the store is released");
        let lent: Result<(), StoreError> = store.with_view(|_| Ok(()));
        assert!(matches!(lent, Err(StoreError::Closed)));
    }
}
