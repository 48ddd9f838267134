//! A store with injected failures, conflicts and delays.

use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::store::{
    Batch, Commit, Key, KeyRange, Refreshed, Store, StoreError, StoreView, Value, Version,
};

/// A fault in a call of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreFault {
    /// The commit changes nothing, as if a check had failed. Only commits can have this fault.
    Conflicts,
    /// The call fails after it has taken effect.
    FailsAfter,
    /// The call fails without any effect.
    FailsBefore,
    /// The call takes effect, and returns once the store is healed.
    WaitsAfter,
    /// The call waits until the store is healed, and then takes effect.
    WaitsBefore,
}

/// The calls that a fault can hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Calls {
    /// All calls.
    All,
    /// Commits, including those that only check.
    Commits,
    /// Reads of keys and ranges.
    Reads,
    /// Syncs.
    Syncs,
    /// Commits that change something.
    Writes,
}

/// The calls that are hit, among those that the fault applies to. They are counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum When {
    /// Every nth call.
    Every(usize),
    /// This call and all later ones.
    From(usize),
    /// Only this call.
    Nth(usize),
}

/// A wrapper around another store, whose calls fail, conflict or wait as requested.
///
/// # Example: an engine whose disk fails once
///
/// ```
/// use std::sync::Arc;
///
/// use cognate::testkit::{Calls, StoreFault, FaultyStore, When};
/// use cognate::operation::{CreateIdentityPoolInput, GuestAccess};
/// use cognate::store::MemoryStore;
/// use cognate::{Engine, ErrorKind};
///
/// let store = Arc::new(FaultyStore::new(MemoryStore::new()));
/// let engine = Engine::builder().open_shared(store.clone())?;
/// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
/// let create = || CreateIdentityPoolInput::new("game", GuestAccess::Denied);
///
/// store.inject(StoreFault::FailsBefore, Calls::Writes, When::Nth(1));
/// let failed = aws.create_identity_pool(create());
/// assert_eq!(failed.expect_err("its disk fails").kind(), ErrorKind::InternalError);
/// aws.create_identity_pool(create())?;
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Debug)]
pub struct FaultyStore<S> {
    inner: S,
    plan: Mutex<Plan>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Plan {
    fault: Option<(StoreFault, Calls, When)>,
    counted: usize,
    struck: usize,
    waiting: usize,
    /// Increases when the store is healed.
    healed: usize,
}

/// The kind of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Check,
    Read,
    Sync,
    Write,
}

impl<S> FaultyStore<S> {
    /// Wraps `inner`. It has no fault yet.
    pub fn new(inner: S) -> Self {
        Self { inner, plan: Mutex::default(), changed: Condvar::new() }
    }

    /// The wrapped store, without injected faults.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Injects a fault into some of the following calls and replaces the previous fault. Waiting
    /// calls continue.
    pub fn inject(&self, fault: StoreFault, calls: Calls, when: When) {
        let mut plan = self.plan();
        (plan.fault, plan.counted, plan.struck) = (Some((fault, calls, when)), 0, 0);
        self.go_on(plan);
    }

    /// Removes the fault. Waiting calls continue.
    pub fn heal(&self) {
        let mut plan = self.plan();
        plan.fault = None;
        self.go_on(plan);
    }

    /// The number of calls that the last fault has hit.
    pub fn struck(&self) -> usize {
        self.plan().struck
    }

    /// Returns when this number of calls wait at the same time.
    pub fn until_waiting(&self, calls: usize) {
        let mut plan = self.plan();
        while plan.waiting < calls {
            plan = self.changed.wait(plan).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn go_on(&self, mut plan: MutexGuard<'_, Plan>) {
        plan.healed = plan.healed.wrapping_add(1);
        self.changed.notify_all();
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self) {
        let mut plan = self.plan();
        let healed = plan.healed;
        plan.waiting = plan.waiting.saturating_add(1);
        self.changed.notify_all();
        while plan.healed == healed {
            plan = self.changed.wait(plan).unwrap_or_else(PoisonError::into_inner);
        }
        plan.waiting = plan.waiting.saturating_sub(1);
    }

    fn around<T>(
        &self,
        kind: Kind,
        conflict: Option<T>,
        call: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let fault = self.plan().strike(kind);
        match (fault, conflict) {
            (Some(StoreFault::Conflicts), Some(conflict)) => Ok(conflict),
            (Some(StoreFault::FailsBefore), _) => Err(StoreError::failed(Injected)),
            (Some(StoreFault::FailsAfter), _) => call().and(Err(StoreError::failed(Injected))),
            (Some(StoreFault::WaitsBefore), _) => {
                self.wait();
                call()
            }
            (Some(StoreFault::WaitsAfter), _) => {
                let outcome = call();
                self.wait();
                outcome
            }
            (None | Some(StoreFault::Conflicts), _) => call(),
        }
    }
}

impl Plan {
    fn strike(&mut self, kind: Kind) -> Option<StoreFault> {
        let (fault, calls, when) = self.fault?;
        let is_meant = match calls {
            Calls::All => true,
            Calls::Commits => matches!(kind, Kind::Check | Kind::Write),
            Calls::Reads => kind == Kind::Read,
            Calls::Syncs => kind == Kind::Sync,
            Calls::Writes => kind == Kind::Write,
        };
        let can_be = fault != StoreFault::Conflicts || matches!(kind, Kind::Check | Kind::Write);
        if !is_meant || !can_be {
            return None;
        }
        self.counted = self.counted.saturating_add(1);
        let strikes = match when {
            When::Every(number) => self.counted.is_multiple_of(number),
            When::From(number) => self.counted >= number,
            When::Nth(number) => self.counted == number,
        };
        self.struck = self.struck.saturating_add(usize::from(strikes));
        strikes.then_some(fault)
    }
}

impl<S: Store> Store for FaultyStore<S> {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.around(Kind::Read, None, || self.inner.get(keys))
    }

    fn refresh(&self, keys: &[(Key, Option<Version>)]) -> Result<Vec<Refreshed>, StoreError> {
        self.around(Kind::Read, None, || self.inner.refresh(keys))
    }

    fn reads_one_moment(&self) -> bool {
        self.inner.reads_one_moment()
    }

    fn settles_by_token(&self) -> bool {
        self.inner.settles_by_token()
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.around(Kind::Read, None, || self.inner.scan(range, limit))
    }

    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.around(Kind::Read, None, || self.inner.scan_back(range, limit))
    }

    fn view(&self) -> Result<Option<Box<dyn StoreView + '_>>, StoreError> {
        let view = self.around(Kind::Read, None, || self.inner.view())?;
        Ok(view.map(|view| Box::new(FaultyView { store: self, view }) as Box<dyn StoreView + '_>))
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let kind = if batch.is_read_only() { Kind::Check } else { Kind::Write };
        self.around(kind, Some(Commit::Conflict), || self.inner.commit(batch))
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.around(Kind::Sync, None, || self.inner.sync())
    }

    fn health(&self) -> Result<(), StoreError> {
        self.inner.health()
    }
}

struct FaultyView<'a, S> {
    store: &'a FaultyStore<S>,
    view: Box<dyn StoreView + 'a>,
}

impl<S: Store> StoreView for FaultyView<'_, S> {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.store.around(Kind::Read, None, || self.view.get(keys))
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.store.around(Kind::Read, None, || self.view.scan(range, limit))
    }
}

#[derive(Debug)]
struct Injected;

impl fmt::Display for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fault was injected")
    }
}

impl std::error::Error for Injected {}
