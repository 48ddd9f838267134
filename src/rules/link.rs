//! Resolution of logins to an identity, with the links, merges and refusals that follow.

use crate::ambient::Timestamp;
use crate::id::IdentityId;
use crate::rules::claims::names_login_of;
use crate::rules::{Change, Decided, Effect, Refusal};
use crate::state::{Identity, LinkConflict, Login, Pool};

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

/// The resolution table.
///
/// | | given | owners of the logins | result |
/// | --- | --- | --- | --- |
/// | a1 | none | none | a new identity with all the logins; a guest if there are none |
/// | a2 | none | X | X; logins without an owner are linked to it |
/// | a3 | none | X, Y, … | merged; the owner of the developer login survives, else the oldest |
/// | b1 | guest | none | the guest, now authenticated |
/// | b2 | guest | X, … | X; the guest is disabled |
/// | c1 | authenticated G | G, or a token that names a login of G | G; logins without an owner are linked to it |
/// | c2 | authenticated G | also Y, … | G; Y is merged into it |
/// | c3 | authenticated G | not G | refused; but linked to G if no identity has any of the logins and the id of G is proof enough |
/// | d1 | authenticated | no login presented | refused |
/// | d2 | disabled | any | refused |
///
/// Before the table applies, a developer login that belongs to an identity other than the given one
/// is refused with `DeveloperUserAlreadyRegistered`. After it, a second user of one public provider
/// (I3) is refused: with `MergeOfTwoUsers` if another identity has that user, with `LoginTaken` if
/// none has. So are more than 20 logins (I4).
pub(crate) fn resolve(
    resolution: Resolution<'_>,
    fresh: IdentityId,
    now: Timestamp,
) -> Result<Decided<IdentityId>, Refusal> {
    let Resolution { pool, given, logins, owners, .. } = resolution;
    refuse_developer_user_of_another(given, logins, owners)?;

    let Some(survivor) = survivor(resolution)? else {
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
        effects.push(update(before, emptied));
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
    if after != *survivor {
        effects.push(update(survivor, after));
    }
    Ok(Decided { effects, output })
}

fn refuse_developer_user_of_another(
    given: Option<&Identity>,
    logins: &[Login],
    owners: &[Identity],
) -> Result<(), Refusal> {
    let Some(given) = given else { return Ok(()) };
    for login in logins.iter().filter(|login| login.is_developer()) {
        if let Some(owner) = owner_of(login, owners)
            && owner.id() != given.id()
        {
            return Err(Refusal::DeveloperUserAlreadyRegistered {
                user: login.subject().into(),
                identity_id: owner.id().clone(),
            });
        }
    }
    Ok(())
}

/// The identity that all others are merged into. `None` asks for a new one.
fn survivor(resolution: Resolution<'_>) -> Result<Option<&Identity>, Refusal> {
    let Resolution { given, opened_by, logins, owners, .. } = resolution;
    let Some(given) = given else { return Ok(parent(logins, owners)) };
    if given.is_guest() {
        return Ok(parent(logins, owners).or(Some(given)));
    }
    let nothing = logins.is_empty() && !matches!(opened_by, OpenedBy::Token(_));
    if given.is_disabled() || nothing {
        return Err(Refusal::IdentityForbidden { identity_id: given.id().clone() });
    }
    let by_login = owners.iter().any(|owner| owner.id() == given.id());
    let opened = by_login
        || match opened_by {
            OpenedBy::Login => false,
            // An id alone never allows a merge.
            OpenedBy::Id => owners.is_empty(),
            OpenedBy::Token(amr) => names_login_of(amr, given),
        };
    if opened { Ok(Some(given)) } else { Err(Refusal::LoginsDontMatch) }
}

/// The owner of the developer login, or else the oldest owner. Of two owners with the same creation
/// time, the one with the lower id.
fn parent<'a>(logins: &[Login], owners: &'a [Identity]) -> Option<&'a Identity> {
    let of_developer_login =
        logins.iter().find(|login| login.is_developer()).and_then(|login| owner_of(login, owners));
    let oldest = owners.iter().min_by_key(|owner| (owner.created(), owner.id()));
    of_developer_login.or(oldest)
}

fn owner_of<'a>(login: &Login, owners: &'a [Identity]) -> Option<&'a Identity> {
    owners.iter().find(|owner| owner.has(login))
}

pub(crate) fn update(before: &Identity, after: Identity) -> Effect {
    Effect::Identity(Change::Update { before: before.clone(), after })
}

#[cfg(test)]
mod tests;
