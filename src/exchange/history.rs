//! Events of a file against the identities that they lead to (I11).

use crate::ambient::Timestamp;
use crate::state::{ChangeKind, FoldedIdentity, Identity, misfits};

/// The events of one identity, in the order of their revisions.
#[derive(Debug, Default)]
pub(crate) struct ImportedHistory {
    events: Vec<ImportedChange>,
}

#[derive(Debug)]
struct ImportedChange {
    line: u64,
    revision: u32,
    date: Timestamp,
    changes: Vec<ChangeKind>,
}

impl ImportedHistory {
    pub(crate) fn push(
        &mut self,
        line: u64,
        (revision, date): (u32, Timestamp),
        changes: Vec<ChangeKind>,
    ) {
        self.events.push(ImportedChange { line, revision, date, changes });
    }

    /// The line and the revision of an event that does not lead to the identity, or that is dated
    /// after a later one.
    pub(crate) fn contradiction(&self, identity: Option<&Identity>) -> Option<(u64, u32)> {
        let pairs = self.events.iter().zip(self.events.iter().skip(1));
        let is_late = |(event, next): &(&ImportedChange, &ImportedChange)| event.date > next.date;
        let late = pairs.map(|pair| is_late(&pair));
        let changes: Vec<_> =
            self.events.iter().map(|event| (event.revision, event.changes.as_slice())).collect();
        let misfits = misfits(identity, &changes).into_iter().map(|misfit| misfit.is_some());
        let wrong =
            misfits.zip(late.chain([false])).map(|(is_misfit, is_late)| is_misfit || is_late);
        let wrong = self.events.iter().zip(wrong).find(|(_, is_wrong)| *is_wrong);
        wrong.map(|(event, _)| (event.line, event.revision))
    }
}

/// Whether an identity can be as its own first change tells.
pub(crate) fn is_told_by(identity: &Identity, change: ChangeKind) -> bool {
    let is_first = identity.revision() == 1 || matches!(change, ChangeKind::Imported { .. });
    let before = FoldedIdentity::from(identity).before(&[change]);
    is_first && before.is_some_and(|before| before.state.is_none())
}
