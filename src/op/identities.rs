//! Inputs and outputs of the operations on identities.

use serde::{Deserialize, Serialize, Serializer};

use crate::ambient::Timestamp;
use crate::constraint::{Constraint, Violation, Violations};
use crate::error::{Error, Result};
use crate::id::{IdentityId, IdentityPoolId};
use crate::name::{NextToken, ProviderName};
use crate::op::{epoch_seconds, member, paged, too_many_entries};
use crate::rules::page::PageSize;
use crate::state::{IdentityState, IdentitySummary};

/// What [`describe_identity`](crate::Developer::describe_identity) takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeIdentityInput {
    pub(crate) identity_id: IdentityId,
}

impl DescribeIdentityInput {
    /// The identity.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(id: impl TryInto<IdentityId, Error: Into<Error>>) -> Result<Self> {
        Ok(Self { identity_id: member("identityId", id)? })
    }
}

/// An identity, without what would tell who it is at a provider.
///
/// Serialized as the service writes it: a disabled identity has `["DISABLED"]` in place of its
/// providers, and a guest has no `Logins`. That a developer provider may have the name `DISABLED`
/// too is why the state has a member of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentityDescription {
    /// The identity's id.
    pub identity_id: IdentityId,
    /// The names of the providers of which it has a login, each once, sorted; none unless it is
    /// authenticated.
    pub logins: Vec<ProviderName>,
    /// When it came to be.
    pub creation_date: Timestamp,
    /// When its logins last changed.
    pub last_modified_date: Timestamp,
    /// Whether it is a guest, has a login, or is disabled.
    pub state: IdentityState,
}

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
            #[serde(serialize_with = "epoch_seconds")]
            creation_date: Timestamp,
            #[serde(serialize_with = "epoch_seconds")]
            last_modified_date: Timestamp,
        }

        let logins = match (self.state, self.logins.as_slice()) {
            (IdentityState::Disabled, _) => Some(Logins::Disabled(["DISABLED"])),
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

/// What [`list_identities`](crate::Developer::list_identities) takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListIdentitiesInput {
    pub(crate) identity_pool_id: IdentityPoolId,
    pub(crate) max_results: PageSize,
    pub(crate) next_token: Option<NextToken>,
    pub(crate) hide_disabled: Option<bool>,
}

impl ListIdentitiesInput {
    /// The first page of a pool's identities, 1 to 60 of them.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(
        id: impl TryInto<IdentityPoolId, Error: Into<Error>>,
        max_results: impl TryInto<PageSize, Error: Into<Error>>,
    ) -> Result<Self> {
        Ok(Self {
            identity_pool_id: member("identityPoolId", id)?,
            max_results: member("maxResults", max_results)?,
            next_token: None,
            hide_disabled: None,
        })
    }

    /// Leaves out disabled identities.
    #[must_use]
    pub fn hide_disabled(mut self, hide: bool) -> Self {
        self.hide_disabled = Some(hide);
        self
    }
}

paged!(ListIdentitiesInput);

/// A page of a pool's identities, in the order of their creation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ListIdentitiesOutput {
    /// The pool.
    pub identity_pool_id: IdentityPoolId,
    /// The identities, each as it stood at a moment of the call.
    pub identities: Vec<IdentityDescription>,
    /// Where the next page begins; `None` on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<NextToken>,
}

/// What [`delete_identities`](crate::Developer::delete_identities) takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "IdentitiesToDelete")]
pub struct DeleteIdentitiesInput {
    pub(crate) identity_ids_to_delete: Vec<IdentityId>,
}

/// As many as there may be.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IdentitiesToDelete {
    identity_ids_to_delete: Vec<IdentityId>,
}

impl TryFrom<IdentitiesToDelete> for DeleteIdentitiesInput {
    type Error = Error;

    fn try_from(ids: IdentitiesToDelete) -> Result<Self> {
        Self::new(ids.identity_ids_to_delete)
    }
}

impl DeleteIdentitiesInput {
    /// The fewest identities that one call deletes.
    pub(crate) const LENGTH_MIN: usize = 1;
    /// The most identities that one call deletes.
    pub(crate) const LENGTH_MAX: usize = 60;

    /// 1 to 60 identities.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new<I>(ids: impl IntoIterator<Item = I>) -> Result<Self>
    where
        I: TryInto<IdentityId, Error: Into<Error>>,
    {
        const NAME: &str = "identityIdsToDelete";
        let ids: Vec<IdentityId> =
            ids.into_iter().map(|id| member(NAME, id)).collect::<Result<_>>()?;
        let shown = || {
            let ids: Vec<_> = ids.iter().map(IdentityId::as_str).collect();
            format!("[{}]", ids.join(", "))
        };
        if ids.len() > Self::LENGTH_MAX {
            return Err(too_many_entries(NAME, shown(), Self::LENGTH_MAX).into());
        }
        if ids.is_empty() {
            let few = Constraint::LengthAtLeast(Self::LENGTH_MIN);
            return Err(Violations::one(Violation::new(Some(shown()), NAME, few)).into());
        }
        Ok(Self { identity_ids_to_delete: ids })
    }
}

/// Which identities were not deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct DeleteIdentitiesOutput {
    /// Empty when all is well.
    pub unprocessed_identity_ids: Vec<UnprocessedIdentityId>,
}

/// An identity that was not deleted, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct UnprocessedIdentityId {
    /// The identity.
    pub identity_id: IdentityId,
    /// Why.
    pub error_code: UnprocessedIdentityErrorCode,
}

/// Why an identity was not deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum UnprocessedIdentityErrorCode {
    /// It belongs to another account.
    AccessDenied,
}
