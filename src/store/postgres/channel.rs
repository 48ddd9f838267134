//! One connection. The thread that uses it drives it: there is no runtime and no other thread.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_util::Stream;
use tokio_postgres::error::{DbError, Severity, SqlState};
use tokio_postgres::{
    AsyncMessage, Client, Connection, Row, RowStream, SimpleQueryMessage, Statement,
};

use crate::store::postgres::deadline::{Deadline, now};
use crate::store::postgres::options::PostgresOptions;
use crate::store::postgres::problem::Problem;
use crate::store::postgres::read::Request;
use crate::store::postgres::statement::{Parameter, Shape};
use crate::store::postgres::tls::Encrypted;
use crate::store::postgres::wire::{Awake, Waiter, Wire};

/// The process of the server at the other end of a connection, by its number and its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerProcess {
    pub(super) pid: i32,
    pub(super) started: String,
}

/// A connection to a server that accepts writes.
pub(super) struct Channel {
    pub(super) client: Client,
    pub(super) driver: Driver,
    pub(super) process: Arc<ServerProcess>,
    /// The moment from which on another connection takes its place.
    pub(super) expires: Instant,
    used: Instant,
    statements: HashMap<Shape, Statement>,
}

impl Channel {
    pub(super) fn new(client: Client, driver: Driver) -> Self {
        let process = ServerProcess { pid: 0, started: String::new() };
        let (process, now) = (Arc::new(process), now());
        Self { client, driver, process, expires: now, used: now, statements: HashMap::new() }
    }

    /// Whether the connection can take a request: nothing has ended it while it was idle.
    pub(super) fn is_usable(&mut self) -> bool {
        // A look at the socket costs as much as a tenth of a request.
        const FRESH: Duration = Duration::from_secs(1);
        let now = now();
        let is_fresh = now.saturating_duration_since(self.used) < FRESH;
        self.used = now;
        now < self.expires && (is_fresh || self.driver.is_alive())
    }

    /// Runs statements without parameters and returns the rows of all of them as texts.
    pub(super) fn simple(
        &mut self,
        sql: &str,
        deadline: Deadline,
    ) -> Result<Vec<Vec<Option<String>>>, Problem> {
        let messages = self.driver.run(deadline, self.client.simple_query(sql))?;
        let mut rows = Vec::new();
        for message in &messages {
            if let SimpleQueryMessage::Row(row) = message {
                let texts = (0..row.len()).map(|column| row.get(column).map(str::to_owned));
                rows.push(texts.collect());
            }
        }
        Ok(rows)
    }

    /// Runs a request, as a statement that the connection keeps if it may.
    pub(super) fn query(
        &mut self,
        request: &Request<'_>,
        options: &PostgresOptions,
        deadline: Deadline,
    ) -> Result<Vec<Row>, Problem> {
        if options.pools_transactions {
            let sql = request.shape.sql(&options.schema);
            return self.query_text(&sql, &request.parameters, deadline);
        }
        let statement = self.prepared(request, options, deadline)?;
        let rows = query(&self.client, &statement, &request.parameters);
        self.driver.run(deadline, rows)
    }

    /// Runs a statement that no other request refers to.
    pub(super) fn query_text(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
        deadline: Deadline,
    ) -> Result<Vec<Row>, Problem> {
        self.driver.run_durably(deadline, query_text(&self.client, sql, parameters))
    }

    /// The statement of a request, from an earlier one or from a round trip of its own.
    pub(super) fn prepared(
        &mut self,
        request: &Request<'_>,
        options: &PostgresOptions,
        deadline: Deadline,
    ) -> Result<Statement, Problem> {
        const MOST: usize = 256;
        if let Some(statement) = self.statements.get(&request.shape) {
            return Ok(statement.clone());
        }
        let sql = request.shape.sql(&options.schema);
        let types: Vec<_> = request.parameters.iter().map(Parameter::of).collect();
        let statement = self.driver.run(deadline, self.client.prepare_typed(&sql, &types))?;
        if self.statements.len() >= MOST {
            self.statements.clear();
        }
        self.statements.insert(request.shape.clone(), statement.clone());
        Ok(statement)
    }
}

