//! Checks of public calls against the pool's settings before any token is read, and unlinking of
//! public logins.

use crate::ambient::Timestamp;
use crate::id::ClaimedAccountId;
use crate::name::{ProviderName, is_same_provider};
use crate::rules::claims::names_login_of;
use crate::rules::{Decided, Refusal};
use crate::state::{Identity, Login, Pool, PublicProvider};

/// Checks that the pool allows guests.
pub(crate) fn check_guest_access(pool: &Pool) -> Result<(), Refusal> {
    let allowed = pool.settings.allow_unauthenticated_identities;
    if allowed { Ok(()) } else { Err(Refusal::GuestsUnsupported) }
}

/// Checks the account that a call names as the owner of the pool.
pub(crate) fn check_account(
    pool: &Pool,
    claimed: Option<&ClaimedAccountId>,
) -> Result<(), Refusal> {
    let right = claimed.is_none_or(|claimed| pool.account.may_be(claimed.as_str()));
    if right { Ok(()) } else { Err(Refusal::PoolForbidden) }
}

/// Checks that the pool allows the basic (classic) flow for logins of these providers. It is
/// allowed unless the pool disables it. It is refused if roles depend on the user: with role
/// mappings, and for SAML providers because of their assertions.
pub(crate) fn check_classic_flow<'a>(
    pool: &Pool,
    providers: impl IntoIterator<Item = &'a ProviderName>,
) -> Result<(), Refusal> {
    if pool.settings.allow_classic_flow == Some(false) {
        return Err(Refusal::ClassicFlowDisabled);
    }
    if !pool.roles.mappings.is_empty() {
        return Err(Refusal::ClassicFlowWithRoleMappings);
    }
    let is_saml = |provider: &ProviderName| {
        matches!(pool.settings.public_provider(provider.as_str()), Some(PublicProvider::Saml(_)))
    };
    if providers.into_iter().any(is_saml) {
        return Err(Refusal::ClassicFlowWithSaml);
    }
    Ok(())
}

/// Checks that the providers are public. Users cannot unlink other logins themselves.
pub(crate) fn check_removal(pool: &Pool, providers: &[ProviderName]) -> Result<(), Refusal> {
    let developer = pool.settings.developer_provider_name.as_ref().map(ProviderName::from);
    let any = developer.is_some_and(|developer| providers.contains(&developer));
    if any { Err(Refusal::PublicProviderExpected) } else { Ok(()) }
}

/// Unlinks public logins from an identity. The proof is one of `logins`, or a token of this service
/// that names one. Providers without a login of the identity are skipped.
pub(crate) fn unlink(
    before: &Identity,
    logins: &[Login],
    amr: Option<&[String]>,
    providers: &[ProviderName],
    now: Timestamp,
) -> Result<Decided<()>, Refusal> {
    if before.is_disabled() {
        return Err(Refusal::IdentityForbidden { identity_id: before.id().clone() });
    }
    let by_token = amr.is_some_and(|amr| names_login_of(amr, before));
    if !by_token && !logins.iter().any(|login| before.has(login)) {
        return Err(Refusal::LoginsDontMatch);
    }
    let mut after = before.clone();
    for login in before.logins() {
        let is_of =
            |name: &ProviderName| is_same_provider(name.as_str(), login.provider().as_str());
        if !login.is_developer() && providers.iter().any(is_of) {
            after.unlink(login, now);
        }
    }
    Ok(Decided::updating(before, after).map(drop))
}

#[cfg(test)]
mod tests;
