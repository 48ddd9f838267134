//! Requirements for reads and checks while others write.

use crate::store::{Batch, Commit, Key, KeyRange, Store, Tree, Value};
use crate::testkit::conformance::breach::{Breach, Outcome, ensure, named, shown, worded};
use crate::testkit::conformance::calls::{
    Draft as _, batch, conflicts, done, get, holds, refresh, scan, scan_back,
};
use crate::testkit::conformance::long::{PIECE, noise};
use crate::testkit::conformance::races::number;
use crate::testkit::conformance::threads::meanwhile;
use crate::testkit::conformance::{Pair, PairCase};

pub(super) const READ_AT_ONCE: PairCase =
    PairCase { requirement: "what was committed is read at once", run: read_at_once };

pub(super) const CASES: [PairCase; 7] = [
    PairCase { requirement: "a batch of checks sees one moment", run: checks_see_one_moment },
    PairCase { requirement: "one `get` reads one moment, if the store says so", run: one_get },
    PairCase {
        requirement: "one `refresh` reads one moment, if the store says so",
        run: one_refresh,
    },
    PairCase { requirement: "what was read does not disappear", run: reads_do_not_go_back },
    PairCase { requirement: "nobody reads a batch that conflicts", run: conflicts_are_not_read },
    PairCase {
        requirement: "a scan misses and repeats nothing",
        run: |pair| scans_are_complete(pair, "scan", scan),
    },
    PairCase {
        requirement: "a scan back misses and repeats nothing",
        run: |pair| scans_are_complete(pair, "scan_back", scan_back),
    },
];

type Scan = fn(&dyn Store, &KeyRange, usize) -> Outcome<Vec<(Key, Value)>>;

fn read_at_once(pair: &Pair<'_>) -> Outcome {
    let key = Key::new(Tree::Logins, "passed on");
    let range = KeyRange::prefix(Tree::Logins, *b"passed");
    let mut last: Option<Value> = None;
    for round in 0..pair.rounds {
        let deletes = round % 4 == 3;
        let next = (!deletes).then(|| round.to_string().into_bytes());
        let checked = match &last {
            None => batch().absent(&key),
            Some(last) => batch().holds(&key, last),
        };
        let (writer, reader) =
            if round % 2 == 0 { (pair.one, pair.other) } else { (pair.other, pair.one) };
        done(
            writer,
            match &next {
                None => checked.delete(&key),
                Some(next) => checked.put(&key, next),
            },
        )?;
        holds(reader, &key, next.as_deref())?;
        let known = [(key.clone(), last), (key.clone(), next.clone())];
        for refreshed in refresh(reader, &known)? {
            let refreshed = shown(refreshed.as_deref());
            let expected = shown(next.as_deref());
            ensure!(refreshed == expected, "`refresh` returned {refreshed} for {expected}");
        }
        let scans: [(&str, Scan); 2] = [("a scan", scan), ("a scan back", scan_back)];
        for (call, scan) in scans {
            let scanned = scan(reader, &range, 2)?.pop().map(|(_, value)| value);
            let (found, expected) = (shown(scanned.as_deref()), shown(next.as_deref()));
            ensure!(scanned == next, "{call} returned {found} for {expected}");
        }
        done(
            reader,
            match &next {
                None => batch().absent(&key),
                Some(next) => batch().holds(&key, next),
            },
        )?;
        last = next;
    }
    Ok(())
}

