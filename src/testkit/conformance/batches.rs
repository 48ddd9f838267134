//! Requirements for batches.

use std::collections::BTreeMap;

use crate::ambient::{Entropy as _, SystemEntropy};
use crate::store::{Batch, Key, Store, Token, Tree};
use crate::testkit::conformance::Case;
use crate::testkit::conformance::breach::{Breach, Outcome, ensure};
use crate::testkit::conformance::calls::{
    Draft as _, batch, conflicts, contents, difference, done, get, holds,
};
use crate::testkit::conformance::serial::{State, apply};

pub(super) const CASES: [Case; 7] = [
    Case { requirement: "a batch happens whole or not at all", run: whole_or_not_at_all },
    Case { requirement: "puts of a batch follow its deletes", run: puts_follow_deletes },
    Case { requirement: "an empty record is a record", run: an_empty_record_is_a_record },
    Case { requirement: "every tree has keys of its own", run: trees_are_apart },
    Case { requirement: "a token changes no outcome", run: a_token_changes_no_outcome },
    Case { requirement: "a batch has room for 1,300 keys", run: a_batch_has_room },
    Case { requirement: "any sequence of batches leaves what it says", run: sequences },
];

fn whole_or_not_at_all(store: &dyn Store) -> Outcome {
    let (a, b) = (Key::new(Tree::Pools, "a"), Key::new(Tree::Logins, "b"));
    let create = batch().absent(&a).absent(&b).put(&a, "1").put(&b, "1");
    done(store, create.clone())?;
    conflicts(store, create)?;
    for failing in [
        batch().holds(&a, "1").holds(&b, "2").put(&a, "9").put(&b, "9"),
        batch().absent(&a).delete(&b).put(&a, "9"),
        batch().holds(&a, "11").delete(&a).delete(&b),
        batch().holds(&a, "").delete(&a),
        batch().holds(&a, "1").absent(&b).put(&a, "9").put(&b, "9"),
        batch().holds(&a, "1").absent(&b),
        batch().absent(&a),
        batch().holds(&Key::new(Tree::Pools, "absent"), ""),
    ] {
        conflicts(store, failing)?;
    }
    done(store, batch())?;
    done(store, batch().holds(&a, "1").holds(&b, "1").absent(&Key::new(Tree::Pools, "b")))?;
    done(store, batch().holds(&a, "1").delete(&b).put(&a, "2"))?;
    holds(store, &a, Some(b"2"))?;
    holds(store, &b, None)
}

fn puts_follow_deletes(store: &dyn Store) -> Outcome {
    let a = Key::new(Tree::Logins, "moved");
    done(store, batch().delete(&a))?;
    done(store, batch().put(&a, "old"))?;
    done(store, batch().holds(&a, "old").delete(&a).put(&a, "new"))?;
    holds(store, &a, Some(b"new"))?;
    done(store, batch().delete(&a).put(&a, "newer"))?;
    holds(store, &a, Some(b"newer"))
}

fn an_empty_record_is_a_record(store: &dyn Store) -> Outcome {
    let empty = Key::new(Tree::Logins, "empty");
    done(store, batch().absent(&empty).put(&empty, ""))?;
    holds(store, &empty, Some(b""))?;
    conflicts(store, batch().absent(&empty).put(&empty, "1"))?;
    conflicts(store, batch().holds(&empty, "\0").put(&empty, "1"))?;
    done(store, batch().holds(&empty, "").put(&empty, "1"))?;
    done(store, batch().holds(&empty, "1").put(&empty, ""))?;
    done(store, batch().holds(&empty, "").delete(&empty))?;
    conflicts(store, batch().holds(&empty, ""))
}

fn trees_are_apart(store: &dyn Store) -> Outcome {
    let keys = Tree::ALL.map(|tree| Key::new(tree, "apart"));
    for key in &keys {
        done(store, batch().absent(key).put(key, key.tree.name()))?;
    }
    for (value, key) in get(store, &keys)?.into_iter().zip(&keys) {
        let name = key.tree.name();
        ensure!(value.as_deref() == Some(name.as_bytes()), "{name} holds the record of another");
    }
    Ok(())
}

