//! AWS JSON 1.1: a target and a body in, a status and a body out. No HTTP library is involved.
//!
//! # Example: one call
//!
//! ```
//! use cognate::{Engine, wire};
//!
//! let engine = Engine::builder().in_memory()?;
//! let context = wire::Context::signed("123456789012".parse()?, "us-east-1".parse()?);
//! let reply = wire::handle(
//!     &engine,
//!     &context,
//!     "AWSCognitoIdentityService.CreateIdentityPool",
//!     br#"{"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false}"#,
//! );
//! assert_eq!(reply.status, 200);
//!
//! let reply = wire::handle(
//!     &engine,
//!     &context,
//!     "AWSCognitoIdentityService.DescribeIdentityPool",
//!     br#"{"IdentityPoolId": "us-east-1:0"}"#,
//! );
//! let fault = reply.fault.expect("there is no such pool");
//! assert_eq!(fault.name(), "ResourceNotFoundException");
//! assert_eq!(fault.message(), "IdentityPool 'us-east-1:0' not found.");
//! # Ok::<(), cognate::Error>(())
//! ```

mod credential;
mod fault;
mod json;
mod model;
mod operation;
mod read;
mod shape;

use crate::engine::Engine;
use crate::id::{AccountId, Region};

use credential::Credential;
pub use fault::Fault;
use operation::{Operation, Run, region_of};

/// The text before the operation's name in a target. SDKs send this one; see [`action`].
pub const TARGET_PREFIX: &str = "AWSCognitoIdentityService.";

/// The text that may stand before [`TARGET_PREFIX`]: the sample requests of the API reference have
/// it.
const TARGET_NAMESPACE: &str = "com.amazonaws.cognito.identity.model.";

/// The operation's name in an `X-Amz-Target`, if the target is one of this service. There need not
/// be an operation of that name.
///
/// # Example: both forms of a target
///
/// ```
/// use cognate::wire::action;
///
/// assert_eq!(action("AWSCognitoIdentityService.GetId"), Some("GetId"));
/// let sample = "com.amazonaws.cognito.identity.model.AWSCognitoIdentityService.GetId";
/// assert_eq!(action(sample), Some("GetId"));
/// assert_eq!(action("GetId"), None);
/// ```
pub fn action(target: &str) -> Option<&str> {
    target.strip_prefix(TARGET_NAMESPACE).unwrap_or(target).strip_prefix(TARGET_PREFIX)
}

/// The content type of every request and reply.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// The longest body that any operation takes, in bytes: what its constraints allow with every
/// character escaped. A longer one needs not be read to its end.
pub const BODY_LENGTH_MAX: usize = operation::BODY_LENGTH_MAX;

/// Who makes a request, as its headers say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    caller: Caller,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Caller {
    Anonymous,
    Signed(Credential),
    Unrecognized,
}

impl Context {
    /// A request with credentials of an account, for a region.
    pub fn signed(account: AccountId, region: Region) -> Self {
        let credential = Credential::new(account.as_str(), region);
        Self { caller: Caller::Signed(credential) }
    }

    /// A request without credentials.
    pub fn anonymous() -> Self {
        Self { caller: Caller::Anonymous }
    }

    /// A request with this `Authorization` header.
    ///
    /// The credential scope of the signature names the region. An access key id of twelve digits is
    /// the account; any other one stands for the engine's
    /// [default account](crate::Builder::default_account). The signature itself is not checked: a
    /// verifier in front of the engine has to know its callers.
    ///
    /// # Example: a signature of AWS Signature Version 4
    ///
    /// ```
    /// use cognate::wire::Context;
    ///
    /// let context = Context::from_authorization(Some(
    ///     "AWS4-HMAC-SHA256 Credential=123456789012/20260101/us-east-1/cognito-identity/\
    ///      aws4_request, SignedHeaders=host, Signature=0",
    /// ));
    /// assert_eq!(context, Context::signed("123456789012".parse()?, "us-east-1".parse()?));
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn from_authorization(header: Option<&str>) -> Self {
        let caller = match header.map(credential::scope) {
            None => Caller::Anonymous,
            Some(Some((key_id, region))) => Caller::Signed(Credential::new(key_id, region)),
            Some(None) => Caller::Unrecognized,
        };
        Self { caller }
    }

