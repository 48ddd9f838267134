//! Roles of a pool: checks of new settings, and the choice of a role for a call.

use std::collections::BTreeMap;

use crate::name::{Arn, ProviderName, is_same_provider};
use crate::rules::provider::{configured_name, is_configured};
use crate::rules::{Decided, Refusal};
use crate::state::{
    AmbiguousRoleResolution, ClaimValue, MappingRule, MatchType, Pool, PoolRoles, PublicProvider,
    ROLE, RoleMapping, RoleMappingType, RoleType, RulesConfiguration, VerifiedLogin,
};

/// The maximum number of providers with a role mapping in a pool.
pub(crate) const ROLE_MAPPINGS_MAX: usize = 10;

/// The accounts whose roles a pool may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "the service's way, or what tests may want")]
pub enum RoleAccounts {
    /// Only roles of the pool's own account, like the service. A pool of
    /// [`AccountId::zero`](crate::name::AccountId::zero) accepts roles of every account, because
    /// its own account is not known.
    #[default]
    OwnOnly,
    /// Roles of any account.
    Any,
}

/// Replaces all roles and all mappings.
pub(crate) fn set(
    before: &Pool,
    roles: PoolRoles,
    accounts: RoleAccounts,
) -> Result<Decided<()>, Refusal> {
    for (provider, mapping) in &roles.mappings {
        if !is_configured(&before.settings, provider.as_str(), true) {
            return Err(Refusal::RoleMappingProviderInvalid { provider: provider.clone() });
        }
        check_mapping(mapping)?;
    }
    let mapped = roles.mappings.values().flat_map(rules_of).map(|rule| &rule.role_arn);
    for role in roles.defaults.values().chain(mapped) {
        check_role(before, role, accounts)?;
    }
    Ok(Decided::replacing(before, Pool { roles, ..before.clone() }, ()))
}

fn check_role(pool: &Pool, role: &Arn, accounts: RoleAccounts) -> Result<(), Refusal> {
    let is_role = role.iam_resource(ROLE).is_some();
    let is_own = role.iam_account().is_some_and(|account| pool.account.may_be(account));
    let usable = is_role && (is_own || accounts == RoleAccounts::Any);
    if usable { Ok(()) } else { Err(forbidden(role)) }
}

fn check_mapping(mapping: &RoleMapping) -> Result<(), Refusal> {
    let mapping_type = mapping.mapping_type;
    if mapping.ambiguous_role_resolution.is_none() {
        return Err(Refusal::AmbiguousRoleResolutionMissing { mapping_type });
    }
    match (mapping_type, &mapping.rules_configuration) {
        (RoleMappingType::Token, None) => Ok(()),
        (RoleMappingType::Token, Some(_)) => Err(Refusal::RulesConfigurationUnexpected),
        (RoleMappingType::Rules, None) => Err(Refusal::RulesConfigurationMissing),
        (RoleMappingType::Rules, Some(RulesConfiguration { rules })) => match rules.len() {
            0 => Err(Refusal::RulesConfigurationMissing),
            1..=RoleMapping::RULES_MAX => Ok(()),
            _ => Err(Refusal::TooManyRules),
        },
    }
}

fn rules_of(mapping: &RoleMapping) -> &[MappingRule] {
    mapping.rules_configuration.as_ref().map_or(&[], |configuration| &configuration.rules)
}

/// Chooses the role of a guest, or of an authenticated identity for which `used` were presented.
///
/// The first login with a role mapping decides. Without one, the roles that a provider grants
/// itself come next, and then the pool's authenticated role. If the caller asks for a role, the
/// mapping or the provider must offer it. If neither offers any role, the request is ignored. A
/// token can never give a role that the pool's owner could not set.
pub(crate) fn choose(
    pool: &Pool,
    is_guest: bool,
    used: &[VerifiedLogin],
    custom: Option<&Arn>,
    accounts: RoleAccounts,
) -> Result<Arn, Refusal> {
    let chosen = choose_any(pool, is_guest, used, custom)?;
    check_role(pool, &chosen, accounts)?;
    Ok(chosen)
}

fn choose_any(
    pool: &Pool,
    is_guest: bool,
    used: &[VerifiedLogin],
    custom: Option<&Arn>,
) -> Result<Arn, Refusal> {
    if is_guest {
        return default_role(pool, RoleType::Unauthenticated);
    }
    if let Some((login, provider, mapping)) = used.iter().find_map(|login| {
        let (provider, mapping) = mapping_of(pool, login)?;
        Some((login, provider, mapping))
    }) {
        return by_mapping(pool, login, (provider, mapping), custom);
    }
    let Some((login, offered)) = used.iter().find_map(|login| {
        let grants = is_user_pool(pool, login) || !login.roles().is_empty();
        let offered = if grants { offered_by(login) } else { Vec::new() };
        (!offered.is_empty()).then_some((login, offered))
    }) else {
        return default_role(pool, RoleType::Authenticated);
    };
    match (custom, login.roles()) {
        (Some(custom), _) => one_of(&offered, custom),
        (None, []) => default_role(pool, RoleType::Authenticated),
        (None, [role]) => Ok(role.clone()),
        (None, [..]) => Err(Refusal::AmbiguousRole { provider: login.login().provider().clone() }),
    }
}

