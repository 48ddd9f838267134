//! Behaviour that cannot be observed or reached through the public API: accesses to the store, and
//! guests.

mod deleted;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::ambient::{Ids, Timestamp};
use crate::engine::gather::Reads;
use crate::error::ErrorKind;
use crate::id::{IdentityId, IdentityPoolId};
use crate::login::LoginVerifier;
use crate::operation::{
    CreateIdentityPoolInput, DescribeIdentityInput, DescribeIdentityPoolInput,
    GetOpenIdTokenForDeveloperIdentityInput, GuestAccess, ListIdentitiesInput,
    UpdateIdentityPoolInput,
};
use crate::part::from_fn;
use crate::rules::{Change, Decided, Effect};
use crate::state::SigningAlgorithm;
use crate::state::{ChangeOperation, Identity, IdentityState};
use crate::store::MemoryStore;
use crate::store::{Batch, Commit, Key, KeyRange, StoreError, Value};

/// A store that counts accesses.
#[derive(Default)]
struct Counting {
    store: MemoryStore,
    keys_read: AtomicUsize,
    scans: AtomicUsize,
    commits: AtomicUsize,
    /// Makes every commit lose its race.
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

    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.scans.fetch_add(1, Ordering::SeqCst);
        self.store.scan_back(range, limit)
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
    let (aws, pool) = game(store.clone());
    (store, aws, pool)
}

/// A pool of an engine that has opened its store exclusively.
fn game(store: Arc<dyn Store>) -> (Developer, IdentityPoolId) {
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    let engine = builder.open_exclusive(store).expect("opens");
    let aws = engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    let input = input.developer_provider_name("d");
    let pool = aws.create_identity_pool(input).expect("creates").identity_pool_id;
    (aws, pool)
}

fn call(pool: &IdentityPoolId, user: &str) -> GetOpenIdTokenForDeveloperIdentityInput {
    let input = GetOpenIdTokenForDeveloperIdentityInput::new(pool);
    input.logins("d", user)
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
    let update = UpdateIdentityPoolInput::new(&pool, "game 2", GuestAccess::Allowed);
    aws.update_identity_pool(update).expect("updates");
    store.take();
    aws.resolve_developer_identity(call(&pool, "alice")).expect("knows");
    assert_eq!(store.take(), [2, 0, 1], "the pool is read anew, and checked with the login");
    aws.resolve_developer_identity(call(&pool, "alice")).expect("knows");
    assert_eq!(store.take(), [1, 0, 0]);
}

#[test]
fn a_new_user_costs_one_commit() {
    let (store, aws, pool) = counted();
    aws.resolve_developer_identity(call(&pool, "alice")).expect("registers");
    store.take();
    aws.resolve_developer_identity(call(&pool, "bob")).expect("registers");
    assert_eq!(store.take(), [2, 0, 1], "first as if the user were known");
}

/// A run under a ticking clock repeats byte for byte, no matter which pools are cached. The crash
/// rig once saw two times in one call.
#[test]
fn a_call_has_one_moment() {
    let ticks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ticks);
    let clock = move || Timestamp::from_millis(counted.fetch_add(1, Ordering::SeqCst) as u64);
    let builder =
        Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).clock(from_fn(clock));
    let engine = builder.in_memory().expect("opens");
    let aws = engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let input = input.developer_provider_name("d");
    let pool = aws.create_identity_pool(input).expect("creates").identity_pool_id;
    let token = |user| aws.get_open_id_token_for_developer_identity(call(&pool, user));
    token("alice").expect("registers, and makes the key");
    for user in ["alice", "bob", "bob"] {
        let before = ticks.load(Ordering::SeqCst);
        token(user).expect("a token");
        assert_eq!(ticks.load(Ordering::SeqCst), before + 1, "{user}");
    }
}

#[test]
fn a_storm_of_conflicts_ends() {
    let (store, aws, pool) = counted();
    store.contended.store(true, Ordering::SeqCst);
    let registered = aws.resolve_developer_identity(call(&pool, "alice"));
    assert_eq!(registered.expect_err("never wins").kind(), ErrorKind::TooManyRequests);
    let update = UpdateIdentityPoolInput::new(&pool, "game 2", GuestAccess::Allowed);
    let updated = aws.update_identity_pool(update).expect_err("never wins");
    assert_eq!(updated.kind(), ErrorKind::ConcurrentModification);
    store.contended.store(false, Ordering::SeqCst);
    aws.resolve_developer_identity(call(&pool, "alice")).expect("goes on");
}

