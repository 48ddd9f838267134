//! The calls that read the journal.

use cognate::admin::{ActivityInput, EventId, HistoryInput, UndoInput};
use cognate::name::IdentityId;

use crate::records::calls::{Calls, with_token};

impl Calls<'_> {
    pub(super) fn look_at_journal(&self) {
        let admin = self.engine.admin();
        for id in &self.filled.identities {
            self.pages("history", |next| {
                let input = with_token(HistoryInput::new(id, 2), next, HistoryInput::next_token);
                Ok(admin.history(input)?.next_token)
            });
        }
        for pool in &self.filled.pools {
            self.pages("activity", |next| {
                let input = ActivityInput::new(pool, 2);
                let input = with_token(input, next, ActivityInput::next_token);
                Ok(admin.activity(input)?.next_token)
            });
        }
        for event in self.events() {
            self.call("explain", || admin.explain(&admin, UndoInput::new(&event)));
        }
    }

    /// The first events of each identity.
    pub(super) fn events(&self) -> impl Iterator<Item = EventId> {
        let revisions =
            |id| (1..6).map(move |revision| EventId::new(IdentityId::clone(id), revision));
        self.filled.identities.iter().flat_map(revisions)
    }
}
