//! Histories of identities. The events of an answer follow from the identities before and after it.

use std::collections::{BTreeMap, BTreeSet};

use crate::testkit::model::{IdentityState, Model};
use crate::testkit::names::{Account, Identity, NumberedLogin, Pool};
use crate::testkit::operation::Operation;
use crate::testkit::outcome::OperationOutcome;

pub(super) type Logins = BTreeSet<NumberedLogin>;

/// The name of an event of an identity: the revision that the change has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a name has these two parts")]
pub struct NumberedEvent {
    /// The identity.
    pub identity: Identity,
    /// Its revision after the change. The creation makes revision 1.
    pub revision: u32,
}

/// An event of an identity, with numbers for the names that the implementation has generated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct RecordedEvent {
    /// The name.
    pub id: NumberedEvent,
    /// The pool of the identity.
    pub pool: Pool,
    /// The name of the operation.
    pub operation: &'static str,
    /// The caller of the operation.
    pub by: RecordedCaller,
    /// The parts of the change. The model knows no order of them.
    pub changes: BTreeSet<RecordedChange>,
    /// The event that this change has undone.
    pub undid: Option<NumberedEvent>,
    /// The event of the change that has undone this one.
    pub undone_by: Option<NumberedEvent>,
}

/// The caller of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RecordedCaller {
    /// Anyone: a client without credentials.
    Anyone,
    /// An account.
    Account(Account),
    /// An administrator.
    Administrator,
}

/// A part of the change of an identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RecordedChange {
    /// The identity is created.
    Created {
        /// Its logins. None if it is a guest.
        logins: BTreeSet<NumberedLogin>,
    },
    /// The identity gets logins that no identity had.
    Linked {
        /// The logins.
        logins: BTreeSet<NumberedLogin>,
        /// Whether the identity was a guest before.
        was_guest: bool,
    },
    /// Another identity is merged into this one.
    TookOver {
        /// The logins of the other one.
        logins: BTreeSet<NumberedLogin>,
        /// The event of the other one.
        from: NumberedEvent,
    },
    /// The identity is merged into another one.
    GaveUp {
        /// The logins that it had.
        logins: BTreeSet<NumberedLogin>,
        /// The event of the other one.
        to: NumberedEvent,
    },
    /// A merge into this identity is undone.
    GaveBack {
        /// The logins that it loses.
        logins: BTreeSet<NumberedLogin>,
        /// The event of the other identity.
        to: NumberedEvent,
    },
    /// The identity loses logins, and no other one gets them.
    Unlinked {
        /// The logins.
        logins: BTreeSet<NumberedLogin>,
    },
    /// The identity is disabled, and not merged into another one.
    Disabled,
    /// The identity gets back its state.
    Restored {
        /// Whether it is a guest from now on. Otherwise it is authenticated.
        is_guest: bool,
        /// The logins that it gets back.
        logins: BTreeSet<NumberedLogin>,
    },
    /// The identity is deleted.
    Deleted,
}

/// The events of all identities, and of those that are deleted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Histories(pub(super) BTreeMap<Identity, Recorded>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Recorded {
    pool: Pool,
    pub(super) revision: u32,
    /// The events in the order of their revisions, except for those that are erased.
    pub(super) events: Vec<RecordedEvent>,
}

impl RecordedEvent {
    /// An event that neither undoes another one nor is undone.
    pub(crate) fn new(
        (id, pool): (NumberedEvent, Pool),
        operation: &'static str,
        by: RecordedCaller,
        changes: BTreeSet<RecordedChange>,
    ) -> Self {
        Self { id, pool, operation, by, changes, undid: None, undone_by: None }
    }
}

impl Histories {
    /// The name of the identity's next event.
    pub(super) fn next(&self, identity: Identity) -> NumberedEvent {
        let revision = self.0.get(&identity).map_or(0, |recorded| recorded.revision);
        NumberedEvent { identity, revision: revision.saturating_add(1) }
    }

