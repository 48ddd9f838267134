//! Reads: any number of keys of any trees, or a range of one tree, in one statement.

use std::fmt::Write as _;

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::store::key::corrupt;
use crate::store::postgres::channel::{Channel, Parameters};
use crate::store::postgres::deadline::Deadline;
use crate::store::postgres::problem::Problem;
use crate::store::postgres::row::{RowKey, table};
use crate::store::{Key, KeyRange, Refreshed, StoreError, Tree, Value, Version};

/// A failed read: the server's problem, or a row that this crate cannot have written.
pub(super) enum ReadFailure {
    Problem(Problem),
    Store(StoreError),
}

impl From<Problem> for ReadFailure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl ReadFailure {
    pub(super) fn into_problem(self) -> Problem {
        match self {
            Self::Problem(problem) => problem,
            Self::Store(error) => Problem::refused(error.to_string()),
        }
    }
}

/// A statement and its parameters.
pub(super) struct Request<'a> {
    pub(super) sql: String,
    pub(super) parameters: Parameters<'a>,
}

impl<'a> Request<'a> {
    pub(super) fn new() -> Self {
        Self { sql: String::new(), parameters: Vec::new() }
    }

    pub(super) fn push(&mut self, sql: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.sql.write_fmt(sql);
    }

    /// Adds a parameter and returns its number.
    pub(super) fn bind(
        &mut self,
        value: impl tokio_postgres::types::ToSql + Sync + Send + 'a,
        of: Type,
    ) -> usize {
        self.parameters.push((Box::new(value), of));
        self.parameters.len()
    }

    /// Adds the columns that name keys, and returns their numbers.
    pub(super) fn bind_keys(&mut self, keys: &[RowKey<'a>]) -> (usize, usize) {
        let heads: Vec<&'a [u8]> = keys.iter().map(|key| key.head).collect();
        let hashes: Vec<Vec<u8>> = keys.iter().map(|key| key.hash.clone()).collect();
        (self.bind(heads, Type::BYTEA_ARRAY), self.bind(hashes, Type::BYTEA_ARRAY))
    }

    pub(super) fn run(
        &self,
        channel: &mut Channel,
        is_unnamed: bool,
        deadline: Deadline,
    ) -> Result<Vec<Row>, Problem> {
        if is_unnamed {
            channel.query_unnamed(&self.sql, &self.parameters, deadline)
        } else {
            channel.query(&self.sql, &self.parameters, deadline)
        }
    }
}

/// A read of keys, each with the version that the caller knows.
pub(super) struct KeyRead<'a> {
    pub(super) request: Request<'a>,
    keys: &'a [(Key, Option<Version>)],
    /// The trees of the keys, and the places of the keys of each.
    trees: Vec<(Tree, Vec<usize>)>,
}

impl<'a> KeyRead<'a> {
    pub(super) fn new(schema: &str, keys: &'a [(Key, Option<Version>)]) -> Self {
        let trees = by_tree(keys.iter().map(|(key, _)| key));
        let mut request = Request::new();
        for ((tree, places), number) in trees.iter().zip(0_usize..) {
            let own: Vec<_> = places.iter().filter_map(|place| keys.get(*place)).collect();
            let rows: Vec<RowKey<'a>> = own.iter().map(|(key, _)| RowKey::of(&key.bytes)).collect();
            let known: Vec<Option<Uuid>> =
                own.iter().map(|(_, known)| known.map(uuid_of)).collect();
            let (k, h) = request.bind_keys(&rows);
            let known = request.bind(known, Type::UUID_ARRAY);
            let union = if number == 0 { "" } else { " UNION ALL " };
            request.push(format_args!(
                "{union}SELECT {number}::int4, q.i, t.version, \
                 CASE WHEN t.version IS DISTINCT FROM q.known THEN t.v END \
                 FROM unnest(${k}::bytea[], ${h}::bytea[], ${known}::uuid[]) \
                 WITH ORDINALITY AS q(k, h, known, i) \
                 JOIN {schema}.{} AS t ON t.k = q.k AND t.h = q.h",
                table(*tree)
            ));
        }
        Self { request, keys, trees }
    }

