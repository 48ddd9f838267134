//! Section 5.4.2: a token of the service presented together with logins.

use serde_json::{Value, json};

use crate::credentials::{ADMIN, CREDENTIALS, SALES, USER, rules, set_roles};
use crate::parts;
use crate::row::{Row, row};
use crate::scene::{CLIENT, COGNITO, DEVELOPER, Fault, SAML, Scene, USER_POOL, merged, text};
use crate::support::{AMAZON, FACEBOOK, GAME};

pub(crate) const ROWS: &[Row] = &[
    row(
        &["5.4.2.beside", "8.2.more"],
        "a login beside a token that names it counts with its claims",
        |scene| {
            let by_rules = rules(&[("dept", "Equals", "Sales", SALES)]);
            let or_user = json!({"AmbiguousRoleResolution": "AuthenticatedRole"});
            let or_user = merged(by_rules.clone(), or_user);
            let by_token = json!({"Type": "Token", "AmbiguousRoleResolution": "Deny"});
            let listed = format!("user:a;cognito:roles={ADMIN},{SALES}");
            let preferred = format!("{listed};cognito:preferred_role={SALES}");
            let asserted = format!("user:a;role={SALES}");
            for (mapping, login, custom) in [
                (&by_rules, "user:a;dept=Sales", None),
                (&by_rules, "user:a;dept=Sales", Some(SALES)),
                (&or_user, "user:a;dept=Sales", None),
                (&by_token, preferred.as_str(), None),
                (&by_token, listed.as_str(), Some(SALES)),
                (&by_token, asserted.as_str(), None),
                (&Value::Null, asserted.as_str(), None),
            ] {
                let pool = scene.game();
                let mappings = if mapping.is_null() { json!({}) } else { json!({SAML: mapping}) };
                set_roles(scene, &pool, json!({"authenticated": USER}), mappings);
                for named in [json!({GAME: "alice", SAML: login}), json!({GAME: "alice"})] {
                    let (id, token) = named_by(scene, &pool, named);
                    let (ours, login) = ((COGNITO, token.as_str()), (SAML, login));
                    for logins in [vec![login], vec![ours, login], vec![login, ours]] {
                        present(scene, &id, &logins, custom).expect("credentials");
                        assert_eq!(scene.role(), SALES, "{mapping} {logins:?} {custom:?}");
                    }
                }
            }
        },
    ),
    row(
        &["5.4.2.beside", "8.2.more", "8.2.several", "M15"],
        "a token of several logins, and some of them beside it",
        |scene| {
            let pool = scene.game();
            let spelled = format!("{USER_POOL}:{CLIENT}");
            let mappings = json!({
                FACEBOOK: rules(&[("dept", "Equals", "Sales", SALES)]),
                spelled.as_str(): rules(&[("dept", "Equals", "Sales", ADMIN)]),
            });
            set_roles(scene, &pool, json!({"authenticated": USER}), mappings);
            let logins = json!({GAME: "alice", FACEBOOK: "user:a", USER_POOL: "user:a"});
            let (id, all) = named_by(scene, &pool, logins);
            let (_, one) = named_by(scene, &pool, json!({GAME: "alice"}));
            let (all, one) = ((COGNITO, all.as_str()), (COGNITO, one.as_str()));
            let amazon = (AMAZON, "user:a");
            let facebook = (FACEBOOK, "user:a;dept=Sales");
            let user_pool = (USER_POOL, "user:a;dept=Sales");
            let (no_facebook, no_user_pool) = ((FACEBOOK, "user:a"), (USER_POOL, "user:a"));
            for (logins, role) in [
                (vec![facebook, user_pool], SALES),
                (vec![user_pool, facebook], ADMIN),
                (vec![amazon, facebook], SALES),
                (vec![amazon], USER),
                // The token changes nothing here.
                (vec![all, facebook, user_pool], SALES),
                (vec![user_pool, all, facebook], ADMIN),
                (vec![all, facebook], SALES),
                (vec![facebook, all], SALES),
                (vec![all, amazon], USER),
                // Developer users have no role mapping.
                (vec![one], USER),
                (vec![one, facebook], SALES),
                (vec![one, no_facebook], USER),
                (vec![no_user_pool, one], USER),
            ] {
                present(scene, &id, &logins, None).expect("credentials");
                assert_eq!(scene.role(), role, "{logins:?}");
            }
            for (logins, provider) in [
                (vec![no_user_pool, facebook], spelled.as_str()),
                (vec![all], spelled.as_str()),
                (vec![all, no_facebook], FACEBOOK),
                (vec![no_facebook, all], FACEBOOK),
            ] {
                let fault = present(scene, &id, &logins, None).expect_err("denied");
                scene.hear("M15", &fault, &[("provider", provider)]);
            }
        },
    ),
    row(
        &["5.4.2.beside", "8.2.more", "Q22"],
        "a role that is asked for, of a login beside a token",
        |scene| {
            let pool = scene.game();
            set_roles(scene, &pool, json!({"authenticated": USER}), json!({}));
            let login = format!("user:a;role={ADMIN};role={SALES}");
            let (id, token) = named_by(scene, &pool, json!({GAME: "alice", SAML: login}));
            let (ours, login) = ((COGNITO, token.as_str()), (SAML, login.as_str()));
            // A token alone offers no roles.
            for (logins, custom, role) in [
                (vec![ours], Some(SALES), USER),
                (vec![login, ours], Some(SALES), SALES),
                (vec![ours, login], Some(USER), USER),
                (vec![ours, login], None, USER),
            ] {
                present(scene, &id, &logins, custom).expect("credentials");
                assert_eq!(scene.role(), role, "{logins:?} {custom:?}");
            }
            for custom in [Some(USER), None] {
                let fault = present(scene, &id, &[login], custom).expect_err("denied");
                assert_eq!(fault.name, "NotAuthorizedException");
            }
        },
    ),
    row(&["5.4.2.beside", "8.2.more", "9.length"], "tags of a token and of a login", |scene| {
        let pool = scene.game();
        set_roles(scene, &pool, json!({"authenticated": USER}), json!({}));
        let map = json!({
            "IdentityPoolId": pool, "IdentityProviderName": FACEBOOK,
            "PrincipalTags": {"plan": "plan", "team": "team"},
        });
        scene.ok("SetPrincipalTagAttributeMap", map);
        let long = "x".repeat(256);
        let login = format!("user:a;plan={long};team={long}");
        let (id, plain) = named_by(scene, &pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
        let body = json!({
            "IdentityPoolId": pool, "Logins": {GAME: "alice"}, "PrincipalTags": {"plan": "gold"},
        });
        let gold = text(&scene.ok(DEVELOPER, body)["Token"]);
        let login = (FACEBOOK, login.as_str());
        let fault = present(scene, &id, &[login], None).expect_err("too long");
        assert_eq!(fault.name, "InvalidIdentityPoolConfigurationException");
        for (token, tags) in [
            // The token's own tags do not count toward the length of mapped tags.
            (&gold, json!({"plan": "gold", "team": long})),
            // If the mapped tags are too long, the token alone still gets credentials.
            (&plain, json!({})),
        ] {
            let answer = present(scene, &id, &[login, (COGNITO, token)], None);
            let answer = answer.expect("credentials");
            assert_eq!(parts::session(scene, &answer).tags, tags);
        }
    }),
    row(&["5.4.2.beside", "8.2.more"], "a token beside a login that is refused a role", |scene| {
        // A former bug: the model gave the session the tags of the refused login.
        let pool = scene.game();
        let rule = json!({
            "Claim": "plan", "MatchType": "Equals", "Value": "gold", "RoleARN": SALES,
        });
        let mapping = json!({
            "Type": "Rules", "AmbiguousRoleResolution": "Deny",
            "RulesConfiguration": {"Rules": [rule]},
        });
        set_roles(scene, &pool, json!({"authenticated": USER}), json!({FACEBOOK: mapping}));
        let map = json!({
            "IdentityPoolId": pool, "IdentityProviderName": FACEBOOK,
            "PrincipalTags": {"plan": "plan"},
        });
        scene.ok("SetPrincipalTagAttributeMap", map);
        let (id, token) = named_by(scene, &pool, json!({GAME: "alice"}));
        for (plan, role, tags) in
            [("gold", SALES, json!({"plan": "gold"})), ("free", USER, json!({}))]
        {
            let login = format!("user:a;plan={plan}");
            let logins = [(FACEBOOK, login.as_str()), (COGNITO, token.as_str())];
            let answer = present(scene, &id, &logins, None).expect("credentials");
            assert_eq!(scene.role(), role, "{plan}");
            assert_eq!(parts::session(scene, &answer).tags, tags, "{plan}");
        }
    }),
];

/// The identity of logins in a developer call, and the token that names them.
#[track_caller]
fn named_by(scene: &Scene, pool: &str, logins: Value) -> (String, String) {
    let answer = scene.developer(pool, logins).expect("a token");
    (text(&answer["IdentityId"]), text(&answer["Token"]))
}

/// Requests credentials for logins that are presented in this order.
fn present(
    scene: &Scene,
    id: &str,
    logins: &[(&str, &str)],
    custom: Option<&str>,
) -> Result<Value, Fault> {
    let logins: Vec<_> =
        logins.iter().map(|(name, token)| format!("{}: {}", json!(name), json!(token))).collect();
    let custom = custom.map(|custom| format!(r#", "CustomRoleArn": "{custom}""#));
    let (logins, custom) = (logins.join(", "), custom.unwrap_or_default());
    let body = format!(r#"{{"IdentityId": "{id}", "Logins": {{{logins}}}{custom}}}"#);
    scene.call_text(CREDENTIALS, &body)
}
