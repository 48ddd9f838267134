//! Requirements for keys, and for the calls that read.

use crate::store::{Batch, Key, KeyRange, Store, StoreError, Tree, Value};
use crate::testkit::conformance::Case;
use crate::testkit::conformance::breach::{Outcome, ensure, named, shown};
use crate::testkit::conformance::calls::{
    Draft as _, batch, conflicts, contents, difference, done, get, holds, refresh, scan,
};
use crate::testkit::conformance::long::noise;
use crate::testkit::conformance::serial::State;

pub(super) const CASES: [Case; 6] = [
    Case { requirement: "`get` follows the order of its keys", run: a_get_follows_its_keys },
    Case { requirement: "`refresh` agrees with `get`", run: refresh_agrees_with_get },
    Case { requirement: "a scan follows the order of keys", run: scans_follow_the_order },
    Case { requirement: "a visit shows what a scan returns", run: visits_agree_with_scans },
    Case { requirement: "a key has any bytes", run: a_key_has_any_bytes },
    Case { requirement: "a key is as long as a login", run: a_key_is_as_long_as_a_login },
];

fn a_get_follows_its_keys(store: &dyn Store) -> Outcome {
    let [a, b, c] = ["a", "b", "c"].map(|name| Key::new(Tree::Logins, name));
    let elsewhere = Key::new(Tree::Accounts, "a");
    done(store, batch().put(&a, "1").put(&c, "3").put(&elsewhere, "4"))?;
    ensure!(get(store, &[])?.is_empty(), "a `get` of no key returned a value");
    let keys = [&c, &b, &elsewhere, &a, &c, &b].map(Clone::clone);
    let expected = [Some("3"), None, Some("4"), Some("1"), Some("3"), None];
    for ((value, expected), key) in get(store, &keys)?.iter().zip(expected).zip(&keys) {
        ensure!(
            value.as_deref() == expected.map(str::as_bytes),
            "{} was {} where it should be {}",
            named(key),
            shown(value.as_deref()),
            shown(expected.map(str::as_bytes))
        );
    }
    Ok(())
}

fn refresh_agrees_with_get(store: &dyn Store) -> Outcome {
    let [a, b, c] = ["a", "b", "c"].map(|name| Key::new(Tree::Pools, name));
    let long = noise(1, 3_000);
    let mut almost = long.clone();
    almost.extend(b"0");
    done(store, batch().put(&a, "1").put(&b, &long))?;
    let known: [Option<&[u8]>; 6] =
        [None, Some(b""), Some(b"1"), Some(b"2"), Some(&long), Some(&almost)];
    let mut asked = Vec::new();
    for known in known {
        let known = known.map(<[u8]>::to_vec);
        asked.extend([&b, &c, &a].map(|key| (key.clone(), known.clone())));
    }
    let keys: Vec<Key> = asked.iter().map(|(key, _)| key.clone()).collect();
    let check = || -> Outcome {
        let values = get(store, &keys)?;
        for ((value, refreshed), (key, known)) in
            values.iter().zip(refresh(store, &asked)?).zip(&asked)
        {
            ensure!(
                *value == refreshed,
                "{} is {} to a caller that knew {}, but it holds {}",
                named(key),
                shown(refreshed.as_deref()),
                shown(known.as_deref()),
                shown(value.as_deref())
            );
        }
        Ok(())
    };
    check()?;
    // Equal values have equal versions, whenever they were written.
    done(store, batch().put(&a, "2").put(&c, "1").delete(&b))?;
    check()?;
    done(store, batch().put(&a, "1").put(&b, &almost).delete(&c))?;
    check()
}

