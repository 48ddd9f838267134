//! A batch as one statement.
//!
//! At REPEATABLE READ the first to change a row wins, and the server refuses the others. What the
//! statement adds makes commits serializable, in the order in which they end:
//!
//! * Rows that are checked are locked, so that they stay until the commit.
//! * A key that was absent is inserted, never upserted: the unique index refuses the second one.
//!   Where a batch relies on the absence of a key without putting it, it inserts the key and
//!   deletes it again in the same transaction.
//! * A key that was present is updated, never upserted: that would bring a row back that another
//!   transaction deletes.

use std::collections::BTreeMap;

use tokio_postgres::Row;
use uuid::Uuid;

use crate::store::postgres::read::{ReadFailure, Request, column, unreadable, uuid_of};
use crate::store::postgres::row::RowKey;
use crate::store::postgres::statement::{Action, Form, Parameter, Part, Shape};
use crate::store::{Batch, Key, Token, Tree, Value, Version};

/// The statement of a batch, and the one that cleans up behind it.
pub(super) struct CommitPlan<'a> {
    pub(super) request: Request<'a>,
    /// Removes the keys that were inserted for their absence only.
    pub(super) cleaning: Option<Request<'a>>,
}

/// The answer to a batch.
pub(super) enum CommitAnswer {
    Done,
    /// A check does not hold; nothing was written.
    Conflict,
    /// The transaction is not at REPEATABLE READ; nothing was written.
    WrongLevel,
}

/// All that a batch says about a key.
struct Intent<'a> {
    key: &'a Key,
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

/// A key, and the value that it has to have or gets.
struct Entry<'a> {
    key: &'a Key,
    value: Option<&'a Value>,
}

/// Keys of a tree to which the same happens.
struct Group<'a> {
    tree: Tree,
    action: Action,
    entries: Vec<Entry<'a>>,
}

fn intents(batch: &Batch) -> Vec<Intent<'_>> {
    let checks = batch.checks.iter().map(|(key, value)| {
        let presence = value.as_ref().map_or(Presence::Absent, Presence::Present);
        Intent { key, check: Some(presence), is_deleted: false, put: None }
    });
    let deletes =
        batch.deletes.iter().map(|key| Intent { key, check: None, is_deleted: true, put: None });
    let puts = batch.puts.iter().map(|(key, value)| Intent {
        key,
        check: None,
        is_deleted: false,
        put: Some(value),
    });
    let mut intents: Vec<Intent<'_>> = checks.chain(deletes).chain(puts).collect();
    intents.sort_by_key(|intent| intent.key);
    intents.dedup_by(|later, first| {
        let is_same = later.key == first.key;
        if is_same {
            first.check = first.check.or(later.check);
            first.is_deleted |= later.is_deleted;
            first.put = first.put.or(later.put);
        }
        is_same
    });
    intents
}

/// More keys than these are sent in arrays.
const FEW: usize = 4;