/// Two keys hold the same number or are both absent; a third key holds the other number.
fn checks_see_one_moment(pair: &Pair<'_>) -> Outcome {
    let x = Key::new(Tree::Pools, "x");
    let y = Key::new(Tree::Logins, "y");
    let z = Key::new(Tree::Identities, "z");
    let write = |round: usize| {
        let change = match round % 3 {
            0 => batch().put(&x, "0").put(&y, "0").put(&z, "1"),
            1 => batch().put(&x, "1").put(&y, "1").put(&z, "0"),
            _ => batch().delete(&x).delete(&y).delete(&z),
        };
        done(pair.one, change)
    };
    write(0)?;
    let never = [
        batch().holds(&x, "0").holds(&y, "1"),
        batch().holds(&x, "1").holds(&y, "0"),
        batch().holds(&y, "1").holds(&x, "0"),
        batch().holds(&y, "0").holds(&x, "1"),
        batch().holds(&x, "1").absent(&y),
        batch().absent(&x).holds(&y, "0"),
        batch().holds(&x, "0").holds(&z, "0"),
        batch().holds(&z, "1").holds(&x, "1"),
    ];
    let all = never.len();
    let check = |round: usize| -> Outcome {
        let Some(checks) = round.checked_rem(all).and_then(|place| never.get(place)) else {
            return Ok(());
        };
        let told = match pair.other.commit(checks.clone())? {
            Commit::Done => {
                return Err(Breach::new(format!("this held at no moment: {}", worded(checks))));
            }
            Commit::Conflict => return Ok(()),
            Commit::ConflictWith(told) => told,
        };
        let value =
            |wanted: &Key| told.iter().find(|(key, _)| key == wanted).map(|(_, value)| value);
        let of_one_moment = match (value(&x), value(&y), value(&z)) {
            (Some(x), Some(y), _) => x == y,
            (Some(x), _, Some(z)) => x.is_some() == z.is_some() && (x.is_none() || x != z),
            _ => true,
        };
        ensure!(of_one_moment, "a conflict told of two moments: {told:?}");
        Ok(())
    };
    meanwhile(pair.rounds.saturating_mul(2), write, check)
}

/// Keys of every tree, which always hold the same number.
struct Crowd(Vec<Key>);

impl Crowd {
    fn new() -> Self {
        let names = (0..4).map(|n| format!("of the crowd {n}"));
        let of_tree = |tree| names.clone().map(move |name| Key::new(tree, name));
        Self(Tree::ALL.into_iter().flat_map(of_tree).collect())
    }

    fn batch(&self, number: usize) -> Batch {
        let number = number.to_string();
        self.0.iter().fold(batch(), |batch, key| batch.put(key, &number))
    }

    /// The number of all values.
    fn number(&self, values: &[Option<Value>]) -> Outcome<usize> {
        let absent = || Breach::new("a key that is never deleted was absent");
        let numbers = values.iter().map(|value| number(value.as_deref().ok_or_else(absent)?));
        let numbers: Vec<usize> = numbers.collect::<Outcome<_>>()?;
        let (min, max) = (numbers.iter().min(), numbers.iter().max());
        ensure!(
            min == max,
            "{} keys that always hold one number were read as {min:?} to {max:?}",
            self.0.len()
        );
        min.copied().ok_or_else(absent)
    }
}

fn one_get(pair: &Pair<'_>) -> Outcome {
    let crowd = Crowd::new();
    done(pair.one, crowd.batch(0))?;
    if !pair.other.reads_one_moment() {
        return Ok(());
    }
    let read = |_| crowd.number(&get(pair.other, &crowd.0)?).map(drop);
    meanwhile(pair.rounds, |round| done(pair.one, crowd.batch(round)), read)
}

fn one_refresh(pair: &Pair<'_>) -> Outcome {
    let crowd = Crowd::new();
    done(pair.one, crowd.batch(0))?;
    if !pair.other.reads_one_moment() {
        return Ok(());
    }
    let mut last = get(pair.other, &crowd.0)?;
    let read = |_| {
        let known: Vec<_> = crowd.0.iter().cloned().zip(last.drain(..)).collect();
        last = refresh(pair.other, &known)?;
        crowd.number(&last).map(drop)
    };
    meanwhile(pair.rounds, |round| done(pair.one, crowd.batch(round)), read)
}

