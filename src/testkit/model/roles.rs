//! Roles and tags of sessions: section 8 of the contract.

use std::collections::BTreeMap;

use crate::testkit::model::clause::{
    AMBIGUOUS_DENIED, AMBIGUOUS_ROLE, AMBIGUOUS_WITHOUT_ROLE, CUSTOM_IN_NO_RULE,
    CUSTOM_NOT_IN_TOKEN, CUSTOM_NOT_OFFERED, CUSTOM_OF_TOKEN, CUSTOM_WITHOUT_MAPPING,
    GRANT_FORBIDDEN, GUEST_ROLE, Judged, MAPPED_CUSTOM, MAPPED_PREFERRED, MAPPING_PROVIDER,
    NO_GUEST_ROLE, NO_ROLE, ROLE_FORBIDDEN, RULE_CUSTOM, RULE_FIRST, Refusal, TAGS_TOO_LONG,
    USER_ROLE, exactly,
};
use crate::testkit::model::resolution::Proof;
use crate::testkit::model::{Model, PoolState};
use crate::testkit::names::{
    Account, NumberedLogin, Pool, Provider, Role, claim_texts, names_boss,
};
use crate::testkit::outcome::OperationOutcome;
use crate::testkit::settings::{Ambiguous, Mapping, Match, Roles, Rule};

