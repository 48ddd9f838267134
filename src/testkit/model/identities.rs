//! Description and deletion of identities.

use std::collections::BTreeSet;

use crate::testkit::model::Model;
use crate::testkit::model::clause::{ANSWERED, IDENTITY_UNKNOWN, Judged, expected, refused};
use crate::testkit::names::{Account, DeveloperProvider, Identity, NumberedLogin, Provider};
use crate::testkit::outcome::{Description, OperationOutcome};

impl Model {
    pub(super) fn describe(
        &mut self,
        caller: Account,
        identity: Identity,
        outcome: &OperationOutcome,
    ) -> Judged {
        let known = self.identities.get(&identity);
        let pool = known.and_then(|state| self.pools.get(&state.pool));
        if pool.is_none_or(|pool| pool.owner != caller) {
            return refused(IDENTITY_UNKNOWN, outcome);
        }
        match outcome {
            OperationOutcome::Description(described) => self.described(identity, described),
            _ => expected(format!("a description of {identity}")),
        }
    }

    /// Checks a description. Its dates must not change while nothing else changes (I9).
    pub(super) fn described(&mut self, identity: Identity, told: &Description) -> Judged {
        let Some(state) = self.identities.get_mut(&identity) else {
            return expected(format!("not {identity}, which is not there"));
        };
        let developer = self.pools.get(&state.pool).and_then(|pool| pool.settings.developer);
        let names: BTreeSet<_> = if state.is_disabled() {
            BTreeSet::from(["DISABLED"])
        } else {
            state.logins.iter().map(|l| provider_name(*l, developer)).collect()
        };
        let mut logins: Vec<_> = told.logins.iter().map(|name| canonical(name)).collect();
        logins.sort_unstable();
        if told.identity != identity || logins != names.iter().copied().collect::<Vec<_>>() {
            return expected(format!("{identity} with {names:?}"));
        }
        let (created, modified) = (told.created_millis, told.modified_millis);
        let stands = !state.changed && state.modified_millis.is_some_and(|known| known != modified);
        let goes_back = state.modified_millis.is_some_and(|known| known > modified);
        let moved = state.created_millis.is_some_and(|known| known != created);
        if created > modified || moved || stands || goes_back {
            let (created, modified) = (state.created_millis, state.modified_millis);
            return expected(format!("{identity} of {created:?}, changed {modified:?} or later"));
        }
        (state.created_millis, state.modified_millis) = (Some(created), Some(modified));
        state.changed = false;
        ANSWERED
    }

    pub(super) fn delete_identities(
        &mut self,
        caller: Account,
        identities: &[Identity],
        outcome: &OperationOutcome,
    ) -> Judged {
        let ids: BTreeSet<_> = identities.iter().copied().collect();
        let mut unprocessed = BTreeSet::new();
        for id in ids {
            let Some(state) = self.identities.get(&id) else { continue };
            let owner = self.pools.get(&state.pool).map(|pool| pool.owner);
            if owner == Some(caller) {
                self.identities.remove(&id);
                self.settle_cursors();
            } else if owner.is_some_and(|owner| owner.region_name() == caller.region_name()) {
                unprocessed.insert((id, "AccessDenied".to_owned()));
            }
        }
        match outcome {
            OperationOutcome::Unprocessed(told)
                if told.iter().cloned().collect::<BTreeSet<_>>() == unprocessed =>
            {
                ANSWERED
            }
            _ => expected(format!("all deleted but {unprocessed:?}")),
        }
    }
}

/// It is unknown whether the service reports the final slash in the name of an issuer.
pub(super) fn canonical(name: &str) -> &str {
    let mut providers = Provider::ALL.into_iter();
    providers.find(|provider| provider.issuer() == name).map_or(name, |provider| provider.name())
}

fn provider_name(login: NumberedLogin, developer: Option<DeveloperProvider>) -> &'static str {
    match login {
        NumberedLogin::User(_) => developer.map_or("", DeveloperProvider::name),
        NumberedLogin::Public(provider, _) => provider.name(),
    }
}
