//! The constraints of the service model, and the text of each violation.

use cognate::wire::Reply;
use serde_json::{Map, Value};

use super::OPERATIONS;
use crate::support::{World, expand, message};

const NOT_NULL: &str = "Member must not be null";
const MIN_1: &str = "Member must have length greater than or equal to 1";
const MAX_55: &str = "Member must have length less than or equal to 55";
const MAX_128: &str = "Member must have length less than or equal to 128";
const MAX_1024: &str = "Member must have length less than or equal to 1024";
const MAX_65535: &str = "Member must have length less than or equal to 65535";
const FROM_1: &str = "Member must have value greater than or equal to 1";
const TO_60: &str = "Member must have value less than or equal to 60";
const TO_86400: &str = "Member must have value less than or equal to 86400";
const ID: &str = r"Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+";
const NAME: &str = r"Member must satisfy regular expression pattern: [\w\s+=,.@-]+";
const DEVELOPER: &str = r"Member must satisfy regular expression pattern: [\w._-]+";
const USER_POOL: &str = r"Member must satisfy regular expression pattern: [\w._:/-]+";
const CLIENT: &str = r"Member must satisfy regular expression pattern: [\w_]+";
const NO_SPACE: &str = r"Member must satisfy regular expression pattern: [\S]+";
const IDS: &str = r"Member must satisfy constraint: [Member must have length less than or equal to 55, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+]";
const ARNS: &str = "Member must satisfy constraint: [Member must have length less than or equal to 2048, Member must have length greater than or equal to 20]";
const NO_NULLS: &str = "Member must satisfy constraint: [Member must not be null]";
const KEYS: &str = "Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]";
const APPS: &str = r"Map value must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\w.;_/-]+]";
const TOKENS: &str = "Map value must satisfy constraint: [Member must have length less than or equal to 50000, Member must have length greater than or equal to 1]";
const PRINCIPAL: &str = "Map value must satisfy constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal to 1]";
const TAGS: &str = "Map value must satisfy constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal to 0]";
const VALUES: &str = "Map value must satisfy constraint: [Member must not be null]";

/// Members that replace those of a valid body, and for each violation the shown value, the place
/// and the reason. `x*3` stands for `xxx`.
type Row = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

const CREATE: &[&str] = &["CreateIdentityPool"];
const DELETE: &[&str] = &["DeleteIdentities"];
const LOOKUP: &[&str] = &["LookupDeveloperIdentity"];
const MERGE: &[&str] = &["MergeDeveloperIdentities"];
const POOLS: &[&str] = &["CreateIdentityPool", "UpdateIdentityPool"];
const TOKEN: &[&str] = &["GetOpenIdTokenForDeveloperIdentity"];
const UNLINK: &[&str] = &["UnlinkDeveloperIdentity"];

