//! What happens between a change and its undo: tokens, a journal that is switched off, changes of
//! the pool; and what an undo does not ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cognate::admin::{Explanation, UndoInput, Veto};
use cognate::operation::{
    GetCredentialsForIdentityInput, GuestAccess, RoleType, SetIdentityPoolRolesInput,
    UpdateIdentityPoolInput,
};
use cognate::{Fed, from_fn};

use super::*;
use crate::admin::journal::without_journal;
use crate::support::ACCOUNT;

const COGNITO: &str = "cognito-identity.amazonaws.com";

#[test]
fn a_token_of_the_time_between_stays_valid_for_its_identity() {
    let world = world();
    let (pool, admin, public) = (town(&world), world.engine.admin(), world.engine.public());
    let role = format!("arn:aws:iam::{ACCOUNT}:role/user");
    let roles = SetIdentityPoolRolesInput::new(&pool);
    let roles = roles.roles(RoleType::Authenticated, role.as_str());
    world.aws.set_identity_pool_roles(roles).expect("set");
    let token = |user: &str| {
        let issued = world.aws.get_open_id_token_for_developer_identity(call(&pool, user));
        issued.expect("a token").token.as_str().to_owned()
    };
    let opens = |id: &IdentityId, token: &str| {
        let input = GetCredentialsForIdentityInput::new(id).logins(COGNITO, token);
        match public.get_credentials_for_identity(input) {
            Ok(opened) => Ok(opened.identity_id),
            Err(error) => Err(error.to_string()),
        }
    };
    let verified = |token: &str| {
        let claims = world.engine.verify_token(token).expect("verifies");
        claims.identity_id().clone()
    };
    let mismatch = |id: &IdentityId, token: &str| {
        let refused = opens(id, token).expect_err("does not open");
        assert!(refused.starts_with("Logins don't match."), "{refused}");
    };

    let [alice, bob] = ["alice", "bob"].map(|user| world.register(&pool, user));
    let of_bob = token("bob");
    assert_eq!(opens(&bob, &of_bob), Ok(bob.clone()));
    merge(&world, &pool, "bob", "alice");
    let (bob_as_alice, alice_merged) = (token("bob"), token("alice"));
    assert_eq!(opens(&bob, &of_bob), Err(format!("Access to Identity '{bob}' is forbidden.")));
    assert_eq!(opens(&alice, &bob_as_alice), Ok(alice.clone()));

    undo(&admin, &event(&alice, 2)).expect("undone");
    // The token of the time before opens its identity again.
    assert_eq!((verified(&of_bob), opens(&bob, &of_bob)), (bob.clone(), Ok(bob.clone())));
    // A token of the time between names its identity, and proves what still belongs to it.
    assert_eq!(verified(&bob_as_alice), alice);
    mismatch(&alice, &bob_as_alice);
    let other = opens(&bob, &bob_as_alice).expect_err("another identity's token");
    assert!(!other.is_empty());
    assert_eq!((verified(&alice_merged), opens(&alice, &alice_merged)), (alice.clone(), Ok(alice)));
}

/// The check once took the identity for a disabled one.
#[test]
fn an_unlinked_login_is_given_back_to_a_guest() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let id = guest(&world, &pool);
    link(&admin, &id, GAME, "alice").expect("linked");
    link(&admin, &id, FACEBOOK, "a").expect("linked");
    unlink(&admin, &id, FACEBOOK, "a").expect("unlinked");
    let back = undo(&admin, &event(&id, 2)).expect("undone");
    assert_eq!(back.identities[0].state, IdentityState::Unauthenticated);
    let back = undo(&admin, &event(&id, 4)).expect("undone");
    assert_eq!(super::super::logins_of(&back.identities[0]), [(FACEBOOK, "a")]);
    world.check();
}

/// Such a token once opened the role of users, and a guest in a pool without guests.
#[test]
fn a_token_of_the_time_between_proves_nothing_for_a_guest() {
    let world = world();
    let (pool, admin, public) = (town(&world), world.engine.admin(), world.engine.public());
    let role = |name: &str| format!("arn:aws:iam::{ACCOUNT}:role/{name}");
    let roles = SetIdentityPoolRolesInput::new(&pool)
        .roles(RoleType::Authenticated, role("user").as_str())
        .roles(RoleType::Unauthenticated, role("guest").as_str());
    world.aws.set_identity_pool_roles(roles).expect("set");
    let id = guest(&world, &pool);
    let input = call(&pool, "alice").identity_id(&id);
    let issued = world.aws.get_open_id_token_for_developer_identity(input).expect("linked");
    let session = || {
        let input = GetCredentialsForIdentityInput::new(&id).logins(COGNITO, issued.token.as_str());
        let opened = public.get_credentials_for_identity(input)?;
        let token = opened.credentials.session_token;
        Ok(world.engine.verify_session(token.as_str())?.session)
    };
    let opened: Result<_> = session();
    assert_eq!(opened.expect("opens").role_arn.as_str(), role("user"));

    undo(&admin, &event(&id, 2)).expect("undone");
    let opened = session().expect("a guest is opened by its id");
    assert_eq!(
        (opened.role_arn.as_str(), opened.amr.as_slice()),
        (role("guest").as_str(), &["unauthenticated".to_owned()][..])
    );
    let no_guests = UpdateIdentityPoolInput::new(&pool, "town", GuestAccess::Denied);
    world.aws.update_identity_pool(no_guests.developer_provider_name(GAME)).expect("updated");
    assert!(matches!(refusal(session()), Refusal::GuestsUnsupported));
}

