//! One connection, from its first byte to its last.

use std::error::Error;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tracing::{debug, field};

use crate::guards::limits::Share;
use crate::serving::answer::{answer, turn_away};
use crate::serving::client::Client;
use crate::serving::server::Server;

/// The time from the end of an answer, or the start of the connection, to the end of a request's
/// head.
const HEAD_READ_MAX: Duration = Duration::from_secs(30);
/// The largest head of a request, in bytes.
const HEAD_LENGTH_MAX: usize = 64 * 1024;
/// The longest time in which a client takes no byte of an answer.
const WRITE_MAX: Duration = Duration::from_secs(10);
/// The time that an excess client has to send a request and read the refusal.
const REFUSAL_MAX: Duration = Duration::from_secs(5);

/// Serves a connection, or refuses it if there are too many.
pub(crate) fn attend(server: &Arc<Server>, stream: TcpStream, peer: SocketAddr) {
    // If this fails, answers are only slower.
    let _ = stream.set_nodelay(true);
    if let Some(share) = server.limits.connection() {
        tokio::spawn(converse(Arc::clone(server), stream, peer, share));
    } else if let Some(share) = server.limits.refusal() {
        debug!(peer = field::display(peer), "connection refused");
        tokio::spawn(refuse(Arc::clone(server), stream, share));
    }
}

async fn converse(server: Arc<Server>, stream: TcpStream, peer: SocketAddr, share: Share) {
    let peer_name = field::display(peer);
    debug!(peer = &peer_name, "connection opened");
    let client = Arc::new(Client::new(peer));
    let service = service_fn(|request| answer(Arc::clone(&server), Arc::clone(&client), request));
    let mut connection =
        pin!(http(HEAD_READ_MAX).serve_connection(with_write_timeout(stream), service));
    let ended = tokio::select! {
        biased;
        ended = &mut connection => Some(ended),
        () = server.stopping() => {
            // Closes at once if no request was begun.
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                biased;
                ended = connection => Some(ended),
                () = client.until_abandoned() => None,
            }
        }
    };
    // The client has gone, fell silent or did not speak HTTP, so it cannot be told.
    let requests = client.requests();
    match ended {
        Some(Ok(())) => debug!(peer = peer_name, requests, "connection closed"),
        Some(Err(error)) => {
            let cause = error.source().map(field::display);
            debug!(peer = peer_name, requests, %error, cause, "connection lost");
        }
        None => debug!(peer = peer_name, requests, "connection cut: half a request"),
    }
    drop(share);
}

/// Refuses the first request of an excess client.
async fn refuse(server: Arc<Server>, stream: TcpStream, share: Share) {
    let service = service_fn(|request| turn_away(&server, request));
    let connection = http(REFUSAL_MAX).serve_connection(with_write_timeout(stream), service);
    drop(timeout(REFUSAL_MAX, connection).await);
    drop(share);
}

fn http(head_read_max: Duration) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new());
    http.header_read_timeout(head_read_max).max_buf_size(HEAD_LENGTH_MAX);
    http
}

/// Without a timeout, a client that does not read its answers would keep the connection forever.
fn with_write_timeout(stream: TcpStream) -> TokioIo<Pin<Box<TimeoutStream<TcpStream>>>> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_MAX));
    TokioIo::new(Box::pin(stream))
}
