//! Sections 5.4 and 8.2: `GetCredentialsForIdentity`, and the role that it chooses.

use cognate::credentials::CredentialError;
use serde_json::{Value, json};

use crate::parts;
use crate::row::{Row, row, wire_row};
use crate::scene::{
    CLIENT, COGNITO, DEVELOPER, NOBODY, SAML, Scene, USER_POOL, game, merged, text,
};
use crate::support::{AMAZON, FACEBOOK, GAME, NOON};

pub(crate) const CREDENTIALS: &str = "GetCredentialsForIdentity";
const GUEST: &str = "arn:aws:iam::123456789012:role/guest";
pub(crate) const USER: &str = "arn:aws:iam::123456789012:role/user";
pub(crate) const ADMIN: &str = "arn:aws:iam::123456789012:role/admin";
pub(crate) const SALES: &str = "arn:aws:iam::123456789012:role/sales";

pub(crate) const ROWS: &[Row] = &[
    wire_row(&["5.4.input"], "the members of the call", |scene| {
        scene.invalid(CREDENTIALS, json!({}), &[("null", "identityId", "Member must not be null")]);
        let body = json!({"IdentityId": NOBODY, "CustomRoleArn": "short"});
        let short = "Member must have length greater than or equal to 20";
        scene.invalid(CREDENTIALS, body, &[("'short'", "customRoleArn", short)]);
    }),
    row(&["5.4.1", "M25"], "an identity that is not there", |scene| {
        scene.says("M25", CREDENTIALS, json!({"IdentityId": NOBODY}), &[("IdentityId", NOBODY)]);
    }),
    row(&["5.4.2.foreign", "M8"], "what is no token of this service", |scene| {
        let (pool, _) = pool(scene, json!({}));
        let alice = scene.user(&pool, "alice");
        for token in ["alice", "a.b.c", "user:a"] {
            let body = json!({"IdentityId": alice, "Logins": {COGNITO: token}});
            scene.says("M8", CREDENTIALS, body, &[]);
        }
    }),
    row(&["5.4.2.expired", "Q32", "M9"], "a token of this service that is over", |scene| {
        let (pool, _) = pool(scene, json!({}));
        let body = json!({"IdentityPoolId": pool, "Logins": {GAME: "alice"}, "TokenDuration": 60});
        let token = scene.ok(DEVELOPER, body);
        let body = json!({"IdentityId": token["IdentityId"], "Logins": {COGNITO: token["Token"]}});
        scene.world.clock.set(NOON + 59_999);
        scene.ok(CREDENTIALS, body.clone());
        scene.world.clock.set(NOON + 60_000);
        let fill = [("now", "1700000060"), ("exp", "1700000060")];
        scene.says("M9", CREDENTIALS, body, &fill);
    }),
    row(
        &["5.4.2.sub", "5.4.2.aud", "Q11", "M1"],
        "a token of another identity, or of another pool",
        |scene| {
            let (here, _) = pool(scene, json!({}));
            let (there, _) = pool(scene, json!({}));
            let alice = scene.user(&here, "alice");
            for (pool, user) in [(&here, "bob"), (&there, "alice")] {
                let token = scene.developer(pool, json!({GAME: user})).expect("a token");
                let body = json!({"IdentityId": alice, "Logins": {COGNITO: token["Token"]}});
                scene.says("M1", CREDENTIALS, body, &[]);
            }
        },
    ),
    row(&["5.4.2.proof"], "a token proves the logins in it", |scene| {
        let (pool, _) = pool(scene, json!({}));
        let logins = json!({GAME: "alice", FACEBOOK: "user:a"});
        let token = scene.developer(&pool, logins).expect("a token");
        let id = &token["IdentityId"];
        let body = json!({"IdentityId": id, "Logins": {COGNITO: token["Token"]}});
        assert_eq!(&scene.ok(CREDENTIALS, body)["IdentityId"], id);
        let body = json!({"IdentityId": id, "Logins": {COGNITO: token["Token"], AMAZON: "user:m"}});
        scene.ok(CREDENTIALS, body);
        assert_eq!(scene.logins(&text(id)), json!([FACEBOOK, GAME, AMAZON]));
    }),
    row(&["5.4.3", "Q25", "M16", "M7"], "the developer's name is no key here", |scene| {
        let (pool, _) = pool(scene, json!({}));
        let token = scene.developer(&pool, json!({GAME: "alice"})).expect("a token");
        let body = json!({"IdentityId": token["IdentityId"], "Logins": {GAME: "alice"}});
        scene.says("M16", CREDENTIALS, body, &[]);
        let body = json!({"IdentityId": token["IdentityId"], "Logins": {GAME: token["Token"]}});
        scene.says("M7", CREDENTIALS, body, &[]);
    }),
    row(&["5.4.4"], "other logins link and merge", |scene| {
        let (pool, _) = pool(scene, json!({}));
        let alice = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        let guest = scene.guest(&pool);
        let body = json!({"IdentityId": guest, "Logins": {FACEBOOK: "user:a"}});
        assert_eq!(scene.ok(CREDENTIALS, body)["IdentityId"], json!(alice));
        let logins = json!({FACEBOOK: "user:a", AMAZON: "user:m"});
        scene.ok(CREDENTIALS, json!({"IdentityId": alice, "Logins": logins}));
        assert_eq!(scene.logins(&alice), json!([FACEBOOK, AMAZON]));
    }),
    row(&["5.4.5", "M23"], "a pool without the role", |scene| {
        let pool = scene.game();
        scene.says("M23", CREDENTIALS, json!({"IdentityId": scene.guest(&pool)}), &[]);
        let roles = json!({"IdentityPoolId": pool, "Roles": {"unauthenticated": GUEST}});
        scene.ok("SetIdentityPoolRoles", roles);
        scene.ok(CREDENTIALS, json!({"IdentityId": scene.guest(&pool)}));
        let id = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        let body = json!({"IdentityId": id, "Logins": {FACEBOOK: "user:a"}});
        scene.says("M23", CREDENTIALS, body, &[]);
    }),
    row(&["5.4.out", "5.4.life"], "an identity and credentials for an hour", |scene| {
        let (_, id) = pool(scene, json!({}));
        let answer =
            scene.ok(CREDENTIALS, json!({"IdentityId": id, "Logins": {FACEBOOK: "user:a"}}));
        assert_eq!(answer["IdentityId"], json!(id));
        let credentials = answer["Credentials"].as_object().expect("an object");
        let members: Vec<_> = credentials.keys().collect();
        assert_eq!(members, ["AccessKeyId", "Expiration", "SecretKey", "SessionToken"]);
        assert_eq!(credentials["Expiration"].as_f64(), Some(1_700_003_600.0));
    }),
    row(&["8.2.1"], "a guest has the guests' role", |scene| {
        let (pool, _) = pool(scene, json!({}));
        scene.ok(CREDENTIALS, json!({"IdentityId": scene.guest(&pool)}));
        assert_eq!(scene.role(), GUEST);
        let roles = json!({"IdentityPoolId": pool, "Roles": {"authenticated": USER}});
        scene.ok("SetIdentityPoolRoles", roles);
        scene.says("M23", CREDENTIALS, json!({"IdentityId": scene.guest(&pool)}), &[]);
    }),
    row(&["8.2.2", "Q22"], "a provider without a mapping: the users' role", |scene| {
        let (_, id) = pool(scene, json!({}));
        granted(scene, &id, FACEBOOK, "user:a", None, USER);
        granted(scene, &id, FACEBOOK, "user:a", Some(ADMIN), USER);
    }),
    row(
        &["Q22", "8.2.6", "M22"],
        "a custom role is one of those that the assertion grants",
        |scene| {
            let pool = scene.game();
            let token = format!("user:a;role={ADMIN};role={SALES}");
            let id = scene.get_id(&pool, json!({SAML: token}));
            granted(scene, &id, SAML, &token, Some(SALES), SALES);
            denied(scene, &id, SAML, &token, Some(USER), "M22", &[("RoleArn", USER)]);
        },
    ),
    row(&["8.2.6"], "the assertion's role needs none of the pool's", |scene| {
        let pool = scene.game();
        let token = format!("user:a;role={ADMIN}");
        let id = scene.get_id(&pool, json!({SAML: token}));
        granted(scene, &id, SAML, &token, None, ADMIN);
    }),
    row(&["8.2.3.custom", "M22"], "by token: a custom role among the token's", |scene| {
        let (id, provider) =
            mapped(scene, json!({"Type": "Token", "AmbiguousRoleResolution": "Deny"}));
        let token = format!("user:a;cognito:roles={ADMIN},{SALES}");
        granted(scene, &id, provider, &token, Some(SALES), SALES);
        denied(scene, &id, provider, &token, Some(USER), "M22", &[("RoleArn", USER)]);
        denied(scene, &id, provider, "user:a", Some(USER), "M22", &[("RoleArn", USER)]);
    }),
    row(&["8.2.3.preferred"], "by token: its preferred role", |scene| {
        let (id, provider) =
            mapped(scene, json!({"Type": "Token", "AmbiguousRoleResolution": "Deny"}));
        let token = format!("user:a;cognito:roles={ADMIN},{SALES};cognito:preferred_role={SALES}");
        granted(scene, &id, provider, &token, None, SALES);
    }),
    row(
        &["8.2.3.ambiguous", "8.2.5.deny", "M15"],
        "by token: several and none preferred",
        |scene| {
            let (id, provider) =
                mapped(scene, json!({"Type": "Token", "AmbiguousRoleResolution": "Deny"}));
            let token = format!("user:a;cognito:roles={ADMIN},{SALES}");
            let spelled = format!("{USER_POOL}:{CLIENT}");
            denied(scene, &id, provider, &token, None, "M15", &[("provider", &spelled)]);
            denied(scene, &id, provider, "user:a", None, "M15", &[("provider", &spelled)]);
        },
    ),
    row(&["8.2.4.first"], "by rules: the first that matches", |scene| {
        let rules =
            rules(&[("dept", "Equals", "Sales", SALES), ("dept", "StartsWith", "S", ADMIN)]);
        let (id, provider) = mapped(scene, rules);
        granted(scene, &id, provider, "user:a;dept=Sales", None, SALES);
        granted(scene, &id, provider, "user:a;dept=Support", None, ADMIN);
    }),
    row(&["8.2.4.custom", "M22"], "by rules: a custom role of a rule that matches", |scene| {
        let rules =
            rules(&[("dept", "Equals", "Sales", SALES), ("dept", "StartsWith", "S", ADMIN)]);
        let (id, provider) = mapped(scene, rules);
        granted(scene, &id, provider, "user:a;dept=Sales", Some(ADMIN), ADMIN);
        denied(
            scene,
            &id,
            provider,
            "user:a;dept=Support",
            Some(SALES),
            "M22",
            &[("RoleArn", SALES)],
        );
    }),
    row(
        &["8.2.4.offered", "8.2.4.custom", "M22"],
        "by rules: a custom role that the token carries and no rule has",
        |scene| {
            let (id, provider) = mapped(
                scene,
                rules(&[("dept", "Equals", "Sales", SALES), ("x", "Equals", "1", USER)]),
            );
            let token = format!("user:a;dept=Sales;cognito:roles={ADMIN},{SALES},{USER}");
            granted(scene, &id, provider, &token, Some(SALES), SALES);
            let text = format!(
                "CustomRoleArn '{ADMIN}' is not offered by the role mapping rules for: \
                 {USER_POOL}:{CLIENT}."
            );
            for token in [token.clone(), format!("user:a;cognito:roles={ADMIN}")] {
                let body = body(&id, provider, &token, Some(ADMIN));
                scene.refused(CREDENTIALS, body, "InvalidParameterException", &text);
            }
            // A rule offers `USER` but does not match; no rule offers `GUEST`.
            denied(scene, &id, provider, &token, Some(USER), "M22", &[("RoleArn", USER)]);
            denied(scene, &id, provider, &token, Some(GUEST), "M22", &[("RoleArn", GUEST)]);
            let token = "user:a;dept=Sales";
            denied(scene, &id, provider, token, Some(ADMIN), "M22", &[("RoleArn", ADMIN)]);
        },
    ),
    row(&["8.2.match", "Q23", "M15"], "the four matches, of texts and of lists", |scene| {
        let spelled = format!("{USER_POOL}:{CLIENT}");
        for (r#match, value, claim, matches) in [
            ("Equals", "Sales", "dept=Sales", true),
            ("Equals", "Sales", "dept=sales", false),
            ("Equals", "Sales", "dept=Sales,HR", true),
            ("StartsWith", "Sa", "dept=Sales", true),
            ("StartsWith", "Sa", "dept=Wholesales", false),
            ("Contains", "ale", "dept=Sales", true),
            ("Contains", "ale", "dept=SALES", false),
            ("Contains", "ale", "dept=HR,Sales", true),
            ("NotEqual", "Sales", "dept=HR", true),
            ("NotEqual", "Sales", "dept=Sales", false),
            ("NotEqual", "Sales", "other=HR", false),
            ("Equals", "Sales", "other=Sales", false),
        ] {
            let (id, provider) = mapped(scene, rules(&[("dept", r#match, value, SALES)]));
            let token = format!("user:a;{claim}");
            if matches {
                granted(scene, &id, provider, &token, None, SALES);
            } else {
                denied(scene, &id, provider, &token, None, "M15", &[("provider", &spelled)]);
            }
        }
    }),
    row(
        &["8.2.4.missing", "8.2.4.none", "M15"],
        "a missing claim matches nothing, not even NotEqual",
        |scene| {
            let (id, provider) = mapped(scene, rules(&[("dept", "NotEqual", "Sales", SALES)]));
            let spelled = format!("{USER_POOL}:{CLIENT}");
            denied(scene, &id, provider, "user:a", None, "M15", &[("provider", &spelled)]);
        },
    ),
    row(
        &["8.2.5.authenticated", "M23"],
        "nothing chosen: the users' role, if there is one",
        |scene| {
            let mapping = json!({"Type": "Token", "AmbiguousRoleResolution": "AuthenticatedRole"});
            let (id, provider) = mapped(scene, mapping.clone());
            granted(scene, &id, provider, "user:a", None, USER);
            let pool = scene.game();
            set_roles(scene, &pool, json!({}), json!({format!("{USER_POOL}:{CLIENT}"): mapping}));
            let id = scene.get_id(&pool, json!({USER_POOL: "user:a"}));
            denied(scene, &id, USER_POOL, "user:a", None, "M23", &[]);
        },
    ),
    row(&["5.4.5.sts", "9.sts", "M23"], "a role that the issuer refuses", |scene| {
        let scene = parts::refusing(scene, CredentialError::Refused);
        let (_, id) = pool(&scene, json!({}));
        let body = json!({"IdentityId": id, "Logins": {FACEBOOK: "user:a"}});
        scene.says("M23", CREDENTIALS, body, &[]);
    }),
    row(&["5.4.5.unavailable"], "an issuer that is not available", |scene| {
        let scene = parts::refusing(scene, CredentialError::unavailable("the STS is gone"));
        let (_, id) = pool(&scene, json!({}));
        let body = json!({"IdentityId": id, "Logins": {FACEBOOK: "user:a"}});
        let text = "Credentials are not available.";
        scene.refused(CREDENTIALS, body, "ExternalServiceException", text);
    }),
    row(&["5.4.2.proof", "M1"], "a token proves no login that was unlinked since", |scene| {
        let (pool, _) = pool(scene, json!({}));
        let alice = scene.developer(&pool, json!({GAME: "alice"})).expect("a token");
        let id = text(&alice["IdentityId"]);
        scene.link(&pool, &id, json!({GAME: "bob"})).expect("linked");
        let body = json!({"IdentityId": id, "Logins": {COGNITO: alice["Token"]}});
        scene.ok(CREDENTIALS, body.clone());
        let unlink = json!({
            "IdentityPoolId": pool, "IdentityId": id,
            "DeveloperProviderName": GAME, "DeveloperUserIdentifier": "alice",
        });
        scene.ok("UnlinkDeveloperIdentity", unlink);
        scene.says("M1", CREDENTIALS, body, &[]);
    }),
    row(&["5.4.session-name"], "the session has the service's name", |scene| {
        let (_, id) = pool(scene, json!({}));
        let answer =
            scene.ok(CREDENTIALS, json!({"IdentityId": id, "Logins": {FACEBOOK: "user:a"}}));
        let caller = "arn:aws:sts::123456789012:assumed-role/user/CognitoIdentityCredentials";
        assert_eq!(parts::session(scene, &answer).caller, caller);
    }),
    row(&["5.4.2.tags"], "a developer's principal tags are the session's", |scene| {
        let (pool, _) = pool(scene, json!({}));
        let body = json!({
            "IdentityPoolId": pool, "Logins": {GAME: "alice"}, "PrincipalTags": {"plan": "gold"},
        });
        let token = scene.ok(DEVELOPER, body);
        let body = json!({"IdentityId": token["IdentityId"], "Logins": {COGNITO: token["Token"]}});
        let answer = scene.ok(CREDENTIALS, body);
        assert_eq!(parts::session(scene, &answer).tags, json!({"plan": "gold"}));
    }),
];

/// A pool with both roles, and an identity of the user `a` of Facebook.
#[track_caller]
fn pool(scene: &Scene, settings: Value) -> (String, String) {
    let pool = scene.pool(merged(game(), settings));
    set_roles(scene, &pool, json!({"authenticated": USER, "unauthenticated": GUEST}), json!({}));
    let id = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
    (pool, id)
}

#[track_caller]
pub(crate) fn set_roles(scene: &Scene, pool: &str, roles: Value, mappings: Value) {
    let body = json!({"IdentityPoolId": pool, "Roles": roles, "RoleMappings": mappings});
    scene.ok("SetIdentityPoolRoles", body);
}

/// User `a` of a user pool with these role mappings.
#[track_caller]
fn mapped(scene: &Scene, mapping: Value) -> (String, &'static str) {
    let pool = scene.game();
    let roles = json!({"authenticated": USER, "unauthenticated": GUEST});
    set_roles(scene, &pool, roles, json!({format!("{USER_POOL}:{CLIENT}"): mapping}));
    (scene.get_id(&pool, json!({USER_POOL: "user:a"})), USER_POOL)
}

pub(crate) fn rules(rules: &[(&str, &str, &str, &str)]) -> Value {
    let rule = |(claim, r#match, value, role): &(&str, &str, &str, &str)| json!({"Claim": claim, "MatchType": r#match, "Value": value, "RoleARN": role});
    let rules: Vec<_> = rules.iter().map(rule).collect();
    json!({
        "Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": {"Rules": rules},
    })
}

fn body(id: &str, provider: &str, token: &str, custom: Option<&str>) -> Value {
    let mut body = json!({"IdentityId": id, "Logins": {provider: token}});
    if let Some(custom) = custom {
        body["CustomRoleArn"] = json!(custom);
    }
    body
}

#[track_caller]
fn granted(scene: &Scene, id: &str, provider: &str, token: &str, custom: Option<&str>, role: &str) {
    scene.ok(CREDENTIALS, body(id, provider, token, custom));
    assert_eq!(scene.role(), role, "{token}");
}

#[track_caller]
fn denied(
    scene: &Scene,
    id: &str,
    provider: &str,
    token: &str,
    custom: Option<&str>,
    message: &'static str,
    fill: &[(&str, &str)],
) {
    scene.says(message, CREDENTIALS, body(id, provider, token, custom), fill);
}
