//! The locks and atomics of the concurrent parts: the pool cache, the in-flight barrier, group
//! commit and views. Tests with `--cfg cognate_loom` use those of loom, which tries every order of
//! steps.

#[cfg(not(all(test, cognate_loom)))]
pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};
#[cfg(not(all(test, cognate_loom)))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64};

#[cfg(all(test, cognate_loom))]
pub(crate) use self::checked::{Condvar, Mutex, MutexGuard, RwLock};
#[cfg(all(test, cognate_loom))]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64};

/// loom's locks, with the methods of parking_lot's.
#[cfg(all(test, cognate_loom))]
#[expect(clippy::unwrap_used, clippy::expect_used, reason = "only tests have these locks")]
mod checked {
    use std::ops::{Deref, DerefMut};

    use loom::sync::{self, RwLockReadGuard, RwLockWriteGuard};

    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(sync::Mutex<T>);

    /// Empty only while it waits.
    pub(crate) struct MutexGuard<'a, T>(Option<sync::MutexGuard<'a, T>>);

    #[derive(Debug, Default)]
    pub(crate) struct Condvar(sync::Condvar);

    #[derive(Debug)]
    pub(crate) struct RwLock<T>(sync::RwLock<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            MutexGuard(Some(self.0.lock().unwrap()))
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.0.as_ref().expect("does not wait")
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.0.as_mut().expect("does not wait")
        }
    }

    impl Condvar {
        pub(crate) fn new() -> Self {
            Self(sync::Condvar::new())
        }

        pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            guard.0 = guard.0.take().map(|guard| self.0.wait(guard).unwrap());
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    impl<T: Default> Default for RwLock<T> {
        fn default() -> Self {
            Self(sync::RwLock::new(T::default()))
        }
    }

    impl<T> RwLock<T> {
        pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
            self.0.read().unwrap()
        }

        pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
            self.0.write().unwrap()
        }
    }
}
