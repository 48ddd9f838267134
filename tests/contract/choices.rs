//! Choices without a source: those that no other table has, and texts of this library's own.

use serde_json::json;

use crate::row::{Row, row};
use crate::scene::{CLIENT, COGNITO, ISSUER, ISSUER_ARN, SAML, Scene, USER_POOL, merged};
use crate::support::{FACEBOOK, GAME};

const CREATE: &str = "CreateIdentityPool";
const INVALID: &str = "InvalidParameterException";

pub(crate) const ROWS: &[Row] = &[
    row(&["Q35"], "a public provider's name is no developer provider's", |scene| {
        for name in
            [FACEBOOK, COGNITO, "accounts.google.com", "cognito-idp.us-east-1.amazonaws.com"]
        {
            let text = format!("'{name}' is the name of a public provider.");
            create(scene, json!({"DeveloperProviderName": name}), &text);
        }
    }),
    row(&["Q35"], "nor is that of a provider of the pool", |scene| {
        let text = format!("'{ISSUER}' is the name of a public provider.");
        let own =
            json!({"DeveloperProviderName": ISSUER, "OpenIdConnectProviderARNs": [ISSUER_ARN]});
        create(scene, own, &text);
        scene.pool(json!({"DeveloperProviderName": ISSUER}));
    }),
    row(&["5.5.page-size"], "a lookup finds all users at once", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        for n in 1..20 {
            scene.link(&pool, &alice, json!({GAME: format!("alice-{n}")})).expect("linked");
        }
        assert_eq!(scene.users(&pool, &alice).as_array().map(Vec::len), Some(20));
    }),
    row(&["6.1.arns"], "an ARN of a provider is of its kind", |scene| {
        for (member, arn) in [
            ("OpenIdConnectProviderARNs", SAML),
            ("SamlProviderARNs", ISSUER_ARN),
            ("SamlProviderARNs", "this is not an ARN at all"),
        ] {
            create(scene, json!({member: [arn]}), &format!("Invalid provider ARN '{arn}'."));
        }
    }),
    row(&["6.1.client"], "a user pool has a client", |scene| {
        create(
            scene,
            json!({"CognitoIdentityProviders": [{"ProviderName": USER_POOL}]}),
            "Invalid Cognito Identity Provider",
        );
        scene.pool(
            json!({"CognitoIdentityProviders": [{"ProviderName": USER_POOL, "ClientId": CLIENT}]}),
        );
    }),
    row(&["6.1.tags"], "a new pool's tags are legal", |scene| {
        for tags in [json!({"a#": ""}), json!({"aws:team": "blue"})] {
            let body = merged(plain(), json!({"IdentityPoolTags": tags}));
            assert_eq!(scene.call(CREATE, body).expect_err("illegal").name, INVALID);
        }
        let tags: serde_json::Value = (0..51).map(|n| (format!("t{n}"), json!("a"))).collect();
        create(scene, json!({"IdentityPoolTags": tags}), "A resource has at most 50 tags.");
    }),
];

fn plain() -> serde_json::Value {
    json!({"IdentityPoolName": "a", "AllowUnauthenticatedIdentities": false})
}

#[track_caller]
fn create(scene: &Scene, settings: serde_json::Value, text: &str) {
    scene.refused(CREATE, merged(plain(), settings), INVALID, text);
}
