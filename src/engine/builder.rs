//! How an engine is put together.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::ambient::{Clock, Entropy, Ids, RandomIds, SystemClock, SystemEntropy};
use crate::credentials::CredentialIssuer;
use crate::engine::cache::PoolCache;
use crate::engine::keys::KeyRing;
use crate::engine::throttle::{Throttle, Throttling};
use crate::engine::{Choices, Core, Engine};
use crate::error::Result;
use crate::id::AccountId;
use crate::login::{LoginVerifier, OidcVerifier};
use crate::rules::developer::UnknownDeveloperUser;
use crate::rules::link::DeveloperLinking;
use crate::rules::roles::RoleAccounts;
use crate::state::SigningAlgorithm;
use crate::store::{MemoryStore, SledOptions, Store};
use crate::token::{ModulusEncoding, Seal, SigningKey};

/// Puts an engine together.
#[must_use]
pub struct Builder {
    clock: Box<dyn Clock>,
    entropy: Box<dyn Entropy>,
    ids: Box<dyn Ids>,
    verifier: Box<dyn LoginVerifier>,
    credential_issuer: Option<Box<dyn CredentialIssuer>>,
    throttling: Throttling,
    default_account: AccountId,
    choices: Choices,
    signing_algorithm: SigningAlgorithm,
    signing_key: Option<SigningKey>,
    key_secret: Option<Vec<u8>>,
    previous_key_secret: Option<Vec<u8>>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            clock: Box::new(SystemClock),
            entropy: Box::new(SystemEntropy),
            ids: Box::new(RandomIds(SystemEntropy)),
            verifier: Box::new(OidcVerifier::new()),
            credential_issuer: None,
            throttling: Throttling::default(),
            default_account: AccountId::zero(),
            choices: Choices::default(),
            signing_algorithm: SigningAlgorithm::default(),
            signing_key: None,
            key_secret: None,
            previous_key_secret: None,
        }
    }

    /// Tells the time; by default the machine's clock.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Gives randomness for keys, their seals and request ids; by default the system's.
    pub fn entropy(mut self, entropy: impl Entropy + 'static) -> Self {
        self.entropy = Box::new(entropy);
        self
    }

    /// Mints the ids of pools and identities; by default random ones.
    pub fn ids(mut self, ids: impl Ids + 'static) -> Self {
        self.ids = Box::new(ids);
        self
    }

    /// Verifies logins of public providers; by default an [`OidcVerifier`] that knows no issuer and
    /// so accepts nobody.
    pub fn login_verifier(mut self, verifier: impl LoginVerifier + 'static) -> Self {
        self.verifier = Box::new(verifier);
        self
    }

    /// Makes the credentials that `GetCredentialsForIdentity` hands out; by default the engine
    /// does, and [`Engine::verify_session`] reads them back.
    pub fn credential_issuer(mut self, issuer: impl CredentialIssuer + 'static) -> Self {
        self.credential_issuer = Some(Box::new(issuer));
        self
    }

    /// Whether calls are limited to the service's documented rates; by default they are not.
    pub fn throttling(mut self, throttling: Throttling) -> Self {
        self.throttling = throttling;
        self
    }

    /// The account of requests on the wire whose access key id is not an account id; by default
    /// [`AccountId::zero`], of which [`RoleAccounts`] has an exception.
    ///
    /// # Example: the key `test`
    ///
    /// ```
    /// use cognate::{Engine, wire};
    ///
    /// let engine = Engine::builder().default_account("123456789012".parse()?).in_memory()?;
    /// let context = wire::Context::from_authorization(Some(
    ///     "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/cognito-identity/aws4_request, \
    ///      SignedHeaders=host, Signature=0",
    /// ));
    /// let target = "AWSCognitoIdentityService.CreateIdentityPool";
    /// let body = br#"{"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false}"#;
    /// assert_eq!(wire::handle(&engine, &context, target, body).status, 200);
    /// let pools = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let pools = pools.list_identity_pools(cognate::operation::ListIdentityPoolsInput::new(60))?;
    /// assert_eq!(pools.identity_pools.len(), 1);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn default_account(mut self, account: AccountId) -> Self {
        self.default_account = account;
        self
    }

    /// Of which accounts a pool's roles may be; by default of its own.
    pub fn role_accounts(mut self, accounts: RoleAccounts) -> Self {
        self.choices.role_accounts = accounts;
        self
    }

    /// What `LookupDeveloperIdentity` says of a user that it does not know.
    pub fn unknown_developer_user(mut self, answer: UnknownDeveloperUser) -> Self {
        self.choices.unknown_developer_user = answer;
        self
    }

    /// What a signed call needs to link a developer user to an authenticated identity; by default
    /// the identity's id, where the service was seen to want a linked login too.
    pub fn developer_linking(mut self, linking: DeveloperLinking) -> Self {
        self.choices.developer_linking = linking;
        self
    }

    /// How tokens are signed; by default with RS512. A region whose current key is of another
    /// algorithm gets a new one.
    pub fn signing_algorithm(mut self, algorithm: SigningAlgorithm) -> Self {
        self.signing_algorithm = algorithm;
        self
    }

    /// How the key set writes the modulus of RSA keys; by default as RFC 7518 asks.
    pub fn modulus_encoding(mut self, encoding: ModulusEncoding) -> Self {
        self.choices.modulus_encoding = encoding;
        self
    }

    /// Signs with this key in every region; the store gets to know its public half only.
    pub fn signing_key(mut self, key: SigningKey) -> Self {
        self.signing_algorithm = key.algorithm();
        self.signing_key = Some(key);
        self
    }

    /// Seals the private keys in the store (AES-256-GCM under a key that HKDF-SHA256 derives from
    /// `secret`); the same secret is then needed whenever the store is opened. It should be random
    /// and of 32 bytes or more: it is not stretched as a password would have to be. An empty one is
    /// refused when the store is opened.
    ///
    /// Opening seals what is in the store unsealed. The database's files can hold the unsealed keys
    /// until the space is used again: rotate the keys to be sure.
    pub fn key_secret(mut self, secret: impl Into<Vec<u8>>) -> Self {
        self.key_secret = Some(secret.into());
        self
    }

    /// Changes the secret: opening reads the private keys that this earlier secret has sealed, and
    /// seals them with [`key_secret`](Self::key_secret), or without one leaves them unsealed.
    ///
    /// Run it only while no other engine has the store open, which would know the earlier secret
    /// alone. It may be given again once the secret has changed.
    ///
    /// # Example: another secret
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let folder = tempfile::tempdir().expect("a folder");
    /// # let path = folder.path().join("identities.db");
    /// # let (old, new) = ([1; 32], [2; 32]);
    /// let engine = Engine::builder().key_secret(old).open(&path)?;
    /// engine.rotate_session_key()?;
    /// drop(engine);
    /// let engine = Engine::builder().previous_key_secret(old).key_secret(new).open(&path)?;
    /// drop(engine);
    /// assert!(Engine::builder().key_secret(old).open(&path).is_err());
    /// Engine::builder().key_secret(new).open(&path)?;
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn previous_key_secret(mut self, secret: impl Into<Vec<u8>>) -> Self {
        self.previous_key_secret = Some(secret.into());
        self
    }

    /// Opens the sled database in the folder `path`, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// * [`Error::Locked`](crate::Error::Locked) while another engine has it open.
    /// * [`Error::Corrupt`](crate::Error::Corrupt) when it is damaged or has lost its end.
    /// * [`Error::SigningKey`](crate::Error::SigningKey) when its keys are sealed and the secret is
    ///   missing or another one, or when a secret is empty.
    /// * [`Error::Storage`](crate::Error::Storage) when its files cannot be read or written.
    pub fn open(self, path: impl Into<PathBuf>) -> Result<Engine> {
        self.open_sled(SledOptions::new(path))
    }

    /// Opens a sled database with other durability or another cache.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_sled(self, options: SledOptions) -> Result<Engine> {
        self.build(|| Ok(Arc::new(options.open()?)), Some(PoolCache::default()))
    }

    /// An engine that starts empty and forgets everything.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), but for the database.
    pub fn in_memory(self) -> Result<Engine> {
        self.build(|| Ok(Arc::new(MemoryStore::new())), Some(PoolCache::default()))
    }

    /// An engine over a shared store: others may write to it at the same time. It reads a pool anew
    /// for every call. The other constructors open their store exclusively, and keep pools in
    /// memory.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), but for the database.
    pub fn store(self, store: Arc<dyn Store>) -> Result<Engine> {
        self.build(|| Ok(store), None)
    }

    /// Opens the store last: a builder that is refused makes no database.
    pub(super) fn build(
        self,
        open: impl FnOnce() -> Result<Arc<dyn Store>>,
        pools: Option<PoolCache>,
    ) -> Result<Engine> {
        let seal = Seal::new(self.key_secret.as_deref(), self.previous_key_secret.as_deref())?;
        let core = Core {
            keys: KeyRing::new(self.signing_algorithm, self.signing_key, seal, pools.is_some()),
            store: open()?,
            pools,
            clock: self.clock,
            entropy: self.entropy,
            ids: self.ids,
            verifier: self.verifier,
            credential_issuer: self.credential_issuer,
            throttle: (self.throttling != Throttling::Off).then(Throttle::default),
            default_account: self.default_account,
            choices: self.choices,
        };
        core.open_signing_keys()?;
        core.open_session_keys()?;
        core.finish_deletions()?;
        Ok(Engine { core: Arc::new(core) })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("choices", &self.choices)
            .field("throttling", &self.throttling)
            .field("signing_algorithm", &self.signing_algorithm)
            .finish_non_exhaustive()
    }
}
