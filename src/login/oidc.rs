//! The verifier for OpenID Connect.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::ambient::Timestamp;
use crate::login::id_token::{IdToken, gives_access_tokens};
use crate::login::issuer::{Issuer, Issuers};
use crate::login::jwt::Jwt;
use crate::login::{JwkSet, LoginError, LoginVerifier};
use crate::name::{LoginToken, ProviderName};
use crate::part::{FromFn, forward};
use crate::state::{CognitoIdentityProvider, IdentityPool, PublicProvider, VerifiedLogin};

/// Verifies the identity tokens of OpenID Connect providers and user pools.
///
/// It opens no connection: the keys of issuers are handed in, as they are
/// ([`issuer`](Self::issuer)) or when they are needed ([`issuer_keys`](Self::issuer_keys)). An
/// issuer whose keys nobody gives proves nobody's login.
///
/// # Requirements of a token
///
/// In this order; the first failure is reported.
///
/// 1. The pool is configured for the provider, else [`LoginError::WrongAudience`].
/// 2. The text is three parts in base64url, the first two JSON objects without duplicate members,
///    and the claims that are checked here have their shape, `sub` its 1 to 1024 code points; else
///    [`LoginError::Malformed`]. So are tokens of other types: those whose `typ` is `at+jwt`,
///    `dpop+jwt`, `logout+jwt`, `oauth-authz-req+jwt`, `secevent+jwt` or
///    `token-introspection+jwt`, with or without `application/` and in any case, and those with
///    `events` that have URIs for names. A header with `crit` is [`LoginError::BadSignature`].
/// 3. `iss`, `sub`, `aud` and `exp` are there, else [`LoginError::MissingClaim`]; a user pool's
///    `token_use` is `id`, else [`LoginError::Malformed`].
/// 4. `iss` is `https://` and the provider's name, else [`LoginError::WrongIssuer`]. Only
///    `accounts.google.com` may leave the scheme out. One final slash does not count, neither of
///    `iss` nor of any name of the provider: issuers of Auth0 end in one. A user pool may instead
///    be [at a known emulator](Self::user_pools_at).
/// 5. The issuer's keys are known, else [`LoginError::Unavailable`], and one of them has signed the
///    token, or one of its [newer keys](IssuerKeys::newer_keys), else
///    [`LoginError::BadSignature`]. A `kid` names the key. RSA keys verify RS256,
///    RS384, RS512, PS256, PS384 and PS512, P-256 verifies ES256, P-384 verifies ES384 and Ed25519
///    verifies EdDSA; if the key itself names an algorithm, only that one. Nothing else is
///    accepted, neither `none` nor a symmetric signature.
/// 6. `nbf` and `iat`, if there, are no more than 5 minutes ahead, else
///    [`LoginError::NotYetValid`]; `exp` is later than now, else [`LoginError::Expired`].
/// 7. `azp` if there, else one `aud`, is the application that the pool has for the provider or the
///    client of one of its entries for the user pool, else [`LoginError::WrongAudience`]. For a
///    provider of the pool's `OpenIdConnectProviderARNs` it is one that is registered
///    ([`Issuer::client_id`]), else [`LoginError::UnregisteredAudience`].
/// 8. If the pool wants a server-side token check, the token is active
///    ([`server_side_token_check`](Self::server_side_token_check)), else [`LoginError::Inactive`].
///
/// # The proved login
///
/// The user `sub` of the provider, with every claim of the token and the application that it is
/// for. In the `amr` claim of the engine's own token the login appears as `ARN:OIDC:SUB` for a
/// provider of the pool's `OpenIdConnectProviderARNs`, as `PROVIDER:CognitoSignIn:SUB` for a user
/// pool and as `PROVIDER:SUB` otherwise.
///
/// # Example: an issuer whose keys are known
///
/// ```
/// use cognate::login::{Issuer, JwkSet, OidcVerifier};
/// use cognate::token::SigningAlgorithm;
/// use cognate::Engine;
///
/// let jwks = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "2026-01",
///     "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// let keys = JwkSet::from_json(jwks)?;
/// let verifier = OidcVerifier::new()
///     .issuer("accounts.google.com", keys.clone())
///     .issuer("login.example.com", Issuer::new(keys).client_id("game"));
/// let engine = Engine::builder()
///     .login_verifier(verifier)
///     .signing_algorithm(SigningAlgorithm::EdDsa)
///     .in_memory()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Example: keys that are looked up
///
/// ```
/// use std::collections::BTreeMap;
/// use std::sync::{Arc, RwLock};
///
/// use cognate::from_fn;
/// use cognate::login::{JwkSet, LoginError, OidcVerifier};
///
/// // Another thread fetches the key sets now and then.
/// let fetched: Arc<RwLock<BTreeMap<String, Arc<JwkSet>>>> = Arc::default();
/// let keys = move |issuer: &str, _kid: Option<&str>| {
///     let fetched = fetched.read().map_err(|error| LoginError::unavailable(error.to_string()))?;
///     let keys = fetched.get(issuer).cloned();
///     keys.ok_or_else(|| LoginError::unavailable("the keys have not been fetched yet"))
/// };
/// let verifier = OidcVerifier::new().issuer_keys(from_fn(keys));
/// ```
#[derive(Default)]
#[must_use]
pub struct OidcVerifier {
    issuers: Issuers,
    issuer_keys: Option<Box<dyn IssuerKeys>>,
    saml: Option<Box<dyn LoginVerifier>>,
    access_tokens: Option<Box<dyn LoginVerifier>>,
    token_check: Option<Box<dyn TokenCheck>>,
    grace_period: Duration,
}

