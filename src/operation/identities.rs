//! Inputs and outputs of the operations on identities.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ambient::Timestamp;
use crate::ambient::epoch_seconds;
use crate::constraint::Violations;
use crate::id::{IdentityId, IdentityPoolId};
use crate::name::{NextToken, ProviderName};
use crate::operation::input::{Given, input};
use crate::rules::page::PageSize;
use crate::state::{IdentityState, IdentitySummary, LOGINS_MAX};

input! {
    /// Input of [`describe_identity`](crate::Developer::describe_identity).
    DescribeIdentityInput => DescribeIdentity
    /// Describes an identity.
    fn new(identity_id: IdentityId)
    {
        /// The identity.
        "IdentityId", identity_id, get_identity_id: IdentityId, required;
    }
}

/// An identity, without the ids of its users at the providers.
///
/// It serializes like in the service: a disabled identity has `["DISABLED"]` in place of its
/// providers, and a guest has no `Logins`. A developer provider may also have the name `DISABLED`,
/// so the state has a separate member. `["DISABLED"]` deserializes to a disabled identity.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentityDescription {
    /// The identity's id.
    pub identity_id: IdentityId,
    /// The names of the providers of its logins, sorted and without duplicates. Empty unless the
    /// identity is authenticated.
    pub logins: Vec<ProviderName>,
    /// The time at which the identity was created.
    pub creation_date: Timestamp,
    /// The time at which its logins last changed.
    pub last_modified_date: Timestamp,
    /// The state: a guest, authenticated or disabled.
    pub state: IdentityState,
}

impl IdentityDescription {
    /// The maximum number of logins of an identity.
    pub const LOGINS_MAX: usize = LOGINS_MAX;

    /// A guest with these members. The others can be set.
    pub fn new(identity_id: IdentityId, creation_date: Timestamp) -> Self {
        Self {
            identity_id,
            logins: Vec::new(),
            creation_date,
            last_modified_date: creation_date,
            state: IdentityState::Unauthenticated,
        }
    }
}

/// The name in place of the providers of a disabled identity.
const DISABLED: &str = "DISABLED";

impl Serialize for IdentityDescription {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Logins<'a> {
            Providers(&'a [ProviderName]),
            Disabled([&'static str; 1]),
        }

        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Described<'a> {
            identity_id: &'a IdentityId,
            #[serde(skip_serializing_if = "Option::is_none")]
            logins: Option<Logins<'a>>,
            #[serde(with = "epoch_seconds")]
            creation_date: Timestamp,
            #[serde(with = "epoch_seconds")]
            last_modified_date: Timestamp,
        }

        let logins = match (self.state, self.logins.as_slice()) {
            (IdentityState::Disabled, _) => Some(Logins::Disabled([DISABLED])),
            (IdentityState::Unauthenticated | IdentityState::Authenticated, []) => None,
            (IdentityState::Unauthenticated | IdentityState::Authenticated, providers) => {
                Some(Logins::Providers(providers))
            }
        };
        let described = Described {
            identity_id: &self.identity_id,
            logins,
            creation_date: self.creation_date,
            last_modified_date: self.last_modified_date,
        };
        described.serialize(serializer)
    }
}

/// Reads the service's form, in which a guest has no logins.
impl<'de> Deserialize<'de> for IdentityDescription {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Described {
            identity_id: IdentityId,
            #[serde(default)]
            logins: Vec<ProviderName>,
            #[serde(with = "epoch_seconds")]
            creation_date: Timestamp,
            #[serde(with = "epoch_seconds")]
            last_modified_date: Timestamp,
        }

        let described = Described::deserialize(deserializer)?;
        let (state, logins) = match described.logins.as_slice() {
            [] => (IdentityState::Unauthenticated, Vec::new()),
            [only] if only.as_str() == DISABLED => (IdentityState::Disabled, Vec::new()),
            _ => (IdentityState::Authenticated, described.logins),
        };
        Ok(Self {
            identity_id: described.identity_id,
            logins,
            creation_date: described.creation_date,
            last_modified_date: described.last_modified_date,
            state,
        })
    }
}

impl From<IdentitySummary> for IdentityDescription {
    fn from(identity: IdentitySummary) -> Self {
        let IdentitySummary { id, providers, state, created, modified } = identity;
        Self {
            identity_id: id,
            logins: providers,
            creation_date: created,
            last_modified_date: modified,
            state,
        }
    }
}

input! {
    /// Input of [`list_identities`](crate::Developer::list_identities).
    ListIdentitiesInput => ListIdentities
    /// The first page of a pool's identities.
    fn new(identity_pool_id: IdentityPoolId, max_results: PageSize)
    {
        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;

        /// The maximum number of identities in a page: 1 to 60.
        "MaxResults", max_results, get_max_results: PageSize, required;

        /// The token of the previous page.
        "NextToken", next_token, get_next_token: NextToken, optional;

        /// Leaves out disabled identities.
        "HideDisabled", hide_disabled, get_hide_disabled: bool, optional;
    }
}

/// A page of a pool's identities, in the order of their creation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ListIdentitiesOutput {
    /// The pool.
    pub identity_pool_id: IdentityPoolId,
    /// The identities. Each is as it was at some moment during the call.
    pub identities: Vec<IdentityDescription>,
    /// The token of the next page. `None` on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<NextToken>,
}

impl ListIdentitiesOutput {
    /// An output with these members. The others are empty and can be set.
    pub fn new(identity_pool_id: IdentityPoolId, identities: Vec<IdentityDescription>) -> Self {
        Self { identity_pool_id, identities, next_token: None }
    }
}

/// The minimum and the maximum number of identities that one call deletes.
pub(crate) const IDS_TO_DELETE_MIN: usize = 1;
pub(crate) const IDS_TO_DELETE_MAX: usize = 60;

input! {
    /// Input of [`delete_identities`](crate::Developer::delete_identities).
    DeleteIdentitiesInput => DeleteIdentities {
        /// An identity to delete. Specify 1 to 60.
        "IdentityIdsToDelete", identity_ids_to_delete, get_identity_ids_to_delete: [IdentityId],
        required(IDS_TO_DELETE_MIN..=IDS_TO_DELETE_MAX);
    }
}

impl DeleteIdentitiesInput {
    /// Deletes 1 to 60 identities.
    pub fn new<I>(ids: impl IntoIterator<Item = I>) -> Self
    where
        I: TryInto<IdentityId, Error: Into<Violations>>,
    {
        ids.into_iter().fold(Self::empty(), Self::identity_ids_to_delete)
    }
}

/// The identities that were not deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct DeleteIdentitiesOutput {
    /// Empty if all identities were deleted.
    pub unprocessed_identity_ids: Vec<UnprocessedIdentityId>,
}

impl DeleteIdentitiesOutput {
    /// An output with these members.
    pub fn new(unprocessed_identity_ids: Vec<UnprocessedIdentityId>) -> Self {
        Self { unprocessed_identity_ids }
    }
}

/// An identity that was not deleted, and the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct UnprocessedIdentityId {
    /// The identity.
    pub identity_id: IdentityId,
    /// The reason.
    pub error_code: UnprocessedIdentityErrorCode,
}

impl UnprocessedIdentityId {
    /// An entry with these members.
    pub fn new(identity_id: IdentityId, error_code: UnprocessedIdentityErrorCode) -> Self {
        Self { identity_id, error_code }
    }
}

/// The reason why an identity was not deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum UnprocessedIdentityErrorCode {
    /// The identity belongs to another account.
    AccessDenied,
}
