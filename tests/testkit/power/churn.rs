//! Power cuts of a store whose records are rewritten and deleted again and again by several
//! writers, so that sled uses the segments of its log again.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use cognate::store::{Batch, Commit, Durability, Key, KeyRange, SledOptions, Store};
use cognate::store::{StoreError, Tree};

use super::{Disk, Event, FOLDER, recorded};
use crate::effort;
use crate::twin::Numbers;

const DURABILITY: &str = "COGNATE_POWER_DURABILITY";
const WRITERS: usize = 3;
/// The commits of each writer in each of two rounds. The database is closed between them.
const COMMITS: u64 = 150;
/// The records of each writer that are rewritten and deleted.
const RECORDS: u64 = 24;
/// The cuts of each durability in an ordinary run.
const CUTS: u64 = 20;

/// The record of a writer that tells its last commit, and those of the others which were answered
/// before that commit began.
fn counter(writer: usize) -> Key {
    Key::new(Tree::Accounts, writer.to_be_bytes())
}

/// What a commit of a writer deletes and writes, apart from the counter.
fn changes(writer: usize, number: u64) -> (Vec<Key>, Vec<(Key, Vec<u8>)>) {
    let chance = Numbers::new((writer as u64) << 32 | number);
    let key = || {
        let tree = if chance.below(2) == 0 { Tree::Pools } else { Tree::Logins };
        Key::new(tree, [writer as u64, chance.below(RECORDS)].map(u64::to_be_bytes).concat())
    };
    let value = || {
        let length = match chance.below(64) {
            0..4 => 20_000 + chance.below(40_000),
            4..16 => 4_000 + chance.below(200),
            _ => chance.below(2_000),
        };
        let fill = chance.next().to_le_bytes();
        fill.into_iter().cycle().take(usize::try_from(length).expect("few")).collect()
    };
    let deletes = (0..chance.below(3)).map(|_| key()).collect();
    let puts = (0..=chance.below(4)).map(|_| (key(), value())).collect();
    (deletes, puts)
}

fn options(folder: &Path, durability: &str) -> SledOptions {
    let durability = match durability {
        "power-loss" => Durability::PowerLoss,
        "process-kill" => Durability::ProcessKill,
        _ => Durability::Relaxed,
    };
    SledOptions::new(folder).durability(durability)
}

#[test]
fn churns_under_a_recorder() {
    let (Ok(folder), Ok(durability)) = (std::env::var(FOLDER), std::env::var(DURABILITY)) else {
        return;
    };
    let answered: [AtomicU64; WRITERS] = Default::default();
    for round in 0..2 {
        let store = options(Path::new(&folder), &durability).open().expect("opens");
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (store, answered) = (&store, &answered);
                scope.spawn(move || {
                    for number in 1 + round * COMMITS..=(round + 1) * COMMITS {
                        let mut batch = Batch::default();
                        (batch.deletes, batch.puts) = changes(writer, number);
                        let known = answered.each_ref().map(|count| count.load(Ordering::SeqCst));
                        let mut counts = known;
                        counts[writer] = number;
                        let counts = counts.map(u64::to_be_bytes).concat();
                        batch.puts.push((counter(writer), counts));
                        assert_eq!(store.commit(batch).expect("commits"), Commit::Done);
                        answered[writer].store(number, Ordering::SeqCst);
                        let line = format!("answered {writer} {number};\n");
                        std::io::stdout().write_all(line.as_bytes()).expect("a parent");
                    }
                });
            }
        });
    }
}

type Records = BTreeMap<Key, Vec<u8>>;

/// The numbers of commits that the counter of each writer tells.
fn counts(found: &Records) -> [[u64; WRITERS]; WRITERS] {
    std::array::from_fn(|writer| {
        let Some(counter) = found.get(&counter(writer)) else { return [0; WRITERS] };
        let (words, []) = counter.as_chunks::<8>() else { panic!("{counter:?}") };
        std::array::from_fn(|other| u64::from_be_bytes(words[other]))
    })
}

/// The records of each writer after one of its commits.
struct Histories([(u64, Records); WRITERS]);

impl Histories {
    /// The records of all writers after so many commits of each. Goes forward, or begins again.
    fn after(&mut self, counts: [u64; WRITERS]) -> Records {
        let mut all = Records::new();
        for (writer, (done, records)) in self.0.iter_mut().enumerate() {
            if counts[writer] < *done {
                (*done, *records) = (0, Records::new());
            }
            for number in *done + 1..=counts[writer] {
                let (deletes, puts) = changes(writer, number);
                records.retain(|key, _| !deletes.contains(key));
                records.extend(puts);
            }
            *done = counts[writer];
            all.extend(records.clone());
        }
        all
    }
}

fn records(store: &dyn Store) -> Result<Records, StoreError> {
    let mut all = Records::new();
    for tree in Tree::ALL {
        all.extend(store.scan(&KeyRange::prefix(tree, []), usize::MAX)?);
    }
    Ok(all)
}

/// The outcomes of cuts.
#[derive(Debug, Default)]
struct Tally {
    cuts: u64,
    /// Why the database does not open, or cannot be read.
    refused: Vec<String>,
    /// The cuts after which something was missing that had been answered.
    undone: u64,
}

