//! Erasure and retention: nothing of a deleted user stays, and nothing older than the journal
//! keeps it.

use cognate::admin::AdminDeleteIdentitiesInput;
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    DeleteIdentitiesInput, DeleteIdentityPoolInput, MergeDeveloperIdentitiesInput, TagResourceInput,
};
use cognate::store::Tree;
use cognate::{Engine, Journal, Refusal, Removal};

use super::explained::{disable, link, undo, unlink};
use super::journal::{activity, event, history, told, with_journal, without_journal, world};
use super::{guest, records, refusal, town, user_of};
use crate::support::{AMAZON, FACEBOOK, GAME, NOON, World, call};

const DAY: u64 = 24 * 60 * 60 * 1000;

/// The records that have the text in their keys or values.
fn records_with(world: &World, text: &str) -> Vec<String> {
    let has = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let all = world.dump().into_iter().filter(|(key, value)| has(&key.bytes) || has(value));
    all.map(|(key, _)| key.to_string()).collect()
}

fn merge(world: &World, pool: &IdentityPoolId, from: &str, to: &str) {
    let input = MergeDeveloperIdentitiesInput::new(pool, GAME, from, to);
    world.aws.merge_developer_identities(input).expect("merged");
}

/// Each way to delete an identity.
fn deletions() -> [fn(&World, &IdentityId); 3] {
    [
        |world, id| {
            let deleted = world.aws.delete_identities(DeleteIdentitiesInput::new([id]));
            assert_eq!(deleted.expect("deleted").unprocessed_identity_ids, []);
        },
        |world, id| {
            let input = AdminDeleteIdentitiesInput::new([id]);
            world.engine.admin().delete_identities(input).expect("deleted");
        },
        |world, id| {
            let pool = world.engine.admin().identity(id).expect("known").identity_pool_id;
            world.aws.delete_identity_pool(DeleteIdentityPoolInput::new(&pool)).expect("deleted");
            world.engine.finish_removals().expect("removed");
            for tree in [Tree::Journal, Tree::Activity] {
                assert_eq!(records(world, tree).len(), 0);
            }
        },
    ]
}

#[test]
fn nothing_tells_the_logins_of_a_deleted_identity() {
    for delete in deletions() {
        for parts in [with_journal, without_journal] {
            let world = world();
            let (pool, admin) = (town(&world), world.engine.admin());
            let input = call(&pool, "secret-1").logins(FACEBOOK, "user:secret-2");
            let alice = world.resolve(input).expect("registered");
            for n in 3..90 {
                link(&admin, &alice, AMAZON, &format!("secret-{n}")).expect("linked");
                unlink(&admin, &alice, AMAZON, &format!("secret-{n}")).expect("unlinked");
            }
            undo(&admin, &event(&alice, 9)).expect("undone");
            assert!(records_with(&world, "secret").len() > 170);
            // The journal may be switched off by then.
            delete(&world.over(parts), &alice);
            assert_eq!(records_with(&world, "secret"), [""; 0]);
            world.check();
        }
    }
}

/// A creation that only the record of the identity tells, one that the journal tells alone, and
/// one that nothing tells.
#[test]
fn nothing_tells_the_first_login_of_a_deleted_identity() {
    for delete in deletions() {
        let world = World::with(without_journal);
        let (pool, journal) = (town(&world), world.over(with_journal));
        let unchanged = journal.register(&pool, "secret-1");
        let late = world.register(&pool, "secret-2");
        link(&journal.engine.admin(), &late, FACEBOOK, "secret-3").expect("linked");
        let silent = world.register(&pool, "secret-4");
        for id in [&unchanged, &late, &silent] {
            if world.engine.admin().identity(id).is_ok() {
                delete(&world, id);
            }
        }
        assert_eq!(records_with(&world, "secret"), [""; 0]);
        world.check();
    }
}

#[test]
fn nothing_tells_the_logins_of_identities_that_were_merged_into_a_deleted_one() {
    for delete in deletions() {
        let world = world();
        let (pool, admin) = (town(&world), world.engine.admin());
        // A chain of merges, and a call that merges two at once.
        for n in 0..6 {
            let id = world.register(&pool, &format!("secret-{n}"));
            link(&admin, &id, AMAZON, &format!("secret-of-{n}")).expect("linked");
            unlink(&admin, &id, AMAZON, &format!("secret-of-{n}")).expect("unlinked");
        }
        for n in 1..6 {
            merge(&world, &pool, &format!("secret-{}", n - 1), &format!("secret-{n}"));
        }
        user_of(&world, &pool, FACEBOOK, "secret-face");
        user_of(&world, &pool, AMAZON, "secret-amy");
        let input = call(&pool, "secret-5").logins(FACEBOOK, "user:secret-face");
        let last = world.resolve(input.logins(AMAZON, "user:secret-amy")).expect("merged");
        let guest = guest(&world, &pool);
        delete(&world, &last);
        assert_eq!(records_with(&world, "secret"), [""; 0]);
        let left = world.engine.admin().identity(&guest).is_ok();
        assert_eq!(left, !records(&world, Tree::Identities).is_empty());
        world.check();
    }
}

