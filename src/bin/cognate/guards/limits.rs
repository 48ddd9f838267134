//! Limits on the resources that clients can make the server hold at once.
//!
//! | resource | limit | beyond it |
//! | --- | --- | --- |
//! | connections | 4,096, or fewer if the process may open fewer files | 503, then the connection is closed |
//! | requests in progress: read completely and not answered yet | 2,048 | 503 |
//! | threads that perform requests | 32 | requests wait for one |
//! | exports, imports and polls for events | 80 | 503 |
//! | bytes of bodies longer than 64 KiB | 16 MiB | such requests wait ten seconds for room, then 503 |
//!
//! A connection that is idle or sends slowly is not a request in progress.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tracing::warn;

pub(crate) const CONNECTIONS_MAX: u32 = 4_096;
pub(crate) const REQUESTS_MAX: u32 = 2_048;

/// Enough for large groups of commits. More threads would take processor time from those that read
/// requests and write answers.
pub(crate) const THREADS_MAX: usize = 32;

/// Threads for exports, imports and polls for events, which have no place among the others.
pub(crate) const LONG_THREADS_MAX: usize = 80;

/// The longest body that is read without reserving room, in bytes.
pub(crate) const SMALL_BODY_MAX: usize = 64 * 1024;
/// In bytes: room for two of the longest bodies.
const LARGE_BODIES_MAX: usize = 16 * 1024 * 1024;
const ROOM_WAIT_MAX: Duration = Duration::from_secs(10);

/// The number of excess connections that can be refused at the same time.
const REFUSALS_MAX: usize = 64;
/// Files that the process opens besides its connections: those of the database, and refused
/// connections.
const FILES_RESERVED: u64 = 128;

/// A share of a limited resource. Dropping it gives it back.
pub(crate) type Share = OwnedSemaphorePermit;

/// The place of a request that is being performed.
#[derive(Debug)]
pub(crate) struct Place {
    _request: Share,
    _thread: Share,
}

#[derive(Debug)]
pub(crate) struct Limits {
    connections: Arc<Semaphore>,
    connections_max: u32,
    large_bodies: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    requests: Arc<Semaphore>,
    threads: Arc<Semaphore>,
    long_requests: Arc<Semaphore>,
}

impl Limits {
    pub(crate) fn new(connections_max: u32, requests_max: u32) -> Self {
        let connections_max = connections_max.min(files_max(connections_max));
        let semaphore = |count| Arc::new(Semaphore::new(count));
        Self {
            connections: semaphore(count(connections_max)),
            connections_max,
            large_bodies: semaphore(LARGE_BODIES_MAX),
            refusals: semaphore(REFUSALS_MAX),
            requests: semaphore(count(requests_max)),
            threads: semaphore(THREADS_MAX),
            long_requests: semaphore(LONG_THREADS_MAX),
        }
    }

    /// Returns `None` if the limit is reached.
    pub(crate) fn connection(&self) -> Option<Share> {
        Arc::clone(&self.connections).try_acquire_owned().ok()
    }

    /// A thread for an export, an import or a poll. Returns `None` if there is none.
    pub(crate) fn long_request(&self) -> Option<Share> {
        Arc::clone(&self.long_requests).try_acquire_owned().ok()
    }

    /// Reserves the refusal of a connection. Returns `None` if too many are being refused.
    pub(crate) fn refusal(&self) -> Option<Share> {
        Arc::clone(&self.refusals).try_acquire_owned().ok()
    }

    /// Takes a place among the requests in progress and waits for a thread, for as long as the
    /// caller waits. Returns `None` if the limit of requests is reached.
    pub(crate) async fn place(&self) -> Option<Place> {
        let request = Arc::clone(&self.requests).try_acquire_owned().ok()?;
        let thread = Arc::clone(&self.threads).acquire_owned().await.ok()?;
        Some(Place { _request: request, _thread: thread })
    }

    /// Waits for the room that a large body takes. Returns `None` if none becomes free in time.
    pub(crate) async fn large_body(&self, length: usize) -> Option<Share> {
        let length = u32::try_from(length).ok()?;
        let room = Arc::clone(&self.large_bodies).acquire_many_owned(length);
        timeout(ROOM_WAIT_MAX, room).await.ok()?.ok()
    }

    /// Returns when no connection is left.
    pub(crate) async fn until_no_connection(&self) {
        drop(self.connections.acquire_many(self.connections_max).await);
    }
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(Semaphore::MAX_PERMITS)
}

/// The number of connections that the process can have open, at most `wanted`. Some files stay
/// reserved: a database that cannot open files cannot write, and stops.
fn files_max(wanted: u32) -> u32 {
    let files = u64::from(wanted).saturating_add(FILES_RESERVED);
    // If the limit is unknown, use the wanted number.
    let Ok(allowed) = rlimit::increase_nofile_limit(files) else { return wanted };
    let connections = allowed.saturating_sub(FILES_RESERVED).max(1);
    if connections < u64::from(wanted) {
        warn!("limited to {connections} connections: the process may open {allowed} files");
    }
    u32::try_from(connections).unwrap_or(u32::MAX)
}
