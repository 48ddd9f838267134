//! Looking up, merging and unlinking users of a developer provider.

use crate::ambient::Timestamp;
use crate::id::IdentityId;
use crate::name::{DeveloperUserIdentifier, NextToken};
use crate::rules::link::update;
use crate::rules::page::{Listing, Page, PageSize};
use crate::rules::{Decided, Refusal};
use crate::state::{Identity, Login};

/// What a lookup says of a user that is not registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "what the reference suggests, or what a report saw")]
pub enum UnknownDeveloperUser {
    /// [`DeveloperUserNotFound`](Refusal::DeveloperUserNotFound): the operation is a lookup, and
    /// declares `ResourceNotFoundException`.
    #[default]
    NotFound,
    /// [`PoolForbidden`](Refusal::PoolForbidden), `NotAuthorizedException`: a report saw that.
    Forbidden,
}

/// What a lookup is by; the identities are those found under the given keys, of this pool.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lookup<'a> {
    ByIdentity { id: &'a IdentityId, identity: Option<&'a Identity> },
    ByUser { user: &'a DeveloperUserIdentifier, owner: Option<&'a Identity> },
    Both { id: &'a IdentityId, identity: Option<&'a Identity>, user: &'a DeveloperUserIdentifier },
}

/// An identity and its developer user identifiers, in the order in which they were linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) identity_id: IdentityId,
    pub(crate) users: Page<DeveloperUserIdentifier>,
}

pub(crate) fn lookup(
    by: Lookup<'_>,
    (page, after): (PageSize, Option<&NextToken>),
    unknown: UnknownDeveloperUser,
) -> Result<Found, Refusal> {
    let identity = match by {
        Lookup::ByIdentity { id, identity } | Lookup::Both { id, identity, .. } => {
            identity.ok_or_else(|| Refusal::IdentityNotFound { identity_id: id.clone() })?
        }
        Lookup::ByUser { user, owner } => owner.ok_or_else(|| match unknown {
            UnknownDeveloperUser::NotFound => Refusal::DeveloperUserNotFound { user: user.clone() },
            UnknownDeveloperUser::Forbidden => Refusal::PoolForbidden,
        })?,
    };
    let all = developer_users(identity, after)?;
    let users = match by {
        Lookup::Both { user, .. } => {
            if !identity.logins().any(|login| is_user(login, user)) {
                let identity_id = identity.id().clone();
                return Err(Refusal::DeveloperUserElsewhere { identity_id });
            }
            Page { entries: vec![user.clone()], next: None }
        }
        Lookup::ByIdentity { .. } | Lookup::ByUser { .. } => {
            Page::cut(Listing::DeveloperUsers, all, page)
        }
    };
    Ok(Found { identity_id: identity.id().clone(), users })
}

type Positioned<T> = Vec<(Vec<u8>, T)>;

/// The identifiers that follow the token's position, each with its own: the identity and the
/// ordinal of the link.
fn developer_users(
    identity: &Identity,
    after: Option<&NextToken>,
) -> Result<Positioned<DeveloperUserIdentifier>, Refusal> {
    let prefix = identity.id().as_str().as_bytes();
    let length = prefix.len().saturating_add(size_of::<u32>());
    let after =
        after.map(|token| Listing::DeveloperUsers.position(token, prefix, length)).transpose()?;
    let links = identity.links().iter().filter(|link| link.login.is_developer());
    let positioned = links.map(|link| {
        let position = [prefix, link.ordinal.to_be_bytes().as_slice()].concat();
        (position, link.login.subject().into())
    });
    Ok(positioned.filter(|(position, _)| after.as_ref().is_none_or(|a| position > a)).collect())
}

fn is_user(login: &Login, user: &DeveloperUserIdentifier) -> bool {
    login.is_developer() && login.subject().as_str() == user.as_str()
}

/// Moves all logins of the source's identity to the destination's; the source's is disabled.
pub(crate) fn merge(
    (source_user, source): (&DeveloperUserIdentifier, Option<&Identity>),
    (destination_user, destination): (&DeveloperUserIdentifier, Option<&Identity>),
    now: Timestamp,
) -> Result<Decided<IdentityId>, Refusal> {
    let unknown =
        |user: &DeveloperUserIdentifier| Refusal::DeveloperUserNotFound { user: user.clone() };
    let source = source.ok_or_else(|| unknown(source_user))?;
    let destination = destination.ok_or_else(|| unknown(destination_user))?;
    let output = destination.id().clone();
    if source.id() == destination.id() {
        return Ok(Decided::answer(output));
    }
    let (mut emptied, mut merged) = (source.clone(), destination.clone());
    merged.touch(now);
    merged.link(emptied.empty(now), now).map_err(Refusal::of_merge)?;
    Ok(Decided { effects: vec![update(source, emptied), update(destination, merged)], output })
}

/// Frees a user's login; an identity that has no other is disabled. `registered` says whether any
/// identity of the pool has the login.
pub(crate) fn unlink(
    before: &Identity,
    login: &Login,
    registered: bool,
    now: Timestamp,
) -> Result<Decided<()>, Refusal> {
    if !before.has(login) {
        return Err(if registered {
            Refusal::DeveloperUserElsewhere { identity_id: before.id().clone() }
        } else {
            Refusal::DeveloperUserNotFound { user: login.subject().into() }
        });
    }
    let mut after = before.clone();
    after.unlink(login, now);
    Ok(Decided { effects: vec![update(before, after)], output: () })
}

#[cfg(test)]
mod tests;
