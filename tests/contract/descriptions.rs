//! Sections 5.9 to 5.11 and 7: listing, describing and deleting identities.

use cognate::operation::DescribeIdentityInput;
use cognate::operation::IdentityState::{Authenticated, Disabled};
use serde_json::{Value, json};

use crate::row::{Row, row, wire_row};
use crate::scene::{DEVELOPER, NOBODY, Scene, text};
use crate::support::{AMAZON, FACEBOOK, GAME, NOON};

const DELETE: &str = "DeleteIdentities";
const LIST: &str = "ListIdentities";

pub(crate) const ROWS: &[Row] = &[
    wire_row(
        &["5.9.input", "5.10.input", "5.11.input"],
        "the members of the three calls",
        |scene| {
            let null = "Member must not be null";
            scene.invalid(
                LIST,
                json!({}),
                &[("null", "identityPoolId", null), ("null", "maxResults", null)],
            );
            scene.invalid("DescribeIdentity", json!({}), &[("null", "identityId", null)]);
            scene.invalid(DELETE, json!({}), &[("null", "identityIdsToDelete", null)]);
            let many = vec![NOBODY; 61];
            let shown = format!("'[{}]'", many.join(", "));
            let most = "Member must have length less than or equal to 60";
            scene.invalid(
                DELETE,
                json!({"IdentityIdsToDelete": many}),
                &[(&shown, "identityIdsToDelete", most)],
            );
        },
    ),
    row(&["5.9.disabled"], "disabled identities are listed, unless they are hidden", |scene| {
        let pool = scene.game();
        let (gone, alice) = (gone(scene, &pool), scene.user(&pool, "alice"));
        let body = json!({"IdentityPoolId": pool, "MaxResults": 60});
        assert_eq!(ids(&scene.ok(LIST, body)), [gone.clone(), alice.clone()]);
        let body = json!({"IdentityPoolId": pool, "MaxResults": 60, "HideDisabled": false});
        assert_eq!(ids(&scene.ok(LIST, body)), [gone, alice.clone()]);
        let body = json!({"IdentityPoolId": pool, "MaxResults": 60, "HideDisabled": true});
        assert_eq!(ids(&scene.ok(LIST, body)), [alice]);
    }),
    row(&["5.9.out", "7.fresh"], "a listing has the pool, and descriptions", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        let answer = scene.ok(LIST, json!({"IdentityPoolId": pool, "MaxResults": 60}));
        let described = json!({
            "IdentityId": alice, "Logins": [GAME],
            "CreationDate": 1_700_000_000.0, "LastModifiedDate": 1_700_000_000.0,
        });
        assert_eq!(answer, json!({"IdentityPoolId": pool, "Identities": [described]}));
        assert_eq!(scene.describe(&alice), described);
    }),
    row(&["5.9.paging", "2.u"], "pages of at most sixty, cut after hiding", |scene| {
        let pool = scene.game();
        for n in 0..61 {
            scene.user(&pool, &format!("user-{n}"));
        }
        let body = json!({"IdentityPoolId": pool, "MaxResults": 60});
        let page = scene.ok(LIST, body);
        assert_eq!(ids(&page).len(), 60);
        let body =
            json!({"IdentityPoolId": pool, "MaxResults": 60, "NextToken": page["NextToken"]});
        let rest = scene.ok(LIST, body);
        assert_eq!((ids(&rest).len(), rest.get("NextToken")), (1, None));
        let pool = scene.game();
        gone(scene, &pool);
        let users = [scene.user(&pool, "alice"), scene.user(&pool, "bob")];
        let body = json!({"IdentityPoolId": pool, "MaxResults": 2, "HideDisabled": true});
        let page = scene.ok(LIST, body);
        assert_eq!((ids(&page), page.get("NextToken")), (users.to_vec(), None));
    }),
    row(&["5.9.token"], "a page token of somewhere else", |scene| {
        let pool = scene.game();
        let body = json!({"IdentityPoolId": pool, "MaxResults": 1, "NextToken": "AAAA"});
        scene.refused(LIST, body, "InvalidParameterException", "NextToken is not valid.");
    }),
    row(
        &["Q34"],
        "identities by their creation, users by their linking, logins by name",
        |scene| {
            let pool = scene.game();
            let mut expected = Vec::new();
            for (number, minute) in [(90, 0), (80, 0), (70, 1)] {
                scene.world.clock.set(NOON + minute * 60_000);
                scene.world.ids.next(number);
                expected.push(scene.user(&pool, &format!("user-{number}")));
            }
            expected.swap(0, 1);
            assert_eq!(
                ids(&scene.ok(LIST, json!({"IdentityPoolId": pool, "MaxResults": 60}))),
                expected
            );
            let id = &expected[0];
            for user in ["z", "a"] {
                scene.link(&pool, id, json!({GAME: user})).expect("linked");
            }
            assert_eq!(scene.users(&pool, id), json!(["user-80", "z", "a"]));
            scene
                .link(&pool, id, json!({GAME: "a", AMAZON: "user:m", FACEBOOK: "user:f"}))
                .expect("linked");
            assert_eq!(scene.logins(id), json!([FACEBOOK, GAME, AMAZON]));
        },
    ),
    row(&["5.10.unknown", "M25"], "an identity that is not there, or not the caller's", |scene| {
        let body = json!({"IdentityId": NOBODY});
        scene.says("M25", "DescribeIdentity", body, &[("IdentityId", NOBODY)]);
        let alice = scene.user(&scene.game(), "alice");
        for (account, region) in [("999999999999", "us-east-1"), ("123456789012", "eu-west-1")] {
            let body = json!({"IdentityId": alice});
            scene.of(account, region).says(
                "M25",
                "DescribeIdentity",
                body,
                &[("IdentityId", &alice)],
            );
        }
    }),
    row(
        &["5.10.disabled", "7.disabled", "Q21"],
        "a disabled identity is described as such",
        |scene| {
            let pool = scene.game();
            let gone = gone(scene, &pool);
            assert_eq!(scene.state(&gone), Disabled);
            let described = scene.describe(&gone);
            assert_eq!(described["IdentityId"], json!(gone));
            assert_eq!(described["Logins"], json!(["DISABLED"]));
            let merged = scene.guest(&pool);
            let logins = json!({FACEBOOK: "user:a", AMAZON: "user:a"});
            let alice = scene.get_id(&pool, logins.clone());
            scene.ok("GetOpenIdToken", json!({"IdentityId": merged, "Logins": logins}));
            assert_eq!(scene.logins(&merged), json!(["DISABLED"]));
            assert_eq!(scene.logins(&alice), json!([FACEBOOK, AMAZON]));
            let listed = scene.ok(LIST, json!({"IdentityPoolId": pool, "MaxResults": 60}));
            let logins = listed["Identities"].as_array().expect("a list").iter();
            let disabled = logins.filter(|identity| identity["Logins"] == json!(["DISABLED"]));
            assert_eq!(disabled.count(), 2);
        },
    ),
    row(
        &["7.state", "Q21"],
        "a provider that is named DISABLED is no state in the typed door",
        |scene| {
            let pool = scene.pool(json!({"DeveloperProviderName": "DISABLED"}));
            let user = |user: &str| scene.identity(&pool, json!({"DISABLED": user}));
            let (alice, gone) = (user("alice"), user("carol"));
            let body = json!({
                "IdentityId": gone, "IdentityPoolId": pool, "DeveloperProviderName": "DISABLED",
                "DeveloperUserIdentifier": "carol",
            });
            scene.ok("UnlinkDeveloperIdentity", body);
            for (id, state, providers) in [(&alice, Authenticated, 1), (&gone, Disabled, 0)] {
                assert_eq!(scene.logins(id), json!(["DISABLED"]));
                let input = DescribeIdentityInput::new(id.as_str());
                let typed = scene.world.aws.describe_identity(input).expect("described");
                assert_eq!((typed.state, typed.logins.len()), (state, providers));
            }
        },
    ),
    row(&["7.names"], "names of providers, the developer's too, and no users", |scene| {
        let pool = scene.game();
        let alice = scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
        let described = scene.describe(&alice);
        assert_eq!(described["Logins"], json!([FACEBOOK, GAME]));
        assert!(!described.to_string().contains("alice"), "{described}");
    }),
    row(&["7.once"], "a provider's name stands once", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        scene.link(&pool, &alice, json!({GAME: "alice-2"})).expect("linked");
        assert_eq!(scene.logins(&alice), json!([GAME]));
    }),
    row(&["7.guest"], "a guest has no logins to name", |scene| {
        let guest = scene.guest(&scene.game());
        let described = json!({
            "IdentityId": guest,
            "CreationDate": 1_700_000_000.0, "LastModifiedDate": 1_700_000_000.0,
        });
        assert_eq!(scene.describe(&guest), described);
    }),
    row(&["Q33"], "dates change with the logins, and not else", |scene| {
        let pool = scene.game();
        let alice = scene.user(&pool, "alice");
        let modified = |scene: &Scene| scene.describe(&alice)["LastModifiedDate"].clone();
        let link =
            |scene: &Scene| scene.identity(&pool, json!({GAME: "alice", FACEBOOK: "user:a"}));
        scene.world.clock.set(NOON + 1_000);
        link(scene);
        assert_eq!(modified(scene), json!(1_700_000_001.0));
        scene.world.clock.set(NOON + 2_000);
        link(scene);
        assert_eq!(modified(scene), json!(1_700_000_001.0));
        let body = json!({
            "IdentityId": alice, "IdentityPoolId": pool, "DeveloperProviderName": GAME,
            "DeveloperUserIdentifier": "alice",
        });
        scene.ok("UnlinkDeveloperIdentity", body);
        assert_eq!(modified(scene), json!(1_700_000_002.0));
    }),
    row(&["5.11.out"], "all went well: an empty list", |scene| {
        let alice = scene.user(&scene.game(), "alice");
        let answer = scene.ok(DELETE, json!({"IdentityIdsToDelete": [alice]}));
        assert_eq!(answer, json!({"UnprocessedIdentityIds": []}));
    }),
    row(
        &["5.11.partial", "5.11.unknown", "Q19"],
        "what cannot be deleted is listed, the rest goes",
        |scene| {
            let alice = scene.user(&scene.game(), "alice");
            let other = scene.of("999999999999", "us-east-1");
            let eve = other.user(&other.game(), "eve");
            let body = json!({"IdentityIdsToDelete": [NOBODY, eve, alice]});
            let denied = json!([{"IdentityId": eve, "ErrorCode": "AccessDenied"}]);
            assert_eq!(scene.ok(DELETE, body), json!({"UnprocessedIdentityIds": denied}));
            scene.says(
                "M25",
                "DescribeIdentity",
                json!({"IdentityId": alice}),
                &[("IdentityId", &alice)],
            );
            other.describe(&eve);
        },
    ),
    row(&["5.11.twice"], "an identity that is named twice goes once", |scene| {
        let alice = scene.user(&scene.game(), "alice");
        let body = json!({"IdentityIdsToDelete": [alice, alice]});
        assert_eq!(scene.ok(DELETE, body.clone()), json!({"UnprocessedIdentityIds": []}));
        assert_eq!(scene.ok(DELETE, body), json!({"UnprocessedIdentityIds": []}));
    }),
    row(&["5.11.free", "M25"], "logins of a deleted identity are free", |scene| {
        let pool = scene.game();
        let logins = json!({GAME: "alice", FACEBOOK: "user:a"});
        let alice = scene.identity(&pool, logins.clone());
        scene.ok(DELETE, json!({"IdentityIdsToDelete": [alice]}));
        let body = json!({"IdentityPoolId": pool, "IdentityId": alice, "Logins": logins});
        scene.says("M25", DEVELOPER, body, &[("IdentityId", &alice)]);
        assert_ne!(scene.identity(&pool, logins), alice);
    }),
];

fn ids(listing: &Value) -> Vec<String> {
    let identities = listing["Identities"].as_array().expect("a list");
    identities.iter().map(|identity| text(&identity["IdentityId"])).collect()
}

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
