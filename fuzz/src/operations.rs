//! Sequences of all operations on a few names.
//!
//! The testkit's model checks each answer. Refused and reading operations must write nothing, and
//! at the end all visible data must match the model, and so must the journal, if there is one.
//!
//! An input is a byte of options, and parts that end with a byte 255: the first part makes the
//! initial pool, and each further one an operation, the undo of an event or a time that passes,
//! unless it is empty. Missing bytes of a part are
//! 0, and extra ones are ignored. So every input is a sequence, and a part keeps its meaning when
//! it is moved.

use std::sync::Arc;

use cognate::admin::{EventId, HistoryInput, UndoInput};
use cognate::name::IdentityId;
use cognate::store::Store;
use cognate::testkit::{
    self, Account, Caller, Cursor, Identity, Implementation, Model, Operation, OperationOutcome,
    Pool, Provider, Run, TestClock, TypedDoor, WireDoor,
};
use cognate::{Builder, DeveloperLinking, Engine, Journal, RoleAccounts, UnknownDeveloperUser};

use crate::scene::{self, Watched};

/// More operations find little more.
const OPERATIONS_MAX: usize = 40;

const END_OF_PART: u8 = u8::MAX;

/// The first byte of a part that lets time pass, in steps of ten seconds.
const WAIT: u8 = u8::MAX - 1;

/// The first byte of a part that undoes an event. The second one is its number.
const UNDO: u8 = u8::MAX - 2;

/// Performs the operations of an input.
pub fn run(data: &[u8]) {
    let (options, parts) = data.split_first().unwrap_or((&0, &[]));
    let mut parts = parts.split(|byte| *byte == END_OF_PART);
    let mut world = World::new(*options);
    for operation in testkit::beginning(parts.next().unwrap_or_default()) {
        world.perform(&operation);
    }
    for part in parts.filter(|part| !part.is_empty()).take(OPERATIONS_MAX) {
        match part {
            [WAIT, steps @ ..] => world.wait(steps.first().copied().unwrap_or_default()),
            [UNDO, number @ ..] => world.undo(number.first().copied().unwrap_or_default()),
            _ => drop(world.perform(&testkit::operation(part))),
        }
    }
    world.look_at_all();
    world.look_at_histories();
    let findings = world.engine.check().expect("a readable store");
    assert!(findings.is_empty(), "{findings:?}\n{}", world.run.script());
}

struct World {
    engine: Engine,
    door: Box<dyn Implementation>,
    /// With an exclusive store the engine caches pools, and its writes cannot be watched.
    store: Option<Arc<Watched>>,
    run: Run,
}

impl World {
    fn new(options: u8) -> Self {
        let clock = TestClock::default();
        let (builder, model) = chosen(options);
        let builder = builder.clock(clock.clone()).login_verifier(testkit::login_verifier());
        let (engine, store) = if options & 1 == 0 {
            let store = Arc::new(Watched::default());
            (builder.open_shared(Arc::clone(&store) as Arc<dyn Store>), Some(store))
        } else {
            (builder.in_memory(), None)
        };
        let engine = engine.expect("an engine");
        let door: Box<dyn Implementation> = if options & 2 == 0 {
            Box::new(WireDoor::new(engine.clone()).clock(clock))
        } else {
            Box::new(TypedDoor::new(engine.clone()).clock(clock))
        };
        Self { engine, door, store, run: Run::new(model.oldest_survives()) }
    }

    fn perform(&mut self, operation: &Operation) -> OperationOutcome {
        let before = self.writes();
        let performed = self.run.perform(&&*self.door, operation);
        let outcome = performed.unwrap_or_else(|disagreement| panic!("{disagreement}"));
        if outcome.exception().is_some() || only_looks(operation) {
            // INVARIANT I7
            assert_eq!(self.writes(), before, "it wrote:\n{}", self.run.script());
        }
        outcome
    }

    fn wait(&mut self, steps: u8) {
        self.run.wait(&&*self.door, u64::from(steps) * 10);
    }

    /// Undoes an event, as far as the model does. Without a journal there are none.
    fn undo(&mut self, number: u8) {
        let events: Vec<_> = self.run.model().recorded_events().map(|event| event.id).collect();
        let Some(place) = usize::from(number).checked_rem(events.len()) else { return };
        let (event, writes) = (events[place], self.writes());
        let id = EventId::new(self.id(event.identity), event.revision);
        let answer = self.engine.admin().undo(UndoInput::new(&id));
        let expected = self.run.undo(event);
        let what = format!("{answer:?} instead of {expected:?}\n{}", self.run.script());
        assert_eq!(answer.is_ok(), expected.is_ok(), "{what}");
        // INVARIANT I7
        assert!(answer.is_ok() || self.writes() == writes, "it wrote: {what}");
    }

