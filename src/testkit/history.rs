//! Histories of concurrent operations, and a check that they are linearizable. A history is
//! linearizable if a serial order explains all answers and each operation takes effect between its
//! call and its answer.
//!
//! The search is by Wing and Gong ("Testing and verifying concurrent objects", 1993). It tries the
//! operations in every order that the times allow. By Lowe's addition ("Testing for
//! linearizability", 2017) it skips a state that it has already visited with the same operations
//! done.

use std::collections::HashSet;
use std::fmt;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::testkit::directory::Directory;
use crate::testkit::implementation::Implementation;
use crate::testkit::model::{Expected, Model};
use crate::testkit::names::{Caller, Identity, Pool, User};
use crate::testkit::operation::Operation;
use crate::testkit::outcome::OperationOutcome;
use crate::testkit::run::Run;
use crate::testkit::script::Script;

/// An operation with its outcome and its times.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "histories are also made by hand")]
pub struct Event {
    /// The operation, with names that were seen.
    pub operation: Operation,
    /// The outcome.
    pub outcome: OperationOutcome,
    /// A number higher than those of all events before the call.
    pub called: usize,
    /// A number higher than those of all events before the answer.
    pub answered: usize,
}

/// Operations that several threads have performed on an implementation at the same time.
///
/// # Example: two clients at once
///
/// ```
/// use cognate::testkit::{self, Caller, Account, Model, Operation, Run, WireDoor};
/// use cognate::token::SigningAlgorithm;
/// use cognate::Engine;
///
/// let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
/// let door = WireDoor::new(builder.login_verifier(testkit::login_verifier()).in_memory()?);
/// let caller = Caller::Account(Account::FIRST);
/// let describe = || Operation::ListIdentityPools { caller, max_results: 1, after: None };
/// let client = |first: u8| vec![testkit::operation(&[first]), describe()];
/// let history = Run::new(Model::new()).race(&[(&door, client(0)), (&door, client(99))]);
/// if let Err(unexplained) = history.explain() {
///     panic!("{unexplained}");
/// }
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct History {
    before: Model,
    prepared: Script,
    lanes: Vec<Vec<Event>>,
}

impl Run {
    /// Runs one thread for each lane, all at the same time. Each thread performs the operations of
    /// its lane. Afterwards reads everything that was seen, one call after the other.
    ///
    /// The names of an operation are resolved when its turn comes. They can be any names in the
    /// answers so far, from any thread.
    ///
    /// # Listings
    ///
    /// A page of a listing shows nothing twice and misses nothing that existed throughout. During
    /// writes it need not show a single moment, so even if the implementation is correct, there may
    /// be no serial order that explains its listings. Leave `ListIdentities` and
    /// `ListIdentityPools` out of the lanes, unless a page is one atomic read.
    pub fn race<S: Implementation + Sync>(self, lanes: &[(S, Vec<Operation>)]) -> History {
        let Self { directory, model: before, script: prepared, .. } = self;
        let recorder = Recorder { directory: Mutex::new(directory), time: AtomicUsize::new(0) };
        let start = Barrier::new(lanes.len());
        let mut events: Vec<Vec<Event>> = thread::scope(|scope| {
            let threads: Vec<_> = lanes
                .iter()
                .map(|(implementation, operations)| {
                    scope.spawn(|| {
                        start.wait();
                        let operations = operations.iter();
                        operations
                            .map(|o| recorder.record(implementation, o, Some(&before)))
                            .collect()
                    })
                })
                .collect();
            // The threads panic only if the implementation does.
            let join = |thread: thread::ScopedJoinHandle<'_, Vec<Event>>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            threads.into_iter().map(join).collect()
        });
        if let Some((implementation, _)) = lanes.first() {
            let (pools, identities) = recorder.directory().seen();
            let reads = everything(pools, identities);
            events.push(reads.iter().map(|o| recorder.record(implementation, o, None)).collect());
        }
        History { before, prepared, lanes: events }
    }
}

struct Recorder {
    directory: Mutex<Directory>,
    time: AtomicUsize,
}

impl Recorder {
    fn directory(&self) -> std::sync::MutexGuard<'_, Directory> {
        self.directory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> usize {
        self.time.fetch_add(1, Ordering::SeqCst)
    }

    fn record(
        &self,
        implementation: &impl Implementation,
        operation: &Operation,
        known: Option<&Model>,
    ) -> Event {
        let mut directory = self.directory();
        let operation = directory.settle(operation.clone(), known);
        let request = operation.request();
        let call = directory.fill(&request);
        drop(directory);
        let called = self.now();
        let reply = implementation.call(&call);
        let answered = self.now();
        let outcome = match reply {
            Ok(reply) => {
                self.directory().read(&request, &reply, |token| implementation.session(token))
            }
            Err(error) => OperationOutcome::Unreadable(error.to_string()),
        };
        Event { operation, outcome, called, answered }
    }
}

/// The number of developer users that most generated operations use.
const USERS: u8 = 4;
const PAGE_MAX: i64 = 60;

