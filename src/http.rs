//! HTTP: a request in, a response out. No server and no async runtime is involved.
//!
//! | request | answer |
//! | --- | --- |
//! | `POST /` with `X-Amz-Target` | the operation's, as in [`wire`] |
//! | `GET /.well-known/jwks_uri`, `GET /.well-known/jwks.json` | the public keys |
//! | `GET /.well-known/openid-configuration` | the discovery document |
//! | `OPTIONS`, any path | 200 |
//! | another path, another method | 404, 405 |
//! | what a [`Guard`] refuses | 403 |
//!
//! Every response names its request in `x-amzn-requestid`, and has an [`Outcome`] among its
//! extensions, for logs. The [`Guard`] decides which pages may read it.
//!
//! A server reads at most [`BODY_LENGTH_MAX`](crate::wire::BODY_LENGTH_MAX) bytes of a body, and
//! answers a longer one with [`body_too_long`].
//!
//! # Example: one request
//!
//! ```
//! use bytes::Bytes;
//! use cognate::http::Outcome;
//! use http::{HeaderValue, Method, Request};
//!
//! let engine = cognate::Engine::builder().in_memory()?;
//! let mut request = Request::new(Bytes::from_static(br#"{"MaxResults": 10}"#));
//! *request.method_mut() = Method::POST;
//! let target = HeaderValue::from_static("AWSCognitoIdentityService.ListIdentityPools");
//! request.headers_mut().insert("x-amz-target", target);
//!
//! let response = cognate::http::handle(&engine, &request);
//! assert_eq!(response.status(), 400);
//! assert_eq!(response.headers()["x-amzn-errortype"], "MissingAuthenticationTokenException:");
//! let outcome = response.extensions().get::<Outcome>();
//! assert_eq!(outcome.map(|outcome| outcome.operation.as_str()), Some("ListIdentityPools"));
//! # Ok::<(), cognate::Error>(())
//! ```

mod guard;
mod host;

use std::borrow::Cow;

use ::http::header::{self, HeaderMap, HeaderValue};
use ::http::uri::{Authority, Scheme};
use ::http::{Method, Request, Response, StatusCode};
use bytes::Bytes;
use serde::Serialize;

use crate::engine::Engine;
use crate::error::Result;
use crate::wire::{self, Context, Fault};

pub use guard::Guard;
pub use guard::Readers;
pub use guard::Refused;
pub use guard::Verdict;
pub use host::HostName;
pub use host::HostNameError;
pub use host::Origin;
pub use host::OriginError;

/// What a log may say of an answer: nothing of it is a body or a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The operation's name; `Jwks`, `Discovery` and `Preflight` for what is none; `Unknown` for
    /// what is nothing at all.
    pub operation: String,
    /// The id in `x-amzn-requestid`; absent when there was no randomness for one.
    pub request_id: Option<String>,
    /// What went wrong.
    pub failure: Option<Failure>,
}

/// What went wrong with a request, in the service's words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The exception's name, without a namespace.
    pub name: &'static str,
    /// The text that the caller got. It can quote members that are not secret, and be long.
    pub message: String,
    /// The error behind an internal error or an `ExternalServiceException`. The caller did not see
    /// it.
    pub cause: Option<String>,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self {
            name: fault.name(),
            message: fault.message().to_owned(),
            cause: fault.cause().map(str::to_owned),
        }
    }
}

/// Answers a request, as a [`Guard`] that knows neither the server's address nor an allowed origin:
/// pages of other sites reach the public operations and the documents only, whatever the host name.
///
/// It waits for the store, and signing takes a while: an async server calls it where blocking is
/// fine. A body that is longer than [`BODY_LENGTH_MAX`](wire::BODY_LENGTH_MAX) is answered as
/// [`body_too_long`] does. The response to `HEAD` has the length of what `GET` returns, and no
/// body.
pub fn handle(engine: &Engine, request: &Request<Bytes>) -> Response<Bytes> {
    Guard::default().handle(engine, request)
}

/// Whether the answer to a request depends on its body: only operations have one. A server that
/// answers anything else need not read the body, nor let a client send it that waits for
/// `100 Continue`.
pub fn needs_body<B>(request: &Request<B>) -> bool {
    matches!(Route::of(request), Route::Operation(Some(_)))
}

/// The answer to a request whose body is longer than [`BODY_LENGTH_MAX`](wire::BODY_LENGTH_MAX),
/// for a server that does not read on from there: 413, `SerializationException`. It has no CORS
/// headers until it is [marked](Verdict::mark).
pub fn body_too_long(engine: &Engine) -> Response<Bytes> {
    complete(engine, too_long())
}

