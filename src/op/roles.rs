//! Inputs and outputs of the operations on a pool's roles, and on the claims that become tags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::id::IdentityPoolId;
use crate::name::{Arn, PrincipalTagKey, PrincipalTagValue, ProviderName};
use crate::op::{PRINCIPAL_TAGS_MAX, at_most, by_pool, insert, member, too_many_entries};
use crate::rules::roles::ROLE_MAPPINGS_MAX;
use crate::state::{AttributeMap, PrincipalTags, RoleMapping, RoleType};

/// What [`set_identity_pool_roles`](crate::Developer::set_identity_pool_roles) takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetIdentityPoolRolesInput {
    pub(crate) identity_pool_id: IdentityPoolId,
    pub(crate) roles: BTreeMap<RoleType, Arn>,
    #[serde(default, deserialize_with = "at_most::<ROLE_MAPPINGS_MAX, _, _, _>")]
    pub(crate) role_mappings: BTreeMap<ProviderName, RoleMapping>,
}

impl SetIdentityPoolRolesInput {
    /// A pool without roles, unless some are given.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(id: impl TryInto<IdentityPoolId, Error: Into<Error>>) -> Result<Self> {
        Ok(Self {
            identity_pool_id: member("identityPoolId", id)?,
            roles: BTreeMap::new(),
            role_mappings: BTreeMap::new(),
        })
    }

    /// The default role of the authenticated or of guests.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn role(
        mut self,
        role_type: RoleType,
        role: impl TryInto<Arn, Error: Into<Error>>,
    ) -> Result<Self> {
        self.roles.insert(role_type, member("roles", role)?);
        Ok(self)
    }

    /// How the role of a provider's users is chosen; at most 10 providers. A user pool is spelled
    /// `PROVIDER:CLIENT`, a provider of IAM as its ARN.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn role_mapping(
        mut self,
        provider: impl TryInto<ProviderName, Error: Into<Error>>,
        mapping: RoleMapping,
    ) -> Result<Self> {
        const NAME: &str = "roleMappings";
        self.role_mappings.insert(member(NAME, provider)?, mapping);
        if self.role_mappings.len() > ROLE_MAPPINGS_MAX {
            let shown: Vec<_> =
                self.role_mappings.keys().map(|name| format!("{name}=...")).collect();
            let shown = format!("{{{}}}", shown.join(", "));
            return Err(too_many_entries(NAME, shown, ROLE_MAPPINGS_MAX).into());
        }
        Ok(self)
    }
}

by_pool! {
    /// What [`get_identity_pool_roles`](crate::Developer::get_identity_pool_roles) takes.
    GetIdentityPoolRolesInput
}

/// The roles of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetIdentityPoolRolesOutput {
    /// The pool.
    pub identity_pool_id: IdentityPoolId,
    /// The default roles.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<RoleType, Arn>,
    /// How the roles of providers' users are chosen.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub role_mappings: BTreeMap<ProviderName, RoleMapping>,
}

/// What [`set_principal_tag_attribute_map`] takes.
///
/// [`set_principal_tag_attribute_map`]: crate::Developer::set_principal_tag_attribute_map
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetPrincipalTagAttributeMapInput {
    pub(crate) identity_pool_id: IdentityPoolId,
    pub(crate) identity_provider_name: ProviderName,
    pub(crate) use_defaults: Option<bool>,
    #[serde(default, deserialize_with = "principal_tags")]
    pub(crate) principal_tags: Option<PrincipalTags>,
}

fn principal_tags<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<PrincipalTags>, D::Error> {
    at_most::<PRINCIPAL_TAGS_MAX, _, _, _>(deserializer).map(Some)
}

impl SetPrincipalTagAttributeMapInput {
    /// Removes the map of a provider, so that none of its claims become tags, unless some are given
    /// or the defaults are asked for. A user pool is spelled without a client, a provider of IAM as
    /// its ARN.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(
        id: impl TryInto<IdentityPoolId, Error: Into<Error>>,
        provider: impl TryInto<ProviderName, Error: Into<Error>>,
    ) -> Result<Self> {
        Ok(Self {
            identity_pool_id: member("identityPoolId", id)?,
            identity_provider_name: member("identityProviderName", provider)?,
            use_defaults: None,
            principal_tags: None,
        })
    }

    /// Whether the tags are `client`, from the claim `aud`, and `username`, from `sub`, instead of
    /// those that are given; `false` if it is left out.
    #[must_use]
    pub fn use_defaults(mut self, defaults: bool) -> Self {
        self.use_defaults = Some(defaults);
        self
    }

    /// A tag, and the name of the claim that its value comes from; at most 50.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn principal_tag(
        mut self,
        key: impl TryInto<PrincipalTagKey, Error: Into<Error>>,
        claim: impl TryInto<PrincipalTagValue, Error: Into<Error>>,
    ) -> Result<Self> {
        const NAME: &str = "principalTags";
        let entry = (member(NAME, key)?, member(NAME, claim)?);
        let tags = self.principal_tags.get_or_insert_default();
        insert(NAME, tags, entry, PRINCIPAL_TAGS_MAX)?;
        Ok(self)
    }
}

/// What [`get_principal_tag_attribute_map`] takes.
///
/// [`get_principal_tag_attribute_map`]: crate::Developer::get_principal_tag_attribute_map
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetPrincipalTagAttributeMapInput {
    pub(crate) identity_pool_id: IdentityPoolId,
    pub(crate) identity_provider_name: ProviderName,
}

impl GetPrincipalTagAttributeMapInput {
    /// A provider, spelled as for [`SetPrincipalTagAttributeMapInput`].
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(
        id: impl TryInto<IdentityPoolId, Error: Into<Error>>,
        provider: impl TryInto<ProviderName, Error: Into<Error>>,
    ) -> Result<Self> {
        Ok(Self {
            identity_pool_id: member("identityPoolId", id)?,
            identity_provider_name: member("identityProviderName", provider)?,
        })
    }
}

/// Which claims of a provider's tokens become tags of the principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetPrincipalTagAttributeMapOutput {
    /// The pool.
    pub identity_pool_id: IdentityPoolId,
    /// The provider.
    pub identity_provider_name: ProviderName,
    /// Whether the tags are `client` and `username`.
    pub use_defaults: bool,
    /// For the key of each tag the name of its claim; `None` once the map is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal_tags: Option<PrincipalTags>,
}

/// The map as it stands afterwards.
pub type SetPrincipalTagAttributeMapOutput = GetPrincipalTagAttributeMapOutput;

impl GetPrincipalTagAttributeMapOutput {
    pub(crate) fn new(
        identity_pool_id: IdentityPoolId,
        identity_provider_name: ProviderName,
        map: Option<&AttributeMap>,
    ) -> Self {
        Self {
            identity_pool_id,
            identity_provider_name,
            use_defaults: map.is_some_and(AttributeMap::uses_defaults),
            principal_tags: map.map(AttributeMap::principal_tags),
        }
    }
}
