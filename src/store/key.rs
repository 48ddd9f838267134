//! Keys: their order is the order of the listings, and a pool is one contiguous range of each tree.
//!
//! | tree | key | record |
//! | --- | --- | --- |
//! | accounts | account, region | how many pools there are |
//! | pools | pool | the pool |
//! | pool listing | account, region, creation, pool | the pool's name |
//! | deletions | pool | the engine that removes what was in the pool, if one does; the pool is gone |
//! | identities | pool, creation, identity | the identity with its logins |
//! | identity index | identity | its pool and creation |
//! | logins | pool, kind, provider, subject | the identity and its creation |
//! | session keys | number | a key that seals sessions |
//! | signing keys | region, number | a key for tokens |
//! | journal | pool, `i`, identity, revision | an event of the identity |
//! | journal | pool, `p`, revision | an event of the pool |
//! | activity | pool, moment, and the rest of the event's key in the journal | nothing |
//!
//! A guid takes 16 bytes, a moment 8, and a number or a revision 4, the highest first. Text that
//! something follows ends with a zero; a zero inside it is written as zero and 255, which no text
//! begins with.

mod event;
mod range;

use std::fmt;
use std::fmt::Write as _;

use crate::ambient::Timestamp;
use crate::id::{AccountId, Guid, Region};
use crate::name::DeveloperProviderName;
use crate::state::{Login, LoginKind};
use crate::store::StoreError;

pub(crate) use event::EventNumber;
pub use range::KeyRange;
pub(crate) use range::Order;

/// The trees of a store, each with an order of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Tree {
    /// How many pools an account has in a region.
    Accounts,
    /// The events of a pool, in the order of time.
    Activity,
    /// Pools that are deleted while what was in them is not yet removed.
    Deletions,
    /// Identities in the order in which a pool lists them.
    Identities,
    /// Where an identity stands in that order.
    IdentityIndex,
    /// Events of identities and pools, by identity and revision.
    Journal,
    /// Logins, each with its identity.
    Logins,
    /// Pools.
    Pools,
    /// Pools in the order in which an account lists them.
    PoolListing,
    /// Keys that seal sessions.
    SessionKeys,
    /// Keys for tokens.
    SigningKeys,
}

impl Tree {
    /// Every tree.
    pub const ALL: [Self; 11] = [
        Self::Accounts,
        Self::Activity,
        Self::Deletions,
        Self::Identities,
        Self::IdentityIndex,
        Self::Journal,
        Self::Logins,
        Self::Pools,
        Self::PoolListing,
        Self::SessionKeys,
        Self::SigningKeys,
    ];

    /// A name that stays the same in every version.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Activity => "activity",
            Self::Deletions => "deletions",
            Self::Identities => "identities",
            Self::IdentityIndex => "identity-index",
            Self::Journal => "journal",
            Self::Logins => "logins",
            Self::Pools => "pools",
            Self::PoolListing => "pool-listing",
            Self::SessionKeys => "session-keys",
            Self::SigningKeys => "signing-keys",
        }
    }
}

/// A key in one of the trees.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Key {
    /// The tree.
    pub tree: Tree,
    /// The key's bytes, ordered as bytes are.
    pub bytes: Vec<u8>,
}

/// The tree and the bytes in hexadecimal: `logins/9b0be988…`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.tree.name())?;
        self.bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Where an identity stands in the listing of its pool.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub(crate) struct Place {
    pub(crate) created: Timestamp,
    pub(crate) guid: Guid,
}

const ACCOUNT_LENGTH: usize = 12;
const GUID_LENGTH: usize = 16;
const MOMENT_LENGTH: usize = 8;
const KEY_NUMBER_LENGTH: usize = 4;

impl Key {
    /// A key of any bytes, for tests of a [`Store`](crate::store::Store).
    pub fn new(tree: Tree, bytes: impl Into<Vec<u8>>) -> Self {
        Self { tree, bytes: bytes.into() }
    }

    pub(crate) fn account(account: &AccountId, region: &Region) -> Self {
        let bytes = [account.as_str().as_bytes(), region.as_str().as_bytes()].concat();
        Self { tree: Tree::Accounts, bytes }
    }

