//! Time and randomness: the only impure inputs. The embedder can replace each of them.
//!
//! A run with a fixed [`Clock`], [`Entropy`] and [`Ids`] repeats byte for byte. ES256 is the one
//! exception: ring itself draws its keys and the nonces of its signatures.

pub(crate) mod epoch_seconds;
mod ids;

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::part::{FromFn, forward};

pub use ids::{Ids, RandomIds, SeededIds};

/// A moment, in milliseconds since the Unix epoch.
///
/// It displays in the form of RFC 3339, in UTC. A moment after the year 9999 has no such form and
/// displays as its number of milliseconds.
///
/// # Example: a date
///
/// ```
/// use cognate::ambient::Timestamp;
///
/// let moment = Timestamp::from_millis(1_700_000_000_123);
/// assert_eq!(moment.to_string(), "2023-11-14T22:13:20.123Z");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// The moment in a text of the form `YYYYMMDDTHHMMSSZ`, as in `X-Amz-Date`.
    #[cfg(feature = "http")]
    pub(crate) fn of_amz_date(text: &str) -> Option<Self> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let is_numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if date.len() != 8 || time.len() != 6 || !is_numeric(date) || !is_numeric(time) {
            return None;
        }
        let part = |text: &'_ str, range| text.get(range).map(str::to_owned);
        let (year, month, day) = (part(date, 0..4)?, part(date, 4..6)?, part(date, 6..8)?);
        let (hour, minute, second) = (part(time, 0..2)?, part(time, 2..4)?, part(time, 4..6)?);
        let text = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
        let since_epoch = humantime::parse_rfc3339(&text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        u64::try_from(since_epoch.as_millis()).ok().map(Self)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LAST_MILLIS: u64 = 253_402_300_799_999;

        let since_epoch = Some(Duration::from_millis(self.0)).filter(|_| self.0 <= LAST_MILLIS);
        match since_epoch.and_then(|since| UNIX_EPOCH.checked_add(since)) {
            Some(moment) => write!(f, "{}", humantime::format_rfc3339_millis(moment)),
            None => write!(f, "{} ms", self.0),
        }
    }
}

/// Tells the time.
///
/// [`from_fn`](crate::from_fn) makes a clock of any `Fn() -> Timestamp`.
///
/// # Example: a clock that stands still
///
/// ```
/// use cognate::ambient::{Clock, Timestamp};
/// use cognate::from_fn;
///
/// let noon = from_fn(|| Timestamp::from_millis(1_700_000_000_000));
/// assert_eq!(noon.now().as_secs(), 1_700_000_000);
/// ```
///
/// # Example: a clock that a test shares with its engine
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use cognate::ambient::{Clock, Timestamp};
/// use cognate::Engine;
///
/// #[derive(Default)]
/// struct Hand(AtomicU64);
///
/// impl Clock for Hand {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_millis(self.0.load(Ordering::Relaxed))
///     }
/// }
///
/// let clock = Arc::new(Hand::default());
/// let engine = Engine::builder().clock(Arc::clone(&clock)).in_memory()?;
/// clock.0.store(1_700_000_000_000, Ordering::Relaxed);
/// # Ok::<(), cognate::Error>(())
/// ```
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

forward!(Clock {
    fn now(&self) -> Timestamp;
});

impl<F: Fn() -> Timestamp + Send + Sync> Clock for FromFn<F> {
    fn now(&self) -> Timestamp {
        (self.0)()
    }
}

/// A random part of a duration, so that those who met do not meet again. Not for secrets.
pub(crate) fn part_of(longest: Duration) -> Duration {
    let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
    // Every hasher of the standard library begins with other keys.
    let drawn = RandomState::new().hash_one(micros);
    Duration::from_micros(drawn.checked_rem(micros.saturating_add(1)).unwrap_or(drawn))
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The clock of the machine, moved forward by a test. Clones are moved together.
///
/// # Example: an hour later
///
/// ```
/// use std::time::Duration;
///
/// use cognate::ambient::{Clock, MovableClock};
///
/// let clock = MovableClock::default();
/// let before = clock.now();
/// let after = clock.advance(Duration::from_secs(3_600));
/// assert!(after.as_secs() >= before.as_secs() + 3_600);
/// assert!(clock.clone().now() >= after);
/// ```
#[derive(Debug, Clone, Default)]
pub struct MovableClock {
    ahead_millis: Arc<AtomicU64>,
}

impl MovableClock {
    /// Moves the clock forward, and returns the new time.
    #[expect(clippy::must_use_candidate, reason = "most callers only move the clock")]
    pub fn advance(&self, by: Duration) -> Timestamp {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let moved = |ahead: u64| Some(ahead.saturating_add(by));
        // The function always returns a value.
        let _ = self.ahead_millis.fetch_update(Ordering::Relaxed, Ordering::Relaxed, moved);
        self.now()
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let ahead = self.ahead_millis.load(Ordering::Relaxed);
        Timestamp(SystemClock.now().0.saturating_add(ahead))
    }
}

/// Provides unpredictable bytes for keys, for sealing them, and for request ids.
///
/// # Example: the same keys in every run
///
/// ```
/// use cognate::ambient::EntropyError;
/// use cognate::{Engine, from_fn};
///
/// // Never outside tests: everybody can predict these bytes.
/// let zeros = |bytes: &mut [u8]| -> Result<(), EntropyError> {
///     bytes.fill(0);
///     Ok(())
/// };
/// let engine = Engine::builder().entropy(from_fn(zeros)).in_memory()?;
/// # Ok::<(), cognate::Error>(())
/// ```
pub trait Entropy: Send + Sync {
    /// Fills all of `bytes`.
    ///
    /// # Errors
    ///
    /// [`EntropyError`] when no randomness is available. The engine then discards `bytes`.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

forward!(Entropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
});

impl<F: Fn(&mut [u8]) -> Result<(), EntropyError> + Send + Sync> Entropy for FromFn<F> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        (self.0)(bytes)
    }
}

/// The operating system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::getrandom(bytes).map_err(|_| EntropyError)
    }
}

/// No randomness is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntropyError;

impl fmt::Display for EntropyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no randomness available")
    }
}

impl std::error::Error for EntropyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_displays() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_001, "2000-02-29T00:00:00.001Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "253402300800000 ms"),
            (u64::MAX, "18446744073709551615 ms"),
        ] {
            assert_eq!(Timestamp::from_millis(millis).to_string(), text);
        }
    }

    #[test]
    fn random_parts_differ_and_are_no_longer_than_the_whole() {
        let longest = Duration::from_micros(40);
        let parts: Vec<_> = (0..200).map(|_| part_of(longest)).collect();
        assert!(parts.iter().all(|part| *part <= longest));
        assert!(parts.iter().any(|part| *part > longest / 2));
        assert!(parts.iter().any(|part| *part < longest / 2));
        assert_eq!(part_of(Duration::ZERO), Duration::ZERO);
    }
}
