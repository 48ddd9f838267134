//! Identities that an administrator disables or deletes.

use std::collections::BTreeSet;

use crate::admin::{
    AdminDeleteIdentities, AdminDeleteIdentitiesInput, AdminDeleteIdentitiesOutput,
    DisableIdentity, DisableIdentityInput, IdentityDetails,
};
use crate::engine::Admin;
use crate::engine::gather::Reads;
use crate::error::Result;
use crate::id::IdentityId;
use crate::rules::rule::AppliedRule;
use crate::rules::{Change, Decided, Effect, admin};
use crate::state::{ChangeOperation, Identity};
use crate::store::Key;

impl Admin {
    /// Disables an identity permanently. Its logins become free: the next call that presents one
    /// creates a new identity. Answers with the identity as it is then.
    ///
    /// Nothing changes if the identity is disabled already. A token that was issued before stays
    /// valid until it expires, but opens the identity no more.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`Error::Invalid`](crate::Error::Invalid): the id violates its constraints.
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound)
    ///
    /// # Example: a user starts again
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// use cognate::admin::DisableIdentityInput;
    ///
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// # let pool = aws.create_identity_pool(input.developer_provider_name("login.game"))?;
    /// # let call = GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id);
    /// # let call = call.logins("login.game", "alice");
    /// let alice = aws.resolve_developer_identity(call.clone())?;
    /// let disabled = engine.admin().disable_identity(DisableIdentityInput::new(&alice))?;
    /// assert_eq!((disabled.state, disabled.logins.len()), (IdentityState::Disabled, 0));
    /// assert_ne!(aws.resolve_developer_identity(call)?, alice);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn disable_identity(&self, input: DisableIdentityInput) -> Result<IdentityDetails> {
        let input = input.checked()?;
        self.run(ChangeOperation::DisableIdentity, |reads| self.decide_disabling(reads, &input))
            .map(|after| (&after).into())
    }

    pub(in crate::engine) fn decide_disabling(
        &self,
        reads: &mut Reads<'_>,
        input: &DisableIdentity,
    ) -> Result<Decided<Identity>> {
        let (_, identity) = reads.known_identity(&input.identity_id)?;
        reads.rule = Some(AppliedRule::DisableIdentity);
        Ok(admin::disable(&identity, self.core.now()))
    }

    /// Deletes 1 to 60 identities of any accounts and regions, and frees their logins.
    ///
    /// All of them are deleted, or none. An id that names no identity is reported and is no error.
    ///
    /// # Errors
    ///
    /// * [`Error::Invalid`](crate::Error::Invalid): no id or more than 60, or an id violates its
    ///   constraints.
    ///
    /// # Example: deleting twice
    ///
    /// ```
    /// use cognate::admin::AdminDeleteIdentitiesInput;
    ///
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    /// # let pool = aws.create_identity_pool(input)?;
    /// let guest = engine.public().get_id(GetIdInput::new(&pool.identity_pool_id))?;
    /// let input = AdminDeleteIdentitiesInput::new([&guest.identity_id]);
    /// let first = engine.admin().delete_identities(input.clone())?;
    /// let second = engine.admin().delete_identities(input)?;
    /// assert_eq!(first.deleted_identity_ids, [guest.identity_id]);
    /// assert_eq!(second.unknown_identity_ids, first.deleted_identity_ids);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn delete_identities(
        &self,
        input: AdminDeleteIdentitiesInput,
    ) -> Result<AdminDeleteIdentitiesOutput> {
        let input = input.checked()?;
        self.run(ChangeOperation::AdminDeleteIdentities, |reads| decide_deletion(reads, &input))
    }
}

pub(in crate::engine) fn decide_deletion(
    reads: &mut Reads<'_>,
    input: &AdminDeleteIdentities,
) -> Result<Decided<AdminDeleteIdentitiesOutput>> {
    let ids: BTreeSet<&IdentityId> = input.identity_ids_to_delete.iter().collect();
    reads.rule = Some(AppliedRule::DeleteIdentities);
    reads.will_read(ids.iter().filter_map(|id| id.guid()).map(Key::identity_index));
    let mut effects = Vec::new();
    let (mut deleted_identity_ids, mut unknown_identity_ids) = (Vec::new(), Vec::new());
    for id in ids {
        if let Some((_, identity)) = reads.identity(id)? {
            effects.push(Effect::Identity(Change::Delete(identity)));
            deleted_identity_ids.push(id.clone());
        } else {
            unknown_identity_ids.push(id.clone());
        }
    }
    // An id that names nothing now was not there to delete.
    reads.ignore_absent();
    let output = AdminDeleteIdentitiesOutput { deleted_identity_ids, unknown_identity_ids };
    Ok(Decided { effects, output })
}
