//! Ranges of keys.

use crate::ambient::Timestamp;
use crate::id::{AccountId, Guid, Region};
use crate::state::LoginKind;
use crate::store::key::{GUID_LENGTH, Key, LoginKeys, MOMENT_LENGTH, Tree, push_terminated};

/// A contiguous range of one tree.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyRange {
    /// The tree.
    pub tree: Tree,
    /// The first bytes that are in the range.
    pub start: Vec<u8>,
    /// The first bytes behind the range; `None` where it reaches to the end of the tree.
    pub end: Option<Vec<u8>>,
}

/// The order in which the entries of a range are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    Ascending,
    Descending,
}

impl KeyRange {
    /// The keys that begin with `prefix`.
    pub fn prefix(tree: Tree, prefix: impl Into<Vec<u8>>) -> Self {
        let start = prefix.into();
        let mut end = start.clone();
        while let Some(last) = end.pop() {
            if let Some(next) = last.checked_add(1) {
                end.push(next);
                break;
            }
        }
        let end = (!end.is_empty()).then_some(end);
        Self { tree, start, end }
    }

    /// The part of the range that follows `bytes`.
    #[must_use]
    pub fn after(mut self, bytes: &[u8]) -> Self {
        self.start = [bytes, &[0]].concat();
        self
    }

    /// The part of the range in front of `bytes`; all of it for `None`.
    #[must_use]
    pub(crate) fn before(mut self, bytes: Option<Vec<u8>>) -> Self {
        self.end = bytes.or(self.end);
        self
    }

    /// Whether the key lies in the range.
    pub fn contains(&self, key: &Key) -> bool {
        key.tree == self.tree
            && key.bytes >= self.start
            && self.end.as_ref().is_none_or(|end| key.bytes < *end)
    }

    /// The listing of an account's pools in all regions.
    pub(crate) fn pools_of_account(account: &AccountId) -> Self {
        Self::prefix(Tree::PoolListing, account.as_str())
    }

    pub(crate) fn pools_of(account: &AccountId, region: &Region) -> Self {
        let mut prefix = account.as_str().as_bytes().to_vec();
        push_terminated(&mut prefix, region.as_str());
        Self::prefix(Tree::PoolListing, prefix)
    }

    /// The length of a key of [`pools_of`](Self::pools_of).
    pub(crate) fn pool_listing_length(&self) -> usize {
        self.start.len().saturating_add(MOMENT_LENGTH).saturating_add(GUID_LENGTH)
    }

    pub(crate) fn identities_of(pool: Guid) -> Self {
        Self::prefix(Tree::Identities, pool.0)
    }

    /// The identities of a pool that were created at `from` or later, and before `before`.
    pub(crate) fn identities_created(
        pool: Guid,
        from: Option<Timestamp>,
        before: Option<Timestamp>,
    ) -> Self {
        let place =
            |created: Timestamp| [pool.0.as_slice(), &created.as_millis().to_be_bytes()].concat();
        let mut range = Self::identities_of(pool);
        if let Some(from) = from {
            range.start = place(from);
        }
        if let Some(before) = before {
            range.end = Some(place(before));
        }
        range
    }

    /// The logins of a pool.
    pub(crate) fn logins_of(pool: Guid) -> Self {
        Self::prefix(Tree::Logins, pool.0)
    }

    /// The logins of a provider whose subjects begin with `subject`.
    pub(crate) fn logins_at(pool: Guid, kind: LoginKind, provider: &str, subject: &str) -> Self {
        Self::prefix(Tree::Logins, LoginKeys::of(pool, kind, provider).key(subject).bytes)
    }

    /// Whether no key lies in the range.
    pub(crate) fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }

    /// The length of an identity's key.
    pub(crate) const IDENTITY_LENGTH: usize = GUID_LENGTH + MOMENT_LENGTH + GUID_LENGTH;

    pub(crate) fn signing_keys_of(region: &Region) -> Self {
        let mut prefix = Vec::new();
        push_terminated(&mut prefix, region.as_str());
        Self::prefix(Tree::SigningKeys, prefix)
    }

    pub(crate) fn all(tree: Tree) -> Self {
        Self { tree, start: Vec::new(), end: None }
    }
}
