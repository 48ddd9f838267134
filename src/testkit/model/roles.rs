//! Roles and tags of sessions: section 8 of the contract.

use std::collections::BTreeMap;

use crate::testkit::model::resolution::{Proof, Used};
use crate::testkit::model::{
    CONFIGURATION, Exception, INVALID, Model, NOT_AUTHORIZED, PoolState, exactly,
};
use crate::testkit::names::{Account, Login, Pool, Provider, Role, claims, is_boss};
use crate::testkit::outcome::Outcome;
use crate::testkit::settings::{Ambiguous, Mapping, Match, Roles, Rule};

/// The most bytes of tags that attribute maps make for a session.
const TAGS_LENGTH_MAX: usize = 460;

impl Model {
    pub(super) fn set_roles(
        &mut self,
        caller: Account,
        pool: Pool,
        roles: &Roles,
        outcome: &Outcome,
    ) -> Result<(), String> {
        let any_account = self.choices.roles_of_any_account;
        let set = self.pool_mut(caller, pool).and_then(|state| {
            if roles.mappings.keys().any(|provider| !state.settings.has(*provider)) {
                return Err(INVALID);
            }
            if roles.names_any() && !may_have_roles(state, any_account) {
                return Err(NOT_AUTHORIZED);
            }
            state.roles = roles.clone();
            Ok(Outcome::Done)
        });
        exactly(set, outcome)
    }

    /// The role of a session in which these logins are used.
    pub(super) fn role(
        &self,
        pool: &PoolState,
        proof: &Proof,
        used: &[Used],
        custom: Option<Role>,
    ) -> Result<Role, Exception> {
        let role = choose(pool, proof, used, custom)?;
        let usable = may_have_roles(pool, self.choices.roles_of_any_account);
        if usable { Ok(role) } else { Err(NOT_AUTHORIZED) }
    }

    /// The tags that attribute maps make; of two of one key the first login's counts.
    pub(super) fn mapped_tags(&self, pool: Pool, logins: &[Login]) -> BTreeMap<String, String> {
        let mut tags = BTreeMap::new();
        let Some(state) = self.pools.get(&pool) else { return tags };
        for login in logins {
            let Login::Public(provider, subject) = login else { continue };
            let attributes = state.attributes.get(provider).copied().unwrap_or_default();
            for (key, claim) in attributes.claims() {
                let value = match *claim {
                    "sub" => Some(subject.to_string()),
                    "aud" => Some(provider.client().to_owned()),
                    // Of several values, or missing.
                    _ => None,
                };
                if let Some(value) = value {
                    tags.entry((*key).to_owned()).or_insert(value);
                }
            }
        }
        tags
    }

    /// Those of attribute maps, and over them those of a token.
    pub(super) fn session_tags(
        &self,
        pool: Pool,
        named: &[Login],
        proof: &Proof,
    ) -> Result<BTreeMap<String, String>, Exception> {
        let mut tags = self.mapped_tags(pool, &proof.logins);
        let length: usize =
            tags.iter().map(|(key, value)| key.len().saturating_add(value.len())).sum();
        if length > TAGS_LENGTH_MAX {
            return Err(CONFIGURATION);
        }
        if !named.is_empty() {
            tags.extend(proof.token.iter().flat_map(|token| token.tags.clone()));
        }
        Ok(tags)
    }
}

/// Roles are of account 0; of an account that is not known nobody knows which are its own.
fn may_have_roles(pool: &PoolState, any_account: bool) -> bool {
    any_account || [0, Account::NOT_KNOWN].contains(&pool.owner.number)
}

fn choose(
    pool: &PoolState,
    proof: &Proof,
    used: &[Used],
    custom: Option<Role>,
) -> Result<Role, Exception> {
    let default = |role: Option<Role>| role.ok_or(CONFIGURATION);
    if proof.is_empty() {
        return default(pool.roles.unauthenticated);
    }
    // Nobody knows the claims of what a token only names.
    let used = used.iter().filter_map(|used| match used.login {
        Login::Public(provider, subject) => Some((provider, used.is_presented.then_some(subject))),
        Login::User(_) => None,
    });
    let used: Vec<_> = used.collect();
    let mapped = used.iter().find_map(|(of, who)| Some((pool.roles.mappings.get(of)?, *who)));
    if let Some((mapping, subject)) = mapped {
        return by_mapping(pool, mapping, subject, custom);
    }
    // Without a mapping only a user pool's tokens offer roles.
    let offers = used
        .iter()
        .any(|(provider, subject)| *provider == Provider::UserPool && subject.is_some_and(is_boss));
    match custom {
        Some(Role::Boss) if offers => Ok(Role::Boss),
        Some(_) if offers => Err(NOT_AUTHORIZED),
        _ => default(pool.roles.authenticated),
    }
}

fn by_mapping(
    pool: &PoolState,
    mapping: &Mapping,
    subject: Option<u8>,
    custom: Option<Role>,
) -> Result<Role, Exception> {
    let offered: Vec<Role> = if mapping.rules.is_empty() {
        subject.filter(|subject| is_boss(*subject)).map(|_| Role::Boss).into_iter().collect()
    } else {
        let matching = mapping.rules.iter().filter(|rule| matches(rule, subject));
        matching.map(|rule| rule.role).collect()
    };
    match (custom, offered.first(), mapping.ambiguous) {
        (Some(custom), ..) if offered.contains(&custom) => Ok(custom),
        // Whatever else the user's token carries.
        (Some(_), ..) if !mapping.rules.is_empty() => Err(INVALID),
        (None, Some(first), _) => Ok(*first),
        (None, None, Ambiguous::AuthenticatedRole) => pool.roles.authenticated.ok_or(CONFIGURATION),
        (Some(_), ..) | (None, None, Ambiguous::Deny) => Err(NOT_AUTHORIZED),
    }
}

/// A claim that is missing matches nothing, not even `NotEqual`.
fn matches(rule: &Rule, subject: Option<u8>) -> bool {
    let claims = subject.map(claims).into_iter().flatten();
    let mut values = claims.filter(|(name, _)| *name == rule.claim).map(|(_, values)| values);
    let Some(values) = values.next() else { return false };
    let value = rule.value.as_str();
    match rule.match_type {
        Match::Equals => values.iter().any(|claim| claim == value),
        Match::Contains => values.iter().any(|claim| claim.contains(value)),
        Match::StartsWith => values.iter().any(|claim| claim.starts_with(value)),
        Match::NotEqual => values.iter().all(|claim| claim != value),
    }
}
