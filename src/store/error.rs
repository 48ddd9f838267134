//! The reasons why a store cannot do its work.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use crate::cause::Cause;

/// The reason why a store could not do its work.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum StoreError {
    /// The store was closed.
    Closed,
    /// The stored data is damaged.
    Corrupt(String),
    /// Another engine has the database at this path open.
    Locked(PathBuf),
    /// The database at this path was [salvaged](crate::store::SledOptions::salvage) from a damaged
    /// one, and nobody has [accepted](crate::store::SledOptions::accept_salvage) its losses.
    Salvaged(PathBuf),
    /// An earlier flush or sync failed, or the database panicked. The content of the disk is
    /// unknown, so the store accepts no writes until it is opened again.
    Stopped,
    /// The store cannot be reached now, or not in time. The call has changed nothing, and may
    /// succeed later.
    Unavailable(Cause),
    /// The connection was lost during a commit, and nothing tells whether the commit happened. The
    /// caller has to look.
    Unknown(Cause),
    /// The medium failed.
    Failed(Cause),
}

impl StoreError {
    /// A failure of the medium.
    pub fn failed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(Cause::new(source))
    }

    /// The store cannot be reached.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(Cause::new(source))
    }

    /// The outcome of a commit is unknown.
    pub fn unknown(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unknown(Cause::new(source))
    }
}

/// The state of a salvaged database, for messages.
pub(crate) const SALVAGED: &str =
    "the database was salvaged from a damaged one, and its losses are not accepted";

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the store is closed"),
            Self::Corrupt(detail) => write!(f, "the store is corrupt: {detail}"),
            Self::Locked(path) => write!(f, "the database at {} is open elsewhere", path.display()),
            Self::Salvaged(path) => write!(f, "{}: {}", path.display(), SALVAGED),
            Self::Stopped => {
                f.write_str("an earlier write could not be made durable; open the store again")
            }
            Self::Unavailable(_) => f.write_str("the store is unavailable"),
            Self::Unknown(_) => f.write_str("the commit may have happened"),
            Self::Failed(_) => f.write_str("the store failed"),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unavailable(source) | Self::Unknown(source) | Self::Failed(source) => {
                Some(&**source)
            }
            Self::Closed
            | Self::Corrupt(_)
            | Self::Locked(_)
            | Self::Salvaged(_)
            | Self::Stopped => None,
        }
    }
}
