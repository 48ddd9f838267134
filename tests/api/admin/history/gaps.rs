//! Journals that begin late, or that were off for a time, and records of older engines.

use super::*;
use crate::revisions::{self, WITHOUT_REVISIONS};

#[test]
fn without_a_journal_there_are_no_events() {
    let world = World::with(without_journal);
    let (pool, admin) = (town(&world), world.engine.admin());
    let alice = world.register(&pool, "alice");
    link(&admin, &alice, FACEBOOK, "a").expect("linked");
    assert_eq!((history(&world, &alice).len(), activity(&world, &pool).len()), (0, 0));
    for tree in [cognate::store::Tree::Journal, cognate::store::Tree::Activity] {
        assert_eq!(records(&world, tree).len(), 0);
    }
}

#[test]
fn a_history_begins_when_the_journal_does() {
    let world = World::with(without_journal);
    let (pool, admin) = (town(&world), world.engine.admin());
    let alice = world.register(&pool, "alice");
    let journal = world.over(with_journal).engine.admin();
    assert_eq!(history(&world, &alice).len(), 0);
    link(&journal, &alice, FACEBOOK, "a").expect("linked");
    assert_eq!(revisions(&history(&world, &alice)), [2]);

    // Off again: a gap, which may swallow a creation that only the record told.
    let bob = world.over(with_journal).register(&pool, "bob");
    assert_eq!(revisions(&history(&world, &bob)), [1]);
    for id in [&alice, &bob] {
        link(&admin, id, AMAZON, id.as_str()).expect("linked");
    }
    assert_eq!(revisions(&history(&world, &alice)), [2]);
    assert_eq!(revisions(&history(&world, &bob)), [0_u32; 0]);
    world.check();

    // On again: what was before the gap stays.
    for id in [&alice, &bob] {
        unlink(&journal, id, AMAZON, id.as_str()).expect("unlinked");
    }
    assert_eq!(revisions(&history(&world, &alice)), [4, 2]);
    assert_eq!(revisions(&history(&world, &bob)), [3]);
    let told = lines(&activity(&world, &pool));
    assert_eq!(
        told,
        [
            "<3>/3 UnlinkLogin administrator -: unlinked a:us-east-1:00000000-0000-4000-8000-\
             000000000003",
            "<2>/4 UnlinkLogin administrator -: unlinked a:us-east-1:00000000-0000-4000-8000-\
             000000000002",
            "<2>/2 LinkLogin administrator -: linked f:a",
        ]
    );
    assert_eq!(activity_in_pages(&world, &pool, 1), activity(&world, &pool));
    undo(&journal, &event(&alice, 4)).expect("undone");
    undo(&journal, &event(&alice, 2)).expect("undone across the gap");
    world.check();
}

/// An engine without a journal reads what another one has kept.
#[test]
fn events_stay_if_the_engine_is_opened_without_a_journal() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let alice = world.register(&pool, "alice");
    link(&admin, &alice, FACEBOOK, "a").expect("linked");
    let silent = world.over(without_journal);
    assert_eq!(history(&silent, &alice), history(&world, &alice));
    assert_eq!(activity(&silent, &pool), activity(&world, &pool));
    assert_eq!(silent.engine.expire_events().expect("nothing to do"), 0);
}

#[test]
fn identities_of_older_formats_have_the_history_of_their_later_revisions() {
    const ALICE: &str = "us-east-1:7bc333e3-c533-44ce-8327-996fa10913cd";
    const BOB: &str = "us-east-1:6a5e9a8e-765d-41dc-93d6-348ead76a0dd";
    let (alice, bob): (IdentityId, IdentityId) = (parse(ALICE), parse(BOB));
    let pool: IdentityPoolId = parse("us-east-1:22db4536-f4cc-42f5-8087-84290a8de01f");
    let world = world();
    revisions::plant(&world, WITHOUT_REVISIONS);
    let admin = world.engine.admin();
    assert_eq!((history(&world, &alice).len(), activity(&world, &pool).len()), (0, 0));
    link(&admin, &alice, GAME, "alice").expect("linked");
    assert_eq!(revisions(&history(&world, &alice)), [1]);
    undo(&admin, &event(&alice, 1)).expect("undone");
    assert_eq!(revisions(&history(&world, &alice)), [2, 1]);
    assert_eq!(activity(&world, &pool).len(), 2);
    let nothing = refusal(undo(&admin, &event(&bob, 0)));
    assert_eq!(nothing, Refusal::EventNotFound { event: event(&bob, 0) });
    world.check();

    // The first revision is erased with the identity.
    link(&admin, &bob, GAME, "erased-with-bob").expect("linked");
    delete(&admin, [&bob]).expect("deleted");
    for (key, value) in world.dump() {
        let is_found = value.windows(15).any(|bytes| bytes == b"erased-with-bob");
        assert!(!is_found, "{key}");
    }
    world.check();
}

/// A planted record of the format without a creation has no event of it.
#[test]
fn the_creation_is_told_only_if_the_record_tells_it() {
    let world = world();
    let pool = town(&world);
    let alice = world.register(&pool, "alice");
    let (key, value) = records(&world, cognate::store::Tree::Identities).pop_first().expect("one");
    // The call of the creation comes last: an operation, a caller, and two absent request ids.
    let mut without = value[..value.len() - 4].to_vec();
    without[0] = 2;
    assert_eq!(history(&world, &alice).len(), 1);
    plant(&world, vec![(cognate::store::Key::new(cognate::store::Tree::Identities, key), without)]);
    assert_eq!(history(&world, &alice).len(), 0);
    assert_eq!(world.engine.admin().identity(&alice).expect("known").revision, 1);
    world.check();
}
