//! Calls of a shared store that each operation makes, once the engine knows the pool and its key.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cognate::ambient::Timestamp;
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentitiesInput, DescribeIdentityInput,
    DescribeIdentityPoolInput, GetCredentialsForIdentityInput, GetIdInput, GetOpenIdTokenInput,
    GuestAccess, ListIdentitiesInput, LookupDeveloperIdentityInput, MergeDeveloperIdentitiesInput,
    RoleType, SetIdentityPoolRolesInput, UnlinkDeveloperIdentityInput, UpdateIdentityPoolInput,
};
use cognate::store::{
    Batch, Commit, Key, KeyRange, MemoryStore, Refreshed, Store, StoreError, Tree, Value, Version,
};
use cognate::token::SigningAlgorithm;
use cognate::{Engine, Error, Refusal, Removal, from_fn};

use crate::support::{ACCOUNT, FACEBOOK, GAME, NOON, REGION, Voucher, call, developer, key};

/// A store whose every call is a round trip.
#[derive(Default)]
struct Remote {
    inner: MemoryStore,
    calls: AtomicUsize,
    /// The number of keys that the largest read has asked for.
    keys_max: AtomicUsize,
}

impl Remote {
    fn called(&self) -> &MemoryStore {
        self.calls.fetch_add(1, Ordering::SeqCst);
        &self.inner
    }
}

