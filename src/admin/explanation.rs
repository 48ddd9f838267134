//! The explanation of a call that has not been made.

mod display;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::admin::IdentityDetails;
use crate::error::ErrorKind;
use crate::id::{IdentityId, IdentityPoolId};
use crate::name::{Arn, DeveloperUserIdentifier, ProviderName, Subject};
use crate::rules::Refusal;
use crate::rules::roles::RoleRule;
use crate::rules::rule::AppliedRule;
use crate::state::{IdentityState, Login};

/// The outcome that a call would have, and the reasons for it.
///
/// It displays as a few lines. It serializes with the service's member names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Explanation {
    /// The name of the operation, such as `GetId`.
    pub operation: &'static str,
    /// The identity that the call gives, as it is. `None` if the call gives none, or one that does
    /// not exist or that the caller may not see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<IdentityDetails>,
    /// The presented logins, in the order of the call.
    pub logins: Vec<ExplainedLogin>,
    /// The rule that decides. `None` if the call is refused before any rule applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<AppliedRule>,
    /// The outcome.
    pub verdict: ExplainedVerdict,
}

/// A login that a call presents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ExplainedLogin {
    /// The name under which the login is presented.
    pub provider_name: ProviderName,
    /// The user's id at the provider. `None` unless it was stated or proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// How the login was checked.
    pub check: LoginCheck,
    /// The identity that has the login, or that the token is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<IdentityId>,
}

/// How a presented login was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum LoginCheck {
    /// Stated by the owner of the pool, or by an administrator.
    Stated,
    /// A public login, proved by its token.
    Proved,
    /// A token of this service.
    CognitoToken,
    /// The login is refused, and the call with it.
    Refused(#[serde(serialize_with = "serialize_refusal")] Refusal),
    /// The call is refused before this login is checked.
    NotReached,
}

/// The outcome of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all_fields = "PascalCase")]
#[non_exhaustive]
pub enum ExplainedVerdict {
    /// The call would be answered.
    Answered {
        /// The identity that it would answer. `None` for a new one, whose id is drawn by the call,
        /// and for operations that answer none.
        #[serde(skip_serializing_if = "Option::is_none")]
        identity_id: Option<IdentityId>,
        /// All changes. None for a call that only reads.
        changes: Vec<ExplainedChange>,
        /// The role of the credentials.
        #[serde(skip_serializing_if = "Option::is_none")]
        role: Option<RoleChoice>,
    },
    /// The call would be refused, and change nothing.
    Refused {
        /// The reason.
        #[serde(serialize_with = "serialize_refusal")]
        refusal: Refusal,
        /// The identity in the way, as it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        obstacle: Option<IdentityDetails>,
        /// Calls that would be answered instead.
        alternatives: Vec<Alternative>,
    },
}

/// A change that a call would make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all_fields = "PascalCase")]
#[non_exhaustive]
pub enum ExplainedChange {
    /// An identity is created. The call draws its id.
    Created {
        /// Authenticated, or a guest.
        state: IdentityState,
        /// Its logins.
        logins: Vec<Login>,
    },
    /// An identity changes, and is not disabled by it. An undo can make it a guest again.
    Changed {
        /// The identity as it is.
        before: IdentityDetails,
        /// The identity as it would be.
        after: IdentityDetails,
    },
    /// An identity is disabled.
    Disabled {
        /// The identity as it is.
        before: IdentityDetails,
        /// The identity as it would be.
        after: IdentityDetails,
    },
    /// A disabled identity gets back its state and its logins.
    Restored {
        /// The identity as it is.
        before: IdentityDetails,
        /// The identity as it would be.
        after: IdentityDetails,
    },
    /// An identity is deleted.
    Deleted {
        /// The identity as it is.
        before: IdentityDetails,
    },
    /// A pool is deleted, with all its identities.
    PoolDeleted {
        /// The pool.
        identity_pool_id: IdentityPoolId,
    },
}

/// The role of credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RoleChoice {
    /// The role.
    pub role_arn: Arn,
    /// The rule that chooses it.
    pub chosen_by: RoleRule,
}

/// A call that would be answered in place of a refused one, or after which it would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all_fields = "PascalCase")]
#[non_exhaustive]
pub enum Alternative {
    /// The same call without `IdentityId`.
    WithoutIdentityId {
        /// The identity that it would answer. `None` for a new one.
        #[serde(skip_serializing_if = "Option::is_none")]
        identity_id: Option<IdentityId>,
    },
    /// The same call with another `IdentityId`.
    WithIdentityId {
        /// The identity to give, which has the login.
        identity_id: IdentityId,
    },
    /// The same call with one more login: one of the given identity. The claims of its token are
    /// not known, so credentials can still be refused a role.
    WithLoginOf {
        /// The identity.
        identity_id: IdentityId,
        /// The providers of its logins.
        provider_names: Vec<ProviderName>,
    },
    /// A merge by `MergeDeveloperIdentities`.
    MergeDeveloperIdentities {
        /// The user whose logins move. Its identity is then disabled.
        source_user_identifier: DeveloperUserIdentifier,
        /// The user whose identity gets them.
        destination_user_identifier: DeveloperUserIdentifier,
    },
    /// The same call after [`unlink_login`](crate::Admin::unlink_login) of the login.
    AfterUnlinkLogin {
        /// The identity that has the login.
        identity_id: IdentityId,
    },
    /// `GetCredentialsForIdentity`, the enhanced flow.
    EnhancedFlow,
    /// The same call without `CustomRoleArn`.
    WithoutCustomRole {
        /// The role that it would get.
        role_arn: Arn,
    },
}

/// The service's exception and its message.
fn serialize_refusal<S: Serializer>(refusal: &Refusal, serializer: S) -> Result<S::Ok, S::Error> {
    let mut members = serializer.serialize_struct("Refusal", 2)?;
    members.serialize_field("Exception", ErrorKind::from(refusal).as_str())?;
    members.serialize_field("Message", &refusal.to_string())?;
    members.end()
}
