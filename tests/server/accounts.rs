//! Access keys that are not account ids, and credentials that the server itself issued.

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::program::{Answer, Server, signed_by};

const ROLE: &str = "arn:aws:iam::123456789012:role/guest";

fn call(server: &Server, key_id: &str, operation: &str, input: &Value) -> Answer {
    let headers = signed_by(key_id, operation);
    server.send("POST", "/", &headers, input.to_string().as_bytes())
}

fn create_pool(server: &Server, key_id: &str) -> String {
    let input = json!({"IdentityPoolName": "a", "AllowUnauthenticatedIdentities": true});
    call(server, key_id, "CreateIdentityPool", &input).text("IdentityPoolId")
}

/// Users of other emulators often have the key `test`, and ARNs of account 123456789012.
#[test]
fn the_key_test_goes_with_arns_of_any_account() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    let pool = create_pool(&server, "test");
    let roles = json!({"IdentityPoolId": pool, "Roles": {"unauthenticated": ROLE}});
    let answer = call(&server, "test", "SetIdentityPoolRoles", &roles);
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    let input = json!({"IdentityPoolId": pool, "AccountId": "123456789012"});
    let guest = server.ask("GetId", &input).text("IdentityId");
    let input = json!({"IdentityId": guest});
    assert_eq!(server.ask("GetCredentialsForIdentity", &input).text("IdentityId"), guest);
    let arn = format!("arn:aws:cognito-identity:us-east-1:123456789012:identitypool/{pool}");
    let tags = json!({"ResourceArn": arn, "Tags": {"stage": "test"}});
    assert_eq!(call(&server, "test", "TagResource", &tags).status, 200);
    let answer = call(&server, "test", "ListTagsForResource", &json!({"ResourceArn": arn}));
    assert_eq!(answer.json(), json!({"Tags": {"stage": "test"}}));
}

#[test]
fn a_default_account_owns_the_pools_of_other_keys() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--account", "123456789012"]);
    let pool = create_pool(&server, "test");
    let input = json!({"IdentityPoolId": pool});
    for (key_id, status) in
        [("123456789012", 200), ("AKIAIOSFODNN7EXAMPLE", 200), ("999999999999", 400)]
    {
        let answer = call(&server, key_id, "DescribeIdentityPool", &input);
        assert_eq!(answer.status, status, "{key_id}");
    }
    let set = |role: &str| {
        let roles = json!({"IdentityPoolId": pool, "Roles": {"unauthenticated": role}});
        call(&server, "test", "SetIdentityPoolRoles", &roles)
    };
    assert_eq!(set(ROLE).status, 200);
    let foreign = "arn:aws:iam::999999999999:role/guest";
    let message = format!("Access to Role '{foreign}' is forbidden.");
    assert_eq!(set(foreign).json()["message"], message);
}

#[test]
fn credentials_of_the_server_act_for_the_account_of_their_role() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--roles-of-any-account"]);
    let pool = create_pool(&server, "123456789012");
    let role = "arn:aws:iam::999999999999:role/guest";
    let roles = json!({"IdentityPoolId": pool, "Roles": {"unauthenticated": role}});
    assert_eq!(call(&server, "123456789012", "SetIdentityPoolRoles", &roles).status, 200);
    let guest = server.ask("GetId", &json!({"IdentityPoolId": pool})).text("IdentityId");
    let answer = server.ask("GetCredentialsForIdentity", &json!({"IdentityId": guest})).json();
    let text = |member: &str| answer["Credentials"][member].as_str().expect("text").to_owned();
    let (key_id, token) = (text("AccessKeyId"), text("SessionToken"));

    let other = create_pool(&server, "999999999999");
    let list = |key_id: &str, token: &str| {
        let signed = signed_by(key_id, "ListIdentityPools");
        let headers = format!("{signed}x-amz-security-token: {token}\r\n");
        server.send("POST", "/", &headers, br#"{"MaxResults": 10}"#)
    };
    let pools = list(&key_id, &token).json();
    assert_eq!(pools["IdentityPools"][0]["IdentityPoolId"], other, "{pools}");
    // A foreign session token is ignored.
    assert_eq!(list("test", "test").json(), json!({"IdentityPools": []}));
    let refused = list("AKIAIOSFODNN7EXAMPLE", &token);
    assert_eq!(refused.json()["__type"], "UnrecognizedClientException", "{}", refused.body);
    let log = server.stop();
    assert!(!log.contains(&token), "{log}");
}
