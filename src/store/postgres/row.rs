//! Keys as rows. The index of a table limits its rows to about 2,690 bytes, so a long key is cut.
//!
//! | column | short key | longer than 1,024 bytes |
//! | --- | --- | --- |
//! | `k` | the key | its first 1,024 bytes |
//! | `h` | empty | the SHA-256 digest of the key |
//! | `tail` | empty | the rest of the key |
//!
//! `(k, h)` names a key, and `(k, tail)` has the order of the keys.

use ring::digest::{SHA256, digest};

use crate::store::Tree;

/// The bytes of a key that an index contains.
const HEAD: usize = 1024;

/// A key in its columns.
#[derive(Debug, Clone)]
pub(super) struct RowKey<'a> {
    pub(super) head: &'a [u8],
    pub(super) hash: Vec<u8>,
    pub(super) tail: &'a [u8],
}

impl<'a> RowKey<'a> {
    /// Whether the key has neither a hash nor a tail.
    pub(super) fn is_short(key: &[u8]) -> bool {
        key.len() <= HEAD
    }

    pub(super) fn of(key: &'a [u8]) -> Self {
        let (head, tail) = key.split_at_checked(HEAD).unwrap_or((key, &[]));
        let hash =
            if tail.is_empty() { Vec::new() } else { digest(&SHA256, key).as_ref().to_vec() };
        Self { head, hash, tail }
    }
}

/// The name of a tree's table in the schema.
pub(super) fn table(tree: Tree) -> &'static str {
    match tree {
        Tree::Accounts => "accounts",
        Tree::Activity => "activity",
        Tree::Deletions => "deletions",
        Tree::Identities => "identities",
        Tree::IdentityIndex => "identity_index",
        Tree::Journal => "journal",
        Tree::Logins => "logins",
        Tree::Pools => "pools",
        Tree::PoolListing => "pool_listing",
        Tree::SessionKeys => "session_keys",
        Tree::SigningKeys => "signing_keys",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_and_tails_have_the_order_of_keys() {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        for length in [0, 1, HEAD - 1, HEAD, HEAD + 1, 4096] {
            for last in [0, 1, 255] {
                let mut key = vec![7; length];
                key.extend(last_of(last, length));
                keys.push(key);
            }
        }
        keys.sort();
        keys.dedup();
        let rows: Vec<_> = keys.iter().map(|key| RowKey::of(key)).collect();
        let mut sorted = rows.clone();
        sorted.sort_by_key(|row| (row.head, row.tail));
        let whole = |row: &RowKey<'_>| [row.head, row.tail].concat();
        assert!(sorted.iter().map(whole).eq(keys.iter().cloned()));
    }

    fn last_of(last: u8, length: usize) -> Option<u8> {
        (length > 0).then_some(last)
    }

    #[test]
    fn only_long_keys_have_a_hash() {
        assert!(RowKey::of(&[1; HEAD]).hash.is_empty());
        let (one, two) = ([1; HEAD + 1], [[1; HEAD].as_slice(), &[2]].concat());
        assert_eq!(RowKey::of(&one).hash.len(), 32);
        assert_ne!(RowKey::of(&one).hash, RowKey::of(&two).hash);
    }
}
