//! The marks of deleted pools, and the claims of the engines that remove what was in them.

use serde::{Deserialize, Serialize};

use crate::ambient::Timestamp;
use crate::store::record::{Record, decode, decode_body, encode, encode_as};
use crate::store::{Key, StoreError, Value};

/// The format of a mark with a claim. A mark without one is written in format 1.
const CLAIMED: u8 = 2;

/// In the tree of deletions: the pool is gone, and what was in it is being removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Deletion {
    pub(crate) claim: Option<Claim>,
}

/// The lease of the engine that removes what is left of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub(crate) claimer: [u8; 16],
    pub(crate) until: Timestamp,
}

impl Claim {
    const TERM_MILLIS: u64 = 30_000;
    /// The difference between the clocks of two engines that does no harm.
    const SLACK_MILLIS: u64 = 30_000;

    pub(crate) fn new(claimer: [u8; 16], now: Timestamp) -> Self {
        Self { claimer, until: later(now, Self::TERM_MILLIS) }
    }

    /// Whether another engine may take over. The clock of a claimer can be far ahead, so no claim
    /// holds for longer than one can last.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now || self.until > later(now, Self::TERM_MILLIS + Self::SLACK_MILLIS)
    }

    /// Whether the claim has at least half of its time left.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.until >= later(now, Self::TERM_MILLIS / 2) && !self.is_over(now)
    }
}

fn later(moment: Timestamp, millis: u64) -> Timestamp {
    Timestamp::from_millis(moment.as_millis().saturating_add(millis))
}

impl Record for Deletion {
    fn encode(&self) -> Result<Value, StoreError> {
        match &self.claim {
            None => encode(&()),
            Some(claim) => encode_as(CLAIMED, claim),
        }
    }

    fn decode(key: &Key, value: &[u8]) -> Result<Self, StoreError> {
        match value.split_first() {
            Some((&CLAIMED, body)) => Ok(Self { claim: Some(decode_body(key, body)?) }),
            _ => decode(key, value).map(|()| Self::default()),
        }
    }
}
