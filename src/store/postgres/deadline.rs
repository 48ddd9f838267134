//! The end of a call's time, and pauses before it.

use std::thread;
use std::time::{Duration, Instant};

use crate::ambient::part_of;

/// The moment at which a call has to answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub(super) fn after(timeout: Duration) -> Self {
        Self(later(timeout))
    }

    pub(super) fn instant(self) -> Instant {
        self.0
    }

    /// The time that is left, or `None` when there is none.
    pub(super) fn remaining(self) -> Option<Duration> {
        let left = self.0.saturating_duration_since(now());
        (!left.is_zero()).then_some(left)
    }

    pub(super) fn no_later_than(self, timeout: Duration) -> Self {
        Self(self.0.min(later(timeout)))
    }
}

/// The moment after this time. Too long a time is a year.
pub(super) fn later(duration: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    let now = now();
    now.checked_add(duration.min(YEAR)).unwrap_or(now)
}

#[expect(clippy::disallowed_methods, reason = "a server takes real time, whatever a clock says")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Pauses that grow, each of a random length up to its bound, so that those who met do not meet
/// again.
#[derive(Debug)]
pub(super) struct Pauses {
    bound: Duration,
    longest: Duration,
}

impl Pauses {
    /// For batches that were in each other's way.
    pub(super) fn of_contention() -> Self {
        Self { bound: Duration::from_millis(4), longest: Duration::from_millis(250) }
    }

    /// For servers that do not answer.
    pub(super) fn of_outage() -> Self {
        Self { bound: Duration::from_millis(50), longest: Duration::from_secs(1) }
    }

    /// Sleeps, at most until the deadline.
    pub(super) fn pause(&mut self, deadline: Deadline) {
        let length = part_of(self.bound);
        self.bound = self.bound.saturating_mul(2).min(self.longest);
        thread::sleep(length.min(deadline.remaining().unwrap_or_default()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_ends_at_the_deadline() {
        let deadline = Deadline::after(Duration::ZERO);
        let mut pauses = Pauses { bound: Duration::from_secs(900), longest: Duration::MAX };
        let before = now();
        pauses.pause(deadline);
        assert!(before.elapsed() < Duration::from_secs(5));
        assert!(deadline.remaining().is_none());
    }

    #[test]
    fn an_endless_timeout_is_a_long_one() {
        assert!(Deadline::after(Duration::MAX).remaining() > Some(Duration::from_secs(3600)));
    }
}
