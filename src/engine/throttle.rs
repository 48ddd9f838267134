//! The rate limits of the service, for tests against them.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::ambient::Timestamp;
use crate::engine::Core;
use crate::error::Result;
use crate::id::{AccountId, Region};
use crate::rules::Refusal;

/// The rate limits of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Throttling {
    /// No rate limits.
    #[default]
    Off,
    /// The documented rates, one for each operation. Calls above a rate are refused with
    /// `TooManyRequestsException`.
    ///
    /// | operation | calls a second |
    /// | --- | --- |
    /// | `GetId` | 25 |
    /// | `GetOpenIdToken`, `GetCredentialsForIdentity` | 200 |
    /// | `GetOpenIdTokenForDeveloperIdentity` | 200 |
    /// | `TagResource`, `UntagResource` | 5 |
    /// | `ListTagsForResource` | 10 |
    ///
    /// The calls of one second may all come at once. Calls are counted per account and region.
    /// Callers of public operations have no account, so their calls are counted per region. Methods
    /// that are not operations of the service are not counted.
    DocumentedRates,
}

/// An operation that has a documented rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Limited {
    GetCredentialsForIdentity,
    GetId,
    GetOpenIdToken,
    GetOpenIdTokenForDeveloperIdentity,
    ListTagsForResource,
    TagResource,
    UntagResource,
}

impl Limited {
    fn calls_a_second(self) -> u64 {
        match self {
            Self::GetId => 25,
            Self::GetCredentialsForIdentity
            | Self::GetOpenIdToken
            | Self::GetOpenIdTokenForDeveloperIdentity => 200,
            Self::TagResource | Self::UntagResource => 5,
            Self::ListTagsForResource => 10,
        }
    }
}

/// The account and the region whose calls are counted together.
pub(crate) type Scope<'a> = (Option<&'a AccountId>, &'a Region);

/// If there are more buckets, the full ones are dropped, because they carry no information.
const BUCKETS_MAX: usize = 10_000;

/// The remaining calls of all rates.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    buckets: Mutex<HashMap<Counted, Bucket>>,
}

/// The key of a bucket: calls with the same key are counted together.
type Counted = (Limited, Option<AccountId>, Region);

/// The number of calls left at a point in time, in thousandths. Each millisecond adds as many
/// thousandths as the rate allows calls per second.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: u64,
    at: Timestamp,
}

const CALL: u64 = 1_000;

impl Bucket {
    fn full(operation: Limited, now: Timestamp) -> Self {
        Self { left: operation.calls_a_second().saturating_mul(CALL), at: now }
    }

    fn refilled(self, operation: Limited, now: Timestamp) -> Self {
        let full = Self::full(operation, now);
        let millis = now.as_millis().saturating_sub(self.at.as_millis());
        let gained = millis.saturating_mul(operation.calls_a_second());
        Self { left: self.left.saturating_add(gained).min(full.left), at: now }
    }
}

impl Throttle {
    fn left(&self, operation: Limited, (account, region): Scope<'_>, now: Timestamp) -> u64 {
        let key = (operation, account.cloned(), region.clone());
        let bucket = self.buckets.lock().get(&key).copied();
        bucket.map_or(CALL, |bucket| bucket.refilled(operation, now).left)
    }

    /// Takes one call. Returns false if none is left.
    fn take(&self, operation: Limited, (account, region): Scope<'_>, now: Timestamp) -> bool {
        let mut buckets = self.buckets.lock();
        if buckets.len() >= BUCKETS_MAX {
            buckets.retain(|(operation, ..), bucket| {
                bucket.refilled(*operation, now).left < Bucket::full(*operation, now).left
            });
        }
        let key = (operation, account.cloned(), region.clone());
        let bucket = buckets.entry(key).or_insert_with(|| Bucket::full(operation, now));
        *bucket = bucket.refilled(operation, now);
        match bucket.left.checked_sub(CALL) {
            Some(left) => {
                bucket.left = left;
                true
            }
            None => false,
        }
    }
}

impl Core {
    /// Counts a call, or refuses it.
    pub(super) fn admit(&self, operation: Limited, scope: Scope<'_>) -> Result<()> {
        match &self.throttle {
            Some(throttle) if !throttle.take(operation, scope, self.now()) => {
                Err(Refusal::RateExceeded.into())
            }
            _ => Ok(()),
        }
    }

    /// Refuses a call that would exceed its rate, without counting it. The wire and HTTP handlers
    /// use it to refuse before any other check.
    pub(super) fn would_admit(&self, operation: Limited, scope: Scope<'_>) -> Result<()> {
        match &self.throttle {
            Some(throttle) if throttle.left(operation, scope, self.now()) < CALL => {
                Err(Refusal::RateExceeded.into())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(number: usize) -> Region {
        format!("us-east-{number}").parse().expect("a region")
    }

    /// Anybody can name any region in an id.
    #[test]
    fn full_buckets_are_forgotten() {
        let throttle = Throttle::default();
        let drained = region(0);
        let at = Timestamp::from_millis;
        for _ in 0..25 {
            assert!(throttle.take(Limited::GetId, (None, &drained), at(0)));
        }
        for number in 1..=BUCKETS_MAX + 100 {
            assert!(throttle.take(Limited::GetId, (None, &region(number)), at(0)));
        }
        let buckets = || throttle.buckets.lock().len();
        assert_eq!(buckets(), BUCKETS_MAX + 101, "each was used just now");
        assert!(!throttle.take(Limited::GetId, (None, &drained), at(39)), "counts on");
        // After one call a bucket of `GetId` is full again in 40 milliseconds.
        assert!(throttle.take(Limited::GetId, (None, &region(1)), at(40)));
        assert_eq!(buckets(), 2, "the drained one, and the one just used");
        assert_eq!(throttle.left(Limited::GetId, (None, &drained), at(40)), CALL);
    }

    #[test]
    fn few_buckets_are_all_kept() {
        let throttle = Throttle::default();
        let later = Timestamp::from_millis(10_000);
        for number in 0..100 {
            assert!(throttle.take(Limited::GetId, (None, &region(number)), later));
        }
        assert_eq!(throttle.buckets.lock().len(), 100);
    }
}
