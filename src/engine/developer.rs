//! Tokens for users of a developer provider.

mod users;

use std::sync::Arc;

use crate::ambient::Timestamp;
use crate::engine::Developer;
use crate::engine::cache::{Generation, KeptPool};
use crate::engine::gather::Reads;
use crate::engine::resolve::Proving;
use crate::engine::throttle::Limited;
use crate::error::Result;
use crate::id::IdentityId;
use crate::name::DeveloperUserIdentifier;
use crate::operation::{
    GetOpenIdTokenForDeveloperIdentity, GetOpenIdTokenForDeveloperIdentityInput,
    GetOpenIdTokenForDeveloperIdentityOutput,
};
use crate::rules::claims::{Claims, TokenDuration};
use crate::rules::link::{self, DeveloperLinking, OpenedBy};
use crate::rules::provider::Accepts;
use crate::rules::{Decided, attributes};
use crate::state::VerifiedLogin;
use crate::store::Store;
use crate::store::record::{Owner, Record as _};

impl Developer {
    /// Registers or retrieves the identity of a user that the backend has authenticated, links more
    /// logins to it, and hands out a token.
    ///
    /// Without an identity id, an unknown user gets a new identity and a known one the same as
    /// ever. With the id of a guest, or of an authenticated identity, the user is linked to it.
    /// Logins of public providers in the same call are verified and linked too; where they belong
    /// to other identities, those are merged. The identity that a developer user is registered with
    /// is never changed for the given one. Either all of it happens and is durable when the call
    /// returns, or nothing.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound): the given id names no identity of
    ///   the pool.
    /// * Of each login in turn, by its provider:
    ///   [`LoginIsCognitoToken`](crate::Refusal::LoginIsCognitoToken),
    ///   [`ProviderUnsupported`](crate::Refusal::ProviderUnsupported) or
    ///   [`LoginIssuerMismatch`](crate::Refusal::LoginIssuerMismatch) for a public provider that
    ///   the pool does not have,
    ///   [`DeveloperProviderUnsupported`](crate::Refusal::DeveloperProviderUnsupported) for any
    ///   other name than that of the pool's developer provider,
    ///   [`DeveloperUserIdentifierTooLong`](crate::Refusal::DeveloperUserIdentifierTooLong).
    /// * [`DeveloperProviderMissing`](crate::Refusal::DeveloperProviderMissing): none of the logins
    ///   is a developer user.
    /// * What the login verifier says of each public login in turn.
    /// * [`DeveloperUserAlreadyRegistered`](crate::Refusal::DeveloperUserAlreadyRegistered): the
    ///   user has another identity than the given one.
    /// * [`IdentityForbidden`](crate::Refusal::IdentityForbidden): the given identity is disabled.
    /// * [`LoginsDontMatch`](crate::Refusal::LoginsDontMatch): none of the logins belongs to the
    ///   given authenticated identity, and one belongs to another. Under
    ///   [`DeveloperLinking::ByLinkedLogin`], also when all of them belong to none.
    /// * [`LoginTaken`](crate::Refusal::LoginTaken),
    ///   [`MergeOfTwoUsers`](crate::Refusal::MergeOfTwoUsers): an identity would get a second user
    ///   of one public provider, whom no identity has, or by a merge.
    /// * [`TooManyLogins`](crate::Refusal::TooManyLogins): an identity would get more than 20.
    ///
    /// # Example: a user that is registered elsewhere is refused
    ///
    /// ```
    /// use cognate::operation::{
    ///     CreateIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput, GuestAccess,
    /// };
    /// use cognate::token::SigningAlgorithm;
    /// use cognate::{Engine, ErrorKind};
    ///
    /// let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    /// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let pool = aws.create_identity_pool(
    ///     CreateIdentityPoolInput::new("game", GuestAccess::Denied)
    ///         .developer_provider_name("login.game"),
    /// )?;
    /// let call = |user| {
    ///     GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id)
    ///         .logins("login.game", user)
    /// };
    /// let alice = aws.get_open_id_token_for_developer_identity(call("alice"))?;
    /// aws.get_open_id_token_for_developer_identity(call("bob"))?;
    ///
    /// let stolen = call("bob").identity_id(&alice.identity_id);
    /// let refused = aws.get_open_id_token_for_developer_identity(stolen).unwrap_err();
    /// assert_eq!(refused.kind(), ErrorKind::DeveloperUserAlreadyRegistered);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    ///
    /// # Differs from the service
    ///
    /// The API reference says that an unknown user is linked to an authenticated identity by its id
    /// alone, and so it is here. Three independent sources saw the service refuse that with
    /// [`LoginsDontMatch`](crate::Refusal::LoginsDontMatch), and link the user once a login of the
    /// identity stood beside it. The builder's
    /// [`developer_linking`](crate::Builder::developer_linking) chooses; a call with both is
    /// answered alike.
    pub fn get_open_id_token_for_developer_identity(
        &self,
        input: GetOpenIdTokenForDeveloperIdentityInput,
    ) -> Result<GetOpenIdTokenForDeveloperIdentityOutput> {
        let input = input.checked()?;
        self.admit(Limited::GetOpenIdTokenForDeveloperIdentity)?;
        let mut proving = Proving::new(&self.core, Accepts::Developer, &input.logins);
        let (resolved, key) = match self.resolve_known_user(&input, &mut proving)? {
            Some(resolved) => (resolved, self.core.current_key(&self.region)?),
            None => self.core.run(|reads| {
                let decided = self.resolve_logins(reads, &input, &mut proving)?;
                // What cannot be signed is not written either.
                let key = self.core.current_key(&self.region)?;
                Ok(decided.map(|resolved| (resolved, key)))
            })?,
        };
        let Resolved { pool, identity, used, now } = resolved;
        let mut tags = attributes::tags(&pool.pool, &used);
        tags.extend(input.principal_tags);
        let duration = input.token_duration.unwrap_or(TokenDuration::DEVELOPER_DEFAULT);
        let claims = Claims::new(&pool.pool, identity, &used, tags, duration, now);
        // Outside every lock: the signature costs more than all the rest.
        let token = key.sign(&claims)?;
        let identity_id = claims.identity_id().clone();
        Ok(GetOpenIdTokenForDeveloperIdentityOutput { identity_id, token })
    }

