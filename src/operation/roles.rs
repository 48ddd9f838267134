//! Inputs and outputs of the operations on the roles of a pool, and on the claims that become tags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::IdentityPoolId;
use crate::name::{Arn, PrincipalTagKey, PrincipalTagValue, ProviderName};
use crate::operation::PRINCIPAL_TAGS_MAX;
use crate::operation::input::{Given, input};
use crate::rules::roles::ROLE_MAPPINGS_MAX;
use crate::state::{AttributeMap, PrincipalTags, RoleMapping, RoleType};

input! {
    /// Input of [`set_identity_pool_roles`](crate::Developer::set_identity_pool_roles).
    SetIdentityPoolRolesInput => SetIdentityPoolRoles
    /// Sets the roles of a pool. Without any, the pool's roles are removed.
    fn new(identity_pool_id: IdentityPoolId)
    {
        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;

        /// The default role of authenticated identities or of guests.
        "Roles", roles, get_roles: {BTreeMap<RoleType, Arn>: RoleType => Arn}, required;

        /// The choice of the role for users of a provider. At most 10 providers. A user pool is
        /// spelled `PROVIDER:CLIENT`, a provider of IAM as its ARN.
        "RoleMappings", role_mappings, get_role_mappings:
        {BTreeMap<ProviderName, RoleMapping>: ProviderName => RoleMapping},
        defaulted(0..=ROLE_MAPPINGS_MAX);
    }
}

input! {
    /// Input of [`get_identity_pool_roles`](crate::Developer::get_identity_pool_roles).
    GetIdentityPoolRolesInput => GetIdentityPoolRoles
    /// Reads the roles of a pool.
    fn new(identity_pool_id: IdentityPoolId)
    {
        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;
    }
}

/// The roles of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetIdentityPoolRolesOutput {
    /// The pool.
    pub identity_pool_id: IdentityPoolId,
    /// The default roles.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<RoleType, Arn>,
    /// The choice of roles for users of providers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub role_mappings: BTreeMap<ProviderName, RoleMapping>,
}

impl GetIdentityPoolRolesOutput {
    /// An output with these members. The others are empty and can be set.
    pub fn new(identity_pool_id: IdentityPoolId) -> Self {
        Self { identity_pool_id, roles: BTreeMap::new(), role_mappings: BTreeMap::new() }
    }
}

input! {
    /// Input of [`set_principal_tag_attribute_map`].
    ///
    /// [`set_principal_tag_attribute_map`]: crate::Developer::set_principal_tag_attribute_map
    SetPrincipalTagAttributeMapInput => SetPrincipalTagAttributeMap
    /// Sets the map of a provider. Without tags and without defaults, the map is removed and no
    /// claims become tags.
    fn new(identity_pool_id: IdentityPoolId, identity_provider_name: ProviderName)
    {
        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;

        /// The provider. A user pool is spelled without a client, a provider of IAM as its ARN.
        "IdentityProviderName", identity_provider_name, get_identity_provider_name: ProviderName,
        required;

        /// Uses the default tags in place of the given ones: `client` from the claim `aud`, and
        /// `username` from `sub`. By default `false`.
        "UseDefaults", use_defaults, get_use_defaults: bool, optional;

        /// A tag and the name of the claim that its value comes from. At most 50.
        "PrincipalTags", principal_tags, get_principal_tags:
        {PrincipalTags: PrincipalTagKey => PrincipalTagValue}, optional(0..=PRINCIPAL_TAGS_MAX);
    }
}

input! {
    /// Input of [`get_principal_tag_attribute_map`].
    ///
    /// [`get_principal_tag_attribute_map`]: crate::Developer::get_principal_tag_attribute_map
    GetPrincipalTagAttributeMapInput => GetPrincipalTagAttributeMap
    /// Reads the map of a provider.
    fn new(identity_pool_id: IdentityPoolId, identity_provider_name: ProviderName)
    {
        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;

        /// The provider, spelled as for [`SetPrincipalTagAttributeMapInput`].
        "IdentityProviderName", identity_provider_name, get_identity_provider_name: ProviderName,
        required;
    }
}

/// The claims of a provider's tokens that become tags of the principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetPrincipalTagAttributeMapOutput {
    /// The pool.
    pub identity_pool_id: IdentityPoolId,
    /// The provider.
    pub identity_provider_name: ProviderName,
    /// True if the tags are the defaults `client` and `username`.
    pub use_defaults: bool,
    /// The name of a claim for each tag key. `None` after the map was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal_tags: Option<PrincipalTags>,
}

/// The map after the change.
pub type SetPrincipalTagAttributeMapOutput = GetPrincipalTagAttributeMapOutput;

impl GetPrincipalTagAttributeMapOutput {
    /// An output with these members. The others are empty and can be set.
    pub fn new(
        identity_pool_id: IdentityPoolId,
        identity_provider_name: ProviderName,
        use_defaults: bool,
    ) -> Self {
        Self { identity_pool_id, identity_provider_name, use_defaults, principal_tags: None }
    }

    /// The output for a map.
    pub(crate) fn of(
        identity_pool_id: IdentityPoolId,
        identity_provider_name: ProviderName,
        map: Option<&AttributeMap>,
    ) -> Self {
        let use_defaults = map.is_some_and(AttributeMap::uses_defaults);
        let mut output = Self::new(identity_pool_id, identity_provider_name, use_defaults);
        output.principal_tags = map.map(AttributeMap::principal_tags);
        output
    }
}
