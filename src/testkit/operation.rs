//! The operations with their parameters.

mod members;
mod parsed;

use crate::testkit::names::{
    Caller, Cursor, DeveloperProvider, Identity, Pool, Presented, Provider, Role, User,
};
use crate::testkit::settings::{Attributes, Roles, Settings, Tags};

/// An operation of the service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the members are the service's, in its own words")]
pub enum Operation {
    CreateIdentityPool {
        caller: Caller,
        settings: Settings,
    },
    DeleteIdentities {
        caller: Caller,
        identities: Vec<Identity>,
    },
    DeleteIdentityPool {
        caller: Caller,
        pool: Pool,
    },
    DescribeIdentity {
        caller: Caller,
        identity: Identity,
    },
    DescribeIdentityPool {
        caller: Caller,
        pool: Pool,
    },
    GetCredentialsForIdentity {
        identity: Identity,
        logins: Vec<Presented>,
        custom_role: Option<Role>,
    },
    GetId {
        pool: Pool,
        account: Option<u8>,
        logins: Vec<Presented>,
    },
    GetIdentityPoolRoles {
        caller: Caller,
        pool: Pool,
    },
    GetOpenIdToken {
        identity: Identity,
        logins: Vec<Presented>,
    },
    GetOpenIdTokenForDeveloperIdentity {
        caller: Caller,
        pool: Pool,
        identity: Option<Identity>,
        logins: Vec<Presented>,
        principal_tags: Vec<(String, String)>,
        duration_secs: Option<i64>,
    },
    GetPrincipalTagAttributeMap {
        caller: Caller,
        pool: Pool,
        provider: Provider,
    },
    ListIdentities {
        caller: Caller,
        pool: Pool,
        max_results: i64,
        after: Option<Cursor>,
        hide_disabled: bool,
    },
    ListIdentityPools {
        caller: Caller,
        max_results: i64,
        after: Option<Cursor>,
    },
    ListTagsForResource {
        caller: Caller,
        pool: Pool,
    },
    LookupDeveloperIdentity {
        caller: Caller,
        pool: Pool,
        identity: Option<Identity>,
        user: Option<User>,
        max_results: Option<i64>,
        after: Option<Cursor>,
    },
    MergeDeveloperIdentities {
        caller: Caller,
        pool: Pool,
        provider: DeveloperProvider,
        source: User,
        destination: User,
    },
    SetIdentityPoolRoles {
        caller: Caller,
        pool: Pool,
        roles: Roles,
    },
    SetPrincipalTagAttributeMap {
        caller: Caller,
        pool: Pool,
        provider: Provider,
        attributes: Attributes,
    },
    TagResource {
        caller: Caller,
        pool: Pool,
        tags: Tags,
    },
    UnlinkDeveloperIdentity {
        caller: Caller,
        pool: Pool,
        identity: Identity,
        provider: DeveloperProvider,
        user: User,
    },
    UnlinkIdentity {
        identity: Identity,
        logins: Vec<Presented>,
        providers: Vec<Provider>,
        developer: bool,
    },
    UntagResource {
        caller: Caller,
        pool: Pool,
        tags: Tags,
    },
    UpdateIdentityPool {
        caller: Caller,
        pool: Pool,
        settings: Settings,
    },
}

