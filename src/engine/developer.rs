//! The operations on users of a developer provider.

use std::sync::Arc;

use crate::ambient::Timestamp;
use crate::engine::Developer;
use crate::engine::cache::KeptPool;
use crate::engine::gather::Reads;
use crate::engine::resolve::Proving;
use crate::engine::throttle::Limited;
use crate::error::Result;
use crate::id::IdentityId;
use crate::name::DeveloperUserIdentifier;
use crate::op::{
    GetOpenIdTokenForDeveloperIdentityInput, GetOpenIdTokenForDeveloperIdentityOutput,
    LookupDeveloperIdentityInput, LookupDeveloperIdentityOutput, MergeDeveloperIdentitiesInput,
    MergeDeveloperIdentitiesOutput, UnlinkDeveloperIdentityInput,
};
use crate::rules::claims::{Claims, TokenDuration};
use crate::rules::developer::{self, Lookup};
use crate::rules::link::{self, DeveloperLinking, OpenedBy};
use crate::rules::page::PageSize;
use crate::rules::provider::{Door, developer_provider};
use crate::rules::{Decided, Refusal, attributes};
use crate::state::{Identity, Login};
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
    /// use cognate::{
    ///     CreateIdentityPoolInput, Engine, ErrorKind, GetOpenIdTokenForDeveloperIdentityInput,
    ///     GuestAccess, SigningAlgorithm,
    /// };
    ///
    /// let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    /// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let pool = aws.create_identity_pool(
    ///     CreateIdentityPoolInput::new("game", GuestAccess::Denied)?
    ///         .developer_provider_name("login.game")?,
    /// )?;
    /// let call = |user| {
    ///     GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id)?
    ///         .login("login.game", user)
    /// };
    /// let alice = aws.get_open_id_token_for_developer_identity(call("alice")?)?;
    /// aws.get_open_id_token_for_developer_identity(call("bob")?)?;
    ///
    /// let stolen = call("bob")?.identity_id(&alice.identity_id)?;
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
        self.admit(Limited::GetOpenIdTokenForDeveloperIdentity)?;
        let duration = input.token_duration.unwrap_or(TokenDuration::DEVELOPER_DEFAULT);
        let answer = |kept: &Arc<KeptPool>, identity, proving: &mut Proving<'_>, now| {
            let used = &proving.prove(kept, None, now)?.used;
            let mut tags = attributes::tags(&kept.pool, used);
            tags.extend(input.principal_tags.clone());
            let claims = Claims::new(&kept.pool, identity, used, tags, duration, now);
            // What cannot be signed is not written either.
            Ok((claims, self.core.current_key(&self.region)?))
        };
        let mut proving = Proving::new(&self.core, Door::Developer, &input.logins);
        let (claims, key) = match self.known_user(&input, Arc::clone)? {
            Some((kept, identity)) => answer(&kept, identity, &mut proving, self.core.now()),
            None => self.resolve_logins(&input, proving, answer),
        }?;
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
    /// # use cognate::*;
    /// # let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let pool = aws.create_identity_pool(
    /// #     CreateIdentityPoolInput::new("game", GuestAccess::Denied)?
    /// #         .developer_provider_name("login.game")?,
    /// # )?;
    /// let alice = GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id)?
    ///     .login("login.game", "alice")?;
    /// let identity_id = aws.resolve_developer_identity(&alice)?;
    /// let with_token = aws.get_open_id_token_for_developer_identity(alice)?;
    /// assert_eq!(with_token.identity_id, identity_id);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn resolve_developer_identity(
        &self,
        input: &GetOpenIdTokenForDeveloperIdentityInput,
    ) -> Result<IdentityId> {
        if let Some(((), identity)) = self.known_user(input, |_| ())? {
            return Ok(identity);
        }
        let proving = Proving::new(&self.core, Door::Developer, &input.logins);
        self.resolve_logins(input, proving, |_, identity, _, _| Ok(identity))
    }

    fn resolve_logins<T>(
        &self,
        input: &GetOpenIdTokenForDeveloperIdentityInput,
        mut proving: Proving<'_>,
        answer: impl Fn(&Arc<KeptPool>, IdentityId, &mut Proving<'_>, Timestamp) -> Result<T>,
    ) -> Result<T> {
        let linking = match self.core.choices.developer_linking {
            DeveloperLinking::ByIdentityId => OpenedBy::Id,
            DeveloperLinking::ByLinkedLogin => OpenedBy::Login,
        };
        self.core.run(|reads| {
            let now = self.core.now();
            let kept = reads.pool(self, &input.identity_pool_id)?;
            let given = input.identity_id.as_ref();
            let given = given.map(|id| reads.identity_of(&kept, id)).transpose()?;
            let proof = proving.prove(&kept, None, now)?;
            let decided = self.core.resolve(reads, &kept, (given.as_ref(), linking), proof, now)?;
            decided.try_map(|identity| answer(&kept, identity, &mut proving, now))
        })
    }

    /// The short way of most calls: the identity of a known user who is all that is presented, to a
    /// pool that is kept in memory.
    fn known_user<P>(
        &self,
        input: &GetOpenIdTokenForDeveloperIdentityInput,
        pool: impl FnOnce(&Arc<KeptPool>) -> P,
    ) -> Result<Option<(P, IdentityId)>> {
        let (None, Some((name, user))) = (&input.identity_id, input.logins.single()) else {
            return Ok(None);
        };
        let id = &input.identity_pool_id;
        let (Some(pools), Some(guid)) = (&self.core.pools, id.guid()) else { return Ok(None) };
        let generation = pools.generation();
        let found = pools.look_at(guid, |kept| {
            // In bytes, of which there are no fewer than code points.
            let fits = user.as_str().len() <= DeveloperUserIdentifier::SHAPE.length_max;
            let is_plain = fits && kept.pool.id() == id && self.owns(&kept.pool);
            let key = is_plain.then(|| kept.developer_login(name, user.as_str()))?;
            key.map(|key| (key, pool(kept)))
        });
        let Some((key, pool)) = found else { return Ok(None) };
        let owner = self.core.store.get_one(&key)?;
        let owner = owner.map(|owner| Owner::decode(&key, &owner)).transpose()?;
        let settled =
            link::settled(&[owner]).map(|Owner(place)| IdentityId::new(&self.region, place.guid));
        // One read beside a pool that has not changed since is one committed state.
        Ok(settled.filter(|_| pools.generation() == generation).map(|identity| (pool, identity)))
    }

    /// Looks up the identity of a developer user, or the developer users of an identity.
    ///
    /// By both, it says whether they belong together: the answer then is the question.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`LookupKeyMissing`](crate::Refusal::LookupKeyMissing): neither of the two was given.
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound): the id names no identity of the
    ///   pool.
    /// * [`DeveloperUserNotFound`](crate::Refusal::DeveloperUserNotFound): by a user alone, who has
    ///   no identity.
    /// * [`NextTokenInvalid`](crate::Refusal::NextTokenInvalid): the token is not from this
    ///   listing.
    /// * [`DeveloperUserElsewhere`](crate::Refusal::DeveloperUserElsewhere): by both, which do not
    ///   belong together.
    ///
    /// # Example: both directions
    ///
    /// ```
    /// # use cognate::*;
    /// # let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let pool = aws.create_identity_pool(
    /// #     CreateIdentityPoolInput::new("game", GuestAccess::Denied)?
    /// #         .developer_provider_name("login.game")?,
    /// # )?;
    /// # let alice = aws.get_open_id_token_for_developer_identity(
    /// #     GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id)?
    /// #         .login("login.game", "alice")?,
    /// # )?;
    /// let pool_id = &pool.identity_pool_id;
    /// let by_user =
    ///     LookupDeveloperIdentityInput::new(pool_id)?.developer_user_identifier("alice")?;
    /// let by_identity =
    ///     LookupDeveloperIdentityInput::new(pool_id)?.identity_id(&alice.identity_id)?;
    /// let found = aws.lookup_developer_identity(by_user)?;
    /// assert_eq!(found.developer_user_identifier_list, ["alice".parse()?]);
    /// assert_eq!(found, aws.lookup_developer_identity(by_identity)?);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn lookup_developer_identity(
        &self,
        input: LookupDeveloperIdentityInput,
    ) -> Result<LookupDeveloperIdentityOutput> {
        let (id, user) = (input.identity_id.as_ref(), input.developer_user_identifier.as_ref());
        let size = input.max_results.unwrap_or(PageSize::MAX);
        let found = self.core.run(|reads| {
            if id.is_none() && user.is_none() {
                return Err(Refusal::LookupKeyMissing.into());
            }
            let kept = reads.pool(self, &input.identity_pool_id)?;
            let identity = match (id, user) {
                (Some(id), _) => Some(reads.identity_of(&kept, id)?),
                (None, Some(user)) => reads.developer_user(&kept, user)?,
                (None, None) => None,
            };
            let by = match (id, user) {
                (Some(id), Some(user)) => Lookup::Both { id, identity: identity.as_ref(), user },
                (Some(id), None) => Lookup::ByIdentity { id, identity: identity.as_ref() },
                (None, Some(user)) => Lookup::ByUser { user, owner: identity.as_ref() },
                (None, None) => return Err(Refusal::LookupKeyMissing.into()),
            };
            let page = (size, input.next_token.as_ref());
            let unknown = self.core.choices.unknown_developer_user;
            Ok(Decided::answer(developer::lookup(by, page, unknown)?))
        })?;
        Ok(LookupDeveloperIdentityOutput {
            identity_id: found.identity_id,
            developer_user_identifier_list: found.users.entries,
            next_token: found.users.next,
        })
    }

    /// Merges the identity of one developer user into that of another.
    ///
    /// All logins of the source's identity, public ones too, move to the destination's; the
    /// source's is disabled for good. Two users of one identity already are left as they are.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`DeveloperProviderUnsupported`](crate::Refusal::DeveloperProviderUnsupported): not the
    ///   pool's developer provider.
    /// * [`DeveloperUserNotFound`](crate::Refusal::DeveloperUserNotFound): the source, then the
    ///   destination, has no identity.
    /// * [`MergeOfTwoUsers`](crate::Refusal::MergeOfTwoUsers): the two have different users of one
    ///   public provider.
    /// * [`TooManyLogins`](crate::Refusal::TooManyLogins): together they have more than 20 logins.
    ///
    /// # Example: bob turns out to be alice
    ///
    /// ```
    /// # use cognate::*;
    /// # let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let pool = aws.create_identity_pool(
    /// #     CreateIdentityPoolInput::new("game", GuestAccess::Denied)?
    /// #         .developer_provider_name("login.game")?,
    /// # )?;
    /// # let call = |user| {
    /// #     GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id)?
    /// #         .login("login.game", user)
    /// # };
    /// let alice = aws.get_open_id_token_for_developer_identity(call("alice")?)?;
    /// aws.get_open_id_token_for_developer_identity(call("bob")?)?;
    /// let merged = aws.merge_developer_identities(MergeDeveloperIdentitiesInput::new(
    ///     &pool.identity_pool_id, "login.game", "bob", "alice",
    /// )?)?;
    /// assert_eq!(merged.identity_id, alice.identity_id);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn merge_developer_identities(
        &self,
        input: MergeDeveloperIdentitiesInput,
    ) -> Result<MergeDeveloperIdentitiesOutput> {
        let source_user = &input.source_user_identifier;
        let destination_user = &input.destination_user_identifier;
        let identity_id = self.core.run(|reads| {
            let kept = reads.pool(self, &input.identity_pool_id)?;
            developer_provider(&kept.pool, &input.developer_provider_name)?;
            let source = reads.developer_user(&kept, source_user)?;
            let destination = reads.developer_user(&kept, destination_user)?;
            Ok(developer::merge(
                (source_user, source.as_ref()),
                (destination_user, destination.as_ref()),
                self.core.now(),
            )?)
        })?;
        Ok(MergeDeveloperIdentitiesOutput { identity_id })
    }

    /// Unlinks a developer user from an identity. The next token that is asked for the user makes a
    /// new identity; an identity that has no login left is disabled for good.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound): the id names no identity of the
    ///   pool.
    /// * [`DeveloperProviderUnsupported`](crate::Refusal::DeveloperProviderUnsupported): not the
    ///   pool's developer provider.
    /// * [`DeveloperUserElsewhere`](crate::Refusal::DeveloperUserElsewhere): the user has another
    ///   identity.
    /// * [`DeveloperUserNotFound`](crate::Refusal::DeveloperUserNotFound): the user has none.
    ///
    /// # Example: the last login disables the identity
    ///
    /// ```
    /// # use cognate::*;
    /// # let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let pool = aws.create_identity_pool(
    /// #     CreateIdentityPoolInput::new("game", GuestAccess::Denied)?
    /// #         .developer_provider_name("login.game")?,
    /// # )?;
    /// # let alice = aws.get_open_id_token_for_developer_identity(
    /// #     GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id)?
    /// #         .login("login.game", "alice")?,
    /// # )?;
    /// aws.unlink_developer_identity(UnlinkDeveloperIdentityInput::new(
    ///     &pool.identity_pool_id, &alice.identity_id, "login.game", "alice",
    /// )?)?;
    /// let left = aws.describe_identity(DescribeIdentityInput::new(&alice.identity_id)?)?;
    /// assert_eq!(left.state, IdentityState::Disabled);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn unlink_developer_identity(&self, input: UnlinkDeveloperIdentityInput) -> Result<()> {
        self.core.run(|reads| {
            let kept = reads.pool(self, &input.identity_pool_id)?;
            let identity = reads.identity_of(&kept, &input.identity_id)?;
            let name = developer_provider(&kept.pool, &input.developer_provider_name)?;
            let login = Login::developer(name, &input.developer_user_identifier);
            let owners = reads.owners(&kept, std::slice::from_ref(&login))?;
            let registered = owners.iter().any(Option::is_some);
            Ok(developer::unlink(&identity, &login, registered, self.core.now())?)
        })
    }
}

impl Reads<'_> {
    /// The identity of a user of the pool's developer provider.
    fn developer_user(
        &mut self,
        pool: &KeptPool,
        user: &DeveloperUserIdentifier,
    ) -> Result<Option<Identity>> {
        let Some(name) = &pool.pool.settings.developer_provider_name else { return Ok(None) };
        let owners = self.owners(pool, &[Login::developer(name, user)])?;
        owners.into_iter().flatten().next().map(|place| self.identity_at(pool, place)).transpose()
    }
}

#[cfg(test)]
mod tests;
