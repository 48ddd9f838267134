//! Section 5.2.7, and `amr` of section 4: tokens of OpenID Connect, verified by the library itself.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{self, RsaKeyPair};
use serde_json::{Value, json};

use crate::parts;
use crate::row::{Row, row};
use crate::scene::{CLIENT, ISSUER, ISSUER_ARN, Scene, USER_POOL, claims, merged, text};
use crate::support::{NOON, RSA};

const GOOGLE: &str = "accounts.google.com";
const APP: &str = "app-1";
const KID: &str = "test-key";
const NOW: u64 = NOON / 1000;

pub(crate) const ROWS: &[Row] = &[
    row(&["5.2.7.valid"], "a token that is in order", |scene| {
        let (scene, pool) = open(scene);
        let id = scene.get_id(&pool, json!({GOOGLE: jwt(&token(json!({})))}));
        let later = token(json!({"iat": NOW + 60, "exp": NOW + 7200}));
        assert_eq!(scene.get_id(&pool, json!({GOOGLE: jwt(&later)})), id);
        let other = scene.get_id(&pool, json!({GOOGLE: jwt(&token(json!({"sub": "bob"})))}));
        assert_ne!(other, id);
    }),
    row(&["4.jwks-accept"], "keys as the service writes them", |scene| {
        let mut jwks = jwks();
        let n = URL_SAFE_NO_PAD.decode(text(&jwks["keys"][0]["n"])).expect("base64url");
        jwks["keys"][0]["n"] = json!(STANDARD.encode([vec![0], n].concat()));
        let (scene, pool) = opened(scene, &jwks);
        scene.get_id(&pool, json!({GOOGLE: jwt(&token(json!({})))}));
    }),
    row(&["5.2.7.parse", "5.2.7.prefix", "M13"], "what cannot be read", |scene| {
        let (scene, pool) = open(scene);
        let broken = format!("{}.e30", URL_SAFE_NO_PAD.encode("{"));
        for token in ["a", "a.b.c", "..", broken.as_str()] {
            says(&scene, &pool, "M13", token, &[]);
        }
    }),
    row(&["5.2.7.type", "M13"], "a token of another type", |scene| {
        let (scene, pool) = open(scene);
        for typ in ["at+jwt", "dpop+jwt", "LOGOUT+JWT", "application/secevent+jwt"] {
            says(&scene, &pool, "M13", &typed(typ, &token(json!({}))), &[]);
        }
        let events = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
        says(&scene, &pool, "M13", &jwt(&token(json!({"events": events}))), &[]);
        for typ in ["JWT", "jwt", "JWS", "application/jwt", "id_token+jwt"] {
            scene.get_id(&pool, json!({GOOGLE: typed(typ, &token(json!({})))}));
        }
    }),
    row(&["5.2.7.claims", "M12"], "a claim that every token has", |scene| {
        let (scene, pool) = open(scene);
        says(&scene, &pool, "M12", &jwt(&without("aud")), &[]);
        for name in ["iss", "sub", "exp"] {
            let body = json!({"IdentityPoolId": pool, "Logins": {GOOGLE: jwt(&without(name))}});
            let text = format!("Invalid login token. Missing a required claim: {name}");
            scene.refused("GetId", body, "NotAuthorizedException", &text);
        }
    }),
    row(&["5.2.7.issuer", "M10"], "the issuer is the key, without its scheme", |scene| {
        let (scene, pool) = open(scene);
        for issuer in
            ["https://idp.other", "http://accounts.google.com", "https://accounts.google.com//"]
        {
            says(&scene, &pool, "M10", &jwt(&token(json!({"iss": issuer}))), &[]);
        }
    }),
    row(&["5.2.7.slash", "5.8.2"], "a final slash of an issuer", |scene| {
        let scene = parts::verifying(scene, &jwks());
        for (arn, issuer) in [
            (ISSUER_ARN.to_owned(), format!("https://{ISSUER}/")),
            (format!("{ISSUER_ARN}/"), format!("https://{ISSUER}/")),
            (format!("{ISSUER_ARN}/"), format!("https://{ISSUER}")),
        ] {
            let pool = scene.pool(json!({"OpenIdConnectProviderARNs": [arn]}));
            let jwt = jwt(&token(json!({"iss": issuer})));
            let slash = format!("{ISSUER}/");
            let id = scene.get_id(&pool, json!({ISSUER: jwt}));
            assert_eq!(scene.get_id(&pool, json!({&slash: jwt})), id);
            assert_eq!(scene.get_id(&pool, json!({ISSUER: jwt, &slash: jwt})), id);
            let amr = json!(["authenticated", ISSUER, format!("{arn}:OIDC:alice")]);
            for key in [ISSUER, &slash] {
                let body = json!({"IdentityId": id, "Logins": {key: jwt}});
                assert_eq!(claims(&scene.ok("GetOpenIdToken", body))["amr"], amr);
            }
            let bob = json!({"iss": issuer, "sub": "bob"});
            let both = json!({ISSUER: jwt, &slash: self::jwt(&token(bob))});
            scene.says("M29", "GetId", json!({"IdentityPoolId": pool, "Logins": both}), &[]);
            let body =
                json!({"IdentityId": id, "Logins": {ISSUER: jwt}, "LoginsToRemove": [slash]});
            scene.ok("UnlinkIdentity", body);
            assert_ne!(scene.get_id(&pool, json!({ISSUER: jwt})), id);
        }
    }),
    row(
        &["5.2.6.issuer", "5.2.6.key", "M10", "M6"],
        "a key that the pool does not have",
        |scene| {
            let (scene, pool) = open(scene);
            let of = |issuer: &str| jwt(&token(json!({"iss": format!("https://{issuer}")})));
            let other_region = USER_POOL.replace("us-east-1", "eu-west-1");
            for (key, jwt, message) in [
                ("COGNITO", of(USER_POOL), "M10"),
                ("idp.other", jwt(&without("iss")), "M10"),
                ("loginKey", of(GOOGLE), "M10"),
                ("https://accounts.google.com", of(GOOGLE), "M10"),
                (ISSUER_ARN, of(ISSUER), "M10"),
                (&other_region, of(USER_POOL), "M10"),
                ("graph.facebook.com", of(GOOGLE), "M10"),
                (&other_region, of(&other_region), "M6"),
                ("idp.other", of("idp.other"), "M6"),
                ("idp.other", of("idp.other/"), "M6"),
                ("idp.other", "an opaque token".to_owned(), "M6"),
                ("graph.facebook.com", "an opaque token".to_owned(), "M6"),
            ] {
                let body = json!({"IdentityPoolId": pool, "Logins": {key: jwt}});
                scene.says(message, "GetId", body, &[]);
                // This refusal comes before any token is verified.
                let first = json!({GOOGLE: "no token", key: jwt});
                scene.says(message, "GetId", json!({"IdentityPoolId": pool, "Logins": first}), &[]);
            }
        },
    ),
    row(&["5.2.7.signature", "M11"], "the signature verifies", |scene| {
        let (scene, pool) = open(scene);
        let good = jwt(&token(json!({})));
        let (signed, _) = good.rsplit_once('.').expect("a signature");
        let forged = jwt(&token(json!({"sub": "bob"})));
        let (_, other) = forged.rsplit_once('.').expect("a signature");
        says(&scene, &pool, "M11", &format!("{signed}.{other}"), &[]);
        says(&scene, &pool, "M11", &signed_as("another-key", &token(json!({}))), &[]);
    }),
    row(&["5.2.7.expiry", "M9"], "a token is over at `exp`", |scene| {
        let (scene, pool) = open(scene);
        let (now, exp) = (NOW.to_string(), NOW - 1);
        let fill = [("now", now.as_str()), ("exp", &exp.to_string())];
        says(&scene, &pool, "M9", &jwt(&token(json!({"exp": exp}))), &fill);
        let fill = [("now", now.as_str()), ("exp", now.as_str())];
        says(&scene, &pool, "M9", &jwt(&token(json!({"exp": NOW}))), &fill);
        scene.get_id(&pool, json!({GOOGLE: jwt(&token(json!({"exp": NOW + 1})))}));
    }),
    row(&["5.2.7.skew"], "a clock may be five minutes ahead of ours", |scene| {
        let (scene, pool) = open(scene);
        let ahead = token(json!({"iat": NOW + 299, "nbf": NOW + 299}));
        scene.get_id(&pool, json!({GOOGLE: jwt(&ahead)}));
        for name in ["iat", "nbf"] {
            let login = json!({GOOGLE: jwt(&token(json!({name: NOW + 301})))});
            let body = json!({"IdentityPoolId": pool, "Logins": login});
            let text = "Invalid login token. Token is not valid yet.";
            scene.refused("GetId", body, "NotAuthorizedException", text);
        }
    }),
    row(
        &["5.2.7.audience", "5.2.6.audience", "M6"],
        "the audience is the pool's application",
        |scene| {
            let (scene, pool) = open(scene);
            for over in [json!({"aud": "app-2"}), json!({"aud": ["app-2", "app-3"]})] {
                says(&scene, &pool, "M6", &jwt(&token(over)), &[]);
            }
            scene.get_id(&pool, json!({GOOGLE: jwt(&token(json!({"aud": [APP, "app-2"]})))}));
            let user_pool = json!({"iss": format!("https://{USER_POOL}"), "aud": "other"});
            let body =
                json!({"IdentityPoolId": pool, "Logins": {USER_POOL: jwt(&token(user_pool))}});
            scene.says("M6", "GetId", body, &[]);
        },
    ),
    row(&["5.2.7.audience-iam", "M57"], "an audience that IAM does not know", |scene| {
        let scene = parts::registered(scene, &jwks(), APP);
        let pool = scene.pool(json!({"OpenIdConnectProviderARNs": [ISSUER_ARN]}));
        let of =
            |over: Value| jwt(&merged(token(json!({"iss": format!("https://{ISSUER}")})), over));
        let id = scene.get_id(&pool, json!({ISSUER: of(json!({}))}));
        for over in [json!({"aud": "app-2"}), json!({"aud": []}), json!({"azp": "app-2"})] {
            let logins = json!({ISSUER: of(over)});
            let body = json!({"IdentityPoolId": pool, "Logins": logins});
            scene.says("M57", "GetId", body, &[]);
            let body = json!({"IdentityId": id, "Logins": logins});
            scene.says("M57", "GetCredentialsForIdentity", body, &[]);
        }
    }),
    row(&["5.2.7.azp", "M6"], "an authorised party counts for the audience", |scene| {
        let (scene, pool) = open(scene);
        scene.get_id(&pool, json!({GOOGLE: jwt(&token(json!({"aud": "app-2", "azp": APP})))}));
        says(&scene, &pool, "M6", &jwt(&token(json!({"azp": "app-2"}))), &[]);
    }),
    row(&["5.2.7.inactive", "M14"], "the user pool says that the user is gone", |scene| {
        let (scene, pool) = open(scene);
        let gone = json!({"iss": format!("https://{USER_POOL}"), "aud": CLIENT, "sub": "gone"});
        let body = json!({"IdentityPoolId": pool, "Logins": {USER_POOL: jwt(&token(gone))}});
        scene.says("M14", "GetId", body, &[]);
    }),
    row(
        &["5.2.7.order", "5.2.7.prefix", "M9", "M10", "M11", "M12"],
        "of several faults the first is told",
        |scene| {
            let (scene, pool) = open(scene);
            let mut wrong = token(json!({"iss": "https://idp.other", "exp": NOW, "azp": "app-2"}));
            wrong.as_object_mut().expect("an object").remove("aud");
            says(&scene, &pool, "M12", &signed_as("another-key", &wrong), &[]);
            wrong["aud"] = json!("app-2");
            says(&scene, &pool, "M10", &signed_as("another-key", &wrong), &[]);
            wrong["iss"] = json!(format!("https://{GOOGLE}"));
            says(&scene, &pool, "M11", &signed_as("another-key", &wrong), &[]);
            let now = NOW.to_string();
            says(&scene, &pool, "M9", &jwt(&wrong), &[("now", &now), ("exp", &now)]);
        },
    ),
    row(
        &["4.amr-oidc", "4.amr-user-pool"],
        "an issuer's and a user pool's logins in `amr`",
        |scene| {
            let (scene, pool) = open(scene);
            for (provider, audience, entry) in [
                (ISSUER, APP, format!("{ISSUER_ARN}:OIDC:alice")),
                (USER_POOL, CLIENT, format!("{USER_POOL}:CognitoSignIn:alice")),
            ] {
                let jwt =
                    jwt(&token(json!({"iss": format!("https://{provider}"), "aud": audience})));
                let id = scene.get_id(&pool, json!({provider: jwt}));
                let body = json!({"IdentityId": id, "Logins": {provider: jwt}});
                let amr = json!(["authenticated", provider, entry]);
                assert_eq!(claims(&scene.ok("GetOpenIdToken", body))["amr"], amr);
            }
        },
    ),
];

