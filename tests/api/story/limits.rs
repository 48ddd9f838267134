//! Limits on numbers and sizes.

use std::collections::BTreeMap;

use cognate::Result;
use cognate::name::IdentityPoolId;
use cognate::operation::{
    CognitoIdentityProvider, CreateIdentityPoolInput, DeleteIdentityPoolInput, GuestAccess,
    IdentityState, ListIdentityPoolsInput,
};

use super::{merge, users, world};
use crate::support::{ACCOUNT, GAME, World, call, developer, parse, refused};

fn too_many() -> (&'static str, String) {
    ("ResourceConflictException", "The number of linked logins cannot exceed 20.".to_owned())
}

#[test]
fn twenty_developer_users_can_be_merged_into_one_identity() {
    let world = world();
    let pool = world.game();
    let alice = world.register(&pool, "user-1");
    for n in 2..=20 {
        let user = format!("user-{n}");
        world.register(&pool, &user);
        let merged = world.aws.merge_developer_identities(merge(&pool, &user, "user-1"));
        assert_eq!(merged.expect("at most twenty").identity_id, alice);
    }
    let last = world.register(&pool, "user-21");
    for (from, to) in [("user-21", "user-1"), ("user-1", "user-21")] {
        let merged = world.aws.merge_developer_identities(merge(&pool, from, to));
        assert_eq!(refused(merged), too_many(), "{from} into {to}");
    }
    assert_eq!(users(&world, &pool, &alice).len(), 20);
    assert_eq!(world.describe(&last).state, IdentityState::Authenticated, "nothing has moved");
    world.check();
}

/// A pool that accepts thirty user pools, whose names end in their numbers.
fn of_user_pools(world: &World) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let input = input.developer_provider_name(GAME);
    let input = (0..30).fold(input, |input, n| {
        let provider = CognitoIdentityProvider::new(parse(&user_pool(n)), parse("3n4b"));
        input.cognito_identity_providers(provider)
    });
    world.aws.create_identity_pool(input).expect("created").identity_pool_id
}

fn user_pool(n: usize) -> String {
    format!("cognito-idp.us-east-1.amazonaws.com/us-east-1_{n}")
}

#[test]
fn twenty_logins_of_public_providers_can_be_linked() {
    let world = world();
    let pool = of_user_pools(&world);
    // Ten logins of one call, including the developer user.
    let link = |from: usize, to: usize| -> Result<_> {
        let input =
            (from..to).fold(call(&pool, "alice"), |input, n| input.logins(user_pool(n), "user:a"));
        world.resolve(input)
    };
    let alice = link(0, 9).expect("ten");
    assert_eq!(link(9, 18).expect("nineteen"), alice);
    assert_eq!(
        refused(link(18, 20)),
        too_many(),
        "two more exceed the limit by one, and none is linked"
    );
    assert_eq!(link(18, 19).expect("twenty"), alice);
    assert_eq!(refused(link(19, 20)), too_many());
    assert_eq!(link(0, 9).expect("those are linked already"), alice);
    let another = call(&pool, "alice-2").identity_id(&alice);
    assert_eq!(refused(world.resolve(another)), too_many(), "developer users count too");

    let described = world.describe(&alice);
    assert_eq!(described.logins.len(), 20);
    assert!(described.logins.is_sorted());
    assert_eq!(world.register(&pool, "alice"), alice);
    world.check();
}

#[test]
fn a_merge_of_public_logins_counts_them_too() {
    let world = world();
    let pool = of_user_pools(&world);
    let register = |user: &str, logins: std::ops::Range<usize>| {
        let input = logins.map(user_pool).fold(call(&pool, user), |input, provider| {
            input.logins(provider, format!("user:{user}").as_str())
        });
        world.resolve(input).expect("registered")
    };
    let alice = register("alice", 0..9);
    let bob = register("bob", 9..18);
    register("carol", 18..19);
    let merged = world.aws.merge_developer_identities(merge(&pool, "bob", "alice"));
    assert_eq!(merged.expect("twenty").identity_id, alice);
    assert_eq!(world.describe(&bob).state, IdentityState::Disabled);
    let merged = world.aws.merge_developer_identities(merge(&pool, "carol", "alice"));
    assert_eq!(refused(merged), too_many());
    world.check();
}

#[test]
fn a_pool_that_is_deleted_makes_room_for_another() {
    let world = world();
    let create = || {
        let input = CreateIdentityPoolInput::new("one of many", GuestAccess::Denied);
        world.aws.create_identity_pool(input).map(|pool| pool.identity_pool_id)
    };
    let mut pools: Vec<_> = (0..1000).map(|_| create().expect("not yet the last")).collect();
    let full = ("LimitExceededException", "Identity pool limit exceeded.".to_owned());
    assert_eq!(refused(create()), full);
    let delete = DeleteIdentityPoolInput::new(pools.remove(500));
    world.aws.delete_identity_pool(delete).expect("deleted");
    pools.push(create().expect("one has gone"));
    assert_eq!(refused(create()), full);

    let mut listed = Vec::new();
    let mut input = ListIdentityPoolsInput::new(60);
    loop {
        let page = world.aws.list_identity_pools(input.clone()).expect("listed");
        listed.extend(page.identity_pools.into_iter().map(|pool| pool.identity_pool_id));
        let Some(next) = page.next_token else { break };
        input = input.next_token(next);
    }
    assert_eq!(listed, pools, "in the order of their creation");

    let elsewhere = developer(&world.engine, ACCOUNT, "eu-west-1");
    let input = CreateIdentityPoolInput::new("another region", GuestAccess::Denied);
    elsewhere.create_identity_pool(input).expect("has room");
    world.check();
}

#[test]
fn fifty_user_pools_and_fifty_tags_are_accepted() {
    let world = world();
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let input = (0..50).fold(input, |input, n| {
        let provider = CognitoIdentityProvider::new(parse(&user_pool(n)), parse("3n4b"));
        input
            .cognito_identity_providers(provider)
            .identity_pool_tags(format!("tag {n}"), "a_.:/=+-@")
    });
    let pool = world.aws.create_identity_pool(input).expect("created");
    assert_eq!(pool.cognito_identity_providers.len(), 50);
    let tags: BTreeMap<_, _> =
        (0..50).map(|n| (parse(&format!("tag {n}")), parse("a_.:/=+-@"))).collect();
    assert_eq!(pool.identity_pool_tags, tags);
}

/// Settings larger than one request over the wire can carry.
#[test]
fn settings_that_are_too_large_to_keep_are_refused() {
    let world = world();
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let large = (0..9_000).fold(input, |input, n| {
        let arn = format!("arn:aws:iam::123456789012:oidc-provider/{n:02000}");
        input.open_id_connect_provider_arns(arn)
    });
    let before = world.dump();
    let told = refused(world.aws.create_identity_pool(large));
    let text = "The settings of the identity pool are too large.".to_owned();
    assert_eq!(told, ("LimitExceededException", text));
    assert_eq!(world.dump(), before);
}
