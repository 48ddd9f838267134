//! Group commit: one writer at a time commits for all that wait.
//!
//! The first writer leads: it takes the batches of all that have queued up, writes them as one
//! group, tells each its outcome and hands the lead to the next that waits. While it works others
//! queue, so the slower the disk, the larger the groups.

use std::sync::Arc;

use crate::store::{Batch, Commit, StoreError};
use crate::sync::{Condvar, Mutex};

/// The most batches in one group: what a group writes keeps readers waiting.
const GROUP_MAX: usize = 128;
/// The most bytes in a group of several batches: a store may need a sync between larger ones.
const GROUP_BYTES_MAX: usize = 128 * 1024;

/// Writers that wait for their batches to be committed.
#[derive(Debug, Default)]
pub(super) struct GroupCommit {
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Arc<Writer>>,
    led: bool,
}

#[derive(Debug)]
struct Writer {
    bytes: usize,
    turn: Mutex<Turn>,
    changed: Condvar,
}

#[derive(Debug)]
enum Turn {
    Waits(Batch),
    Leads(Batch),
    Done(Result<Commit, StoreError>),
}

impl GroupCommit {
    /// Commits `batch` in a group that this writer or another one writes. `write` gets batches that
    /// are to be checked and applied in their order, and returns how each ended.
    pub(super) fn commit(
        &self,
        batch: Batch,
        write: impl FnOnce(&[Batch]) -> Result<Vec<Commit>, StoreError>,
    ) -> Result<Commit, StoreError> {
        let writer = self.enqueue(batch);
        let mut turn = writer.turn.lock();
        while let Turn::Waits(_) = *turn {
            writer.changed.wait(&mut turn);
        }
        if let Turn::Leads(_) = *turn {
            drop(turn);
            self.lead(write);
            turn = writer.turn.lock();
        }
        match &*turn {
            Turn::Done(outcome) => outcome.clone(),
            Turn::Waits(_) | Turn::Leads(_) => Err(StoreError::Stopped),
        }
    }

    fn enqueue(&self, batch: Batch) -> Arc<Writer> {
        let bytes = length_of(&batch);
        let mut queue = self.queue.lock();
        let turn = if queue.led { Turn::Waits(batch) } else { Turn::Leads(batch) };
        queue.led = true;
        let writer = Arc::new(Writer { bytes, turn: Mutex::new(turn), changed: Condvar::new() });
        queue.waiting.push(Arc::clone(&writer));
        writer
    }

    fn lead(&self, write: impl FnOnce(&[Batch]) -> Result<Vec<Commit>, StoreError>) {
        let mut queue = self.queue.lock();
        let lengths = queue.waiting.iter().map(|writer| writer.bytes);
        let length = length_of_group(lengths).min(queue.waiting.len());
        // Whoever is not told an outcome, because `write` panicked, learns that the store has
        // stopped.
        let lead = Lead { commits: self, group: queue.waiting.drain(..length).collect() };
        drop(queue);
        let batches: Vec<Batch> = lead.group.iter().map(|writer| writer.take_batch()).collect();
        let mut outcomes = write(&batches).map(Vec::into_iter);
        for writer in &lead.group {
            writer.done(match &mut outcomes {
                Ok(outcomes) => outcomes.next().ok_or(StoreError::Stopped),
                Err(error) => Err(error.clone()),
            });
        }
    }
}

/// The bytes that a batch writes.
fn length_of(batch: &Batch) -> usize {
    let puts = batch.puts.iter().map(|(key, value)| key.bytes.len().saturating_add(value.len()));
    let deletes = batch.deletes.iter().map(|key| key.bytes.len());
    puts.chain(deletes).fold(0, usize::saturating_add)
}

/// The number of batches of these lengths that are one group, at least one.
fn length_of_group(mut lengths: impl Iterator<Item = usize>) -> usize {
    let first = lengths.next().unwrap_or(0);
    let sums = lengths.scan(first, |sum, length| {
        *sum = sum.saturating_add(length);
        Some(*sum)
    });
    let more = sums.take(GROUP_MAX.saturating_sub(1)).take_while(|sum| *sum <= GROUP_BYTES_MAX);
    more.count().saturating_add(1)
}

impl Writer {
    fn take_batch(&self) -> Batch {
        match &mut *self.turn.lock() {
            Turn::Waits(batch) | Turn::Leads(batch) => std::mem::take(batch),
            Turn::Done(_) => Batch::default(),
        }
    }

    fn done(&self, outcome: Result<Commit, StoreError>) {
        *self.turn.lock() = Turn::Done(outcome);
        self.changed.notify_one();
    }
}

