//! The configuration of an engine.

mod open;

use std::fmt;

use crate::admin::LinkPolicy;
use crate::ambient::{Clock, Entropy, Ids, RandomIds, SystemClock, SystemEntropy};
use crate::credentials::CredentialIssuer;
use crate::engine::Choices;
use crate::engine::deletion::Removal;
use crate::engine::journal::Journal;
use crate::engine::policy::Reviewer;
use crate::engine::throttle::Throttling;
use crate::id::AccountId;
use crate::login::{LoginVerifier, OidcVerifier};
use crate::rules::developer::UnknownDeveloperUser;
use crate::rules::link::DeveloperLinking;
use crate::rules::roles::RoleAccounts;
use crate::state::SigningAlgorithm;
use crate::token::{ModulusEncoding, SigningKey};

/// Configures an engine and opens it.
///
/// Each part that the embedder can replace is a trait. A value, a `&'static` reference, a `Box`, an
/// `Arc` or, by [`from_fn`](crate::from_fn), a closure can take its place; the pointers may be to a
/// `dyn` trait.
///
/// # Example: parts that are shared and chosen at run time
///
/// ```
/// use std::sync::Arc;
///
/// use cognate::ambient::SystemClock;
/// use cognate::login::{LoginVerifier, OidcVerifier, UnverifiedLogins};
/// use cognate::Engine;
///
/// let clock = Arc::new(SystemClock);
/// let verifier: Box<dyn LoginVerifier> = if cfg!(test) {
///     Box::new(UnverifiedLogins::trust_everyone())
/// } else {
///     Box::new(OidcVerifier::new())
/// };
/// let engine =
///     Engine::builder().clock(Arc::clone(&clock)).login_verifier(verifier).in_memory()?;
/// # Ok::<(), cognate::Error>(())
/// ```
///
/// # Choosing a store
///
/// An engine opens its store exclusively or shares it with other engines.
///
/// | method | store | access |
/// | --- | --- | --- |
/// | [`open`](Self::open), [`open_sled`](Self::open_sled) | a sled database in a folder | exclusive |
/// | [`in_memory`](Self::in_memory) | a new [`MemoryStore`](crate::store::MemoryStore) | exclusive |
/// | [`open_exclusive`](Self::open_exclusive) | any [`Store`](crate::store::Store) | exclusive |
/// | [`open_shared`](Self::open_shared) | any [`Store`](crate::store::Store) | shared |
///
/// With exclusive access the engine caches pools and keys. With shared access it remembers them:
/// the read of a call confirms the pool by its version, and a key is read again after ten seconds.
#[must_use]
pub struct Builder {
    clock: Box<dyn Clock>,
    entropy: Box<dyn Entropy>,
    ids: Box<dyn Ids>,
    verifier: Box<dyn LoginVerifier>,
    credential_issuer: Option<Box<dyn CredentialIssuer>>,
    reviewer: Option<Reviewer>,
    throttling: Throttling,
    removal: Removal,
    journal: Option<Journal>,
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
            reviewer: None,
            throttling: Throttling::default(),
            removal: Removal::default(),
            journal: None,
            default_account: AccountId::zero(),
            choices: Choices::default(),
            signing_algorithm: SigningAlgorithm::default(),
            signing_key: None,
            key_secret: None,
            previous_key_secret: None,
        }
    }

    /// The clock. The default is the machine's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// The source of randomness for keys, for sealing them, and for request ids. The default is the
    /// operating system's.
    pub fn entropy(mut self, entropy: impl Entropy + 'static) -> Self {
        self.entropy = Box::new(entropy);
        self
    }

    /// The source of ids for pools and identities. The default is random ids.
    pub fn ids(mut self, ids: impl Ids + 'static) -> Self {
        self.ids = Box::new(ids);
        self
    }

    /// The verifier of logins of public providers. The default is an [`OidcVerifier`] that knows no
    /// issuer and so accepts nobody.
    pub fn login_verifier(mut self, verifier: impl LoginVerifier + 'static) -> Self {
        self.verifier = Box::new(verifier);
        self
    }

    /// A policy that reviews calls which link logins to identities that exist, or merge identities.
    /// By default there is none.
    pub fn link_policy(mut self, policy: impl LinkPolicy + 'static) -> Self {
        self.reviewer = Some(Reviewer::new(policy));
        self
    }

    /// The issuer of the credentials that `GetCredentialsForIdentity` returns. By default the
    /// engine makes them, and [`Engine::verify_session`](crate::Engine::verify_session) reads them
    /// back.
    pub fn credential_issuer(mut self, issuer: impl CredentialIssuer + 'static) -> Self {
        self.credential_issuer = Some(Box::new(issuer));
        self
    }

    /// Whether calls are limited to the service's documented rates. By default they are not.
    pub fn throttling(mut self, throttling: Throttling) -> Self {
        self.throttling = throttling;
        self
    }

    /// The thread that removes the identities and logins of deleted pools. The default is a thread
    /// of the engine.
    ///
    /// # Example: nothing of a pool is left when the call that deletes it returns
    ///
    /// ```
    /// use cognate::{Engine, Removal};
    ///
    /// let engine = Engine::builder().removal(Removal::Calling).in_memory()?;
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn removal(mut self, removal: Removal) -> Self {
        self.removal = removal;
        self
    }

    /// Keeps a journal: the events of identities and pools, for
    /// [`history`](crate::Admin::history), [`activity`](crate::Admin::activity) and
    /// [`undo`](crate::Admin::undo). The default is to keep none.
    ///
    /// A journal that begins later, or that was off for a time, has no events of what happened
    /// without it. Events that are kept already stay if the engine is opened without a journal.
    pub fn journal(mut self, journal: Journal) -> Self {
        self.journal = Some(journal);
        self
    }

    /// The account of wire requests whose access key id is not an account id. The default is
    /// [`AccountId::zero`], for which [`RoleAccounts`] makes an exception.
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
    /// assert_eq!(wire::call(&engine, &context, target, body).status, 200);
    /// let pools = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let pools = pools.list_identity_pools(cognate::operation::ListIdentityPoolsInput::new(60))?;
    /// assert_eq!(pools.identity_pools.len(), 1);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn default_account(mut self, account: AccountId) -> Self {
        self.default_account = account;
        self
    }

    /// Whether a tag chooses the id of a new pool, as in other emulators: `_custom_id_` or
    /// `ms-custom-id`, with a GUID or `REGION:GUID`. The pool keeps the tag. By default these are
    /// tags as any others, and every id is minted.
    ///
    /// [`Admin::create_identity_pool`](crate::Admin::create_identity_pool) needs no such option.
    ///
    /// # Example: a pool that keeps its id from run to run
    ///
    /// ```
    /// use cognate::Engine;
    /// use cognate::operation::{CreateIdentityPoolInput, GuestAccess};
    ///
    /// let engine = Engine::builder().pinned_ids(true).in_memory()?;
    /// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied)
    ///     .identity_pool_tags("_custom_id_", "11111111-1111-4111-8111-111111111111");
    /// let pool = aws.create_identity_pool(input)?;
    /// let id = "us-east-1:11111111-1111-4111-8111-111111111111";
    /// assert_eq!(pool.identity_pool_id.as_str(), id);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn pinned_ids(mut self, are_pinned: bool) -> Self {
        self.choices.pinned_ids = are_pinned;
        self
    }

    /// The accounts that a pool's roles may belong to. The default is the pool's own account.
    pub fn role_accounts(mut self, accounts: RoleAccounts) -> Self {
        self.choices.role_accounts = accounts;
        self
    }

    /// The answer of `LookupDeveloperIdentity` about an unknown user.
    pub fn unknown_developer_user(mut self, answer: UnknownDeveloperUser) -> Self {
        self.choices.unknown_developer_user = answer;
        self
    }

    /// The proof that a signed call needs to link a developer user to an authenticated identity.
    /// The default is the identity's id; the service has been observed to want a linked login too.
    pub fn developer_linking(mut self, linking: DeveloperLinking) -> Self {
        self.choices.developer_linking = linking;
        self
    }

    /// The algorithm that signs tokens. The default is RS512. A region whose current key has
    /// another algorithm gets a new key.
    pub fn signing_algorithm(mut self, algorithm: SigningAlgorithm) -> Self {
        self.signing_algorithm = algorithm;
        self
    }

    /// The encoding of RSA moduli in the key set. The default follows RFC 7518.
    pub fn modulus_encoding(mut self, encoding: ModulusEncoding) -> Self {
        self.choices.modulus_encoding = encoding;
        self
    }

    /// Signs with this key in every region. The store keeps its public half only.
    pub fn signing_key(mut self, key: SigningKey) -> Self {
        self.signing_algorithm = key.algorithm();
        self.signing_key = Some(key);
        self
    }

    /// Seals the private keys in the store with AES-256-GCM, under a key that HKDF-SHA256 derives
    /// from `secret`. Opening the store then always requires the same secret. Use at least 32
    /// random bytes: the secret is not stretched as a password would have to be. Opening fails if
    /// it is empty.
    ///
    /// Opening seals the keys that are not sealed yet. The files of the database can contain the
    /// unsealed keys until their space is reused; rotate the keys to replace them.
    pub fn key_secret(mut self, secret: impl Into<Vec<u8>>) -> Self {
        self.key_secret = Some(secret.into());
        self
    }

    /// Changes the secret. Opening reads the private keys that this earlier secret has sealed and
    /// seals them with [`key_secret`](Self::key_secret). Without a new secret it leaves them
    /// unsealed.
    ///
    /// Run it only while no other engine has the store open: that engine knows the earlier secret
    /// alone. Passing the earlier secret again later does no harm.
    ///
    /// # Example: a new secret
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let folder = tempfile::tempdir().expect("a folder");
    /// # let path = folder.path().join("identities.db");
    /// # let (old, new) = ([1; 32], [2; 32]);
    /// let engine = Engine::builder().key_secret(old).open(&path)?;
    /// engine.rotate_session_key()?;
    /// engine.close()?;
    /// let engine = Engine::builder().previous_key_secret(old).key_secret(new).open(&path)?;
    /// engine.close()?;
    /// assert!(Engine::builder().key_secret(old).open(&path).is_err());
    /// Engine::builder().key_secret(new).open(&path)?;
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn previous_key_secret(mut self, secret: impl Into<Vec<u8>>) -> Self {
        self.previous_key_secret = Some(secret.into());
        self
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
