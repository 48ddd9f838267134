//! The lines of keys. Each has the record of the store, whose private half is sealed.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::constraint::REDACTED;
use crate::exchange::ImportFault;
use crate::id::Region;
use crate::store::Value;

/// A key that signs tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SigningKeyLine {
    pub(crate) region: Region,
    pub(crate) number: u32,
    pub(crate) sealed: SealedRecord,
}

/// A key that seals sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionKeyLine {
    pub(crate) number: u32,
    pub(crate) sealed: SealedRecord,
}

/// The record of a key in base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct SealedRecord(String);

impl SealedRecord {
    pub(crate) fn of(record: &[u8]) -> Self {
        Self(STANDARD.encode(record))
    }

    pub(crate) fn record(&self) -> Result<Value, ImportFault> {
        STANDARD.decode(&self.0).map_err(|_| ImportFault::KeyUnusable)
    }
}

impl fmt::Debug for SealedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedRecord({REDACTED})")
    }
}
