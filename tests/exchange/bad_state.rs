//! Pools and identities that no operation would create, or that exist already.

use cognate::exchange::{Import, ImportFault};
use cognate::name::IdentityPoolId;

use crate::bad_input::{SEED, identity, pool, seeded, settings};
use crate::support::{ALICE, BOB, POOL, World};

/// Everything that no operation would create is refused.
#[test]
fn identities_that_break_an_invariant() {
    let login = |subject: &str| format!(r#"{{"developer":"login.game","subject":"{subject}"}}"#);
    let google =
        |subject: &str| format!(r#"{{"public":"accounts.google.com","subject":"{subject}"}}"#);
    let with = |logins: &[String]| identity(&format!(r#""logins":[{}]"#, logins.join(",")));
    let many: Vec<String> = (0..21).map(|n| login(&n.to_string())).collect();
    let of = |id: &str, members: &str| identity(&format!(r#""id":"{id}"{members}"#));
    for (lines, told) in [
        (vec![with(&many)], "21 logins, but an identity has at most 20"),
        (vec![with(&[google("1"), google("2")])], "two users of the provider accounts.google.com"),
        (vec![with(&[login("a"), login("a")])], "the login login.game a exists already"),
        (vec![with(&[login("a")]), with(&[login("a")])], "the login login.game a exists already"),
        (
            vec![with(&[google("1")]), with(&[google("1").replace(".com", ".com/")])],
            "the login accounts.google.com 1 exists already",
        ),
        (
            vec![with(&[login("a").replace("game", "gmae")])],
            "the pool is not configured for the provider of login.gmae a",
        ),
        (
            vec![with(&[google("1").replace("google", "gogle")])],
            "the pool is not configured for the provider of accounts.gogle.com 1",
        ),
        (
            vec![with(&[r#"{"subject":"a"}"#.to_owned()])],
            "a login has either `developer` or `public`",
        ),
        (
            vec![with(&[
                r#"{"developer":"login.game","public":"accounts.google.com","subject":"a"}"#
                    .to_owned(),
            ])],
            "a login has either `developer` or `public`",
        ),
        (vec![identity(r#""state":"AUTHENTICATED""#)], "the state AUTHENTICATED with 0 logins"),
        (
            vec![identity(&format!(r#""state":"DISABLED","logins":[{}]"#, login("a")))],
            "the state DISABLED with 1 logins",
        ),
        (
            vec![identity(&format!(r#""state":"UNAUTHENTICATED","logins":[{}]"#, login("a")))],
            "the state UNAUTHENTICATED with 1 logins",
        ),
        (
            vec![with(&[
                login("a").replace('}', ",\"ordinal\":4}"),
                login("b").replace('}', ",\"ordinal\":4}"),
            ])],
            "the ordinals of the logins do not rise",
        ),
        (
            vec![with(&[login("a").replace('}', ",\"ordinal\":4294967295}"), login("b")])],
            "the ordinals of the logins do not rise",
        ),
        (
            vec![identity(r#""created":"2026-01-02T00:00:00Z","modified":"2026-01-01T00:00:00Z""#)],
            "modified before it was created",
        ),
        (
            vec![of(ALICE, ""), of(BOB, ""), of(ALICE, "")],
            "the identity us-east-1:a11ce000-0000-4000-8000-000000000000 exists already",
        ),
        (
            vec![of(&ALICE.replace("us-east", "eu-west"), "")],
            "the identity eu-west-1:a11ce000-0000-4000-8000-000000000000 is of another region than its pool",
        ),
        (vec![of("us-east-1:abc", "")], "`us-east-1:abc` is no region and GUID"),
        (
            vec![of("us-east-1:00000000-0000-0000-0000-000000000000", "")],
            "`us-east-1:00000000-0000-0000-0000-000000000000` is no region and GUID",
        ),
        (
            vec![identity(r#""created_by":{"operation":"GetId","by":"anyone"}"#)],
            "the member `created_by` belongs to an export with history",
        ),
        (vec![pool("")], "the pool us-east-1:11111111-1111-4111-8111-111111111111 exists already"),
    ] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(seeded(&lines), told);
    }
}

#[test]
fn pools_that_the_service_would_refuse() {
    let pool_of = |member: &str| pool(member).replace(POOL, BOB);
    let settings_of = |member: &str| settings(member).replace(POOL, BOB);
    let many = |count: usize| {
        let tags: Vec<_> = (0..count).map(|n| format!(r#""{n}":"v""#)).collect();
        format!(r#","IdentityPoolTags":{{{}}}"#, tags.join(","))
    };
    let providers: Vec<_> = (0..11).map(|n| format!(r#""p{n}":"app""#)).collect();
    let role = "arn:aws:iam::123456789012:role/r";
    for (line, told) in [
        (settings_of(r#","DeveloperProviderName":"accounts.google.com""#), "accounts.google.com"),
        (settings_of(&many(51)), "50"),
        (
            settings_of(&format!(r#","SupportedLoginProviders":{{{}}}"#, providers.join(","))),
            "length less than or equal to 10",
        ),
        (
            settings_of(r#","SamlProviderARNs":["arn:aws:iam::1:role/not-saml"]"#),
            "arn:aws:iam::1:role/not-saml",
        ),
        (settings_of(r#","CognitoIdentityProviders":[{}]"#), "Invalid Cognito Identity Provider"),
        (
            pool_of(r#","roles":{"authenticated":"arn:aws:iam::999999999999:user/r"}"#),
            "arn:aws:iam::999999999999:user/r",
        ),
        (
            pool_of(&format!(
                r#","role_mappings":{{"login.game":{{"Type":"Token","AmbiguousRoleResolution":"Deny"}}}},"roles":{{"authenticated":"{role}"}}"#
            )),
            "login.game",
        ),
        (
            pool_of(r#","role_mappings":{"accounts.google.com":{"Type":"Token"}}"#),
            "AmbiguousRoleResolution is required",
        ),
        (
            pool_of(r#","attribute_maps":{"other.example.com":{"UseDefaults":true}}"#),
            "other.example.com",
        ),
        (
            pool_of(r#","attribute_maps":{"accounts.google.com":{"UseDefaults":false}}"#),
            "an attribute map needs `PrincipalTags` or the defaults",
        ),
        (
            pool_of(r#","attribute_maps":{"accounts.google.com":{"PrincipalTags":{}}}"#),
            "an attribute map needs `PrincipalTags` or the defaults",
        ),
        (
            pool_of(
                r#","attribute_maps":{"accounts.google.com":{"UseDefaults":true},"accounts.google.com/":{"UseDefaults":true}}"#,
            ),
            "two attribute maps for the provider accounts.google.com",
        ),
    ] {
        let found = seeded(&[&line]);
        assert!(found.contains(told), "{line}\n{found}");
    }
    let no_region = format!("{SEED}\n{}", pool("").replace(&format!(r#""id":"{POOL}","#), ""));
    let world = World::new(false);
    let refused = world.engine.admin().import(Import::new(), no_region.as_bytes());
    assert_eq!(
        refused.expect_err("no region").to_string(),
        "line 2: a pool without an id needs a region"
    );
}

/// A pool too many is refused before its identities are read.
#[test]
fn an_account_has_a_thousand_pools() {
    let pool = r#"{"pool":{"settings":{"IdentityPoolName":"game","AllowUnauthenticatedIdentities":true}}}"#;
    let pools = |count: usize| [&[SEED], &vec![pool; count][..]].concat().join("\n");
    let world = World::new(false);
    assert_eq!(world.refusal(pools(1_001).as_bytes()), (1_002, ImportFault::TooManyPools));
    world.import(pools(999).as_bytes()).expect("imports");
    assert_eq!(world.refusal(pools(2).as_bytes()), (3, ImportFault::TooManyPools));
    world.import(pools(1).as_bytes()).expect("imports");
    world.checked();
}

/// What exists already is refused wherever it is.
#[test]
fn existing_pools_and_identities_are_not_touched() {
    let world = World::new(false);
    let file = [SEED, &pool(""), &identity(&format!(r#""id":"{ALICE}""#))].join("\n");
    world.import(file.as_bytes()).expect("imports");
    let pool_id: IdentityPoolId = POOL.parse().unwrap();
    assert_eq!(world.refusal(file.as_bytes()), (2, ImportFault::PoolExists(pool_id)));
    let other = file.replace(POOL, BOB);
    let exists = ImportFault::IdentityExists(ALICE.parse().unwrap());
    assert_eq!(world.refusal(other.as_bytes()), (3, exists.clone()));
    // Behind many that are committed before.
    let guests = identity("") + "\n";
    let (guests, alice) = (guests.repeat(700), identity(&format!(r#""id":"{ALICE}""#)));
    let pool = pool("").replace(POOL, BOB);
    let far = format!("{SEED}\n{pool}\n{guests}{alice}\n{guests}");
    assert_eq!(world.refusal(far.as_bytes()), (703, exists));
    world.checked();
}
