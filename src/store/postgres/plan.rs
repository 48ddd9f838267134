//! A batch as one statement.
//!
//! At REPEATABLE READ the first to change a row wins, and the server refuses the others. What the
//! statement adds makes commits serializable, in the order in which they end:
//!
//! * Rows that are only checked are locked, so that they stay until the commit.
//! * A key that was absent is inserted, never upserted: the unique index refuses the second one.
//!   Where a batch relies on the absence of a key without putting it, it inserts the key and
//!   deletes it again in the same transaction.
//! * A key that was present is updated, never upserted: that would bring a row back that another
//!   transaction deletes.

use std::collections::BTreeMap;

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::store::postgres::read::{ReadFailure, Request, column, unreadable, uuid_of};
use crate::store::postgres::row::{RowKey, table};
use crate::store::{Batch, Key, Token, Tree, Value, Version};

/// The statement of a batch, and the one that cleans up behind it.
pub(super) struct CommitPlan<'a> {
    pub(super) request: Request<'a>,
    /// Removes the keys that were inserted for their absence only.
    pub(super) cleaning: Option<Request<'a>>,
    /// The checks that each part of the answer is about.
    checks: Vec<Vec<CheckRow<'a>>>,
}

/// A key, and the value that a batch relies on.
type CheckRow<'a> = (&'a Key, Option<&'a Value>);

/// The answer to a batch.
pub(super) enum CommitAnswer {
    Done,
    /// The current values of the checked keys.
    Conflict(Vec<(Key, Option<Value>)>),
    /// The transaction is not at REPEATABLE READ; nothing was written.
    WrongLevel,
}

/// All that a batch says about a key.
#[derive(Default)]
struct Intent<'a> {
    check: Option<Presence<'a>>,
    is_deleted: bool,
    put: Option<&'a Value>,
}

/// A state of a key that a batch relies on.
#[derive(Clone, Copy)]
enum Presence<'a> {
    Absent,
    Present(&'a Value),
}

/// The keys of one tree, by what happens to them.
#[derive(Default)]
struct TreePlan<'a> {
    shared: Vec<(&'a Key, &'a Value)>,
    owned: Vec<(&'a Key, &'a Value)>,
    absent: Vec<&'a Key>,
    deleted: Vec<&'a Key>,
    vacant: Vec<&'a Key>,
    updated: Vec<(&'a Key, &'a Value)>,
    inserted: Vec<(&'a Key, &'a Value)>,
    upserted: Vec<(&'a Key, &'a Value)>,
}

fn sorted(batch: &Batch) -> BTreeMap<Tree, TreePlan<'_>> {
    let mut intents: BTreeMap<&Key, Intent<'_>> = BTreeMap::new();
    for (key, value) in &batch.checks {
        intents.entry(key).or_default().check = Some(match value {
            None => Presence::Absent,
            Some(value) => Presence::Present(value),
        });
    }
    for key in &batch.deletes {
        intents.entry(key).or_default().is_deleted = true;
    }
    for (key, value) in &batch.puts {
        intents.entry(key).or_default().put = Some(value);
    }
    let mut trees: BTreeMap<Tree, TreePlan<'_>> = BTreeMap::new();
    for (key, intent) in intents {
        trees.entry(key.tree).or_default().add(key, &intent);
    }
    trees
}

impl<'a> TreePlan<'a> {
    fn add(&mut self, key: &'a Key, intent: &Intent<'a>) {
        let is_written = intent.is_deleted || intent.put.is_some();
        match intent.check {
            Some(Presence::Present(value)) if is_written => self.owned.push((key, value)),
            Some(Presence::Present(value)) => self.shared.push((key, value)),
            Some(Presence::Absent) => self.absent.push(key),
            None => {}
        }
        match (intent.put, intent.check) {
            (Some(value), Some(Presence::Present(_))) => self.updated.push((key, value)),
            (Some(value), Some(Presence::Absent)) => self.inserted.push((key, value)),
            (Some(value), None) => self.upserted.push((key, value)),
            (None, Some(Presence::Absent)) => self.vacant.push(key),
            (None, Some(Presence::Present(_))) if intent.is_deleted => self.deleted.push(key),
            (None, None) => {
                self.deleted.push(key);
                self.vacant.push(key);
            }
            (None, Some(Presence::Present(_))) => {}
        }
    }
}