    /// The account and the region that an account's key consists of.
    pub(crate) fn account_parts(&self) -> Option<(AccountId, Region)> {
        let key = std::str::from_utf8(&self.bytes).ok()?;
        let (account, region) = key.split_at_checked(ACCOUNT_LENGTH)?;
        Some((account.parse().ok()?, region.parse().ok()?))
    }

    pub(crate) fn pool(pool: Guid) -> Self {
        Self { tree: Tree::Pools, bytes: pool.0.to_vec() }
    }

    pub(crate) fn pool_listing(
        account: &AccountId,
        region: &Region,
        created: Timestamp,
        pool: Guid,
    ) -> Self {
        let mut bytes = KeyRange::pools_of(account, region).start;
        bytes.extend(created.as_millis().to_be_bytes());
        bytes.extend(pool.0);
        Self { tree: Tree::PoolListing, bytes }
    }

    /// The account, the region, the creation and the pool that an entry's key in the listing of
    /// pools consists of.
    pub(crate) fn pool_listing_parts(&self) -> Option<(AccountId, Region, Timestamp, Guid)> {
        let (rest, pool) = self.bytes.split_last_chunk::<GUID_LENGTH>()?;
        let (rest, created) = rest.split_last_chunk::<MOMENT_LENGTH>()?;
        let owner = std::str::from_utf8(rest.strip_suffix(&[0])?).ok()?;
        let (account, region) = owner.split_at_checked(ACCOUNT_LENGTH)?;
        let created = Timestamp::from_millis(u64::from_be_bytes(*created));
        Some((account.parse().ok()?, region.parse().ok()?, created, Guid(*pool)))
    }

    pub(crate) fn deletion(pool: Guid) -> Self {
        Self { tree: Tree::Deletions, bytes: pool.0.to_vec() }
    }

    /// The mark of a store into which a copy did not finish. It is no key of a pool, and in front
    /// of all of them.
    pub(crate) fn unfinished_copy() -> Self {
        Self { tree: Tree::Deletions, bytes: vec![0] }
    }

    pub(crate) fn identity(pool: Guid, place: Place) -> Self {
        let created = place.created.as_millis().to_be_bytes();
        let bytes = [pool.0.as_slice(), &created, &place.guid.0].concat();
        Self { tree: Tree::Identities, bytes }
    }

    pub(crate) fn identity_index(identity: Guid) -> Self {
        Self { tree: Tree::IdentityIndex, bytes: identity.0.to_vec() }
    }

    pub(crate) fn login(pool: Guid, login: &Login) -> Self {
        let (provider, subject) = (login.provider().as_str(), login.subject().as_str());
        LoginKeys::of(pool, login.kind(), provider).key(subject)
    }

    /// The key under which a public login was kept while a final slash of its provider's name still
    /// counted. No login of a developer provider was: their names have no slashes.
    pub(crate) fn login_with_slash(pool: Guid, login: &Login) -> Option<Self> {
        let (provider, subject) = (login.provider().as_str(), login.subject().as_str());
        let bare = !login.is_developer() && !provider.ends_with('/');
        bare.then(|| LoginKeys::of(pool, login.kind(), &format!("{provider}/")).key(subject))
    }

    /// The login that a login's key consists of, in the spelling in which it is stored.
    pub(crate) fn login_parts(&self) -> Option<Login> {
        let (_, rest) = self.bytes.split_first_chunk::<GUID_LENGTH>()?;
        let (kind, rest) = rest.split_first()?;
        let kind = match kind {
            b'd' => LoginKind::Developer,
            b'p' => LoginKind::Public,
            _ => return None,
        };
        let (provider, subject) = split_terminated(rest)?;
        let provider = String::from_utf8(provider).ok()?.try_into().ok()?;
        let subject = std::str::from_utf8(subject).ok()?.try_into().ok()?;
        Some(Login::of(kind, provider, subject))
    }

    pub(crate) fn session_key(number: u32) -> Self {
        Self { tree: Tree::SessionKeys, bytes: number.to_be_bytes().to_vec() }
    }

    /// The number that a session key's key consists of.
    pub(crate) fn session_key_number(&self) -> Option<u32> {
        self.bytes.as_slice().try_into().ok().map(u32::from_be_bytes)
    }

    pub(crate) fn signing_key(region: &Region, number: u32) -> Self {
        let mut bytes = KeyRange::signing_keys_of(region).start;
        bytes.extend(number.to_be_bytes());
        Self { tree: Tree::SigningKeys, bytes }
    }

