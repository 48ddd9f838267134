//! The parts that an embedder provides: by pointer, by function, and failing with a cause.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use cognate::ambient::{Clock, Entropy, EntropyError, Ids, SystemClock, SystemEntropy, Timestamp};
use cognate::credentials::{CredentialError, CredentialIssuer, Credentials, Session};
use cognate::login::{
    IssuerKeys, JwkSet, LoginError, LoginVerifier, OidcVerifier, TokenCheck, UnverifiedLogins,
    VerifiedLogin,
};
use cognate::name::{LoginToken, ProviderName};
use cognate::operation::{
    GetCredentialsForIdentityInput, GetIdInput, IdentityPool, RoleType, SetIdentityPoolRolesInput,
};
use cognate::store::{
    Batch, Commit, Key, KeyRange, MemoryStore, Store, StoreError, Tree, Value, Visitor,
};
use cognate::token::SigningAlgorithm;
use cognate::{Builder, Engine, Error, ErrorKind, from_fn, wire};
use uuid::Uuid;

use crate::support::{FACEBOOK, GAME, NOON, Voucher, World, call, key};

/// The same value as a reference, in a box, and shared; each also as a trait object.
macro_rules! pointers {
    ($value:expr, $part:ident) => {{
        let shared = Arc::new($value);
        let leaked: &'static _ = Box::leak(Box::new($value));
        let pointers: Vec<Box<dyn $part>> = vec![
            Box::new(leaked),
            Box::new(leaked as &dyn $part),
            Box::new(Box::new($value)),
            Box::new(Box::new($value) as Box<dyn $part>),
            Box::new(Arc::clone(&shared)),
            Box::new(shared as Arc<dyn $part>),
        ];
        pointers
    }};
}

fn unavailable<T>() -> Result<T, LoginError> {
    Err(LoginError::unavailable("out of order"))
}

#[test]
fn every_pointer_and_function_is_a_part() {
    for clock in pointers!(from_fn(|| Timestamp::from_millis(NOON)), Clock) {
        assert_eq!(clock.now(), Timestamp::from_millis(NOON));
    }
    let fixed = |bytes: &mut [u8]| -> Result<(), EntropyError> {
        bytes.fill(7);
        Ok(())
    };
    for entropy in pointers!(from_fn(fixed), Entropy) {
        let mut bytes = [0; 4];
        entropy.fill(&mut bytes).expect("fills");
        assert_eq!(bytes, [7; 4]);
    }
    for ids in pointers!(from_fn(|| Ok(Uuid::from_u128(7))), Ids) {
        assert_eq!(ids.mint().expect("mints"), Uuid::from_u128(7));
    }
    let world = World::new();
    let input = cognate::operation::DescribeIdentityPoolInput::new(world.game());
    let pool = world.aws.describe_identity_pool(input).expect("describes");
    let provider: ProviderName = FACEBOOK.parse().expect("a name");
    let token = LoginToken::try_from("user:a").expect("a token");
    let now = Timestamp::from_millis(NOON);
    let verify = |_: &IdentityPool, provider: &ProviderName, token: &LoginToken, now: Timestamp| {
        assert_eq!(now, Timestamp::from_millis(NOON));
        VerifiedLogin::assertion(provider, token.as_str()).map_err(|_| LoginError::Malformed)
    };
    for verifier in pointers!(from_fn(verify), LoginVerifier) {
        let verified = verifier.verify(&pool, &provider, &token, now).expect("verifies");
        assert_eq!(verified, VerifiedLogin::assertion(&provider, "user:a").expect("a login"));
    }
    for keys in pointers!(from_fn(|_: &str, _: Option<&str>| unavailable()), IssuerKeys) {
        let failed: Result<Arc<JwkSet>, _> = keys.keys("issuer", None);
        assert_eq!(failed.err(), unavailable::<()>().err());
    }
    let check = |_: &ProviderName, token: &LoginToken| Ok(token.as_str() == "user:a");
    for check in pointers!(from_fn(check), TokenCheck) {
        assert_eq!(check.is_active(&provider, &token), Ok(true));
    }
    let refused = |_: &Session| -> Result<Credentials, _> { Err(CredentialError::Refused) };
    let role = "arn:aws:iam::123456789012:role/player".parse().expect("a role");
    let id = world.register(&pool.identity_pool_id, "alice");
    let session = Session::new(id, pool.identity_pool_id, role, now);
    for issuer in pointers!(from_fn(refused), CredentialIssuer) {
        assert_eq!(issuer.issue(&session), Err(CredentialError::Refused));
    }
}

/// A store whose every method answers in a way of its own.
struct Marked;