/// The checks and the writes of a batch.
fn groups(batch: &Batch, are_puts_new: bool) -> (Vec<Group<'_>>, Vec<Group<'_>>) {
    let mut checks: BTreeMap<Tree, Vec<(Action, Entry<'_>)>> = BTreeMap::new();
    let mut writes: BTreeMap<(Tree, Action), Vec<Entry<'_>>> = BTreeMap::new();
    for Intent { key, check, is_deleted, put } in intents(batch) {
        let is_written = is_deleted || put.is_some();
        if let Some(Presence::Present(value)) = check {
            let action = if is_written { Action::Own } else { Action::Share };
            checks.entry(key.tree).or_default().push((action, Entry { key, value: Some(value) }));
        }
        let write = match (put, check) {
            (Some(_), Some(Presence::Present(_))) => Action::Update,
            (Some(_), Some(Presence::Absent)) => Action::Insert,
            // An engine puts an identity unseen when it is new.
            (Some(_), None) if are_puts_new && key.tree == Tree::Identities => Action::Insert,
            (Some(_), None) => Action::Upsert,
            (None, Some(Presence::Absent)) => Action::Vacate,
            (None, Some(Presence::Present(_))) if is_deleted => Action::Delete,
            (None, None) => Action::Clear,
            (None, Some(Presence::Present(_))) => continue,
        };
        writes.entry((key.tree, write)).or_default().push(Entry { key, value: put });
    }
    let checks = checks.into_iter().flat_map(|(tree, checks)| in_order(tree, checks)).collect();
    let writes = writes.into_iter();
    let writes = writes.map(|((tree, action), entries)| Group { tree, action, entries }).collect();
    (checks, writes)
}

/// The checks of a tree so that their rows are locked in the order of the keys. Two batches then
/// do not wait for each other.
fn in_order(tree: Tree, checks: Vec<(Action, Entry<'_>)>) -> Vec<Group<'_>> {
    if checks.len() <= FEW {
        let alone = |(action, entry)| Group { tree, action, entries: vec![entry] };
        return checks.into_iter().map(alone).collect();
    }
    let is_written = checks.iter().any(|(action, _)| *action == Action::Own);
    let action = if is_written { Action::Own } else { Action::Share };
    let entries = checks.into_iter().map(|(_, entry)| entry).collect();
    vec![Group { tree, action, entries }]
}

impl<'a> CommitPlan<'a> {
    /// `are_puts_new` tries to insert identities that are put without a check.
    pub(super) fn new(batch: &'a Batch, token: Option<Token>, are_puts_new: bool) -> Self {
        let (checks, writes) = groups(batch, are_puts_new);
        let mut parameters = Vec::with_capacity(16);
        let checks = parts(&checks, &mut parameters);
        let write_parts = parts(&writes, &mut parameters);
        if let Some(token) = token {
            parameters.push(Parameter::Version(Some(Uuid::from_bytes(token.0))));
        }
        let shape = Shape::Commit { checks, writes: write_parts, has_token: token.is_some() };
        Self { request: Request { shape, parameters }, cleaning: clean(&writes) }
    }

    /// The answer in the rows of the statement.
    pub(super) fn answer(rows: &[Row]) -> Result<CommitAnswer, ReadFailure> {
        let [row] = rows else {
            return Err(unreadable());
        };
        let (is_level_right, holds): (bool, bool) = (column(row, 0)?, column(row, 1)?);
        Ok(match (is_level_right, holds) {
            (false, _) => CommitAnswer::WrongLevel,
            (true, false) => CommitAnswer::Conflict,
            (true, true) => CommitAnswer::Done,
        })
    }
}

/// The parts of a statement, and their parameters.
fn parts<'a>(groups: &[Group<'a>], parameters: &mut Vec<Parameter<'a>>) -> Vec<Part> {
    let mut parts = Vec::with_capacity(groups.len());
    for Group { tree, action, entries } in groups {
        let can_be_one = !matches!(action, Action::Clear | Action::Vacate);
        let is_short = |entry: &Entry<'_>| RowKey::is_short(&entry.key.bytes);
        let part = |form| Part { action: *action, tree: *tree, form };
        if can_be_one && entries.len() <= FEW && entries.iter().all(is_short) {
            for Entry { key, value } in entries {
                parameters.push(Parameter::Bytes(&key.bytes));
                if let Some(value) = value {
                    parameters.push(Parameter::Version(Some(uuid_of(Version::of(value)))));
                    if is_put(*action) {
                        parameters.push(Parameter::Bytes(value));
                    }
                }
                parts.push(part(Form::One));
            }
        } else {
            bind_many(*action, entries, parameters);
            parts.push(part(Form::Many));
        }
    }
    parts
}

fn is_put(action: Action) -> bool {
    matches!(action, Action::Update | Action::Insert | Action::Upsert)
}

fn bind_many<'a>(action: Action, entries: &[Entry<'a>], parameters: &mut Vec<Parameter<'a>>) {
    let rows: Vec<RowKey<'a>> = entries.iter().map(|entry| RowKey::of(&entry.key.bytes)).collect();
    parameters.push(Parameter::Heads(rows.iter().map(|row| row.head).collect()));
    let tails = rows.iter().map(|row| row.tail).collect();
    parameters.push(Parameter::Hashes(rows.into_iter().map(|row| row.hash).collect()));
    let inserts =
        matches!(action, Action::Clear | Action::Vacate | Action::Insert | Action::Upsert);
    if inserts {
        parameters.push(Parameter::Heads(tails));
    }
    let values = || entries.iter().filter_map(|entry| entry.value);
    if is_put(action) || matches!(action, Action::Share | Action::Own) {
        let versions = values().map(|value| Some(uuid_of(Version::of(value)))).collect();
        parameters.push(Parameter::Versions(versions));
    }
    if is_put(action) {
        parameters.push(Parameter::Heads(values().map(Vec::as_slice).collect()));
    }
}

