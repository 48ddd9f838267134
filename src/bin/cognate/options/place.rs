//! The places where databases are: folders and PostgreSQL servers.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use cognate::store::PostgresOptions;

use crate::failure::Failure;

/// The URL of a PostgreSQL database. It may contain a password, so nothing shows it.
#[derive(Clone)]
pub(crate) struct StoreUrl(String);

impl StoreUrl {
    /// The database that `option` names.
    pub(crate) fn parse(&self, option: &'static str) -> Result<PostgresOptions, Failure> {
        PostgresOptions::parse(&self.0).map_err(|source| Failure::Url { option, source })
    }
}

impl From<String> for StoreUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreUrl(…)")
    }
}

/// The place of a database.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Folder(PathBuf),
    Server(StoreUrl),
}

impl From<OsString> for Place {
    fn from(place: OsString) -> Self {
        match place.into_string() {
            // With any scheme, as a misspelt one is no folder.
            Ok(url) if url.contains("://") => Self::Server(StoreUrl(url)),
            Ok(path) => Self::Folder(path.into()),
            Err(path) => Self::Folder(path.into()),
        }
    }
}
