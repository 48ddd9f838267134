//! What makes a pool's configuration acceptable, and which providers it knows.

use crate::name::{DeveloperProviderName, ProviderName, TagKey, TagValue, UserPoolProviderName};
use crate::rules::{Change, Decided, Effect, Refusal};
use crate::state::{IdentityPool, OIDC_PROVIDER, Pool, SAML_PROVIDER};

/// The most pools of an account in a region.
pub const POOLS_MAX: u32 = 1_000;
/// The most tags of a pool.
pub const TAGS_MAX: usize = 50;
/// The most user pools that one identity pool accepts.
pub const USER_POOLS_MAX: usize = 50;

/// The key under which a token of this service itself would be presented.
const COGNITO_IDENTITY: [&str; 2] =
    ["cognito-identity.amazonaws.com", "cognito-identity.cn-north-1.amazonaws.com.cn"];

/// Public providers that are known by name.
const PUBLIC_PROVIDERS: [&str; 6] = [
    "accounts.google.com",
    "api.twitter.com",
    "appleid.apple.com",
    "graph.facebook.com",
    "www.amazon.com",
    "www.digits.com",
];

/// What a key of a `Logins` map stands for in a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider<'a> {
    Developer(&'a DeveloperProviderName),
    Public,
}

/// Finds the provider that `name` stands for.
pub(crate) fn provider<'a>(pool: &'a Pool, name: &ProviderName) -> Result<Provider<'a>, Refusal> {
    let settings = &pool.settings;
    match &settings.developer_provider_name {
        Some(developer) if developer.as_str() == name.as_str() => {
            Ok(Provider::Developer(developer))
        }
        _ if settings.public_provider(name.as_str()).is_some() => Ok(Provider::Public),
        _ if COGNITO_IDENTITY.contains(&name.as_str()) => Err(Refusal::LoginIsCognitoToken),
        _ if is_public(name.as_str()) => Err(Refusal::ProviderUnsupported),
        _ => Err(Refusal::DeveloperProviderUnsupported),
    }
}

/// The pool's developer provider, if that is what `name` is.
pub(crate) fn developer_provider<'a>(
    pool: &'a Pool,
    name: &DeveloperProviderName,
) -> Result<&'a DeveloperProviderName, Refusal> {
    let known = pool.settings.developer_provider_name.as_ref();
    known.filter(|known| *known == name).ok_or(Refusal::DeveloperProviderUnsupported)
}

/// A new pool of an account that has `pools` already.
pub(crate) fn create(pool: Pool, pools: u32) -> Result<Decided<IdentityPool>, Refusal> {
    check(&pool.settings)?;
    if pools >= POOLS_MAX {
        return Err(Refusal::TooManyPools);
    }
    let output = pool.settings.clone();
    Ok(Decided { effects: vec![Effect::Pool(Box::new(Change::Create(pool)))], output })
}

/// Replaces the settings. A developer provider name that is left out stays (`requested` has
/// `None`), as do tags that are left out (`keep_tags`); all else that is left out is reset.
pub(crate) fn update(
    before: &Pool,
    mut requested: IdentityPool,
    keep_tags: bool,
) -> Result<Decided<IdentityPool>, Refusal> {
    let known = &before.settings;
    if keep_tags {
        requested.identity_pool_tags.clone_from(&known.identity_pool_tags);
    }
    match (&known.developer_provider_name, &mut requested.developer_provider_name) {
        (Some(fixed), Some(other)) if fixed != other => {
            return Err(Refusal::DeveloperProviderFixed);
        }
        (fixed, left_out @ None) => left_out.clone_from(fixed),
        _ => {}
    }
    check(&requested)?;
    if requested == *known {
        return Ok(Decided::answer(requested));
    }
    let after = Pool { settings: requested.clone(), ..before.clone() };
    let change = Change::Update { before: before.clone(), after };
    Ok(Decided { effects: vec![Effect::Pool(Box::new(change))], output: requested })
}

fn check(settings: &IdentityPool) -> Result<(), Refusal> {
    if let Some(name) = &settings.developer_provider_name
        && is_reserved(settings, name.as_str())
    {
        return Err(Refusal::DeveloperProviderReserved { name: name.clone() });
    }
    let user_pools = &settings.cognito_identity_providers;
    if user_pools.len() > USER_POOLS_MAX {
        return Err(Refusal::TooManyUserPools);
    }
    for user_pool in user_pools {
        if !user_pool.provider_name.as_ref().is_some_and(is_user_pool)
            || user_pool.client_id.is_none()
        {
            return Err(Refusal::UserPoolProviderInvalid);
        }
    }
    for (arns, kind) in [
        (&settings.open_id_connect_provider_arns, OIDC_PROVIDER),
        (&settings.saml_provider_arns, SAML_PROVIDER),
    ] {
        if let Some(arn) = arns.iter().find(|arn| arn.iam_resource(kind).is_none()) {
            return Err(Refusal::ProviderArnInvalid { arn: arn.as_str().to_owned() });
        }
    }
    if settings.identity_pool_tags.len() > TAGS_MAX {
        return Err(Refusal::TooManyTags);
    }
    match settings.identity_pool_tags.iter().find(|(key, value)| !is_tag(key, value)) {
        Some((key, _)) => Err(Refusal::TagInvalid { key: key.clone() }),
        None => Ok(()),
    }
}

fn is_reserved(settings: &IdentityPool, name: &str) -> bool {
    COGNITO_IDENTITY.contains(&name) || is_public(name) || settings.public_provider(name).is_some()
}

fn is_public(name: &str) -> bool {
    PUBLIC_PROVIDERS.contains(&name) || name.starts_with("cognito-idp.") || name.starts_with("arn:")
}

/// `cognito-idp.REGION.amazonaws.com/POOL`, in China with the suffix `.cn`.
fn is_user_pool(name: &UserPoolProviderName) -> bool {
    let parts = name.as_str().strip_prefix("cognito-idp.").and_then(|rest| rest.split_once('/'));
    parts.is_some_and(|(host, pool)| {
        let host = host.strip_suffix(".cn").unwrap_or(host);
        let region = host.strip_suffix(".amazonaws.com");
        region.is_some_and(|region| !region.is_empty()) && !pool.is_empty() && !pool.contains('/')
    })
}

/// Letters, digits, spaces and `_ . : / = + - @`; the prefix `aws:` belongs to the service.
fn is_tag(key: &TagKey, value: &TagValue) -> bool {
    let legal = |text: &str| text.chars().all(|c| c.is_alphanumeric() || " _.:/=+-@".contains(c));
    let reserved = key.as_str().get(..4).is_some_and(|head| head.eq_ignore_ascii_case("aws:"));
    legal(key.as_str()) && legal(value.as_str()) && !reserved
}

#[cfg(test)]
mod tests;
