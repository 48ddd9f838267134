//! Planted records that no engine writes, in an otherwise intact store.

use std::sync::Arc;

use cognate::name::IdentityPoolId;
use cognate::operation::{
    CreateIdentityPoolInput, DescribeIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput,
    GuestAccess, ListIdentityPoolsInput,
};
use cognate::store::{Batch, Commit, Key, KeyRange, MemoryStore, Store, Tree, Value};
use cognate::token::SigningAlgorithm;
use cognate::{Developer, Engine, Error, Journal};

fn open(store: &Arc<MemoryStore>) -> cognate::Result<Engine> {
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    let builder = builder.journal(Journal::keep(90));
    builder.open_shared(Arc::clone(store) as Arc<dyn Store>)
}

fn owner(engine: &Engine) -> Developer {
    engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap())
}

/// A store with a pool that has two tags, and a user.
fn filled() -> (Arc<MemoryStore>, Engine, IdentityPoolId) {
    let store = Arc::new(MemoryStore::new());
    let engine = open(&store).expect("opens");
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied)
        .developer_provider_name("login.game")
        .identity_pool_tags("a", "1")
        .identity_pool_tags("b", "2");
    let pool = owner(&engine).create_identity_pool(input).expect("creates");
    let id = pool.identity_pool_id;
    let input = GetOpenIdTokenForDeveloperIdentityInput::new(&id);
    let input = input.logins("login.game", "alice");
    owner(&engine).get_open_id_token_for_developer_identity(input).expect("registers");
    (store, engine, id)
}

fn entries(store: &MemoryStore, tree: Tree) -> Vec<(Key, Value)> {
    store.scan(&KeyRange::prefix(tree, []), usize::MAX).expect("reads")
}

fn plant(store: &MemoryStore, key: Key, value: Value) {
    let mut batch = Batch::default();
    batch.puts.push((key, value));
    assert_eq!(store.commit(batch).expect("writes"), Commit::Done);
}

fn is_corrupt<T>(answer: cognate::Result<T>) -> bool {
    matches!(answer, Err(Error::Corrupt { .. }))
}

#[test]
fn a_key_that_is_too_short_or_too_long_is_found() {
    // The check once ignored short keys, and took a long key for the key that it begins with.
    let mark = (Key::new(Tree::Deletions, [7; 16]), vec![1]);
    for tree in Tree::ALL {
        let (store, _, _) = filled();
        let (key, value) = entries(&store, tree).into_iter().next().unwrap_or(mark.clone());
        for bytes in [&key.bytes[..3], &[key.bytes.as_slice(), &[0]].concat()] {
            let (store, engine, _) = filled();
            let wrong = Key::new(tree, bytes);
            plant(&store, wrong.clone(), value.clone());
            let findings = engine.check().expect("a readable store");
            let name = format!("{wrong}: ");
            let found = findings.iter().any(|finding| finding.detail.starts_with(&name));
            assert!(found, "{wrong} is not in {findings:?}");
        }
    }
}

#[test]
fn a_deletion_of_a_longer_key_does_not_hold_up_an_engine() {
    // The removal once never ended: it removed another mark than the one it had read.
    let (store, engine, _) = filled();
    plant(&store, Key::new(Tree::Deletions, [7; 17]), vec![1]);
    assert!(is_corrupt(engine.finish_removals()));
    open(&store).expect("removes nothing");
}

#[test]
fn a_pool_under_a_longer_key_is_in_no_list() {
    // The last 16 bytes of the key were once taken for the pool.
    let (store, engine, _) = filled();
    let (key, value) = entries(&store, Tree::PoolListing).remove(0);
    plant(&store, Key::new(key.tree, [key.bytes.as_slice(), b"!"].concat()), value);
    let list = owner(&engine).list_identity_pools(ListIdentityPoolsInput::new(60));
    assert!(is_corrupt(list));
}

#[test]
fn behind_the_last_number_there_is_no_key() {
    // This was once tried a thousand times and then reported as a race.
    for tree in [Tree::SessionKeys, Tree::SigningKeys] {
        let (store, engine, _) = filled();
        engine.rotate_session_key().expect("a key");
        let (mut key, value) = entries(&store, tree).remove(0);
        key.bytes.truncate(key.bytes.len() - 4);
        key.bytes.extend([0xff; 4]);
        plant(&store, key, value);
        let region = "us-east-1".parse().unwrap();
        let rotated = if tree == Tree::SessionKeys {
            engine.rotate_session_key()
        } else {
            engine.rotate_signing_key(&region)
        };
        assert!(is_corrupt(rotated), "{tree:?}");
    }
}

#[test]
fn a_map_whose_keys_do_not_rise_is_corrupt() {
    // Maps with unordered or repeated keys were once accepted, and changed when written again.
    let entry = |key: &str, value: &str| {
        [&[1, 0, 0, 0, 0, 0, 0, 0], key.as_bytes(), &[1, 0, 0, 0, 0, 0, 0, 0], value.as_bytes()]
            .concat()
    };
    let written = [entry("a", "1"), entry("b", "2")].concat();
    for planted in [[entry("b", "2"), entry("a", "1")], [entry("a", "1"), entry("a", "2")]] {
        let (store, engine, pool) = filled();
        let (key, mut value) = entries(&store, Tree::Pools).remove(0);
        let at = value.windows(written.len()).position(|bytes| bytes == written);
        let at = at.expect("the tags in their order");
        value.splice(at..at + written.len(), planted.concat());
        plant(&store, key, value);
        let input = DescribeIdentityPoolInput::new(&pool);
        assert!(is_corrupt(owner(&engine).describe_identity_pool(input)));
    }
}
