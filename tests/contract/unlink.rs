//! Section 5.8: `UnlinkIdentity`.

use cognate::operation::IdentityState::{Authenticated, Disabled};
use serde_json::{Value, json};

use crate::row::{Row, row, wire_row};
use crate::scene::{COGNITO, NOBODY};
use crate::support::{AMAZON, FACEBOOK, GAME};

const UNLINK: &str = "UnlinkIdentity";

pub(crate) const ROWS: &[Row] = &[
    wire_row(&["5.8.input"], "the members of the call", |scene| {
        let null = "Member must not be null";
        let missing = [
            ("null", "logins", null),
            ("null", "identityId", null),
            ("null", "loginsToRemove", null),
        ];
        let fault = scene.call(UNLINK, json!({})).expect_err("lacks members");
        for (_, member, _) in missing {
            let failed = format!("Value null at '{member}' failed to satisfy constraint: {null}");
            assert!(fault.message.contains(&failed), "{}", fault.message);
        }
        let body = json!({"IdentityId": NOBODY, "Logins": {}, "LoginsToRemove": [""]});
        let items = "Member must satisfy constraint: [Member must have length less than or equal to \
            128, Member must have length greater than or equal to 1]";
        scene.invalid(UNLINK, body, &[("'[]'", "loginsToRemove", items)]);
    }),
    row(&["5.8.1", "M25"], "an identity that is not there", |scene| {
        let body = body(NOBODY, json!({FACEBOOK: "user:a"}), &[FACEBOOK]);
        scene.says("M25", UNLINK, body, &[("IdentityId", NOBODY)]);
    }),
    row(&["5.8.1", "M1"], "a login of the identity is the proof", |scene| {
        let pool = scene.game();
        let alice = scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
        scene.get_id(&pool, json!({AMAZON: "user:b"}));
        for logins in [json!({AMAZON: "user:b"}), json!({FACEBOOK: "user:other"})] {
            scene.says("M1", UNLINK, body(&alice, logins, &[FACEBOOK]), &[]);
        }
        let bad = body(&alice, json!({FACEBOOK: "bad-signature"}), &[FACEBOOK]);
        scene.says("M11", UNLINK, bad, &[]);
    }),
    row(&["5.8.1", "3.d2", "M3", "M16", "M6"], "proofs that are none", |scene| {
        let pool = scene.game();
        let alice = scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
        scene.says("M16", UNLINK, body(&alice, json!({GAME: "alice"}), &[FACEBOOK]), &[]);
        scene.says("M6", UNLINK, body(&alice, json!({"idp.other": "user:a"}), &[FACEBOOK]), &[]);
        let bob = scene.get_id(&pool, json!({FACEBOOK: "user:b"}));
        scene.ok(UNLINK, body(&bob, json!({FACEBOOK: "user:b"}), &[FACEBOOK]));
        let gone = body(&bob, json!({FACEBOOK: "user:b"}), &[FACEBOOK]);
        scene.says("M3", UNLINK, gone, &[("IdentityId", &bob)]);
    }),
    row(&["5.8.1"], "a proof does not link what else is presented", |scene| {
        let pool = scene.game();
        let alice = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        scene.ok(UNLINK, body(&alice, json!({FACEBOOK: "user:a", AMAZON: "user:m"}), &[]));
        assert_eq!(scene.logins(&alice), json!([FACEBOOK]));
    }),
    row(&["5.8.2", "Q18"], "public logins go, and one that is not there is ignored", |scene| {
        let pool = scene.game();
        let alice = scene.get_id(&pool, json!({FACEBOOK: "user:a", AMAZON: "user:m"}));
        let proof = json!({FACEBOOK: "user:a"});
        let answer =
            scene.ok(UNLINK, body(&alice, proof.clone(), &[AMAZON, "accounts.google.com"]));
        assert_eq!(answer, Value::Null);
        assert_eq!(scene.logins(&alice), json!([FACEBOOK]));
        scene.ok(UNLINK, body(&alice, proof, &[AMAZON]));
        assert_eq!(scene.state(&alice), Authenticated);
    }),
    row(&["Q18", "M16"], "a developer user has an operation of its own", |scene| {
        let pool = scene.game();
        let alice = scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
        let body = body(&alice, json!({FACEBOOK: "user:a"}), &[FACEBOOK, GAME]);
        scene.says("M16", UNLINK, body, &[]);
        assert_eq!(scene.logins(&alice), json!([FACEBOOK, GAME]));
    }),
    row(&["5.8.3"], "an unlinked login is new, and the last one closes the identity", |scene| {
        let pool = scene.game();
        let alice = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        scene.ok(UNLINK, body(&alice, json!({FACEBOOK: "user:a"}), &[FACEBOOK]));
        assert_eq!(scene.state(&alice), Disabled);
        assert_ne!(scene.get_id(&pool, json!({FACEBOOK: "user:a"})), alice);
        let body = json!({"IdentityId": alice});
        scene.call("GetOpenIdToken", body).expect_err("disabled");
    }),
    row(&["Q17"], "a token of the service is a proof", |scene| {
        let pool = scene.game();
        let logins = json!({GAME: "alice", FACEBOOK: "user:a"});
        let token = scene.developer(&pool, logins).expect("a token");
        let alice = token["IdentityId"].as_str().expect("an id");
        scene.ok(UNLINK, body(alice, json!({COGNITO: token["Token"]}), &[FACEBOOK]));
        assert_eq!(scene.logins(alice), json!([GAME]));
        let bob = scene.developer(&pool, json!({GAME: "bob"})).expect("a token");
        scene.says("M1", UNLINK, body(alice, json!({COGNITO: bob["Token"]}), &[]), &[]);
    }),
];

fn body(id: &str, logins: Value, remove: &[&str]) -> Value {
    json!({"IdentityId": id, "Logins": logins, "LoginsToRemove": remove})
}
