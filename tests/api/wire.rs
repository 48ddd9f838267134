//! The wire door: requests and replies, byte for byte.

mod constraints;
mod faults;
mod iam;
mod model;
mod order;
mod refusals;
mod secrets;
mod targets;

use cognate::wire;
use serde_json::Value;

use crate::support::{ACCOUNT, NOON, World, call, fill, joined, parse, target};

/// Every operation with a valid body.
const OPERATIONS: [(&str, &str); 23] = [
    (
        "CreateIdentityPool",
        r#"{"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false}"#,
    ),
    ("DeleteIdentities", r#"{"IdentityIdsToDelete": ["us-east-1:0"]}"#),
    ("DeleteIdentityPool", r#"{"IdentityPoolId": "us-east-1:0"}"#),
    ("DescribeIdentity", r#"{"IdentityId": "us-east-1:0"}"#),
    ("DescribeIdentityPool", r#"{"IdentityPoolId": "us-east-1:0"}"#),
    ("GetCredentialsForIdentity", r#"{"IdentityId": "us-east-1:0"}"#),
    ("GetId", r#"{"IdentityPoolId": "us-east-1:0"}"#),
    ("GetIdentityPoolRoles", r#"{"IdentityPoolId": "us-east-1:0"}"#),
    ("GetOpenIdToken", r#"{"IdentityId": "us-east-1:0"}"#),
    (
        "GetOpenIdTokenForDeveloperIdentity",
        r#"{"IdentityPoolId": "us-east-1:0", "Logins": {"login.game": "alice"}}"#,
    ),
    (
        "GetPrincipalTagAttributeMap",
        r#"{"IdentityPoolId": "us-east-1:0", "IdentityProviderName": "graph.facebook.com"}"#,
    ),
    ("ListIdentities", r#"{"IdentityPoolId": "us-east-1:0", "MaxResults": 60}"#),
    ("ListIdentityPools", r#"{"MaxResults": 60}"#),
    (
        "ListTagsForResource",
        r#"{"ResourceArn":
            "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:0"}"#,
    ),
    (
        "LookupDeveloperIdentity",
        r#"{"IdentityPoolId": "us-east-1:0", "IdentityId": "us-east-1:1"}"#,
    ),
    (
        "MergeDeveloperIdentities",
        r#"{"SourceUserIdentifier": "bob", "DestinationUserIdentifier": "alice",
            "DeveloperProviderName": "login.game", "IdentityPoolId": "us-east-1:0"}"#,
    ),
    ("SetIdentityPoolRoles", r#"{"IdentityPoolId": "us-east-1:0", "Roles": {}}"#),
    (
        "SetPrincipalTagAttributeMap",
        r#"{"IdentityPoolId": "us-east-1:0", "IdentityProviderName": "graph.facebook.com"}"#,
    ),
    (
        "TagResource",
        r#"{"ResourceArn":
            "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:0",
            "Tags": {}}"#,
    ),
    (
        "UnlinkDeveloperIdentity",
        r#"{"IdentityId": "us-east-1:1", "IdentityPoolId": "us-east-1:0",
            "DeveloperProviderName": "login.game", "DeveloperUserIdentifier": "alice"}"#,
    ),
    ("UnlinkIdentity", r#"{"IdentityId": "us-east-1:0", "Logins": {}, "LoginsToRemove": []}"#),
    (
        "UntagResource",
        r#"{"ResourceArn":
            "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:0",
            "TagKeys": []}"#,
    ),
    (
        "UpdateIdentityPool",
        r#"{"IdentityPoolId": "us-east-1:0", "IdentityPoolName": "game",
            "AllowUnauthenticatedIdentities": false}"#,
    ),
];

/// The operations that take no credentials.
const PUBLIC: [&str; 4] =
    ["GetCredentialsForIdentity", "GetId", "GetOpenIdToken", "UnlinkIdentity"];

/// Operation, request and reply. The n-th request comes n times 1.5 seconds after noon. Its new ids
/// are `<n>`.
const POOLS: &[(&str, &str, &str)] = &[
    (
        "CreateIdentityPool",
        r#"{"IdentityPoolName": "game 1", "AllowUnauthenticatedIdentities": true,
            "AllowClassicFlow": false,
            "SupportedLoginProviders": {"www.amazon.com": "amzn1.a", "graph.facebook.com": "12"},
            "DeveloperProviderName": "login.game",
            "OpenIdConnectProviderARNs": ["arn:aws:iam::123456789012:oidc-provider/idp.example"],
            "CognitoIdentityProviders": [
                {"ProviderName": "cognito-idp.us-east-1.amazonaws.com/us-east-1_a",
                 "ClientId": "3n4b", "ServerSideTokenCheck": true},
                {"ProviderName": "cognito-idp.us-east-1.amazonaws.com/us-east-1_b",
                 "ClientId": "5u6r", "ServerSideTokenCheck": null}
            ],
            "SamlProviderARNs": ["arn:aws:iam::123456789012:saml-provider/corp"],
            "IdentityPoolTags": {"team": "blue", "cost": ""}}"#,
        r#"{"IdentityPoolId":"<1>","IdentityPoolName":"game 1",
            "AllowUnauthenticatedIdentities":true,"AllowClassicFlow":false,
            "SupportedLoginProviders":{"graph.facebook.com":"12","www.amazon.com":"amzn1.a"},
            "DeveloperProviderName":"login.game",
            "OpenIdConnectProviderARNs":["arn:aws:iam::123456789012:oidc-provider/idp.example"],
            "CognitoIdentityProviders":[
            {"ProviderName":"cognito-idp.us-east-1.amazonaws.com/us-east-1_a",
            "ClientId":"3n4b","ServerSideTokenCheck":true},
            {"ProviderName":"cognito-idp.us-east-1.amazonaws.com/us-east-1_b",
            "ClientId":"5u6r"}],
            "SamlProviderARNs":["arn:aws:iam::123456789012:saml-provider/corp"],
            "IdentityPoolTags":{"cost":"","team":"blue"}}"#,
    ),
    (
        "CreateIdentityPool",
        r#"{"IdentityPoolName": "bare", "AllowUnauthenticatedIdentities": false}"#,
        r#"{"IdentityPoolId":"<2>","IdentityPoolName":"bare",
            "AllowUnauthenticatedIdentities":false,"IdentityPoolTags":{}}"#,
    ),
    (
        "UpdateIdentityPool",
        r#"{"IdentityPoolId": "<1>", "IdentityPoolName": "game 2",
            "AllowUnauthenticatedIdentities": false, "AllowClassicFlow": true}"#,
        r#"{"IdentityPoolId":"<1>","IdentityPoolName":"game 2",
            "AllowUnauthenticatedIdentities":false,"AllowClassicFlow":true,
            "DeveloperProviderName":"login.game",
            "IdentityPoolTags":{"cost":"","team":"blue"}}"#,
    ),
    (
        "DescribeIdentityPool",
        r#"{"IdentityPoolId": "<1>"}"#,
        r#"{"IdentityPoolId":"<1>","IdentityPoolName":"game 2",
            "AllowUnauthenticatedIdentities":false,"AllowClassicFlow":true,
            "DeveloperProviderName":"login.game",
            "IdentityPoolTags":{"cost":"","team":"blue"}}"#,
    ),
    (
        "ListIdentityPools",
        r#"{"MaxResults": 2}"#,
        r#"{"IdentityPools":[{"IdentityPoolId":"<1>","IdentityPoolName":"game 2"},
            {"IdentityPoolId":"<2>","IdentityPoolName":"bare"}]}"#,
    ),
    ("DeleteIdentityPool", r#"{"IdentityPoolId": "<1>"}"#, ""),
    ("DeleteIdentityPool", r#"{"IdentityPoolId": "<2>"}"#, ""),
    ("ListIdentityPools", r#"{"MaxResults": 1, "NextToken": null}"#, r#"{"IdentityPools":[]}"#),
];

/// The same, with `<token>` for a token in a reply.
const IDENTITIES: &[(&str, &str, &str)] = &[
    (
        "CreateIdentityPool",
        r#"{"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false,
            "DeveloperProviderName": "login.game",
            "SupportedLoginProviders": {"graph.facebook.com": "12"}}"#,
        r#"{"IdentityPoolId":"<1>","IdentityPoolName":"game",
            "AllowUnauthenticatedIdentities":false,
            "SupportedLoginProviders":{"graph.facebook.com":"12"},
            "DeveloperProviderName":"login.game","IdentityPoolTags":{}}"#,
    ),
    (
        "GetOpenIdTokenForDeveloperIdentity",
        r#"{"IdentityPoolId": "<1>", "TokenDuration": 60, "PrincipalTags": {"plan": "gold"},
            "Logins": {"login.game": "alice", "graph.facebook.com": "user:a"}}"#,
        r#"{"IdentityId":"<2>","Token":"<token>"}"#,
    ),
    (
        "GetOpenIdTokenForDeveloperIdentity",
        r#"{"IdentityPoolId": "<1>", "IdentityId": null, "Logins": {"login.game": "bob"}}"#,
        r#"{"IdentityId":"<3>","Token":"<token>"}"#,
    ),
    (
        "DescribeIdentity",
        r#"{"IdentityId": "<2>"}"#,
        r#"{"IdentityId":"<2>","Logins":["graph.facebook.com","login.game"],
            "CreationDate":1700000003.0,"LastModifiedDate":1700000003.0}"#,
    ),
    (
        "LookupDeveloperIdentity",
        r#"{"IdentityPoolId": "<1>", "DeveloperUserIdentifier": "bob"}"#,
        r#"{"IdentityId":"<3>","DeveloperUserIdentifierList":["bob"]}"#,
    ),
    (
        "MergeDeveloperIdentities",
        r#"{"SourceUserIdentifier": "bob", "DestinationUserIdentifier": "alice",
            "DeveloperProviderName": "login.game", "IdentityPoolId": "<1>"}"#,
        r#"{"IdentityId":"<2>"}"#,
    ),
    (
        "LookupDeveloperIdentity",
        r#"{"IdentityPoolId": "<1>", "IdentityId": "<2>", "MaxResults": 2}"#,
        r#"{"IdentityId":"<2>","DeveloperUserIdentifierList":["alice","bob"]}"#,
    ),
    (
        "DescribeIdentity",
        r#"{"IdentityId": "<3>"}"#,
        r#"{"IdentityId":"<3>","Logins":["DISABLED"],"CreationDate":1700000004.5,"LastModifiedDate":1700000009.0}"#,
    ),
    (
        "ListIdentities",
        r#"{"IdentityPoolId": "<1>", "MaxResults": 60}"#,
        r#"{"IdentityPoolId":"<1>","Identities":[
            {"IdentityId":"<2>","Logins":["graph.facebook.com","login.game"],
            "CreationDate":1700000003.0,"LastModifiedDate":1700000009.0},
            {"IdentityId":"<3>","Logins":["DISABLED"],
            "CreationDate":1700000004.5,"LastModifiedDate":1700000009.0}]}"#,
    ),
    (
        "UnlinkDeveloperIdentity",
        r#"{"IdentityId": "<2>", "IdentityPoolId": "<1>",
            "DeveloperProviderName": "login.game", "DeveloperUserIdentifier": "alice"}"#,
        "",
    ),
    (
        "ListIdentities",
        r#"{"IdentityPoolId": "<1>", "MaxResults": 1, "HideDisabled": true}"#,
        r#"{"IdentityPoolId":"<1>","Identities":[
            {"IdentityId":"<2>","Logins":["graph.facebook.com","login.game"],
            "CreationDate":1700000003.0,"LastModifiedDate":1700000015.0}]}"#,
    ),
    (
        "DeleteIdentities",
        r#"{"IdentityIdsToDelete": ["<2>", "<3>", "<2>", "us-east-1:0"]}"#,
        r#"{"UnprocessedIdentityIds":[]}"#,
    ),
    (
        "ListIdentities",
        r#"{"IdentityPoolId": "<1>", "MaxResults": 1}"#,
        r#"{"IdentityPoolId":"<1>","Identities":[]}"#,
    ),
];

