mod mappings;

use super::*;
use crate::rules::properties::world::{self, choose};
use crate::state::VerifiedLogin;

const FACEBOOK: &str = "graph.facebook.com";
const USER_POOL: &str = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a";
const CLIENT: &str = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a:client";
const SAML: &str = "arn:aws:iam::123456789012:saml-provider/corp";

const DENIED: &str =
    "! The ambiguous role mapping rules for: graph.facebook.com denied this request.";
const UNCONFIGURED: &str =
    "! Invalid identity pool configuration. Check assigned IAM roles for this pool.";

fn role(name: &str) -> Arn {
    format!("arn:aws:iam::123456789012:role/{name}").parse().expect("an ARN")
}

fn forbidden(name: &str) -> String {
    format!("! Access to Role '{}' is forbidden.", role(name))
}

/// `claim=value`, and `claim=a|b` for an array; `role:NAME` for a role that the provider grants.
fn login(provider: &str, claims: &str) -> VerifiedLogin {
    let provider = provider.parse().expect("a provider");
    let login = VerifiedLogin::assertion(&provider, "sub").expect("a subject").client_id("client");
    claims.split_whitespace().fold(login, |login, claim| match claim.split_once('=') {
        Some((name, value)) if value.contains('|') => {
            login.claim(name, value.split('|').map(str::to_owned).collect::<Vec<_>>())
        }
        Some((name, value)) => login.claim(name, value),
        None => login.role(role(claim.strip_prefix("role:").expect("a role"))),
    })
}

/// `CLAIM MATCH VALUE ROLE`, separated by commas.
fn rules(text: &str, ambiguous: AmbiguousRoleResolution) -> RoleMapping {
    let rules = text.split(',').map(|rule| {
        let words: Vec<_> = rule.split_whitespace().collect();
        let [claim, match_type, value, name] = words.as_slice() else { panic!("{rule}") };
        let match_type = match *match_type {
            "is" => MatchType::Equals,
            "has" => MatchType::Contains,
            "begins" => MatchType::StartsWith,
            "not" => MatchType::NotEqual,
            other => panic!("{other}"),
        };
        MappingRule::new(*claim, match_type, *value, role(name)).expect("fits")
    });
    RoleMapping::rules(ambiguous, rules)
}

