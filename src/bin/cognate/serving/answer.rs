//! Answers one request: reads its body, calls the engine and logs a line.

use std::sync::Arc;

use cognate::http::{body_too_long, needs_body, unavailable};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response};
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use tracing::{error, info};

use crate::guards::limits::Place;
use crate::serving::body::{BoxError, Read, Unread, dismiss, read};
use crate::serving::client::Client;
use crate::serving::exchange::Exchange;
use crate::serving::server::Server;

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
    let performed = spawn_blocking(move || ask(&server, head, body, exchange, place)).await;
    // The panic's message can contain a record.
    let response = performed.inspect_err(|_| error!("cannot answer: the engine panicked"))?;
    Ok(response.map(Full::new))
}

/// Refuses a request on an excess connection.
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

/// Calls the engine.
fn ask(
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
