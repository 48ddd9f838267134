//! Views: transactions that only read, each on a connection of its own.

use parking_lot::Mutex;
use tokio_postgres::Row;

use crate::store::key::Order;
use crate::store::postgres::channel::Channel;
use crate::store::postgres::deadline::Pauses;
use crate::store::postgres::problem::{Problem, ProblemKind};
use crate::store::postgres::read::{self, KeyRead, ReadFailure, Request};
use crate::store::postgres::statistics::add;
use crate::store::postgres::{PostgresStore, values};
use crate::store::{Key, KeyRange, StoreError, StoreView, Value};

/// A view that lasts as long as its connection. Closing the connection ends the transaction.
pub(super) struct PostgresView<'a> {
    store: &'a PostgresStore,
    /// None after a failed read: its transaction is over, or may be.
    channel: Mutex<Option<Channel>>,
}

impl PostgresStore {
    /// Opens a view, on other connections if one breaks, until the deadline.
    pub(super) fn open_view(&self) -> Result<PostgresView<'_>, StoreError> {
        let deadline = self.deadline();
        // The first query takes the snapshot.
        let start = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
             SET LOCAL idle_in_transaction_session_timeout = 0{}; SELECT 1",
            self.local_settings()
        );
        let mut pauses = Pauses::of_outage();
        loop {
            let begun = self.pool.open(deadline).and_then(|mut channel| {
                channel.simple(&start, deadline)?;
                Ok(channel)
            });
            match begun {
                Ok(channel) => {
                    return Ok(PostgresView { store: self, channel: Mutex::new(Some(channel)) });
                }
                Err(problem)
                    if problem.kind == ProblemKind::Refused || deadline.remaining().is_none() =>
                {
                    return Err(problem.into_error());
                }
                Err(_) => pauses.pause(deadline),
            }
        }
    }
}

impl PostgresView<'_> {
    fn read<T>(
        &self,
        request: &Request<'_>,
        answer: impl FnOnce(&[Row]) -> Result<T, ReadFailure>,
    ) -> Result<T, StoreError> {
        let mut kept = self.channel.lock();
        let lost = || StoreError::unavailable("the view has ended with its transaction");
        let mut channel = kept.take().ok_or_else(lost)?;
        let pool = &self.store.pool;
        add(&pool.counters.reads);
        let rows = channel.query(request, &pool.servers.options, self.store.deadline());
        let rows = rows.inspect_err(|problem| {
            if problem.kind == ProblemKind::Broken {
                add(&pool.counters.broken);
            }
        });
        match answer(&rows.map_err(Problem::into_error)?) {
            Ok(answer) => {
                *kept = Some(channel);
                Ok(answer)
            }
            Err(ReadFailure::Problem(problem)) => Err(problem.into_error()),
            Err(ReadFailure::Store(error)) => Err(error),
        }
    }
}

impl StoreView for PostgresView<'_> {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let read = KeyRead::new(keys.iter().map(|key| (key, None)).collect());
        Ok(values(self.read(&read.request, |rows| read.answer(rows))?))
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        let request = read::range_request(range, Order::Ascending, limit);
        self.read(&request, |rows| read::entries(range.tree, rows))
    }
}
