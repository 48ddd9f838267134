//! The journal against the model: after each operation the histories of its identities, now and
//! then the undo of an event, and at the end the activities of all pools.

#![expect(clippy::wildcard_enum_match_arm, reason = "a change of any other kind is all the same")]

mod clock;
mod told;
mod undone;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cognate::admin::IdentityDetails;
use cognate::credentials::Session;
use cognate::name::IdentityId;
use cognate::store::{Durability, MemoryStore, SledOptions, Store};
use cognate::testkit::{
    Call, CallReply, Caller, DeveloperProvider, IdToken, Identity, Implementation, NumberedEvent,
    NumberedLogin, Operation, Pool, Presented, RecordedChange, RecordedEvent, Run, TypedDoor,
};
use cognate::{Builder, Engine, Feed, Journal, Removal};
use proptest::prelude::*;

use crate::figure;
use crate::journal::clock::Wound;
use crate::journal::told::PoolEvents;
use crate::machine::{self, Case};
use crate::twin::{Dump, Numbers, dump};

/// The parts of a run that it must meet, however it is seeded.
const REACHED: [&str; 29] = [
    "recorded Created",
    "recorded Linked",
    "recorded Linked to a guest",
    "recorded TookOver",
    "recorded TookOver of a guest",
    "recorded GaveUp",
    "recorded GaveBack",
    "recorded Unlinked",
    "recorded Disabled",
    "recorded Restored",
    "recorded Restored as a guest",
    "recorded Deleted",
    "undone Linked",
    "undone Linked to a guest",
    "undone TookOver",
    "undone TookOver of a guest",
    "undone GaveUp",
    "undone Unlinked",
    "undone Unlinked, Disabled",
    "undone at once",
    "refused Gone",
    "refused Forgotten",
    "refused NotReversible",
    "refused Overtaken",
    "refused a second time",
    "erased",
    "activity of several pages",
    "events of one millisecond",
    "a clock that runs back",
];

type Checked<T = ()> = Result<T, TestCaseError>;

struct Door {
    engine: Engine,
    clock: Wound,
}

impl Implementation for Door {
    fn call(&self, call: &Call) -> io::Result<CallReply> {
        TypedDoor::new(self.engine.clone()).call(call)
    }

    fn session(&self, session_token: &str) -> Option<Session> {
        TypedDoor::new(self.engine.clone()).session(session_token)
    }

    fn wait(&self, secs: u64) -> bool {
        self.clock.advance(secs * 1_000);
        true
    }
}

type Open = fn(Builder, Arc<dyn Store>) -> Engine;

/// All identities that exist.
type Identities = BTreeMap<IdentityId, IdentityDetails>;

/// The number of times that each part was met.
type Met = BTreeMap<String, usize>;

/// An engine with a journal, and the model of it.
struct Scene<'a> {
    engine: Engine,
    clock: Wound,
    store: Arc<dyn Store>,
    run: Run,
    chance: Numbers,
    /// The histories that were compared.
    compared: BTreeMap<Identity, Vec<RecordedEvent>>,
    feed: Option<Feed>,
    pool_events: PoolEvents,
    /// The undone events, each with the number of operations before it.
    log: Vec<String>,
    met: &'a RefCell<Met>,
}

