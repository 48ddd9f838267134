//! Operations on pools.

use crate::engine::gather::Reads;
use crate::engine::{Core, Developer};
use crate::error::{Error, Result};
use crate::id::{Guid, IdentityPoolId};
use crate::operation::{
    CreateIdentityPool, CreateIdentityPoolInput, DeleteIdentityPool, DeleteIdentityPoolInput,
    DescribeIdentityPoolInput, IdentityPoolShortDescription, ListIdentityPoolsInput,
    ListIdentityPoolsOutput, UpdateIdentityPoolInput,
};
use crate::rules::page::{Listing, Page};
use crate::rules::rule::AppliedRule;
use crate::rules::{Change, Decided, Effect, Refusal, chosen, pool};
use crate::state::{ChangeOperation, IdentityPool, Pool};
use crate::store::key::corrupt;
use crate::store::record::{PoolEntry, Record};
use crate::store::{KeyRange, Store};

impl Core {
    /// Decides the creation of a pool with a chosen guid, or with a fresh one.
    pub(super) fn decide_pool_creation(
        &self,
        reads: &mut Reads<'_>,
        Developer { account, region, .. }: &Developer,
        input: &CreateIdentityPool,
        chosen: Option<Guid>,
    ) -> Result<Decided<IdentityPool>> {
        let guid = chosen.map_or_else(|| self.fresh_guid(None), Ok)?;
        let id = IdentityPoolId::new(region, guid);
        let owner = (account.clone(), region.clone());
        let created = Pool::new(owner, self.now(), input.clone().into_pool(id.clone()));
        let decided = pool::create(created, reads.pool_count(account, region)?)?;
        if chosen.is_some() {
            reads.ensure_free(guid, id.as_str())?;
        }
        Ok(decided)
    }
}

impl Developer {
    /// Creates a pool.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * With [pinned ids](crate::Builder::pinned_ids):
    ///   [`IdInvalid`](crate::Refusal::IdInvalid),
    ///   [`IdOfAnotherRegion`](crate::Refusal::IdOfAnotherRegion),
    ///   [`IdAmbiguous`](crate::Refusal::IdAmbiguous): the tags do not choose an id of the region.
    /// * [`DeveloperProviderReserved`](crate::Refusal::DeveloperProviderReserved): the developer
    ///   provider has the name of a public provider.
    /// * [`TooManyUserPools`](crate::Refusal::TooManyUserPools): more than 50 user pools.
    /// * [`UserPoolProviderInvalid`](crate::Refusal::UserPoolProviderInvalid): a user pool without
    ///   a client, or with a name other than `cognito-idp.REGION.amazonaws.com/POOL` (in China
    ///   `cognito-idp.REGION.amazonaws.com.cn/POOL`).
    /// * [`ProviderArnInvalid`](crate::Refusal::ProviderArnInvalid): an ARN that does not name a
    ///   provider.
    /// * [`TooManyTags`](crate::Refusal::TooManyTags), [`TagInvalid`](crate::Refusal::TagInvalid).
    /// * [`TooManyPools`](crate::Refusal::TooManyPools): the account already has 1,000 pools in the
    ///   region.
    /// * [`IdTaken`](crate::Refusal::IdTaken): the id that the tags choose is that of a pool, of a
    ///   deleted pool that is still being removed, or of an identity.
    ///
    /// # Example: a pool for the users of a backend
    ///
    /// ```
    /// use cognate::operation::{CreateIdentityPoolInput, GuestAccess};
    /// use cognate::Engine;
    ///
    /// let engine = Engine::builder().in_memory()?;
    /// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let pool = aws.create_identity_pool(
    ///     CreateIdentityPoolInput::new("game", GuestAccess::Denied)
    ///         .developer_provider_name("login.game"),
    /// )?;
    /// assert!(pool.identity_pool_id.as_str().starts_with("us-east-1:"));
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn create_identity_pool(&self, input: CreateIdentityPoolInput) -> Result<IdentityPool> {
        let input = input.checked()?;
        let chosen = match &input.identity_pool_tags {
            Some(tags) if self.core.choices.pinned_ids => chosen::guid_of_tags(tags, &self.region)?,
            Some(_) | None => None,
        };
        self.run(ChangeOperation::CreateIdentityPool, |reads| {
            self.core.decide_pool_creation(reads, self, &input, chosen)
        })
    }

