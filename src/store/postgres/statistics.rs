//! Counters of the work between a store and its servers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::store::postgres::problem::Contention;

/// The work of a [`PostgresStore`](super::PostgresStore) since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PostgresStatistics {
    /// Round trips that only read, but for those that prepare a statement.
    pub reads: u64,
    /// Round trips that commit.
    pub commits: u64,
    /// Commits repeated because another transaction changed what they had seen (SQLSTATE 40001).
    pub serialization_retries: u64,
    /// Commits repeated because they and others waited for each other (40P01).
    pub deadlock_retries: u64,
    /// Commits repeated because another transaction put a key that they had seen absent (23505).
    pub unique_retries: u64,
    /// Connections opened.
    pub connections_opened: u64,
    /// Connections that broke during a request.
    pub connections_broken: u64,
    /// Commits whose answer was lost and that turned out to have happened.
    pub settled_happened: u64,
    /// Commits whose answer was lost and that turned out not to have happened. They were repeated.
    pub settled_absent: u64,
    /// Commits that ended in [`StoreError::Unknown`](crate::store::StoreError::Unknown).
    pub unknown: u64,
    /// Requests that waited for a connection.
    pub waits: u64,
    /// The time that they waited, together.
    pub waited: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) reads: AtomicU64,
    pub(super) commits: AtomicU64,
    pub(super) serializations: AtomicU64,
    pub(super) deadlocks: AtomicU64,
    pub(super) uniques: AtomicU64,
    pub(super) opened: AtomicU64,
    pub(super) broken: AtomicU64,
    pub(super) happened: AtomicU64,
    pub(super) absent: AtomicU64,
    pub(super) unknown: AtomicU64,
    pub(super) waits: AtomicU64,
    pub(super) waited_micros: AtomicU64,
}

/// Counts one.
pub(super) fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counters {
    pub(super) fn add_retry(&self, contention: Contention) {
        add(match contention {
            Contention::Serialization => &self.serializations,
            Contention::Deadlock => &self.deadlocks,
            Contention::Unique => &self.uniques,
        });
    }

    pub(super) fn read(&self) -> PostgresStatistics {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        PostgresStatistics {
            reads: of(&self.reads),
            commits: of(&self.commits),
            serialization_retries: of(&self.serializations),
            deadlock_retries: of(&self.deadlocks),
            unique_retries: of(&self.uniques),
            connections_opened: of(&self.opened),
            connections_broken: of(&self.broken),
            settled_happened: of(&self.happened),
            settled_absent: of(&self.absent),
            unknown: of(&self.unknown),
            waits: of(&self.waits),
            waited: Duration::from_micros(of(&self.waited_micros)),
        }
    }
}
