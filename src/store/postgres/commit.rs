//! Commits: one statement, repeated when it met another one, settled when its answer was lost.

use std::sync::Arc;

use futures_util::future::join4;
use tokio_postgres::Row;

use crate::ambient::{Ids, RandomIds, SystemEntropy};
use crate::store::postgres::PostgresStore;
use crate::store::postgres::channel::{Channel, query, query_text};
use crate::store::postgres::connect::PLANS;
use crate::store::postgres::deadline::{Deadline, Pauses};
use crate::store::postgres::plan::{CommitAnswer, CommitPlan};
use crate::store::postgres::problem::{Contention, Problem, ProblemKind};
use crate::store::postgres::read::{ReadFailure, Request};
use crate::store::postgres::settle::Doubt;
use crate::store::postgres::statistics::add;
use crate::store::{Batch, Commit, Key, Refreshed, StoreError, Token, Version};

/// A commit without an answer.
struct Unanswered {
    problem: Problem,
    /// The server may have received it.
    was_sent: bool,
}

impl PostgresStore {
    /// Compares the checks of a batch, in one read.
    pub(super) fn compare(&self, batch: &Batch, deadline: Deadline) -> Result<Commit, StoreError> {
        let checks = batch.checks.iter();
        let keys = checks
            .map(|(key, value)| (key, value.as_ref().map(|value| Version::of(value))))
            .collect();
        let found = self.read_keys(keys, deadline)?;
        let holds = |((_, wanted), found): (&(Key, Option<Vec<u8>>), &Refreshed)| match found {
            Refreshed::Absent => wanted.is_none(),
            Refreshed::Unchanged => true,
            Refreshed::Value(_) => false,
        };
        if batch.checks.iter().zip(&found).all(holds) {
            return Ok(Commit::Done);
        }
        let current = batch.checks.iter().zip(found).map(|((key, wanted), found)| {
            let value = match found {
                Refreshed::Absent => None,
                Refreshed::Unchanged => wanted.clone(),
                Refreshed::Value(value) => Some(value),
            };
            (key.clone(), value)
        });
        Ok(Commit::ConflictWith(current.collect()))
    }

    pub(super) fn write(&self, batch: &Batch) -> Result<Commit, StoreError> {
        let deadline = self.deadline();
        let counters = &self.pool.counters;
        let mut doubt = Doubt::new(self.token_for(batch)?);
        let mut are_puts_new = true;
        let (mut contention, mut outage) = (Pauses::of_contention(), Pauses::of_outage());
        loop {
            let mut leased = match self.pool.lease(deadline) {
                Ok(leased) => leased,
                Err(problem) => return Err(self.give_up(&doubt, problem)),
            };
            add(&counters.commits);
            let plan = CommitPlan::new(batch, doubt.token, are_puts_new);
            let process = Arc::clone(&leased.channel.process);
            let (answer, was_sent) = match self.send(&mut leased.channel, &plan, deadline) {
                Ok(rows) => (CommitPlan::answer(&rows).map_err(ReadFailure::into_problem), true),
                Err(unanswered) => (Err(unanswered.problem), unanswered.was_sent),
            };
            let problem = match leased.end(answer) {
                Ok(CommitAnswer::Done) => {
                    if doubt.is_open {
                        add(&counters.absent);
                    }
                    self.after_done(doubt.token, deadline);
                    return Ok(Commit::Done);
                }
                Ok(CommitAnswer::Conflict) => Problem::contended(Contention::Serialization),
                Ok(CommitAnswer::WrongLevel) => Problem::refused(WRONG_LEVEL),
                Err(problem) => problem,
            };
            match problem.kind {
                ProblemKind::Contended(kind) => {
                    if let Some(commit) = self.conflict(&doubt, batch, deadline)? {
                        return Ok(commit);
                    }
                    are_puts_new &= kind != Contention::Unique;
                    counters.add_retry(kind);
                    contention.pause(deadline);
                }
                ProblemKind::Broken if was_sent => {
                    if let Some(commit) = self.settle(&mut doubt, &process, problem, deadline)? {
                        return Ok(commit);
                    }
                    continue;
                }
                ProblemKind::Broken => outage.pause(deadline),
                ProblemKind::Busy | ProblemKind::Refused => {
                    return Err(self.give_up(&doubt, problem));
                }
            }
            if deadline.remaining().is_none() {
                return Err(self.give_up(&doubt, problem));
            }
        }
    }

