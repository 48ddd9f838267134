//! Where a database is, and how it is used.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::store::StoreError;
use crate::store::postgres::PostgresStore;
use crate::store::postgres::problem::Problem;
use crate::store::postgres::schema::{self, Migrated};
use crate::store::postgres::tls::{PostgresTls, Roots};
use crate::store::postgres::url::{PostgresUrlError, parse};

/// The options of a [`PostgresStore`].
///
/// # URL
///
/// `postgres://USER[:PASSWORD]@HOST[:PORT][,HOST[:PORT]…][/DATABASE][?NAME=VALUE&…]`
///
/// Several hosts are tried in their order, for the one that accepts writes. A host that begins with
/// `/`, written `%2F`, is the folder of a Unix socket. Without a user, the URL means the one in
/// `PGUSER`. Without a database, it means the database with the user's name. The parameters are:
///
/// | name | value | default |
/// | --- | --- | --- |
/// | `sslmode` | `disable`, `require`, `verify-ca`, `verify-full`: see [`PostgresTls`] | `verify-full`, but `disable` if every host is a Unix socket or a loopback address |
/// | `sslrootcert` | a PEM file with the authorities to trust, or `system` | `system` |
/// | `connect_timeout` | seconds for one attempt at one host | 3 |
/// | `application_name` | the name in the server's lists of connections | `cognate` |
/// | `target_session_attrs` | `read-write`, and nothing else | `read-write` |
/// | `pooler` | `transaction`: connections go through PgBouncer in transaction mode | `none` |
/// | `schema` | the schema of the tables: at most 40 of `a`–`z`, `0`–`9` and `_`, first a letter | `cognate` |
///
/// Percent-encode `@`, `/`, `?`, `#` and `%` in a password.
///
/// # Password
///
/// The password in the URL, or else in `PGPASSWORD`, or else in the file `PGPASSFILE` or
/// `~/.pgpass`. Neither `Debug` nor any error shows it.
///
/// # Example: two servers, one of which accepts writes
///
/// ```no_run
/// use cognate::store::PostgresOptions;
/// use cognate::Engine;
///
/// let url = "postgres://cognate@pg1,pg2/cognate?sslrootcert=/etc/ssl/our-own.pem";
/// let options = PostgresOptions::parse(url).expect("a URL");
/// let engine = Engine::builder().open_shared(options.connections(16).open()?)?;
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct PostgresOptions {
    pub(super) hosts: Vec<PostgresHost>,
    pub(super) user: String,
    pub(super) password: Option<Password>,
    pub(super) database: String,
    pub(super) tls: Option<PostgresTls>,
    pub(super) roots: Roots,
    pub(super) connect_timeout: Duration,
    pub(super) application_name: String,
    pub(super) schema: String,
    pub(super) pools_transactions: bool,
    pub(super) connections: usize,
    pub(super) timeout: Duration,
    pub(super) is_relaxed: bool,
}

impl PostgresOptions {
    /// The options that a URL names.
    ///
    /// # Errors
    ///
    /// [`PostgresUrlError`], with the part of the URL that is wrong.
    pub fn parse(url: &str) -> Result<Self, PostgresUrlError> {
        parse(url)
    }

    /// The password, instead of the one in the URL or in the environment.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Password(password.into()));
        self
    }

    /// The number of connections, 8 unless set, at least 1. A call uses one of them.
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// The time in which every call answers, 10 seconds unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Whether the server may answer a commit before it is durable: its `synchronous_commit` is
    /// `off`. A crash of the server may then undo the commits of about the last second, and a token
    /// that was answered may name an identity that is gone. Refused unless set.
    pub fn relaxed(mut self, is_relaxed: bool) -> Self {
        self.is_relaxed = is_relaxed;
        self
    }

    /// Opens the store.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when no host accepts writes, or one has too few connections.
    /// [`StoreError::Failed`] with the reason when
    ///
    /// * the server refuses the user or the database, or does not prove who it is,
    /// * the server is older than PostgreSQL 14,
    /// * the database has no schema of this crate, or one of an earlier level:
    ///   [migrate](Self::migrate) it,
    /// * a newer version of this crate wrote the schema, or something else did,
    /// * `synchronous_commit` is `off` and the options are not [relaxed](Self::relaxed).
    pub fn open(self) -> Result<PostgresStore, StoreError> {
        PostgresStore::open(self).map_err(Problem::into_error)
    }

    /// Creates the schema, or brings an older one to the level of this version. It changes nothing
    /// when there is nothing to do, and several calls may run at the same time. Returns the levels
    /// before and after it.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), but for the missing or earlier schema, and when the user may not
    /// create tables. The schema is then as it was.
    ///
    /// # Example: a new database
    ///
    /// ```no_run
    /// use cognate::store::PostgresOptions;
    ///
    /// let options = PostgresOptions::parse("postgres://cognate@db/cognate").expect("a URL");
    /// let migrated = options.migrate()?;
    /// assert!(migrated.after >= 1);
    /// let store = options.open()?;
    /// # Ok::<(), cognate::store::StoreError>(())
    /// ```
    pub fn migrate(&self) -> Result<Migrated, StoreError> {
        schema::migrate(self)
    }

    pub(super) fn tls_mode(&self) -> PostgresTls {
        let is_local = self.hosts.iter().all(PostgresHost::is_local);
        let default = if is_local { PostgresTls::Disable } else { PostgresTls::VerifyFull };
        self.tls.unwrap_or(default)
    }
}

impl FromStr for PostgresOptions {
    type Err = PostgresUrlError;

    fn from_str(url: &str) -> Result<Self, PostgresUrlError> {
        parse(url)
    }
}

/// A server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PostgresHost {
    /// The name or the address, and the port.
    Tcp(String, u16),
    /// The folder of the socket, and the port that its name ends with.
    Unix(PathBuf, u16),
}

impl PostgresHost {
    fn is_local(&self) -> bool {
        match self {
            Self::Unix(..) => true,
            Self::Tcp(name, _) => match name.parse::<std::net::IpAddr>() {
                Ok(address) => address.is_loopback(),
                Err(_) => name == "localhost",
            },
        }
    }
}

impl fmt::Display for PostgresHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(name, port) if name.contains(':') => write!(f, "[{name}]:{port}"),
            Self::Tcp(name, port) => write!(f, "{name}:{port}"),
            Self::Unix(folder, port) => write!(f, "{}/.s.PGSQL.{port}", folder.display()),
        }
    }
}

/// A password, which nothing shows.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Password(pub(super) String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}
