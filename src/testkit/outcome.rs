//! What an operation came to.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::testkit::names::{Cursor, Identity, Pool, Token};

/// What an operation came to, with numbers for what the implementation minted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum OperationOutcome {
    /// An exception.
    Refused {
        /// Its name, without a namespace.
        exception: String,
        /// Its text.
        message: String,
    },
    /// Nothing, where there is nothing to say.
    Done,
    /// A pool and its settings.
    Pool(Pool, Value),
    /// A page of pools with their names.
    Pools(Page<(Pool, String)>),
    /// An identity.
    Identity(Identity),
    /// An identity and a token.
    Token(Identity, Token, Box<Statement>),
    /// An identity, and what its credentials say if anybody can tell.
    Credentials(Identity, Option<Box<Statement>>),
    /// A description.
    Description(Description),
    /// A page of descriptions.
    Identities(Pool, Page<Description>),
    /// An identity and a page of its developer users.
    Users(Identity, Page<String>),
    /// Identities that were not deleted, and why.
    Unprocessed(Vec<(Identity, String)>),
    /// Roles, attribute maps or tags.
    Settings(Value),
    /// An answer that says none of what it has to say.
    Unreadable(String),
}

/// A page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a page has entries and an end")]
pub struct Page<T> {
    /// Its entries.
    pub entries: Vec<T>,
    /// Where the next one begins, if there is one.
    pub next: Option<Cursor>,
}

/// What `DescribeIdentity` says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// The identity.
    pub identity: Identity,
    /// The names of its providers.
    pub logins: Vec<String>,
    /// `CreationDate` in milliseconds.
    pub created_millis: u64,
    /// `LastModifiedDate` in milliseconds.
    pub modified_millis: u64,
}

/// What a token or a session states.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// `sub`
    pub identity: Identity,
    /// `aud`
    pub pool: Pool,
    /// `iss` of a token.
    pub issuer: Option<String>,
    /// `amr`; the id of the pool stands there by its number, and a partition as `$partition`.
    pub amr: Vec<String>,
    /// The tags of the principal.
    pub tags: BTreeMap<String, String>,
    /// The role of a session; the account stands there by its number.
    pub role: Option<String>,
    /// How long it is valid, if that can be told.
    pub lifetime_secs: Option<u64>,
}

impl OperationOutcome {
    /// The exception, if it is one.
    pub fn exception(&self) -> Option<&str> {
        match self {
            Self::Refused { exception, .. } => Some(exception),
            _ => None,
        }
    }
}

impl fmt::Display for OperationOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { exception, message } => write!(f, "{exception}: {message}"),
            Self::Done => f.write_str("done"),
            Self::Pool(pool, settings) => write!(f, "{pool} {settings}"),
            Self::Pools(page) => write!(f, "pools {:?}", page.entries),
            Self::Identity(identity) => write!(f, "{identity}"),
            Self::Token(identity, token, statement) => {
                write!(f, "{identity} {token} {statement:?}")
            }
            Self::Credentials(identity, statement) => {
                write!(f, "{identity}, credentials {statement:?}")
            }
            Self::Description(of) => write!(f, "{} {:?}", of.identity, of.logins),
            Self::Identities(pool, page) => write!(f, "{pool} identities {:?}", page.entries),
            Self::Users(identity, page) => write!(f, "{identity} users {:?}", page.entries),
            Self::Unprocessed(ids) => write!(f, "unprocessed {ids:?}"),
            Self::Settings(settings) => write!(f, "{settings}"),
            Self::Unreadable(what) => write!(f, "an answer that cannot be read: {what}"),
        }
    }
}
