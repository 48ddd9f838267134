//! Options and reports.

use std::fmt;

use crate::id::{AccountId, IdentityPoolId, Region};

/// The progress of an export or an import. It counts pools, identities and events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The number so far.
    pub done: u64,
    /// The number at the end, if it is known: when an export is imported from a file, whose last
    /// line tells it. A seed need not have that line, and a reader comes to it last. An export
    /// would have to read everything twice: no store counts its identities.
    pub total: Option<u64>,
}

/// The callback for the progress.
pub(crate) struct Reporter {
    callback: Option<Box<dyn FnMut(Progress) + Send>>,
    pub(crate) total: Option<u64>,
}

impl Reporter {
    const fn none() -> Self {
        Self { callback: None, total: None }
    }

    pub(crate) fn report(&mut self, done: u64) {
        if let Some(callback) = &mut self.callback {
            callback(Progress { done, total: self.total });
        }
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter").field("total", &self.total).finish_non_exhaustive()
    }
}

/// The pools that an export has.
#[derive(Debug, Clone)]
pub(crate) enum ExportScope {
    All,
    Account(AccountId),
    Pool(IdentityPoolId),
}

/// The part of a database to export: see [`Admin::export`](crate::Admin::export).
///
/// # Example: an account with its history
///
/// ```
/// use cognate::exchange::Export;
///
/// let export = Export::account("123456789012".parse()?).history(true);
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct Export {
    pub(crate) scope: ExportScope,
    pub(crate) history: bool,
    pub(crate) keys: bool,
    pub(crate) reporter: Reporter,
}

impl Export {
    /// All pools.
    pub const fn all() -> Self {
        Self::of(ExportScope::All)
    }

    /// The pools of an account, in all regions.
    pub const fn account(account: AccountId) -> Self {
        Self::of(ExportScope::Account(account))
    }

    /// One pool.
    pub const fn pool(id: IdentityPoolId) -> Self {
        Self::of(ExportScope::Pool(id))
    }

    const fn of(scope: ExportScope) -> Self {
        Self { scope, history: false, keys: false, reporter: Reporter::none() }
    }

    /// Whether to add the events of the [journal](crate::Builder::journal). By default they are
    /// left out.
    pub fn history(mut self, history: bool) -> Self {
        self.history = history;
        self
    }

    /// Whether to add the keys for tokens and sessions, sealed as they are in the store. By default
    /// they are left out. Only [all](Self::all) pools can have them.
    pub fn keys(mut self, keys: bool) -> Self {
        self.keys = keys;
        self
    }

    /// Calls `progress` after every 256 pools, identities and events, and at the end.
    pub fn progress(mut self, progress: impl FnMut(Progress) + Send + 'static) -> Self {
        self.reporter.callback = Some(Box::new(progress));
        self
    }
}

/// The content of an export that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// The number of pools.
    pub pools: u64,
    /// The number of identities.
    pub identities: u64,
    /// The number of events.
    pub events: u64,
    /// The SHA-256 digest of all bytes before the last line, in hexadecimal.
    pub sha256: String,
}

/// The options of an import: see [`Admin::import`](crate::Admin::import).
///
/// An export says all by itself. The account and the region are for the pools of a seed that do not
/// name theirs.
#[derive(Debug)]
#[must_use]
pub struct Import {
    pub(crate) account: Option<AccountId>,
    pub(crate) region: Option<Region>,
    pub(crate) reporter: Reporter,
}

impl Import {
    /// An import without options.
    pub const fn new() -> Self {
        Self { account: None, region: None, reporter: Reporter::none() }
    }

    /// The account of pools that name none. The default is that of the
    /// [engine](crate::Builder::default_account).
    pub fn account(mut self, account: AccountId) -> Self {
        self.account = Some(account);
        self
    }

    /// The region of pools without an id. By default each pool must have an id.
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// Calls `progress` after each commit of at most 256 lines.
    pub fn progress(mut self, progress: impl FnMut(Progress) + Send + 'static) -> Self {
        self.reporter.callback = Some(Box::new(progress));
        self
    }
}

impl Default for Import {
    fn default() -> Self {
        Self::new()
    }
}

/// The content of a file that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// The pools, in the order of the file.
    pub identity_pool_ids: Vec<IdentityPoolId>,
    /// The number of identities.
    pub identities: u64,
    /// The number of events.
    pub events: u64,
}