    /// The outcome of a batch that met another one: `None` if all its checks hold, so that it can
    /// be repeated.
    fn conflict(
        &self,
        doubt: &Doubt,
        batch: &Batch,
        deadline: Deadline,
    ) -> Result<Option<Commit>, StoreError> {
        if batch.checks.is_empty() {
            return Ok(None);
        }
        let compared = self.compare(batch, deadline);
        match compared.map_err(|error| self.give_up_after(doubt, error))? {
            Commit::Done | Commit::Conflict => Ok(None),
            Commit::ConflictWith(current) => {
                self.settle_conflict(doubt, batch, current, deadline).map(Some)
            }
        }
    }

    /// The token of the batch. Behind a pooler nothing tells which process of the server an
    /// earlier attempt has, so a batch without a token gets one.
    fn token_for(&self, batch: &Batch) -> Result<Option<Token>, StoreError> {
        if batch.token.is_some() || !self.pool.servers.options.pools_transactions {
            return Ok(batch.token);
        }
        let token = RandomIds(SystemEntropy).mint().map_err(StoreError::failed)?;
        Ok(Some(Token(token.into_bytes())))
    }

    fn send(
        &self,
        channel: &mut Channel,
        plan: &CommitPlan<'_>,
        deadline: Deadline,
    ) -> Result<Vec<Row>, Unanswered> {
        let unsent = |problem| Unanswered { problem, was_sent: false };
        let sent = |problem| Unanswered { problem, was_sent: true };
        let options = &self.pool.servers.options;
        let CommitPlan { request, cleaning } = plan;
        let parameters = &request.parameters;
        if options.pools_transactions {
            let text = |request: &Request<'_>| request.shape.sql(&options.schema);
            let (sql, cleaner) = (text(request), cleaning.as_ref().map(text).unwrap_or_default());
            let begin = self.begin();
            let client = &channel.client;
            let flight = join4(
                client.batch_execute(&begin),
                query_text(client, &sql, parameters),
                async {
                    match cleaning {
                        Some(cleaning) => query_text(client, &cleaner, &cleaning.parameters).await,
                        None => Ok(Vec::new()),
                    }
                },
                client.batch_execute("COMMIT"),
            );
            return channel.driver.run_durably(deadline, all(flight)).map_err(sent);
        }
        let statement = channel.prepared(request, options, deadline).map_err(unsent)?;
        let Some(cleaning) = cleaning else {
            let rows = query(&channel.client, &statement, parameters);
            return channel.driver.run_durably(deadline, rows).map_err(sent);
        };
        let cleaner = channel.prepared(cleaning, options, deadline).map_err(unsent)?;
        let client = &channel.client;
        let flight = join4(
            client.batch_execute(BEGIN),
            query(client, &statement, parameters),
            query(client, &cleaner, &cleaning.parameters),
            client.batch_execute("COMMIT"),
        );
        channel.driver.run_durably(deadline, all(flight)).map_err(sent)
    }

    /// The start of a transaction behind a pooler, where no session keeps its settings.
    fn begin(&self) -> String {
        format!("{BEGIN}{}", self.local_settings())
    }

    /// The settings of a session, for a single transaction.
    pub(super) fn local_settings(&self) -> String {
        let timeout = self.pool.servers.options.timeout;
        let limit = timeout.as_millis().saturating_mul(9).checked_div(10).unwrap_or_default();
        let plans = PLANS.map(|name| format!("; SET LOCAL {name} = off")).concat();
        format!("; SET LOCAL statement_timeout = {}{plans}", limit.clamp(1, 2_000_000_000))
    }
}

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ";

const WRONG_LEVEL: &str = "the transaction is not at REPEATABLE READ, so nothing was written; \
     behind a pooler in transaction mode, add `pooler=transaction` to the URL";

type Answered<T> = Result<T, tokio_postgres::Error>;

/// The results of the four requests of a transaction.
type Flight = (Answered<()>, Answered<Vec<Row>>, Answered<Vec<Row>>, Answered<()>);

/// The rows of the second of four requests, if all of them succeed. The server ends a transaction
/// in which one failed without carrying it out.
async fn all(flight: impl Future<Output = Flight>) -> Answered<Vec<Row>> {
    let (begun, rows, cleaned, ended) = flight.await;
    begun?;
    let rows = rows?;
    cleaned?;
    ended?;
    Ok(rows)
}
