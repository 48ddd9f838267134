//! Logins as callers present them, and the verifiers that check them.

mod id_token;
mod issuer;
mod jwt;
mod keys;
#[cfg(test)]
mod mint;
mod oidc;
mod unverified;

use std::error::Error as StdError;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::ambient::Timestamp;
use crate::cause::Cause;
use crate::constraint::REDACTED;
use crate::name::{LoginToken, ProviderName};
use crate::part::{FromFn, forward};
use crate::state::IdentityPool;

pub use crate::state::{ClaimValue, Login, PublicProvider, VerifiedLogin};
pub(crate) use id_token::is_of_another_issuer;
pub use issuer::Issuer;
pub use keys::{JwkSet, JwkSetError};
pub use oidc::{IssuerKeys, OidcVerifier, TokenCheck};
pub use unverified::UnverifiedLogins;

/// Checks that a token of a public provider is genuine, current and meant for the pool.
///
/// [`OidcVerifier`] does this for OpenID Connect. A verifier may be slow: the engine holds no lock
/// while it runs.
///
/// # Example: a verifier that is chosen at run time
///
/// ```
/// use cognate::login::{LoginVerifier, OidcVerifier, UnverifiedLogins};
/// use cognate::Engine;
///
/// let is_test = std::env::args().any(|argument| argument == "--test");
/// let verifier: Box<dyn LoginVerifier> = if is_test {
///     Box::new(UnverifiedLogins::trust_everyone())
/// } else {
///     Box::new(OidcVerifier::new())
/// };
/// let engine = Engine::builder().login_verifier(verifier).in_memory()?;
/// # Ok::<(), cognate::Error>(())
/// ```
///
/// # Example: a provider with opaque tokens
///
/// ```
/// use cognate::ambient::Timestamp;
/// use cognate::login::{LoginError, LoginVerifier, VerifiedLogin};
/// use cognate::name::{LoginToken, ProviderName};
/// use cognate::operation::IdentityPool;
/// use cognate::Engine;
///
/// struct Directory;
///
/// impl LoginVerifier for Directory {
///     fn verify(
///         &self,
///         pool: &IdentityPool,
///         provider: &ProviderName,
///         token: &LoginToken,
///         _now: Timestamp,
///     ) -> Result<VerifiedLogin, LoginError> {
///         pool.public_provider(provider.as_str()).ok_or(LoginError::WrongAudience)?;
///         let user = match token.as_str() {
///             "" => return Err(LoginError::unavailable("the directory does not answer")),
///             token => token.strip_prefix("user-").ok_or(LoginError::Malformed)?,
///         };
///         VerifiedLogin::assertion(provider, user).map_err(|_| LoginError::Malformed)
///     }
/// }
///
/// let engine = Engine::builder().login_verifier(Directory).in_memory()?;
/// # Ok::<(), cognate::Error>(())
/// ```
pub trait LoginVerifier: Send + Sync {
    /// Verifies `token`, which the caller presents under `provider` to `pool` at the time `now`.
    ///
    /// `provider` is the caller's key. It ends in a slash if the caller wrote one;
    /// [`IdentityPool::public_provider`] accepts both spellings.
    ///
    /// # Errors
    ///
    /// [`LoginError`]. The engine then refuses the whole call and changes nothing.
    fn verify(
        &self,
        pool: &IdentityPool,
        provider: &ProviderName,
        token: &LoginToken,
        now: Timestamp,
    ) -> Result<VerifiedLogin, LoginError>;
}

forward!(LoginVerifier {
    fn verify(
        &self,
        pool: &IdentityPool,
        provider: &ProviderName,
        token: &LoginToken,
        now: Timestamp,
    ) -> Result<VerifiedLogin, LoginError>;
});

impl<F> LoginVerifier for FromFn<F>
where
    F: Fn(
            &IdentityPool,
            &ProviderName,
            &LoginToken,
            Timestamp,
        ) -> Result<VerifiedLogin, LoginError>
        + Send
        + Sync,
{
    fn verify(
        &self,
        pool: &IdentityPool,
        provider: &ProviderName,
        token: &LoginToken,
        now: Timestamp,
    ) -> Result<VerifiedLogin, LoginError> {
        (self.0)(pool, provider, token, now)
    }
}

/// The reason why a verifier did not accept a login.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The verifier could not check the token: `ExternalServiceException`. The caller does not see
    /// the cause.
    #[error("the login provider is not available")]
    Unavailable(#[source] Cause),
    /// The text is not a token of this provider.
    #[error("the token is malformed")]
    Malformed,
    /// The token lacks this required claim.
    #[error("the token lacks the claim {0}")]
    MissingClaim(&'static str),
    /// The issuer of the token differs from the provider under which it is presented.
    #[error("the token is of another issuer")]
    WrongIssuer,
    /// The signature does not verify.
    #[error("the token's signature does not verify")]
    BadSignature,
    /// The token is not valid yet.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// The token has expired. Both times are in epoch seconds.
    #[error("the token has expired: {now} >= {exp}")]
    Expired {
        /// The time of the call.
        now: u64,
        /// The token's `exp`.
        exp: u64,
    },
    /// The token is for an application that the pool does not accept.
    #[error("the token is for an application that the pool does not accept")]
    WrongAudience,
    /// The token is for an application that is not registered with the OpenID Connect provider of
    /// IAM.
    #[error("the token is for an application that is not registered with the provider")]
    UnregisteredAudience,
    /// The provider reports that the user has signed out or no longer exists.
    #[error("the token is inactive")]
    Inactive,
}

impl LoginError {
    /// The verifier failed because of this error, or for the reason in this text.
    pub fn unavailable(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Unavailable(Cause::new(cause))
    }
}

/// The logins that a caller presents, in the caller's order: at most 10, one for each key. Two keys
/// that differ by a final slash are two logins of one provider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Logins(Vec<(ProviderName, LoginToken)>);

impl Logins {
    /// The most logins that one call may present.
    pub const LENGTH_MAX: usize = 10;

    /// Adds a login; one that was already presented for the same provider is replaced.
    pub(crate) fn present(&mut self, provider: ProviderName, token: LoginToken) {
        match self.0.iter_mut().find(|(known, _)| *known == provider) {
            Some((_, presented)) => *presented = token,
            None => self.0.push((provider, token)),
        }
    }

    /// The only one.
    pub(crate) fn single(&self) -> Option<(&ProviderName, &LoginToken)> {
        let [(provider, token)] = self.0.as_slice() else { return None };
        Some((provider, token))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Providers and what was presented for them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&ProviderName, &LoginToken)> {
        self.0.iter().map(|(provider, token)| (provider, token))
    }
}

/// The providers, without what was presented for them.
impl fmt::Display for Logins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<_> =
            self.iter().map(|(provider, _)| format!("{provider}={REDACTED}")).collect();
        write!(f, "{{{}}}", shown.join(", "))
    }
}

/// As a map, in the caller's order.
impl Serialize for Logins {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// From a map, whose order is kept.
impl<'de> Deserialize<'de> for Logins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Logins;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a map of at most {} logins", Logins::LENGTH_MAX)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Logins, A::Error> {
                let mut logins = Logins::default();
                while let Some((provider, token)) = map.next_entry()? {
                    logins.present(provider, token);
                    if logins.0.len() > Logins::LENGTH_MAX {
                        return Err(A::Error::invalid_length(logins.0.len(), &self));
                    }
                }
                Ok(logins)
            }
        }

        deserializer.deserialize_map(Entries)
    }
}
