//! Scenarios of several calls on pools and identities, through the typed door.

mod dates;
mod limits;
mod listing;
mod pools;
mod tenancy;

use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    IdentityState, LookupDeveloperIdentityInput, MergeDeveloperIdentitiesInput,
    UnlinkDeveloperIdentityInput,
};
use cognate::store::Tree;
use cognate::token::SigningAlgorithm;

use crate::support::{AMAZON, FACEBOOK, GAME, World, call, key, parse, refused};

/// An engine that caches pools and keys, as an embedder's engine does.
fn world() -> World {
    World::exclusive(|builder| builder.signing_key(key(SigningAlgorithm::EdDsa)))
}

fn merge(pool: &IdentityPoolId, from: &str, to: &str) -> MergeDeveloperIdentitiesInput {
    MergeDeveloperIdentitiesInput::new(pool, GAME, from, to)
}

/// The developer users of an identity, in order.
fn users(world: &World, pool: &IdentityPoolId, id: &IdentityId) -> Vec<String> {
    let input = LookupDeveloperIdentityInput::new(pool).identity_id(id);
    let found = world.aws.lookup_developer_identity(input).expect("found");
    assert_eq!((&found.identity_id, found.next_token), (id, None));
    found.developer_user_identifier_list.iter().map(ToString::to_string).collect()
}

#[test]
fn the_identity_of_a_user_stays_the_same() {
    let world = world();
    let pool = world.game();
    let alice = world.register(&pool, "alice");
    assert_eq!(world.register(&pool, "alice"), alice);
    assert_ne!(world.register(&pool, "Alice"), alice, "identifiers are case-sensitive");
    assert_ne!(world.register(&pool, "alice "), alice);
    assert_ne!(world.register(&world.game(), "alice"), alice, "each pool has its own users");
    let given = call(&pool, "alice").identity_id(&alice);
    assert_eq!(world.resolve(given).expect("a login of the given identity"), alice);
    world.check();
}

#[test]
fn logins_that_were_linked_together_open_the_identity_alone() {
    let world = world();
    let pool = world.game();
    let both = call(&pool, "alice").logins(FACEBOOK, "user:a");
    let alice = world.resolve(both).expect("registered");
    assert_eq!(world.register(&pool, "alice"), alice);
    // Zoe is new and the Facebook user is known: a login without an owner joins the other's
    // identity.
    let zoe = call(&pool, "zoe").logins(FACEBOOK, "user:a");
    assert_eq!(world.resolve(zoe).expect("linked"), alice);
    assert_eq!(world.register(&pool, "zoe"), alice);
    assert_eq!(users(&world, &pool, &alice), ["alice", "zoe"]);
    assert_eq!(world.describe(&alice).logins, [parse(FACEBOOK), parse(GAME)]);
    world.check();
}

#[test]
fn logins_of_two_identities_merge_them_into_that_of_the_developer_user() {
    let world = world();
    let pool = world.game();
    let older = call(&pool, "bob").logins(FACEBOOK, "user:b");
    let older = world.resolve(older).expect("registered");
    let alice = world.register(&pool, "alice");
    let both = call(&pool, "alice").logins(FACEBOOK, "user:b");
    assert_eq!(world.resolve(both).expect("merged"), alice, "although it is the younger one");
    assert_eq!(world.register(&pool, "bob"), alice);
    assert_eq!(users(&world, &pool, &alice), ["alice", "bob"]);
    assert_eq!(world.describe(&older).state, IdentityState::Disabled);
    world.check();
}

#[test]
fn a_login_of_another_identity_is_merged_into_the_given_one() {
    let world = world();
    let pool = world.game();
    let alice = world.register(&pool, "alice");
    let bob = call(&pool, "bob").logins(FACEBOOK, "user:b");
    let bob = world.resolve(bob).expect("registered");
    let claimed = call(&pool, "alice").logins(FACEBOOK, "user:b");
    let claimed = claimed.identity_id(&alice);
    assert_eq!(world.resolve(claimed).expect("merged"), alice);
    assert_eq!(world.describe(&bob).state, IdentityState::Disabled);
    assert_eq!(users(&world, &pool, &alice), ["alice", "bob"]);
    world.check();
}

