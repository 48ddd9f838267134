//! A clock that the rig moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cognate::ambient::{Clock, Timestamp};

/// A clock that stands still during an operation, and can run back.
#[derive(Debug, Clone)]
pub(super) struct Wound(Arc<AtomicU64>);

impl Wound {
    /// Begins in the middle of a second. The model counts whole seconds, and does not see the
    /// milliseconds by which the clock runs back, less than half a second in a run.
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1_800_000_000_500)))
    }

    pub(super) fn advance(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    pub(super) fn run_back(&self, millis: u64) {
        self.0.fetch_sub(millis, Ordering::SeqCst);
    }
}

impl Clock for Wound {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
