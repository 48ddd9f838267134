//! Chosen and seeded ids.

use std::sync::Arc;

use cognate::admin::{ActivityInput, CreateIdentityInput, HistoryInput, IdentityDetails};
use cognate::ambient::SeededIds;
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentitiesInput, DeleteIdentityPoolInput, GetIdInput,
    GuestAccess, IdentityPool, IdentityState,
};
use cognate::store::{Batch, Key, MemoryStore, Store, Tree};
use cognate::token::SigningAlgorithm;
use cognate::{Engine, Error, ErrorKind, Journal, Refusal, Result};
use serde_json::{Value, json};

use crate::admin::explained::create_identity;
use crate::support::{
    ACCOUNT, AMAZON, FACEBOOK, GAME, REGION, World, call, developer, dump, key, parse,
};

const FIRST: &str = "us-east-1:11111111-1111-1111-1111-111111111111";
const SECOND: &str = "us-east-1:22222222-2222-2222-2222-222222222222";
const NIL: &str = "us-east-1:00000000-0000-0000-0000-000000000000";

fn guests() -> CreateIdentityPoolInput {
    CreateIdentityPoolInput::new("game", GuestAccess::Allowed).developer_provider_name(GAME)
}

fn create(world: &World, id: &str) -> Result<IdentityPool> {
    world.engine.admin().create_identity_pool(&world.aws, &parse(id), guests())
}

fn identity(world: &World, input: CreateIdentityInput) -> Result<IdentityDetails> {
    create_identity(&world.engine.admin(), input)
}

/// Asserts that a call is refused so, and changes nothing.
#[track_caller]
fn assert_refused<T: std::fmt::Debug>(
    world: &World,
    refused: impl FnOnce() -> Result<T>,
    refusal: &Refusal,
    kind: ErrorKind,
) {
    let bytes = world.dump();
    let error = refused().expect_err("is refused");
    assert_eq!(error.kind(), kind);
    assert!(matches!(&error, Error::Refused(known) if known == refusal), "{error:?}");
    assert_eq!(world.dump(), bytes);
}

fn taken(id: &str) -> Refusal {
    Refusal::IdTaken { id: id.to_owned() }
}

fn with_key(journal: Option<Journal>) -> World {
    World::with(|builder| {
        let builder = builder.signing_key(key(SigningAlgorithm::EdDsa));
        match journal {
            Some(journal) => builder.journal(journal),
            None => builder,
        }
    })
}

#[test]
fn a_pool_with_a_chosen_id_is_a_pool_as_any_other() {
    for world in [
        with_key(None),
        World::exclusive(|builder| builder.signing_key(key(SigningAlgorithm::EdDsa))),
    ] {
        let pool = create(&world, FIRST).expect("created").identity_pool_id;
        assert_eq!(pool.as_str(), FIRST);
        let alice = world.register(&pool, "alice");
        assert_eq!(world.register(&pool, "alice"), alice);
        world.check();
    }
}

#[test]
fn an_id_that_no_engine_would_mint_is_refused() {
    let world = with_key(None);
    let pool = world.game();
    let region = || parse(REGION);
    for (id, refusal) in [
        (NIL, Refusal::IdInvalid { id: NIL.to_owned() }),
        ("us-east-1:0", Refusal::IdInvalid { id: "us-east-1:0".to_owned() }),
        (
            "us-east-1:1111111111111111111111111111111111",
            Refusal::IdInvalid { id: "us-east-1:1111111111111111111111111111111111".to_owned() },
        ),
        (
            "eu-west-1:11111111-1111-1111-1111-111111111111",
            Refusal::IdOfAnotherRegion {
                id: "eu-west-1:11111111-1111-1111-1111-111111111111".to_owned(),
                region: region(),
            },
        ),
    ] {
        let kind = ErrorKind::InvalidParameter;
        assert_refused(&world, || create(&world, id), &refusal, kind);
        let input = CreateIdentityInput::new(&pool).identity_id(id).logins(GAME, "alice");
        assert_refused(&world, || identity(&world, input), &refusal, kind);
    }
    let input = CreateIdentityInput::new(&pool).identity_id("not an id");
    assert!(matches!(identity(&world, input), Err(Error::Invalid(_))));
}

