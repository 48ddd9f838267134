//! Roles of a pool: checks of new settings, and the choice of a role for a call.

use std::collections::BTreeMap;

use serde::Serialize;

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
    for role in roles.defaults.values().chain(mapped(&roles)) {
        check_role(before, role, accounts)?;
    }
    Ok(Decided::replacing(before, Pool { roles, ..before.clone() }, ()))
}

/// Refuses a role that no identity of the pool of this kind can have: a guest has the pool's role
/// for guests, and an authenticated identity its role for authenticated identities or that of a
/// mapping rule.
///
/// The claims behind a token are not known here, so any rule of the pool counts.
#[cfg(feature = "http")]
pub(crate) fn check_assumable(
    pool: &Pool,
    kind: RoleType,
    role: &Arn,
    accounts: RoleAccounts,
) -> Result<(), Refusal> {
    let is_default = pool.roles.defaults.get(&kind) == Some(role);
    let is_mapped = || kind == RoleType::Authenticated && mapped(&pool.roles).any(|it| it == role);
    if !is_default && !is_mapped() {
        return Err(forbidden(role));
    }
    check_role(pool, role, accounts)
}

/// The roles of all mapping rules.
fn mapped(roles: &PoolRoles) -> impl Iterator<Item = &Arn> {
    roles.mappings.values().flat_map(rules_of).map(|rule| &rule.role_arn)
}

fn check_role(pool: &Pool, role: &Arn, accounts: RoleAccounts) -> Result<(), Refusal> {
    let is_own = role.iam_account().is_some_and(|account| pool.account.may_be(account));
    let usable = is_role(role) && (is_own || accounts == RoleAccounts::Any);
    if usable { Ok(()) } else { Err(forbidden(role)) }
}

/// Whether an ARN has the form of a role's.
pub(crate) fn is_role(arn: &Arn) -> bool {
    arn.iam_resource(ROLE).is_some()
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

/// The rule that chooses the role of a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all_fields = "PascalCase")]
#[non_exhaustive]
pub enum RoleRule {
    /// The pool's role for guests.
    Unauthenticated,
    /// The pool's role for authenticated identities: no login has a role mapping or grants a role.
    Authenticated,
    /// A rule of a role mapping.
    RulesMapping {
        /// The provider of the mapping, as the mapping spells it.
        provider: ProviderName,
        /// The number of the rule in its mapping, from 1 on.
        number: u32,
    },
    /// A role mapping of type `Token`: the role that the token prefers.
    TokenMapping {
        /// The provider of the mapping, as the mapping spells it.
        provider: ProviderName,
    },
    /// A role mapping that finds no single role, and falls back to the pool's role for
    /// authenticated identities.
    AmbiguousRole {
        /// The provider of the mapping, as the mapping spells it.
        provider: ProviderName,
    },
    /// The only role that the provider of a login grants.
    Provider {
        /// The provider.
        provider: ProviderName,
    },
    /// The role that the caller asks for with `CustomRoleArn`, which the token carries.
    CustomRole {
        /// The provider of the login.
        provider: ProviderName,
    },
}

/// A role, and the rule that has chosen it.
type Chosen = (Arn, RoleRule);

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
) -> Result<Chosen, Refusal> {
    let chosen = choose_any(pool, is_guest, used, custom)?;
    check_role(pool, &chosen.0, accounts)?;
    Ok(chosen)
}

fn choose_any(
    pool: &Pool,
    is_guest: bool,
    used: &[VerifiedLogin],
    custom: Option<&Arn>,
) -> Result<Chosen, Refusal> {
    if is_guest {
        let role = default_role(pool, RoleType::Unauthenticated)?;
        return Ok((role, RoleRule::Unauthenticated));
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
        return authenticated_role(pool);
    };
    let provider = login.login().provider();
    match (custom, login.roles()) {
        (Some(custom), _) => one_of((provider, &offered), custom),
        (None, []) => authenticated_role(pool),
        (None, [role]) => Ok((role.clone(), RoleRule::Provider { provider: provider.clone() })),
        (None, [..]) => Err(Refusal::AmbiguousRole { provider: provider.clone() }),
    }
}

fn authenticated_role(pool: &Pool) -> Result<Chosen, Refusal> {
    Ok((default_role(pool, RoleType::Authenticated)?, RoleRule::Authenticated))
}

fn by_mapping(
    pool: &Pool,
    login: &VerifiedLogin,
    (provider, mapping): (&ProviderName, &RoleMapping),
    custom: Option<&Arn>,
) -> Result<Chosen, Refusal> {
    let found = match mapping.mapping_type {
        RoleMappingType::Token => match custom {
            Some(custom) => return one_of((provider, &offered_by(login)), custom),
            None => preferred_by(login)
                .map(|role| (role, RoleRule::TokenMapping { provider: provider.clone() })),
        },
        RoleMappingType::Rules => {
            let numbered = (1..).zip(rules_of(mapping));
            let mut matching = numbered.filter(|(_, rule)| is_match(rule, login.claims()));
            let chosen = |(number, rule): (u32, &MappingRule)| {
                let provider = provider.clone();
                (rule.role_arn.clone(), RoleRule::RulesMapping { provider, number })
            };
            match custom {
                Some(custom) => {
                    let offered = matching.find(|(_, rule)| rule.role_arn == *custom).map(chosen);
                    return offered.ok_or_else(|| unoffered(login, (provider, mapping), custom));
                }
                None => matching.next().map(chosen),
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

fn ambiguous(
    pool: &Pool,
    provider: &ProviderName,
    mapping: &RoleMapping,
) -> Result<Chosen, Refusal> {
    match mapping.ambiguous_role_resolution {
        Some(AmbiguousRoleResolution::AuthenticatedRole) => {
            let role = default_role(pool, RoleType::Authenticated)?;
            Ok((role, RoleRule::AmbiguousRole { provider: provider.clone() }))
        }
        Some(AmbiguousRoleResolution::Deny) | None => {
            Err(Refusal::AmbiguousRole { provider: provider.clone() })
        }
    }
}

fn default_role(pool: &Pool, role_type: RoleType) -> Result<Arn, Refusal> {
    pool.roles.defaults.get(&role_type).cloned().ok_or(Refusal::PoolConfigurationInvalid)
}

fn one_of((provider, offered): (&ProviderName, &[Arn]), custom: &Arn) -> Result<Chosen, Refusal> {
    if offered.contains(custom) {
        Ok((custom.clone(), RoleRule::CustomRole { provider: provider.clone() }))
    } else {
        Err(forbidden(custom))
    }
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