impl Scene<'_> {
    fn count(&self, what: impl Into<String>) {
        *self.met.borrow_mut().entry(what.into()).or_default() += 1;
    }

    fn below(&self, end: usize) -> usize {
        usize::try_from(self.chance.below(end as u64)).expect("less than a number")
    }

    fn door(&self) -> Door {
        Door { engine: self.engine.clone(), clock: self.clock.clone() }
    }

    fn dump(&self) -> Dump {
        dump(&*self.store)
    }

    fn identities(&self) -> Identities {
        let known = self.run.model().histories().map(|(identity, _)| self.id(identity));
        let admin = self.engine.admin();
        known.map(|id| (id.clone(), admin.identity(&id).expect("an identity"))).collect()
    }

    fn id(&self, identity: Identity) -> IdentityId {
        self.run.identity_id(identity).expect("was seen")
    }

    fn perform(&mut self, operation: &Operation) -> Checked {
        let undoes_at_once = self.below(8) < 5;
        let before = if undoes_at_once { self.identities() } else { Identities::new() };
        let known: BTreeSet<NumberedEvent> = self.events(|_| true).into_iter().collect();
        let merging = if self.below(5) == 0 { self.merging() } else { None };
        self.run.perform(&self.door(), merging.as_ref().unwrap_or(operation))?;
        self.listen();
        self.check_histories()?;
        if undoes_at_once {
            let made = self.events(|event| !known.contains(&event.id));
            self.undo_at_once(&before, &made)?;
        }
        match self.below(64) {
            0..4 => self.undo_any(|_| true),
            4..36 => self.undo_any(is_reversible),
            36 => self.undo_nothing(),
            37..58 => self.delete_a_survivor(),
            _ => Ok(()),
        }
    }

    fn events(&self, is: impl Fn(&RecordedEvent) -> bool) -> Vec<NumberedEvent> {
        let events = self.run.model().recorded_events().filter(|event| is(event));
        events.map(|event| event.id).collect()
    }

    fn any<T: Copy>(&self, of: &[T]) -> Option<T> {
        of.get(self.below(of.len().max(1))).copied()
    }

    /// An operation that may merge identities: it presents two logins that were linked, or one
    /// login for a guest.
    fn merging(&self) -> Option<Operation> {
        let logins = |event: &RecordedEvent| event.changes.iter().find_map(first_login);
        let linked: Vec<_> = self.run.model().recorded_events().filter_map(logins).collect();
        let logins = vec![self.any(&linked)?, self.any(&linked)?];
        let histories = self.run.model().histories();
        let of_guests = histories.filter(|(_, events)| events.last().is_some_and(is_of_guest));
        let guests: Vec<Identity> = of_guests.map(|(identity, _)| identity).collect();
        let pool = Pool(0);
        Some(match self.any(&guests) {
            Some(identity) if self.below(4) > 0 => {
                Operation::GetCredentialsForIdentity { identity, logins, custom_role: None }
            }
            _ if logins.iter().any(|login| matches!(login, Presented::User(..))) => {
                Operation::GetOpenIdTokenForDeveloperIdentity {
                    caller: Caller::Owner,
                    pool,
                    identity: None,
                    logins,
                    principal_tags: Vec::new(),
                    duration_secs: None,
                }
            }
            _ => Operation::GetId { pool, account: None, logins },
        })
    }

    /// Undoes the change that an operation has just made.
    fn undo_at_once(&mut self, before: &Identities, made: &[NumberedEvent]) -> Checked {
        let of_made = |event: &RecordedEvent| made.contains(&event.id);
        // The event of the identity that took over undoes a merge of several ones.
        let whole = self.events(|event| of_made(event) && !event.changes.iter().any(is_part));
        let [event] = whole.as_slice() else { return Ok(()) };
        let reversible = self.events(is_reversible);
        if !reversible.contains(event) && self.below(16) > 0 {
            return Ok(());
        }
        if self.undo(*event)? {
            self.count("undone at once");
            let after = self.identities();
            prop_assert_eq!(undone::dateless(before), undone::dateless(&after), "undone at once");
        }
        Ok(())
    }

    fn undo_any(&mut self, is: impl Fn(&RecordedEvent) -> bool) -> Checked {
        let Some(any) = self.any(&self.events(is)) else { return Ok(()) };
        self.undo(any).map(drop)
    }

    /// Deletes an identity that another one was merged into. That erases the events of both.
    fn delete_a_survivor(&mut self) -> Checked {
        let survivors =
            self.events(|event| event.undone_by.is_none() && event.changes.iter().any(takes_over));
        let Some(survivor) = self.any(&survivors) else { return Ok(()) };
        let (caller, identities) = (Caller::Owner, vec![survivor.identity]);
        self.run.perform(&self.door(), &Operation::DeleteIdentities { caller, identities })?;
        self.listen();
        self.check_histories()
    }
}

fn is_reversible(event: &RecordedEvent) -> bool {
    let is_one = |change: &RecordedChange| {
        !matches!(
            change,
            RecordedChange::Created { .. }
                | RecordedChange::Restored { .. }
                | RecordedChange::GaveBack { .. }
                | RecordedChange::Deleted
        )
    };
    event.undone_by.is_none() && event.changes.iter().all(is_one)
}

fn is_part(change: &RecordedChange) -> bool {
    matches!(change, RecordedChange::GaveUp { .. })
}

fn takes_over(change: &RecordedChange) -> bool {
    matches!(change, RecordedChange::TookOver { .. })
}

fn is_of_guest(event: &RecordedEvent) -> bool {
    event.changes.iter().any(|change| match change {
        RecordedChange::Created { logins } => logins.is_empty(),
        RecordedChange::Restored { is_guest, .. } => *is_guest,
        _ => false,
    })
}

fn first_login(change: &RecordedChange) -> Option<Presented> {
    let (RecordedChange::Created { logins } | RecordedChange::Linked { logins, .. }) = change
    else {
        return None;
    };
    logins.first().map(|login| match *login {
        NumberedLogin::User(user) => Presented::User(DeveloperProvider::Game, user),
        NumberedLogin::Public(provider, subject) => {
            Presented::Public(provider, subject, IdToken::Genuine)
        }
        other => panic!("{other:?}"),
    })
}

