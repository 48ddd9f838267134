//! What cannot be seen, or not be reached, from outside: how often the store is asked, and guests.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::error::ErrorKind;
use crate::id::{IdentityId, IdentityPoolId};
use crate::op::{
    CreateIdentityPoolInput, DescribeIdentityInput, GetOpenIdTokenForDeveloperIdentityInput,
    GuestAccess, UpdateIdentityPoolInput,
};
use crate::rules::{Change, Decided, Effect};
use crate::state::{Identity, IdentityState};
use crate::store::{Batch, Commit, Key, KeyRange, StoreError, Value};

/// Counts what it is asked.
#[derive(Default)]
struct Counting {
    store: MemoryStore,
    keys_read: AtomicUsize,
    scans: AtomicUsize,
    commits: AtomicUsize,
    /// Whether every race is lost.
    contended: AtomicBool,
}

impl Counting {
    fn take(&self) -> [usize; 3] {
        [&self.keys_read, &self.scans, &self.commits].map(|count| count.swap(0, Ordering::SeqCst))
    }
}

impl Store for Counting {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.keys_read.fetch_add(keys.len(), Ordering::SeqCst);
        self.store.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.scans.fetch_add(1, Ordering::SeqCst);
        self.store.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        if self.contended.load(Ordering::SeqCst) {
            return Ok(Commit::Conflict);
        }
        self.store.commit(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.store.sync()
    }
}

fn counted() -> (Arc<Counting>, Developer, IdentityPoolId) {
    let store = Arc::new(Counting::default());
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    let engine = builder.build(store.clone(), Some(PoolCache::default())).expect("opens");
    let aws = engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed).unwrap();
    let input = input.developer_provider_name("d").unwrap();
    let pool = aws.create_identity_pool(input).expect("creates").identity_pool_id;
    (store, aws, pool)
}

fn call(pool: &IdentityPoolId, user: &str) -> GetOpenIdTokenForDeveloperIdentityInput {
    let input = GetOpenIdTokenForDeveloperIdentityInput::new(pool).unwrap();
    input.login("d", user).unwrap()
}

#[test]
fn a_known_user_costs_one_read_and_no_write() {
    let (store, aws, pool) = counted();
    aws.get_open_id_token_for_developer_identity(call(&pool, "alice")).expect("registers");
    store.take();
    for _ in 0..3 {
        aws.get_open_id_token_for_developer_identity(call(&pool, "alice")).expect("knows");
        assert_eq!(store.take(), [1, 0, 0]);
    }
    let update = UpdateIdentityPoolInput::new(&pool, "game 2", GuestAccess::Allowed).unwrap();
    aws.update_identity_pool(update).expect("updates");
    store.take();
    aws.resolve_developer_identity(&call(&pool, "alice")).expect("knows");
    assert_eq!(store.take(), [2, 0, 1], "the pool is read anew, and checked with the login");
    aws.resolve_developer_identity(&call(&pool, "alice")).expect("knows");
    assert_eq!(store.take(), [1, 0, 0]);
}

#[test]
fn a_new_user_costs_one_commit() {
    let (store, aws, pool) = counted();
    aws.resolve_developer_identity(&call(&pool, "alice")).expect("registers");
    store.take();
    aws.resolve_developer_identity(&call(&pool, "bob")).expect("registers");
    assert_eq!(store.take(), [1, 0, 1]);
}

#[test]
fn a_storm_of_conflicts_ends() {
    let (store, aws, pool) = counted();
    store.contended.store(true, Ordering::SeqCst);
    let registered = aws.resolve_developer_identity(&call(&pool, "alice"));
    assert_eq!(registered.expect_err("never wins").kind(), ErrorKind::TooManyRequests);
    let update = UpdateIdentityPoolInput::new(&pool, "game 2", GuestAccess::Allowed).unwrap();
    let updated = aws.update_identity_pool(update).expect_err("never wins");
    assert_eq!(updated.kind(), ErrorKind::ConcurrentModification);
    store.contended.store(false, Ordering::SeqCst);
    aws.resolve_developer_identity(&call(&pool, "alice")).expect("goes on");
}

/// A guest, as the public operations make one.
fn guest(aws: &Developer, pool: &IdentityPoolId) -> IdentityId {
    let id = IdentityId::new(&aws.region, aws.core.fresh_guid().expect("an id"));
    let guest = Identity::guest(id.clone(), pool.clone(), aws.core.now());
    let effects = vec![Effect::Identity(Change::Create(guest))];
    let created = aws.core.run(|_| Ok(Decided { effects: effects.clone(), output: () }));
    created.expect("creates");
    id
}

#[test]
fn a_guest_keeps_its_id_when_a_user_is_linked_to_it() {
    let (_, aws, pool) = counted();
    let guest = guest(&aws, &pool);
    let linked = call(&pool, "alice").identity_id(&guest).unwrap();
    assert_eq!(aws.resolve_developer_identity(&linked).expect("links"), guest);
    assert_eq!(aws.resolve_developer_identity(&call(&pool, "alice")).expect("knows"), guest);
    let described = aws.describe_identity(DescribeIdentityInput::new(&guest).unwrap());
    assert_eq!(described.expect("describes").state, IdentityState::Authenticated);
}

#[test]
fn a_registered_user_is_not_linked_to_a_guest() {
    let (_, aws, pool) = counted();
    aws.resolve_developer_identity(&call(&pool, "alice")).expect("registers");
    let guest = guest(&aws, &pool);
    let claimed = call(&pool, "alice").identity_id(&guest).unwrap();
    let refused = aws.resolve_developer_identity(&claimed).expect_err("is registered");
    assert_eq!(refused.kind(), ErrorKind::DeveloperUserAlreadyRegistered);
    let described = aws.describe_identity(DescribeIdentityInput::new(&guest).unwrap());
    assert_eq!(described.expect("describes").state, IdentityState::Unauthenticated);
}
