//! Section 8.1: the roles of a pool, and role mappings.

use serde_json::{Value, json};

use crate::row::{Row, row, wire_row};
use crate::scene::{CLIENT, ISSUER_ARN, NOBODY, SAML, Scene, USER_POOL};
use crate::support::FACEBOOK;

const GET: &str = "GetIdentityPoolRoles";
const SET: &str = "SetIdentityPoolRoles";
const GUEST: &str = "arn:aws:iam::123456789012:role/guest";
const USER: &str = "arn:aws:iam::123456789012:role/path/user";
const INVALID: &str = "InvalidParameterException";

pub(crate) const ROWS: &[Row] = &[
    wire_row(&["8.1.input"], "the members of the two calls", |scene| {
        let null = "Member must not be null";
        scene.invalid(SET, json!({}), &[("null", "identityPoolId", null), ("null", "roles", null)]);
        scene.invalid(GET, json!({}), &[("null", "identityPoolId", null)]);
        let body = json!({"IdentityPoolId": NOBODY, "Roles": {"authenticated": "short"}});
        let values = "Map value must satisfy constraint: [Member must have length less than or equal \
            to 2048, Member must have length greater than or equal to 20]";
        scene.invalid(SET, body, &[("'{authenticated=short}'", "roles", values)]);
        for (rule, failed) in [
            (json!({"Claim": "a".repeat(65)}), "length less than or equal to 64"),
            (json!({"Value": ""}), "length greater than or equal to 1"),
            (
                json!({"MatchType": "Like"}),
                "enum value set: [Contains, Equals, NotEqual, StartsWith]",
            ),
            (json!({"RoleARN": "short"}), "length greater than or equal to 20"),
        ] {
            let mut mapping = rules(1);
            let filled = &mut mapping["RulesConfiguration"]["Rules"][0];
            *filled = crate::scene::merged(filled.clone(), rule);
            let body =
                json!({"IdentityPoolId": NOBODY, "Roles": {}, "RoleMappings": {FACEBOOK: mapping}});
            let fault = scene.call(SET, body).expect_err(failed);
            assert_eq!(fault.name, "ValidationException");
            assert!(fault.message.ends_with(failed), "{}", fault.message);
        }
    }),
    wire_row(&["8.1.input"], "as many rules as the model allows", |scene| {
        for (count, failed) in [
            (0, "Member must have length greater than or equal to 1"),
            (401, "Member must have length less than or equal to 400"),
        ] {
            let mappings = json!({FACEBOOK: rules(count)});
            let body = json!({"IdentityPoolId": NOBODY, "Roles": {}, "RoleMappings": mappings});
            let fault = scene.call(SET, body).expect_err(failed);
            assert_eq!(fault.name, "ValidationException");
            assert!(fault.message.ends_with(failed), "{}", fault.message);
        }
    }),
    wire_row(&["8.1.mappings", "2.v"], "at most ten mappings", |scene| {
        let mapping = json!({"Type": "Token", "AmbiguousRoleResolution": "Deny"});
        let eleven: Value = (0..11).map(|n| (format!("p{n}"), mapping.clone())).collect();
        let body = json!({"IdentityPoolId": NOBODY, "Roles": {}, "RoleMappings": eleven});
        let fault = scene.call(SET, body).expect_err("eleven");
        assert_eq!(fault.name, "ValidationException");
        assert!(fault.message.ends_with("Member must have length less than or equal to 10"));
    }),
    row(&["8.1.unknown", "M24"], "a pool that is not there", |scene| {
        let fill = [("IdentityPoolId", NOBODY)];
        scene.says("M24", SET, json!({"IdentityPoolId": NOBODY, "Roles": {}}), &fill);
        scene.says("M24", GET, json!({"IdentityPoolId": NOBODY}), &fill);
    }),
    row(&["8.1.set"], "what is set is told back", |scene| {
        let pool = scene.game();
        let roles = json!({"authenticated": USER, "unauthenticated": GUEST});
        let token = json!({"Type": "Token", "AmbiguousRoleResolution": "AuthenticatedRole"});
        let mappings = json!({FACEBOOK: rules(2), format!("{USER_POOL}:{CLIENT}"): token});
        let body = json!({"IdentityPoolId": pool, "Roles": roles, "RoleMappings": mappings});
        assert_eq!(scene.ok(SET, body.clone()), Value::Null);
        assert_eq!(scene.ok(GET, json!({"IdentityPoolId": pool})), body);
    }),
    row(&["8.1.replace"], "all of it is replaced", |scene| {
        let pool = scene.game();
        let mappings = json!({FACEBOOK: rules(1)});
        let get = json!({"IdentityPoolId": pool});
        let full = json!({
            "IdentityPoolId": pool, "Roles": {"authenticated": USER}, "RoleMappings": mappings,
        });
        scene.ok(SET, full.clone());
        scene.ok(SET, json!({"IdentityPoolId": pool, "Roles": {"unauthenticated": GUEST}}));
        let left = json!({"IdentityPoolId": pool, "Roles": {"unauthenticated": GUEST}});
        assert_eq!(scene.ok(GET, get.clone()), left);
        scene.ok(SET, full);
        scene.ok(SET, json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": {}}));
        assert_eq!(scene.ok(GET, get.clone()), get);
    }),
    row(&["8.1.none"], "a pool without roles has none to tell", |scene| {
        let get = json!({"IdentityPoolId": scene.game()});
        assert_eq!(scene.ok(GET, get.clone()), get);
    }),
    row(&["8.1.ambiguous", "M36"], "a mapping says what to do without a role", |scene| {
        let pool = scene.game();
        for r#type in ["Token", "Rules"] {
            let mut mapping = rules(1);
            mapping["Type"] = json!(r#type);
            mapping.as_object_mut().expect("an object").remove("AmbiguousRoleResolution");
            if r#type == "Token" {
                mapping.as_object_mut().expect("an object").remove("RulesConfiguration");
            }
            let body =
                json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": {FACEBOOK: mapping}});
            scene.says("M36", SET, body, &[("Type", r#type)]);
        }
    }),
    row(&["8.1.rules", "M37"], "a mapping by rules has rules", |scene| {
        let pool = scene.game();
        let mapping = json!({"Type": "Rules", "AmbiguousRoleResolution": "Deny"});
        let body =
            json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": {FACEBOOK: mapping}});
        scene.says("M37", SET, body, &[]);
    }),
    row(&["8.1.token"], "a mapping by token has none", |scene| {
        let pool = scene.game();
        let mut mapping = rules(1);
        mapping["Type"] = json!("Token");
        let body =
            json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": {FACEBOOK: mapping}});
        assert_eq!(scene.call(SET, body).expect_err("refused").name, INVALID);
    }),
    row(&["8.1.quota", "2.w"], "at most 25 rules", |scene| {
        let pool = scene.game();
        let body = |count| json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": {FACEBOOK: rules(count)}});
        scene.ok(SET, body(25));
        assert_eq!(scene.call(SET, body(26)).expect_err("refused").name, INVALID);
    }),
    row(&["8.1.keys"], "the spelling of a provider", |scene| {
        let pool = scene.game();
        let mapping = json!({"Type": "Token", "AmbiguousRoleResolution": "Deny"});
        let user_pool = format!("{USER_POOL}:{CLIENT}");
        for key in [FACEBOOK, user_pool.as_str(), ISSUER_ARN, SAML] {
            let body = json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": {key: mapping}});
            scene.ok(SET, body);
        }
    }),
    row(&["8.1.key", "M20"], "a provider that is none, or not the pool's", |scene| {
        let pool = scene.game();
        let mapping = json!({"Type": "Token", "AmbiguousRoleResolution": "Deny"});
        let other_client = format!("{USER_POOL}:other");
        let url = format!("https://{USER_POOL}:{CLIENT}");
        for key in ["accounts.google.com", "login.game", USER_POOL, &other_client, &url] {
            let body = json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": {key: mapping}});
            scene.says("M20", SET, body, &[("provider", key)]);
        }
    }),
    row(&["8.1.pass-role", "M22"], "a role is one of the pool's account", |scene| {
        let pool = scene.game();
        for arn in [
            "arn:aws:iam::999999999999:role/user",
            "arn:aws:iam::123456789012:user/user",
            "arn:aws:iam::123456789012:role/",
            "the role of our users",
        ] {
            let body = json!({"IdentityPoolId": pool, "Roles": {"authenticated": arn}});
            scene.says("M22", SET, body, &[("RoleArn", arn)]);
        }
        let mut mapping = rules(1);
        let arn = "arn:aws:iam::999999999999:role/user";
        mapping["RulesConfiguration"]["Rules"][0]["RoleARN"] = json!(arn);
        let body =
            json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": {FACEBOOK: mapping}});
        scene.says("M22", SET, body, &[("RoleArn", arn)]);
    }),
    row(&["8.1.assumed", "M22"], "an account that nobody named has roles of all", |scene| {
        let scene = scene.of("000000000000", "us-east-1");
        let pool = scene.game();
        let mut mapping = rules(1);
        let arn = "arn:aws:iam::999999999999:role/user";
        mapping["RulesConfiguration"]["Rules"][0]["RoleARN"] = json!(arn);
        let roles = json!({"authenticated": USER, "unauthenticated": arn});
        let mappings = json!({FACEBOOK: mapping});
        let body = json!({"IdentityPoolId": pool, "Roles": roles, "RoleMappings": mappings});
        scene.ok(SET, body.clone());
        assert_eq!(scene.ok(GET, json!({"IdentityPoolId": pool})), body);
        let arn = "arn:aws:iam::999999999999:user/user";
        let body = json!({"IdentityPoolId": pool, "Roles": {"authenticated": arn}});
        scene.says("M22", SET, body, &[("RoleArn", arn)]);
    }),
    row(&["8.1.owner", "M24"], "the pool is the caller's", |scene| {
        let pool = scene.game();
        let other = Scene::of(scene, "999999999999", "us-east-1");
        let fill = [("IdentityPoolId", pool.as_str())];
        other.says("M24", GET, json!({"IdentityPoolId": pool}), &fill);
        other.says("M24", SET, json!({"IdentityPoolId": pool, "Roles": {}}), &fill);
    }),
];

fn rules(count: usize) -> Value {
    let rule = json!({"Claim": "dept", "MatchType": "Equals", "Value": "Sales", "RoleARN": USER});
    json!({
        "Type": "Rules", "AmbiguousRoleResolution": "Deny",
        "RulesConfiguration": {"Rules": vec![rule; count]},
    })
}