#[test]
fn a_taken_id_is_refused() {
    let world = with_key(None);
    let conflict = ErrorKind::ResourceConflict;
    create(&world, FIRST).expect("created");
    let pool: IdentityPoolId = parse(FIRST);
    let guest = identity(&world, CreateIdentityInput::new(&pool).identity_id(SECOND));
    guest.expect("created");
    for id in [FIRST, SECOND] {
        assert_refused(&world, || create(&world, id), &taken(id), conflict);
        let input = CreateIdentityInput::new(&pool).identity_id(id);
        assert_refused(&world, || identity(&world, input), &taken(id), conflict);
    }
    // Of another account, too.
    let other = world.of("210987654321", REGION);
    assert_refused(&world, || create(&other, FIRST), &taken(FIRST), conflict);
}

/// The remains of the deleted pool must not be taken for the new one's, nor be removed with it.
#[test]
fn the_id_of_a_pool_that_is_being_removed_is_taken() {
    let store = Arc::new(MemoryStore::new());
    let world = with_key(None);
    let pool = create(&world, FIRST).expect("created").identity_pool_id;
    let alice = world.register(&pool, "alice");
    // Everything stands as after the commit that deletes the pool.
    let kept = [Tree::Identities, Tree::IdentityIndex, Tree::Logins];
    let left = world.dump().into_iter().filter(|(key, _)| kept.contains(&key.tree));
    let mark = (Key::new(Tree::Deletions, [0x11; 16]), vec![1]);
    let mut batch = Batch::default();
    batch.puts.extend(left.chain([mark]));
    store.commit(batch).expect("planted");
    let builder = Engine::builder().signing_key(key(SigningAlgorithm::EdDsa));
    let builder = builder.removal(cognate::Removal::Calling);
    let engine = builder.open_shared(Arc::clone(&store)).expect("opens");
    let aws = developer(&engine, ACCOUNT, REGION);
    let admin = engine.admin();
    let before = dump(&store);
    let other = aws.create_identity_pool(guests()).expect("created").identity_pool_id;
    let create = || admin.create_identity_pool(&aws, &pool, guests());
    let named = |id: &IdentityId| CreateIdentityInput::new(&other).identity_id(id);
    assert_eq!(create().expect_err("taken").kind(), ErrorKind::ResourceConflict);
    let refused = admin.create_identity(named(&alice)).expect_err("taken");
    assert_eq!(refused.kind(), ErrorKind::ResourceConflict);
    aws.delete_identity_pool(DeleteIdentityPoolInput::new(&other)).expect("deleted");
    assert!(before.len() > dump(&store).len(), "the remains are removed");
    create().expect("is free");
    assert_eq!(engine.check().expect("readable"), []);
}

/// The mark is set after the call has looked for it.
#[test]
fn a_pool_is_never_created_under_the_mark_of_a_deleted_one() {
    use crate::removal::watched::Watched;
    use std::sync::atomic::{AtomicBool, Ordering};

    let is_marked = AtomicBool::new(false);
    let store = Watched::new().before_commits(move |inner| {
        if !is_marked.swap(true, Ordering::SeqCst) {
            let mut batch = Batch::default();
            batch.puts.push((Key::new(Tree::Deletions, [0x11; 16]), vec![1]));
            inner.commit(batch).expect("marked");
        }
    });
    let store = Arc::new(store);
    let builder = Engine::builder().removal(cognate::Removal::Calling);
    let engine = builder.open_shared(Arc::clone(&store)).expect("opens");
    let aws = developer(&engine, ACCOUNT, REGION);
    let created = engine.admin().create_identity_pool(&aws, &parse(FIRST), guests());
    assert_eq!(created.expect_err("taken").kind(), ErrorKind::ResourceConflict);
    assert_eq!(store.remains(), 1, "the mark alone");
}

#[test]
fn an_identity_is_created_with_logins_or_as_a_guest() {
    let world = with_key(Some(Journal::keep(90)));
    let pool = world.game();
    let input = CreateIdentityInput::new(&pool).identity_id(FIRST);
    let input = input.logins(GAME, "alice").logins(GAME, "al").logins(FACEBOOK, "f1");
    let alice = identity(&world, input).expect("created");
    let users: Vec<_> = alice.logins.iter().map(|login| login.subject().as_str()).collect();
    assert_eq!((alice.identity_id.as_str(), users), (FIRST, vec!["alice", "al", "f1"]));
    assert_eq!((alice.state, alice.revision), (IdentityState::Authenticated, 1));
    for user in ["alice", "al"] {
        assert_eq!(world.register(&pool, user).as_str(), FIRST);
    }
    let history = world.engine.admin().history(HistoryInput::new(FIRST, 60)).expect("read");
    let [event] = history.events.as_slice() else { panic!("one event") };
    let event = serde_json::to_value(event).expect("JSON");
    assert_eq!(event["Operation"], "CreateIdentity");

    let denied = CreateIdentityInput::new(&pool);
    let refusal = Refusal::GuestsUnsupported;
    assert_refused(&world, || identity(&world, denied), &refusal, ErrorKind::NotAuthorized);
    let open = world.aws.create_identity_pool(guests()).expect("created").identity_pool_id;
    let guest = identity(&world, CreateIdentityInput::new(&open)).expect("created");
    assert_eq!(guest.state, IdentityState::Unauthenticated);
    world.check();
}

