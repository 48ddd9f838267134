//! The client of a connection.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::sleep;

/// How long a request has to arrive that was begun when the server was told to stop.
const HALF_REQUEST_MAX: Duration = Duration::from_secs(1);

/// Who is at the other end, and what is being done for them.
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

    /// How many requests were read whole.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// To be kept while a request that was read whole is answered.
    pub(crate) fn begin_answer(&self) -> impl Drop + use<'_> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.is_answered.store(true, Ordering::Relaxed);
        Answering(self)
    }

    /// Returns if the client has not sent a whole request in time, after the server was told to
    /// stop: then there is nothing to lose.
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
