//! The pauses between the attempts of an operation that loses races.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

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

/// A random part of a duration.
pub(super) fn part_of(longest: Duration) -> Duration {
    let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
    // Every hasher of the standard library begins with other keys.
    let drawn = RandomState::new().hash_one(micros);
    Duration::from_micros(drawn.checked_rem(micros.saturating_add(1)).unwrap_or(0))
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

    #[test]
    fn pauses_are_parts_of_the_longest() {
        let longest = Duration::from_micros(40);
        let pauses: Vec<_> = (0..200).map(|_| part_of(longest)).collect();
        assert!(pauses.iter().all(|pause| *pause <= longest));
        assert!(pauses.iter().any(|pause| *pause > longest / 2));
        assert!(pauses.iter().any(|pause| *pause < longest / 2));
    }
}
