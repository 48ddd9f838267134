//! Closing an engine, and the state of its clones and handles afterwards.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use cognate::name::{IdentityId, IdentityPoolId, Region};
use cognate::operation::{
    CreateIdentityPoolInput, DescribeIdentityPoolInput, GetIdInput,
    GetOpenIdTokenForDeveloperIdentityInput, GuestAccess, ListIdentityPoolsInput,
};
use cognate::store::{Durability, MemoryStore, SledOptions};
use cognate::token::SigningAlgorithm;
use cognate::{Builder, Developer, Engine, Error, ErrorKind, wire};

const DURABILITIES: [Durability; 3] =
    [Durability::PowerLoss, Durability::ProcessKill, Durability::Relaxed];

fn builder() -> Builder {
    Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa)
}

fn open(path: &Path, durability: Durability) -> Engine {
    builder().open_sled(SledOptions::new(path).durability(durability)).expect("opens")
}

fn region() -> Region {
    "us-east-1".parse().expect("a region")
}

fn developer(engine: &Engine) -> Developer {
    engine.developer("123456789012".parse().expect("an account"), region())
}

fn pool(engine: &Engine) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    let input = input.developer_provider_name("login.game");
    developer(engine).create_identity_pool(input).expect("creates").identity_pool_id
}

fn call(pool: &IdentityPoolId, user: &str) -> GetOpenIdTokenForDeveloperIdentityInput {
    let input = GetOpenIdTokenForDeveloperIdentityInput::new(pool);
    input.logins("login.game", user)
}

#[test]
fn a_closed_folder_opens_at_once_with_every_change() {
    for durability in DURABILITIES {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = open(folder.path(), durability);
        let pool = pool(&engine);
        engine.close().expect("closes");
        let mut users: Vec<(String, IdentityId)> = Vec::new();
        for round in 0..10 {
            let engine = open(folder.path(), durability);
            let (aws, public) = (developer(&engine), engine.public());
            for (user, id) in &users {
                let known = aws.resolve_developer_identity(call(&pool, user));
                assert_eq!(known.expect("knows"), *id, "{durability:?}: {user}");
            }
            let user = format!("user-{round}");
            let id = aws.resolve_developer_identity(call(&pool, &user)).expect("registers");
            users.push((user, id));
            engine.close().expect("closes");
            // The handles live on and keep nothing open.
            let input = GetIdInput::new(&pool);
            assert!(matches!(public.get_id(input), Err(Error::Closed)), "{durability:?}");
        }
    }
}