/// The rows of a prepared statement.
pub(super) async fn query(
    client: &Client,
    statement: &Statement,
    parameters: &[Parameter<'_>],
) -> Result<Vec<Row>, tokio_postgres::Error> {
    collect(client.query_raw(statement, parameters).await?).await
}

/// The rows of a statement that is prepared in the same flight.
pub(super) async fn query_text(
    client: &Client,
    sql: &str,
    parameters: &[Parameter<'_>],
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let typed = parameters.iter().map(|parameter| (parameter, parameter.of()));
    collect(client.query_typed_raw(sql, typed).await?).await
}

async fn collect(rows: RowStream) -> Result<Vec<Row>, tokio_postgres::Error> {
    let mut rows = pin!(rows);
    let mut collected = Vec::new();
    while let Some(row) = poll_fn(|context| rows.as_mut().poll_next(context)).await {
        collected.push(row?);
    }
    Ok(collected)
}

/// Carries requests and answers while somebody waits for one.
pub(super) struct Driver {
    connection: Connection<Wire, Encrypted>,
    waiter: Waiter,
    awake: Arc<Awake>,
    has_ended: bool,
    /// The server has committed something, and may have lost it if it loses its disk: it did not
    /// wait for its standby to the end.
    is_doubtful: bool,
}

impl Driver {
    pub(super) fn new(connection: Connection<Wire, Encrypted>, waiter: Waiter) -> Self {
        Self { connection, waiter, awake: Arc::default(), has_ended: false, is_doubtful: false }
    }

    /// The result of a request, at the deadline at the latest. After a broken connection the
    /// request may have been carried out.
    pub(super) fn run<T>(
        &mut self,
        deadline: Deadline,
        request: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Problem> {
        let waker = Waker::from(Arc::clone(&self.awake));
        let mut context = Context::from_waker(&waker);
        let mut request = pin!(request);
        loop {
            if let Poll::Ready(result) = request.as_mut().poll(&mut context) {
                return result.map_err(Problem::from);
            }
            // Whatever the request woke is the connection, which goes on now.
            self.awake.take();
            if let Some(end) = self.advance(&mut context) {
                // The answer may have come before the end.
                return match request.as_mut().poll(&mut context) {
                    Poll::Ready(Ok(answer)) => Ok(answer),
                    Poll::Ready(Err(error)) if !error.is_closed() => Err(error.into()),
                    Poll::Ready(Err(_)) | Poll::Pending => Err(end),
                };
            }
            if !self.awake.take() {
                wait(&self.waiter, deadline)?;
            }
        }
    }

    /// The result of a request that commits, if the commit is as durable as the server promises.
    pub(super) fn run_durably<T>(
        &mut self,
        deadline: Deadline,
        request: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Problem> {
        self.is_doubtful = false;
        let answer = self.run(deadline, request)?;
        if self.is_doubtful {
            return Err(Problem::broken("the server did not wait for its standby"));
        }
        Ok(answer)
    }

    /// Reads and writes until the socket has no more to give or to take. The reason if the
    /// connection has ended.
    fn advance(&mut self, context: &mut Context<'_>) -> Option<Problem> {
        while !self.has_ended {
            let end = match self.connection.poll_message(context) {
                Poll::Pending => return None,
                Poll::Ready(Some(Ok(AsyncMessage::Notice(notice)))) => {
                    self.is_doubtful |= gives_up_standby(&notice);
                    continue;
                }
                Poll::Ready(Some(Ok(_))) => continue,
                Poll::Ready(Some(Err(error))) => {
                    let problem = Problem::from(error);
                    Problem::broken(problem.to_string())
                }
                Poll::Ready(None) => Problem::broken("the connection was closed"),
            };
            self.has_ended = true;
            return Some(end);
        }
        Some(Problem::broken("the connection was closed"))
    }

    /// Whether the connection goes on, as far as the socket knows.
    fn is_alive(&mut self) -> bool {
        if matches!(self.waiter.wait(Duration::ZERO), Ok(false)) {
            return true;
        }
        let waker = Waker::from(Arc::clone(&self.awake));
        self.advance(&mut Context::from_waker(&waker)).is_none()
    }
}

/// Whether a server says that it no longer waits until the standby has a commit. The text of this
/// warning depends on the server's language, and its code is either that of all warnings or that of
/// a server that stops.
fn gives_up_standby(notice: &DbError) -> bool {
    let is_warning = notice.parsed_severity() == Some(Severity::Warning);
    is_warning && [SqlState::WARNING, SqlState::ADMIN_SHUTDOWN].contains(notice.code())
}

/// Waits until the socket is ready, at the deadline at the latest.
fn wait(waiter: &Waiter, deadline: Deadline) -> Result<(), Problem> {
    let late = || Problem::broken("the server did not answer in time");
    let left = deadline.remaining().ok_or_else(late)?;
    let is_ready = waiter.wait(left).map_err(|error| Problem::broken(error.to_string()))?;
    if is_ready { Ok(()) } else { Err(late()) }
}

/// The result of a future that itself reads and writes the socket.
pub(super) fn run_alone<T, E: Into<Problem>>(
    waiter: &Waiter,
    deadline: Deadline,
    future: impl Future<Output = Result<T, E>>,
) -> Result<T, Problem> {
    let awake = Arc::<Awake>::default();
    let waker = Waker::from(Arc::clone(&awake));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result.map_err(Into::into);
        }
        if !awake.take() {
            wait(waiter, deadline)?;
        }
    }
}
