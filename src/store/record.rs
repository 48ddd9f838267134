//! Records: bincode with a format byte in front.
//!
//! Integers are fixed, little-endian; trailing bytes are refused. What a key says already is not
//! said again. Decoding anything that was not written here is [`StoreError::Corrupt`] with the key.

mod deletion;
mod event;
mod pool;

use bincode::Options;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::ambient::Timestamp;
use crate::id::{Guid, IdentityId, IdentityPoolId, Region};
use crate::name::IdentityPoolName;
use crate::state::{
    Identity, IdentityState, IdentitySummary, Link, LoginKind, Pool, PrivateKey, StoredKey,
};
use crate::store::key::{Place, corrupt};
use crate::store::{Key, StoreError, Tree, Value};

pub(crate) use deletion::{Claim, Deletion};
use event::SourceRecord;
pub(crate) use event::{ActivityEntry, EventRecord};

/// The format of every record but those that say another. One that is not known is refused:
/// fixtures of each stay in the tests.
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
    /// The bytes of the record.
    fn encode(&self) -> Result<Value, StoreError>;
    /// The record whose bytes stand under `key`.
    fn decode(key: &Key, value: &[u8]) -> Result<Self, StoreError>;
}

/// Whether the bytes under `key` are a record.
pub(crate) fn check(key: &Key, value: &[u8]) -> Result<(), StoreError> {
    match key.tree {
        Tree::Accounts => PoolCount::decode(key, value).map(drop),
        Tree::Activity => ActivityEntry::decode(key, value).map(drop),
        Tree::Deletions => Deletion::decode(key, value).map(drop),
        Tree::Identities => Identity::decode(key, value).map(drop),
        Tree::IdentityIndex => Address::decode(key, value).map(drop),
        Tree::Journal => EventRecord::decode(key, value).map(drop),
        Tree::Logins => Owner::decode(key, value).map(drop),
        Tree::Pools => Pool::decode(key, value).map(drop),
        Tree::PoolListing => PoolEntry::decode(key, value).map(drop),
        Tree::SessionKeys => Numbered::<PrivateKey>::decode(key, value).map(drop),
        Tree::SigningKeys => Numbered::<StoredKey>::decode(key, value).map(drop),
    }
}

fn encode(record: &impl Serialize) -> Result<Value, StoreError> {
    encode_as(FORMAT, record)
}

fn encode_as(format: u8, record: &impl Serialize) -> Result<Value, StoreError> {
    let mut value = vec![format];
    options().serialize_into(&mut value, record).map_err(StoreError::failed)?;
    Ok(value)
}

fn decode<'a, T: Deserialize<'a>>(key: &Key, value: &'a [u8]) -> Result<T, StoreError> {
    match value.split_first() {
        Some((&FORMAT, body)) => decode_body(key, body),
        _ => Err(unknown_format(key)),
    }
}

fn decode_body<'a, T: Deserialize<'a>>(key: &Key, body: &'a [u8]) -> Result<T, StoreError> {
    options().deserialize(body).map_err(|_| corrupt(key, "the record does not decode"))
}

fn unknown_format(key: &Key) -> StoreError {
    corrupt(key, "the record has an unknown format")
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

/// In the index of identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) pool: Guid,
    pub(crate) created: Timestamp,
}

/// In the tree of logins: the identity of the key's pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner(pub(crate) Place);

/// In the trees of keys: a key of a series in which one takes over from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Numbered<K> {
    pub(crate) key: K,
    /// When another key took over.
    pub(crate) retired: Option<Timestamp>,
}

/// A key of a series, as it is kept.
pub(crate) trait KeptKey: Serialize + DeserializeOwned {
    /// The half that is nobody else's.
    fn private(&mut self) -> &mut PrivateKey;
}

/// Signs tokens.
impl KeptKey for StoredKey {
    fn private(&mut self) -> &mut PrivateKey {
        &mut self.private
    }
}

/// Seals sessions.
impl KeptKey for PrivateKey {
    fn private(&mut self) -> &mut PrivateKey {
        self
    }
}

