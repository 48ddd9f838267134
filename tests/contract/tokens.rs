//! Section 4: the OpenID token, its keys and its uses.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cognate::token::ModulusEncoding;
use serde_json::{Value, json};

use crate::row::{Row, row};
use crate::scene::{DEVELOPER, FACEBOOK_APP, Scene, claims, part, text};
use crate::support::{AMAZON, FACEBOOK, GAME, parse};

const NAMESPACE: &str = "https://cognito-identity.amazonaws.com";
const POOL_ARN: &str = "https://cognito-identity.amazonaws.com/identity-pool-arn";

pub(crate) const ROWS: &[Row] = &[
    row(&["4.header", "4.kid"], "the header: a key of the region, a signature, RS512", |scene| {
        let token = scene.developer(&scene.game(), json!({GAME: "alice"})).expect("a token");
        assert_eq!(part(&token, 0), r#"{"kid":"us-east-1-1","typ":"JWS","alg":"RS512"}"#);
    }),
    row(&["4.keys-region", "4.iss"], "a key is its region's, for all pools", |scene| {
        let kid = |scene: &Scene| {
            let token = scene.developer(&scene.game(), json!({GAME: "alice"})).expect("a token");
            assert_eq!(claims(&token)["iss"], json!(NAMESPACE));
            part(&token, 0)
        };
        assert_eq!(kid(scene), kid(scene));
        let there = kid(&scene.of("123456789012", "eu-west-1"));
        assert_eq!(there, r#"{"kid":"eu-west-1-1","typ":"JWS","alg":"RS512"}"#);
    }),
    row(
        &[
            "4.sub",
            "4.aud",
            "4.iss",
            "4.pool-arn",
            "4.exp",
            "4.iat",
            "4.order",
            "4.none-else",
            "4.amr-developer",
            "4.life-developer",
            "4.example-developer",
            "2.b",
        ],
        "the claims of a developer user, byte for byte",
        |scene| {
            let pool = scene.game();
            let token = scene.developer(&pool, json!({GAME: "alice"})).expect("a token");
            let alice = text(&token["IdentityId"]);
            let written = format!(
                r#"{{"sub":"{alice}","aud":"{pool}","amr":["authenticated","login.game","login.game:{pool}:alice"],"iss":"{NAMESPACE}","{POOL_ARN}":"arn:aws:cognito-identity:us-east-1:123456789012:identitypool/{pool}","exp":1700000900,"iat":1700000000}}"#
            );
            assert_eq!(part(&token, 1), written);
        },
    ),
    row(
        &["4.amr-guest", "4.pool-arn-guest", "4.life-public", "4.example-guest"],
        "the claims of a guest, byte for byte",
        |scene| {
            let pool = scene.game();
            let guest = scene.guest(&pool);
            let token = scene.ok("GetOpenIdToken", json!({"IdentityId": guest}));
            let written = format!(
                r#"{{"sub":"{guest}","aud":"{pool}","amr":["unauthenticated"],"iss":"{NAMESPACE}","exp":1700000600,"iat":1700000000}}"#
            );
            assert_eq!(part(&token, 1), written);
        },
    ),
    row(&["4.tags", "5.1.8"], "principal tags, each value in an array of its own", |scene| {
        let pool = scene.game();
        let tags = json!({"plan": "gold", "dept": "sales"});
        let body =
            json!({"IdentityPoolId": pool, "Logins": {GAME: "alice"}, "PrincipalTags": tags});
        let token = scene.ok(DEVELOPER, body);
        let tags = json!({"principal_tags": {"dept": ["sales"], "plan": ["gold"]}});
        assert_eq!(claims(&token)["https://aws.amazon.com/tags"], tags);
        let (before, after) = (part(&token, 1).find("/tags"), part(&token, 1).find(r#""iss""#));
        assert!(before.is_some() && before < after, "tags stand before the issuer");
    }),
    row(&["4.tags"], "no tags, no claim", |scene| {
        let pool = scene.game();
        for tags in [json!({}), Value::Null] {
            let mut body = json!({"IdentityPoolId": pool, "Logins": {GAME: "alice"}});
            if !tags.is_null() {
                body["PrincipalTags"] = tags;
            }
            assert_eq!(
                claims(&scene.ok(DEVELOPER, body))["https://aws.amazon.com/tags"],
                Value::Null
            );
        }
    }),
    row(&["4.sub"], "after a merge, the survivor's id", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        scene.identity(&pool, json!({GAME: "bob", FACEBOOK: "user:b"}));
        let token = scene.developer(&pool, json!({GAME: "alice", FACEBOOK: "user:b"}));
        assert_eq!(claims(&token.expect("a token"))["sub"], json!(alice));
    }),
    row(
        &["4.amr-several", "4.amr-facebook", "Q7"],
        "several logins in the order of the request",
        |scene| {
            let pool = scene.game();
            let game = format!("{GAME}:{pool}:alice");
            let facebook = format!("{FACEBOOK}:{FACEBOOK_APP}:a");
            for (logins, amr) in [
                (
                    format!(r#"{{"{GAME}":"alice","{FACEBOOK}":"user:a"}}"#),
                    json!(["authenticated", GAME, game, FACEBOOK, facebook]),
                ),
                (
                    format!(r#"{{"{FACEBOOK}":"user:a","{GAME}":"alice"}}"#),
                    json!(["authenticated", FACEBOOK, facebook, GAME, game]),
                ),
            ] {
                let body = format!(r#"{{"IdentityPoolId":"{pool}","Logins":{logins}}}"#);
                let token = scene.call_text(DEVELOPER, &body).expect("a token");
                assert_eq!(claims(&token)["amr"], amr, "{body}");
            }
        },
    ),
    row(&["4.amr-used"], "only the logins of the call", |scene| {
        let pool = scene.game();
        scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a", AMAZON: "user:a"}));
        let token = scene.developer(&pool, json!({GAME: "alice"})).expect("a token");
        let amr = json!(["authenticated", GAME, format!("{GAME}:{pool}:alice")]);
        assert_eq!(claims(&token)["amr"], amr);
    }),
    row(&["4.life-developer", "5.1.9"], "a token lives as long as was asked for", |scene| {
        let pool = scene.game();
        for secs in [1, 60, 86_400] {
            let body =
                json!({"IdentityPoolId": pool, "Logins": {GAME: "alice"}, "TokenDuration": secs});
            let claims = claims(&scene.ok(DEVELOPER, body));
            assert_eq!(claims["exp"], json!(1_700_000_000 + secs));
            assert_eq!(claims["iat"], json!(1_700_000_000));
        }
    }),
    row(&["4.life-public"], "a public login's token lives ten minutes", |scene| {
        let pool = scene.game();
        let id = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        let body = json!({"IdentityId": id, "Logins": {FACEBOOK: "user:a"}});
        let claims = claims(&scene.ok("GetOpenIdToken", body));
        assert_eq!(
            (&claims["exp"], &claims["iat"]),
            (&json!(1_700_000_600), &json!(1_700_000_000))
        );
        assert_ne!(claims[POOL_ARN], Value::Null);
    }),
    row(
        &["4.jwks-shape", "4.jwks-n", "4.jwks-regions", "Q14"],
        "one set of keys for all regions",
        |scene| {
            let europe = scene.of("123456789012", "eu-west-1");
            for scene in [scene, &europe] {
                scene.user(&scene.game(), "alice");
            }
            let keys =
                serde_json::to_value(scene.world.engine.jwks().expect("readable")).expect("JSON");
            let keys = keys["keys"].as_array().expect("a list");
            let kids: BTreeSet<_> = keys.iter().map(|key| text(&key["kid"])).collect();
            assert_eq!(kids.into_iter().collect::<Vec<_>>(), ["eu-west-1-1", "us-east-1-1"]);
            for key in keys {
                let fixed = (&key["kty"], &key["alg"], &key["use"], &key["e"]);
                assert_eq!(fixed, (&json!("RSA"), &json!("RS512"), &json!("sig"), &json!("AQAB")));
                let n = text(&key["n"]);
                assert!(!n.starts_with('A') && !n.contains(['+', '/', '=']), "{n}");
            }
        },
    ),
    row(
        &["4.jwks-n-plain"],
        "as an option the modulus in plain base64, a zero byte in front",
        |scene| {
            let n = |encoding: ModulusEncoding| {
                let scene = scene.with(|builder| builder.modulus_encoding(encoding));
                scene.user(&scene.game(), "alice");
                let keys = scene.world.engine.jwks().expect("readable").keys;
                keys[0].n.clone().expect("of RSA")
            };
            let (plain, url) = (n(ModulusEncoding::Base64), n(ModulusEncoding::Base64Url));
            assert!(plain.starts_with("AM") && plain.ends_with('='), "{plain}");
            let number = STANDARD.decode(&plain).expect("plain base64");
            assert_eq!(number.len(), 257);
            assert_eq!(number[1..], URL_SAFE_NO_PAD.decode(url).expect("base64url"));
        },
    ),
    row(&["4.discovery", "4.discovery-required"], "what OpenID Connect requires", |scene| {
        let document = scene.world.engine.discovery("http://127.0.0.1:4566").expect("readable");
        let document = serde_json::to_value(document).expect("JSON");
        // Section 3 of OpenID Connect Discovery 1.0. No token endpoint is needed here.
        for (member, value) in [
            ("issuer", json!(NAMESPACE)),
            ("authorization_endpoint", json!("http://127.0.0.1:4566/authorize")),
            ("jwks_uri", json!("http://127.0.0.1:4566/.well-known/jwks_uri")),
            ("response_types_supported", json!(["id_token"])),
            ("subject_types_supported", json!(["public"])),
            ("id_token_signing_alg_values_supported", json!(["RS512"])),
        ] {
            assert_eq!(document[member], value, "{member}");
        }
        assert_eq!(document.get("token_endpoint"), None);
    }),
    row(&["4.discovery", "Q13"], "the discovery document", |scene| {
        scene.user(&scene.game(), "alice");
        let document = scene.world.engine.discovery("http://127.0.0.1:4566").expect("readable");
        let document = serde_json::to_value(document).expect("JSON");
        assert_eq!(document["issuer"], json!(NAMESPACE));
        assert_eq!(document["jwks_uri"], json!("http://127.0.0.1:4566/.well-known/jwks_uri"));
        assert_eq!(document["id_token_signing_alg_values_supported"], json!(["RS512"]));
        assert_eq!(document["subject_types_supported"], json!(["public"]));
        assert!(document["response_types_supported"].is_array());
    }),
    row(&["4.verify"], "the engine knows its own token, until it is over", |scene| {
        let pool = scene.game();
        let token = scene.developer(&pool, json!({GAME: "alice"})).expect("a token");
        let (id, token) = (text(&token["IdentityId"]), text(&token["Token"]));
        let claims = scene.world.engine.verify_token(&token).expect("ours");
        assert_eq!((claims.identity_id(), claims.identity_pool_id()), (&parse(&id), &parse(&pool)));
        scene.world.clock.set(1_700_000_900_000);
        scene.world.engine.verify_token(&token).expect_err("over");
    }),
];
