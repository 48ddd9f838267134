//! The control plane: an administrator's API over HTTP, bytes in and bytes out.
//!
//! [`Control`] answers every request of an endpoint: those of the service as [`http`](crate::http)
//! does, and those below `/_cognate/` as an administrator's. The inspector page, the command line
//! and test suites are clients of that one API. `GET /_cognate/openapi.json` describes it.
//!
//! | request | response |
//! | --- | --- |
//! | `GET /_cognate/` | the inspector page |
//! | `GET /_cognate/health` | the state of the engine |
//! | `GET /_cognate/check` | the invariants that the store violates |
//! | `POST /_cognate/reset` | deletes every pool, or one |
//! | `GET /_cognate/export`, `POST /_cognate/import` | the lines of [`exchange`](crate::exchange) |
//! | `POST /_cognate/explain` | the explanation of the call that the request would be at `/` |
//! | `GET /_cognate/pools`, `/_cognate/pools/ID` | pools, with their owners |
//! | `GET /_cognate/pools/ID/counts`, `/identities`, `/logins`, `/activity` | their contents |
//! | `GET /_cognate/identities/ID`, `/history` | one identity, with its users |
//! | `POST /_cognate/identities`, `/identities/ID/link`, `/unlink`, `/disable`, `/delete` | changes |
//! | `POST /_cognate/undo` | reverts the change of an event |
//! | `POST /_cognate/find` | the identity of a login or of a token |
//! | `POST /_cognate/token` | the claims of a token, and whether it is valid |
//! | `GET /_cognate/events` | new events, by long poll |
//! | `GET /_cognate/requests`, `/_cognate/requests/ID` | the last 1,000 calls of the service |
//! | `POST /_cognate/clock` | moves the clock of a test |
//!
//! Members have the service's names, in queries and in JSON. `Preview=true` with a change answers
//! the explanation of that change, and changes nothing. An error has the form of the service's own.
//!
//! No response has CORS headers, and a page of another origin is refused: see
//! [`Guard::judge_own`](crate::http::Guard::judge_own).
//!
//! # Example: the reason of a refusal
//!
//! ```
//! use bytes::Bytes;
//! use cognate::control::Control;
//! use cognate::http::Guard;
//! use http::Request;
//!
//! # use cognate::operation::{CreateIdentityPoolInput, GuestAccess};
//! # let engine = cognate::Engine::builder().in_memory()?;
//! # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
//! # let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
//! # let pool = aws.create_identity_pool(input)?.identity_pool_id;
//! let control = Control::new(&engine, Guard::default());
//! let call = Request::post("/")
//!     .header("host", "localhost:4566")
//!     .header("x-amz-target", "AWSCognitoIdentityService.GetId")
//!     .body(Bytes::from(format!(r#"{{"IdentityPoolId": "{pool}"}}"#)))?;
//! let refused = control.handle(&call);
//! assert_eq!(refused.status(), 400);
//!
//! let page = refused.headers()["x-cognate-why"].to_str()?;
//! let id = page.rsplit('/').next().unwrap_or_default();
//! let why = Request::get(format!("/_cognate/requests/{id}"))
//!     .header("host", "localhost:4566")
//!     .body(Bytes::new())?;
//! let why = control.handle(&why);
//! let why: serde_json::Value = serde_json::from_slice(why.body())?;
//! let text = why["ExplanationText"].as_str().unwrap_or_default();
//! assert!(text.starts_with("refused     GetId: NotAuthorizedException"), "{text}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod call;
mod changes;
mod events;
mod inspector;
mod listings;
mod recording;
mod redaction;
mod request_log;
mod requests;
mod route;
mod target;
mod transfer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderValue, Method, Request, Response};
use bytes::Bytes;

use crate::ambient::Timestamp;
use crate::engine::Engine;
use crate::http::{Guard, Verdict};
use answer::{Answer, Denied};
use call::Call;
use events::Events;
use request_log::RequestLog;
use target::Target;

pub use transfer::LongRequest;

/// The endpoint of the service together with its control plane.
///
/// Clones share the request log and the events.
#[derive(Clone)]
pub struct Control {
    engine: Engine,
    guard: Guard,
    admission: Admission,
    advance: Option<Arc<Advance>>,
    requests: Option<Arc<RequestLog>>,
    events: Arc<Events>,
}

/// The clients that act as administrators.
#[derive(Clone)]
enum Admission {
    /// All.
    Open,
    /// Those with this token.
    Token(Arc<str>),
    Nobody,
}

