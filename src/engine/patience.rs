//! The pauses between the attempts of an operation that loses races.

use std::time::{Duration, Instant};

use crate::ambient::part_of;
use crate::error::{Error, Result};

/// The maximum number of attempts over an exclusive store. At least one writer wins each race, so
/// up to this many threads can contend for one record before one of them gives up.
const ATTEMPTS_MAX: u32 = 1_000;

/// The time for which an operation tries again over a shared store.
const DEADLINE: Duration = Duration::from_secs(10);

/// The longest pause after the first lost race over a shared store. It doubles with each race.
const PAUSE: Duration = Duration::from_micros(500);

const PAUSE_MAX: Duration = Duration::from_millis(200);

/// Decides if and when an operation that has lost a race is tried again.
///
/// Over an exclusive store the rival is a thread of this process and has finished, so the next
/// attempt begins at once. Over a shared store engines that met would meet again, so each waits for
/// a random time.
#[derive(Debug)]
pub(super) struct Patience {
    is_shared: bool,
    lost: u32,
    began: Option<Instant>,
}

impl Patience {
    pub(super) fn new(is_shared: bool) -> Self {
        Self { is_shared, lost: 0, began: None }
    }

    /// Returns when the next attempt may begin.
    ///
    /// # Errors
    ///
    /// [`Error::Contended`] if there is to be none.
    pub(super) fn wait(&mut self) -> Result<()> {
        self.lost = self.lost.saturating_add(1);
        if !self.is_shared {
            return if self.lost < ATTEMPTS_MAX { Ok(()) } else { Err(Error::Contended) };
        }
        let now = now();
        let began = *self.began.get_or_insert(now);
        if now.saturating_duration_since(began) >= DEADLINE {
            return Err(Error::Contended);
        }
        let doublings = self.lost.saturating_sub(1).min(16);
        let longest = PAUSE.saturating_mul(1 << doublings).min(PAUSE_MAX);
        std::thread::sleep(part_of(longest));
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "a deadline is about the time that really passes")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exclusive_store_is_tried_a_thousand_times() {
        let mut patience = Patience::new(false);
        let tried = std::iter::from_fn(|| patience.wait().ok()).count();
        assert_eq!(tried, 999, "the first attempt does not wait");
    }
}