impl Store for Remote {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.called().get(keys)
    }

    fn refresh(&self, keys: &[(Key, Option<Version>)]) -> Result<Vec<Refreshed>, StoreError> {
        self.keys_max.fetch_max(keys.len(), Ordering::SeqCst);
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

struct Scene {
    store: Arc<Remote>,
    aws: cognate::Developer,
    public: cognate::Public,
    pool: IdentityPoolId,
}

impl Scene {
    fn new() -> Self {
        let store = Arc::new(Remote::default());
        // Keys are kept for a bounded time, which does not pass here.
        let clock = from_fn(|| Timestamp::from_millis(NOON));
        let builder = Engine::builder().signing_key(key(SigningAlgorithm::EdDsa)).clock(clock);
        // The calls alone are counted.
        let builder = builder.login_verifier(Voucher).removal(Removal::Calling);
        let engine = builder.open_shared(Arc::clone(&store));
        let engine = engine.expect("opens");
        let aws = developer(&engine, ACCOUNT, REGION);
        let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
            .allow_classic_flow(true)
            .developer_provider_name(GAME)
            .supported_login_providers(FACEBOOK, "1234567890");
        let pool = aws.create_identity_pool(input).expect("created").identity_pool_id;
        let role = |name: &str| format!("arn:aws:iam::{ACCOUNT}:role/{name}");
        let roles = SetIdentityPoolRolesInput::new(&pool)
            .roles(RoleType::Authenticated, role("user").as_str())
            .roles(RoleType::Unauthenticated, role("guest").as_str());
        aws.set_identity_pool_roles(roles).expect("set");
        let scene = Self { store, aws, public: engine.public(), pool };
        // The engine now knows the pool and both of its keys.
        scene.token("warm");
        let guest = scene.get_id(None);
        scene.credentials(&guest, None);
        scene
    }

    /// The number of calls of the store that `run` makes.
    fn trips<T>(&self, run: impl FnOnce() -> T) -> (usize, T) {
        self.store.calls.store(0, Ordering::SeqCst);
        let output = run();
        (self.store.calls.load(Ordering::SeqCst), output)
    }

    fn resolve(&self, user: &str) -> IdentityId {
        self.aws.resolve_developer_identity(call(&self.pool, user)).expect("resolved")
    }

    fn token(&self, user: &str) {
        let output = self.aws.get_open_id_token_for_developer_identity(call(&self.pool, user));
        output.expect("a token");
    }

    fn get_id(&self, user: Option<&str>) -> IdentityId {
        let input = user.into_iter().fold(GetIdInput::new(&self.pool), |input, user| {
            input.logins(FACEBOOK, format!("user:{user}").as_str())
        });
        self.public.get_id(input).expect("an identity").identity_id
    }

    fn open_id_token(&self, id: &IdentityId, user: Option<&str>) -> String {
        let input = user.into_iter().fold(GetOpenIdTokenInput::new(id), |input, user| {
            input.logins(FACEBOOK, format!("user:{user}").as_str())
        });
        self.public.get_open_id_token(input).expect("a token").token.as_str().to_owned()
    }

    fn credentials(&self, id: &IdentityId, login: Option<(&str, &str)>) {
        let input = login
            .into_iter()
            .fold(GetCredentialsForIdentityInput::new(id), |input, (provider, token)| {
                input.logins(provider, token)
            });
        self.public.get_credentials_for_identity(input).expect("credentials");
    }
}

/// The table of docs/stores.md.
#[test]
fn operations_make_few_round_trips() {
    let scene = Scene::new();
    let mut rows: Vec<(&str, usize, usize)> = Vec::new();
    let mut row = |name, most, trips| rows.push((name, most, trips));

    let (trips, alice) = scene.trips(|| scene.resolve("alice"));
    row("register", 2, trips);
    row("resolve a known user", 1, scene.trips(|| scene.resolve("alice")).0);
    row("token of a known user", 1, scene.trips(|| scene.token("alice")).0);
    row("token of a new user", 2, scene.trips(|| scene.token("bob")).0);

    let (trips, guest) = scene.trips(|| scene.get_id(None));
    row("GetId of a guest", 2, trips);
    let (trips, carol) = scene.trips(|| scene.get_id(Some("carol")));
    row("GetId of a new login", 2, trips);
    row("GetId of a known login", 1, scene.trips(|| scene.get_id(Some("carol"))).0);

    row("GetOpenIdToken of a guest", 2, scene.trips(|| scene.open_id_token(&guest, None)).0);
    let (trips, ours) = scene.trips(|| scene.open_id_token(&carol, Some("carol")));
    row("GetOpenIdToken", 2, trips);
    row("credentials of a guest", 2, scene.trips(|| scene.credentials(&guest, None)).0);
    let facebook = (FACEBOOK, "user:carol");
    row("credentials", 2, scene.trips(|| scene.credentials(&carol, Some(facebook))).0);
    let ours = ("cognito-identity.amazonaws.com", ours.as_str());
    scene.credentials(&carol, Some(ours));
    row("credentials for our token", 2, scene.trips(|| scene.credentials(&carol, Some(ours))).0);

    let link = call(&scene.pool, "alice").logins(FACEBOOK, "user:alice");
    let linked = scene.trips(|| scene.aws.resolve_developer_identity(link));
    assert_eq!(linked.1.expect("linked"), alice);
    row("link", 3, linked.0);
    let given = call(&scene.pool, "ally").identity_id(&alice);
    let linked = scene.trips(|| scene.aws.resolve_developer_identity(given));
    assert_eq!(linked.1.expect("linked"), alice);
    row("link to a given identity", 3, linked.0);

    let merge = MergeDeveloperIdentitiesInput::new(&scene.pool, GAME, "bob", "alice");
    let merged = scene.trips(|| scene.aws.merge_developer_identities(merge));
    assert_eq!(merged.1.expect("merged").identity_id, alice);
    row("merge", 3, merged.0);
    let unlink = UnlinkDeveloperIdentityInput::new(&scene.pool, &alice, GAME, "bob");
    let unlinked = scene.trips(|| scene.aws.unlink_developer_identity(unlink));
    unlinked.1.expect("unlinked");
    row("unlink", 3, unlinked.0);

    let lookup = LookupDeveloperIdentityInput::new(&scene.pool);
    let by_user = lookup.clone().developer_user_identifier("alice");
    let found = scene.trips(|| scene.aws.lookup_developer_identity(by_user).expect("found"));
    assert_eq!(found.1.identity_id, alice);
    row("lookup by user", 2, found.0);
    let by_identity = lookup.identity_id(&alice);
    let found = scene.trips(|| scene.aws.lookup_developer_identity(by_identity).expect("found"));
    row("lookup by identity", 2, found.0);
    let describe = DescribeIdentityInput::new(&alice);
    let described = scene.trips(|| scene.aws.describe_identity(describe).expect("described"));
    row("describe an identity", 2, described.0);

    let describe = DescribeIdentityPoolInput::new(&scene.pool);
    let described = scene.trips(|| scene.aws.describe_identity_pool(describe));
    row("describe a pool", 1, described.0);
    let update = UpdateIdentityPoolInput::from(described.1.expect("described"));
    let updated = scene.trips(|| scene.aws.update_identity_pool(update.identity_pool_name("g")));
    updated.1.expect("updated");
    row("update a pool", 1, updated.0);

    // The engine has to read the pool that it has changed.
    scene.token("alice");
    let list = || scene.aws.list_identities(ListIdentitiesInput::new(&scene.pool, 60));
    row("page of identities", 2, scene.trips(|| list().expect("listed")).0);
    let many: Vec<IdentityId> = (0..60).map(|n| scene.resolve(&format!("user {n}"))).collect();
    let delete = || scene.aws.delete_identities(DeleteIdentitiesInput::new(&many));
    row("deletion of 60 identities", 3, scene.trips(|| delete().expect("deleted")).0);
    row("deletion of what is gone", 1, scene.trips(|| delete().expect("deleted")).0);

    let over: Vec<_> = rows.iter().filter(|(_, most, trips)| trips > most).collect();
    assert!(over.is_empty(), "{over:?}");
    let keys_max = scene.store.keys_max.load(Ordering::SeqCst);
    assert!(keys_max <= 60 + 60 + 1, "no read grows beyond what is needed: {keys_max}");
}

/// One read takes the login along, but the pool alone refuses the call.
#[test]
fn a_refused_call_reports_a_corrupt_record_that_it_has_read() {
    let scene = Scene::new();
    let alice = scene.get_id(Some("alice"));
    let input = UpdateIdentityPoolInput::new(&scene.pool, "game", GuestAccess::Denied)
        .allow_classic_flow(false)
        .supported_login_providers(FACEBOOK, "1234567890");
    scene.aws.update_identity_pool(input).expect("updated");
    let token = || {
        let input = GetOpenIdTokenInput::new(&alice).logins(FACEBOOK, "user:alice");
        scene.public.get_open_id_token(input).expect_err("the classic flow is off")
    };
    let refused = token();
    assert!(matches!(refused, Error::Refused(Refusal::ClassicFlowDisabled)), "{refused:?}");

    let logins = scene.store.scan(&KeyRange::prefix(Tree::Logins, []), 10).expect("reads");
    let mut damage = Batch::default();
    damage.puts.extend(logins.into_iter().map(|(login, _)| (login, b"damaged".to_vec())));
    assert_eq!(scene.store.commit(damage).expect("commits"), Commit::Done);
    let refused = token();
    assert!(matches!(refused, Error::Corrupt { .. }), "{refused:?}");
}
