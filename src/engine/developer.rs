//! Tokens for users of a developer provider.

mod users;

use std::rc::Rc;
use std::sync::Arc;

use crate::ambient::Timestamp;
use crate::engine::Developer;
use crate::engine::cache::{Generation, KeptPool};
use crate::engine::gather::Reads;
use crate::engine::proving::{Proof, Proving};
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
use crate::state::ChangeOperation;
use crate::store::record::{Owner, Record as _};
use crate::store::{Key, Store};

impl Developer {
    /// Issues a token for a user that the backend has authenticated. Registers the user if
    /// necessary and links more logins to the user's identity.
    ///
    /// Without an identity id, a new user gets a new identity, and a known user gets the existing
    /// one. With an identity id, the user is linked to that identity, which may be a guest or
    /// authenticated. Logins of public providers in the same call are verified and linked too. If
    /// they belong to other identities, those are merged. A user registered elsewhere is never
    /// moved to the given identity. Either everything happens and is durable when the call returns,
    /// or nothing happens.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound): the pool has no identity with the
    ///   given id.
    /// * For each login in turn, by its provider:
    ///   [`LoginIsCognitoToken`](crate::Refusal::LoginIsCognitoToken);
    ///   [`ProviderUnsupported`](crate::Refusal::ProviderUnsupported) or
    ///   [`LoginIssuerMismatch`](crate::Refusal::LoginIssuerMismatch) for a public provider that
    ///   the pool does not have;
    ///   [`DeveloperProviderUnsupported`](crate::Refusal::DeveloperProviderUnsupported) for any
    ///   other name that is not the pool's developer provider;
    ///   [`DeveloperUserIdentifierTooLong`](crate::Refusal::DeveloperUserIdentifierTooLong).
    /// * [`DeveloperProviderMissing`](crate::Refusal::DeveloperProviderMissing): none of the logins
    ///   is a developer user.
    /// * The refusals of the login verifier, for each public login in turn.
    /// * [`DeveloperUserAlreadyRegistered`](crate::Refusal::DeveloperUserAlreadyRegistered): the
    ///   user has an identity other than the given one.
    /// * [`IdentityForbidden`](crate::Refusal::IdentityForbidden): the given identity is disabled.
    /// * [`LoginsDontMatch`](crate::Refusal::LoginsDontMatch): no login belongs to the given
    ///   authenticated identity, and at least one belongs to another identity. Under
    ///   [`DeveloperLinking::ByLinkedLogin`], also if no login belongs to any identity.
    /// * [`LoginTaken`](crate::Refusal::LoginTaken),
    ///   [`MergeOfTwoUsers`](crate::Refusal::MergeOfTwoUsers): an identity would get a second user
    ///   of one public provider. `LoginTaken` means that no identity has that user yet,
    ///   `MergeOfTwoUsers` that another identity has.
    /// * [`TooManyLogins`](crate::Refusal::TooManyLogins): an identity would get more than 20
    ///   logins.
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
    /// According to the API reference, the id of an authenticated identity is enough to link a new
    /// user to it, and this is the default here. Three independent sources saw the service refuse
    /// that call with [`LoginsDontMatch`](crate::Refusal::LoginsDontMatch). The service linked the
    /// user once the call also presented a login of the identity. The builder's
    /// [`developer_linking`](crate::Builder::developer_linking) selects the behaviour. A call with
    /// both the id and such a login gets the same answer either way.
    pub fn get_open_id_token_for_developer_identity(
        &self,
        input: GetOpenIdTokenForDeveloperIdentityInput,
    ) -> Result<GetOpenIdTokenForDeveloperIdentityOutput> {
        let input = input.checked()?;
        self.admit(Limited::GetOpenIdTokenForDeveloperIdentity)?;
        let mut proving = Proving::new(&self.core, Accepts::Developer, &input.logins);
        let (resolved, key) = match self.resolve_known_user(&input, &mut proving)? {
            Some(resolved) => (resolved, self.core.current_key(&self.region)?),
            None => self.core.run_as(
                self.origin(ChangeOperation::GetOpenIdTokenForDeveloperIdentity),
                |reads| self.decide_resolution(reads, &input, &mut proving),
                |resolved| Ok((resolved, self.core.current_key(&self.region)?)),
            )?,
        };
        let Resolved { pool, identity, proof, now } = resolved;
        let mut tags = attributes::tags(&pool.pool, &proof.used);
        tags.extend(input.principal_tags);
        let duration = input.token_duration.unwrap_or(TokenDuration::DEVELOPER_DEFAULT);
        let claims = Claims::new(&pool.pool, identity, &proof.used, tags, duration, now);
        // Sign outside every lock, because signing takes longer than everything else.
        let token = key.sign(&claims)?;
        let identity_id = claims.identity_id().clone();
        Ok(GetOpenIdTokenForDeveloperIdentityOutput { identity_id, token })
    }

    /// Does the same as [`get_open_id_token_for_developer_identity`] without issuing a token. It is
    /// not an operation of the service. Use it to find the identity of a user.
    ///
    /// For a known user it reads the store once and writes nothing.
    ///
    /// # Errors
    ///
    /// The same as those of [`get_open_id_token_for_developer_identity`].
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
        self.run(ChangeOperation::GetOpenIdTokenForDeveloperIdentity, |reads| {
            let decided = self.decide_resolution(reads, &input, &mut proving)?;
            Ok(decided.map(|resolved| resolved.identity))
        })
    }

    pub(super) fn decide_resolution(
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
        if let Some(id) = given {
            reads.will_read(id.guid().map(Key::identity_index));
            proving.prove_ahead(reads, &pool, None, now)?;
        }
        let given = given.map(|id| reads.identity_of(&pool, id)).transpose()?;
        let proof = proving.prove(&pool, None, now)?;
        let given = (given.as_ref(), linking);
        let decided = reads.resolve(&pool, given, &proof, now)?;
        self.core.review(reads, input.about(self), proving, &decided, None)?;
        Ok(decided.map(|identity| Resolved { pool, identity, proof, now }))
    }

    /// The fast path of most calls: a known user is the only login, and the pool is in the cache.
    fn known_user(&self, input: &GetOpenIdTokenForDeveloperIdentity) -> Result<Option<KnownUser>> {
        let (None, Some((name, user))) = (&input.identity_id, input.logins.single()) else {
            return Ok(None);
        };
        let id = &input.identity_pool_id;
        let (Some(pools), Some(guid)) = (&self.core.pools, id.guid()) else { return Ok(None) };
        let generation = pools.generation();
        let key = pools.look_at(guid, |kept| {
            // Length in bytes: a text has at least as many bytes as code points.
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

    /// Resolves a [`known_user`](Self::known_user) and returns the pool and the login too.
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
        let proof = proving.prove(&pool, None, now)?;
        Ok(Some(Resolved { pool, identity, proof, now }))
    }
}

/// The identity of the presented logins, and the records that led to it.
pub(super) struct Resolved {
    pool: Arc<KeptPool>,
    pub(super) identity: IdentityId,
    proof: Rc<Proof>,
    now: Timestamp,
}

/// The identity of a user in a pool that has not been written since `generation`.
struct KnownUser {
    generation: Generation,
    identity: IdentityId,
}

#[cfg(test)]
mod tests;
