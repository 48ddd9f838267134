//! HTTP: a request in, a response out. No server and no async runtime is involved.
//!
//! | request | response |
//! | --- | --- |
//! | `POST /` with `X-Amz-Target` | the operation's, as in [`wire`] |
//! | `POST /` with a form or a signature for the service `sts`, `GET /?Action=…` | the action's, as in [`sts`] |
//! | `GET /.well-known/jwks_uri`, `GET /.well-known/jwks.json` | the public keys |
//! | `GET /.well-known/openid-configuration` | the discovery document |
//! | `OPTIONS`, any path | 200 |
//! | another path, another method | 404, 405 |
//! | a request that a [`Guard`] refuses | 403 |
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
//!
//! # Example: an emulator with its own accounts and signatures
//!
//! The emulator keeps a table of access keys. It refuses an unknown key and a wrong signature in
//! the service's words, and performs every other request for the owner of its key. Credentials that
//! the engine has made are in no table: the engine tells their secret key.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use bytes::Bytes;
//! use cognate::http::{self as endpoint, Guard};
//! use cognate::Engine;
//! use cognate::name::AccountId;
//! use cognate::wire::{Context, Fault, ServiceOperation};
//! use http::{Request, Response};
//!
//! struct Emulator {
//!     engine: Engine,
//!     guard: Guard,
//!     /// By access key id: the secret key, and the account that owns it.
//!     keys: BTreeMap<String, (String, AccountId)>,
//! }
//!
//! impl Emulator {
//!     fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
//!         match self.authenticate(request) {
//!             Ok(context) => self.guard.handle_as(&self.engine, &context, request),
//!             Err(fault) => self.guard.refuse(&self.engine, request, fault),
//!         }
//!     }
//!
//!     fn authenticate(&self, request: &Request<Bytes>) -> Result<Context, Fault> {
//!         let context = endpoint::context(request);
//!         let operation = endpoint::called_operation(request);
//!         let is_signed_operation = operation.is_some_and(ServiceOperation::needs_credentials);
//!         // The engine itself refuses a signed operation without a signature.
//!         let Some(id) = context.access_key_id().filter(|_| is_signed_operation) else {
//!             return Ok(context);
//!         };
//!         if let Some(session) = context.session(&self.engine)? {
//!             verify(request, session.secret_key.as_str())?;
//!             return Ok(context);
//!         }
//!         let (secret, account) = self.keys.get(id).ok_or_else(Fault::unrecognized_client)?;
//!         verify(request, secret)?;
//!         Ok(context.with_account(account.clone()))
//!     }
//! }
//!
//! /// Stands for a verifier of AWS Signature Version 4: here the signature is the secret key.
//! fn verify(request: &Request<Bytes>, secret: &str) -> Result<(), Fault> {
//!     let header = request.headers().get("authorization").and_then(|text| text.to_str().ok());
//!     let signature = header.and_then(|text| text.split_once("Signature="));
//!     let (_, signature) = signature.ok_or_else(|| Fault::incomplete_signature(&["Signature"]))?;
//!     if signature == secret { Ok(()) } else { Err(Fault::invalid_signature()) }
//! }
//!
//! let owner: AccountId = "123456789012".parse()?;
//! let emulator = Emulator {
//!     engine: Engine::builder().in_memory()?,
//!     guard: Guard::open(),
//!     keys: BTreeMap::from([("AKIAGAME".to_owned(), ("secret".to_owned(), owner))]),
//! };
//! for (key, signature, status, error) in [
//!     ("AKIAGAME", "secret", 200, None),
//!     ("AKIAGAME", "guess", 400, Some("InvalidSignatureException:")),
//!     ("AKIAOTHER", "secret", 400, Some("UnrecognizedClientException:")),
//! ] {
//!     let scope = "20260101/us-east-1/cognito-identity/aws4_request";
//!     let request = Request::post("/")
//!         .header("authorization", format!(
//!             "AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders=host, \
//!              Signature={signature}",
//!         ))
//!         .header("x-amz-target", "AWSCognitoIdentityService.ListIdentityPools")
//!         .body(Bytes::from_static(br#"{"MaxResults": 10}"#))?;
//!     let response = emulator.answer(&request);
//!     let told = response.headers().get("x-amzn-errortype").map(|text| text.as_bytes());
//!     assert_eq!((response.status().as_u16(), told), (status, error.map(str::as_bytes)));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Calling it from async code
//!
//! [`handle`] and its siblings block: they wait for the store and sign tokens. Read the body in
//! async code, and call them on a thread that may block, as of `tokio::task::spawn_blocking`.
//! [`Guard::judge`], [`needs_body`] and [`Verdict::mark`] do not block.
//!
//! ```
//! use bytes::Bytes;
//! use cognate::{Engine, http as endpoint};
//! use http::{Request, Response};
//!
//! # mod tokio {
//! #     // Stands in for the crate.
//! #     pub mod task {
//! #         pub async fn spawn_blocking<T>(call: impl FnOnce() -> T) -> std::thread::Result<T> {
//! #             Ok(call())
//! #         }
//! #     }
//! # }
//! async fn answer(engine: Engine, request: Request<Bytes>) -> Option<Response<Bytes>> {
//!     tokio::task::spawn_blocking(move || endpoint::handle(&engine, &request)).await.ok()
//! }
//!
//! fn is_send<T: Send>(_: &T) {}
//! is_send(&answer(Engine::builder().in_memory()?, Request::default()));
//! # Ok::<(), cognate::Error>(())
//! ```

