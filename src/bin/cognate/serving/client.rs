//! The client of a connection.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::sleep;

/// The time that a request in arrival has left after the server was told to stop.
const HALF_REQUEST_MAX: Duration = Duration::from_secs(1);

/// The peer of a connection, and the state of its requests.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) peer: SocketAddr,
    requests: AtomicU64,
    is_answered: AtomicBool,
}

impl Client {
    pub(crate) fn new(peer: SocketAddr) -> Self {
        Self { peer, requests: AtomicU64::new(0), is_answered: AtomicBool::new(false) }
    }

    /// The number of requests that were read completely.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Marks an answer in progress until the result is dropped.
    pub(crate) fn begin_answer(&self) -> impl Drop + use<'_> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.is_answered.store(true, Ordering::Relaxed);
        Answering(self)
    }

    /// Returns if the client has not sent a complete request in time after the server was told to
    /// stop. Closing the connection then loses nothing.
    pub(crate) async fn until_abandoned(&self) {
        sleep(HALF_REQUEST_MAX).await;
        if self.is_answered.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
    }
}

struct Answering<'a>(&'a Client);

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.is_answered.store(false, Ordering::Relaxed);
    }
}
