//! Section 3: the identity that logins resolve to, with the links, merges and refusals on the way.

use cognate::operation::IdentityState::{Authenticated, Disabled, Unauthenticated};
use serde_json::{Value, json};

use crate::row::{Row, row};
use crate::scene::{DEVELOPER, NOBODY, Scene, text};
use crate::support::{AMAZON, FACEBOOK, GAME, NOON};

const MINUTE: u64 = 60_000;

pub(crate) const ROWS: &[Row] = &[
    row(&["3.a1"], "unknown logins make an identity that has them all", |scene| {
        let pool = scene.game();
        let alice = scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
        assert_eq!(scene.logins(&alice), json!([FACEBOOK, GAME]));
        assert_eq!(scene.state(&alice), Authenticated);
    }),
    row(&["3.a1", "3.a2"], "the same with public logins only", |scene| {
        let pool = scene.game();
        let id = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        assert_eq!(scene.get_id(&pool, json!({FACEBOOK: "user:a", AMAZON: "user:m"})), id);
        assert_eq!(scene.logins(&id), json!([FACEBOOK, AMAZON]));
        assert_ne!(scene.get_id(&pool, json!({FACEBOOK: "user:b"})), id);
    }),
    row(&["3.a2"], "logins that nobody has are linked to the owner of the others", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        assert_eq!(scene.identity(&pool, json!({GAME: "alice", AMAZON: "user:m"})), alice);
        assert_eq!(scene.logins(&alice), json!([GAME, AMAZON]));
        assert_eq!(
            scene.identity(&pool, json!({GAME: "bob", FACEBOOK: "user:b"})),
            scene.user(&pool, "bob")
        );
    }),
    row(&["3.a3", "Q1"], "owners are merged into that of the developer login", |scene| {
        let pool = scene.game();
        let bob = scene.identity(&pool, json!({GAME: "bob", FACEBOOK: "user:b"}));
        scene.world.clock.set(NOON + MINUTE);
        let alice = scene.user(&pool, "alice");
        assert_eq!(scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:b"})), alice);
        assert_eq!((scene.state(&alice), scene.state(&bob)), (Authenticated, Disabled));
        assert_eq!(scene.users(&pool, &alice), json!(["alice", "bob"]));
    }),
    row(
        &["3.a3", "Q1"],
        "without one, into the oldest; of two of a moment, the lower id",
        |scene| {
            let pool = scene.game();
            scene.world.ids.next(50);
            let old = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
            scene.world.clock.set(NOON + MINUTE);
            scene.world.ids.next(20);
            let young = scene.get_id(&pool, json!({AMAZON: "user:a"}));
            assert_eq!(scene.get_id(&pool, json!({AMAZON: "user:a", FACEBOOK: "user:a"})), old);
            assert_eq!(scene.state(&young), Disabled);
            scene.world.ids.next(40);
            scene.get_id(&pool, json!({FACEBOOK: "user:b"}));
            scene.world.ids.next(30);
            let low = scene.get_id(&pool, json!({AMAZON: "user:b"}));
            assert_eq!(scene.get_id(&pool, json!({AMAZON: "user:b", FACEBOOK: "user:b"})), low);
        },
    ),
    row(&["3.b1"], "a guest that logs in keeps its id", |scene| {
        let pool = scene.game();
        let guest = scene.guest(&pool);
        assert_eq!(scene.state(&guest), Unauthenticated);
        let body = json!({"IdentityId": guest, "Logins": {FACEBOOK: "user:a"}});
        assert_eq!(scene.ok("GetOpenIdToken", body)["IdentityId"], json!(guest));
        assert_eq!(scene.state(&guest), Authenticated);
        let guest = scene.guest(&pool);
        let answer = scene.link(&pool, &guest, json!({GAME: "alice"})).expect("linked");
        assert_eq!(answer["IdentityId"], json!(guest));
        assert_eq!(scene.user(&pool, "alice"), guest);
    }),
    row(&["3.b2", "5.3.out"], "a guest is merged into the owner of its logins", |scene| {
        let pool = scene.game();
        let alice = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        let guest = scene.guest(&pool);
        let body = json!({"IdentityId": guest, "Logins": {FACEBOOK: "user:a"}});
        assert_eq!(scene.ok("GetOpenIdToken", body)["IdentityId"], json!(alice));
        assert_eq!((scene.state(&alice), scene.state(&guest)), (Authenticated, Disabled));
    }),
    row(&["3.b2"], "so it is by a developer, with a public login", |scene| {
        let pool = scene.game();
        let alice = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        let guest = scene.guest(&pool);
        let answer = scene.link(&pool, &guest, json!({GAME: "alice", FACEBOOK: "user:a"}));
        assert_eq!(answer.expect("merged")["IdentityId"], json!(alice));
        assert_eq!(scene.state(&guest), Disabled);
        assert_eq!(scene.users(&pool, &alice), json!(["alice"]));
    }),
    row(&["3.c1"], "logins that nobody has are linked to the given identity", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        let answer = scene.link(&pool, &alice, json!({GAME: "alice", AMAZON: "user:m"}));
        assert_eq!(answer.expect("linked")["IdentityId"], json!(alice));
        assert_eq!(scene.logins(&alice), json!([GAME, AMAZON]));
    }),
    row(&["3.c2"], "other owners are merged into the given identity", |scene| {
        let pool = scene.game();
        let bob = scene.identity(&pool, json!({GAME: "bob", FACEBOOK: "user:b"}));
        let alice = scene.user(&pool, "alice");
        let answer = scene.link(&pool, &alice, json!({GAME: "alice", FACEBOOK: "user:b"}));
        assert_eq!(answer.expect("merged")["IdentityId"], json!(alice));
        assert_eq!(scene.state(&bob), Disabled);
        assert_eq!(scene.users(&pool, &alice), json!(["alice", "bob"]));
    }),
    row(&["3.c2"], "so they are without a developer, whoever is older", |scene| {
        let pool = scene.game();
        let old = scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        scene.world.clock.set(NOON + MINUTE);
        let young = scene.get_id(&pool, json!({AMAZON: "user:a"}));
        let logins = json!({FACEBOOK: "user:a", AMAZON: "user:a"});
        let answer = scene.ok("GetOpenIdToken", json!({"IdentityId": young, "Logins": logins}));
        assert_eq!(answer["IdentityId"], json!(young));
        assert_eq!(scene.state(&old), Disabled);
    }),
    row(&["3.c3", "M1"], "no login of the given identity", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        scene.identity(&pool, json!({GAME: "bob", FACEBOOK: "user:b"}));
        let logins = json!({GAME: "carol", FACEBOOK: "user:b"});
        let body = json!({"IdentityPoolId": pool, "IdentityId": alice, "Logins": logins});
        scene.says("M1", DEVELOPER, body, &[]);
    }),
    row(&["3.c3", "M1"], "a public login that nobody has does not open an identity", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        scene.get_id(&pool, json!({FACEBOOK: "user:b"}));
        for operation in ["GetOpenIdToken", "GetCredentialsForIdentity"] {
            for subject in ["user:b", "user:new"] {
                let body = json!({"IdentityId": alice, "Logins": {FACEBOOK: subject}});
                scene.says("M1", operation, body, &[]);
            }
        }
    }),
    row(
        &["3.c3-signed", "5.1.7.authenticated"],
        "an unknown developer user is linked by the identity's id",
        |scene| {
            let pool = scene.game();
            let alice = scene.user(&pool, "alice");
            let answer = scene.link(&pool, &alice, json!({GAME: "alice-2"})).expect("linked");
            assert_eq!(answer["IdentityId"], json!(alice));
            assert_eq!(scene.users(&pool, &alice), json!(["alice", "alice-2"]));
        },
    ),
    row(
        &["3.c3-option", "5.1.7.option", "5.1.7.only-developer", "M1"],
        "unless a linked login is asked for",
        |scene| {
            let pool = scene.game();
            let alice = scene.user(&pool, "alice");
            let body =
                json!({"IdentityPoolId": pool, "IdentityId": alice, "Logins": {GAME: "alice-2"}});
            scene.says("M1", DEVELOPER, body, &[]);
        },
    )
    .by_linked_login(),
    row(&["3.d1", "M3"], "no login for an authenticated or a disabled identity", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        let gone = gone(scene, &pool);
        for operation in ["GetOpenIdToken", "GetCredentialsForIdentity"] {
            for id in [&alice, &gone] {
                for body in [json!({"IdentityId": id}), json!({"IdentityId": id, "Logins": {}})] {
                    scene.says("M3", operation, body, &[("IdentityId", id)]);
                }
            }
        }
    }),
    row(&["3.d2", "2.k", "M3"], "no login opens a disabled identity", |scene| {
        let pool = scene.game();
        let gone = gone(scene, &pool);
        for logins in [json!({GAME: "carol"}), json!({GAME: "new", FACEBOOK: "user:a"})] {
            let body = json!({"IdentityPoolId": pool, "IdentityId": gone, "Logins": logins});
            scene.says("M3", DEVELOPER, body, &[("IdentityId", &gone)]);
        }
        assert_eq!(scene.state(&gone), Disabled);
    }),
    row(&["3.d2", "Q2", "M3"], "nor does the survivor's", |scene| {
        let pool = scene.game();
        scene.get_id(&pool, json!({FACEBOOK: "user:a"}));
        let guest = scene.guest(&pool);
        let body = json!({"IdentityId": guest, "Logins": {FACEBOOK: "user:a"}});
        scene.ok("GetOpenIdToken", body.clone());
        for operation in ["GetOpenIdToken", "GetCredentialsForIdentity"] {
            scene.says("M3", operation, body.clone(), &[("IdentityId", &guest)]);
        }
    }),
    row(&["3.e1", "M25"], "an identity that is not there", |scene| {
        let pool = scene.game();
        let body = json!({"IdentityPoolId": pool, "IdentityId": NOBODY, "Logins": {GAME: "alice"}});
        scene.says("M25", DEVELOPER, body, &[("IdentityId", NOBODY)]);
    }),
    row(
        &["3.elsewhere", "5.1.7.elsewhere", "Q4", "M28"],
        "a developer user that another identity has",
        |scene| {
            let pool = scene.game();
            let alice = scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
            scene.user(&pool, "bob");
            for logins in [json!({GAME: "bob"}), json!({GAME: "bob", FACEBOOK: "user:a"})] {
                let body = json!({"IdentityPoolId": pool, "IdentityId": alice, "Logins": logins});
                scene.says("M28", DEVELOPER, body, &[]);
            }
        },
    ),
    row(&["3.elsewhere", "Q4", "M28"], "so for a guest", |scene| {
        let pool = scene.game();
        scene.user(&pool, "bob");
        let guest = scene.guest(&pool);
        let body = json!({"IdentityPoolId": pool, "IdentityId": guest, "Logins": {GAME: "bob"}});
        scene.says("M28", DEVELOPER, body, &[]);
    }),
    row(
        &["3.second-login", "2.m", "Q30", "M29"],
        "a second user of one public provider",
        |scene| {
            let pool = scene.game();
            let alice = scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
            let logins = json!({GAME: "alice", FACEBOOK: "user:b"});
            scene.says("M29", DEVELOPER, json!({"IdentityPoolId": pool, "Logins": logins}), &[]);
            let body = json!({"IdentityPoolId": pool, "IdentityId": alice, "Logins": logins});
            scene.says("M29", DEVELOPER, body, &[]);
        },
    ),
    row(
        &["3.second-login", "Q30", "M29"],
        "a second user that nobody has is no merge, also beside one",
        |scene| {
            let pool = scene.game();
            let alice = scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
            let bob = scene.get_id(&pool, json!({AMAZON: "user:b"}));
            let logins = json!({GAME: "alice", AMAZON: "user:b", FACEBOOK: "user:new"});
            scene.says("M29", DEVELOPER, json!({"IdentityPoolId": pool, "Logins": logins}), &[]);
            let public = json!({FACEBOOK: "user:new", AMAZON: "user:b"});
            scene.get_id(&pool, public.clone());
            let public = json!({FACEBOOK: "user:newer", AMAZON: "user:b"});
            scene.says("M29", "GetId", json!({"IdentityPoolId": pool, "Logins": public}), &[]);
            assert_eq!((scene.state(&alice), scene.state(&bob)), (Authenticated, Authenticated));
        },
    ),
    row(&["3.twenty", "2.o", "Q6", "M32"], "a twenty-first login", |scene| {
        let pool = scene.game();
        let alice = twenty(scene, &pool);
        let body =
            json!({"IdentityPoolId": pool, "IdentityId": alice, "Logins": {GAME: "user-21"}});
        scene.says("M32", DEVELOPER, body, &[]);
        assert_eq!(scene.users(&pool, &alice).as_array().map(Vec::len), Some(20));
    }),
    row(
        &["3.merge-conflict", "3.atomic", "Q30", "M31"],
        "a merge of two users of one public provider",
        |scene| {
            let pool = scene.game();
            let alice = scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
            let bob = json!({GAME: "bob", FACEBOOK: "user:b", AMAZON: "user:b"});
            let bob = scene.identity(&pool, bob);
            let logins = json!({GAME: "alice", AMAZON: "user:b"});
            scene.says("M31", DEVELOPER, json!({"IdentityPoolId": pool, "Logins": logins}), &[]);
            let body = json!({"IdentityPoolId": pool, "IdentityId": alice, "Logins": logins});
            scene.says("M31", DEVELOPER, body, &[]);
            let public = json!({FACEBOOK: "user:a", AMAZON: "user:b"});
            scene.says("M31", "GetId", json!({"IdentityPoolId": pool, "Logins": public}), &[]);
            for operation in ["GetOpenIdToken", "GetCredentialsForIdentity"] {
                for id in [&alice, &bob] {
                    let body = json!({"IdentityId": id, "Logins": public});
                    scene.says("M31", operation, body, &[]);
                }
            }
            assert_eq!((scene.state(&alice), scene.state(&bob)), (Authenticated, Authenticated));
        },
    ),
    row(
        &["3.merge-conflict", "Q6", "M32"],
        "a merge that would make more than twenty logins",
        |scene| {
            let pool = scene.game();
            let alice = twenty(scene, &pool);
            scene.identity(&pool, json!({GAME: "bob", AMAZON: "user:b"}));
            let logins = json!({GAME: "user-1", AMAZON: "user:b"});
            scene.says("M32", DEVELOPER, json!({"IdentityPoolId": pool, "Logins": logins}), &[]);
            let body = json!({"IdentityPoolId": pool, "IdentityId": alice, "Logins": logins});
            scene.says("M32", DEVELOPER, body, &[]);
        },
    ),
    row(&["3.idempotent", "Q33"], "a repeated call changes nothing", |scene| {
        let pool = scene.game();
        let logins = json!({GAME: "alice", FACEBOOK: "user:a"});
        let alice = scene.identity(&pool, logins.clone());
        let before = scene.world.dump();
        scene.world.clock.set(NOON + MINUTE);
        assert_eq!(scene.identity(&pool, logins.clone()), alice);
        assert_eq!(text(&scene.link(&pool, &alice, logins).expect("known")["IdentityId"]), alice);
        assert!(scene.world.dump() == before);
    }),
    row(
        &["3.merge-moves", "3.merge-dates"],
        "a merge moves every login, at that moment",
        |scene| {
            let pool = scene.game();
            let alice = scene.user(&pool, "alice");
            let bob =
                scene.identity(&pool, json!({GAME: "bob", FACEBOOK: "user:b", AMAZON: "user:b"}));
            scene.world.clock.set(NOON + MINUTE);
            assert_eq!(scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:b"})), alice);
            assert_eq!(scene.logins(&alice), json!([FACEBOOK, GAME, AMAZON]));
            assert_eq!(scene.logins(&bob), json!(["DISABLED"]));
            for id in [&alice, &bob] {
                let described = scene.describe(id);
                assert_eq!(described["CreationDate"], json!(1_700_000_000.0));
                assert_eq!(described["LastModifiedDate"], json!(1_700_000_060.0));
            }
            assert_eq!(scene.user(&pool, "bob"), alice);
        },
    ),
    row(&["3.merge-anywhere"], "every operation that links can merge", |scene| {
        let pool = scene.game();
        let role = json!({"authenticated": "arn:aws:iam::123456789012:role/user"});
        scene.ok("SetIdentityPoolRoles", json!({"IdentityPoolId": pool, "Roles": role}));
        for operation in ["GetCredentialsForIdentity", "GetOpenIdToken"] {
            let alice = scene.get_id(&pool, json!({FACEBOOK: format!("user:{operation}")}));
            let bob = scene.get_id(&pool, json!({AMAZON: format!("user:{operation}")}));
            let logins = json!({
                FACEBOOK: format!("user:{operation}"), AMAZON: format!("user:{operation}"),
            });
            let answer = scene.ok(operation, json!({"IdentityId": bob, "Logins": logins}));
            assert_eq!(answer["IdentityId"], json!(bob), "{operation}");
            assert_eq!(scene.state(&alice), Disabled, "{operation}");
        }
    }),
    row(&["2.f", "2.l"], "a login is of one pool and of one identity", |scene| {
        let (here, there) = (scene.game(), scene.game());
        let logins = json!({GAME: "alice", FACEBOOK: "user:a"});
        let alice = scene.identity(&here, logins.clone());
        assert_ne!(scene.identity(&there, logins.clone()), alice);
        assert_eq!(scene.identity(&here, logins), alice);
        let bob = scene.identity(&here, json!({GAME: "bob", FACEBOOK: "user:a"}));
        assert_eq!(bob, alice);
    }),
    row(&["2.n", "2.j"], "many developer users, one identity", |scene| {
        let pool = scene.game();
        let alice = twenty(scene, &pool);
        assert_eq!(scene.logins(&alice), json!([GAME]));
        assert_eq!(scene.state(&alice), Authenticated);
        assert_eq!(scene.user(&pool, "user-20"), alice);
    }),
    row(&["2.i"], "a guest never had a login", |scene| {
        let pool = scene.game();
        let guest = scene.guest(&pool);
        assert_eq!(scene.state(&guest), Unauthenticated);
        assert_eq!(scene.logins(&guest), Value::Null);
    }),
];

/// An identity whose last login was unlinked.
#[track_caller]
fn gone(scene: &Scene, pool: &str) -> String {
    let carol = scene.user(pool, "carol");
    let body = json!({
        "IdentityId": carol, "IdentityPoolId": pool, "DeveloperProviderName": GAME,
        "DeveloperUserIdentifier": "carol",
    });
    scene.ok("UnlinkDeveloperIdentity", body);
    carol
}

/// An identity with twenty developer users.
#[track_caller]
fn twenty(scene: &Scene, pool: &str) -> String {
    let id = scene.user(pool, "user-1");
    for n in 2..=20 {
        scene.link(pool, &id, json!({GAME: format!("user-{n}")})).expect("linked");
    }
    id
}
