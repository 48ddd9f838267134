//! Parts of pools.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::state::Pool;

/// A part of a pool that an operation can change. It serializes as the service's name of the
/// member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum PoolMember {
    /// `IdentityPoolName`
    IdentityPoolName,
    /// `AllowUnauthenticatedIdentities`
    AllowUnauthenticatedIdentities,
    /// `AllowClassicFlow`
    AllowClassicFlow,
    /// `SupportedLoginProviders`
    SupportedLoginProviders,
    /// `DeveloperProviderName`
    DeveloperProviderName,
    /// `OpenIdConnectProviderARNs`
    #[serde(rename = "OpenIdConnectProviderARNs")]
    OpenIdConnectProviderArns,
    /// `CognitoIdentityProviders`
    CognitoIdentityProviders,
    /// `SamlProviderARNs`
    #[serde(rename = "SamlProviderARNs")]
    SamlProviderArns,
    /// `IdentityPoolTags`
    IdentityPoolTags,
    /// `Roles`
    Roles,
    /// `RoleMappings`
    RoleMappings,
    /// `PrincipalTags`: the attribute maps of the providers.
    PrincipalTags,
}

impl fmt::Display for PoolMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IdentityPoolName => "IdentityPoolName",
            Self::AllowUnauthenticatedIdentities => "AllowUnauthenticatedIdentities",
            Self::AllowClassicFlow => "AllowClassicFlow",
            Self::SupportedLoginProviders => "SupportedLoginProviders",
            Self::DeveloperProviderName => "DeveloperProviderName",
            Self::OpenIdConnectProviderArns => "OpenIdConnectProviderARNs",
            Self::CognitoIdentityProviders => "CognitoIdentityProviders",
            Self::SamlProviderArns => "SamlProviderARNs",
            Self::IdentityPoolTags => "IdentityPoolTags",
            Self::Roles => "Roles",
            Self::RoleMappings => "RoleMappings",
            Self::PrincipalTags => "PrincipalTags",
        })
    }
}

impl Pool {
    /// The parts in which two pools differ.
    pub(crate) fn differences(&self, other: &Self) -> Vec<PoolMember> {
        let (a, b) = (&self.settings, &other.settings);
        let compared = [
            (PoolMember::IdentityPoolName, a.identity_pool_name == b.identity_pool_name),
            (
                PoolMember::AllowUnauthenticatedIdentities,
                a.allow_unauthenticated_identities == b.allow_unauthenticated_identities,
            ),
            (PoolMember::AllowClassicFlow, a.allow_classic_flow == b.allow_classic_flow),
            (
                PoolMember::SupportedLoginProviders,
                a.supported_login_providers == b.supported_login_providers,
            ),
            (
                PoolMember::DeveloperProviderName,
                a.developer_provider_name == b.developer_provider_name,
            ),
            (
                PoolMember::OpenIdConnectProviderArns,
                a.open_id_connect_provider_arns == b.open_id_connect_provider_arns,
            ),
            (
                PoolMember::CognitoIdentityProviders,
                a.cognito_identity_providers == b.cognito_identity_providers,
            ),
            (PoolMember::SamlProviderArns, a.saml_provider_arns == b.saml_provider_arns),
            (PoolMember::IdentityPoolTags, a.identity_pool_tags == b.identity_pool_tags),
            (PoolMember::Roles, self.roles.defaults == other.roles.defaults),
            (PoolMember::RoleMappings, self.roles.mappings == other.roles.mappings),
            (PoolMember::PrincipalTags, self.attribute_maps == other.attribute_maps),
        ];
        compared.into_iter().filter(|(_, is_same)| !is_same).map(|(member, _)| member).collect()
    }
}
