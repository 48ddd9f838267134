//! The feed of new events.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::engine::Engine;
use crate::state::ChangeEvent;

/// The number of events that are kept for slow readers.
const KEPT: usize = 4096;

/// A reader of the changes that an engine makes, from the moment of its making on.
///
/// A reader never delays a call. The engine keeps 4,096 events for all of its feeds, and a slower
/// reader is told how many it has missed. Without any feed the engine makes no event.
///
/// Changes by other engines over the same store are not in the feed. If several threads change one
/// identity, its events can come in another order: their revisions tell the right one.
///
/// # Example: an invalidated cache
///
/// ```
/// use std::time::Duration;
///
/// use cognate::admin::ChangeOperation;
/// use cognate::operation::{CreateIdentityPoolInput, GetIdInput, GuestAccess};
/// use cognate::{Engine, Fed};
///
/// let engine = Engine::builder().in_memory()?;
/// let mut feed = engine.feed();
/// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
/// aws.create_identity_pool(CreateIdentityPoolInput::new("game", GuestAccess::Allowed))?;
/// let Fed::Event(event) = feed.next(Duration::from_secs(1)) else { panic!("no event") };
/// assert_eq!(event.operation, ChangeOperation::CreateIdentityPool);
/// assert!(matches!(feed.next(Duration::ZERO), Fed::Nothing));
/// # Ok::<(), cognate::Error>(())
/// ```
pub struct Feed {
    ring: Arc<Ring>,
    /// The number of the next event to read.
    next: u64,
}

/// The answer of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fed {
    /// The next event.
    Event(Arc<ChangeEvent>),
    /// The number of events that the reader was too slow for. The next answer is an event.
    Missed(u64),
    /// No event came in time.
    Nothing,
    /// The engine is closed, and every event was read.
    Closed,
}

impl Engine {
    /// A feed of the changes that this engine makes from now on.
    pub fn feed(&self) -> Feed {
        Feed::of(&self.core.ring)
    }
}

impl Feed {
    fn of(ring: &Arc<Ring>) -> Self {
        let mut kept = ring.kept.lock();
        kept.readers = kept.readers.saturating_add(1);
        Self { ring: Arc::clone(ring), next: kept.end }
    }

    /// The number of the next event. It counts the events that feeds of the engine have been made
    /// for, from 0 on.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// Another reader of the same engine, which begins with the event of this number. It is told
    /// how many of the events before this feed's own position it has missed.
    ///
    /// # Example: events that were read before
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # use cognate::operation::{CreateIdentityPoolInput, GuestAccess};
    /// use cognate::{Engine, Fed};
    ///
    /// let engine = Engine::builder().in_memory()?;
    /// let mut feed = engine.feed();
    /// let begin = feed.position();
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// aws.create_identity_pool(CreateIdentityPoolInput::new("game", GuestAccess::Allowed))?;
    /// let first = feed.next(Duration::ZERO);
    /// assert_eq!(feed.at(begin).next(Duration::ZERO), first);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    #[must_use]
    pub fn at(&self, position: u64) -> Self {
        let mut other = Self::of(&self.ring);
        other.next = other.next.min(position);
        other
    }

    /// Waits for the next event, for at most `wait`.
    pub fn next(&mut self, wait: Duration) -> Fed {
        let mut kept = self.ring.kept.lock();
        if self.next == kept.end && !kept.is_closed {
            let _timed_out = self.ring.more.wait_for(&mut kept, wait);
        }
        let start = kept.start();
        if self.next < start {
            let missed = start.saturating_sub(self.next);
            self.next = start;
            return Fed::Missed(missed);
        }
        let at = usize::try_from(self.next.saturating_sub(start)).ok();
        match at.and_then(|at| kept.events.get(at)) {
            Some(event) => {
                self.next = self.next.saturating_add(1);
                Fed::Event(Arc::clone(event))
            }
            None if kept.is_closed => Fed::Closed,
            None => Fed::Nothing,
        }
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("next", &self.next).finish_non_exhaustive()
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let mut kept = self.ring.kept.lock();
        kept.readers = kept.readers.saturating_sub(1);
        if kept.readers == 0 {
            kept.events.clear();
        }
    }
}

/// The latest events, for all feeds of an engine.
#[derive(Default)]
pub(super) struct Ring {
    kept: Mutex<Kept>,
    /// Signalled with every event, and at the end.
    more: Condvar,
}

#[derive(Default)]
struct Kept {
    events: VecDeque<Arc<ChangeEvent>>,
    /// The number of the event that comes next.
    end: u64,
    readers: usize,
    is_closed: bool,
}

impl Kept {
    /// The number of the first event that is kept.
    fn start(&self) -> u64 {
        self.end.saturating_sub(u64::try_from(self.events.len()).unwrap_or(u64::MAX))
    }
}

impl Ring {
    /// Whether somebody reads events.
    pub(super) fn is_read(&self) -> bool {
        self.kept.lock().readers > 0
    }

    pub(super) fn publish(&self, events: Vec<ChangeEvent>) {
        if events.is_empty() {
            return;
        }
        let mut kept = self.kept.lock();
        if kept.readers == 0 {
            return;
        }
        for event in events {
            if kept.events.len() == KEPT {
                kept.events.pop_front();
            }
            kept.events.push_back(Arc::new(event));
            kept.end = kept.end.saturating_add(1);
        }
        drop(kept);
        self.more.notify_all();
    }

    /// Tells the readers that no event will come.
    pub(super) fn close(&self) {
        self.kept.lock().is_closed = true;
        self.more.notify_all();
    }
}
