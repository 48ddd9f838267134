//! Sequences of batches.

use std::collections::BTreeMap;

use crate::store::{Batch, Key, Store, Tree};
use crate::testkit::conformance::Case;
use crate::testkit::conformance::breach::{Outcome, ensure, worded};
use crate::testkit::conformance::calls::{conflicts, contents, difference, done};
use crate::testkit::conformance::serial::{State, apply};

pub(super) const CASE: Case =
    Case { requirement: "any sequence of batches leaves what it says", run: sequences };

fn sequences(store: &dyn Store) -> Outcome {
    const BATCHES: usize = 200;
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut state = BTreeMap::new();
    for _ in 0..BATCHES {
        let batch = any_batch(&mut numbers, &state);
        let shown = worded(&batch);
        let outcome =
            if apply(&mut state, &batch) { done(store, batch) } else { conflicts(store, batch) };
        outcome.map_err(|breach| breach.at(&shown))?;
        let found = contents(store)?;
        ensure!(found == state, "{shown} changed {}", difference(&state, &found));
    }
    Ok(())
}

/// Numbers that look random and are the same in every run.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        self.0.checked_rem(bound).and_then(|rest| usize::try_from(rest).ok()).unwrap_or_default()
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        all.get(self.below(all.len())).copied()
    }
}

/// A batch over few keys and records, so that checks often hold.
pub(super) fn any_batch(numbers: &mut Numbers, state: &State) -> Batch {
    const NAMES: [&[u8]; 8] = [b"", b"\0", b"a", b"a\0", b"a\xff", b"b", b"\xff", b"\xff\xff"];
    const RECORDS: [&[u8]; 6] = [b"", b"\0", b"1", b"1\0", b"\xff", b"\xff\0"];
    let (mut checks, mut deletes, mut puts) = (State::new(), Vec::new(), State::new());
    let mut absent = Vec::new();
    for _ in 0..numbers.below(6) {
        let tree = numbers.one_of(&[Tree::Logins, Tree::Pools]);
        let (Some(tree), Some(name)) = (tree, numbers.one_of(&NAMES)) else { continue };
        let key = Key::new(tree, name);
        let record = numbers.one_of(&RECORDS).unwrap_or_default().to_vec();
        match (numbers.below(8), state.get(&key)) {
            (0 | 1, Some(held)) => drop(checks.insert(key, held.clone())),
            (2, _) => drop(checks.insert(key, record)),
            (0 | 1, None) | (3, _) => absent.push(key),
            (4, _) => deletes.push(key),
            _ => drop(puts.insert(key, record)),
        }
    }
    absent.retain(|key| !checks.contains_key(key));
    for keys in [&mut absent, &mut deletes] {
        keys.sort();
        keys.dedup();
    }
    let checks = checks.into_iter().map(|(key, value)| (key, Some(value)));
    let absent = absent.into_iter().map(|key| (key, None));
    Batch {
        checks: checks.chain(absent).collect(),
        deletes,
        puts: puts.into_iter().collect(),
        token: None,
    }
}