impl OidcVerifier {
    /// Knows no issuer and so accepts nobody: the verifier of an engine that was given none.
    pub fn new() -> Self {
        Self::default()
    }

    /// Knows the issuer `name`, with or without `https://` and with or without one final slash: its
    /// keys, and with [`Issuer`] its applications. What was known of the name before is forgotten.
    pub fn issuer(mut self, name: impl AsRef<str>, issuer: impl Into<Issuer>) -> Self {
        self.issuers.insert(name.as_ref(), issuer.into());
        self
    }

    /// Asks `keys` for the keys of every issuer that was not given with keys of its own.
    pub fn issuer_keys(mut self, keys: impl IssuerKeys + 'static) -> Self {
        self.issuer_keys = Some(Box::new(keys));
        self
    }

    /// Accepts the name that an emulator of user pools at `address` writes into `iss`, beside the
    /// name that the service writes. For the user pool `cognito-idp.eu-west-1.amazonaws.com/POOL`
    /// it is `ADDRESS/POOL`, as in `http://localhost:9229/eu-west-1_a`. There may be several
    /// emulators. One final slash of `address` does not count.
    ///
    /// Users log in under the service's name of their user pool, which the identity pool has to
    /// name in its `CognitoIdentityProviders`. The keys are those of that name too.
    ///
    /// # Example: an emulator on this machine
    ///
    /// ```
    /// use cognate::login::{JwkSet, OidcVerifier};
    ///
    /// let keys = JwkSet::from_json(br#"{"keys": []}"#)?;
    /// let verifier = OidcVerifier::new()
    ///     .issuer("cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a", keys)
    ///     .user_pools_at("http://localhost:9229");
    /// # Ok::<(), cognate::login::JwkSetError>(())
    /// ```
    pub fn user_pools_at(mut self, address: impl AsRef<str>) -> Self {
        self.issuers.insert_emulator(address.as_ref());
        self
    }

    /// Verifies the assertions of SAML providers. Without it they are
    /// [`LoginError::Unavailable`].
    pub fn saml(mut self, verifier: impl LoginVerifier + 'static) -> Self {
        self.saml = Some(Box::new(verifier));
        self
    }

    /// Verifies the access tokens of those providers in a pool's `SupportedLoginProviders` that
    /// give no identity tokens: `graph.facebook.com`, `www.amazon.com`, `api.twitter.com` and
    /// `www.digits.com`. Without it they are [`LoginError::Unavailable`].
    pub fn access_tokens(mut self, verifier: impl LoginVerifier + 'static) -> Self {
        self.access_tokens = Some(Box::new(verifier));
        self
    }

    /// Asks `check` whether a token of a user pool is still active, where the pool's entry for the
    /// token's client has `ServerSideTokenCheck`. Without it every token counts as active.
    pub fn server_side_token_check(mut self, check: impl TokenCheck + 'static) -> Self {
        self.token_check = Some(Box::new(check));
        self
    }

