//! Roles by the mapping of a login's provider.

use super::*;

/// A login from a token of this service has no claims, and no client for a user pool.
#[test]
fn by_a_token_of_this_service() {
    let named = |provider: &str| VerifiedLogin::of(login(provider, "").login().clone());
    for (ambiguous, expected) in [
        (AmbiguousRoleResolution::AuthenticatedRole, "user".to_owned()),
        (
            AmbiguousRoleResolution::Deny,
            format!("! The ambiguous role mapping rules for: {CLIENT} denied this request."),
        ),
    ] {
        let pool = pool([(CLIENT, rules("x is 1 a", ambiguous))]);
        assert_eq!(chosen(&pool, &[named(USER_POOL)], ""), expected);
        assert_eq!(chosen(&pool, &[named(FACEBOOK)], ""), "user");
    }
}

/// Contract section 8.2.6: roles from an assertion work without any roles of the pool.
#[test]
fn roles_of_an_assertion() {
    let pool = world::pool_with_providers();
    let ambiguous = format!("! The ambiguous role mapping rules for: {SAML} denied this request.");
    for (claims, custom, expected) in [
        ("role:a", "", "a".to_owned()),
        ("role:a role:b", "", ambiguous),
        ("role:a role:b", "b", "b".to_owned()),
        ("role:a role:b", "c", forbidden("c")),
        ("", "", UNCONFIGURED.to_owned()),
    ] {
        assert_eq!(chosen(&pool, &[login(SAML, claims)], custom), expected, "{claims} {custom}");
    }
}

/// Contract section 8.2.3.
#[test]
fn a_mapping_by_token() {
    let roles = format!("cognito:roles={}|{}", role("a"), role("b"));
    let preferred = format!("{roles} cognito:preferred_role={}", role("b"));
    let no_arn = format!("{roles} cognito:preferred_role=b");
    for (claims, custom, or_user, or_denied) in [
        (preferred.as_str(), "", "b", "b"),
        (preferred.as_str(), "a", "a", "a"),
        (preferred.as_str(), "other", forbidden("other").as_str(), forbidden("other").as_str()),
        (roles.as_str(), "", "user", DENIED),
        (roles.as_str(), "b", "b", "b"),
        (no_arn.as_str(), "", "user", DENIED),
        ("", "", "user", DENIED),
        ("", "a", forbidden("a").as_str(), forbidden("a").as_str()),
    ] {
        for (ambiguous, expected) in [
            (AmbiguousRoleResolution::AuthenticatedRole, or_user),
            (AmbiguousRoleResolution::Deny, or_denied),
        ] {
            let pool = pool([(FACEBOOK, RoleMapping::token(ambiguous))]);
            let used = [login(FACEBOOK, claims)];
            assert_eq!(chosen(&pool, &used, custom), expected, "{claims} {custom} {ambiguous:?}");
        }
    }
}

/// Several roles from a provider: none of them is preferred.
#[test]
fn a_mapping_by_token_of_an_assertion() {
    let denied = format!("! The ambiguous role mapping rules for: {SAML} denied this request.");
    let pool = pool([(SAML, RoleMapping::token(AmbiguousRoleResolution::Deny))]);
    let preferred = format!("role:a cognito:preferred_role={}", role("b"));
    for (claims, custom, expected) in [
        ("role:a", "", "a"),
        ("role:a role:b", "", denied.as_str()),
        ("role:a role:b", "b", "b"),
        (preferred.as_str(), "", "b"),
        ("", "", denied.as_str()),
    ] {
        assert_eq!(chosen(&pool, &[login(SAML, claims)], custom), expected, "{claims} {custom}");
    }
}

