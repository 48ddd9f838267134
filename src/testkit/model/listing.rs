//! Listings in pages. The order is not checked. A listing that is read to its end must show nothing
//! twice, nothing missing from the model, and everything that existed throughout.

use std::collections::BTreeSet;

use crate::testkit::model::clause::{
    ANSWERED, CURSOR_BAD, Judged, LOOKUP_FORBIDDEN, LOOKUP_KEY_MISSING, LOOKUP_MISMATCH,
    LOOKUP_UNKNOWN, expected, refused,
};
use crate::testkit::model::{CursorState, Listing, Model};
use crate::testkit::names::{Account, Cursor, Identity, NumberedLogin, Pool, User};
use crate::testkit::operation::Operation;
use crate::testkit::outcome::{OperationOutcome, Page};

/// The maximum size of a page, and its start.
type Cut = (i64, Option<Cursor>);

impl Model {
    /// The continuation of the listing that an operation reads.
    pub(crate) fn last_page(&self, operation: &Operation) -> Option<Cursor> {
        let is_of = |listing: Listing| match listing {
            Listing::Pools(_) => matches!(operation, Operation::ListIdentityPools { .. }),
            Listing::Identities { .. } => matches!(operation, Operation::ListIdentities { .. }),
            Listing::Users(_) => matches!(operation, Operation::LookupDeveloperIdentity { .. }),
        };
        let mut known = self.cursors.iter().filter(|(_, state)| is_of(state.listing));
        known.next_back().map(|(cursor, _)| *cursor)
    }

    pub(super) fn list_pools(
        &mut self,
        caller: Account,
        cut: Cut,
        outcome: &OperationOutcome,
    ) -> Judged {
        let listing = Listing::Pools(caller);
        if !self.continues(listing, cut.1) {
            return refused(CURSOR_BAD, outcome);
        }
        let OperationOutcome::Pools(Page { entries, next }) = outcome else {
            return expected("pools");
        };
        for (pool, name) in entries {
            let known = self.pools.get(pool).map(|state| state.settings.pool_name());
            if known.as_ref() != Some(name) {
                return expected(format!("{pool} with the name {known:?}"));
            }
        }
        let shown: Vec<_> = entries.iter().map(|(pool, _)| pool.to_string()).collect();
        self.page(listing, cut, &shown, *next)
    }

    pub(super) fn list_identities(
        &mut self,
        caller: Account,
        (pool, hide_disabled): (Pool, bool),
        cut: Cut,
        outcome: &OperationOutcome,
    ) -> Judged {
        if let Err(exception) = self.pool(caller, pool) {
            return refused(exception, outcome);
        }
        let listing = Listing::Identities { pool, hide_disabled };
        if !self.continues(listing, cut.1) {
            return refused(CURSOR_BAD, outcome);
        }
        let (entries, next) = match outcome {
            OperationOutcome::Identities(of, Page { entries, next }) if *of == pool => {
                (entries, next)
            }
            _ => return expected(format!("identities of {pool}")),
        };
        for described in entries {
            self.described(described.identity, described)?;
        }
        let shown: Vec<_> = entries.iter().map(|of| of.identity.to_string()).collect();
        self.page(listing, cut, &shown, *next)
    }

