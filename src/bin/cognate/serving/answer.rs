//! Answers one request: reads its body, calls the engine and logs a line.

use std::sync::Arc;

use cognate::control::Control;
use cognate::http::{body_too_long, unavailable};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};
use tracing::{error, info};

use crate::guards::limits::Place;
use crate::serving::body::{BoxError, Read, Unread, dismiss, read};
use crate::serving::client::Client;
use crate::serving::exchange::Exchange;
use crate::serving::health::Probe;
use crate::serving::long::{Body, answer_long, whole};
use crate::serving::server::Server;

/// An error closes the connection.
pub(crate) async fn answer(
    server: Arc<Server>,
    client: Arc<Client>,
    request: Request<Incoming>,
) -> Result<Response<Body>, BoxError> {
    let started = Instant::now();
    if let Some(probe) = Probe::of(&request) {
        let (head, body) = request.into_parts();
        let is_dismissed = dismiss(&head, body).await;
        let _answering = client.begin_answer();
        let response = probe.answer(&server).await;
        return Ok(if is_dismissed { close(response) } else { response }.map(whole));
    }
    if let Some(kind) = Control::long_request(&request) {
        let _answering = client.begin_answer();
        return answer_long(&server, kind, request).await;
    }
    let verdict = server.control.judge(&request);
    let needs_body = Control::needs_body(&request);
    let (head, body) = request.into_parts();
    if let Some(refusal) = verdict.refusal(&server.engine) {
        dismiss(&head, body).await;
        let exchange = Exchange::new(client.peer, &head, started);
        return Ok(exchange.end(close(refusal)).map(whole));
    }
    let body = read(&server.limits, &head, body, needs_body).await;
    let _answering = client.begin_answer();
    let mut exchange = Exchange::new(client.peer, &head, started);
    let refuse = |response| Ok(exchange.end(verdict.mark(response)).map(whole));
    let body = match body {
        Ok(body) => body,
        Err(Unread::TooLong) => return refuse(close(body_too_long(&server.engine))),
        Err(Unread::NoRoom) => return refuse(close(unavailable(&server.engine))),
        Err(Unread::Broken(error)) => {
            info!("cannot read a request: {error}");
            return Err(error);
        }
    };
    let due = exchange.read.checked_add(server.request_time_max).unwrap_or(exchange.read);
    let Ok(Some(place)) = timeout_at(due, server.limits.place()).await else {
        return refuse(unavailable(&server.engine));
    };
    exchange.waited = exchange.read.elapsed();
    exchange.request_bytes = body.bytes.len();
    let exchange = Arc::new(exchange);
    let (asked, asked_exchange) = (Arc::clone(&server), Arc::clone(&exchange));
    let mut performing = spawn_blocking(move || ask(&asked, head, body, &asked_exchange, place));
    let performed = match timeout_at(due, &mut performing).await {
        Ok(performed) => performed,
        // The operation goes on and keeps its place.
        Err(_) => match exchange.end_early(verdict.mark(unavailable(&server.engine))) {
            Some(response) => return Ok(response.map(whole)),
            None => performing.await,
        },
    };
    // The panic's message can contain a record.
    let response = performed.inspect_err(|_| error!("cannot answer: the engine panicked"))?;
    Ok(response.map(whole))
}

/// Refuses a request on an excess connection, unless it is about the server's health.
pub(crate) async fn turn_away(
    server: &Server,
    request: Request<Incoming>,
) -> Result<Response<Body>, BoxError> {
    let (probe, verdict) = (Probe::of(&request), server.control.judge(&request));
    let (head, body) = request.into_parts();
    dismiss(&head, body).await;
    if let Some(probe) = probe {
        return Ok(close(probe.answer(server).await).map(whole));
    }
    let refusal = verdict.refusal(&server.engine);
    let refusal = refusal.unwrap_or_else(|| verdict.mark(unavailable(&server.engine)));
    Ok(close(refusal).map(whole))
}

/// Calls the engine.
fn ask(
    server: &Server,
    head: Parts,
    body: Read,
    exchange: &Exchange,
    place: Place,
) -> Response<Bytes> {
    let request = Request::from_parts(head, body.bytes);
    let mut response = server.control.handle(&request);
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
