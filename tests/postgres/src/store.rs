//! The store under test, and the errors of it.

use std::error::Error as _;
use std::time::{Duration, Instant};

use cognate::Error;
use cognate::store::{PostgresOptions, PostgresStore, StoreError};

use crate::rig::Server;

pub(crate) fn options(url: &str) -> PostgresOptions {
    PostgresOptions::parse(url).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn open(url: &str) -> PostgresStore {
    options(url).open().unwrap_or_else(|error| panic!("{}", text(&error)))
}

/// Creates a database with the schema of the store, and returns its name.
pub(crate) fn migrated(server: &Server) -> String {
    let database = server.new_database();
    migrate(&server.url(&database));
    database
}

pub(crate) fn migrate(url: &str) {
    options(url).migrate().unwrap_or_else(|error| panic!("{}", text(&error)));
}

/// An error with all its sources.
pub(crate) fn text(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

/// Whether the call has changed nothing, and may succeed later.
pub(crate) fn is_unavailable(error: &Error) -> bool {
    matches!(error, Error::Storage(StoreError::Unavailable(_)))
}

/// Whether nothing tells if the call has happened.
pub(crate) fn is_unknown(error: &Error) -> bool {
    matches!(error, Error::Storage(StoreError::Unknown(_)))
}

/// The result of a call that has to end by itself within this time, or a little later.
pub(crate) fn within<T>(limit: Duration, call: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = call();
    let elapsed = start.elapsed();
    assert!(elapsed < limit + Duration::from_secs(2), "{elapsed:?} instead of {limit:?}");
    result
}

/// The reason of a store's error.
pub(crate) fn reason(error: &StoreError) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}