/// The marks of undone events are no events: they are made even if no event is written.
#[test]
fn an_undo_without_a_journal_is_an_undo() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let guest = guest(&world, &pool);
    let [alice, bob] = ["alice", "bob"].map(|user| world.register(&pool, user));
    let ids = [&guest, &alice, &bob].map(Clone::clone);
    let before = states(&world, &ids);
    disable(&admin, &guest).expect("disabled");
    merge(&world, &pool, "bob", "alice");
    link(&admin, &alice, FACEBOOK, "a").expect("linked");
    let [disabled, merged, linked] = [event(&guest, 2), event(&bob, 2), event(&alice, 3)];

    let silent = world.over(without_journal);
    let admin = silent.engine.admin();
    for event in [&disabled, &linked, &merged] {
        undo(&admin, event).expect("undone");
    }
    assert_eq!(states(&world, &ids), before);
    let newest = [(&disabled, &guest, 3), (&linked, &alice, 4), (&merged, &bob, 3)];
    for (undone, id, revision) in newest {
        assert_eq!(overtaken(undo(&admin, undone)), event(id, revision));
        let events = history(&world, id);
        let marked = events.iter().find(|known| known.id().as_ref() == Some(undone));
        assert_eq!(marked.expect("kept").undone_by, Some(event(id, revision)));
    }
    // Even if all is once more as after the change.
    link(&admin, &alice, FACEBOOK, "a").expect("linked");
    assert_eq!(overtaken(undo(&admin, &linked)), event(&alice, 4));
    assert_eq!(history(&world, &guest).len(), 2, "no event is written");
    world.check();
}

#[test]
fn changes_of_the_pool_are_not_in_the_way() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let input = call(&pool, "alice").logins(FACEBOOK, "user:a");
    let alice = world.resolve(input).expect("registered");
    let guest = guest(&world, &pool);
    unlink(&admin, &alice, FACEBOOK, "a").expect("unlinked");
    disable(&admin, &guest).expect("disabled");
    // The pool has neither the provider nor guests any more.
    let bare = UpdateIdentityPoolInput::new(&pool, "town", GuestAccess::Denied);
    world.aws.update_identity_pool(bare.developer_provider_name(GAME)).expect("updated");
    undo(&admin, &event(&alice, 2)).expect("undone");
    undo(&admin, &event(&guest, 2)).expect("undone");
    let logins = admin.identity(&alice).expect("known");
    assert_eq!(super::super::logins_of(&logins), [(GAME, "alice"), (FACEBOOK, "a")]);
    world.check();
}

#[test]
fn a_policy_is_not_asked() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let policy = from_fn(move |_: &Explanation| -> Result<(), Veto> {
        counter.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    let world = World::with(|builder| with_journal(builder).link_policy(policy));
    let (pool, admin) = (town(&world), world.engine.admin());
    let alice = world.register(&pool, "alice");
    let bob = user_of(&world, &pool, FACEBOOK, "bob");
    let merged = call(&pool, "alice").logins(FACEBOOK, "user:bob");
    assert_eq!(world.resolve(merged).expect("merged"), alice);
    let of_merge = asked.load(Ordering::SeqCst);
    assert!(of_merge > 0, "a merge is reviewed");
    undo(&admin, &event(&bob, 2)).expect("undone");
    unlink(&admin, &alice, GAME, "alice").expect("unlinked");
    undo(&admin, &event(&alice, 4)).expect("undone");
    assert_eq!(asked.load(Ordering::SeqCst), of_merge);
}

#[test]
fn an_undo_is_in_the_feed_with_its_request() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let [alice, bob] = ["alice", "bob"].map(|user| world.register(&pool, user));
    merge(&world, &pool, "bob", "alice");
    let mut feed = world.engine.feed();
    let request = admin.request("ticket-7".parse().expect("an id"));
    request.undo(UndoInput::new(event(&alice, 2))).expect("undone");
    let mut lines = Vec::new();
    while let Fed::Event(event) = feed.next(Duration::ZERO) {
        lines.push(told(&event));
    }
    assert_eq!(
        lines,
        [
            "<2>/3 Undo administrator ticket-7: gave back g:bob to <3>/3 undid <2>/2",
            "<3>/3 Undo administrator ticket-7: restored g:bob Authenticated undid <2>/2",
        ]
    );
    let kept = [history(&world, &alice), history(&world, &bob)].map(|events| told(&events[0]));
    assert_eq!(lines, kept);
}
