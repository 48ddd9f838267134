//! Reset: every pool of every account disappears with one commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use cognate::admin::{ActivityInput, HistoryInput};
use cognate::exchange::Import;
use cognate::name::IdentityPoolId;
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentityPoolInput, DescribeIdentityPoolInput, GetIdInput,
    GuestAccess, ListIdentityPoolsInput,
};
use cognate::store::{Key, MemoryStore, Tree, Value};
use cognate::token::SigningAlgorithm;
use cognate::{Engine, Journal, Refusal, Removal};

use crate::removal::watched::Watched;
use crate::support::{ACCOUNT, GAME, REGION, World, call, developer, dump, key, parse, refused};

const OTHER: &str = "210987654321";

fn with_keys() -> World {
    World::with(|builder| builder.signing_key(key(SigningAlgorithm::EdDsa)))
}

fn listed(engine: &Engine) -> usize {
    let all = engine.admin().list_identity_pools(ListIdentityPoolsInput::new(60));
    all.expect("listed").identity_pools.len()
}

#[test]
fn nothing_but_keys_is_left_of_any_account() {
    for journal in [None, Some(Journal::keep(90))] {
        let world = World::with(|builder| match journal {
            Some(journal) => builder.signing_algorithm(SigningAlgorithm::EdDsa).journal(journal),
            None => builder.signing_algorithm(SigningAlgorithm::EdDsa),
        });
        world.engine.rotate_session_key().expect("rotated");
        let mut pools = Vec::new();
        for (account, region) in [(ACCOUNT, REGION), (OTHER, REGION), (ACCOUNT, "eu-west-1")] {
            let owner = world.of(account, region);
            for _ in 0..3 {
                let pool = owner.game();
                owner.register(&pool, "alice");
                owner.register(&pool, "bob");
                pools.push(pool);
            }
        }
        let keys = world.engine.jwks().expect("keys");
        let reset = world.engine.admin().reset().expect("reset");
        let mut deleted = reset.deleted_identity_pool_ids;
        deleted.sort();
        pools.sort();
        assert_eq!(deleted, pools);
        let left: Vec<Tree> = world.dump().into_iter().map(|(key, _)| key.tree).collect();
        assert_eq!(left, [Tree::SessionKeys, Tree::SigningKeys, Tree::SigningKeys]);
        assert_eq!(world.engine.jwks().expect("keys"), keys);
        world.check();
        assert_eq!(world.engine.admin().reset().expect("reset").deleted_identity_pool_ids, []);
    }
}

#[test]
fn a_reset_takes_one_commit_whatever_the_number_of_identities() {
    let store = Arc::new(Watched::new());
    let builder = Engine::builder().signing_key(key(SigningAlgorithm::EdDsa));
    let engine = builder.open_shared(Arc::clone(&store)).expect("opens");
    let aws = developer(&engine, ACCOUNT, REGION);
    for users in [10, 1_000] {
        for _ in 0..2 {
            let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
            let input = input.developer_provider_name(GAME);
            let pool = aws.create_identity_pool(input).expect("created").identity_pool_id;
            for user in 0..users {
                aws.resolve_developer_identity(call(&pool, &user.to_string())).expect("registered");
            }
        }
        let before = store.own_commits();
        engine.admin().reset().expect("reset");
        assert_eq!(store.own_commits() - before, 1, "{users} users");
        assert_eq!(listed(&engine), 0);
        assert_eq!(engine.check().expect("readable"), []);
    }
    engine.finish_removals().expect("removed");
    assert_eq!(store.remains(), 0);
}

/// The records of a pool with this many identities. Every tenth is a user.
fn pool_of(identities: usize) -> (IdentityPoolId, Vec<(Key, Value)>) {
    let pool = format!(
        "{{\"cognate\":\"seed\",\"version\":1}}\n{{\"pool\":{{\"settings\":{{\
         \"IdentityPoolName\":\"game\",\"AllowUnauthenticatedIdentities\":true,\
         \"DeveloperProviderName\":\"{GAME}\"}}}}}}\n"
    );
    let identity = |n: usize| match n % 10 {
        0 => format!(
            "{{\"identity\":{{\"logins\":[{{\"developer\":\"{GAME}\",\"subject\":\"{n}\"}}]}}}}\n"
        ),
        _ => "{\"identity\":{}}\n".to_owned(),
    };
    let seed = pool + &(0..identities).map(identity).collect::<String>();
    let store = Arc::new(MemoryStore::new());
    let builder = Engine::builder().signing_key(key(SigningAlgorithm::EdDsa));
    let engine = builder.open_exclusive(Arc::clone(&store)).expect("opens");
    let import = Import::new().account(parse(ACCOUNT)).region(parse(REGION));
    let imported = engine.admin().import(import, seed.as_bytes()).expect("a seed");
    let [pool] = &imported.identity_pool_ids[..] else { panic!("one pool") };
    (pool.clone(), dump(&store))
}

#[test]
fn a_deletion_and_a_reset_make_as_many_commits_for_100_000_identities_as_for_10() {
    let ways: [fn(&Engine, &IdentityPoolId); 3] = [
        |engine, pool| {
            let owner = developer(engine, ACCOUNT, REGION);
            owner.delete_identity_pool(DeleteIdentityPoolInput::new(pool)).expect("deleted");
        },
        |engine, pool| {
            let input = DeleteIdentityPoolInput::new(pool);
            engine.admin().delete_identity_pool(input).expect("deleted");
        },
        |engine, _| drop(engine.admin().reset().expect("reset")),
    ];
    for identities in [10, 100_000] {
        let (pool, records) = pool_of(identities);
        for way in ways {
            let store = Arc::new(Watched::with(records.iter().cloned()));
            let builder = Engine::builder().signing_key(key(SigningAlgorithm::EdDsa));
            let engine = builder.open_exclusive(Arc::clone(&store)).expect("opens");
            assert_eq!(listed(&engine), 1);
            way(&engine, &pool);
            assert_eq!(store.own_commits(), 1, "{identities} identities");
            assert_eq!(listed(&engine), 0);
        }
    }
}

