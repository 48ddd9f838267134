//! One connection. The thread that uses it drives it: there is no runtime and no other thread.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Connection, Row, SimpleQueryMessage, Statement};

use crate::store::postgres::deadline::{Deadline, now};
use crate::store::postgres::problem::Problem;
use crate::store::postgres::tls::Encrypted;
use crate::store::postgres::wire::{Awake, Waiter, Wire};

/// The parameters of a statement, with their types.
pub(super) type Parameters<'a> = Vec<(Box<dyn ToSql + Sync + Send + 'a>, Type)>;

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
    pub(super) process: ServerProcess,
    /// The moment from which on another connection takes its place.
    pub(super) expires: Instant,
    statements: HashMap<String, Statement>,
}

impl Channel {
    pub(super) fn new(client: Client, driver: Driver) -> Self {
        let process = ServerProcess { pid: 0, started: String::new() };
        let expires = now();
        Self { client, driver, process, expires, statements: HashMap::new() }
    }

    /// Whether the connection can take a request: nothing has ended it while it was idle.
    pub(super) fn is_usable(&mut self) -> bool {
        now() < self.expires && self.driver.is_alive()
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

    /// Runs a statement that the connection keeps by its text.
    pub(super) fn query(
        &mut self,
        sql: &str,
        parameters: &Parameters<'_>,
        deadline: Deadline,
    ) -> Result<Vec<Row>, Problem> {
        let statement = self.prepared(sql, parameters, deadline)?;
        let values: Vec<&(dyn ToSql + Sync)> =
            parameters.iter().map(|(value, _)| &**value as &(dyn ToSql + Sync)).collect();
        self.driver.run(deadline, self.client.query(&statement, &values))
    }

    /// Runs a statement that no other request refers to.
    pub(super) fn query_unnamed(
        &mut self,
        sql: &str,
        parameters: &Parameters<'_>,
        deadline: Deadline,
    ) -> Result<Vec<Row>, Problem> {
        self.driver.run(deadline, self.client.query_typed(sql, &typed(parameters)))
    }

    /// The statement of a text, from an earlier request or from one of its own.
    pub(super) fn prepared(
        &mut self,
        sql: &str,
        parameters: &Parameters<'_>,
        deadline: Deadline,
    ) -> Result<Statement, Problem> {
        const MOST: usize = 256;
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let types: Vec<Type> = parameters.iter().map(|(_, of)| of.clone()).collect();
        let statement = self.driver.run(deadline, self.client.prepare_typed(sql, &types))?;
        if self.statements.len() >= MOST {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

pub(super) fn typed<'a>(parameters: &'a Parameters<'_>) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    parameters.iter().map(|(value, of)| (&**value as &(dyn ToSql + Sync), of.clone())).collect()
}

/// Carries requests and answers while somebody waits for one.
pub(super) struct Driver {
    connection: Connection<Wire, Encrypted>,
    waiter: Waiter,
    awake: Arc<Awake>,
    has_ended: bool,
}

impl Driver {
    pub(super) fn new(connection: Connection<Wire, Encrypted>, waiter: Waiter) -> Self {
        Self { connection, waiter, awake: Arc::default(), has_ended: false }
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

    /// Reads and writes until the socket has no more to give or to take. The reason if the
    /// connection has ended.
    fn advance(&mut self, context: &mut Context<'_>) -> Option<Problem> {
        while !self.has_ended {
            let end = match self.connection.poll_message(context) {
                Poll::Pending => return None,
                Poll::Ready(Some(Ok(AsyncMessage::Notice(_) | AsyncMessage::Notification(_)))) => {
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
        let waker = Waker::from(Arc::clone(&self.awake));
        self.advance(&mut Context::from_waker(&waker)).is_none()
    }
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
