//! Section 9: principal tags from the claims of a login.

use serde_json::{Value, json};

use crate::parts;
use crate::row::{Row, row, wire_row};
use crate::scene::{CLIENT, ISSUER_ARN, NOBODY, Scene, USER_POOL, claims, merged};
use crate::support::{FACEBOOK, GAME};

const GET: &str = "GetPrincipalTagAttributeMap";
const SET: &str = "SetPrincipalTagAttributeMap";

pub(crate) const ROWS: &[Row] = &[
    wire_row(&["9.input"], "the members of the two calls", |scene| {
        let null = "Member must not be null";
        let missing = [("null", "identityPoolId", null), ("null", "identityProviderName", null)];
        scene.invalid(SET, json!({}), &missing);
        scene.invalid(GET, json!({}), &missing);
        let plain = json!({"IdentityPoolId": NOBODY, "IdentityProviderName": USER_POOL});
        let many: Value = (0..51).map(|n| (format!("t{n}"), json!("a"))).collect();
        let long = "x".repeat(257);
        for (tags, failed) in [
            (many, "Member must have length less than or equal to 50"),
            (
                json!({"a": long}),
                "[Member must have length less than or equal to 256, Member must have length greater than or equal to 1]",
            ),
            (
                json!({"": "a"}),
                "[Member must have length less than or equal to 128, Member must have length greater than or equal to 1]",
            ),
        ] {
            let fault = scene.call(SET, merged(plain.clone(), json!({"PrincipalTags": tags})));
            let fault = fault.expect_err(failed);
            assert_eq!(fault.name, "ValidationException");
            assert!(fault.message.ends_with(failed), "{}", fault.message);
        }
    }),
    row(&["9.unknown", "M24"], "a pool that is not there, or not the caller's", |scene| {
        let body = map(NOBODY, USER_POOL, json!({}));
        for operation in [GET, SET] {
            scene.says("M24", operation, body.clone(), &[("IdentityPoolId", NOBODY)]);
        }
        let pool = scene.game();
        let other = scene.of("999999999999", "us-east-1");
        for operation in [GET, SET] {
            let body = map(&pool, USER_POOL, json!({}));
            other.says("M24", operation, body, &[("IdentityPoolId", &pool)]);
        }
    }),
    row(&["9.out"], "what is set is told back, by both", |scene| {
        let pool = scene.game();
        let set = map(
            &pool,
            USER_POOL,
            json!({"UseDefaults": false, "PrincipalTags": {"department": "dept"}}),
        );
        assert_eq!(scene.ok(SET, set.clone()), set);
        assert_eq!(scene.ok(GET, map(&pool, USER_POOL, json!({}))), set);
    }),
    row(&["9.tags"], "a tag has the value of a claim", |scene| {
        let pool = scene.game();
        let tags = json!({"PrincipalTags": {"department": "dept", "missing": "none"}});
        scene.ok(SET, map(&pool, USER_POOL, tags));
        let tagged = json!({"principal_tags": {"department": ["Sales"]}});
        assert_eq!(told(scene, &pool, "user:a;dept=Sales"), tagged);
        assert_eq!(told(scene, &pool, "user:a"), Value::Null);
    }),
    row(
        &["9.spelling"],
        "a user pool without its client, an OpenID Connect provider by its ARN",
        |scene| {
            let pool = scene.game();
            for name in [USER_POOL, ISSUER_ARN] {
                scene.ok(SET, map(&pool, name, json!({"PrincipalTags": {"a": "b"}})));
            }
            let client = format!("{USER_POOL}:{CLIENT}");
            let fault = scene.call(SET, map(&pool, &client, json!({"PrincipalTags": {"a": "b"}})));
            assert_eq!(fault.expect_err("not a provider").name, "InvalidParameterException");
        },
    ),
    row(&["9.defaults"], "the default map: the client and the user", |scene| {
        let pool = scene.game();
        let defaults = map(&pool, USER_POOL, defaults());
        let own = json!({"department": "dept"});
        for over in [
            json!({"UseDefaults": true}),
            json!({"UseDefaults": true, "PrincipalTags": {}}),
            json!({"UseDefaults": true, "PrincipalTags": own}),
        ] {
            scene.ok(SET, map(&pool, USER_POOL, json!({"PrincipalTags": own})));
            assert_eq!(scene.ok(SET, map(&pool, USER_POOL, over)), defaults);
            assert_eq!(scene.ok(GET, map(&pool, USER_POOL, json!({}))), defaults);
        }
        let tagged = json!({"principal_tags": {"client": [CLIENT], "username": ["a"]}});
        let token = format!("user:a;aud={CLIENT};sub=a;dept=Sales");
        assert_eq!(told(scene, &pool, &token), tagged);
    }),
    row(&["9.reset"], "the default map and no tags take back what was set", |scene| {
        let pool = scene.game();
        scene.ok(SET, map(&pool, USER_POOL, json!({"PrincipalTags": {"department": "dept"}})));
        let reset = json!({"UseDefaults": true, "PrincipalTags": {}});
        scene.ok(SET, map(&pool, USER_POOL, reset));
        let got = scene.ok(GET, map(&pool, USER_POOL, json!({})));
        assert_eq!(got, map(&pool, USER_POOL, defaults()));
    }),
    row(&["9.never"], "a map that was never set is not found", |scene| {
        let pool = scene.game();
        not_found(scene, &pool, USER_POOL);
        scene.ok(SET, map(&pool, FACEBOOK, json!({"UseDefaults": true})));
        not_found(scene, &pool, USER_POOL);
    }),
    row(
        &["9.unset", "9.never", "9.absent"],
        "without defaults and tags there is no map",
        |scene| {
            let token = format!("user:a;aud={CLIENT};sub=a;dept=Sales");
            for over in [
                json!({"UseDefaults": false}),
                json!({"UseDefaults": false, "PrincipalTags": {}}),
                json!({"PrincipalTags": {}}),
                json!({}),
            ] {
                let pool = scene.game();
                let none = map(&pool, USER_POOL, json!({"UseDefaults": false}));
                // First without an attribute map.
                for set in [None, Some(json!({"PrincipalTags": {"a": "dept"}})), Some(defaults())] {
                    if let Some(set) = set {
                        scene.ok(SET, map(&pool, USER_POOL, set));
                        assert_ne!(told(scene, &pool, &token), Value::Null);
                    }
                    assert_eq!(scene.ok(SET, map(&pool, USER_POOL, over.clone())), none);
                    not_found(scene, &pool, USER_POOL);
                    assert_eq!(told(scene, &pool, &token), Value::Null);
                }
            }
        },
    ),
    row(&["9.absent"], "tags without a word about the defaults are set", |scene| {
        let pool = scene.game();
        let own = json!({"PrincipalTags": {"department": "dept"}});
        let set = merged(map(&pool, USER_POOL, own.clone()), json!({"UseDefaults": false}));
        assert_eq!(scene.ok(SET, map(&pool, USER_POOL, own)), set);
        assert_eq!(scene.ok(GET, map(&pool, USER_POOL, json!({}))), set);
    }),
    row(&["9.unset"], "a session has no tags of a map that was removed", |scene| {
        let pool = scene.game();
        let role = json!({"authenticated": "arn:aws:iam::123456789012:role/user"});
        scene.ok("SetIdentityPoolRoles", json!({"IdentityPoolId": pool, "Roles": role}));
        let id = scene.get_id(&pool, json!({USER_POOL: "user:a;sub=a"}));
        let tags = |scene: &Scene| {
            let body = json!({"IdentityId": id, "Logins": {USER_POOL: "user:a;sub=a"}});
            parts::session(scene, &scene.ok("GetCredentialsForIdentity", body)).tags
        };
        scene.ok(SET, map(&pool, USER_POOL, json!({"UseDefaults": true})));
        assert_eq!(tags(scene), json!({"username": "a"}));
        scene.ok(SET, map(&pool, USER_POOL, json!({"UseDefaults": false})));
        assert_eq!(tags(scene), json!({}));
    }),
    row(&["Q24"], "a provider that is not the pool's", |scene| {
        let pool = scene.game();
        not_found(scene, &pool, "accounts.google.com");
        for over in [json!({}), json!({"UseDefaults": true})] {
            let text = "'accounts.google.com' is not a configured provider of this identity pool.";
            let body = map(&pool, "accounts.google.com", over);
            scene.refused(SET, body, "InvalidParameterException", text);
        }
    }),
    row(&["9.length", "M23"], "the tags of a session have 460 bytes at most", |scene| {
        let pool = scene.game();
        let role = json!({"authenticated": "arn:aws:iam::123456789012:role/user"});
        scene.ok("SetIdentityPoolRoles", json!({"IdentityPoolId": pool, "Roles": role}));
        scene.ok(SET, map(&pool, USER_POOL, json!({"PrincipalTags": {"a": "one", "b": "two"}})));
        let call = |last: usize| {
            let token = format!("user:a;one={};two={}", "x".repeat(229), "x".repeat(last));
            let id = scene.get_id(&pool, json!({USER_POOL: token}));
            json!({"IdentityId": id, "Logins": {USER_POOL: token}})
        };
        let answer = scene.ok("GetCredentialsForIdentity", call(229));
        let tags = parts::session(scene, &answer).tags;
        assert_eq!(tags.as_object().map(serde_json::Map::len), Some(2));
        scene.says("M23", "GetCredentialsForIdentity", call(230), &[]);
    }),
    row(&["9.developer"], "the developer provider has no map", |scene| {
        let pool = scene.game();
        let body = map(&pool, GAME, json!({"PrincipalTags": {"a": "b"}}));
        assert_eq!(scene.call(SET, body).expect_err("refused").name, "InvalidParameterException");
        scene.ok(SET, map(&pool, FACEBOOK, json!({"PrincipalTags": {"a": "b"}})));
    }),
];

/// The default map.
fn defaults() -> Value {
    json!({"UseDefaults": true, "PrincipalTags": {"client": "aud", "username": "sub"}})
}

#[track_caller]
fn not_found(scene: &Scene, pool: &str, provider: &str) {
    let text = format!("Principal tag attribute map of '{provider}' not found.");
    let body = map(pool, provider, json!({}));
    scene.refused(GET, body, "ResourceNotFoundException", &text);
}

fn map(pool: &str, provider: &str, over: Value) -> Value {
    merged(json!({"IdentityPoolId": pool, "IdentityProviderName": provider}), over)
}

/// The tags in a token for a user of the user pool.
#[track_caller]
fn told(scene: &Scene, pool: &str, token: &str) -> Value {
    let id = scene.get_id(pool, json!({USER_POOL: token}));
    let body = json!({"IdentityId": id, "Logins": {USER_POOL: token}});
    claims(&scene.ok("GetOpenIdToken", body))["https://aws.amazon.com/tags"].clone()
}
