//! Support for the scenarios: engines with fixed keys, time and ids.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cognate::ambient::{Clock, EntropyError, Ids, Timestamp};
use cognate::login::{LoginError, LoginVerifier, VerifiedLogin};
use cognate::name::{IdentityId, IdentityPoolId, LoginToken, ProviderName};
use cognate::operation::{
    CreateIdentityPoolInput, DescribeIdentityInput, GetOpenIdTokenForDeveloperIdentityInput,
    GuestAccess, IdentityDescription, IdentityPool, RoleType, SetIdentityPoolRolesInput,
};
use cognate::store::{Key, KeyRange, MemoryStore, Store, Tree, Value};
use cognate::token::{SigningAlgorithm, SigningKey};
use cognate::{Builder, Developer, Engine, Error, Removal, Result, wire};
use uuid::Uuid;

/// The account that owns the pools.
pub(crate) const ACCOUNT: &str = "123456789012";
/// The region of the pools.
pub(crate) const REGION: &str = "us-east-1";
/// The pools' developer provider.
pub(crate) const GAME: &str = "login.game";
/// Public providers that the pools accept.
pub(crate) const AMAZON: &str = "www.amazon.com";
pub(crate) const FACEBOOK: &str = "graph.facebook.com";
/// The start of every scenario, in milliseconds.
pub(crate) const NOON: u64 = 1_700_000_000_000;

pub(crate) const ED25519: &[u8] = include_bytes!("../keys/ed25519.p8");
pub(crate) const P256: &[u8] = include_bytes!("../keys/p-256.p8");
pub(crate) const RSA: &[u8] = include_bytes!("../keys/rsa-2048.p8");

/// A clock that does not move until it is set.
#[derive(Clone)]
pub(crate) struct SetClock(Arc<AtomicU64>);

