//! Records and keys that no engine has written.
//!
//! An input damages the records of a store that engines have filled, as [`damage`] describes. Its
//! first byte selects the calls that read them next: reading calls, calls that write and undo it,
//! all others, or all of them. At the end an engine opens the store. [`layout`] defines valid
//! records by hand. For each invalid one
//!
//! * the engine's check reports it, and no other record;
//! * every operation that reads it reports that the store is corrupt, and does not overwrite it.
//!
//! Records with a valid format but nonsensical values may be answered or refused.

mod calls;
mod damage;
mod filled;
mod layout;
mod watch;

use std::sync::{Arc, LazyLock};

use cognate::store::{Key, Tree};
use cognate::{Engine, Error};

use calls::Calls;
use filled::Filled;
pub(crate) use watch::Fault;
use watch::Watch;

static FILLED: LazyLock<Filled> = LazyLock::new(Filled::new);

/// Damages a store, and lets the engine work on it.
pub fn run(data: &[u8]) {
    let Some((who, data)) = data.split_first() else { return };
    run_over(Who::of(*who), data, Fault::None);
}

/// The number of records before the damage, without those of the journal.
pub(crate) fn count() -> usize {
    watch::watched(&FILLED.entries)
}

/// The calls that read the damaged store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    All,
    Lookers,
    Writers,
    Others,
}

impl Who {
    fn of(byte: u8) -> Self {
        match byte % 8 {
            0..3 => Self::Lookers,
            3..5 => Self::Writers,
            5..7 => Self::Others,
            _ => Self::All,
        }
    }
}

pub(crate) fn run_over(who: Who, data: &[u8], fault: Fault) {
    let filled = &*FILLED;
    let store = Arc::new(Watch::with(fault));
    // Nothing has been read yet: the damage is met by the operations, and at the end by opening an
    // engine.
    let engine = filled::engine(&store).expect("an engine");
    store.plant(damage::damaged(&filled.entries, data));
    check(&engine, &store);
    let calls = Calls { engine: &engine, store: &store, filled };
    if matches!(who, Who::All | Who::Lookers) {
        calls.look();
    }
    if matches!(who, Who::All | Who::Writers) {
        calls.write_and_take_back();
    }
    if matches!(who, Who::All | Who::Others) {
        calls.change();
    }
    calls.removing("finish_removals", || engine.finish_removals());
    calls.removing("open", || filled::engine(&store).map(drop));
    check(&engine, &store);
}

/// The engine finds impossible records, except for logins of deleted pools, and can read all
/// others.
fn check(engine: &Engine, store: &Watch) {
    let findings = match engine.check() {
        Ok(findings) => findings,
        Err(error @ Error::Corrupt { .. }) => panic!("expected a finding, not an error: {error}"),
        Err(error) => panic!("{error}"),
    };
    for (key, value) in store.entries() {
        let name = format!("{key}: ");
        let mut of_key = findings.iter().filter(|finding| finding.detail.starts_with(&name));
        if layout::is_right(&key, &value) {
            let unreadable = of_key.find(|finding| finding.invariant.is_none());
            assert!(unreadable.is_none(), "{unreadable:?} of {value:02x?}");
        } else if !is_remainder(store, &key) {
            assert!(of_key.next().is_some(), "{key} was not found: {value:02x?}");
        }
    }
}

/// Whether the key is that of a login in a deleted pool.
fn is_remainder(store: &Watch, key: &Key) -> bool {
    let pool = key.bytes.get(..16).unwrap_or_default();
    key.tree == Tree::Logins && store.value(&Key::new(Tree::Deletions, pool)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_engines_are_valid() {
        for (key, value) in &FILLED.entries {
            assert!(layout::is_right(key, value), "{key}: {value:02x?}");
            for length in 0..value.len() {
                assert!(!layout::is_right(key, &value[..length]), "{length} bytes of {key}");
            }
            assert!(!layout::is_right(key, &[value.as_slice(), &[0]].concat()), "{key}");
        }
    }
}