fn mark<T>(method: &str) -> Result<T, StoreError> {
    Err(StoreError::Corrupt(method.to_owned()))
}

impl Store for Marked {
    fn get(&self, _: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        mark("get")
    }

    fn get_one(&self, _: &Key) -> Result<Option<Value>, StoreError> {
        mark("get_one")
    }

    fn scan(&self, _: &KeyRange, _: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        mark("scan")
    }

    fn scan_back(&self, _: &KeyRange, _: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        mark("scan_back")
    }

    fn visit(&self, _: &KeyRange, _: usize, _: Visitor<'_>) -> Result<(), StoreError> {
        mark("visit")
    }

    fn commit(&self, _: Batch) -> Result<Commit, StoreError> {
        mark("commit")
    }

    fn sync(&self) -> Result<(), StoreError> {
        mark("sync")
    }

    fn health(&self) -> Result<(), StoreError> {
        mark("health")
    }
}

/// A default method would hide what the store does.
#[test]
fn a_pointer_to_a_store_forwards_every_method() {
    let (key, range) = (Key::new(Tree::Pools, "a"), KeyRange::prefix(Tree::Pools, []));
    for store in pointers!(Marked, Store) {
        for (method, failed) in [
            ("get", store.get(&[]).err()),
            ("get_one", store.get_one(&key).err()),
            ("scan", store.scan(&range, 1).err()),
            ("scan_back", store.scan_back(&range, 1).err()),
            ("visit", store.visit(&range, 1, &mut |_, _| Ok(())).err()),
            ("commit", store.commit(Batch::default()).err()),
            ("sync", store.sync().err()),
            ("health", store.health().err()),
        ] {
            let failed = failed.expect(method);
            assert!(matches!(&failed, StoreError::Corrupt(by) if by == method), "{failed:?}");
        }
    }
}

/// The clock of a test, which keeps one half of it.
#[derive(Default)]
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[test]
fn a_verifier_is_chosen_at_run_time_and_a_clock_is_shared() {
    let clock = Arc::new(Hand(AtomicU64::new(NOON)));
    for (is_trusting, accepted) in [(true, true), (false, false)] {
        let verifier: Box<dyn LoginVerifier> =
            if is_trusting { Box::new(Voucher) } else { Box::new(OidcVerifier::new()) };
        let ids: Arc<dyn Ids> = Arc::new(cognate::ambient::RandomIds(SystemEntropy));
        let world = World::with(|builder| {
            let builder = builder.signing_key(key(SigningAlgorithm::EdDsa)).ids(ids);
            builder.login_verifier(verifier).clock(Arc::clone(&clock))
        });
        let pool = world.game();
        let input = GetIdInput::new(&pool).logins(FACEBOOK, "user:a");
        assert_eq!(world.engine.public().get_id(input).is_ok(), accepted);
        let token = world.aws.get_open_id_token_for_developer_identity(call(&pool, "alice"));
        let token = token.expect("a token").token;
        world.engine.verify_token(token.as_str()).expect("is current");
        clock.0.store(NOON + 86_400_000, Ordering::SeqCst);
        world.engine.verify_token(token.as_str()).expect_err("has expired");
        clock.0.store(NOON, Ordering::SeqCst);
    }
}

/// The last error behind an error.
fn root<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    error.source().map_or(error, root)
}

fn timeout() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer from 192.0.2.1")
}

fn assert_has_cause(failed: &Error, message: &str) {
    assert_eq!(failed.kind(), ErrorKind::ExternalService);
    assert_eq!(failed.to_string(), message, "the caller does not see the cause");
    let root = root(failed).downcast_ref::<io::Error>().expect("the error itself");
    assert_eq!((root.kind(), root.to_string()), (timeout().kind(), timeout().to_string()));
    let Error::Refused(refusal) = failed else { panic!("{failed:?}") };
    let fault = wire::Fault::from(Error::from(refusal.clone()));
    assert_eq!(fault.cause(), Some("no answer from 192.0.2.1"));
    let reply = wire::Reply::from(fault);
    assert_eq!(reply.status, 400);
    let body = String::from_utf8(reply.body).expect("text");
    assert!(body.contains(message) && !body.contains("192.0.2.1"), "{body}");
}