/// The answer to a request that a server has no room for: 503, `ServiceUnavailable`, after which
/// SDKs try again. (`TooManyRequestsException` would say that the caller exceeds its own rate.) It
/// has no CORS headers until it is [marked](Verdict::mark).
pub fn unavailable(engine: &Engine) -> Response<Bytes> {
    let failure = failure("ServiceUnavailable", "The server is busy. Try again later");
    complete(engine, refuse(UNKNOWN, StatusCode::SERVICE_UNAVAILABLE, failure))
}

/// The answer to a request that an embedder refuses in front of the engine: one whose signature
/// does not verify, or whose caller may not do this ([`Fault::access_denied`]). It has no CORS
/// headers until it is [marked](Verdict::mark).
pub fn refuse_with(engine: &Engine, operation: &str, fault: Fault) -> Response<Bytes> {
    let status = StatusCode::from_u16(fault.status());
    complete(engine, faulty(operation, status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), fault))
}

const JWKS: &str = "/.well-known/jwks_uri";
const JWKS_JSON: &str = "/.well-known/jwks.json";
const DISCOVERY: &str = "/.well-known/openid-configuration";

const UNKNOWN: &str = "Unknown";
const UNKNOWN_OPERATION: &str = "UnknownOperationException";

/// What a request is for, by its method, its path and its target.
enum Route {
    Discovery,
    Jwks,
    /// A path that is there, for these methods.
    MethodNotAllowed(&'static str),
    Nothing,
    /// An operation, if the target names one.
    Operation(Option<wire::Named>),
    Preflight,
}

impl Route {
    fn of<B>(request: &Request<B>) -> Self {
        let method = request.method();
        let reads = method == Method::GET || method == Method::HEAD;
        match request.uri().path() {
            _ if method == Method::OPTIONS => Self::Preflight,
            "/" if method == Method::POST => {
                Self::Operation(wire::named(&target(request.headers())))
            }
            "/" => Self::MethodNotAllowed("POST, OPTIONS"),
            JWKS | JWKS_JSON if reads => Self::Jwks,
            DISCOVERY if reads => Self::Discovery,
            JWKS | JWKS_JSON | DISCOVERY => Self::MethodNotAllowed("GET, HEAD, OPTIONS"),
            _ => Self::Nothing,
        }
    }

    /// As in an [`Outcome`].
    fn name(&self) -> &'static str {
        match self {
            Self::Discovery => "Discovery",
            Self::Jwks => "Jwks",
            Self::Operation(Some(operation)) => operation.name,
            Self::MethodNotAllowed(_) | Self::Nothing | Self::Operation(None) => UNKNOWN,
            Self::Preflight => "Preflight",
        }
    }

    /// Whether everybody may ask, without credentials.
    fn is_public(&self) -> bool {
        match self {
            Self::Discovery | Self::Jwks => true,
            Self::Operation(operation) => operation.as_ref().is_some_and(|named| named.is_public),
            Self::MethodNotAllowed(_) | Self::Nothing | Self::Preflight => false,
        }
    }
}

/// The answer to a request that a guard lets pass.
fn respond_to(engine: &Engine, request: &Request<Bytes>) -> Response<Bytes> {
    let route = Route::of(request);
    let name = route.name();
    let response = match route {
        Route::Discovery => match origin(request) {
            Some(base) => document(name, engine.discovery(&base)),
            None => host_invalid(),
        },
        Route::Jwks => document(name, engine.jwks()),
        Route::MethodNotAllowed(allowed) => method_not_allowed(allowed),
        Route::Nothing => refuse(
            name,
            StatusCode::NOT_FOUND,
            failure(UNKNOWN_OPERATION, "There is nothing at this path"),
        ),
        Route::Operation(_) => perform(engine, name, request),
        Route::Preflight => empty(name),
    };
    complete(engine, response)
}

fn perform(engine: &Engine, name: &str, request: &Request<Bytes>) -> Response<Bytes> {
    if request.body().len() > wire::BODY_LENGTH_MAX {
        return too_long();
    }
    let headers = request.headers();
    let context = Context::from_authorization(text(headers, "authorization").as_deref())
        .session_token(text(headers, "x-amz-security-token").as_deref());
    let reply = wire::handle(engine, &context, &target(headers), request.body());
    let failure = reply.fault.map(Failure::from);
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    respond(name, status, wire::CONTENT_TYPE, reply.body, failure)
}

/// What the target header says; nothing if it is missing.
fn target(headers: &HeaderMap) -> Cow<'_, str> {
    text(headers, "x-amz-target").unwrap_or_default()
}

