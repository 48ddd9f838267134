//! The undo of every event in a small world, and the histories of its identities.

use std::sync::atomic::Ordering;

use crate::admin::{ExplainedChange, ExplainedVerdict, HistoryInput, IdentityDetails, UndoInput};
use crate::error::Error;
use crate::id::IdentityId;
use crate::rules::Refusal;
use crate::state::{EventId, IdentityState, Login};
use crate::testkit::model::{NumberedEvent, RecordedChange, RecordedEvent, UndoObstacle};
use crate::testkit::names::Identity;
use crate::testkit::worlds::{Search, World};

/// The parts of undo that a search must meet.
pub(super) const UNDONE: [&str; 5] = ["undo", "gone", "forgotten", "not reversible", "overtaken"];

impl World {
    fn id(&self, identity: Identity) -> IdentityId {
        let unknown = || "us-east-1:00000000-0000-4000-8000-000000000000".parse().expect("an id");
        self.directory.identity_id(identity).unwrap_or_else(unknown)
    }

    fn event_id(&self, event: NumberedEvent) -> EventId {
        EventId::new(self.id(event.identity), event.revision)
    }

    fn is_named(&self, obstacle: UndoObstacle, refusal: &Refusal) -> bool {
        match (obstacle, refusal) {
            (UndoObstacle::Gone(identity), Refusal::IdentityNotFound { identity_id }) => {
                self.id(identity) == *identity_id
            }
            (UndoObstacle::Forgotten(event), Refusal::EventNotFound { event: named })
            | (UndoObstacle::NotReversible(event), Refusal::EventNotReversible { event: named })
            | (UndoObstacle::Overtaken(event), Refusal::UndoOvertaken { by: named }) => {
                self.event_id(event) == *named
            }
            _ => false,
        }
    }
}

fn is_deletion(event: &RecordedEvent) -> bool {
    event.changes.contains(&RecordedChange::Deleted)
}

fn name(obstacle: UndoObstacle) -> &'static str {
    match obstacle {
        UndoObstacle::Gone(_) => "gone",
        UndoObstacle::Forgotten(_) => "forgotten",
        UndoObstacle::NotReversible(_) => "not reversible",
        UndoObstacle::Overtaken(_) => "overtaken",
    }
}

/// The parts of an identity that an explanation foresees.
fn foreseen(identity: &IdentityDetails) -> (&str, IdentityState, &[Login], u32) {
    let IdentityDetails { identity_id, state, logins, revision, .. } = identity;
    (identity_id.as_str(), *state, logins, *revision)
}

impl Search {
    /// Undoes every event of a world that was entered. Returns the worlds that this leads to.
    pub(super) fn undo_all(&mut self, world: &World) -> Vec<World> {
        // A creation is tried as long as nothing else has happened to the identity.
        let histories = world.model.histories().map(|(_, events)| events);
        let tried =
            histories.flat_map(|events| if events.len() > 1 { &events[1..] } else { events });
        let mut events: Vec<_> = tried.map(|event| event.id).collect();
        events
            .extend(world.model.recorded_events().filter(|event| is_deletion(event)).map(|e| e.id));
        let erased = world.model.histories().filter(|(_, events)| events.is_empty());
        events.extend(erased.map(|(identity, _)| NumberedEvent { identity, revision: 1 }));
        events.into_iter().filter_map(|event| self.undo(world, event)).collect()
    }

    fn undo(&mut self, world: &World, event: NumberedEvent) -> Option<World> {
        let (admin, id) = (self.engine.admin(), world.event_id(event));
        let mut model = world.model.clone();
        let expected = model.undo(event);
        let writes = self.store.writes.load(Ordering::Relaxed);
        let explained = admin.explain(&admin, UndoInput::new(&id)).expect("an explanation");
        let foresees_only = self.store.writes.load(Ordering::Relaxed) == writes;
        let answer = admin.undo(UndoInput::new(&id));
        let is_written = self.store.writes.load(Ordering::Relaxed) != writes;
        self.edges += 1;
        let mut script = world.script.clone();
        script.undo(event);
        let next = World {
            model,
            directory: world.directory.clone(),
            contents: if is_written { self.store.contents() } else { world.contents.clone() },
            script,
        };
        let is_right = foresees_only
            && match (&explained.verdict, &answer, &expected) {
                (ExplainedVerdict::Answered { changes, .. }, Ok(output), Ok(())) => {
                    *self.met.entry("undo").or_default() += 1;
                    let afters = changes.iter().filter_map(|change| match change {
                        ExplainedChange::Changed { after, .. }
                        | ExplainedChange::Disabled { after, .. }
                        | ExplainedChange::Restored { after, .. } => Some(foreseen(after)),
                        _ => None,
                    });
                    afters.eq(output.identities.iter().map(foreseen))
                }
                (
                    ExplainedVerdict::Refused { refusal, .. },
                    Err(Error::Refused(told)),
                    Err(obstacles),
                ) => {
                    let named = obstacles.iter().find(|it| world.is_named(**it, told));
                    if let Some(obstacle) = named {
                        *self.met.entry(name(*obstacle)).or_default() += 1;
                    }
                    refusal == told && named.is_some() && !is_written
                }
                _ => false,
            };
        if !is_right {
            let what = format!("expected {expected:?}, got {answer:?}, explained {explained:?}");
            self.fails("undo", &what, &next.script);
        }
        if is_written {
            self.check(&next);
            self.enter(world);
        }
        (is_right && is_written).then_some(next)
    }

    /// Checks that the journal of a changed store is that of the model.
    pub(super) fn check_histories(&mut self, world: &World) {
        for (identity, expected) in world.model.histories() {
            let id = world.id(identity);
            let page = self.engine.admin().history(HistoryInput::new(&id, 60)).expect("a history");
            let events = page.events.iter().rev().map(|event| world.directory.recorded(event));
            let told: Option<Vec<RecordedEvent>> = events.collect();
            if told.as_deref() != Some(expected) {
                let what = format!("{identity} has {told:?}, the model has {expected:?}");
                self.fails("history", &what, &world.script);
            }
        }
    }
}
