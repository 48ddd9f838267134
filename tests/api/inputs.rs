//! Inputs at the typed door: what does not fit is refused when it is given, in the service's words.

use std::time::Duration;

use cognate::{
    CreateIdentityPoolInput, DeleteIdentitiesInput, DeleteIdentityPoolInput, DescribeIdentityInput,
    DescribeIdentityPoolInput, Error, ErrorKind, GetOpenIdTokenForDeveloperIdentityInput,
    GuestAccess, ListIdentitiesInput, ListIdentityPoolsInput, LookupDeveloperIdentityInput,
    MergeDeveloperIdentitiesInput, Result, TokenDuration, UnlinkDeveloperIdentityInput,
    UpdateIdentityPoolInput,
};

use crate::support::message;

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

fn create() -> Result<CreateIdentityPoolInput> {
    CreateIdentityPoolInput::new("game", GuestAccess::Denied)
}

fn update() -> Result<UpdateIdentityPoolInput> {
    UpdateIdentityPoolInput::new(POOL, "game", GuestAccess::Denied)
}

fn call() -> Result<GetOpenIdTokenForDeveloperIdentityInput> {
    GetOpenIdTokenForDeveloperIdentityInput::new(POOL)
}

fn lookup() -> Result<LookupDeveloperIdentityInput> {
    LookupDeveloperIdentityInput::new(POOL)
}

fn unlink(
    pool: &str,
    id: &str,
    provider: &str,
    user: &str,
) -> Result<UnlinkDeveloperIdentityInput> {
    UnlinkDeveloperIdentityInput::new(pool, id, provider, user)
}

fn merge(
    pool: &str,
    provider: &str,
    from: &str,
    to: &str,
) -> Result<MergeDeveloperIdentitiesInput> {
    MergeDeveloperIdentitiesInput::new(pool, provider, from, to)
}

fn long(length: usize) -> String {
    "x".repeat(length)
}

