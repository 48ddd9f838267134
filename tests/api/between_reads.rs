//! Another engine deletes a pool between two reads of a call. The call answers as before the
//! deletion or as after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    DeleteIdentityPoolInput, GetCredentialsForIdentityInput, UnlinkIdentityInput,
};
use cognate::store::{
    Batch, Commit, Key, KeyRange, MemoryStore, Refreshed, Store, StoreError, Value, Version,
};
use cognate::token::SigningAlgorithm;
use cognate::{Engine, ErrorKind, Result};

use crate::support::{ACCOUNT, FACEBOOK, REGION, Voucher, call, developer, game, key};

const OURS: &str = "cognito-identity.amazonaws.com";

/// A store that lets another engine delete the pool before one of its calls.
struct Interrupted {
    inner: Arc<MemoryStore>,
    theirs: Engine,
    pool: IdentityPoolId,
    /// The calls before the deletion. It happens once.
    calls_left: AtomicUsize,
}

impl Interrupted {
    fn called(&self) -> &MemoryStore {
        if self.calls_left.fetch_sub(1, Ordering::SeqCst) == 1 {
            let theirs = developer(&self.theirs, ACCOUNT, REGION);
            theirs.delete_identity_pool(DeleteIdentityPoolInput::new(&self.pool)).expect("deleted");
        }
        &self.inner
    }
}

impl Store for Interrupted {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.called().get(keys)
    }

    fn refresh(&self, keys: &[(Key, Option<Version>)]) -> Result<Vec<Refreshed>, StoreError> {
        self.called().refresh(keys)
    }

    fn reads_one_moment(&self) -> bool {
        true
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.called().scan(range, limit)
    }

    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.called().scan_back(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.called().commit(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.inner.sync()
    }
}

fn open(store: impl Store + 'static) -> Engine {
    let builder = Engine::builder().signing_key(key(SigningAlgorithm::EdDsa));
    builder.login_verifier(Voucher).open_shared(store).expect("opens")
}

/// Runs `run` with a deletion before each of its calls of the store in turn.
fn interrupted<T>(run: impl Fn(&Engine, &IdentityId, &str) -> Result<T>) {
    let mut answers = [0, 0];
    for calls_left in 1..10 {
        let inner = Arc::new(MemoryStore::new());
        let theirs = open(Arc::clone(&inner));
        let aws = developer(&theirs, ACCOUNT, REGION);
        let pool = game(&aws);
        let alice = call(&pool, "alice").logins(FACEBOOK, "user:alice");

        let calls = AtomicUsize::new(usize::MAX);
        let store = Arc::new(Interrupted { inner, theirs, pool, calls_left: calls });
        let ours = open(Arc::clone(&store));
        // Our engine knows the pool and the keys.
        let aws = developer(&ours, ACCOUNT, REGION);
        let alice = aws.get_open_id_token_for_developer_identity(alice).expect("a token");
        ours.verify_token(alice.token.as_str()).expect("ours");
        store.calls_left.store(calls_left, Ordering::SeqCst);
        match run(&ours, &alice.identity_id, alice.token.as_str()) {
            Ok(_) => answers[0] += 1,
            Err(error) => {
                let kind = error.kind();
                assert_eq!(kind, ErrorKind::ResourceNotFound, "{error} at call {calls_left}");
                answers[1] += 1;
            }
        }
    }
    assert!(answers.iter().all(|count| *count > 0), "{answers:?}");
}

/// The pool of the token was once read on its own, and the token was then refused as foreign.
#[test]
fn credentials_for_a_token_of_this_service() {
    interrupted(|engine, identity, token| {
        let input = GetCredentialsForIdentityInput::new(identity).logins(OURS, token);
        engine.public().get_credentials_for_identity(input)
    });
}

#[test]
fn credentials_for_a_token_and_another_login() {
    interrupted(|engine, identity, token| {
        let input = GetCredentialsForIdentityInput::new(identity)
            .logins(FACEBOOK, "user:alice")
            .logins(OURS, token);
        engine.public().get_credentials_for_identity(input)
    });
}

#[test]
fn unlinks_with_a_token() {
    interrupted(|engine, identity, token| {
        let input = UnlinkIdentityInput::new(identity).logins(OURS, token);
        engine.public().unlink_identity(input.logins_to_remove(FACEBOOK))
    });
}