/// A number only rises. All that is read after it is of the same commit or a later one.
fn reads_do_not_go_back(pair: &Pair<'_>) -> Outcome {
    let (a, b) = (Key::new(Tree::Pools, "a"), Key::new(Tree::Logins, "b"));
    let write = |round: usize| {
        let number = round.to_string();
        done(pair.one, batch().put(&a, &number).put(&b, &number))
    };
    write(0)?;
    let mut last: usize = 0;
    let read = |_| -> Outcome {
        let mut rises = |call: &str, value: Option<Value>| -> Outcome {
            let Some(value) = value else {
                return Err(Breach::new(format!("`{call}` read nothing after {last}")));
            };
            let number = number(&value)?;
            ensure!(number >= last, "`{call}` read {number} after {last}");
            last = number;
            Ok(())
        };
        rises("get_one", pair.other.get_one(&b)?)?;
        rises("get", get(pair.other, std::slice::from_ref(&a))?.pop().flatten())?;
        rises("refresh", refresh(pair.other, &[(b.clone(), None)])?.pop().flatten())?;
        let range = KeyRange::prefix(Tree::Pools, *b"a");
        rises("scan", scan(pair.other, &range, 1)?.pop().map(|(_, value)| value))?;
        rises("scan_back", scan_back(pair.other, &range, 1)?.pop().map(|(_, value)| value))?;
        rises("get_one", pair.one.get_one(&b)?)
    };
    meanwhile(pair.rounds, write, read)
}

/// A batch with many puts, whose last check fails.
fn conflicts_are_not_read(pair: &Pair<'_>) -> Outcome {
    let crowd = Crowd::new();
    let there = Key::new(Tree::SigningKeys, "there");
    done(pair.one, crowd.batch(0).put(&there, "1"))?;
    let checks = crowd.0.iter().fold(batch(), |batch, key| batch.holds(key, "0"));
    let mut failing = checks.holds(&there, "2");
    failing.puts = crowd.batch(1).puts;
    failing.deletes.push(there.clone());
    let write = |_| match pair.one.commit(failing.clone())? {
        Commit::Done => Err(Breach::new("a batch with a check that does not hold was done")),
        Commit::Conflict | Commit::ConflictWith(_) => Ok(()),
    };
    let mut known: Vec<_> = crowd.0.iter().map(|key| (key.clone(), None)).collect();
    known.push((there.clone(), None));
    let read = |_| -> Outcome {
        for (value, (key, _)) in refresh(pair.other, &known)?.iter().zip(&known) {
            let expected: &[u8] = if *key == there { b"1" } else { b"0" };
            let (found, name) = (shown(value.as_deref()), named(key));
            ensure!(value.as_deref() == Some(expected), "{name} was {found} for a moment");
        }
        Ok(())
    };
    meanwhile(pair.rounds, write, read)?;
    conflicts(pair.one, failing)
}

/// Long records that are replaced, and that stay, between keys that come and go.
fn scans_are_complete(pair: &Pair<'_>, call: &str, scan: Scan) -> Outcome {
    let stays = ["b", "d", "f"].map(|name| Key::new(Tree::Identities, name));
    let passes = ["a", "c", "e", "g"].map(|name| Key::new(Tree::Identities, name));
    let values = [10, 11, 12].map(|start| noise(start, 8 * PIECE + 5));
    let write = |round: usize| -> Outcome {
        let value = values.get(round % 3).ok_or_else(|| Breach::new("no value"))?;
        let replace = stays.iter().fold(batch(), |batch, key| batch.put(key, value));
        done(
            pair.one,
            passes.iter().fold(replace, |batch, key| {
                if round.is_multiple_of(2) { batch.put(key, "passes") } else { batch.delete(key) }
            }),
        )
    };
    write(0)?;
    let range = KeyRange::prefix(Tree::Identities, []);
    let read = |_| -> Outcome {
        let entries = scan(pair.other, &range, 9)?;
        for key in &stays {
            let scanned = entries.iter().find(|(found, _)| found == key).map(|(_, value)| value);
            let one = pair.other.get_one(key)?;
            for (call, value) in [(call, scanned), ("get_one", one.as_ref())] {
                ensure!(
                    value.is_some_and(|value| values.contains(value)),
                    "`{call}` of {} returned {}, which it never held",
                    named(key),
                    shown(value.map(Vec::as_slice))
                );
            }
        }
        Ok(())
    };
    meanwhile(pair.rounds, write, read)
}
