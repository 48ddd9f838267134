//! Lost races: a call asks the verifier once, or again if the pool has changed meanwhile.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cognate::ambient::Timestamp;
use cognate::login::{LoginError, LoginVerifier, VerifiedLogin};
use cognate::name::{IdentityId, IdentityPoolId, LoginToken, ProviderName};
use cognate::operation::{
    DeleteIdentitiesInput, GetCredentialsForIdentityInput, GetIdInput, GetOpenIdTokenInput,
    GuestAccess, IdentityPool, RoleType, SetIdentityPoolRolesInput, UnlinkIdentityInput,
    UpdateIdentityPoolInput,
};
use cognate::store::{Batch, Commit, Key, KeyRange, MemoryStore, Store, StoreError, Value};
use cognate::token::SigningAlgorithm;
use cognate::{Developer, Engine, Removal, Result, wire};
use serde_json::json;

use crate::attacks::{AUDIENCE, SIGNATURE};
use crate::support::{
    ACCOUNT, AMAZON, FACEBOOK, GAME, REGION, call, developer, dump, key, parse, refused, target,
};

type Hook = Box<dyn FnOnce() + Send>;

/// A store that lets another writer win.
#[derive(Default)]
struct Racing {
    inner: Arc<MemoryStore>,
    /// The number of commits that fail without a real conflict.
    lost: AtomicUsize,
    /// Runs before the next commit.
    before: Mutex<Option<Hook>>,
    commits: AtomicUsize,
}

impl Store for Racing {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.inner.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.inner.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        let hook = self.before.lock().expect("one at a time").take();
        if let Some(hook) = hook {
            hook();
        }
        let lost = |left: usize| left.checked_sub(1);
        if self.lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, lost).is_ok() {
            return Ok(Commit::Conflict);
        }
        self.inner.commit(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.inner.sync()
    }
}

/// Accepts every token, and counts the calls. Accepts `once:NAME` only the first time.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl LoginVerifier for Counting {
    fn verify(
        &self,
        _: &IdentityPool,
        provider: &ProviderName,
        token: &LoginToken,
        _: Timestamp,
    ) -> Result<VerifiedLogin, LoginError> {
        let asked_before = self.0.fetch_add(1, Ordering::SeqCst);
        if asked_before > 0 && token.as_str().starts_with("once:") {
            return Err(LoginError::BadSignature);
        }
        VerifiedLogin::assertion(provider, token.as_str()).map_err(|_| LoginError::Malformed)
    }
}

/// An engine that loses races, and another one over the same store that wins them.
struct Race {
    store: Arc<Racing>,
    asked: Counting,
    engine: Engine,
    winner: Engine,
    pool: IdentityPoolId,
    guest: IdentityId,
    alice: IdentityId,
}

impl Race {
    fn new() -> Self {
        let (store, asked) = (Arc::new(Racing::default()), Counting::default());
        let inner = Arc::clone(&store.inner);
        let builder = || {
            let builder = Engine::builder().signing_key(key(SigningAlgorithm::EdDsa));
            builder.removal(Removal::Calling)
        };
        let engine =
            builder().login_verifier(asked.clone()).open_shared(Arc::<Racing>::clone(&store));
        let winner =
            builder().login_verifier(Counting::default()).open_shared(inner).expect("opens");
        let engine = engine.expect("opens");
        let aws = developer(&winner, ACCOUNT, REGION);
        let input = cognate::operation::CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
            .developer_provider_name(GAME)
            .supported_login_providers(FACEBOOK, "1234567890")
            .supported_login_providers(AMAZON, "amzn1.app");
        let pool = aws.create_identity_pool(input).expect("created");
        let pool = pool.identity_pool_id;
        let role = format!("arn:aws:iam::{ACCOUNT}:role/any");
        let roles = SetIdentityPoolRolesInput::new(&pool)
            .roles(RoleType::Authenticated, role.as_str())
            .roles(RoleType::Unauthenticated, role.as_str());
        aws.set_identity_pool_roles(roles).expect("set");
        let get_id = |login: Option<&str>| {
            let mut input = GetIdInput::new(&pool);
            if let Some(user) = login {
                input = input.logins(AMAZON, user);
            }
            winner.public().get_id(input).expect("an identity").identity_id
        };
        let (guest, alice) = (get_id(None), get_id(Some("alice")));
        let race = Self { store, asked, engine, winner, pool, guest, alice };
        // Create the keys first: that would be another race.
        race.credentials(&race.guest, &[]).expect("credentials");
        race.signed("nobody", &[]).expect("a token");
        race.start();
        race
    }