/// Moves the clock forward, and returns the new time.
type Advance = dyn Fn(Duration) -> Timestamp + Send + Sync;

impl Control {
    /// An endpoint with a request log, without a token, and without a clock that can be moved. From
    /// now on the engine makes events.
    pub fn new(engine: &Engine, guard: Guard) -> Self {
        Self {
            engine: engine.clone(),
            guard,
            admission: Admission::Open,
            advance: None,
            requests: Some(Arc::default()),
            events: Arc::new(Events::of(engine)),
        }
    }

    /// Demands `Authorization: Bearer TOKEN` or `X-Cognate-Token: TOKEN` for everything below
    /// `/_cognate/` but the page itself and the health. Everyone who can send a request acts as an
    /// administrator otherwise.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.admission = Admission::Token(token.into());
        self
    }

    /// Answers nothing below `/_cognate/` but the health: for a server that others can reach and
    /// that has no token.
    #[must_use]
    pub fn locked(mut self) -> Self {
        self.admission = Admission::Nobody;
        self
    }

    /// Lets requests move the clock. `advance` moves it, and returns the new time.
    #[must_use]
    pub fn clock(
        mut self,
        advance: impl Fn(Duration) -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        self.advance = Some(Arc::new(advance));
        self
    }

    /// Keeps the last 1,000 calls of the service, or none. The default is true.
    #[must_use]
    pub fn request_log(mut self, is_kept: bool) -> Self {
        self.requests = is_kept.then(Arc::default);
        self
    }

    /// Decides about a request by its method, its path and its headers, so a server can ask before
    /// it reads the body. See [`Guard::judge`] and [`Guard::judge_own`].
    pub fn judge<B>(&self, request: &Request<B>) -> Verdict {
        match Target::of(request.uri().path()) {
            Target::Service => self.guard.judge(request),
            Target::Page => self.guard.judge_page(request),
            Target::Control(_) => self.guard.judge_own(request),
        }
    }

    /// Whether the response depends on the body. See [`http::needs_body`](crate::http::needs_body).
    pub fn needs_body<B>(request: &Request<B>) -> bool {
        match Target::of(request.uri().path()) {
            Target::Service => crate::http::needs_body(request),
            Target::Page => false,
            Target::Control(_) => *request.method() == Method::POST,
        }
    }

    /// Answers a request, for the caller that its headers state. It blocks, a long poll for up to
    /// 25 seconds.
    ///
    /// The response to a refused call of the service has the URL of its page in `x-cognate-why`.
    pub fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let path = match Target::of(request.uri().path()) {
            Target::Service => return self.serve(request),
            Target::Page => return self.page(request),
            Target::Control(path) => path,
        };
        let verdict = self.judge(request);
        let answer = match verdict.refusal(&self.engine) {
            Some(refusal) => return verdict.mark(refusal),
            None => self.control(request, path),
        };
        verdict.mark(answer.into_response(request.method()))
    }

    /// Ends all long polls. Later ones return at once.
    pub fn close(&self) {
        self.events.close();
    }

    fn control(&self, request: &Request<Bytes>, path: &str) -> Answer {
        let answered = route::find(request.method(), path).and_then(|route| {
            if !route.is_open {
                self.admit(request)?;
            }
            (route.run)(self, &Call::of(request, path, &route.form)?)
        });
        answered.unwrap_or_else(Answer::from)
    }

    /// Checks the token.
    fn admit<B>(&self, request: &Request<B>) -> Result<(), Denied> {
        let token = match &self.admission {
            Admission::Open => return Ok(()),
            Admission::Nobody => return Err(Denied::locked()),
            Admission::Token(token) => token,
        };
        let header = |name| request.headers().get(name).map(HeaderValue::as_bytes);
        let bearer = || header("authorization")?.strip_prefix(b"Bearer ");
        let presented = header("x-cognate-token").or_else(bearer);
        if presented.is_some_and(|presented| is_same(presented, token.as_bytes())) {
            Ok(())
        } else {
            Err(Denied::token())
        }
    }
}

/// Compares in a time that does not depend on the place of the first difference.
fn is_same(presented: &[u8], token: &[u8]) -> bool {
    let differences =
        presented.iter().zip(token).fold(0, |found, (one, other)| found | (one ^ other));
    presented.len() == token.len() && differences == 0
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("engine", &self.engine)
            .field("guard", &self.guard)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
