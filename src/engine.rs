//! The engine: it opens a store and offers each operation of the service as a method.

mod admin;
mod builder;
mod cache;
mod chosen;
mod deletion;
mod developer;
#[cfg(feature = "http")]
mod endpoint;
mod events;
mod exchange;
mod explain;
mod feed;
mod gather;
mod handles;
mod hints;
mod identities;
mod journal;
mod keys;
mod open_store;
mod patience;
mod policy;
mod pools;
mod proving;
mod public;
mod resolve;
mod roles;
mod rotation;
mod run;
mod sessions;
mod shared;
mod sweeper;
mod tags;
mod throttle;
mod verification;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::check::Finding;
use crate::credentials::VerifiedSession;
use crate::error::Result;
use crate::id::{AccountId, Region};
use crate::rules::claims::Claims;
use crate::store::Store;
use crate::token::{Discovery, Jwks, WebIdentity};
use shared::{Access, Choices, Core};
use sweeper::Opened;
use throttle::Scope;

pub use builder::Builder;
pub use deletion::Removal;
#[cfg(feature = "http")]
pub(crate) use endpoint::RoleRequest;
pub use explain::Explain;
pub use feed::{Fed, Feed};
pub use handles::{Admin, Developer, Public};
pub use journal::Journal;
pub(crate) use throttle::Limited;
pub use throttle::Throttling;

/// An identity-pool engine over one store.
///
/// Clones and handles share the engine. They are cheap to make, and every thread can have its own.
/// [`close`](Self::close) closes the engine for all of them; otherwise it closes when the last one
/// is dropped.
///
/// # Example: one identity for every login of a user
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
///
/// # Use from async code
///
/// Every call blocks: it waits for the disk, and signing with RSA takes about half a millisecond of
/// a processor. Run calls on threads that may block. `Engine` and its handles are `Clone`, `Send`,
/// `Sync` and `'static`, so each call can move a clone to another thread. A call that has begun
/// runs to its end even if nobody awaits its result.
///
/// ```
/// # mod tokio {
/// #     // Stands in for the crate, with the same signature.
/// #     pub mod task {
/// #         pub async fn spawn_blocking<F, T>(f: F) -> Result<T, std::convert::Infallible>
/// #         where
/// #             F: FnOnce() -> T + Send + 'static,
/// #             T: Send + 'static,
/// #         {
/// #             Ok(f())
/// #         }
/// #     }
/// # }
/// use std::error::Error;
///
/// use cognate::name::{IdentityId, IdentityPoolId};
/// use cognate::operation::GetIdInput;
/// use cognate::Engine;
///
/// async fn guest(
///     engine: &Engine,
///     pool: &IdentityPoolId,
/// ) -> Result<IdentityId, Box<dyn Error + Send + Sync>> {
///     let (public, input) = (engine.public(), GetIdInput::new(pool));
///     let guest = tokio::task::spawn_blocking(move || public.get_id(input)).await??;
///     Ok(guest.identity_id)
/// }
/// ```
#[derive(Clone)]
pub struct Engine {
    core: Arc<Opened>,
}

