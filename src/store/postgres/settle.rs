//! Commits whose answer was lost: did they happen?
//!
//! A batch with a token writes a row with it. Whoever inserts this row first decides: if the commit
//! did, it happened; if the one who asks did, the commit can never happen.
//!
//! A batch without a token puts a key that was absent. The process of the server that has the
//! commit is ended first. The batch is then repeated: if the commit happened, the key is there.

use tokio_postgres::Row;
use uuid::Uuid;

use crate::store::postgres::PostgresStore;
use crate::store::postgres::channel::ServerProcess;
use crate::store::postgres::deadline::{Deadline, Pauses};
use crate::store::postgres::problem::{Problem, ProblemKind};
use crate::store::postgres::statement::Parameter;
use crate::store::postgres::statistics::add;
use crate::store::{Batch, Commit, Key, StoreError, Token, Value, Version};

const TERMINATION: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
     WHERE pid = $1 AND backend_start::text = $2";

/// The knowledge about earlier attempts of a commit.
pub(super) struct Doubt {
    /// The token of the next attempt.
    pub(super) token: Option<Token>,
    /// An earlier attempt may have happened, which the next one will tell.
    pub(super) is_open: bool,
}

impl Doubt {
    pub(super) fn new(token: Option<Token>) -> Self {
        Self { token, is_open: false }
    }
}

impl PostgresStore {
    /// Finds out about a commit whose answer was lost. `None` means to repeat the batch.
    pub(super) fn settle(
        &self,
        doubt: &mut Doubt,
        process: &ServerProcess,
        lost: Problem,
        deadline: Deadline,
    ) -> Result<Option<Commit>, StoreError> {
        let unknown = |problem: Problem| {
            add(&self.pool.counters.unknown);
            problem.at(&lost.to_string()).into_unknown()
        };
        let Some(token) = doubt.token else {
            self.end_process(process, deadline).map_err(unknown)?;
            doubt.is_open = true;
            return Ok(None);
        };
        if self.has_happened(token, deadline).map_err(unknown)? {
            add(&self.pool.counters.happened);
            return Ok(Some(Commit::Done));
        }
        add(&self.pool.counters.absent);
        let next = Version::of(&[token.0.as_slice(), b"again"].concat());
        doubt.token = Some(Token(next.0));
        Ok(None)
    }

    /// Whether the batch with this token happened. If not, it cannot happen any more.
    fn has_happened(&self, token: Token, deadline: Deadline) -> Result<bool, Problem> {
        // The update makes this commit wait for the standby. One that a crash made visible may not
        // have.
        let schema = self.schema();
        let sql = format!(
            "INSERT INTO {schema}.tokens AS t (token, at, happened) VALUES ($1, now(), false) \
             ON CONFLICT (token) DO UPDATE SET at = t.at RETURNING happened"
        );
        let token = Parameter::Version(Some(Uuid::from_bytes(token.0)));
        let rows = self.insist(&sql, &[token], deadline)?;
        let happened = rows.first().and_then(|row| row.try_get::<_, bool>(0).ok());
        happened.ok_or_else(|| Problem::refused("the table of tokens has no answer"))
    }

    /// Ends a process of the server, and waits until it is gone.
    fn end_process(&self, process: &ServerProcess, deadline: Deadline) -> Result<(), Problem> {
        let mut pauses = Pauses::of_contention();
        loop {
            let is_it = [Parameter::Number(process.pid), Parameter::Text(&process.started)];
            if self.insist(TERMINATION, &is_it, deadline)?.is_empty() {
                return Ok(());
            }
            if deadline.remaining().is_none() {
                return Err(Problem::busy("the server has not ended the process of the commit"));
            }
            pauses.pause(deadline);
        }
    }

    /// The outcome of a batch that conflicts, after earlier attempts.
    pub(super) fn settle_conflict(
        &self,
        doubt: &Doubt,
        batch: &Batch,
        current: Vec<(Key, Option<Value>)>,
        deadline: Deadline,
    ) -> Result<Commit, StoreError> {
        if !doubt.is_open {
            return Ok(Commit::ConflictWith(current));
        }
        let put = |key: &Key| batch.puts.iter().find(|(put, _)| put == key).map(|(_, value)| value);
        let checks = batch.checks.iter().filter(|(_, wanted)| wanted.is_none());
        let created: Vec<(&Value, Option<&Value>)> = checks
            .filter_map(|(key, _)| {
                let now = current.iter().find(|(found, _)| found == key);
                put(key).map(|own| (own, now.and_then(|(_, value)| value.as_ref())))
            })
            .collect();
        if created.iter().any(|(own, now)| Some(*own) == *now) {
            // As for a token: what a crash made visible has to reach the standby.
            let schema = self.schema();
            let sql = format!(
                "INSERT INTO {schema}.tokens (token, at, happened) \
                 VALUES (gen_random_uuid(), now(), true)"
            );
            self.insist(&sql, &[], deadline).map_err(|problem| self.give_up(doubt, problem))?;
            add(&self.pool.counters.happened);
            return Ok(Commit::Done);
        }
        if created.iter().any(|(_, now)| now.is_none()) {
            add(&self.pool.counters.absent);
            return Ok(Commit::ConflictWith(current));
        }
        let text = "an answer was lost, and the records have changed since";
        Err(self.give_up(doubt, Problem::busy(text)))
    }

    /// The error of a commit that ends without an outcome.
    pub(super) fn give_up(&self, doubt: &Doubt, problem: Problem) -> StoreError {
        if doubt.is_open {
            add(&self.pool.counters.unknown);
            return problem.into_unknown();
        }
        problem.into_error()
    }

    /// The error of a commit whose repetition failed with this one.
    pub(super) fn give_up_after(&self, doubt: &Doubt, error: StoreError) -> StoreError {
        if let StoreError::Unavailable(cause) | StoreError::Failed(cause) = &error
            && doubt.is_open
        {
            add(&self.pool.counters.unknown);
            return StoreError::Unknown(cause.clone());
        }
        error
    }

    /// Removes old tokens now and then.
    pub(super) fn after_done(&self, token: Option<Token>, deadline: Deadline) {
        let is_turn = token.is_some_and(|Token([first, ..])| first == 0);
        if !is_turn {
            return;
        }
        let schema = self.schema();
        let sql = format!(
            "DELETE FROM {schema}.tokens WHERE token IN (SELECT token FROM {schema}.tokens \
             WHERE at < now() - interval '1 hour' ORDER BY at LIMIT 1000 FOR UPDATE SKIP LOCKED)"
        );
        if let Ok(mut leased) = self.pool.lease(deadline) {
            let result = leased.channel.query_text(&sql, &[], deadline);
            // The batch is done whatever becomes of this. Another turn comes.
            let _ = leased.end(result);
        }
    }

    /// Repeats a request that may run twice until the deadline.
    fn insist(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
        deadline: Deadline,
    ) -> Result<Vec<Row>, Problem> {
        let mut pauses = Pauses::of_outage();
        loop {
            let mut leased = self.pool.lease(deadline)?;
            let result = leased.channel.query_text(sql, parameters, deadline);
            let problem = match leased.end(result) {
                Ok(rows) => return Ok(rows),
                Err(problem) => problem,
            };
            if problem.kind == ProblemKind::Refused || deadline.remaining().is_none() {
                return Err(problem);
            }
            pauses.pause(deadline);
        }
    }
}
