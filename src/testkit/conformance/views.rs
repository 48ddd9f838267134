//! Requirements for views, of stores that have them.

use std::collections::BTreeSet;

use crate::store::{Batch, Key, KeyRange, StoreView, Tree, Value};
use crate::testkit::conformance::breach::{Breach, Outcome, ensure, named, shown};
use crate::testkit::conformance::calls::{Draft as _, batch, difference, done};
use crate::testkit::conformance::long::{PIECE, noise};
use crate::testkit::conformance::sequences::{Numbers, any_batch};
use crate::testkit::conformance::serial::{State, apply};
use crate::testkit::conformance::threads::meanwhile;
use crate::testkit::conformance::{Pair, PairCase};

pub(super) const CASES: [PairCase; 6] = [
    PairCase { requirement: "a view shows what was committed before it", run: shows_at_once },
    PairCase { requirement: "a view does not change while others write", run: does_not_change },
    PairCase { requirement: "a view scans its own entries", run: scans_its_own_entries },
    PairCase { requirement: "each view shows a moment of its own", run: many_views },
    PairCase { requirement: "a view outlives any number of commits", run: outlives_commits },
    PairCase { requirement: "a view shows a batch whole or not at all", run: shows_whole_batches },
];

fn read(view: &dyn StoreView, keys: &[Key]) -> Outcome<Vec<Option<Value>>> {
    let values = view.get(keys)?;
    let (given, asked) = (values.len(), keys.len());
    ensure!(given == asked, "a `get` of {asked} keys of a view returned {given} values");
    Ok(values)
}

fn scan(view: &dyn StoreView, range: &KeyRange, limit: usize) -> Outcome<Vec<(Key, Value)>> {
    let entries = view.scan(range, limit)?;
    let count = entries.len();
    ensure!(count <= limit, "a scan of {limit} entries of a view returned {count}");
    Ok(entries)
}

/// Checks what a view shows of these keys, which may be absent, and of their trees.
fn shows(view: &dyn StoreView, expected: &State, keys: &[Key]) -> Outcome {
    let mut found = State::new();
    let trees: BTreeSet<Tree> = keys.iter().chain(expected.keys()).map(|key| key.tree).collect();
    for tree in trees {
        found.extend(scan(view, &KeyRange::prefix(tree, []), usize::MAX)?);
    }
    ensure!(found == *expected, "a scan of a view changed {}", difference(expected, &found));
    for (key, value) in keys.iter().zip(read(view, keys)?) {
        let expected = expected.get(key);
        ensure!(
            value.as_ref() == expected,
            "a view has {} for {} instead of {}",
            shown(value.as_deref()),
            named(key),
            shown(expected.map(Vec::as_slice))
        );
    }
    Ok(())
}

fn shows_at_once(pair: &Pair<'_>) -> Outcome {
    let key = Key::new(Tree::Logins, "passed on");
    let mut state = State::new();
    for round in 0..pair.rounds {
        let change = match round % 4 {
            3 => batch().delete(&key),
            _ => batch().put(&key, round.to_string()),
        };
        apply(&mut state, &change);
        let (writer, reader) =
            if round % 2 == 0 { (pair.one, pair.other) } else { (pair.other, pair.one) };
        done(writer, change)?;
        let Some(view) = reader.view()? else { return Ok(()) };
        shows(&*view, &state, std::slice::from_ref(&key))?;
    }
    Ok(())
}

