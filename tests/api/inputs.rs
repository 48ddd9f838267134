//! Inputs collect violated constraints, and are refused once with all of them, in the service's
//! words.

mod json;
mod order;

use std::time::Duration;

use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentitiesInput, DeleteIdentityPoolInput, DescribeIdentityInput,
    DescribeIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput, GuestAccess,
    ListIdentitiesInput, ListIdentityPoolsInput, LookupDeveloperIdentityInput,
    MergeDeveloperIdentitiesInput, UnlinkDeveloperIdentityInput, UpdateIdentityPoolInput,
};
use cognate::token::TokenDuration;
use cognate::{ErrorKind, Violations};

use crate::support::{World, message};

const POOL: &str = "us-east-1:0";

const ID: &str = r"Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+";
const NAME: &str = r"Member must satisfy regular expression pattern: [\w\s+=,.@-]+";
const DEVELOPER: &str = r"Member must satisfy regular expression pattern: [\w._-]+";
const APP: &str = r"Member must satisfy regular expression pattern: [\w.;_/-]+";
const NO_SPACE: &str = r"Member must satisfy regular expression pattern: [\S]+";
const MIN_1: &str = "Member must have length greater than or equal to 1";
const MIN_20: &str = "Member must have length greater than or equal to 20";
const MAX_1024: &str = "Member must have length less than or equal to 1024";
const MAX_128: &str = "Member must have length less than or equal to 128";
const MAX_256: &str = "Member must have length less than or equal to 256";
const MAX_50000: &str = "Member must have length less than or equal to 50000";
const FROM_1: &str = "Member must have value greater than or equal to 1";
const TO_60: &str = "Member must have value less than or equal to 60";
const TO_86400: &str = "Member must have value less than or equal to 86400";
const HIDDEN: &str = "'***Sensitive Data Redacted***'";

fn create() -> CreateIdentityPoolInput {
    CreateIdentityPoolInput::new("game", GuestAccess::Denied)
}

fn update() -> UpdateIdentityPoolInput {
    UpdateIdentityPoolInput::new(POOL, "game", GuestAccess::Denied)
}

fn call() -> GetOpenIdTokenForDeveloperIdentityInput {
    GetOpenIdTokenForDeveloperIdentityInput::new(POOL)
}

fn lookup() -> LookupDeveloperIdentityInput {
    LookupDeveloperIdentityInput::new(POOL)
}

fn unlink(pool: &str, id: &str, provider: &str, user: &str) -> UnlinkDeveloperIdentityInput {
    UnlinkDeveloperIdentityInput::new(pool, id, provider, user)
}

fn merge(pool: &str, provider: &str, from: &str, to: &str) -> MergeDeveloperIdentitiesInput {
    MergeDeveloperIdentitiesInput::new(pool, provider, from, to)
}

fn long(length: usize) -> String {
    "x".repeat(length)
}

