//! Operations on identities.

use std::collections::BTreeSet;

use crate::engine::Developer;
use crate::engine::gather::Reads;
use crate::error::Result;
use crate::id::IdentityId;
use crate::operation::{
    DeleteIdentities, DeleteIdentitiesInput, DeleteIdentitiesOutput, DescribeIdentityInput,
    IdentityDescription, ListIdentitiesInput, ListIdentitiesOutput, UnprocessedIdentityErrorCode,
    UnprocessedIdentityId,
};
use crate::rules::page::{Listing, Page};
use crate::rules::rule::AppliedRule;
use crate::rules::{Change, Decided, Effect, Refusal};
use crate::state::{ChangeOperation, IdentityState, IdentitySummary};
use crate::store::{Key, KeyRange};

/// The number of identities read at once while disabled ones are left out.
const STEP: usize = 256;

/// The maximum number of reads of one call. After them the page ends, even if it is not full.
const STEPS_MAX: usize = 64;

impl Developer {
    /// Describes an identity, even a disabled one.
    ///
    /// # Errors
    ///
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound): no pool of the caller has the
    ///   identity.
    ///
    /// # Example: an identity shows its providers, not its users
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let pool = aws.create_identity_pool(
    /// #     CreateIdentityPoolInput::new("game", GuestAccess::Denied)
    /// #         .developer_provider_name("login.game"),
    /// # )?;
    /// let alice = aws.get_open_id_token_for_developer_identity(
    ///     GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id)
    ///         .logins("login.game", "alice"),
    /// )?;
    /// let described = aws.describe_identity(DescribeIdentityInput::new(&alice.identity_id))?;
    /// assert_eq!(described.logins, ["login.game".parse()?]);
    /// assert_eq!(described.state, IdentityState::Authenticated);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn describe_identity(&self, input: DescribeIdentityInput) -> Result<IdentityDescription> {
        let input = input.checked()?;
        self.core.read(|reads| {
            let found = reads.identity(&input.identity_id)?;
            let found = found.filter(|(kept, _)| self.owns(&kept.pool));
            let (_, identity) = found.ok_or_else(|| Refusal::IdentityNotFound {
                identity_id: input.identity_id.clone(),
            })?;
            Ok(identity.summary().into())
        })
    }

    /// Lists the identities of a pool in the order of their creation. Disabled ones are included
    /// unless the input hides them.
    ///
    /// Writes between two pages do not disturb the listing. No identity appears twice, and none is
    /// missed that existed throughout. With disabled identities hidden, a page can be shorter than
    /// requested, or even empty, and still have a token for the next page. This happens if very
    /// many disabled identities are skipped.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`NextTokenInvalid`](crate::Refusal::NextTokenInvalid): the token is not from this
    ///   listing.
    ///
    /// # Example: page by page
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let pool = aws.create_identity_pool(
    /// #     CreateIdentityPoolInput::new("game", GuestAccess::Denied)
    /// #         .developer_provider_name("login.game"),
    /// # )?;
    /// # for user in ["alice", "bob", "carol"] {
    /// #     aws.get_open_id_token_for_developer_identity(
    /// #         GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id)
    /// #             .logins("login.game", user),
    /// #     )?;
    /// # }
    /// let input = ListIdentitiesInput::new(&pool.identity_pool_id, 2);
    /// let first = aws.list_identities(input.clone())?;
    /// assert_eq!(first.identities.len(), 2);
    /// let token = first.next_token.expect("a third identity");
    /// let second = aws.list_identities(input.next_token(token))?;
    /// assert_eq!((second.identities.len(), second.next_token), (1, None));
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn list_identities(&self, input: ListIdentitiesInput) -> Result<ListIdentitiesOutput> {
        const LISTING: Listing = Listing::Identities;
        let input = input.checked()?;
        let hides = input.hide_disabled == Some(true);
        let wanted = input.max_results.get().saturating_add(1);
        let page = self.core.read(|reads| {
            let kept = reads.pool(self, &input.identity_pool_id)?;
            let mut range = KeyRange::identities_of(kept.guid);
            if let Some(token) = &input.next_token {
                let length = KeyRange::IDENTITY_LENGTH;
                let position = LISTING.position(token, &range.start, length)?;
                range = range.after(&position);
            }
            let mut entries = Vec::with_capacity(wanted);
            let step = if hides { STEP } else { wanted };
            let mut read_last = [0; KeyRange::IDENTITY_LENGTH];
            for _ in 0..STEPS_MAX {
                let mut left = step;
                reads.visit(&range, step, &mut |key, value| {
                    let identity = IdentitySummary::decode(key, value)?;
                    read_last = key.identity_position()?;
                    left = left.saturating_sub(1);
                    if !hides || identity.state != IdentityState::Disabled {
                        entries.push((read_last, identity.into()));
                    }
                    Ok(())
                })?;
                if left > 0 || entries.len() >= wanted {
                    return Ok(Page::cut(LISTING, entries, input.max_results));
                }
                range = range.after(&read_last);
            }
            let mut page = Page::cut(LISTING, entries, input.max_results);
            page.next = page.next.or_else(|| LISTING.token(&read_last));
            Ok(page)
        })?;
        Ok(ListIdentitiesOutput {
            identity_pool_id: input.identity_pool_id.clone(),
            identities: page.entries,
            next_token: page.next,
        })
    }

    /// Deletes identities and frees their logins.
    ///
    /// An id that names no identity counts as deleted. The answer lists the identities that could
    /// not be deleted.
    ///
    /// # Errors
    ///
    /// Only errors of the store. In that case nothing was deleted.
    ///
    /// # Example: deleting twice
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
    /// let input = DeleteIdentitiesInput::new([&alice.identity_id]);
    /// assert!(aws.delete_identities(input.clone())?.unprocessed_identity_ids.is_empty());
    /// assert!(aws.delete_identities(input)?.unprocessed_identity_ids.is_empty());
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn delete_identities(
        &self,
        input: DeleteIdentitiesInput,
    ) -> Result<DeleteIdentitiesOutput> {
        let input = input.checked()?;
        self.run(ChangeOperation::DeleteIdentities, |reads| self.decide_deletion(reads, &input))
    }

    pub(super) fn decide_deletion(
        &self,
        reads: &mut Reads<'_>,
        input: &DeleteIdentities,
    ) -> Result<Decided<DeleteIdentitiesOutput>> {
        let ids: BTreeSet<&IdentityId> = input.identity_ids_to_delete.iter().collect();
        reads.rule = Some(AppliedRule::DeleteIdentities);
        reads.will_read(ids.iter().filter_map(|id| id.guid()).map(Key::identity_index));
        let mut effects = Vec::new();
        let mut unprocessed_identity_ids = Vec::new();
        for id in ids {
            let Some((kept, identity)) = reads.identity(id)? else { continue };
            if self.owns(&kept.pool) {
                effects.push(Effect::Identity(Change::Delete(identity)));
            } else if kept.pool.region == self.region {
                unprocessed_identity_ids.push(UnprocessedIdentityId {
                    identity_id: id.clone(),
                    error_code: UnprocessedIdentityErrorCode::AccessDenied,
                });
            }
        }
        // An id that names nothing now is as good as deleted.
        reads.ignore_absent();
        let output = DeleteIdentitiesOutput { unprocessed_identity_ids };
        Ok(Decided { effects, output })
    }
}