/// Answers that need no read of the store fail like the others.
#[test]
fn every_call_after_closing_fails() {
    let engine = builder().in_memory().expect("opens");
    let (aws, public) = (developer(&engine), engine.public());
    let pool = pool(&engine);
    let resolved = aws.get_open_id_token_for_developer_identity(call(&pool, "alice"));
    let token = resolved.expect("registers").token;
    engine.verify_token(token.as_str()).expect("is cached from here on");
    let describe = || DescribeIdentityPoolInput::new(&pool);
    aws.describe_identity_pool(describe()).expect("is cached from here on");
    let clone = engine.clone();
    engine.close().expect("closes");

    let list = ListIdentityPoolsInput::new(1);
    let get_id = GetIdInput::new(&pool);
    let known = call(&pool, "alice");
    for (call, answer) in [
        ("DescribeIdentityPool", aws.describe_identity_pool(describe()).map(drop)),
        ("ListIdentityPools", aws.list_identity_pools(list).map(drop)),
        ("a known user", aws.resolve_developer_identity(known.clone()).map(drop)),
        ("a token", aws.get_open_id_token_for_developer_identity(known).map(drop)),
        ("GetId", public.get_id(get_id.clone()).map(drop)),
        ("a new handle", clone.public().get_id(get_id).map(drop)),
        ("verify_token", clone.verify_token(token.as_str()).map(drop)),
        ("verify_session", clone.verify_session("no session").map(drop)),
        ("web_identity", clone.web_identity(token.as_str()).map(drop)),
        ("jwks", clone.jwks().map(drop)),
        ("discovery", clone.discovery("http://localhost").map(drop)),
        ("prepare", clone.prepare(&region())),
        ("rotate_signing_key", clone.rotate_signing_key(&region())),
        ("rotate_session_key", clone.rotate_session_key()),
        ("check", clone.check().map(drop)),
        ("sync", clone.sync()),
        ("health", clone.health()),
        ("close", clone.clone().close()),
    ] {
        let failed = answer.expect_err(call);
        assert!(matches!(failed, Error::Closed), "{call}: {failed:?}");
        assert_eq!(failed.kind(), ErrorKind::InternalError, "{call}");
        assert_eq!(failed.to_string(), "the engine is closed", "{call}");
    }

    let body = format!(r#"{{"IdentityPoolId": "{pool}"}}"#);
    let target = "AWSCognitoIdentityService.GetId";
    let reply = wire::call(&clone, &wire::Context::anonymous(), target, body.as_bytes());
    assert_eq!(reply.status, 500);
    assert!(!String::from_utf8(reply.body).expect("text").contains("closed"));
    let cause = reply.fault.and_then(|fault| fault.cause().map(str::to_owned));
    assert_eq!(cause.as_deref(), Some("the engine is closed"));
}

#[test]
fn closing_releases_a_store_that_was_passed_in() {
    let store = Arc::new(MemoryStore::new());
    for open in [Builder::open_exclusive, Builder::open_shared] {
        let engine = open(builder(), Arc::clone(&store)).expect("opens");
        let clone = engine.clone();
        engine.rotate_session_key().expect("writes");
        assert_eq!(Arc::strong_count(&store), 2);
        engine.close().expect("closes");
        assert_eq!(Arc::strong_count(&store), 1);
        assert!(clone.health().is_err());
    }
}

#[cfg(feature = "testkit")]
#[test]
fn a_store_that_cannot_be_synced_is_released_with_an_error() {
    use cognate::testkit::{Calls, FaultyStore, StoreFault, When};

    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let engine = builder().open_exclusive(Arc::clone(&store)).expect("opens");
    let clone = engine.clone();
    store.inject(StoreFault::FailsBefore, Calls::Syncs, When::Nth(1));
    let failed = engine.close().expect_err("cannot sync");
    assert!(matches!(failed, Error::Storage(_)), "{failed:?}");
    assert_eq!(Arc::strong_count(&store), 1);
    assert!(matches!(clone.health(), Err(Error::Closed)));
}

/// Writers get an answer or learn that the engine is closed. Every answered change is kept.
#[test]
fn an_engine_closes_while_others_write() {
    for durability in DURABILITIES {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = open(folder.path(), durability);
        let pool = pool(&engine);
        let answered = AtomicUsize::new(0);
        let users: Vec<_> = thread::scope(|scope| {
            let writers: Vec<_> = (0..4)
                .map(|writer| {
                    let (aws, pool, answered) = (developer(&engine), &pool, &answered);
                    scope.spawn(move || {
                        let mut users = Vec::new();
                        for n in 0.. {
                            let user = format!("user-{writer}-{n}");
                            match aws.resolve_developer_identity(call(pool, &user)) {
                                Ok(id) => users.push((user, id)),
                                Err(Error::Closed) => break,
                                Err(other) => panic!("{other:?}"),
                            }
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        users
                    })
                })
                .collect();
            while answered.load(Ordering::Relaxed) < 40 {
                thread::yield_now();
            }
            engine.clone().close().expect("closes");
            writers.into_iter().flat_map(|writer| writer.join().expect("no panic")).collect()
        });
        let engine = open(folder.path(), durability);
        for (user, id) in &users {
            let known = developer(&engine).resolve_developer_identity(call(&pool, user));
            assert_eq!(known.expect("knows"), *id, "{durability:?}: {user}");
        }
        assert_eq!(engine.check().expect("reads"), []);
    }
}
