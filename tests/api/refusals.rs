//! Refusals of the operations on pools and developer identities, through both doors: the kind, the
//! text, and that nothing has changed (I7).

mod logins;
mod order;
mod pools;
mod users;

use cognate::operation::{CreateIdentityPoolInput, GuestAccess, UnlinkDeveloperIdentityInput};
use cognate::token::SigningAlgorithm;
use cognate::{DeveloperLinking, Error, ErrorKind, Result};

use crate::support::{
    ACCOUNT, FACEBOOK, GAME, World, call, developer, expand, fill, id, key, model, parse,
};

/// One refusal: the rule, the call and the message. `<n>` stands for an id, `x*3` for `xxx`.
struct Row {
    rule: &'static str,
    typed: fn(&World) -> Result<()>,
    wire: (&'static str, &'static str),
    refusal: &'static str,
    kind: ErrorKind,
    text: &'static str,
}

/// A pool with a developer provider; Facebook and Amazon are accepted too.
const POOL: u64 = 1;
/// A pool without any provider.
const BARE: u64 = 2;
/// Another pool with the same settings.
const OTHER: u64 = 3;
/// Alice, who is also user `a` of Facebook.
const ALICE: u64 = 4;
/// Bob, who is also user `b` of Facebook.
const BOB: u64 = 5;
/// Carol was unlinked from this identity, so it is disabled.
const GONE: u64 = 6;
/// An identity with twenty developer users.
const FULL: u64 = 7;
/// Eve of the other pool.
const EVE: u64 = 8;
/// Dave, who has no other login.
const DAVE: u64 = 9;
/// An id that no pool and no identity has.
const NOBODY: u64 = 99;

fn populated(linking: DeveloperLinking) -> World {
    let world = World::with(|builder| {
        builder.signing_key(key(SigningAlgorithm::EdDsa)).developer_linking(linking)
    });
    let named = |number| world.ids.next(number);
    named(POOL);
    let pool = world.game();
    named(BARE);
    let bare = CreateIdentityPoolInput::new("bare", GuestAccess::Denied);
    world.aws.create_identity_pool(bare).expect("created");
    named(OTHER);
    let other = world.game();
    for (number, user, subject) in [(ALICE, "alice", "user:a"), (BOB, "bob", "user:b")] {
        named(number);
        let input = call(&pool, user).logins(FACEBOOK, subject);
        assert_eq!(world.resolve(input).expect("registered").as_str(), id(number));
    }
    named(GONE);
    let gone = world.register(&pool, "carol");
    let unlink = UnlinkDeveloperIdentityInput::new(&pool, &gone, GAME, "carol");
    world.aws.unlink_developer_identity(unlink).expect("unlinked");
    named(EVE);
    world.register(&other, "eve");
    named(DAVE);
    world.register(&pool, "dave");
    fill_up(&world);
    world
}

/// Fills an identity with as many logins as it can have. It merges, which every option allows.
fn fill_up(world: &World) {
    let pool = parse(&id(POOL));
    world.ids.next(FULL);
    let full = world.register(&pool, "full-1");
    world.ids.next(1000);
    for n in 2..=20 {
        world.register(&pool, &format!("full-{n}"));
        let merge = users::merge(POOL, &format!("full-{n}"), "full-1");
        assert_eq!(world.aws.merge_developer_identities(merge).expect("merged").identity_id, full);
    }
}

/// Kinds that an operation returns although the service model does not declare them for it.
const UNDECLARED: &[(&str, ErrorKind)] = &[
    // The service has no other name for an unavailable login provider.
    ("GetOpenIdTokenForDeveloperIdentity", ErrorKind::ExternalService),
];

fn refuse_all(world: &World, rows: &[Row]) {
    let before = world.dump();
    for Row { rule, typed, wire: (operation, body), refusal, kind, text } in rows {
        let text = expand(&fill(text));
        let refused = typed(world).expect_err(rule);
        assert!(matches!(&refused, Error::Refused(_)), "{rule}: {refused:?}");
        assert_eq!((refused.kind(), refused.to_string()), (*kind, text.clone()), "{rule}");
        assert_eq!(variant(&refused), *refusal, "{rule}");
        assert_eq!(world.dump(), before, "{rule}, through the typed door");

        let body = pools::written_out(&expand(&fill(body)));
        let reply = world.wire(operation, &body);
        let told: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
        let wanted = serde_json::json!({"__type": kind.as_str(), "message": text});
        assert_eq!((reply.status, told), (400, wanted), "{rule}");
        assert_eq!(world.dump(), before, "{rule}, through the wire door");

        let declared = model()[*operation]["errors"].as_array().expect("a list").clone();
        let declared = declared.contains(&kind.as_str().into());
        assert_ne!(declared, UNDECLARED.contains(&(operation, *kind)), "{rule}");
    }
    world.check();
}

/// The variant of the refusal, as `Debug` shows it.
fn variant(error: &Error) -> String {
    let Error::Refused(refusal) = error else { panic!("not refused: {error:?}") };
    format!("{refusal:?}").split([' ', '(']).next().expect("a name").to_owned()
}

#[test]
fn pools() {
    refuse_all(&populated(DeveloperLinking::ByIdentityId), pools::ROWS);
}

#[test]
fn developer_users() {
    refuse_all(&populated(DeveloperLinking::ByIdentityId), users::ROWS);
}

#[test]
fn logins() {
    refuse_all(&populated(DeveloperLinking::ByIdentityId), logins::ROWS);
}

#[test]
fn logins_where_a_linked_login_is_the_proof() {
    refuse_all(&populated(DeveloperLinking::ByLinkedLogin), logins::BY_LINKED_LOGIN);
}

#[test]
fn pools_of_an_account_that_is_full() {
    let world = World::new();
    let create = || CreateIdentityPoolInput::new("one of many", GuestAccess::Denied);
    for _ in 0..1000 {
        world.aws.create_identity_pool(create()).expect("not yet the last");
    }
    refuse_all(&world, pools::CROWDED);
    let elsewhere = developer(&world.engine, ACCOUNT, "eu-west-1");
    elsewhere.create_identity_pool(create()).expect("another region has room");
    let another = developer(&world.engine, "999999999999", "us-east-1");
    another.create_identity_pool(create()).expect("another account has room");
}
