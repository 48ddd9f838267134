//! Damaged files of a sled database.
//!
//! An input takes one of three small databases and damages its files, as [`damage`] describes. A
//! store then opens it, reads everything, and opens it once more. Each time it must be the same
//! database, or an error; an input that hangs is reported by libFuzzer.
//!
//! Only the number in the file `commit` tells a database from an earlier state of itself, as a
//! backup would have it. If that file is damaged too, any state after a whole commit is allowed.

mod damage;
pub mod database;

use std::cell::Cell;
use std::path::Path;
use std::sync::Once;
use std::{panic, thread};

use cognate::store::{Durability, KeyRange, SledOptions, SledStore, Store, StoreError, Tree};

use database::{Records, STATES};

/// Damages a database, and opens it twice.
pub fn run(data: &[u8]) {
    quieten();
    let Some((image, damage)) = damage::damaged(data) else { return };
    let is_marked = damage.get("commit") == image.get("commit");
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let folder = folder.expect("a folder");
    database::write(folder.path(), &damage);
    let first = judge(folder.path(), is_marked);
    let second = judge(folder.path(), is_marked);
    // Not even an older number may appear by opening.
    assert!(first.is_none() || first == second, "it was another database at the second opening");
}

/// The state that a database is in. `None` if it cannot be opened or read.
fn judge(path: &Path, is_marked: bool) -> Option<usize> {
    let opened = IN_STORE.with(|in_store| {
        in_store.set(true);
        let opened = open(path).and_then(|store| read(&store));
        in_store.set(false);
        opened
    });
    let records = match opened {
        Ok(records) => records,
        Err(StoreError::Corrupt(_) | StoreError::Failed(_)) => return None,
        Err(error) => panic!("is refused with {error:?}"),
    };
    let state = STATES.iter().position(|state| *state == records);
    let state = state.unwrap_or_else(|| panic!("records that were never there: {records:?}"));
    assert!(!is_marked || state + 1 == STATES.len(), "the end was lost: {state} without an error");
    Some(state)
}

pub(crate) fn open(path: &Path) -> Result<SledStore, StoreError> {
    SledOptions::new(path).durability(Durability::PowerLoss).cache_bytes(1 << 20).open()
}

pub(crate) fn read(store: &dyn Store) -> Result<Records, StoreError> {
    let mut records = Records::new();
    for tree in Tree::ALL {
        records.extend(store.scan(&KeyRange::prefix(tree, []), usize::MAX)?);
    }
    Ok(records)
}

thread_local! {
    /// Whether a panic on this thread is one that the store has to catch.
    static IN_STORE: Cell<bool> = const { Cell::new(false) };
}

/// sled panics on some kinds of damage, also on threads of its own, and the store makes errors of
/// that. libFuzzer would abort the process at the first word of a panic. A panic that leaves the
/// store aborts it as before.
fn quieten() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let own = thread::current();
            let is_of_sled = own
                .name()
                .is_some_and(|name| name.starts_with("sled-io-") || name.contains("flusher"));
            if !is_of_sled && !IN_STORE.with(Cell::get) {
                before(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::database::Files;
    use super::*;

    #[test]
    fn undamaged_databases_are_whole() {
        quieten();
        for name in database::NAMES {
            let folder = tempfile::tempdir().expect("a folder");
            database::write(folder.path(), &database::load(name));
            let state = judge(folder.path(), false);
            let wanted = if name == "early" { database::EARLY } else { STATES.len() - 1 };
            assert_eq!(
                (state, judge(folder.path(), false)),
                (Some(wanted), Some(wanted)),
                "{name}"
            );
        }
    }

    /// The target would notice a store that passes over damage.
    #[test]
    fn damage_is_noticed() {
        quieten();
        let whole = database::load("closed");
        let judge_without = |files: &[&str]| {
            let kept: Files = whole
                .iter()
                .filter(|(name, _)| !files.contains(&name.as_str()))
                .map(|(name, bytes)| (name.clone(), bytes.clone()))
                .collect();
            let folder = tempfile::tempdir().expect("a folder");
            database::write(folder.path(), &kept);
            judge(folder.path(), false)
        };
        assert_eq!(judge_without(&["closed"]), Some(STATES.len() - 1), "the seal saves time only");
        assert_eq!(judge_without(&["sled/db"]), None);
        let everything: Vec<&str> = whole.keys().map(String::as_str).collect();
        assert_eq!(judge_without(&everything), Some(0), "a new database");
    }
}
