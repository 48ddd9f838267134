//! Providers of a pool and the meaning of the keys of a `Logins` map.

use crate::id::TokenIssuer;
use crate::name::{
    DeveloperProviderName, ProviderName, UserPoolClientId, UserPoolProviderName, is_same_provider,
    without_final_slash,
};
use crate::rules::Refusal;
use crate::state::{IdentityPool, Pool, PublicProvider, VerifiedLogin};

/// Words that `amr` uses itself. No provider may have these names.
const AMR_WORDS: [&str; 2] = ["authenticated", "unauthenticated"];

/// Public providers with well-known names.
const PUBLIC_PROVIDERS: [&str; 6] = [
    "accounts.google.com",
    "api.twitter.com",
    "appleid.apple.com",
    "graph.facebook.com",
    "www.amazon.com",
    "www.digits.com",
];

/// The kinds of logins that an operation accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepts {
    /// A developer user, optionally with public logins: the signed operation.
    Developer,
    /// Public logins.
    Public,
    /// Public logins and a token of this service.
    PublicOrCognito,
}

/// The kind of a login's token, derived from its key in the `Logins` map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind<'a> {
    Developer(&'a DeveloperProviderName),
    Public,
    Cognito,
}

/// Determines the kind of a token that is presented under `name`. `is_ours` returns true if the
/// token claims to be one of this service. `is_of_another` returns true if it is a JSON Web Token
/// of an issuer other than `name`.
pub(crate) fn token_kind<'a>(
    pool: &'a Pool,
    (accepts, name): (Accepts, &ProviderName),
    is_ours: impl FnOnce() -> bool,
    is_of_another: impl FnOnce() -> bool,
) -> Result<TokenKind<'a>, Refusal> {
    let settings = &pool.settings;
    let developer = settings.developer_provider_name.as_ref();
    let developer = developer.filter(|developer| developer.as_str() == name.as_str());
    let is_cognito = TokenIssuer::is_provider_name(without_final_slash(name.as_str()));
    let issuer = pool.region.token_issuer();
    let is_own = is_same_provider(issuer.provider_name(), name.as_str());
    match (accepts, developer) {
        (Accepts::Developer, Some(developer)) => Ok(TokenKind::Developer(developer)),
        (Accepts::PublicOrCognito, _) if is_own => Ok(TokenKind::Cognito),
        (Accepts::Public | Accepts::PublicOrCognito, _) if !has_any(settings) => {
            Err(Refusal::ProvidersMissing { identity_pool_id: pool.id().clone() })
        }
        _ if is_cognito || is_ours() => Err(Refusal::LoginIsCognitoToken),
        (Accepts::Public | Accepts::PublicOrCognito, Some(_)) => {
            Err(Refusal::PublicProviderExpected)
        }
        _ if settings.public_provider(name.as_str()).is_some() => Ok(TokenKind::Public),
        (Accepts::Developer, None) if !is_public(name.as_str()) => {
            Err(Refusal::DeveloperProviderUnsupported)
        }
        _ if is_of_another() => Err(Refusal::LoginIssuerMismatch),
        _ => Err(Refusal::ProviderUnsupported),
    }
}

/// The pool's developer provider, if `name` is its name.
pub(crate) fn developer_provider<'a>(
    pool: &'a Pool,
    name: &DeveloperProviderName,
) -> Result<&'a DeveloperProviderName, Refusal> {
    let known = pool.settings.developer_provider_name.as_ref();
    known.filter(|known| *known == name).ok_or(Refusal::DeveloperProviderUnsupported)
}

/// Returns true if a developer provider of that name could be mistaken for something else.
pub(crate) fn is_reserved(settings: &IdentityPool, name: &str) -> bool {
    TokenIssuer::is_provider_name(name)
        || AMR_WORDS.contains(&name)
        || is_public(name)
        || settings.public_provider(name).is_some()
}

fn is_public(name: &str) -> bool {
    PUBLIC_PROVIDERS.contains(&without_final_slash(name))
        || name.starts_with("cognito-idp.")
        || name.starts_with("arn:")
}

/// Returns true if the pool has a provider of any kind.
fn has_any(settings: &IdentityPool) -> bool {
    settings.developer_provider_name.is_some()
        || !settings.supported_login_providers.is_empty()
        || !settings.cognito_identity_providers.is_empty()
        || !settings.open_id_connect_provider_arns.is_empty()
        || !settings.saml_provider_arns.is_empty()
}

/// The spelling of a login's provider in the pool's role mappings and attribute maps: its name, or
/// its ARN for a provider of IAM. One final slash is ignored.
pub(crate) fn configured_name<'a>(
    settings: &'a IdentityPool,
    login: &'a VerifiedLogin,
) -> Option<&'a str> {
    let provider = login.login().provider().as_str();
    Some(match settings.public_provider(provider)? {
        PublicProvider::Supported(_) | PublicProvider::UserPool(_) => provider,
        PublicProvider::OpenIdConnect(arn) | PublicProvider::Saml(arn) => arn.as_str(),
    })
}

/// Returns true if the pool is configured for the provider of a role mapping or an attribute map. A
/// role mapping for a user pool names one of its clients, as `PROVIDER:CLIENT`.
pub(crate) fn is_configured(settings: &IdentityPool, name: &str, of_client: bool) -> bool {
    let mut supported = settings.supported_login_providers.keys();
    let mut of_iam =
        settings.open_id_connect_provider_arns.iter().chain(&settings.saml_provider_arns);
    let mut user_pools = settings.cognito_identity_providers.iter();
    supported.any(|known| is_same_provider(known.as_str(), name))
        || of_iam.any(|arn| is_same_provider(arn.as_str(), name))
        || user_pools.any(|user_pool| {
            let provider = user_pool.provider_name.as_ref().map(UserPoolProviderName::as_str);
            if !of_client {
                return provider.is_some_and(|provider| is_same_provider(provider, name));
            }
            let client = user_pool.client_id.as_ref().map(UserPoolClientId::as_str);
            name.rsplit_once(':').is_some_and(|(p, c)| (Some(p), Some(c)) == (provider, client))
        })
}

#[cfg(test)]
mod tests;
