//! Resolution of logins to an identity, with the links, merges and refusals that follow.

use crate::ambient::Timestamp;
use crate::id::IdentityId;
use crate::rules::claims::names_login_of;
use crate::rules::rule::{AppliedRule, ResolutionRow};
use crate::rules::{Change, Decided, Effect, Refusal};
use crate::state::{Identity, IdentityState, LinkConflict, Login, Pool};

/// The proof that a signed call needs to link a developer user to an authenticated identity.
///
/// The API reference and observations of the live service disagree about one call. It presents only
/// a developer user that no identity has, together with the `IdentityId` of an identity that has
/// another login. According to the reference, the user is linked. Three independent sources saw the
/// service refuse the call with [`LoginsDontMatch`](Refusal::LoginsDontMatch). The same call
/// succeeded with that other login beside the developer user in `Logins`. A backend that always
/// presents a linked login beside the new user gets the same answer either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "the reference, or what three sources saw")]
pub enum DeveloperLinking {
    /// The `IdentityId` is enough proof for logins that no identity has, as the API reference says.
    /// To merge other identities, the call must also present a login of the given identity.
    #[default]
    ByIdentityId,
    /// The call must present a login that is already linked to the identity, as three sources saw
    /// at the live service. If the identity has only developer users, use
    /// `MergeDeveloperIdentities` to add another one.
    ByLinkedLogin,
}

/// The proof that gives a call access to a given authenticated identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenedBy<'a> {
    /// One of its logins.
    Login,
    /// Its id, provided that no identity has any of the logins.
    Id,
    /// One of its logins, either presented or named in the `amr` of a token of this service.
    Token(&'a [String]),
}

/// Input of the resolution.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolution<'a> {
    pub(crate) pool: &'a Pool,
    /// The identity that the caller gave. It belongs to this pool.
    pub(crate) given: Option<&'a Identity>,
    pub(crate) opened_by: OpenedBy<'a>,
    /// Verified logins in the caller's order, without duplicates.
    pub(crate) logins: &'a [Login],
    /// The identities that have any of the logins, without duplicates.
    pub(crate) owners: &'a [Identity],
}

/// The identity that owns every presented login, if there is one. A call with these logins can only
/// mean that identity and changes nothing. By I1 the identity is authenticated and belongs to the
/// pool.
pub(crate) fn settled<O: PartialEq>(owners: &[Option<O>]) -> Option<&O> {
    let (first, others) = owners.split_first()?;
    let first = first.as_ref()?;
    others.iter().all(|owner| owner.as_ref() == Some(first)).then_some(first)
}

/// The resolution table, whose rows [`ResolutionRow`] describes.
pub(crate) fn resolve(
    resolution: Resolution<'_>,
    fresh: IdentityId,
    now: Timestamp,
) -> Result<Decided<IdentityId>, Refusal> {
    let Resolution { pool, given, logins, owners, .. } = resolution;
    if let Some((user, owner)) = resolution.developer_user_of_another() {
        return Err(Refusal::DeveloperUserAlreadyRegistered {
            user: user.subject().into(),
            identity_id: owner.id().clone(),
        });
    }

    let Some(survivor) = resolution.survivor()? else {
        let mut created = Identity::guest(fresh, pool.id().clone(), now);
        created.link(logins.iter().cloned(), now)?;
        let output = created.id().clone();
        return Ok(Decided { effects: vec![Effect::Identity(Change::Create(created))], output });
    };

    let mut after = survivor.clone();
    let mut gained = Vec::new();
    let mut effects = Vec::new();
    for before in owners.iter().chain(given).filter(|identity| identity.id() != survivor.id()) {
        let mut emptied = before.clone();
        gained.extend(emptied.empty(now));
        after.touch(now);
        effects.extend(Decided::updating(before, emptied).effects);
    }
    gained.extend(logins.iter().filter(|login| owner_of(login, owners).is_none()).cloned());
    after.link(gained, now).map_err(|conflict| {
        let is_moved = |login: &Login| owner_of(login, owners).is_some();
        match &conflict {
            LinkConflict::AnotherUserOfTheProvider(login) if is_moved(login) => {
                Refusal::of_merge(conflict)
            }
            LinkConflict::AnotherUserOfTheProvider(_) | LinkConflict::TooManyLogins => {
                conflict.into()
            }
        }
    })?;

    let output = after.id().clone();
    let updated = if effects.is_empty() {
        Decided::updating(survivor, after)
    } else {
        Decided::merging(survivor, after)
    };
    effects.extend(updated.effects);
    Ok(Decided { effects, output })
}