    /// How long after its `exp` a token of a provider in a pool's `OpenIdConnectProviderARNs` is
    /// still accepted, in whole seconds; by default not at all.
    ///
    /// The service's developer guide grants such providers 5 minutes for the skew of clocks. What
    /// is observed of other tokens, `now >= exp`, grants none.
    pub fn grace_period(mut self, grace_period: Duration) -> Self {
        self.grace_period = grace_period;
        self
    }

    fn verify_id_token(
        &self,
        configured: &PublicProvider<'_>,
        provider: &ProviderName,
        token: &LoginToken,
        now: Timestamp,
    ) -> Result<VerifiedLogin, LoginError> {
        let is_emulator = |issuer: &str| self.issuers.is_emulator(configured, provider, issuer);
        let id_token = IdToken::read(token, provider, is_emulator)?;
        self.check_signature(provider, &id_token.jwt)?;
        let of_iam = matches!(configured, PublicProvider::OpenIdConnect(_));
        let grace_period = if of_iam { self.grace_period } else { Duration::ZERO };
        id_token.check_time(now, grace_period)?;
        let client = id_token.client(configured, self.issuers.registered(configured, provider))?;
        if let PublicProvider::UserPool(entries) = configured {
            self.check_active(entries, client, provider, token)?;
        }
        id_token.login(provider, configured, client)
    }

    fn check_signature(&self, provider: &ProviderName, jwt: &Jwt<'_>) -> Result<(), LoginError> {
        let has_signed = if let Some(keys) = self.issuers.keys(provider) {
            keys.has_signed(jwt)
        } else {
            let unknown = || LoginError::unavailable(format!("no keys of {provider} are known"));
            let asked = self.issuer_keys.as_ref().ok_or_else(unknown)?;
            let keys = asked.keys(provider.as_str(), jwt.kid.as_deref())?;
            keys.has_signed(jwt)
                || asked
                    .newer_keys(provider.as_str(), &keys)?
                    .is_some_and(|newer| newer.has_signed(jwt))
        };
        if has_signed { Ok(()) } else { Err(LoginError::BadSignature) }
    }

    /// The server-side token check, if an entry of the pool for `client` wants it.
    fn check_active(
        &self,
        entries: &[&CognitoIdentityProvider],
        client: &str,
        provider: &ProviderName,
        token: &LoginToken,
    ) -> Result<(), LoginError> {
        let wanted = entries.iter().any(|entry| {
            entry.client_id.as_ref().is_some_and(|known| known.as_str() == client)
                && entry.server_side_token_check == Some(true)
        });
        match &self.token_check {
            Some(check) if wanted && !check.is_active(provider, token)? => {
                Err(LoginError::Inactive)
            }
            _ => Ok(()),
        }
    }
}

impl LoginVerifier for OidcVerifier {
    fn verify(
        &self,
        pool: &IdentityPool,
        provider: &ProviderName,
        token: &LoginToken,
        now: Timestamp,
    ) -> Result<VerifiedLogin, LoginError> {
        let provider = &provider.without_final_slash();
        let configured = pool.public_provider(provider.as_str());
        let (other, kind) = match configured.ok_or(LoginError::WrongAudience)? {
            PublicProvider::Saml(_) => (&self.saml, "SAML assertions"),
            PublicProvider::Supported(_) if gives_access_tokens(provider) => {
                (&self.access_tokens, "access tokens")
            }
            configured @ (PublicProvider::Supported(_)
            | PublicProvider::UserPool(_)
            | PublicProvider::OpenIdConnect(_)) => {
                return self.verify_id_token(&configured, provider, token, now);
            }
        };
        let missing = || LoginError::unavailable(format!("no verifier of {kind} was provided"));
        let other = other.as_ref().ok_or_else(missing)?;
        other.verify(pool, provider, token, now)
    }
}

impl fmt::Debug for OidcVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcVerifier")
            .field("issuers", &self.issuers)
            .field("grace_period", &self.grace_period)
            .finish_non_exhaustive()
    }
}