/// The cache of pools must not outlive them.
#[test]
fn an_engine_that_is_alone_forgets_its_pools() {
    let world = World::exclusive(|builder| builder.signing_key(key(SigningAlgorithm::EdDsa)));
    let pool = world.game();
    let alice = world.register(&pool, "alice");
    world.engine.admin().reset().expect("reset");
    let missing = "ResourceNotFoundException";
    let describe = DescribeIdentityPoolInput::new(&pool);
    assert_eq!(refused(world.aws.describe_identity_pool(describe)).0, missing);
    assert_eq!(refused(world.resolve(call(&pool, "alice"))).0, missing);
    assert_eq!(refused(world.engine.public().get_id(GetIdInput::new(&pool))).0, missing);
    assert_eq!(refused(world.engine.admin().identity(&alice)).0, missing);
    assert_eq!(refused(world.engine.admin().history(HistoryInput::new(&alice, 1))).0, missing);
    assert_eq!(refused(world.engine.admin().activity(ActivityInput::new(&pool, 1))).0, missing);
    world.check();
}

/// Pools are created while the store is reset again and again. None is half there, and the counts
/// are right.
#[test]
fn a_reset_races_with_creations() {
    let store = Arc::new(MemoryStore::new());
    let builder = || Engine::builder().signing_key(key(SigningAlgorithm::EdDsa));
    let engines = [(); 2].map(|()| builder().open_shared(Arc::clone(&store)).expect("opens"));
    let is_over = AtomicBool::new(false);
    let mut deleted = 0;
    let created = thread::scope(|scope| {
        let creating: Vec<_> = engines
            .iter()
            .map(|engine| {
                scope.spawn(|| {
                    let mut created = 0;
                    while !is_over.load(Ordering::SeqCst) {
                        let aws = developer(engine, ACCOUNT, REGION);
                        let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
                        let pool = aws.create_identity_pool(input).expect("created");
                        created += 1;
                        // It may be gone.
                        drop(engine.public().get_id(GetIdInput::new(&pool.identity_pool_id)));
                    }
                    created
                })
            })
            .collect();
        let admin = engines[0].admin();
        let mut resets = 0;
        while resets < 60 || deleted < 60 {
            deleted += admin.reset().expect("reset").deleted_identity_pool_ids.len();
            resets += 1;
        }
        is_over.store(true, Ordering::SeqCst);
        creating.into_iter().map(|thread| thread.join().expect("no panic")).sum::<usize>()
    });
    assert_eq!(engines[0].check().expect("readable"), []);
    assert_eq!(deleted + listed_in(&engines[0]), created, "each pool is deleted once, or is there");
    engines[0].admin().reset().expect("reset");
    for engine in &engines {
        engine.finish_removals().expect("removed");
    }
    let left = dump(&store);
    assert!(left.iter().all(|(key, _)| key.tree == Tree::SigningKeys), "{left:?}");
}

/// All pools, page by page.
fn listed_in(engine: &Engine) -> usize {
    let mut input = ListIdentityPoolsInput::new(60);
    let mut pools = 0;
    loop {
        let page = engine.admin().list_identity_pools(input).expect("listed");
        pools += page.identity_pools.len();
        let Some(token) = page.next_token else { return pools };
        input = ListIdentityPoolsInput::new(60).next_token(token);
    }
}

#[test]
fn an_administrator_deletes_one_pool_of_any_account() {
    let world = with_keys();
    let (kept, elsewhere) = (world.game(), world.of(OTHER, "eu-west-1"));
    let before = world.dump();
    let pool = elsewhere.game();
    elsewhere.register(&pool, "alice");
    let delete = |pool: &IdentityPoolId| {
        world.engine.admin().delete_identity_pool(DeleteIdentityPoolInput::new(pool))
    };
    delete(&pool).expect("deleted");
    let is_key = |tree| matches!(tree, Tree::SigningKeys);
    let left: Vec<_> = world.dump().into_iter().filter(|(key, _)| !is_key(key.tree)).collect();
    let before: Vec<_> = before.into_iter().filter(|(key, _)| !is_key(key.tree)).collect();
    assert_eq!(left, before);
    for gone in [pool, parse("us-east-1:0"), parse(&kept.as_str().replace("us-east", "eu-west"))] {
        let bytes = world.dump();
        let refusal = Refusal::PoolNotFound { identity_pool_id: gone.clone() };
        let refused = delete(&gone).expect_err("refused");
        assert!(matches!(refused, cognate::Error::Refused(known) if known == refusal));
        assert_eq!(world.dump(), bytes);
    }
}

/// With the calling thread, the call that resets removes everything itself.
#[test]
fn a_reset_within_the_call_leaves_no_remains() {
    let store = Arc::new(Watched::new());
    let builder = Engine::builder().signing_key(key(SigningAlgorithm::EdDsa));
    let builder = builder.removal(Removal::Calling);
    let engine = builder.open_exclusive(Arc::clone(&store)).expect("opens");
    let aws = developer(&engine, ACCOUNT, REGION);
    for _ in 0..3 {
        let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
        let pool = aws.create_identity_pool(input).expect("created").identity_pool_id;
        for _ in 0..130 {
            engine.public().get_id(GetIdInput::new(&pool)).expect("a guest");
        }
    }
    engine.admin().reset().expect("reset");
    assert_eq!(store.remains(), 0);
}
