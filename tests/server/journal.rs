//! The journal of the program, as the library reads it afterwards.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use cognate::admin::{ActivityInput, ChangeEvent, HistoryInput};
use cognate::ambient::{Clock as _, SystemClock, Timestamp};
use cognate::operation::{
    CreateIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput, GuestAccess,
};
use cognate::{Engine, Journal, from_fn};
use serde_json::json;
use tempfile::tempdir;

use crate::program::{Server, run};
use crate::{GAME, create_pool, log_in};

/// The events of a pool, the oldest first.
fn events(data: &Path, pool: &str) -> Vec<ChangeEvent> {
    let engine = Engine::open(data).expect("the program's database");
    assert!(engine.check().expect("a readable store").is_empty(), "it is sound");
    let activity = engine.admin().activity(ActivityInput::new(pool, 60)).expect("a pool");
    activity.events.into_iter().rev().collect()
}

#[test]
fn a_history_names_the_request_that_its_answer_named() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    let pool = create_pool(&server);
    let registered = log_in(&server, &pool);
    let alice = registered.text("IdentityId");
    let link = json!({"IdentityPoolId": pool, "IdentityId": alice, "Logins": {GAME: "bob"}});
    let linked = server.call("GetOpenIdTokenForDeveloperIdentity", &link);
    let known = log_in(&server, &pool);
    assert_eq!(known.text("IdentityId"), alice);
    server.stop();

    let engine = Engine::open(folder.path()).expect("the program's database");
    let input = HistoryInput::new(alice.as_str(), 60);
    let history = engine.admin().history(input).expect("an identity").events;
    let request = |event: &ChangeEvent| event.request_id.as_ref().map(ToString::to_string);
    let named: Vec<_> = history.iter().map(request).collect();
    let named: Vec<_> = named.iter().map(Option::as_deref).collect();
    let header = "x-amzn-requestid";
    assert_eq!(named, [linked.header(header), registered.header(header)]);
    assert!(named.iter().all(Option::is_some), "{named:?}");
}

#[test]
fn the_journal_can_be_off_and_on_again() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--journal", "off"]);
    let pool = create_pool(&server);
    log_in(&server, &pool).text("IdentityId");
    server.stop();
    assert_eq!(events(folder.path(), &pool), []);

    let server = Server::start(folder.path(), &["--journal", "1"]);
    let bob = json!({"IdentityPoolId": pool, "Logins": {GAME: "bob"}});
    let bob = server.call("GetOpenIdTokenForDeveloperIdentity", &bob).text("IdentityId");
    server.stop();
    let kept = events(folder.path(), &pool);
    let [event] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!(event.identity_id.as_ref().map(ToString::to_string), Some(bob));
}

#[test]
fn the_server_removes_events_that_are_too_old() {
    const AGE_MILLIS: u64 = 91 * 24 * 60 * 60 * 1000;
    const ATTEMPTS_MAX: u64 = 60;

    let folder = tempdir().expect("a folder");
    let past = || Timestamp::from_millis(SystemClock.now().as_millis() - AGE_MILLIS);
    let builder = Engine::builder().clock(from_fn(past)).journal(Journal::keep(1000));
    let engine = builder.open(folder.path()).expect("a new database");
    let aws = engine.developer(
        "123456789012".parse().expect("an account"),
        "us-east-1".parse().expect("a region"),
    );
    let pool = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let pool = aws.create_identity_pool(pool.developer_provider_name(GAME)).expect("a pool");
    let pool = pool.identity_pool_id;
    let call = |user| GetOpenIdTokenForDeveloperIdentityInput::new(&pool).logins(GAME, user);
    let alice = aws.resolve_developer_identity(call("alice")).expect("registered");
    aws.resolve_developer_identity(call("bob").identity_id(&alice)).expect("linked");
    engine.close().expect("closed");
    assert_eq!(events(folder.path(), pool.as_str()).len(), 3);

    for options in [&["--journal", "off"][..], &["--journal", "92"]] {
        let server = Server::start(folder.path(), options);
        sleep(Duration::from_millis(200));
        server.stop();
        assert_eq!(events(folder.path(), pool.as_str()).len(), 3, "{options:?}");
    }
    let is_empty = (1..=ATTEMPTS_MAX).any(|attempt| {
        let server = Server::start(folder.path(), &[]);
        sleep(Duration::from_millis(50 * attempt));
        server.stop();
        events(folder.path(), pool.as_str()).is_empty()
    });
    assert!(is_empty, "old events are still there");
}

#[test]
fn a_journal_of_another_length_stops_the_start() {
    let folder = tempdir().expect("a folder");
    let data = folder.path().join("data");
    for wrong in ["", "0", "-1", "+", "1.5", "OFF", "on", "4294967296", "90 days"] {
        let output = run(&data, "127.0.0.1:0", &[&format!("--journal={wrong}")]);
        let errors = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{errors}");
        let reason = if wrong.is_empty() { "--journal <off|DAYS>" } else { "expected `off`, or" };
        assert!(errors.contains(reason), "{wrong}: {errors}");
        assert!(!data.exists(), "{wrong}: a database was made");
    }
}