/// The input, and for each violation the shown value, the place and the reason.
type Row = (fn() -> Result<(), Violations>, &'static [(&'static str, &'static str, &'static str)]);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    (|| CreateIdentityPoolInput::new("a#b", GuestAccess::Denied).check(),     &[("'a#b'", "identityPoolName", NAME)]),
    (|| create().supported_login_providers("", "1").check(),                  &[("''", "supportedLoginProviders", MIN_1)]),
    (|| create().supported_login_providers("a", "b:c").check(),               &[("'b:c'", "supportedLoginProviders", APP)]),
    (|| create().developer_provider_name("Bruce Wayne").check(),             &[("'Bruce Wayne'", "developerProviderName", DEVELOPER)]),
    (|| create().open_id_connect_provider_arns("arn").check(),                &[("'arn'", "openIdConnectProviderARNs", MIN_20)]),
    (|| create().saml_provider_arns("arn").check(),                           &[("'arn'", "samlProviderARNs", MIN_20)]),
    (|| create().identity_pool_tags("", "a").check(),                         &[("''", "identityPoolTags", MIN_1)]),
    (|| create().identity_pool_tags("a", long(257)).check(),                  &[("'x*257'", "identityPoolTags", MAX_256)]),
    (|| UpdateIdentityPoolInput::new("", "a", GuestAccess::Denied).check(),   &[("''", "identityPoolId", MIN_1), ("''", "identityPoolId", ID)]),
    (|| UpdateIdentityPoolInput::new(POOL, "#", GuestAccess::Denied).check(), &[("'#'", "identityPoolName", NAME)]),
    (|| update().supported_login_providers(long(129), "1").check(),           &[("'x*129'", "supportedLoginProviders", MAX_128)]),
    (|| update().developer_provider_name("a b").check(),                     &[("'a b'", "developerProviderName", DEVELOPER)]),
    (|| update().open_id_connect_provider_arns("arn").check(),                &[("'arn'", "openIdConnectProviderARNs", MIN_20)]),
    (|| update().saml_provider_arns("arn").check(),                           &[("'arn'", "samlProviderARNs", MIN_20)]),
    (|| DescribeIdentityPoolInput::new("game").check(),                       &[("'game'", "identityPoolId", ID)]),
    (|| DeleteIdentityPoolInput::new("game").check(),                         &[("'game'", "identityPoolId", ID)]),
    (|| DescribeIdentityInput::new("alice").check(),                          &[("'alice'", "identityId", ID)]),
    (|| ListIdentityPoolsInput::new(0).check(),                               &[("'0'", "maxResults", FROM_1)]),
    (|| ListIdentityPoolsInput::new(1).next_token("a b").check(),            &[("'a b'", "nextToken", NO_SPACE)]),
    (|| ListIdentitiesInput::new("game", 1).check(),                          &[("'game'", "identityPoolId", ID)]),
    (|| ListIdentitiesInput::new(POOL, 61).check(),                           &[("'61'", "maxResults", TO_60)]),
    (|| ListIdentitiesInput::new(POOL, 1).next_token("").check(),            &[("''", "nextToken", MIN_1), ("''", "nextToken", NO_SPACE)]),
    (|| GetOpenIdTokenForDeveloperIdentityInput::new("game").check(),         &[("'game'", "identityPoolId", ID)]),
    (|| call().identity_id("alice").check(),                                 &[("'alice'", "identityId", ID)]),
    (|| call().logins("", "alice").check(),                                   &[("''", "logins", MIN_1)]),
    (|| call().logins(long(129), "alice").check(),                            &[(HIDDEN, "logins", MAX_128)]),
    (|| call().logins("login.game", "").check(),                              &[(HIDDEN, "logins", MIN_1)]),
    (|| call().logins("login.game", long(50_001)).check(),                    &[(HIDDEN, "logins", MAX_50000)]),
    (|| call().principal_tags("", "a").check(),                               &[("''", "principalTags", MIN_1)]),
    (|| call().principal_tags("a", "").check(),                               &[("''", "principalTags", MIN_1)]),
    (|| call().token_duration(0).check(),                                    &[("'0'", "tokenDuration", FROM_1)]),
    (|| call().token_duration(86_401).check(),                               &[("'86401'", "tokenDuration", TO_86400)]),
    (|| call().token_duration(Duration::from_millis(999)).check(),           &[("'0'", "tokenDuration", FROM_1)]),
    (|| call().token_duration(Duration::MAX).check(),                        &[("'9223372036854775807'", "tokenDuration", TO_86400)]),
    (|| LookupDeveloperIdentityInput::new("game").check(),                    &[("'game'", "identityPoolId", ID)]),
    (|| lookup().identity_id("alice").check(),                               &[("'alice'", "identityId", ID)]),
    (|| lookup().developer_user_identifier("").check(),                      &[("''", "developerUserIdentifier", MIN_1)]),
    (|| lookup().max_results(-1).check(),                                    &[("'-1'", "maxResults", FROM_1)]),
    (|| lookup().next_token("\n").check(),                                   &[("'\n'", "nextToken", NO_SPACE)]),
    (|| merge("game", "d", "a", "b").check(),                                 &[("'game'", "identityPoolId", ID)]),
    (|| merge(POOL, "d!", "a", "b").check(),                                  &[("'d!'", "developerProviderName", DEVELOPER)]),
    (|| merge(POOL, "d", "", "b").check(),                                    &[("''", "sourceUserIdentifier", MIN_1)]),
    (|| merge(POOL, "d", "a", &long(1025)).check(),                           &[("'x*1025'", "destinationUserIdentifier", MAX_1024)]),
    (|| unlink("game", POOL, "d", "a").check(),                               &[("'game'", "identityPoolId", ID)]),
    (|| unlink(POOL, "alice", "d", "a").check(),                              &[("'alice'", "identityId", ID)]),
    (|| unlink(POOL, POOL, "d!", "a").check(),                                &[("'d!'", "developerProviderName", DEVELOPER)]),
    (|| unlink(POOL, POOL, "d", "").check(),                                  &[("''", "developerUserIdentifier", MIN_1)]),
    (|| DeleteIdentitiesInput::new([""; 0]).check(),                          &[("'[]'", "identityIdsToDelete", MIN_1)]),
    (|| DeleteIdentitiesInput::new(["alice"]).check(),                           &[("'alice'", "identityIdsToDelete", ID)]),
    (|| DeleteIdentitiesInput::new([POOL, "alice"]).check(),                  &[("'alice'", "identityIdsToDelete", ID)]),
];

