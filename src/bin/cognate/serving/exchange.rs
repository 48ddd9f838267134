//! Log lines of a request.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cognate::http::Outcome;
use hyper::Response;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use tokio::time::Instant;
use tracing::field::display;
use tracing::{Level, debug, enabled, error, info};

/// The facts about a request that the log shows.
pub(crate) struct Exchange {
    peer: SocketAddr,
    started: Instant,
    /// The moment when the whole request was read.
    pub(crate) read: Instant,
    /// The time it then waited for a thread.
    pub(crate) waited: Duration,
    pub(crate) request_bytes: usize,
    /// The method and the path, if the level includes them.
    line: Option<String>,
    has_ended: AtomicBool,
}

impl Exchange {
    pub(crate) fn new(peer: SocketAddr, head: &Parts, started: Instant) -> Self {
        const PATH_LENGTH_MAX: usize = 256;

        let line = enabled!(Level::DEBUG).then(|| {
            // Leave out the query: it can contain a signature.
            let path = head.uri.path().chars().take(PATH_LENGTH_MAX);
            format!("{} {}", head.method, path.collect::<String>())
        });
        let (read, has_ended) = (Instant::now(), AtomicBool::new(false));
        Self { peer, started, read, waited: Duration::ZERO, request_bytes: 0, line, has_ended }
    }

    /// Ends the request with its answer, and logs a line.
    pub(crate) fn end(&self, response: Response<Bytes>) -> Response<Bytes> {
        let is_late = self.has_ended.swap(true, Ordering::Relaxed);
        self.log(&response, if is_late { "request, after its timeout" } else { "request" });
        response
    }

    /// The same, before the operation ends. Returns `None` if it has just ended.
    pub(crate) fn end_early(&self, response: Response<Bytes>) -> Option<Response<Bytes>> {
        let is_first = !self.has_ended.swap(true, Ordering::Relaxed);
        is_first.then(|| {
            self.log(&response, "request");
            response
        })
    }

    /// Logs a line for the request. Of the client's input it shows only the path and the values
    /// that a refusal quotes.
    fn log(&self, response: &Response<Bytes>, message: &str) {
        const REASON_LENGTH_MAX: usize = 256;

        let Some(outcome) = response.extensions().get::<Outcome>() else { return };
        let duration_us = micros(self.started.elapsed());
        let status = response.status().as_u16();
        let operation = display(&outcome.operation);
        let request_id = outcome.request_id.as_ref().map(display);
        if let Some(fault) = &outcome.fault {
            let reason: String = fault.message().chars().take(REASON_LENGTH_MAX).collect();
            let (fault, cause) = (display(fault.name()), fault.cause());
            if let Some(cause) = cause {
                error!(
                    operation,
                    status, fault, reason, cause, request_id, duration_us, "{message}"
                );
            } else {
                info!(operation, status, fault, reason, request_id, duration_us, "{message}");
            }
        } else {
            info!(operation, status, request_id, duration_us, "{message}");
        }
        if let Some(line) = &self.line {
            let peer = display(self.peer);
            let request_bytes = self.request_bytes;
            let response_bytes = response.body().len();
            let read_us = micros(self.read.saturating_duration_since(self.started));
            let waited_us = micros(self.waited);
            debug!(
                line,
                request_id,
                peer,
                request_bytes,
                response_bytes,
                read_us,
                waited_us,
                "request details"
            );
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
