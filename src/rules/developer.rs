//! Lookup, merging and unlinking of users of a developer provider.

use crate::ambient::Timestamp;
use crate::id::IdentityId;
use crate::name::{DeveloperUserIdentifier, NextToken};
use crate::rules::page::{Listing, Page, PageSize};
use crate::rules::{Decided, Refusal};
use crate::state::{Identity, Login};

/// The answer to a lookup of a user that is not registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "what the reference suggests, or what a report saw")]
pub enum UnknownDeveloperUser {
    /// [`DeveloperUserNotFound`](Refusal::DeveloperUserNotFound), because lookups declare
    /// `ResourceNotFoundException`.
    #[default]
    NotFound,
    /// [`PoolForbidden`](Refusal::PoolForbidden), a `NotAuthorizedException`, as one report
    /// observed.
    Forbidden,
}

impl UnknownDeveloperUser {
    pub(crate) fn refusal(self, user: &DeveloperUserIdentifier) -> Refusal {
        match self {
            Self::NotFound => Refusal::DeveloperUserNotFound { user: user.clone() },
            Self::Forbidden => Refusal::PoolForbidden,
        }
    }
}

/// The key of a lookup.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lookup<'a> {
    Identity(&'a IdentityId),
    User(&'a DeveloperUserIdentifier),
    Both(&'a IdentityId, &'a DeveloperUserIdentifier),
}

impl<'a> Lookup<'a> {
    pub(crate) fn by(
        id: Option<&'a IdentityId>,
        user: Option<&'a DeveloperUserIdentifier>,
    ) -> Result<Self, Refusal> {
        match (id, user) {
            (Some(id), Some(user)) => Ok(Self::Both(id, user)),
            (Some(id), None) => Ok(Self::Identity(id)),
            (None, Some(user)) => Ok(Self::User(user)),
            (None, None) => Err(Refusal::LookupKeyMissing),
        }
    }
}

/// An identity and its developer user identifiers, in the order of their links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) identity_id: IdentityId,
    pub(crate) users: Page<DeveloperUserIdentifier>,
}

/// Lists the developer users of the identity found by the key.
pub(crate) fn lookup(
    by: Lookup<'_>,
    identity: &Identity,
    (page, after): (PageSize, Option<&NextToken>),
) -> Result<Found, Refusal> {
    let all = developer_users(identity, after)?;
    let users = match by {
        Lookup::Both(_, user) => {
            if !identity.logins().any(|login| is_user(login, user)) {
                let identity_id = identity.id().clone();
                return Err(Refusal::DeveloperUserElsewhere { identity_id });
            }
            Page { entries: vec![user.clone()], next: None }
        }
        Lookup::Identity(_) | Lookup::User(_) => Page::cut(Listing::DeveloperUsers, all, page),
    };
    Ok(Found { identity_id: identity.id().clone(), users })
}

type Positioned<T> = Vec<(Vec<u8>, T)>;

/// The identifiers after the token's position, each with its own position: the identity and the
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

/// Moves all logins from the source's identity to the destination's, and disables the source's.
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
        return Ok(Decided::unchanged(output));
    }
    let (mut emptied, mut merged) = (source.clone(), destination.clone());
    merged.touch(now);
    merged.link(emptied.empty(now), now).map_err(Refusal::of_merge)?;
    let changes = [Decided::updating(source, emptied), Decided::updating(destination, merged)];
    let effects = changes.into_iter().flat_map(|change| change.effects).collect();
    Ok(Decided { effects, output })
}

/// Unlinks a user. An identity without any other login is disabled. `registered` tells if any
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
    Ok(Decided::updating(before, after).map(drop))
}

#[cfg(test)]
mod tests;
