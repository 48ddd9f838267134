//! Requirements for long records and batches.

use crate::store::{Key, KeyRange, Store, Tree};
use crate::testkit::conformance::Case;
use crate::testkit::conformance::breach::{Outcome, ensure};
use crate::testkit::conformance::calls::{Draft, batch, conflicts, done, get, holds, scan};

pub(super) const CASES: [Case; 4] = [
    Case { requirement: "records of any length are compared whole", run: compared_whole },
    Case { requirement: "long records are replaced whole", run: replaced_whole },
    Case { requirement: "a record has room for 1 MiB", run: a_record_has_room },
    Case { requirement: "a batch has room for 1,300 keys", run: a_batch_has_room },
];

/// Bytes that cannot be compressed, and that differ with `start`.
pub(super) fn noise(start: u64, length: usize) -> Vec<u8> {
    let mut word = start.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::new();
    while bytes.len() < length {
        // xorshift64*
        word ^= word >> 12;
        word ^= word << 25;
        word ^= word >> 27;
        bytes.extend(word.wrapping_mul(0x2545_f491_4f6c_dd1d).to_be_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// `bytes`, but for the byte at `place`.
fn changed_at(bytes: &[u8], place: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    if let Some(byte) = changed.get_mut(place) {
        *byte = byte.wrapping_add(1);
    }
    changed
}

/// A store may keep a longer record in pieces: sled's have this length.
pub(super) const PIECE: usize = 4096;

fn compared_whole(store: &dyn Store) -> Outcome {
    let name = Key::new(Tree::Identities, "long");
    for length in [1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1, 5 * PIECE + 7] {
        let stored = noise(3, length);
        done(store, batch().put(&name, &stored))?;
        let last = length.saturating_sub(1);
        let mut wrong: Vec<Vec<u8>> = [0, length / 2, length.saturating_sub(PIECE / 2), last]
            .map(|place| changed_at(&stored, place.min(last)))
            .into();
        wrong.extend([1, PIECE].map(|less| stored.iter().copied().skip(less).collect()));
        wrong.extend(
            [1, PIECE]
                .map(|less| stored.iter().copied().take(length.saturating_sub(less)).collect()),
        );
        wrong.extend([1, PIECE].map(|more| [stored.as_slice(), &noise(4, more)].concat()));
        for expected in wrong {
            let circumstances = format!(
                "a check for {} bytes that are not the {length} stored ones",
                expected.len()
            );
            let change = batch().holds(&name, expected).delete(&name);
            conflicts(store, change).map_err(|breach| breach.at(&circumstances))?;
        }
        conflicts(store, batch().absent(&name).put(&name, "x"))?;
        done(store, batch().holds(&name, &stored))?;
        done(store, batch().holds(&name, &stored).delete(&name))?;
        holds(store, &name, None)?;
    }
    Ok(())
}

fn replaced_whole(store: &dyn Store) -> Outcome {
    let range = KeyRange::prefix(Tree::Identities, *b"piece");
    let [before, name, after] =
        ["piece 1", "piece 2", "piece 3"].map(|name| Key::new(Tree::Identities, name));
    done(store, batch().put(&before, "short").put(&after, "short"))?;
    let values = [
        noise(5, 3 * PIECE),
        noise(6, 3 * PIECE),
        noise(7, PIECE + 1),
        b"short".to_vec(),
        noise(8, 9 * PIECE),
    ];
    let mut known: Option<&[u8]> = None;
    for value in &values {
        let change = match known {
            None => batch().absent(&name),
            Some(known) => batch().holds(&name, known),
        };
        let change = change.put(&name, value);
        done(store, change.clone())?;
        conflicts(store, change)?;
        holds(store, &name, Some(value))?;
        for limit in [2, 3, 9] {
            let found = scan(store, &range, limit)?;
            let whole = [(&before, "short".as_bytes()), (&name, value), (&after, b"short")];
            let whole = whole.map(|(key, value)| (key.clone(), value.to_vec()));
            let expected = whole.into_iter().take(limit);
            ensure!(found.into_iter().eq(expected), "a scan of {limit} has other records");
        }
        known = Some(value);
    }
    Ok(())
}

fn a_record_has_room(store: &dyn Store) -> Outcome {
    const LENGTH: usize = 1 << 20;
    let name = Key::new(Tree::Pools, "large");
    let large = noise(9, LENGTH);
    done(store, batch().absent(&name).put(&name, &large))?;
    holds(store, &name, Some(&large))?;
    let range = KeyRange::prefix(Tree::Pools, *b"large");
    ensure!(scan(store, &range, 2)? == [(name.clone(), large.clone())], "a scan has another");
    let other = changed_at(&large, LENGTH.saturating_sub(1));
    conflicts(store, batch().holds(&name, &other).put(&name, "x"))?;
    done(store, batch().holds(&name, &large).put(&name, &other))?;
    holds(store, &name, Some(&other))
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
    let rest = keys.iter().fold(batch(), Draft::delete);
    done(store, rest).map_err(|breach| breach.at("1,300 deletes"))?;
    expect(&|_| None)
}
