//! AWS JSON 1.1: a target and a body in, a status and a body out. No HTTP library is involved.
//!
//! # Example: one call
//!
//! ```
//! use cognate::{Engine, wire};
//!
//! let engine = Engine::builder().in_memory()?;
//! let context = wire::Context::signed("123456789012".parse()?, "us-east-1".parse()?);
//! let reply = wire::call(
//!     &engine,
//!     &context,
//!     "AWSCognitoIdentityService.CreateIdentityPool",
//!     br#"{"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false}"#,
//! );
//! assert_eq!(reply.status, 200);
//!
//! let reply = wire::call(
//!     &engine,
//!     &context,
//!     "AWSCognitoIdentityService.DescribeIdentityPool",
//!     br#"{"IdentityPoolId": "us-east-1:0"}"#,
//! );
//! let fault = reply.fault.map(|fault| fault.to_string());
//! let wanted = "ResourceNotFoundException: IdentityPool 'us-east-1:0' not found.";
//! assert_eq!(fault.as_deref(), Some(wanted));
//! # Ok::<(), cognate::Error>(())
//! ```
//!
//! # Callers
//!
//! The engine checks no signature and asks no IAM. An embedder does both in front of [`call`]:
//! [`Context`] tells the access key id, [`action`] and [`resource`] tell what IAM decides about,
//! and [`Fault`] has the service's words for a refusal. The module `http` has a whole emulator as
//! its example.
//!
//! # Calling it from async code
//!
//! [`call`] blocks: it waits for the store and signs tokens, and the first token of a region may
//! generate an RSA key, which takes a second or two in an unoptimised build. Call it on a thread
//! that may block, as of `tokio::task::spawn_blocking`. An [`Engine`] is `Send + Sync`; clones are
//! cheap and share one store.
//!
//! ```
//! use cognate::{Engine, wire};
//!
//! # mod tokio {
//! #     // Stands in for the crate.
//! #     pub mod task {
//! #         pub async fn spawn_blocking<T>(call: impl FnOnce() -> T) -> std::thread::Result<T> {
//! #             Ok(call())
//! #         }
//! #     }
//! # }
//! async fn call(engine: &Engine, context: wire::Context, body: Vec<u8>) -> Option<wire::Reply> {
//!     let engine = engine.clone();
//!     let target = "AWSCognitoIdentityService.GetId";
//!     let call = move || wire::call(&engine, &context, target, &body);
//!     tokio::task::spawn_blocking(call).await.ok()
//! }
//!
//! fn is_send<T: Send>(_: &T) {}
//! let engine = Engine::builder().in_memory()?;
//! is_send(&call(&engine, wire::Context::anonymous(), b"{}".to_vec()));
//! # Ok::<(), cognate::Error>(())
//! ```

mod context;
mod explained;
mod fault;
mod iam;
mod json;
mod model;
mod operation;
mod read;
mod shape;

use crate::engine::Engine;
use crate::error::Error;
use crate::name::RequestId;

use operation::{Run, region_of};

pub use context::Context;
pub use explained::explain;
pub use fault::Fault;
pub use iam::action;
pub use iam::resource;
pub use operation::OPERATIONS;
pub use operation::ServiceOperation;

/// The text before the operation's name in a target, as SDKs send it. See
/// [`ServiceOperation::of_target`].
pub const TARGET_PREFIX: &str = "AWSCognitoIdentityService.";

/// The text that may precede [`TARGET_PREFIX`]: the sample requests of the API reference have it.
const TARGET_NAMESPACE: &str = "com.amazonaws.cognito.identity.model.";

/// The content type of every request and reply.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// The longest body that any operation takes, in bytes: the longest that its constraints allow with
/// every character escaped, but at most 8 MiB. A server may stop reading a body behind it.
pub const BODY_LENGTH_MAX: usize = operation::BODY_LENGTH_MAX;

/// The answer to a request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Reply {
    /// The HTTP status: 200, or that of the fault.
    pub status: u16,
    /// The body in JSON, or in XML for the actions of an STS; empty for an operation that returns
    /// nothing.
    pub body: Vec<u8>,
    /// The reason why the operation failed.
    pub fault: Option<Fault>,
}

impl From<Fault> for Reply {
    fn from(fault: Fault) -> Self {
        Self { status: fault.status(), body: fault.body(), fault: Some(fault) }
    }
}

/// Performs the operation that a request names.
///
/// It finds faults in this order: the target, the body's syntax and types, the credentials (which
/// the four public operations do not need), the rate, the constraints of all members at once, and
/// then those that each operation lists. It skips members that an operation does not know, and
/// keeps nothing of them. It reads at most 32,768 values of the others.
pub fn call(engine: &Engine, context: &Context, target: &str, body: &[u8]) -> Reply {
    call_as(engine, (context, context.request_id()), target, body)
}

/// A call of the request with this id.
pub(crate) fn call_as(
    engine: &Engine,
    (context, request_id): (&Context, Option<&RequestId>),
    target: &str,
    body: &[u8],
) -> Reply {
    match dispatch(engine, (context, request_id), target, body) {
        Ok(body) => Reply { status: 200, body, fault: None },
        Err(fault) => fault.into(),
    }
}

/// The operation's name in a target of this service. There need not be an operation of that name.
fn operation_name(target: &str) -> Option<&str> {
    target.strip_prefix(TARGET_NAMESPACE).unwrap_or(target).strip_prefix(TARGET_PREFIX)
}

fn known_operation(target: &str) -> Result<&'static ServiceOperation, Fault> {
    let name = operation_name(target).ok_or_else(|| Fault::unknown_target(target))?;
    ServiceOperation::named(name).ok_or_else(|| Fault::unknown_operation(name))
}

fn dispatch(
    engine: &Engine,
    (context, request_id): (&Context, Option<&RequestId>),
    target: &str,
    body: &[u8],
) -> Result<Vec<u8>, Fault> {
    let operation = known_operation(target)?;
    let document = operation.read(body)?;
    let violations = operation.check(&document)?;
    let violations = violations.map_or(Ok(()), |broken| Err(Error::from(broken)));
    match operation.run {
        // Clients may sign public operations; the signature makes no difference.
        Run::Unsigned(run) => {
            if let (Some(limited), Some(region)) = (operation.limited, region_of(&document)) {
                engine.would_admit(limited, (None, &region))?;
            }
            violations?;
            run(&engine.public().for_request(request_id), &document)
        }
        Run::Signed(run) => {
            let (account, region) = context.owner(engine)?;
            if let Some(limited) = operation.limited {
                engine.would_admit(limited, (Some(&account), &region))?;
            }
            violations?;
            run(&engine.developer(account, region).for_request(request_id), &document)
        }
    }
}