    pub(super) fn get(&self, id: NumberedEvent) -> Option<&RecordedEvent> {
        self.0.get(&id.identity)?.events.iter().find(|event| event.id == id)
    }

    pub(super) fn push(&mut self, event: RecordedEvent) {
        let (id, pool) = (event.id, event.pool);
        let new = || Recorded { pool, revision: 0, events: Vec::new() };
        let recorded = self.0.entry(id.identity).or_insert_with(new);
        recorded.revision = id.revision;
        recorded.events.push(event);
    }

    /// Removes the events up to this one, and those of the identities that were merged into the
    /// identity, unless that was undone.
    fn erase_until(&mut self, last: NumberedEvent) {
        let Some(recorded) = self.0.get_mut(&last.identity) else { return };
        let is_erased = |event: &RecordedEvent| event.id <= last;
        let (erased, kept) = std::mem::take(&mut recorded.events).into_iter().partition(is_erased);
        recorded.events = kept;
        let standing = erased.into_iter().filter(|event: &RecordedEvent| event.undone_by.is_none());
        for change in standing.flat_map(|event| event.changes) {
            if let RecordedChange::TookOver { from, .. } = change {
                let merge = self.get(from);
                if merge.is_none_or(|merge| merge.undone_by.is_none()) {
                    self.erase_until(from);
                }
            }
        }
    }
}

impl Model {
    /// Keeps the history of each identity, as an engine with a [journal](crate::Journal) does.
    ///
    /// # Example: comparing an engine's journal
    ///
    /// ```
    /// use cognate::admin::HistoryInput;
    /// use cognate::testkit::{self, Account, Caller, Model, Operation, Pool, Run, TypedDoor};
    /// use cognate::token::SigningAlgorithm;
    /// use cognate::{Engine, Journal};
    ///
    /// let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    /// let builder = builder.login_verifier(testkit::login_verifier());
    /// let engine = builder.journal(Journal::keep(90)).in_memory()?;
    /// let door = TypedDoor::new(engine.clone());
    /// let mut run = Run::new(Model::new().keep_history().oldest_survives());
    /// let guest = Operation::GetId { pool: Pool(0), account: None, logins: Vec::new() };
    /// for operation in testkit::beginning(&[]).iter().chain([&guest, &guest]) {
    ///     if let Err(disagreement) = run.perform(&door, operation) {
    ///         panic!("{disagreement}");
    ///     }
    /// }
    /// for (identity, expected) in run.model().histories() {
    ///     let id = run.identity_id(identity).expect("was seen");
    ///     let page = engine.admin().history(HistoryInput::new(&id, 60))?;
    ///     let told = page.events.iter().rev().map(|event| run.recorded(event));
    ///     assert!(told.eq(expected.iter().cloned().map(Some)));
    /// }
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn keep_history(mut self) -> Self {
        self.histories = Some(Histories::default());
        self
    }

    /// The events of an identity, the oldest first. `None` if it does not exist, or if the model
    /// [keeps no history](Self::keep_history). The events of an identity that was merged into a
    /// deleted one are erased.
    pub fn history(&self, identity: Identity) -> Option<&[RecordedEvent]> {
        let recorded = self.histories.as_ref()?.0.get(&identity)?;
        self.identities.contains_key(&identity).then_some(&recorded.events)
    }

    /// The [history](Self::history) of each identity that exists.
    pub fn histories(&self) -> impl Iterator<Item = (Identity, &[RecordedEvent])> {
        let identities = self.identities.keys();
        identities.filter_map(|identity| Some((*identity, self.history(*identity)?)))
    }

    /// The events of all identities in pools that exist. A deleted identity has one, which tells
    /// that.
    pub fn recorded_events(&self) -> impl Iterator<Item = &RecordedEvent> {
        let all = self.histories.iter().flat_map(|histories| histories.0.values());
        all.flat_map(|recorded| &recorded.events)
    }

