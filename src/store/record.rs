//! Records: bincode with a format byte in front.
//!
//! Integers are fixed, little-endian; trailing bytes are refused. What a key says already is not
//! said again. Decoding anything that was not written here is [`StoreError::Corrupt`] with the key.

use std::collections::BTreeMap;

use bincode::Options;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::ambient::Timestamp;
use crate::id::{AccountId, Guid, IdentityId, IdentityPoolId, Region};
use crate::name::{
    Arn, DeveloperProviderName, IdentityPoolName, ProviderAppId, ProviderName, TagKey, TagValue,
    UserPoolClientId, UserPoolProviderName,
};
use crate::state::{
    CognitoIdentityProvider, Identity, IdentityPool, IdentityState, Link, Pool, StoredKey,
};
use crate::store::key::{Place, corrupt};
use crate::store::{Key, StoreError, Value};

/// The format of every record. Another one is refused: fixtures of each stay in the tests.
const FORMAT: u8 = 1;

/// No record is larger: 20 logins and a pool with all that one request can carry fit.
const LENGTH_MAX: u64 = 16 << 20;

fn options() -> impl Options {
    bincode::DefaultOptions::new()
        .with_fixint_encoding()
        .with_little_endian()
        .with_limit(LENGTH_MAX)
        .reject_trailing_bytes()
}

/// Something that a store keeps.
pub(crate) trait Record: Sized {
    /// What is written.
    fn encode(&self) -> Result<Value, StoreError>;
    /// What was written under `key`.
    fn decode(key: &Key, value: &[u8]) -> Result<Self, StoreError>;
}

fn encode(record: &impl Serialize) -> Result<Value, StoreError> {
    let mut value = vec![FORMAT];
    options().serialize_into(&mut value, record).map_err(StoreError::failed)?;
    Ok(value)
}

fn decode<T: DeserializeOwned>(key: &Key, value: &[u8]) -> Result<T, StoreError> {
    match value.split_first() {
        Some((&FORMAT, body)) => {
            options().deserialize(body).map_err(|_| corrupt(key, "the record does not decode"))
        }
        _ => Err(corrupt(key, "the record has an unknown format")),
    }
}

/// Records that are written as they are.
macro_rules! plain_record {
    ($($name:ty),*) => {$(
        impl Record for $name {
            fn encode(&self) -> Result<Value, StoreError> {
                encode(self)
            }

            fn decode(key: &Key, value: &[u8]) -> Result<Self, StoreError> {
                decode(key, value)
            }
        }
    )*};
}

/// In the tree of accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PoolCount(pub(crate) u32);

/// In the listing of pools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PoolEntry(pub(crate) IdentityPoolName);

/// In the tree of deletions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deletion;

/// In the index of identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) pool: Guid,
    pub(crate) created: Timestamp,
}

/// In the tree of logins: the identity of the key's pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner(pub(crate) Place);

plain_record!(PoolCount, PoolEntry, Deletion, Address, Owner, StoredKey);

#[derive(Serialize, Deserialize)]
struct IdentityRecord<L> {
    region: Region,
    state: IdentityState,
    modified: Timestamp,
    links: L,
}

impl Record for Identity {
    fn encode(&self) -> Result<Value, StoreError> {
        encode(&IdentityRecord {
            region: self.id().region().map_err(StoreError::failed)?,
            state: self.state(),
            modified: self.modified(),
            links: self.links(),
        })
    }

    fn decode(key: &Key, value: &[u8]) -> Result<Self, StoreError> {
        let (pool, place) =
            key.identity_parts().ok_or_else(|| corrupt(key, "not the key of an identity"))?;
        let record: IdentityRecord<Vec<Link>> = decode(key, value)?;
        let pool = IdentityPoolId::new(&record.region, pool);
        let id = IdentityId::new(&record.region, place.guid);
        let dates = (place.created, record.modified);
        Ok(Self::restored((id, pool), record.state, dates, record.links))
    }
}

type UserPool = (Option<UserPoolProviderName>, Option<UserPoolClientId>, Option<bool>);

#[derive(Serialize, Deserialize)]
struct PoolRecord {
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

impl Record for Pool {
    fn encode(&self) -> Result<Value, StoreError> {
        let settings = self.settings.clone();
        let user_pools = settings.cognito_identity_providers.into_iter();
        encode(&PoolRecord {
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
        })
    }

    fn decode(key: &Key, value: &[u8]) -> Result<Self, StoreError> {
        let guid = key.leading_pool().ok_or_else(|| corrupt(key, "not the key of a pool"))?;
        let record: PoolRecord = decode(key, value)?;
        let user_pools = record.cognito_identity_providers.into_iter();
        let settings = IdentityPool {
            identity_pool_id: IdentityPoolId::new(&record.region, guid),
            identity_pool_name: record.name,
            allow_unauthenticated_identities: record.allow_unauthenticated_identities,
            allow_classic_flow: record.allow_classic_flow,
            supported_login_providers: record.supported_login_providers,
            developer_provider_name: record.developer_provider_name,
            open_id_connect_provider_arns: record.open_id_connect_provider_arns,
            cognito_identity_providers: user_pools
                .map(|(provider_name, client_id, server_side_token_check)| {
                    CognitoIdentityProvider { provider_name, client_id, server_side_token_check }
                })
                .collect(),
            saml_provider_arns: record.saml_provider_arns,
            identity_pool_tags: record.tags,
        };
        let (account, region, created) = (record.account, record.region, record.created);
        Ok(Self { account, region, created, settings })
    }
}

#[cfg(test)]
mod tests;