/// What is given, and of each failure the value that is shown, where, and why.
type Row = (fn() -> Result<()>, &'static [(&'static str, &'static str, &'static str)]);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    (|| CreateIdentityPoolInput::new("a#b", GuestAccess::Denied).map(drop),     &[("'a#b'", "identityPoolName", NAME)]),
    (|| create()?.supported_login_provider("", "1").map(drop),                  &[("''", "supportedLoginProviders", MIN_1)]),
    (|| create()?.supported_login_provider("a", "b:c").map(drop),               &[("'b:c'", "supportedLoginProviders", APP)]),
    (|| create()?.developer_provider_name("Bruce Wayne").map(drop),             &[("'Bruce Wayne'", "developerProviderName", DEVELOPER)]),
    (|| create()?.open_id_connect_provider_arn("arn").map(drop),                &[("'arn'", "openIdConnectProviderARNs", MIN_20)]),
    (|| create()?.saml_provider_arn("arn").map(drop),                           &[("'arn'", "samlProviderARNs", MIN_20)]),
    (|| create()?.identity_pool_tag("", "a").map(drop),                         &[("''", "identityPoolTags", MIN_1)]),
    (|| create()?.identity_pool_tag("a", long(257)).map(drop),                  &[("'x*257'", "identityPoolTags", MAX_256)]),
    (|| UpdateIdentityPoolInput::new("", "a", GuestAccess::Denied).map(drop),   &[("''", "identityPoolId", MIN_1), ("''", "identityPoolId", ID)]),
    (|| UpdateIdentityPoolInput::new(POOL, "#", GuestAccess::Denied).map(drop), &[("'#'", "identityPoolName", NAME)]),
    (|| update()?.supported_login_provider(long(129), "1").map(drop),           &[("'x*129'", "supportedLoginProviders", MAX_128)]),
    (|| update()?.developer_provider_name("a b").map(drop),                     &[("'a b'", "developerProviderName", DEVELOPER)]),
    (|| update()?.open_id_connect_provider_arn("arn").map(drop),                &[("'arn'", "openIdConnectProviderARNs", MIN_20)]),
    (|| update()?.saml_provider_arn("arn").map(drop),                           &[("'arn'", "samlProviderARNs", MIN_20)]),
    (|| DescribeIdentityPoolInput::new("game").map(drop),                       &[("'game'", "identityPoolId", ID)]),
    (|| DeleteIdentityPoolInput::new("game").map(drop),                         &[("'game'", "identityPoolId", ID)]),
    (|| DescribeIdentityInput::new("alice").map(drop),                          &[("'alice'", "identityId", ID)]),
    (|| ListIdentityPoolsInput::new(0).map(drop),                               &[("'0'", "maxResults", FROM_1)]),
    (|| ListIdentityPoolsInput::new(1)?.next_token("a b").map(drop),            &[("'a b'", "nextToken", NO_SPACE)]),
    (|| ListIdentitiesInput::new("game", 1).map(drop),                          &[("'game'", "identityPoolId", ID)]),
    (|| ListIdentitiesInput::new(POOL, 61).map(drop),                           &[("'61'", "maxResults", TO_60)]),
    (|| ListIdentitiesInput::new(POOL, 1)?.next_token("").map(drop),            &[("''", "nextToken", MIN_1), ("''", "nextToken", NO_SPACE)]),
    (|| GetOpenIdTokenForDeveloperIdentityInput::new("game").map(drop),         &[("'game'", "identityPoolId", ID)]),
    (|| call()?.identity_id("alice").map(drop),                                 &[("'alice'", "identityId", ID)]),
    (|| call()?.login("", "alice").map(drop),                                   &[("''", "logins", MIN_1)]),
    (|| call()?.login(long(129), "alice").map(drop),                            &[(HIDDEN, "logins", MAX_128)]),
    (|| call()?.login("login.game", "").map(drop),                              &[(HIDDEN, "logins", MIN_1)]),
    (|| call()?.login("login.game", long(50_001)).map(drop),                    &[(HIDDEN, "logins", MAX_50000)]),
    (|| call()?.principal_tag("", "a").map(drop),                               &[("''", "principalTags", MIN_1)]),
    (|| call()?.principal_tag("a", "").map(drop),                               &[("''", "principalTags", MIN_1)]),
    (|| call()?.token_duration(0).map(drop),                                    &[("'0'", "tokenDuration", FROM_1)]),
    (|| call()?.token_duration(86_401).map(drop),                               &[("'86401'", "tokenDuration", TO_86400)]),
    (|| call()?.token_duration(Duration::from_millis(999)).map(drop),           &[("'0'", "tokenDuration", FROM_1)]),
    (|| call()?.token_duration(Duration::MAX).map(drop),                        &[("'9223372036854775807'", "tokenDuration", TO_86400)]),
    (|| LookupDeveloperIdentityInput::new("game").map(drop),                    &[("'game'", "identityPoolId", ID)]),
    (|| lookup()?.identity_id("alice").map(drop),                               &[("'alice'", "identityId", ID)]),
    (|| lookup()?.developer_user_identifier("").map(drop),                      &[("''", "developerUserIdentifier", MIN_1)]),
    (|| lookup()?.max_results(-1).map(drop),                                    &[("'-1'", "maxResults", FROM_1)]),
    (|| lookup()?.next_token("\n").map(drop),                                   &[("'\n'", "nextToken", NO_SPACE)]),
    (|| merge("game", "d", "a", "b").map(drop),                                 &[("'game'", "identityPoolId", ID)]),
    (|| merge(POOL, "d!", "a", "b").map(drop),                                  &[("'d!'", "developerProviderName", DEVELOPER)]),
    (|| merge(POOL, "d", "", "b").map(drop),                                    &[("''", "sourceUserIdentifier", MIN_1)]),
    (|| merge(POOL, "d", "a", &long(1025)).map(drop),                           &[("'x*1025'", "destinationUserIdentifier", MAX_1024)]),
    (|| unlink("game", POOL, "d", "a").map(drop),                               &[("'game'", "identityPoolId", ID)]),
    (|| unlink(POOL, "alice", "d", "a").map(drop),                              &[("'alice'", "identityId", ID)]),
    (|| unlink(POOL, POOL, "d!", "a").map(drop),                                &[("'d!'", "developerProviderName", DEVELOPER)]),
    (|| unlink(POOL, POOL, "d", "").map(drop),                                  &[("''", "developerUserIdentifier", MIN_1)]),
    (|| DeleteIdentitiesInput::new([""; 0]).map(drop),                          &[("'[]'", "identityIdsToDelete", MIN_1)]),
    (|| DeleteIdentitiesInput::new([POOL, "alice"]).map(drop),                  &[("'alice'", "identityIdsToDelete", ID)]),
];

