//! The way to the server that accepts writes.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustls::ClientConfig;
use tokio_postgres::config::SslMode;

use crate::ambient::part_of;
use crate::store::postgres::channel::{Channel, Driver, ServerProcess, run_alone};
use crate::store::postgres::deadline::{Deadline, later};
use crate::store::postgres::options::{PostgresHost, PostgresOptions};
use crate::store::postgres::password;
use crate::store::postgres::problem::{Problem, ProblemKind};
use crate::store::postgres::schema::{self, Level};
use crate::store::postgres::tls::{self, Encryption};
use crate::store::postgres::wire::{Socket, split};

/// The servers of a store, and the way to them.
#[derive(Debug)]
pub(super) struct Servers {
    pub(super) options: PostgresOptions,
    encryption: Option<Arc<ClientConfig>>,
    /// The place of the host that accepted writes the last time.
    last: AtomicUsize,
}

/// The facts about a server that opening a store looks at.
#[derive(Debug)]
pub(super) struct ServerFacts {
    pub(super) host: String,
    pub(super) synchronous_commit: String,
    /// The connections that the server allows to users who are no administrators.
    pub(super) connections: usize,
}

impl Servers {
    pub(super) fn new(options: PostgresOptions) -> Result<Self, Problem> {
        let encryption = tls::configure(options.tls_mode(), &options.roots)?;
        Ok(Self { options, encryption, last: AtomicUsize::new(0) })
    }

    /// A connection to the first host that accepts writes, the last one first.
    pub(super) fn connect(&self, deadline: Deadline) -> Result<(Channel, ServerFacts), Problem> {
        let last = self.last.load(Ordering::Relaxed);
        let hosts = self.options.hosts.iter().enumerate();
        let order = hosts.clone().skip(last).take(1).chain(hosts.filter(|(at, _)| *at != last));
        let mut texts = String::new();
        let mut kind = ProblemKind::Broken;
        for (at, host) in order {
            let deadline = deadline.no_later_than(self.options.connect_timeout);
            match self.connect_to(host, deadline) {
                Ok(connected) => {
                    self.last.store(at, Ordering::Relaxed);
                    return Ok(connected);
                }
                Err(problem) => {
                    let gap = if texts.is_empty() { "" } else { "; " };
                    // Writing to a string cannot fail.
                    let _ = write!(texts, "{gap}{host}: {problem}");
                    if kind != ProblemKind::Refused {
                        kind = problem.kind;
                    }
                }
            }
        }
        Err(match kind {
            ProblemKind::Refused => Problem::refused(texts),
            ProblemKind::Busy | ProblemKind::Broken | ProblemKind::Contended(_) => {
                Problem::busy(texts)
            }
        })
    }

    fn connect_to(
        &self,
        host: &PostgresHost,
        deadline: Deadline,
    ) -> Result<(Channel, ServerFacts), Problem> {
        let password = password::find(&self.options, host)?;
        let connected = self.authenticate(host, password.as_deref(), deadline);
        let mut channel = connected.map_err(|problem| problem.without(password.as_deref()))?;
        let facts = look_around(&mut channel, host, deadline)?;
        channel.expires = later(lifetime());
        Ok((channel, facts))
    }

    fn authenticate(
        &self,
        host: &PostgresHost,
        password: Option<&str>,
        deadline: Deadline,
    ) -> Result<Channel, Problem> {
        let options = &self.options;
        let mut config = tokio_postgres::Config::new();
        config
            .user(&options.user)
            .dbname(&options.database)
            .application_name(&options.application_name);
        if let Some(password) = password {
            config.password(password);
        }
        let mode = if self.encryption.is_some() { SslMode::Require } else { SslMode::Disable };
        config.ssl_mode(mode);
        if !options.pools_transactions {
            config.options(settings(options.timeout).join(" "));
        }
        let socket = open_socket(host, deadline)?;
        let (wire, waiter) = split(socket).map_err(|error| Problem::broken(error.to_string()))?;
        let name = match host {
            PostgresHost::Tcp(name, _) => name.clone(),
            PostgresHost::Unix(..) => "localhost".to_owned(),
        };
        let encryption = Encryption { config: self.encryption.clone(), host: name };
        let connecting = async {
            let connected = config.connect_raw(wire, encryption).await;
            connected.map_err(|error| connection_problem(error, options.pools_transactions))
        };
        let (client, connection) = run_alone(&waiter, deadline, connecting)?;
        Ok(Channel::new(client, Driver::new(connection, waiter)))
    }

    /// The level of the schema, and which store it is.
    pub(super) fn level(
        &self,
        channel: &mut Channel,
        deadline: Deadline,
    ) -> Result<Level, Problem> {
        schema::level(channel, &self.options.schema, deadline)
    }
}