fn by_mapping(
    pool: &Pool,
    login: &VerifiedLogin,
    (provider, mapping): (&ProviderName, &RoleMapping),
    custom: Option<&Arn>,
) -> Result<Arn, Refusal> {
    let found = match mapping.mapping_type {
        RoleMappingType::Token => match custom {
            Some(custom) => return one_of(&offered_by(login), custom),
            None => preferred_by(login),
        },
        RoleMappingType::Rules => {
            let rules = rules_of(mapping).iter();
            let mut matching = rules.filter(|rule| is_match(rule, login.claims()));
            match custom {
                Some(custom) if matching.any(|rule| rule.role_arn == *custom) => {
                    return Ok(custom.clone());
                }
                Some(custom) => return Err(unoffered(login, (provider, mapping), custom)),
                None => matching.next().map(|rule| rule.role_arn.clone()),
            }
        }
    };
    found.map_or_else(|| ambiguous(pool, provider, mapping), Ok)
}

/// The refusal of a role that no matching rule has. It is a different one if no rule at all has the
/// role and the login's own token carries it.
fn unoffered(
    login: &VerifiedLogin,
    (provider, mapping): (&ProviderName, &RoleMapping),
    role: &Arn,
) -> Refusal {
    let in_a_rule = rules_of(mapping).iter().any(|rule| rule.role_arn == *role);
    if in_a_rule || !offered_by(login).contains(role) {
        return forbidden(role);
    }
    Refusal::CustomRoleNotOffered { provider: provider.clone(), role: role.clone() }
}

fn ambiguous(pool: &Pool, provider: &ProviderName, mapping: &RoleMapping) -> Result<Arn, Refusal> {
    match mapping.ambiguous_role_resolution {
        Some(AmbiguousRoleResolution::AuthenticatedRole) => {
            default_role(pool, RoleType::Authenticated)
        }
        Some(AmbiguousRoleResolution::Deny) | None => {
            Err(Refusal::AmbiguousRole { provider: provider.clone() })
        }
    }
}

fn default_role(pool: &Pool, role_type: RoleType) -> Result<Arn, Refusal> {
    pool.roles.defaults.get(&role_type).cloned().ok_or(Refusal::PoolConfigurationInvalid)
}

fn one_of(offered: &[Arn], custom: &Arn) -> Result<Arn, Refusal> {
    if offered.contains(custom) { Ok(custom.clone()) } else { Err(forbidden(custom)) }
}

fn forbidden(role: &Arn) -> Refusal {
    Refusal::RoleForbidden { role: role.clone() }
}

fn mapping_of<'a>(
    pool: &'a Pool,
    login: &VerifiedLogin,
) -> Option<(&'a ProviderName, &'a RoleMapping)> {
    let provider = login.login().provider().as_str();
    let mut mappings = pool.roles.mappings.iter();
    match (is_user_pool(pool, login), login.client()) {
        (false, _) => {
            let name = configured_name(&pool.settings, login)?;
            mappings.find(|(known, _)| is_same_provider(known.as_str(), name))
        }
        (true, Some(client)) => {
            let name = format!("{provider}:{client}");
            mappings.find(|(known, _)| known.as_str() == name)
        }
        // A login from a token of this service does not tell the client.
        (true, None) => mappings.find(|(known, _)| {
            known.as_str().rsplit_once(':').is_some_and(|(known, _)| known == provider)
        }),
    }
}

fn is_user_pool(pool: &Pool, login: &VerifiedLogin) -> bool {
    let provider = login.login().provider().as_str();
    matches!(pool.settings.public_provider(provider), Some(PublicProvider::UserPool(_)))
}

/// The roles in a token. They are an array, or one text separated by commas.
fn offered_by(login: &VerifiedLogin) -> Vec<Arn> {
    let listed = match login.claims().get("cognito:roles") {
        Some(ClaimValue::Many(roles)) => roles.iter().map(String::as_str).collect(),
        Some(ClaimValue::One(roles)) => roles.split(',').map(str::trim).collect(),
        None => Vec::new(),
    };
    let listed = listed.into_iter().filter_map(|role| Arn::try_from(role).ok());
    login.roles().iter().cloned().chain(listed).collect()
}

/// The role that a token prefers, or else the only role that the provider grants.
fn preferred_by(login: &VerifiedLogin) -> Option<Arn> {
    match (login.claims().get("cognito:preferred_role"), login.roles()) {
        (Some(ClaimValue::One(role)), _) => Arn::try_from(role.as_str()).ok(),
        (_, [role]) => Some(role.clone()),
        _ => None,
    }
}

fn is_match(rule: &MappingRule, claims: &BTreeMap<String, ClaimValue>) -> bool {
    // A rule is skipped if its claim is missing.
    let Some(claim) = claims.get(rule.claim.as_str()) else { return false };
    let value = rule.value.as_str();
    match rule.match_type {
        MatchType::Equals => claim.iter().any(|claim| claim == value),
        MatchType::Contains => claim.iter().any(|claim| claim.contains(value)),
        MatchType::StartsWith => claim.iter().any(|claim| claim.starts_with(value)),
        MatchType::NotEqual => claim.iter().all(|claim| claim != value),
    }
}

#[cfg(test)]
mod tests;
