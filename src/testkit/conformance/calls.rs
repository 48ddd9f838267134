//! Calls of a store, with the answers that a case expects.

use std::collections::BTreeMap;

use crate::store::{Batch, Commit, Key, KeyRange, Refreshed, Store, Tree, Value, Version};
use crate::testkit::conformance::breach::{Breach, Outcome, ensure, named, shown};

/// Parts of a batch, one after the other.
pub(super) trait Draft: Sized {
    /// Checks that the key holds this record.
    fn holds(self, key: &Key, record: impl AsRef<[u8]>) -> Self;
    /// Checks that the key is absent.
    fn absent(self, key: &Key) -> Self;
    fn delete(self, key: &Key) -> Self;
    fn put(self, key: &Key, record: impl AsRef<[u8]>) -> Self;
}

impl Draft for Batch {
    fn holds(mut self, key: &Key, record: impl AsRef<[u8]>) -> Self {
        self.checks.push((key.clone(), Some(record.as_ref().to_vec())));
        self
    }

    fn absent(mut self, key: &Key) -> Self {
        self.checks.push((key.clone(), None));
        self
    }

    fn delete(mut self, key: &Key) -> Self {
        self.deletes.push(key.clone());
        self
    }

    fn put(mut self, key: &Key, record: impl AsRef<[u8]>) -> Self {
        self.puts.push((key.clone(), record.as_ref().to_vec()));
        self
    }
}

pub(super) fn batch() -> Batch {
    Batch::default()
}

/// Commits a batch whose checks hold.
pub(super) fn done(store: &dyn Store, batch: Batch) -> Outcome {
    match store.commit(batch)? {
        Commit::Done => Ok(()),
        Commit::Conflict | Commit::ConflictWith(_) => {
            Err(Breach::new("a batch whose checks all hold was a conflict"))
        }
    }
}

/// Commits a batch with a check that does not hold, while nobody else writes.
pub(super) fn conflicts(store: &dyn Store, batch: Batch) -> Outcome {
    let before = contents(store)?;
    let checked: Vec<Key> = batch.checks.iter().map(|(key, _)| key.clone()).collect();
    match store.commit(batch)? {
        Commit::Done => {
            return Err(Breach::new("a batch with a check that does not hold was done"));
        }
        Commit::Conflict => {}
        Commit::ConflictWith(current) => {
            for (key, value) in &current {
                let name = named(key);
                ensure!(checked.contains(key), "a conflict told of {name}, an unchecked key");
                let (told, held) = (shown(value.as_deref()), before.get(key).map(Vec::as_slice));
                ensure!(
                    value.as_deref() == held,
                    "a conflict told that {name} holds {told}, but it held {}",
                    shown(held)
                );
            }
        }
    }
    let after = contents(store)?;
    ensure!(before == after, "a batch that conflicted changed {}", difference(&before, &after));
    Ok(())
}

pub(super) fn get(store: &dyn Store, keys: &[Key]) -> Outcome<Vec<Option<Value>>> {
    let values = store.get(keys)?;
    let (given, asked) = (values.len(), keys.len());
    ensure!(given == asked, "a `get` of {asked} keys returned {given} values");
    Ok(values)
}

/// Checks what a key holds.
pub(super) fn holds(store: &dyn Store, key: &Key, expected: Option<&[u8]>) -> Outcome {
    let many = get(store, std::slice::from_ref(key))?.pop().flatten();
    let one = store.get_one(key)?;
    for (call, found) in [("get", many), ("get_one", one)] {
        ensure!(
            found.as_deref() == expected,
            "`{call}` of {} returned {} instead of {}",
            named(key),
            shown(found.as_deref()),
            shown(expected)
        );
    }
    Ok(())
}

