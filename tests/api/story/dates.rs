//! Creation dates and last-modified dates of identities.

use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::UnlinkDeveloperIdentityInput;

use super::{merge, world};
use crate::support::{FACEBOOK, GAME, NOON, World, call};

/// The dates of creation and of the last change, in milliseconds after noon.
fn dates(world: &World, id: &IdentityId) -> (u64, u64) {
    let described = world.describe(id);
    (described.creation_date.as_millis() - NOON, described.last_modified_date.as_millis() - NOON)
}

fn unlink(world: &World, pool: &IdentityPoolId, id: &IdentityId, user: &str) {
    let input = UnlinkDeveloperIdentityInput::new(pool, id, GAME, user);
    world.aws.unlink_developer_identity(input).expect("unlinked");
}

#[test]
fn only_real_changes_move_the_last_date() {
    let world = world();
    let pool = world.game();
    world.clock.set(NOON + 1);
    let alice = world.register(&pool, "alice");
    assert_eq!(dates(&world, &alice), (1, 1), "equal when it is fresh, to the millisecond");

    world.clock.set(NOON + 2);
    world.register(&pool, "alice");
    let given = call(&pool, "alice").identity_id(&alice);
    world.resolve(given).expect("known");
    assert_eq!(dates(&world, &alice), (1, 1), "a repetition is no change");

    world.clock.set(NOON + 3);
    let linked = call(&pool, "alice").logins(FACEBOOK, "user:a");
    world.resolve(linked).expect("linked");
    assert_eq!(dates(&world, &alice), (1, 3));

    world.clock.set(NOON + 4);
    let bob = world.register(&pool, "bob");
    world.clock.set(NOON + 5);
    world.aws.merge_developer_identities(merge(&pool, "bob", "alice")).expect("merged");
    assert_eq!((dates(&world, &alice), dates(&world, &bob)), ((1, 5), (4, 5)), "both of a merge");

    world.clock.set(NOON + 6);
    world.aws.merge_developer_identities(merge(&pool, "bob", "alice")).expect("merged before");
    assert_eq!(dates(&world, &alice), (1, 5));

    world.clock.set(NOON + 7);
    unlink(&world, &pool, &alice, "bob");
    assert_eq!((dates(&world, &alice), dates(&world, &bob)), ((1, 7), (4, 5)));
}

#[test]
fn a_clock_that_runs_backwards_moves_no_date_back() {
    let world = world();
    let pool = world.game();
    world.clock.set(NOON + 50);
    let alice = world.register(&pool, "alice");
    let bob = world.register(&pool, "bob");

    world.clock.set(NOON + 40);
    let linked = call(&pool, "alice").logins(FACEBOOK, "user:a");
    world.resolve(linked).expect("linked");
    assert_eq!(dates(&world, &alice), (50, 50));

    world.clock.set(NOON + 30);
    let carol = world.register(&pool, "carol");
    assert_eq!(dates(&world, &carol), (30, 30), "a new identity has no earlier date");
    world.clock.set(NOON + 20);
    world.aws.merge_developer_identities(merge(&pool, "bob", "carol")).expect("merged");
    assert_eq!((dates(&world, &bob), dates(&world, &carol)), ((50, 50), (30, 30)));

    world.clock.set(NOON + 60);
    unlink(&world, &pool, &carol, "bob");
    world.clock.set(NOON + 10);
    unlink(&world, &pool, &carol, "carol");
    assert_eq!(dates(&world, &carol), (30, 60), "disabled");
    world.check();
}

#[test]
fn a_merge_changes_both_identities_at_the_same_moment() {
    let world = world();
    let pool = world.game();
    let bob = call(&pool, "bob").logins(FACEBOOK, "user:b");
    let bob = world.resolve(bob).expect("registered");
    world.clock.set(NOON + 1);
    let alice = world.register(&pool, "alice");
    world.clock.set(NOON + 2);
    let both = call(&pool, "alice").logins(FACEBOOK, "user:b");
    assert_eq!(world.resolve(both).expect("merged"), alice);
    assert_eq!((dates(&world, &alice), dates(&world, &bob)), ((1, 2), (0, 2)));
}