    /// The guid that a key consists of.
    pub(crate) fn guid(&self) -> Option<Guid> {
        self.bytes.as_slice().try_into().ok().map(Guid)
    }

    /// The pool that a key of a pool's range begins with.
    pub(crate) fn leading_pool(&self) -> Option<Guid> {
        self.bytes.first_chunk().copied().map(Guid)
    }

    /// The last guid of a key that ends with one.
    pub(crate) fn trailing_guid(&self) -> Option<Guid> {
        self.bytes.last_chunk().copied().map(Guid)
    }

    /// The pool and the place that an identity's key consists of.
    pub(crate) fn identity_parts(&self) -> Option<(Guid, Place)> {
        let (pool, rest) = self.bytes.split_first_chunk::<GUID_LENGTH>()?;
        let (created, guid) = rest.split_first_chunk::<MOMENT_LENGTH>()?;
        let created = Timestamp::from_millis(u64::from_be_bytes(*created));
        let guid = Guid(guid.try_into().ok()?);
        Some((Guid(*pool), Place { created, guid }))
    }

    /// Where an identity stands among all.
    pub(crate) fn identity_position(&self) -> Result<[u8; KeyRange::IDENTITY_LENGTH], StoreError> {
        let position = self.bytes.as_slice().try_into();
        position.map_err(|_| corrupt(self, "not the key of an identity"))
    }

    /// The region and the number that a signing key's key consists of.
    pub(crate) fn signing_key_parts(&self) -> Option<(Region, u32)> {
        let (region, number) = self.bytes.split_last_chunk::<KEY_NUMBER_LENGTH>()?;
        let region = std::str::from_utf8(region.strip_suffix(&[0])?).ok()?;
        Some((region.parse().ok()?, u32::from_be_bytes(*number)))
    }
}

/// The keys of a provider's logins, but for the user they end with.
#[derive(Debug)]
pub(crate) struct LoginKeys(Vec<u8>);

impl LoginKeys {
    pub(crate) fn of_developer(pool: Guid, provider: &DeveloperProviderName) -> Self {
        Self::of(pool, LoginKind::Developer, provider.as_str())
    }

    fn of(pool: Guid, kind: LoginKind, provider: &str) -> Self {
        let length = GUID_LENGTH.saturating_add(provider.len()).saturating_add(2);
        let mut bytes = Vec::with_capacity(length);
        bytes.extend_from_slice(&pool.0);
        bytes.push(match kind {
            LoginKind::Developer => b'd',
            LoginKind::Public => b'p',
        });
        push_terminated(&mut bytes, provider);
        Self(bytes)
    }

    pub(crate) fn key(&self, user: &str) -> Key {
        Key { tree: Tree::Logins, bytes: [self.0.as_slice(), user.as_bytes()].concat() }
    }
}

fn push_terminated(bytes: &mut Vec<u8>, text: &str) {
    for part in text.as_bytes().split_inclusive(|byte| *byte == 0) {
        bytes.extend_from_slice(part);
        if part.ends_with(&[0]) {
            bytes.push(255);
        }
    }
    bytes.push(0);
}

/// A text that was pushed terminated, and the bytes that follow it.
fn split_terminated(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (mut text, mut rest) = (Vec::new(), bytes);
    loop {
        let (part, behind) = rest.split_at_checked(rest.iter().position(|byte| *byte == 0)?)?;
        text.extend_from_slice(part);
        match behind.strip_prefix(&[0, 255]) {
            Some(more) => {
                text.push(0);
                rest = more;
            }
            None => return Some((text, behind.strip_prefix(&[0])?)),
        }
    }
}

/// The number of the key behind the last one of a tree. There are too many to use them up.
pub(crate) fn number_after(last: u32) -> Result<u32, StoreError> {
    let taken = || StoreError::Corrupt("the last number of a key is taken".to_owned());
    last.checked_add(1).ok_or_else(taken)
}

/// For `Corrupt` errors, which name a record by its key.
pub(crate) fn corrupt(key: &Key, what: &str) -> StoreError {
    let mut detail = key.to_string();
    let written = write!(detail, ": {what}");
    debug_assert!(written.is_ok(), "writing to a string");
    StoreError::Corrupt(detail)
}

#[cfg(test)]
mod tests;
