//! The four operations without credentials, and the nineteen with them.

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::program::{Answer, SIGNATURE, Server, signed, target};

const PUBLIC: [&str; 4] =
    ["GetCredentialsForIdentity", "GetId", "GetOpenIdToken", "UnlinkIdentity"];
const SIGNED: [&str; 19] = [
    "CreateIdentityPool",
    "DeleteIdentities",
    "DeleteIdentityPool",
    "DescribeIdentity",
    "DescribeIdentityPool",
    "GetIdentityPoolRoles",
    "GetOpenIdTokenForDeveloperIdentity",
    "GetPrincipalTagAttributeMap",
    "ListIdentities",
    "ListIdentityPools",
    "ListTagsForResource",
    "LookupDeveloperIdentity",
    "MergeDeveloperIdentities",
    "SetIdentityPoolRoles",
    "SetPrincipalTagAttributeMap",
    "TagResource",
    "UnlinkDeveloperIdentity",
    "UntagResource",
    "UpdateIdentityPool",
];

/// A pool that allows guests.
fn open_pool(server: &Server) -> String {
    let input = json!({"IdentityPoolName": "open", "AllowUnauthenticatedIdentities": true});
    let pool = server.call("CreateIdentityPool", &input).text("IdentityPoolId");
    let role = "arn:aws:iam::123456789012:role/guest";
    let input = json!({"IdentityPoolId": pool, "Roles": {"unauthenticated": role}});
    assert_eq!(server.call("SetIdentityPoolRoles", &input).status, 200);
    pool
}

#[track_caller]
fn assert_refused(answer: &Answer, name: &str, message: &str) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.json(), json!({"__type": name, "message": message}));
}

#[test]
fn a_guest_needs_no_credentials() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    let pool = open_pool(&server);
    let answer = server.ask("GetId", &json!({"IdentityPoolId": pool}));
    assert_eq!(answer.header("content-type"), Some("application/x-amz-json-1.1"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let guest = answer.text("IdentityId");
    assert_eq!(answer.json(), json!({"IdentityId": guest}), "and nothing else");

    let answer = server.ask("GetOpenIdToken", &json!({"IdentityId": guest}));
    assert_eq!(answer.text("IdentityId"), guest);
    assert_eq!(answer.text("Token").split('.').count(), 3);

    let answer = server.ask("GetCredentialsForIdentity", &json!({"IdentityId": guest}));
    assert_eq!(answer.text("IdentityId"), guest);
    let credentials = answer.json()["Credentials"].clone();
    for member in ["AccessKeyId", "SecretKey", "SessionToken"] {
        assert!(credentials[member].as_str().is_some_and(|text| !text.is_empty()), "{member}");
    }
    let expiration = credentials["Expiration"].as_f64().expect("a number");
    assert!(expiration.fract() == 0.0 && expiration > 1.7e9, "{expiration}");

    let input = json!({
        "IdentityId": guest,
        "Logins": {"www.amazon.com": "token"},
        "LoginsToRemove": ["www.amazon.com"],
    });
    assert_refused(
        &server.ask("UnlinkIdentity", &input),
        "NotAuthorizedException",
        &format!("Identity pool - {pool} does not have identity providers configured."),
    );

    // The log contains none of the secrets.
    let token = server.ask("GetOpenIdToken", &json!({"IdentityId": guest})).text("Token");
    let log = server.stop();
    assert!(log.contains("operation=GetId status=200"), "{log}");
    for secret in [&credentials["SecretKey"], &credentials["SessionToken"], &json!(token)] {
        assert!(!log.contains(secret.as_str().expect("a text")), "{log}");
    }
}

#[test]
fn browsers_may_become_guests() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    let pool = open_pool(&server);
    let wanted = "content-type,x-amz-target,x-amz-user-agent";
    let headers = format!(
        "origin: https://game.example\r\naccess-control-request-method: POST\r\n\
         access-control-request-headers: {wanted}\r\n"
    );
    let answer = server.send("OPTIONS", "/", &headers, b"");
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-headers"), Some(wanted));
    let methods = answer.header("access-control-allow-methods").expect("methods");
    assert!(methods.split(", ").any(|method| method == "POST"));

    let headers = format!("{}origin: https://game.example\r\n", target("GetId"));
    let input = json!({"IdentityPoolId": pool}).to_string();
    let answer = server.send("POST", "/", &headers, input.as_bytes());
    answer.text("IdentityId");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let answer = server.send("POST", "/", &headers, b"{}");
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let exposed = Some("x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date");
    assert_eq!(answer.header("access-control-expose-headers"), exposed);
}

#[test]
fn signed_operations_need_a_signature() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    for operation in SIGNED {
        // The refusal comes before constraints are checked, all of which this input violates.
        let answer = server.ask(operation, &json!({}));
        let name = "MissingAuthenticationTokenException";
        assert_refused(&answer, name, "Missing Authentication Token");
        assert_eq!(answer.header("x-amzn-errortype"), Some(format!("{name}:").as_str()));

        for authorization in malformed() {
            let headers = format!("{}authorization: {authorization}\r\n", target(operation));
            let answer = server.send("POST", "/", &headers, b"{}");
            let message = "The security token included in the request is invalid.";
            assert_refused(&answer, "UnrecognizedClientException", message);
        }
    }
    for operation in PUBLIC {
        let answer = server.ask(operation, &json!({}));
        assert_eq!(answer.json()["__type"], "ValidationException", "{operation}");
    }
}

#[test]
fn public_operations_ignore_signatures() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    let pool = open_pool(&server);
    let guest = server.ask("GetId", &json!({"IdentityPoolId": pool})).text("IdentityId");
    let of_another = "AWS4-HMAC-SHA256 Credential=999999999999/20260101/eu-west-1/\
                      cognito-identity/aws4_request, SignedHeaders=host, Signature=00";
    let well_formed = signed("")
        .lines()
        .find_map(|line| line.strip_prefix("authorization: "))
        .expect("a header")
        .to_owned();
    assert!(well_formed.contains(SIGNATURE));
    for authorization in malformed().into_iter().chain([of_another, &well_formed]) {
        let send = |operation: &str, input: &Value| {
            let headers = format!("{}authorization: {authorization}\r\n", target(operation));
            server.send("POST", "/", &headers, input.to_string().as_bytes())
        };
        let other = send("GetId", &json!({"IdentityPoolId": pool})).text("IdentityId");
        assert_ne!(other, guest, "{authorization}");
        let input = json!({"IdentityId": guest});
        assert_eq!(send("GetOpenIdToken", &input).text("IdentityId"), guest, "{authorization}");
        let answer = send("GetCredentialsForIdentity", &input);
        assert_eq!(answer.text("IdentityId"), guest, "{authorization}");
        let answer = send("UnlinkIdentity", &json!({}));
        assert_eq!(answer.json()["__type"], "ValidationException", "{authorization}");
    }
}

/// Authorization headers that name no caller.
fn malformed() -> [&'static str; 6] {
    [
        "",
        "Bearer abc",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=AKID/eu-west-1/cognito-identity/aws4_request",
        "AWS4-HMAC-SHA256 Credential=AKID/20260101/not a region/cognito-identity/aws4_request",
        "\u{fc}\u{1f48e}",
    ]
}