    /// The same request with this `X-Amz-Security-Token` header.
    ///
    /// A session token that the engine has made means the account of the session's role; beside an
    /// access key id that it was not made for it means nobody. Any other session token makes no
    /// difference: an embedder with a [`CredentialIssuer`](crate::CredentialIssuer) reads its own,
    /// and says who is calling with [`signed`](Self::signed).
    #[must_use]
    pub fn session_token(mut self, header: Option<&str>) -> Self {
        if let (Caller::Signed(credential), Some(token)) = (&mut self.caller, header) {
            credential.present(token);
        }
        self
    }
}

/// The answer to a request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Reply {
    /// The HTTP status: 200, 400 or 500.
    pub status: u16,
    /// The body, JSON; empty where an operation returns nothing.
    pub body: Vec<u8>,
    /// What went wrong.
    pub fault: Option<Fault>,
}

/// Answers a request.
///
/// What is wrong with it is found in this order: the target, the body's syntax and types, the
/// credentials (which the four public operations need not have), the rate, the constraints of all
/// members at once, and then as each operation says. Members that an operation does not know are
/// passed over, and take no memory; of those that it knows, at most 32,768 values are read.
pub fn handle(engine: &Engine, context: &Context, target: &str, body: &[u8]) -> Reply {
    match answer(engine, context, target, body) {
        Ok(body) => Reply { status: 200, body, fault: None },
        Err(fault) => fault.into(),
    }
}

/// An operation that a target names.
#[cfg(feature = "http")]
pub(crate) struct Named {
    pub(crate) name: &'static str,
    /// Whether it needs no credentials.
    pub(crate) is_public: bool,
}

#[cfg(feature = "http")]
pub(crate) fn named(target: &str) -> Option<Named> {
    let operation = Operation::named(action(target)?)?;
    let is_public = matches!(operation.run, Run::Unsigned(_));
    Some(Named { name: operation.name, is_public })
}

impl From<Fault> for Reply {
    fn from(fault: Fault) -> Self {
        Self { status: fault.status(), body: fault.body(), fault: Some(fault) }
    }
}

fn answer(engine: &Engine, context: &Context, target: &str, body: &[u8]) -> Result<Vec<u8>, Fault> {
    let name = action(target).ok_or_else(|| Fault::unknown_target(target))?;
    let operation = Operation::named(name).ok_or_else(|| Fault::unknown_operation(name))?;
    if body.len() > operation.body_length_max() {
        return Err(Fault::serialization("The request body is too long"));
    }
    let document = operation.read(body)?;
    let violations = operation.check(&document)?;
    let violations = violations.map_or(Ok(()), |failed| Err(crate::Error::from(failed)));
    match operation.run {
        // A signature is not needed, and not looked at.
        Run::Unsigned(run) => {
            if let (Some(limited), Some(region)) = (operation.limited, region_of(&document)) {
                engine.would_admit(limited, (None, &region))?;
            }
            violations?;
            run(&engine.public(), &document)
        }
        Run::Signed(run) => {
            let (account, region) = match &context.caller {
                Caller::Signed(credential) => (credential.account(engine)?, credential.region()),
                Caller::Anonymous => return Err(Fault::missing_authentication()),
                Caller::Unrecognized => return Err(Fault::unrecognized_client()),
            };
            if let Some(limited) = operation.limited {
                engine.would_admit(limited, (Some(&account), &region))?;
            }
            violations?;
            run(&engine.developer(account, region), &document)
        }
    }
}