/// The name of a change, with the marks that matter for its undo.
fn name(change: &RecordedChange) -> String {
    let shown = format!("{change:?}");
    let name = shown.split([' ', '{']).next().unwrap_or_default();
    let mark = match change {
        RecordedChange::Linked { was_guest: true, .. } => " to a guest",
        RecordedChange::Restored { is_guest: true, .. } => " as a guest",
        RecordedChange::TookOver { logins, .. } if logins.is_empty() => " of a guest",
        _ => "",
    };
    format!("{name}{mark}")
}

fn run(case: &Case, store: Arc<dyn Store>, open: Open, met: &RefCell<Met>) -> Checked {
    let (builder, model) = machine::options(case.options);
    let clock = Wound::new();
    // A deleted pool is gone from the store when the store is compared.
    let builder = || {
        let builder = builder().clock(clock.clone()).removal(Removal::Calling);
        builder.journal(Journal::keep(90))
    };
    let engine = open(builder(), Arc::clone(&store));
    let seed =
        case.events.iter().fold(0, |seed: u64, byte| seed << 5 ^ seed >> 59 ^ u64::from(*byte));
    let feed = (case.options & 1 << 7 == 0).then(|| engine.feed());
    let mut scene = Scene {
        engine,
        clock: clock.clone(),
        store: Arc::clone(&store),
        run: Run::new(model.keep_history()),
        chance: Numbers::new(seed),
        compared: BTreeMap::new(),
        feed,
        pool_events: PoolEvents::new(),
        log: Vec::new(),
        met,
    };
    let perform = |scene: &mut Scene<'_>, operation: &Operation, event: u8| {
        let is_throttled = machine::is_throttled(case.options);
        match event {
            0..=99 => clock.advance(1),
            100..=119 if !is_throttled => {
                scene.count("a clock that runs back");
                clock.run_back(3);
            }
            // A new engine has counted no calls, and has no reader of its events.
            230..=239 if !is_throttled && scene.feed.is_none() => {
                scene.engine = open(builder(), Arc::clone(&store));
            }
            240..=247 => scene.run.wait(&scene.door(), 300),
            248..=255 => scene.run.wait(&scene.door(), 30),
            _ => {}
        }
        scene.perform(operation)
    };
    let events = case.events.iter().cycle();
    let performed = case
        .operations
        .iter()
        .zip(events)
        .try_for_each(|(operation, event)| perform(&mut scene, operation, *event));
    let checked = performed.and_then(|()| scene.end());
    checked.map_err(|error| {
        TestCaseError::fail(format!("{}{:#?}\n{error}", scene.run.script(), scene.log))
    })
}

fn check(name: &str, cases: u32, open: Open, store: impl Fn() -> Arc<dyn Store>) -> Met {
    let met = RefCell::new(Met::new());
    machine::generate(name, cases, |case| run(case, store(), open, &met));
    let met = met.into_inner();
    for (what, times) in &met {
        figure(format_args!("{times:8} {what}"));
    }
    met
}

fn check_reached(met: &Met) {
    let missed: Vec<_> = REACHED.iter().filter(|what| !met.contains_key(**what)).collect();
    assert!(missed.is_empty(), "never met: {missed:?}");
}

#[test]
fn the_journal_of_a_shared_store_is_as_the_model_has_it() {
    let open: Open = |builder, store| builder.open_shared(store).expect("opens");
    let met = check("journal, shared", 208, open, || Arc::new(MemoryStore::new()));
    check_reached(&met);
}

/// The engine caches pools.
#[test]
fn the_journal_of_an_exclusive_store_is_as_the_model_has_it() {
    let open: Open = |builder, store| builder.open_exclusive(store).expect("opens");
    let met = check("journal, exclusive", 208, open, || Arc::new(MemoryStore::new()));
    check_reached(&met);
}

#[test]
fn the_journal_of_a_sled_database_is_as_the_model_has_it() {
    let open: Open = |builder, store| builder.open_exclusive(store).expect("opens");
    let folders = tempfile::tempdir().expect("a folder");
    let count = AtomicU64::new(0);
    let met = check("journal, sled", 96, open, || {
        let folder = folders.path().join(count.fetch_add(1, Ordering::SeqCst).to_string());
        let options = SledOptions::new(folder).durability(Durability::Relaxed);
        Arc::new(options.cache_bytes(1 << 20).open().expect("opens"))
    });
    assert!(met["undone"] > 0);
}