impl Engine {
    /// Opens the database in the folder `path` with all defaults: a sled database that survives a
    /// power loss, tokens signed with RS512, and no public login accepted.
    ///
    /// # Errors
    ///
    /// As [`Builder::open`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        Self::builder().open(path)
    }

    /// Starts to configure an engine.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The claims of a token of this engine. An STS calls this before it issues credentials.
    ///
    /// The header must name a key of this engine that can still have valid tokens, with the key's
    /// algorithm. The signature must verify. The claims must have the form that this engine writes,
    /// for a pool that exists, in the key's region.
    ///
    /// # Errors
    ///
    /// * [`Refusal::TokenForeign`](crate::Refusal::TokenForeign) for any token that this engine
    ///   would not have issued, byte for byte.
    /// * [`Refusal::TokenExpired`](crate::Refusal::TokenExpired) from the second `exp` on.
    pub fn verify_token(&self, token: &str) -> Result<Claims> {
        self.core.verify_token(token)
    }

    /// The session of credentials that this engine has made. A service that receives a session
    /// token calls this to learn who is calling.
    ///
    /// The session is as it was when the credentials were made; its identity and its pool may be
    /// gone. Checking the signature of the request with the session's secret key is up to the
    /// caller.
    ///
    /// # Errors
    ///
    /// * [`Refusal::SessionInvalid`](crate::Refusal::SessionInvalid) for a session token that this
    ///   engine has not made itself.
    /// * [`Refusal::SessionExpired`](crate::Refusal::SessionExpired) from the end of the session
    ///   on.
    pub fn verify_session(&self, session_token: &str) -> Result<VerifiedSession> {
        self.core.verify_session(session_token)
    }

    /// The claims of a token, in the form that `AssumeRoleWithWebIdentity` compares with the trust
    /// policy of a role.
    ///
    /// # Errors
    ///
    /// As [`verify_token`](Self::verify_token).
    ///
    /// # Example: the conditions of a trust policy
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

    /// The public keys, including those of retired keys that can still have valid tokens.
    ///
    /// Generates the key of every region that has a pool but no key. A client that caches the key
    /// set can thus verify the first token of the region.
    ///
    /// # Errors
    ///
    /// When the store cannot be read, or when a key cannot be generated or stored.
    pub fn jwks(&self) -> Result<Jwks> {
        self.core.jwks()
    }

    /// The discovery document of a server whose origin is `base`, such as `http://127.0.0.1:4566`.
    /// All regions share it; see [`Discovery::issuer`] for the issuer that it names.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn discovery(&self, base: &str) -> Result<Discovery> {
        self.core.discovery(base)
    }

    /// Generates the signing key of a region now, unless the region has one. Otherwise the first
    /// token of the region, or the first key set, waits for it.
    ///
    /// Call this at startup to keep the work out of the first request. Generating an RSA key, which
    /// RS512 needs, takes about a tenth of a second in an optimised build and a second or two in an
    /// unoptimised one. These lines in the `Cargo.toml` of your workspace make it three times
    /// faster in a debug build:
    ///
    /// ```toml
    /// [profile.dev.package]
    /// crypto-bigint = { opt-level = 3 }
    /// ```
    ///
    /// A test can do without: the fixed key of the testkit, `testkit::signing_key`, needs no
    /// generation, and the other [algorithms](Builder::signing_algorithm) need no time.
    ///
    /// # Errors
    ///
    /// When the store cannot be read, or when the key cannot be generated or stored.
    ///
    /// # Example: a key before the first request
    ///
    /// ```
    /// # use cognate::token::SigningAlgorithm;
    /// # use cognate::Engine;
    /// # let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    /// engine.prepare(&"us-east-1".parse()?)?;
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn prepare(&self, region: &Region) -> Result<()> {
        self.core.current_key(region).map(drop)
    }

    /// Signs the tokens of a region with a new key from now on. The old key verifies its tokens
    /// until the last of them has expired: for a day and a minute.
    ///
    /// # Errors
    ///
    /// When the key cannot be generated or stored.
    pub fn rotate_signing_key(&self, region: &Region) -> Result<()> {
        self.core.rotate(region)
    }

    /// Seals sessions with a new key from now on. The old key opens its sessions until the last of
    /// them has ended: for twelve hours and a minute.
    ///
    /// # Errors
    ///
    /// When the key cannot be generated or stored.
    pub fn rotate_session_key(&self) -> Result<()> {
        self.core.rotate_session_key()
    }

    /// Walks the store and reports every violated invariant. An intact store has none.
    ///
    /// It checks the store at one moment, while others go on writing, through a
    /// [view](crate::store::Store::view). Over a store that has no views, run it only while nothing
    /// else writes; the removal of deleted pools does not disturb it.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn check(&self) -> Result<Vec<Finding>> {
        self.core.store.check()
    }

    /// Returns once every answered change is durable, whatever the durability of the store.
    ///
    /// # Errors
    ///
    /// When the changes cannot be made durable.
    pub fn sync(&self) -> Result<()> {
        Ok(self.core.store.sync()?)
    }

    /// Whether the store accepts writes. The store of [`Engine::open`] stops for good when a write
    /// fails, for example because the disk is full, or when its folder has been removed. A server
    /// should then end, and start again once the reason is gone.
    ///
    /// Cheap: it looks at one file at most.
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

    /// Closes the engine: waits for the calls in progress, syncs the store and releases it.
    ///
    /// Every later call of a clone or of a handle fails, with
    /// [`Error::Closed`](crate::Error::Closed) unless its input is refused before.
    /// After [`open`](Self::open) the folder is free again, so a database can be opened in it at
    /// once: the same one, or a new one if the folder has been removed. A store that was [passed
    /// in](Builder::open_exclusive) as an `Arc` lives until its last owner drops it.
    ///
    /// Dropping the last clone and handle closes the engine too, but reports no error.
    ///
    /// # Errors
    ///
    /// * [`Error::Closed`](crate::Error::Closed) if the engine was closed before.
    /// * [`Error::Storage`](crate::Error::Storage) if the store cannot be synced. It is released
    ///   nevertheless.
    ///
    /// # Example: start again from nothing
    ///
    /// ```
    /// use cognate::{Engine, Error};
    ///
    /// # let folder = tempfile::tempdir().expect("a folder");
    /// # let path = folder.path().join("identities.db");
    /// let engine = Engine::open(&path)?;
    /// let clone = engine.clone();
    /// engine.close()?;
    /// assert!(matches!(clone.check(), Err(Error::Closed)));
    /// std::fs::remove_dir_all(&path).expect("nobody uses the folder");
    /// let engine = Engine::open(&path)?;
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn close(self) -> Result<()> {
        self.core.close()
    }

    /// The session as [`verify_session`](Self::verify_session) returns it, or `None` for a session
    /// token of another issuer.
    pub(crate) fn own_session(&self, session_token: &str) -> Result<Option<VerifiedSession>> {
        self.core.own_session(session_token)
    }

    /// The account of requests whose credentials name none.
    pub(crate) fn default_account(&self) -> AccountId {
        self.core.default_account.clone()
    }

    /// Refuses a call if its rate would be exceeded.
    pub(crate) fn would_admit(&self, operation: Limited, scope: Scope<'_>) -> Result<()> {
        self.core.would_admit(operation, scope)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("keys", &self.core.keys).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