    /// Resets the counts of verifications and commits.
    fn start(&self) {
        self.asked.0.store(0, Ordering::SeqCst);
        self.store.commits.store(0, Ordering::SeqCst);
    }

    fn asked(&self) -> usize {
        self.asked.0.load(Ordering::SeqCst)
    }

    fn before_the_next_commit(&self, hook: impl FnOnce() + Send + 'static) {
        *self.store.before.lock().expect("one at a time") = Some(Box::new(hook));
    }

    fn winner(&self) -> Developer {
        developer(&self.winner, ACCOUNT, REGION)
    }

    /// Renames the pool and gives it these providers.
    fn update(&self, providers: &'static [&'static str]) -> impl FnOnce() + Send + 'static {
        let (aws, pool) = (self.winner(), self.pool.clone());
        move || {
            let input = UpdateIdentityPoolInput::new(&pool, "renamed", GuestAccess::Allowed)
                .developer_provider_name(GAME);
            let input = providers
                .iter()
                .fold(input, |input, provider| input.supported_login_providers(*provider, "app"));
            aws.update_identity_pool(input).expect("updated");
        }
    }

    fn get_id(&self, user: &str) -> Result<IdentityId> {
        let input = GetIdInput::new(&self.pool).logins(FACEBOOK, user);
        Ok(self.engine.public().get_id(input)?.identity_id)
    }

    fn token(&self, whose: &IdentityId, user: &str) -> Result<IdentityId> {
        let input = GetOpenIdTokenInput::new(whose).logins(FACEBOOK, user);
        Ok(self.engine.public().get_open_id_token(input)?.identity_id)
    }

    fn credentials(&self, whose: &IdentityId, logins: &[(&str, &str)]) -> Result<IdentityId> {
        let input = GetCredentialsForIdentityInput::new(whose);
        let input = logins.iter().fold(input, |input, (name, user)| input.logins(*name, *user));
        Ok(self.engine.public().get_credentials_for_identity(input)?.identity_id)
    }

    fn unlink(&self, whose: &IdentityId, user: &str) -> Result<()> {
        let input = UnlinkIdentityInput::new(whose).logins(AMAZON, user).logins_to_remove(AMAZON);
        self.engine.public().unlink_identity(input)
    }

    fn signed(&self, user: &str, logins: &[(&str, &str)]) -> Result<IdentityId> {
        let input = call(&self.pool, user);
        let input = logins.iter().fold(input, |input, (name, user)| input.logins(*name, *user));
        let aws = developer(&self.engine, ACCOUNT, REGION);
        Ok(aws.get_open_id_token_for_developer_identity(input)?.identity_id)
    }

    fn check(&self) {
        assert_eq!(self.engine.check().expect("readable"), []);
    }
}

type Run = fn(&Race) -> Result<()>;