    /// Describes a pool.
    ///
    /// # Errors
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    ///
    /// # Example: a pool as it was created
    ///
    /// ```
    /// use cognate::operation::{CreateIdentityPoolInput, DescribeIdentityPoolInput, GuestAccess};
    /// use cognate::Engine;
    ///
    /// let engine = Engine::builder().in_memory()?;
    /// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// let pool = aws.create_identity_pool(input)?;
    /// let input = DescribeIdentityPoolInput::new(&pool.identity_pool_id);
    /// assert_eq!(aws.describe_identity_pool(input)?, pool);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn describe_identity_pool(&self, input: DescribeIdentityPoolInput) -> Result<IdentityPool> {
        let input = input.checked()?;
        self.core.read(|reads| {
            let kept = reads.pool(self, &input.identity_pool_id)?;
            Ok(kept.pool.settings.clone())
        })
    }

    /// Replaces a pool's settings.
    ///
    /// Settings that are left out are reset. Two settings are kept: the tags, and the name of the
    /// developer provider, which cannot be changed once it is set.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`DeveloperProviderFixed`](crate::Refusal::DeveloperProviderFixed): the pool already has
    ///   another developer provider.
    /// * The refusals of [`create_identity_pool`](Self::create_identity_pool), except for the
    ///   number of pools.
    /// * [`ConcurrentModification`](crate::Refusal::ConcurrentModification): other calls keep
    ///   updating the same pool.
    ///
    /// # Example: the developer provider stays
    ///
    /// ```
    /// use cognate::operation::{CreateIdentityPoolInput, GuestAccess, UpdateIdentityPoolInput};
    /// use cognate::Engine;
    ///
    /// let engine = Engine::builder().in_memory()?;
    /// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let pool = aws.create_identity_pool(
    ///     CreateIdentityPoolInput::new("game", GuestAccess::Denied)
    ///         .developer_provider_name("login.game")
    ///         .allow_classic_flow(true),
    /// )?;
    /// let id = &pool.identity_pool_id;
    /// let renamed = aws.update_identity_pool(
    ///     UpdateIdentityPoolInput::new(id, "game 2", GuestAccess::Denied),
    /// )?;
    /// assert_eq!(renamed.developer_provider_name, pool.developer_provider_name);
    /// assert_eq!(renamed.allow_classic_flow, None);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn update_identity_pool(&self, input: UpdateIdentityPoolInput) -> Result<IdentityPool> {
        let input = input.checked()?;
        let id = input.identity_pool_id.clone();
        let keep_tags = input.identity_pool_tags.is_none();
        let requested = input.into_pool(id.clone());
        let updated = self.run(ChangeOperation::UpdateIdentityPool, |reads| {
            let kept = reads.pool(self, &id)?;
            Ok(pool::update(&kept.pool, requested.clone(), keep_tags)?)
        });
        let contended = matches!(updated, Err(Error::Contended));
        if contended { Err(Refusal::ConcurrentModification.into()) } else { updated }
    }

    /// Lists the caller's pools in the order of their creation.
    ///
    /// # Errors
    ///
    /// * [`NextTokenInvalid`](crate::Refusal::NextTokenInvalid): the token is not from this
    ///   listing.
    ///
    /// # Example: pools of another region are not listed
    ///
    /// ```
    /// use cognate::operation::{CreateIdentityPoolInput, GuestAccess, ListIdentityPoolsInput};
    /// use cognate::Engine;
    ///
    /// let engine = Engine::builder().in_memory()?;
    /// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// aws.create_identity_pool(CreateIdentityPoolInput::new("game", GuestAccess::Denied))?;
    /// let elsewhere = engine.developer("123456789012".parse()?, "eu-west-1".parse()?);
    /// let page = ListIdentityPoolsInput::new(60);
    /// assert_eq!(aws.list_identity_pools(page.clone())?.identity_pools.len(), 1);
    /// assert_eq!(elsewhere.list_identity_pools(page)?.identity_pools.len(), 0);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn list_identity_pools(
        &self,
        input: ListIdentityPoolsInput,
    ) -> Result<ListIdentityPoolsOutput> {
        let input = input.checked()?;
        let mut range = KeyRange::pools_of(&self.account, &self.region);
        let length = range.pool_listing_length();
        if let Some(token) = &input.next_token {
            let position = Listing::Pools.position(token, &range.start, length)?;
            range = range.after(&position);
        }
        let wanted = input.max_results.get().saturating_add(1);
        let mut entries = Vec::with_capacity(wanted);
        for (key, value) in self.core.store.scan(&range, wanted)? {
            let PoolEntry(identity_pool_name) = PoolEntry::decode(&key, &value)?;
            let guid = key.trailing_guid().filter(|_| key.bytes.len() == length);
            let guid = guid.ok_or_else(|| corrupt(&key, "not a pool's entry"))?;
            let identity_pool_id = IdentityPoolId::new(&self.region, guid);
            let entry = IdentityPoolShortDescription { identity_pool_id, identity_pool_name };
            entries.push((key.bytes, entry));
        }
        let page = Page::cut(Listing::Pools, entries, input.max_results);
        Ok(ListIdentityPoolsOutput { identity_pools: page.entries, next_token: page.next })
    }

    /// Deletes a pool with all its identities and their logins.
    ///
    /// The pool and everything in it disappear for all callers at the same moment, with one commit,
    /// however large the pool is. The remaining records are then removed in bounded steps, in the
    /// background or by this call: see [`Removal`](crate::Removal). After a crash, another engine
    /// continues.
    ///
    /// # Errors
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    ///
    /// # Example: a deleted pool is not found
    ///
    /// ```
    /// use cognate::operation::{CreateIdentityPoolInput, DeleteIdentityPoolInput, GuestAccess};
    /// use cognate::{Engine, ErrorKind};
    ///
    /// let engine = Engine::builder().in_memory()?;
    /// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// let pool = aws.create_identity_pool(input)?;
    /// let input = DeleteIdentityPoolInput::new(&pool.identity_pool_id);
    /// aws.delete_identity_pool(input.clone())?;
    /// let twice = aws.delete_identity_pool(input).unwrap_err();
    /// assert_eq!(twice.kind(), ErrorKind::ResourceNotFound);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn delete_identity_pool(&self, input: DeleteIdentityPoolInput) -> Result<()> {
        let input = input.checked()?;
        let guid = self.run(ChangeOperation::DeleteIdentityPool, |reads| {
            self.decide_pool_deletion(reads, &input)
        })?;
        self.core.after_deletion(&[guid]);
        Ok(())
    }

    pub(super) fn decide_pool_deletion(
        &self,
        reads: &mut Reads<'_>,
        input: &DeleteIdentityPool,
    ) -> Result<Decided<Guid>> {
        let kept = reads.pool(self, &input.identity_pool_id)?;
        reads.rule = Some(AppliedRule::DeletePool);
        let effects = vec![Effect::Pool(Box::new(Change::Delete(kept.pool.clone())))];
        Ok(Decided { effects, output: kept.guid })
    }
}
