//! The engine: opens a store, and offers each operation of the service as a method.

mod builder;
mod cache;
mod deletion;
mod developer;
mod gather;
mod identities;
mod keys;
mod pools;
mod public;
mod resolve;
mod roles;
mod rotation;
mod run;
mod sessions;
mod tags;
mod throttle;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::ambient::{Clock, Entropy, Ids, Timestamp};
use crate::check::Finding;
use crate::credentials::{CredentialIssuer, VerifiedSession};
use crate::error::Result;
use crate::id::{AccountId, Guid, IdentityPoolId, Region};
use crate::login::LoginVerifier;
use crate::name::Arn;
use crate::rules::claims::Claims;
use crate::rules::developer::UnknownDeveloperUser;
use crate::rules::link::DeveloperLinking;
use crate::rules::roles::RoleAccounts;
use crate::store::Store;
use crate::token::{Discovery, Jwks, ModulusEncoding, WebIdentity};
use cache::PoolCache;
use keys::KeyRing;
use throttle::{Scope, Throttle};

pub use builder::Builder;
pub(crate) use throttle::Limited;
pub use throttle::Throttling;

/// An identity-pool engine over one store. Clones share it.
///
/// # Example: the identity of a user stays the same
///
/// ```
/// use cognate::operation::{
///     CreateIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput, GuestAccess,
/// };
/// use cognate::token::SigningAlgorithm;
/// use cognate::Engine;
///
/// let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
/// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
/// let pool = aws.create_identity_pool(
///     CreateIdentityPoolInput::new("game", GuestAccess::Denied)
///         .developer_provider_name("login.game"),
/// )?;
/// let call = GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id)
///     .logins("login.game", "alice");
/// let first = aws.get_open_id_token_for_developer_identity(call.clone())?;
/// let again = aws.get_open_id_token_for_developer_identity(call)?;
/// assert_eq!(first.identity_id, again.identity_id);
/// assert_eq!(engine.verify_token(again.token.as_str())?.identity_id(), &first.identity_id);
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Clone)]
pub struct Engine {
    core: Arc<Core>,
}

