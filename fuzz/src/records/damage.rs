//! The damage that an input does to the records of a store.
//!
//! An input is a sequence of steps. Each is a letter, the number of a record, a length, and as many
//! bytes, whose meaning depends on the letter:
//!
//! | | bytes | the record |
//! | --- | --- | --- |
//! | `e` | edits | is edited |
//! | `p` | a place and bytes | is overwritten with the bytes from the place on |
//! | `c` | a place | is cut there |
//! | `x` | bytes | has the bytes appended |
//! | `v` | bytes | is replaced by the bytes |
//! | `s` | a number | swaps its value with that of another record of its tree |
//! | `k` | edits | is copied to an edited key |
//! | `m` | bytes | is copied to the bytes as a key |
//! | `n` | a length and bytes | gets a new neighbour: a key of that length, and the rest as the value |
//! | `d` | | is deleted |

use std::collections::BTreeMap;

use arbitrary::{Arbitrary, Unstructured};
use cognate::store::{Key, Value};

use crate::edits::{Edit, Place, edit};

/// More steps leave little of a store.
const STEPS_MAX: usize = 12;

/// The records of a store after the damage.
pub(super) fn damaged(entries: &[(Key, Value)], input: &[u8]) -> BTreeMap<Key, Value> {
    let mut records: BTreeMap<Key, Value> = entries.iter().cloned().collect();
    let mut input = input;
    for _ in 0..STEPS_MAX {
        let [letter, number, length, rest @ ..] = input else { break };
        let (bytes, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        input = rest;
        let (key, _) = &entries[usize::from(*number) % entries.len()];
        step(entries, &mut records, (*letter, key), bytes);
    }
    records
}

fn step(
    entries: &[(Key, Value)],
    records: &mut BTreeMap<Key, Value>,
    (letter, key): (u8, &Key),
    bytes: &[u8],
) {
    let mut u = Unstructured::new(bytes);
    // A deleted record counts as an empty one.
    let mut value = records.get(key).cloned().unwrap_or_default();
    match letter {
        b'e' => edit(&mut value, &Vec::<Edit>::arbitrary(&mut u).unwrap_or_default()),
        b'p' => {
            let Ok(place) = Place::arbitrary(&mut u) else { return };
            let (start, bytes) = (place.within(value.len() + 1), u.take_rest());
            let end = value.len().min(start + bytes.len());
            value.splice(start..end, bytes.iter().copied());
        }
        b'c' => {
            let Ok(place) = Place::arbitrary(&mut u) else { return };
            value.truncate(place.within(value.len() + 1));
        }
        b'x' => value.extend(bytes),
        b'v' => value = bytes.to_vec(),
        b's' => {
            let siblings: Vec<_> = entries.iter().filter(|(k, _)| k.tree == key.tree).collect();
            let number = usize::from(bytes.first().copied().unwrap_or_default());
            let (other, _) = siblings[number % siblings.len()];
            let swapped = records.insert(other.clone(), value);
            value = swapped.unwrap_or_default();
        }
        b'k' => {
            let mut copy = key.bytes.clone();
            edit(&mut copy, &Vec::<Edit>::arbitrary(&mut u).unwrap_or_default());
            records.insert(Key::new(key.tree, copy), value);
            return;
        }
        b'm' => drop(records.insert(Key::new(key.tree, bytes), value.clone())),
        b'n' => {
            let Some((length, rest)) = bytes.split_first() else { return };
            let (new, value) = rest.split_at(usize::from(*length).min(rest.len()));
            records.insert(Key::new(key.tree, new), value.to_vec());
            return;
        }
        b'd' => {
            records.remove(key);
            return;
        }
        _ => return,
    }
    records.insert(key.clone(), value);
}
