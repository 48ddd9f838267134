//! Stable names of the rules that decide.

use std::fmt;

use serde::{Serialize, Serializer};

/// A row of the resolution table: the identity that a call gives, and the owners of the logins that
/// it presents.
///
/// Before the table applies, a developer login that belongs to an identity other than the given one
/// is refused with `DeveloperUserAlreadyRegistered`. After it, a second user of one public provider
/// (I3) is refused: with `MergeOfTwoUsers` if another identity has that user, with `LoginTaken` if
/// none has. So are more than 20 logins (I4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the table is complete")]
pub enum ResolutionRow {
    /// None given, no owner: a new identity with all the logins; a guest if there are none.
    A1,
    /// None given, one owner: the owner. Logins without an owner are linked to it.
    A2,
    /// None given, several owners: they are merged. The owner of the developer login survives, or
    /// else the oldest.
    A3,
    /// A guest given, no owner: the guest, authenticated if there are logins.
    B1,
    /// A guest given, and owners: the owners, resolved as without the guest. The guest is disabled.
    B2,
    /// An authenticated identity given that owns a login, or that has a login named by a token:
    /// the identity. Logins without an owner are linked to it.
    C1,
    /// As `C1`, but there are other owners too: they are merged into the given identity.
    C2,
    /// An authenticated identity given that owns no login: refused. But if no identity has any of
    /// the logins and the id is proof enough, they are linked to the given one.
    C3,
    /// An authenticated identity given, no login presented: refused.
    D1,
    /// A disabled identity given: refused.
    D2,
}

/// The rule that decides a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AppliedRule {
    /// A developer login belongs to an identity other than the given one: refused before the
    /// resolution table applies.
    AlreadyRegistered,
    /// A row of the resolution table.
    Resolution(ResolutionRow),
    /// The source's logins move to the destination, and the source is disabled.
    Merge,
    /// Source and destination are users of one identity already: nothing changes.
    MergeOfOne,
    /// A developer user is unlinked. The identity is disabled if it was its last login.
    UnlinkDeveloperUser,
    /// Public logins are unlinked. The identity is disabled if they were its last logins.
    UnlinkLogins,
    /// An administrator links a login.
    LinkLogin,
    /// An administrator unlinks a login. The identity is disabled if it was its last one.
    UnlinkLogin,
    /// An administrator disables an identity, and its logins become free.
    DisableIdentity,
    /// Identities are deleted. Those that do not exist are skipped.
    DeleteIdentities,
    /// A pool is deleted, with everything in it.
    DeletePool,
    /// Undo of a merge, a link or an unlink.
    Undo,
}

impl ResolutionRow {
    fn as_str(self) -> &'static str {
        match self {
            Self::A1 => "a1",
            Self::A2 => "a2",
            Self::A3 => "a3",
            Self::B1 => "b1",
            Self::B2 => "b2",
            Self::C1 => "c1",
            Self::C2 => "c2",
            Self::C3 => "c3",
            Self::D1 => "d1",
            Self::D2 => "d2",
        }
    }
}

impl AppliedRule {
    /// The stable name: `a1` to `d2`, `already-registered`, `merge`, `merge-of-one`,
    /// `unlink-developer-user`, `unlink-logins`, `link-login`, `unlink-login`, `disable-identity`,
    /// `delete-identities` or `delete-pool`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlreadyRegistered => "already-registered",
            Self::Resolution(row) => row.as_str(),
            Self::Merge => "merge",
            Self::MergeOfOne => "merge-of-one",
            Self::UnlinkDeveloperUser => "unlink-developer-user",
            Self::UnlinkLogins => "unlink-logins",
            Self::LinkLogin => "link-login",
            Self::UnlinkLogin => "unlink-login",
            Self::DisableIdentity => "disable-identity",
            Self::DeleteIdentities => "delete-identities",
            Self::DeletePool => "delete-pool",
            Self::Undo => "undo",
        }
    }
}

impl fmt::Display for AppliedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for AppliedRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
