//! Section 1.2: reading of the body, and the texts for values of a wrong type.
//!
//! M51 was observed at the service itself (aws-sdk-js-v3#2831). The other texts are those of
//! services of the same framework:
//!
//! | text | observed at |
//! | --- | --- |
//! | M60, M61, M63, M64, M66, and no text for a body that is not an object | Athena, measured on 2026-09-23 for aoyagikouhei/athena-local |
//! | M60, M61, M63, M66, M67, M68, and the words for booleans | SES, probed in 2026 for floci-io/floci |
//! | M60 to M63, and the words for booleans | DynamoDB and Kinesis of 2014, in the tests of mhart/dynalite and mhart/kinesalite |
//! | M64 | SQS and `CodeDeploy`, reported by users of aws-sdk-js-v3 |
//! | M65 | Amazon Ads, in the tests of segmentio/action-destinations |
//!
//! Athena and Kinesis truncate the fraction of a number. It is refused here, because nobody sends
//! one on purpose.

use cognate::wire;
use serde_json::{Value, json};

use crate::row::{Row, wire_row};
use crate::scene::{DEVELOPER, Scene};
use crate::wire::SERIALIZATION;

/// The answers of an operation to values of one member.
const TYPES: &[(&str, &str, &str, &str)] = &[
    ("M51", "ListIdentityPools", "MaxResults", "[1]"),
    ("M51", "DescribeIdentityPool", "IdentityPoolId", r#"["a:0"]"#),
    ("M51", "ListIdentities", "HideDisabled", "[true]"),
    ("M51", DEVELOPER, "Logins", "[]"),
    ("M51", DEVELOPER, "PrincipalTags", r#"{"a": ["b"]}"#),
    ("M60", "ListIdentityPools", "MaxResults", r#"{"a": 1}"#),
    ("M60", "DescribeIdentityPool", "IdentityPoolId", "{}"),
    ("M60", "ListIdentities", "HideDisabled", "{}"),
    ("M60", "DeleteIdentities", "IdentityIdsToDelete", "{}"),
    ("M60", DEVELOPER, "PrincipalTags", r#"{"a": {}}"#),
    ("M61", "DeleteIdentities", "IdentityIdsToDelete", r#""a:0""#),
    ("M61", "DeleteIdentities", "IdentityIdsToDelete", "1"),
    ("M61", "CreateIdentityPool", "SamlProviderARNs", "true"),
    ("M62", DEVELOPER, "Logins", r#""a""#),
    ("M62", DEVELOPER, "PrincipalTags", "1.5"),
    ("M62", "SetIdentityPoolRoles", "Roles", "false"),
    ("M63", "CreateIdentityPool", "CognitoIdentityProviders", r#"["a"]"#),
    ("M63", "CreateIdentityPool", "CognitoIdentityProviders", "[1]"),
    ("M63", "SetIdentityPoolRoles", "RoleMappings", r#"{"a": true}"#),
    ("M64", "ListIdentityPools", "MaxResults", r#""1""#),
    ("M65", DEVELOPER, "TokenDuration", r#""900""#),
    ("M66", "DescribeIdentityPool", "IdentityPoolId", "1"),
    ("M66", "DescribeIdentityPool", "IdentityPoolId", "1.5"),
    ("M66", "DeleteIdentities", "IdentityIdsToDelete", "[1]"),
    ("M67", "ListIdentities", "HideDisabled", "1"),
    ("M68", "ListIdentities", "HideDisabled", r#""maybe""#),
];

pub(crate) const ROWS: &[Row] = &[
    wire_row(&["1.b", "1.2.b"], "a body is one JSON object", |scene| {
        for (body, text) in [
            ("", "The request body is not valid JSON"),
            ("{", "The request body is not valid JSON"),
            ("[]", "Start of list found where not expected"),
            ("1", "The request body is not a JSON object"),
        ] {
            let fault = scene.call_text("ListIdentityPools", body).expect_err(body);
            assert_eq!((fault.name.as_str(), fault.message.as_str()), (SERIALIZATION, text));
        }
    }),
    wire_row(
        &["1.2.b", "M51", "M60", "M61", "M62", "M63", "M64", "M65", "M66", "M67", "M68"],
        "a value of another type is a SerializationException",
        |scene| {
            for (id, operation, member, value) in TYPES {
                let body = format!(r#"{{"{member}": {value}}}"#);
                let fault = scene.call_text(operation, &body).expect_err(&body);
                scene.hear(id, &fault, &[]);
            }
        },
    ),
    wire_row(&["1.2.g"], "words for true and false are booleans", |scene| {
        for (words, is_true) in [
            (["true", "yes", "y", "t", "1", "True"], true),
            (["false", "no", "n", "f", "0", "FALSE"], false),
        ] {
            for word in words {
                assert_eq!(allows_guests(scene, &json!(word)), Some(is_true), "{word}");
            }
        }
        for word in ["", "on", "off", "2", "true ", "null"] {
            assert_eq!(allows_guests(scene, &json!(word)), None, "{word}");
        }
    }),
    wire_row(&["1.2.h"], "a number without a fraction is an integer", |scene| {
        for (number, is_integer) in
            [("10.0", true), ("1e1", true), ("100e-1", true), ("10.5", false), ("1e-1", false)]
        {
            let body = format!(r#"{{"MaxResults": {number}}}"#);
            let told = scene.call_text("ListIdentityPools", &body).err().map(|fault| fault.name);
            let expected = (!is_integer).then(|| SERIALIZATION.to_owned());
            assert_eq!(told, expected, "{number}");
        }
    }),
    wire_row(&["1.2.i"], "members that an operation does not know are passed over", |scene| {
        let pool = scene.game();
        let plain = scene.ok("DescribeIdentityPool", json!({"IdentityPoolId": pool}));
        let more = json!({
            "IdentityPoolId": pool, "identityPoolId": 1, "IdentityPoolName": [{"a": null}],
            "Unknown": {"a": [1.5, {}]},
        });
        assert_eq!(scene.ok("DescribeIdentityPool", more), plain);
    }),
    wire_row(&["1.d", "1.2.f", "M55"], "a target names the service", |scene| {
        let pool = scene.game();
        let body = json!({"IdentityPoolId": pool}).to_string();
        let told = |target: &str| {
            let anonymous = wire::Context::anonymous();
            let reply = wire::call(&scene.world.engine, &anonymous, target, body.as_bytes());
            reply.fault.map(|fault| fault.name().to_owned())
        };
        for named in [
            "AWSCognitoIdentityService.GetId",
            "com.amazonaws.cognito.identity.model.AWSCognitoIdentityService.GetId",
        ] {
            assert_eq!(told(named), None, "{named}");
        }
        for other in ["GetId", "com.amazonaws.cognito.identity.model.GetId", "Other.GetId", ""] {
            assert_eq!(told(other).as_deref(), Some("UnknownOperationException"), "{other}");
        }
        let fault = scene.call("GetPool", json!({})).expect_err("unknown");
        scene.hear("M55", &fault, &[]);
    }),
];

/// Whether a new pool allows guests, if the value is a boolean.
fn allows_guests(scene: &Scene, value: &Value) -> Option<bool> {
    let body = json!({"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": value});
    match scene.call("CreateIdentityPool", body) {
        Ok(pool) => pool["AllowUnauthenticatedIdentities"].as_bool(),
        Err(fault) => {
            assert_eq!(fault.name, SERIALIZATION);
            None
        }
    }
}