    pub(super) fn lookup(
        &mut self,
        caller: Account,
        pool: Pool,
        by: (Option<Identity>, Option<User>),
        cut: Cut,
        outcome: &OperationOutcome,
    ) -> Judged {
        let identity = match by {
            (None, None) => return refused(LOOKUP_KEY_MISSING, outcome),
            (given, user) => self.pool(caller, pool).and_then(|_| match (given, user) {
                (Some(given), _) => self.identity_of(pool, given).map(|_| given),
                (None, user) => {
                    let found =
                        user.and_then(|user| self.owner_of(pool, NumberedLogin::User(user)));
                    let forbidden = self.choices.unknown_user_is_forbidden;
                    found.ok_or(if forbidden { LOOKUP_FORBIDDEN } else { LOOKUP_UNKNOWN })
                }
            }),
        };
        let identity = match identity {
            Ok(identity) => identity,
            Err(exception) => return refused(exception, outcome),
        };
        let listing = Listing::Users(identity);
        if !self.continues(listing, cut.1) {
            return refused(CURSOR_BAD, outcome);
        }
        let told = match outcome {
            OperationOutcome::Users(of, page) if *of == identity => Some(page),
            _ => None,
        };
        if let (Some(_), Some(user)) = by {
            if self.owner_of(pool, NumberedLogin::User(user)) != Some(identity) {
                return refused(LOOKUP_MISMATCH, outcome);
            }
            let both = Page { entries: vec![user.to_string()], next: None };
            return if told == Some(&both) {
                ANSWERED
            } else {
                expected(format!("{identity} {user}"))
            };
        }
        let Some(Page { entries, next }) = told else {
            return expected(format!("users of {identity}"));
        };
        self.page(listing, cut, entries, *next)
    }

    /// Returns true if a page of the listing may begin there.
    fn continues(&self, listing: Listing, after: Option<Cursor>) -> bool {
        let Some(after) = after else { return true };
        self.cursors.get(&after).is_some_and(|state| state.listing.is_of(listing))
    }

    fn page(
        &mut self,
        listing: Listing,
        (size, after): Cut,
        entries: &[String],
        next: Option<Cursor>,
    ) -> Judged {
        let standing = self.standing(listing);
        let begun = after.and_then(|after| self.cursors.get(&after)).cloned();
        let CursorState { mut shown, mut owed, .. } = begun.unwrap_or_else(|| CursorState {
            listing,
            shown: BTreeSet::new(),
            owed: standing.clone(),
        });
        owed.retain(|entry| standing.contains(entry));
        for entry in entries {
            if !standing.contains(entry) || !shown.insert(entry.clone()) {
                return expected(format!("not {entry}, which is not there or was shown"));
            }
            owed.remove(entry);
        }
        let size = usize::try_from(size).unwrap_or_default();
        let Some(next) = next else {
            let in_bounds = entries.len() <= size && owed.is_empty();
            return if in_bounds { ANSWERED } else { expected(format!("{owed:?} too")) };
        };
        if entries.len() != size || standing.is_subset(&shown) {
            return expected(format!("{size} entries, and no next page if there is no more"));
        }
        self.cursors.insert(next, CursorState { listing, shown, owed });
        ANSWERED
    }

    /// All entries of a listing.
    fn standing(&self, listing: Listing) -> BTreeSet<String> {
        match listing {
            Listing::Pools(owner) => {
                let pools = self.pools.iter().filter(|(_, state)| state.owner == owner);
                pools.map(|(pool, _)| pool.to_string()).collect()
            }
            Listing::Identities { pool, hide_disabled } => {
                let all = self.identities.iter().filter(|(_, state)| {
                    state.pool == pool && !(hide_disabled && state.is_disabled())
                });
                all.map(|(identity, _)| identity.to_string()).collect()
            }
            Listing::Users(identity) => {
                let logins = self.identities.get(&identity).map(|state| &state.logins);
                let users = logins.into_iter().flatten().filter_map(|login| match login {
                    NumberedLogin::User(user) => Some(user.to_string()),
                    NumberedLogin::Public(..) => None,
                });
                users.collect()
            }
        }
    }

    /// Entries that are gone need not be shown any more. If one comes back, it is another entry.
    pub(super) fn settle_cursors(&mut self) {
        let mut cursors = std::mem::take(&mut self.cursors);
        for state in cursors.values_mut() {
            let standing = self.standing(state.listing);
            state.shown.retain(|entry| standing.contains(entry));
            state.owed.retain(|entry| standing.contains(entry));
        }
        self.cursors = cursors;
    }
}

impl Listing {
    /// The cursor of a pool's identities is valid with and without hidden disabled ones.
    fn is_of(self, other: Self) -> bool {
        match (self, other) {
            (Self::Identities { pool, .. }, Self::Identities { pool: other, .. }) => pool == other,
            _ => self == other,
        }
    }
}
