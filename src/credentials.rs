//! Temporary credentials: who gets them, and who makes them.

mod session_key;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ambient::Timestamp;
use crate::constraint::REDACTED;
use crate::id::{IdentityId, IdentityPoolId};
use crate::name::Arn;
use crate::state::PrincipalTags;

pub(crate) use session_key::{ParsedSessionToken, SessionKey};

/// How long credentials are valid, in seconds: an hour.
pub(crate) const SESSION_SECS: u64 = 3_600;

/// Makes temporary credentials for a role that has been chosen.
///
/// Without one the engine makes them by itself, and [`Engine::verify_session`] reads them back. An
/// embedder with an STS of its own puts it here: to look at the role's trust policy, or to let its
/// own credentials come out. It is asked before anything is written; a call whose race is lost asks
/// again. It may be slow: nothing is held while it works.
///
/// [`Engine::verify_session`]: crate::Engine::verify_session
pub trait CredentialIssuer: Send + Sync {
    /// Makes credentials for a session.
    ///
    /// # Errors
    ///
    /// [`CredentialError`], which refuses the whole call; nothing then changes.
    fn issue(&self, session: &Session) -> Result<Credentials, CredentialError>;
}

/// Why no credentials were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialError {
    /// The role cannot be assumed: `InvalidIdentityPoolConfigurationException`.
    Refused,
    /// They cannot be made now: `ExternalServiceException`.
    Unavailable,
}

/// Who credentials are for, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Session {
    /// The identity.
    pub identity_id: IdentityId,
    /// The identity's pool.
    pub identity_pool_id: IdentityPoolId,
    /// The role.
    pub role_arn: Arn,
    /// The tags of the principal.
    pub principal_tags: PrincipalTags,
    /// `unauthenticated`, or `authenticated` and for each login that was presented its provider and
    /// its full name: the `amr` of a token for the same logins.
    pub amr: Vec<String>,
    /// When the session ends, in whole seconds.
    pub expiration: Timestamp,
}

impl Session {
    /// A guest's session without tags; its members can be set.
    pub fn new(
        identity_id: IdentityId,
        identity_pool_id: IdentityPoolId,
        role_arn: Arn,
        expiration: Timestamp,
    ) -> Self {
        let (principal_tags, amr) = (PrincipalTags::new(), vec!["unauthenticated".to_owned()]);
        Self { identity_id, identity_pool_id, role_arn, principal_tags, amr, expiration }
    }

    /// The name that every session of the service has.
    pub const ROLE_SESSION_NAME: &str = "CognitoIdentityCredentials";

    /// Who is calling, as an STS says:
    /// `arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/CognitoIdentityCredentials`.
    ///
    /// `None` for a role that is not named `arn:PARTITION:iam::ACCOUNT:role/ROLE`.
    pub fn assumed_role_arn(&self) -> Option<String> {
        let account = self.role_arn.iam_account()?;
        let partition = self.role_arn.as_str().split(':').nth(1)?;
        let role = self.role_arn.iam_resource(crate::state::ROLE)?.rsplit('/').next()?;
        let name = Self::ROLE_SESSION_NAME;
        Some(format!("arn:{partition}:sts::{account}:assumed-role/{role}/{name}"))
    }
}

/// Temporary credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials {
    /// The name of the secret key, which every request tells.
    pub access_key_id: String,
    /// What requests are signed with.
    pub secret_key: SecretKey,
    /// What tells who is calling.
    pub session_token: SessionToken,
    /// When they end, in whole seconds.
    pub expiration: Timestamp,
}

impl Credentials {
    /// Credentials that an issuer has made.
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

/// Text that opens something: `Debug` does not show it, and there is no `Display`.
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
    /// A secret access key; the engine's own have 40 characters. `Debug` does not show it.
    SecretKey
}

secret_text! {
    /// A session token. `Debug` does not show it.
    SessionToken
}

impl SessionToken {
    /// What a caller presents as one.
    pub(crate) fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A session that this engine has made credentials for, read back from its token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedSession {
    /// The session.
    pub session: Session,
    /// The access key that belongs to it; a request with another one is forged.
    pub access_key_id: String,
    /// What the requests of the session are signed with.
    pub secret_key: SecretKey,
}
