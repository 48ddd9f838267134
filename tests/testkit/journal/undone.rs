//! Undo: the explanation, the model and the call agree.

#![expect(clippy::wildcard_enum_match_arm, reason = "any other one is a failure")]

use std::collections::BTreeSet;

use cognate::admin::{
    AppliedRule, EventId, ExplainedChange, ExplainedVerdict, IdentityDetails, UndoInput,
};
use cognate::ambient::Timestamp;
use cognate::testkit::{Identity, NumberedEvent, UndoObstacle};
use cognate::{Error, Refusal};
use proptest::prelude::*;

use super::{Checked, Identities, Scene, name};

/// The identities without the dates and revisions that an undo does not restore.
pub(super) fn dateless(identities: &Identities) -> Vec<IdentityDetails> {
    let dateless = identities.values().cloned().map(|identity| {
        let (last_modified_date, revision) = (Timestamp::from_millis(0), 0);
        let mut dateless = identity;
        (dateless.last_modified_date, dateless.revision) = (last_modified_date, revision);
        dateless
    });
    dateless.collect()
}

impl Scene<'_> {
    fn event_id(&self, event: NumberedEvent) -> EventId {
        let unknown = || "us-east-1:00000000-0000-4000-8000-000000000000".parse().expect("an id");
        let identity = self.run.identity_id(event.identity).unwrap_or_else(unknown);
        EventId::new(identity, event.revision)
    }

    /// Undoes the change of an event, and compares everything. Returns whether it was undone.
    pub(super) fn undo(&mut self, event: NumberedEvent) -> Checked<bool> {
        self.log.push(format!("after {} operations: {event:?}", self.run.script().calls().count()));
        let admin = self.engine.admin();
        let (id, bytes, before) = (self.event_id(event), self.dump(), self.identities());
        let mut expected = self.run.model().clone();
        let expected = expected.undo(event).map(|()| expected);
        let explained = admin.explain(&admin, UndoInput::new(&id)).expect("an explanation");
        prop_assert_eq!(explained.operation, "Undo");
        let given = explained.given.as_ref();
        prop_assert_eq!(given, before.get(&id.identity_id), "the identity of {}", id);
        if expected.is_ok() {
            prop_assert_eq!(&bytes, &self.dump(), "an explanation of {} writes", id);
        }
        let answer = admin.undo(UndoInput::new(&id));
        match (explained.verdict, expected) {
            (ExplainedVerdict::Refused { refusal, obstacle, .. }, Err(obstacles)) => {
                let refused = matches!(&answer, Err(Error::Refused(told)) if *told == refusal);
                prop_assert!(refused, "{} explained as {:?}, got {:?}", id, refusal, answer);
                self.check_refusal(&refusal, &obstacles)?;
                let obstacle = obstacle.as_ref();
                let known = obstacle.map(|obstacle| &obstacle.identity_id);
                prop_assert_eq!(obstacle, known.and_then(|id| before.get(id)));
                prop_assert_eq!(bytes, self.dump(), "a refused undo of {} writes", id);
                Ok(false)
            }
            (ExplainedVerdict::Answered { identity_id, changes, .. }, Ok(model)) => {
                prop_assert_eq!(explained.rule, Some(AppliedRule::Undo));
                prop_assert_eq!(identity_id.as_ref(), Some(&id.identity_id));
                prop_assert!(answer.is_ok(), "{} is not undone: {:?}", id, answer);
                let answered = answer.expect("undone").identities;
                self.count_undone(event);
                self.run.undo(event).expect("as before");
                prop_assert_eq!(self.run.model(), &model);
                self.check_changes(&before, &changes, &answered)?;
                self.listen();
                self.check_histories()?;
                self.refuse_a_second_time(event)?;
                Ok(true)
            }
            (explained, expected) => {
                let expected = expected.map(|_| "undone");
                Err(TestCaseError::fail(format!("{id}: {expected:?}, explained {explained:?}")))
            }
        }
    }

    fn count_undone(&self, event: NumberedEvent) {
        let events = self.run.model().history(event.identity).into_iter().flatten();
        for event in events.filter(|known| known.id == event) {
            let names: Vec<_> = event.changes.iter().map(name).collect();
            self.count(format!("undone {}", names.join(", ")));
        }
        self.count("undone");
    }

    /// An undone event is never undone again.
    fn refuse_a_second_time(&self, event: NumberedEvent) -> Checked {
        let id = self.event_id(event);
        let history = self.run.model().history(event.identity).unwrap_or_default();
        let by = history.iter().find(|known| known.id == event).and_then(|known| known.undone_by);
        let again = self.engine.admin().undo(UndoInput::new(&id));
        let by = by.map(|by| self.event_id(by));
        let is_refused = matches!(&again, Err(Error::Refused(Refusal::UndoOvertaken { by: told }))
            if Some(told) == by.as_ref());
        prop_assert!(is_refused, "{} by {:?}: {:?}", id, by, again);
        self.count("refused a second time");
        Ok(())
    }

    /// The model has this reason too.
    fn check_refusal(&self, refusal: &Refusal, expected: &BTreeSet<UndoObstacle>) -> Checked {
        let told = match refusal {
            Refusal::IdentityNotFound { identity_id } => ("Gone", identity_id.to_string()),
            Refusal::EventNotFound { event } => ("Forgotten", event.to_string()),
            Refusal::EventNotReversible { event } => ("NotReversible", event.to_string()),
            Refusal::UndoOvertaken { by } => ("Overtaken", by.to_string()),
            other => ("refused otherwise", format!("{other:?}")),
        };
        let named = |event: NumberedEvent| self.event_id(event).to_string();
        let expected = expected.iter().map(|obstacle| match *obstacle {
            UndoObstacle::Gone(identity) => {
                let event = NumberedEvent { identity, revision: 0 };
                ("Gone", self.event_id(event).identity_id.to_string())
            }
            UndoObstacle::Forgotten(event) => ("Forgotten", named(event)),
            UndoObstacle::NotReversible(event) => ("NotReversible", named(event)),
            UndoObstacle::Overtaken(event) => ("Overtaken", named(event)),
            other => ("unknown", format!("{other:?}")),
        });
        let expected: BTreeSet<_> = expected.collect();
        prop_assert!(expected.contains(&told), "{:?}, expected one of {:?}", told, expected);
        self.count(format!("refused {}", told.0));
        Ok(())
    }

    /// The explained changes have happened, and no others.
    fn check_changes(
        &self,
        before: &Identities,
        changes: &[ExplainedChange],
        answered: &[IdentityDetails],
    ) -> Checked {
        let mut expected = before.clone();
        let mut after_all = Vec::new();
        for change in changes {
            let (was, is) = match change {
                ExplainedChange::Changed { before, after }
                | ExplainedChange::Disabled { before, after }
                | ExplainedChange::Restored { before, after } => (before, after),
                other => return Err(TestCaseError::fail(format!("{other:?}"))),
            };
            prop_assert_eq!(before.get(&was.identity_id), Some(was));
            expected.insert(is.identity_id.clone(), is.clone());
            after_all.push(is.clone());
        }
        prop_assert_eq!(answered, after_all, "the answer");
        prop_assert_eq!(expected, self.identities(), "the identities");
        Ok(())
    }

    /// Tries to undo an event that there never was.
    pub(super) fn undo_nothing(&mut self) -> Checked {
        let any = self.any(&self.events(|_| true));
        let any = any.unwrap_or(NumberedEvent { identity: Identity::UNKNOWN, revision: 1 });
        let event = match self.below(4) {
            0 => NumberedEvent { identity: Identity::UNKNOWN, ..any },
            1 => NumberedEvent { revision: 0, ..any },
            2 => NumberedEvent { revision: any.revision + 1_000, ..any },
            _ => NumberedEvent { revision: u32::MAX, ..any },
        };
        prop_assert!(!self.undo(event)?, "{:?} is undone", event);
        Ok(())
    }
}