/// Providers and users.
type Logins = &'static [(&'static str, &'static str)];

#[test]
fn a_login_that_cannot_be_linked_creates_no_identity() {
    let world = with_key(None);
    let pool = world.game();
    let alice = world.register(&pool, "alice");
    let f1 = identity(&world, CreateIdentityInput::new(&pool).logins(FACEBOOK, "f1"));
    let f1 = f1.expect("created").identity_id;
    let (denied, conflict) = (ErrorKind::NotAuthorized, ErrorKind::ResourceConflict);

    let rows: [(Logins, Refusal, ErrorKind); 4] = [
        (&[(GAME, "x"), ("none", "x")], Refusal::ProviderUnsupported, denied),
        (
            &[(GAME, "x"), (GAME, "alice")],
            Refusal::DeveloperUserAlreadyRegistered { user: parse("alice"), identity_id: alice },
            ErrorKind::DeveloperUserAlreadyRegistered,
        ),
        (&[(GAME, "x"), (FACEBOOK, "f1")], Refusal::LoginOfAnother { identity_id: f1 }, conflict),
        (&[(AMAZON, "a1"), (AMAZON, "a2")], Refusal::LoginTaken, conflict),
    ];
    for (logins, refusal, kind) in rows {
        let input = logins
            .iter()
            .fold(CreateIdentityInput::new(&pool), |input, login| input.logins(login.0, login.1));
        assert_refused(&world, || identity(&world, input), &refusal, kind);
    }
    let nowhere = CreateIdentityInput::new(FIRST).logins(GAME, "x");
    let refusal = Refusal::PoolNotFound { identity_pool_id: parse(FIRST) };
    let missing = ErrorKind::ResourceNotFound;
    assert_refused(&world, || identity(&world, nowhere), &refusal, missing);
    let many = (0..21)
        .fold(CreateIdentityInput::new(&pool), |input, user| input.logins(GAME, user.to_string()));
    assert!(matches!(identity(&world, many), Err(Error::Invalid(_))));
}

#[test]
fn a_deleted_identity_comes_back_with_a_new_history() {
    for journal in [None, Some(Journal::keep(90))] {
        let world = with_key(journal);
        let (pool, admin) = (world.game(), world.engine.admin());
        let again = || CreateIdentityInput::new(&pool).identity_id(FIRST).logins(GAME, "alice");
        let alice = identity(&world, again()).expect("created").identity_id;
        for _ in 0..3 {
            world.aws.delete_identities(DeleteIdentitiesInput::new([&alice])).expect("deleted");
            assert_eq!(identity(&world, again()).expect("created").revision, 1);
            world.check();
            let history = admin.history(HistoryInput::new(FIRST, 60)).expect("read").events;
            assert_eq!(history.len(), usize::from(journal.is_some()));
            let activity = admin.activity(ActivityInput::new(&pool, 60)).expect("read").events;
            let told = activity.iter().filter(|event| event.identity_id.is_some());
            assert_eq!(told.count(), history.len(), "no deletion");
        }
    }
}

fn pinned(is_pinned: bool) -> World {
    World::with(|builder| builder.signing_key(key(SigningAlgorithm::EdDsa)).pinned_ids(is_pinned))
}

fn tagged(world: &World, tags: &Value) -> (u16, Value) {
    let body = json!({
        "IdentityPoolName": "game",
        "AllowUnauthenticatedIdentities": true,
        "IdentityPoolTags": tags,
    });
    let reply = world.wire("CreateIdentityPool", &body.to_string());
    (reply.status, serde_json::from_slice(&reply.body).expect("JSON"))
}

