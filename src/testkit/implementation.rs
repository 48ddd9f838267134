//! Implementations under test.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::ambient::{Clock, Timestamp};
use crate::credentials::Session;
use crate::engine::{Developer, Engine};
use crate::error::{Error, ErrorKind, Result};
use crate::operation::{IdentityDescription, ListIdentitiesOutput};
use crate::state::IdentityState;
use crate::testkit::request::{Call, CallReply};
use crate::wire::{self, Context};

/// An implementation of the service.
///
/// # Example: an implementation that never answers
///
/// ```
/// use std::io;
///
/// use cognate::testkit::{Call, CallReply, Implementation};
///
/// struct Silent;
///
/// impl Implementation for Silent {
///     fn call(&self, call: &Call) -> io::Result<CallReply> {
///         Err(io::Error::other(format!("no answer to {}", call.operation)))
///     }
/// }
/// ```
pub trait Implementation {
    /// Answers a call.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no answer. The model never accepts that.
    fn call(&self, call: &Call) -> io::Result<CallReply>;

    /// The content of a session token that the implementation has issued, if it can be read.
    fn session(&self, session_token: &str) -> Option<Session> {
        let _ = session_token;
        None
    }

    /// Advances the time of the implementation. Returns false if it has no adjustable time.
    fn wait(&self, secs: u64) -> bool {
        let _ = secs;
        false
    }
}

impl<S: Implementation + ?Sized> Implementation for &S {
    fn call(&self, call: &Call) -> io::Result<CallReply> {
        (**self).call(call)
    }

    fn session(&self, session_token: &str) -> Option<Session> {
        (**self).session(session_token)
    }

    fn wait(&self, secs: u64) -> bool {
        (**self).wait(secs)
    }
}

/// A clock that advances by one millisecond with each reading, and otherwise only on request.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<AtomicU64>);

impl Default for TestClock {
    /// A time at which the tokens of this kit's providers are valid.
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(1_800_000_000_000)))
    }
}

