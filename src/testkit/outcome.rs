//! Outcomes of operations.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::testkit::names::{Cursor, Identity, Pool, Token};

/// The outcome of an operation, with numbers for the names that the implementation has generated.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum OperationOutcome {
    /// An exception.
    Refused {
        /// The name, without a namespace.
        exception: String,
        /// The message.
        message: String,
    },
    /// An empty answer, from an operation without output.
    Done,
    /// A pool and its settings.
    Pool(Pool, Value),
    /// A page of pools with their names.
    Pools(Page<(Pool, String)>),
    /// An identity.
    Identity(Identity),
    /// An identity and a token.
    Token(Identity, Token, Box<Statement>),
    /// An identity, and the content of its credentials if it can be read.
    Credentials(Identity, Option<Box<Statement>>),
    /// A description.
    Description(Description),
    /// A page of descriptions.
    Identities(Pool, Page<Description>),
    /// An identity and a page of its developer users.
    Users(Identity, Page<String>),
    /// Identities that were not deleted, with the error codes.
    Unprocessed(Vec<(Identity, String)>),
    /// Roles, attribute maps or tags.
    Settings(Value),
    /// An answer that lacks its required content.
    Unreadable(String),
}

/// A page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a page has entries and an end")]
pub struct Page<T> {
    /// Its entries.
    pub entries: Vec<T>,
    /// The token of the next page, if there is one.
    pub next: Option<Cursor>,
}

/// The answer of `DescribeIdentity`.
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

/// The content of a token or a session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// `sub`
    pub identity: Identity,
    /// `aud`
    pub pool: Pool,
    /// `iss` of a token.
    pub issuer: Option<String>,
    /// `amr`. The id of the pool is replaced by its number, and a partition by `$partition`.
    pub amr: Vec<String>,
    /// The tags of the principal.
    pub tags: BTreeMap<String, String>,
    /// The role of a session. The account is replaced by its number.
    pub role: Option<String>,
    /// The lifetime, if it is known.
    pub lifetime_secs: Option<u64>,
}

impl OperationOutcome {
    /// The name of the exception, if the outcome is one.
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
