//! Inputs and outputs of the administration of identities.

use serde::{Deserialize, Serialize};

use crate::admin::IdentityDetails;
use crate::ambient::{Timestamp, epoch_seconds};
use crate::constraint::Violations;
use crate::id::{IdentityId, IdentityPoolId};
use crate::name::{NextToken, ProviderName, Subject};
use crate::operation::input::{Add, Entry, Given, input};
use crate::operation::{IDS_TO_DELETE_MAX, IDS_TO_DELETE_MIN};
use crate::rules::page::PageSize;
use crate::state::{IdentityState, LOGINS_MAX};

/// A bound of the creation dates that a listing shows. It serializes as epoch seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CreationDate(#[serde(with = "epoch_seconds")] Timestamp);

impl From<Timestamp> for CreationDate {
    fn from(created: Timestamp) -> Self {
        Self(created)
    }
}

impl From<CreationDate> for Timestamp {
    fn from(date: CreationDate) -> Self {
        date.0
    }
}

input! {
    /// Input of [`create_identity`](crate::Admin::create_identity).
    CreateIdentityInput => CreateIdentity
    /// A guest of a pool, unless logins are added.
    fn new(identity_pool_id: IdentityPoolId)
    {
        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;

        /// The identity's id, in the pool's region. By default it is minted.
        "IdentityId", identity_id, get_identity_id: IdentityId, optional;

        /// Adds a login, by its provider and its subject. At most 20.
        "Logins", logins, get_logins:
        {Vec<StatedLogin>: ProviderName => Subject}, defaulted(0..=LOGINS_MAX);
    }
}

/// A user of a provider, stated without a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct StatedLogin {
    /// The provider, public or developer.
    pub provider: ProviderName,
    /// The user's id at the provider: 1 to 1024 characters.
    pub subject: Subject,
}

impl Add<(ProviderName, Subject)> for Vec<StatedLogin> {
    fn add(&mut self, (provider, subject): (ProviderName, Subject)) {
        self.push(StatedLogin { provider, subject });
    }
}

impl Entry for StatedLogin {
    fn shown(&self) -> String {
        self.provider.to_string()
    }
}

input! {
    /// Input of [`list_identities`](crate::Admin::list_identities).
    AdminListIdentitiesInput => AdminListIdentities
    /// The first page of a pool's identities. An identity is shown if it passes all filters that
    /// are set.
    fn new(identity_pool_id: IdentityPoolId, max_results: PageSize)
    {
        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;

        /// The maximum number of identities in a page: 1 to 60.
        "MaxResults", max_results, get_max_results: PageSize, required;

        /// The token of the previous page. Keep the filters from page to page.
        "NextToken", next_token, get_next_token: NextToken, optional;

        /// Shows identities in this state.
        "State", state, get_state: IdentityState, optional;

        /// Shows identities with a login of this provider, public or developer.
        "Provider", provider, get_provider: ProviderName, optional;

        /// Shows identities created at this moment or later.
        "CreatedFrom", created_from, get_created_from: CreationDate, optional;

        /// Shows identities created before this moment.
        "CreatedBefore", created_before, get_created_before: CreationDate, optional;
    }
}

/// A page of a pool's identities, in the order of their creation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AdminListIdentitiesOutput {
    /// The pool.
    pub identity_pool_id: IdentityPoolId,
    /// The identities. Each is as it was at some moment during the call.
    pub identities: Vec<IdentityDetails>,
    /// The token of the next page. `None` on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<NextToken>,
}

input! {
    /// Input of [`disable_identity`](crate::Admin::disable_identity).
    DisableIdentityInput => DisableIdentity
    /// Disables an identity.
    fn new(identity_id: IdentityId)
    {
        /// The identity.
        "IdentityId", identity_id, get_identity_id: IdentityId, required;
    }
}

input! {
    /// Input of [`delete_identities`](crate::Admin::delete_identities).
    AdminDeleteIdentitiesInput => AdminDeleteIdentities {
        /// An identity to delete. Specify 1 to 60.
        "IdentityIdsToDelete", identity_ids_to_delete, get_identity_ids_to_delete: [IdentityId],
        required(IDS_TO_DELETE_MIN..=IDS_TO_DELETE_MAX);
    }
}

impl AdminDeleteIdentitiesInput {
    /// Deletes 1 to 60 identities of any accounts and regions.
    pub fn new<I>(ids: impl IntoIterator<Item = I>) -> Self
    where
        I: TryInto<IdentityId, Error: Into<Violations>>,
    {
        ids.into_iter().fold(Self::empty(), Self::identity_ids_to_delete)
    }
}

/// The result of a deletion, with each id once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AdminDeleteIdentitiesOutput {
    /// The identities that this call has deleted, sorted.
    pub deleted_identity_ids: Vec<IdentityId>,
    /// The ids that name no identity, sorted.
    pub unknown_identity_ids: Vec<IdentityId>,
}
