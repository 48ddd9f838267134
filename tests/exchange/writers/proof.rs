//! The proof that a file has the state at one commit, from the logs of the writers.
//!
//! The state after some steps of each writer is the union of their parts, and the revision of each
//! shared identity counts the steps that have changed it. Such a state is that at one commit if
//! some order of all steps has exactly these ones first: if none of them began after another one
//! was answered that the state lacks.

use std::collections::BTreeMap;

use super::moment::{Fact, Part};
use super::{BOARDS, Counts, File, Step, WRITERS};

pub(super) struct Proof<'a> {
    logs: &'a [Vec<Step>; WRITERS],
    /// The writer of each identity.
    owners: BTreeMap<&'a str, usize>,
    /// Where the search for the steps of the next file begins.
    replays: [Replay; WRITERS],
}

/// What a writer's steps so far have made.
#[derive(Default, Clone)]
struct Replay {
    steps: usize,
    part: Part,
    changes_of_boards: [u64; BOARDS],
}

impl Replay {
    fn follow(&mut self, step: &Step) {
        for fact in &step.change.gone {
            assert!(self.part.remove(fact), "{fact:?} was not there");
        }
        self.part.extend(step.change.new.iter().cloned());
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
            for fact in log.iter().flat_map(|step| &step.change.new) {
                if let Fact::Identity { id, .. } = fact {
                    let other = owners.insert(id.as_str(), writer);
                    assert!(other.is_none_or(|other| other == writer), "{id} of two writers");
                }
            }
        }
        Self { logs, owners, replays: Default::default() }
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
        let revisions = std::array::from_fn(|board| {
            let registration = 1;
            registration + ends.iter().map(|end| end.changes_of_boards[board]).sum::<u64>()
        });
        assert_eq!(file.moment.revisions, revisions, "the shared identities after {cut:?}");
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
            panic!("writer {writer} was never at {part:#?} from step {answered} to step {begun}")
        })
    }
}