fn converse(world: &World, pairs: &[(&str, &str, &str)]) {
    for ((operation, request, reply), n) in pairs.iter().zip(1..) {
        world.clock.set(NOON + 1500 * n);
        world.ids.next(n);
        let answer = world.wire(operation, &fill(request));
        let body = String::from_utf8(answer.body).expect("text");
        let token = body.split_once(r#""Token":""#).and_then(|(_, token)| token.split_once('"'));
        let wanted = fill(&joined(reply)).replace("<token>", token.map_or("", |(token, _)| token));
        assert_eq!(body, wanted, "{operation}, request {n}");
        assert_eq!((answer.status, answer.fault), (200, None), "{operation}, request {n}");
    }
    world.check();
}

#[test]
fn replies_about_pools() {
    converse(&World::new(), POOLS);
}

#[test]
fn replies_about_identities() {
    converse(&World::new(), IDENTITIES);
}

#[test]
fn identities_of_another_account_are_reported_by_id() {
    let world = World::new();
    let id = world.register(&world.game(), "alice");
    let context = wire::Context::signed(parse("999999999999"), parse("us-east-1"));
    let body = format!(r#"{{"IdentityIdsToDelete":["{id}"]}}"#);
    let target = target("DeleteIdentities");
    let reply = wire::call(&world.engine, &context, &target, body.as_bytes());
    let wanted = format!(
        r#"{{"UnprocessedIdentityIds":[{{"IdentityId":"{id}","ErrorCode":"AccessDenied"}}]}}"#
    );
    assert_eq!((reply.status, reply.body), (200, wanted.into_bytes()));
    assert_eq!(world.describe(&id).identity_id, id);
}

#[test]
fn every_page_except_the_last_names_the_next() {
    let world = World::new();
    let pool = world.game();
    let carol = ["alice", "bob", "carol"].map(|user| world.register(&pool, user))[2].clone();
    for user in ["carol-2", "carol-3"] {
        world.resolve(call(&pool, user).identity_id(&carol)).expect("linked");
    }
    world.game();
    world.game();
    for (operation, of, list) in [
        ("ListIdentities", format!(r#""IdentityPoolId":"{pool}","#), "Identities"),
        ("ListIdentityPools", String::new(), "IdentityPools"),
        (
            "LookupDeveloperIdentity",
            format!(r#""IdentityPoolId":"{pool}","IdentityId":"{carol}","#),
            "DeveloperUserIdentifierList",
        ),
    ] {
        let mut seen = Vec::new();
        let mut next = Value::Null;
        for page in 1..=3 {
            let body = format!(r#"{{{of}"MaxResults":1,"NextToken":{next}}}"#);
            let reply = world.wire(operation, &body);
            let reply: Value = serde_json::from_slice(&reply.body).expect("JSON");
            let entries = reply[list].as_array().expect("a list");
            assert_eq!(entries.len(), 1, "{operation}");
            seen.extend(entries.clone());
            next = reply["NextToken"].clone();
            assert_eq!(reply.get("NextToken").is_some(), page < 3, "{operation}, page {page}");
        }
        let whole = world.wire(operation, &format!(r#"{{{of}"MaxResults":60}}"#));
        let whole: Value = serde_json::from_slice(&whole.body).expect("JSON");
        assert_eq!(whole[list], Value::Array(seen), "{operation}");
    }
}

#[test]
fn the_region_of_the_signature_is_the_region_of_the_pools() {
    let world = World::new();
    let scope = "20260101/eu-west-1/cognito-identity/aws4_request";
    let header = format!("AWS4-HMAC-SHA256 Credential={ACCOUNT}/{scope}, Signature=0");
    let context = wire::Context::from_authorization(Some(&header));
    let (operation, body) = OPERATIONS[0];
    world.ids.next(7);
    let reply = wire::call(&world.engine, &context, &target(operation), body.as_bytes());
    let id = r#"{"IdentityPoolId":"eu-west-1:00000000-0000-4000-8000-000000000007","#;
    assert!(reply.body.starts_with(id.as_bytes()), "{}", String::from_utf8_lossy(&reply.body));
}
