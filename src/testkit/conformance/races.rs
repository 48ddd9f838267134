//! Races of two batches, and of writers that count.

mod rows;

use crate::store::{Batch, Commit, Key, Store, Tree, Value};
use crate::testkit::conformance::breach::{Breach, Outcome, ensure, named, shown, worded};
use crate::testkit::conformance::calls::{Draft as _, batch, contents, done};
use crate::testkit::conformance::long::PIECE;
use crate::testkit::conformance::serial::{State, explains};
use crate::testkit::conformance::threads::{joined, race};
use crate::testkit::conformance::{Pair, PairCase};

pub(super) use rows::{RAW, RULED};

/// Two batches that are committed at the same moment. One order of them has to explain their
/// outcomes and what they leave.
pub(super) struct Race {
    pub(super) requirement: &'static str,
    /// The records before.
    before: &'static [(&'static str, &'static str)],
    one: Half,
    other: Half,
}

/// A batch of a race.
struct Half {
    checks: &'static [(&'static str, Option<&'static str>)],
    deletes: &'static [&'static str],
    puts: &'static [(&'static str, &'static str)],
}

impl Half {
    fn batch(&self, key: impl Fn(&str) -> Key) -> Batch {
        let checks = self.checks.iter().fold(batch(), |batch, (name, record)| match record {
            Some(record) => batch.holds(&key(name), record),
            None => batch.absent(&key(name)),
        });
        let deletes = self.deletes.iter().fold(checks, |batch, name| batch.delete(&key(name)));
        self.puts.iter().fold(deletes, |batch, (name, record)| batch.put(&key(name), record))
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        let checks = self.checks.iter().map(|(name, _)| *name);
        let puts = self.puts.iter().map(|(name, _)| *name);
        checks.chain(self.deletes.iter().copied()).chain(puts)
    }
}

/// The names of a race are in several trees.
fn key(round: usize, name: &str) -> Key {
    let tree = match name {
        "pool" => Tree::Pools,
        "identity" => Tree::Identities,
        _ => Tree::Logins,
    };
    Key::new(tree, format!("{round:06} {name}"))
}

impl Race {
    pub(super) fn check(&self, pair: &Pair<'_>) -> Outcome {
        let mut first = batch();
        first.puts = (0..pair.rounds).flat_map(|round| self.records(round)).collect();
        done(pair.one, first)?;

        let one = |round| pair.one.commit(self.one.batch(|name| key(round, name)));
        let other = |round| pair.other.commit(self.other.batch(|name| key(round, name)));
        let outcomes = race(pair.rounds, one, other)?;

        let left = contents(pair.one)?;
        for (round, (one, other)) in outcomes.into_iter().enumerate() {
            self.check_round(round, &one?, &other?, &left)?;
        }
        Ok(())
    }

    fn check_round(&self, round: usize, one: &Commit, other: &Commit, left: &State) -> Outcome {
        let key = |name: &str| key(round, name);
        let before = self.records(round).collect();
        let names = self.one.names().chain(self.other.names());
        let held = names.filter_map(|name| left.get_key_value(&key(name)));
        let after = held.map(|(key, record)| (key.clone(), record.clone())).collect();
        let batches = [self.one.batch(key), self.other.batch(key)];
        let [first, second] = &batches;
        ensure!(
            explains(&before, (first, one), (second, other), &after),
            "no order of two batches explains that {} was {one:?}, that {} was {other:?}, and that \
             they left {}",
            worded(first),
            worded(second),
            listed(&after)
        );
        Ok(())
    }

    /// The records before a round.
    fn records(&self, round: usize) -> impl Iterator<Item = (Key, Value)> {
        self.before.iter().map(move |(name, record)| (key(round, name), (*record).into()))
    }
}

fn listed(state: &State) -> String {
    let record =
        |(key, record): (&Key, &Value)| format!("{} as {}", named(key), shown(Some(record)));
    let records: Vec<String> = state.iter().map(record).collect();
    if records.is_empty() { "nothing".to_owned() } else { records.join(" and ") }
}

pub(super) const COUNTS: [PairCase; 2] = [
    PairCase { requirement: "writers do not overwrite each other", run: |pair| count(pair, 0) },
    PairCase {
        requirement: "writers of long records do not overwrite each other",
        run: |pair| count(pair, 3 * PIECE),
    },
];

/// Writers raise a counter. `padding` makes its record long.
fn count(pair: &Pair<'_>, padding: usize) -> Outcome {
    const WRITERS: usize = 4;
    let counter = Key::new(Tree::Accounts, "counter");
    let all = WRITERS.saturating_mul(pair.rounds);
    let raise = |store: &dyn Store| -> Outcome {
        // Each conflict is the success of another writer.
        for _ in 0..all {
            let before = store.get_one(&counter)?;
            let number = before.as_deref().map_or(Ok(0), number)?.saturating_add(1);
            let after = [" ".repeat(padding), number.to_string()].concat();
            let checked = match &before {
                None => batch().absent(&counter),
                Some(before) => batch().holds(&counter, before),
            };
            if store.commit(checked.put(&counter, after))? == Commit::Done {
                return Ok(());
            }
        }
        Err(Breach::new("a batch had more conflicts than there were other batches"))
    };
    let raise_often = |store: &dyn Store| (0..pair.rounds).try_for_each(|_| raise(store));
    std::thread::scope(|scope| {
        let stores = [pair.one, pair.other].into_iter().cycle().take(WRITERS);
        let writers: Vec<_> = stores.map(|store| scope.spawn(move || raise_often(store))).collect();
        writers.into_iter().try_for_each(joined)
    })?;
    let last = pair.one.get_one(&counter)?.unwrap_or_default();
    let last = number(&last)?;
    ensure!(last == all, "{WRITERS} writers added 1 to a counter {all} times and left {last}");
    Ok(())
}

/// The number that a record is written as.
pub(super) fn number(record: &[u8]) -> Outcome<usize> {
    let text = record.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| Breach::new(format!("a number was read as {}", shown(Some(record)))))
}
