//! Histories of concurrent operations, and whether they are linearizable: whether a serial order,
//! in which each operation happens between its call and its answer, explains all answers.
//!
//! The search is the one of Wing and Gong ("Testing and verifying concurrent objects", 1993), which
//! takes the operations in every order that the times allow, with Lowe's addition ("Testing for
//! linearizability", 2017) that no state is looked at twice in which the same operations are done.

use std::collections::HashSet;
use std::fmt;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::testkit::directory::Directory;
use crate::testkit::implementation::Implementation;
use crate::testkit::model::Model;
use crate::testkit::names::{Caller, Identity, Pool, User};
use crate::testkit::operation::Operation;
use crate::testkit::outcome::OperationOutcome;
use crate::testkit::run::Run;
use crate::testkit::script::Script;

/// An operation with what it came to, and when.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "histories are also made by hand")]
pub struct Event {
    /// The operation, about names that were seen.
    pub operation: Operation,
    /// What it came to.
    pub outcome: OperationOutcome,
    /// A number that is higher than those of all events before the call.
    pub called: usize,
    /// A number that is higher than those of all events before the answer.
    pub answered: usize,
}

/// What several threads did to an implementation at the same time.
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
    /// Lets a thread for each lane perform its operations, all at the same time; then performs
    /// reads of everything that was seen, one after the other.
    ///
    /// What an operation names is settled when its turn comes, among what the answers up to there
    /// have told, to whatever thread.
    ///
    /// # Listings
    ///
    /// A page of a listing shows nothing twice and misses nothing that stood throughout, but while
    /// others write it need not show one moment, and an implementation may well be right whose
    /// listings no serial order explains. So leave `ListIdentities` and `ListIdentityPools` out of
    /// the lanes, unless a page is one atomic read.
    pub fn race<S: Implementation + Sync>(self, lanes: &[(S, Vec<Operation>)]) -> History {
        let Self { directory, model: before, script: prepared } = self;
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
            // A thread of the kit's own panics only if the implementation does.
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

/// How many developer users generated operations meet most often.
const USERS: u8 = 4;
const PAGE_MAX: i64 = 60;

/// Reads of everything that is told by number.
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

/// How far a search is: how many events of each lane are done, and what came of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    done: Vec<usize>,
    model: Model,
}

/// A state, and the lanes that it can still be gone on with.
struct Frame {
    state: Arc<State>,
    untried: std::ops::Range<usize>,
}

impl History {
    /// One in which nothing happened yet to what the model says is there.
    pub fn new(before: Model) -> Self {
        Self { before, prepared: Script::default(), lanes: Vec::new() }
    }

    /// With what one more thread did, in its order.
    #[must_use]
    pub fn lane(mut self, events: Vec<Event>) -> Self {
        self.lanes.push(events);
        self
    }

    /// What each thread did; the last one only read, after all others.
    pub fn lanes(&self) -> &[Vec<Event>] {
        &self.lanes
    }

    /// Whether a serial order explains all outcomes.
    ///
    /// # Errors
    ///
    /// When there is none: the service would not have answered so.
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

    /// The next event of a lane, unless one that is not yet done was answered before its call.
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
    fn after(&self, lane: usize, event: &Event) -> Result<Self, String> {
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

/// No serial order explains a history.
#[derive(Debug, Clone)]
pub struct Unexplained {
    history: History,
    done: Vec<usize>,
    refusals: Vec<String>,
}

/// What was prepared, the events in the order of their calls, and where the longest order ends.
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