/// Asks the server whether it accepts writes, and what it is.
fn look_around(
    channel: &mut Channel,
    host: &PostgresHost,
    deadline: Deadline,
) -> Result<ServerFacts, Problem> {
    let rows = channel.simple(FACTS, deadline)?;
    let row = rows.into_iter().next().unwrap_or_default();
    let mut texts = row.into_iter().map(Option::unwrap_or_default);
    let mut next = || texts.next().unwrap_or_default();
    let number = |text: String| text.parse::<usize>().unwrap_or_default();
    if next() == "t" {
        return Err(Problem::broken("a standby, which accepts no writes"));
    }
    if next() == "on" {
        return Err(Problem::broken("read-only"));
    }
    if number(next()) < 140_000 {
        return Err(Problem::refused("older than PostgreSQL 14"));
    }
    let pid = next().parse().unwrap_or_default();
    channel.process = Arc::new(ServerProcess { pid, started: next() });
    let connections = number(next()).saturating_sub(number(next()));
    Ok(ServerFacts { host: host.to_string(), synchronous_commit: next(), connections })
}

const FACTS: &str = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only'), \
     current_setting('server_version_num'), pg_backend_pid(), \
     (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()), \
     current_setting('max_connections'), current_setting('superuser_reserved_connections'), \
     current_setting('synchronous_commit')";

/// The settings of a session, for its start.
///
/// The server ends a statement on its own before the caller stops waiting, and notices a caller
/// that has gone. Tables that grow from nothing have no statistics at first, so the plans are those
/// for tables that have grown: every row is found by its index.
pub(super) fn settings(timeout: Duration) -> Vec<String> {
    let limit = timeout.saturating_mul(9).checked_div(10).unwrap_or(timeout);
    let limit = limit.as_millis().clamp(1, 2_000_000_000);
    let mut settings = vec![
        "-c default_transaction_isolation=repeatable\\ read".to_owned(),
        format!("-c statement_timeout={limit}"),
        format!("-c idle_in_transaction_session_timeout={limit}"),
        "-c client_connection_check_interval=1s".to_owned(),
        "-c plan_cache_mode=force_generic_plan".to_owned(),
        "-c jit=off".to_owned(),
    ];
    settings.extend(PLANS.iter().map(|name| format!("-c {name}=off")));
    settings
}

/// The kinds of plans that read more rows than a statement names.
pub(super) const PLANS: [&str; 4] =
    ["enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"];

/// Half an hour, a tenth more or less.
fn lifetime() -> Duration {
    const MINUTE: Duration = Duration::from_secs(60);

    MINUTE.saturating_mul(27).saturating_add(part_of(MINUTE.saturating_mul(6)))
}

fn connection_problem(error: tokio_postgres::Error, pools_transactions: bool) -> Problem {
    let is_closed = error.is_closed();
    let is_answer = error.as_db_error().is_some();
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    let is_outage = is_closed || io.is_some_and(|io| io.kind() != io::ErrorKind::InvalidData);
    let names_option =
        error.as_db_error().is_some_and(|answer| answer.message().contains("startup parameter"));
    let problem = Problem::from(error);
    if names_option && !pools_transactions {
        return Problem::refused(format!(
            "{problem}; behind a pooler in transaction mode, add `pooler=transaction` to the URL"
        ));
    }
    if is_answer || is_outage { problem } else { Problem::refused(problem.to_string()) }
}

fn open_socket(host: &PostgresHost, deadline: Deadline) -> Result<Socket, Problem> {
    let broken = |error: io::Error| Problem::broken(error.to_string());
    match host {
        PostgresHost::Tcp(name, port) => {
            let mut last = Problem::broken("the name has no address");
            for address in resolve(name, *port, deadline)? {
                let Some(left) = deadline.remaining() else {
                    return Err(Problem::broken("no connection in time"));
                };
                match TcpStream::connect_timeout(&address, left) {
                    Ok(socket) => return Ok(Socket::Tcp(socket)),
                    Err(error) => last = broken(error),
                }
            }
            Err(last)
        }
        #[cfg(unix)]
        PostgresHost::Unix(folder, port) => {
            let socket = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}")));
            socket.map(Socket::Unix).map_err(broken)
        }
        #[cfg(not(unix))]
        PostgresHost::Unix(..) => Err(Problem::refused("this system has no Unix sockets")),
    }
}

/// The addresses of a name. The system's resolver knows no deadline, so a thread waits for it.
fn resolve(name: &str, port: u16, deadline: Deadline) -> Result<Vec<SocketAddr>, Problem> {
    if let Ok(address) = name.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (answer, answers) = mpsc::channel();
    let name = name.to_owned();
    let resolving = move || {
        let found = (name.as_str(), port).to_socket_addrs();
        // Nobody listens any more after the deadline.
        let _ = answer.send(found.map(Iterator::collect));
    };
    let broken = |error: io::Error| Problem::broken(error.to_string());
    thread::Builder::new().name("resolver".to_owned()).spawn(resolving).map_err(broken)?;
    match answers.recv_timeout(deadline.remaining().unwrap_or_default()) {
        Ok(found) => found.map_err(broken),
        Err(_) => Err(Problem::broken("the name was not resolved in time")),
    }
}
