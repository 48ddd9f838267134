//! The record of a pool. Format 1 had no roles and no attribute maps, format 2 no revision.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::ambient::Timestamp;
use crate::id::{AccountId, IdentityPoolId, Region};
use crate::name::{
    Arn, DeveloperProviderName, IdentityPoolName, PrincipalTagKey, PrincipalTagValue,
    ProviderAppId, ProviderName, TagKey, TagValue, UserPoolClientId, UserPoolProviderName,
};
use crate::state::{
    AmbiguousRoleResolution, AttributeMap, CognitoIdentityProvider, IdentityPool, Pool, PoolRoles,
    RoleMapping, RoleMappingType, RoleType, RulesConfiguration,
};
use crate::store::key::corrupt;
use crate::store::record::{FORMAT, Record, decode_body, encode_as, unknown_format};
use crate::store::{Key, StoreError, Value};

const FORMAT_WITH_ROLES: u8 = 2;
const FORMAT_WITH_REVISION: u8 = 3;

type UserPool = (Option<UserPoolProviderName>, Option<UserPoolClientId>, Option<bool>);

#[derive(Serialize, Deserialize)]
struct SettingsRecord {
    account: AccountId,
    region: Region,
    created: Timestamp,
    name: IdentityPoolName,
    allow_unauthenticated_identities: bool,
    allow_classic_flow: Option<bool>,
    supported_login_providers: Rising<ProviderName, ProviderAppId>,
    developer_provider_name: Option<DeveloperProviderName>,
    open_id_connect_provider_arns: Vec<Arn>,
    cognito_identity_providers: Vec<UserPool>,
    saml_provider_arns: Vec<Arn>,
    tags: Rising<TagKey, TagValue>,
}

/// `UseDefaults`, and the tags that were given. Earlier versions wrote whatever was given: tags
/// beside the defaults, or neither.
type Attributes = (bool, Option<Rising<PrincipalTagKey, PrincipalTagValue>>);

type Mapping = (RoleMappingType, Option<AmbiguousRoleResolution>, Option<RulesConfiguration>);

#[derive(Default, Serialize, Deserialize)]
struct RolesRecord {
    defaults: Rising<RoleType, Arn>,
    mappings: Rising<ProviderName, Mapping>,
    attribute_maps: Rising<ProviderName, Attributes>,
}

/// A map as it is written: each key once, in their order.
#[derive(Serialize)]
struct Rising<K, V>(BTreeMap<K, V>);

impl<K, V> Default for Rising<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Deserialize<'de> for Rising<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Bincode writes a map as it does a list of pairs.
        let entries: Vec<(K, V)> = Vec::deserialize(deserializer)?;
        if entries.is_sorted_by(|(one, _), (next, _)| one < next) {
            Ok(Self(entries.into_iter().collect()))
        } else {
            Err(D::Error::custom("the keys of a map do not rise"))
        }
    }
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
            supported_login_providers: Rising(settings.supported_login_providers),
            developer_provider_name: settings.developer_provider_name,
            open_id_connect_provider_arns: settings.open_id_connect_provider_arns,
            cognito_identity_providers: user_pools
                .map(|p| (p.provider_name, p.client_id, p.server_side_token_check))
                .collect(),
            saml_provider_arns: settings.saml_provider_arns,
            tags: Rising(settings.identity_pool_tags),
        };
        let mappings = self.roles.mappings.clone().into_iter().map(|(provider, mapping)| {
            let RoleMapping { mapping_type, ambiguous_role_resolution, rules_configuration } =
                mapping;
            (provider, (mapping_type, ambiguous_role_resolution, rules_configuration))
        });
        let attribute_maps = self.attribute_maps.clone().into_iter().map(|(provider, map)| {
            let attributes = match map {
                AttributeMap::Defaults => (true, None),
                AttributeMap::Own(tags) => (false, Some(Rising(tags))),
            };
            (provider, attributes)
        });
        let roles = RolesRecord {
            defaults: Rising(self.roles.defaults.clone()),
            mappings: Rising(mappings.collect()),
            attribute_maps: Rising(attribute_maps.collect()),
        };
        encode_as(FORMAT_WITH_REVISION, &(settings, roles, self.revision))
    }

    fn decode(key: &Key, value: &[u8]) -> Result<Self, StoreError> {
        let guid = key.guid().ok_or_else(|| corrupt(key, "not the key of a pool"))?;
        let (settings, roles, revision) = match value.split_first() {
            Some((&FORMAT, body)) => {
                (decode_body::<SettingsRecord>(key, body)?, RolesRecord::default(), 0)
            }
            Some((&FORMAT_WITH_ROLES, body)) => {
                let (settings, roles) = decode_body(key, body)?;
                (settings, roles, 0)
            }
            Some((&FORMAT_WITH_REVISION, body)) => decode_body(key, body)?,
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
            supported_login_providers: settings.supported_login_providers.0,
            developer_provider_name: settings.developer_provider_name,
            open_id_connect_provider_arns: settings.open_id_connect_provider_arns,
            cognito_identity_providers: user_pools
                .map(|(provider_name, client_id, server_side_token_check)| {
                    CognitoIdentityProvider { provider_name, client_id, server_side_token_check }
                })
                .collect(),
            saml_provider_arns: settings.saml_provider_arns,
            identity_pool_tags: settings.tags.0,
        };
        let mappings = roles.mappings.0.into_iter().map(|(provider, mapping)| {
            let (mapping_type, ambiguous_role_resolution, rules_configuration) = mapping;
            let mapping =
                RoleMapping { mapping_type, ambiguous_role_resolution, rules_configuration };
            (provider, mapping)
        });
        let mut pool = Self { revision, ..Self::new(owner, created, settings) };
        pool.roles = PoolRoles { defaults: roles.defaults.0, mappings: mappings.collect() };
        let attribute_maps = roles.attribute_maps.0.into_iter();
        let attribute_maps = attribute_maps.filter_map(|(provider, (use_defaults, tags))| {
            Some((provider, AttributeMap::new(use_defaults, tags.unwrap_or_default().0)?))
        });
        pool.attribute_maps = attribute_maps.collect();
        Ok(pool)
    }
}