impl SetClock {
    pub(crate) fn set(&self, millis: u64) {
        self.0.store(millis, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Ids that count up. A test can set the next one.
#[derive(Clone)]
pub(crate) struct SetIds(Arc<AtomicU64>);

impl SetIds {
    pub(crate) fn next(&self, number: u64) {
        self.0.store(number, Ordering::SeqCst);
    }
}

impl Ids for SetIds {
    fn mint(&self) -> Result<Uuid, EntropyError> {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Uuid::from_u128(0x4000_8000_0000_0000_0000 | u128::from(number)))
    }
}

/// The id that [`SetIds`] mints for the number.
pub(crate) fn id(number: u64) -> String {
    format!("{REGION}:00000000-0000-4000-8000-{number:012x}")
}

/// Replaces each `<n>` by the id that [`SetIds`] mints for n.
pub(crate) fn fill(text: &str) -> String {
    (0..100).fold(text.to_owned(), |text, n| text.replace(&format!("<{n}>"), &id(n)))
}

/// Accepts `user:SUBJECT` with optional claims, as in `user:SUBJECT;CLAIM=VALUE`; the claim `amr`
/// sets the full name. Other tokens name the error that they cause, or count as malformed.
pub(crate) struct Voucher;

impl LoginVerifier for Voucher {
    fn verify(
        &self,
        pool: &IdentityPool,
        provider: &ProviderName,
        token: &LoginToken,
        now: Timestamp,
    ) -> Result<VerifiedLogin, LoginError> {
        let user_pools = pool.cognito_identity_providers.iter().flat_map(|p| &p.provider_name);
        let accepted = pool.supported_login_providers.contains_key(provider)
            || user_pools.into_iter().any(|name| name.as_str() == provider.as_str());
        assert!(accepted, "asked for {provider}, which the pool does not accept");
        let now = now.as_secs();
        match token.as_str() {
            "bad-signature" => Err(LoginError::BadSignature),
            "inactive" => Err(LoginError::Inactive),
            "missing-aud" => Err(LoginError::MissingClaim("aud")),
            "not-yet-valid" => Err(LoginError::NotYetValid),
            "expired" => Err(LoginError::Expired { now, exp: now - 1 }),
            "unavailable" => Err(LoginError::unavailable("the provider is gone")),
            "wrong-audience" => Err(LoginError::WrongAudience),
            "wrong-issuer" => Err(LoginError::WrongIssuer),
            other => {
                let claims = other.strip_prefix("user:").ok_or(LoginError::Malformed)?;
                let mut claims = claims.split(';');
                let login = VerifiedLogin::assertion(provider, claims.next().unwrap_or_default());
                let login = login.map_err(|_| LoginError::Malformed)?;
                Ok(claims.filter_map(|claim| claim.split_once('=')).fold(
                    login,
                    |login, (name, value)| match name {
                        "amr" => login.amr_entry(value),
                        name => login.claim(name, value),
                    },
                ))
            }
        }
    }
}

/// An engine, a handle for the owner, and its injected parts.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) aws: Developer,
    pub(crate) clock: SetClock,
    pub(crate) ids: SetIds,
    pub(crate) store: Arc<MemoryStore>,
}

impl World {
    /// A world over a shared store that the scenario can read.
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder.signing_key(key(SigningAlgorithm::EdDsa)))
    }

    pub(crate) fn with(parts: impl FnOnce(Builder) -> Builder) -> Self {
        let store = Arc::new(MemoryStore::new());
        let over = Arc::clone(&store);
        Self::built(store, parts, |builder| builder.open_shared(over))
    }

    /// A world over an exclusive store, so that the engine caches pools and keys; `store` stays
    /// empty.
    pub(crate) fn exclusive(parts: impl FnOnce(Builder) -> Builder) -> Self {
        Self::built(Arc::new(MemoryStore::new()), parts, Builder::in_memory)
    }

    fn built(
        store: Arc<MemoryStore>,
        parts: impl FnOnce(Builder) -> Builder,
        open: impl FnOnce(Builder) -> Result<Engine>,
    ) -> Self {
        let clock = SetClock(Arc::new(AtomicU64::new(NOON)));
        let ids = SetIds(Arc::new(AtomicU64::new(1)));
        let builder = Engine::builder().clock(clock.clone()).ids(ids.clone());
        // Nothing happens beside the calls, so a dump is of one moment.
        let builder = builder.login_verifier(Voucher).removal(Removal::Calling);
        let engine = open(parts(builder)).expect("opens");
        let aws = developer(&engine, ACCOUNT, REGION);
        Self { engine, aws, clock, ids, store }
    }

    /// Another engine over the same shared store.
    pub(crate) fn over(&self, parts: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = Engine::builder().clock(self.clock.clone()).ids(self.ids.clone());
        let builder = parts(builder.login_verifier(Voucher).removal(Removal::Calling));
        let engine = builder.open_shared(Arc::clone(&self.store)).expect("opens");
        let aws = developer(&engine, ACCOUNT, REGION);
        let (clock, ids, store) = (self.clock.clone(), self.ids.clone(), Arc::clone(&self.store));
        Self { engine, aws, clock, ids, store }
    }

    /// The same engine for another account or region.
    pub(crate) fn of(&self, account: &str, region: &str) -> Self {
        Self {
            engine: self.engine.clone(),
            aws: developer(&self.engine, account, region),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            store: Arc::clone(&self.store),
        }
    }

    /// A pool with a developer provider and two public ones.
    pub(crate) fn game(&self) -> IdentityPoolId {
        let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied)
            .developer_provider_name(GAME)
            .supported_login_providers(FACEBOOK, "1234567890")
            .supported_login_providers(AMAZON, "amzn1.app");
        let created = self.aws.create_identity_pool(input);
        created.expect("created").identity_pool_id
    }

    /// The identity of a developer user, new or known.
    pub(crate) fn register(&self, pool: &IdentityPoolId, user: &str) -> IdentityId {
        self.resolve(call(pool, user)).expect("registered")
    }

    /// The identity of a call for a token, without the token.
    pub(crate) fn resolve(
        &self,
        input: GetOpenIdTokenForDeveloperIdentityInput,
    ) -> Result<IdentityId> {
        let output = self.aws.get_open_id_token_for_developer_identity(input)?;
        Ok(output.identity_id)
    }

    pub(crate) fn describe(&self, id: &IdentityId) -> IdentityDescription {
        let input = DescribeIdentityInput::new(id);
        self.aws.describe_identity(input).expect("described")
    }

    /// A call of the owner through the wire door.
    pub(crate) fn wire(&self, operation: &str, body: &str) -> wire::Reply {
        let context = wire::Context::signed(parse(ACCOUNT), parse(REGION));
        wire::call(&self.engine, &context, &target(operation), body.as_bytes())
    }

    pub(crate) fn dump(&self) -> Vec<(Key, Value)> {
        dump(&self.store)
    }

    /// Asserts that every invariant holds.
    pub(crate) fn check(&self) {
        assert_eq!(self.engine.check().expect("readable"), []);
    }
}