#[test]
fn each_constraint_is_checked() {
    for (given, failures) in TABLE {
        let wanted = message(failures);
        assert_eq!(given().expect_err(&wanted).to_string(), wanted);
    }
}

#[test]
fn an_operation_refuses_all_violations_at_once_and_changes_nothing() {
    let world = World::new();
    let aws = &world.aws;
    let input = CreateIdentityPoolInput::new("a#b", GuestAccess::Denied)
        .saml_provider_arns("arn")
        .developer_provider_name("Bruce Wayne")
        .identity_pool_tags("", "a");
    let refused = aws.create_identity_pool(input).expect_err("four violations");
    let wanted = message(&[
        ("'a#b'", "identityPoolName", NAME),
        ("'Bruce Wayne'", "developerProviderName", DEVELOPER),
        ("'arn'", "samlProviderARNs", MIN_20),
        ("''", "identityPoolTags", MIN_1),
    ]);
    assert_eq!((refused.kind(), refused.to_string()), (ErrorKind::Validation, wanted));
    let pools = aws.list_identity_pools(ListIdentityPoolsInput::new(60)).expect("lists");
    assert!(pools.identity_pools.is_empty());
}

#[test]
fn texts_that_are_borrowed_or_owned_fit() {
    let (pool, user) = (POOL.to_owned(), "alice".to_owned());
    let owned = GetOpenIdTokenForDeveloperIdentityInput::new(&pool).logins("login.game", &user);
    assert_eq!(owned, call().logins("login.game", "alice".to_owned()));
}

#[test]
fn a_value_replaces_an_invalid_one() {
    assert_eq!(call().token_duration(0).token_duration(1), call().token_duration(1));
}

#[test]
fn a_member_that_is_missing_is_null() {
    let input: LookupDeveloperIdentityInput = serde_json::from_str("{}").expect("reads");
    let null = "Member must not be null";
    let violations = input.check().expect_err("no pool");
    assert_eq!(violations.to_string(), message(&[("null", "identityPoolId", null)]));
}

#[test]
fn a_violation_can_be_inspected() {
    let violations = DescribeIdentityInput::new("").check().expect_err("an id is not empty");
    let all: Vec<_> = violations.iter().map(|v| (v.member(), v.constraint().to_string())).collect();
    assert_eq!(all, [("identityId", MIN_1.to_owned()), ("identityId", ID.to_owned())]);
}