    /// What [`get_open_id_token_for_developer_identity`] does, but for the token: not an operation
    /// of the service, for an embedder that only wants to know who a user is.
    ///
    /// A known user costs one read of the store, and nothing is written.
    ///
    /// # Errors
    ///
    /// As [`get_open_id_token_for_developer_identity`].
    ///
    /// [`get_open_id_token_for_developer_identity`]:
    ///     Self::get_open_id_token_for_developer_identity
    ///
    /// # Example: the same identity, without a token
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let pool = aws.create_identity_pool(
    /// #     CreateIdentityPoolInput::new("game", GuestAccess::Denied)
    /// #         .developer_provider_name("login.game"),
    /// # )?;
    /// let alice = GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id)
    ///     .logins("login.game", "alice");
    /// let identity_id = aws.resolve_developer_identity(alice.clone())?;
    /// let with_token = aws.get_open_id_token_for_developer_identity(alice)?;
    /// assert_eq!(with_token.identity_id, identity_id);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn resolve_developer_identity(
        &self,
        input: GetOpenIdTokenForDeveloperIdentityInput,
    ) -> Result<IdentityId> {
        let input = input.checked()?;
        if let Some(KnownUser { identity, .. }) = self.known_user(&input)? {
            return Ok(identity);
        }
        let mut proving = Proving::new(&self.core, Accepts::Developer, &input.logins);
        self.core.run(|reads| {
            let decided = self.resolve_logins(reads, &input, &mut proving)?;
            Ok(decided.map(|resolved| resolved.identity))
        })
    }

    fn resolve_logins(
        &self,
        reads: &mut Reads<'_>,
        input: &GetOpenIdTokenForDeveloperIdentity,
        proving: &mut Proving<'_>,
    ) -> Result<Decided<Resolved>> {
        let linking = match self.core.choices.developer_linking {
            DeveloperLinking::ByIdentityId => OpenedBy::Id,
            DeveloperLinking::ByLinkedLogin => OpenedBy::Login,
        };
        let now = self.core.now();
        let pool = reads.pool(self, &input.identity_pool_id)?;
        let given = input.identity_id.as_ref();
        let given = given.map(|id| reads.identity_of(&pool, id)).transpose()?;
        let proof = proving.prove(&pool, None, now)?;
        let decided = self.core.resolve(reads, &pool, (given.as_ref(), linking), proof, now)?;
        let used = proof.used.clone();
        Ok(decided.map(|identity| Resolved { pool, identity, used, now }))
    }

    /// The short way of most calls: a known user is all that is presented, to a pool that is kept
    /// in memory.
    fn known_user(&self, input: &GetOpenIdTokenForDeveloperIdentity) -> Result<Option<KnownUser>> {
        let (None, Some((name, user))) = (&input.identity_id, input.logins.single()) else {
            return Ok(None);
        };
        let id = &input.identity_pool_id;
        let (Some(pools), Some(guid)) = (&self.core.pools, id.guid()) else { return Ok(None) };
        let generation = pools.generation();
        let key = pools.look_at(guid, |kept| {
            // In bytes, of which there are no fewer than code points.
            let fits = user.as_str().len() <= DeveloperUserIdentifier::SHAPE.length_max;
            let is_plain = fits && kept.pool.id() == id && self.owns(&kept.pool);
            if is_plain { kept.developer_login(name, user.as_str()) } else { None }
        });
        let Some(key) = key else { return Ok(None) };
        let owner = self.core.store.get_one(&key)?;
        let owner = owner.map(|owner| Owner::decode(&key, &owner)).transpose()?;
        let identity =
            link::settled(&[owner]).map(|Owner(place)| IdentityId::new(&self.region, place.guid));
        let identity = identity.filter(|_| pools.is_unchanged_since(generation));
        Ok(identity.map(|identity| KnownUser { generation, identity }))
    }

    /// A [`known_user`](Self::known_user), with the pool and the login.
    fn resolve_known_user(
        &self,
        input: &GetOpenIdTokenForDeveloperIdentity,
        proving: &mut Proving<'_>,
    ) -> Result<Option<Resolved>> {
        let known = self.known_user(input)?;
        let (Some(KnownUser { generation, identity }), Some(pools), Some(guid)) =
            (known, &self.core.pools, input.identity_pool_id.guid())
        else {
            return Ok(None);
        };
        let Some(pool) = pools.get_as_of(generation, guid) else { return Ok(None) };
        let now = self.core.now();
        let used = proving.prove(&pool, None, now)?.used.clone();
        Ok(Some(Resolved { pool, identity, used, now }))
    }
}

/// The identity that logins mean, and what it was found by.
struct Resolved {
    pool: Arc<KeptPool>,
    identity: IdentityId,
    /// The logins, in the caller's order.
    used: Vec<VerifiedLogin>,
    now: Timestamp,
}

/// The identity of a user whose pool was not written since `generation`.
struct KnownUser {
    generation: Generation,
    identity: IdentityId,
}

#[cfg(test)]
mod tests;
