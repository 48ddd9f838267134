//! Section 6: creating, describing, listing, updating and deleting pools; their ids and limits.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use cognate::ambient::RandomIds;
use cognate::store::Store;
use serde_json::{Value, json};

use crate::row::{Row, row, wire_row};
use crate::scene::{CLIENT, Counted, ISSUER_ARN, NOBODY, SAML, Scene, USER_POOL, merged, text};
use crate::stores::Faulty;
use crate::support::{FACEBOOK, GAME, REGION};

const CREATE: &str = "CreateIdentityPool";
const DESCRIBE: &str = "DescribeIdentityPool";
const UPDATE: &str = "UpdateIdentityPool";

pub(crate) const ROWS: &[Row] = &[
    row(&["2.a", "2.d"], "an id is a region and a random UUID", |scene| {
        let scene = scene.with(|builder| builder.ids(RandomIds(Counted::default())));
        // Both doors draw the same random bytes.
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        for id in [&pool, &alice] {
            let (region, guid) = id.split_once(':').expect("two parts");
            assert_eq!((region, guid.len(), &guid[14..15]), (REGION, 36, "4"), "{id}");
            let lower = |c: char| c == '-' || c.is_ascii_digit() || ('a'..='f').contains(&c);
            assert!(guid.chars().all(lower) && id.len() <= 55, "{id}");
        }
    }),
    row(&["2.e"], "an id that is no version 4 is an id", |scene| {
        for id in ["us-east-1:79eafc1d-bfed-c52b-0000-000000000000", "us-east-1:0", "a:-"] {
            let body = json!({"IdentityId": id});
            scene.says("M25", "DescribeIdentity", body, &[("IdentityId", id)]);
        }
    }),
    row(&["2.c"], "names are not unique", |scene| {
        assert_ne!(scene.pool(json!({})), scene.pool(json!({})));
    }),
    wire_row(&["6.1.input"], "the members of a pool", |scene| {
        let null = "Member must not be null";
        scene.invalid(
            CREATE,
            json!({}),
            &[("null", "identityPoolName", null), ("null", "allowUnauthenticatedIdentities", null)],
        );
        let plain = json!({"IdentityPoolName": "a", "AllowUnauthenticatedIdentities": false});
        let eleven: Value = (0..11).map(|n| (format!("p{n}"), json!("a"))).collect();
        let long = "x".repeat(257);
        for (over, path, failed) in [
            (
                json!({"SupportedLoginProviders": eleven}),
                "supportedLoginProviders",
                "length less than or equal to 10",
            ),
            (
                json!({"DeveloperProviderName": "x".repeat(129)}),
                "developerProviderName",
                "length less than or equal to 128",
            ),
            (
                json!({"CognitoIdentityProviders": [{"ProviderName": "a b"}]}),
                "cognitoIdentityProviders.1.member.providerName",
                r"pattern: [\w._:/-]+",
            ),
            (json!({"SamlProviderARNs": ["short"]}), "samlProviderARNs", "equal to 20]"),
            (
                json!({"OpenIdConnectProviderARNs": ["short"]}),
                "openIdConnectProviderARNs",
                "equal to 20]",
            ),
            (json!({"IdentityPoolTags": {"a": long}}), "identityPoolTags", "equal to 0]"),
            (json!({"IdentityPoolTags": {"": "a"}}), "identityPoolTags", "equal to 1]"),
        ] {
            let fault = scene.call(CREATE, merged(plain.clone(), over)).expect_err(path);
            assert_eq!(fault.name, "ValidationException");
            let at = "1 validation error detected: ";
            assert!(fault.message.starts_with(at), "{}", fault.message);
            assert!(fault.message.contains(&format!(" at '{path}' failed")), "{}", fault.message);
            assert!(fault.message.ends_with(failed), "{}", fault.message);
        }
    }),
    wire_row(&["6.1.developer", "M43"], "a developer provider's name has no space", |scene| {
        let body = json!({
            "IdentityPoolName": "a", "AllowUnauthenticatedIdentities": false,
            "DeveloperProviderName": "Bruce Wayne",
        });
        scene.says("M43", CREATE, body, &[]);
    }),
    row(&["6.1.user-pool", "M21"], "a user pool has a proper name", |scene| {
        let plain = json!({"IdentityPoolName": "a", "AllowUnauthenticatedIdentities": false});
        for provider in [
            json!({"ClientId": CLIENT}),
            json!({"ProviderName": "us-east-1_abc", "ClientId": CLIENT}),
            json!({"ProviderName": "cognito-idp.us-east-1.amazonaws.com", "ClientId": CLIENT}),
            json!({"ProviderName": "cognito-idp..amazonaws.com/a", "ClientId": CLIENT}),
        ] {
            let body = merged(plain.clone(), json!({"CognitoIdentityProviders": [provider]}));
            scene.says("M21", CREATE, body, &[]);
        }
    }),
    row(&["6.1.made-up"], "a user pool needs not be there", |scene| {
        let made_up = "cognito-idp.us-west-2.amazonaws.com/us-west-2_made_up";
        for name in [made_up, "cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_a"] {
            let provider = json!({"ProviderName": name, "ClientId": CLIENT});
            scene.pool(json!({"CognitoIdentityProviders": [provider]}));
        }
    }),
    row(&["6.1.out"], "what is not set is left out, but for the tags", |scene| {
        let body = json!({"IdentityPoolName": "a", "AllowUnauthenticatedIdentities": false});
        let created = scene.ok(CREATE, body);
        let wanted = json!({
            "IdentityPoolId": created["IdentityPoolId"], "IdentityPoolName": "a",
            "AllowUnauthenticatedIdentities": false, "IdentityPoolTags": {},
        });
        assert_eq!(created, wanted);
        let body = json!({
            "IdentityPoolName": "DevIdPool", "AllowUnauthenticatedIdentities": false,
            "AllowClassicFlow": true, "DeveloperProviderName": "com.starling.devidpool",
        });
        let created = scene.ok(CREATE, body.clone());
        let id = created["IdentityPoolId"].clone();
        let wanted = merged(body, json!({"IdentityPoolId": id, "IdentityPoolTags": {}}));
        assert_eq!(created, wanted);
        assert_eq!(scene.ok(DESCRIBE, json!({"IdentityPoolId": id})), wanted);
    }),
    row(&["6.1.out"], "what is set is told back", |scene| {
        let settings = json!({
            "IdentityPoolName": "full", "AllowUnauthenticatedIdentities": true,
            "AllowClassicFlow": false, "DeveloperProviderName": GAME,
            "SupportedLoginProviders": {FACEBOOK: "12"},
            "CognitoIdentityProviders": [
                {"ProviderName": USER_POOL, "ClientId": CLIENT, "ServerSideTokenCheck": true},
            ],
            "OpenIdConnectProviderARNs": [ISSUER_ARN], "SamlProviderARNs": [SAML],
            "IdentityPoolTags": {"team": "blue", "cost": ""},
        });
        let created = scene.ok(CREATE, settings.clone());
        let id = created["IdentityPoolId"].clone();
        assert_eq!(created, merged(settings, json!({"IdentityPoolId": id})));
    }),
    row(&["6.1.limit", "2.r", "M38"], "an account has a thousand pools", |scene| {
        for _ in 0..1000 {
            scene.pool(json!({}));
        }
        let body = json!({"IdentityPoolName": "a", "AllowUnauthenticatedIdentities": false});
        scene.says("M38", CREATE, body, &[]);
        scene.of("999999999999", REGION).pool(json!({}));
    }),
    row(&["2.s"], "a pool has fifty user pools", |scene| {
        let user_pools = |count: usize| -> Value {
            let each = |n| {
                let name = format!("cognito-idp.us-east-1.amazonaws.com/us-east-1_{n}");
                json!({"ProviderName": name, "ClientId": CLIENT})
            };
            json!({"CognitoIdentityProviders": (0..count).map(each).collect::<Vec<_>>()})
        };
        scene.pool(user_pools(50));
        let plain = json!({"IdentityPoolName": "a", "AllowUnauthenticatedIdentities": false});
        let text = "An identity pool has at most 50 user pools.";
        scene.refused(CREATE, merged(plain, user_pools(51)), "LimitExceededException", text);
    }),
    row(&["6.2.unknown", "M24"], "a pool that is not there", |scene| {
        let whole = json!({
            "IdentityPoolId": NOBODY, "IdentityPoolName": "a", "AllowUnauthenticatedIdentities": true,
        });
        let fill = [("IdentityPoolId", NOBODY)];
        for operation in [DESCRIBE, "DeleteIdentityPool"] {
            scene.says("M24", operation, json!({"IdentityPoolId": NOBODY}), &fill);
        }
        scene.says("M24", UPDATE, whole, &fill);
        let body = json!({"IdentityPoolId": NOBODY, "MaxResults": 1});
        scene.says("M24", "ListIdentities", body, &fill);
    }),
    row(&["6.2.delete", "6.2.twice", "M24", "M25"], "a pool goes with its identities", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        let body = json!({"IdentityPoolId": pool});
        scene.ok("DeleteIdentityPool", body.clone());
        let fill = [("IdentityId", alice.as_str())];
        scene.says("M25", "DescribeIdentity", json!({"IdentityId": alice}), &fill);
        for operation in ["DeleteIdentityPool", DESCRIBE] {
            scene.says("M24", operation, body.clone(), &[("IdentityPoolId", &pool)]);
        }
        assert_eq!(
            scene.ok("ListIdentityPools", json!({"MaxResults": 1})),
            json!({"IdentityPools": []})
        );
    }),
    row(&["6.2.delete", "M24", "M25"], "and with its roles and attribute maps", |scene| {
        let pool = scene.game();
        let guest = scene.guest(&pool);
        let role = json!({"authenticated": "arn:aws:iam::123456789012:role/user"});
        scene.ok("SetIdentityPoolRoles", json!({"IdentityPoolId": pool, "Roles": role}));
        let map = json!({
            "IdentityPoolId": pool, "IdentityProviderName": USER_POOL, "PrincipalTags": {"a": "b"},
        });
        scene.ok("SetPrincipalTagAttributeMap", map);
        let body = json!({"IdentityPoolId": pool});
        scene.ok("DeleteIdentityPool", body.clone());
        scene.says("M24", "GetIdentityPoolRoles", body, &[("IdentityPoolId", &pool)]);
        let body = json!({"IdentityId": guest});
        scene.says("M25", "GetOpenIdToken", body, &[("IdentityId", &guest)]);
    }),
    row(&["6.2.list", "2.u"], "pools are listed by name and id, page by page", |scene| {
        let pools: Vec<_> = ["a", "b", "c"]
            .map(|name| json!({"IdentityPoolId": scene.pool(json!({"IdentityPoolName": name})), "IdentityPoolName": name}))
            .into();
        let page = scene.ok("ListIdentityPools", json!({"MaxResults": 2}));
        assert_eq!(page["IdentityPools"], json!(pools[..2]));
        let next = text(&page["NextToken"]);
        let rest = scene.ok("ListIdentityPools", json!({"MaxResults": 2, "NextToken": next}));
        assert_eq!(rest, json!({"IdentityPools": pools[2..]}));
    }),
    wire_row(&["6.2.input", "6.3.input"], "the members of the other calls", |scene| {
        let null = "Member must not be null";
        scene.invalid(
            UPDATE,
            json!({}),
            &[
                ("null", "identityPoolId", null),
                ("null", "identityPoolName", null),
                ("null", "allowUnauthenticatedIdentities", null),
            ],
        );
        scene.invalid("ListIdentityPools", json!({}), &[("null", "maxResults", null)]);
        let few = "Member must have value greater than or equal to 1";
        scene.invalid("ListIdentityPools", json!({"MaxResults": 0}), &[("'0'", "maxResults", few)]);
        for operation in [DESCRIBE, "DeleteIdentityPool"] {
            scene.invalid(operation, json!({}), &[("null", "identityPoolId", null)]);
        }
    }),
    row(
        &["6.3.reset", "6.3.developer-kept", "6.3.tags-kept", "6.3.name", "6.3.classic", "6.3.out"],
        "what is left out is reset, but for the developer provider and the tags",
        |scene| {
            let pool = scene.pool(json!({
                "AllowUnauthenticatedIdentities": true,
                "AllowClassicFlow": false, "DeveloperProviderName": GAME,
                "SupportedLoginProviders": {FACEBOOK: "12"},
                "CognitoIdentityProviders": [{"ProviderName": USER_POOL, "ClientId": CLIENT}],
                "OpenIdConnectProviderARNs": [ISSUER_ARN], "SamlProviderARNs": [SAML],
                "IdentityPoolTags": {"team": "blue"},
            }));
            let updated = update(scene, &pool, json!({}));
            let wanted = json!({
                "IdentityPoolId": pool, "IdentityPoolName": "renamed",
                "AllowUnauthenticatedIdentities": false, "DeveloperProviderName": GAME,
                "IdentityPoolTags": {"team": "blue"},
            });
            assert_eq!(updated, wanted);
            assert_eq!(scene.ok(DESCRIBE, json!({"IdentityPoolId": pool})), wanted);
        },
    ),
    row(
        &["6.3.developer-later", "6.3.developer-fixed", "Q20", "M35"],
        "a developer provider is named once",
        |scene| {
            let pool = scene.pool(json!({}));
            let named = json!({"DeveloperProviderName": GAME});
            for _ in 0..2 {
                assert_eq!(
                    update(scene, &pool, named.clone())["DeveloperProviderName"],
                    json!(GAME)
                );
            }
            let body = merged(whole(&pool), json!({"DeveloperProviderName": "login.other"}));
            scene.says("M35", UPDATE, body, &[]);
            assert_eq!(update(scene, &pool, json!({}))["DeveloperProviderName"], json!(GAME));
        },
    ),
    row(&["6.1.user-pool", "M21"], "an update looks at user pools too", |scene| {
        let pool = scene.pool(json!({}));
        let provider = json!({"CognitoIdentityProviders": [{"ClientId": CLIENT}]});
        scene.says("M21", UPDATE, merged(whole(&pool), provider), &[]);
    }),
    row(&["6.3.concurrent"], "an update that loses every race", |scene| {
        let store = Arc::new(Faulty::default());
        let scene = scene.over(Arc::clone(&store) as Arc<dyn Store>);
        let pool = scene.pool(json!({}));
        store.lost.store(true, Ordering::Relaxed);
        let text = "The identity pool is being updated by others.";
        scene.refused(UPDATE, whole(&pool), "ConcurrentModificationException", text);
    }),
    row(&["6.3.tags-kept"], "tags that are given replace the others", |scene| {
        let pool = scene.pool(json!({"IdentityPoolTags": {"team": "blue"}}));
        let tags = json!({"cost": "high"});
        let updated = update(scene, &pool, json!({"IdentityPoolTags": tags}));
        assert_eq!(updated["IdentityPoolTags"], tags);
    }),
];

fn whole(pool: &str) -> Value {
    json!({
        "IdentityPoolId": pool, "IdentityPoolName": "renamed",
        "AllowUnauthenticatedIdentities": false,
    })
}

#[track_caller]
fn update(scene: &Scene, pool: &str, over: Value) -> Value {
    scene.ok(UPDATE, merged(whole(pool), over))
}