/// A role, and the clause that chooses it.
type Choice = (Role, &'static str);

/// The maximum total size, in bytes, of the tags from attribute maps in a session.
const TAGS_LENGTH_MAX: usize = 460;

impl Model {
    pub(super) fn set_roles(
        &mut self,
        caller: Account,
        pool: Pool,
        roles: &Roles,
        outcome: &OperationOutcome,
    ) -> Judged {
        let any_account = self.choices.roles_of_any_account;
        let set = self.pool_mut(caller, pool).and_then(|state| {
            if roles.mappings.keys().any(|provider| !state.settings.has(*provider)) {
                return Err(MAPPING_PROVIDER);
            }
            if roles.names_any() && !may_have_roles(state, any_account) {
                return Err(ROLE_FORBIDDEN);
            }
            state.roles = roles.clone();
            Ok(OperationOutcome::Done)
        });
        exactly(set, outcome)
    }

    /// The role and the tags of a session. `named` are the logins that a token names. More proof
    /// never turns an acceptance into a refusal: if the presented logins are refused, the session
    /// is the one that the token gets alone.
    pub(super) fn grant(
        &self,
        (id, pool): (Pool, &PoolState),
        proof: &Proof,
        named: &[NumberedLogin],
        custom: Option<Role>,
    ) -> Result<(Choice, BTreeMap<String, String>), Refusal> {
        let is_usable = may_have_roles(pool, self.choices.roles_of_any_account);
        let usable = |chosen: Choice| if is_usable { Ok(chosen) } else { Err(GRANT_FORBIDDEN) };
        let token = proof.token.iter().filter(|_| !named.is_empty());
        let said: BTreeMap<_, _> = token.flat_map(|token| token.tags.clone()).collect();
        let by_logins = || {
            let role = choose(pool, &proof.logins, true, custom).and_then(usable)?;
            Ok((role, self.session_tags(id, &proof.logins, &said)?))
        };
        let by_token = || {
            let role = choose(pool, named, false, custom).and_then(usable)?;
            Ok((role, said.clone()))
        };
        match (proof.logins.is_empty(), named.is_empty()) {
            (true, true) => {
                let role = pool.roles.unauthenticated.ok_or(NO_GUEST_ROLE)?;
                Ok((usable((role, GUEST_ROLE))?, said.clone()))
            }
            (false, true) => by_logins(),
            (true, false) => by_token(),
            (false, false) => by_logins().or_else(|refused| by_token().map_err(|_| refused)),
        }
    }

    /// The tags from attribute maps. If two have the same key, the one of the first login counts.
    pub(super) fn mapped_tags(
        &self,
        pool: Pool,
        logins: &[NumberedLogin],
    ) -> BTreeMap<String, String> {
        let mut tags = BTreeMap::new();
        let Some(state) = self.pools.get(&pool) else { return tags };
        for login in logins {
            let NumberedLogin::Public(provider, subject) = login else { continue };
            let attributes = state.attributes.get(provider).copied().unwrap_or_default();
            for (key, claim) in attributes.claims() {
                let value = match (*claim, claim_texts(*subject, claim).as_deref()) {
                    ("aud", _) => Some(provider.client_of(*subject).to_owned()),
                    (_, Some([value])) => Some(value.clone()),
                    // The claim is missing or has several values.
                    _ => None,
                };
                if let Some(value) = value {
                    tags.entry((*key).to_owned()).or_insert(value);
                }
            }
        }
        tags
    }

    /// The tags from attribute maps. The token's tags replace those with the same key.
    fn session_tags(
        &self,
        pool: Pool,
        logins: &[NumberedLogin],
        said: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, Refusal> {
        let mut tags = self.mapped_tags(pool, logins);
        tags.retain(|key, _| !said.contains_key(key));
        let length: usize =
            tags.iter().map(|(key, value)| key.len().saturating_add(value.len())).sum();
        if length > TAGS_LENGTH_MAX {
            return Err(TAGS_TOO_LONG);
        }
        tags.extend(said.clone());
        Ok(tags)
    }
}

/// Roles belong to account 0. It is unknown which roles belong to an unknown account.
fn may_have_roles(pool: &PoolState, any_account: bool) -> bool {
    any_account || [0, Account::NOT_KNOWN].contains(&pool.owner.number)
}

/// The role for logins. The first login with a role mapping decides.
fn choose(
    pool: &PoolState,
    logins: &[NumberedLogin],
    are_presented: bool,
    custom: Option<Role>,
) -> Result<Choice, Refusal> {
    // The claims of logins that a token only names are unknown.
    let used = logins.iter().filter_map(|login| match *login {
        NumberedLogin::Public(provider, subject) => {
            Some((provider, are_presented.then_some(subject)))
        }
        NumberedLogin::User(_) => None,
    });
    let used: Vec<_> = used.collect();
    let mut mapped = used.iter().filter_map(|(of, who)| {
        // A mapping of a user pool is for one of its clients.
        let is_meant = who.is_none_or(|subject| of.client_of(subject) == of.first_client());
        let mapping = pool.roles.mappings.get(of).filter(|_| is_meant)?;
        Some((mapping, *of, *who))
    });
    if let Some((mapping, provider, subject)) = mapped.next() {
        let carries_boss = subject.is_some_and(|subject| names_boss(provider, subject));
        return by_mapping(pool, mapping, (subject, carries_boss), custom);
    }
    // Without a mapping, only the tokens of a user pool offer roles.
    let offers = used.iter().any(|(provider, subject)| {
        *provider == Provider::UserPool && subject.is_some_and(|s| names_boss(*provider, s))
    });
    match custom {
        Some(Role::Boss) if offers => Ok((Role::Boss, CUSTOM_OF_TOKEN)),
        Some(_) if offers => Err(CUSTOM_WITHOUT_MAPPING),
        _ => Ok((pool.roles.authenticated.ok_or(NO_ROLE)?, USER_ROLE)),
    }
}

fn by_mapping(
    pool: &PoolState,
    mapping: &Mapping,
    (subject, carries_boss): (Option<u8>, bool),
    custom: Option<Role>,
) -> Result<Choice, Refusal> {
    let by_token = mapping.rules.is_empty();
    let offered: Vec<Role> = if by_token {
        carries_boss.then_some(Role::Boss).into_iter().collect()
    } else {
        let matching = mapping.rules.iter().filter(|rule| matches(rule, subject));
        matching.map(|rule| rule.role).collect()
    };
    let is_carried = custom == Some(Role::Boss) && carries_boss;
    let is_of_a_rule = mapping.rules.iter().any(|rule| Some(rule.role) == custom);
    match (custom, offered.first(), mapping.ambiguous) {
        (Some(custom), ..) if offered.contains(&custom) => {
            Ok((custom, if by_token { MAPPED_CUSTOM } else { RULE_CUSTOM }))
        }
        (Some(_), ..) if is_carried && !is_of_a_rule => Err(CUSTOM_IN_NO_RULE),
        (None, Some(first), _) => {
            Ok((*first, if by_token { MAPPED_PREFERRED } else { RULE_FIRST }))
        }
        (None, None, Ambiguous::AuthenticatedRole) => {
            let role = pool.roles.authenticated.ok_or(AMBIGUOUS_WITHOUT_ROLE)?;
            Ok((role, AMBIGUOUS_ROLE))
        }
        (None, None, Ambiguous::Deny) => Err(AMBIGUOUS_DENIED),
        (Some(_), ..) if by_token => Err(CUSTOM_NOT_IN_TOKEN),
        (Some(_), ..) => Err(CUSTOM_NOT_OFFERED),
    }
}

/// A missing claim matches nothing, not even `NotEqual`.
fn matches(rule: &Rule, subject: Option<u8>) -> bool {
    let values = subject.and_then(|subject| claim_texts(subject, rule.claim));
    let Some(values) = values else { return false };
    let value = rule.value.as_str();
    match rule.match_type {
        Match::Equals => values.iter().any(|claim| claim == value),
        Match::Contains => values.iter().any(|claim| claim.contains(value)),
        Match::StartsWith => values.iter().any(|claim| claim.starts_with(value)),
        Match::NotEqual => values.iter().all(|claim| claim != value),
    }
}
