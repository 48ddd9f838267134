//! The role that a call gets.

use proptest::collection::vec;
use proptest::option::{self, weighted};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::name::Arn;
use crate::rules::Refusal;
use crate::rules::properties::cases;
use crate::rules::properties::world::{self, choose};
use crate::rules::roles::RoleAccounts;
use crate::state::{
    AmbiguousRoleResolution, ClaimValue, MappingRule, MatchType, Pool, RoleMapping, RoleType,
    VerifiedLogin,
};

const FACEBOOK: &str = "graph.facebook.com";
const USER_POOL: &str = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a";
const SAML: &str = "arn:aws:iam::123456789012:saml-provider/corp";
const DEVELOPER: &str = "d";
pub(super) const PROVIDERS: [&str; 4] = [FACEBOOK, USER_POOL, SAML, DEVELOPER];
const CLIENTS: [&str; 2] = ["client", "other"];
const ROLES: [&str; 6] = [
    "arn:aws:iam::123456789012:role/a",
    "arn:aws:iam::123456789012:role/b",
    "arn:aws:iam::123456789012:role/c",
    "arn:aws:iam::123456789012:role/d",
    "arn:aws:iam::999999999999:role/foreign",
    "no role at all, but as long",
];
const VALUES: [&str; 4] = ["x", "xy", "yx", "y"];

pub(super) fn role() -> impl Strategy<Value = Arn> {
    select(ROLES.to_vec()).prop_map(|role| role.parse().expect("an ARN"))
}

fn match_type() -> impl Strategy<Value = MatchType> {
    use MatchType::{Contains, Equals, NotEqual, StartsWith};
    select(vec![Equals, NotEqual, StartsWith, Contains])
}

fn rule() -> impl Strategy<Value = MappingRule> {
    let claim = select(vec!["one", "many", "missing"]);
    (claim, match_type(), select(VALUES.to_vec()), role()).prop_map(
        |(claim, match_type, value, role)| {
            MappingRule::new(claim, match_type, value, role).expect("fits")
        },
    )
}

fn mapping() -> impl Strategy<Value = RoleMapping> {
    use AmbiguousRoleResolution::{AuthenticatedRole, Deny};
    let resolution = select(vec![AuthenticatedRole, Deny]);
    (resolution, option::of(vec(rule(), 1..5))).prop_map(|(resolution, rules)| match rules {
        Some(rules) => RoleMapping::rules(resolution, rules),
        None => RoleMapping::token(resolution),
    })
}

/// A pool with roles and with mappings for some providers. Some of these pools could not be set.
pub(super) fn pools() -> impl Strategy<Value = Pool> {
    let mappings = vec(option::of(mapping()), 4);
    (option::of(role()), option::of(role()), mappings).prop_map(|(user, guest, mappings)| {
        let mut pool = world::pool_with_providers();
        let defaults = [(RoleType::Authenticated, user), (RoleType::Unauthenticated, guest)];
        let defaults = defaults.into_iter().filter_map(|(of, role)| Some((of, role?)));
        pool.roles.defaults = defaults.collect();
        let [client, other] = CLIENTS.map(|client| format!("{USER_POOL}:{client}"));
        let names = [FACEBOOK, SAML, &client, &other].map(|name| name.parse().expect("a name"));
        let mappings = names.into_iter().zip(mappings);
        pool.roles.mappings = mappings.filter_map(|(name, m)| Some((name, m?))).collect();
        pool
    })
}

pub(super) fn logins() -> impl Strategy<Value = Vec<VerifiedLogin>> {
    let login = (
        weighted(0.8, select(CLIENTS.to_vec())),
        subsequence(ROLES.to_vec(), 0..3),
        weighted(0.3, role()),
        weighted(0.3, subsequence(ROLES.to_vec(), 0..3)),
        weighted(0.8, select(VALUES.to_vec())),
        weighted(0.8, subsequence(VALUES.to_vec(), 0..3)),
    );
    (subsequence(PROVIDERS.to_vec(), 0..=3).prop_shuffle(), vec(login, 3)).prop_map(
        |(providers, logins)| {
            let logins = providers.into_iter().zip(logins).map(|(provider, login)| {
                let (client, granted, preferred, listed, one, many) = login;
                let provider = provider.parse().expect("a provider");
                let mut login = VerifiedLogin::assertion(&provider, "1").expect("a subject");
                if let Some(client) = client {
                    login = login.client_id(client);
                }
                for role in granted {
                    login = login.role(role.parse().expect("an ARN"));
                }
                let all = |values: Vec<&str>| -> Vec<String> {
                    values.into_iter().map(str::to_owned).collect()
                };
                let preferred = preferred.map(|role| ClaimValue::from(role.as_str()));
                let claims = [
                    ("cognito:preferred_role", preferred),
                    ("cognito:roles", listed.map(|roles| all(roles).into())),
                    ("one", one.map(ClaimValue::from)),
                    ("many", many.map(|values| all(values).into())),
                ];
                let claims = claims.into_iter().filter_map(|(name, value)| Some((name, value?)));
                claims.fold(login, |login, (name, value)| login.claim(name, value))
            });
            logins.collect()
        },
    )
}