impl<'a> CommitPlan<'a> {
    pub(super) fn new(schema: &str, batch: &'a Batch, token: Option<Token>) -> Self {
        let trees = sorted(batch);
        let mut statement = Statement::new(schema);
        for (tree, plan) in &trees {
            statement.check(*tree, plan);
        }
        statement.judge();
        for ((tree, plan), number) in trees.iter().zip(0_usize..) {
            statement.write(*tree, plan, number);
        }
        if let Some(token) = token {
            statement.keep(token);
        }
        let cleaning = clean(schema, &trees);
        let (request, checks) = statement.finish();
        Self { request, cleaning, checks }
    }

    /// The answer in the rows of the statement.
    pub(super) fn answer(&self, rows: &[Row]) -> Result<CommitAnswer, ReadFailure> {
        let mut changed: BTreeMap<(usize, usize), Option<Value>> = BTreeMap::new();
        let mut verdict = None;
        for row in rows {
            let (part, ordinal): (i32, i64) = (column(row, 0)?, column(row, 1)?);
            match (usize::try_from(part), usize::try_from(ordinal)) {
                (Ok(part), Ok(ordinal)) => {
                    changed.insert((part, ordinal), column(row, 4)?);
                }
                _ => verdict = Some((column::<bool>(row, 2)?, column::<bool>(row, 3)?)),
            }
        }
        match verdict {
            Some((true, true)) => Ok(CommitAnswer::Done),
            Some((false, _)) => Ok(CommitAnswer::WrongLevel),
            Some((true, false)) => {
                let parts = self.checks.iter().zip(0..);
                let checks = parts.flat_map(|(checks, part)| {
                    checks.iter().zip(1..).map(move |(check, ordinal)| (check, (part, ordinal)))
                });
                let values = checks.map(|((key, value), place)| {
                    let current = changed.remove(&place);
                    ((*key).clone(), current.unwrap_or_else(|| value.cloned()))
                });
                Ok(CommitAnswer::Conflict(values.collect()))
            }
            None => Err(unreadable()),
        }
    }
}

const VACANT: &str = "'00000000-0000-0000-0000-000000000000'::uuid";

/// A statement while it is written.
struct Statement<'s, 'a> {
    schema: &'s str,
    request: Request<'a>,
    separator: &'static str,
    /// The name of each part that checks, its table, and its checks.
    parts: Vec<(String, Tree, Vec<CheckRow<'a>>)>,
}

impl<'s, 'a> Statement<'s, 'a> {
    fn new(schema: &'s str) -> Self {
        Self { schema, request: Request::new(), separator: "WITH ", parts: Vec::new() }
    }

    fn part(&mut self, sql: std::fmt::Arguments<'_>) {
        let separator = self.separator;
        self.request.push(format_args!("{separator}{sql}"));
        self.separator = ", ";
    }

