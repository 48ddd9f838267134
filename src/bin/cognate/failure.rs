//! Errors that end the program.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use cognate::store::{CopyError, PostgresUrlError, StoreError};

/// The reason why a command failed: the server did not start, or did not stop cleanly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("cannot read the key secret in {}", path.display())]
    KeySecret { path: PathBuf, source: io::Error },
    #[error("the key secret in {} is empty", .0.display())]
    KeySecretEmpty(PathBuf),
    #[error("cannot read the token of the control plane in {}", path.display())]
    ControlToken { path: PathBuf, source: io::Error },
    #[error("cannot use the key set of {issuer} in {file}")]
    KeySet { issuer: String, file: String, source: Box<dyn Error> },
    #[error("a client of {0} is registered, but its key set is not given")]
    IssuerUnknown(String),
    #[error("two key sets are given for {0}")]
    IssuerTwice(String),
    #[error("cannot open the database in {}", path.display())]
    Open { path: PathBuf, source: cognate::Error },
    #[error("{option} cannot be used")]
    Url { option: &'static str, source: PostgresUrlError },
    #[error("cannot open the store")]
    OpenStore(#[source] Box<dyn Error>),
    #[error("--data names a folder, and --store a database at a server")]
    DataIsUrl,
    #[error("cannot migrate the store")]
    Migrate(#[source] StoreError),
    #[error("there is no database in {}", .0.display())]
    NoDatabase(PathBuf),
    #[error("cannot copy the database")]
    Copy(#[source] CopyError),
    #[error("cannot salvage the database in {}", path.display())]
    Salvage { path: PathBuf, source: cognate::Error },
    #[error("cannot print the report")]
    Print(#[source] io::Error),
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot start the server")]
    Start(#[source] io::Error),
    #[error("the database accepts no more writes")]
    Stopped(#[source] cognate::Error),
    #[error("cannot make the last changes durable")]
    Sync(#[source] cognate::Error),
}

/// An error and its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", chain(source)))
}