/// Only the first of several merges of the same two identities was once looked at.
#[test]
fn an_identity_that_came_back_and_was_merged_again_is_erased() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let [alice, bob] = ["secret-1", "secret-2"].map(|user| world.register(&pool, user));
    merge(&world, &pool, "secret-1", "secret-2");
    undo(&admin, &event(&alice, 2)).expect("undone");
    merge(&world, &pool, "secret-1", "secret-2");
    deletions()[0](&world, &bob);
    assert_eq!(records_with(&world, "secret"), [""; 0]);
    assert_eq!(history(&world, &alice), []);
    world.check();
}

/// A merge that was undone, whether as a whole or in parts, leaves each identity its own events.
#[test]
fn an_identity_that_came_back_keeps_its_history() {
    for in_parts in [false, true] {
        for journal in [with_journal, without_journal] {
            let world = world();
            let pool = town(&world);
            let [alice, bob] = ["alice", "secret"].map(|user| world.register(&pool, user));
            link(&world.engine.admin(), &alice, FACEBOOK, "kept").expect("linked");
            merge(&world, &pool, "alice", "secret");
            let undone = if in_parts { event(&alice, 3) } else { event(&bob, 2) };
            undo(&world.over(journal).engine.admin(), &undone).expect("undone");
            let before = history(&world, &alice);
            deletions()[1](&world, &bob);
            assert_eq!(history(&world, &alice), before);
            assert!(before.len() >= 3, "{before:?}");
            assert_eq!(records_with(&world, "secret"), [""; 0]);
            world.check();
        }
    }
}

/// The destination of an undone merge keeps its own events. They tell the logins that it had for a
/// time until they expire.
#[test]
fn what_an_identity_had_for_a_time_stays_in_its_own_history() {
    let world = World::with(|builder| with_journal(builder).journal(Journal::keep(30)));
    let (pool, admin) = (town(&world), world.engine.admin());
    let [alice, bob] = ["alice", "secret"].map(|user| world.register(&pool, user));
    merge(&world, &pool, "secret", "alice");
    undo(&admin, &event(&alice, 2)).expect("undone");
    deletions()[0](&world, &bob);
    // The merge, and its undo.
    assert_eq!(records_with(&world, "secret").len(), 2);
    world.clock.set(NOON + 30 * DAY);
    world.engine.expire_events().expect("expired");
    assert_eq!(records_with(&world, "secret").len(), 2);
    world.clock.set(NOON + 30 * DAY + 1);
    world.engine.expire_events().expect("expired");
    assert_eq!(records_with(&world, "secret"), [""; 0]);
    world.check();
}

#[test]
fn exactly_the_events_that_are_too_old_expire() {
    let world = World::with(|builder| with_journal(builder).journal(Journal::keep(10)));
    let (pool, admin) = (town(&world), world.engine.admin());
    let other = town(&world);
    let alice = world.register(&pool, "alice");
    let quiet = world.register(&other, "quiet");
    // More than two steps of events on the first days, then one in each hour of the last days.
    for n in 0..300 {
        world.clock.set(NOON + n);
        link(&admin, &alice, FACEBOOK, &format!("{n}")).expect("linked");
        unlink(&admin, &alice, FACEBOOK, &format!("{n}")).expect("unlinked");
    }
    for n in 1..=24 {
        world.clock.set(NOON + n * DAY / 24);
        link(&admin, &alice, FACEBOOK, &format!("late-{n}")).expect("linked");
        unlink(&admin, &alice, FACEBOOK, &format!("late-{n}")).expect("unlinked");
    }
    let whole = history(&world, &alice);
    assert_eq!(whole.len(), 1 + 600 + 48);
    // Alice's and the pools' own creations, and all of the first minute.
    for (now, expired) in [
        (NOON + 10 * DAY, 0),
        (NOON + 10 * DAY + 1, 1 + 2 + 2),
        (NOON + 10 * DAY + 300, 299 * 2),
        (NOON + 10 * DAY + 12 * DAY / 24, 11 * 2),
        (NOON + 10 * DAY + 12 * DAY / 24, 0),
    ] {
        world.clock.set(now);
        let due = |date: u64| date + 10 * DAY < now;
        assert_eq!(world.engine.expire_events().expect("expired"), expired, "{now}");
        let kept: Vec<_> = whole.iter().filter(|e| !due(e.date.as_millis())).cloned().collect();
        assert_eq!(history(&world, &alice), kept);
        assert_eq!(
            activity(&world, &pool).len(),
            kept.len() + usize::from(expired == 0 && now == NOON + 10 * DAY)
        );
        world.check();
    }
    // The record of an identity that has not changed still tells its creation.
    assert_eq!(history(&world, &quiet).len(), 1);
    // What has expired is not undone any more, the rest is.
    let unknown = event(&alice, 3);
    assert_eq!(refusal(undo(&admin, &unknown)), Refusal::EventNotFound { event: unknown });
    let newest = history(&world, &alice).remove(0);
    undo(&admin, &newest.id().expect("an identity's")).expect("undone");
    world.check();
}

