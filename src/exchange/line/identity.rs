//! The line of an identity.

use serde::{Deserialize, Serialize};

use crate::ambient::Timestamp;
use crate::exchange::ImportFault;
use crate::exchange::line::date::Date;
use crate::exchange::line::event::SourceLine;
use crate::exchange::line::required;
use crate::id::{AccountId, IdentityId, IdentityPoolId};
use crate::name::{DeveloperProviderName, ProviderName, Subject};
use crate::state::{Identity, IdentityState, LOGINS_MAX, Link, Login, LoginKind};

/// An identity with its logins in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<IdentityId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<IdentityState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<Date>,
    #[serde(default)]
    logins: Vec<LoginLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<SourceLine>,
}

/// A login, of a developer provider or of a public one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    developer: Option<DeveloperProviderName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public: Option<ProviderName>,
    subject: Subject,
    #[serde(skip_serializing_if = "Option::is_none")]
    ordinal: Option<u32>,
}

/// The members of an identity that its line does not say.
#[derive(Debug, Clone)]
pub(crate) struct GivenIdentity<'a> {
    pub(crate) id: IdentityId,
    pub(crate) pool: &'a IdentityPoolId,
    /// The owner of the pool.
    pub(crate) account: &'a AccountId,
    pub(crate) now: Timestamp,
    /// Whether the file is an export, which leaves nothing out.
    pub(crate) is_export: bool,
}

impl IdentityLine {
    pub(crate) fn of(identity: &Identity, account: &AccountId, with_history: bool) -> Self {
        let creation = identity.creation().filter(|_| with_history);
        Self {
            id: Some(identity.id().clone()),
            state: Some(identity.state()),
            revision: Some(identity.revision()),
            created: Some(Date(identity.created())),
            modified: Some(Date(identity.modified())),
            logins: LoginLine::all(identity.links()),
            created_by: creation.map(|creation| SourceLine::of(creation, account)),
        }
    }

    /// Whether the line tells the call that has created the identity.
    pub(crate) fn tells_creation(&self) -> bool {
        self.created_by.is_some()
    }

    /// The identity, if it keeps the invariants.
    pub(crate) fn into_identity(self, given: GivenIdentity<'_>) -> Result<Identity, ImportFault> {
        let links = LoginLine::links(self.logins, given.is_export)?;
        check_logins(&links)?;
        if given.is_export {
            required(self.state, "state")?;
            required(self.revision, "revision")?;
            required(self.created, "created")?;
            required(self.modified, "modified")?;
        }
        let of_links = match links.as_slice() {
            [] => IdentityState::Unauthenticated,
            [..] => IdentityState::Authenticated,
        };
        let state = self.state.unwrap_or(of_links);
        // INVARIANT I5
        if (state == IdentityState::Authenticated) == links.is_empty() {
            return Err(ImportFault::StateAndLogins { state, logins: links.len() });
        }
        let created = self.created.or(self.modified).map_or(given.now, |date| date.0);
        let modified = self.modified.map_or(created, |date| date.0);
        // INVARIANT I9
        if modified < created {
            return Err(ImportFault::ModifiedBeforeCreated);
        }
        let creation = self.created_by.map(|source| source.into_source(given.account));
        let (ids, dates) = ((given.id, given.pool.clone()), (created, modified));
        let identity = Identity::restored(ids, state, dates, self.revision.unwrap_or(1), links);
        Ok(identity.created_by(creation.transpose()?))
    }
}

impl LoginLine {
    pub(super) fn all(links: &[Link]) -> Vec<Self> {
        let line = |Link { login, ordinal }: &Link| {
            let provider = login.provider();
            let developer = login.is_developer().then(|| provider.as_str().parse().ok()).flatten();
            Self {
                public: developer.is_none().then(|| provider.clone()),
                developer,
                subject: login.subject().clone(),
                ordinal: Some(*ordinal),
            }
        };
        links.iter().map(line).collect()
    }

    /// The links of an identity. In a seed, logins are spelled as they are stored now, and numbered
    /// from 0 on.
    pub(super) fn links(logins: Vec<Self>, is_export: bool) -> Result<Vec<Link>, ImportFault> {
        let mut links: Vec<Link> = Vec::with_capacity(logins.len());
        for Self { developer, public, subject, ordinal } in logins {
            let login = match (developer, public) {
                (Some(provider), None) => {
                    Login::of(LoginKind::Developer, (&provider).into(), subject)
                }
                (None, Some(provider)) if is_export => {
                    Login::of(LoginKind::Public, provider, subject)
                }
                (None, Some(provider)) => Login::public(&provider, subject),
                (None, None) | (Some(_), Some(_)) => return Err(ImportFault::ProviderOfLogin),
            };
            let last = links.last().map(|last| last.ordinal);
            let next = last.map_or(Some(0), |last| last.checked_add(1));
            let ordinal = if is_export {
                required(ordinal, "ordinal")?
            } else {
                ordinal.or(next).ok_or(ImportFault::OrdinalsDoNotRise)?
            };
            if last.is_some_and(|last| ordinal <= last) {
                return Err(ImportFault::OrdinalsDoNotRise);
            }
            links.push(Link { login, ordinal });
        }
        Ok(links)
    }
}

fn check_logins(links: &[Link]) -> Result<(), ImportFault> {
    // INVARIANT I4
    if links.len() > LOGINS_MAX {
        return Err(ImportFault::TooManyLogins { logins: links.len() });
    }
    for (Link { login, .. }, next) in links.iter().zip(1..) {
        for Link { login: other, .. } in links.iter().skip(next) {
            if login == other {
                return Err(ImportFault::LoginTwice { login: login.clone() });
            }
            // INVARIANT I3
            if login.rivals(other) {
                let provider = other.provider().clone();
                return Err(ImportFault::TwoUsersOfProvider { provider });
            }
        }
    }
    Ok(())
}
