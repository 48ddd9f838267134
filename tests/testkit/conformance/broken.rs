//! A store in memory, any call of which can be replaced by a faulty one.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use cognate::store::{
    Batch, Commit, Key, KeyRange, MemoryStore, Refreshed, Store, StoreError, StoreView, Value,
    Version, Visitor,
};

pub(super) type Read<T> = Result<T, StoreError>;
pub(super) type Entries = Vec<(Key, Value)>;
pub(super) type Values = Vec<Option<Value>>;
pub(super) type Opened<'a> = Read<Option<Box<dyn StoreView + 'a>>>;
pub(super) type Known = (Key, Option<Version>);

pub(super) struct Broken {
    pub(super) inner: Arc<MemoryStore>,
    /// Held by commits that must not run at the same time.
    pub(super) lock: Arc<Mutex<()>>,
    pub(super) calls: AtomicUsize,
    /// What this handle has read.
    pub(super) read: Mutex<Vec<(Key, Option<Value>)>>,
    pub(super) calls_of: Calls,
}

#[derive(Clone, Copy)]
pub(super) struct Calls {
    pub(super) get: fn(&Broken, &[Key]) -> Read<Values>,
    pub(super) refresh: fn(&Broken, &[Known]) -> Read<Vec<Refreshed>>,
    pub(super) scan: fn(&Broken, &KeyRange, usize) -> Read<Entries>,
    pub(super) scan_back: fn(&Broken, &KeyRange, usize) -> Read<Entries>,
    pub(super) visit: fn(&Broken, &KeyRange, usize, Visitor<'_>) -> Read<()>,
    pub(super) view: fn(&Broken) -> Opened<'_>,
    pub(super) commit: fn(&Broken, Batch) -> Read<Commit>,
    pub(super) reads_one_moment: bool,
    /// The fault of a handle that is opened after the first one.
    pub(super) reopen: fn(&MemoryStore),
}

/// The calls of a sound store.
pub(super) const SOUND: Calls = Calls {
    get: |broken, keys| broken.inner.get(keys),
    refresh: |broken, keys| broken.inner.refresh(keys),
    scan: |broken, range, limit| broken.inner.scan(range, limit),
    scan_back: |broken, range, limit| broken.inner.scan_back(range, limit),
    visit: |broken, range, limit, visitor| {
        broken.scan(range, limit)?.iter().try_for_each(|(key, value)| visitor(key, value))
    },
    view: |broken| broken.inner.view(),
    commit: |broken, batch| broken.inner.commit(batch),
    reads_one_moment: true,
    reopen: |_| {},
};

impl Calls {
    /// Opens a database: the same one at each call.
    pub(super) fn opening(self) -> impl Fn() -> Read<Broken> {
        let (inner, lock) = (Arc::new(MemoryStore::new()), Arc::default());
        let opened = AtomicUsize::new(0);
        move || {
            if opened.fetch_add(1, std::sync::atomic::Ordering::SeqCst) > 0 {
                (self.reopen)(&inner);
            }
            Ok(Broken {
                inner: Arc::clone(&inner),
                lock: Arc::clone(&lock),
                calls: AtomicUsize::new(0),
                read: Mutex::default(),
                calls_of: self,
            })
        }
    }
}

impl Broken {
    /// Whether these checks hold now, read one after the other.
    pub(super) fn hold(&self, checks: &[(Key, Option<Value>)]) -> bool {
        let holds =
            |(key, value): &(Key, Option<Value>)| self.inner.get_one(key).expect("reads") == *value;
        checks.iter().all(holds)
    }

    /// Puts and deletes one key after the other.
    pub(super) fn write_each(&self, batch: &Batch) {
        for key in &batch.deletes {
            let mut one = Batch::default();
            one.deletes.push(key.clone());
            self.inner.commit(one).expect("commits");
        }
        for put in &batch.puts {
            pause();
            let mut one = Batch::default();
            one.puts.push(put.clone());
            self.inner.commit(one).expect("commits");
        }
    }
}

/// Gives another thread the time to do something.
pub(super) fn pause() {
    thread::sleep(Duration::from_micros(50));
}

impl Store for Broken {
    fn get(&self, keys: &[Key]) -> Read<Values> {
        (self.calls_of.get)(self, keys)
    }

    fn refresh(&self, keys: &[Known]) -> Read<Vec<Refreshed>> {
        (self.calls_of.refresh)(self, keys)
    }

    fn reads_one_moment(&self) -> bool {
        self.calls_of.reads_one_moment
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Read<Entries> {
        (self.calls_of.scan)(self, range, limit)
    }

    fn scan_back(&self, range: &KeyRange, limit: usize) -> Read<Entries> {
        (self.calls_of.scan_back)(self, range, limit)
    }

    fn visit(&self, range: &KeyRange, limit: usize, visitor: Visitor<'_>) -> Read<()> {
        (self.calls_of.visit)(self, range, limit, visitor)
    }

    fn view(&self) -> Opened<'_> {
        (self.calls_of.view)(self)
    }

    fn commit(&self, batch: Batch) -> Read<Commit> {
        (self.calls_of.commit)(self, batch)
    }

    fn sync(&self) -> Read<()> {
        Ok(())
    }
}
