//! The feed of events: slow readers, several readers, and the end.

use std::thread;
use std::time::Duration;

use cognate::admin::{Actor, ChangeKind, ChangeOperation, DisableIdentityInput, LinkLoginInput};
use cognate::name::IdentityPoolId;
use cognate::operation::GetIdInput;
use cognate::token::SigningAlgorithm;
use cognate::{Engine, Fed, Feed};

use crate::support::{ACCOUNT, FACEBOOK, REGION, Voucher, call, developer, game, key};

/// The number of events that an engine keeps.
const KEPT: u64 = 4096;

fn open() -> (Engine, IdentityPoolId) {
    let builder = Engine::builder().signing_key(key(SigningAlgorithm::EdDsa));
    let engine = builder.login_verifier(Voucher).in_memory().expect("opens");
    let pool = game(&developer(&engine, ACCOUNT, REGION));
    (engine, pool)
}

fn make_guests(engine: &Engine, pool: &IdentityPoolId, count: u64) {
    for _ in 0..count {
        engine.public().get_id(GetIdInput::new(pool)).expect("a guest");
    }
}

/// The answer of a feed: the operation of an event, or what else it is.
fn next(feed: &mut Feed) -> String {
    let answer = feed.next(Duration::ZERO);
    if let Fed::Event(event) = &answer {
        event.operation.to_string()
    } else {
        format!("{answer:?}")
    }
}

#[test]
fn a_slow_reader_is_told_how_many_events_it_has_missed() {
    let (engine, pool) = open();
    let mut feed = engine.feed();
    let aws = developer(&engine, ACCOUNT, REGION);
    aws.resolve_developer_identity(call(&pool, "alice")).expect("registered");
    make_guests(&engine, &pool, KEPT + 2);
    assert_eq!(next(&mut feed), "Missed(3)");
    for _ in 0..KEPT {
        assert_eq!(next(&mut feed), "GetId");
    }
    assert_eq!(next(&mut feed), "Nothing");
    make_guests(&engine, &pool, 1);
    assert_eq!(next(&mut feed), "GetId");
}

#[test]
fn each_reader_gets_the_events_since_its_beginning() {
    let (engine, pool) = open();
    let mut first = engine.feed();
    make_guests(&engine, &pool, 1);
    let mut second = engine.feed();
    let aws = developer(&engine, ACCOUNT, REGION);
    aws.resolve_developer_identity(call(&pool, "alice")).expect("registered");
    let register = "GetOpenIdTokenForDeveloperIdentity";
    assert_eq!(
        [next(&mut first), next(&mut first), next(&mut first)],
        ["GetId", register, "Nothing"]
    );
    assert_eq!([next(&mut second), next(&mut second)], [register, "Nothing"]);
    drop((first, second));
    make_guests(&engine, &pool, 1);
    assert_eq!(next(&mut engine.feed()), "Nothing");
}

#[test]
fn a_known_user_makes_no_event() {
    let (engine, pool) = open();
    let aws = developer(&engine, ACCOUNT, REGION);
    aws.resolve_developer_identity(call(&pool, "alice")).expect("registered");
    let mut feed = engine.feed();
    aws.get_open_id_token_for_developer_identity(call(&pool, "alice")).expect("a token");
    assert_eq!(next(&mut feed), "Nothing");
}

#[test]
fn administration_is_told_too() {
    let (engine, pool) = open();
    let admin = engine.admin();
    let guest = engine.public().get_id(GetIdInput::new(&pool)).expect("a guest").identity_id;
    let mut feed = engine.feed();
    admin.link_login(LinkLoginInput::new(&guest, FACEBOOK, "carol")).expect("linked");
    admin.disable_identity(DisableIdentityInput::new(&guest)).expect("disabled");
    let mut told = Vec::new();
    while let Fed::Event(event) = feed.next(Duration::ZERO) {
        assert_eq!((&event.by, event.identity_id.as_ref()), (&Actor::Administrator, Some(&guest)));
        told.push((event.operation, event.revision, event.changes.clone()));
    }
    let [(link, 2, linked), (disable, 3, disabled)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((*link, *disable), (ChangeOperation::LinkLogin, ChangeOperation::DisableIdentity));
    assert!(
        matches!(linked.as_slice(), [ChangeKind::Linked { links, was_guest: true }] if links.len() == 1)
    );
    let is_whole = matches!(
        disabled.as_slice(),
        [ChangeKind::Unlinked { links }, ChangeKind::Disabled] if links.len() == 1
    );
    assert!(is_whole, "{disabled:?}");
}

#[test]
fn a_closed_engine_ends_the_feed() {
    let (engine, pool) = open();
    let mut feed = engine.feed();
    make_guests(&engine, &pool, 1);
    engine.close().expect("closes");
    assert_eq!([next(&mut feed), next(&mut feed)], ["GetId", "Closed"]);

    let (engine, _) = open();
    let mut feed = engine.feed();
    let reader = thread::spawn(move || feed.next(Duration::from_secs(600)));
    drop(engine);
    assert_eq!(reader.join().expect("no panic"), Fed::Closed);
}

#[test]
fn an_event_wakes_a_waiting_reader() {
    let (engine, pool) = open();
    let mut feed = engine.feed();
    let reader = thread::spawn(move || feed.next(Duration::from_secs(600)));
    make_guests(&engine, &pool, 1);
    assert!(matches!(reader.join().expect("no panic"), Fed::Event(_)));
}

/// Many writers: every event is told once, and those of one identity have all revisions.
#[test]
fn writers_at_the_same_time_tell_every_event() {
    let (engine, pool) = open();
    let mut feed = engine.feed();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| make_guests(&engine, &pool, 100));
        }
    });
    let mut ids = std::collections::BTreeSet::new();
    while let Fed::Event(event) = feed.next(Duration::ZERO) {
        assert_eq!(event.revision, 1);
        ids.extend(event.identity_id.clone());
    }
    assert_eq!(ids.len(), 800);
}
