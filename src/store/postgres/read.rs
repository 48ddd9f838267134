//! Reads: any number of keys of any trees, or a range of one tree, in one statement.

use std::collections::BTreeMap;

use tokio_postgres::Row;
use uuid::Uuid;

use crate::store::key::{Order, corrupt};
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

/// More keys than these are sent in arrays.
pub(super) const FEW: usize = 4;

/// A read of keys, each with the version that the caller knows.
pub(super) struct KeyRead<'a> {
    pub(super) request: Request<'a>,
    keys: Vec<(&'a Key, Option<Version>)>,
    /// The places of the keys of each part of the statement. `None` if each key is a part.
    places: Option<Vec<Vec<usize>>>,
}

impl<'a> KeyRead<'a> {
    pub(super) fn new(keys: Vec<(&'a Key, Option<Version>)>) -> Self {
        let is_few = keys.len() <= FEW && keys.iter().all(|(key, _)| RowKey::is_short(&key.bytes));
        let (places, parts, parameters) = if is_few { one_each(&keys) } else { arrays(&keys) };
        Self { request: Request { shape: Shape::Read(parts), parameters }, keys, places }
    }

    /// The answer about each key, in their order.
    pub(super) fn answer(&self, rows: &[Row]) -> Result<Vec<Refreshed>, ReadFailure> {
        let mut answers = vec![Refreshed::Absent; self.keys.len()];
        for row in rows {
            let place = self.place(row)?;
            let (Some((key, known)), Some(answer)) = (self.keys.get(place), answers.get_mut(place))
            else {
                return Err(unreadable());
            };
            *answer = match column::<Option<Value>>(row, 1)? {
                None => Refreshed::Unchanged,
                Some(value) if known.is_some_and(|known| known == Version::of(&value)) => {
                    let error = corrupt(key, "the version beside the value is another value's");
                    return Err(ReadFailure::Store(error));
                }
                Some(value) => Refreshed::Value(value),
            };
        }
        Ok(answers)
    }

    fn place(&self, row: &Row) -> Result<usize, ReadFailure> {
        let number = usize::try_from(column::<i32>(row, 0)?).map_err(|_| unreadable())?;
        let Some(places) = &self.places else { return Ok(number) };
        let ordinal = usize::try_from(column::<i64>(row, 2)?).map_err(|_| unreadable())?;
        let place = places.get(number).zip(ordinal.checked_sub(1));
        place.and_then(|(places, at)| places.get(at)).copied().ok_or_else(unreadable)
    }
}

type ReadParts<'a> = (Option<Vec<Vec<usize>>>, Vec<Part>, Vec<Parameter<'a>>);

fn one_each<'a>(keys: &[(&'a Key, Option<Version>)]) -> ReadParts<'a> {
    let mut parts = Vec::with_capacity(keys.len());
    let mut parameters = Vec::with_capacity(keys.len().saturating_mul(2));
    for (key, known) in keys {
        parameters.push(Parameter::Bytes(&key.bytes));
        parameters.extend(known.map(|known| Parameter::Version(Some(uuid_of(known)))));
        let action = if known.is_some() { Action::Confirm } else { Action::Find };
        parts.push(Part { action, tree: key.tree, form: Form::One });
    }
    (None, parts, parameters)
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
    (Some(trees.into_values().collect()), parts, parameters)
}

/// A read of a range: its first rows in an order.
pub(super) fn range_request(range: &KeyRange, order: Order, limit: usize) -> Request<'_> {
    let bounds = std::iter::once(&range.start).chain(&range.end).map(|bound| RowKey::of(bound));
    let bounds = bounds.flat_map(|row| [Parameter::Bytes(row.head), Parameter::Bytes(row.tail)]);
    let limit = Parameter::Limit(i64::try_from(limit).unwrap_or(i64::MAX));
    Request {
        shape: Shape::Range { tree: range.tree, has_end: range.end.is_some(), order },
        parameters: bounds.chain([limit]).collect(),
    }
}

/// The entries of a range.
pub(super) fn entries(tree: Tree, rows: &[Row]) -> Result<Vec<(Key, Value)>, ReadFailure> {
    let entries = rows.iter().map(|row| {
        let (mut bytes, tail): (Vec<u8>, Vec<u8>) = (column(row, 0)?, column(row, 1)?);
        bytes.extend(tail);
        Ok((Key { tree, bytes }, column(row, 2)?))
    });
    entries.collect()
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