/// The records of `keys` by `refresh`, for a caller that knows the given ones.
pub(super) fn refresh(
    store: &dyn Store,
    keys: &[(Key, Option<Value>)],
) -> Outcome<Vec<Option<Value>>> {
    let version = |value: &Value| Version::of(value);
    let asked: Vec<_> =
        keys.iter().map(|(key, known)| (key.clone(), known.as_ref().map(version))).collect();
    let answers = store.refresh(&asked)?;
    ensure!(
        answers.len() == keys.len(),
        "a `refresh` of {} keys returned {} answers",
        keys.len(),
        answers.len()
    );
    let values = answers.into_iter().zip(keys).map(|(answer, (key, known))| match answer {
        Refreshed::Absent => Ok(None),
        Refreshed::Value(value) => Ok(Some(value)),
        Refreshed::Unchanged if known.is_some() => Ok(known.clone()),
        Refreshed::Unchanged => {
            Err(Breach::new(format!("{} is unchanged from nothing", named(key))))
        }
    });
    values.collect()
}

/// The entries of a range. Every scan that has to be complete ends here.
pub(super) fn scan(
    store: &dyn Store,
    range: &KeyRange,
    limit: usize,
) -> Outcome<Vec<(Key, Value)>> {
    let entries = store.scan(range, limit)?;
    ensure!(entries.len() <= limit, "a scan of {limit} entries returned {}", entries.len());
    for (key, _) in &entries {
        ensure!(range.contains(key), "a scan returned {}, outside its range", named(key));
    }
    for ((key, _), (next, _)) in entries.iter().zip(entries.iter().skip(1)) {
        ensure!(key < next, "a scan returned {} after {}", named(next), named(key));
    }
    Ok(entries)
}

/// The last entries of a range, in descending order.
pub(super) fn scan_back(
    store: &dyn Store,
    range: &KeyRange,
    limit: usize,
) -> Outcome<Vec<(Key, Value)>> {
    let entries = store.scan_back(range, limit)?;
    let count = entries.len();
    ensure!(count <= limit, "a scan back of {limit} entries returned {count}");
    for (key, _) in &entries {
        ensure!(range.contains(key), "a scan back returned {}, outside its range", named(key));
    }
    for ((key, _), (next, _)) in entries.iter().zip(entries.iter().skip(1)) {
        ensure!(key > next, "a scan back returned {} after {}", named(next), named(key));
    }
    Ok(entries)
}

/// More than any case writes to a tree.
const ALL: usize = 10_000;

/// Everything that the database holds.
pub(super) fn contents(store: &dyn Store) -> Outcome<BTreeMap<Key, Value>> {
    let mut contents = BTreeMap::new();
    for tree in Tree::ALL {
        contents.extend(scan(store, &KeyRange::prefix(tree, []), ALL)?);
    }
    Ok(contents)
}

/// The first key whose record is not the same in both.
pub(super) fn difference(one: &BTreeMap<Key, Value>, other: &BTreeMap<Key, Value>) -> String {
    let mut keys = one.keys().chain(other.keys());
    let differs = keys.find(|key| one.get(*key) != other.get(*key));
    differs.map_or("nothing".to_owned(), |key| {
        let record = |state: &BTreeMap<Key, Value>| shown(state.get(key).map(Vec::as_slice));
        format!("{} from {} to {}", named(key), record(one), record(other))
    })
}

pub(super) fn is_empty(store: &dyn Store) -> Outcome {
    for tree in Tree::ALL {
        let first = scan(store, &KeyRange::prefix(tree, []), 1)?;
        if let Some((key, _)) = first.first() {
            return Err(Breach::new(format!("it holds {}", named(key))));
        }
    }
    Ok(())
}

/// Deletes everything.
pub(super) fn clear(store: &dyn Store) -> Outcome {
    const STEP: usize = 200;
    let keys: Vec<Key> = contents(store)?.into_keys().collect();
    for step in keys.chunks(STEP) {
        let mut batch = batch();
        batch.deletes = step.to_vec();
        done(store, batch)?;
    }
    is_empty(store).map_err(|breach| breach.at("after all was deleted"))
}
