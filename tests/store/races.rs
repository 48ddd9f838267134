//! Races: many threads use few names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;

use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput,
    GuestAccess, MergeDeveloperIdentitiesInput, UpdateIdentityPoolInput,
};
use cognate::store::{Durability, KeyRange, MemoryStore, SledOptions, Store, Tree};
use cognate::token::SigningAlgorithm;
use cognate::{Developer, Engine, ErrorKind, Journal};

const THREADS: usize = 8;
const USERS: usize = 5;

fn engine(store: Arc<dyn Store>) -> Engine {
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    builder.open_shared(store).expect("opens")
}

fn engine_with_journal(store: Arc<dyn Store>) -> Engine {
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    builder.journal(Journal::keep(90)).open_shared(store).expect("opens")
}

fn developer(engine: &Engine) -> Developer {
    engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap())
}

fn new_pool(engine: &Engine) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let input = input.developer_provider_name("login.game");
    developer(engine).create_identity_pool(input).expect("creates").identity_pool_id
}

fn call(pool: &IdentityPoolId, user: usize) -> GetOpenIdTokenForDeveloperIdentityInput {
    let input = GetOpenIdTokenForDeveloperIdentityInput::new(pool);
    input.logins("login.game", format!("user-{user}"))
}

/// Every thread registers every user. All answers agree on the identity of each user.
fn one_identity_for_each_user(engines: &[Engine]) {
    let pool = new_pool(&engines[0]);
    let answers: Vec<(usize, IdentityId)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (engine, pool) = (&engines[thread % engines.len()], &pool);
                scope.spawn(move || {
                    let aws = developer(engine);
                    let mut answers = Vec::new();
                    for turn in 0..USERS * 4 {
                        let user = (turn + thread) % USERS;
                        let identity = aws.resolve_developer_identity(call(pool, user));
                        answers.push((user, identity.expect("registers")));
                    }
                    answers
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    let mut identities: BTreeMap<usize, BTreeSet<IdentityId>> = BTreeMap::new();
    for (user, identity) in answers {
        identities.entry(user).or_default().insert(identity);
    }
    assert!(identities.values().all(|of_user| of_user.len() == 1), "{identities:?}");
    assert_eq!(identities.into_values().flatten().collect::<BTreeSet<_>>().len(), USERS);
    assert_eq!(engines[0].check().expect("reads"), []);
}

#[test]
fn memory() {
    one_identity_for_each_user(&[engine(Arc::new(MemoryStore::new()))]);
    one_identity_for_each_user(&[engine_with_journal(Arc::new(MemoryStore::new()))]);
}

#[test]
fn sled() {
    let folder = tempfile::tempdir().expect("a folder");
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    let options = SledOptions::new(folder.path()).durability(Durability::ProcessKill);
    let builder = builder.journal(Journal::keep(90));
    one_identity_for_each_user(&[builder.open_sled(options).expect("opens")]);
}

#[test]
fn two_engines_over_one_store() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    one_identity_for_each_user(&[engine_with_journal(store.clone()), engine(store)]);
}

/// An engine sees at once how another one over the same store changes a pool.
#[test]
fn a_pool_that_is_changed_elsewhere_is_not_stale() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let (one, other) = (engine(store.clone()), engine(store));
    let pool = new_pool(&one);
    developer(&other).resolve_developer_identity(call(&pool, 1)).expect("registers");
    let rename = UpdateIdentityPoolInput::new(&pool, "renamed", GuestAccess::Denied);
    developer(&one).update_identity_pool(rename).expect("updates");
    let describe = cognate::operation::DescribeIdentityPoolInput::new(&pool);
    let seen = developer(&other).describe_identity_pool(describe).expect("describes");
    assert_eq!(seen.identity_pool_name.as_str(), "renamed");
    developer(&one).delete_identity_pool(DeleteIdentityPoolInput::new(&pool)).unwrap();
    let gone = developer(&other).resolve_developer_identity(call(&pool, 1));
    assert_eq!(gone.expect_err("is gone").kind(), ErrorKind::ResourceNotFound);
}

/// During a merge, a lookup returns the identity of the source or of the destination.
#[test]
fn readers_of_a_merge_see_it_whole() {
    read_during_merges(&engine(Arc::new(MemoryStore::new())));
    read_during_merges(&engine_with_journal(Arc::new(MemoryStore::new())));
}

fn read_during_merges(engine: &Engine) {
    let pool = new_pool(engine);
    let aws = developer(engine);
    let identity = |user| aws.resolve_developer_identity(call(&pool, user)).expect("registers");
    let known: Vec<IdentityId> = (0..40).map(identity).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            for user in 1..40 {
                let (source, destination) =
                    (format!("user-{user}"), format!("user-{}", user / 20 * 20));
                let merge = MergeDeveloperIdentitiesInput::new(
                    &pool,
                    "login.game",
                    source.as_str(),
                    destination.as_str(),
                );
                aws.merge_developer_identities(merge).expect("merges");
            }
        });
        for _ in 0..3 {
            scope.spawn(|| {
                for turn in 0..2_000 {
                    let user = turn % 40;
                    let found = identity(user);
                    assert!(found == known[user] || found == known[user / 20 * 20], "{user}");
                }
            });
        }
    });
    assert_eq!(engine.check().expect("reads"), []);
}

/// Deleting a pool leaves nothing behind, whatever its users do meanwhile.
#[test]
fn a_pool_is_deleted_while_users_register() {
    let store = Arc::new(MemoryStore::new());
    let engine = engine_with_journal(store.clone());
    delete_under_users(&engine);
    engine.finish_removals().expect("removes");
    for tree in Tree::ALL {
        let left = store.scan(&KeyRange::prefix(tree, []), 10).expect("scans");
        assert!(left.is_empty(), "{left:?}");
    }
    // An engine with exclusive access caches the pool.
    delete_under_users(&Engine::builder().in_memory().expect("opens"));
}

fn delete_under_users(engine: &Engine) {
    for _ in 0..20 {
        let pool = new_pool(engine);
        thread::scope(|scope| {
            for thread in 0..4 {
                let pool = &pool;
                scope.spawn(move || {
                    for turn in 0.. {
                        let user = turn * 4 + thread;
                        match developer(engine).resolve_developer_identity(call(pool, user)) {
                            Ok(_) => {}
                            Err(gone) => {
                                assert_eq!(gone.kind(), ErrorKind::ResourceNotFound, "{gone:?}");
                                return;
                            }
                        }
                    }
                });
            }
            thread::sleep(std::time::Duration::from_millis(2));
            let delete = DeleteIdentityPoolInput::new(&pool);
            developer(engine).delete_identity_pool(delete).expect("deletes");
        });
        assert_eq!(engine.check().expect("reads"), []);
    }
}
