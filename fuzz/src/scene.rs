//! The engine that an input is run against. Nothing in it is left to chance: the same input meets
//! the same ids, the same time and the same key.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use cognate::{
    Builder, CreateIdentityPoolInput, Developer, Engine, EntropyError,
    GetOpenIdTokenForDeveloperIdentityInput, GuestAccess, IdentityPool, IdentityPoolId, Ids,
    LoginError, LoginToken, LoginVerifier, ProviderName, Result, SigningAlgorithm, SigningKey,
    Timestamp, VerifiedLogin,
};
use uuid::Uuid;

/// The owner of the pool.
pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "us-east-1";

/// The pool's developer provider.
pub(crate) const DEVELOPER: &str = "login.game";
/// The pool's public provider.
pub(crate) const PUBLIC: &str = "accounts.example.com";

/// What every genuine token of the public provider begins with; its subject follows.
pub(crate) const PROOF: &str = "proof-of-";

/// PKCS#8 of Ed25519.
pub(crate) const KEY: &[u8] = include_bytes!("../../tests/keys/ed25519.p8");

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_123);

pub(crate) fn builder() -> Builder {
    static SIGNING_KEY: LazyLock<SigningKey> = LazyLock::new(|| {
        SigningKey::from_pkcs8(SigningAlgorithm::EdDsa, KEY).expect("a key of the tests")
    });
    Engine::builder()
        .signing_key(SIGNING_KEY.clone())
        .clock(|| NOW)
        .ids(Counted::default())
        .login_verifier(Proofs)
}

pub(crate) fn owner(engine: &Engine) -> Developer {
    let (account, region) = (ACCOUNT.parse(), REGION.parse());
    engine.developer(account.expect("an account"), region.expect("a region"))
}

/// The first id is the pool's.
pub(crate) fn create_pool(aws: &Developer) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied)
        .and_then(|input| input.developer_provider_name(DEVELOPER))
        .and_then(|input| input.supported_login_provider(PUBLIC, "game-app"));
    let pool = aws.create_identity_pool(input.expect("an input"));
    pool.expect("a new pool").identity_pool_id
}

pub(crate) fn login(
    pool: &IdentityPoolId,
    user: &str,
) -> Result<GetOpenIdTokenForDeveloperIdentityInput> {
    GetOpenIdTokenForDeveloperIdentityInput::new(pool)?.login(DEVELOPER, user)
}

/// Ids that count up from 1.
#[derive(Default)]
struct Counted(AtomicU64);

impl Ids for Counted {
    fn mint(&self) -> Result<Uuid, EntropyError> {
        Ok(Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)) + 1))
    }
}

/// Finds tokens of the form `proof-of-SUBJECT` genuine.
struct Proofs;

impl LoginVerifier for Proofs {
    fn verify(
        &self,
        _: &IdentityPool,
        provider: &ProviderName,
        token: &LoginToken,
        _: Timestamp,
    ) -> Result<VerifiedLogin, LoginError> {
        let subject = token.as_str().strip_prefix(PROOF).ok_or(LoginError::BadSignature)?;
        VerifiedLogin::assertion(provider, subject).map_err(|_| LoginError::Malformed)
    }
}
