//! The line of a pool.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ambient::Timestamp;
use crate::exchange::ImportFault;
use crate::exchange::line::date::Date;
use crate::exchange::line::map::Distinct;
use crate::id::{AccountId, IdentityPoolId, Region};
use crate::name::{
    Arn, ClaimName, DeveloperProviderName, IdentityPoolName, MappingRuleValue, PrincipalTagKey,
    PrincipalTagValue, ProviderAppId, ProviderName, TagKey, TagValue, UserPoolClientId,
    UserPoolProviderName,
};
use crate::state::{
    AmbiguousRoleResolution, AttributeMap, CognitoIdentityProvider, IdentityPool, MappingRule,
    MatchType, Pool, PoolRoles, RoleMapping, RoleMappingType, RoleType, RulesConfiguration,
};

/// A pool with all its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PoolLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<IdentityPoolId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<u32>,
    settings: SettingsLine,
    #[serde(default)]
    roles: Distinct<RoleType, Arn>,
    #[serde(default)]
    role_mappings: Distinct<ProviderName, MappingLine>,
    #[serde(default)]
    attribute_maps: Distinct<ProviderName, AttributesLine>,
}

/// The settings, with the names of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SettingsLine {
    identity_pool_name: IdentityPoolName,
    allow_unauthenticated_identities: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_classic_flow: Option<bool>,
    #[serde(default, skip_serializing_if = "Distinct::is_empty")]
    supported_login_providers: Distinct<ProviderName, ProviderAppId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    developer_provider_name: Option<DeveloperProviderName>,
    #[serde(rename = "OpenIdConnectProviderARNs")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    open_id_connect_provider_arns: Vec<Arn>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cognito_identity_providers: Vec<UserPoolLine>,
    #[serde(rename = "SamlProviderARNs", default, skip_serializing_if = "Vec::is_empty")]
    saml_provider_arns: Vec<Arn>,
    #[serde(default, skip_serializing_if = "Distinct::is_empty")]
    identity_pool_tags: Distinct<TagKey, TagValue>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UserPoolLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_name: Option<UserPoolProviderName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<UserPoolClientId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_side_token_check: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct MappingLine {
    #[serde(rename = "Type")]
    mapping_type: RoleMappingType,
    #[serde(skip_serializing_if = "Option::is_none")]
    ambiguous_role_resolution: Option<AmbiguousRoleResolution>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules_configuration: Option<RulesLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RulesLine {
    rules: Vec<RuleLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RuleLine {
    claim: ClaimName,
    match_type: MatchType,
    value: MappingRuleValue,
    #[serde(rename = "RoleARN")]
    role_arn: Arn,
}

/// Either the defaults or tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
enum AttributesLine {
    UseDefaults(bool),
    PrincipalTags(Distinct<PrincipalTagKey, PrincipalTagValue>),
}

/// The members of a pool that a seed may leave out.
#[derive(Debug, Clone)]
pub(crate) struct GivenPool {
    pub(crate) id: IdentityPoolId,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) created: Timestamp,
    pub(crate) revision: u32,
}

impl PoolLine {
    pub(crate) fn of(pool: &Pool) -> Self {
        let settings = &pool.settings;
        let user_pools = settings.cognito_identity_providers.iter().map(|user_pool| UserPoolLine {
            provider_name: user_pool.provider_name.clone(),
            client_id: user_pool.client_id.clone(),
            server_side_token_check: user_pool.server_side_token_check,
        });
        let mappings = pool.roles.mappings.iter();
        let mappings = mappings.map(|(provider, mapping)| (provider.clone(), mapping.into()));
        let maps = pool.attribute_maps.iter();
        let maps = maps.map(|(provider, map)| (provider.clone(), map.into()));
        Self {
            id: Some(pool.id().clone()),
            account: Some(pool.account.clone()),
            created: Some(Date(pool.created)),
            revision: Some(pool.revision),
            settings: SettingsLine {
                identity_pool_name: settings.identity_pool_name.clone(),
                allow_unauthenticated_identities: settings.allow_unauthenticated_identities,
                allow_classic_flow: settings.allow_classic_flow,
                supported_login_providers: Distinct(settings.supported_login_providers.clone()),
                developer_provider_name: settings.developer_provider_name.clone(),
                open_id_connect_provider_arns: settings.open_id_connect_provider_arns.clone(),
                cognito_identity_providers: user_pools.collect(),
                saml_provider_arns: settings.saml_provider_arns.clone(),
                identity_pool_tags: Distinct(settings.identity_pool_tags.clone()),
            },
            roles: Distinct(pool.roles.defaults.clone()),
            role_mappings: Distinct(mappings.collect()),
            attribute_maps: Distinct(maps.collect()),
        }
    }

    /// The pool, before its rules are checked.
    pub(crate) fn into_pool(self, given: GivenPool) -> Result<Pool, ImportFault> {
        let settings = self.settings;
        let user_pools = settings.cognito_identity_providers.into_iter();
        let settings = IdentityPool {
            identity_pool_id: given.id,
            identity_pool_name: settings.identity_pool_name,
            allow_unauthenticated_identities: settings.allow_unauthenticated_identities,
            allow_classic_flow: settings.allow_classic_flow,
            supported_login_providers: settings.supported_login_providers.0,
            developer_provider_name: settings.developer_provider_name,
            open_id_connect_provider_arns: settings.open_id_connect_provider_arns,
            cognito_identity_providers: user_pools.map(UserPoolLine::into_provider).collect(),
            saml_provider_arns: settings.saml_provider_arns,
            identity_pool_tags: settings.identity_pool_tags.0,
        };
        let mut pool = Pool::new((given.account, given.region), given.created, settings);
        pool.revision = given.revision;
        let mappings = self.role_mappings.0.into_iter();
        let mappings = mappings.map(|(provider, mapping)| (provider, mapping.into_mapping()));
        pool.roles = PoolRoles { defaults: self.roles.0, mappings: mappings.collect() };
        let maps = self.attribute_maps.0.into_iter();
        let maps: Result<BTreeMap<_, _>, _> =
            maps.map(|(provider, map)| Ok((provider, map.into_map()?))).collect();
        pool.attribute_maps = maps?;
        Ok(pool)
    }
}

impl UserPoolLine {
    fn into_provider(self) -> CognitoIdentityProvider {
        let Self { provider_name, client_id, server_side_token_check } = self;
        CognitoIdentityProvider { provider_name, client_id, server_side_token_check }
    }
}

impl From<&RoleMapping> for MappingLine {
    fn from(mapping: &RoleMapping) -> Self {
        let rules = mapping.rules_configuration.as_ref().map(|configuration| {
            let rules = configuration.rules.iter().map(|rule| RuleLine {
                claim: rule.claim.clone(),
                match_type: rule.match_type,
                value: rule.value.clone(),
                role_arn: rule.role_arn.clone(),
            });
            RulesLine { rules: rules.collect() }
        });
        Self {
            mapping_type: mapping.mapping_type,
            ambiguous_role_resolution: mapping.ambiguous_role_resolution,
            rules_configuration: rules,
        }
    }
}

impl MappingLine {
    fn into_mapping(self) -> RoleMapping {
        let rules_configuration = self.rules_configuration.map(|RulesLine { rules }| {
            let rules = rules.into_iter().map(|rule| MappingRule {
                claim: rule.claim,
                match_type: rule.match_type,
                value: rule.value,
                role_arn: rule.role_arn,
            });
            RulesConfiguration { rules: rules.collect() }
        });
        RoleMapping {
            mapping_type: self.mapping_type,
            ambiguous_role_resolution: self.ambiguous_role_resolution,
            rules_configuration,
        }
    }
}

impl From<&AttributeMap> for AttributesLine {
    fn from(map: &AttributeMap) -> Self {
        match map {
            AttributeMap::Defaults => Self::UseDefaults(true),
            AttributeMap::Own(tags) => Self::PrincipalTags(Distinct(tags.clone())),
        }
    }
}

impl AttributesLine {
    fn into_map(self) -> Result<AttributeMap, ImportFault> {
        let map = match self {
            Self::UseDefaults(use_defaults) => AttributeMap::new(use_defaults, BTreeMap::new()),
            Self::PrincipalTags(tags) => AttributeMap::new(false, tags.0),
        };
        map.ok_or(ImportFault::EmptyAttributeMap)
    }
}
