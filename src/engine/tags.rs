//! Operations on the tags of a pool.

use std::sync::Arc;

use crate::engine::Developer;
use crate::engine::cache::KeptPool;
use crate::engine::gather::Reads;
use crate::engine::throttle::Limited;
use crate::error::Result;
use crate::name::Arn;
use crate::operation::{
    ListTagsForResourceInput, ListTagsForResourceOutput, TagResourceInput, UntagResourceInput,
};
use crate::rules::{Refusal, tags};
use crate::state::ChangeOperation;

impl Developer {
    /// Adds tags to a pool. A tag with an existing key replaces the old one.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`ResourceArnInvalid`](crate::Refusal::ResourceArnInvalid)
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`TooManyTags`](crate::Refusal::TooManyTags): the pool would have more than 50 tags.
    /// * [`TagInvalid`](crate::Refusal::TagInvalid)
    ///
    /// # Example: a pool's ARN
    ///
    /// ```
    /// use cognate::operation::{
    ///     CreateIdentityPoolInput, GuestAccess, ListTagsForResourceInput, TagResourceInput,
    /// };
    /// use cognate::Engine;
    ///
    /// let engine = Engine::builder().in_memory()?;
    /// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// let pool = aws.create_identity_pool(input)?;
    /// let arn = aws.identity_pool_arn(&pool.identity_pool_id);
    /// aws.tag_resource(TagResourceInput::new(&arn).tags("stage", "test"))?;
    /// let tags = aws.list_tags_for_resource(ListTagsForResourceInput::new(&arn))?.tags;
    /// assert_eq!(tags.len(), 1);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn tag_resource(&self, input: TagResourceInput) -> Result<()> {
        let input = input.checked()?;
        self.admit(Limited::TagResource)?;
        self.run(ChangeOperation::TagResource, |reads| {
            let kept = self.resource(reads, &input.resource_arn)?;
            Ok(tags::tag(&kept.pool, input.tags.clone())?)
        })
    }

    /// Removes tags from a pool. Keys that the pool does not have are ignored.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`ResourceArnInvalid`](crate::Refusal::ResourceArnInvalid)
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    ///
    /// # Example: removing a tag twice
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// # let pool = aws.create_identity_pool(input)?;
    /// let arn = aws.identity_pool_arn(&pool.identity_pool_id);
    /// let untag = UntagResourceInput::new(&arn).tag_keys("stage");
    /// aws.untag_resource(untag.clone())?;
    /// aws.untag_resource(untag)?;
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn untag_resource(&self, input: UntagResourceInput) -> Result<()> {
        let input = input.checked()?;
        self.admit(Limited::UntagResource)?;
        self.run(ChangeOperation::UntagResource, |reads| {
            let kept = self.resource(reads, &input.resource_arn)?;
            Ok(tags::untag(&kept.pool, &input.tag_keys))
        })
    }

    /// Returns the tags of a pool.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`ResourceArnInvalid`](crate::Refusal::ResourceArnInvalid)
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    ///
    /// # Example: a pool without tags
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// # let pool = aws.create_identity_pool(input)?;
    /// let arn = aws.identity_pool_arn(&pool.identity_pool_id);
    /// let tags = aws.list_tags_for_resource(ListTagsForResourceInput::new(&arn))?.tags;
    /// assert!(tags.is_empty());
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn list_tags_for_resource(
        &self,
        input: ListTagsForResourceInput,
    ) -> Result<ListTagsForResourceOutput> {
        let input = input.checked()?;
        self.admit(Limited::ListTagsForResource)?;
        self.core.read(|reads| {
            let kept = self.resource(reads, &input.resource_arn)?;
            let tags = kept.pool.settings.identity_pool_tags.clone();
            Ok(ListTagsForResourceOutput { tags })
        })
    }

    /// The pool in an ARN.
    fn resource(&self, reads: &mut Reads<'_>, arn: &Arn) -> Result<Arc<KeptPool>> {
        let id = tags::pool_of(arn)?;
        let kept = reads.pool(self, &id)?;
        if tags::is_arn_of(arn, &kept.pool) {
            Ok(kept)
        } else {
            Err(Refusal::PoolNotFound { identity_pool_id: id }.into())
        }
    }
}