impl TestClock {
    /// Advances the time.
    pub fn wait(&self, secs: u64) {
        self.0.fetch_add(secs.saturating_mul(1_000), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

/// An engine, called through its methods.
#[derive(Debug, Clone)]
pub struct TypedDoor {
    engine: Engine,
    clock: Option<TestClock>,
}

/// An engine, called through AWS JSON 1.1 without HTTP.
#[derive(Debug, Clone)]
pub struct WireDoor {
    engine: Engine,
    clock: Option<TestClock>,
}

macro_rules! door {
    ($door:ident) => {
        impl $door {
            /// Wraps this engine.
            pub fn new(engine: Engine) -> Self {
                Self { engine, clock: None }
            }

            /// Sets the clock of the engine.
            #[must_use]
            pub fn clock(mut self, clock: TestClock) -> Self {
                self.clock = Some(clock);
                self
            }
        }

        impl Implementation for $door {
            fn call(&self, call: &Call) -> io::Result<CallReply> {
                self.send(call)
            }

            fn session(&self, session_token: &str) -> Option<Session> {
                let verified = self.engine.verify_session(session_token).ok()?;
                Some(verified.session)
            }

            fn wait(&self, secs: u64) -> bool {
                self.clock.as_ref().map(|clock| clock.wait(secs)).is_some()
            }
        }
    };
}

door!(TypedDoor);
door!(WireDoor);

impl WireDoor {
    fn send(&self, call: &Call) -> io::Result<CallReply> {
        let context = match &call.caller {
            None => Context::anonymous(),
            Some((account, region)) => {
                let account = account.parse().map_err(|_| invalid("account"))?;
                Context::signed(account, region.parse().map_err(|_| invalid("region"))?)
            }
        };
        let reply = wire::call(&self.engine, &context, &call.target, call.body.as_bytes());
        let body = String::from_utf8(reply.body).map_err(|_| invalid("reply"))?;
        Ok(CallReply { status: reply.status, body })
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not a valid {what}"))
}

impl TypedDoor {
    fn send(&self, call: &Call) -> io::Result<CallReply> {
        let public = self.engine.public();
        let body = call.body.as_str();
        Ok(match call.operation.as_str() {
            "GetCredentialsForIdentity" => {
                invoke(body, |input| public.get_credentials_for_identity(input))
            }
            "GetId" => invoke(body, |input| public.get_id(input)),
            "GetOpenIdToken" => invoke(body, |input| public.get_open_id_token(input)),
            "UnlinkIdentity" => invoke(body, |input| public.unlink_identity(input)),
            _ => {
                let (account, region) = call.caller.as_ref().ok_or_else(|| invalid("caller"))?;
                let account = account.parse().map_err(|_| invalid("account"))?;
                let region = region.parse().map_err(|_| invalid("region"))?;
                signed(&self.engine.developer(account, region), &call.operation, body)?
            }
        })
    }
}

fn signed(aws: &Developer, operation: &str, body: &str) -> io::Result<CallReply> {
    Ok(match operation {
        "CreateIdentityPool" => invoke(body, |input| aws.create_identity_pool(input)),
        "DeleteIdentities" => invoke(body, |input| aws.delete_identities(input)),
        "DeleteIdentityPool" => invoke(body, |input| aws.delete_identity_pool(input)),
        "DescribeIdentity" => {
            invoke(body, |input| aws.describe_identity(input).map(|known| described(&known)))
        }
        "DescribeIdentityPool" => invoke(body, |input| aws.describe_identity_pool(input)),
        "GetIdentityPoolRoles" => invoke(body, |input| aws.get_identity_pool_roles(input)),
        "GetOpenIdTokenForDeveloperIdentity" => {
            invoke(body, |input| aws.get_open_id_token_for_developer_identity(input))
        }
        "GetPrincipalTagAttributeMap" => {
            invoke(body, |input| aws.get_principal_tag_attribute_map(input))
        }
        "ListIdentities" => {
            invoke(body, |input| aws.list_identities(input).map(|page| listed(&page)))
        }
        "ListIdentityPools" => invoke(body, |input| aws.list_identity_pools(input)),
        "ListTagsForResource" => invoke(body, |input| aws.list_tags_for_resource(input)),
        "LookupDeveloperIdentity" => invoke(body, |input| aws.lookup_developer_identity(input)),
        "MergeDeveloperIdentities" => invoke(body, |input| aws.merge_developer_identities(input)),
        "SetIdentityPoolRoles" => invoke(body, |input| aws.set_identity_pool_roles(input)),
        "SetPrincipalTagAttributeMap" => {
            invoke(body, |input| aws.set_principal_tag_attribute_map(input))
        }
        "TagResource" => invoke(body, |input| aws.tag_resource(input)),
        "UnlinkDeveloperIdentity" => invoke(body, |input| aws.unlink_developer_identity(input)),
        "UntagResource" => invoke(body, |input| aws.untag_resource(input)),
        "UpdateIdentityPool" => invoke(body, |input| aws.update_identity_pool(input)),
        _ => return Err(invalid("operation")),
    })
}

/// A page of identities in the service's format.
fn listed(page: &ListIdentitiesOutput) -> Value {
    with(json!(page), "Identities", page.identities.iter().map(described).collect())
}

/// A description in the service's format. There, the state of a disabled identity appears as a
/// login.
fn described(identity: &IdentityDescription) -> Value {
    let is_disabled = identity.state == IdentityState::Disabled && identity.logins.is_empty();
    let logins = if is_disabled { json!(["DISABLED"]) } else { json!(identity.logins) };
    with(json!(identity), "Logins", logins)
}

fn with(mut told: Value, member: &str, value: Value) -> Value {
    if let Some(members) = told.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
    told
}

fn invoke<I, O>(body: &str, method: impl FnOnce(I) -> Result<O>) -> CallReply
where
    I: DeserializeOwned,
    O: Serialize,
{
    let refused = |kind: ErrorKind, message: String| {
        let status = if kind == ErrorKind::InternalError { 500 } else { 400 };
        let body = json!({ "__type": kind.as_str(), "message": message });
        CallReply { status, body: body.to_string() }
    };
    let input = match serde_json::from_str(body) {
        Ok(input) => input,
        Err(error) => return refused(ErrorKind::Validation, error.to_string()),
    };
    match method(input).map(|output| serde_json::to_value(output)) {
        Ok(Ok(Value::Null)) => CallReply { status: 200, body: String::new() },
        Ok(Ok(output)) => CallReply { status: 200, body: output.to_string() },
        Ok(Err(error)) => refused(ErrorKind::InternalError, error.to_string()),
        Err(error) => refused(error.kind(), told(&error)),
    }
}

fn told(error: &Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

/// An endpoint that speaks AWS JSON 1.1 over HTTP, without TLS.
///
/// Requests use an access key id of twelve digits as the account. Their signatures are not valid,
/// so an endpoint that verifies signatures cannot be tested.
///
/// # Limits
///
/// The model checks the status and the body of each reply. It does not see headers, the signatures
/// of tokens, or the content of credentials: their role, tags and logins. The time of an endpoint
/// cannot be advanced, so nothing expires, and it is neither restarted nor made to rotate its keys.
#[derive(Debug, Clone)]
pub struct HttpEndpoint {
    url: String,
}

impl HttpEndpoint {
    /// The endpoint at this URL, such as `http://127.0.0.1:4566`.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into() }
    }
}

/// In seconds.
const TIMEOUT_SECS: u64 = 30;

impl Implementation for HttpEndpoint {
    fn call(&self, call: &Call) -> io::Result<CallReply> {
        let mut request = minreq::post(&self.url)
            .with_timeout(TIMEOUT_SECS)
            .with_header("content-type", wire::CONTENT_TYPE)
            .with_header("x-amz-target", call.target.as_str())
            .with_header("x-amz-date", "20260101T000000Z")
            .with_body(call.body.as_str());
        if let Some((account, region)) = &call.caller {
            let scope = format!("{account}/20260101/{region}/cognito-identity/aws4_request");
            let signed = "SignedHeaders=host;x-amz-date, Signature=0";
            let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, {signed}");
            request = request.with_header("authorization", authorization);
        }
        let response = request.send().map_err(io::Error::other)?;
        let body = response.as_str().map_err(io::Error::other)?.to_owned();
        Ok(CallReply { status: response.status_code, body })
    }
}
