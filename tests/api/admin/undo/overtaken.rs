//! Changes that something since contradicts: the refusal names the event in the way.

use super::*;
use crate::admin::journal::without_journal;

#[test]
fn a_linked_login_has_gone() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let [alice, bob] = ["alice", "bob"].map(|user| world.register(&pool, user));
    link(&admin, &alice, FACEBOOK, "a").expect("linked");
    let linked = last(&world, &alice);
    // Unlinked, however much happens after it.
    unlink(&admin, &alice, FACEBOOK, "a").expect("unlinked");
    let unlinked = last(&world, &alice);
    link(&admin, &alice, AMAZON, "a").expect("linked");
    assert_eq!(overtaken(undo(&admin, &linked)), unlinked);
    user_of(&world, &pool, FACEBOOK, "a");
    assert_eq!(overtaken(undo(&admin, &linked)), unlinked);
    // Merged away.
    let second = last(&world, &alice);
    merge(&world, &pool, "alice", "bob");
    assert_eq!(overtaken(undo(&admin, &second)), last(&world, &alice));
    // Disabled.
    link(&admin, &bob, FACEBOOK, "b").expect("linked");
    let third = last(&world, &bob);
    disable(&admin, &bob).expect("disabled");
    assert_eq!(overtaken(undo(&admin, &third)), last(&world, &bob));
    world.check();
}

#[test]
fn a_merged_login_has_gone() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let input = call(&pool, "alice").logins(FACEBOOK, "user:a");
    let alice = world.resolve(input).expect("registered");
    let bob = world.register(&pool, "bob");
    merge(&world, &pool, "alice", "bob");
    unlink(&admin, &bob, FACEBOOK, "a").expect("unlinked");
    let unlinked = last(&world, &bob);
    for _ in 0..2 {
        assert_eq!(overtaken(undo(&admin, &event(&bob, 2))), unlinked);
        assert_eq!(overtaken(undo(&admin, &event(&alice, 2))), unlinked);
        link(&admin, &bob, AMAZON, "b").expect("linked");
    }
    // Once the login is back, nothing is in the way.
    undo(&admin, &unlinked).expect("undone");
    undo(&admin, &event(&alice, 2)).expect("undone");
    world.check();
}

#[test]
fn an_unlinked_login_belongs_to_somebody() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let input = call(&pool, "alice").logins(FACEBOOK, "user:a");
    let alice = world.resolve(input).expect("registered");
    unlink(&admin, &alice, FACEBOOK, "a").expect("unlinked");
    let unlinked = last(&world, &alice);
    // By its creation, which only its record tells, and which then the journal tells.
    let face = user_of(&world, &pool, FACEBOOK, "a");
    assert_eq!(overtaken(undo(&admin, &unlinked)), event(&face, 1));
    link(&admin, &face, AMAZON, "a").expect("linked");
    assert_eq!(overtaken(undo(&admin, &unlinked)), event(&face, 1));
    // By a merge.
    let bob = world.register(&pool, "bob");
    let input = call(&pool, "bob").logins(FACEBOOK, "user:a");
    assert_eq!(world.resolve(input).expect("merged"), bob);
    assert_eq!(overtaken(undo(&admin, &unlinked)), event(&bob, 2));
    // By an undo.
    undo(&admin, &event(&bob, 2)).expect("undone");
    assert_eq!(overtaken(undo(&admin, &unlinked)), event(&face, 4));
    // By a link to the identity itself.
    unlink(&admin, &face, FACEBOOK, "a").expect("unlinked");
    link(&admin, &alice, FACEBOOK, "a").expect("linked");
    assert_eq!(overtaken(undo(&admin, &unlinked)), event(&alice, 3));
    world.check();
}

#[test]
fn an_identity_has_no_place_for_an_unlinked_login() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let input = call(&pool, "alice").logins(FACEBOOK, "user:a");
    let alice = world.resolve(input).expect("registered");
    unlink(&admin, &alice, FACEBOOK, "a").expect("unlinked");
    // Another user of the provider.
    link(&admin, &alice, FACEBOOK, "other").expect("linked");
    link(&admin, &alice, AMAZON, "a").expect("linked");
    assert_eq!(overtaken(undo(&admin, &event(&alice, 2))), event(&alice, 3));
    unlink(&admin, &alice, FACEBOOK, "other").expect("unlinked");
    // Twenty logins.
    for n in 0..18 {
        link(&admin, &alice, GAME, &format!("alice-{n}")).expect("linked");
    }
    let full = last(&world, &alice);
    assert_eq!(overtaken(undo(&admin, &event(&alice, 2))), full);
    unlink(&admin, &alice, GAME, "alice-7").expect("unlinked");
    undo(&admin, &event(&alice, 2)).expect("undone");
    assert_eq!(admin.identity(&alice).expect("known").logins.len(), 20);
    world.check();
}

#[test]
fn an_identity_was_disabled_in_another_way() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let input = call(&pool, "alice").logins(FACEBOOK, "user:a");
    let alice = world.resolve(input).expect("registered");
    let bob = world.register(&pool, "bob");
    unlink(&admin, &alice, FACEBOOK, "a").expect("unlinked");
    for disabled in ["by its last login", "by an administrator", "by a merge"] {
        match disabled {
            "by its last login" => drop(unlink(&admin, &alice, GAME, "alice").expect("unlinked")),
            "by an administrator" => drop(disable(&admin, &alice).expect("disabled")),
            _ => merge(&world, &pool, "alice", "bob"),
        }
        let newest = last(&world, &alice);
        assert_eq!(overtaken(undo(&admin, &event(&alice, 2))), newest, "{disabled}");
        undo(&admin, &newest).expect("undone");
    }
    undo(&admin, &event(&alice, 2)).expect("undone");
    assert_eq!(world.register(&pool, "bob"), bob);
    world.check();
}

/// The journal was off when the login came or went: the newest revision stands for that event.
#[test]
fn an_event_that_was_never_written_is_named_by_the_last_revision() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let alice = world.register(&pool, "alice");
    let face = user_of(&world, &pool, FACEBOOK, "f");
    // Facebook's user goes to and fro, so that older events tell of it.
    unlink(&admin, &face, FACEBOOK, "f").expect("unlinked");
    undo(&admin, &event(&face, 2)).expect("undone");
    link(&admin, &face, AMAZON, "f").expect("linked");
    unlink(&admin, &face, FACEBOOK, "f").expect("unlinked");
    link(&admin, &alice, FACEBOOK, "f").expect("linked");
    unlink(&admin, &alice, FACEBOOK, "f").expect("unlinked");
    link(&admin, &alice, AMAZON, "a").expect("linked");
    let [linked, unlinked] = [4, 3].map(|revision| event(&alice, revision));

    let silent = world.over(without_journal).engine.admin();
    unlink(&silent, &alice, AMAZON, "a").expect("unlinked");
    link(&silent, &face, FACEBOOK, "f").expect("linked");
    for journal in [&silent, &admin] {
        assert_eq!(overtaken(undo(journal, &linked)), event(&alice, 5));
        assert_eq!(overtaken(undo(journal, &unlinked)), event(&face, 6));
    }
    // Events beyond the gap say nothing about it.
    link(&admin, &alice, GAME, "alice-2").expect("linked");
    link(&admin, &face, GAME, "face").expect("linked");
    assert_eq!(overtaken(undo(&admin, &linked)), event(&alice, 6));
    assert_eq!(overtaken(undo(&admin, &unlinked)), event(&face, 7));
    world.check();
}
