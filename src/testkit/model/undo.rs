//! Undo of a merge, a link or an unlink.

use std::collections::{BTreeMap, BTreeSet};

use crate::testkit::model::history::{Histories, Logins};
use crate::testkit::model::{LOGINS_MAX, Model};
use crate::testkit::names::{Identity, NumberedLogin};
use crate::testkit::{NumberedEvent, RecordedCaller, RecordedChange, RecordedEvent};

/// A reason why the change of an event cannot be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum UndoObstacle {
    /// An identity of the change is not there.
    Gone(Identity),
    /// The journal does not have an event of the change.
    Forgotten(NumberedEvent),
    /// The change is neither a merge nor a link nor an unlink.
    NotReversible(NumberedEvent),
    /// This event contradicts it.
    Overtaken(NumberedEvent),
}

type Obstacles = BTreeSet<UndoObstacle>;

/// A change to revert, seen from the identity that keeps its state.
#[derive(Debug, Default)]
struct Reversal {
    linked: Logins,
    makes_guest: bool,
    /// The logins of each identity that was merged, and its event.
    merged: BTreeMap<NumberedEvent, Logins>,
    unlinked: Option<Logins>,
    was_disabled: bool,
}

impl Model {
    /// Undoes the change of an event, as [`Admin::undo`](crate::Admin::undo) does. The model must
    /// [keep the history](Self::keep_history).
    ///
    /// # Errors
    ///
    /// Returns the reasons why it cannot be undone. An implementation names one of them. The model
    /// stays unchanged.
    pub fn undo(&mut self, event: NumberedEvent) -> Result<(), BTreeSet<UndoObstacle>> {
        let recorded = self.recorded(event)?.clone();
        if let Some(by) = recorded.undone_by {
            return Err(BTreeSet::from([UndoObstacle::Overtaken(by)]));
        }
        let (identity, reversal) = self.reversal(&recorded)?;
        let obstacles = self.obstacles(identity, event, &reversal);
        if !obstacles.is_empty() {
            return Err(obstacles);
        }
        let before = self.clone();
        self.revert(identity, &reversal);
        self.record_undo(&before, (identity, event), &reversal);
        self.settle_cursors();
        Ok(())
    }

    /// An event of an identity that exists.
    fn recorded(&self, event: NumberedEvent) -> Result<&RecordedEvent, Obstacles> {
        let NumberedEvent { identity, .. } = event;
        let gone = || BTreeSet::from([UndoObstacle::Gone(identity)]);
        let forgotten = || BTreeSet::from([UndoObstacle::Forgotten(event)]);
        let history = self.history(identity).ok_or_else(gone)?;
        history.iter().find(|known| known.id == event).ok_or_else(forgotten)
    }

    /// The reversal of a change, and the identity that it is about.
    fn reversal(&self, event: &RecordedEvent) -> Result<(Identity, Reversal), Obstacles> {
        let (mut identity, mut reversal) = (event.id.identity, Reversal::default());
        let mut obstacles = Obstacles::new();
        for change in &event.changes {
            match change {
                RecordedChange::Linked { logins, was_guest } => {
                    reversal.linked.clone_from(logins);
                    reversal.makes_guest = *was_guest;
                }
                RecordedChange::TookOver { logins, from } => {
                    obstacles.extend(self.recorded(*from).err().into_iter().flatten());
                    reversal.merged.insert(*from, logins.clone());
                }
                RecordedChange::GaveUp { logins, to } => {
                    obstacles.extend(self.recorded(*to).err().into_iter().flatten());
                    reversal.merged.insert(event.id, logins.clone());
                    identity = to.identity;
                }
                RecordedChange::Unlinked { logins } => reversal.unlinked = Some(logins.clone()),
                RecordedChange::Disabled => {
                    reversal.was_disabled = true;
                    reversal.unlinked.get_or_insert_default();
                }
                RecordedChange::Created { .. }
                | RecordedChange::GaveBack { .. }
                | RecordedChange::Restored { .. }
                | RecordedChange::Deleted => {
                    return Err(BTreeSet::from([UndoObstacle::NotReversible(event.id)]));
                }
            }
        }
        if obstacles.is_empty() { Ok((identity, reversal)) } else { Err(obstacles) }
    }

    fn obstacles(&self, of: Identity, event: NumberedEvent, reversal: &Reversal) -> Obstacles {
        let (Some(state), Some(histories)) = (self.identities.get(&of), &self.histories) else {
            return BTreeSet::from([UndoObstacle::Gone(of)]);
        };
        let mut by = BTreeSet::new();
        let revision = |identity| histories.0.get(&identity).map_or(0, |known| known.revision);
        for source in reversal.merged.keys() {
            if revision(source.identity) != source.revision {
                let revision = source.revision.saturating_add(1);
                by.insert(NumberedEvent { identity: source.identity, revision });
            }
        }
        let taken = reversal.linked.iter().chain(reversal.merged.values().flatten());
        let lost = taken.filter(|login| !state.logins.contains(login));
        by.extend(lost.map(|login| histories.newest(of, |change| takes(change, *login))));
        if let Some(unlinked) = &reversal.unlinked {
            if state.is_disabled() && !(reversal.was_disabled && revision(of) == event.revision) {
                by.insert(NumberedEvent { identity: of, revision: revision(of) });
            } else {
                by.extend(self.rivals(of, unlinked));
            }
        }
        by.into_iter().map(UndoObstacle::Overtaken).collect()
    }

