//! Inputs and outputs as JSON, in the service's format in both directions.

use std::fmt::Debug;

use cognate::operation::{
    AmbiguousRoleResolution, CognitoIdentityProvider, CreateIdentityPoolInput,
    DeleteIdentitiesInput, DescribeIdentityInput, GetCredentialsForIdentityInput, GetIdInput,
    GetOpenIdTokenForDeveloperIdentityInput, GetOpenIdTokenInput, GuestAccess, IdentityState,
    ListIdentitiesInput, ListIdentityPoolsInput, ListTagsForResourceInput,
    LookupDeveloperIdentityInput, MergeDeveloperIdentitiesInput, RoleMapping, RoleType,
    SetIdentityPoolRolesInput, SetPrincipalTagAttributeMapInput, TagResourceInput,
    UnlinkDeveloperIdentityInput, UnlinkIdentityInput, UntagResourceInput, UpdateIdentityPoolInput,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::{GAME, World, call, parse};

const POOL: &str = "us-east-1:0";
const ARN: &str = "arn:aws:iam::123456789012:role/player";

/// Writes a value, compares the JSON, and reads it back.
fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, wanted: &Value) {
    let written = serde_json::to_value(value).expect("writes");
    assert_eq!(&written, wanted);
    assert_eq!(&serde_json::from_value::<T>(written).expect("reads"), value);
}

#[test]
fn inputs_of_pools_are_written_and_read() {
    let user_pool = CognitoIdentityProvider::new(
        parse("cognito-idp.us-east-1.amazonaws.com/us-east-1_a"),
        parse("client"),
    );
    let settings = json!({
        "IdentityPoolName": "game",
        "AllowUnauthenticatedIdentities": true,
        "AllowClassicFlow": false,
        "SupportedLoginProviders": {"graph.facebook.com": "1"},
        "DeveloperProviderName": GAME,
        "OpenIdConnectProviderARNs": [ARN],
        "CognitoIdentityProviders": [{
            "ProviderName": "cognito-idp.us-east-1.amazonaws.com/us-east-1_a",
            "ClientId": "client",
        }],
        "SamlProviderARNs": [ARN],
        "IdentityPoolTags": {"team": "blue"},
    });
    let create = CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
        .allow_classic_flow(false)
        .supported_login_providers("graph.facebook.com", "1")
        .developer_provider_name(GAME)
        .open_id_connect_provider_arns(ARN)
        .cognito_identity_providers(user_pool)
        .saml_provider_arns(ARN)
        .identity_pool_tags("team", "blue");
    round_trip(&create, &settings);

    let mut whole = settings;
    whole["IdentityPoolId"] = json!(POOL);
    let pool =
        serde_json::from_value::<cognate::operation::IdentityPool>(whole.clone()).expect("a pool");
    round_trip(&UpdateIdentityPoolInput::from(pool), &whole);
    round_trip(
        &ListIdentityPoolsInput::new(9).next_token("n"),
        &json!({"MaxResults": 9, "NextToken": "n"}),
    );
}

#[test]
fn inputs_of_identities_are_written_and_read() {
    round_trip(&DescribeIdentityInput::new(POOL), &json!({"IdentityId": POOL}));
    round_trip(&DeleteIdentitiesInput::new([POOL]), &json!({"IdentityIdsToDelete": [POOL]}));
    round_trip(
        &ListIdentitiesInput::new(POOL, 60).hide_disabled(true),
        &json!({"IdentityPoolId": POOL, "MaxResults": 60, "HideDisabled": true}),
    );
    round_trip(
        &GetOpenIdTokenForDeveloperIdentityInput::new(POOL)
            .identity_id(POOL)
            .logins(GAME, "alice")
            .principal_tags("team", "blue")
            .token_duration(60),
        &json!({
            "IdentityPoolId": POOL,
            "IdentityId": POOL,
            "Logins": {GAME: "alice"},
            "PrincipalTags": {"team": "blue"},
            "TokenDuration": 60,
        }),
    );
    round_trip(
        &LookupDeveloperIdentityInput::new(POOL).developer_user_identifier("alice").max_results(1),
        &json!({"IdentityPoolId": POOL, "DeveloperUserIdentifier": "alice", "MaxResults": 1}),
    );
    round_trip(
        &MergeDeveloperIdentitiesInput::new(POOL, GAME, "bob", "alice"),
        &json!({
            "IdentityPoolId": POOL,
            "DeveloperProviderName": GAME,
            "SourceUserIdentifier": "bob",
            "DestinationUserIdentifier": "alice",
        }),
    );
    round_trip(
        &UnlinkDeveloperIdentityInput::new(POOL, "us-east-1:1", GAME, "bob"),
        &json!({
            "IdentityPoolId": POOL,
            "IdentityId": "us-east-1:1",
            "DeveloperProviderName": GAME,
            "DeveloperUserIdentifier": "bob",
        }),
    );
}

