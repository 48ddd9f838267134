//! The documented rates, with a clock that the test sets.

use cognate::operation::{
    CreateIdentityPoolInput, GetIdInput, GuestAccess, ListTagsForResourceInput, TagResourceInput,
    UntagResourceInput,
};
use cognate::token::SigningAlgorithm;
use cognate::{Throttling, wire};

use crate::support::{ACCOUNT, GAME, NOON, World, call, key, parse, refused, target};

fn throttled() -> World {
    World::with(|builder| {
        builder.signing_key(key(SigningAlgorithm::EdDsa)).throttling(Throttling::DocumentedRates)
    })
}

fn exceeded() -> (&'static str, String) {
    ("TooManyRequestsException", "Rate exceeded".to_owned())
}

fn pool(world: &World) -> cognate::name::IdentityPoolId {
    let input =
        CreateIdentityPoolInput::new("game", GuestAccess::Allowed).developer_provider_name(GAME);
    world.aws.create_identity_pool(input).expect("created").identity_pool_id
}

/// The number of calls in a row that are allowed.
fn burst(mut call: impl FnMut() -> cognate::Result<()>) -> usize {
    let mut calls = 0;
    loop {
        match call() {
            Ok(()) => calls += 1,
            Err(error) => {
                assert_eq!(refused::<()>(Err(error)), exceeded());
                return calls;
            }
        }
    }
}

#[test]
fn each_operation_has_its_rate() {
    let world = throttled();
    let pool = pool(&world);
    let arn = world.aws.identity_pool_arn(&pool);
    let public = world.engine.public();
    let get_id = || public.get_id(GetIdInput::new(&pool)).map(drop);
    let token = || world.register_or_refuse(&pool);
    let tag = || world.aws.tag_resource(TagResourceInput::new(&arn).tags("a", "b"));
    let untag = || world.aws.untag_resource(UntagResourceInput::new(&arn).tag_keys("a"));
    let list = || world.aws.list_tags_for_resource(ListTagsForResourceInput::new(&arn)).map(drop);
    for second in 0..2 {
        world.clock.set(NOON + second * 1000);
        assert_eq!(burst(get_id), 25);
        assert_eq!(burst(token), 200);
        assert_eq!(burst(tag), 5);
        assert_eq!(burst(untag), 5);
        assert_eq!(burst(list), 10);
    }
    // One fifth of a second allows one of five calls.
    world.clock.set(NOON + 1199);
    assert_eq!(burst(tag), 0);
    world.clock.set(NOON + 1200);
    assert_eq!(burst(tag), 1);
    world.clock.set(NOON);
    assert_eq!(burst(tag), 0, "a clock that runs backwards gives nothing");
    world.clock.set(NOON + 200);
    assert_eq!(burst(tag), 1, "and goes on from there");
    world.clock.set(NOON + 3_600_000);
    assert_eq!(burst(tag), 5, "unused calls do not accumulate");
}

impl World {
    fn register_or_refuse(&self, pool: &cognate::name::IdentityPoolId) -> cognate::Result<()> {
        self.aws.get_open_id_token_for_developer_identity(call(pool, "alice")).map(drop)
    }
}

#[test]
fn each_account_and_region_has_its_own_count() {
    let world = throttled();
    let pool = pool(&world);
    let arn = world.aws.identity_pool_arn(&pool);
    let list = |world: &World| {
        let input = ListTagsForResourceInput::new(&arn);
        world.aws.list_tags_for_resource(input).map(drop)
    };
    assert_eq!(burst(|| list(&world)), 10);
    for (account, region) in [("999999999999", "us-east-1"), (ACCOUNT, "eu-west-1")] {
        let other = list(&world.of(account, region)).expect_err("not theirs");
        assert_eq!(other.kind(), cognate::ErrorKind::ResourceNotFound, "{account} {region}");
    }
}

#[test]
fn throttling_is_checked_before_the_rest_of_the_call() {
    let world = throttled();
    let pool = pool(&world);
    let arn = world.aws.identity_pool_arn(&pool);
    let list = || world.aws.list_tags_for_resource(ListTagsForResourceInput::new(&arn)).map(drop);
    assert_eq!(burst(list), 10);
    let fault = |operation: &str, context: &wire::Context, body: &str| {
        let reply = wire::call(&world.engine, context, &target(operation), body.as_bytes());
        reply.fault.expect("refused").name()
    };
    let signed = wire::Context::signed(parse(ACCOUNT), parse("us-east-1"));
    let throttled = "TooManyRequestsException";
    assert_eq!(fault("ListTagsForResource", &signed, "{}"), throttled);
    let missing = "MissingAuthenticationTokenException";
    assert_eq!(fault("ListTagsForResource", &wire::Context::anonymous(), "{}"), missing);

    let public = world.engine.public();
    assert_eq!(burst(|| public.get_id(GetIdInput::new(&pool)).map(drop)), 25);
    let body = r#"{"IdentityPoolId": "us-east-1:not hex", "Logins": {"": ""}}"#;
    assert_eq!(fault("GetId", &wire::Context::anonymous(), body), throttled);
    let elsewhere = r#"{"IdentityPoolId": "eu-west-1:not hex"}"#;
    assert_eq!(fault("GetId", &wire::Context::anonymous(), elsewhere), "ValidationException");
}

#[test]
fn by_default_nobody_is_throttled() {
    let world = World::new();
    let pool = pool(&world);
    for _ in 0..300 {
        world.register_or_refuse(&pool).expect("no rate");
    }
}