fn a_token_changes_no_outcome(store: &dyn Store) -> Outcome {
    let a = Key::new(Tree::Accounts, "a");
    let token = |mut batch: Batch| {
        let mut token = Token([0; 16]);
        let drawn = SystemEntropy.fill(&mut token.0);
        drawn.map_err(|error| Breach::new(error.to_string()))?;
        batch.token = Some(token);
        Ok::<_, Breach>(batch)
    };
    done(store, token(batch().absent(&a).put(&a, "1"))?)?;
    done(store, token(batch().holds(&a, "1").put(&a, "2"))?)?;
    conflicts(store, token(batch().holds(&a, "1").put(&a, "3"))?)?;
    done(store, token(batch().put(&a, "4"))?)?;
    holds(store, &a, Some(b"4"))?;
    done(store, token(batch().holds(&a, "4").delete(&a))?)?;
    holds(store, &a, None)
}

fn a_batch_has_room(store: &dyn Store) -> Outcome {
    const KEYS: usize = 1_300;
    let keys: Vec<Key> = Tree::ALL
        .into_iter()
        .cycle()
        .take(KEYS)
        .zip(0..)
        .map(|(tree, n): (_, usize)| Key::new(tree, format!("key {n:04}")))
        .collect();
    let is_even = |place: &usize| place.is_multiple_of(2);
    let first = keys.iter().fold(batch(), |batch, key| batch.absent(key).put(key, "1"));
    done(store, first.clone()).map_err(|breach| breach.at("1,300 checks and puts"))?;
    conflicts(store, first)?;
    let expect = |expected: &dyn Fn(usize) -> Option<&'static str>| -> Outcome {
        for ((value, key), place) in get(store, &keys)?.into_iter().zip(&keys).zip(0..) {
            let (found, expected) = (value.as_deref(), expected(place).map(str::as_bytes));
            ensure!(found == expected, "key {place} of 1,300, {key}, has another record");
        }
        Ok(())
    };
    expect(&|_| Some("1"))?;

    let all_hold = keys.iter().fold(batch(), |batch, key| batch.holds(key, "1"));
    done(store, all_hold.clone()).map_err(|breach| breach.at("1,300 checks"))?;
    let change = keys.iter().zip(0..).fold(all_hold, |batch, (key, place)| {
        if is_even(&place) { batch.delete(key) } else { batch.put(key, "2") }
    });
    for place in [0, KEYS / 2, KEYS.saturating_sub(1)] {
        let mut wrong = change.clone();
        if let Some((_, value)) = wrong.checks.get_mut(place) {
            *value = Some(b"9".to_vec());
        }
        let circumstances = format!("1,300 checks, of which number {place} does not hold");
        conflicts(store, wrong).map_err(|breach| breach.at(&circumstances))?;
    }
    done(store, change).map_err(|breach| breach.at("1,300 checks, 650 deletes and 650 puts"))?;
    expect(&|place| if is_even(&place) { None } else { Some("2") })?;
    let rest = keys.iter().fold(batch(), |batch, key| batch.delete(key));
    done(store, rest).map_err(|breach| breach.at("1,300 deletes"))?;
    expect(&|_| None)
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
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
fn any_batch(numbers: &mut Numbers, state: &State) -> Batch {
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
            (0 | 1, None) => absent.push(key),
            (2, _) => drop(checks.insert(key, record)),
            (3, _) => absent.push(key),
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

fn sequences(store: &dyn Store) -> Outcome {
    const BATCHES: usize = 200;
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut state = BTreeMap::new();
    for _ in 0..BATCHES {
        let batch = any_batch(&mut numbers, &state);
        let shown = format!("{batch:?}");
        let outcome =
            if apply(&mut state, &batch) { done(store, batch) } else { conflicts(store, batch) };
        outcome.map_err(|breach| breach.at(&shown))?;
        let found = contents(store)?;
        ensure!(found == state, "{shown} changed {}", difference(&state, &found));
    }
    Ok(())
}