/// Entries of any lengths, and commits that replace, remove, create and bring back some of them.
fn does_not_change(pair: &Pair<'_>) -> Outcome {
    let key = |n: usize| {
        Key::new(if n.is_multiple_of(2) { Tree::Logins } else { Tree::Pools }, [7, byte(n)])
    };
    let keys: Vec<Key> = (0..60).map(key).collect();
    let old =
        |n: usize| if n % 10 == 3 { noise(20, PIECE.saturating_mul(n)) } else { vec![1, byte(n)] };
    let mut state = State::new();
    let created = (0..40).fold(batch(), |batch, n| batch.put(&key(n), old(n)));
    apply(&mut state, &created);
    done(pair.one, created)?;
    let Some(view) = pair.other.view()? else { return Ok(()) };
    shows(&*view, &state, &keys)?;
    let changes = [
        (0..30).step_by(3).fold(batch(), |batch, n| batch.put(&key(n), "replaced")),
        (1..40).step_by(2).fold(batch(), |batch, n| batch.delete(&key(n))),
        (30..60).step_by(3).fold(batch(), |batch, n| batch.put(&key(n), noise(21, 3 * PIECE))),
        (0..50).step_by(5).fold(batch(), |batch, n| batch.put(&key(n), "brought back")),
        keys.iter().fold(batch(), Batch::delete),
        keys.iter().fold(batch(), |batch, key| batch.put(key, "new")),
    ];
    for (change, writer) in changes.into_iter().zip([pair.one, pair.other].into_iter().cycle()) {
        done(writer, change)?;
        shows(&*view, &state, &keys)?;
    }
    let backwards: Vec<Key> = keys.iter().rev().chain(keys.first()).cloned().collect();
    shows(&*view, &state, &backwards)?;
    ensure!(read(&*view, &[])?.is_empty(), "a `get` of no keys of a view returned some");
    Ok(())
}

fn byte(n: usize) -> u8 {
    u8::try_from(n).unwrap_or(u8::MAX)
}

