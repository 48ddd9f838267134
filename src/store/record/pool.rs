//! The record of a pool. Format 1 had no roles and no attribute maps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ambient::Timestamp;
use crate::id::{AccountId, IdentityPoolId, Region};
use crate::name::{
    Arn, DeveloperProviderName, IdentityPoolName, ProviderAppId, ProviderName, TagKey, TagValue,
    UserPoolClientId, UserPoolProviderName,
};
use crate::state::{
    AmbiguousRoleResolution, AttributeMap, CognitoIdentityProvider, IdentityPool, Pool, PoolRoles,
    RoleMapping, RoleMappingType, RoleType, RulesConfiguration,
};
use crate::store::key::corrupt;
use crate::store::record::{FORMAT, Record, decode_body, encode_as, unknown_format};
use crate::store::{Key, StoreError, Value};

const FORMAT_WITH_ROLES: u8 = 2;

type UserPool = (Option<UserPoolProviderName>, Option<UserPoolClientId>, Option<bool>);

#[derive(Serialize, Deserialize)]
struct SettingsRecord {
    account: AccountId,
    region: Region,
    created: Timestamp,
    name: IdentityPoolName,
    allow_unauthenticated_identities: bool,
    allow_classic_flow: Option<bool>,
    supported_login_providers: BTreeMap<ProviderName, ProviderAppId>,
    developer_provider_name: Option<DeveloperProviderName>,
    open_id_connect_provider_arns: Vec<Arn>,
    cognito_identity_providers: Vec<UserPool>,
    saml_provider_arns: Vec<Arn>,
    tags: BTreeMap<TagKey, TagValue>,
}

type Mapping = (RoleMappingType, Option<AmbiguousRoleResolution>, Option<RulesConfiguration>);

#[derive(Default, Serialize, Deserialize)]
struct RolesRecord {
    defaults: BTreeMap<RoleType, Arn>,
    mappings: BTreeMap<ProviderName, Mapping>,
    attribute_maps: BTreeMap<ProviderName, AttributeMap>,
}

impl Record for Pool {
    fn encode(&self) -> Result<Value, StoreError> {
        let settings = self.settings.clone();
        let user_pools = settings.cognito_identity_providers.into_iter();
        let settings = SettingsRecord {
            account: self.account.clone(),
            region: self.region.clone(),
            created: self.created,
            name: settings.identity_pool_name,
            allow_unauthenticated_identities: settings.allow_unauthenticated_identities,
            allow_classic_flow: settings.allow_classic_flow,
            supported_login_providers: settings.supported_login_providers,
            developer_provider_name: settings.developer_provider_name,
            open_id_connect_provider_arns: settings.open_id_connect_provider_arns,
            cognito_identity_providers: user_pools
                .map(|p| (p.provider_name, p.client_id, p.server_side_token_check))
                .collect(),
            saml_provider_arns: settings.saml_provider_arns,
            tags: settings.identity_pool_tags,
        };
        let mappings = self.roles.mappings.clone().into_iter().map(|(provider, mapping)| {
            let RoleMapping { mapping_type, ambiguous_role_resolution, rules_configuration } =
                mapping;
            (provider, (mapping_type, ambiguous_role_resolution, rules_configuration))
        });
        let roles = RolesRecord {
            defaults: self.roles.defaults.clone(),
            mappings: mappings.collect(),
            attribute_maps: self.attribute_maps.clone(),
        };
        encode_as(FORMAT_WITH_ROLES, &(settings, roles))
    }

    fn decode(key: &Key, value: &[u8]) -> Result<Self, StoreError> {
        let guid = key.leading_pool().ok_or_else(|| corrupt(key, "not the key of a pool"))?;
        let (settings, roles) = match value.split_first() {
            Some((&FORMAT, body)) => {
                (decode_body::<SettingsRecord>(key, body)?, RolesRecord::default())
            }
            Some((&FORMAT_WITH_ROLES, body)) => decode_body(key, body)?,
            _ => return Err(unknown_format(key)),
        };
        let owner = (settings.account, settings.region);
        let user_pools = settings.cognito_identity_providers.into_iter();
        let created = settings.created;
        let settings = IdentityPool {
            identity_pool_id: IdentityPoolId::new(&owner.1, guid),
            identity_pool_name: settings.name,
            allow_unauthenticated_identities: settings.allow_unauthenticated_identities,
            allow_classic_flow: settings.allow_classic_flow,
            supported_login_providers: settings.supported_login_providers,
            developer_provider_name: settings.developer_provider_name,
            open_id_connect_provider_arns: settings.open_id_connect_provider_arns,
            cognito_identity_providers: user_pools
                .map(|(provider_name, client_id, server_side_token_check)| {
                    CognitoIdentityProvider { provider_name, client_id, server_side_token_check }
                })
                .collect(),
            saml_provider_arns: settings.saml_provider_arns,
            identity_pool_tags: settings.tags,
        };
        let mappings = roles.mappings.into_iter().map(|(provider, mapping)| {
            let (mapping_type, ambiguous_role_resolution, rules_configuration) = mapping;
            let mapping =
                RoleMapping { mapping_type, ambiguous_role_resolution, rules_configuration };
            (provider, mapping)
        });
        let mut pool = Self::new(owner, created, settings);
        pool.roles = PoolRoles { defaults: roles.defaults, mappings: mappings.collect() };
        pool.attribute_maps = roles.attribute_maps;
        Ok(pool)
    }
}
