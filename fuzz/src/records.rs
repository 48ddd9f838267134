//! Records and keys that nobody has written as they are.
//!
//! An input is what happens to the records of a store that engines have filled; [`damage`] says
//! how. Its first byte says who reads them then: those who only look, those who write and take back
//! what they wrote, all others, or all of them. In the end an engine is opened. What a record has to look like is said by hand in [`layout`]; of one that does
//! not look like that
//!
//! * the engine's check says so, and of no other;
//! * every operation that reads it says that the store is corrupt, and does not write over it.
//!
//! What looks right and is nonsense may be answered or refused.

mod calls;
mod damage;
mod filled;
mod layout;
mod watch;

use std::sync::{Arc, LazyLock};

use cognate::{Engine, Error};

use calls::Calls;
use filled::Filled;
pub(crate) use watch::Fault;
use watch::Watch;

static FILLED: LazyLock<Filled> = LazyLock::new(Filled::new);

/// Damages a store as an input says, and lets the engine work on it.
pub fn run(data: &[u8]) {
    let Some((who, data)) = data.split_first() else { return };
    run_over(Who::of(*who), data, Fault::None);
}

/// How many records there are before anything happens to them.
pub(crate) fn count() -> usize {
    FILLED.entries.len()
}

/// Who reads what was damaged.
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
    // Nothing is read yet: what is damaged is met by the operations, and in the end by an engine
    // that is opened.
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
    calls.removing("open", || filled::engine(&store).map(drop));
    check(&engine, &store);
}

/// The engine finds what cannot have been written, and can read all the rest.
fn check(engine: &Engine, store: &Watch) {
    let findings = match engine.check() {
        Ok(findings) => findings,
        Err(error @ Error::Corrupt { .. }) => panic!("a finding, no error: {error}"),
        Err(error) => panic!("{error}"),
    };
    for (key, value) in store.entries() {
        let name = format!("{key}: ");
        let mut of_key = findings.iter().filter(|finding| finding.detail.starts_with(&name));
        if layout::is_right(&key, &value) {
            let unreadable = of_key.find(|finding| finding.invariant.is_none());
            assert!(unreadable.is_none(), "{unreadable:?} of {value:02x?}");
        } else {
            assert!(of_key.next().is_some(), "{key} was not found: {value:02x?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_engines_have_written_is_right() {
        for (key, value) in &FILLED.entries {
            assert!(layout::is_right(key, value), "{key}: {value:02x?}");
            for length in 0..value.len() {
                assert!(!layout::is_right(key, &value[..length]), "{length} bytes of {key}");
            }
            assert!(!layout::is_right(key, &[value.as_slice(), &[0]].concat()), "{key}");
        }
    }
}
