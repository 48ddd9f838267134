//! Stored state: pools and identities. Their constructors and changes maintain the invariants.

mod attributes;
mod event;
mod identity;
mod key;
mod login;
mod member;
mod provider;
mod roles;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ambient::Timestamp;
use crate::id::{AccountId, IdentityPoolId, Region};
use crate::name::{
    Arn, DeveloperProviderName, IdentityPoolName, ProviderAppId, ProviderName, TagKey, TagValue,
    UserPoolClientId, UserPoolProviderName,
};

pub(crate) use attributes::AttributeMap;
pub use attributes::PrincipalTags;
pub use event::{Actor, ChangeEvent, ChangeKind, ChangeOperation, EventId, FoldedIdentity};
pub(crate) use event::{ActorKind, Misfit, Source, misfits};
pub(crate) use identity::{Identity, IdentitySummary, LOGINS_MAX, LinkConflict};
pub use identity::{IdentityState, Link};
pub use key::SigningAlgorithm;
pub(crate) use key::{PrivateKey, PublicKey, StoredKey};
pub use login::{ClaimValue, Login, VerifiedLogin};
pub(crate) use login::{FACEBOOK, LoginKind};
pub use member::PoolMember;
pub use provider::PublicProvider;
pub(crate) use provider::{OIDC_PROVIDER, ROLE, SAML_PROVIDER};
pub(crate) use roles::PoolRoles;
pub use roles::{
    AmbiguousRoleResolution, MappingRule, MatchType, RoleMapping, RoleMappingType, RoleType,
    RulesConfiguration,
};

/// A pool, its owner and its roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pool {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) created: Timestamp,
    /// Increases by one with each change of the record. 0 if an engine without revisions wrote it.
    pub(crate) revision: u32,
    pub(crate) settings: IdentityPool,
    pub(crate) roles: PoolRoles,
    /// Keyed by provider: by its name, or by its ARN for a provider of IAM.
    pub(crate) attribute_maps: BTreeMap<ProviderName, AttributeMap>,
}

impl Pool {
    /// A pool without roles.
    pub(crate) fn new(
        (account, region): (AccountId, Region),
        created: Timestamp,
        settings: IdentityPool,
    ) -> Self {
        let (roles, attribute_maps) = (PoolRoles::default(), BTreeMap::new());
        Self { account, region, created, revision: 1, settings, roles, attribute_maps }
    }

    /// The next revision of `before`.
    pub(crate) fn succeeding(self, before: &Self) -> Self {
        Self { revision: before.revision.saturating_add(1), ..self }
    }

    pub(crate) fn id(&self) -> &IdentityPoolId {
        &self.settings.identity_pool_id
    }

    pub(crate) fn arn(&self) -> Arn {
        Arn::of_pool(&self.account, &self.region, self.id())
    }
}

/// An identity pool as its owner configured it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct IdentityPool {
    /// The pool's id.
    pub identity_pool_id: IdentityPoolId,
    /// The pool's name; names are not unique.
    pub identity_pool_name: IdentityPoolName,
    /// Allows identities for guests.
    pub allow_unauthenticated_identities: bool,
    /// Allows the basic (classic) flow. `None` means allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_classic_flow: Option<bool>,
    /// Public providers, each with the application that the pool accepts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub supported_login_providers: BTreeMap<ProviderName, ProviderAppId>,
    /// The name under which the pool's backend registers its own users. It cannot be changed once
    /// it is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub developer_provider_name: Option<DeveloperProviderName>,
    /// OpenID Connect providers.
    #[serde(rename = "OpenIdConnectProviderARNs", default, skip_serializing_if = "Vec::is_empty")]
    pub open_id_connect_provider_arns: Vec<Arn>,
    /// User pools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cognito_identity_providers: Vec<CognitoIdentityProvider>,
    /// SAML providers.
    #[serde(rename = "SamlProviderARNs", default, skip_serializing_if = "Vec::is_empty")]
    pub saml_provider_arns: Vec<Arn>,
    /// The pool's tags.
    #[serde(default)]
    pub identity_pool_tags: BTreeMap<TagKey, TagValue>,
}

impl IdentityPool {
    /// The maximum number of pools per account and region.
    pub const PER_ACCOUNT_MAX: u32 = 1_000;
    /// The maximum number of tags of a pool.
    pub const TAGS_MAX: usize = 50;
    /// The maximum number of user pools that a pool accepts users of.
    pub const USER_POOLS_MAX: usize = 50;

    /// A pool with these settings. All other settings are empty and can be set afterwards.
    pub fn new(
        identity_pool_id: IdentityPoolId,
        identity_pool_name: IdentityPoolName,
        allow_unauthenticated_identities: bool,
    ) -> Self {
        Self {
            identity_pool_id,
            identity_pool_name,
            allow_unauthenticated_identities,
            allow_classic_flow: None,
            supported_login_providers: BTreeMap::new(),
            developer_provider_name: None,
            open_id_connect_provider_arns: Vec::new(),
            cognito_identity_providers: Vec::new(),
            saml_provider_arns: Vec::new(),
            identity_pool_tags: BTreeMap::new(),
        }
    }
}

/// A user pool whose users may log in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct CognitoIdentityProvider {
    /// The user pool: `cognito-idp.REGION.amazonaws.com/POOL`, or in China
    /// `cognito-idp.REGION.amazonaws.com.cn/POOL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_name: Option<UserPoolProviderName>,
    /// The client of the user pool. Only its tokens are accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<UserPoolClientId>,
    /// Asks the user pool if a token is still active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_side_token_check: Option<bool>,
}

impl CognitoIdentityProvider {
    /// Accepts users of `provider_name` who logged in through `client_id`.
    pub fn new(provider_name: UserPoolProviderName, client_id: UserPoolClientId) -> Self {
        Self {
            provider_name: Some(provider_name),
            client_id: Some(client_id),
            server_side_token_check: None,
        }
    }

    /// Sets whether the user pool is asked if a token is still active.
    #[must_use]
    pub fn server_side_token_check(mut self, check: bool) -> Self {
        self.server_side_token_check = Some(check);
        self
    }
}
