//! Checks of an OpenID Connect identity token, except for its signature.
//!
//! Contract section 5.2 gives the checks and their order. The signature is checked between
//! [`IdToken::read`] and [`IdToken::check_time`].

use std::time::Duration;

use crate::ambient::Timestamp;
use crate::login::LoginError;
use crate::login::jwt::Jwt;
use crate::name::{LoginToken, ProviderName, Subject, is_same_provider};
use crate::state::{PublicProvider, VerifiedLogin};

/// The maximum lead of an issuer's clock.
const CLOCK_SKEW_SECS: u64 = 300;

/// The only issuer that may omit its scheme.
const GOOGLE: &str = "accounts.google.com";

/// Well-known providers whose users present an opaque access token instead.
const ACCESS_TOKEN_PROVIDERS: [&str; 4] =
    ["api.twitter.com", "graph.facebook.com", "www.amazon.com", "www.digits.com"];

/// Values of `typ` in tokens that are not identity tokens: access tokens (RFC 9068), proofs of
/// possession (RFC 9449), logout tokens (OpenID Connect Back-Channel Logout), requests (RFC 9101),
/// security events (RFC 8417) and introspections (RFC 9701).
///
/// Identity tokens have no type of their own. Providers write `JWT`, `id_token+jwt` or nothing.
const OTHER_TYPES: [&str; 6] = [
    "at+jwt",
    "dpop+jwt",
    "logout+jwt",
    "oauth-authz-req+jwt",
    "secevent+jwt",
    "token-introspection+jwt",
];

/// Returns true if `provider` is a well-known provider of opaque access tokens.
pub(super) fn gives_access_tokens(provider: &ProviderName) -> bool {
    ACCESS_TOKEN_PROVIDERS.iter().any(|known| is_same_provider(known, provider.as_str()))
}

/// A token with all required claims, of the issuer that it is presented under.
pub(super) struct IdToken<'a> {
    pub(super) jwt: Jwt<'a>,
    subject: Subject,
    /// The authorized party, or else all audiences.
    clients: Vec<String>,
    /// The later of `nbf` and `iat`, in epoch seconds.
    begins: u64,
    /// `exp`, in epoch seconds.
    ends: u64,
}

impl<'a> IdToken<'a> {
    /// Reads a token that is presented under `provider`. `is_emulator` returns true for a further
    /// issuer that is accepted in its place.
    ///
    /// # Errors
    ///
    /// * [`LoginError::Malformed`] for a text that is not a token, for a token of another type, or
    ///   for a claim with an invalid value.
    /// * [`LoginError::BadSignature`] for a header with `crit`.
    /// * [`LoginError::MissingClaim`] for the first missing claim of `iss`, `sub`, `aud` and `exp`.
    /// * [`LoginError::Malformed`] for a user pool's token that is not an identity token.
    /// * [`LoginError::WrongIssuer`] for a token of another issuer.
    pub(super) fn read(
        token: &'a LoginToken,
        provider: &ProviderName,
        is_emulator: impl FnOnce(&str) -> bool,
    ) -> Result<Self, LoginError> {
        let jwt = Jwt::parse(token)?;
        if is_of_another_type(&jwt) {
            return Err(LoginError::Malformed);
        }
        let claims = &jwt.claims;
        let (issuer, subject) = (claims.text("iss")?, claims.text("sub")?);
        let (audience, exp) = (claims.texts("aud")?, claims.seconds("exp")?);
        let (nbf, iat) = (claims.seconds("nbf")?, claims.seconds("iat")?);
        let (party, token_use) = (claims.text("azp")?, claims.text("token_use")?);
        let subject = subject.map(Subject::try_from).transpose();
        let subject = subject.map_err(|_| LoginError::Malformed)?;
        if jwt.is_critical {
            return Err(LoginError::BadSignature);
        }

        let missing = LoginError::MissingClaim;
        let issuer = issuer.ok_or(missing("iss"))?;
        let subject = subject.ok_or(missing("sub"))?;
        let audience = audience.ok_or(missing("aud"))?;
        let ends = exp.ok_or(missing("exp"))?;
        // An access token of a user pool may have an audience too.
        if token_use.is_some_and(|token_use| token_use != "id") {
            return Err(LoginError::Malformed);
        }
        if !is_issuer(issuer, provider) && !is_emulator(issuer) {
            return Err(LoginError::WrongIssuer);
        }

        let clients = party.map_or(audience, |party| vec![party]);
        let clients = clients.into_iter().map(str::to_owned).collect();
        let begins = nbf.max(iat).unwrap_or_default();
        Ok(Self { jwt, subject, clients, begins, ends })
    }

