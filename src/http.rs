//! HTTP: a request in, a response out. No server and no async runtime is involved.
//!
//! | request | answer |
//! | --- | --- |
//! | `POST /` with `X-Amz-Target` | the operation's, as in [`wire`] |
//! | `GET /.well-known/jwks_uri`, `GET /.well-known/jwks.json` | the public keys |
//! | `GET /.well-known/openid-configuration` | the discovery document |
//! | `OPTIONS`, any path | 200: browsers may call from every origin |
//! | another path, another method | 404, 405 |
//!
//! Every response names its request in `x-amzn-requestid`, is open to all origins, and has an
//! [`Outcome`] among its extensions, for logs.
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

use std::borrow::Cow;

use ::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use ::http::uri::{Authority, Scheme};
use ::http::{Method, Request, Response, StatusCode};
use bytes::Bytes;
use serde::Serialize;

use crate::engine::Engine;
use crate::error::Result;
use crate::wire::{self, Context, Fault};

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
    /// What the caller was not told: why the engine could not do its work.
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

/// Answers a request.
///
/// It waits for the store, and signing takes a while: an async server calls it where blocking is
/// fine. A body that is longer than [`BODY_LENGTH_MAX`](wire::BODY_LENGTH_MAX) is answered as
/// [`body_too_long`] does. The response to `HEAD` has the length of what `GET` returns, and no
/// body.
pub fn handle(engine: &Engine, request: &Request<Bytes>) -> Response<Bytes> {
    let mut response = route(engine, request);
    if request.method() == Method::HEAD {
        let length = HeaderValue::from(response.body().len());
        response.headers_mut().insert(header::CONTENT_LENGTH, length);
        response.body_mut().clear();
    }
    complete(engine, response)
}

/// The answer to a request whose body is longer than [`BODY_LENGTH_MAX`](wire::BODY_LENGTH_MAX),
/// for a server that does not read on from there: 413, `SerializationException`.
pub fn body_too_long(engine: &Engine) -> Response<Bytes> {
    complete(engine, too_long())
}

/// The answer to a request that an embedder refuses in front of the engine: one whose signature
/// does not verify, or whose caller may not do this ([`Fault::access_denied`]).
pub fn refuse_with(engine: &Engine, operation: &str, fault: Fault) -> Response<Bytes> {
    let reply = wire::Reply::from(fault);
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let failure = reply.fault.map(Failure::from);
    complete(engine, respond(operation, status, wire::CONTENT_TYPE, reply.body, failure))
}

const JWKS: &str = "/.well-known/jwks_uri";
const JWKS_JSON: &str = "/.well-known/jwks.json";
const DISCOVERY: &str = "/.well-known/openid-configuration";

const UNKNOWN: &str = "Unknown";
const UNKNOWN_OPERATION: &str = "UnknownOperationException";

fn route(engine: &Engine, request: &Request<Bytes>) -> Response<Bytes> {
    let method = request.method();
    let reads = method == Method::GET || method == Method::HEAD;
    match request.uri().path() {
        _ if method == Method::OPTIONS => preflight(request.headers()),
        "/" if method == Method::POST => perform(engine, request),
        "/" => method_not_allowed("POST, OPTIONS"),
        JWKS | JWKS_JSON if reads => document("Jwks", engine.jwks()),
        DISCOVERY if reads => match origin(request) {
            Some(base) => document("Discovery", engine.discovery(&base)),
            None => host_invalid(),
        },
        JWKS | JWKS_JSON | DISCOVERY => method_not_allowed("GET, HEAD, OPTIONS"),
        _ => refuse(
            UNKNOWN,
            StatusCode::NOT_FOUND,
            failure(UNKNOWN_OPERATION, "There is nothing at this path"),
        ),
    }
}

fn perform(engine: &Engine, request: &Request<Bytes>) -> Response<Bytes> {
    if request.body().len() > wire::BODY_LENGTH_MAX {
        return too_long();
    }
    let headers = request.headers();
    let context = Context::from_authorization(text(headers, "authorization").as_deref());
    let target = text(headers, "x-amz-target").unwrap_or_default();
    let reply = wire::handle(engine, &context, &target, request.body());
    let failure = reply.fault.map(Failure::from);
    let operation = match &failure {
        Some(failure) if failure.name == UNKNOWN_OPERATION => UNKNOWN,
        _ => target.strip_prefix(wire::TARGET_PREFIX).unwrap_or(&target),
    };
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    respond(operation, status, wire::CONTENT_TYPE, reply.body, failure)
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

fn preflight(asked: &HeaderMap) -> Response<Bytes> {
    const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS, POST");
    /// Two days in seconds.
    const MAX_AGE: HeaderValue = HeaderValue::from_static("172800");

    // The asterisk does not stand for `Authorization`, so what was asked for is repeated.
    let wanted = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS).filter(|names| are_names(names));
    let wanted = wanted.cloned().unwrap_or(HeaderValue::from_static("*"));
    let mut response = Response::new(Bytes::new());
    response.extensions_mut().insert(outcome("Preflight", None));
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    headers.insert(header::VARY, HeaderValue::from_static("access-control-request-headers"));
    response
}

fn are_names(list: &HeaderValue) -> bool {
    let list = list.to_str().unwrap_or_default();
    list.len() <= HEADER_LENGTH_MAX
        && list.split(',').all(|name| name.trim().parse::<HeaderName>().is_ok())
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
    const EXPOSED: HeaderValue =
        HeaderValue::from_static("x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date");

    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    // What was done is done: an answer must not fail for want of a name.
    let request_id = engine.request_id().ok();
    if let Some(id) = &request_id {
        headers.insert("x-amzn-requestid", header_value(id));
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
