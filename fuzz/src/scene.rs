//! The engine that an input runs against. It is fully deterministic: the same input meets the same
//! ids, time and key.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use cognate::ambient::{Entropy, EntropyError, Ids, Timestamp};
use cognate::from_fn;
use cognate::login::{LoginError, LoginVerifier, VerifiedLogin};
use cognate::name::{IdentityPoolId, LoginToken, ProviderName};
use cognate::operation::{
    CreateIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput, GuestAccess, IdentityPool,
};
use cognate::store::{Batch, Commit, Key, KeyRange, MemoryStore, Store, StoreError, Value};
use cognate::token::{SigningAlgorithm, SigningKey};
use cognate::{Builder, Developer, Engine, Removal, Result};
use uuid::Uuid;

/// The owner of the pool.
pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "us-east-1";

/// The pool's developer provider.
pub(crate) const DEVELOPER: &str = "login.game";
/// A public provider of the pool.
pub(crate) const PUBLIC: &str = "accounts.example.com";
/// Another one. The pool has it by the ARN that follows.
pub(crate) const OIDC: &str = "id.example.com";
pub(crate) const OIDC_ARN: &str = "arn:aws:iam::123456789012:oidc-provider/id.example.com";

/// The provider name for tokens of the engine itself.
pub(crate) const COGNITO: &str = "cognito-identity.amazonaws.com";

/// The prefix of every genuine token of a public provider. The subject follows, and claims as
/// `;NAME=VALUE`.
pub(crate) const PROOF: &str = "proof-of-";

/// An Ed25519 key in PKCS#8.
pub(crate) const KEY: &[u8] = include_bytes!("../../tests/keys/ed25519.p8");

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_123);

pub(crate) fn builder() -> Builder {
    static SIGNING_KEY: LazyLock<SigningKey> = LazyLock::new(|| {
        SigningKey::from_pkcs8(SigningAlgorithm::EdDsa, KEY).expect("a key of the tests")
    });
    builder_with_own_keys().signing_key(SIGNING_KEY.clone())
}

/// A builder of an engine that generates its keys and keeps them in its store.
pub(crate) fn builder_with_own_keys() -> Builder {
    Engine::builder()
        .signing_algorithm(SigningAlgorithm::EdDsa)
        .clock(from_fn(|| NOW))
        .ids(Counted::default())
        .entropy(Rising::default())
        .login_verifier(Proofs)
        .removal(Removal::Calling)
}

pub(crate) fn owner(engine: &Engine) -> Developer {
    let (account, region) = (ACCOUNT.parse(), REGION.parse());
    engine.developer(account.expect("an account"), region.expect("a region"))
}

/// Creates the pool, which gets the first id.
pub(crate) fn create_pool(aws: &Developer) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
        .developer_provider_name(DEVELOPER)
        .supported_login_providers(PUBLIC, "game-app")
        .open_id_connect_provider_arns(OIDC_ARN);
    let pool = aws.create_identity_pool(input);
    pool.expect("a new pool").identity_pool_id
}

pub(crate) fn login(pool: &IdentityPoolId, user: &str) -> GetOpenIdTokenForDeveloperIdentityInput {
    GetOpenIdTokenForDeveloperIdentityInput::new(pool).logins(DEVELOPER, user)
}

/// Ids that count up from 1, or from the last id of another engine.
#[derive(Default)]
pub(crate) struct Counted(AtomicU64);

impl Counted {
    pub(crate) fn after(last: u64) -> Self {
        Self(AtomicU64::new(last))
    }
}

impl Ids for Counted {
    fn mint(&self) -> Result<Uuid, EntropyError> {
        Ok(Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)) + 1))
    }
}

/// Bytes that the engine cannot tell from random ones.
#[derive(Default)]
struct Rising(AtomicU64);

impl Entropy for Rising {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for chunk in bytes.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            let next = next.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
        Ok(())
    }
}

/// Accepts tokens of the form `proof-of-SUBJECT;NAME=VALUE`.
struct Proofs;

impl LoginVerifier for Proofs {
    fn verify(
        &self,
        _: &IdentityPool,
        provider: &ProviderName,
        token: &LoginToken,
        _: Timestamp,
    ) -> Result<VerifiedLogin, LoginError> {
        let proof = token.as_str().strip_prefix(PROOF).ok_or(LoginError::BadSignature)?;
        let mut parts = proof.split(';');
        let subject = parts.next().unwrap_or_default();
        let login = VerifiedLogin::assertion(provider, subject);
        let login = login.map_err(|_| LoginError::Malformed)?.claim("sub", subject);
        let claims = parts.filter_map(|claim| claim.split_once('='));
        Ok(claims.fold(login, |login, (name, value)| login.claim(name, value)))
    }
}

/// Counts writes.
#[derive(Default)]
pub(crate) struct Watched {
    store: MemoryStore,
    writes: AtomicUsize,
}

impl Watched {
    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::Relaxed)
    }
}

impl Store for Watched {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.store.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.store.scan(range, limit)
    }

    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.store.scan_back(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let writes = !batch.is_read_only();
        let outcome = self.store.commit(batch)?;
        if writes && outcome == Commit::Done {
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
        Ok(outcome)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.store.sync()
    }
}