/// Operations that share a member, and the values that it refuses.
#[rustfmt::skip]
const TABLE: &[(&[&str], &[Row])] = &[
    (&["DeleteIdentityPool", "DescribeIdentityPool", "GetOpenIdTokenForDeveloperIdentity",
       "ListIdentities", "LookupDeveloperIdentity", "MergeDeveloperIdentities",
       "UnlinkDeveloperIdentity", "UpdateIdentityPool"], &[
        (r#"{"IdentityPoolId": null}"#,     &[("null", "identityPoolId", NOT_NULL)]),
        (r#"{"IdentityPoolId": ""}"#,       &[("''", "identityPoolId", MIN_1), ("''", "identityPoolId", ID)]),
        (r#"{"IdentityPoolId": "a:0*54"}"#, &[("'a:0*54'", "identityPoolId", MAX_55)]),
        (r#"{"IdentityPoolId": "a:0 "}"#,   &[("'a:0 '", "identityPoolId", ID)]),
        (r#"{"IdentityPoolId": "a:0A"}"#,   &[("'a:0A'", "identityPoolId", ID)]),
        (r#"{"IdentityPoolId": "a:b:c"}"#,  &[("'a:b:c'", "identityPoolId", ID)]),
        (r#"{"IdentityPoolId": "é:0*54"}"#, &[("'é:0*54'", "identityPoolId", MAX_55), ("'é:0*54'", "identityPoolId", ID)]),
    ]),
    (&["DescribeIdentity", "UnlinkDeveloperIdentity"], &[
        (r#"{"IdentityId": null}"#,         &[("null", "identityId", NOT_NULL)]),
    ]),
    (&["DescribeIdentity", "GetOpenIdTokenForDeveloperIdentity", "LookupDeveloperIdentity",
       "UnlinkDeveloperIdentity"], &[
        (r#"{"IdentityId": ""}"#,           &[("''", "identityId", MIN_1), ("''", "identityId", ID)]),
        (r#"{"IdentityId": "a:0*54"}"#,     &[("'a:0*54'", "identityId", MAX_55)]),
        (r#"{"IdentityId": "no id"}"#,      &[("'no id'", "identityId", ID)]),
    ]),
    (POOLS, &[
        (r#"{"IdentityPoolName": null}"#,    &[("null", "identityPoolName", NOT_NULL)]),
        (r#"{"IdentityPoolName": ""}"#,      &[("''", "identityPoolName", MIN_1), ("''", "identityPoolName", NAME)]),
        (r#"{"IdentityPoolName": "x*129"}"#, &[("'x*129'", "identityPoolName", MAX_128)]),
        (r#"{"IdentityPoolName": "a#b"}"#,   &[("'a#b'", "identityPoolName", NAME)]),
        (r#"{"AllowUnauthenticatedIdentities": null}"#, &[("null", "allowUnauthenticatedIdentities", NOT_NULL)]),
        (r#"{"SupportedLoginProviders": {"": "a"}}"#,         &[("'{=a}'", "supportedLoginProviders", KEYS)]),
        (r#"{"SupportedLoginProviders": {"x*129": "a"}}"#,    &[("'{x*129=a}'", "supportedLoginProviders", KEYS)]),
        (r#"{"SupportedLoginProviders": {"a": ""}}"#,         &[("'{a=}'", "supportedLoginProviders", APPS)]),
        (r#"{"SupportedLoginProviders": {"a": "x*129"}}"#,    &[("'{a=x*129}'", "supportedLoginProviders", APPS)]),
        (r#"{"SupportedLoginProviders": {"a": "b:c"}}"#,      &[("'{a=b:c}'", "supportedLoginProviders", APPS)]),
        (r#"{"SupportedLoginProviders": {"a": null}}"#,       &[("'{a=null}'", "supportedLoginProviders", VALUES)]),
        (r#"{"SupportedLoginProviders": {"a": null, "b": "c d", "": "e"}}"#, &[
            ("'{=e, a=null, b=c d}'", "supportedLoginProviders", KEYS),
            ("'{=e, a=null, b=c d}'", "supportedLoginProviders", VALUES),
            ("'{=e, a=null, b=c d}'", "supportedLoginProviders", APPS)]),
        (r#"{"DeveloperProviderName": ""}"#,            &[("''", "developerProviderName", MIN_1), ("''", "developerProviderName", DEVELOPER)]),
        (r#"{"DeveloperProviderName": "x*129"}"#,       &[("'x*129'", "developerProviderName", MAX_128)]),
        (r#"{"DeveloperProviderName": "Bruce Wayne"}"#, &[("'Bruce Wayne'", "developerProviderName", DEVELOPER)]),
        (r#"{"OpenIdConnectProviderARNs": ["x*19"]}"#,   &[("'[x*19]'", "openIdConnectProviderARNs", ARNS)]),
        (r#"{"OpenIdConnectProviderARNs": ["x*2049"]}"#, &[("'[x*2049]'", "openIdConnectProviderARNs", ARNS)]),
        (r#"{"OpenIdConnectProviderARNs": ["x*20", null]}"#, &[("'[x*20, null]'", "openIdConnectProviderARNs", NO_NULLS)]),
        (r#"{"SamlProviderARNs": ["x*19", "x*20"]}"#,    &[("'[x*19, x*20]'", "samlProviderARNs", ARNS)]),
        (r#"{"SamlProviderARNs": ["x*2049"]}"#,          &[("'[x*2049]'", "samlProviderARNs", ARNS)]),
        (r#"{"CognitoIdentityProviders": [{"ProviderName": ""}]}"#,      &[
            ("''", "cognitoIdentityProviders.1.member.providerName", MIN_1),
            ("''", "cognitoIdentityProviders.1.member.providerName", USER_POOL)]),
        (r#"{"CognitoIdentityProviders": [{}, {"ProviderName": "x*129"}]}"#, &[("'x*129'", "cognitoIdentityProviders.2.member.providerName", MAX_128)]),
        (r#"{"CognitoIdentityProviders": [{"ProviderName": "a b"}]}"#,   &[("'a b'", "cognitoIdentityProviders.1.member.providerName", USER_POOL)]),
        (r#"{"CognitoIdentityProviders": [{"ClientId": ""}]}"#,          &[
            ("''", "cognitoIdentityProviders.1.member.clientId", MIN_1),
            ("''", "cognitoIdentityProviders.1.member.clientId", CLIENT)]),
        (r#"{"CognitoIdentityProviders": [{"ClientId": "x*129"}]}"#,     &[("'x*129'", "cognitoIdentityProviders.1.member.clientId", MAX_128)]),
        (r#"{"CognitoIdentityProviders": [{"ClientId": "a-b"}]}"#,       &[("'a-b'", "cognitoIdentityProviders.1.member.clientId", CLIENT)]),
        (r#"{"IdentityPoolTags": {"": "a"}}"#,      &[("'{=a}'", "identityPoolTags", KEYS)]),
        (r#"{"IdentityPoolTags": {"x*129": ""}}"#,  &[("'{x*129=}'", "identityPoolTags", KEYS)]),
        (r#"{"IdentityPoolTags": {"a": "x*257"}}"#, &[("'{a=x*257}'", "identityPoolTags", TAGS)]),
        (r#"{"IdentityPoolTags": {"a": null}}"#,    &[("'{a=null}'", "identityPoolTags", VALUES)]),
    ]),
    (TOKEN, &[
        (r#"{"Logins": null}"#,                 &[("null", "logins", NOT_NULL)]),
        (r#"{"Logins": {"": "a"}}"#,            &[("'{=***Sensitive Data Redacted***}'", "logins", KEYS)]),
        (r#"{"Logins": {"x*129": "a"}}"#,       &[("'{***Sensitive Data Redacted***=***Sensitive Data Redacted***}'", "logins", KEYS)]),
        (r#"{"Logins": {"a": ""}}"#,            &[("'{a=***Sensitive Data Redacted***}'", "logins", TOKENS)]),
        (r#"{"Logins": {"a": "x*50001"}}"#,     &[("'{a=***Sensitive Data Redacted***}'", "logins", TOKENS)]),
        (r#"{"Logins": {"a": null}}"#,          &[("'{a=null}'", "logins", VALUES)]),
        (r#"{"PrincipalTags": {"": "a"}}"#,      &[("'{=a}'", "principalTags", KEYS)]),
        (r#"{"PrincipalTags": {"x*129": "a"}}"#, &[("'{x*129=a}'", "principalTags", KEYS)]),
        (r#"{"PrincipalTags": {"a": ""}}"#,      &[("'{a=}'", "principalTags", PRINCIPAL)]),
        (r#"{"PrincipalTags": {"a": "x*257"}}"#, &[("'{a=x*257}'", "principalTags", PRINCIPAL)]),
        (r#"{"PrincipalTags": {"a": null}}"#,    &[("'{a=null}'", "principalTags", VALUES)]),
        (r#"{"TokenDuration": 0}"#,             &[("'0'", "tokenDuration", FROM_1)]),
        (r#"{"TokenDuration": -9223372036854775808}"#, &[("'-9223372036854775808'", "tokenDuration", FROM_1)]),
        (r#"{"TokenDuration": 86401}"#,         &[("'86401'", "tokenDuration", TO_86400)]),
        (r#"{"TokenDuration": 9223372036854775807}"#,  &[("'9223372036854775807'", "tokenDuration", TO_86400)]),
    ]),
    (&["ListIdentities", "ListIdentityPools"], &[
        (r#"{"MaxResults": null}"#, &[("null", "maxResults", NOT_NULL)]),
    ]),
    (&["ListIdentities", "ListIdentityPools", "LookupDeveloperIdentity"], &[
        (r#"{"MaxResults": 0}"#,        &[("'0'", "maxResults", FROM_1)]),
        (r#"{"MaxResults": 61}"#,       &[("'61'", "maxResults", TO_60)]),
        (r#"{"NextToken": ""}"#,        &[("''", "nextToken", MIN_1), ("''", "nextToken", NO_SPACE)]),
        (r#"{"NextToken": "x*65536"}"#, &[("'x*65536'", "nextToken", MAX_65535)]),
        (r#"{"NextToken": "a\tb"}"#,    &[("'a\tb'", "nextToken", NO_SPACE)]),
    ]),
    (LOOKUP, &[
        (r#"{"DeveloperUserIdentifier": ""}"#,       &[("''", "developerUserIdentifier", MIN_1)]),
        (r#"{"DeveloperUserIdentifier": "x*1025"}"#, &[("'x*1025'", "developerUserIdentifier", MAX_1024)]),
    ]),
    (MERGE, &[
        (r#"{"SourceUserIdentifier": null}"#,          &[("null", "sourceUserIdentifier", NOT_NULL)]),
        (r#"{"SourceUserIdentifier": ""}"#,            &[("''", "sourceUserIdentifier", MIN_1)]),
        (r#"{"SourceUserIdentifier": "x*1025"}"#,      &[("'x*1025'", "sourceUserIdentifier", MAX_1024)]),
        (r#"{"DestinationUserIdentifier": null}"#,     &[("null", "destinationUserIdentifier", NOT_NULL)]),
        (r#"{"DestinationUserIdentifier": ""}"#,       &[("''", "destinationUserIdentifier", MIN_1)]),
        (r#"{"DestinationUserIdentifier": "x*1025"}"#, &[("'x*1025'", "destinationUserIdentifier", MAX_1024)]),
    ]),
    (&["MergeDeveloperIdentities", "UnlinkDeveloperIdentity"], &[
        (r#"{"DeveloperProviderName": null}"#,    &[("null", "developerProviderName", NOT_NULL)]),
        (r#"{"DeveloperProviderName": ""}"#,      &[("''", "developerProviderName", MIN_1), ("''", "developerProviderName", DEVELOPER)]),
        (r#"{"DeveloperProviderName": "x*129"}"#, &[("'x*129'", "developerProviderName", MAX_128)]),
        (r#"{"DeveloperProviderName": "a:b"}"#,   &[("'a:b'", "developerProviderName", DEVELOPER)]),
    ]),
    (UNLINK, &[
        (r#"{"DeveloperUserIdentifier": null}"#,     &[("null", "developerUserIdentifier", NOT_NULL)]),
        (r#"{"DeveloperUserIdentifier": ""}"#,       &[("''", "developerUserIdentifier", MIN_1)]),
        (r#"{"DeveloperUserIdentifier": "x*1025"}"#, &[("'x*1025'", "developerUserIdentifier", MAX_1024)]),
    ]),
    (DELETE, &[
        (r#"{"IdentityIdsToDelete": null}"#,           &[("null", "identityIdsToDelete", NOT_NULL)]),
        (r#"{"IdentityIdsToDelete": []}"#,             &[("'[]'", "identityIdsToDelete", MIN_1)]),
        (r#"{"IdentityIdsToDelete": [""]}"#,           &[("'[]'", "identityIdsToDelete", IDS)]),
        (r#"{"IdentityIdsToDelete": ["a:0*54"]}"#,     &[("'[a:0*54]'", "identityIdsToDelete", IDS)]),
        (r#"{"IdentityIdsToDelete": ["a:0", "b"]}"#,   &[("'[a:0, b]'", "identityIdsToDelete", IDS)]),
        (r#"{"IdentityIdsToDelete": ["a:0", null]}"#,  &[("'[a:0, null]'", "identityIdsToDelete", NO_NULLS)]),
        (r#"{"IdentityIdsToDelete": [null, "b"]}"#, &[
            ("'[null, b]'", "identityIdsToDelete", NO_NULLS), ("'[null, b]'", "identityIdsToDelete", IDS)]),
    ]),
    // Several members at once. Logins come before the identity where the service was observed to do
    // so.
    (CREATE, &[
        (r#"{"IdentityPoolName": "!", "AllowUnauthenticatedIdentities": null, "DeveloperProviderName": "a b"}"#, &[
            ("'!'", "identityPoolName", NAME),
            ("null", "allowUnauthenticatedIdentities", NOT_NULL),
            ("'a b'", "developerProviderName", DEVELOPER)]),
    ]),
    (TOKEN, &[
        (r#"{"IdentityPoolId": null, "IdentityId": "", "Logins": {"a": ""}, "TokenDuration": 0}"#, &[
            ("null", "identityPoolId", NOT_NULL),
            ("'{a=***Sensitive Data Redacted***}'", "logins", TOKENS),
            ("''", "identityId", MIN_1),
            ("''", "identityId", ID),
            ("'0'", "tokenDuration", FROM_1)]),
    ]),
];

/// Complete texts, observed at the service or derived from observed ones.
#[rustfmt::skip]
const TEXTS: &[(&str, &str, &str)] = &[
    ("DescribeIdentityPool", r#"{"IdentityPoolId": "game"}"#,
     r"1 validation error detected: Value 'game' at 'identityPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+"),
    ("DescribeIdentityPool", "{}",
     "1 validation error detected: Value null at 'identityPoolId' failed to satisfy constraint: Member must not be null"),
    ("CreateIdentityPool", r#"{"IdentityPoolName": "pool#name", "AllowUnauthenticatedIdentities": false}"#,
     r"1 validation error detected: Value 'pool#name' at 'identityPoolName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w\s+=,.@-]+"),
    ("CreateIdentityPool", r#"{"IdentityPoolName": "a", "AllowUnauthenticatedIdentities": false, "DeveloperProviderName": "Bruce Wayne"}"#,
     r"1 validation error detected: Value 'Bruce Wayne' at 'developerProviderName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w._-]+"),
    ("DeleteIdentities", r#"{"IdentityIdsToDelete": []}"#,
     "1 validation error detected: Value '[]' at 'identityIdsToDelete' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    ("ListIdentityPools", r#"{"MaxResults": 61}"#,
     "1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 60"),
    ("GetOpenIdTokenForDeveloperIdentity", r#"{"IdentityPoolId": "a:0", "Logins": {"b": "c"}, "TokenDuration": 86401}"#,
     "1 validation error detected: Value '86401' at 'tokenDuration' failed to satisfy constraint: Member must have value less than or equal to 86400"),
    ("GetOpenIdTokenForDeveloperIdentity", r#"{"IdentityPoolId": "a:0", "IdentityId": "", "Logins": {"provider": ""}}"#,
     r"3 validation errors detected: Value '{provider=***Sensitive Data Redacted***}' at 'logins' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 50000, Member must have length greater than or equal to 1]; Value '' at 'identityId' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'identityId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+"),
    ("MergeDeveloperIdentities", "{}",
     "4 validation errors detected: Value null at 'sourceUserIdentifier' failed to satisfy constraint: Member must not be null; Value null at 'destinationUserIdentifier' failed to satisfy constraint: Member must not be null; Value null at 'developerProviderName' failed to satisfy constraint: Member must not be null; Value null at 'identityPoolId' failed to satisfy constraint: Member must not be null"),
];

/// A valid body with replaced members.
pub(super) fn body(operation: &str, replaced: &str) -> Map<String, Value> {
    let (_, fits) = OPERATIONS.iter().find(|(name, _)| *name == operation).expect("an operation");
    let mut members: Map<String, Value> = serde_json::from_str(fits).expect("JSON");
    members.extend(serde_json::from_str::<Map<_, _>>(&expand(replaced)).expect("JSON"));
    members
}

#[track_caller]
pub(super) fn assert_refused(reply: &Reply, name: &str, message: &str, request: &str) {
    let body: Value = serde_json::from_slice(&reply.body).expect("JSON");
    assert_eq!(body, serde_json::json!({"__type": name, "message": message}), "{request}");
    assert_eq!(reply.status, 400, "{request}");
}

#[test]
fn every_constraint_is_refused_in_the_words_of_the_service() {
    let world = World::new();
    let before = world.dump();
    for (operations, rows) in TABLE {
        for (operation, (replaced, failures)) in
            operations.iter().flat_map(|operation| rows.iter().map(move |row| (operation, row)))
        {
            let mut members = body(operation, replaced);
            let request = format!("{operation} {replaced}");
            let message = message(failures);
            let reply = world.wire(operation, &Value::from(members.clone()).to_string());
            assert_refused(&reply, "ValidationException", &message, &request);
            // A null member counts as missing.
            members.retain(|_, value| !value.is_null());
            let reply = world.wire(operation, &Value::from(members).to_string());
            assert_refused(&reply, "ValidationException", &message, &request);
        }
    }
    assert_eq!(world.dump(), before);
}

#[test]
fn whole_texts_are_those_of_the_service() {
    let world = World::new();
    for (operation, body, message) in TEXTS {
        assert_refused(&world.wire(operation, body), "ValidationException", message, body);
    }
}

#[test]
fn lengths_are_code_points_and_classes_are_ascii() {
    let world = World::new();
    for (operation, replaced, failure) in [
        ("MergeDeveloperIdentities", r#"{"SourceUserIdentifier": "😀*1024"}"#, None),
        (
            "MergeDeveloperIdentities",
            r#"{"SourceUserIdentifier": "😀*1025"}"#,
            Some(("'😀*1025'", "sourceUserIdentifier", MAX_1024)),
        ),
        ("CreateIdentityPool", r#"{"IdentityPoolName": " \t\n\u000b\f\r_+=,.@-aZ9"}"#, None),
        (
            "CreateIdentityPool",
            r#"{"IdentityPoolName": "größe"}"#,
            Some(("'größe'", "identityPoolName", NAME)),
        ),
        (
            "CreateIdentityPool",
            r#"{"IdentityPoolName": "a\u00a0b"}"#,
            Some(("'a\u{a0}b'", "identityPoolName", NAME)),
        ),
        ("ListIdentities", r#"{"NextToken": "a\u00a0b"}"#, None),
    ] {
        let request = Value::from(body(operation, replaced)).to_string();
        let reply = world.wire(operation, &request);
        if let Some(failure) = failure {
            assert_refused(&reply, "ValidationException", &message(&[failure]), replaced);
        } else {
            assert_ne!(reply.fault.map(|f| f.name()), Some("ValidationException"), "{replaced}");
        }
    }
}