/// A guest, created like the public operations do.
fn guest(aws: &Developer, pool: &IdentityPoolId) -> IdentityId {
    let id = IdentityId::new(&aws.region, aws.core.fresh_guid(None).expect("an id"));
    let guest = Identity::guest(id.clone(), pool.clone(), aws.core.now());
    let effects = vec![Effect::Identity(Change::Create(guest))];
    let created =
        aws.run(ChangeOperation::GetId, |_| Ok(Decided { effects: effects.clone(), output: () }));
    created.expect("creates");
    id
}

#[test]
fn a_guest_keeps_its_id_when_a_user_is_linked_to_it() {
    let (_, aws, pool) = counted();
    let guest = guest(&aws, &pool);
    let linked = call(&pool, "alice").identity_id(&guest);
    assert_eq!(aws.resolve_developer_identity(linked).expect("links"), guest);
    assert_eq!(aws.resolve_developer_identity(call(&pool, "alice")).expect("knows"), guest);
    let described = aws.describe_identity(DescribeIdentityInput::new(&guest));
    assert_eq!(described.expect("describes").state, IdentityState::Authenticated);
}

#[test]
fn a_registered_user_is_not_linked_to_a_guest() {
    let (_, aws, pool) = counted();
    aws.resolve_developer_identity(call(&pool, "alice")).expect("registers");
    let guest = guest(&aws, &pool);
    let claimed = call(&pool, "alice").identity_id(&guest);
    let refused = aws.resolve_developer_identity(claimed).expect_err("is registered");
    assert_eq!(refused.kind(), ErrorKind::DeveloperUserAlreadyRegistered);
    let described = aws.describe_identity(DescribeIdentityInput::new(&guest));
    assert_eq!(described.expect("describes").state, IdentityState::Unauthenticated);
}

/// A key that was read before a rotation must not be cached after it.
#[test]
fn a_key_that_was_read_before_a_rotation_is_not_kept_after_it() {
    let (_, aws, _) = counted();
    let (core, region) = (&aws.core, &aws.region);
    core.current_key(region).expect("makes a key");
    let before = core.before_read_of_keys();
    let overtaken = core.current_key(region).expect("knows the key");
    core.rotate(region).expect("rotates");
    core.keys.keep_signer(before, region, &overtaken);
    let current = core.current_key(region).expect("knows the key");
    assert!(!Arc::ptr_eq(&overtaken, &current));
}

/// An operation that names a pool twice reads it once. In races, a pool that was read before a
/// change was once cached after it; from then on every write of the pool was refused.
#[test]
fn a_pool_that_was_read_before_a_change_is_not_kept_after_it() {
    let (_, aws, pool) = counted();
    let cache = aws.core.pools.as_ref().expect("opened exclusively");
    let mut reads = Reads::new(&aws.core);
    let writing = cache.writing(pool.guid());
    reads.any_pool(&pool).expect("reads").expect("is there");
    drop(writing);
    let update = UpdateIdentityPoolInput::new(&pool, "game 2", GuestAccess::Allowed);
    aws.update_identity_pool(update).expect("updates");
    reads.any_pool(&pool).expect("reads").expect("is there");
    let described = aws.describe_identity_pool(DescribeIdentityPoolInput::new(&pool));
    assert_eq!(described.expect("describes").identity_pool_name.as_str(), "game 2");
}

/// The cache follows the actual effect on the store, not the reported one.
#[cfg(feature = "testkit")]
#[test]
fn a_pool_whose_change_failed_is_as_the_store_has_it() {
    use crate::testkit::{Calls, FaultyStore, StoreFault, When};

    for (fault, name) in [(StoreFault::FailsBefore, "game"), (StoreFault::FailsAfter, "game 2")] {
        let store = Arc::new(FaultyStore::new(MemoryStore::new()));
        let (aws, pool) = game(store.clone());
        let describe = || {
            let described = aws.describe_identity_pool(DescribeIdentityPoolInput::new(&pool));
            described.expect("describes").identity_pool_name
        };
        assert_eq!(describe().as_str(), "game");
        store.inject(fault, Calls::Writes, When::Nth(1));
        let update = UpdateIdentityPoolInput::new(&pool, "game 2", GuestAccess::Allowed);
        let failed = aws.update_identity_pool(update).expect_err("the store fails");
        assert_eq!(failed.kind(), ErrorKind::InternalError);
        assert_eq!(describe().as_str(), name, "{fault:?}");
    }
}

