//! Commits: one statement, repeated when it met another one, settled when its answer was lost.

use futures_util::future::join4;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use crate::ambient::{Ids, RandomIds, SystemEntropy};
use crate::store::postgres::PostgresStore;
use crate::store::postgres::channel::{Channel, Parameters, typed};
use crate::store::postgres::connect::PLANS;
use crate::store::postgres::deadline::{Deadline, Pauses};
use crate::store::postgres::plan::{CommitAnswer, CommitPlan};
use crate::store::postgres::problem::{Problem, ProblemKind};
use crate::store::postgres::read::ReadFailure;
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
    /// Compares the checks of a batch that writes nothing, in one read.
    pub(super) fn compare(&self, batch: &Batch) -> Result<Commit, StoreError> {
        let checks = batch.checks.iter();
        let keys: Vec<(Key, Option<Version>)> = checks
            .map(|(key, value)| (key.clone(), value.as_ref().map(|value| Version::of(value))))
            .collect();
        let found = self.read_keys(&keys, self.deadline())?;
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
        let (mut contention, mut outage) = (Pauses::of_contention(), Pauses::of_outage());
        loop {
            let mut leased = match self.pool.lease(deadline) {
                Ok(leased) => leased,
                Err(problem) => return Err(self.give_up(&doubt, problem)),
            };
            add(&counters.commits);
            let plan = CommitPlan::new(self.schema(), batch, doubt.token);
            let process = leased.channel.process.clone();
            let (answer, was_sent) = match self.send(&mut leased.channel, &plan, deadline) {
                Ok(rows) => (plan.answer(&rows).map_err(ReadFailure::into_problem), true),
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
                Ok(CommitAnswer::Conflict(current)) => {
                    return self.settle_conflict(&doubt, batch, current, deadline);
                }
                Ok(CommitAnswer::WrongLevel) => Problem::refused(WRONG_LEVEL),
                Err(problem) => problem,
            };
            match problem.kind {
                ProblemKind::Contended(kind) => {
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
        let (sql, parameters) = (&plan.request.sql, &plan.request.parameters);
        if self.pool.servers.options.pools_transactions {
            let cleaning = plan.cleaning.as_ref().map(|c| (c.sql.as_str(), typed(&c.parameters)));
            let begin = self.begin();
            let client = &channel.client;
            let flight = join4(
                client.batch_execute(&begin),
                async { client.query_typed(sql, &typed(parameters)).await },
                async {
                    match &cleaning {
                        Some((sql, parameters)) => client.query_typed(sql, parameters).await,
                        None => Ok(Vec::new()),
                    }
                },
                client.batch_execute("COMMIT"),
            );
            return channel.driver.run(deadline, all(flight)).map_err(sent);
        }
        let statement = channel.prepared(sql, parameters, deadline).map_err(unsent)?;
        let Some(cleaning) = &plan.cleaning else {
            let values = values(parameters);
            let query = channel.client.query(&statement, &values);
            return channel.driver.run(deadline, query).map_err(sent);
        };
        let prepared = channel.prepared(&cleaning.sql, &cleaning.parameters, deadline);
        let cleaner: Statement = prepared.map_err(unsent)?;
        let client = &channel.client;
        let flight = join4(
            client.batch_execute(BEGIN),
            async { client.query(&statement, &values(parameters)).await },
            async { client.query(&cleaner, &values(&cleaning.parameters)).await },
            client.batch_execute("COMMIT"),
        );
        channel.driver.run(deadline, all(flight)).map_err(sent)
    }

    /// The start of a transaction behind a pooler, where no session keeps its settings.
    fn begin(&self) -> String {
        let timeout = self.pool.servers.options.timeout;
        let limit = timeout.as_millis().saturating_mul(9).checked_div(10).unwrap_or_default();
        let plans = PLANS.map(|name| format!("; SET LOCAL {name} = off")).concat();
        format!("{BEGIN}; SET LOCAL statement_timeout = {}{plans}", limit.clamp(1, 2_000_000_000))
    }
}

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ";

const WRONG_LEVEL: &str = "the transaction is not at REPEATABLE READ, so nothing was written; \
     behind a pooler in transaction mode, add `pooler=transaction` to the URL";

fn values<'a>(parameters: &'a Parameters<'_>) -> Vec<&'a (dyn ToSql + Sync)> {
    parameters.iter().map(|(value, _)| &**value as &(dyn ToSql + Sync)).collect()
}

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
