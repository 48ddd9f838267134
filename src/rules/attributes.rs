//! Attribute maps, which turn claims of a provider's tokens into tags of the principal.

use crate::name::{PrincipalTagValue, ProviderName, is_same_provider};
use crate::rules::provider::{configured_name, is_configured};
use crate::rules::{Decided, Refusal};
use crate::state::{AttributeMap, ClaimValue, Pool, PrincipalTags, VerifiedLogin};

/// The maximum total size, in bytes, of the tags that come from attribute maps.
const TAGS_LENGTH_MAX: usize = 460;

/// Replaces or removes the map of a provider.
pub(crate) fn set(
    before: &Pool,
    provider: &ProviderName,
    map: Option<AttributeMap>,
) -> Result<Decided<()>, Refusal> {
    if !is_configured(&before.settings, provider.as_str(), false) {
        return Err(Refusal::ProviderNotConfigured { provider: provider.clone() });
    }
    let mut after = before.clone();
    after.attribute_maps.retain(|known, _| !is_same_provider(known.as_str(), provider.as_str()));
    if let Some(map) = map {
        after.attribute_maps.insert(provider.clone(), map);
    }
    Ok(Decided::replacing(before, after, ()))
}

/// The map of a provider.
pub(crate) fn get(pool: &Pool, provider: &ProviderName) -> Result<AttributeMap, Refusal> {
    let map = map_of(pool, provider.as_str()).cloned();
    map.ok_or_else(|| Refusal::AttributeMapNotFound { provider: provider.clone() })
}

/// Applies the pool's attribute maps to the claims of logins. A claim with several values, or with
/// a value that is not allowed in a tag, makes no tag. If several claims make a tag with the same
/// key, the first one counts.
pub(crate) fn tags(pool: &Pool, used: &[VerifiedLogin]) -> PrincipalTags {
    let mut tags = PrincipalTags::new();
    for login in used {
        let Some(provider) = configured_name(&pool.settings, login) else { continue };
        let map = map_of(pool, provider);
        for (key, claim) in map.into_iter().flat_map(AttributeMap::principal_tags) {
            let value = match login.claims().get(claim.as_str()) {
                Some(ClaimValue::One(value)) => Some(value.as_str()),
                Some(ClaimValue::Many(values)) => match values.as_slice() {
                    [value] => Some(value.as_str()),
                    _ => None,
                },
                None => None,
            };
            let value = value.and_then(|value| PrincipalTagValue::try_from(value).ok());
            if let Some(value) = value {
                tags.entry(key).or_insert(value);
            }
        }
    }
    tags
}

fn map_of<'a>(pool: &'a Pool, provider: &str) -> Option<&'a AttributeMap> {
    let mut maps = pool.attribute_maps.iter();
    maps.find(|(known, _)| is_same_provider(known.as_str(), provider)).map(|(_, map)| map)
}

/// Refuses tags that are too long for a session.
pub(crate) fn check_length(tags: &PrincipalTags) -> Result<(), Refusal> {
    let lengths =
        tags.iter().map(|(key, value)| key.as_str().len().saturating_add(value.as_str().len()));
    let length = lengths.fold(0_usize, usize::saturating_add);
    if length <= TAGS_LENGTH_MAX { Ok(()) } else { Err(Refusal::PoolConfigurationInvalid) }
}

#[cfg(test)]
mod tests;
