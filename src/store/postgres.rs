//! A store on PostgreSQL, which many engines share.

mod channel;
mod commit;
mod connect;
mod deadline;
mod flights;
mod options;
mod password;
mod plan;
mod pool;
mod problem;
mod read;
mod row;
mod schema;
mod settle;
mod statement;
mod statistics;
mod tls;
mod url;
mod view;
mod wire;

use std::fmt;
use std::time::Duration;

use crate::store::key::Order;
use crate::store::{
    Batch, Commit, Key, KeyRange, Refreshed, Store, StoreError, StoreView, Value, Version,
};
use connect::Servers;
use deadline::{Deadline, Pauses};
use flights::Flights;
use pool::ChannelPool;
use problem::{Problem, ProblemKind};
use read::{KeyRead, ReadFailure};
use statistics::add;

pub use options::PostgresOptions;
pub use schema::Migrated;
pub use statistics::PostgresStatistics;
pub use tls::PostgresTls;
pub use url::PostgresUrlError;

/// A PostgreSQL database, opened with [`PostgresOptions::open`].
///
/// Many engines, in many processes, use one database at the same time: open each with
/// [`Builder::open_shared`](crate::Builder::open_shared). PostgreSQL 14 or newer is needed.
///
/// # Promises
///
/// * Commits are serializable, and one is durable when it is answered, if the server's
///   `synchronous_commit` is not `off`. With a synchronous standby it also survives the loss of a
///   server.
/// * A [`get`](Store::get), a [`refresh`](Store::refresh), a [`scan`](Store::scan) and a
///   [`scan_back`](Store::scan_back) each read one moment of the database, in one round trip. A
///   commit is one round trip.
/// * A call ends within the [timeout](PostgresOptions::timeout), whatever the server does. It
///   repeats what met another transaction, and it looks for another server when one is lost.
/// * When the answer of a commit is lost, the store finds out whether the commit happened. If it
///   cannot until the timeout, the error is [`StoreError::Unknown`].
/// * A call uses at most one connection, and none while it pauses. While a quarter of the
///   connections are busy with small reads, further ones wait for the next of them to end and then
///   share one statement.
/// * A [view](Store::view) is a transaction on one more connection, and ends with it. A read of a
///   view has the timeout of a call, and the view itself has none. While a view is open, the server
///   cannot remove old rows of any table.
/// * Opening a store fills one connection. The others are opened when they are needed.
/// * A call blocks its thread, and only that one: nothing runs in the background. A store can be
///   used from asynchronous code like any other.
///
/// # Limits
///
/// A value has at most one gigabyte, as in any table of the server, and so have all values of one
/// batch together. Keys have no limit of their own.
///
/// # Example: an engine that shares its database with others
///
/// ```no_run
/// use cognate::Engine;
/// use cognate::store::PostgresOptions;
///
/// let options = PostgresOptions::parse("postgres://cognate@localhost/cognate").expect("a URL");
/// options.migrate()?;
/// let engine = Engine::builder().open_shared(options.open()?)?;
/// # Ok::<(), cognate::Error>(())
/// ```
pub struct PostgresStore {
    pool: ChannelPool,
    flights: Flights,
}

impl PostgresStore {
    fn open(options: PostgresOptions) -> Result<Self, Problem> {
        let deadline = Deadline::after(options.timeout);
        let servers = Servers::new(options)?;
        let (mut channel, facts) = servers.connect(deadline)?;
        let options = &servers.options;
        if facts.synchronous_commit == "off" && !options.is_relaxed {
            return Err(Problem::refused(format!(
                "{}: synchronous_commit is off, so a crash of the server loses answered commits",
                facts.host
            )));
        }
        if !options.pools_transactions && options.connections > facts.connections {
            return Err(Problem::refused(format!(
                "{}: max_connections leaves {} connections, and this store uses up to {}",
                facts.host, facts.connections, options.connections
            )));
        }
        let level = servers.level(&mut channel, deadline)?;
        let pool = ChannelPool::new(servers, level.store);
        pool.keep(channel);
        // The others are for commits and ranges.
        let flights = Flights::new(pool.servers.options.connections / 4);
        Ok(Self { pool, flights })
    }

