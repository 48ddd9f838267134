//! Sections 1 to 1.3: requests, replies, faults, and the texts of failed constraints.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use cognate::operation::{
    CreateIdentityPoolInput, DescribeIdentityPoolInput, GuestAccess, ListIdentityPoolsInput,
};
use cognate::store::Store;
use cognate::token::TokenDuration;
use cognate::{Violations, wire};
use serde_json::{Value, json};

use crate::row::{Row, row, wire_row};
use crate::scene::{CLIENT, DEVELOPER, Fault, NOBODY, PUBLIC, Scene, USER_POOL};
use crate::stores::Faulty;
use crate::support::{ACCOUNT, FACEBOOK, GAME, NOON, REGION, message, parse};

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

const LONG: &str = "Member must have length less than or equal to 128";
const POOL_ID: &str = r"Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+";
const SHORT: &str = "Member must have length greater than or equal to 1";
const REDACTED: &str = "***Sensitive Data Redacted***";

pub(crate) const ROWS: &[Row] = &[
    wire_row(&["1.d"], "an operation is named behind a prefix", |scene| {
        assert_eq!(wire::TARGET_PREFIX, "AWSCognitoIdentityService.");
        scene.ok("ListIdentityPools", json!({"MaxResults": 1}));
    }),
    wire_row(&["1.d"], "all 23 operations are known", |scene| {
        for operation in SIGNED.into_iter().chain(PUBLIC) {
            let fault = scene.call(operation, json!({})).expect_err("lacks members");
            assert_eq!(fault.name, VALIDATION, "{operation}: {}", fault.message);
        }
    }),
    wire_row(&["1.1.f", "1.2.e", "M54"], "an embedder denies access", |scene| {
        let reason = "with an explicit deny in a resource control policy";
        let denied = wire::Fault::access_denied("anonymous", "cognito-identity:GetId", "*", reason);
        let reply = wire::Reply::from(denied.clone());
        let told: Value = serde_json::from_slice(&reply.body).expect("JSON");
        let (name, message) = (denied.name().to_owned(), denied.message().to_owned());
        assert_eq!(told, json!({"__type": name, "Message": message}));
        assert_eq!(reply.status, 400);
        let principal = "principal arn or \"anonymous\"";
        let fill = [
            (principal, "anonymous"),
            ("Op", "GetId"),
            ("resource arn or *", "*"),
            ("reason", reason),
        ];
        scene.hear("M54", &Fault { name, message }, &fill);
    }),
    wire_row(&["1.h", "1.2.d", "M53"], "a signed operation needs credentials", |scene| {
        let anonymous = wire::Context::anonymous();
        for operation in ["CreateIdentityPool", "ListIdentities", DEVELOPER] {
            let fault = scene.wire_as(&anonymous, operation, "{}").expect_err(operation);
            scene.hear("M53", &fault, &[]);
        }
    }),
    wire_row(&["1.h"], "nineteen operations are signed", |scene| {
        let anonymous = wire::Context::anonymous();
        for operation in SIGNED {
            let fault = scene.wire_as(&anonymous, operation, "{}").expect_err(operation);
            scene.hear("M53", &fault, &[]);
        }
    }),
    wire_row(&["1.g"], "four operations need no credentials", |scene| {
        let pool = scene.game();
        let anonymous = wire::Context::anonymous();
        let body = json!({"IdentityPoolId": pool}).to_string();
        scene.wire_as(&anonymous, "GetId", &body).expect("a guest");
        for operation in ["GetCredentialsForIdentity", "GetOpenIdToken"] {
            let body = json!({"IdentityId": NOBODY}).to_string();
            let fault = scene.wire_as(&anonymous, operation, &body).expect_err("unknown");
            scene.hear("M25", &fault, &[("IdentityId", NOBODY)]);
        }
        let body =
            json!({"IdentityId": NOBODY, "Logins": {FACEBOOK: "user:a"}, "LoginsToRemove": []});
        let answer = scene.wire_as(&anonymous, "UnlinkIdentity", &body.to_string());
        scene.hear("M25", &answer.expect_err("unknown"), &[("IdentityId", NOBODY)]);
    }),
    wire_row(&["1.i"], "a signature where none is needed does no harm", |scene| {
        let pool = scene.game();
        let signed = wire::Context::signed(parse("999999999999"), parse("eu-west-1"));
        let body = json!({"IdentityPoolId": pool}).to_string();
        scene.wire_as(&signed, "GetId", &body).expect("a guest");
        let odd = wire::Context::from_authorization(Some("Bearer abc"));
        scene.wire_as(&odd, "GetId", &body).expect("a guest");
    }),
    row(&["1.j"], "dates are epoch seconds with milliseconds", |scene| {
        scene.world.clock.set(1_538_078_988_077);
        let pool = scene.game();
        let described = scene.describe(&scene.user(&pool, "alice"));
        assert_eq!(described["CreationDate"], json!(1_538_078_988.077));
        assert_eq!(described["LastModifiedDate"], json!(1_538_078_988.077));
    }),
    wire_row(&["1.l", "Q28"], "what returns nothing has an empty body", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        let body = json!({
            "IdentityId": alice, "IdentityPoolId": pool, "DeveloperProviderName": GAME,
            "DeveloperUserIdentifier": "alice",
        });
        // The wire door reports an empty body as `null`.
        assert_eq!(scene.ok("UnlinkDeveloperIdentity", body), Value::Null);
        let body = json!({"IdentityPoolId": pool});
        assert_eq!(scene.ok("DeleteIdentityPool", body), Value::Null);
    }),
    wire_row(&["1.l"], "so have roles that are set, and public logins that go", |scene| {
        let pool = scene.game();
        let body = json!({"IdentityPoolId": pool, "Roles": {}});
        assert_eq!(scene.ok("SetIdentityPoolRoles", body), Value::Null);
        let id = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        let body = json!({
            "IdentityId": id, "Logins": {FACEBOOK: "user:a"}, "LoginsToRemove": [FACEBOOK],
        });
        assert_eq!(scene.ok("UnlinkIdentity", body), Value::Null);
    }),
    row(&["1.n"], "what is not set is left out", |scene| {
        let pool = scene.pool(json!({"DeveloperProviderName": GAME}));
        let alice = scene.user(&pool, "alice");
        for (operation, body) in [
            ("DescribeIdentityPool", json!({"IdentityPoolId": pool})),
            ("DescribeIdentity", json!({"IdentityId": alice})),
            ("ListIdentities", json!({"IdentityPoolId": pool, "MaxResults": 60})),
            ("ListIdentityPools", json!({"MaxResults": 60})),
            ("LookupDeveloperIdentity", json!({"IdentityPoolId": pool, "IdentityId": alice})),
        ] {
            let answer = scene.ok(operation, body).to_string();
            assert!(!answer.contains("null"), "{operation}: {answer}");
        }
    }),
    wire_row(
        &["1.1.b", "1.1.e", "1.1.g", "M24"],
        "a fault is a bare name and a message",
        |scene| {
            let context = wire::Context::signed(parse(ACCOUNT), parse(REGION));
            let target = "AWSCognitoIdentityService.DescribeIdentityPool";
            let body = json!({"IdentityPoolId": NOBODY}).to_string();
            let reply = wire::call(&scene.world.engine, &context, target, body.as_bytes());
            let told = format!(
                r#"{{"__type":"ResourceNotFoundException","message":"IdentityPool '{NOBODY}' not found."}}"#
            );
            assert_eq!((reply.status, reply.body), (400, told.into_bytes()));
            let fill = [("IdentityPoolId", NOBODY)];
            scene.says("M24", "DescribeIdentityPool", json!({"IdentityPoolId": NOBODY}), &fill);
        },
    ),
    wire_row(&["1.1.g", "M40"], "what the engine cannot do is its own fault: 500", |scene| {
        // The door compares the status.
        let store = Arc::new(Faulty::default());
        let broken = scene.over(Arc::clone(&store) as Arc<dyn Store>);
        store.broken.store(true, Ordering::Relaxed);
        broken.says("M40", "DescribeIdentityPool", json!({"IdentityPoolId": NOBODY}), &[]);
    }),
    wire_row(&["1.2.a", "M43"], "a constraint that fails is a ValidationException", |scene| {
        let body = json!({
            "IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false,
            "DeveloperProviderName": "Bruce Wayne",
        });
        scene.says("M43", "CreateIdentityPool", body, &[]);
        let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
        same(scene, input.developer_provider_name("Bruce Wayne").check());
    }),
    wire_row(&["1.2.c", "M52"], "credentials of another kind are not recognized", |scene| {
        let odd = wire::Context::from_authorization(Some("Bearer abc"));
        let fault = scene.wire_as(&odd, "ListIdentityPools", r#"{"MaxResults": 1}"#);
        scene.hear("M52", &fault.expect_err("not recognized"), &[]);
    }),
    wire_row(&["1.2.session", "M52", "M56"], "a session of this library means its role", |scene| {
        let pool = scene.pool(json!({"AllowUnauthenticatedIdentities": true}));
        let roles = json!({"unauthenticated": "arn:aws:iam::123456789012:role/guest"});
        scene.ok("SetIdentityPoolRoles", json!({"IdentityPoolId": pool, "Roles": roles}));
        let guest = scene.ok("GetId", json!({"IdentityPoolId": pool}));
        let answer = scene.ok("GetCredentialsForIdentity", guest);
        let text = |member: &str| answer["Credentials"][member].as_str().expect("text").to_owned();
        let (key, token) = (text("AccessKeyId"), text("SessionToken"));
        let call = |key: &str, token: &str| {
            let scope = "20260101/us-east-1/cognito-identity/aws4_request";
            let header = format!("AWS4-HMAC-SHA256 Credential={key}/{scope}, Signature=0");
            let context = wire::Context::from_authorization(Some(&header));
            let context = context.with_session_token(Some(token));
            let body = json!({"IdentityPoolId": pool}).to_string();
            scene.wire_as(&context, "DescribeIdentityPool", &body)
        };
        call(&key, &token).expect("the account of the role");
        scene.hear("M52", &call("ASIAOTHER", &token).expect_err("mismatched"), &[]);
        scene.world.clock.set(NOON + 3_600_000);
        scene.hear("M56", &call(&key, &token).expect_err("expired"), &[]);
    }),
    wire_row(
        &["1.3.a", "1.3.i", "1.3.o", "M42"],
        "one failure, and a pattern matches the whole",
        |scene| {
            let body =
                json!({"IdentityPoolName": "pool#name", "AllowUnauthenticatedIdentities": true});
            scene.says("M42", "CreateIdentityPool", body, &[("v", "pool#name")]);
            same(scene, CreateIdentityPoolInput::new("pool#name", GuestAccess::Allowed).check());
        },
    ),
    wire_row(&["1.3.a", "M41"], "a pool's id has a pattern", |scene| {
        let body = json!({"IdentityPoolId": "no-colon"});
        scene.says("M41", "DescribeIdentityPool", body, &[("v", "no-colon")]);
        same(scene, DescribeIdentityPoolInput::new("no-colon").check());
    }),
    wire_row(
        &["1.3.b", "1.3.c", "1.3.n"],
        "all failures, joined; of one member the length first",
        |scene| {
            let body = json!({"IdentityPoolId": "", "MaxResults": 0});
            let few = "Member must have value greater than or equal to 1";
            scene.invalid(
                "ListIdentities",
                body,
                &[
                    ("''", "identityPoolId", SHORT),
                    ("''", "identityPoolId", POOL_ID),
                    ("'0'", "maxResults", few),
                ],
            );
        },
    ),
    wire_row(&["1.3.d", "1.3.e", "M45"], "a required member that is null", |scene| {
        for body in [json!({}), json!({"IdentityPoolId": null})] {
            scene.says("M45", "DescribeIdentityPool", body, &[]);
        }
    }),
    wire_row(
        &["1.3.f", "1.3.j", "1.3.p", "Q15"],
        "a map as Java prints it, its secrets hidden",
        |scene| {
            let body = json!({"IdentityPoolId": NOBODY, "Logins": {"a": "eyJ", "b": ""}});
            let map = format!("'{{a={REDACTED}, b={REDACTED}}}'");
            let value = "Map value must satisfy constraint: [Member must have length less than or equal \
            to 50000, Member must have length greater than or equal to 1]";
            scene.invalid(DEVELOPER, body, &[(&map, "logins", value)]);
            let body = json!({
                "IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false,
                "SupportedLoginProviders": {"a": "no app"},
            });
            let value = format!(
                r"Map value must satisfy constraint: [{LONG}, {SHORT}, Member must satisfy regular expression pattern: [\w.;_/-]+]"
            );
            scene.invalid(
                "CreateIdentityPool",
                body,
                &[("'{a=no app}'", "supportedLoginProviders", &value)],
            );
        },
    ),
    wire_row(&["1.3.m"], "the keys of a map", |scene| {
        let body = json!({"IdentityPoolId": NOBODY, "Logins": {"": "alice"}});
        let keys = format!("Map keys must satisfy constraint: [{LONG}, {SHORT}]");
        let map = format!("'{{={REDACTED}}}'");
        scene.invalid(DEVELOPER, body, &[(&map, "logins", &keys)]);
    }),
    wire_row(&["1.3.g", "1.3.h", "M48"], "the length of a text and of a list", |scene| {
        let long = "x".repeat(129);
        let body = json!({"IdentityPoolName": long, "AllowUnauthenticatedIdentities": false});
        scene.invalid(
            "CreateIdentityPool",
            body,
            &[(&format!("'{long}'"), "identityPoolName", LONG)],
        );
        same(scene, CreateIdentityPoolInput::new(long.as_str(), GuestAccess::Denied).check());
        scene.says("M48", "DeleteIdentities", json!({"IdentityIdsToDelete": []}), &[]);
        same(scene, cognate::operation::DeleteIdentitiesInput::new(Vec::<&str>::new()).check());
    }),
    wire_row(&["1.3.k", "M46", "M47"], "the bounds of a number", |scene| {
        let body = json!({"IdentityPoolId": NOBODY, "Logins": {GAME: "a"}, "TokenDuration": 86401});
        scene.says("M46", DEVELOPER, body, &[]);
        same(scene, TokenDuration::try_from(86_401).map(drop));
        scene.says("M47", "ListIdentityPools", json!({"MaxResults": 61}), &[]);
        same(scene, ListIdentityPoolsInput::new(61).check());
        for operation in ["ListIdentities", "LookupDeveloperIdentity"] {
            let body = json!({"IdentityPoolId": NOBODY, "MaxResults": 61});
            scene.says("M47", operation, body, &[]);
        }
    }),
    wire_row(&["1.3.l", "M50"], "the values of an enumeration", |scene| {
        let mapping = json!({"Type": "Both", "AmbiguousRoleResolution": "Deny"});
        let body =
            json!({"IdentityPoolId": NOBODY, "Roles": {}, "RoleMappings": {FACEBOOK: mapping}});
        scene.says("M50", "SetIdentityPoolRoles", body, &[("v", "Both"), ("provider", FACEBOOK)]);
    }),
    wire_row(&["1.3.m", "M49"], "the keys of a pool's roles", |scene| {
        let role = "arn:aws:iam::123456789012:role/guest";
        let body = json!({"IdentityPoolId": NOBODY, "Roles": {"guest": role}});
        let map = format!("{{guest={role}}}");
        scene.says("M49", "SetIdentityPoolRoles", body, &[("map", &map)]);
    }),
    wire_row(&["1.3.q", "M44"], "logins fail before the identity", |scene| {
        let body = json!({"IdentityId": "", "Logins": {"provider": ""}});
        let map = format!("{{provider={REDACTED}}}");
        scene.says("M44", "GetCredentialsForIdentity", body, &[("map", &map)]);
    }),
    wire_row(&["1.3.q"], "so they do for a developer", |scene| {
        let body =
            json!({"IdentityPoolId": NOBODY, "IdentityId": "", "Logins": {}, "TokenDuration": 0});
        let few = "Member must have value greater than or equal to 1";
        scene.invalid(
            DEVELOPER,
            body,
            &[
                ("''", "identityId", SHORT),
                ("''", "identityId", POOL_ID),
                ("'0'", "tokenDuration", few),
            ],
        );
    }),
    wire_row(
        &["5.order.1", "5.order.2", "5.order.3", "Q29"],
        "what is wrong first is told first",
        |scene| {
            let (anonymous, signed) =
                (wire::Context::anonymous(), wire::Context::signed(parse(ACCOUNT), parse(REGION)));
            let nothing = json!({"IdentityPoolId": ""}).to_string();
            for (context, body, name) in [
                (&anonymous, r#"{"IdentityPoolId": 1}"#, SERIALIZATION),
                (&anonymous, nothing.as_str(), "MissingAuthenticationTokenException"),
                (&signed, nothing.as_str(), VALIDATION),
                (&signed, r#"{"IdentityPoolId": "a:0"}"#, "InvalidParameterException"),
            ] {
                let fault =
                    scene.wire_as(context, "LookupDeveloperIdentity", body).expect_err(body);
                assert_eq!(fault.name, name, "{body}");
            }
        },
    ),
    row(&["1.k"], "credentials end at a whole second", |scene| {
        let pool = scene.game();
        let role = json!({"unauthenticated": "arn:aws:iam::123456789012:role/guest"});
        scene.ok("SetIdentityPoolRoles", json!({"IdentityPoolId": pool, "Roles": role}));
        let guest = scene.guest(&pool);
        scene.world.clock.set(NOON + 999);
        let answer = scene.ok("GetCredentialsForIdentity", json!({"IdentityId": guest}));
        let until = answer["Credentials"]["Expiration"].as_f64().expect("a number");
        assert!(until.fract() == 0.0, "{until}");
    }),
    wire_row(&["6.1.input"], "a user pool's members are found by their place", |scene| {
        let body = json!({
            "IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false,
            "CognitoIdentityProviders": [
                {"ProviderName": USER_POOL, "ClientId": CLIENT}, {"ProviderName": USER_POOL, "ClientId": "a-b"},
            ],
        });
        let client = r"Member must satisfy regular expression pattern: [\w_]+";
        scene.invalid(
            "CreateIdentityPool",
            body,
            &[("'a-b'", "cognitoIdentityProviders.2.member.clientId", client)],
        );
    }),
];

pub(crate) const SERIALIZATION: &str = "SerializationException";
pub(crate) const VALIDATION: &str = "ValidationException";

/// A setter refuses with the same text as the call.
#[track_caller]
fn same(scene: &Scene, checked: Result<(), Violations>) {
    let calls = scene.calls();
    let (_, _, answer) = calls.last().expect("a call");
    let told = answer.as_ref().expect_err("refused").message.clone();
    assert_eq!(checked.expect_err("refused").to_string(), told);
}

#[test]
fn messages_are_composed_as_in_the_table() {
    let text = "1 validation error detected: Value null at 'a' failed to satisfy constraint: b";
    assert_eq!(message(&[("null", "a", "b")]), text);
}
