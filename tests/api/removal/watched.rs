//! A store that counts, fails, holds up and precedes commits.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread::{self, ThreadId};

use cognate::store::{Batch, Commit, Key, KeyRange, MemoryStore, Store, StoreError, Tree, Value};

use crate::support::dump;

type Hook = Box<dyn Fn(&MemoryStore) + Send + Sync>;

pub(crate) struct Watched {
    pub(crate) inner: MemoryStore,
    commits: Mutex<HashMap<ThreadId, usize>>,
    /// The thread that has made the store.
    maker: ThreadId,
    reads_of_others: AtomicUsize,
    reads_of_maker: AtomicUsize,
    /// The number of commits that succeed.
    succeeding: AtomicUsize,
    gate: Mutex<Gate>,
    changed: Condvar,
    before_commits: Option<Hook>,
    after_commits: Option<Hook>,
    before_gets: Option<Hook>,
}

#[derive(Default)]
struct Gate {
    is_shut: bool,
    waiting: usize,
}

impl Watched {
    pub(crate) fn new() -> Self {
        Self {
            inner: MemoryStore::new(),
            commits: Mutex::default(),
            maker: thread::current().id(),
            reads_of_others: AtomicUsize::new(0),
            reads_of_maker: AtomicUsize::new(0),
            succeeding: AtomicUsize::new(usize::MAX),
            gate: Mutex::default(),
            changed: Condvar::new(),
            before_commits: None,
            after_commits: None,
            before_gets: None,
        }
    }

    pub(crate) fn with(entries: impl IntoIterator<Item = (Key, Value)>) -> Self {
        let watched = Self::new();
        let mut batch = Batch::default();
        batch.puts.extend(entries);
        watched.inner.commit(batch).expect("planted");
        watched
    }

    pub(crate) fn before_commits(
        mut self,
        hook: impl Fn(&MemoryStore) + Send + Sync + 'static,
    ) -> Self {
        self.before_commits = Some(Box::new(hook));
        self
    }

    pub(crate) fn after_commits(
        mut self,
        hook: impl Fn(&MemoryStore) + Send + Sync + 'static,
    ) -> Self {
        self.after_commits = Some(Box::new(hook));
        self
    }

    pub(crate) fn before_gets(
        mut self,
        hook: impl Fn(&MemoryStore) + Send + Sync + 'static,
    ) -> Self {
        self.before_gets = Some(Box::new(hook));
        self
    }

    /// Lets commits fail after the next ones.
    pub(crate) fn fail_after(&self, commits: usize) {
        self.succeeding.store(self.commits() + commits, Ordering::SeqCst);
    }

    pub(crate) fn heal(&self) {
        self.succeeding.store(usize::MAX, Ordering::SeqCst);
    }

    /// The commits of the current thread.
    pub(crate) fn own_commits(&self) -> usize {
        let commits = self.commits.lock().expect("no panic");
        commits.get(&thread::current().id()).copied().unwrap_or_default()
    }

    /// The scans of other threads than the one that has made the store.
    pub(crate) fn reads_of_others(&self) -> usize {
        self.reads_of_others.load(Ordering::SeqCst)
    }

    /// The calls of the thread that has made the store, and the entries that it has read.
    pub(crate) fn reads_of_maker(&self) -> usize {
        self.reads_of_maker.load(Ordering::SeqCst)
    }

    fn count_read(&self, entries: usize) {
        if thread::current().id() == self.maker {
            self.reads_of_maker.fetch_add(1 + entries, Ordering::SeqCst);
        }
    }

    pub(crate) fn commits(&self) -> usize {
        self.commits.lock().expect("no panic").values().sum()
    }

    /// The entries of deleted pools: marks, identities and logins.
    pub(crate) fn remains(&self) -> usize {
        let is_kept = |key: &Key| matches!(key.tree, Tree::SigningKeys | Tree::SessionKeys);
        dump(&self.inner).iter().filter(|(key, _)| !is_kept(key)).count()
    }

    /// Lets commits wait before they happen.
    pub(crate) fn shut(&self) {
        self.gate.lock().expect("no panic").is_shut = true;
    }

    pub(crate) fn open(&self) {
        self.gate.lock().expect("no panic").is_shut = false;
        self.changed.notify_all();
    }

    pub(crate) fn until_one_waits(&self) {
        let gate = self.gate.lock().expect("no panic");
        drop(self.changed.wait_while(gate, |gate| gate.waiting == 0).expect("no panic"));
    }
}

impl Store for Watched {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        if let Some(hook) = &self.before_gets {
            hook(&self.inner);
        }
        self.count_read(keys.len());
        self.inner.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        if thread::current().id() != self.maker {
            self.reads_of_others.fetch_add(1, Ordering::SeqCst);
        }
        let entries = self.inner.scan(range, limit)?;
        self.count_read(entries.len());
        Ok(entries)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let mut gate = self.gate.lock().expect("no panic");
        gate.waiting += 1;
        self.changed.notify_all();
        let mut gate = self.changed.wait_while(gate, |gate| gate.is_shut).expect("no panic");
        gate.waiting -= 1;
        drop(gate);
        if self.commits() >= self.succeeding.load(Ordering::SeqCst) {
            return Err(StoreError::failed("the disk is gone"));
        }
        if let Some(hook) = &self.before_commits {
            hook(&self.inner);
        }
        let committed = self.inner.commit(batch);
        *self.commits.lock().expect("no panic").entry(thread::current().id()).or_default() += 1;
        if let Some(hook) = &self.after_commits {
            hook(&self.inner);
        }
        committed
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.inner.sync()
    }
}