mod guard;
mod host;
mod response;
mod route;

use ::http::header::{self, HeaderValue};
use ::http::{Request, Response};
use bytes::Bytes;

use crate::engine::Engine;
use crate::sts;
use crate::wire::{self, Context, Fault, ServiceOperation};

use response::{
    HEADER_LENGTH_MAX, document_response, empty_response, faulty_response, fresh_id,
    reply_response, sts_response, with_fresh_id, with_request_id,
};
pub(crate) use route::origin;
use route::{Route, UNKNOWN, target, text};

pub use guard::Guard;
pub use guard::Readers;
pub use guard::Refused;
pub use guard::Verdict;
pub use host::HostName;
pub use host::HostNameError;
pub use host::Origin;
pub use host::OriginError;

/// The facts about a response that a log may show: none of them is a body or a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The name of the operation or the action; `Jwks`, `Discovery` or `Preflight` for a request of
    /// another kind, and `Unknown` for one that names nothing known.
    pub operation: String,
    /// The id in `x-amzn-requestid`; absent when there was no randomness for one.
    pub request_id: Option<String>,
    /// The reason why the request failed. Its message can quote members that are not secret, and be
    /// long.
    pub fault: Option<Fault>,
}

/// Answers a request, as a [`Guard`] that knows neither the server's address nor an allowed origin:
/// pages of other sites reach the public operations and the documents only, whatever the host name.
///
/// A body that is longer than [`BODY_LENGTH_MAX`](wire::BODY_LENGTH_MAX) is answered as by
/// [`body_too_long`]. The response to `HEAD` has the length that `GET` returns, and no body.
pub fn handle(engine: &Engine, request: &Request<Bytes>) -> Response<Bytes> {
    Guard::default().handle(engine, request)
}

/// Answers a request as [`handle`], for the caller in `context` instead of the one that the headers
/// state.
pub fn handle_as(engine: &Engine, context: &Context, request: &Request<Bytes>) -> Response<Bytes> {
    Guard::default().handle_as(engine, context, request)
}

/// The caller that a request's headers state: `Authorization` and `X-Amz-Security-Token`.
pub fn context<B>(request: &Request<B>) -> Context {
    let headers = request.headers();
    Context::from_authorization(text(headers, "authorization").as_deref())
        .with_session_token(text(headers, "x-amz-security-token").as_deref())
}