impl Operation {
    /// The name of the operation in the service.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateIdentityPool { .. } => "CreateIdentityPool",
            Self::DeleteIdentities { .. } => "DeleteIdentities",
            Self::DeleteIdentityPool { .. } => "DeleteIdentityPool",
            Self::DescribeIdentity { .. } => "DescribeIdentity",
            Self::DescribeIdentityPool { .. } => "DescribeIdentityPool",
            Self::GetCredentialsForIdentity { .. } => "GetCredentialsForIdentity",
            Self::GetId { .. } => "GetId",
            Self::GetIdentityPoolRoles { .. } => "GetIdentityPoolRoles",
            Self::GetOpenIdToken { .. } => "GetOpenIdToken",
            Self::GetOpenIdTokenForDeveloperIdentity { .. } => "GetOpenIdTokenForDeveloperIdentity",
            Self::GetPrincipalTagAttributeMap { .. } => "GetPrincipalTagAttributeMap",
            Self::ListIdentities { .. } => "ListIdentities",
            Self::ListIdentityPools { .. } => "ListIdentityPools",
            Self::ListTagsForResource { .. } => "ListTagsForResource",
            Self::LookupDeveloperIdentity { .. } => "LookupDeveloperIdentity",
            Self::MergeDeveloperIdentities { .. } => "MergeDeveloperIdentities",
            Self::SetIdentityPoolRoles { .. } => "SetIdentityPoolRoles",
            Self::SetPrincipalTagAttributeMap { .. } => "SetPrincipalTagAttributeMap",
            Self::TagResource { .. } => "TagResource",
            Self::UnlinkDeveloperIdentity { .. } => "UnlinkDeveloperIdentity",
            Self::UnlinkIdentity { .. } => "UnlinkIdentity",
            Self::UntagResource { .. } => "UntagResource",
            Self::UpdateIdentityPool { .. } => "UpdateIdentityPool",
        }
    }

    /// The logins that the operation presents.
    pub(crate) fn logins(&self) -> &[Presented] {
        match self {
            Self::GetCredentialsForIdentity { logins, .. }
            | Self::GetId { logins, .. }
            | Self::GetOpenIdToken { logins, .. }
            | Self::GetOpenIdTokenForDeveloperIdentity { logins, .. }
            | Self::UnlinkIdentity { logins, .. } => logins,
            _ => &[],
        }
    }

    /// The names in the operation, for replacement.
    pub(crate) fn names_mut(&mut self) -> Names<'_> {
        let mut names = Names::default();
        match self {
            Self::CreateIdentityPool { caller, .. } => names.caller = Some(caller),
            Self::DescribeIdentity { caller, identity } => {
                names.caller = Some(caller);
                names.identities.push(identity);
            }
            Self::DeleteIdentities { caller, identities } => {
                names.caller = Some(caller);
                names.identities.extend(identities);
            }
            Self::DeleteIdentityPool { caller, pool }
            | Self::DescribeIdentityPool { caller, pool }
            | Self::GetIdentityPoolRoles { caller, pool }
            | Self::GetPrincipalTagAttributeMap { caller, pool, .. }
            | Self::ListTagsForResource { caller, pool }
            | Self::MergeDeveloperIdentities { caller, pool, .. }
            | Self::SetIdentityPoolRoles { caller, pool, .. }
            | Self::SetPrincipalTagAttributeMap { caller, pool, .. }
            | Self::TagResource { caller, pool, .. }
            | Self::UntagResource { caller, pool, .. }
            | Self::UpdateIdentityPool { caller, pool, .. } => {
                (names.caller, names.pool) = (Some(caller), Some(pool));
            }
            Self::GetCredentialsForIdentity { identity, logins, .. }
            | Self::GetOpenIdToken { identity, logins }
            | Self::UnlinkIdentity { identity, logins, .. } => {
                names.identities.push(identity);
                names.logins = Some(logins);
            }
            Self::GetId { pool, logins, .. } => {
                (names.pool, names.logins) = (Some(pool), Some(logins));
            }
            Self::GetOpenIdTokenForDeveloperIdentity { caller, pool, identity, logins, .. } => {
                (names.caller, names.pool) = (Some(caller), Some(pool));
                names.logins = Some(logins);
                names.identities.extend(identity);
            }
            Self::ListIdentities { caller, pool, after, .. } => {
                (names.caller, names.pool) = (Some(caller), Some(pool));
                names.cursor = after.as_mut();
            }
            Self::ListIdentityPools { caller, after, .. } => {
                names.caller = Some(caller);
                names.cursor = after.as_mut();
            }
            Self::LookupDeveloperIdentity { caller, pool, identity, user, after, .. } => {
                (names.caller, names.pool) = (Some(caller), Some(pool));
                names.identities.extend(identity);
                (names.user, names.cursor) = (*user, after.as_mut());
            }
            Self::UnlinkDeveloperIdentity { caller, pool, identity, user, .. } => {
                (names.caller, names.pool) = (Some(caller), Some(pool));
                names.identities.push(identity);
                names.user = Some(*user);
            }
        }
        names
    }
}

/// The parts of an operation that are names.
#[derive(Default)]
pub(crate) struct Names<'a> {
    pub(crate) caller: Option<&'a mut Caller>,
    pub(crate) pool: Option<&'a mut Pool>,
    pub(crate) identities: Vec<&'a mut Identity>,
    pub(crate) logins: Option<&'a mut Vec<Presented>>,
    pub(crate) user: Option<User>,
    pub(crate) cursor: Option<&'a mut Cursor>,
}