    fn id(&self, identity: Identity) -> IdentityId {
        self.run.identity_id(identity).expect("an identity that was seen")
    }

    /// Every event of an identity that exists is as the model has it.
    fn look_at_histories(&self) {
        for (identity, expected) in self.run.model().histories() {
            let (mut told, mut input) = (Vec::new(), HistoryInput::new(self.id(identity), PAGE));
            loop {
                let page = self.engine.admin().history(input.clone()).expect("a history");
                told.extend(page.events.iter().map(|event| self.run.recorded(event)));
                let Some(next) = page.next_token else { break };
                input = input.next_token(next);
            }
            let expected = expected.iter().rev().cloned().map(Some);
            assert_eq!(told, expected.collect::<Vec<_>>(), "{identity}\n{}", self.run.script());
        }
    }

    fn writes(&self) -> usize {
        self.store.as_ref().map_or(0, |store| store.writes())
    }

    /// Everything that can be seen is as the model has it.
    fn look_at_all(&mut self) {
        let regions = (0..).take(Account::REGIONS.len());
        let accounts = regions
            .flat_map(|region| [0, 1, Account::NOT_KNOWN].map(|number| Account { number, region }));
        let pools: Vec<_> = accounts
            .map(|account| {
                let caller = Caller::Account(account);
                let max_results = PAGE;
                self.entries(|after| Operation::ListIdentityPools { caller, max_results, after })
            })
            .collect();
        let (caller, pools) = (Caller::Owner, pools.iter().sum());
        for pool in numbers(pools).map(Pool) {
            self.perform(&Operation::DescribeIdentityPool { caller, pool });
            self.perform(&Operation::ListTagsForResource { caller, pool });
            self.perform(&Operation::GetIdentityPoolRoles { caller, pool });
            for provider in Provider::ALL {
                self.perform(&Operation::GetPrincipalTagAttributeMap { caller, pool, provider });
            }
            let hide_disabled = false;
            let identities = self.entries(|after| Operation::ListIdentities {
                caller,
                pool,
                max_results: PAGE,
                after,
                hide_disabled,
            });
            for identity in numbers(identities).map(Identity) {
                self.entries(|after| Operation::LookupDeveloperIdentity {
                    caller,
                    pool,
                    identity: Some(identity),
                    user: None,
                    max_results: Some(PAGE),
                    after,
                });
            }
        }
    }

    /// Reads a listing to its end, and returns its length.
    fn entries(&mut self, operation: impl Fn(Option<Cursor>) -> Operation) -> usize {
        let (mut length, mut after) = (0, None);
        loop {
            let (shown, next) = match self.perform(&operation(after)) {
                OperationOutcome::Pools(page) => (page.entries.len(), page.next),
                OperationOutcome::Identities(_, page) => (page.entries.len(), page.next),
                OperationOutcome::Users(_, page) => (page.entries.len(), page.next),
                other => panic!("no listing: {other}\n{}", self.run.script()),
            };
            length += shown;
            after = next;
            if after.is_none() {
                return length;
            }
        }
    }
}

/// The largest page of a listing.
const PAGE: i64 = 60;

/// The numbers of existing things.
fn numbers(count: usize) -> impl Iterator<Item = u16> {
    (0..u16::MAX).take(count)
}

/// The options of the engine, and a model with the same.
fn chosen(bits: u8) -> (Builder, Model) {
    let linking = if bits & 4 == 0 {
        DeveloperLinking::ByIdentityId
    } else {
        DeveloperLinking::ByLinkedLogin
    };
    let unknown = if bits & 8 == 0 {
        UnknownDeveloperUser::NotFound
    } else {
        UnknownDeveloperUser::Forbidden
    };
    let accounts = if bits & 16 == 0 { RoleAccounts::OwnOnly } else { RoleAccounts::Any };
    let builder = scene::builder().developer_linking(linking).unknown_developer_user(unknown);
    let model = Model::new().developer_linking(linking).unknown_developer_user(unknown);
    let (builder, model) = (builder.role_accounts(accounts), model.role_accounts(accounts));
    if bits & 32 == 0 {
        return (builder, model);
    }
    (builder.journal(Journal::keep(90)), model.keep_history())
}

/// Whether an operation changes nothing even if it succeeds.
fn only_looks(operation: &Operation) -> bool {
    let name = operation.name();
    ["Describe", "GetIdentityPoolRoles", "GetPrincipalTag", "List", "Lookup"]
        .iter()
        .any(|looking| name.starts_with(looking))
}
