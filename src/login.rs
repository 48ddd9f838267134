//! Logins as they are presented, and the verifiers that prove them.

mod id_token;
mod issuer;
mod jwt;
mod keys;
#[cfg(test)]
mod mint;
mod oidc;
mod unverified;

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::ambient::Timestamp;
use crate::constraint::REDACTED;
use crate::name::{LoginToken, ProviderName};
use crate::state::IdentityPool;

pub use crate::state::{ClaimValue, Login, PublicProvider, VerifiedLogin};
pub(crate) use id_token::is_of_another_issuer;
pub use issuer::Issuer;
pub use keys::{JwkSet, JwkSetError};
pub use oidc::{IssuerKeys, OidcVerifier, TokenCheck};
pub use unverified::UnverifiedLogins;

/// Proves that a token of a public provider is genuine, current and meant for the pool.
///
/// [`OidcVerifier`] is one for OpenID Connect. It may be slow: nothing is held while it works.
pub trait LoginVerifier: Send + Sync {
    /// Verifies `token`, presented under `provider` to `pool` at the moment `now`.
    ///
    /// `provider` is the caller's key, with a final slash if the caller wrote one;
    /// [`IdentityPool::public_provider`] finds it either way.
    ///
    /// # Errors
    ///
    /// [`LoginError`], which refuses the whole call; nothing then changes.
    fn verify(
        &self,
        pool: &IdentityPool,
        provider: &ProviderName,
        token: &LoginToken,
        now: Timestamp,
    ) -> Result<VerifiedLogin, LoginError>;
}

/// Why a presented login was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginError {
    /// The provider could not be asked: `ExternalServiceException`.
    Unavailable,
    /// The text is no token of this provider.
    Malformed,
    /// The token lacks a claim that every token has to have: its name.
    MissingClaim(&'static str),
    /// The token names another issuer than the provider it is presented under.
    WrongIssuer,
    /// The signature does not verify.
    BadSignature,
    /// The token is of the future.
    NotYetValid,
    /// The token is of the past; both in epoch seconds.
    Expired {
        /// The moment of the call.
        now: u64,
        /// The token's `exp`.
        exp: u64,
    },
    /// The token is for an application that the pool does not accept.
    WrongAudience,
    /// The token is for an application that is not registered with the OpenID Connect provider of
    /// IAM.
    UnregisteredAudience,
    /// The provider says that the user has signed out or is gone.
    Inactive,
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