/// A pool that accepts an application of Google, a client of a user pool with the check of its
/// users, and an issuer.
fn open(scene: &Scene) -> (Scene, String) {
    opened(scene, &jwks())
}

fn opened(scene: &Scene, jwks: &Value) -> (Scene, String) {
    let scene = parts::verifying(scene, jwks);
    let pool = scene.pool(json!({
        "SupportedLoginProviders": {GOOGLE: APP},
        "CognitoIdentityProviders": [
            {"ProviderName": USER_POOL, "ClientId": CLIENT, "ServerSideTokenCheck": true},
        ],
        "OpenIdConnectProviderARNs": [ISSUER_ARN],
    }));
    (scene, pool)
}

#[track_caller]
fn says(scene: &Scene, pool: &str, id: &'static str, token: &str, fill: &[(&str, &str)]) {
    let body = json!({"IdentityPoolId": pool, "Logins": {GOOGLE: token}});
    scene.says(id, "GetId", body, fill);
}

/// The claims of a token for Google's user `alice`, with replacements.
fn token(over: Value) -> Value {
    let claims = json!({
        "iss": format!("https://{GOOGLE}"), "sub": "alice", "aud": APP,
        "iat": NOW, "exp": NOW + 3600, "token_use": "id",
    });
    merged(claims, over)
}