fn document(operation: &str, read: Result<impl Serialize>) -> Response<Bytes> {
    match read {
        Ok(document) => {
            // Texts and lists of texts always encode.
            let body = serde_json::to_vec(&document).unwrap_or_default();
            respond(operation, StatusCode::OK, "application/json", body, None)
        }
        Err(error) => {
            let failure = Failure::from(Fault::from(error));
            refuse(operation, StatusCode::INTERNAL_SERVER_ERROR, failure)
        }
    }
}

/// The origin that the client used, for links to other documents.
fn origin(request: &Request<Bytes>) -> Option<String> {
    let (uri, headers) = (request.uri(), request.headers());
    let authority = match uri.authority() {
        Some(authority) => authority.clone(),
        None => headers.get(header::HOST)?.to_str().ok()?.parse::<Authority>().ok()?,
    };
    let (whole, host) = (authority.as_str(), authority.host());
    // What is in front of the host would be a user, what is behind it is a port.
    let port = whole.strip_prefix(host)?;
    if host.is_empty() || (!port.is_empty() && authority.port_u16().is_none()) {
        return None;
    }
    let forwarded = text(headers, "x-forwarded-proto").unwrap_or_default();
    // Of several proxies the first one faces the client.
    let forwarded = forwarded.split(',').next().unwrap_or_default().trim();
    let is_https = uri.scheme() == Some(&Scheme::HTTPS) || forwarded.eq_ignore_ascii_case("https");
    Some(format!("{}://{whole}", if is_https { "https" } else { "http" }))
}

fn empty(operation: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    response.extensions_mut().insert(outcome(operation, None));
    response
}

fn method_not_allowed(allowed: &'static str) -> Response<Bytes> {
    let failure = failure(UNKNOWN_OPERATION, "This path is not for this method");
    let mut response = refuse(UNKNOWN, StatusCode::METHOD_NOT_ALLOWED, failure);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

fn host_invalid() -> Response<Bytes> {
    let failure = failure("ValidationException", "The Host header is missing or not valid");
    refuse("Discovery", StatusCode::BAD_REQUEST, failure)
}

/// In the words of [`wire::handle`], which knows a shorter maximum for most operations.
fn too_long() -> Response<Bytes> {
    let failure = failure("SerializationException", "The request body is too long");
    refuse(UNKNOWN, StatusCode::PAYLOAD_TOO_LARGE, failure)
}

fn failure(name: &'static str, message: &str) -> Failure {
    Failure { name, message: message.to_owned(), cause: None }
}

fn outcome(operation: &str, failure: Option<Failure>) -> Outcome {
    Outcome { operation: operation.to_owned(), request_id: None, failure }
}

/// The answer to a request that was not understood, or is refused by the engine.
fn faulty(operation: &str, status: StatusCode, fault: Fault) -> Response<Bytes> {
    let body = wire::Reply::from(fault.clone()).body;
    respond(operation, status, wire::CONTENT_TYPE, body, Some(fault.into()))
}

fn refuse(operation: &str, status: StatusCode, failure: Failure) -> Response<Bytes> {
    #[derive(Serialize)]
    struct Body<'a> {
        #[serde(rename = "__type")]
        name: &'a str,
        message: &'a str,
    }

    let body = Body { name: failure.name, message: &failure.message };
    // Two strings always encode.
    let body = serde_json::to_vec(&body).unwrap_or_default();
    respond(operation, status, wire::CONTENT_TYPE, body, Some(failure))
}

fn respond(
    operation: &str,
    status: StatusCode,
    content_type: &'static str,
    body: Vec<u8>,
    failure: Option<Failure>,
) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(failure) = &failure {
        headers.insert("x-amzn-errortype", header_value(&format!("{}:", failure.name)));
        headers.insert("x-amzn-errormessage", header_value(&failure.message));
    }
    response.extensions_mut().insert(outcome(operation, failure));
    response
}

/// Adds what every response has.
fn complete(engine: &Engine, mut response: Response<Bytes>) -> Response<Bytes> {
    // What was done is done: an answer must not fail for want of a name.
    let request_id = engine.request_id().ok();
    if let Some(id) = &request_id {
        response.headers_mut().insert("x-amzn-requestid", header_value(id));
    }
    if let Some(outcome) = response.extensions_mut().get_mut::<Outcome>() {
        outcome.request_id = request_id;
    }
    response
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()))
}

/// In bytes, of a header whose text somebody else chose.
const HEADER_LENGTH_MAX: usize = 1024;

/// The text as far as a header can hold it.
fn header_value(text: &str) -> HeaderValue {
    let legal = |c: char| if c == ' ' || c.is_ascii_graphic() { c } else { '?' };
    let text: String = text.chars().take(HEADER_LENGTH_MAX).map(legal).collect();
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("?"))
}

#[cfg(test)]
mod tests;
