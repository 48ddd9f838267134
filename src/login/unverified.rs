//! A verifier for local tests that accepts tokens without verifying their signatures.

use std::time::Duration;

use ring::digest::{SHA256, digest};

use crate::ambient::Timestamp;
use crate::login::id_token::{IdToken, gives_access_tokens};
use crate::login::issuer::{Issuer, Issuers};
use crate::login::{LoginError, LoginVerifier};
use crate::name::{LoginToken, ProviderAppId, ProviderName};
use crate::state::{IdentityPool, PublicProvider, VerifiedLogin};

/// **For local testing only.** Accepts every token without checking its signature, so anyone can
/// log in as anyone.
///
/// All other checks are the same as in [`OidcVerifier`](crate::login::OidcVerifier) without
/// options: the format, the required claims, the issuer, the time and the audience. The `alg` may
/// have any value, including `none`, and the third part may be empty.
///
/// An access token of `graph.facebook.com`, `www.amazon.com`, `api.twitter.com` or `www.digits.com`
/// is opaque. The same access token always means the same user: the subject is its SHA-256 in
/// hexadecimal digits. SAML assertions are refused with [`LoginError::Unavailable`].
///
/// # Example: any access token is a user
///
/// ```
/// use cognate::login::UnverifiedLogins;
/// use cognate::operation::{
///     CreateIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput, GuestAccess,
/// };
/// use cognate::token::SigningAlgorithm;
/// use cognate::Engine;
///
/// let engine = Engine::builder()
///     .login_verifier(UnverifiedLogins::trust_everyone())
///     .signing_algorithm(SigningAlgorithm::EdDsa)
///     .in_memory()?;
/// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
/// let pool = aws.create_identity_pool(
///     CreateIdentityPoolInput::new("game", GuestAccess::Denied)
///         .developer_provider_name("login.game")
///         .supported_login_providers("graph.facebook.com", "7346241598935552"),
/// )?;
/// let call = GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id)
///     .logins("login.game", "alice")
///     .logins("graph.facebook.com", "whatever");
/// let token = aws.get_open_id_token_for_developer_identity(call)?.token;
/// assert!(engine.verify_token(token.as_str())?.amr().contains(&"graph.facebook.com".to_owned()));
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct UnverifiedLogins {
    issuers: Issuers,
}

impl UnverifiedLogins {
    /// Trusts every caller. Do not use it on a machine that others can reach.
    pub fn trust_everyone() -> Self {
        Self { issuers: Issuers::default() }
    }

    /// Adds the applications that are registered with the issuer `name`. Its keys are not used.
    pub fn issuer(mut self, name: impl AsRef<str>, issuer: impl Into<Issuer>) -> Self {
        self.issuers.insert(name.as_ref(), issuer.into());
        self
    }
}

impl LoginVerifier for UnverifiedLogins {
    fn verify(
        &self,
        pool: &IdentityPool,
        provider: &ProviderName,
        token: &LoginToken,
        now: Timestamp,
    ) -> Result<VerifiedLogin, LoginError> {
        let provider = &provider.without_final_slash();
        let configured = pool.public_provider(provider.as_str());
        match configured.ok_or(LoginError::WrongAudience)? {
            PublicProvider::Saml(_) => {
                Err(LoginError::unavailable("no verifier of SAML assertions was provided"))
            }
            PublicProvider::Supported(app) if gives_access_tokens(provider) => {
                holder(provider, app, token)
            }
            configured @ (PublicProvider::Supported(_)
            | PublicProvider::UserPool(_)
            | PublicProvider::OpenIdConnect(_)) => {
                let id_token = IdToken::read(token, provider, |_| false)?;
                id_token.check_time(now, Duration::ZERO)?;
                let registered = self.issuers.registered(&configured, provider);
                let client = id_token.client(&configured, registered)?;
                id_token.login(provider, &configured, client)
            }
        }
    }
}

/// The user of an opaque access token.
fn holder(
    provider: &ProviderName,
    app: &ProviderAppId,
    token: &LoginToken,
) -> Result<VerifiedLogin, LoginError> {
    let digest = digest(&SHA256, token.as_str().as_bytes());
    let nibbles = digest.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let subject: String = nibbles.filter_map(|n| char::from_digit(n.into(), 16)).collect();
    // For Twitter, a pool has the consumer key as `KEY;SECRET`.
    let app = app.as_str().split(';').next().unwrap_or_default();
    let login = VerifiedLogin::assertion(provider, subject.as_str());
    let login = login.map_err(|_| LoginError::Malformed)?.client_id(app);
    Ok(login.claim("iss", provider.as_str()).claim("aud", app).claim("sub", subject.as_str()))
}

#[cfg(test)]
mod tests;