/// Held by the writer that leads; the lead passes on when it is dropped.
struct Lead<'a> {
    commits: &'a GroupCommit,
    group: Vec<Arc<Writer>>,
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        for writer in &self.group {
            if !matches!(*writer.turn.lock(), Turn::Done(_)) {
                writer.done(Err(StoreError::Stopped));
            }
        }
        let mut queue = self.commits.queue.lock();
        let Some(next) = queue.waiting.first() else {
            queue.led = false;
            return;
        };
        let mut turn = next.turn.lock();
        if let Turn::Waits(batch) = &mut *turn {
            *turn = Turn::Leads(std::mem::take(batch));
        }
        next.changed.notify_one();
    }
}

#[cfg(all(test, not(cognate_loom)))]
impl GroupCommit {
    /// The number of writers that have queued up.
    pub(super) fn waiting(&self) -> usize {
        self.queue.lock().waiting.len()
    }
}

#[cfg(all(test, cognate_loom))]
mod model {
    use loom::thread;

    use super::*;
    use crate::store::{Key, Tree};

    /// Every writer gets the outcome of its own batch, which is written once, and one leads at a
    /// time. loom reports a writer that waits forever.
    fn check(writers: u8, preemptions: Option<usize>) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = preemptions;
        model.check(move || {
            let commits = Arc::new(GroupCommit::default());
            let written = Arc::new(loom::sync::Mutex::new(Vec::new()));
            let commit = |n: u8| {
                let (commits, written) = (Arc::clone(&commits), Arc::clone(&written));
                move || {
                    let key = Key::new(Tree::Pools, [n]);
                    let batch = Batch { puts: vec![(key, vec![n])], ..Batch::default() };
                    let outcome = commits.commit(batch, |batches| {
                        let mut written = written.try_lock().expect("nobody else leads");
                        let numbers = batches.iter().map(|batch| batch.puts[0].1[0]);
                        written.extend(numbers.clone());
                        // Lets others queue meanwhile.
                        thread::yield_now();
                        Ok(numbers.map(outcome_of).collect())
                    });
                    assert_eq!(outcome.expect("written"), outcome_of(n));
                }
            };
            let others: Vec<_> = (1..writers).map(|n| thread::spawn(commit(n))).collect();
            commit(0)();
            others.into_iter().for_each(|other| other.join().expect("no panic"));
            let mut written = written.lock().expect("no panic").clone();
            written.sort_unstable();
            assert_eq!(written, (0..writers).collect::<Vec<_>>());
        });
    }

    fn outcome_of(n: u8) -> Commit {
        if n.is_multiple_of(2) { Commit::Done } else { Commit::Conflict }
    }

    #[test]
    fn two_writers() {
        check(2, None);
    }

    #[test]
    fn three_writers() {
        check(3, Some(2));
    }
}

