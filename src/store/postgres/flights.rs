//! Small reads that share round trips. While enough of them are on their way, the next ones wait
//! together, and the first that finds room takes the others along in its statement.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::store::postgres::deadline::Deadline;
use crate::store::{Key, Refreshed, StoreError, Version};

/// Keys, each with the version that the caller knows.
pub(super) type Asked<'a> = Vec<(&'a Key, Option<Version>)>;

type Answer = Result<Vec<Refreshed>, StoreError>;

/// The reads of a store that are on their way, and those that wait.
#[derive(Debug)]
pub(super) struct Flights {
    most: usize,
    board: Mutex<Board>,
}

#[derive(Debug, Default)]
struct Board {
    in_air: usize,
    waiting: VecDeque<Arc<Seat>>,
}

/// A read that waits.
#[derive(Debug)]
struct Seat {
    keys: Vec<(Key, Option<Version>)>,
    state: Mutex<SeatState>,
    changed: Condvar,
}

#[derive(Debug)]
enum SeatState {
    Waiting,
    /// It is its turn to make the round trip.
    Leads,
    Landed(Answer),
}

impl Flights {
    /// At most this many are on their way at a time.
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), board: Mutex::default() }
    }

    /// The answer about `keys`, from a round trip that `fly` makes after this call began.
    pub(super) fn refresh(
        &self,
        keys: &[(Key, Option<Version>)],
        deadline: Deadline,
        fly: impl Fn(Asked<'_>) -> Answer,
    ) -> Answer {
        let mut board = self.board.lock();
        if board.in_air < self.most {
            board.in_air = board.in_air.saturating_add(1);
            drop(board);
            let _landing = Landing(self);
            return fly(asked(keys).collect());
        }
        let state = Mutex::new(SeatState::Waiting);
        let seat = Arc::new(Seat { keys: keys.to_vec(), state, changed: Condvar::new() });
        board.waiting.push_back(Arc::clone(&seat));
        drop(board);
        match self.wait(&seat, deadline) {
            Some(answer) => answer,
            None => self.lead(&seat, deadline, &fly),
        }
    }

    /// The answer that another call brings, or `None` if it is the turn of this one.
    fn wait(&self, seat: &Arc<Seat>, deadline: Deadline) -> Option<Answer> {
        let mut state = seat.state.lock();
        while let SeatState::Waiting = *state {
            if !seat.changed.wait_until(&mut state, deadline.instant()).timed_out() {
                continue;
            }
            drop(state);
            self.board.lock().waiting.retain(|waiting| !Arc::ptr_eq(waiting, seat));
            state = seat.state.lock();
            break;
        }
        match std::mem::replace(&mut *state, SeatState::Waiting) {
            SeatState::Landed(answer) => Some(answer),
            SeatState::Leads => None,
            SeatState::Waiting => Some(Err(late())),
        }
    }

    /// Makes the round trip for this call and those that wait behind it.
    fn lead(&self, seat: &Seat, deadline: Deadline, fly: &impl Fn(Asked<'_>) -> Answer) -> Answer {
        /// More would delay the first too long.
        const SEATS: usize = 64;

        let _landing = Landing(self);
        if deadline.remaining().is_none() {
            return Err(late());
        }
        let mut passengers = {
            let mut board = self.board.lock();
            let count = board.waiting.len().min(SEATS);
            Passengers(board.waiting.drain(..count).collect())
        };
        let others = passengers.0.iter().flat_map(|passenger| asked(&passenger.keys));
        let mut places = HashMap::new();
        let mut wanted = Asked::new();
        let order: Vec<usize> = asked(&seat.keys)
            .chain(others)
            .map(|key| {
                *places.entry(key).or_insert_with(|| {
                    wanted.push(key);
                    wanted.len().saturating_sub(1)
                })
            })
            .collect();
        let mut answers = match fly(wanted) {
            Ok(answers) => order.iter().filter_map(move |place| answers.get(*place).cloned()),
            Err(StoreError::Corrupt(_)) if !passengers.0.is_empty() => {
                // The damage concerns one of them only.
                for passenger in passengers.0.drain(..) {
                    passenger.land(fly(asked(&passenger.keys).collect()));
                }
                return fly(asked(&seat.keys).collect());
            }
            Err(error) => {
                passengers.0.drain(..).for_each(|passenger| passenger.land(Err(error.clone())));
                return Err(error);
            }
        };
        let own = answers.by_ref().take(seat.keys.len()).collect();
        for passenger in passengers.0.drain(..) {
            let answer = answers.by_ref().take(passenger.keys.len()).collect();
            passenger.land(Ok(answer));
        }
        Ok(own)
    }
}

impl Seat {
    fn change(&self, state: SeatState) {
        *self.state.lock() = state;
        self.changed.notify_one();
    }

    fn land(&self, answer: Answer) {
        self.change(SeatState::Landed(answer));
    }
}

fn asked(keys: &[(Key, Option<Version>)]) -> impl Iterator<Item = (&Key, Option<Version>)> {
    keys.iter().map(|(key, known)| (key, *known))
}

fn late() -> StoreError {
    StoreError::unavailable("no answer in time")
}

/// The end of a round trip: its place goes to the next read.
struct Landing<'a>(&'a Flights);

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        let mut board = self.0.board.lock();
        match board.waiting.pop_front() {
            Some(next) => next.change(SeatState::Leads),
            None => board.in_air = board.in_air.saturating_sub(1),
        }
    }
}

