//! Answers to `/health/live` and `/health/ready`, for supervisors and load balancers.
//!
//! They need neither a place among the requests in progress nor one of the threads that perform
//! them, and no guard applies: they tell nothing about an account.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use cognate::Engine;
use cognate::store::{KeyRange, Store, Tree};
use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::{debug, info, warn};

use crate::failure::chain;
use crate::serving::server::Server;

/// The time that the store has to answer.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// A question about the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Probe {
    method: Method,
    path: &'static str,
}

const LIVE: &str = "/health/live";
const READY: &str = "/health/ready";

impl Probe {
    /// `None` for any other request.
    pub(crate) fn of<B>(request: &Request<B>) -> Option<Self> {
        let path = [LIVE, READY].into_iter().find(|path| *path == request.uri().path())?;
        Some(Self { method: request.method().clone(), path })
    }

    pub(crate) async fn answer(&self, server: &Server) -> Response<Bytes> {
        let is_head = self.method == Method::HEAD;
        if !is_head && self.method != Method::GET {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let reason = if self.path == READY { unready(server).await } else { None };
        debug!(path = self.path, reason, "health");
        let (status, body) = match reason {
            // A reason has no character that JSON escapes.
            Some(reason) => (
                StatusCode::SERVICE_UNAVAILABLE,
                format!(r#"{{"status":"unready","reason":"{reason}"}}"#),
            ),
            None if self.path == READY => (StatusCode::OK, r#"{"status":"ready"}"#.to_owned()),
            None => (StatusCode::OK, r#"{"status":"live"}"#.to_owned()),
        };
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        if !is_head {
            *response.body_mut() = Bytes::from(body);
        }
        response
    }
}

/// The reason why the server should get no requests now.
async fn unready(server: &Server) -> Option<&'static str> {
    if server.is_stopping() {
        return Some("stopping");
    }
    server.examiner.ask(server).await.err()
}

type Health = Result<(), &'static str>;

/// Asks the store for its health, one question after the other, on a thread of its own. Questions
/// that come while it waits for the store share the next answer.
#[derive(Debug)]
pub(crate) struct Examiner {
    questions: SyncSender<Question>,
}

/// It has the engine, so the thread keeps none open after the last question.
struct Question {
    engine: Engine,
    shared: Option<Arc<dyn Store>>,
    answer: oneshot::Sender<Health>,
}

impl Examiner {
    pub(crate) fn start() -> io::Result<Self> {
        const QUESTIONS_MAX: usize = 1024;

        let (questions, asked) = sync_channel(QUESTIONS_MAX);
        thread::Builder::new().name("cognate-health".to_owned()).spawn(move || examine(&asked))?;
        Ok(Self { questions })
    }

    async fn ask(&self, server: &Server) -> Health {
        const LATE: Health = Err("the store does not answer in time");

        let (answer, answered) = oneshot::channel();
        let (engine, shared) = (server.engine.clone(), server.shared.clone());
        if self.questions.try_send(Question { engine, shared, answer }).is_err() {
            return LATE;
        }
        timeout(ANSWER_MAX, answered).await.map_or(LATE, |answer| answer.unwrap_or(LATE))
    }
}

fn examine(asked: &Receiver<Question>) {
    let mut was_healthy = true;
    while let Ok(Question { engine, shared, answer }) = asked.recv() {
        let others: Vec<_> = asked.try_iter().map(|other| other.answer).collect();
        let examined = engine.health().and_then(|()| shared.as_deref().map_or(Ok(()), read));
        drop(engine);
        match &examined {
            Err(error) if was_healthy => warn!("not ready: {}", chain(error)),
            Ok(()) if !was_healthy => info!("ready again"),
            Ok(()) | Err(_) => {}
        }
        was_healthy = examined.is_ok();
        let health = examined.map_err(|_| match shared {
            Some(_) => "the store is unavailable",
            None => "the database accepts no more writes",
        });
        for answer in others.into_iter().chain([answer]) {
            // The asker has left if it was late.
            let _ = answer.send(health);
        }
    }
}

/// Reads from a shared store, as another machine can have ceased to answer since the last call.
fn read(store: &dyn Store) -> cognate::Result<()> {
    store.scan(&KeyRange::prefix(Tree::SigningKeys, []), 1)?;
    Ok(())
}
