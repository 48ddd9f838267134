//! Damage to the files of a database.
//!
//! The first byte of an input selects the database. Each damage follows in ten bytes: its kind, the
//! file, and two numbers, a place and a value, each of four bytes with the lowest first.
//!
//! | kind | damage |
//! | --- | --- |
//! | 0 | flips one bit |
//! | 1 | replaces eight bytes |
//! | 2 | cuts the file |
//! | 3 | zeroes a page |
//! | 4 | swaps two pages |
//! | 5 | appends garbage |
//! | 6 | deletes the file |
//! | 7 | replaces the file by that of another of the databases |
//! | 8 | writes a valid number of a commit into `commit` |
//! | 9 | repeats a page at another place |
//! | 10 | swaps two halves of the file |

use std::sync::LazyLock;

use super::database::{Files, NAMES, load};

/// More damage is refused sooner, and finds less.
const DAMAGES_MAX: usize = 6;

const PAGE: usize = 512;

static IMAGES: LazyLock<Vec<Files>> =
    LazyLock::new(|| NAMES.iter().map(|name| load(name)).collect());

/// A database, and the same after the damage. `None` for an input without any.
pub(super) fn damaged(data: &[u8]) -> Option<(&'static Files, Files)> {
    let (which, rest) = data.split_first()?;
    // An earlier database is the same only without the number of its commit.
    let image = &IMAGES[1 + usize::from(*which) % 2];
    let mut files = image.clone();
    let (damages, _) = rest.as_chunks::<10>();
    for damage in damages.iter().take(DAMAGES_MAX) {
        apply(&mut files, *damage);
    }
    (files != *image).then_some((image, files))
}

fn apply(files: &mut Files, [kind, file, rest @ ..]: [u8; 10]) {
    let ([place, value], []) = rest.as_chunks::<4>() else { return };
    let [place, value] = [place, value].map(|number| u32::from_le_bytes(*number));
    // The log is the largest: it is picked as often as all others together.
    let names: Vec<&String> = files.keys().collect();
    let log = names.iter().position(|name| *name == "sled/db").unwrap_or(0);
    let other = usize::from(file / 2);
    let picked = if file % 2 == 0 { log } else { other % names.len().max(1) };
    let Some(name) = names.get(picked).map(|name| (*name).clone()) else { return };
    let bytes = files.get_mut(&name).expect("is there");
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let (place, other) = (at(place, used, bytes.len()), at(value, used, bytes.len()));
    match kind % 11 {
        0 => replace(bytes, place, |old| old ^ (1 << (value % 8))),
        1 => {
            for (n, byte) in value.to_le_bytes().repeat(2).into_iter().enumerate() {
                replace(bytes, place + n, |_| byte);
            }
        }
        2 => bytes.truncate(place),
        3 => page(bytes, place).for_each(|n| bytes[n] = 0),
        4 => {
            let (one, two) = (page(bytes, place), page(bytes, other));
            one.zip(two).for_each(|(one, two)| bytes.swap(one, two));
        }
        5 => bytes.extend(value.to_le_bytes().repeat(1 + place % PAGE)),
        6 => drop(files.remove(&name)),
        7 => {
            let image = &IMAGES[value as usize % IMAGES.len()];
            // A snapshot has the number of its commit in its name.
            let with =
                image.iter().find(|(of, _)| **of == name || is_snapshot(of) && is_snapshot(&name));
            files.remove(&name);
            files.extend(with.map(|(name, bytes)| (name.clone(), bytes.clone())));
        }
        8 => {
            let number = u64::from(value % 32);
            let mark = [number.to_be_bytes(), (!number).to_be_bytes()].concat();
            files.insert("commit".to_owned(), mark);
        }
        9 => {
            let (one, two) = (page(bytes, place), page(bytes, other));
            one.zip(two).for_each(|(one, two)| bytes[two] = bytes[one]);
        }
        _ => bytes.rotate_left(place),
    }
}

fn is_snapshot(name: &str) -> bool {
    name.starts_with("sled/snap.")
}

/// A place in a file, mostly before the zeros at its end.
fn at(number: u32, used: usize, length: usize) -> usize {
    let anywhere = number % 16 == 15;
    (number / 16) as usize % if anywhere { length } else { used }.max(1)
}

fn replace(bytes: &mut [u8], place: usize, with: impl Fn(u8) -> u8) {
    if let Some(byte) = bytes.get_mut(place) {
        *byte = with(*byte);
    }
}

fn page(bytes: &[u8], place: usize) -> std::ops::Range<usize> {
    let start = place / PAGE * PAGE;
    start.min(bytes.len())..(start + PAGE).min(bytes.len())
}
