//! Sections 5.5 to 5.7: looking up, merging and unlinking developer users.

use cognate::operation::IdentityState::{Authenticated, Disabled};
use serde_json::{Value, json};

use crate::row::{Row, row, wire_row};
use crate::scene::{NOBODY, Scene, text};
use crate::support::{AMAZON, FACEBOOK, GAME};

const LOOKUP: &str = "LookupDeveloperIdentity";
const MERGE: &str = "MergeDeveloperIdentities";
const UNLINK: &str = "UnlinkDeveloperIdentity";

pub(crate) const ROWS: &[Row] = &[
    wire_row(&["5.5.input", "5.6.input", "5.7.input"], "the members of the three calls", |scene| {
        let null = "Member must not be null";
        scene.invalid(LOOKUP, json!({}), &[("null", "identityPoolId", null)]);
        scene.invalid(
            MERGE,
            json!({}),
            &[
                ("null", "sourceUserIdentifier", null),
                ("null", "destinationUserIdentifier", null),
                ("null", "developerProviderName", null),
                ("null", "identityPoolId", null),
            ],
        );
        scene.invalid(
            UNLINK,
            json!({}),
            &[
                ("null", "identityId", null),
                ("null", "identityPoolId", null),
                ("null", "developerProviderName", null),
                ("null", "developerUserIdentifier", null),
            ],
        );
        let long = format!("'{}'", "x".repeat(1025));
        let body = json!({"IdentityPoolId": NOBODY, "DeveloperUserIdentifier": "x".repeat(1025)});
        let most = "Member must have length less than or equal to 1024";
        scene.invalid(LOOKUP, body, &[(&long, "developerUserIdentifier", most)]);
        let body = merge(NOBODY, "a b", "", &"x".repeat(1025));
        scene.invalid(
            MERGE,
            body,
            &[
                (
                    "''",
                    "sourceUserIdentifier",
                    "Member must have length greater than or equal to 1",
                ),
                (&long, "destinationUserIdentifier", most),
                (
                    "'a b'",
                    "developerProviderName",
                    r"Member must satisfy regular expression pattern: [\w._-]+",
                ),
            ],
        );
    }),
    row(&["5.5.neither", "M34"], "a lookup by nothing", |scene| {
        let pool = scene.game();
        scene.says("M34", LOOKUP, json!({"IdentityPoolId": pool}), &[]);
    }),
    row(&["5.5.user", "Q12"], "by a user: the identity, and all of its users", |scene| {
        let pool = scene.game();
        let alice = three(scene, &pool);
        let body = json!({"IdentityPoolId": pool, "DeveloperUserIdentifier": "a2"});
        let found = json!({"IdentityId": alice, "DeveloperUserIdentifierList": ["a1", "a2", "a3"]});
        assert_eq!(scene.ok(LOOKUP, body), found);
    }),
    row(&["5.5.identity"], "by an identity: all of its users, page by page", |scene| {
        let pool = scene.game();
        let alice = three(scene, &pool);
        let body = json!({"IdentityPoolId": pool, "IdentityId": alice, "MaxResults": 2});
        let page = scene.ok(LOOKUP, body.clone());
        assert_eq!(page["DeveloperUserIdentifierList"], json!(["a1", "a2"]));
        let mut body = body;
        body["NextToken"] = page["NextToken"].clone();
        let rest = json!({"IdentityId": alice, "DeveloperUserIdentifierList": ["a3"]});
        assert_eq!(scene.ok(LOOKUP, body), rest);
    }),
    row(&["5.5.both"], "by both: the same back", |scene| {
        let pool = scene.game();
        let alice = three(scene, &pool);
        let body = json!({
            "IdentityPoolId": pool, "IdentityId": alice, "DeveloperUserIdentifier": "a2",
        });
        let found = json!({"IdentityId": alice, "DeveloperUserIdentifierList": ["a2"]});
        assert_eq!(scene.ok(LOOKUP, body), found);
    }),
    row(&["5.5.mismatch", "M30"], "by both, which do not belong together", |scene| {
        let pool = scene.game();
        let alice = three(scene, &pool);
        scene.user(&pool, "bob");
        for user in ["bob", "nobody"] {
            let body = json!({
                "IdentityPoolId": pool, "IdentityId": alice, "DeveloperUserIdentifier": user,
            });
            scene.says("M30", LOOKUP, body, &[("IdentityId", &alice)]);
        }
    }),
    row(&["5.5.unknown-user", "Q3", "M26"], "by a user who is not there", |scene| {
        let pool = scene.game();
        scene.user(&pool, "alice");
        for user in ["nobody", "Alice"] {
            let body = json!({"IdentityPoolId": pool, "DeveloperUserIdentifier": user});
            scene.says("M26", LOOKUP, body, &[("DeveloperUserIdentifier", user)]);
        }
    }),
    row(&["5.5.unknown-identity", "M25"], "by an identity that is not there", |scene| {
        let pool = scene.game();
        let body = json!({"IdentityPoolId": pool, "IdentityId": NOBODY});
        scene.says("M25", LOOKUP, body, &[("IdentityId", NOBODY)]);
    }),
    row(&["5.5.no-users"], "an identity without developer users", |scene| {
        let pool = scene.game();
        scene.user(&pool, "alice");
        let bob = scene.identity(&pool, json!({GAME: "bob", FACEBOOK: "user:b"}));
        scene.ok(UNLINK, unlink(&pool, &bob, GAME, "bob"));
        let answer = scene.ok(LOOKUP, json!({"IdentityPoolId": pool, "IdentityId": bob}));
        assert_eq!(answer["IdentityId"], json!(bob));
        let list = &answer["DeveloperUserIdentifierList"];
        assert!(list.is_null() || *list == json!([]), "{list}");
    }),
    row(&["5.5.paging"], "the next page begins behind the last of this one", |scene| {
        let pool = scene.game();
        let id = scene.user(&pool, "user-00");
        for n in 1..20 {
            scene.link(&pool, &id, json!({GAME: format!("user-{n:02}")})).expect("linked");
        }
        let body = json!({"IdentityPoolId": pool, "IdentityId": id, "MaxResults": 10});
        let page = scene.ok(LOOKUP, body.clone());
        let mut body = body;
        body["NextToken"] = json!(text(&page["NextToken"]));
        let page = scene.ok(LOOKUP, body);
        assert_eq!(page["DeveloperUserIdentifierList"][0], json!("user-10"));
        assert_eq!(page.get("NextToken"), None);
        assert_eq!(scene.users(&pool, &id).as_array().map(Vec::len), Some(20));
    }),
    row(&["5.6.1", "M24", "M19"], "a merge in a pool and under its provider", |scene| {
        let body = merge(NOBODY, GAME, "a", "b");
        scene.says("M24", MERGE, body, &[("IdentityPoolId", NOBODY)]);
        let pool = scene.game();
        scene.says("M19", MERGE, merge(&pool, "login.other", "a", "b"), &[]);
    }),
    row(&["5.6.2", "M27"], "a merge of users that are there", |scene| {
        let pool = scene.game();
        scene.user(&pool, "alice");
        for (source, destination) in [("nobody", "alice"), ("alice", "nobody"), ("nobody", "other")]
        {
            let body = merge(&pool, GAME, source, destination);
            let unknown = if source == "nobody" { source } else { destination };
            scene.says("M27", MERGE, body, &[("DeveloperUserIdentifier", unknown)]);
        }
    }),
    row(&["5.6.3", "Q16"], "a merge of an identity with itself", |scene| {
        let pool = scene.game();
        let alice = three(scene, &pool);
        let before = scene.world.dump();
        for (source, destination) in [("a1", "a2"), ("a1", "a1")] {
            let answer = scene.ok(MERGE, merge(&pool, GAME, source, destination));
            assert_eq!(answer, json!({"IdentityId": alice}));
        }
        assert!(scene.world.dump() == before);
    }),
    row(&["5.6.4", "M31"], "a merge of two users of one public provider", |scene| {
        let pool = scene.game();
        scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
        scene.identity(&pool, json!({GAME: "bob", FACEBOOK: "user:b"}));
        scene.says("M31", MERGE, merge(&pool, GAME, "alice", "bob"), &[]);
    }),
    row(&["5.6.5", "Q6", "M32"], "a merge into more than twenty logins", |scene| {
        let pool = scene.game();
        let id = scene.user(&pool, "user-01");
        for n in 2..=19 {
            scene.link(&pool, &id, json!({GAME: format!("user-{n:02}")})).expect("linked");
        }
        let bob = scene.identity(&pool, json!({GAME: "bob", FACEBOOK: "user:b"}));
        scene.says("M32", MERGE, merge(&pool, GAME, "bob", "user-01"), &[]);
        scene.ok(UNLINK, unlink(&pool, &id, GAME, "user-19"));
        scene.ok(MERGE, merge(&pool, GAME, "bob", "user-01"));
        assert_eq!(scene.state(&bob), Disabled);
    }),
    row(&["5.6.6"], "all logins of the source move to the destination", |scene| {
        let pool = scene.game();
        let source = scene.identity(&pool, json!({GAME: "bob", FACEBOOK: "user:b"}));
        let destination = scene.identity(&pool, json!({GAME: "alice", AMAZON: "user:m"}));
        let answer = scene.ok(MERGE, merge(&pool, GAME, "bob", "alice"));
        assert_eq!(answer, json!({"IdentityId": destination}));
        assert_eq!((scene.state(&source), scene.logins(&source)), (Disabled, json!(["DISABLED"])));
        assert_eq!(scene.logins(&destination), json!([FACEBOOK, GAME, AMAZON]));
        for user in ["alice", "bob"] {
            assert_eq!(scene.user(&pool, user), destination);
        }
        assert_eq!(scene.identity(&pool, json!({GAME: "bob", FACEBOOK: "user:b"})), destination);
    }),
    row(&["5.6.final"], "a merge cannot be taken back", |scene| {
        let pool = scene.game();
        let source = scene.user(&pool, "bob");
        scene.user(&pool, "alice");
        scene.ok(MERGE, merge(&pool, GAME, "bob", "alice"));
        scene.link(&pool, &source, json!({GAME: "bob"})).expect_err("disabled");
        scene.link(&pool, &source, json!({GAME: "new"})).expect_err("disabled");
    }),
    row(&["5.6.users"], "only developer users can be merged", |scene| {
        let pool = scene.game();
        scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
        let body = merge(&pool, FACEBOOK, "user:a", "alice");
        scene.says("M19", MERGE, body, &[]);
    }),
    row(
        &["5.7.1", "M24", "M25", "M19"],
        "an unlink in a pool, of an identity, under the provider",
        |scene| {
            let body = unlink(NOBODY, NOBODY, GAME, "alice");
            scene.says("M24", UNLINK, body, &[("IdentityPoolId", NOBODY)]);
            let pool = scene.game();
            let body = unlink(&pool, NOBODY, "login.other", "alice");
            scene.says("M25", UNLINK, body, &[("IdentityId", NOBODY)]);
            let alice = scene.user(&pool, "alice");
            scene.says("M19", UNLINK, unlink(&pool, &alice, "login.other", "alice"), &[]);
        },
    ),
    row(&["5.7.2", "M27", "M30"], "a user whom the identity does not have", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        scene.user(&pool, "bob");
        let body = unlink(&pool, &alice, GAME, "bob");
        scene.says("M30", UNLINK, body, &[("IdentityId", &alice)]);
        let body = unlink(&pool, &alice, GAME, "nobody");
        scene.says("M27", UNLINK, body, &[("DeveloperUserIdentifier", "nobody")]);
    }),
    row(&["5.7.3"], "an unlinked user is new", |scene| {
        let pool = scene.game();
        let alice = scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
        scene.ok(UNLINK, unlink(&pool, &alice, GAME, "alice"));
        assert_eq!((scene.state(&alice), scene.logins(&alice)), (Authenticated, json!([FACEBOOK])));
        assert_ne!(scene.user(&pool, "alice"), alice);
    }),
    row(&["5.7.4", "2.k"], "an identity without a login is disabled", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        scene.ok(UNLINK, unlink(&pool, &alice, GAME, "alice"));
        assert_eq!(scene.state(&alice), Disabled);
        assert_ne!(scene.user(&pool, "alice"), alice);
        assert_eq!(scene.state(&alice), Disabled);
    }),
];

fn merge(pool: &str, provider: &str, source: &str, destination: &str) -> Value {
    json!({
        "IdentityPoolId": pool, "DeveloperProviderName": provider,
        "SourceUserIdentifier": source, "DestinationUserIdentifier": destination,
    })
}

fn unlink(pool: &str, id: &str, provider: &str, user: &str) -> Value {
    json!({
        "IdentityId": id, "IdentityPoolId": pool, "DeveloperProviderName": provider,
        "DeveloperUserIdentifier": user,
    })
}

/// An identity with the users `a1`, `a2` and `a3`.
#[track_caller]
fn three(scene: &Scene, pool: &str) -> String {
    let id = scene.user(pool, "a1");
    for user in ["a2", "a3"] {
        scene.link(pool, &id, json!({GAME: user})).expect("linked");
    }
    id
}
