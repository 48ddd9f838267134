//! Reads: any number of keys of any trees, or a range of one tree, in one statement.

use std::collections::BTreeMap;

use tokio_postgres::Row;
use uuid::Uuid;

use crate::store::key::corrupt;
use crate::store::postgres::problem::Problem;
use crate::store::postgres::row::RowKey;
use crate::store::postgres::statement::{Action, Form, Parameter, Part, Shape};
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
    pub(super) shape: Shape,
    pub(super) parameters: Vec<Parameter<'a>>,
}

/// A read of keys, each with the version that the caller knows.
pub(super) struct KeyRead<'a> {
    pub(super) request: Request<'a>,
    keys: Vec<(&'a Key, Option<Version>)>,
    /// The places of the keys of each part of the statement.
    parts: Vec<Vec<usize>>,
}

impl<'a> KeyRead<'a> {
    pub(super) fn new(keys: Vec<(&'a Key, Option<Version>)>) -> Self {
        /// More keys than these are sent in arrays.
        const FEW: usize = 4;

        let is_few = keys.len() <= FEW && keys.iter().all(|(key, _)| RowKey::is_short(&key.bytes));
        let (parts, shape, parameters) = if is_few { one_each(&keys) } else { arrays(&keys) };
        Self { request: Request { shape: Shape::Read(shape), parameters }, keys, parts }
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
        let places = self.parts.get(usize::try_from(number).ok()?)?;
        places.get(usize::try_from(ordinal).ok()?.checked_sub(1)?).copied()
    }
}

type ReadParts<'a> = (Vec<Vec<usize>>, Vec<Part>, Vec<Parameter<'a>>);

fn one_each<'a>(keys: &[(&'a Key, Option<Version>)]) -> ReadParts<'a> {
    let part =
        |(key, _): &(&Key, _)| Part { action: Action::Find, tree: key.tree, form: Form::One };
    let bound = |(key, known): &(&'a Key, Option<Version>)| {
        [Parameter::Bytes(&key.bytes), Parameter::Version(known.map(uuid_of))]
    };
    let places = (0..keys.len()).map(|place| vec![place]);
    (places.collect(), keys.iter().map(part).collect(), keys.iter().flat_map(bound).collect())
}

/// The keys by their trees.
fn arrays<'a>(keys: &[(&'a Key, Option<Version>)]) -> ReadParts<'a> {
    let mut trees: BTreeMap<Tree, Vec<usize>> = BTreeMap::new();
    for ((key, _), place) in keys.iter().zip(0..) {
        trees.entry(key.tree).or_default().push(place);
    }
    let (mut parts, mut parameters) = (Vec::new(), Vec::new());
    for (tree, places) in &trees {
        let own: Vec<_> = places.iter().filter_map(|place| keys.get(*place)).collect();
        let rows: Vec<RowKey<'a>> = own.iter().map(|(key, _)| RowKey::of(&key.bytes)).collect();
        parameters.push(Parameter::Heads(rows.iter().map(|row| row.head).collect()));
        parameters.push(Parameter::Hashes(rows.into_iter().map(|row| row.hash).collect()));
        let known = own.iter().map(|(_, known)| known.map(uuid_of)).collect();
        parameters.push(Parameter::Versions(known));
        parts.push(Part { action: Action::Find, tree: *tree, form: Form::Many });
    }
    (trees.into_values().collect(), parts, parameters)
}

/// A read of a range: its first rows.
pub(super) fn range_request(range: &KeyRange, limit: usize) -> Request<'_> {
    let bounds = std::iter::once(&range.start).chain(&range.end).map(|bound| RowKey::of(bound));
    let bounds = bounds.flat_map(|row| [Parameter::Bytes(row.head), Parameter::Bytes(row.tail)]);
    let limit = Parameter::Limit(i64::try_from(limit).unwrap_or(i64::MAX));
    Request {
        shape: Shape::Range { tree: range.tree, has_end: range.end.is_some() },
        parameters: bounds.chain([limit]).collect(),
    }
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