    /// The events that an identity cannot get back these logins because of.
    fn rivals(&self, of: Identity, logins: &Logins) -> BTreeSet<NumberedEvent> {
        let (Some(state), Some(histories)) = (self.identities.get(&of), &self.histories) else {
            return BTreeSet::new();
        };
        let gained = |identity, login| histories.newest(identity, |change| gives(change, login));
        let mut by = BTreeSet::new();
        for login in logins {
            let owner = self.owner_of(state.pool, *login);
            by.extend(owner.map(|owner| gained(owner, *login)));
            // INVARIANT I3
            let rivals = state.logins.iter().filter(|known| is_rival(**known, *login));
            by.extend(rivals.map(|rival| gained(of, *rival)));
        }
        // INVARIANT I4
        let is_crowded = state.logins.len().saturating_add(logins.len()) > LOGINS_MAX;
        if by.is_empty() && is_crowded {
            let gives_any =
                |change: &RecordedChange| given(change).is_some_and(|it| !it.is_empty());
            by.insert(histories.newest(of, gives_any));
        }
        by
    }

    fn revert(&mut self, identity: Identity, reversal: &Reversal) {
        for (source, logins) in &reversal.merged {
            if let Some(state) = self.identities.get_mut(&source.identity) {
                state.logins.clone_from(logins);
                state.had_login = !logins.is_empty();
                state.change();
            }
        }
        let Some(state) = self.identities.get_mut(&identity) else { return };
        let before = (state.logins.clone(), state.had_login);
        let merged = reversal.merged.values().flatten();
        for login in reversal.linked.iter().chain(merged) {
            state.logins.remove(login);
        }
        if let Some(unlinked) = &reversal.unlinked {
            state.logins.extend(unlinked);
            state.had_login = !state.logins.is_empty();
        }
        if state.logins.is_empty() && reversal.makes_guest {
            state.had_login = false;
        }
        if (state.logins.clone(), state.had_login) != before {
            state.change();
        }
    }

    fn record_undo(
        &mut self,
        before: &Self,
        (identity, undone): (Identity, NumberedEvent),
        reversal: &Reversal,
    ) {
        let Some(mut histories) = self.histories.take() else { return };
        let (Some(was), Some(is)) =
            (before.identities.get(&identity), self.identities.get(&identity))
        else {
            return;
        };
        let restored = |logins: &Logins| RecordedChange::Restored {
            is_guest: logins.is_empty(),
            logins: logins.clone(),
        };
        let mut told = Vec::new();
        let mut changes = BTreeSet::new();
        for (source, logins) in &reversal.merged {
            let to = histories.next(source.identity);
            told.push((to, BTreeSet::from([restored(logins)])));
            if !logins.is_empty() {
                changes.insert(RecordedChange::GaveBack { logins: logins.clone(), to });
            }
        }
        if !reversal.linked.is_empty() {
            changes.insert(RecordedChange::Unlinked { logins: reversal.linked.clone() });
        }
        if is.is_disabled() && !was.is_disabled() {
            changes.insert(RecordedChange::Disabled);
        }
        if is.is_guest() && !was.is_guest() {
            changes.insert(restored(&Logins::new()));
        } else if let Some(unlinked) = &reversal.unlinked {
            let linked = RecordedChange::Linked { logins: unlinked.clone(), was_guest: true };
            changes.insert(if was.is_guest() { linked } else { restored(unlinked) });
        }
        if !changes.is_empty() {
            told.push((histories.next(identity), changes));
        }
        let undoing: Vec<_> = told.iter().map(|(id, _)| *id).collect();
        for undone in reversal.merged.keys().chain([&undone]) {
            let of_same = undoing.iter().find(|id| id.identity == undone.identity);
            histories.mark(*undone, of_same.or(undoing.first()).copied());
        }
        for (id, changes) in told {
            let caller = RecordedCaller::Administrator;
            let event = RecordedEvent::new((id, is.pool), "Undo", caller, changes);
            histories.push(RecordedEvent { undid: Some(undone), ..event });
        }
        self.histories = Some(histories);
    }
}

impl Histories {
    /// The newest event of an identity with such a change, or the name of its last one.
    fn newest(&self, of: Identity, is: impl Fn(&RecordedChange) -> bool) -> NumberedEvent {
        let Some(recorded) = self.0.get(&of) else {
            return NumberedEvent { identity: of, revision: 0 };
        };
        let found = recorded.events.iter().rev().find(|event| event.changes.iter().any(&is));
        let last = NumberedEvent { identity: of, revision: recorded.revision };
        found.map_or(last, |event| event.id)
    }

    fn mark(&mut self, undone: NumberedEvent, by: Option<NumberedEvent>) {
        let recorded = self.0.get_mut(&undone.identity);
        let mut events = recorded.into_iter().flat_map(|recorded| &mut recorded.events);
        if let Some(event) = events.find(|event| event.id == undone) {
            event.undone_by = by;
        }
    }
}

/// The logins that a change gives to the identity.
fn given(change: &RecordedChange) -> Option<&Logins> {
    match change {
        RecordedChange::Created { logins }
        | RecordedChange::Linked { logins, .. }
        | RecordedChange::TookOver { logins, .. }
        | RecordedChange::Restored { logins, .. } => Some(logins),
        _ => None,
    }
}

fn gives(change: &RecordedChange, login: NumberedLogin) -> bool {
    given(change).is_some_and(|logins| logins.contains(&login))
}

/// Whether a change takes the login from the identity.
fn takes(change: &RecordedChange, login: NumberedLogin) -> bool {
    match change {
        RecordedChange::GaveUp { logins, .. }
        | RecordedChange::GaveBack { logins, .. }
        | RecordedChange::Unlinked { logins } => logins.contains(&login),
        _ => false,
    }
}

/// Whether they are two users of one public provider.
fn is_rival(one: NumberedLogin, other: NumberedLogin) -> bool {
    match (one, other) {
        (NumberedLogin::Public(one_of, _), NumberedLogin::Public(other_of, _)) => {
            one_of == other_of && one != other
        }
        _ => false,
    }
}
