//! Temporary credentials, their sessions, and the trait that makes them.

mod session_key;
#[cfg(feature = "http")]
pub(crate) mod signature;

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ambient::Timestamp;
use crate::cause::Cause;
use crate::constraint::REDACTED;
use crate::id::{IdentityId, IdentityPoolId};
use crate::name::{Arn, RoleSessionName};
use crate::part::{FromFn, forward};
use crate::state::PrincipalTags;

pub(crate) use session_key::{ParsedSessionToken, SessionKey};

/// The lifetime of credentials of `GetCredentialsForIdentity`: an hour.
pub(crate) const SESSION_SECS: u64 = 3_600;

/// The longest lifetime that `AssumeRoleWithWebIdentity` can be asked for: twelve hours.
pub(crate) const SESSION_SECS_MAX: u64 = 43_200;

/// Makes temporary credentials for a role that the engine has chosen.
///
/// Without an issuer the engine makes the credentials itself, and [`Engine::verify_session`] reads
/// them back. Provide one to connect an STS of your own, which can check the role's trust policy
/// and returns its own credentials.
///
/// The engine calls the issuer before it writes. It calls again if another writer changes the same
/// records meanwhile. The issuer may be slow: the engine holds no lock while it runs.
///
/// # Example: credentials of another STS
///
/// ```
/// use cognate::credentials::{CredentialError, CredentialIssuer, Credentials, Session};
/// use cognate::Engine;
///
/// struct Sts;
///
/// impl CredentialIssuer for Sts {
///     fn issue(&self, session: &Session) -> Result<Credentials, CredentialError> {
///         if session.role_arn.as_str().ends_with(":role/retired") {
///             return Err(CredentialError::Refused);
///         }
///         Ok(Credentials::new("ASIAEXAMPLE", "secret", "token", session.expiration))
///     }
/// }
///
/// let engine = Engine::builder().credential_issuer(Sts).in_memory()?;
/// # Ok::<(), cognate::Error>(())
/// ```
///
/// [`Engine::verify_session`]: crate::Engine::verify_session
pub trait CredentialIssuer: Send + Sync {
    /// Makes credentials for a session.
    ///
    /// # Errors
    ///
    /// [`CredentialError`]. The engine then refuses the whole call and changes nothing.
    fn issue(&self, session: &Session) -> Result<Credentials, CredentialError>;
}

forward!(CredentialIssuer {
    fn issue(&self, session: &Session) -> Result<Credentials, CredentialError>;
});

impl<F> CredentialIssuer for FromFn<F>
where
    F: Fn(&Session) -> Result<Credentials, CredentialError> + Send + Sync,
{
    fn issue(&self, session: &Session) -> Result<Credentials, CredentialError> {
        (self.0)(session)
    }
}

/// The reason why an issuer made no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The role cannot be assumed: `InvalidIdentityPoolConfigurationException`.
    #[error("the role cannot be assumed")]
    Refused,
    /// The issuer failed: `ExternalServiceException`. The caller does not see the cause.
    #[error("credentials are not available")]
    Unavailable(#[source] Cause),
}

impl CredentialError {
    /// The issuer failed because of this error, or for the reason in this text.
    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(Cause::new(cause))
    }
}

/// The subject of credentials, and the role that they are for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Session {
    /// The identity.
    pub identity_id: IdentityId,
    /// The identity's pool.
    pub identity_pool_id: IdentityPoolId,
    /// The role.
    pub role_arn: Arn,
    /// The name of the session, part of the caller's ARN: `CognitoIdentityCredentials` for
    /// credentials of `GetCredentialsForIdentity`.
    #[serde(default = "RoleSessionName::of_credentials")]
    pub role_session_name: RoleSessionName,
    /// The tags of the principal.
    pub principal_tags: PrincipalTags,
    /// The `amr` of a token for the same logins: `unauthenticated`, or `authenticated` and then the
    /// provider and the full name of each presented login.
    pub amr: Vec<String>,
    /// The end of the session, in whole seconds.
    pub expiration: Timestamp,
}

impl Session {
    /// A session of `GetCredentialsForIdentity` for a guest without tags. Set its other members as
    /// needed.
    pub fn new(
        identity_id: IdentityId,
        identity_pool_id: IdentityPoolId,
        role_arn: Arn,
        expiration: Timestamp,
    ) -> Self {
        Self {
            identity_id,
            identity_pool_id,
            role_arn,
            role_session_name: RoleSessionName::of_credentials(),
            principal_tags: PrincipalTags::new(),
            amr: vec!["unauthenticated".to_owned()],
            expiration,
        }
    }

    /// The caller's ARN as an STS reports it:
    /// `arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    ///
    /// `None` if the role's ARN does not have the form `arn:PARTITION:iam::ACCOUNT:role/ROLE`.
    pub fn assumed_role_arn(&self) -> Option<String> {
        let account = self.role_arn.iam_account()?;
        let partition = self.role_arn.as_str().split(':').nth(1)?;
        let role = self.role_arn.iam_resource(crate::state::ROLE)?.rsplit('/').next()?;
        let name = &self.role_session_name;
        Some(format!("arn:{partition}:sts::{account}:assumed-role/{role}/{name}"))
    }

    /// The caller's user id as an STS reports it: an id that stands for the role, a colon, and the
    /// name of the session.
    ///
    /// The id has the form of AWS, `AROA` and 17 letters and digits. It is computed from the role's
    /// ARN, so it is always the same for one role.
    pub fn assumed_role_id(&self) -> String {
        format!("{}:{}", session_key::role_id(&self.role_arn), self.role_session_name)
    }
}

/// Temporary credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials {
    /// The id of the secret key, part of every signed request.
    pub access_key_id: String,
    /// The key that signs requests.
    pub secret_key: SecretKey,
    /// The token that identifies the session.
    pub session_token: SessionToken,
    /// The end of the session, in whole seconds.
    pub expiration: Timestamp,
}

impl Credentials {
    /// The credentials that an issuer has made.
    pub fn new(
        access_key_id: impl Into<String>,
        secret_key: impl Into<String>,
        session_token: impl Into<String>,
        expiration: Timestamp,
    ) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret_key: SecretKey(secret_key.into()),
            session_token: SessionToken(session_token.into()),
            expiration,
        }
    }
}

/// Defines a secret text: `Debug` redacts it, and there is no `Display`.
macro_rules! secret_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), REDACTED)
            }
        }
    };
}

secret_text! {
    /// A secret access key. The engine makes keys of 40 characters. `Debug` redacts it.
    SecretKey
}

secret_text! {
    /// A session token. `Debug` redacts it.
    SessionToken
}

impl SessionToken {
    /// A text that a caller presents as a session token.
    pub(crate) fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A session of this engine, read back from its token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedSession {
    /// The session.
    pub session: Session,
    /// The session's access key id. A request with another one is forged.
    pub access_key_id: String,
    /// The key that signs the session's requests.
    pub secret_key: SecretKey,
}