/// The statement that deletes the keys that were inserted for their absence.
fn clean<'a>(writes: &[Group<'a>]) -> Option<Request<'a>> {
    let mut trees = Vec::new();
    let mut parameters = Vec::new();
    for Group { tree, action, entries } in writes {
        if matches!(action, Action::Clear | Action::Vacate) {
            trees.push(*tree);
            bind_many(Action::Delete, entries, &mut parameters);
        }
    }
    (!trees.is_empty()).then_some(Request { shape: Shape::Cleaning(trees), parameters })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = "cognate";

    fn sql(batch: &Batch) -> String {
        CommitPlan::new(batch, None, true).request.shape.sql(SCHEMA)
    }

    fn key(name: &str) -> Key {
        Key::new(Tree::Logins, name.as_bytes())
    }

    #[test]
    fn checked_keys_are_not_upserted() {
        for count in [1, FEW + 1] {
            let keys: Vec<Key> = (0..count).map(|number| key(&format!("{number}"))).collect();
            let puts: Vec<_> = keys.iter().map(|key| (key.clone(), b"new".to_vec())).collect();
            for (old, verb) in [(None, "INSERT INTO"), (Some(b"old".to_vec()), "UPDATE")] {
                let checks = keys.iter().map(|key| (key.clone(), old.clone())).collect();
                let batch = Batch { checks, puts: puts.clone(), ..Batch::default() };
                let text = sql(&batch);
                assert!(text.contains(verb) && !text.contains("ON CONFLICT"), "{text}");
            }
            let text = sql(&Batch { puts, ..Batch::default() });
            assert!(text.contains("ON CONFLICT"), "{text}");
        }
    }

    #[test]
    fn keys_of_one_tree_are_locked_in_their_order() {
        let checks = ["a", "b", "c"].map(|name| (key(name), Some(b"old".to_vec())));
        let batch = Batch { checks: checks.to_vec(), deletes: vec![key("b")], ..Batch::default() };
        let text = sql(&batch);
        let locks: Vec<&str> =
            text.match_indices("FOR ").filter_map(|(at, _)| text.get(at..at + 8)).collect();
        assert_eq!(locks, ["FOR SHAR", "FOR UPDA", "FOR SHAR"], "{text}");
    }

    #[test]
    fn a_batch_has_as_many_parameters_as_its_statement() {
        let value = || b"value".to_vec();
        for length in [3, 3000] {
            let name = |start: char| key(&start.to_string().repeat(length));
            let batch = Batch {
                checks: vec![
                    (name('a'), None),
                    (name('b'), Some(value())),
                    (name('c'), Some(value())),
                    (name('d'), None),
                ],
                deletes: vec![name('b'), name('e')],
                puts: vec![(name('c'), value()), (name('d'), value()), (name('f'), value())],
                token: Some(Token([1; 16])),
            };
            let plan = CommitPlan::new(&batch, batch.token, true);
            for request in [Some(plan.request), plan.cleaning].into_iter().flatten() {
                let text = request.shape.sql(SCHEMA);
                let count = request.parameters.len();
                let last = |number: usize| text.contains(&format!("${number}"));
                assert!(last(count) && !last(count + 1), "{count}: {text}");
            }
        }
    }
}
