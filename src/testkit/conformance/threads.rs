//! Threads that race.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};

use crate::store::{Commit, StoreError};
use crate::testkit::conformance::breach::{Breach, Outcome};

/// The outcome of a commit in a race.
type Raced = Result<Commit, StoreError>;

/// Runs both halves of every round at the same moment.
pub(super) fn race(
    rounds: usize,
    one: impl Fn(usize) -> Raced + Sync,
    other: impl Fn(usize) -> Raced + Sync,
) -> Outcome<Vec<(Raced, Raced)>> {
    let gate = Gate::default();
    let run = |half: &(dyn Fn(usize) -> Raced + Sync)| {
        let _leaves = Leaves(&gate);
        let pass = |round: usize| {
            gate.pass(round);
            half(round)
        };
        Ok::<Vec<Raced>, Breach>((0..rounds).map(pass).collect())
    };
    thread::scope(|scope| {
        let thread = scope.spawn(|| run(&one));
        let others = run(&other)?;
        Ok(joined(thread)?.into_iter().zip(others).collect())
    })
}

/// The outcome of a thread. A store that panics breaks the requirement that is being checked.
pub(super) fn joined<T>(thread: ScopedJoinHandle<'_, Outcome<T>>) -> Outcome<T> {
    thread.join().unwrap_or_else(|_| Err(Breach::new("a call panicked")))
}

/// Two threads pass it together, once in each round.
#[derive(Default)]
struct Gate {
    arrived: AtomicUsize,
    is_left: AtomicBool,
}

impl Gate {
    /// Waits without sleep, so that both threads go on within a microsecond.
    fn pass(&self, round: usize) {
        const SPINS: usize = 1_000;
        let both = round.saturating_add(1).saturating_mul(2);
        self.arrived.fetch_add(1, Ordering::SeqCst);
        let mut spins: usize = 0;
        while self.arrived.load(Ordering::SeqCst) < both && !self.is_left.load(Ordering::SeqCst) {
            spins = spins.saturating_add(1);
            if spins < SPINS { std::hint::spin_loop() } else { thread::yield_now() }
        }
    }
}

/// Opens the gate for good when a thread ends, even by a panic.
struct Leaves<'a>(&'a Gate);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.is_left.store(true, Ordering::SeqCst);
    }
}

/// Runs `write` in one thread and `read` in another, until this number of reads each had a write
/// before it that the read before it had not.
pub(super) fn meanwhile(
    reads: usize,
    write: impl Fn(usize) -> Outcome + Sync,
    mut read: impl FnMut(usize) -> Outcome,
) -> Outcome {
    let (writes, began, is_over) =
        (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let write_on = || -> Outcome {
        let _over = Over(&is_over);
        let mut last: usize = 0;
        while !is_over.load(Ordering::SeqCst) {
            write(writes.load(Ordering::SeqCst))?;
            writes.fetch_add(1, Ordering::SeqCst);
            yield_unless_new(&mut last, began.load(Ordering::SeqCst));
        }
        Ok(())
    };
    let mut read_on = || -> Outcome {
        let _over = Over(&is_over);
        let (mut done, mut last): (usize, usize) = (0, 0);
        while done < reads && !is_over.load(Ordering::SeqCst) {
            let written = writes.load(Ordering::SeqCst);
            began.fetch_add(1, Ordering::SeqCst);
            read(done)?;
            done = done.saturating_add(usize::from(written > last));
            yield_unless_new(&mut last, written);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let thread = scope.spawn(write_on);
        let read = read_on();
        joined(thread).and(read)
    })
}

/// Lets the other thread run if it has made no progress.
fn yield_unless_new(last: &mut usize, count: usize) {
    if *last == count {
        thread::yield_now();
    }
    *last = count;
}

/// Ends both threads when one of them has ended, even by a panic.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
