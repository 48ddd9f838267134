//! Group commit: one writer at a time commits for all that wait.
//!
//! The first writer leads: it takes the batches of all that have queued up, writes them as one
//! group, tells each its outcome and hands the lead to the next that waits. While it works others
//! queue, so the slower the disk, the larger the groups.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::store::{Batch, Commit, StoreError};

/// The most batches in one group: what a group writes keeps readers waiting.
const GROUP_MAX: usize = 128;

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
        let mut queue = self.queue.lock();
        let turn = if queue.led { Turn::Waits(batch) } else { Turn::Leads(batch) };
        queue.led = true;
        let writer = Arc::new(Writer { turn: Mutex::new(turn), changed: Condvar::new() });
        queue.waiting.push(Arc::clone(&writer));
        writer
    }

    fn lead(&self, write: impl FnOnce(&[Batch]) -> Result<Vec<Commit>, StoreError>) {
        let mut queue = self.queue.lock();
        let length = queue.waiting.len().min(GROUP_MAX);
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;
    use crate::store::{Key, Tree};

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
            while commits.queue.lock().waiting.len() < 7 {
                thread::yield_now();
            }
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
    fn every_writer_learns_of_a_failure() {
        let commits = GroupCommit::default();
        let failed = commits.commit(batch(1), |_| Err(StoreError::failed("disk full")));
        assert!(matches!(failed, Err(StoreError::Failed(_))));
    }
}
