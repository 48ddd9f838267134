//! Conditional changes of a store, and their outcomes.

use crate::store::{Key, Value};

/// A conditional change: if every check holds, all writes happen.
///
/// Deletes are applied before puts, so a key in both lists keeps the put value. Each list names a
/// key at most once.
///
/// A batch of the engine that writes checks the absence only of keys that it also puts. A store can
/// therefore leave it to its unique keys that an absent key stays absent until the batch commits.
/// There is one exception: a batch that creates a pool deletes a key of
/// [`Tree::Deletions`](crate::store::Tree::Deletions) and checks that it is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batch {
    /// Keys that must hold exactly these bytes. `None` means that the key must be absent. A store
    /// may compare the [`Version`](crate::store::Version) of the bytes instead.
    pub checks: Vec<(Key, Option<Value>)>,
    /// Keys to remove. They may be absent.
    pub deletes: Vec<Key>,
    /// Keys to set.
    pub puts: Vec<(Key, Value)>,
    /// The name of the batch in the store, if it can lose the answer of a commit: see
    /// [`Store::settles_by_token`](crate::store::Store::settles_by_token).
    pub token: Option<Token>,
}

impl Batch {
    /// Whether the batch has checks only.
    pub fn is_read_only(&self) -> bool {
        self.deletes.is_empty() && self.puts.is_empty()
    }

    /// The keys that the batch removes or sets.
    pub fn written(&self) -> impl Iterator<Item = &Key> {
        self.deletes.iter().chain(self.puts.iter().map(|(key, _)| key))
    }
}

/// The outcome of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a batch happens or it does not")]
pub enum Commit {
    /// Every check held and every write happened.
    Done,
    /// A check did not hold; nothing was written.
    Conflict,
    /// As `Conflict`, with the current values of keys that the batch checked, all of one moment.
    /// The next attempt then need not read these keys.
    ConflictWith(Vec<(Key, Option<Value>)>),
}

/// The name of a batch: sixteen unpredictable bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a token is its bytes")]
pub struct Token(pub [u8; 16]);

/// The answer of [`Store::refresh`](crate::store::Store::refresh) about one key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no other state of a key")]
pub enum Refreshed {
    /// The key is absent.
    Absent,
    /// The value has the version that the caller knows.
    Unchanged,
    /// The value.
    Value(Value),
}