#[test]
fn a_merge_gives_both_users_the_destination_identity() {
    let world = world();
    let pool = world.game();
    let alice = call(&pool, "alice").logins(AMAZON, "user:a");
    let alice = world.resolve(alice).expect("registered");
    let bob = call(&pool, "bob").logins(FACEBOOK, "user:b");
    let bob = world.resolve(bob).expect("registered");

    let merged = world.aws.merge_developer_identities(merge(&pool, "bob", "alice"));
    assert_eq!(merged.expect("merged").identity_id, alice);
    for user in ["alice", "bob"] {
        assert_eq!(world.register(&pool, user), alice, "{user}");
    }
    let left = world.describe(&bob);
    assert_eq!((left.state, left.logins), (IdentityState::Disabled, vec![]));
    let merged = world.describe(&alice);
    assert_eq!(merged.state, IdentityState::Authenticated);
    assert_eq!(merged.logins, [parse(FACEBOOK), parse(GAME), parse(AMAZON)]);
    let by_facebook = call(&pool, "bob").logins(FACEBOOK, "user:b");
    assert_eq!(world.resolve(by_facebook).expect("known"), alice, "the public login moved too");

    let given = call(&pool, "bob").identity_id(&bob);
    let message = "This developer user identifier is already registered with Cognito.".to_owned();
    let name = "DeveloperUserAlreadyRegisteredException";
    assert_eq!(refused(world.resolve(given)), (name, message), "bob is of alice's identity now");
    world.check();
}

#[test]
fn a_merge_of_one_identity_changes_nothing() {
    let world = World::new();
    let pool = world.game();
    let alice = world.register(&pool, "alice");
    world.register(&pool, "bob");
    world.aws.merge_developer_identities(merge(&pool, "bob", "alice")).expect("merged");
    let before = world.dump();
    for (from, to) in [("bob", "alice"), ("alice", "bob"), ("alice", "alice")] {
        let merged = world.aws.merge_developer_identities(merge(&pool, from, to));
        assert_eq!(merged.expect("nothing to do").identity_id, alice);
        assert_eq!(world.dump(), before);
    }
}

#[test]
fn an_unlinked_user_gets_a_new_identity() {
    let world = world();
    let pool = world.game();
    let alice = world.register(&pool, "alice");
    world.register(&pool, "alice-2");
    world.aws.merge_developer_identities(merge(&pool, "alice-2", "alice")).expect("merged");
    let unlink = |user| {
        let input = UnlinkDeveloperIdentityInput::new(&pool, &alice, GAME, user);
        world.aws.unlink_developer_identity(input)
    };

    unlink("alice").expect("unlinked");
    assert_eq!(world.describe(&alice).state, IdentityState::Authenticated);
    assert_eq!(users(&world, &pool, &alice), ["alice-2"]);
    let fresh = world.register(&pool, "alice");
    assert_ne!(fresh, alice);
    let elsewhere = format!(
        "The specified developer user identifier is not associated with identity '{alice}'."
    );
    assert_eq!(refused(unlink("alice")), ("ResourceConflictException", elsewhere));

    unlink("alice-2").expect("unlinked");
    let left = world.describe(&alice);
    assert_eq!((left.state, left.logins), (IdentityState::Disabled, vec![]));
    assert_eq!(users(&world, &pool, &alice), [""; 0]);
    let unknown = "Developer user identifier 'alice-2' not found.".to_owned();
    assert_eq!(refused(unlink("alice-2")), ("ResourceNotFoundException", unknown));

    let returned = world.register(&pool, "alice-2");
    assert_ne!(returned, alice, "disabled is final");
    assert_ne!(returned, fresh);
    world.check();
}

#[test]
fn an_identity_lives_on_with_a_public_login() {
    let world = world();
    let pool = world.game();
    let both = call(&pool, "alice").logins(FACEBOOK, "user:a");
    let alice = world.resolve(both).expect("registered");
    let unlink = UnlinkDeveloperIdentityInput::new(&pool, &alice, GAME, "alice");
    world.aws.unlink_developer_identity(unlink).expect("unlinked");
    let left = world.describe(&alice);
    assert_eq!((left.state, left.logins), (IdentityState::Authenticated, vec![parse(FACEBOOK)]));
    assert_eq!(users(&world, &pool, &alice), [""; 0]);
    assert_ne!(world.register(&pool, "alice"), alice);
    world.check();
}

#[test]
fn an_identity_can_be_resolved_without_a_token() {
    let world = World::with(|builder| builder.signing_algorithm(SigningAlgorithm::EdDsa));
    let pool = world.game();
    let alice = world.aws.resolve_developer_identity(call(&pool, "alice")).expect("registered");
    let before = world.dump();
    assert!(before.iter().all(|(key, _)| key.tree != Tree::SigningKeys), "no key is made");
    assert_eq!(world.aws.resolve_developer_identity(call(&pool, "alice")).expect("known"), alice);
    assert_eq!(world.dump(), before);
    assert_eq!(world.register(&pool, "alice"), alice);
    let given = call(&pool, "zoe").identity_id("us-east-1:0");
    let outcome = world.aws.resolve_developer_identity(given);
    let message = "Identity 'us-east-1:0' not found.".to_owned();
    assert_eq!(refused(outcome), ("ResourceNotFoundException", message));
}