    /// The work since the store was opened.
    pub fn statistics(&self) -> PostgresStatistics {
        self.pool.counters.read()
    }

    fn schema(&self) -> &str {
        &self.pool.servers.options.schema
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(self.pool.servers.options.timeout)
    }

    fn read_keys(
        &self,
        keys: Vec<(&Key, Option<Version>)>,
        deadline: Deadline,
    ) -> Result<Vec<Refreshed>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let read = KeyRead::new(keys);
        self.read(&read.request, deadline, |rows| read.answer(rows))
    }

    fn read_range(
        &self,
        range: &KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Key, Value)>, StoreError> {
        let request = read::range_request(range, order, limit);
        self.read(&request, self.deadline(), |rows| read::entries(range.tree, rows))
    }

    /// Reads, on other connections if one breaks, until the deadline.
    fn read<T>(
        &self,
        request: &read::Request<'_>,
        deadline: Deadline,
        answer: impl Fn(&[tokio_postgres::Row]) -> Result<T, ReadFailure>,
    ) -> Result<T, StoreError> {
        let mut pauses = Pauses::of_outage();
        loop {
            let mut leased = self.pool.lease(deadline).map_err(Problem::into_error)?;
            add(&self.pool.counters.reads);
            let result = leased.channel.query(request, &self.pool.servers.options, deadline);
            let problem = match leased.end(result) {
                Ok(rows) => match answer(&rows) {
                    Ok(answer) => return Ok(answer),
                    Err(ReadFailure::Problem(problem)) => problem,
                    Err(ReadFailure::Store(error)) => return Err(error),
                },
                Err(problem) => problem,
            };
            let may_pass = match problem.kind {
                ProblemKind::Broken | ProblemKind::Contended(_) => true,
                ProblemKind::Busy | ProblemKind::Refused => false,
            };
            if !may_pass || deadline.remaining().is_none() {
                return Err(problem.into_error());
            }
            pauses.pause(deadline);
        }
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("options", &self.pool.servers.options)
            .finish_non_exhaustive()
    }
}

impl Store for PostgresStore {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        let keys = keys.iter().map(|key| (key, None)).collect();
        Ok(values(self.read_keys(keys, self.deadline())?))
    }

    fn refresh(&self, keys: &[(Key, Option<Version>)]) -> Result<Vec<Refreshed>, StoreError> {
        let deadline = self.deadline();
        if keys.len() > read::FEW {
            let keys = keys.iter().map(|(key, known)| (key, *known)).collect();
            return self.read_keys(keys, deadline);
        }
        self.flights.refresh(keys, deadline, |keys| self.read_keys(keys, deadline))
    }

    fn reads_one_moment(&self) -> bool {
        true
    }

    fn settles_by_token(&self) -> bool {
        true
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.read_range(range, Order::Ascending, limit)
    }

    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.read_range(range, Order::Descending, limit)
    }

    fn view(&self) -> Result<Option<Box<dyn StoreView + '_>>, StoreError> {
        Ok(Some(Box::new(self.open_view()?)))
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        if batch.is_read_only() {
            return self.compare(&batch, self.deadline());
        }
        self.write(&batch)
    }

    /// Nothing to do: a commit is durable when it is answered.
    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether the last request reached a server. After one that did not, this tries again, for a
    /// second at most.
    fn health(&self) -> Result<(), StoreError> {
        if !self.pool.is_out() {
            return Ok(());
        }
        let deadline = self.deadline().no_later_than(Duration::from_secs(1));
        let mut leased = self.pool.lease(deadline).map_err(Problem::into_error)?;
        let answer = leased.channel.simple("SELECT 1", deadline);
        leased.end(answer).map(drop).map_err(Problem::into_error)
    }
}

/// The answers to a caller that knows no value.
fn values(answers: Vec<Refreshed>) -> Vec<Option<Value>> {
    let values = answers.into_iter().map(|answer| match answer {
        Refreshed::Value(value) => Some(value),
        Refreshed::Absent | Refreshed::Unchanged => None,
    });
    values.collect()
}