/// Reads of everything that has a number.
fn everything(pools: u16, identities: u16) -> Vec<Operation> {
    let caller = Caller::Owner;
    let mut reads = Vec::new();
    for pool in (0..pools).map(Pool) {
        reads.push(Operation::DescribeIdentityPool { caller, pool });
        reads.push(Operation::GetIdentityPoolRoles { caller, pool });
        reads.push(Operation::ListIdentities {
            caller,
            pool,
            max_results: PAGE_MAX,
            after: None,
            hide_disabled: false,
        });
        reads.extend((0..USERS).map(|user| Operation::LookupDeveloperIdentity {
            caller,
            pool,
            identity: None,
            user: Some(User(user)),
            max_results: None,
            after: None,
        }));
    }
    let identities = (0..identities).map(Identity);
    reads.extend(identities.map(|identity| Operation::DescribeIdentity { caller, identity }));
    reads
}

/// The progress of a search: the number of completed events in each lane, and the model after them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    done: Vec<usize>,
    model: Model,
}

/// A state, and the lanes that can still continue from it.
struct Frame {
    state: Arc<State>,
    untried: std::ops::Range<usize>,
}

impl History {
    /// A history without events. `before` has everything that exists at its beginning.
    pub fn new(before: Model) -> Self {
        Self { before, prepared: Script::default(), lanes: Vec::new() }
    }

    /// Adds the events of one more thread, in its order.
    #[must_use]
    pub fn lane(mut self, events: Vec<Event>) -> Self {
        self.lanes.push(events);
        self
    }

    /// The events of each thread. The last thread only reads, after all others.
    pub fn lanes(&self) -> &[Vec<Event>] {
        &self.lanes
    }

    /// Checks that a serial order explains all outcomes.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none: the service could not have given these answers.
    pub fn explain(&self) -> Result<(), Box<Unexplained>> {
        let length: usize = self.lanes.iter().map(Vec::len).sum();
        if length == 0 {
            return Ok(());
        }
        let done = vec![0; self.lanes.len()];
        let mut farthest = Arc::new(State { done, model: self.before.clone() });
        let frame = |state| Frame { state, untried: 0..self.lanes.len() };
        let mut frames = vec![frame(Arc::clone(&farthest))];
        let mut visited = HashSet::new();
        while let Some(Frame { state, untried }) = frames.last_mut() {
            let Some(lane) = untried.next() else {
                frames.pop();
                continue;
            };
            let Some(event) = self.next(lane, &state.done) else { continue };
            let Ok(state) = state.after(lane, event) else { continue };
            let state = Arc::new(state);
            if visited.insert(Arc::clone(&state)) {
                if state.length() > farthest.length() {
                    farthest = Arc::clone(&state);
                }
                if state.length() == length {
                    return Ok(());
                }
                frames.push(frame(state));
            }
        }
        Err(Box::new(self.unexplained(&farthest)))
    }

    /// The next event of a lane. Returns `None` if an event that is not done yet was answered
    /// before the next event was called.
    fn next(&self, lane: usize, done: &[usize]) -> Option<&Event> {
        let event = self.lanes.get(lane)?.get(*done.get(lane)?)?;
        let mut others = self.lanes.iter().zip(done).filter_map(|(lane, done)| lane.get(*done));
        others.all(|other| other.answered >= event.called).then_some(event)
    }

    fn unexplained(&self, farthest: &State) -> Unexplained {
        let refusals = (0..self.lanes.len()).filter_map(|lane| {
            let event = self.next(lane, &farthest.done)?;
            let expected = farthest.after(lane, event).err()?;
            let name = event.operation.name();
            Some(format!("thread {lane}, {name}: expected {expected}, got {}", event.outcome))
        });
        Unexplained {
            history: self.clone(),
            done: farthest.done.clone(),
            refusals: refusals.collect(),
        }
    }
}

impl State {
    fn after(&self, lane: usize, event: &Event) -> Result<Self, Expected> {
        let mut after = self.clone();
        after.model.step(&event.operation, &event.outcome)?;
        if let Some(done) = after.done.get_mut(lane) {
            *done = done.saturating_add(1);
        }
        Ok(after)
    }

    fn length(&self) -> usize {
        self.done.iter().sum()
    }
}

/// The error for a history that no serial order explains.
#[derive(Debug, Clone)]
pub struct Unexplained {
    history: History,
    done: Vec<usize>,
    refusals: Vec<String>,
}

/// Prints the preparation, the events in the order of their calls, and the end of the longest
/// possible order.
impl fmt::Display for Unexplained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.history.prepared)?;
        writeln!(f, "# At the same time: (thread) called..answered, `+` if it can be explained")?;
        let lanes = self.history.lanes.iter().zip(&self.done).enumerate();
        let mut events: Vec<_> = lanes
            .flat_map(|(lane, (events, done))| {
                let events = events.iter().enumerate();
                events.map(move |(place, event)| (event, lane, place < *done))
            })
            .collect();
        events.sort_by_key(|(event, ..)| event.called);
        for (Event { operation, outcome, called, answered }, lane, done) in events {
            let mark = if done { '+' } else { ' ' };
            writeln!(f, "# {mark}({lane}) {called}..{answered}")?;
            writeln!(f, "{}\n# {outcome}", operation.request())?;
        }
        writeln!(f, "# No serial order explains this. The longest ends before:")?;
        self.refusals.iter().try_for_each(|refusal| writeln!(f, "# {refusal}"))
    }
}

impl std::error::Error for Unexplained {}