#[cfg(all(test, not(cognate_loom)))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::store::{Key, Tree};

    fn until_waiting(commits: &GroupCommit, writers: usize) {
        while commits.waiting() < writers {
            thread::yield_now();
        }
    }

    fn batch(n: u8) -> Batch {
        Batch { puts: vec![(Key::new(Tree::Pools, [n]), vec![n])], ..Batch::default() }
    }

    #[test]
    fn waiting_writers_share_a_group() {
        let commits = GroupCommit::default();
        let groups = AtomicUsize::new(0);
        let gate = Mutex::new(());
        let closed = gate.lock();
        let write = |batches: &[Batch]| {
            groups.fetch_add(1, Ordering::SeqCst);
            drop(gate.lock());
            Ok(batches.iter().map(|_| Commit::Done).collect())
        };
        thread::scope(|scope| {
            let commits = &commits;
            let writers: Vec<_> =
                (0..8).map(|n| scope.spawn(move || commits.commit(batch(n), write))).collect();
            // The first leads and is held at the gate; all others have queued behind it.
            until_waiting(commits, 7);
            drop(closed);
            for writer in writers {
                assert_eq!(writer.join().expect("no panic").expect("written"), Commit::Done);
            }
        });
        assert_eq!(groups.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_writer_that_panics_stops_nobody_else() {
        let commits = GroupCommit::default();
        let died = thread::scope(|scope| {
            scope.spawn(|| commits.commit(batch(1), |_| panic!("planted"))).join()
        });
        assert!(died.is_err());
        let next = commits.commit(batch(2), |batches| Ok(vec![Commit::Done; batches.len()]));
        assert_eq!(next.expect("written"), Commit::Done);
    }

    #[test]
    fn a_group_is_bounded_and_keeps_the_order_of_the_queue() {
        const BEYOND: usize = 3;
        let (commits, gate) = (GroupCommit::default(), Mutex::new(()));
        let groups = Mutex::new(Vec::new());
        let write = |batches: &[Batch]| {
            groups.lock().push(batches.to_vec());
            drop(gate.lock());
            Ok(vec![Commit::Done; batches.len()])
        };
        let closed = gate.lock();
        thread::scope(|scope| {
            let mut writers = Vec::new();
            // The first leads and is held at the gate, the others queue one after the other.
            for n in 0..=GROUP_MAX + BEYOND {
                let (commits, n) = (&commits, u8::try_from(n).expect("few"));
                writers.push(scope.spawn(move || commits.commit(batch(n), write)));
                while groups.lock().is_empty() || commits.waiting() < usize::from(n) {
                    thread::yield_now();
                }
            }
            drop(closed);
            for writer in writers {
                assert_eq!(writer.join().expect("no panic").expect("written"), Commit::Done);
            }
        });
        let groups = groups.into_inner();
        let lengths: Vec<usize> = groups.iter().map(Vec::len).collect();
        assert_eq!(lengths, [1, GROUP_MAX, BEYOND]);
        let order: Vec<u8> = groups.iter().flatten().map(|batch| batch.puts[0].1[0]).collect();
        assert!(order.is_sorted(), "{order:?}");
    }

    #[test]
    fn large_batches_are_groups_of_their_own() {
        let half = GROUP_BYTES_MAX / 2;
        for (lengths, expected) in [
            (&[1, 1, 1][..], 3),
            (&[half, half, 0, 1], 3),
            (&[half, half + 1], 1),
            (&[GROUP_BYTES_MAX + 1, 1], 1),
            (&[1, usize::MAX, 1], 1),
            (&[0; GROUP_MAX + 1], GROUP_MAX),
        ] {
            assert_eq!(length_of_group(lengths.iter().copied()), expected, "{lengths:?}");
        }
        let both = Batch { deletes: vec![Key::new(Tree::Pools, [0; 9])], ..batch(1) };
        assert_eq!(length_of(&both), 11);
    }

    /// Those of the leader's group learn that the store has stopped; the next of the queue leads.
    #[test]
    fn nobody_hangs_when_a_leader_panics() {
        let commits = Arc::new(GroupCommit::default());
        let (enter, entered) = mpsc::channel();
        let enter = Arc::new(Mutex::new(enter));
        let gates: Arc<[Mutex<()>; 3]> = Arc::default();
        let closed: Vec<_> = gates.iter().map(Mutex::lock).collect();
        let (end, ended) = mpsc::channel();
        let spawn = |n: u8| {
            let (commits, gates, enter) = (commits.clone(), gates.clone(), enter.clone());
            let end = end.clone();
            let write = move |batches: &[Batch]| {
                let first = batches[0].puts[0].1[0];
                enter.lock().send(first).expect("a receiver");
                // Only the writers 0, 1 and 4 lead.
                drop(gates[usize::from(first.div_ceil(2))].lock());
                assert_ne!(first, 1, "planted");
                Ok(vec![Commit::Done; batches.len()])
            };
            thread::spawn(move || end.send((n, commits.commit(batch(n), write))));
        };
        let patience = Duration::from_secs(60);
        let mut closed = closed.into_iter();
        for (leader, followers) in [(0, 1..4_u8), (1, 4..6), (4, 6..6)] {
            if leader == 0 {
                spawn(0);
            }
            assert_eq!(entered.recv_timeout(patience).expect("nobody leads"), leader);
            for (n, follower) in followers.enumerate() {
                spawn(follower);
                until_waiting(&commits, n + 1);
            }
            drop(closed.next());
        }
        let mut outcomes = std::collections::BTreeMap::new();
        // The leader that panicked has no outcome.
        for _ in 0..5 {
            let (n, outcome) = ended.recv_timeout(patience).expect("a writer hangs");
            outcomes.insert(n, outcome);
        }
        for (n, outcome) in outcomes {
            match n {
                2 | 3 => assert!(matches!(outcome, Err(StoreError::Stopped)), "{n}: {outcome:?}"),
                _ => assert!(matches!(outcome, Ok(Commit::Done)), "{n}: {outcome:?}"),
            }
        }
    }

    #[test]
    fn every_writer_learns_of_a_failure() {
        let commits = GroupCommit::default();
        let failed = commits.commit(batch(1), |_| Err(StoreError::failed("disk full")));
        assert!(matches!(failed, Err(StoreError::Failed(_))));
    }
}
