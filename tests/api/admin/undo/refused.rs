//! Events that are not found or cannot be undone, and malformed names of events.

use cognate::Error;
use cognate::admin::{AdminDeleteIdentitiesInput, CreateIdentityInput, UndoInput};
use cognate::operation::DeleteIdentityPoolInput;

use super::*;
use crate::admin::journal::without_journal;
use crate::support::{id, message, parse, refused};

fn not_found(id: &IdentityId) -> Refusal {
    Refusal::IdentityNotFound { identity_id: id.clone() }
}

#[test]
fn an_event_of_an_identity_that_is_gone_is_not_found() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let unknown = parse(&id(0xfff));
    assert_eq!(refusal(undo(&admin, &event(&unknown, 1))), not_found(&unknown));
    let not_minted = parse("us-east-1:0");
    assert_eq!(refusal(undo(&admin, &event(&not_minted, 1))), not_found(&not_minted));
    let [alice, bob] = ["alice", "bob"].map(|user| world.register(&pool, user));
    merge(&world, &pool, "bob", "alice");
    let before = world.dump();
    super::super::delete(&admin, [&bob]).expect("deleted");
    // The event of the other identity still tells the merge.
    assert_eq!(refusal(undo(&admin, &event(&alice, 2))), not_found(&bob));
    assert_eq!(refusal(undo(&admin, &event(&bob, 2))), not_found(&bob));
    assert_eq!(refusal(undo(&admin, &event(&bob, 3))), not_found(&bob), "the deletion");
    assert_ne!(world.dump(), before);
    world.check();

    let carol = world.register(&pool, "carol");
    world.register(&pool, "dora");
    merge(&world, &pool, "carol", "dora");
    admin
        .delete_identities(AdminDeleteIdentitiesInput::new([&world.register(&pool, "dora")]))
        .expect("deleted");
    // With the destination, the events of the merged identity are gone.
    let refused = refusal(undo(&admin, &event(&carol, 2)));
    assert_eq!(refused, Refusal::EventNotFound { event: event(&carol, 2) });

    let eve = world.register(&pool, "eve");
    disable(&admin, &eve).expect("disabled");
    world.aws.delete_identity_pool(DeleteIdentityPoolInput::new(&pool)).expect("deleted");
    assert_eq!(refusal(undo(&admin, &event(&eve, 2))), not_found(&eve));
}

/// It has the revision that the event names, but is not the one that was merged.
#[test]
fn the_merge_of_an_identity_that_was_deleted_and_came_back_is_not_found() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let [alice, bob] = ["alice", "bob"].map(|user| world.register(&pool, user));
    world.register(&pool, "carol");
    merge(&world, &pool, "bob", "alice");
    super::super::delete(&admin, [&bob]).expect("deleted");
    let bobby = CreateIdentityInput::new(&pool).identity_id(&bob).logins(GAME, "bobby");
    admin.create_identity(bobby).expect("comes back");
    merge(&world, &pool, "bobby", "carol");
    let before = world.dump();
    let refused = refusal(undo(&admin, &event(&alice, 2)));
    assert_eq!(refused, Refusal::EventNotFound { event: event(&bob, 2) });
    assert_eq!(world.dump(), before);
    undo(&admin, &event(&bob, 2)).expect("undone");
    assert_eq!(world.register(&pool, "bobby"), bob);
    world.check();
}

#[test]
fn an_event_that_the_journal_does_not_have_is_not_found() {
    let world = World::with(without_journal);
    let (pool, admin) = (town(&world), world.engine.admin());
    let alice = world.register(&pool, "alice");
    link(&admin, &alice, FACEBOOK, "a").expect("linked");
    let later = world.over(with_journal);
    let admin = later.engine.admin();
    for revision in [0, 1, 2, 3, u32::MAX] {
        let event = event(&alice, revision);
        assert_eq!(refusal(undo(&admin, &event)), Refusal::EventNotFound { event });
    }
    unlink(&admin, &alice, FACEBOOK, "a").expect("unlinked");
    undo(&admin, &event(&alice, 3)).expect("undone");
    assert_eq!(
        refusal(undo(&admin, &event(&alice, 2))),
        Refusal::EventNotFound { event: event(&alice, 2) }
    );
    world.check();
}

#[test]
fn creations_and_restored_identities_cannot_be_undone() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let [alice, bob] = ["alice", "bob"].map(|user| world.register(&pool, user));
    let not_reversible = |event: EventId| {
        let before = world.dump();
        assert_eq!(refusal(undo(&admin, &event)), Refusal::EventNotReversible { event });
        assert_eq!(world.dump(), before);
    };
    // The record of the identity tells its creation, then the journal does.
    not_reversible(event(&alice, 1));
    merge(&world, &pool, "bob", "alice");
    not_reversible(event(&alice, 1));
    undo(&admin, &event(&alice, 2)).expect("undone");
    for of in [&alice, &bob] {
        not_reversible(event(of, 1));
        not_reversible(event(of, 3));
    }
    disable(&admin, &alice).expect("disabled");
    undo(&admin, &event(&alice, 4)).expect("undone");
    not_reversible(event(&alice, 5));
    let guest = guest(&world, &pool);
    link(&admin, &guest, FACEBOOK, "g").expect("linked");
    undo(&admin, &event(&guest, 2)).expect("undone");
    not_reversible(event(&guest, 3));
}

#[test]
fn a_malformed_name_of_an_event_is_refused() {
    let world = world();
    let admin = world.engine.admin();
    let pattern = r"Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+/[0-9]+";
    for text in ["x", "us-east-1:0", "us-east-1:0/", "us-east-1:0/-1", "us-east-1:0/4294967296"] {
        let shown = format!("'{text}'");
        let expected = message(&[(&shown, "eventId", pattern)]);
        let (kind, refused) = refused(admin.undo(UndoInput::new(text)));
        assert_eq!((kind, refused), ("ValidationException", expected));
    }
    for text in [String::new(), format!("us-east-1:{}/1", "0".repeat(60)), "x".repeat(1 << 20)] {
        let outcome = admin.undo(UndoInput::new(text.as_str()));
        assert!(matches!(outcome, Err(Error::Invalid(_))), "{outcome:?}");
        let explained = admin.explain(&admin, UndoInput::new(text.as_str()));
        assert!(matches!(explained, Err(Error::Invalid(_))), "{explained:?}");
    }
}

#[test]
fn a_refused_undo_changes_nothing() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let alice = world.register(&pool, "alice");
    unlink(&admin, &alice, GAME, "alice").expect("unlinked");
    world.register(&pool, "alice");
    let mut feed = world.engine.feed();
    let before = world.dump();
    let refused = undo(&admin, &event(&alice, 2));
    assert!(matches!(refused, Err(Error::Refused(Refusal::UndoOvertaken { .. }))), "{refused:?}");
    assert_eq!(world.dump(), before);
    assert_eq!(feed.next(std::time::Duration::ZERO), cognate::Fed::Nothing);
}