#[test]
fn the_cause_of_a_failed_verifier_reaches_the_error_and_the_log() {
    let verify = |_: &IdentityPool, _: &ProviderName, _: &LoginToken, _: Timestamp| {
        Err(LoginError::unavailable(timeout()))
    };
    let world = World::with(|builder| {
        builder.signing_key(key(SigningAlgorithm::EdDsa)).login_verifier(from_fn(verify))
    });
    let pool = world.game();
    let input = GetIdInput::new(&pool).logins(FACEBOOK, "user:a");
    let failed = world.engine.public().get_id(input).expect_err("fails");
    assert_has_cause(&failed, "The login provider is not available.");
    let input = call(&pool, "alice").logins(FACEBOOK, "user:a");
    let failed = world.resolve(input).expect_err("fails");
    assert_has_cause(&failed, "The login provider is not available.");
}

#[test]
fn the_cause_of_a_failed_issuer_reaches_the_error_and_the_log() {
    let issue = |_: &Session| Err(CredentialError::unavailable(timeout()));
    let world = World::with(|builder| {
        builder.signing_key(key(SigningAlgorithm::EdDsa)).credential_issuer(from_fn(issue))
    });
    let pool = world.game();
    let role = "arn:aws:iam::123456789012:role/player";
    let roles = SetIdentityPoolRolesInput::new(&pool).roles(RoleType::Authenticated, role);
    world.aws.set_identity_pool_roles(roles).expect("sets");
    let input = GetIdInput::new(&pool).logins(FACEBOOK, "user:a");
    let id = world.engine.public().get_id(input).expect("an identity").identity_id;
    let input = GetCredentialsForIdentityInput::new(&id).logins(FACEBOOK, "user:a");
    let failed = world.engine.public().get_credentials_for_identity(input).expect_err("fails");
    assert_has_cause(&failed, "Credentials are not available.");
}

#[test]
fn causes_are_shared_and_compared_by_their_text() {
    let failed = LoginError::unavailable(timeout());
    assert_eq!(failed, failed.clone());
    assert_eq!(failed, LoginError::unavailable(timeout().to_string()));
    assert_ne!(failed, LoginError::unavailable("something else"));
    assert_ne!(CredentialError::unavailable("a"), CredentialError::unavailable("b"));
}

#[test]
fn a_prepared_key_signs_the_first_token() {
    let drawn = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&drawn);
    let entropy = move |bytes: &mut [u8]| {
        counted.fetch_add(1, Ordering::SeqCst);
        SystemEntropy.fill(bytes)
    };
    let builder =
        || Engine::builder().clock(SystemClock).login_verifier(UnverifiedLogins::trust_everyone());
    let store = Arc::new(MemoryStore::new());
    for open in [Builder::open_exclusive, Builder::open_shared] {
        let builder = builder().signing_algorithm(SigningAlgorithm::EdDsa);
        let engine = open(builder.entropy(from_fn(entropy.clone())), Arc::clone(&store));
        let engine = engine.expect("opens");
        let region = "eu-west-1".parse().expect("a region");
        for _ in 0..3 {
            engine.prepare(&region).expect("generates");
            let kids: Vec<_> =
                engine.jwks().expect("reads").keys.into_iter().map(|key| key.kid).collect();
            assert_eq!(kids, ["eu-west-1-1"]);
        }
        let before = drawn.load(Ordering::SeqCst);
        let aws = engine.developer("123456789012".parse().expect("an account"), region);
        let input = cognate::operation::CreateIdentityPoolInput::new(
            "game",
            cognate::operation::GuestAccess::Denied,
        );
        let input = input.developer_provider_name(GAME);
        let pool = aws.create_identity_pool(input).expect("creates").identity_pool_id;
        let token = aws.get_open_id_token_for_developer_identity(call(&pool, "alice"));
        engine.verify_token(token.expect("a token").token.as_str()).expect("verifies");
        assert_eq!(drawn.load(Ordering::SeqCst), before, "no further key is generated");
    }
}

/// The engine, its builder's parts and its handles go wherever async code runs them.
#[test]
fn engines_and_handles_move_between_threads() {
    fn moves<T: Clone + Send + Sync + 'static>(_: &T) {}
    let world = World::new();
    moves(&world.engine);
    moves(&world.engine.public());
    moves(&world.aws);
    let moved = std::thread::spawn(move || world.engine.health());
    moved.join().expect("no panic").expect("is healthy");
}

#[cfg(feature = "testkit")]
#[test]
fn the_key_of_the_testkit_signs_as_the_service_does() {
    let [first, second] = [(), ()].map(|()| {
        let builder = Engine::builder().signing_key(cognate::testkit::signing_key());
        let engine = builder.in_memory().expect("opens");
        engine.prepare(&"us-east-1".parse().expect("a region")).expect("keeps its public half");
        serde_json::to_string(&engine.jwks().expect("reads")).expect("JSON")
    });
    assert_eq!(first, second);
    assert!(first.contains("RS512"), "{first}");
}