/// Those who wait for the same round trip. Dropped, it never comes.
struct Passengers(Vec<Arc<Seat>>);

impl Drop for Passengers {
    fn drop(&mut self) {
        self.0.drain(..).for_each(|passenger| passenger.land(Err(late())));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::store::Tree;

    fn key(number: usize) -> (Key, Option<Version>) {
        (Key::new(Tree::Logins, number.to_be_bytes()), None)
    }

    /// Answers each key with its bytes.
    fn echo(keys: &Asked<'_>) -> Vec<Refreshed> {
        keys.iter().map(|(key, _)| Refreshed::Value(key.bytes.clone())).collect()
    }

    #[test]
    fn every_call_gets_its_own_answer_in_few_round_trips() {
        let flights = Flights::new(2);
        let trips = AtomicUsize::new(0);
        let fly = |keys: Asked<'_>| {
            trips.fetch_add(1, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(5));
            Ok(echo(&keys))
        };
        let call = |number: usize| {
            let keys = [key(number), key(number + 1)];
            let deadline = Deadline::after(Duration::from_secs(60));
            let answer = flights.refresh(&keys, deadline, fly).expect("an answer");
            assert_eq!(answer, echo(&asked(&keys).collect()));
        };
        thread::scope(|scope| {
            for caller in 0..16 {
                scope.spawn(move || (0..20).for_each(|turn| call(caller * 100 + turn)));
            }
        });
        assert!(trips.into_inner() < 16 * 20 / 2);
        assert_eq!(flights.board.lock().in_air, 0);
    }

    #[test]
    fn who_waits_ends_at_its_deadline_or_with_the_error_of_the_round_trip() {
        let flights = Flights::new(1);
        let long = Deadline::after(Duration::from_secs(60));
        let refused = |_: Asked<'_>| Err(StoreError::Closed);
        thread::scope(|scope| {
            let first = flights.refresh(&[key(1)], long, |keys| {
                let late = flights.refresh(&[key(2)], Deadline::after(Duration::ZERO), refused);
                assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
                assert!(flights.board.lock().waiting.is_empty());
                for number in [3, 4] {
                    let flights = &flights;
                    scope.spawn(move || {
                        let answer = flights.refresh(&[key(number)], long, refused);
                        assert!(matches!(answer, Err(StoreError::Closed)), "{answer:?}");
                    });
                }
                while flights.board.lock().waiting.len() < 2 {
                    thread::yield_now();
                }
                Ok(echo(&keys))
            });
            assert_eq!(first.expect("an answer").len(), 1);
        });
        assert_eq!(flights.board.lock().in_air, 0);
    }
}