impl<'a> Resolution<'a> {
    /// The rule that decides.
    pub(crate) fn rule(&self) -> AppliedRule {
        match self.developer_user_of_another() {
            Some(_) => AppliedRule::AlreadyRegistered,
            None => AppliedRule::Resolution(self.row()),
        }
    }

    /// A developer login of an identity other than the given one, and that identity.
    fn developer_user_of_another(&self) -> Option<(&'a Login, &'a Identity)> {
        let given = self.given?;
        let of_developers = self.logins.iter().filter(|login| login.is_developer());
        let mut owned =
            of_developers.filter_map(|login| Some((login, owner_of(login, self.owners)?)));
        owned.find(|(_, owner)| owner.id() != given.id())
    }

    /// The row of the table that applies.
    fn row(&self) -> ResolutionRow {
        let Self { given, owners, .. } = *self;
        let Some(given) = given else {
            return match owners {
                [] => ResolutionRow::A1,
                [_] => ResolutionRow::A2,
                [..] => ResolutionRow::A3,
            };
        };
        match given.state() {
            IdentityState::Unauthenticated if owners.is_empty() => ResolutionRow::B1,
            IdentityState::Unauthenticated => ResolutionRow::B2,
            IdentityState::Disabled => ResolutionRow::D2,
            IdentityState::Authenticated if self.presents_nothing() => ResolutionRow::D1,
            IdentityState::Authenticated if !self.proves_login_of(given) => ResolutionRow::C3,
            IdentityState::Authenticated => {
                let is_only = owners.iter().all(|owner| owner.id() == given.id());
                if is_only { ResolutionRow::C1 } else { ResolutionRow::C2 }
            }
        }
    }

    fn presents_nothing(&self) -> bool {
        self.logins.is_empty() && !matches!(self.opened_by, OpenedBy::Token(_))
    }

    fn proves_login_of(&self, given: &Identity) -> bool {
        let by_token = match self.opened_by {
            OpenedBy::Login | OpenedBy::Id => false,
            OpenedBy::Token(amr) => names_login_of(amr, given),
        };
        by_token || self.owners.iter().any(|owner| owner.id() == given.id())
    }

    /// The identity that all others are merged into. `None` asks for a new one.
    fn survivor(&self) -> Result<Option<&'a Identity>, Refusal> {
        let Self { opened_by, logins, owners, .. } = *self;
        let Some(given) = self.given else { return Ok(parent(logins, owners)) };
        match self.row() {
            ResolutionRow::A1 | ResolutionRow::A2 | ResolutionRow::A3 | ResolutionRow::B2 => {
                Ok(parent(logins, owners))
            }
            ResolutionRow::B1 | ResolutionRow::C1 | ResolutionRow::C2 => Ok(Some(given)),
            // An id alone never allows a merge.
            ResolutionRow::C3 if opened_by == OpenedBy::Id && owners.is_empty() => Ok(Some(given)),
            ResolutionRow::C3 => Err(Refusal::LoginsDontMatch),
            ResolutionRow::D1 | ResolutionRow::D2 => {
                Err(Refusal::IdentityForbidden { identity_id: given.id().clone() })
            }
        }
    }
}

/// The owner of the developer login, or else the oldest owner. Of two owners with the same creation
/// time, the one with the lower id.
pub(crate) fn parent<'a>(logins: &[Login], owners: &'a [Identity]) -> Option<&'a Identity> {
    let of_developer_login =
        logins.iter().find(|login| login.is_developer()).and_then(|login| owner_of(login, owners));
    let oldest = owners.iter().min_by_key(|owner| (owner.created(), owner.id()));
    of_developer_login.or(oldest)
}

fn owner_of<'a>(login: &Login, owners: &'a [Identity]) -> Option<&'a Identity> {
    owners.iter().find(|owner| owner.has(login))
}

#[cfg(test)]
mod tests;