/// Calls that all write.
const CALLS: [(&str, Run); 6] = [
    ("GetId", |race| race.get_id("new").map(drop)),
    ("GetOpenIdToken", |race| race.token(&race.guest, "new").map(drop)),
    ("GetCredentialsForIdentity", |race| {
        race.credentials(&race.guest, &[(FACEBOOK, "new")]).map(drop)
    }),
    ("UnlinkIdentity", |race| race.unlink(&race.alice, "alice")),
    ("GetOpenIdTokenForDeveloperIdentity", |race| {
        race.signed("new", &[(FACEBOOK, "new")]).map(drop)
    }),
    ("GetId through the wire", |race| {
        let body = json!({ "IdentityPoolId": race.pool, "Logins": { (FACEBOOK): "new" } });
        let context = wire::Context::signed(parse(ACCOUNT), parse(REGION));
        let body = body.to_string();
        let reply = wire::call(&race.engine, &context, &target("GetId"), body.as_bytes());
        assert_eq!(reply.fault, None);
        Ok(())
    }),
];

#[test]
fn a_lost_race_does_not_ask_again() {
    for (name, run) in CALLS {
        for lost in [0, 1, 7] {
            let race = Race::new();
            race.store.lost.store(lost, Ordering::SeqCst);
            let before = dump(&race.store.inner);
            run(&race).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(race.asked(), 1, "{name}, {lost} lost");
            assert_eq!(race.store.commits.load(Ordering::SeqCst), lost + 1, "{name}");
            assert!(dump(&race.store.inner) != before, "{name} wrote nothing");
            race.check();
        }
    }
}

#[test]
fn a_changed_pool_is_asked_about_again() {
    for (name, run) in CALLS {
        let race = Race::new();
        race.before_the_next_commit(race.update(&[FACEBOOK, AMAZON]));
        run(&race).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(race.asked(), 2, "{name}");
        race.check();
    }
}

/// A proof for the former version of the pool is ignored.
#[test]
fn a_removed_provider_is_not_asked_again() {
    for (name, run) in CALLS.into_iter().take(5) {
        let race = Race::new();
        race.before_the_next_commit(race.update(&[]));
        let refused = refused(run(&race));
        assert_eq!(refused, ("NotAuthorizedException", AUDIENCE.to_owned()), "{name}");
        assert_eq!(race.asked(), 1, "{name}");
        race.check();
    }
}

#[test]
fn the_verdict_for_the_changed_pool_counts() {
    let race = Race::new();
    race.before_the_next_commit(race.update(&[FACEBOOK]));
    let identities = || {
        let range = KeyRange::prefix(cognate::store::Tree::Identities, []);
        race.store.inner.scan(&range, usize::MAX).expect("readable")
    };
    let before = identities();
    let refused = refused(race.get_id("once:new"));
    assert_eq!(refused, ("NotAuthorizedException", SIGNATURE.to_owned()));
    assert_eq!(race.asked(), 2);
    assert!(identities() == before, "no identity was made or changed");
    race.check();
}

#[test]
fn a_login_that_was_linked_elsewhere_meanwhile_stays_there() {
    let race = Race::new();
    let (winner, pool) = (race.winner.clone(), race.pool.clone());
    let (tell, told) = std::sync::mpsc::channel();
    race.before_the_next_commit(move || {
        let input = GetIdInput::new(&pool).logins(FACEBOOK, "new");
        let output = winner.public().get_id(input).expect("an identity");
        tell.send(output.identity_id).expect("heard");
    });
    let identity = race.get_id("new").expect("an identity");
    assert_eq!(identity, told.recv().expect("it was faster"));
    assert_eq!(race.asked(), 1);
    race.check();
}

#[test]
fn a_deleted_identity_is_not_found() {
    let race = Race::new();
    let (aws, guest) = (race.winner(), race.guest.clone());
    race.before_the_next_commit(move || {
        let input = DeleteIdentitiesInput::new([&guest]);
        aws.delete_identities(input).expect("deleted");
    });
    let refused = refused(race.token(&race.guest, "new"));
    let text = format!("Identity '{}' not found.", race.guest);
    assert_eq!(refused, ("ResourceNotFoundException", text));
    assert_eq!(race.asked(), 1);
    race.check();
}