fn pool(mappings: impl IntoIterator<Item = (&'static str, RoleMapping)>) -> Pool {
    let mut pool = world::pool_with_providers();
    pool.roles.defaults =
        [(RoleType::Authenticated, role("user")), (RoleType::Unauthenticated, role("guest"))]
            .into();
    let mappings = mappings.into_iter();
    pool.roles.mappings =
        mappings.map(|(provider, mapping)| (provider.parse().unwrap(), mapping)).collect();
    pool
}

fn chosen(pool: &Pool, used: &[VerifiedLogin], custom: &str) -> String {
    let custom = (!custom.is_empty()).then(|| role(custom));
    match choose(pool, false, used, custom.as_ref(), RoleAccounts::OwnOnly) {
        Ok(arn) => arn.iam_resource(ROLE).expect("a role").to_owned(),
        Err(refusal) => format!("! {refusal}"),
    }
}

#[test]
fn default_roles() {
    let pool = pool([]);
    let choose = |pool: &Pool, is_guest, custom: Option<&Arn>| {
        choose(pool, is_guest, &[], custom, RoleAccounts::OwnOnly)
    };
    assert_eq!(choose(&pool, true, None), Ok(role("guest")));
    assert_eq!(choose(&pool, true, Some(&role("other"))), Ok(role("guest")));
    assert_eq!(choose(&pool, false, None), Ok(role("user")));
    let bare = world::pool();
    for guest in [true, false] {
        assert_eq!(choose(&bare, guest, None), Err(Refusal::PoolConfigurationInvalid));
    }
}

/// Contract section 8.2 and open question Q22: no mapping for the provider.
#[test]
fn without_a_mapping() {
    let pool = pool([]);
    let arns = format!("cognito:roles={}|{}", role("a"), role("b"));
    let text = format!("cognito:roles={},{}", role("a"), role("b"));
    for (claims, custom, expected) in [
        ("", "", "user".to_owned()),
        ("", "other", "user".to_owned()),
        (arns.as_str(), "", "user".to_owned()),
        (arns.as_str(), "b", "b".to_owned()),
        (text.as_str(), "b", "b".to_owned()),
        (arns.as_str(), "other", forbidden("other")),
    ] {
        let user_pool = [login(USER_POOL, claims)];
        assert_eq!(chosen(&pool, &user_pool, custom), expected, "{claims} {custom}");
        // From any other provider, the claims grant no roles.
        assert_eq!(chosen(&pool, &[login(FACEBOOK, claims)], custom), "user", "{claims} {custom}");
    }
}

/// A token must not give a role that the pool's owner could not set.
#[test]
fn roles_of_other_accounts() {
    let foreign = "arn:aws:iam::999999999999:role/admin";
    let mapped = pool([(FACEBOOK, RoleMapping::token(AmbiguousRoleResolution::Deny))]);
    for (arn, any) in [(foreign, true), ("not an arn at all, but long", false)] {
        let refused = Refusal::RoleForbidden { role: arn.parse().unwrap() };
        let claims = ["cognito:preferred_role", "cognito:roles"];
        let claiming =
            claims.iter().fold(login(FACEBOOK, ""), |login, name| login.claim(*name, arn));
        let granted = login(SAML, "").role(arn.parse().unwrap());
        let custom: Arn = arn.parse().unwrap();
        for (login, custom) in [(&claiming, None), (&claiming, Some(&custom)), (&granted, None)] {
            let used = std::slice::from_ref(login);
            let choose = |accounts| choose(&mapped, false, used, custom, accounts);
            assert_eq!(choose(RoleAccounts::OwnOnly), Err(refused.clone()), "{arn}");
            let expected = if any { Ok(arn.parse().unwrap()) } else { Err(refused.clone()) };
            assert_eq!(choose(RoleAccounts::Any), expected, "{arn}");
        }
    }
}

/// No role is of another account as long as the pool's account is only assumed.
#[test]
fn roles_of_a_pool_whose_account_nobody_named() {
    let arn: Arn = "arn:aws:iam::999999999999:role/a".parse().unwrap();
    let no_role: Arn = "arn:aws:iam::999999999999:user/a".parse().unwrap();
    let own = RoleAccounts::OwnOnly;
    for (account, arn, allowed) in [
        ("000000000000", &arn, true),
        ("000000000000", &no_role, false),
        ("123456789012", &arn, false),
        ("999999999999", &arn, true),
    ] {
        let owned = |pool: Pool| Pool { account: account.parse().unwrap(), ..pool };
        let expected = if allowed {
            Ok(arn.clone())
        } else {
            Err(Refusal::RoleForbidden { role: arn.clone() })
        };
        let rule = MappingRule::new("x", MatchType::Equals, "1", arn.clone()).expect("fits");
        let rules = RoleMapping::rules(AmbiguousRoleResolution::Deny, [rule]);
        let by_rules = owned(pool([(FACEBOOK, rules)]));
        let by_token = owned(pool([(FACEBOOK, RoleMapping::token(AmbiguousRoleResolution::Deny))]));
        let claims = format!("x=1 cognito:preferred_role={arn} cognito:roles={arn}");
        let used = [login(FACEBOOK, &claims)];
        for pool in [&by_rules, &by_token] {
            for custom in [None, Some(arn)] {
                assert_eq!(choose(pool, false, &used, custom, own), expected, "{account} {arn}");
            }
        }
        let granted = [login(SAML, "").role(arn.clone())];
        assert_eq!(choose(&owned(pool([])), false, &granted, None, own), expected);
        let mut guests = owned(pool([]));
        guests.roles.defaults.insert(RoleType::Unauthenticated, arn.clone());
        assert_eq!(choose(&guests, true, &[], None, own), expected);
        let set = set(&by_token, by_rules.roles.clone(), own);
        // The pool's other roles are of account 123456789012.
        let others_allowed = account != "999999999999";
        assert_eq!(set.is_ok(), allowed && others_allowed, "{account} {arn}");
    }
}

/// Contract section 8.1.
#[test]
fn roles_and_mappings_that_can_be_set() {
    let set = |provider: &str, mapping: RoleMapping, accounts| {
        let mut roles = pool([]).roles;
        roles.mappings = [(provider.parse().unwrap(), mapping)].into();
        let before = world::pool_with_providers();
        set(&before, roles, accounts).map_or_else(
            |refusal| refusal.to_string(),
            |decided| {
                assert_eq!(decided.effects.len(), 1);
                "set".to_owned()
            },
        )
    };
    let deny = AmbiguousRoleResolution::Deny;
    let own = RoleAccounts::OwnOnly;
    let no_rules = RoleMapping { rules_configuration: None, ..rules("x is 1 a", deny) };
    let empty = RoleMapping::rules(deny, []);
    let unsaid = RoleMapping { ambiguous_role_resolution: None, ..RoleMapping::token(deny) };
    let both = RoleMapping { mapping_type: RoleMappingType::Token, ..rules("x is 1 a", deny) };
    let rule = |arn: &str| {
        let rule = MappingRule::new("x", MatchType::Equals, "1", arn).expect("fits");
        RoleMapping::rules(deny, [rule])
    };
    let many = |count| {
        let one = MappingRule::new("x", MatchType::Equals, "1", role("a")).expect("fits");
        RoleMapping::rules(deny, vec![one; count])
    };
    let foreign = "arn:aws:iam::999999999999:role/a";
    for (provider, mapping, accounts, expected) in [
        (FACEBOOK, RoleMapping::token(deny), own, "set"),
        (CLIENT, RoleMapping::token(deny), own, "set"),
        (SAML, many(RoleMapping::RULES_MAX), own, "set"),
        (FACEBOOK, many(RoleMapping::RULES_MAX + 1), own, "A role mapping has at most 25 rules."),
        (FACEBOOK, no_rules, own, "RulesConfiguration is required for role mapping of type Rules."),
        (FACEBOOK, empty, own, "RulesConfiguration is required for role mapping of type Rules."),
        (FACEBOOK, both, own, "RulesConfiguration is not allowed for role mapping of type Token."),
        (
            FACEBOOK,
            unsaid,
            own,
            "AmbiguousRoleResolution is required for role mapping of type Token.",
        ),
        (
            USER_POOL,
            RoleMapping::token(deny),
            own,
            "(cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a) is not a valid RoleMapping ProviderName or is not a configured provider.",
        ),
        (
            FACEBOOK,
            rule(foreign),
            own,
            "Access to Role 'arn:aws:iam::999999999999:role/a' is forbidden.",
        ),
        (FACEBOOK, rule(foreign), RoleAccounts::Any, "set"),
        (
            FACEBOOK,
            rule("arn:aws:iam::123456789012:user/a"),
            RoleAccounts::Any,
            "Access to Role 'arn:aws:iam::123456789012:user/a' is forbidden.",
        ),
        (
            FACEBOOK,
            rule("not the ARN of a role"),
            own,
            "Access to Role 'not the ARN of a role' is forbidden.",
        ),
    ] {
        assert_eq!(set(provider, mapping, accounts), expected);
    }
    let same = pool([]);
    let unchanged = super::set(&same, same.roles.clone(), own).expect("set");
    assert_eq!(unchanged, Decided::unchanged(()), "what is as before is not written");
}