fn scans_follow_the_order(store: &dyn Store) -> Outcome {
    let names: [&[u8]; 6] = [b"s", b"s\x00", b"s\x00\xff", b"s\x01", b"sa", b"s\xff\xff"];
    let outside: [&[u8]; 2] = [b"r\xff", b"t"];
    for name in names.iter().rev().chain(&outside) {
        done(store, batch().put(&Key::new(Tree::Identities, *name), "x"))?;
    }
    let all = KeyRange::prefix(Tree::Identities, *b"s");
    let after = |place: usize| {
        let name = names.get(place).copied().unwrap_or_default();
        all.clone().after(name)
    };
    let to_the_end = KeyRange::prefix(Tree::Identities, *b"\xff");
    let other_tree = KeyRange::prefix(Tree::Logins, *b"s");
    for (range, limit, expected) in [
        (&all, 100, &names[..]),
        (&all, 6, &names),
        (&all, 2, names.split_at(2).0),
        (&all, 0, &[]),
        (&after(1), 100, names.split_at(2).1),
        (&after(1), 1, names.split_at(2).1.split_at(1).0),
        (&after(5), 100, &[]),
        (&to_the_end, 100, &[]),
        (&other_tree, 100, &[]),
    ] {
        let found = scan(store, range, limit)?;
        let found: Vec<&[u8]> = found.iter().map(|(key, _)| key.bytes.as_slice()).collect();
        ensure!(found == expected, "the first {limit} of {range:?} were {found:?}");
    }
    Ok(())
}

fn visits_agree_with_scans(store: &dyn Store) -> Outcome {
    let range = KeyRange::prefix(Tree::Identities, *b"v");
    let names = ["v1", "v2", "v3"].map(|name| Key::new(Tree::Identities, name));
    done(store, names.iter().fold(batch(), |batch, key| batch.put(key, "record")))?;
    for limit in 0..=4 {
        let mut visited = Vec::new();
        store.visit(&range, limit, &mut |key, value| {
            visited.push((key.clone(), value.to_vec()));
            Ok(())
        })?;
        let scanned = scan(store, &range, limit)?;
        ensure!(visited == scanned, "a visit of {limit} entries showed {visited:?}");
    }
    let mut seen: usize = 0;
    let ended = store.visit(&range, 3, &mut |_, _| {
        seen = seen.saturating_add(1);
        if seen == 2 { Err(StoreError::Stopped) } else { Ok(()) }
    });
    let is_passed_on = matches!(ended, Err(StoreError::Stopped));
    ensure!(is_passed_on && seen == 2, "an error of the visitor ended the visit with {ended:?}");
    Ok(())
}

/// Keys of every byte, alone and as the beginning and the end of others; and the empty key.
fn a_key_has_any_bytes(store: &dyn Store) -> Outcome {
    let mut names = vec![Vec::new()];
    for byte in 0..=u8::MAX {
        names.extend([vec![byte], vec![byte, 0], vec![byte, byte], vec![byte, u8::MAX]]);
        names.extend([vec![b'x', byte], vec![byte, b'x', byte]]);
    }
    let records: State =
        names.iter().map(|name| (Key::new(Tree::Logins, name.clone()), name.clone())).collect();
    // No store has to sort what comes in order.
    let (odd, even): (Vec<_>, Vec<_>) =
        records.iter().zip(0..).partition(|(_, place): &(_, u32)| place % 2 == 1);
    for part in [odd, even] {
        let put = |batch: Batch, ((key, value), _)| batch.absent(key).put(key, value);
        done(store, part.into_iter().rev().fold(batch(), put))?;
    }
    let found = contents(store)?;
    ensure!(found == records, "the records differ: {}", difference(&records, &found));
    for (key, value) in records.iter().step_by(7) {
        done(store, batch().holds(key, value))?;
    }
    let keys: Vec<Key> = records.keys().rev().cloned().collect();
    for (key, value) in keys.iter().zip(get(store, &keys)?) {
        ensure!(value.as_ref() == records.get(key), "`get` of {} has another record", named(key));
    }
    for byte in [0, 1, 2, b'a', b'w', b'x', b'y', 127, 128, 129, 254, 255] {
        let range = KeyRange::prefix(Tree::Logins, [byte]);
        expect_range(store, &range, &records)?;
        expect_range(store, &range.after(&[byte, byte]), &records)?;
    }
    pages(store, &records)
}