/// The roles that someone other than the caller has named.
fn named(pool: &Pool, used: &[VerifiedLogin]) -> Vec<Arn> {
    let mapped = pool.roles.mappings.values().flat_map(|mapping| &mapping.rules_configuration);
    let mapped = mapped.flat_map(|rules| &rules.rules).map(|rule| rule.role_arn.clone());
    let claimed = used.iter().flat_map(|login| login.claims().values().flat_map(ClaimValue::iter));
    let claimed = claimed.filter_map(|claim| Arn::try_from(claim).ok());
    let granted = used.iter().flat_map(|login| login.roles().iter().cloned());
    let default = pool.roles.defaults.get(&RoleType::Authenticated).cloned();
    mapped.chain(claimed).chain(granted).chain(default).collect()
}

/// The comparison as the reference describes it, for texts.
fn is_match(match_type: MatchType, claim: &[&str], value: &str) -> bool {
    match match_type {
        MatchType::Equals => claim.contains(&value),
        MatchType::NotEqual => !claim.contains(&value),
        MatchType::StartsWith => claim.iter().any(|claim| claim.find(value) == Some(0)),
        MatchType::Contains => claim.iter().any(|claim| claim.find(value).is_some()),
    }
}

/// A pool with a single mapping: rules for Facebook, with `Deny` for ambiguous roles.
fn pool_of(rules: &[MappingRule]) -> Pool {
    let mut pool = world::pool_with_providers();
    let mapping = RoleMapping::rules(AmbiguousRoleResolution::Deny, rules.to_vec());
    pool.roles.mappings = [(FACEBOOK.parse().expect("a name"), mapping)].into();
    pool
}

fn facebook() -> VerifiedLogin {
    VerifiedLogin::assertion(&FACEBOOK.parse().expect("a name"), "1").expect("a subject")
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn a_role_is_one_that_somebody_has_named(
        pool in pools(),
        used in logins(),
        is_guest in any::<bool>(),
        custom in option::of(role()),
    ) {
        let chosen = |accounts| choose(&pool, is_guest, &used, custom.as_ref(), accounts);
        let any = chosen(RoleAccounts::Any);
        if let Ok(role) = &any {
            prop_assert!(role.iam_resource("role/").is_some(), "{}", role);
            if is_guest {
                prop_assert_eq!(pool.roles.defaults.get(&RoleType::Unauthenticated), Some(role));
            } else {
                prop_assert!(named(&pool, &used).contains(role), "{}", role);
            }
        }
        // Roles of the pool's own account stay the same; no other role replaces them.
        let own = match any {
            Ok(role) if role.iam_account() != Some(pool.account.as_str()) => {
                Err(Refusal::RoleForbidden { role })
            }
            any => any,
        };
        prop_assert_eq!(chosen(RoleAccounts::OwnOnly), own);
    }

    /// A caller who asks for a role gets that role, or the role without asking, or a refusal.
    #[test]
    fn asking_for_a_role_gives_no_other(
        pool in pools(),
        used in logins(),
        is_guest in any::<bool>(),
        custom in role(),
    ) {
        let chosen = |custom| choose(&pool, is_guest, &used, custom, RoleAccounts::Any);
        if let Ok(role) = chosen(Some(&custom)) && role != custom {
            prop_assert_eq!(chosen(None), Ok(role));
        }
    }

    #[test]
    fn the_first_rule_that_matches_decides(
        rules in vec(rule(), 1..6),
        one in select(VALUES.to_vec()),
        many in subsequence(VALUES.to_vec(), 0..4),
        custom in option::of(role()),
    ) {
        let all: Vec<String> = many.iter().map(|value| (*value).to_owned()).collect();
        let login = facebook().claim("one", one).claim("many", all);
        let matching: Vec<_> = rules
            .iter()
            .filter(|rule| match rule.claim.as_str() {
                "one" => is_match(rule.match_type, &[one], rule.value.as_str()),
                "many" => is_match(rule.match_type, &many, rule.value.as_str()),
                _ => false,
            })
            .map(|rule| rule.role_arn.clone())
            .collect();
        let expected = match custom.clone() {
            None => matching.first().cloned(),
            Some(custom) => matching.contains(&custom).then_some(custom),
        };
        let expected = expected.filter(|role| role.iam_resource("role/").is_some());
        let pool = pool_of(&rules);
        let chosen = choose(&pool, false, &[login], custom.as_ref(), RoleAccounts::Any);
        prop_assert_eq!(chosen.ok(), expected);
    }

    #[test]
    fn equals_and_not_equal_are_complements(claim in "[xy]{0,2}", value in "[xy]{1,2}") {
        let login = [facebook().claim("one", claim.as_str())];
        let matches = |match_type| {
            let rule = MappingRule::new("one", match_type, value.as_str(), ROLES[0]);
            let pool = pool_of(&[rule.expect("fits")]);
            choose(&pool, false, &login, None, RoleAccounts::OwnOnly).is_ok()
        };
        prop_assert_eq!(matches(MatchType::Equals), claim == value);
        prop_assert_eq!(matches(MatchType::NotEqual), claim != value);
    }
}
