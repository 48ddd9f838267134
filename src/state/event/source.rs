//! The calls that changes come from.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::name::RequestId;

macro_rules! operations {
    ($($name:ident = $code:literal,)*) => {
        /// An operation that changes identities or pools. It displays and serializes as its name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ChangeOperation {
            $(
                #[doc = concat!("`", stringify!($name), "`")]
                $name,
            )*
        }

        impl ChangeOperation {
            /// The operation's name. Operations of administration have the names of their inputs.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// The operation of this name.
            pub(crate) fn of_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The number that stands for the operation in records.
            pub(crate) fn code(self) -> u8 {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            pub(crate) fn of_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

// A number is never used again.
operations! {
    CreateIdentityPool = 1,
    DeleteIdentities = 2,
    DeleteIdentityPool = 3,
    GetCredentialsForIdentity = 4,
    GetId = 5,
    GetOpenIdToken = 6,
    GetOpenIdTokenForDeveloperIdentity = 7,
    MergeDeveloperIdentities = 8,
    SetIdentityPoolRoles = 9,
    SetPrincipalTagAttributeMap = 10,
    TagResource = 11,
    UnlinkDeveloperIdentity = 12,
    UnlinkIdentity = 13,
    UntagResource = 14,
    UpdateIdentityPool = 15,
    AdminDeleteIdentities = 64,
    DisableIdentity = 65,
    LinkLogin = 66,
    Undo = 67,
    UnlinkLogin = 68,
    CreateIdentity = 69,
    Reset = 70,
    Import = 71,
}

impl fmt::Display for ChangeOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ChangeOperation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The kind of caller. The account, if there is one, is that of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActorKind {
    Anyone,
    Account,
    Administrator,
}

/// The call that a change comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) operation: ChangeOperation,
    pub(crate) by: ActorKind,
    pub(crate) request_id: Option<RequestId>,
}
