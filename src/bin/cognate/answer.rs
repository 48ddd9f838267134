//! One request: its body is read, it is performed, and there is a line in the log.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cognate::http::{Outcome, body_too_long, needs_body, unavailable};
use cognate::wire::BODY_LENGTH_MAX;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONNECTION, EXPECT, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};
use tracing::field::display;
use tracing::{Level, debug, enabled, error, info};

use crate::client::Client;
use crate::limits::{Limits, Place, SMALL_BODY_MAX, Share};
use crate::server::Server;

/// From the end of a request's head to the end of its body.
const BODY_READ_MAX: Duration = Duration::from_secs(30);

type BoxError = Box<dyn Error + Send + Sync>;

/// An error closes the connection.
pub(crate) async fn answer(
    server: Arc<Server>,
    client: Arc<Client>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, BoxError> {
    let started = Instant::now();
    let verdict = server.guard.judge(&request);
    let needs_body = needs_body(&request);
    let (head, body) = request.into_parts();
    if let Some(refusal) = verdict.refusal(&server.engine) {
        dismiss(&head, body).await;
        let exchange = Exchange::new(client.peer, &head, started);
        return Ok(exchange.end(close(refusal)).map(Full::new));
    }
    let body = read(&server.limits, &head, body, needs_body).await;
    let _answering = client.begin_answer();
    let mut exchange = Exchange::new(client.peer, &head, started);
    let refuse = |response| Ok(exchange.end(verdict.mark(response)).map(Full::new));
    let body = match body {
        Ok(body) => body,
        Err(Unread::TooLong) => return refuse(close(body_too_long(&server.engine))),
        Err(Unread::NoRoom) => return refuse(close(unavailable(&server.engine))),
        Err(Unread::Broken(error)) => {
            info!("cannot read a request: {error}");
            return Err(error);
        }
    };
    let Some(place) = server.limits.place().await else {
        return refuse(unavailable(&server.engine));
    };
    exchange.waited = exchange.read.elapsed();
    exchange.request_bytes = body.bytes.len();
    let performed = spawn_blocking(move || perform(&server, head, body, exchange, place)).await;
    // What a panic says can show a record.
    let response = performed.inspect_err(|_| error!("cannot answer: the engine panicked"))?;
    Ok(response.map(Full::new))
}

/// Answers a request of a client that is too many.
pub(crate) async fn turn_away(
    server: &Server,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, BoxError> {
    let verdict = server.guard.judge(&request);
    let (head, body) = request.into_parts();
    dismiss(&head, body).await;
    let refusal = verdict.refusal(&server.engine);
    let refusal = refusal.unwrap_or_else(|| verdict.mark(unavailable(&server.engine)));
    Ok(close(refusal).map(Full::new))
}

fn perform(
    server: &Server,
    head: Parts,
    body: Read,
    exchange: Exchange,
    place: Place,
) -> Response<Bytes> {
    let request = Request::from_parts(head, body.bytes);
    let mut response = server.guard.handle(&server.engine, &request);
    drop(request);
    if body.is_dismissed {
        response = close(response);
    }
    drop((body.room, place));
    exchange.end(response)
}

fn close(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A body in memory, and the room that it takes there.
#[derive(Default)]
struct Read {
    bytes: Bytes,
    room: Option<Share>,
    /// The client waits to be told to send it, and is not told.
    is_dismissed: bool,
}

/// Why there is no body.
enum Unread {
    Broken(BoxError),
    NoRoom,
    TooLong,
}

/// Reads a body, if the answer depends on it. A client that waits to be told to send it is told so
/// when the first byte is asked for: a refusal that is known before asks for none.
async fn read(
    limits: &Limits,
    head: &Parts,
    mut body: Incoming,
    needs_body: bool,
) -> Result<Read, Unread> {
    let reading = async {
        if !needs_body {
            let is_dismissed = dismiss(head, body).await;
            return Ok(Read { is_dismissed, ..Read::default() });
        }
        let announced = usize::try_from(body.size_hint().lower());
        if announced.is_ok_and(|length| length <= BODY_LENGTH_MAX) {
            let read = gather(limits, &mut body).await;
            if matches!(read, Err(Unread::NoRoom | Unread::TooLong)) {
                discard(body).await;
            }
            read
        } else {
            dismiss(head, body).await;
            Err(Unread::TooLong)
        }
    };
    timeout(BODY_READ_MAX, reading).await.unwrap_or_else(|late| Err(Unread::Broken(late.into())))
}

async fn gather(limits: &Limits, body: &mut Incoming) -> Result<Read, Unread> {
    let announced = body.size_hint().upper().and_then(|length| usize::try_from(length).ok());
    let mut bytes = Vec::new();
    let mut room = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Unread::Broken(error.into()))?;
        let Ok(data) = frame.into_data() else { continue };
        let length = bytes.len().saturating_add(data.len());
        if length > BODY_LENGTH_MAX {
            return Err(Unread::TooLong);
        }
        if length > SMALL_BODY_MAX && room.is_none() {
            let whole = announced.unwrap_or(BODY_LENGTH_MAX);
            room = Some(limits.large_body(whole).await.ok_or(Unread::NoRoom)?);
            bytes.reserve_exact(whole.saturating_sub(bytes.len()));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Read { bytes: bytes.into(), room, is_dismissed: false })
}

/// Lets a client end a request whose body nobody looks at. Returns whether it waits to be told to
/// send it, and so need not.
async fn dismiss(head: &Parts, body: Incoming) -> bool {
    let awaits = head.headers.get(EXPECT).is_some_and(|expected| {
        expected.as_bytes().eq_ignore_ascii_case(b"100-continue") && !body.is_end_stream()
    });
    if !awaits {
        discard(body).await;
    }
    awaits
}

/// Reads the rest of a body: a client that still sends when the connection is closed may not see
/// the answer.
async fn discard(body: Incoming) {
    const DISCARDED_MAX: usize = BODY_LENGTH_MAX.saturating_mul(4);

    let mut rest = Limited::new(body, DISCARDED_MAX);
    let reading = async { while let Some(Ok(_)) = rest.frame().await {} };
    // What has not come by then is not waited for.
    drop(timeout(BODY_READ_MAX, reading).await);
}

/// What the log tells of a request.
struct Exchange {
    peer: SocketAddr,
    started: Instant,
    /// When it was read whole.
    read: Instant,
    /// How long it then waited for a thread.
    waited: Duration,
    request_bytes: usize,
    /// Its method and path, if they are logged.
    line: Option<String>,
}

impl Exchange {
    fn new(peer: SocketAddr, head: &Parts, started: Instant) -> Self {
        const PATH_LENGTH_MAX: usize = 256;

        let line = enabled!(Level::DEBUG).then(|| {
            // Not its query, which can hold a signature.
            let path = head.uri.path().chars().take(PATH_LENGTH_MAX);
            format!("{} {}", head.method, path.collect::<String>())
        });
        let (waited, request_bytes) = (Duration::ZERO, 0);
        Self { peer, started, read: Instant::now(), waited, request_bytes, line }
    }

    /// Writes a line for the request. What the client sent is not in it, but for what a refusal
    /// quotes, and for the path.
    fn end(&self, response: Response<Bytes>) -> Response<Bytes> {
        const REASON_LENGTH_MAX: usize = 256;

        let Some(outcome) = response.extensions().get::<Outcome>() else { return response };
        let duration_us = micros(self.started.elapsed());
        let status = response.status().as_u16();
        let operation = display(&outcome.operation);
        let request_id = outcome.request_id.as_ref().map(display);
        if let Some(failure) = &outcome.fault {
            let fault = display(failure.name());
            let reason: String = failure.message().chars().take(REASON_LENGTH_MAX).collect();
            if let Some(cause) = failure.cause() {
                error!(operation, status, fault, reason, cause, request_id, duration_us, "request");
            } else {
                info!(operation, status, fault, reason, request_id, duration_us, "request");
            }
        } else {
            info!(operation, status, request_id, duration_us, "request");
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
        response
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