fn expect_range(store: &dyn Store, range: &KeyRange, records: &State) -> Outcome {
    let within = records.iter().filter(|(key, _)| range.contains(key));
    let expected: Vec<(Key, Value)> =
        within.map(|(key, value)| (key.clone(), value.clone())).collect();
    let found = scan(store, range, records.len())?;
    ensure!(found == expected, "{range:?} has {} entries, not {}", found.len(), expected.len());
    Ok(())
}

/// Reads the tree in steps, each of which begins behind the last key of the one before.
fn pages(store: &dyn Store, records: &State) -> Outcome {
    const STEP: usize = 101;
    let mut range = KeyRange::prefix(Tree::Logins, []);
    let mut found = Vec::new();
    loop {
        let step = scan(store, &range, STEP)?;
        let Some((last, _)) = step.last() else { break };
        range = range.after(&last.bytes);
        found.extend(step);
        ensure!(found.len() <= records.len(), "pages of {STEP} entries repeat entries");
    }
    let (read, held) = (found.len(), records.len());
    let is_same = found.iter().map(|(key, value)| (key, value)).eq(records);
    ensure!(is_same, "pages of {STEP} entries have {read} entries, the tree has {held}");
    Ok(())
}

/// The length of the longest key of the engine, a login: a pool, a kind, the name of a provider
/// with its end, and a user.
const LONGEST_KEY: usize = 16 + 1 + 128 * 4 + 1 + 1024 * 4;

/// No key can be compressed.
fn a_key_is_as_long_as_a_login(store: &dyn Store) -> Outcome {
    let lengths = [255, 256, 511, 767, 1023, 2047, 2690, 2713, 3071, 4096, LONGEST_KEY];
    let name = noise(2, LONGEST_KEY);
    for length in lengths {
        let circumstances = format!("keys of {length} bytes");
        let name = name.get(..length).unwrap_or_default();
        long_keys(store, name).map_err(|breach| breach.at(&circumstances))?;
    }
    Ok(())
}

/// Two keys that differ in their last byte only, and the one that both begin with.
fn long_keys(store: &dyn Store, name: &[u8]) -> Outcome {
    let Some((last, beginning)) = name.split_last() else { return Ok(()) };
    let sibling = [beginning, &[last.wrapping_add(1)]].concat();
    let [whole, sibling, beginning] =
        [name.to_vec(), sibling, beginning.to_vec()].map(|bytes| Key::new(Tree::Logins, bytes));
    done(store, batch().absent(&whole).put(&whole, "whole"))?;
    conflicts(store, batch().absent(&whole).put(&whole, "2"))?;
    done(store, batch().absent(&sibling).absent(&beginning).put(&sibling, "sibling"))?;
    done(store, batch().absent(&beginning).put(&beginning, "beginning"))?;
    let mut expected: Vec<(Key, Value)> =
        [(&whole, "whole"), (&sibling, "sibling"), (&beginning, "beginning")]
            .map(|(key, value)| (key.clone(), value.as_bytes().to_vec()))
            .into();
    for (key, value) in &expected {
        holds(store, key, Some(value))?;
        done(store, batch().holds(key, value))?;
    }
    expected.sort();
    let range = KeyRange::prefix(Tree::Logins, beginning.bytes.clone());
    ensure!(scan(store, &range, 9)? == expected, "a scan has other entries");
    let behind = range.after(&beginning.bytes);
    let rest = expected.split_first().map(|(_, rest)| rest).unwrap_or_default();
    ensure!(scan(store, &behind, 9)? == rest, "a scan from a long key has other entries");
    done(store, batch().holds(&whole, "whole").put(&whole, "2").delete(&sibling))?;
    holds(store, &whole, Some(b"2"))?;
    holds(store, &sibling, None)?;
    done(store, batch().delete(&whole).delete(&beginning))?;
    holds(store, &beginning, None)
}
