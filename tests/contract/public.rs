//! Sections 5.2 and 5.3: `GetId` and `GetOpenIdToken`.

use cognate::operation::IdentityState::{Disabled, Unauthenticated};
use serde_json::{Value, json};

use crate::parts;
use crate::row::{Row, row, wire_row};
use crate::scene::{COGNITO, DEVELOPER, NOBODY, SAML, Scene, claims, game, merged, text};
use crate::support::{AMAZON, FACEBOOK, GAME, NOON};

const GET_ID: &str = "GetId";
const TOKEN: &str = "GetOpenIdToken";

pub(crate) const ROWS: &[Row] = &[
    wire_row(&["5.2.input", "M41"], "the members of GetId", |scene| {
        scene.invalid(GET_ID, json!({}), &[("null", "identityPoolId", "Member must not be null")]);
        scene.says("M41", GET_ID, json!({"IdentityPoolId": "no-colon"}), &[("v", "no-colon")]);
        for (account, failed) in [
            ("1234567890123456", "Member must have length less than or equal to 15"),
            ("a", r"Member must satisfy regular expression pattern: \d+"),
        ] {
            let body = json!({"IdentityPoolId": NOBODY, "AccountId": account});
            scene.invalid(GET_ID, body, &[(&format!("'{account}'"), "accountId", failed)]);
        }
        let eleven: Value = (0..11).map(|n| (format!("p{n:02}"), json!("a"))).collect();
        let body = json!({"IdentityPoolId": NOBODY, "Logins": eleven});
        let fault = scene.call(GET_ID, body).expect_err("eleven logins");
        assert!(fault.message.ends_with("Member must have length less than or equal to 10"));
    }),
    row(&["5.2.account", "Q10", "M4"], "an account is the pool's, or not given", |scene| {
        let pool = scene.game();
        scene.ok(GET_ID, json!({"IdentityPoolId": pool, "AccountId": "123456789012"}));
        let body = json!({"IdentityPoolId": pool, "AccountId": "999999999999"});
        scene.says("M4", GET_ID, body, &[]);
    }),
    row(&["5.2.account-assumed"], "an account that nobody named may be any", |scene| {
        let pool = scene.of("000000000000", "us-east-1").game();
        for account in ["123456789012", "000000000000", "1"] {
            scene.ok(GET_ID, json!({"IdentityPoolId": pool, "AccountId": account}));
        }
    }),
    row(&["5.2.1", "M24"], "a pool that is not there", |scene| {
        for body in [
            json!({"IdentityPoolId": NOBODY}),
            json!({"IdentityPoolId": NOBODY, "Logins": {FACEBOOK: "bad-signature"}}),
        ] {
            scene.says("M24", GET_ID, body, &[("IdentityPoolId", NOBODY)]);
        }
    }),
    row(&["5.2.2.denied", "M2"], "no login where guests are not allowed", |scene| {
        let pool = scene.pool(json!({"SupportedLoginProviders": {FACEBOOK: "12"}}));
        for body in [json!({"IdentityPoolId": pool}), json!({"IdentityPoolId": pool, "Logins": {}})]
        {
            scene.says("M2", GET_ID, body, &[]);
        }
    }),
    row(&["5.2.2.new", "5.2.out"], "every call without a login makes a guest", |scene| {
        let pool = scene.game();
        let first = scene.ok(GET_ID, json!({"IdentityPoolId": pool}));
        assert_eq!(first.as_object().map(serde_json::Map::len), Some(1));
        let second = scene.ok(GET_ID, json!({"IdentityPoolId": pool, "Logins": {}}));
        assert_ne!(first, second);
        assert_eq!(scene.state(&text(&second["IdentityId"])), Unauthenticated);
    }),
    row(&["5.2.3", "M5"], "a login where the pool has no provider", |scene| {
        let pool = scene.pool(json!({"AllowUnauthenticatedIdentities": true}));
        let body = json!({"IdentityPoolId": pool, "Logins": {FACEBOOK: "user:a"}});
        scene.says("M5", GET_ID, body, &[("IdentityPoolId", &pool)]);
    }),
    row(&["5.2.4.key", "M7"], "the service's own name is no provider", |scene| {
        let pool = scene.game();
        let token = scene.developer(&pool, json!({GAME: "alice"})).expect("a token");
        for value in [text(&token["Token"]), "user:a".to_owned()] {
            let body = json!({"IdentityPoolId": pool, "Logins": {COGNITO: value}});
            scene.says("M7", GET_ID, body, &[]);
        }
    }),
    row(&["5.2.4.token", "M7"], "nor is its token one of a provider's", |scene| {
        let pool = scene.game();
        let token = scene.developer(&pool, json!({GAME: "alice"})).expect("a token");
        for key in [FACEBOOK, GAME] {
            let body = json!({"IdentityPoolId": pool, "Logins": {key: token["Token"]}});
            scene.says("M7", GET_ID, body, &[]);
        }
    }),
    row(&["5.2.5", "Q25", "M16", "M7"], "a developer user is nobody's public login", |scene| {
        let pool = scene.game();
        let alice = scene.developer(&pool, json!({GAME: "alice"})).expect("a token");
        for (operation, member, id) in [
            (GET_ID, "IdentityPoolId", pool.clone()),
            (TOKEN, "IdentityId", text(&alice["IdentityId"])),
            ("GetCredentialsForIdentity", "IdentityId", text(&alice["IdentityId"])),
        ] {
            let body = json!({member: id, "Logins": {GAME: "alice"}});
            scene.says("M16", operation, body, &[]);
            let body = json!({member: id, "Logins": {GAME: alice["Token"]}});
            scene.says("M7", operation, body, &[]);
        }
    }),
    row(&["5.2.6.key", "M6"], "a provider that the pool does not have", |scene| {
        let pool = scene.game();
        for key in ["accounts.google.com", "login.other", "idp.other"] {
            let body = json!({"IdentityPoolId": pool, "Logins": {key: "user:a"}});
            scene.says("M6", GET_ID, body, &[]);
        }
    }),
    row(
        &["5.2.6.audience", "5.2.7.prefix", "M6", "M9", "M10", "M11", "M12", "M13", "M14"],
        "what a verifier says of a token",
        |scene| {
            let pool = scene.game();
            let fill = [("now", "1700000000"), ("exp", "1699999999")];
            let id = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
            for (token, message, fill) in [
                ("wrong-audience", "M6", &fill[..0]),
                ("expired", "M9", &fill[..]),
                ("wrong-issuer", "M10", &fill[..0]),
                ("bad-signature", "M11", &fill[..0]),
                ("no-aud", "M12", &fill[..0]),
                ("no token", "M13", &fill[..0]),
                ("inactive", "M14", &fill[..0]),
            ] {
                let logins = json!({FACEBOOK: token});
                let body = json!({"IdentityPoolId": pool, "Logins": logins});
                scene.says(message, GET_ID, body, fill);
                for operation in [TOKEN, "GetCredentialsForIdentity"] {
                    let body = json!({"IdentityId": id, "Logins": logins});
                    scene.says(message, operation, body, fill);
                }
            }
        },
    ),
    row(&["5.2.8"], "logins mean an identity as without a given one", |scene| {
        let pool = scene.game();
        let id = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        assert_eq!(scene.get_id(&pool, json!({FACEBOOK: "user:a"})), id);
        assert_eq!(scene.logins(&id), json!([FACEBOOK]));
    }),
    row(&["5.2.8", "M29"], "so two users of one provider do not meet", |scene| {
        let pool = scene.game();
        scene.get_id(&pool, json!({FACEBOOK: "user:a", AMAZON: "user:m"}));
        let logins = json!({FACEBOOK: "user:b", AMAZON: "user:m"});
        scene.says("M29", GET_ID, json!({"IdentityPoolId": pool, "Logins": logins}), &[]);
    }),
    row(
        &["2.x", "5.order.throttle", "M39"],
        "more calls in a second than the rate allows",
        |scene| {
            let scene = parts::throttled(scene);
            let pool = scene.game();
            for _ in 0..25 {
                scene.guest(&pool);
            }
            scene.says("M39", GET_ID, json!({"IdentityPoolId": NOBODY}), &[]);
            scene.world.clock.set(NOON + 1_000);
            scene.guest(&pool);
            for _ in 0..200 {
                scene.user(&pool, "alice");
            }
            let body = json!({"IdentityPoolId": NOBODY, "Logins": {GAME: "alice"}});
            scene.says("M39", DEVELOPER, body, &[]);
            let resource =
                format!("arn:aws:cognito-identity:us-east-1:123456789012:identitypool/{pool}");
            for (operation, rate, member, value) in [
                ("TagResource", 5, "Tags", json!({})),
                ("UntagResource", 5, "TagKeys", json!([])),
                ("ListTagsForResource", 10, "Ignored", json!(0)),
            ] {
                let body = json!({"ResourceArn": resource, member: value});
                for _ in 0..rate {
                    scene.ok(operation, body.clone());
                }
                scene.says("M39", operation, body, &[]);
            }
        },
    ),
    wire_row(&["5.order.throttle", "M39"], "the rate comes before the constraints", |scene| {
        let scene = parts::throttled(scene);
        let pool = scene.game();
        for _ in 0..25 {
            scene.guest(&pool);
        }
        scene.says("M39", GET_ID, json!({"IdentityPoolId": pool, "AccountId": "a"}), &[]);
    }),
    row(&["5.2.errors"], "a provider that cannot be asked", |scene| {
        let pool = scene.game();
        let logins = json!({FACEBOOK: "unavailable"});
        let text = "The login provider is not available.";
        let id = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        for (operation, body) in [
            (GET_ID, json!({"IdentityPoolId": pool, "Logins": logins})),
            (TOKEN, json!({"IdentityId": id, "Logins": logins})),
            ("GetCredentialsForIdentity", json!({"IdentityId": id, "Logins": logins})),
        ] {
            scene.refused(operation, body, "ExternalServiceException", text);
        }
    }),
    wire_row(&["5.3.input"], "the members of GetOpenIdToken", |scene| {
        scene.invalid(TOKEN, json!({}), &[("null", "identityId", "Member must not be null")]);
    }),
    row(&["5.3.1", "M25"], "an identity that is not there", |scene| {
        let alice = scene.user(&scene.game(), "alice");
        scene.ok("DeleteIdentities", json!({"IdentityIdsToDelete": [alice]}));
        for id in [NOBODY, alice.as_str()] {
            scene.says("M25", TOKEN, json!({"IdentityId": id}), &[("IdentityId", id)]);
        }
    }),
    row(&["5.3.2.false", "M17"], "no token without the classic flow", |scene| {
        let guest = guest_of(scene, json!({"AllowClassicFlow": false}));
        scene.says("M17", TOKEN, json!({"IdentityId": guest}), &[]);
        let body = json!({"IdentityId": guest, "Logins": {FACEBOOK: "bad-signature"}});
        scene.says("M17", TOKEN, body, &[]);
    }),
    row(
        &["5.3.2.true", "5.3.2.unset"],
        "a token where the flow is allowed, or not spoken of",
        |scene| {
            for settings in [json!({"AllowClassicFlow": true}), json!({})] {
                let guest = guest_of(scene, settings);
                scene.ok(TOKEN, json!({"IdentityId": guest}));
            }
        },
    ),
    row(&["5.3.3", "M18"], "no token where roles are mapped", |scene| {
        let pool = scene.game();
        let guest = scene.guest(&pool);
        let mapping = json!({"Type": "Token", "AmbiguousRoleResolution": "Deny"});
        let body =
            json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": {FACEBOOK: mapping}});
        scene.ok("SetIdentityPoolRoles", body);
        scene.says("M18", TOKEN, json!({"IdentityId": guest}), &[]);
    }),
    row(&["5.3.3.saml", "5.order.6", "M58"], "no token for a SAML login", |scene| {
        let pool = scene.game();
        let id = scene.get_id(&pool, json!({SAML: "user:a", FACEBOOK: "user:a"}));
        for (id, logins) in [
            (id.clone(), json!({SAML: "user:a"})),
            (id.clone(), json!({SAML: "user:a", FACEBOOK: "user:a"})),
            (scene.guest(&pool), json!({SAML: "user:a"})),
            (scene.user(&pool, "alice"), json!({SAML: "user:a"})),
            // This refusal comes before any login is verified.
            (id.clone(), json!({SAML: "bad-signature", FACEBOOK: "bad-signature"})),
            (id.clone(), json!({SAML: "user:a", "www.zzz.example": "user:a", GAME: "alice"})),
        ] {
            scene.says("M58", TOKEN, json!({"IdentityId": id, "Logins": logins}), &[]);
        }
        let login = json!({FACEBOOK: "user:a"});
        scene.ok(TOKEN, json!({"IdentityId": id, "Logins": login}));
    }),
    row(
        &["5.3.3.saml", "5.order.6", "M17", "M18", "M25", "M6"],
        "the flow and the mappings come before a SAML login",
        |scene| {
            let body = json!({"IdentityId": NOBODY, "Logins": {SAML: "user:a"}});
            scene.says("M25", TOKEN, body, &[("IdentityId", NOBODY)]);
            let guest = guest_of(scene, json!({"AllowClassicFlow": false}));
            let body = json!({"IdentityId": guest, "Logins": {SAML: "user:a"}});
            scene.says("M17", TOKEN, body, &[]);
            let pool = scene.game();
            let body = json!({"IdentityId": scene.guest(&pool), "Logins": {SAML: "user:a"}});
            let mapping = json!({"Type": "Token", "AmbiguousRoleResolution": "Deny"});
            let mappings =
                json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": {FACEBOOK: mapping}});
            scene.ok("SetIdentityPoolRoles", mappings);
            scene.says("M18", TOKEN, body, &[]);
            // Only another pool has this SAML provider.
            let other = "arn:aws:iam::123456789012:saml-provider/other";
            let guest = guest_of(scene, json!({}));
            let body = json!({"IdentityId": guest, "Logins": {other: "user:a"}});
            scene.says("M6", TOKEN, body, &[]);
        },
    ),
    row(&["5.3.4.guest"], "a guest's token", |scene| {
        let guest = scene.guest(&scene.game());
        let answer = scene.ok(TOKEN, json!({"IdentityId": guest}));
        assert_eq!(answer["IdentityId"], json!(guest));
        assert_eq!(claims(&answer)["amr"], json!(["unauthenticated"]));
    }),
    row(&["5.3.4.closed", "M2"], "a guest of a pool that has closed its door", |scene| {
        let pool = scene.game();
        let guest = scene.guest(&pool);
        let closed = json!({
            "IdentityPoolId": pool, "IdentityPoolName": "game",
            "AllowUnauthenticatedIdentities": false,
        });
        scene.ok("UpdateIdentityPool", merged(game(), closed));
        for operation in [TOKEN, "GetCredentialsForIdentity"] {
            scene.says("M2", operation, json!({"IdentityId": guest}), &[]);
        }
        let body = json!({"IdentityId": guest, "Logins": {FACEBOOK: "user:a"}});
        assert_eq!(scene.ok(TOKEN, body)["IdentityId"], json!(guest));
    }),
    row(&["5.3.5", "5.3.out"], "logins mean an identity, which the answer names", |scene| {
        let pool = scene.game();
        let alice = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        let guest = scene.guest(&pool);
        let body = json!({"IdentityId": guest, "Logins": {FACEBOOK: "user:a"}});
        let answer = scene.ok(TOKEN, body);
        assert_eq!(answer["IdentityId"], json!(alice));
        assert_eq!(claims(&answer)["sub"], json!(alice));
        let members: Vec<_> = answer.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["IdentityId", "Token"]);
        assert_eq!(scene.state(&guest), Disabled);
    }),
    row(
        &["5.2.3", "5.order.6", "M5"],
        "a pool without providers comes before what is presented",
        |scene| {
            let pool = scene.pool(json!({}));
            for key in [COGNITO, GAME] {
                let body = json!({"IdentityPoolId": pool, "Logins": {key: "user:a"}});
                scene.says("M5", GET_ID, body, &[("IdentityPoolId", &pool)]);
            }
        },
    ),
    row(&["5.order.6", "M6", "M16"], "the name of a provider comes before every token", |scene| {
        let pool = scene.game();
        let id = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        for (key, message) in [(GAME, "M16"), ("www.zzz.example", "M6")] {
            let logins = json!({FACEBOOK: "bad-signature", key: "user:a"});
            scene.says(message, GET_ID, json!({"IdentityPoolId": pool, "Logins": logins}), &[]);
            for operation in [TOKEN, "GetCredentialsForIdentity"] {
                scene.says(message, operation, json!({"IdentityId": id, "Logins": logins}), &[]);
            }
        }
    }),
    row(
        &["5.order.6", "5.3.2.false", "M17"],
        "the classic flow comes before mappings, logins and states",
        |scene| {
            let pool = scene.pool(merged(game(), json!({"AllowClassicFlow": false})));
            let mapping = json!({"Type": "Token", "AmbiguousRoleResolution": "Deny"});
            let body =
                json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": {FACEBOOK: mapping}});
            scene.ok("SetIdentityPoolRoles", body);
            let alice = scene.user(&pool, "alice");
            scene.says("M17", TOKEN, json!({"IdentityId": alice}), &[]);
            let body = json!({"IdentityId": alice, "Logins": {GAME: "alice"}});
            scene.says("M17", TOKEN, body, &[]);
        },
    ),
    row(
        &["3.d1", "5.3.4.closed", "M3"],
        "who is no guest is not told that there are none",
        |scene| {
            let pool = scene.pool(merged(game(), json!({"AllowUnauthenticatedIdentities": false})));
            let alice = scene.user(&pool, "alice");
            for operation in [TOKEN, "GetCredentialsForIdentity"] {
                let body = json!({"IdentityId": alice});
                scene.says("M3", operation, body, &[("IdentityId", &alice)]);
            }
        },
    ),
    row(&["5.2.8"], "a login needs no guests", |scene| {
        let pool = scene.pool(merged(game(), json!({"AllowUnauthenticatedIdentities": false})));
        scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
    }),
    row(&["5.3.no-roles"], "a token needs no roles", |scene| {
        let pool = scene.game();
        let id = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        let body = json!({"IdentityId": id, "Logins": {FACEBOOK: "user:a"}});
        scene.ok(TOKEN, body.clone());
        scene.says("M23", "GetCredentialsForIdentity", body, &[]);
    }),
    row(&["5.1.6"], "a developer's call proves public logins as these do", |scene| {
        let pool = scene.game();
        let id = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        assert_eq!(scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"})), id);
        let body = json!({"IdentityPoolId": pool, "Logins": {GAME: "alice", FACEBOOK: "no token"}});
        scene.says("M13", DEVELOPER, body, &[]);
    }),
];

/// A guest in a pool with these settings.
#[track_caller]
fn guest_of(scene: &Scene, settings: Value) -> String {
    scene.guest(&scene.pool(merged(game(), settings)))
}
