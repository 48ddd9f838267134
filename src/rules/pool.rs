//! Checks of a pool's configuration.

use crate::id::Region;
use crate::name::UserPoolProviderName;
use crate::rules::provider::{is_configured, is_reserved};
use crate::rules::{Change, Decided, Effect, Refusal, tags};
use crate::state::{IdentityPool, OIDC_PROVIDER, Pool, SAML_PROVIDER};

/// Creates a pool in an account that already has `pools` pools.
pub(crate) fn create(pool: Pool, pools: u32) -> Result<Decided<IdentityPool>, Refusal> {
    check(&pool.settings)?;
    if pools >= IdentityPool::PER_ACCOUNT_MAX {
        return Err(Refusal::TooManyPools);
    }
    let output = pool.settings.clone();
    Ok(Decided { effects: vec![Effect::Pool(Box::new(Change::Create(pool)))], output })
}

/// Replaces the settings. The developer provider name is kept if `requested` has `None`, and the
/// tags are kept if `keep_tags` is true. All other settings that are left out are reset. Role
/// mappings and attribute maps are removed together with their providers.
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
    let mut after = Pool { settings: requested.clone(), ..before.clone() };
    after.roles.mappings.retain(|name, _| is_configured(&requested, name.as_str(), true));
    after.attribute_maps.retain(|name, _| is_configured(&requested, name.as_str(), false));
    Ok(Decided::replacing(before, after, requested))
}

/// Checks the settings of a pool.
pub(crate) fn check(settings: &IdentityPool) -> Result<(), Refusal> {
    if let Some(name) = &settings.developer_provider_name
        && is_reserved(settings, name.as_str())
    {
        return Err(Refusal::DeveloperProviderReserved { name: name.clone() });
    }
    let user_pools = &settings.cognito_identity_providers;
    if user_pools.len() > IdentityPool::USER_POOLS_MAX {
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
    tags::check(&settings.identity_pool_tags)
}

/// `cognito-idp.REGION.amazonaws.com/POOL`, or in China `cognito-idp.REGION.amazonaws.com.cn/POOL`.
fn is_user_pool(name: &UserPoolProviderName) -> bool {
    let parts = name.as_str().strip_prefix("cognito-idp.").and_then(|rest| rest.split_once('/'));
    parts.is_some_and(|(host, pool)| {
        let is_host = host.split_once('.').is_some_and(|(region, domain)| {
            region.parse::<Region>().is_ok_and(|region| region.domain() == domain)
        });
        is_host && !pool.is_empty() && !pool.contains('/')
    })
}

#[cfg(test)]
mod tests;
