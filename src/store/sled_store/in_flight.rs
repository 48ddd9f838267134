//! Keys whose new values are readable but not durable yet.
//!
//! A reader could otherwise act on a value that a crash undoes. An answer is returned only once the
//! values behind it are durable (I8). Readers of other keys never wait.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use crate::store::{Key, StoreError};
use crate::sync::{AtomicBool, Condvar, Mutex};

/// The keys of the group that is being written. There is at most one such group.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    active: AtomicBool,
    group: Mutex<Group>,
    landed: Condvar,
}

#[derive(Debug, Default)]
struct Group {
    number: u64,
    keys: HashSet<Key>,
    lost: bool,
}

impl InFlight {
    /// Call this before a new value of any of the keys becomes readable.
    pub(super) fn depart<'a>(&self, keys: impl Iterator<Item = &'a Key>) {
        let mut group = self.group.lock();
        group.keys.extend(keys.cloned());
        self.active.store(true, Ordering::SeqCst);
    }

    /// Call this once the group is durable.
    pub(super) fn land(&self) {
        let mut group = self.group.lock();
        group.keys.clear();
        group.number = group.number.wrapping_add(1);
        self.active.store(false, Ordering::SeqCst);
        self.landed.notify_all();
    }

    /// Call this if it is unknown whether the group is durable.
    pub(super) fn lose(&self) {
        self.group.lock().lost = true;
        self.landed.notify_all();
    }

    /// Call this after a read. Returns once the group that may have written the value is durable.
    pub(super) fn wait(&self, touches: impl Fn(&HashSet<Key>) -> bool) -> Result<(), StoreError> {
        if !self.active.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut group = self.group.lock();
        let number = group.number;
        while group.number == number && touches(&group.keys) {
            if group.lost {
                return Err(StoreError::Stopped);
            }
            self.landed.wait(&mut group);
        }
        Ok(())
    }
}

#[cfg(all(test, not(cognate_loom)))]
impl InFlight {
    /// The number of readers that wait. They are woken, and wait again.
    pub(super) fn waiting(&self) -> usize {
        self.landed.notify_all()
    }
}

#[cfg(all(test, cognate_loom))]
mod model {
    use std::sync::Arc;

    use loom::sync::atomic::AtomicUsize;
    use loom::thread;

    use super::*;
    use crate::store::Tree;

    /// The groups write one after the other, as group commit has it.
    fn check(readers: usize, groups: usize, preemptions: Option<usize>) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = preemptions;
        model.check(move || {
            let key = Key::new(Tree::Logins, *b"a");
            let shared: Arc<(InFlight, AtomicUsize, AtomicUsize)> = Arc::default();
            let reader = || {
                let (shared, key) = (Arc::clone(&shared), key.clone());
                move || {
                    let (in_flight, value, durable) = &*shared;
                    let read = value.load(Ordering::SeqCst);
                    in_flight.wait(|group| group.contains(&key)).expect("landed");
                    let durable = durable.load(Ordering::SeqCst);
                    assert!(read <= durable, "{read} was read, {durable} is durable");
                }
            };
            let readers: Vec<_> = (0..readers).map(|_| thread::spawn(reader())).collect();
            let (in_flight, value, durable) = &*shared;
            for number in 1..=groups {
                in_flight.depart([&key].into_iter());
                value.store(number, Ordering::SeqCst);
                durable.store(number, Ordering::SeqCst);
                in_flight.land();
            }
            readers.into_iter().for_each(|reader| reader.join().expect("no panic"));
        });
    }

    #[test]
    fn a_reader_of_two_groups() {
        check(1, 2, None);
    }

    #[test]
    fn two_readers_of_two_groups() {
        check(2, 2, Some(2));
    }
}

#[cfg(all(test, not(cognate_loom)))]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::store::Tree;

    #[test]
    fn only_readers_of_the_group_wait_for_it() {
        let in_flight = InFlight::default();
        let (written, other) = (Key::new(Tree::Logins, *b"a"), Key::new(Tree::Logins, *b"b"));
        in_flight.depart([&written].into_iter());
        in_flight.wait(|group| group.contains(&other)).expect("does not wait");
        thread::scope(|scope| {
            let reader = scope.spawn(|| in_flight.wait(|group| group.contains(&written)));
            while in_flight.waiting() == 0 {
                assert!(!reader.is_finished(), "a reader did not wait");
                thread::yield_now();
            }
            in_flight.land();
            reader.join().expect("no panic").expect("landed");
        });
        in_flight.wait(|group| group.contains(&written)).expect("nothing is in flight");
    }

    /// The next group follows before the reader has noticed that the first one landed.
    #[test]
    fn a_reader_of_a_key_that_is_always_in_flight_returns() {
        let (in_flight, written) = (InFlight::default(), Key::new(Tree::Logins, *b"a"));
        thread::scope(|scope| {
            for _ in 0..100 {
                in_flight.depart([&written].into_iter());
                let (done, read) = mpsc::channel();
                let (in_flight, written) = (&in_flight, &written);
                scope.spawn(move || {
                    done.send(in_flight.wait(|group| group.contains(written))).expect("a receiver");
                });
                while in_flight.waiting() == 0 {
                    thread::yield_now();
                }
                in_flight.land();
                in_flight.depart([written].into_iter());
                let returned = read.recv_timeout(Duration::from_secs(60));
                in_flight.land();
                returned.expect("waits for a later group").expect("landed");
            }
        });
    }

    #[test]
    fn readers_of_a_lost_group_learn_of_it() {
        let in_flight = InFlight::default();
        let (written, other) = (Key::new(Tree::Logins, *b"a"), Key::new(Tree::Logins, *b"b"));
        in_flight.depart([&written].into_iter());
        in_flight.lose();
        let lost = in_flight.wait(|group| group.contains(&written));
        assert!(matches!(lost, Err(StoreError::Stopped)));
        in_flight.wait(|group| group.contains(&other)).expect("not of the group");
    }
}
