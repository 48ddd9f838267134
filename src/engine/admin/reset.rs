//! Pools that an administrator deletes, one or all.

use crate::admin::ResetOutput;
use crate::engine::Admin;
use crate::engine::gather::Reads;
use crate::error::Result;
use crate::id::{Guid, IdentityPoolId};
use crate::operation::DeleteIdentityPoolInput;
use crate::rules::rule::AppliedRule;
use crate::rules::{Change, Decided, Effect};
use crate::state::{ChangeOperation, Pool};

impl Admin {
    /// Deletes a pool of any account and region, as
    /// [`Developer::delete_identity_pool`](crate::Developer::delete_identity_pool) does.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`Error::Invalid`](crate::Error::Invalid): the id violates its constraints.
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    ///
    /// # Example: a pool whose owner is unknown
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    /// # let pool = aws.create_identity_pool(input)?.identity_pool_id;
    /// engine.admin().delete_identity_pool(DeleteIdentityPoolInput::new(&pool))?;
    /// let left = aws.list_identity_pools(ListIdentityPoolsInput::new(60))?;
    /// assert!(left.identity_pools.is_empty());
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn delete_identity_pool(&self, input: DeleteIdentityPoolInput) -> Result<()> {
        let input = input.checked()?;
        let deleted = self.run(ChangeOperation::DeleteIdentityPool, |reads| {
            let kept = reads.known_pool(&input.identity_pool_id)?;
            reads.rule = Some(AppliedRule::DeletePool);
            let effects = vec![deletion(kept.pool.clone())];
            Ok(Decided { effects, output: kept.guid })
        })?;
        self.core.after_deletion(&[deleted]);
        Ok(())
    }

    /// Deletes every pool of every account and region, with everything in it, and keeps the keys
    /// for tokens and sessions: clients cache key sets.
    ///
    /// All pools disappear at the same moment, with one commit, however many identities they have.
    /// The commit grows with the number of pools. The remaining records are removed as after
    /// [`delete_identity_pool`](Self::delete_identity_pool).
    ///
    /// Every pool whose creation was answered before this call is deleted. Of the pools that others
    /// create during the call, some may stay.
    ///
    /// # Errors
    ///
    /// * [`Error::Contended`](crate::Error::Contended): other calls keep creating or changing
    ///   pools. Nothing is deleted.
    /// * [`Error::Corrupt`](crate::Error::Corrupt) when the record of a pool cannot be read.
    ///
    /// # Example: a test that leaves nothing behind
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    /// let pool = aws.create_identity_pool(input)?.identity_pool_id;
    /// let reset = engine.admin().reset()?;
    /// assert_eq!(reset.deleted_identity_pool_ids, [pool]);
    /// assert!(engine.admin().reset()?.deleted_identity_pool_ids.is_empty());
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn reset(&self) -> Result<ResetOutput> {
        let (guids, deleted_identity_pool_ids): (Vec<Guid>, _) =
            self.run(ChangeOperation::Reset, decide_reset)?.into_iter().unzip();
        if !guids.is_empty() {
            self.core.after_deletion(&guids);
        }
        Ok(ResetOutput { deleted_identity_pool_ids })
    }
}

fn decide_reset(reads: &mut Reads<'_>) -> Result<Decided<Vec<(Guid, IdentityPoolId)>>> {
    let pools = reads.all_pools()?;
    reads.rule = Some(AppliedRule::DeletePool);
    let output = pools.iter().map(|(guid, pool)| (*guid, pool.id().clone())).collect();
    let effects = pools.into_iter().map(|(_, pool)| deletion(pool)).collect();
    Ok(Decided { effects, output })
}

fn deletion(pool: Pool) -> Effect {
    Effect::Pool(Box::new(Change::Delete(pool)))
}
