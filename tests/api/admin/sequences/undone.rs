//! Undo of the events of a sequence.

use std::collections::BTreeSet;

use cognate::admin::ChangeKind;
use cognate::login::Login;
use cognate::{Error, Refusal};

use super::{Sequence, View, name};
use crate::admin::explained::undo;
use crate::admin::journal;

impl Sequence {
    /// Undoes an event. The identities that the answer names change as it says, and no others. A
    /// login that no identity had before is one that the undone change has unlinked.
    pub(super) fn undo(&self, before: &View, i: usize, event: usize) -> Option<String> {
        let id = self.id(i);
        let events = before.contains_key(id).then(|| journal::history(&self.world, id))?;
        let event = events.get(event)?;
        let undone = undo(&self.world.engine.admin(), &event.id().expect("an identity's"));
        let undone = match undone {
            Ok(undone) => undone,
            Err(Error::Refused(refusal)) => {
                if let Refusal::UndoOvertaken { by } = &refusal {
                    assert!(by.revision <= before[&by.identity_id].revision, "{by}");
                }
                return Some(name(&refusal));
            }
            Err(error) => panic!("{error:?}"),
        };
        let mut after = before.clone();
        for changed in undone.identities {
            let known = after.insert(changed.identity_id.clone(), changed.clone());
            let known = known.expect("an identity that was there");
            assert_eq!(
                (changed.revision, changed.last_modified_date),
                (known.revision + 1, self.now())
            );
        }
        assert_eq!(self.view(), after);
        let mut unlinked: BTreeSet<Login> = BTreeSet::new();
        for change in &event.changes {
            if let ChangeKind::Unlinked { links } = change {
                unlinked.extend(links.iter().map(|link| link.login.clone()));
            }
        }
        let logins = |view: &View| -> BTreeSet<Login> {
            view.values().flat_map(|identity| identity.logins.clone()).collect()
        };
        let gained = &logins(&after) - &logins(before);
        assert!(gained.is_subset(&unlinked), "{gained:?} {unlinked:?}");
        Some("undone".to_owned())
    }
}