#[test]
fn engines_with_different_keys_do_not_retire_each_other() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let engine = |algorithm| {
        let builder = Engine::builder().signing_algorithm(algorithm);
        builder.open_shared(Arc::clone(&store)).expect("opens")
    };
    let engines = [engine(SigningAlgorithm::EdDsa), engine(SigningAlgorithm::Es256)];
    let region: Region = "us-east-1".parse().unwrap();
    for _ in 0..10 {
        for engine in &engines {
            engine.core.current_key(&region).expect("has a key");
        }
    }
    assert_eq!(engines[0].jwks().expect("reads").keys.len(), 2);
}

/// Returns each id three times.
#[derive(Default)]
struct Repeating(AtomicUsize);

impl Ids for Repeating {
    fn mint(&self) -> Result<uuid::Uuid, crate::ambient::EntropyError> {
        Ok(uuid::Uuid::from_u128((self.0.fetch_add(1, Ordering::SeqCst) / 3) as u128))
    }
}

#[test]
fn an_id_that_was_given_before_is_not_given_again() {
    let builder = Engine::builder().ids(Repeating::default());
    let engine = builder.signing_algorithm(SigningAlgorithm::EdDsa).in_memory().expect("opens");
    let aws = engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let create = || CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let pools = [(); 3].map(|()| aws.create_identity_pool(create()).expect("creates"));
    assert!(pools[0].identity_pool_id != pools[1].identity_pool_id);
    assert!(pools[1].identity_pool_id != pools[2].identity_pool_id);
}

/// A verifier that answers about another provider.
struct Confused;

impl LoginVerifier for Confused {
    fn verify(
        &self,
        _: &crate::operation::IdentityPool,
        _: &crate::name::ProviderName,
        _: &crate::name::LoginToken,
        _: Timestamp,
    ) -> Result<crate::login::VerifiedLogin, crate::login::LoginError> {
        let other = "graph.facebook.com".parse().unwrap();
        crate::login::VerifiedLogin::assertion(&other, "1")
            .map_err(|_| crate::login::LoginError::Malformed)
    }
}

#[test]
fn a_verifier_can_only_prove_what_it_was_asked() {
    let builder = Engine::builder().login_verifier(Confused);
    let engine = builder.signing_algorithm(SigningAlgorithm::EdDsa).in_memory().expect("opens");
    let aws = engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    let input = input.developer_provider_name("d");
    let input = input.supported_login_providers("www.amazon.com", "app");
    let pool = aws.create_identity_pool(input).expect("creates").identity_pool_id;
    let presented = call(&pool, "alice").logins("www.amazon.com", "token");
    let refused = aws.resolve_developer_identity(presented).expect_err("of another provider");
    assert_eq!(refused.to_string(), crate::Refusal::LoginIssuerMismatch.to_string());
}

/// Disables more identities than one call reads, and hides them.
#[test]
fn very_many_hidden_identities_make_short_pages() {
    let (_, aws, pool) = counted();
    let alice = aws.resolve_developer_identity(call(&pool, "alice")).expect("registers");
    let mut disabled = Vec::new();
    for _ in 0..17_000 {
        let id = IdentityId::new(&aws.region, aws.core.fresh_guid(None).expect("an id"));
        let mut identity = Identity::guest(id, pool.clone(), Timestamp::from_millis(0));
        drop(identity.empty(Timestamp::from_millis(0)));
        disabled.push(Effect::Identity(Change::Create(identity)));
    }
    let written =
        aws.run(ChangeOperation::GetId, |_| Ok(Decided { effects: disabled.clone(), output: () }));
    written.expect("creates");
    let input = ListIdentitiesInput::new(&pool, 60).hide_disabled(true);
    let first = aws.list_identities(input.clone()).expect("lists");
    assert!(first.identities.is_empty());
    let rest = input.next_token(first.next_token.expect("there is more"));
    let rest = aws.list_identities(rest).expect("lists");
    assert_eq!((rest.identities.len(), rest.next_token), (1, None));
    assert_eq!(rest.identities[0].identity_id, alice);
}