#[test]
fn what_does_not_fit_is_refused_where_it_is_given() {
    for (given, failures) in TABLE {
        let wanted = message(failures);
        let refused = given().expect_err(&wanted);
        assert!(matches!(refused, Error::Invalid(_)), "{refused:?}");
        assert_eq!((refused.kind(), refused.to_string()), (ErrorKind::Validation, wanted));
    }
}

#[test]
fn a_violation_can_be_looked_at() {
    let Err(Error::Invalid(violations)) = DescribeIdentityInput::new("") else {
        panic!("an id is not empty")
    };
    let all: Vec<_> = violations.iter().map(|v| (v.member(), v.constraint().to_string())).collect();
    assert_eq!(all, [("identityId", MIN_1.to_owned()), ("identityId", ID.to_owned())]);
}

#[test]
fn a_map_or_a_list_has_a_largest_size() {
    fn shown<T>(entries: Result<T>) -> String {
        entries.err().expect("one too many").to_string()
    }
    let failure = |shown: &str, member, max| {
        let constraint = format!("Member must have length less than or equal to {max}");
        message(&[(&format!("'{shown}'"), member, &constraint)])
    };
    let providers = (10..21).try_fold(create().expect("fits"), |input, n| {
        input.supported_login_provider(n.to_string(), "a")
    });
    let all: Vec<_> = (10..21).map(|n| format!("{n}=a")).collect();
    let all = format!("{{{}}}", all.join(", "));
    assert_eq!(shown(providers), failure(&all, "supportedLoginProviders", 10));

    let tags = (100..151)
        .try_fold(call().expect("fits"), |input, n| input.principal_tag(n.to_string(), "a"));
    let all: Vec<_> = (100..151).map(|n| format!("{n}=a")).collect();
    assert_eq!(shown(tags), failure(&format!("{{{}}}", all.join(", ")), "principalTags", 50));

    let logins =
        (10..21).try_fold(call().expect("fits"), |input, n| input.login(n.to_string(), "a"));
    let all: Vec<_> = (10..21).map(|n| format!("{n}={}", HIDDEN.trim_matches('\''))).collect();
    assert_eq!(shown(logins), failure(&format!("{{{}}}", all.join(", ")), "logins", 10));

    let ids = vec![POOL; 61];
    let all = format!("[{}]", ids.join(", "));
    assert_eq!(shown(DeleteIdentitiesInput::new(ids)), failure(&all, "identityIdsToDelete", 60));
}

#[test]
fn a_login_of_the_same_provider_replaces_the_first() {
    let twice = call().and_then(|input| input.login("login.game", "alice"));
    let twice = twice.and_then(|input| input.login("login.game", "bob")).expect("fits");
    let once = call().and_then(|input| input.login("login.game", "bob")).expect("fits");
    assert_eq!(twice, once);
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
        serde_json::from_str::<GetOpenIdTokenForDeveloperIdentityInput>(&json).is_ok()
    };
    assert!(reads(&logins[1..].join(","), &tags[1..].join(",")));
    assert!(!reads(&logins.join(","), &tags[1..].join(",")));
    assert!(!reads(&logins[1..].join(","), &tags.join(",")));
    let ids = |count: usize| {
        let json = format!(r#"{{"IdentityIdsToDelete": [{}]}}"#, vec![r#""a:0""#; count].join(","));
        serde_json::from_str::<DeleteIdentitiesInput>(&json).is_ok()
    };
    assert!(!ids(0) && ids(1) && ids(60) && !ids(61));
}