    /// Checks that the token is valid at `now`. It is no longer valid in the second of its expiry.
    ///
    /// # Errors
    ///
    /// * [`LoginError::NotYetValid`] if the token begins or was issued more than 5 minutes after
    ///   `now`.
    /// * [`LoginError::Expired`] if the token expired at least `grace_period` ago, in whole
    ///   seconds.
    pub(super) fn check_time(
        &self,
        now: Timestamp,
        grace_period: Duration,
    ) -> Result<(), LoginError> {
        let now = now.as_secs();
        if self.begins > now.saturating_add(CLOCK_SKEW_SECS) {
            return Err(LoginError::NotYetValid);
        }
        if now >= self.ends.saturating_add(grace_period.as_secs()) {
            return Err(LoginError::Expired { now, exp: self.ends });
        }
        Ok(())
    }

    /// The application that the token was issued for. It is the first one that the pool accepts.
    /// For an OpenID Connect provider of IAM it is one of the `registered` ones, or any if none is
    /// registered.
    ///
    /// # Errors
    ///
    /// Returns [`LoginError::UnregisteredAudience`] for a provider of IAM, and
    /// [`LoginError::WrongAudience`] for any other provider.
    pub(super) fn client(
        &self,
        configured: &PublicProvider<'_>,
        registered: &[String],
    ) -> Result<&str, LoginError> {
        let accepts = |client: &str| match configured {
            PublicProvider::Supported(app) => app.as_str() == client,
            PublicProvider::UserPool(entries) => entries
                .iter()
                .filter_map(|entry| entry.client_id.as_ref())
                .any(|known| known.as_str() == client),
            PublicProvider::OpenIdConnect(_) => {
                registered.is_empty() || registered.iter().any(|known| known == client)
            }
            PublicProvider::Saml(_) => false,
        };
        let mut clients = self.clients.iter().map(String::as_str);
        clients.find(|client| accepts(client)).ok_or(match configured {
            PublicProvider::OpenIdConnect(_) => LoginError::UnregisteredAudience,
            PublicProvider::Supported(_)
            | PublicProvider::UserPool(_)
            | PublicProvider::Saml(_) => LoginError::WrongAudience,
        })
    }

    /// The login that the token proves. Call it after all checks.
    pub(super) fn login(
        &self,
        provider: &ProviderName,
        configured: &PublicProvider<'_>,
        client: &str,
    ) -> Result<VerifiedLogin, LoginError> {
        let subject = &self.subject;
        let login = VerifiedLogin::assertion(provider, subject.as_str());
        let login = login.map_err(|_| LoginError::Malformed)?.client_id(client);
        let login = match configured {
            PublicProvider::OpenIdConnect(arn) => login.amr_entry(format!("{arn}:OIDC:{subject}")),
            PublicProvider::UserPool(_) => {
                login.amr_entry(format!("{provider}:CognitoSignIn:{subject}"))
            }
            PublicProvider::Supported(_) | PublicProvider::Saml(_) => login,
        };
        let claims = self.jwt.claims.values();
        Ok(claims.fold(login, |login, (name, value)| login.claim(name, value)))
    }
}

/// Returns true if a token declares that it is not an identity token. It does so by its `typ`, a
/// media type (RFC 7515, section 4.1.9), or by the events that it reports, whose names are URIs
/// (RFC 8417, section 2.2).
fn is_of_another_type(jwt: &Jwt<'_>) -> bool {
    let typ = jwt.typ.as_deref().unwrap_or_default().to_ascii_lowercase();
    let typ = typ.split(';').next().unwrap_or_default().trim_end();
    let typ = typ.strip_prefix("application/").unwrap_or(typ);
    OTHER_TYPES.contains(&typ) || jwt.claims.names_in("events").any(|name| name.contains(':'))
}

/// A provider is presented under its issuer without `https://`, with or without one final slash.
fn is_issuer(issuer: &str, provider: &ProviderName) -> bool {
    let is_provider = |name| is_same_provider(name, provider.as_str());
    issuer.strip_prefix("https://").is_some_and(is_provider)
        || (is_provider(GOOGLE) && is_provider(issuer))
}

/// Returns true if `token` is a JSON Web Token of an issuer other than the one it is presented
/// under, or of no issuer.
pub(crate) fn is_of_another_issuer(token: &LoginToken, provider: &ProviderName) -> bool {
    let Ok(jwt) = Jwt::parse(token) else { return false };
    let issuer = jwt.claims.text("iss").ok().flatten();
    !issuer.is_some_and(|issuer| is_issuer(issuer, provider))
}

#[cfg(test)]
mod tests;
