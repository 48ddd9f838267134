//! The reasons why an export or an import failed.

use std::io;
use std::path::PathBuf;

use crate::constraint::Violations;
use crate::error::Error;
use crate::id::{IdentityId, IdentityPoolId};
use crate::name::ProviderName;
use crate::rules::Refusal;
use crate::state::{EventId, IdentityPool, IdentityState, LOGINS_MAX, Login};
use crate::store::StoreError;

/// The reason why an export, an import or a seed failed.
///
/// A failed export leaves an earlier file as it was. A failed import has changed nothing, with one
/// exception: if the store failed in the last commit, the whole import may have happened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The file cannot be read or written.
    #[error("the file cannot be read or written")]
    Io(#[from] io::Error),
    /// The path names a folder, a pipe or a device.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The store has no [view](crate::store::Store::view) of one moment, so nothing was written.
    #[error("the store cannot be read as it is at one moment")]
    NoView,
    /// Keys are exported only if a [secret](crate::Builder::key_secret) seals them.
    #[error("the keys of the store are not sealed")]
    KeysUnsealed,
    /// Keys are exported only together with everything else.
    #[error("keys are exported with the whole database only")]
    KeysOfPart,
    /// Another engine has removed the unfinished import, because it made no progress for too long.
    #[error("another engine has removed the unfinished import")]
    TakenOver,
    /// A line of the file is refused.
    #[error("line {line}: {fault}")]
    Line {
        /// The number of the line, from 1 on.
        line: u64,
        /// The reason.
        fault: ImportFault,
    },
    /// The engine or its store failed.
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<StoreError> for ExchangeError {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

/// The reason why a line is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportFault {
    /// The file is empty.
    #[error("the file is empty")]
    Empty,
    /// The file is not UTF-8: it begins with a byte order mark, or is UTF-16.
    #[error("the file must be UTF-8 without a byte order mark")]
    NotUtf8,
    /// The line is longer than 16 MiB.
    #[error("the line is longer than 16 MiB")]
    TooLong,
    /// The line is not a JSON object.
    #[error("not a JSON object, at column {column}")]
    NotJson {
        /// The number of the byte, from 1 on.
        column: usize,
    },
    /// The line is JSON but has an unknown member, lacks one, or has one of another type.
    #[error("{detail}, at column {column}")]
    Malformed {
        /// The reason.
        detail: String,
        /// The number of the byte up to which the line was read.
        column: usize,
    },
    /// The first line does not say that the file is an export or a seed.
    #[error("the first line must be that of an export or of a seed")]
    NotAnExchange,
    /// The file was written by a newer version of this crate.
    #[error("written by a newer cognate: version {version} of the format")]
    Newer {
        /// The version of the format.
        version: u32,
    },
    /// The file ends before the last line of an export, or within a line.
    #[error("the end of the file is missing")]
    Cut,
    /// The last line of the file counts other lines than the file has.
    #[error("the last line counts other pools, identities or events than the file has")]
    WrongCounts,
    /// The digest in the last line is not that of the lines before it.
    #[error("the file was changed: its digest is another one")]
    WrongDigest,
    /// Something follows the last line.
    #[error("a line after the last one")]
    AfterEnd,
    /// An export leaves out a member.
    #[error("the member `{0}` is missing")]
    Missing(&'static str),
    /// The line is of a kind that must not stand there: an identity before a pool, a key after one,
    /// an event in a seed or before identities, or a pool in a seed for an existing pool.
    #[error("a line of this kind must not stand here")]
    Misplaced,
    /// A member that only an export with history has.
    #[error("the member `created_by` belongs to an export with history")]
    CreationWithoutHistory,
    /// The id names nothing that can exist: no GUID, or the GUID of zeros.
    #[error("`{0}` is no region and GUID")]
    NoGuid(String),
    /// A pool of a seed has no id, and the import was given no region.
    #[error("a pool without an id needs a region")]
    RegionMissing,
    /// The pool exists, or an earlier line has it.
    #[error("the pool {0} exists already")]
    PoolExists(IdentityPoolId),
    /// The pool is being imported or removed at the moment.
    #[error("the pool {0} is being imported or removed")]
    PoolBusy(IdentityPoolId),
    /// The account would have more than 1,000 pools in the region.
    #[error("the account would have more than {} pools", IdentityPool::PER_ACCOUNT_MAX)]
    TooManyPools,
    /// The identity exists, or an earlier line has it.
    #[error("the identity {0} exists already")]
    IdentityExists(IdentityId),
    /// The id of an identity, or of the identity of an event, names another region than its pool.
    #[error("the identity {0} is of another region than its pool")]
    OtherRegion(IdentityId),
    /// An identity of the pool or an earlier line has the login, or the line has it twice.
    #[error("the login {} exists already", shown(login))]
    LoginTwice {
        /// The login.
        login: Login,
    },
    /// A login names no provider, or both a developer provider and a public one.
    #[error("a login has either `developer` or `public`")]
    ProviderOfLogin,
    /// A login of a seed names a provider that its pool is not configured for.
    #[error("the pool is not configured for the provider of {}", shown(login))]
    UnknownProvider {
        /// The login.
        login: Login,
    },
    /// The identity has more than 20 logins.
    #[error("{logins} logins, but an identity has at most {LOGINS_MAX}")]
    TooManyLogins {
        /// The number of its logins.
        logins: usize,
    },
    /// The identity has two users of one public provider.
    #[error("two users of the provider {provider}")]
    TwoUsersOfProvider {
        /// The provider.
        provider: ProviderName,
    },
    /// An identity is authenticated without a login, or has logins without being authenticated.
    #[error("the state {state} with {logins} logins")]
    StateAndLogins {
        /// The state.
        state: IdentityState,
        /// The number of logins.
        logins: usize,
    },
    /// The ordinals of the logins do not rise.
    #[error("the ordinals of the logins do not rise")]
    OrdinalsDoNotRise,
    /// The last change is dated before the creation.
    #[error("modified before it was created")]
    ModifiedBeforeCreated,
    /// A member of a pool violates its constraints.
    #[error("{}", cut(&.0.to_string()))]
    Invalid(Violations),
    /// The service would refuse the settings of a pool.
    #[error("{}", cut(&.0.to_string()))]
    Refused(Refusal),
    /// An attribute map without defaults and without tags.
    #[error("an attribute map needs `PrincipalTags` or the defaults")]
    EmptyAttributeMap,
    /// Two attribute maps for one provider.
    #[error("two attribute maps for the provider {0}")]
    TwoAttributeMaps(ProviderName),
    /// An event names both an identity and a pool, or neither.
    #[error("an event has either `id`, or `pool` and `revision`")]
    OwnerOfEvent,
    /// The caller is none of those that an event of the pool can have.
    #[error("`by` is `anyone`, `administrator` or the account of the pool")]
    UnknownCaller,
    /// The operation makes no event.
    #[error("the operation is unknown")]
    UnknownOperation,
    /// The events of a pool do not rise by identity and revision, and then those of the pool.
    #[error("the events are out of order")]
    EventsOutOfOrder,
    /// The event does not lead to the identity or the pool as the file has it.
    #[error("the event {} does not lead to its identity", .0)]
    EventContradicts(EventId),
    /// The event is no event of the pool.
    #[error("not an event of this pool")]
    NotOfThePool,
    /// The store has keys already.
    #[error("the store has keys already")]
    KeysExist,
    /// The key cannot be unsealed with the secret of this engine, or has no number.
    #[error("the key cannot be used with the secret of this engine")]
    KeyUnusable,
    /// A seed for an existing pool has more than 1,000 identities.
    #[error("a seed for an existing pool has at most {0} identities")]
    TooManyIdentities(usize),
}

/// A login in a message: cut, and with control characters escaped.
fn shown(login: &Login) -> String {
    cut(&login.to_string())
}

/// The longest text in a message.
const SHOWN_MAX: usize = 200;

/// A text of the file in a message: control characters are escaped, and the middle of a long text
/// is left out.
pub(super) fn cut(text: &str) -> String {
    let escaped = text.chars().fold(String::new(), |mut escaped, c| {
        match c {
            c if c.is_control() => escaped.extend(c.escape_default()),
            c => escaped.push(c),
        }
        escaped
    });
    let count = escaped.chars().count();
    if count <= SHOWN_MAX {
        return escaped;
    }
    let half = SHOWN_MAX / 2;
    let head = escaped.chars().take(half);
    let tail = escaped.chars().skip(count.saturating_sub(half));
    head.chain("…".chars()).chain(tail).collect()
}

/// A line that does not fit. The text of a member is not repeated if it stands where something else
/// belongs: it may be a secret.
pub(super) fn malformed(error: &serde_json::Error) -> ImportFault {
    let column = error.column();
    if !error.is_data() {
        return ImportFault::NotJson { column: column.max(1) };
    }
    let text = error.to_string();
    let place = format!(" at line {} column {column}", error.line());
    let text = text.strip_suffix(&place).unwrap_or(&text);
    let is_repeated = text.starts_with("invalid type: string ") || text.contains("value: string");
    let detail = match text.rsplit_once(", expected ").filter(|_| is_repeated) {
        Some((_, expected)) => cut(&format!("a text in the place of {expected}")),
        None => cut(text),
    };
    ImportFault::Malformed { detail, column }
}
