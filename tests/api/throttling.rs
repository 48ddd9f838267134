//! The documented rates, with a clock that the test sets.

use cognate::operation::{
    CreateIdentityPoolInput, GetCredentialsForIdentityInput, GetIdInput, GetOpenIdTokenInput,
    GuestAccess, ListTagsForResourceInput, RoleType, SetIdentityPoolRolesInput, TagResourceInput,
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
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
        .allow_classic_flow(true)
        .developer_provider_name(GAME);
    let pool = world.aws.create_identity_pool(input).expect("created").identity_pool_id;
    let role = "arn:aws:iam::123456789012:role/guest";
    let roles = SetIdentityPoolRolesInput::new(&pool).roles(RoleType::Unauthenticated, role);
    world.aws.set_identity_pool_roles(roles).expect("set");
    pool
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
    let guest = public.get_id(GetIdInput::new(&pool)).expect("a guest").identity_id;
    let get_id = || public.get_id(GetIdInput::new(&pool)).map(drop);
    let classic = || public.get_open_id_token(GetOpenIdTokenInput::new(&guest)).map(drop);
    let credentials = || {
        let input = GetCredentialsForIdentityInput::new(&guest);
        public.get_credentials_for_identity(input).map(drop)
    };
    let token = || world.register_or_refuse(&pool);
    let tag = || world.aws.tag_resource(TagResourceInput::new(&arn).tags("a", "b"));
    let untag = || world.aws.untag_resource(UntagResourceInput::new(&arn).tag_keys("a"));
    let list = || world.aws.list_tags_for_resource(ListTagsForResourceInput::new(&arn)).map(drop);
    for second in 1..3 {
        world.clock.set(NOON + second * 1000);
        assert_eq!(burst(get_id), 25);
        assert_eq!(burst(classic), 200);
        assert_eq!(burst(credentials), 200);
        assert_eq!(burst(token), 200);
        assert_eq!(burst(tag), 5);
        assert_eq!(burst(untag), 5);
        assert_eq!(burst(list), 10);
    }
    // One fifth of a second allows one of five calls.
    world.clock.set(NOON + 2199);
    assert_eq!(burst(tag), 0);
    world.clock.set(NOON + 2200);
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

/// The wire door refuses before anything else, so it has to know every rate.
#[test]
fn the_wire_door_refuses_each_operation_above_its_rate() {
    for (operation, calls) in [
        ("GetCredentialsForIdentity", 200),
        ("GetId", 25),
        ("GetOpenIdToken", 200),
        ("GetOpenIdTokenForDeveloperIdentity", 200),
        ("ListTagsForResource", 10),
        ("TagResource", 5),
        ("UntagResource", 5),
    ] {
        let world = throttled();
        let pool = pool(&world);
        let guest = world.engine.public().get_id(GetIdInput::new(&pool)).expect("a guest");
        world.clock.set(NOON + 1000);
        let body = serde_json::json!({
            "IdentityPoolId": pool, "IdentityId": guest.identity_id, "Tags": {"a": "b"},
            "TagKeys": ["a"], "ResourceArn": world.aws.identity_pool_arn(&pool),
        });
        let mut body = body.as_object().expect("an object").clone();
        if operation.ends_with("ForDeveloperIdentity") {
            body.insert("Logins".to_owned(), serde_json::json!({GAME: "alice"}));
            body.remove("IdentityId");
        }
        let body = serde_json::Value::Object(body).to_string();
        for number in 0..calls {
            let reply = world.wire(operation, &body);
            assert_eq!(reply.status, 200, "{operation} {number}: {:?}", reply.fault);
        }
        let invalid = r#"{"IdentityPoolId": "us-east-1:", "IdentityId": "us-east-1:"}"#;
        for body in [body.as_str(), invalid] {
            let fault = world.wire(operation, body).fault.expect("refused");
            assert_eq!(fault.name(), "TooManyRequestsException", "{operation}: {body}");
        }
    }
}

#[test]
fn by_default_nobody_is_throttled() {
    let world = World::new();
    let pool = pool(&world);
    for _ in 0..300 {
        world.register_or_refuse(&pool).expect("no rate");
    }
}