impl Engine {
    /// Opens the database in the folder `path` with all defaults: sled, durable against power loss,
    /// tokens signed with RS512, no public login accepted.
    ///
    /// # Errors
    ///
    /// As [`Builder::open`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        Self::builder().open(path)
    }

    /// An engine with other parts.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The operations that take credentials, for the pools of an account in a region.
    pub fn developer(&self, account: AccountId, region: Region) -> Developer {
        Developer { core: Arc::clone(&self.core), account, region }
    }

    /// The operations that take no credentials, of every pool: what a client does by itself.
    pub fn public(&self) -> Public {
        Public { core: Arc::clone(&self.core) }
    }

    /// The claims of a token of this engine: what an STS asks before it hands out credentials.
    ///
    /// The header has to name a key of this engine that can still have valid tokens, and the key's
    /// algorithm; the signature has to verify; the claims have to be as this engine writes them,
    /// for a pool that exists, in the key's region.
    ///
    /// # Errors
    ///
    /// * [`Refusal::TokenForeign`](crate::Refusal::TokenForeign) for whatever is not exactly one of
    ///   ours.
    /// * [`Refusal::TokenExpired`](crate::Refusal::TokenExpired) from the second `exp` on.
    pub fn verify_token(&self, token: &str) -> Result<Claims> {
        self.core.verify_token(token)
    }

    /// Who is calling with credentials that this engine has made: what an STS, or any service that
    /// gets a session token, asks.
    ///
    /// The session is as it was when the credentials were made; neither its identity nor its pool
    /// need exist any more. That a request was signed with its secret key is not looked at.
    ///
    /// # Errors
    ///
    /// * [`Refusal::SessionInvalid`](crate::Refusal::SessionInvalid) for a session token that was
    ///   not made here, or not by the engine itself.
    /// * [`Refusal::SessionExpired`](crate::Refusal::SessionExpired) from the end of the session
    ///   on.
    pub fn verify_session(&self, session_token: &str) -> Result<VerifiedSession> {
        self.core.verify_session(session_token)
    }

    /// Everything that `AssumeRoleWithWebIdentity` needs to check a token of this engine against
    /// the trust policy of a role.
    ///
    /// # Errors
    ///
    /// As [`verify_token`](Self::verify_token).
    ///
    /// # Example: a trust policy's conditions
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let pool = aws.create_identity_pool(
    /// #     CreateIdentityPoolInput::new("game", GuestAccess::Denied)
    /// #         .developer_provider_name("login.game"),
    /// # )?;
    /// # let alice = aws.get_open_id_token_for_developer_identity(
    /// #     GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id)
    /// #         .logins("login.game", "alice"),
    /// # )?;
    /// let caller = engine.web_identity(alice.token.as_str())?;
    /// assert_eq!(caller.provider(), "cognito-identity.amazonaws.com");
    /// let pool_id = pool.identity_pool_id.as_str();
    /// assert_eq!(caller.condition_values("cognito-identity.amazonaws.com:aud"), [pool_id]);
    /// let amr = caller.condition_values("cognito-identity.amazonaws.com:amr");
    /// assert!(amr.contains(&"authenticated"));
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn web_identity(&self, token: &str) -> Result<WebIdentity> {
        self.core.verify_token(token).map(WebIdentity::new)
    }

    /// The public keys, those of retired keys among them while a token of theirs can be valid.
    ///
    /// Every region with a pool has a key: where no token was signed yet, the key is made now. A
    /// client that keeps the set verifies the region's first token by it.
    ///
    /// # Errors
    ///
    /// When the store cannot be read, or when a key cannot be made or kept.
    pub fn jwks(&self) -> Result<Jwks> {
        self.core.jwks()
    }

    /// The discovery document of a server whose origin is `base`, such as `http://127.0.0.1:4566`.
    /// It is one for all regions: [`Discovery::issuer`] says whose issuer it names.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn discovery(&self, base: &str) -> Result<Discovery> {
        self.core.discovery(base)
    }

    /// Signs the tokens of a region with a new key from now on. The old key verifies until the last
    /// token that it may have signed is over: a day and a minute.
    ///
    /// # Errors
    ///
    /// When no key can be made or kept.
    pub fn rotate_signing_key(&self, region: &Region) -> Result<()> {
        self.core.rotate(region)
    }

    /// Seals sessions with a new key from now on. The old key opens until the last session that it
    /// may have sealed is over: an hour and a minute.
    ///
    /// # Errors
    ///
    /// When no key can be made or kept.
    pub fn rotate_session_key(&self) -> Result<()> {
        self.core.rotate_session_key()
    }

    /// Walks the store and reports every violated invariant; empty when all is well.
    ///
    /// To be run while nothing else writes: it reads record by record.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn check(&self) -> Result<Vec<Finding>> {
        crate::check::check(&*self.core.store)
    }

    /// Returns when everything that was answered is durable, whatever the store's durability.
    ///
    /// # Errors
    ///
    /// When it cannot be made durable.
    pub fn sync(&self) -> Result<()> {
        Ok(self.core.store.sync()?)
    }

    /// Whether the store takes writes. The store of [`Engine::open`] stops for good when a write
    /// fails: when the disk is full, or cannot be synced. A server that finds this should end, and
    /// be started again once the reason is gone.
    ///
    /// Cheap: it asks the store, not the disk.
    ///
    /// # Errors
    ///
    /// The failure that stopped the store.
    ///
    /// # Example: a health check
    ///
    /// ```
    /// let engine = cognate::Engine::builder().in_memory()?;
    /// let status = if engine.health().is_ok() { 200 } else { 503 };
    /// assert_eq!(status, 200);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn health(&self) -> Result<()> {
        Ok(self.core.store.health()?)
    }

    /// Who is calling, as [`verify_session`](Self::verify_session); `None` for a session token that
    /// was made elsewhere.
    pub(crate) fn own_session(&self, session_token: &str) -> Result<Option<VerifiedSession>> {
        self.core.own_session(session_token)
    }

    /// The account of a request whose credentials name none.
    pub(crate) fn default_account(&self) -> AccountId {
        self.core.default_account.clone()
    }

    /// Refuses a call that would be for its rate.
    pub(crate) fn would_admit(&self, operation: Limited, scope: Scope<'_>) -> Result<()> {
        self.core.would_admit(operation, scope)
    }

    /// Sixteen unpredictable bytes in the form of an id, to name a request.
    #[cfg(feature = "http")]
    pub(crate) fn request_id(&self) -> Result<String> {
        let mut bytes = [0; 16];
        self.core.entropy.fill(&mut bytes)?;
        Ok(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string())
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("keys", &self.core.keys).finish_non_exhaustive()
    }
}

/// The operations on the pools of one account in one region: who has this handle may do all that
/// the owner of the account may do.
#[derive(Clone)]
pub struct Developer {
    core: Arc<Core>,
    account: AccountId,
    region: Region,
}

impl Developer {
    /// The account.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// The region.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The ARN of a pool of the account in the region, whether there is one or not.
    pub fn identity_pool_arn(&self, id: &IdentityPoolId) -> Arn {
        Arn::of_pool(&self.account, &self.region, id)
    }

    fn admit(&self, operation: Limited) -> Result<()> {
        self.core.admit(operation, (Some(&self.account), &self.region))
    }
}

impl fmt::Debug for Developer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Developer")
            .field("account", &self.account)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// The operations that clients do by themselves, without credentials: who may do what is shown by
/// the logins that are presented.
#[derive(Clone)]
pub struct Public {
    core: Arc<Core>,
}

impl fmt::Debug for Public {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Public").finish_non_exhaustive()
    }
}

/// What engine and handles share.
struct Core {
    store: Arc<dyn Store>,
    /// Decoded pools, if the store was opened exclusively.
    pools: Option<PoolCache>,
    keys: KeyRing,
    clock: Box<dyn Clock>,
    entropy: Box<dyn Entropy>,
    ids: Box<dyn Ids>,
    verifier: Box<dyn LoginVerifier>,
    credential_issuer: Option<Box<dyn CredentialIssuer>>,
    throttle: Option<Throttle>,
    /// Of requests whose credentials name none.
    default_account: AccountId,
    choices: Choices,
}

/// Where it is not known what the service does, or where others may want something else.
#[derive(Debug, Clone, Copy, Default)]
struct Choices {
    developer_linking: DeveloperLinking,
    modulus_encoding: ModulusEncoding,
    role_accounts: RoleAccounts,
    unknown_developer_user: UnknownDeveloperUser,
}

impl Core {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn fresh_guid(&self) -> Result<Guid> {
        Ok(Guid(self.ids.mint()?.into_bytes()))
    }
}

#[cfg(test)]
mod tests;
