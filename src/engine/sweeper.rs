//! The thread that removes deleted pools, and events that are too old, while the engine serves.
//!
//! It starts with the first work: when the engine opens, if a deleted pool is left, if there is a
//! journal, or if other engines may leave pools; otherwise with the first deletion of a pool.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::ambient::{Timestamp, part_of};
use crate::engine::Core;
use crate::engine::deletion::Removal;
use crate::error::{Error, Result};
use crate::id::Guid;
use crate::store::{KeyRange, Store, StoreError, Tree};

/// The state that the handles of an engine share: its core, and its sweeper if it has one.
pub(super) struct Opened {
    core: Arc<Core>,
    sweeper: Mutex<Option<JoinHandle<()>>>,
}

impl Opened {
    /// Starts the sweeper if it has work already. Opening does not wait for that work.
    pub(super) fn new(core: Core) -> Result<Self> {
        let has_work = core.remover.removal == Removal::Background && core.needs_sweeper()?;
        let opened = Self { core: Arc::new(core), sweeper: Mutex::default() };
        if has_work {
            opened.start_sweeper()?;
        }
        Ok(opened)
    }

    /// Removes pools that were just deleted, or leaves them to the sweeper. A failure is kept: it
    /// is no failure of the call.
    pub(super) fn after_deletion(&self, pools: &[Guid]) {
        match self.core.remover.removal {
            Removal::Calling => self.core.remover.note(self.core.remove_within_call(pools)),
            Removal::Background => {
                self.core.remover.bell.ring();
                if let Err(failure) = self.start_sweeper() {
                    self.core.remover.note(Err(failure));
                }
            }
        }
    }

    /// Starts the sweeper, unless it runs or the engine is closed.
    fn start_sweeper(&self) -> Result<()> {
        let mut sweeper = self.sweeper.lock();
        if sweeper.is_none() && !self.core.remover.bell.is_silenced() {
            let core = Arc::clone(&self.core);
            let thread = thread::Builder::new().name("cognate-sweep".to_owned());
            *sweeper = Some(thread.spawn(move || sweep(&core)).map_err(StoreError::failed)?);
        }
        Ok(())
    }

    /// Closes the store, and ends the sweeper.
    pub(super) fn close(&self) -> Result<()> {
        self.core.remover.bell.silence();
        let closed = self.core.store.close();
        self.core.ring.close();
        self.end_sweeper();
        Ok(closed?)
    }

    /// Waits for the call of the store that the sweeper is in. The next one fails.
    fn end_sweeper(&self) {
        self.core.remover.bell.silence();
        self.core.store.refuse_calls();
        let sweeper = self.sweeper.lock().take();
        // A part of the embedder's that the sweeper calls may own the last handle.
        let sweeper = sweeper.filter(|sweeper| sweeper.thread().id() != thread::current().id());
        // The sweeper catches panics.
        drop(sweeper.map(JoinHandle::join));
    }
}

impl Deref for Opened {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.core.ring.close();
        self.end_sweeper();
    }
}

/// Wakes and ends the sweeper.
#[derive(Default)]
pub(super) struct Bell {
    state: Mutex<BellState>,
    changed: Condvar,
}

#[derive(Default)]
struct BellState {
    has_rung: bool,
    is_silenced: bool,
}

impl Bell {
    /// Tells the sweeper that a pool was deleted.
    pub(super) fn ring(&self) {
        self.state.lock().has_rung = true;
        self.changed.notify_all();
    }

    /// Ends the sweeper.
    fn silence(&self) {
        self.state.lock().is_silenced = true;
        self.changed.notify_all();
    }

    fn is_silenced(&self) -> bool {
        self.state.lock().is_silenced
    }

    /// Waits until the bell rings or the pause is over. Returns false at the end.
    fn wait(&self, pause: Option<Duration>) -> bool {
        let mut state = self.state.lock();
        let is_quiet = |state: &mut BellState| !state.has_rung && !state.is_silenced;
        match pause {
            Some(pause) => {
                self.changed.wait_while_for(&mut state, is_quiet, pause);
            }
            None => self.changed.wait_while(&mut state, is_quiet),
        }
        state.has_rung = false;
        !state.is_silenced
    }
}

/// The longest time between two attempts over a shared store.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The time within which the engines that wait for the end of a claim try to take over.
const MEETING: Duration = Duration::from_secs(1);

/// The time between two searches for events that are too old.
const EXPIRY_PAUSE: Duration = Duration::from_secs(60 * 60);

impl Core {
    /// Whether there is work before the first deletion of a pool.
    fn needs_sweeper(&self) -> Result<bool> {
        let is_left = || self.store.scan(&KeyRange::all(Tree::Deletions), 1);
        Ok(self.journal.is_some() || self.is_shared() || !is_left()?.is_empty())
    }
}

/// Removes deleted pools, and events that are too old, until the engine ends.
fn sweep(core: &Core) {
    let mut failures: u32 = 0;
    let mut last_expiry = None;
    loop {
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            let claimed = core.remove_pools(|_| false)?;
            let now = core.now();
            if core.journal.is_some() && is_over(EXPIRY_PAUSE, last_expiry, now) {
                core.expire_events()?;
                last_expiry = Some(now);
            }
            Ok(claimed)
        }));
        let attempt = attempt.unwrap_or(Err(Error::Panicked("removal of deleted pools")));
        let pause = match &attempt {
            Err(Error::Closed) => return,
            Err(_) => {
                failures = failures.saturating_add(1);
                Some(jittered(longest_pause(failures)))
            }
            Ok(claimed) => {
                failures = 0;
                let now = core.now().as_millis();
                let left = claimed.map(|until| until.as_millis().saturating_sub(now));
                let left = left.map(Duration::from_millis);
                let taking_over = left.map(|left| left.saturating_add(part_of(MEETING)));
                // An engine that ends without removing its pools tells nobody.
                let regular = core.is_shared().then(|| jittered(PAUSE_MAX));
                let expiry = core.journal.is_some().then_some(EXPIRY_PAUSE);
                taking_over.into_iter().chain(regular).chain(expiry).min()
            }
        };
        core.remover.note(attempt.map(drop));
        if !core.remover.bell.wait(pause) {
            return;
        }
    }
}

/// Whether a pause since the last time is over. It is if the clock has run backwards.
fn is_over(pause: Duration, last: Option<Timestamp>, now: Timestamp) -> bool {
    let since = last.and_then(|last| now.as_millis().checked_sub(last.as_millis()));
    since.is_none_or(|since| Duration::from_millis(since) >= pause)
}

/// The longest pause after this many failures in a row.
fn longest_pause(failures: u32) -> Duration {
    Duration::from_millis(100).saturating_mul(2_u32.saturating_pow(failures)).min(PAUSE_MAX)
}

/// Between half of the pause and all of it, so that engines do not come back together.
fn jittered(pause: Duration) -> Duration {
    pause.saturating_sub(part_of(pause.checked_div(2).unwrap_or(pause)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_half_a_minute() {
        let pauses = (1..=9).map(|failures| longest_pause(failures).as_millis());
        let doubled = [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000];
        assert!(pauses.eq(doubled));
        assert_eq!(longest_pause(u32::MAX), PAUSE_MAX);
        for pause in (0..100).map(|_| jittered(PAUSE_MAX)) {
            assert!((PAUSE_MAX / 2..=PAUSE_MAX).contains(&pause), "{pause:?}");
        }
    }
}