/// All contents of a store.
pub(crate) fn dump(store: &MemoryStore) -> Vec<(Key, Value)> {
    let all = |tree| store.scan(&KeyRange::prefix(tree, []), usize::MAX).expect("readable");
    Tree::ALL.into_iter().flat_map(all).collect()
}

pub(crate) fn developer(engine: &Engine, account: &str, region: &str) -> Developer {
    engine.developer(parse(account), parse(region))
}

pub(crate) fn key(algorithm: SigningAlgorithm) -> SigningKey {
    let der = match algorithm {
        SigningAlgorithm::Rs512 => RSA,
        SigningAlgorithm::Es256 => P256,
        SigningAlgorithm::EdDsa => ED25519,
        other => panic!("no key for {other:?}"),
    };
    SigningKey::from_pkcs8(algorithm, der).expect("a key")
}

/// A developer user's request for a token.
pub(crate) fn call(pool: &IdentityPoolId, user: &str) -> GetOpenIdTokenForDeveloperIdentityInput {
    GetOpenIdTokenForDeveloperIdentityInput::new(pool).logins(GAME, user)
}

pub(crate) fn parse<T: std::str::FromStr>(text: &str) -> T {
    text.parse().ok().expect("fits")
}

pub(crate) fn target(operation: &str) -> String {
    format!("{}{operation}", wire::TARGET_PREFIX)
}

/// The service model's inputs and errors of the operations.
pub(crate) fn model() -> serde_json::Map<String, serde_json::Value> {
    serde_json::from_str(include_str!("model.json")).expect("JSON")
}

/// The name and the message of a refusal.
pub(crate) fn refused<T>(outcome: Result<T>) -> (&'static str, String) {
    let error: Error = outcome.err().expect("refused");
    (error.kind().as_str(), error.to_string())
}

/// The text of a validation error, from the shown value, the place and the reason of each
/// violation.
pub(crate) fn message(failures: &[(&str, &str, &str)]) -> String {
    let errors = if failures.len() == 1 { "error" } else { "errors" };
    let failures = failures.iter().map(|(shown, member, constraint)| {
        format!("Value {} at '{member}' failed to satisfy constraint: {constraint}", expand(shown))
    });
    let failures: Vec<_> = failures.collect();
    format!("{} validation {errors} detected: {}", failures.len(), failures.join("; "))
}

/// Expands `x*3` to `xxx`, so that a long text fits into a table.
pub(crate) fn expand(text: &str) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('*') {
        let behind = after.trim_start_matches(|c: char| c.is_ascii_digit());
        let times = after[..after.len() - behind.len()].parse::<usize>();
        expanded.push_str(before);
        match (times, before.chars().last()) {
            (Ok(times), Some(c)) => expanded.extend(std::iter::repeat_n(c, times - 1)),
            _ => expanded.push('*'),
        }
        rest = behind;
    }
    expanded + rest
}

/// Joins lines into one, without their indentation.
pub(crate) fn joined(lines: &str) -> String {
    lines.lines().map(str::trim_start).collect()
}

/// A pool with guests, a developer provider, Facebook and a role for users.
pub(crate) fn game(aws: &Developer) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
        .developer_provider_name(GAME)
        .supported_login_providers(FACEBOOK, "1234567890");
    let pool = aws.create_identity_pool(input).expect("created").identity_pool_id;
    let role = format!("arn:aws:iam::{ACCOUNT}:role/user");
    let roles = SetIdentityPoolRolesInput::new(&pool);
    aws.set_identity_pool_roles(roles.roles(RoleType::Authenticated, role.as_str())).expect("set");
    pool
}