impl<K: KeptKey> Record for Numbered<K> {
    fn encode(&self) -> Result<Value, StoreError> {
        encode(self)
    }

    fn decode(key: &Key, value: &[u8]) -> Result<Self, StoreError> {
        decode(key, value)
    }
}

plain_record!(PoolCount, PoolEntry, Address, Owner);

/// The format of identities: [`FORMAT`] had no revision. Here it comes last.
const IDENTITY_FORMAT: u8 = 2;

/// The format of identities whose creation the record itself tells: behind the revision comes the
/// call.
const IDENTITY_FORMAT_WITH_CREATION: u8 = 3;

#[derive(Serialize, Deserialize)]
struct IdentityRecord<R, L> {
    region: R,
    state: IdentityState,
    modified: Timestamp,
    links: L,
}

/// A [`Link`] that is only looked at.
#[derive(Deserialize)]
struct LinkView<'a> {
    _kind: LoginKind,
    provider: &'a str,
    _subject: &'a str,
    _ordinal: u32,
}

impl<'a, R: Deserialize<'a>, L: Deserialize<'a>> IdentityRecord<R, L> {
    /// With its revision, and with the call that has created the identity.
    fn decode(key: &Key, value: &'a [u8]) -> Result<(Self, u32, Option<SourceRecord>), StoreError> {
        match value.split_first() {
            Some((&FORMAT, body)) => Ok((decode_body(key, body)?, 0, None)),
            Some((&IDENTITY_FORMAT, body)) => {
                let (record, revision) = decode_body(key, body)?;
                Ok((record, revision, None))
            }
            Some((&IDENTITY_FORMAT_WITH_CREATION, body)) => {
                let (record, revision, creation) = decode_body(key, body)?;
                Ok((record, revision, Some(creation)))
            }
            _ => Err(unknown_format(key)),
        }
    }
}

impl Record for Identity {
    fn encode(&self) -> Result<Value, StoreError> {
        let record = IdentityRecord {
            region: self.id().region().map_err(StoreError::failed)?,
            state: self.state(),
            modified: self.modified(),
            links: self.links(),
        };
        match self.creation() {
            None => encode_as(IDENTITY_FORMAT, &(record, self.revision())),
            Some(call) => {
                let record = (record, self.revision(), SourceRecord::from(call));
                encode_as(IDENTITY_FORMAT_WITH_CREATION, &record)
            }
        }
    }

    fn decode(key: &Key, value: &[u8]) -> Result<Self, StoreError> {
        let (pool, place) =
            key.identity_parts().ok_or_else(|| corrupt(key, "not the key of an identity"))?;
        let (record, revision, creation) = IdentityRecord::<Region, Vec<Link>>::decode(key, value)?;
        let creation = creation.map(|creation| creation.into_source(key)).transpose()?;
        let pool = IdentityPoolId::new(&record.region, pool);
        let id = IdentityId::new(&record.region, place.guid);
        let dates = (place.created, record.modified);
        let identity = Self::restored((id, pool), record.state, dates, revision, record.links);
        Ok(identity.created_by(creation))
    }
}

impl IdentitySummary {
    /// From the record of an identity, of which most is passed over.
    pub(crate) fn decode(key: &Key, value: &[u8]) -> Result<Self, StoreError> {
        let (_, place) =
            key.identity_parts().ok_or_else(|| corrupt(key, "not the key of an identity"))?;
        let (mut record, ..) = IdentityRecord::<&str, Vec<LinkView<'_>>>::decode(key, value)?;
        record.links.sort_unstable_by_key(|link| link.provider);
        record.links.dedup_by_key(|link| link.provider);
        let misfit = |_| corrupt(key, "the record has a text of the wrong shape");
        let id = IdentityId::in_region(record.region, place.guid).map_err(misfit)?;
        let providers = record.links.iter().map(|link| link.provider.parse());
        let providers: Result<_, _> = providers.collect();
        Ok(Self {
            id,
            providers: providers.map_err(misfit)?,
            state: record.state,
            created: place.created,
            modified: record.modified,
        })
    }
}

#[cfg(test)]
mod tests;
