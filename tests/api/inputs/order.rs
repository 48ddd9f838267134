//! The typed door reports violations in the order of the wire door.

use cognate::Violations;
use cognate::operation::*;
use serde::de::DeserializeOwned;

use crate::support::World;

fn fault(operation: &str, body: &str) -> String {
    let fault = World::new().wire(operation, body).fault.expect("violations");
    assert_eq!(fault.name(), "ValidationException", "{operation}");
    fault.message().to_owned()
}

/// An input from an empty object.
fn empty<I: DeserializeOwned>() -> I {
    serde_json::from_str("{}").expect("reads")
}

#[test]
fn missing_members_are_reported_as_at_the_wire() {
    macro_rules! rows {
        ($($operation:literal: $Input:ty;)*) => {
            [$(($operation, empty::<$Input>().check())),*]
        };
    }
    let rows: [(&str, Result<(), Violations>); 23] = rows! {
        "CreateIdentityPool": CreateIdentityPoolInput;
        "DeleteIdentities": DeleteIdentitiesInput;
        "DeleteIdentityPool": DeleteIdentityPoolInput;
        "DescribeIdentity": DescribeIdentityInput;
        "DescribeIdentityPool": DescribeIdentityPoolInput;
        "GetCredentialsForIdentity": GetCredentialsForIdentityInput;
        "GetId": GetIdInput;
        "GetIdentityPoolRoles": GetIdentityPoolRolesInput;
        "GetOpenIdToken": GetOpenIdTokenInput;
        "GetOpenIdTokenForDeveloperIdentity": GetOpenIdTokenForDeveloperIdentityInput;
        "GetPrincipalTagAttributeMap": GetPrincipalTagAttributeMapInput;
        "ListIdentities": ListIdentitiesInput;
        "ListIdentityPools": ListIdentityPoolsInput;
        "ListTagsForResource": ListTagsForResourceInput;
        "LookupDeveloperIdentity": LookupDeveloperIdentityInput;
        "MergeDeveloperIdentities": MergeDeveloperIdentitiesInput;
        "SetIdentityPoolRoles": SetIdentityPoolRolesInput;
        "SetPrincipalTagAttributeMap": SetPrincipalTagAttributeMapInput;
        "TagResource": TagResourceInput;
        "UnlinkDeveloperIdentity": UnlinkDeveloperIdentityInput;
        "UnlinkIdentity": UnlinkIdentityInput;
        "UntagResource": UntagResourceInput;
        "UpdateIdentityPool": UpdateIdentityPoolInput;
    };
    for (operation, checked) in rows {
        let violations = checked.expect_err(operation).to_string();
        assert_eq!(violations, fault(operation, "{}"), "{operation}");
    }
}

#[test]
fn invalid_members_are_reported_as_at_the_wire() {
    let token =
        GetOpenIdTokenForDeveloperIdentityInput::new("pool").token_duration(0).identity_id("alice");
    let pool = UpdateIdentityPoolInput::new("pool", "#", GuestAccess::Denied)
        .developer_provider_name("a b");
    for (operation, checked, body) in [
        (
            "GetOpenIdTokenForDeveloperIdentity",
            token.check(),
            r#"{"IdentityPoolId": "pool", "Logins": {}, "IdentityId": "alice", "TokenDuration": 0}"#,
        ),
        (
            "UpdateIdentityPool",
            pool.check(),
            r##"{"IdentityPoolId": "pool", "IdentityPoolName": "#", "DeveloperProviderName": "a b",
                "AllowUnauthenticatedIdentities": false}"##,
        ),
        (
            "GetCredentialsForIdentity",
            GetCredentialsForIdentityInput::new("alice").custom_role_arn("arn").check(),
            r#"{"IdentityId": "alice", "CustomRoleArn": "arn"}"#,
        ),
        (
            "GetId",
            GetIdInput::new("pool").account_id("a").check(),
            r#"{"IdentityPoolId": "pool", "AccountId": "a"}"#,
        ),
        (
            "LookupDeveloperIdentity",
            LookupDeveloperIdentityInput::new("pool")
                .next_token("")
                .max_results(0)
                .developer_user_identifier("")
                .identity_id("alice")
                .check(),
            r#"{"IdentityPoolId": "pool", "IdentityId": "alice", "DeveloperUserIdentifier": "",
                "MaxResults": 0, "NextToken": ""}"#,
        ),
        (
            "MergeDeveloperIdentities",
            MergeDeveloperIdentitiesInput::new("pool", "a b", "", "").check(),
            r#"{"IdentityPoolId": "pool", "DeveloperProviderName": "a b",
                "SourceUserIdentifier": "", "DestinationUserIdentifier": ""}"#,
        ),
        (
            "UnlinkDeveloperIdentity",
            UnlinkDeveloperIdentityInput::new("pool", "alice", "a b", "").check(),
            r#"{"IdentityPoolId": "pool", "IdentityId": "alice", "DeveloperProviderName": "a b",
                "DeveloperUserIdentifier": ""}"#,
        ),
    ] {
        let violations = checked.expect_err(operation).to_string();
        assert_eq!(violations, fault(operation, body), "{operation}");
    }
}