/// Runs of entries that were removed since, and runs of entries that are new.
fn scans_its_own_entries(pair: &Pair<'_>) -> Outcome {
    const COUNT: u16 = 700;
    let key = |n: u16| Key::new(Tree::Identities, n.to_be_bytes());
    let is_old = |n: u16| (n / 50).is_multiple_of(2);
    let old = (0..COUNT).filter(|n| is_old(*n));
    let created = old.clone().fold(batch(), |batch, n| batch.put(&key(n), n.to_string()));
    let mut state = State::new();
    apply(&mut state, &created);
    done(pair.one, created)?;
    let Some(view) = pair.other.view()? else { return Ok(()) };
    done(
        pair.one,
        old.filter(|n| n / 10 % 4 != 0).fold(batch(), |batch, n| batch.delete(&key(n))),
    )?;
    let new = (0..COUNT).filter(|n| !is_old(*n) && (*n < 100 || *n > 200));
    done(pair.other, new.fold(batch(), |batch, n| batch.put(&key(n), "new")))?;
    let all = KeyRange::prefix(Tree::Identities, []);
    let ranges = [
        all.clone(),
        all.clone().after(&9_u16.to_be_bytes()),
        KeyRange { start: 3_u16.to_be_bytes().to_vec(), end: Some(vec![1, 44]), ..all.clone() },
        KeyRange { start: vec![1], end: Some(vec![1]), ..all.clone() },
        KeyRange { start: vec![2], end: Some(vec![1]), ..all.clone() },
        KeyRange::prefix(Tree::Pools, []),
    ];
    for range in &ranges {
        let within: Vec<(Key, Value)> = state
            .iter()
            .filter(|(key, _)| range.contains(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        for limit in [0, 1, 3, 49, 50, 51, 255, 256, 257, within.len(), usize::MAX] {
            let found = scan(&*view, range, limit)?;
            let expected = within.get(..limit).unwrap_or(&within);
            ensure!(
                found == expected,
                "a scan of {limit} of {} entries of a view returned {}, the last of them {}",
                within.len(),
                found.len(),
                found.last().map_or("none".to_owned(), |(key, _)| named(key))
            );
        }
    }
    let (mut rest, mut stepped) = (all, State::new());
    loop {
        let step = scan(&*view, &rest, 7)?;
        let Some((last, _)) = step.last() else { break };
        rest = rest.after(&last.bytes);
        stepped.extend(step);
    }
    ensure!(stepped == state, "scans of 7 changed {}", difference(&state, &stepped));
    Ok(())
}

/// A few views are open at any time while batches are committed.
fn many_views(pair: &Pair<'_>) -> Outcome {
    const OPEN: usize = 5;
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    let mut state = State::new();
    let mut views: Vec<(Box<dyn StoreView + '_>, State)> = Vec::new();
    for round in 0..pair.rounds.saturating_mul(2) {
        let change = any_batch(&mut numbers, &state);
        let keys: Vec<Key> = change.written().cloned().collect();
        let writer = if numbers.below(2) == 0 { pair.one } else { pair.other };
        if apply(&mut state, &change) {
            done(writer, change)?;
        }
        if numbers.below(2) == 0 {
            let reader = if round % 4 < 2 { pair.one } else { pair.other };
            let Some(view) = reader.view()? else { return Ok(()) };
            views.push((view, state.clone()));
        }
        if views.len() > OPEN {
            drop(views.swap_remove(numbers.below(OPEN)));
        }
        if let Some((view, state)) = views.get(numbers.below(views.len())) {
            shows(&**view, state, &keys)?;
        }
    }
    Ok(())
}

fn outlives_commits(pair: &Pair<'_>) -> Outcome {
    let key = |n: usize| Key::new(Tree::SessionKeys, [byte(n)]);
    let keys: Vec<Key> = (0..20).map(key).collect();
    let created = (0..10).fold(batch(), |batch, n| batch.put(&key(n), "at first"));
    let mut state = State::new();
    apply(&mut state, &created);
    done(pair.one, created)?;
    let Some(view) = pair.other.view()? else { return Ok(()) };
    for round in 0..pair.rounds.saturating_mul(20) {
        let key = key(round % 20);
        done(pair.one, batch().put(&key, round.to_string()))?;
        if round % 3 == 0 {
            done(pair.one, batch().delete(&key))?;
        }
    }
    shows(&*view, &state, &keys)
}

/// Each batch moves a token to another key, and counts the moves in a third one.
fn shows_whole_batches(pair: &Pair<'_>) -> Outcome {
    const PLACES: usize = 24;
    let trees = [Tree::Accounts, Tree::Logins, Tree::SigningKeys];
    let place = |round: usize| {
        let tree = trees.get(round % 3).copied().unwrap_or(Tree::Pools);
        Key::new(tree, [byte(round.wrapping_mul(7) % PLACES)])
    };
    let moves = Key::new(Tree::Pools, "moves");
    let places: Vec<Key> = (0..PLACES).map(place).collect();
    done(pair.one, batch().put(&place(0), "0").put(&moves, "0"))?;
    if pair.other.view()?.is_none() {
        return Ok(());
    }
    let write = |round: usize| {
        let (from, to) = (place(round), place(round.saturating_add(1)));
        let number = round.saturating_add(1).to_string();
        done(pair.one, batch().delete(&from).put(&to, &number).put(&moves, &number))
    };
    let check = |_: usize| -> Outcome {
        let view = pair.other.view()?.ok_or_else(|| Breach::new("the store has no views now"))?;
        let counted = read(&*view, std::slice::from_ref(&moves))?.pop().flatten();
        let mut scanned = Vec::new();
        for tree in trees {
            let entries = scan(&*view, &KeyRange::prefix(tree, []), 5)?;
            scanned.extend(entries.into_iter().map(|(_, token)| token));
        }
        let held: Vec<Value> = read(&*view, &places)?.into_iter().flatten().collect();
        for (call, tokens) in [("scans", scanned), ("a `get`", held)] {
            let found: Vec<String> = tokens.iter().map(|token| shown(Some(token))).collect();
            ensure!(
                tokens.iter().eq(&counted),
                "{call} of a view found the tokens {found:?} after {} moves",
                shown(counted.as_deref())
            );
        }
        Ok(())
    };
    meanwhile(pair.rounds.saturating_mul(2), write, check)
}
