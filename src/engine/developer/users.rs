//! Lookup, merging and unlinking of users of a developer provider.

use crate::engine::Developer;
use crate::engine::cache::KeptPool;
use crate::engine::gather::Reads;
use crate::error::Result;
use crate::id::IdentityId;
use crate::name::DeveloperUserIdentifier;
use crate::operation::{
    LookupDeveloperIdentityInput, LookupDeveloperIdentityOutput, MergeDeveloperIdentities,
    MergeDeveloperIdentitiesInput, MergeDeveloperIdentitiesOutput, UnlinkDeveloperIdentity,
    UnlinkDeveloperIdentityInput,
};
use crate::rules::Decided;
use crate::rules::developer::{self, Lookup};
use crate::rules::page::PageSize;
use crate::rules::provider::developer_provider;
use crate::rules::rule::AppliedRule;
use crate::state::{ChangeOperation, Identity, Login};
use crate::store::Key;

impl Developer {
    /// Looks up the identity of a developer user, or the developer users of an identity.
    ///
    /// With both, it checks that they belong together and answers with the same pair.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`LookupKeyMissing`](crate::Refusal::LookupKeyMissing): neither an identity id nor a user
    ///   was given.
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound): the pool has no identity with the
    ///   given id.
    /// * [`DeveloperUserNotFound`](crate::Refusal::DeveloperUserNotFound): only a user was given,
    ///   and the user has no identity.
    /// * [`NextTokenInvalid`](crate::Refusal::NextTokenInvalid): the token is not from this
    ///   listing.
    /// * [`DeveloperUserElsewhere`](crate::Refusal::DeveloperUserElsewhere): both were given, and
    ///   they do not belong together.
    ///
    /// # Example: both directions
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
    /// let pool_id = &pool.identity_pool_id;
    /// let by_user =
    ///     LookupDeveloperIdentityInput::new(pool_id).developer_user_identifier("alice");
    /// let by_identity =
    ///     LookupDeveloperIdentityInput::new(pool_id).identity_id(&alice.identity_id);
    /// let found = aws.lookup_developer_identity(by_user)?;
    /// assert_eq!(found.developer_user_identifier_list, ["alice".parse()?]);
    /// assert_eq!(found, aws.lookup_developer_identity(by_identity)?);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn lookup_developer_identity(
        &self,
        input: LookupDeveloperIdentityInput,
    ) -> Result<LookupDeveloperIdentityOutput> {
        let input = input.checked()?;
        let size = input.max_results.unwrap_or(PageSize::MAX);
        let found = self.core.read(|reads| {
            let given = (&input.identity_id, &input.developer_user_identifier);
            let by = Lookup::by(given.0.as_ref(), given.1.as_ref())?;
            let pool = reads.pool(self, &input.identity_pool_id)?;
            let identity = match by {
                Lookup::Identity(id) | Lookup::Both(id, _) => reads.identity_of(&pool, id)?,
                Lookup::User(user) => {
                    let unknown = || self.core.choices.unknown_developer_user.refusal(user);
                    reads.developer_user(&pool, user)?.ok_or_else(unknown)?
                }
            };
            let page = (size, input.next_token.as_ref());
            Ok(developer::lookup(by, &identity, page)?)
        })?;
        Ok(LookupDeveloperIdentityOutput {
            identity_id: found.identity_id,
            developer_user_identifier_list: found.users.entries,
            next_token: found.users.next,
        })
    }

    /// Merges the identity of one developer user into the identity of another.
    ///
    /// All logins of the source's identity, including public ones, move to the destination's
    /// identity. The source's identity is disabled permanently. If both users already have the same
    /// identity, nothing changes.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`DeveloperProviderUnsupported`](crate::Refusal::DeveloperProviderUnsupported): the name
    ///   is not the one of the pool's developer provider.
    /// * [`DeveloperUserNotFound`](crate::Refusal::DeveloperUserNotFound): the source has no
    ///   identity, or else the destination has none.
    /// * [`MergeOfTwoUsers`](crate::Refusal::MergeOfTwoUsers): the identities have different users
    ///   of one public provider.
    /// * [`TooManyLogins`](crate::Refusal::TooManyLogins): together the identities have more than
    ///   20 logins.
    ///
    /// # Example: bob turns out to be alice
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let pool = aws.create_identity_pool(
    /// #     CreateIdentityPoolInput::new("game", GuestAccess::Denied)
    /// #         .developer_provider_name("login.game"),
    /// # )?;
    /// # let call = |user| {
    /// #     GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id)
    /// #         .logins("login.game", user)
    /// # };
    /// let alice = aws.get_open_id_token_for_developer_identity(call("alice"))?;
    /// aws.get_open_id_token_for_developer_identity(call("bob"))?;
    /// let merged = aws.merge_developer_identities(MergeDeveloperIdentitiesInput::new(
    ///     &pool.identity_pool_id, "login.game", "bob", "alice",
    /// ))?;
    /// assert_eq!(merged.identity_id, alice.identity_id);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn merge_developer_identities(
        &self,
        input: MergeDeveloperIdentitiesInput,
    ) -> Result<MergeDeveloperIdentitiesOutput> {
        let input = input.checked()?;
        let identity_id = self.run(ChangeOperation::MergeDeveloperIdentities, |reads| {
            self.decide_merge(reads, &input)
        })?;
        Ok(MergeDeveloperIdentitiesOutput { identity_id })
    }

    pub(in crate::engine) fn decide_merge(
        &self,
        reads: &mut Reads<'_>,
        input: &MergeDeveloperIdentities,
    ) -> Result<Decided<IdentityId>> {
        let source_user = &input.source_user_identifier;
        let destination_user = &input.destination_user_identifier;
        let kept = reads.pool(self, &input.identity_pool_id)?;
        developer_provider(&kept.pool, &input.developer_provider_name)?;
        reads.will_read_users(&kept, [source_user, destination_user]);
        let source = reads.developer_user(&kept, source_user)?;
        let destination = reads.developer_user(&kept, destination_user)?;
        let ids = source.as_ref().map(Identity::id).zip(destination.as_ref().map(Identity::id));
        let is_one = ids.is_some_and(|(source, destination)| source == destination);
        reads.rule = Some(if is_one { AppliedRule::MergeOfOne } else { AppliedRule::Merge });
        Ok(developer::merge(
            (source_user, source.as_ref()),
            (destination_user, destination.as_ref()),
            self.core.now(),
        )?)
    }

    /// Unlinks a developer user from an identity. The next token request for the user creates a new
    /// identity. An identity without any login left is disabled permanently.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound): the pool has no identity with the
    ///   given id.
    /// * [`DeveloperProviderUnsupported`](crate::Refusal::DeveloperProviderUnsupported): the name
    ///   is not the one of the pool's developer provider.
    /// * [`DeveloperUserElsewhere`](crate::Refusal::DeveloperUserElsewhere): the user has another
    ///   identity.
    /// * [`DeveloperUserNotFound`](crate::Refusal::DeveloperUserNotFound): the user has no
    ///   identity.
    ///
    /// # Example: the last login disables the identity
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
    /// aws.unlink_developer_identity(UnlinkDeveloperIdentityInput::new(
    ///     &pool.identity_pool_id, &alice.identity_id, "login.game", "alice",
    /// ))?;
    /// let left = aws.describe_identity(DescribeIdentityInput::new(&alice.identity_id))?;
    /// assert_eq!(left.state, IdentityState::Disabled);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn unlink_developer_identity(&self, input: UnlinkDeveloperIdentityInput) -> Result<()> {
        let input = input.checked()?;
        self.run(ChangeOperation::UnlinkDeveloperIdentity, |reads| {
            self.decide_unlinking(reads, &input)
        })
    }

    pub(in crate::engine) fn decide_unlinking(
        &self,
        reads: &mut Reads<'_>,
        input: &UnlinkDeveloperIdentity,
    ) -> Result<Decided<()>> {
        let kept = reads.pool(self, &input.identity_pool_id)?;
        reads.will_read(input.identity_id.guid().map(Key::identity_index));
        reads.will_read_users(&kept, [&input.developer_user_identifier]);
        let identity = reads.identity_of(&kept, &input.identity_id)?;
        let name = developer_provider(&kept.pool, &input.developer_provider_name)?;
        let login = Login::developer(name, &input.developer_user_identifier);
        let owners = reads.owners(&kept, std::slice::from_ref(&login))?;
        let registered = owners.iter().any(Option::is_some);
        reads.rule = Some(AppliedRule::UnlinkDeveloperUser);
        Ok(developer::unlink(&identity, &login, registered, self.core.now())?)
    }
}

impl Reads<'_> {
    /// Announces the logins of users of the pool's developer provider.
    fn will_read_users<'a>(
        &mut self,
        pool: &KeptPool,
        users: impl IntoIterator<Item = &'a DeveloperUserIdentifier>,
    ) {
        let Some(name) = &pool.pool.settings.developer_provider_name else { return };
        let users = users.into_iter();
        self.will_read(users.map(|user| Key::login(pool.guid, &Login::developer(name, user))));
    }

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
