//! Pools and identities that an administrator creates, with ids of the administrator's choice.

use crate::admin::{CreateIdentity, CreateIdentityInput, IdentityDetails};
use crate::engine::gather::Reads;
use crate::engine::{Admin, Developer};
use crate::error::Result;
use crate::id::{IdentityId, IdentityPoolId};
use crate::operation::CreateIdentityPoolInput;
use crate::rules::{Decided, admin, chosen};
use crate::state::{ChangeOperation, Identity, IdentityPool};

impl Admin {
    /// Creates a pool with a chosen id, in the account and the region of `owner`.
    ///
    /// The id has the form `REGION:GUID`. Any GUID but the nil one will do. It is best never used
    /// before: tokens of an earlier pool of the same id open identities of the new one if those
    /// have the same ids too.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`Error::Invalid`](crate::Error::Invalid): a member violates its constraints.
    /// * [`IdInvalid`](crate::Refusal::IdInvalid),
    ///   [`IdOfAnotherRegion`](crate::Refusal::IdOfAnotherRegion): not an id of a pool of the
    ///   owner's region.
    /// * The refusals of [`create_identity_pool`](Developer::create_identity_pool).
    /// * [`IdTaken`](crate::Refusal::IdTaken): the GUID is that of a pool, of a deleted pool that
    ///   is still being removed, or of an identity.
    ///   [`finish_removals`](crate::Engine::finish_removals) waits for removals.
    ///
    /// # Example: an id that a configuration file names
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let id: IdentityPoolId = "us-east-1:11111111-1111-4111-8111-111111111111".parse()?;
    /// let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    /// let pool = engine.admin().create_identity_pool(&aws, &id, input.clone())?;
    /// assert_eq!(pool.identity_pool_id, id);
    ///
    /// let again = engine.admin().create_identity_pool(&aws, &id, input).unwrap_err();
    /// assert_eq!(again.kind(), ErrorKind::ResourceConflict);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn create_identity_pool(
        &self,
        owner: &Developer,
        id: &IdentityPoolId,
        input: CreateIdentityPoolInput,
    ) -> Result<IdentityPool> {
        let input = input.checked()?;
        let guid = chosen::guid(id.as_str(), &owner.region)?;
        self.run(ChangeOperation::CreateIdentityPool, |reads| {
            self.core.decide_pool_creation(reads, owner, &input, Some(guid))
        })
    }

    /// Creates an identity: with logins that are stated without a token, or else a guest. Its id
    /// is chosen, or minted as usual.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`Error::Invalid`](crate::Error::Invalid): a member violates its constraints. For example,
    ///   there are more than 20 logins.
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`IdInvalid`](crate::Refusal::IdInvalid),
    ///   [`IdOfAnotherRegion`](crate::Refusal::IdOfAnotherRegion): the chosen id is not that of an
    ///   identity of the pool's region.
    /// * [`IdTaken`](crate::Refusal::IdTaken): the GUID is that of a pool, of a deleted pool that
    ///   is still being removed, or of an identity.
    /// * [`GuestsUnsupported`](crate::Refusal::GuestsUnsupported): there is no login, and the pool
    ///   does not allow guests.
    /// * For each login in turn: [`ProviderUnsupported`](crate::Refusal::ProviderUnsupported) if
    ///   the pool has no such provider;
    ///   [`DeveloperUserAlreadyRegistered`](crate::Refusal::DeveloperUserAlreadyRegistered) or
    ///   [`LoginOfAnother`](crate::Refusal::LoginOfAnother) if an identity has the login.
    /// * [`LoginTaken`](crate::Refusal::LoginTaken): two users of one public provider.
    ///
    /// # Example: a user that tests know by its id
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// use cognate::admin::CreateIdentityInput;
    ///
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// # let pool = aws.create_identity_pool(input.developer_provider_name("login.game"))?;
    /// # let pool = pool.identity_pool_id;
    /// let input = CreateIdentityInput::new(&pool)
    ///     .identity_id("us-east-1:a11ce000-0000-4000-8000-000000000000")
    ///     .logins("login.game", "alice");
    /// let alice = engine.admin().create_identity(input)?.identity_id;
    ///
    /// let call = GetOpenIdTokenForDeveloperIdentityInput::new(&pool);
    /// let known = aws.resolve_developer_identity(call.logins("login.game", "alice"))?;
    /// assert_eq!(known, alice);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn create_identity(&self, input: CreateIdentityInput) -> Result<IdentityDetails> {
        let input = input.checked()?;
        self.run(ChangeOperation::CreateIdentity, |reads| self.decide_creation(reads, &input))
            .map(|created| (&created).into())
    }

    pub(in crate::engine) fn decide_creation(
        &self,
        reads: &mut Reads<'_>,
        input: &CreateIdentity,
    ) -> Result<Decided<Identity>> {
        let kept = reads.known_pool(&input.identity_pool_id)?;
        let (pool, region) = (&kept.pool, &kept.pool.region);
        let guid = match &input.identity_id {
            Some(id) => {
                let guid = chosen::guid(id.as_str(), region)?;
                reads.ensure_free(guid, id.as_str())?;
                reads.chosen.push((kept.guid, guid));
                guid
            }
            None => reads.fresh_guid(kept.guid)?,
        };
        let mut logins = Vec::with_capacity(input.logins.len());
        for stated in &input.logins {
            let login = admin::login_to_link(pool, &stated.provider, &stated.subject)?;
            let owner = reads.owner_of(&kept, std::slice::from_ref(&login))?;
            owner.map_or(Ok(()), |owner| Err(admin::owned(&login, &owner)))?;
            logins.push(login);
        }
        let id = IdentityId::new(region, guid);
        Ok(admin::create(pool, id, logins, self.core.now())?)
    }
}
