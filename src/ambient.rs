//! Time and chance: the only sources of impurity, all of them injectable.
//!
//! A run whose [`Clock`], [`Entropy`] and [`Ids`] are fixed repeats byte for byte. The one
//! exception is a signature with ES256, whose nonce ring draws by itself.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

/// A moment, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
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

/// Tells the time.
///
/// Any `Fn() -> Timestamp` is one.
///
/// # Example: a clock that stands still
///
/// ```
/// use cognate::ambient::{Clock, Timestamp};
///
/// let noon = || Timestamp::from_millis(1_700_000_000_000);
/// assert_eq!(noon.now().as_secs(), 1_700_000_000);
/// ```
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
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

/// Gives unpredictable bytes: for keys, for their seals, for request ids.
pub trait Entropy: Send + Sync {
    /// Fills all of `bytes`.
    ///
    /// # Errors
    ///
    /// When no randomness can be had; nothing is then made of what was filled.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// The operating system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::getrandom(bytes).map_err(|_| EntropyError)
    }
}

/// Randomness could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntropyError;

impl fmt::Display for EntropyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no randomness available")
    }
}

impl std::error::Error for EntropyError {}

/// Mints the ids of pools and identities.
pub trait Ids: Send + Sync {
    /// An id that was never given before, neither by this process nor by one before it.
    ///
    /// # Errors
    ///
    /// When none can be made.
    fn mint(&self) -> Result<Uuid, EntropyError>;
}

/// Random ids (UUID version 4) out of an [`Entropy`]; they say nothing of when they were made.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds<E = SystemEntropy>(pub E);

impl<E: Entropy> Ids for RandomIds<E> {
    fn mint(&self) -> Result<Uuid, EntropyError> {
        let mut bytes = [0; 16];
        self.0.fill(&mut bytes)?;
        Ok(Builder::from_random_bytes(bytes).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_are_version_4() {
        let id = RandomIds(SystemEntropy).mint().expect("randomness");
        assert_eq!(id.get_version_num(), 4);
    }
}
