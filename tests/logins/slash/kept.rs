//! Logins that were stored before a final slash of their provider's name was ignored.

use cognate::admin::{LinkLoginInput, ListLoginsInput, UnlinkLoginInput};
use cognate::operation::{GetIdInput, IdentityState};

use super::*;

/// A store from before final slashes were ignored: `alice` has a login of `tenant.auth0.com/`, and
/// `bob` has one besides a developer user.
fn written_before() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    let mut batch = Batch::default();
    for line in include_str!("../slash.store").lines() {
        let [tree, key, value] = line.split(' ').collect::<Vec<_>>().try_into().expect("a record");
        let tree = Tree::ALL.into_iter().find(|known| known.name() == tree).expect("a tree");
        batch.puts.push((Key::new(tree, unhex(key)), unhex(value)));
    }
    assert_eq!(store.commit(batch).expect("writes"), Commit::Done);
    store
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(byte).collect()
}

#[test]
fn logins_stored_with_a_slash_are_found_and_unlinked() {
    const POOL: &str = "us-east-1:22db4536-f4cc-42f5-8087-84290a8de01f";
    const ALICE: &str = "us-east-1:7bc333e3-c533-44ce-8327-996fa10913cd";
    const BOB: &str = "us-east-1:6a5e9a8e-765d-41dc-93d6-348ead76a0dd";
    for key in SPELLINGS {
        for issuer in SPELLINGS {
            let store = written_before();
            let tenant = Tenant::over(store, |builder| builder.login_verifier(knows(TENANT_SLASH)));
            assert_eq!(tenant.0.check().expect("readable"), []);
            let alice = json!({key: token(issuer, "alice")});
            assert_eq!(tenant.get_id(POOL, alice.clone()), ALICE);
            let role = format!("arn:aws:iam::{ACCOUNT}:role/gold");
            let tags = json!({"client": "app", "username": "alice"});
            assert_eq!(tenant.session(ALICE, alice.clone()), (role, tags));
            let bob = json!({key: token(issuer, "bob")});
            let merged = json!({
                "IdentityPoolId": POOL, "IdentityId": BOB, "Logins": {GAME: "bob", key: alice[key]},
            });
            let refused = tenant.refused("GetOpenIdTokenForDeveloperIdentity", merged);
            assert_eq!(refused, "Cannot merge these identities.");
            let body = json!({"IdentityId": BOB, "Logins": bob, "LoginsToRemove": [key]});
            tenant.ok("UnlinkIdentity", body);
            assert_eq!(tenant.providers(BOB), json!([GAME]));
            // The login is free, and the next identity stores it without a slash.
            let body = json!({
                "IdentityPoolId": POOL, "IdentityId": ALICE, "Logins": alice,
                "LoginsToRemove": [key],
            });
            tenant.ok("UnlinkIdentity", body);
            let new = tenant.get_id(POOL, alice);
            assert_ne!(new, ALICE);
            assert_eq!(tenant.providers(&new), json!([TENANT]));
            assert_eq!(tenant.0.check().expect("readable"), []);
        }
    }
}

#[test]
fn a_login_stored_with_a_slash_moves_in_a_merge() {
    const POOL: &str = "us-east-1:22db4536-f4cc-42f5-8087-84290a8de01f";
    const ALICE: &str = "us-east-1:7bc333e3-c533-44ce-8327-996fa10913cd";
    let store = written_before();
    let tenant = Tenant::over(store, |builder| builder.login_verifier(knows(TENANT)));
    let alice = token(TENANT_SLASH, "alice");
    let register = |logins: Value, id: Option<&str>| {
        let mut body = json!({"IdentityPoolId": POOL, "Logins": logins});
        if let Some(id) = id {
            body["IdentityId"] = json!(id);
        }
        text(&tenant.ok("GetOpenIdTokenForDeveloperIdentity", body)["IdentityId"])
    };
    let carol = register(json!({GAME: "carol"}), None);
    // Both have a login of the call, so the given identity survives.
    let merged = register(json!({GAME: "carol", TENANT: alice}), Some(&carol));
    assert_eq!(merged, carol);
    assert_eq!(tenant.get_id(POOL, json!({TENANT: alice})), carol);
    let disabled = tenant.ok("DescribeIdentity", json!({"IdentityId": ALICE}));
    assert_ne!(disabled["Logins"], json!([TENANT_SLASH]));
    assert_eq!(tenant.0.check().expect("readable"), []);
}

#[test]
fn an_administrator_finds_lists_and_unlinks_logins_stored_with_a_slash() {
    const POOL: &str = "us-east-1:22db4536-f4cc-42f5-8087-84290a8de01f";
    const ALICE: &str = "us-east-1:7bc333e3-c533-44ce-8327-996fa10913cd";
    const BOB: &str = "us-east-1:6a5e9a8e-765d-41dc-93d6-348ead76a0dd";
    for name in SPELLINGS {
        let tenant = Tenant::over(written_before(), |builder| builder);
        let (admin, pool) = (tenant.0.admin(), POOL.parse().expect("an id"));
        let found = |subject: &str| {
            let (name, subject) = (name.parse().expect("fits"), subject.parse().expect("fits"));
            admin.identity_of_login(&pool, &name, &subject).map(|found| found.identity_id)
        };
        assert_eq!(found("alice").expect("found").as_str(), ALICE);
        let moved = admin.link_login(LinkLoginInput::new(BOB, name, "alice"));
        let refused = moved.expect_err("belongs to alice").to_string();
        assert_eq!(refused, format!("Login belongs to identity '{ALICE}'."));
        admin.link_login(LinkLoginInput::new(ALICE, name, "alice")).expect("linked already");

        // A new login, without the slash.
        let guest = GetIdInput::new(POOL).logins(TENANT, token(TENANT, "carol"));
        let verifying = Tenant::over(written_before(), |b| b.login_verifier(knows(TENANT)));
        let carol = verifying.0.public().get_id(guest).expect("a user").identity_id;
        let mut owners = Vec::new();
        let mut input = ListLoginsInput::new(POOL, 1).provider(name);
        loop {
            let page = verifying.0.admin().list_logins(input.clone()).expect("listed");
            owners.extend(page.logins.into_iter().map(|found| found.identity_id.to_string()));
            let Some(token) = page.next_token else { break };
            input = input.next_token(token);
        }
        assert_eq!(owners, [carol.as_str(), ALICE, BOB], "without the slash, then with it");
        let counts = verifying.0.admin().count_identities(&pool).expect("counted");
        assert_eq!(counts.logins[&TENANT.parse().expect("a name")], 3);

        let left = admin.unlink_login(UnlinkLoginInput::new(ALICE, name, "alice"));
        assert_eq!(left.expect("unlinked").state, IdentityState::Disabled);
        assert!(found("alice").is_err(), "the login is free");
        assert_eq!(tenant.0.check().expect("readable"), []);
    }
}
