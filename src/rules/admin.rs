//! Administration: the identities of a filtered listing, and logins that are linked and unlinked
//! without a token.

use crate::ambient::Timestamp;
use crate::id::IdentityId;
use crate::name::{DeveloperProviderName, ProviderName, Subject, is_same_provider};
use crate::rules::{Change, Decided, Effect, Refusal};
use crate::state::{Identity, IdentityPool, IdentityState, Login, Pool};

/// The identities that a listing shows. The dates are those of its range.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdentityFilter<'a> {
    pub(crate) state: Option<IdentityState>,
    pub(crate) provider: Option<&'a ProviderName>,
}

impl IdentityFilter<'_> {
    pub(crate) fn shows_all(&self) -> bool {
        self.state.is_none() && self.provider.is_none()
    }

    pub(crate) fn shows(&self, identity: &Identity) -> bool {
        let is_of = |name: &ProviderName| {
            let mut logins = identity.logins();
            logins.any(|login| is_same_provider(login.provider().as_str(), name.as_str()))
        };
        self.state.is_none_or(|state| identity.state() == state) && self.provider.is_none_or(is_of)
    }
}

/// The login that an administrator links: of the pool's developer provider or of one of its public
/// providers.
pub(crate) fn login_to_link(
    pool: &Pool,
    provider: &ProviderName,
    subject: &Subject,
) -> Result<Login, Refusal> {
    let settings = &pool.settings;
    match developer_named(settings, provider) {
        Some(developer) => Ok(Login::developer(developer, &subject.into())),
        None if settings.public_provider(provider.as_str()).is_some() => {
            Ok(Login::public(provider, subject.clone()))
        }
        None => Err(Refusal::ProviderUnsupported),
    }
}

/// The logins that a provider and a subject may mean. The pool need no longer be configured for the
/// provider, and its developer provider may have the name of an earlier public one.
pub(crate) fn logins_named(pool: &Pool, provider: &ProviderName, subject: &Subject) -> Vec<Login> {
    let developer = developer_named(&pool.settings, provider);
    let developer = developer.map(|developer| Login::developer(developer, &subject.into()));
    developer.into_iter().chain([Login::public(provider, subject.clone())]).collect()
}

/// The first of `named` that the identity has.
pub(crate) fn login_of<'a>(identity: &Identity, named: &'a [Login]) -> Option<&'a Login> {
    named.iter().find(|login| identity.has(login))
}

/// Whether the pool is configured for the provider of a login.
pub(crate) fn is_configured_for(settings: &IdentityPool, login: &Login) -> bool {
    let provider = login.provider();
    if login.is_developer() {
        developer_named(settings, provider).is_some()
    } else {
        settings.public_provider(provider.as_str()).is_some()
    }
}

/// The pool's developer provider, if it has this name.
fn developer_named<'a>(
    settings: &'a IdentityPool,
    provider: &ProviderName,
) -> Option<&'a DeveloperProviderName> {
    let developer = settings.developer_provider_name.as_ref();
    developer.filter(|developer| developer.as_str() == provider.as_str())
}

/// The refusal of logins that no identity of the pool has.
pub(crate) fn not_found(named: &[Login]) -> Refusal {
    match named.first() {
        Some(login) if login.is_developer() => {
            Refusal::DeveloperUserNotFound { user: login.subject().into() }
        }
        _ => Refusal::LoginNotFound,
    }
}

/// Links a login. `owner` is the identity that has it. A login never moves.
pub(crate) fn link(
    before: &Identity,
    login: Login,
    owner: Option<&Identity>,
    now: Timestamp,
) -> Result<Decided<Identity>, Refusal> {
    if before.has(&login) {
        return Ok(Decided::unchanged(before.clone()));
    }
    if let Some(owner) = owner {
        return Err(owned(&login, owner));
    }
    if before.is_disabled() {
        return Err(Refusal::IdentityForbidden { identity_id: before.id().clone() });
    }
    let mut after = before.clone();
    after.link([login], now)?;
    Ok(Decided::updating(before, after))
}

/// The refusal to link a login that another identity has.
pub(crate) fn owned(login: &Login, owner: &Identity) -> Refusal {
    let identity_id = owner.id().clone();
    if login.is_developer() {
        Refusal::DeveloperUserAlreadyRegistered { user: login.subject().into(), identity_id }
    } else {
        Refusal::LoginOfAnother { identity_id }
    }
}

/// Creates an identity with logins that no identity has: a guest if there are none.
pub(crate) fn create(
    pool: &Pool,
    id: IdentityId,
    logins: Vec<Login>,
    now: Timestamp,
) -> Result<Decided<Identity>, Refusal> {
    if logins.is_empty() && !pool.settings.allow_unauthenticated_identities {
        return Err(Refusal::GuestsUnsupported);
    }
    let mut created = Identity::guest(id, pool.id().clone(), now);
    created.link(logins, now)?;
    let effects = vec![Effect::Identity(Change::Create(created.clone()))];
    Ok(Decided { effects, output: created })
}

/// Unlinks the first of `named` that the identity has. An identity without any other login is
/// disabled. Returns `None` if the identity has none of them.
pub(crate) fn unlink(
    before: &Identity,
    named: &[Login],
    now: Timestamp,
) -> Option<Decided<Identity>> {
    let login = login_of(before, named)?;
    let mut after = before.clone();
    after.unlink(login, now);
    Some(Decided::updating(before, after))
}

/// The refusal to unlink `named` from an identity that has none of them. `owner` is the identity
/// that has one.
pub(crate) fn not_linked(
    identity: &Identity,
    named: &[Login],
    owner: Option<&Identity>,
) -> Refusal {
    match owner.and_then(|owner| Some((owner, login_of(owner, named)?))) {
        Some((_, login)) if login.is_developer() => {
            Refusal::DeveloperUserElsewhere { identity_id: identity.id().clone() }
        }
        Some((owner, _)) => Refusal::LoginOfAnother { identity_id: owner.id().clone() },
        None => not_found(named),
    }
}

/// Disables an identity. Its logins become free (I1).
pub(crate) fn disable(before: &Identity, now: Timestamp) -> Decided<Identity> {
    if before.is_disabled() {
        return Decided::unchanged(before.clone());
    }
    let mut after = before.clone();
    drop(after.empty(now));
    Decided::updating(before, after)
}