#[test]
fn a_map_or_a_list_has_a_largest_size() {
    let failure = |shown: &str, member, max| {
        let constraint = format!("Member must have length less than or equal to {max}");
        message(&[(&format!("'{shown}'"), member, &constraint)])
    };
    let shown = |checked: Result<(), Violations>| checked.expect_err("one too many").to_string();
    let providers =
        (10..21).fold(create(), |input, n| input.supported_login_providers(n.to_string(), "a"));
    let all: Vec<_> = (10..21).map(|n| format!("{n}=a")).collect();
    let all = format!("{{{}}}", all.join(", "));
    assert_eq!(shown(providers.check()), failure(&all, "supportedLoginProviders", 10));

    let tags = (100..151).fold(call(), |input, n| input.principal_tags(n.to_string(), "a"));
    let all: Vec<_> = (100..151).map(|n| format!("{n}=a")).collect();
    let all = format!("{{{}}}", all.join(", "));
    assert_eq!(shown(tags.check()), failure(&all, "principalTags", 50));

    let tags = tags.principal_tags("", "a");
    assert_eq!(tags.check().map_err(|all| all.iter().count()), Err(1), "only the length");
    let one_invalid = (11..21)
        .fold(call().principal_tags("", "a"), |input, n| input.principal_tags(n.to_string(), "a"));
    assert_eq!(one_invalid.check().map_err(|all| all.iter().count()), Err(1), "only the key");
    let ids = DeleteIdentitiesInput::new(vec![POOL; 60]).identity_ids_to_delete("alice");
    let violation = ids.check().expect_err("61 identities").to_string();
    assert!(violation.contains("less than or equal to 60"), "{violation}");

    let logins = (10..21).fold(call(), |input, n| input.logins(n.to_string(), "a"));
    let all: Vec<_> = (10..21).map(|n| format!("{n}={}", HIDDEN.trim_matches('\''))).collect();
    let all = format!("{{{}}}", all.join(", "));
    assert_eq!(shown(logins.check()), failure(&all, "logins", 10));

    let ids = DeleteIdentitiesInput::new(vec![POOL; 61]);
    let all = format!("[{}]", vec![POOL; 61].join(", "));
    assert_eq!(shown(ids.check()), failure(&all, "identityIdsToDelete", 60));
}

#[test]
fn a_login_of_the_same_provider_replaces_the_first() {
    let twice = call().logins("login.game", "alice").logins("login.game", "bob");
    assert_eq!(twice, call().logins("login.game", "bob"));
}

#[test]
fn durations_are_whole_seconds() {
    for (duration, secs) in [(1_999, 1), (86_400_999, 86_400)] {
        let duration = TokenDuration::try_from(Duration::from_millis(duration)).expect("fits");
        assert_eq!(duration.as_secs(), secs);
    }
    assert_eq!(TokenDuration::DEVELOPER_DEFAULT.as_secs(), 900);
}

#[test]
fn inputs_that_are_read_from_elsewhere_keep_their_limits() {
    let pool = "us-east-1:0";
    let logins: Vec<String> = (0..11).map(|n| format!(r#""p{n}": "t""#)).collect();
    let tags: Vec<String> = (0..51).map(|n| format!(r#""k{n}": "v""#)).collect();
    let reads = |logins: &str, tags: &str| {
        let json = format!(
            r#"{{"IdentityPoolId": "{pool}", "Logins": {{{logins}}}, "PrincipalTags": {{{tags}}}}}"#
        );
        serde_json::from_str::<GetOpenIdTokenForDeveloperIdentityInput>(&json)
            .is_ok_and(|input| input.check().is_ok())
    };
    assert!(reads(&logins[1..].join(","), &tags[1..].join(",")));
    assert!(!reads(&logins.join(","), &tags[1..].join(",")));
    assert!(!reads(&logins[1..].join(","), &tags.join(",")));
    let ids = |count: usize| {
        let json = format!(r#"{{"IdentityIdsToDelete": [{}]}}"#, vec![r#""a:0""#; count].join(","));
        serde_json::from_str::<DeleteIdentitiesInput>(&json)
            .is_ok_and(|input| input.check().is_ok())
    };
    assert!(!ids(0) && ids(1) && ids(60) && !ids(61));
}