#[test]
fn tags_choose_the_id_if_ids_are_pinned() {
    for (key, value) in
        [("_custom_id_", "11111111-1111-1111-1111-111111111111"), ("ms-custom-id", FIRST)]
    {
        let tags = json!({key: value, "stage": "test"});
        let world = pinned(true);
        let (status, pool) = tagged(&world, &tags);
        assert_eq!((status, &pool["IdentityPoolId"]), (200, &json!(FIRST)));
        assert_eq!(pool["IdentityPoolTags"], tags, "the tags stay");
        let (status, refusal) = tagged(&world, &tags);
        assert_eq!((status, &refusal["__type"]), (400, &json!("ResourceConflictException")));

        // Without the option they are tags as any others.
        let world = pinned(false);
        let (status, pool) = tagged(&world, &tags);
        assert_eq!(status, 200);
        assert_ne!(pool["IdentityPoolId"], json!(FIRST));
        assert_eq!(pool["IdentityPoolTags"], tags);
        assert_eq!(tagged(&world, &json!({key: "mine"})).0, 200);
    }
}

#[test]
fn tags_that_choose_no_single_id_are_refused() {
    let world = pinned(true);
    let before = world.dump();
    for tags in [
        json!({"_custom_id_": "mine"}),
        json!({"ms-custom-id": NIL}),
        json!({"_custom_id_": ""}),
        json!({"_custom_id_": "eu-west-1:11111111-1111-1111-1111-111111111111"}),
        json!({"_custom_id_": FIRST, "ms-custom-id": SECOND}),
    ] {
        let (status, refusal) = tagged(&world, &tags);
        assert_eq!((status, &refusal["__type"]), (400, &json!("InvalidParameterException")));
    }
    assert_eq!(world.dump(), before);
    assert_eq!(tagged(&world, &json!({"_custom_id_": FIRST, "ms-custom-id": FIRST})).0, 200);
}

/// Pools and guests, over the same store with the same seed.
fn seeded(store: &Arc<MemoryStore>, seed: u64, journal: bool) -> (Engine, Vec<String>) {
    let builder = Engine::builder().signing_key(key(SigningAlgorithm::EdDsa));
    let builder = if journal { builder.journal(Journal::keep(90)) } else { builder };
    let builder = builder.ids(SeededIds::new(seed));
    let engine = builder.open_exclusive(Arc::clone(store)).expect("opens");
    let pool = developer(&engine, ACCOUNT, REGION).create_identity_pool(guests());
    let pool = pool.expect("created").identity_pool_id;
    let guest = || engine.public().get_id(GetIdInput::new(&pool)).expect("a guest").identity_id;
    let guests: Vec<_> = (0..20).map(|_| guest().to_string()).collect();
    (engine, [vec![pool.to_string()], guests].concat())
}

#[test]
fn a_seed_gives_the_same_ids_over_a_new_store() {
    let run = |seed| seeded(&Arc::default(), seed, false).1;
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn a_seed_skips_ids_that_the_store_has() {
    for journal in [false, true] {
        let store = Arc::new(MemoryStore::new());
        let (engine, first) = seeded(&store, 7, journal);
        drop(engine);
        let (engine, second) = seeded(&store, 7, journal);
        assert!(first.iter().all(|id| !second.contains(id)));
        assert_eq!(engine.check().expect("readable"), []);
    }
}

/// More ids than a call is tried over an exclusive store.
#[test]
fn a_seed_skips_thousands_of_ids() {
    let store = Arc::new(MemoryStore::new());
    let (engine, first) = seeded(&store, 7, false);
    let pool: IdentityPoolId = parse(&first[0]);
    for _ in 0..3_000 {
        engine.public().get_id(GetIdInput::new(&pool)).expect("a guest");
    }
    drop(engine);
    let (_engine, second) = seeded(&store, 7, false);
    assert!(first.iter().all(|id| !second.contains(id)));
}

#[test]
fn keys_do_not_come_from_the_seed() {
    let run = || {
        let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
        let engine = builder.ids(SeededIds::new(7)).in_memory().expect("opens");
        let aws = developer(&engine, ACCOUNT, REGION);
        let pool = aws.create_identity_pool(guests()).expect("created").identity_pool_id;
        let alice = aws.resolve_developer_identity(call(&pool, "alice")).expect("registered");
        (alice, engine.jwks().expect("keys"))
    };
    let ((first, keys), (second, other_keys)) = (run(), run());
    assert_eq!(first, second);
    assert_ne!(keys, other_keys);
}