/// The operation that a request calls, by its method, its path and its target. An action of the
/// STS is none.
pub fn called_operation<B>(request: &Request<B>) -> Option<&'static ServiceOperation> {
    Route::of(request).operation()
}

/// Whether the response depends on the body: only operations and actions of the STS have one. A
/// server need not read the body of any other request, nor ask a client for it that waits for
/// `100 Continue`.
pub fn needs_body<B>(request: &Request<B>) -> bool {
    match Route::of(request) {
        Route::Operation(operation) => operation.is_some(),
        // A signature covers the body of a `GET` too.
        Route::Sts { .. } => true,
        Route::Discovery
        | Route::Jwks
        | Route::MethodNotAllowed(_)
        | Route::Nothing
        | Route::Preflight => false,
    }
}

/// The response to a request that an embedder refuses in front of the engine, such as one whose
/// signature does not verify. It has no CORS headers until it is [marked](Verdict::mark);
/// [`Guard::refuse`] adds them.
pub fn fault_response<B>(engine: &Engine, request: &Request<B>, fault: Fault) -> Response<Bytes> {
    let (route, id) = (Route::of(request), fresh_id(engine));
    let response = if matches!(route, Route::Sts { .. }) {
        sts_response(route.name(), sts::refusal(fault, id.as_ref()))
    } else {
        faulty_response(route.name(), fault)
    };
    with_request_id(response, id.as_ref())
}

/// The response to a request whose body is longer than [`BODY_LENGTH_MAX`](wire::BODY_LENGTH_MAX),
/// for a server that stops reading there: 413, `SerializationException`. It has no CORS headers
/// until it is [marked](Verdict::mark).
pub fn body_too_long(engine: &Engine) -> Response<Bytes> {
    with_fresh_id(engine, too_long())
}

/// The response to a request that a server has no room for: 503, [`Fault::service_unavailable`].
/// It has no CORS headers until it is [marked](Verdict::mark).
pub fn unavailable(engine: &Engine) -> Response<Bytes> {
    with_fresh_id(engine, faulty_response(UNKNOWN, Fault::service_unavailable()))
}

/// The response to a request that a guard lets pass.
fn dispatch(engine: &Engine, context: &Context, request: &Request<Bytes>) -> Response<Bytes> {
    let route = Route::of(request);
    let name = route.name();
    let request_id = context.request_id().cloned().or_else(|| fresh_id(engine));
    let response = match route {
        Route::Discovery => origin(request).map_or_else(
            || {
                let message = "The Host header is missing or not valid";
                faulty_response(name, Fault::new("ValidationException", 400, message))
            },
            |base| document_response(name, engine.discovery(&base)),
        ),
        Route::Jwks => document_response(name, engine.jwks()),
        Route::MethodNotAllowed(allowed) => {
            let fault = Fault::no_route(405, "This path is not for this method");
            let mut response = faulty_response(name, fault);
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
            response
        }
        Route::Nothing => {
            faulty_response(name, Fault::no_route(404, "There is nothing at this path"))
        }
        // The operation's own maximum can be shorter.
        Route::Operation(_) | Route::Sts { .. } if request.body().len() > wire::BODY_LENGTH_MAX => {
            too_long()
        }
        Route::Operation(_) => {
            let target = target(request.headers());
            let caller = (context, request_id.as_ref());
            reply_response(name, wire::call_as(engine, caller, &target, request.body()))
        }
        Route::Preflight => empty_response(name),
        Route::Sts { .. } => {
            let (action, reply) = sts::answer(engine, request, request_id.as_ref());
            sts_response(action.unwrap_or(name), reply)
        }
    };
    with_request_id(response, request_id.as_ref())
}

fn too_long() -> Response<Bytes> {
    faulty_response(UNKNOWN, Fault::body_too_long(413))
}

#[cfg(test)]
mod tests;
