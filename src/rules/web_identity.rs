//! The assumption of a role with a token of this service, which proves an identity to an STS.

use crate::name::Arn;
use crate::rules::Refusal;
use crate::rules::claims::Claims;
use crate::rules::roles::{self, RoleAccounts};
use crate::state::{Identity, Pool, RoleType};

/// Refuses a role that the token does not open. This is the trust policy that the console writes
/// for a role: `aud` is the role's pool, and `amr` names its kind of identity.
///
/// The identity is that of the token's `sub`, and the pool is the identity's. An administrator can
/// choose the id of a deleted identity for one of another pool, so `aud` can name a pool that the
/// identity is not of.
pub(crate) fn check(
    (pool, identity): (&Pool, &Identity),
    claims: &Claims,
    role: &Arn,
    accounts: RoleAccounts,
) -> Result<(), Refusal> {
    if identity.is_disabled() || claims.identity_pool_id() != pool.id() {
        return Err(Refusal::IdentityForbidden { identity_id: identity.id().clone() });
    }
    let kind =
        if claims.is_authenticated() { RoleType::Authenticated } else { RoleType::Unauthenticated };
    roles::check_assumable(pool, kind, role, accounts)
}

#[cfg(test)]
mod tests;
