//! Malformed requests, and how they are refused.

use std::sync::{Arc, OnceLock};

use cognate::store::{Batch, Commit, Key, KeyRange, MemoryStore, Store, StoreError, Tree, Value};
use cognate::token::SigningAlgorithm;
use cognate::{Engine, wire};

use super::OPERATIONS;
use super::constraints::{assert_refused, body};
use crate::support::{ACCOUNT, REGION, World, call, expand, key, message, parse, target};

/// Texts that are no body at all.
#[rustfmt::skip]
const BODIES: &[(&str, &str)] = &[
    ("",                       "The request body is not valid JSON"),
    (" ",                      "The request body is not valid JSON"),
    ("{",                      "The request body is not valid JSON"),
    ("{}}",                    "The request body is not valid JSON"),
    ("{'a': 1}",               "The request body is not valid JSON"),
    (r#"{"a": 01}"#,           "The request body is not valid JSON"),
    (r#"{"a": "\ud83d"}"#,     "The request body is not valid JSON"),
    (r#"{"a": 1,}"#,           "The request body is not valid JSON"),
    (r#"{"a": [*200]*200}"#,   "The request body is not valid JSON"),
    ("[*60000",                "The request body is not valid JSON"),
    ("[]",                     "Start of list found where not expected"),
    ("null",                   "The request body is not a JSON object"),
    ("true",                   "The request body is not a JSON object"),
    ("1",                      "The request body is not a JSON object"),
    ("1.0",                    "The request body is not a JSON object"),
    (r#""{}""#,                "The request body is not a JSON object"),
];

/// Members of a wrong type. The first in the body is reported, even if there are other faults.
#[rustfmt::skip]
const TYPES: &[(&str, &str, &str)] = &[
    ("DescribeIdentityPool", r#"{"IdentityPoolId": 1}"#,                     "NUMBER_VALUE can not be converted to a String"),
    ("DescribeIdentityPool", r#"{"IdentityPoolId": 1.5}"#,                   "NUMBER_VALUE can not be converted to a String"),
    ("DescribeIdentityPool", r#"{"IdentityPoolId": true}"#,                  "TRUE_VALUE can not be converted to a String"),
    ("DescribeIdentityPool", r#"{"IdentityPoolId": ["a:0"]}"#,               "Start of list found where not expected"),
    ("DescribeIdentityPool", r#"{"IdentityPoolId": {}}"#,                    "Start of structure or map found where not expected."),
    ("ListIdentityPools",    r#"{"MaxResults": "1"}"#,                       "STRING_VALUE can not be converted to an Integer"),
    ("ListIdentityPools",    r#"{"MaxResults": 1.5}"#,                       "DECIMAL_VALUE can not be converted to an Integer"),
    ("ListIdentityPools",    r#"{"MaxResults": 1e-9}"#,                      "DECIMAL_VALUE can not be converted to an Integer"),
    ("ListIdentityPools",    r#"{"MaxResults": false}"#,                     "FALSE_VALUE can not be converted to an Integer"),
    ("ListIdentities",       r#"{"HideDisabled": "maybe"}"#,                 "STRING_VALUE can not be converted to an Boolean"),
    ("ListIdentities",       r#"{"HideDisabled": " true"}"#,                 "STRING_VALUE can not be converted to an Boolean"),
    ("ListIdentities",       r#"{"HideDisabled": ""}"#,                      "STRING_VALUE can not be converted to an Boolean"),
    ("ListIdentities",       r#"{"HideDisabled": 1.5}"#,                     "NUMBER_VALUE can not be converted to a Boolean"),
    ("ListIdentities",       r#"{"HideDisabled": 1}"#,                       "NUMBER_VALUE can not be converted to a Boolean"),
    ("ListIdentities",       r#"{"HideDisabled": []}"#,                      "Start of list found where not expected"),
    ("DeleteIdentities",     r#"{"IdentityIdsToDelete": "a:0"}"#,            "Expected list or null"),
    ("DeleteIdentities",     r#"{"IdentityIdsToDelete": {"a": "a:0"}}"#,     "Start of structure or map found where not expected."),
    ("DeleteIdentities",     r#"{"IdentityIdsToDelete": [1]}"#,              "NUMBER_VALUE can not be converted to a String"),
    ("DeleteIdentities",     r#"{"IdentityIdsToDelete": [["a:0"]]}"#,        "Start of list found where not expected"),
    ("GetOpenIdTokenForDeveloperIdentity", r#"{"Logins": []}"#,              "Start of list found where not expected"),
    ("GetOpenIdTokenForDeveloperIdentity", r#"{"Logins": "a"}"#,             "Expected map or null"),
    ("GetOpenIdTokenForDeveloperIdentity", r#"{"Logins": {"a": 1}}"#,        "NUMBER_VALUE can not be converted to a String"),
    ("GetOpenIdTokenForDeveloperIdentity", r#"{"PrincipalTags": {"a": ["b"]}}"#, "Start of list found where not expected"),
    ("GetOpenIdTokenForDeveloperIdentity", r#"{"PrincipalTags": {"a": {}}}"#, "Start of structure or map found where not expected."),
    ("GetOpenIdTokenForDeveloperIdentity", r#"{"TokenDuration": "900"}"#,    "STRING_VALUE can not be converted to a Long"),
    ("GetOpenIdTokenForDeveloperIdentity", r#"{"TokenDuration": 900.5}"#,    "DECIMAL_VALUE can not be converted to a Long"),
    ("CreateIdentityPool", r#"{"AllowUnauthenticatedIdentities": "off"}"#,   "STRING_VALUE can not be converted to an Boolean"),
    ("CreateIdentityPool", r#"{"CognitoIdentityProviders": {}}"#,            "Start of structure or map found where not expected."),
    ("CreateIdentityPool", r#"{"CognitoIdentityProviders": ["a"]}"#,         "Expected null"),
    ("CreateIdentityPool", r#"{"CognitoIdentityProviders": [{"ClientId": 1}]}"#, "NUMBER_VALUE can not be converted to a String"),
    ("CreateIdentityPool", r#"{"CognitoIdentityProviders": [{"ServerSideTokenCheck": 1}]}"#, "NUMBER_VALUE can not be converted to a Boolean"),
    ("CreateIdentityPool", r#"{"IdentityPoolTags": {"a": 1}}"#,              "NUMBER_VALUE can not be converted to a String"),
    ("CreateIdentityPool", r#"{"SamlProviderARNs": [false]}"#,               "FALSE_VALUE can not be converted to a String"),
    ("CreateIdentityPool", r#"{"IdentityPoolName": "", "SamlProviderARNs": 1, "IdentityPoolTags": []}"#, "Expected list or null"),
    ("CreateIdentityPool", r#"{"IdentityPoolTags": 1.5}"#,                   "Expected map or null"),
    ("SetIdentityPoolRoles", r#"{"RoleMappings": {"a": {"RulesConfiguration": true}}}"#, "Expected null"),
    ("SetIdentityPoolRoles", r#"{"RoleMappings": {"a": []}}"#,               "Start of list found where not expected"),
    ("SetIdentityPoolRoles", r#"{"RoleMappings": {"a": {"Type": 1}}}"#,      "NUMBER_VALUE can not be converted to a String"),
];

#[test]
fn a_body_is_one_json_object() {
    let world = World::new();
    for (operation, _) in OPERATIONS {
        for (body, message) in BODIES {
            let reply = world.wire(operation, &expand(body));
            assert_refused(&reply, "SerializationException", message, body);
        }
    }
    let context = wire::Context::signed(parse(ACCOUNT), parse(REGION));
    let noise = b"{\"MaxResults\": 1, \"NextToken\": \"\xff\"}";
    let reply = wire::call(&world.engine, &context, &target("ListIdentityPools"), noise);
    assert_refused(&reply, "SerializationException", BODIES[0].1, "not UTF-8");
    assert_eq!(world.dump(), []);
}

#[test]
fn every_member_has_a_type() {
    let world = World::new();
    for (operation, replaced, message) in TYPES {
        let body = serde_json::Value::from(body(operation, replaced)).to_string();
        assert_refused(&world.wire(operation, &body), "SerializationException", message, replaced);
    }
    assert_eq!(world.dump(), []);
}

#[test]
fn unknown_members_are_ignored() {
    let world = World::new();
    for (operation, fits) in OPERATIONS {
        let plain = world.wire(operation, fits);
        let more = fits.replacen('{', r#"{"Unknown": [{"a": null}], "identityPoolId": 1, "#, 1);
        let reply = world.wire(operation, &more);
        let same = (reply.status, reply.fault.clone()) == (plain.status, plain.fault.clone());
        assert!(same, "{operation}: {:?} and {:?}", reply.fault, plain.fault);
    }
}

#[test]
fn the_last_of_two_members_of_one_name_counts() {
    let world = World::new();
    let reply = world.wire("ListIdentityPools", r#"{"MaxResults": 61, "MaxResults": 1}"#);
    assert_eq!(reply.status, 200);
    let reply = world.wire("ListIdentityPools", r#"{"MaxResults": 1, "MaxResults": true}"#);
    let message = "TRUE_VALUE can not be converted to an Integer";
    assert_refused(&reply, "SerializationException", message, "twice");
}

/// Every spelling that other services of the same framework accept.
#[test]
fn words_for_true_and_false_are_booleans() {
    let world = World::new();
    for (words, is_hidden) in [
        (["true", "TRUE", "yes", "Yes", "y", "t", "1"], true),
        (["false", "False", "no", "NO", "n", "f", "0"], false),
    ] {
        let pool = world.game();
        let alice = world.register(&pool, "alice");
        let input = cognate::operation::UnlinkDeveloperIdentityInput::new(
            &pool,
            &alice,
            "login.game",
            "alice",
        );
        world.aws.unlink_developer_identity(input).expect("disabled");
        for word in words {
            let body =
                format!(r#"{{"IdentityPoolId":"{pool}","MaxResults":1,"HideDisabled":"{word}"}}"#);
            let reply = world.wire("ListIdentities", &body);
            let listed = String::from_utf8(reply.body).expect("text").contains(alice.as_str());
            assert_eq!((reply.fault, listed), (None, !is_hidden), "{word}");
        }
    }
}

#[test]
fn a_number_without_a_fraction_is_an_integer() {
    let world = World::new();
    let pool = world.game();
    for number in ["10", "10.0", "1e1", "1.0E1", "0.1e2", "100e-1"] {
        let reply = world.wire("ListIdentityPools", &format!(r#"{{"MaxResults": {number}}}"#));
        assert_eq!(reply.fault, None, "{number}");
    }
    let body = format!(
        r#"{{"IdentityPoolId": "{pool}", "Logins": {{"login.game": "alice"}}, "TokenDuration": 60.0}}"#
    );
    assert_eq!(world.wire("GetOpenIdTokenForDeveloperIdentity", &body).fault, None);
    let (most, least) = ("9223372036854775807", "-9223372036854775808");
    for (number, shown, constraint) in [
        ("61.0", "61", "Member must have value less than or equal to 60"),
        ("9223372036854775808", most, "Member must have value less than or equal to 60"),
        ("1e300", most, "Member must have value less than or equal to 60"),
        ("-1e300", least, "Member must have value greater than or equal to 1"),
    ] {
        let reply = world.wire("ListIdentityPools", &format!(r#"{{"MaxResults": {number}}}"#));
        let message = message(&[(&format!("'{shown}'"), "maxResults", constraint)]);
        assert_refused(&reply, "ValidationException", &message, number);
    }
}

#[test]
fn a_body_with_too_many_values_is_refused() {
    let world = World::new();
    let ids =
        |count: usize| format!(r#"{{"IdentityIdsToDelete": [{}]}}"#, vec!["0"; count].join(","));
    let text = "The request body has too many values";
    let reply = world.wire("DeleteIdentities", &ids(40_000));
    assert_refused(&reply, "SerializationException", text, "a list");
    let entries: Vec<String> = (0..40_000).map(|n| format!(r#""{n}": "a""#)).collect();
    let body =
        format!(r#"{{"IdentityPoolId": "us-east-1:0", "Logins": {{{}}}}}"#, entries.join(","));
    assert_refused(&world.wire("GetId", &body), "SerializationException", text, "a map");
    let twice = vec![r#""MaxResults": 1"#; 40_000].join(",");
    let reply = world.wire("ListIdentityPools", &format!("{{{twice}}}"));
    assert_refused(&reply, "SerializationException", text, "one member");
    let unknown = format!(r#"{{"MaxResults": 1, "Unknown": [{}]}}"#, vec!["{}"; 20_000].join(","));
    assert_eq!(world.wire("ListIdentityPools", &unknown).fault, None);
}

#[test]
fn a_long_value_is_shown_in_part() {
    let world = World::new();
    let reply = world.wire(
        "DescribeIdentityPool",
        &format!(r#"{{"IdentityPoolId": "{}"}}"#, "é".repeat(30_000)),
    );
    let message = reply.fault.expect("refused").message().to_owned();
    assert!(message.contains(&"é".repeat(30_000)), "{}", message.len());
    let reply =
        world.wire("GetId", &format!(r#"{{"IdentityPoolId": "a{}"}}"#, "é".repeat(300_000)));
    assert!(reply.body.len() < 400_000, "{} bytes", reply.body.len());
    let message = reply.fault.expect("refused").message().to_owned();
    assert!(message.contains("é...' at 'identityPoolId'"), "{}", message.len());
}

#[test]
fn a_body_longer_than_any_input_is_not_read() {
    let world = World::new();
    let context = wire::Context::anonymous();
    let long = [b"{".repeat(wire::BODY_LENGTH_MAX), b"{".to_vec()].concat();
    for (operation, _) in OPERATIONS {
        let reply = wire::call(&world.engine, &context, &target(operation), &long);
        let message = "The request body is too long";
        assert_refused(&reply, "SerializationException", message, operation);
    }
    // The limit is that of the operation with the longest input.
    let longest = &long[1..];
    let read = OPERATIONS.iter().filter(|(operation, _)| {
        let reply = wire::call(&world.engine, &context, &target(operation), longest);
        reply.fault.expect("refused").message() == "The request body is not valid JSON"
    });
    assert_eq!(read.count(), 1);
}

/// A store that cannot be read, or that loses the race on every commit.
struct Broken(MemoryStore, OnceLock<StoreError>);

impl Store for Broken {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.1.get().cloned().map_or_else(|| self.0.get(keys), Err)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.0.scan(range, limit)
    }

    fn commit(&self, _: Batch) -> Result<Commit, StoreError> {
        Ok(Commit::Conflict)
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn create_over(failure: Option<StoreError>) -> wire::Reply {
    let store = Arc::new(Broken(MemoryStore::new(), OnceLock::new()));
    let builder = Engine::builder().signing_key(key(SigningAlgorithm::EdDsa));
    let over: Arc<dyn Store> = store.clone();
    let engine = builder.open_exclusive(over).expect("opens");
    if let Some(failure) = failure {
        store.1.set(failure).expect("once");
    }
    let context = wire::Context::signed(parse(ACCOUNT), parse(REGION));
    let (operation, body) = OPERATIONS[0];
    wire::call(&engine, &context, &target(operation), body.as_bytes())
}

#[test]
fn a_failure_of_the_engine_is_an_internal_error_without_its_cause() {
    let reply = create_over(Some(StoreError::failed("the disk is on fire")));
    let body = r#"{"__type":"InternalErrorException","message":"Internal error"}"#;
    assert_eq!((reply.status, reply.body), (500, body.as_bytes().to_vec()));
    let fault = reply.fault.expect("a fault");
    assert_eq!((fault.name(), fault.message()), ("InternalErrorException", "Internal error"));
    let cause = fault.cause().expect("a cause for the operator");
    assert!(cause.contains("the disk is on fire"), "{cause}");
}

#[test]
fn a_store_that_cannot_be_reached_is_a_busy_service() {
    let reply = create_over(Some(StoreError::unavailable("the server is on fire")));
    assert_eq!(reply.status, 503);
    let fault = reply.fault.expect("a fault");
    assert_eq!(fault.name(), "ServiceUnavailable");
    assert!(!fault.message().contains("fire"), "{}", fault.message());
    assert!(fault.cause().expect("a cause for the operator").contains("the server is on fire"));

    let reply = create_over(Some(StoreError::unknown("the server is on fire")));
    assert_eq!(reply.status, 500, "the change may have happened");
    let cause = reply.fault.expect("a fault");
    assert!(cause.cause().expect("a cause").contains("the commit may have happened"));
}

#[test]
fn a_call_that_always_loses_its_race_can_be_retried() {
    let reply = create_over(None);
    let message = "too many concurrent changes of the same records";
    assert_refused(&reply, "TooManyRequestsException", message, "contended");
}

#[test]
fn a_damaged_record_is_an_internal_error() {
    let world = World::new();
    let pool = world.game();
    let range = KeyRange::prefix(Tree::Pools, []);
    let (key, value) = world.store.scan(&range, 1).expect("readable").remove(0);
    let mut batch = Batch::default();
    batch.puts.push((key.clone(), value[..value.len() - 1].to_vec()));
    world.store.commit(batch).expect("written");
    let reply = world.wire("DescribeIdentityPool", &format!(r#"{{"IdentityPoolId":"{pool}"}}"#));
    let fault = reply.fault.expect("a fault");
    let cause = format!("the store is corrupt: {key}: the record does not decode");
    assert_eq!((reply.status, fault.cause()), (500, Some(cause.as_str())));
    let refused = world.resolve(call(&pool, "alice")).expect_err("unreadable");
    assert_eq!(refused.to_string(), cause);
}

/// The model has no maximum here: every entry could violate a constraint, and each violation is
/// reported.
#[test]
fn very_long_lists_and_maps_are_refused_before_their_entries() {
    let world = World::new();
    let body = |count: usize| {
        let providers = vec!["{}"; count].join(",");
        format!(
            r#"{{"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false,
                "CognitoIdentityProviders": [{providers}]}}"#
        )
    };
    let text = "Too many entries in a list or map";
    let reply = world.wire("CreateIdentityPool", &body(1_001));
    assert_refused(&reply, "SerializationException", text, "a list");
    let quota = "An identity pool has at most 50 user pools.";
    let reply = world.wire("CreateIdentityPool", &body(1_000));
    assert_refused(&reply, "LimitExceededException", quota, "a list");
    let tags: Vec<String> = (0..1_001).map(|n| format!(r#""{n}": """#)).collect();
    let tags = format!(
        r#"{{"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false,
            "IdentityPoolTags": {{{}}}}}"#,
        tags.join(",")
    );
    let reply = world.wire("CreateIdentityPool", &tags);
    assert_refused(&reply, "SerializationException", text, "a map");
}

/// A short request gets no long reply, even if much of it is wrong.
#[test]
fn many_violations_get_a_short_reply() {
    let world = World::new();
    let key = "k".repeat(50_000);
    let rules = vec!["{}"; 16_000].join(",");
    let mapping = format!(r#"{{"Type": "Rules", "RulesConfiguration": {{"Rules": [{rules}]}}}}"#);
    let few = vec!["{}"; 400].join(",");
    let few = format!(r#"{{"RulesConfiguration": {{"Rules": [{few}]}}}}"#);
    let many: Vec<_> = (0..9).map(|n| format!(r#""p{n}": {few}"#)).collect();
    let logins: Vec<_> = (0..30_000).map(|n| format!(r#""{n}": """#)).collect();
    let members = r#""IdentityPoolId": "us-east-1:0", "Roles": {}"#;
    for (operation, body) in [
        (
            "SetIdentityPoolRoles",
            format!(r#"{{{members}, "RoleMappings": {{"{key}": {mapping}}}}}"#),
        ),
        ("SetIdentityPoolRoles", format!(r#"{{{members}, "RoleMappings": {{"p": {mapping}}}}}"#)),
        (
            "SetIdentityPoolRoles",
            format!(r#"{{{members}, "RoleMappings": {{{}}}}}"#, many.join(", ")),
        ),
        ("GetId", format!(r#"{{"IdentityPoolId": "", "Logins": {{{}}}}}"#, logins.join(", "))),
    ] {
        let reply = world.wire(operation, &body);
        let fault = reply.fault.expect("refused");
        assert_eq!(fault.name(), "ValidationException");
        assert!(reply.body.len() < 400_000, "{operation}: {} bytes", reply.body.len());
    }
    let null = r#"{"IdentityPoolId": "us-east-1:0", "Roles": {}, "RoleMappings":
        {"p": {"Type": "Rules", "RulesConfiguration": {"Rules": [null]}}}}"#;
    let at = "roleMappings.p.member.rulesConfiguration.rules.1.member";
    let message = format!(
        "1 validation error detected: Value null at '{at}' failed to satisfy constraint: Member \
         must not be null"
    );
    assert_refused(&world.wire("SetIdentityPoolRoles", null), "ValidationException", &message, at);
}