/// Gives the keys of issuers when a token is to be verified, and so can refresh them.
///
/// [`from_fn`](crate::from_fn) makes one of any `Fn(&str, Option<&str>) -> Result<Arc<JwkSet>,
/// LoginError>`. The verifier asks it for every token that is well-formed and of the right issuer,
/// genuine or not; it should cache the keys.
///
/// # Example: keys that a program holds
///
/// ```
/// use std::sync::Arc;
///
/// use cognate::login::{IssuerKeys, JwkSet, LoginError};
///
/// struct Held(Arc<JwkSet>);
///
/// impl IssuerKeys for Held {
///     fn keys(&self, issuer: &str, _kid: Option<&str>) -> Result<Arc<JwkSet>, LoginError> {
///         match issuer {
///             "tenant.auth0.com" => Ok(Arc::clone(&self.0)),
///             other => Err(LoginError::unavailable(format!("the keys of {other} are unknown"))),
///         }
///     }
/// }
/// ```
pub trait IssuerKeys: Send + Sync {
    /// The keys of `issuer`, a provider of the pool by its name without `https://` and without one
    /// final slash ([`ProviderName::of_issuer`]). `kid` is the key that the token names; nothing
    /// has been proved of it.
    ///
    /// # Errors
    ///
    /// [`LoginError::Unavailable`] when the keys cannot be had.
    fn keys(&self, issuer: &str, kid: Option<&str>) -> Result<Arc<JwkSet>, LoginError>;

    /// The keys of `issuer` if they can have changed since [`keys`](Self::keys) gave `known`, none
    /// of which has signed the token. Without this method there are none.
    ///
    /// The issuer can have new keys: then the token may name one that `known` lacks, or one of
    /// another value. More often the token is a forgery, so limit how often you fetch for it.
    ///
    /// # Errors
    ///
    /// [`LoginError::Unavailable`] when newer keys cannot be had.
    fn newer_keys(
        &self,
        issuer: &str,
        known: &Arc<JwkSet>,
    ) -> Result<Option<Arc<JwkSet>>, LoginError> {
        let _ = (issuer, known);
        Ok(None)
    }
}

forward!(IssuerKeys {
    fn keys(&self, issuer: &str, kid: Option<&str>) -> Result<Arc<JwkSet>, LoginError>;
    fn newer_keys(
        &self,
        issuer: &str,
        known: &Arc<JwkSet>,
    ) -> Result<Option<Arc<JwkSet>>, LoginError>;
});

impl<F> IssuerKeys for FromFn<F>
where
    F: Fn(&str, Option<&str>) -> Result<Arc<JwkSet>, LoginError> + Send + Sync,
{
    fn keys(&self, issuer: &str, kid: Option<&str>) -> Result<Arc<JwkSet>, LoginError> {
        (self.0)(issuer, kid)
    }
}

/// Asks a user pool about a token, as `ServerSideTokenCheck` wants it.
///
/// [`from_fn`](crate::from_fn) makes one of any
/// `Fn(&ProviderName, &LoginToken) -> Result<bool, LoginError>`.
///
/// # Example: users who have signed out
///
/// ```
/// use std::collections::HashSet;
///
/// use cognate::login::{LoginError, TokenCheck};
/// use cognate::name::{LoginToken, ProviderName};
///
/// struct SignedOut(HashSet<String>);
///
/// impl TokenCheck for SignedOut {
///     fn is_active(&self, _: &ProviderName, token: &LoginToken) -> Result<bool, LoginError> {
///         Ok(!self.0.contains(token.as_str()))
///     }
/// }
/// ```
pub trait TokenCheck: Send + Sync {
    /// Whether the user of a verified `token` is still there and has not signed out.
    ///
    /// # Errors
    ///
    /// [`LoginError::Unavailable`] when the user pool cannot be asked.
    fn is_active(&self, provider: &ProviderName, token: &LoginToken) -> Result<bool, LoginError>;
}

forward!(TokenCheck {
    fn is_active(&self, provider: &ProviderName, token: &LoginToken) -> Result<bool, LoginError>;
});

impl<F> TokenCheck for FromFn<F>
where
    F: Fn(&ProviderName, &LoginToken) -> Result<bool, LoginError> + Send + Sync,
{
    fn is_active(&self, provider: &ProviderName, token: &LoginToken) -> Result<bool, LoginError> {
        (self.0)(provider, token)
    }
}

#[cfg(test)]
mod tests;