#[test]
fn inputs_of_the_public_operations_are_written_and_read() {
    round_trip(
        &GetIdInput::new(POOL).account_id("123456789012").logins("a", "b"),
        &json!({"IdentityPoolId": POOL, "AccountId": "123456789012", "Logins": {"a": "b"}}),
    );
    round_trip(&GetOpenIdTokenInput::new(POOL), &json!({"IdentityId": POOL}));
    round_trip(
        &GetCredentialsForIdentityInput::new(POOL).custom_role_arn(ARN),
        &json!({"IdentityId": POOL, "CustomRoleArn": ARN}),
    );
    round_trip(
        &UnlinkIdentityInput::new(POOL).logins("a", "b").logins_to_remove("a"),
        &json!({"IdentityId": POOL, "Logins": {"a": "b"}, "LoginsToRemove": ["a"]}),
    );
}

#[test]
fn inputs_of_roles_and_tags_are_written_and_read() {
    round_trip(
        &SetIdentityPoolRolesInput::new(POOL)
            .roles(RoleType::Authenticated, ARN)
            .role_mappings("a", RoleMapping::token(AmbiguousRoleResolution::Deny)),
        &json!({
            "IdentityPoolId": POOL,
            "Roles": {"authenticated": ARN},
            "RoleMappings": {"a": {"Type": "Token", "AmbiguousRoleResolution": "Deny"}},
        }),
    );
    round_trip(
        &SetPrincipalTagAttributeMapInput::new(POOL, "a")
            .use_defaults(false)
            .principal_tags("team", "dept"),
        &json!({
            "IdentityPoolId": POOL,
            "IdentityProviderName": "a",
            "UseDefaults": false,
            "PrincipalTags": {"team": "dept"},
        }),
    );
    round_trip(
        &TagResourceInput::new(ARN).tags("team", "blue"),
        &json!({"ResourceArn": ARN, "Tags": {"team": "blue"}}),
    );
    round_trip(
        &UntagResourceInput::new(ARN).tag_keys("team"),
        &json!({"ResourceArn": ARN, "TagKeys": ["team"]}),
    );
    round_trip(&ListTagsForResourceInput::new(ARN), &json!({"ResourceArn": ARN}));
}

#[test]
fn an_input_with_a_violation_is_not_written() {
    let error = serde_json::to_string(&GetIdInput::new("game")).expect_err("no id");
    assert!(error.to_string().contains("Value 'game'"), "{error}");
}

#[test]
fn members_are_read_from_inputs() {
    let input = call(&parse(POOL), "alice").token_duration(60);
    assert_eq!(input.get_identity_pool_id(), Some(&parse(POOL)));
    assert_eq!(input.get_identity_id(), None);
    assert_eq!(input.get_token_duration().map(|duration| duration.as_secs()), Some(60));
    let logins = input.get_logins().expect("given").iter();
    let logins: Vec<_> = logins.map(|(name, user)| (name.as_str(), user.as_str())).collect();
    assert_eq!(logins, [(GAME, "alice")]);
    assert_eq!(input.logins("graph.facebook.com", "").get_logins(), None, "one is invalid");
}

/// Writes an output and reads it back.
fn kept<T: Serialize + DeserializeOwned + PartialEq + Debug>(output: &T) {
    let json = serde_json::to_string(output).expect("writes");
    assert_eq!(&serde_json::from_str::<T>(&json).expect("reads"), output, "{json}");
}

#[test]
fn outputs_are_written_and_read() {
    let world = World::new();
    let pool = world.game();
    let aws = &world.aws;
    kept(&aws.get_open_id_token_for_developer_identity(call(&pool, "alice")).expect("a token"));
    let bob = aws.get_open_id_token_for_developer_identity(call(&pool, "bob")).expect("a token");
    let merge = MergeDeveloperIdentitiesInput::new(&pool, GAME, "bob", "alice");
    kept(&aws.merge_developer_identities(merge).expect("merges"));
    let lookup = LookupDeveloperIdentityInput::new(&pool).developer_user_identifier("bob");
    kept(&aws.lookup_developer_identity(lookup.max_results(1)).expect("found"));

    let described = aws.describe_identity(DescribeIdentityInput::new(&bob.identity_id));
    let described = described.expect("described");
    assert_eq!(described.state, IdentityState::Disabled);
    kept(&described);
    kept(&aws.list_identities(ListIdentitiesInput::new(&pool, 1)).expect("lists"));
    kept(&aws.list_identity_pools(ListIdentityPoolsInput::new(1)).expect("lists"));
    let arn = aws.identity_pool_arn(&pool);
    kept(&aws.list_tags_for_resource(ListTagsForResourceInput::new(arn)).expect("lists"));
    kept(&aws.delete_identities(DeleteIdentitiesInput::new([&bob.identity_id])).expect("deletes"));
}