/// Contract section 8.2.4 and open question Q23.
#[test]
fn a_mapping_by_rules() {
    for (text, claims, custom, expected) in [
        ("dept is Sales a", "dept=Sales", "", "a"),
        ("dept is Sales a", "dept=sales", "", DENIED),
        ("dept is Sales a", "", "", DENIED),
        ("dept has ale a", "dept=Sales", "", "a"),
        ("dept has Ale a", "dept=Sales", "", DENIED),
        ("dept begins Sal a", "dept=Sales", "", "a"),
        ("dept begins ales a", "dept=Sales", "", DENIED),
        ("dept not Sales a", "dept=Legal", "", "a"),
        ("dept not Sales a", "dept=Sales", "", DENIED),
        ("dept not Sales a", "", "", DENIED),
        ("g is x a", "g=w|x", "", "a"),
        ("g has x a", "g=w|xyz", "", "a"),
        ("g begins x a", "g=w|xyz", "", "a"),
        ("g not x a", "g=w|x", "", DENIED),
        ("g not x a", "g=w|y", "", "a"),
        ("age is 7 a", "age=7", "", "a"),
        ("x is 1 a, y is 1 b, z is 1 c", "y=1 z=1", "", "b"),
        ("x is 1 a, y is 1 b, z is 1 c", "y=1 z=1", "c", "c"),
        ("x is 1 a, y is 1 b", "y=1", "a", forbidden("a").as_str()),
        ("x is 1 a", "", "a", forbidden("a").as_str()),
    ] {
        let pool = pool([(FACEBOOK, rules(text, AmbiguousRoleResolution::Deny))]);
        let used = [login(FACEBOOK, claims)];
        assert_eq!(chosen(&pool, &used, custom), expected, "{text} / {claims} / {custom}");
    }
    let mapping = rules("x is 1 a", AmbiguousRoleResolution::AuthenticatedRole);
    let mut pool = pool([(FACEBOOK, mapping)]);
    assert_eq!(chosen(&pool, &[login(FACEBOOK, "")], ""), "user");
    pool.roles.defaults.clear();
    assert_eq!(chosen(&pool, &[login(FACEBOOK, "")], ""), UNCONFIGURED);
}

/// Contract section 8.2.4: a custom role that the token carries, and one that the provider grants.
#[test]
fn a_custom_role_that_no_rule_has() {
    let unoffered = |name: &str| {
        let role = role(name);
        format!("! CustomRoleArn '{role}' is not offered by the role mapping rules for: {SAML}.")
    };
    let carries = |names: &[&str]| {
        let roles: Vec<_> = names.iter().map(|name| role(name).to_string()).collect();
        format!("cognito:roles={}", roles.join("|"))
    };
    let (one, two) = (carries(&["b"]), carries(&["b", "c"]));
    for (claims, custom, expected) in [
        (format!("x=1 {one}"), "b", unoffered("b")),
        (one.clone(), "b", unoffered("b")),
        ("x=1 role:b".to_owned(), "b", unoffered("b")),
        (format!("x=1 {two}"), "c", forbidden("c")),
        (format!("x=1 y=1 {two}"), "c", "c".to_owned()),
        (format!("x=1 {one}"), "d", forbidden("d")),
        (format!("x=1 {one}"), "a", "a".to_owned()),
        ("x=1".to_owned(), "b", forbidden("b")),
    ] {
        for ambiguous in [AmbiguousRoleResolution::Deny, AmbiguousRoleResolution::AuthenticatedRole]
        {
            let pool = pool([(SAML, rules("x is 1 a, y is 1 c", ambiguous))]);
            assert_eq!(
                chosen(&pool, &[login(SAML, &claims)], custom),
                expected,
                "{claims} {custom}"
            );
        }
    }
}

#[test]
fn the_first_login_with_a_mapping_decides() {
    let pool = pool([
        (FACEBOOK, rules("x is 1 a", AmbiguousRoleResolution::Deny)),
        (CLIENT, rules("x is 1 b", AmbiguousRoleResolution::Deny)),
    ]);
    let (facebook, user_pool) = (login(FACEBOOK, "x=1"), login(USER_POOL, "x=1"));
    assert_eq!(chosen(&pool, &[facebook.clone(), user_pool.clone()], ""), "a");
    assert_eq!(chosen(&pool, &[user_pool.clone(), facebook.clone()], ""), "b");
    assert_eq!(chosen(&pool, &[login(SAML, ""), user_pool.clone()], ""), "b");
    // A mapping for another client does not apply.
    assert_eq!(chosen(&pool, &[user_pool.client_id("other")], ""), "user");
}