    /// Compares and locks the checked rows of a tree.
    fn check(&mut self, tree: Tree, plan: &TreePlan<'a>) {
        for (checks, lock) in [(&plan.shared, "SHARE"), (&plan.owned, "UPDATE")] {
            if checks.is_empty() {
                continue;
            }
            let (k, h) = self.request.bind_keys(&rows(checks.iter().map(|(key, _)| *key)));
            let versions: Vec<Uuid> =
                checks.iter().map(|(_, value)| uuid_of(Version::of(value))).collect();
            let version = self.request.bind(versions, Type::UUID_ARRAY);
            let (name, at) = (format!("c{}", self.parts.len()), self.table(tree));
            self.part(format_args!(
                "{name} AS MATERIALIZED (SELECT q.i, q.k, q.h, \
                 t.version IS NOT DISTINCT FROM q.version AS same \
                 FROM unnest(${k}::bytea[], ${h}::bytea[], ${version}::uuid[]) \
                 WITH ORDINALITY AS q(k, h, version, i) LEFT JOIN LATERAL \
                 (SELECT r.version FROM {at} AS r WHERE r.k = q.k AND r.h = q.h FOR {lock}) AS t \
                 ON true)"
            ));
            let checks = checks.iter().map(|(key, value)| (*key, Some(*value))).collect();
            self.parts.push((name, tree, checks));
        }
        if !plan.absent.is_empty() {
            let (k, h) = self.request.bind_keys(&rows(plan.absent.iter().copied()));
            let (name, at) = (format!("c{}", self.parts.len()), self.table(tree));
            self.part(format_args!(
                "{name} AS MATERIALIZED (SELECT q.i, q.k, q.h, t.k IS NULL AS same \
                 FROM unnest(${k}::bytea[], ${h}::bytea[]) WITH ORDINALITY AS q(k, h, i) \
                 LEFT JOIN {at} AS t ON t.k = q.k AND t.h = q.h)"
            ));
            let checks = plan.absent.iter().map(|key| (*key, None)).collect();
            self.parts.push((name, tree, checks));
        }
    }

    /// Decides whether anything is written.
    fn judge(&mut self) {
        let hold =
            |(name, ..): &(String, Tree, _)| format!(" AND (SELECT bool_and(same) FROM {name})");
        let all = self.parts.iter().map(hold).collect::<Vec<_>>().concat();
        self.part(format_args!(
            "verdict AS MATERIALIZED (SELECT level, level{all} AS holds FROM \
             (SELECT current_setting('transaction_isolation') = 'repeatable read' AS level) AS l)"
        ));
    }

    fn write(&mut self, tree: Tree, plan: &TreePlan<'a>, number: usize) {
        let at = self.table(tree);
        if !plan.deleted.is_empty() {
            let (k, h) = self.request.bind_keys(&rows(plan.deleted.iter().copied()));
            self.part(format_args!(
                "d{number} AS (DELETE FROM {at} AS t USING verdict, \
                 unnest(${k}::bytea[], ${h}::bytea[]) AS q(k, h) \
                 WHERE verdict.holds AND t.k = q.k AND t.h = q.h RETURNING t.k, t.h)"
            ));
        }
        if !plan.updated.is_empty() {
            let (k, h) = self.request.bind_keys(&rows(plan.updated.iter().map(|(key, _)| *key)));
            let (version, v) = self.bind_values(&plan.updated);
            self.part(format_args!(
                "u{number} AS (UPDATE {at} AS t SET version = q.version, v = q.v FROM verdict, \
                 unnest(${k}::bytea[], ${h}::bytea[], ${version}::uuid[], ${v}::bytea[]) \
                 AS q(k, h, version, v) WHERE verdict.holds AND t.k = q.k AND t.h = q.h)"
            ));
        }
        let upsert = " ON CONFLICT (k, h) DO UPDATE SET version = excluded.version, v = excluded.v";
        for (puts, name, end) in [(&plan.inserted, "i", ""), (&plan.upserted, "p", upsert)] {
            if puts.is_empty() {
                continue;
            }
            let (k, h, tail) = self.bind_whole_keys(puts.iter().map(|(key, _)| *key));
            let (version, v) = self.bind_values(puts);
            self.part(format_args!(
                "{name}{number} AS (INSERT INTO {at} (k, h, tail, version, v) \
                 SELECT q.k, q.h, q.tail, q.version, q.v FROM verdict, unnest(${k}::bytea[], \
                 ${h}::bytea[], ${tail}::bytea[], ${version}::uuid[], ${v}::bytea[]) \
                 AS q(k, h, tail, version, v) WHERE verdict.holds{end})"
            ));
        }
        if !plan.vacant.is_empty() {
            let (k, h, tail) = self.bind_whole_keys(plan.vacant.iter().copied());
            let unless = if plan.deleted.is_empty() {
                String::new()
            } else {
                format!(" AND (q.k, q.h) NOT IN (SELECT k, h FROM d{number})")
            };
            self.part(format_args!(
                "v{number} AS (INSERT INTO {at} (k, h, tail, version, v) \
                 SELECT q.k, q.h, q.tail, {VACANT}, '' FROM verdict, \
                 unnest(${k}::bytea[], ${h}::bytea[], ${tail}::bytea[]) AS q(k, h, tail) \
                 WHERE verdict.holds{unless})"
            ));
        }
    }