fn without(name: &str) -> Value {
    let mut claims = token(json!({}));
    claims.as_object_mut().expect("an object").remove(name);
    claims
}

/// A token with these claims, signed with the key of [`jwks`].
pub(crate) fn jwt(claims: &Value) -> String {
    signed_as(KID, claims)
}

/// The same with another `typ`.
fn typed(typ: &str, claims: &Value) -> String {
    signed(&json!({"alg": "RS256", "kid": KID, "typ": typ}), claims)
}

/// The same with another `kid`, or with none.
fn signed_as(kid: &str, claims: &Value) -> String {
    signed(&json!({"alg": "RS256", "kid": kid, "typ": "JWT"}), claims)
}

fn signed(header: &Value, claims: &Value) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let key = key();
    let mut signature = vec![0; key.public().modulus_len()];
    let padding = &signature::RSA_PKCS1_SHA256;
    key.sign(padding, &SystemRandom::new(), signed.as_bytes(), &mut signature).expect("signed");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The key set that these issuers publish.
pub(crate) fn jwks() -> Value {
    let public = PublicKeyComponents::<Vec<u8>>::from(key().public());
    let (n, e) = (URL_SAFE_NO_PAD.encode(public.n), URL_SAFE_NO_PAD.encode(public.e));
    json!({"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": KID, "n": n, "e": e}]})
}

fn key() -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(RSA).expect("a key")
}

#[test]
fn the_tokens_of_these_rows_verify() {
    let token = jwt(&token(json!({})));
    let (signed, signature) = token.rsplit_once('.').expect("a signature");
    let part = |name: &str| {
        let text = jwks()["keys"][0][name].as_str().expect("text").to_owned();
        URL_SAFE_NO_PAD.decode(text).expect("base64url")
    };
    let public = PublicKeyComponents { n: part("n"), e: part("e") };
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let algorithm = &signature::RSA_PKCS1_2048_8192_SHA256;
    public.verify(algorithm, signed.as_bytes(), &signature).expect("verifies");
    assert_eq!(signed_as("other", &json!({})).split('.').count(), 3);
}
