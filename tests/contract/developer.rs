//! Sections 2 and 5.1: logins, and `GetOpenIdTokenForDeveloperIdentity`.

use cognate::operation::IdentityState::Authenticated;
use serde_json::{Value, json};

use crate::row::{Row, row, wire_row};
use crate::scene::{
    CLIENT, COGNITO, DEVELOPER, ISSUER, ISSUER_ARN, NOBODY, SAML, USER_POOL, claims, text,
};
use crate::support::{AMAZON, FACEBOOK, GAME, model};

const LONG: &str = "Member must have length less than or equal to";
const SHORT: &str = "Member must have length greater than or equal to 1";

pub(crate) const ROWS: &[Row] = &[
    row(&["2.g"], "public providers of every kind", |scene| {
        let named = [
            "accounts.google.com",
            "api.twitter.com",
            "appleid.apple.com",
            FACEBOOK,
            AMAZON,
            "www.digits.com",
        ];
        let apps: Value = named.iter().map(|name| ((*name).to_owned(), json!("app"))).collect();
        let pool = scene.pool(json!({
            "DeveloperProviderName": GAME,
            "SupportedLoginProviders": apps,
            "CognitoIdentityProviders": [{"ProviderName": USER_POOL, "ClientId": CLIENT}],
            "OpenIdConnectProviderARNs": [ISSUER_ARN],
            "SamlProviderARNs": [SAML],
        }));
        for provider in named.into_iter().chain([USER_POOL, ISSUER, SAML]) {
            let alice = scene
                .identity(&pool, json!({GAME: provider.replace('/', "-"), provider: "user:a"}));
            let logins = scene.logins(&alice);
            assert!(logins.as_array().expect("a list").contains(&json!(provider)), "{logins}");
        }
    }),
    row(&["2.h"], "developer users are told apart by their case", |scene| {
        let pool = scene.game();
        let longest = "x".repeat(1024);
        let ids = ["alice", "Alice", "x", longest.as_str()].map(|user| scene.user(&pool, user));
        for (id, others) in ids.iter().zip(1..) {
            assert!(!ids[others..].contains(id));
        }
    }),
    wire_row(&["2.p", "5.1.input"], "at most ten logins, and their lengths", |scene| {
        let eleven: Value = (0..11).map(|n| (format!("p{n:02}"), json!("a"))).collect();
        let redacted = "***Sensitive Data Redacted***";
        let shown: Vec<_> = (0..11).map(|n| format!("p{n:02}={redacted}")).collect();
        let body = json!({"IdentityPoolId": NOBODY, "Logins": eleven});
        let map = format!("'{{{}}}'", shown.join(", "));
        scene.invalid(DEVELOPER, body, &[(&map, "logins", &format!("{LONG} 10"))]);
        let body = json!({"IdentityPoolId": NOBODY, "Logins": {GAME: "x".repeat(50_001)}});
        let values = format!("Map value must satisfy constraint: [{LONG} 50000, {SHORT}]");
        scene.invalid(DEVELOPER, body, &[(&format!("'{{{GAME}={redacted}}}'"), "logins", &values)]);
    }),
    wire_row(&["5.1.input"], "the members of the call", |scene| {
        let plain = json!({"IdentityPoolId": NOBODY, "Logins": {GAME: "alice"}});
        let long = "x".repeat(257);
        let values = format!("Map value must satisfy constraint: [{LONG} 256, {SHORT}]");
        let keys = format!("Map keys must satisfy constraint: [{LONG} 128, {SHORT}]");
        let few = "Member must have value greater than or equal to 1";
        let tags = |tags: Value| ("PrincipalTags", tags);
        let key = "k".repeat(129);
        for ((member, value), shown, failed) in [
            (tags(json!({"a": long})), format!("'{{a={long}}}'"), values.as_str()),
            (tags(json!({"a": ""})), "'{a=}'".to_owned(), values.as_str()),
            (tags(json!({(key.as_str()): "a"})), format!("'{{{key}=a}}'"), keys.as_str()),
            (("TokenDuration", json!(0)), "'0'".to_owned(), few),
        ] {
            let mut body = plain.clone();
            body[member] = value;
            let path =
                member.replacen(['P', 'T'], if member.starts_with('P') { "p" } else { "t" }, 1);
            scene.invalid(DEVELOPER, body, &[(&shown, &path, failed)]);
        }
        scene.invalid(
            DEVELOPER,
            json!({}),
            &[
                ("null", "identityPoolId", "Member must not be null"),
                ("null", "logins", "Member must not be null"),
            ],
        );
        let many: Value = (0..51).map(|n| (format!("t{n:02}"), json!("a"))).collect();
        let mut body = plain;
        body["PrincipalTags"] = many;
        let fault = scene.call(DEVELOPER, body).expect_err("51 tags");
        assert!(
            fault
                .message
                .ends_with(&format!("at 'principalTags' failed to satisfy constraint: {LONG} 50"))
        );
    }),
    row(&["5.1.1", "M24"], "the pool has to be there, and the caller's", |scene| {
        let body = json!({"IdentityPoolId": NOBODY, "Logins": {GAME: "alice"}});
        scene.says("M24", DEVELOPER, body, &[("IdentityPoolId", NOBODY)]);
        let pool = scene.game();
        let body = json!({"IdentityPoolId": pool, "Logins": {GAME: "alice"}});
        for (account, region) in [("999999999999", "us-east-1"), ("123456789012", "eu-west-1")] {
            let other = scene.of(account, region);
            other.says("M24", DEVELOPER, body.clone(), &[("IdentityPoolId", &pool)]);
        }
    }),
    row(&["5.1.2", "Q5", "M33"], "one of the logins is a developer user", |scene| {
        let pool = scene.game();
        let alice = scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
        for logins in
            [json!({}), json!({FACEBOOK: "user:a"}), json!({FACEBOOK: "user:a", AMAZON: "user:m"})]
        {
            let body = json!({"IdentityPoolId": pool, "Logins": logins});
            scene.says("M33", DEVELOPER, body, &[]);
            let body = json!({"IdentityPoolId": pool, "IdentityId": alice, "Logins": logins});
            scene.says("M33", DEVELOPER, body, &[]);
        }
    }),
    row(
        &["5.1.3", "5.1.4", "2.q", "Q27", "M19"],
        "another name is no developer provider of the pool",
        |scene| {
            let pool = scene.game();
            for logins in
                [json!({"login.other": "alice"}), json!({GAME: "alice", "login.other": "alice"})]
            {
                scene.says(
                    "M19",
                    DEVELOPER,
                    json!({"IdentityPoolId": pool, "Logins": logins}),
                    &[],
                );
            }
        },
    ),
    row(&["Q26", "M19"], "a pool without a developer provider supports none", |scene| {
        let pool = scene.pool(json!({"SupportedLoginProviders": {FACEBOOK: "app"}}));
        let body = json!({"IdentityPoolId": pool, "Logins": {GAME: "alice"}});
        scene.says("M19", DEVELOPER, body, &[]);
    }),
    row(&["5.1.5", "Q8"], "a developer user identifier has at most 1024 characters", |scene| {
        let pool = scene.game();
        for length in [1025, 50_000] {
            let body = json!({"IdentityPoolId": pool, "Logins": {GAME: "x".repeat(length)}});
            let text = "A developer user identifier has at most 1024 characters.";
            scene.refused(DEVELOPER, body, "InvalidParameterException", text);
        }
    }),
    row(
        &["5.1.6", "5.order.7", "M6", "M9", "M10", "M11", "M12", "M13", "M14"],
        "public logins are proved, and one that is not fails the call",
        |scene| {
            let pool = scene.game();
            let fill = [("now", "1700000000"), ("exp", "1699999999")];
            for (token, message, fill) in [
                ("wrong-audience", "M6", &fill[..0]),
                ("expired", "M9", &fill[..]),
                ("wrong-issuer", "M10", &fill[..0]),
                ("bad-signature", "M11", &fill[..0]),
                ("no-aud", "M12", &fill[..0]),
                ("no token", "M13", &fill[..0]),
                ("inactive", "M14", &fill[..0]),
            ] {
                let logins = json!({GAME: "alice", AMAZON: "user:m", FACEBOOK: token});
                let body = json!({"IdentityPoolId": pool, "Logins": logins});
                scene.says(message, DEVELOPER, body, fill);
            }
        },
    ),
    row(&["5.1.6", "M6", "M7"], "a public provider that the pool does not have", |scene| {
        let pool = scene.game();
        let logins = json!({GAME: "alice", "accounts.google.com": "user:a"});
        scene.says("M6", DEVELOPER, json!({"IdentityPoolId": pool, "Logins": logins}), &[]);
        let logins = json!({GAME: "alice", COGNITO: "user:a"});
        scene.says("M7", DEVELOPER, json!({"IdentityPoolId": pool, "Logins": logins}), &[]);
    }),
    row(
        &["5.1.7.new", "5.1.7.no-guests"],
        "an unknown user gets an identity, guests or none",
        |scene| {
            for guests in [true, false] {
                let pool = json!({"AllowUnauthenticatedIdentities": guests, "DeveloperProviderName": GAME});
                let pool = scene.pool(pool);
                assert_eq!(scene.state(&scene.user(&pool, "alice")), Authenticated);
            }
        },
    ),
    row(&["5.1.7.known"], "a known user gets the same identity as ever", |scene| {
        let pool = scene.game();
        let alice = scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
        assert_eq!(scene.user(&pool, "alice"), alice);
        let answer = scene.link(&pool, &alice, json!({GAME: "alice-2", FACEBOOK: "user:a"}));
        assert_eq!(text(&answer.expect("linked")["IdentityId"]), alice);
        assert_eq!(scene.user(&pool, "alice-2"), alice);
    }),
    row(&["5.1.7.guest"], "a guest becomes the user", |scene| {
        let pool = scene.game();
        let guest = scene.guest(&pool);
        let answer = scene.link(&pool, &guest, json!({GAME: "alice"})).expect("linked");
        assert_eq!(answer["IdentityId"], json!(guest));
        assert_eq!(scene.logins(&guest), json!([GAME]));
    }),
    row(&["5.1.7.token"], "a linked public login opens the identity to a user", |scene| {
        let pool = scene.game();
        let alice = scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
        let answer = scene.link(&pool, &alice, json!({GAME: "alice-2", FACEBOOK: "user:a"}));
        assert_eq!(answer.expect("linked")["IdentityId"], json!(alice));
        assert_eq!(scene.users(&pool, &alice), json!(["alice", "alice-2"]));
    })
    .by_linked_login(),
    row(&["5.1.7.only-developer"], "then merging is the way to a second user", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        scene.link(&pool, &alice, json!({GAME: "alice-2"})).expect_err("not linked");
        scene.user(&pool, "alice-2");
        let body = json!({
            "IdentityPoolId": pool, "DeveloperProviderName": GAME,
            "SourceUserIdentifier": "alice-2", "DestinationUserIdentifier": "alice",
        });
        assert_eq!(scene.ok("MergeDeveloperIdentities", body)["IdentityId"], json!(alice));
        assert_eq!(scene.users(&pool, &alice), json!(["alice", "alice-2"]));
    })
    .by_linked_login(),
    row(&["5.1.7.pool", "Q9", "M25"], "an identity of another pool", |scene| {
        let (here, there) = (scene.game(), scene.game());
        let alice = scene.user(&there, "alice");
        let body = json!({"IdentityPoolId": here, "IdentityId": alice, "Logins": {GAME: "alice"}});
        scene.says("M25", DEVELOPER, body, &[("IdentityId", &alice)]);
        for (operation, body) in [
            ("LookupDeveloperIdentity", json!({"IdentityPoolId": here, "IdentityId": alice})),
            (
                "UnlinkDeveloperIdentity",
                json!({
                    "IdentityPoolId": here, "IdentityId": alice, "DeveloperProviderName": GAME,
                    "DeveloperUserIdentifier": "alice",
                }),
            ),
        ] {
            scene.says("M25", operation, body, &[("IdentityId", &alice)]);
        }
    }),
    row(
        &["5.1.8.kept", "Q31"],
        "principal tags are of one call, and checked as members only",
        |scene| {
            let pool = scene.game();
            let long = "x".repeat(256);
            let tags: Value = (0..50).map(|n| (format!("t{n}!"), json!(long))).collect();
            let body =
                json!({"IdentityPoolId": pool, "Logins": {GAME: "alice"}, "PrincipalTags": tags});
            let token = scene.ok(DEVELOPER, body);
            let told = &claims(&token)["https://aws.amazon.com/tags"]["principal_tags"];
            assert_eq!(told.as_object().map(serde_json::Map::len), Some(50));
            let token = scene.developer(&pool, json!({GAME: "alice"})).expect("a token");
            assert_eq!(claims(&token)["https://aws.amazon.com/tags"], Value::Null);
        },
    ),
    row(&["5.1.out"], "an identity and a token, and nothing else", |scene| {
        let pool = scene.game();
        let answer = scene.developer(&pool, json!({GAME: "alice"})).expect("a token");
        let members: Vec<_> = answer.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["IdentityId", "Token"]);
        assert_eq!(claims(&answer)["sub"], answer["IdentityId"]);
    }),
    row(&["5.1.classic"], "a pool without the classic flow has developer tokens", |scene| {
        let pool = scene.pool(json!({"AllowClassicFlow": false, "DeveloperProviderName": GAME}));
        scene.user(&pool, "alice");
    }),
    row(&["5.1.errors"], "the exceptions of the operation", |_| {
        let declared = model()[DEVELOPER]["errors"].clone();
        let mut names: Vec<_> = declared.as_array().expect("a list").iter().map(text).collect();
        names.sort();
        assert_eq!(
            names,
            [
                "DeveloperUserAlreadyRegisteredException",
                "InternalErrorException",
                "InvalidParameterException",
                "NotAuthorizedException",
                "ResourceConflictException",
                "ResourceNotFoundException",
                "TooManyRequestsException",
            ]
        );
    }),
    row(
        &["5.order.4"],
        "members that contradict each other come before what is not there",
        |scene| {
            let body = json!({"IdentityPoolId": NOBODY});
            scene.says("M34", "LookupDeveloperIdentity", body, &[]);
        },
    ),
    row(&["5.order.5"], "what is not there comes before the pool's settings", |scene| {
        let pool = scene.pool(json!({}));
        let body = json!({"IdentityPoolId": pool, "IdentityId": NOBODY, "Logins": {GAME: "alice"}});
        scene.says("M25", DEVELOPER, body, &[("IdentityId", NOBODY)]);
    }),
    row(&["5.order.6"], "the pool's settings come before the tokens", |scene| {
        let pool = scene.game();
        let logins = json!({GAME: "alice", FACEBOOK: "bad-signature", "login.other": "alice"});
        scene.says("M19", DEVELOPER, json!({"IdentityPoolId": pool, "Logins": logins}), &[]);
    }),
    row(&["5.order.7"], "each token in turn comes before the resolution", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        scene.user(&pool, "bob");
        let body = format!(
            r#"{{"IdentityPoolId":"{pool}","IdentityId":"{alice}","Logins":{{"{GAME}":"bob","{FACEBOOK}":"inactive","{AMAZON}":"bad-signature"}}}}"#
        );
        let fault = scene.call_text(DEVELOPER, &body).expect_err("inactive");
        scene.hear("M14", &fault, &[]);
    }),
    row(&["5.order.8"], "the resolution comes before the roles", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        let body = json!({"IdentityId": alice, "Logins": {FACEBOOK: "user:new"}});
        scene.says("M1", "GetCredentialsForIdentity", body, &[]);
    }),
];