/// The events of pools and of identities in one pool, and of several pools.
#[test]
fn events_of_every_pool_expire() {
    let world = World::with(|builder| with_journal(builder).journal(Journal::keep(1)));
    let pools: Vec<_> = (0..3).map(|_| town(&world)).collect();
    let owner = world.of("210987654321", "eu-west-1");
    let foreign = town(&owner);
    for (world, pool) in pools.iter().map(|pool| (&world, pool)).chain([(&owner, &foreign)]) {
        for n in 0..100 {
            let arn = world.aws.identity_pool_arn(pool);
            let tag = TagResourceInput::new(&arn).tags("n", format!("{n}"));
            world.aws.tag_resource(tag).expect("tagged");
        }
    }
    assert_eq!(records(&world, Tree::Journal).len(), 4 * 101);
    world.clock.set(NOON + 2 * DAY);
    assert_eq!(world.engine.expire_events().expect("expired"), 4 * 101);
    for tree in [Tree::Journal, Tree::Activity] {
        assert_eq!(records(&world, tree).len(), 0);
    }
    world.check();
}

/// An undo of a merge whose events expired on one side only.
#[test]
fn a_merge_is_not_undone_without_the_event_of_the_other_identity() {
    let world = World::with(|builder| with_journal(builder).journal(Journal::keep(10)));
    let (pool, admin) = (town(&world), world.engine.admin());
    let bob = world.register(&pool, "bob");
    world.clock.set(NOON + DAY);
    let alice = world.register(&pool, "alice");
    // The clock runs backwards: only Alice's event is dated by her last change.
    world.clock.set(NOON);
    merge(&world, &pool, "bob", "alice");
    world.clock.set(NOON + 10 * DAY + 1);
    world.engine.expire_events().expect("expired");
    assert_eq!((history(&world, &bob).len(), history(&world, &alice).len()), (0, 2));
    for undone in [event(&alice, 2), event(&bob, 2)] {
        let expected = Refusal::EventNotFound { event: event(&bob, 2) };
        assert_eq!(refusal(undo(&admin, &undone)), expected, "{undone}");
    }
    deletions()[1](&world, &alice);
    assert_eq!(records_with(&world, "bob"), [""; 0]);
    world.check();
}

#[test]
fn events_expire_in_the_background() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::with(without_journal);
    let open = || {
        let builder = Engine::builder().clock(world.clock.clone()).journal(Journal::keep(1));
        builder.removal(Removal::Background).open(folder.path()).expect("opens")
    };
    let engine = open();
    let aws = crate::support::developer(&engine, crate::support::ACCOUNT, crate::support::REGION);
    let pool = crate::support::game(&aws);
    let told = |engine: &Engine| {
        let input = cognate::admin::ActivityInput::new(&pool, 60);
        engine.admin().activity(input).expect("listed").events.len()
    };
    assert_eq!(told(&engine), 2);
    engine.close().expect("closes");
    world.clock.set(NOON + 2 * DAY);
    let engine = open();
    for _ in 0..600 {
        if told(&engine) == 0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(told(&engine), 0);
    assert_eq!(engine.check().expect("readable"), []);
}

/// A deleted identity leaves one event, which names its id and no login.
#[test]
fn the_deletion_itself_is_told_without_logins() {
    let world = world();
    let (pool, admin) = (town(&world), world.engine.admin());
    let alice = world.register(&pool, "secret");
    disable(&admin, &alice).expect("disabled");
    world.clock.set(NOON + 1);
    deletions()[0](&world, &alice);
    let events = activity(&world, &pool);
    let lines: Vec<_> = events.iter().map(told).collect();
    assert_eq!(
        lines,
        [
            "<2>/3 DeleteIdentities 123456789012 -: deleted",
            "pool/1 CreateIdentityPool 123456789012 -: created",
        ]
    );
    world.check();
}
