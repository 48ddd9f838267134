//! Requirements for scans from the end of a range.

use crate::store::{Batch, Key, KeyRange, Store, Tree, Value};
use crate::testkit::conformance::Case;
use crate::testkit::conformance::breach::{Outcome, ensure, named};
use crate::testkit::conformance::calls::{Draft as _, batch, done, scan, scan_back};
use crate::testkit::conformance::long::noise;

pub(super) const CASES: [Case; 3] = [
    Case { requirement: "a scan back follows the order of keys", run: follows_the_order },
    Case { requirement: "a scan back returns what a scan returns", run: agrees_with_scans },
    Case { requirement: "a scan back follows the order of long keys", run: follows_long_keys },
];

fn follows_the_order(store: &dyn Store) -> Outcome {
    let names: [&[u8]; 6] = [b"s\xff\xff", b"sa", b"s\x01", b"s\x00\xff", b"s\x00", b"s"];
    let outside: [&[u8]; 3] = [b"r\xff", b"t", b"\xff\xff"];
    for name in names.iter().chain(&outside) {
        done(store, batch().put(&Key::new(Tree::Identities, *name), "x"))?;
    }
    done(store, batch().put(&Key::new(Tree::Logins, "sz"), "x"))?;
    let all = KeyRange::prefix(Tree::Identities, *b"s");
    let up_to = |end: &[u8]| KeyRange { end: Some(end.to_vec()), ..all.clone() };
    let to_the_end = KeyRange { end: None, ..all.clone() };
    for (range, limit, expected) in [
        (&all, 100, &names[..]),
        (&all, 6, &names),
        (&all, 5, names.split_at(5).0),
        (&all, 1, names.split_at(1).0),
        (&all, 0, &[]),
        (&all.clone().after(b"s\x00"), 100, names.split_at(4).0),
        (&all.clone().after(b"s\x00"), 4, names.split_at(4).0),
        (&all.clone().after(b"s\xff\xff"), 100, &[]),
        (&up_to(b"sa"), 2, names.split_at(2).1.split_at(2).0),
        (&up_to(b"s"), 100, &[]),
        (&up_to(b"r"), 100, &[]),
        (&to_the_end, 2, &[b"\xff\xff", b"t"]),
        (&KeyRange::prefix(Tree::Identities, *b"u"), 100, &[]),
        (&KeyRange::prefix(Tree::Pools, []), 100, &[]),
    ] {
        let found = scan_back(store, range, limit)?;
        let found: Vec<&[u8]> = found.iter().map(|(key, _)| key.bytes.as_slice()).collect();
        ensure!(found == expected, "the last {limit} of {range:?} were {found:?}");
    }
    Ok(())
}

/// The entries of a range from its end, with limits around their number.
fn expect_last(store: &dyn Store, range: &KeyRange) -> Outcome {
    let mut expected = scan(store, range, usize::MAX)?;
    expected.reverse();
    let count = expected.len();
    for limit in [0, 1, 2, 60, count.saturating_sub(1), count, count.saturating_add(1), usize::MAX]
    {
        let found = scan_back(store, range, limit)?;
        let expected = expected.get(..limit).unwrap_or(&expected);
        let missing = expected.iter().find(|entry| !found.contains(entry));
        let missing = missing.map_or("none".to_owned(), |(key, _)| named(key));
        ensure!(
            found == expected,
            "a scan back of {limit} of {count} entries returned {}, and {missing} is missing",
            found.len()
        );
    }
    Ok(())
}

/// Groups of keys, each with a beginning that comes right before that of the next group. What is
/// there changes with every commit.
fn agrees_with_scans(store: &dyn Store) -> Outcome {
    const GROUP: u8 = 23;
    let group = |start: u8| {
        let beginning = [start, u8::MAX, u8::MAX, u8::MAX, u8::MAX, u8::MAX];
        (0..GROUP).map(move |n| Key::new(Tree::Activity, [beginning.as_slice(), &[n, n]].concat()))
    };
    let starts = [3, 1, 2, 8, 4, 6, 5, 7];
    let ranges = [
        KeyRange::prefix(Tree::Activity, []),
        KeyRange::prefix(Tree::Activity, [2]),
        KeyRange::prefix(Tree::Activity, [8]).after(&[8, u8::MAX, u8::MAX]),
        KeyRange { tree: Tree::Activity, start: vec![1], end: Some(vec![6, u8::MAX]) },
        KeyRange { tree: Tree::Activity, start: vec![5, u8::MAX], end: None },
    ];
    let expect = || ranges.iter().try_for_each(|range| expect_last(store, range));
    for start in starts {
        let put = |batch: Batch, key: Key| batch.put(&key, [start]);
        done(store, group(start).fold(batch(), put))?;
        expect()?;
    }
    let last: Vec<Key> = group(8).collect();
    done(store, last.iter().fold(batch(), Batch::delete))?;
    expect()?;
    done(store, last.iter().take(2).fold(batch(), |batch, key| batch.put(key, noise(3, 9_000))))?;
    expect()?;
    for start in [6, 7] {
        done(store, group(start).step_by(2).fold(batch(), |batch, key| batch.delete(&key)))?;
        expect()?;
    }
    Ok(())
}

/// Keys that differ only behind a long beginning.
fn follows_long_keys(store: &dyn Store) -> Outcome {
    let ends: [&[u8]; 5] = [b"c", b"b\x00", b"b", b"a\xff", b""];
    for length in [255, 1_023, 1_024, 1_025, 2_690, 4_096] {
        let beginning = noise(4, length);
        let key = |end: &&[u8]| Key::new(Tree::Logins, [beginning.as_slice(), end].concat());
        let expected: Vec<(Key, Value)> = ends.iter().map(|end| (key(end), end.to_vec())).collect();
        for (key, value) in expected.iter().rev() {
            done(store, batch().put(key, value))?;
        }
        let mut range = KeyRange::prefix(Tree::Logins, beginning.clone());
        for limit in [1, 2, 5, 6] {
            let found = scan_back(store, &range, limit)?;
            let expected = expected.get(..limit).unwrap_or(&expected);
            ensure!(found == expected, "a scan back of {limit} keys of {length} bytes has others");
        }
        range.start.push(b'a');
        range.end = Some(key(&b"c".as_slice()).bytes);
        let within = expected.split_first().map(|(_, rest)| rest.split_at(3).0);
        ensure!(
            Some(scan_back(store, &range, 9)?.as_slice()) == within,
            "a scan back between keys of {length} bytes has other entries"
        );
    }
    Ok(())
}