    /// Records the changes since the model `before` an answer.
    pub(super) fn record(
        &mut self,
        before: &Self,
        operation: &Operation,
        outcome: &OperationOutcome,
    ) {
        let Some(mut histories) = self.histories.take() else { return };
        histories.0.retain(|_, recorded| self.pools.contains_key(&recorded.pool));
        let by = || {
            let caller = operation.request().caller;
            caller.map_or(RecordedCaller::Anyone, RecordedCaller::Account)
        };
        let deleted = before.identities.iter().filter(|(id, state)| {
            !self.identities.contains_key(id) && self.pools.contains_key(&state.pool)
        });
        let deleted: Vec<_> = deleted.map(|(id, state)| (*id, state.pool)).collect();
        for (identity, _) in &deleted {
            histories.erase_until(NumberedEvent { identity: *identity, revision: u32::MAX });
        }
        let mut told: Vec<_> = deleted
            .into_iter()
            .map(|(identity, pool)| (identity, pool, BTreeSet::from([RecordedChange::Deleted])))
            .collect();
        let merge = Merge::between(before, self, outcome);
        for (identity, state) in &self.identities {
            let was = before.identities.get(identity);
            let changes = changes(&histories, &merge, *identity, (was, state));
            if !changes.is_empty() {
                told.push((*identity, state.pool, changes));
            }
        }
        let events = told.into_iter().map(|(identity, pool, changes)| {
            RecordedEvent::new((histories.next(identity), pool), operation.name(), by(), changes)
        });
        for event in events.collect::<Vec<_>>() {
            histories.push(event);
        }
        self.histories = Some(histories);
    }
}

/// The identities that an answer has merged into the one that it names.
struct Merge {
    survivor: Option<Identity>,
    sources: BTreeMap<Identity, Logins>,
}

impl Merge {
    fn between(before: &Model, after: &Model, outcome: &OperationOutcome) -> Self {
        let survivor = match outcome {
            OperationOutcome::Identity(identity)
            | OperationOutcome::Token(identity, ..)
            | OperationOutcome::Credentials(identity, _) => Some(*identity),
            _ => None,
        };
        let sources = before.identities.iter().filter(|(identity, was)| {
            let is_disabled =
                after.identities.get(identity).is_some_and(IdentityState::is_disabled);
            survivor.is_some() && is_disabled && !was.is_disabled()
        });
        let sources = sources.map(|(identity, was)| (*identity, was.logins.clone())).collect();
        Self { survivor, sources }
    }
}

fn changes(
    histories: &Histories,
    merge: &Merge,
    identity: Identity,
    (was, is): (Option<&IdentityState>, &IdentityState),
) -> BTreeSet<RecordedChange> {
    let Some(was) = was else {
        return BTreeSet::from([RecordedChange::Created { logins: is.logins.clone() }]);
    };
    if let (Some(survivor), Some(logins)) = (merge.survivor, merge.sources.get(&identity)) {
        let (logins, to) = (logins.clone(), histories.next(survivor));
        return BTreeSet::from([RecordedChange::GaveUp { logins, to }]);
    }
    let mut changes = BTreeSet::new();
    let mut linked: Logins = is.logins.difference(&was.logins).copied().collect();
    if merge.survivor == Some(identity) {
        for (source, logins) in &merge.sources {
            linked.retain(|login| !logins.contains(login));
            let (logins, from) = (logins.clone(), histories.next(*source));
            changes.insert(RecordedChange::TookOver { logins, from });
        }
    }
    if !linked.is_empty() {
        let was_guest = was.is_guest();
        changes.insert(RecordedChange::Linked { logins: linked, was_guest });
    }
    let unlinked: Logins = was.logins.difference(&is.logins).copied().collect();
    if !unlinked.is_empty() {
        changes.insert(RecordedChange::Unlinked { logins: unlinked });
    }
    if is.is_disabled() && !was.is_disabled() {
        changes.insert(RecordedChange::Disabled);
    }
    changes
}
