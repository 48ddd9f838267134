//! The lines of a file, as JSON. Members that are not known are refused.

mod date;
mod event;
mod identity;
mod key;
mod map;
mod pool;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::exchange::ImportFault;
use crate::id::{AccountId, IdentityPoolId};
pub(crate) use date::Date;
pub(crate) use event::{EventLine, EventOwner};
pub(crate) use identity::{GivenIdentity, IdentityLine};
pub(crate) use key::{SealedRecord, SessionKeyLine, SigningKeyLine};
pub(crate) use pool::{GivenPool, PoolLine};

/// The version of the format.
pub(crate) const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cognate", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum FirstLine {
    /// Everything that the scope had at one moment.
    Export { version: u32, at: Date, scope: Scope, history: bool },
    /// Pools and identities, written by hand.
    Seed { version: u32 },
}

impl FirstLine {
    pub(crate) fn is_export(&self) -> bool {
        matches!(self, Self::Export { .. })
    }

    /// Whether the file tells what has happened to the identities.
    pub(crate) fn has_history(&self) -> bool {
        matches!(self, Self::Export { history: true, .. })
    }
}

/// The part of a database that an export has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    All,
    Account(AccountId),
    Pool(IdentityPoolId),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Account(account) => write!(f, "account {account}"),
            Self::Pool(pool) => write!(f, "pool {pool}"),
        }
    }
}

impl FromStr for Scope {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = "a scope is `all`, `account ACCOUNT` or `pool POOL`";
        match text.split_once(' ') {
            None if text == "all" => Ok(Self::All),
            Some(("account", account)) => account.parse().map(Self::Account).map_err(|_| unknown),
            Some(("pool", pool)) => pool.parse().map(Self::Pool).map_err(|_| unknown),
            _ => Err(unknown),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A line after the first one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    SigningKey(SigningKeyLine),
    SessionKey(SessionKeyLine),
    Pool(Box<PoolLine>),
    Identity(IdentityLine),
    Event(EventLine),
    End(EndLine),
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndLine {
    pub(crate) pools: u64,
    pub(crate) identities: u64,
    pub(crate) events: u64,
    /// The digest of all bytes before the line, in hexadecimal.
    pub(crate) sha256: String,
}

/// The member of a line, which an export always has.
pub(crate) fn required<T>(value: Option<T>, member: &'static str) -> Result<T, ImportFault> {
    value.ok_or(ImportFault::Missing(member))
}