    fn keep(&mut self, token: Token) {
        let schema = self.schema;
        let token = self.request.bind(Uuid::from_bytes(token.0), Type::UUID);
        self.part(format_args!(
            "tk AS (INSERT INTO {schema}.tokens (token, at, happened) \
             SELECT ${token}, now(), true FROM verdict WHERE verdict.holds)"
        ));
    }

    /// Adds the answer: the verdict, and what the checks that do not hold found.
    fn finish(mut self) -> (Request<'a>, Vec<Vec<CheckRow<'a>>>) {
        self.request.push(format_args!(
            " SELECT -1, 0::int8, verdict.level, verdict.holds, NULL::bytea FROM verdict"
        ));
        for ((name, tree, _), part) in self.parts.iter().zip(0_usize..) {
            let (schema, table) = (self.schema, table(*tree));
            self.request.push(format_args!(
                " UNION ALL SELECT {part}, c.i, NULL, NULL, t.v FROM verdict \
                 CROSS JOIN {name} AS c LEFT JOIN {schema}.{table} AS t \
                 ON t.k = c.k AND t.h = c.h WHERE NOT verdict.holds AND NOT c.same"
            ));
        }
        (self.request, self.parts.into_iter().map(|(.., checks)| checks).collect())
    }

    fn table(&self, tree: Tree) -> String {
        format!("{}.{}", self.schema, table(tree))
    }

    fn bind_whole_keys(&mut self, keys: impl Iterator<Item = &'a Key>) -> (usize, usize, usize) {
        let rows = rows(keys);
        let (k, h) = self.request.bind_keys(&rows);
        let tails: Vec<&'a [u8]> = rows.iter().map(|row| row.tail).collect();
        (k, h, self.request.bind(tails, Type::BYTEA_ARRAY))
    }

    fn bind_values(&mut self, puts: &[(&'a Key, &'a Value)]) -> (usize, usize) {
        let version = |(_, value): &(&Key, &Value)| uuid_of(Version::of(value));
        let versions: Vec<Uuid> = puts.iter().map(version).collect();
        let values: Vec<&'a [u8]> = puts.iter().map(|(_, value)| value.as_slice()).collect();
        (
            self.request.bind(versions, Type::UUID_ARRAY),
            self.request.bind(values, Type::BYTEA_ARRAY),
        )
    }
}

fn rows<'a>(keys: impl Iterator<Item = &'a Key>) -> Vec<RowKey<'a>> {
    keys.map(|key| RowKey::of(&key.bytes)).collect()
}

/// The statement that deletes the keys that were inserted for their absence.
fn clean<'a>(schema: &str, trees: &BTreeMap<Tree, TreePlan<'a>>) -> Option<Request<'a>> {
    let mut statement = Statement::new(schema);
    for ((tree, plan), number) in trees.iter().zip(0_usize..) {
        if plan.vacant.is_empty() {
            continue;
        }
        let at = statement.table(*tree);
        let (k, h) = statement.request.bind_keys(&rows(plan.vacant.iter().copied()));
        statement.part(format_args!(
            "d{number} AS (DELETE FROM {at} AS t USING \
             unnest(${k}::bytea[], ${h}::bytea[]) AS q(k, h) \
             WHERE t.k = q.k AND t.h = q.h AND t.version = {VACANT})"
        ));
    }
    let is_needed = !statement.request.sql.is_empty();
    statement.request.push(format_args!(" SELECT 1"));
    is_needed.then_some(statement.request)
}