fn cuts_of(durability: &str) -> Tally {
    let scratch = tempfile::tempdir().expect("a folder");
    let test = "power::churn::churns_under_a_recorder";
    let events = recorded(scratch.path(), test, &[(DURABILITY, durability)]);
    assert!(reuses_segments(&events), "{durability}: no segment of the log was used again");
    let chance = Numbers::new(0x6368_7572);
    let cuts = CUTS * u64::from(effort());
    let mut places: Vec<usize> = (0..cuts)
        .map(|_| usize::try_from(chance.below(events.len() as u64 + 1)).expect("few"))
        .collect();
    places.sort_unstable();

    let (mut disk, mut answers) = (Disk::default(), [0; WRITERS]);
    let mut histories = Histories(Default::default());
    let mut tally = Tally { cuts, ..Tally::default() };
    let mut performed = 0;
    for (number, cut) in places.into_iter().enumerate() {
        for event in &events[performed..cut] {
            disk.perform(event);
            if let Event::Print(text) = event {
                count_answers(&String::from_utf8_lossy(text), &mut answers);
            }
        }
        performed = cut;
        let root = scratch.path().join(format!("cut-{number}"));
        fs::create_dir(&root).expect("a folder");
        disk.lay_out(&root, &chance);

        let what = format!("{durability}: cut at {cut} of {}, {answers:?} answers", events.len());
        let opened = options(&root.join("database"), "power-loss").open();
        match opened.and_then(|store| records(&store)) {
            Err(why @ (StoreError::Corrupt(_) | StoreError::Failed(_))) => {
                tally.refused.push(format!("{what}: {why}"));
            }
            Err(other) => panic!("{what}: {other:?}"),
            Ok(found) => {
                let undone = undone(&found, answers, &mut histories, &what);
                tally.undone += u64::from(undone);
            }
        }
        fs::remove_dir_all(&root).expect("removes");
    }
    tally
}

fn count_answers(text: &str, answers: &mut [u64; WRITERS]) {
    for line in text.lines() {
        let Some(answer) = line.strip_prefix("answered ") else { continue };
        let (writer, number) = answer.trim_end_matches(';').split_once(' ').expect("two numbers");
        answers[writer.parse::<usize>().expect("a writer")] = number.parse().expect("a number");
    }
}

/// Checks that what is found is the database of one moment. Returns whether an answered commit is
/// missing.
fn undone(found: &Records, answers: [u64; WRITERS], histories: &mut Histories, what: &str) -> bool {
    let known = counts(found);
    let done: [u64; WRITERS] = std::array::from_fn(|writer| known[writer][writer]);
    for (writer, seen) in known.iter().enumerate() {
        for (other, seen) in seen.iter().enumerate() {
            assert!(
                done[other] >= *seen,
                "{what}: commit {} of writer {writer} is there, but not commit {seen} of writer \
                 {other}, which was answered before: {known:?}",
                done[writer]
            );
        }
        assert!(done[writer] <= answers[writer] + 1, "{what}: {known:?}");
    }
    let mut without_counters = found.clone();
    without_counters.retain(|key, _| key.tree != Tree::Accounts);
    let expected = histories.after(done);
    let differs = expected.iter().find(|(key, value)| without_counters.get(key) != Some(value));
    assert!(differs.is_none(), "{what}, {done:?} found: {:?}", differs.map(|(key, _)| key));
    assert_eq!(without_counters.len(), expected.len(), "{what}, {done:?} found");
    (0..WRITERS).any(|writer| done[writer] < answers[writer])
}

/// Whether a segment of the log gets another header.
fn reuses_segments(events: &[Event]) -> bool {
    const SEGMENT: usize = 512 * 1024;
    let starts = events.iter().filter(|event| {
        matches!(event, Event::Write(path, offset, _)
            if path.ends_with("sled/db") && *offset > 0 && offset % SEGMENT == 0)
    });
    let offsets: Vec<usize> = starts
        .filter_map(|event| if let Event::Write(_, at, _) = event { Some(*at) } else { None })
        .collect();
    let different: std::collections::BTreeSet<_> = offsets.iter().collect();
    offsets.len() > different.len() + 3
}

#[test]
fn a_power_cut_undoes_nothing_that_was_answered_during_churn() {
    let tally = cuts_of("power-loss");
    assert_eq!((tally.undone, tally.refused), (0, Vec::new()), "of {} cuts", tally.cuts);
}

#[test]
fn a_power_cut_leaves_an_earlier_moment_of_flushed_commits() {
    let tally = cuts_of("process-kill");
    assert!(tally.undone > 0, "every one of {} cuts came upon a synced database", tally.cuts);
    assert_eq!(tally.refused, Vec::<String>::new(), "of {} cuts", tally.cuts);
}

/// Every cut leaves an earlier moment, or a database that does not open.
#[test]
fn a_power_cut_leaves_nothing_wrong_of_relaxed_commits() {
    let tally = cuts_of("relaxed");
    assert!(tally.undone > 0, "no cut came upon something unsynced: {tally:?}");
}
