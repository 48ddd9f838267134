//! The proof that a file has the state at one commit, from the logs of the writers.
//!
//! The state after some steps of each writer is the union of their parts. The revision of each
//! shared identity counts the steps that have changed it, and history tells of each deletion. Such
//! a state is that at one commit if some order of all steps has exactly these ones first: if none
//! of them began after another one was answered that the state lacks.

use std::collections::BTreeMap;

use super::moment::{Fact, Part};
use super::steps::first_part;
use super::{BOARDS, Counts, File, Step, WRITERS};

pub(super) struct Proof<'a> {
    logs: &'a [Vec<Step>; WRITERS],
    /// The writer of each identity.
    owners: BTreeMap<String, usize>,
    /// Where the search for the steps of the next file begins.
    replays: [Replay; WRITERS],
}

/// What a writer's steps so far have made.
#[derive(Clone)]
struct Replay {
    steps: usize,
    part: Part,
    deletions: u64,
    changes_of_boards: [u64; BOARDS],
}

impl Replay {
    fn new(writer: usize) -> Self {
        let part = first_part(writer);
        Self { steps: 0, part, deletions: 0, changes_of_boards: [0; BOARDS] }
    }

    fn follow(&mut self, step: &Step) {
        for fact in &step.change.gone {
            assert!(self.part.remove(fact), "{fact:?} was not there");
        }
        self.part.extend(step.change.new.iter().cloned());
        self.deletions += u64::from(step.change.operation == "delete");
        if let Some(board) = step.change.board {
            self.changes_of_boards[board] += 1;
        }
        self.steps += 1;
    }
}

impl<'a> Proof<'a> {
    pub(super) fn new(logs: &'a [Vec<Step>; WRITERS]) -> Self {
        let mut owners = BTreeMap::new();
        for (writer, log) in logs.iter().enumerate() {
            let logged = log.iter().flat_map(|step| &step.change.new).cloned();
            for fact in first_part(writer).into_iter().chain(logged) {
                if let Fact::Identity { id, .. } = fact {
                    let other = owners.insert(id, writer);
                    assert!(other.is_none_or(|other| other == writer), "an id of two writers");
                }
            }
        }
        Self { logs, owners, replays: std::array::from_fn(Replay::new) }
    }

    /// The steps of each writer that a file has. Fails if they are not those before one commit.
    ///
    /// Takes the files in the order of their exports.
    pub(super) fn cut(&mut self, file: &File) -> Counts {
        let parts = file.moment.parts(&self.owners);
        let ends: [Replay; WRITERS] =
            std::array::from_fn(|writer| self.end(writer, &parts[writer], file));
        let cut = ends.each_ref().map(|end| end.steps);
        for (writer, steps) in cut.into_iter().enumerate() {
            let Some(last) = steps.checked_sub(1) else { continue };
            // What was answered before an earlier step was also answered before this one.
            for (other, seen) in self.logs[writer][last].seen.into_iter().enumerate() {
                let has = cut[other];
                assert!(has >= seen, "step {steps} of {writer}, and of {other} {has} below {seen}");
            }
        }
        let revisions: [u64; BOARDS] = std::array::from_fn(|board| {
            let registration = 1;
            registration + ends.iter().map(|end| end.changes_of_boards[board]).sum::<u64>()
        });
        assert_eq!(file.moment.revisions, revisions, "the shared identities after {cut:?}");
        if let Some(deletions) = file.moment.deletions {
            let expected = ends.iter().map(|end| end.deletions).sum::<u64>();
            assert_eq!(deletions, expected, "the deletions of {cut:?}");
        }
        cut
    }

    /// The replay of a writer's log at the only point where its part is this one. It is no earlier
    /// than what had been answered before the export, and no later than what had begun.
    fn end(&mut self, writer: usize, part: &Part, file: &File) -> Replay {
        let replay = &mut self.replays[writer];
        let log = &self.logs[writer];
        while replay.steps < file.answered[writer] {
            replay.follow(&log[replay.steps]);
        }
        let (mut replay, mut found) = (replay.clone(), None);
        loop {
            if replay.part == *part {
                assert!(found.is_none(), "writer {writer} was twice at {part:?}");
                found = Some(replay.clone());
            }
            if replay.steps == file.begun[writer] {
                break;
            }
            replay.follow(&log[replay.steps]);
        }
        found.unwrap_or_else(|| {
            let (answered, begun) = (file.answered[writer], file.begun[writer]);
            let other: Vec<_> = part.symmetric_difference(&replay.part).collect();
            panic!(
                "writer {writer} had this part at no step from {answered} to {begun}; it differs \
                 from the last one in {other:#?}"
            )
        })
    }
}