    /// The answer about each key, in their order.
    pub(super) fn answer(&self, rows: &[Row]) -> Result<Vec<Refreshed>, ReadFailure> {
        let mut answers = vec![Refreshed::Absent; self.keys.len()];
        for row in rows {
            let number: i32 = column(row, 0)?;
            let ordinal: i64 = column(row, 1)?;
            let place = self.place(number, ordinal).ok_or_else(unreadable)?;
            let (Some((key, _)), Some(answer)) = (self.keys.get(place), answers.get_mut(place))
            else {
                return Err(unreadable());
            };
            let value: Option<Value> = column(row, 3)?;
            *answer = match value {
                None => Refreshed::Unchanged,
                Some(value) => Refreshed::Value(verified(key, column(row, 2)?, value)?),
            };
        }
        Ok(answers)
    }

    fn place(&self, number: i32, ordinal: i64) -> Option<usize> {
        let (_, places) = self.trees.get(usize::try_from(number).ok()?)?;
        places.get(usize::try_from(ordinal).ok()?.checked_sub(1)?).copied()
    }
}

/// The trees of keys in their order, each with the places of its keys in the order of the keys. In
/// this order rows are locked, so that two batches do not wait for each other.
pub(super) fn by_tree<'a>(keys: impl Iterator<Item = &'a Key>) -> Vec<(Tree, Vec<usize>)> {
    let mut order: Vec<(&Key, usize)> = keys.zip(0..).collect();
    order.sort();
    let mut trees: Vec<(Tree, Vec<usize>)> = Vec::new();
    for (key, place) in order {
        match trees.last_mut() {
            Some((tree, places)) if *tree == key.tree => places.push(place),
            _ => trees.push((key.tree, vec![place])),
        }
    }
    trees
}

/// A read of a range: its first rows.
pub(super) fn range_request<'a>(schema: &str, range: &'a KeyRange, limit: usize) -> Request<'a> {
    let mut request = Request::new();
    let start = RowKey::of(&range.start);
    let (k, tail) = (request.bind(start.head, Type::BYTEA), request.bind(start.tail, Type::BYTEA));
    request.push(format_args!(
        "SELECT t.k, t.tail, t.version, t.v FROM {schema}.{} AS t \
         WHERE t.k >= ${k} AND (t.k > ${k} OR t.tail >= ${tail})",
        table(range.tree)
    ));
    if let Some(end) = &range.end {
        let end = RowKey::of(end);
        let (k, tail) = (request.bind(end.head, Type::BYTEA), request.bind(end.tail, Type::BYTEA));
        request.push(format_args!(" AND t.k <= ${k} AND (t.k < ${k} OR t.tail < ${tail})"));
    }
    let limit = request.bind(i64::try_from(limit).unwrap_or(i64::MAX), Type::INT8);
    request.push(format_args!(" ORDER BY t.k, t.tail LIMIT ${limit}"));
    request
}

/// The entries of a range.
pub(super) fn entries(tree: Tree, rows: &[Row]) -> Result<Vec<(Key, Value)>, ReadFailure> {
    let entries = rows.iter().map(|row| {
        let (mut bytes, tail): (Vec<u8>, Vec<u8>) = (column(row, 0)?, column(row, 1)?);
        bytes.extend(tail);
        let key = Key { tree, bytes };
        let value = verified(&key, column(row, 2)?, column(row, 3)?)?;
        Ok((key, value))
    });
    entries.collect()
}

/// The value, if the version beside it is its own.
fn verified(key: &Key, version: Uuid, value: Value) -> Result<Value, ReadFailure> {
    if uuid_of(Version::of(&value)) == version {
        return Ok(value);
    }
    let error = corrupt(key, "the version beside the value is that of another value");
    Err(ReadFailure::Store(error))
}

pub(super) fn uuid_of(version: Version) -> Uuid {
    Uuid::from_bytes(version.0)
}

pub(super) fn column<'r, T: tokio_postgres::types::FromSql<'r>>(
    row: &'r Row,
    column: usize,
) -> Result<T, ReadFailure> {
    row.try_get(column).map_err(|_| unreadable())
}

pub(super) fn unreadable() -> ReadFailure {
    ReadFailure::Problem(Problem::refused("the server answered another statement"))
}
