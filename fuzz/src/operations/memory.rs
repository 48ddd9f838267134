//! What is remembered of the answers.

use std::collections::{BTreeMap, BTreeSet};

use cognate::{Claims, IdentityId, IdentityPoolId, IdentityState, OpenIdToken};

use crate::operations::names::{Login, Provider, Which};
use crate::operations::pool::{Attributes, Roles};

#[derive(Default)]
pub(super) struct Memory {
    /// Identities in the order in which they were made, deleted ones among them.
    pub(super) seen: Vec<IdentityId>,
    pub(super) deleted: BTreeSet<IdentityId>,
    /// Those that never had a login.
    pub(super) guests: BTreeSet<IdentityId>,
    pub(super) identity_of: BTreeMap<Login, IdentityId>,
    pub(super) tokens: Vec<(OpenIdToken, Claims)>,
    pub(super) roles: Roles,
    pub(super) attributes: BTreeMap<Provider, Attributes>,
    pub(super) tags: BTreeMap<String, String>,
}

/// For whom an operation was asked, and with what.
pub(super) struct Asked<'a> {
    pub(super) given: Option<&'a IdentityId>,
    pub(super) logins: &'a [Login],
    /// Whether something else than one of its logins opens the given identity.
    pub(super) is_opened: bool,
}

impl Memory {
    pub(super) fn identity(&self, Which(number): Which) -> IdentityId {
        let place = usize::from(number).checked_rem(self.seen.len());
        place.map_or_else(
            || "us-east-1:00000000-0000-0000-0000-000000000000".parse().expect("an id"),
            |place| self.seen[place].clone(),
        )
    }

    /// `None` for one that is not there. One without logins that is no guest is disabled, for good.
    pub(super) fn state(&self, id: &IdentityId) -> Option<IdentityState> {
        if self.deleted.contains(id) || !self.seen.contains(id) {
            None
        } else if self.logins_of(id).next().is_some() {
            Some(IdentityState::Authenticated)
        } else if self.guests.contains(id) {
            Some(IdentityState::Unauthenticated)
        } else {
            Some(IdentityState::Disabled)
        }
    }

    pub(super) fn logins_of(&self, id: &IdentityId) -> impl Iterator<Item = &Login> {
        self.identity_of.iter().filter(move |(_, of)| *of == id).map(|(login, _)| login)
    }

    /// Each once, sorted.
    pub(super) fn providers(&self, id: &IdentityId) -> Vec<&'static str> {
        let providers: BTreeSet<_> = self.logins_of(id).map(|login| login.provider()).collect();
        providers.into_iter().collect()
    }

    /// An identity was answered: it has to be the one that was asked for, or that the logins mean,
    /// and has all of their logins from now on. The others that had any are empty.
    pub(super) fn answered(&mut self, asked: &Asked<'_>, id: &IdentityId) {
        let logins = asked.logins;
        let owners: Vec<_> =
            logins.iter().filter_map(|login| self.identity_of.get(login)).cloned().collect();
        match asked.given.map(|given| (given, self.state(given))) {
            None if owners.is_empty() => {
                assert!(!self.seen.contains(id), "{id} is new, but was there");
                self.seen.push(id.clone());
                self.guests.insert(id.clone());
            }
            None => assert_eq!(Some(id), self.parent(logins), "of {logins:?}"),
            Some((guest, Some(IdentityState::Unauthenticated))) => {
                assert_eq!(id, self.parent(logins).unwrap_or(guest), "of {guest} and {logins:?}");
            }
            Some((given, Some(IdentityState::Authenticated))) => {
                let is_opened = asked.is_opened || owners.contains(given);
                assert!(is_opened, "{given} is opened by {logins:?}");
                assert_eq!(id, given, "another one was answered");
            }
            Some((given, state)) => panic!("{given} was answered, which is {state:?}"),
        }
        for of in self.identity_of.values_mut().filter(|of| owners.contains(of)) {
            of.clone_from(id);
        }
        self.identity_of.extend(logins.iter().map(|login| (*login, id.clone())));
        if let Some(given) = asked.given.filter(|given| *given != id || !logins.is_empty()) {
            self.guests.remove(given);
        }
        if !logins.is_empty() {
            self.guests.remove(id);
        }
    }

    /// The owner of the developer login survives, else the oldest.
    fn parent(&self, logins: &[Login]) -> Option<&IdentityId> {
        let of_user = logins.iter().find(|login| matches!(login, Login::User(_)));
        let of_user = of_user.and_then(|login| self.identity_of.get(login));
        let owners = logins.iter().filter_map(|login| self.identity_of.get(login));
        let age = |id: &&IdentityId| self.seen.iter().position(|seen| seen == *id);
        of_user.or_else(|| owners.min_by_key(age))
    }

    /// The `amr` of a token or session for which `logins` were presented.
    pub(super) fn amr(pool: &IdentityPoolId, logins: &[Login]) -> Vec<String> {
        if logins.is_empty() {
            return vec!["unauthenticated".to_owned()];
        }
        let names =
            logins.iter().flat_map(|login| [login.provider().to_owned(), login.full_name(pool)]);
        std::iter::once("authenticated".to_owned()).chain(names).collect()
    }

    /// The logins that a token for `id` names, in its order, as far as `id` still has them.
    pub(super) fn named(
        &self,
        pool: &IdentityPoolId,
        id: &IdentityId,
        token: Option<&Claims>,
    ) -> Vec<Login> {
        let names = token.map_or(&[][..], Claims::amr).iter();
        let login = |name: &String| self.logins_of(id).find(|l| l.full_name(pool) == **name);
        names.filter_map(login).copied().collect()
    }

    /// The tags that the attributes make of `logins`; of two of one key the first counts.
    pub(super) fn tags_of(&self, logins: &[Login]) -> BTreeMap<String, String> {
        let mut tags = BTreeMap::new();
        for login in logins {
            let Login::Public(provider, subject) = login else { continue };
            let Some(attributes) = self.attributes.get(provider) else { continue };
            for (key, _) in attributes.claims().iter().filter(|(_, claim)| *claim == "sub") {
                tags.entry((*key).to_owned()).or_insert_with(|| subject.name());
            }
        }
        tags
    }
}
