//! A small STS: two actions of the query protocol, for the tokens and credentials of one engine.
//!
//! | action | caller | answer |
//! | --- | --- | --- |
//! | `AssumeRoleWithWebIdentity` | anyone with a token of this engine | credentials for a role of the token's pool |
//! | `GetCallerIdentity` | credentials of this engine, with a valid signature | the role and the session |
//!
//! Every other action is `InvalidAction`. [`http`](crate::http) serves both actions at the same
//! address as the operations, so an endpoint for SDKs needs nothing of this module.
//!
//! # Roles
//!
//! A role can be assumed with a token if the token's pool (`aud`) gives that role to identities of
//! the token's kind (`amr`): the pool's role for guests, and for authenticated identities the
//! pool's role for them and the roles of its mapping rules. Trust policies of IAM are not
//! evaluated. The token of an identity that has been deleted or merged into another is refused.
//!
//! The credentials are those of `GetCredentialsForIdentity`:
//! [`Engine::verify_session`](crate::Engine::verify_session) reads them back, and a
//! [`CredentialIssuer`](crate::credentials::CredentialIssuer) makes them instead if there is one.
//!
//! # Signatures
//!
//! `GetCallerIdentity` needs a signature of AWS Signature Version 4 in the `Authorization` header,
//! made with the secret key of the session and at most 15 minutes before or after the engine's
//! time.
//!
//! # Example: a token for credentials
//!
//! ```
//! use bytes::Bytes;
//! use cognate::operation::{
//!     CreateIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput, GuestAccess, RoleType,
//!     SetIdentityPoolRolesInput,
//! };
//! use cognate::token::SigningAlgorithm;
//! use cognate::{Engine, sts};
//! use http::Request;
//!
//! let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
//! let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
//! let pool = aws.create_identity_pool(
//!     CreateIdentityPoolInput::new("game", GuestAccess::Denied)
//!         .developer_provider_name("login.game"),
//! )?;
//! let role = "arn:aws:iam::123456789012:role/player";
//! let roles = SetIdentityPoolRolesInput::new(&pool.identity_pool_id);
//! aws.set_identity_pool_roles(roles.roles(RoleType::Authenticated, role))?;
//! let alice = aws.get_open_id_token_for_developer_identity(
//!     GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id)
//!         .logins("login.game", "alice"),
//! )?;
//!
//! let form = format!(
//!     "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={role}\
//!      &RoleSessionName=alice&WebIdentityToken={}",
//!     alice.token.as_str(),
//! );
//! let request = Request::post("/").body(Bytes::from(form))?;
//! let reply = sts::perform(&engine, &request, None);
//! assert_eq!(reply.status, 200);
//! let body = String::from_utf8(reply.body)?;
//! let arn = "<Arn>arn:aws:sts::123456789012:assumed-role/player/alice</Arn>";
//! assert!(body.contains(arn), "{body}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod assume_role;
mod caller;
mod fault;
mod form;
mod signature;
mod xml;

use ::http::{Method, Request};
use bytes::Bytes;

use crate::engine::Engine;
use crate::name::RequestId;
use crate::wire::{Fault, Reply};

use form::Form;

/// The XML namespace of every answer.
pub const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The version of the service, a parameter of every request.
const VERSION: &str = "2011-06-15";

/// The content type of every answer.
pub(crate) const ANSWER_TYPE: &str = "text/xml";

/// The content type of every request that has a body.
pub(crate) const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// An action of this STS.
#[derive(Debug, Clone, Copy)]
enum Action {
    AssumeRoleWithWebIdentity,
    GetCallerIdentity,
}

impl Action {
    const ALL: [Self; 2] = [Self::AssumeRoleWithWebIdentity, Self::GetCallerIdentity];

    fn name(self) -> &'static str {
        match self {
            Self::AssumeRoleWithWebIdentity => "AssumeRoleWithWebIdentity",
            Self::GetCallerIdentity => "GetCallerIdentity",
        }
    }

    fn of(form: Form<'_>) -> Result<Self, Fault> {
        let name = form.value("Action").ok_or_else(fault::missing_action)?;
        let version = form.value("Version");
        let mut known = Self::ALL.into_iter().filter(|action| action.name() == name);
        let known = known.next().filter(|_| version.as_deref() == Some(VERSION));
        known.ok_or_else(|| fault::invalid_action(&name, version.as_deref()))
    }
}

/// Performs the action that a request names: in its query if it is a `GET`, otherwise in its body,
/// a form of the type `application/x-www-form-urlencoded`. The body of the reply is XML of the
/// type `text/xml`, and names the request's id if there is one.
///
/// It reads the method, the target, the body, and the headers that the signature covers. The path
/// should be `/`.
pub fn perform(engine: &Engine, request: &Request<Bytes>, id: Option<&RequestId>) -> Reply {
    answer(engine, request, id).1
}

/// The reply as [`perform`] returns it, and the name of the action if it is known.
pub(crate) fn answer(
    engine: &Engine,
    request: &Request<Bytes>,
    id: Option<&RequestId>,
) -> (Option<&'static str>, Reply) {
    let is_query = request.method() == Method::GET;
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let form = Form::new(if is_query { query } else { request.body() });
    let action = match Action::of(form) {
        Ok(action) => action,
        Err(fault) => return (None, refusal(fault, id)),
    };
    let performed = match action {
        Action::AssumeRoleWithWebIdentity => assume_role::perform(engine, form),
        Action::GetCallerIdentity => caller::perform(engine, request),
    };
    let reply = match performed {
        Ok(members) => {
            Reply { status: 200, body: xml::answer(action.name(), &members, id), fault: None }
        }
        Err(fault) => refusal(fault, id),
    };
    (Some(action.name()), reply)
}

/// The reply of a refused request.
pub(crate) fn refusal(fault: Fault, id: Option<&RequestId>) -> Reply {
    Reply { status: fault.status(), body: xml::error(&fault, id), fault: Some(fault) }
}

#[cfg(test)]
mod tests;
