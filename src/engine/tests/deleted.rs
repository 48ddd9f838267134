//! Pools that are deleted during a call.

use parking_lot::Mutex;

use super::{call, game};
use crate::engine::*;
use crate::error::ErrorKind;
use crate::id::IdentityPoolId;
use crate::operation::{
    CreateIdentityPoolInput, DeleteIdentityPoolInput, GuestAccess, ListIdentitiesInput,
    LookupDeveloperIdentityInput,
};
use crate::rules::{Change, Decided, Effect};
use crate::state::{ChangeOperation, SigningAlgorithm};
use crate::store::{Batch, Commit, Key, KeyRange, MemoryStore, StoreError, Tree, Value};

/// A store in which a pool is deleted just before a login is read or a range is scanned.
struct Deleting {
    store: Arc<dyn Store>,
    pool: Mutex<Option<(Developer, IdentityPoolId)>>,
    /// Only begins the deletion, so that the logins of the pool are still there.
    is_begun_only: bool,
}

impl Deleting {
    fn over(store: Arc<dyn Store>, is_begun_only: bool) -> Arc<Self> {
        Arc::new(Self { store, pool: Mutex::default(), is_begun_only })
    }

    fn delete_pool(&self) {
        let Some((aws, pool)) = self.pool.lock().take() else { return };
        if self.is_begun_only {
            let begun = aws.run(ChangeOperation::GetId, |reads| {
                let deleted = Change::Delete(reads.pool(&aws, &pool)?.pool.clone());
                Ok(Decided { effects: vec![Effect::Pool(Box::new(deleted))], output: () })
            });
            begun.expect("begins to delete");
        } else {
            let delete = DeleteIdentityPoolInput::new(&pool);
            aws.delete_identity_pool(delete).expect("deletes");
        }
    }
}

impl Store for Deleting {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        if keys.iter().any(|key| key.tree == Tree::Logins) {
            self.delete_pool();
        }
        self.store.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.delete_pool();
        self.store.scan(range, limit)
    }

    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.delete_pool();
        self.store.scan_back(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.store.commit(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.store.sync()
    }
}

#[test]
fn a_pool_that_is_deleted_meanwhile_is_not_listed_as_empty() {
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let open = |store: Arc<dyn Store>| {
        let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
        let engine = builder.open_shared(store).expect("opens");
        engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap())
    };
    let other = open(Arc::clone(&inner));
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let input = input.developer_provider_name("d");
    let pool = other.create_identity_pool(input).expect("creates").identity_pool_id;
    other.resolve_developer_identity(call(&pool, "alice")).expect("registers");
    let store = Deleting::over(inner, false);
    let aws = open(store.clone());
    *store.pool.lock() = Some((other, pool.clone()));
    let listed = aws.list_identities(ListIdentitiesInput::new(&pool, 60));
    assert_eq!(listed.expect_err("is gone").kind(), ErrorKind::ResourceNotFound);
}

/// The only read of the call happens after the deletion of the cached pool.
#[test]
fn a_pool_that_is_kept_and_deleted_meanwhile_is_gone() {
    let store = Deleting::over(Arc::new(MemoryStore::new()), false);
    let (aws, pool) = game(store.clone());
    aws.resolve_developer_identity(call(&pool, "alice")).expect("registers");
    let input = LookupDeveloperIdentityInput::new(&pool);
    let input = input.developer_user_identifier("alice");
    aws.lookup_developer_identity(input.clone()).expect("is known, and its pool is kept");
    *store.pool.lock() = Some((aws.clone(), pool));
    let [meanwhile, afterwards] =
        [(); 2].map(|()| aws.lookup_developer_identity(input.clone()).expect_err("is gone"));
    assert_eq!(meanwhile.to_string(), afterwards.to_string());
}

/// The same on the fast path for a known user, whose login is there until the deletion ends.
#[test]
fn a_user_who_is_known_to_a_pool_that_is_deleted_meanwhile_is_not_found() {
    for (is_begun_only, wants_token) in [(true, false), (true, true), (false, false)] {
        let store = Deleting::over(Arc::new(MemoryStore::new()), is_begun_only);
        let (aws, pool) = game(store.clone());
        let alice = call(&pool, "alice");
        let resolve = || aws.resolve_developer_identity(alice.clone());
        let token = || aws.get_open_id_token_for_developer_identity(alice.clone());
        resolve().expect("registers");
        resolve().expect("is known");
        *store.pool.lock() = Some((aws.clone(), pool));
        let refused = if wants_token { token().map(drop) } else { resolve().map(drop) };
        assert_eq!(refused.expect_err("is gone").kind(), ErrorKind::ResourceNotFound);
    }
}
