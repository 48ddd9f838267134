//! Roles and tags of a session, decided from all presented proof: a token of this service, and
//! logins.

use crate::name::Arn;
use crate::rules::claims::{AUTHENTICATED, Claims, amr, amr_pair, named_logins, names_login_of};
use crate::rules::roles::{self, RoleAccounts, RoleRule};
use crate::rules::{Refusal, attributes};
use crate::state::{Identity, Pool, PrincipalTags, VerifiedLogin};

/// The proof presented for an identity. The identity is as it was before the call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence<'a> {
    pub(crate) pool: &'a Pool,
    pub(crate) identity: &'a Identity,
    /// The logins, in the caller's order.
    pub(crate) used: &'a [VerifiedLogin],
    /// The token of this service for the identity.
    pub(crate) token: Option<&'a Claims>,
}

/// The permissions of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) role: Arn,
    pub(crate) chosen_by: RoleRule,
    pub(crate) tags: PrincipalTags,
}

impl Evidence<'_> {
    /// Decides the role and the tags of the session.
    ///
    /// More proof never turns an acceptance into a refusal. A role granted for the logins alone is
    /// also granted when a token is presented beside them, and the other way round. The logins are
    /// tried first, because the claims of the logins that a token names are not known.
    pub(crate) fn grant(
        &self,
        custom: Option<&Arn>,
        accounts: RoleAccounts,
    ) -> Result<Grant, Refusal> {
        if self.used.is_empty()
            && let Some(grant) = self.by_token(custom, accounts)
        {
            return grant;
        }
        self.by_logins(custom, accounts).or_else(|refusal| match self.by_token(custom, accounts) {
            Some(Ok(grant)) => Ok(grant),
            Some(Err(_)) | None => Err(refusal),
        })
    }

    /// The grant for the presented logins or for a guest, with the tags of the token.
    fn by_logins(&self, custom: Option<&Arn>, accounts: RoleAccounts) -> Result<Grant, Refusal> {
        let is_guest = self.used.is_empty() && self.token().is_none();
        let (role, chosen_by) = roles::choose(self.pool, is_guest, self.used, custom, accounts)?;
        let said = self.token().map(|token| token.principal_tags().clone()).unwrap_or_default();
        let mut tags = attributes::tags(self.pool, self.used);
        // For a key that both have, the token's tag counts.
        tags.retain(|key, _| !said.contains_key(key));
        attributes::check_length(&tags)?;
        tags.extend(said);
        Ok(Grant { role, chosen_by, tags })
    }

    /// The grant for the logins that the token names, as if the token were presented alone.
    fn by_token(
        &self,
        custom: Option<&Arn>,
        accounts: RoleAccounts,
    ) -> Option<Result<Grant, Refusal>> {
        let token = self.token()?;
        let named = named_logins(token.amr(), self.identity);
        let named: Vec<_> = named.map(|(_, _, login)| VerifiedLogin::of(login.clone())).collect();
        let chosen = roles::choose(self.pool, false, &named, custom, accounts);
        let tags = token.principal_tags().clone();
        Some(chosen.map(|(role, chosen_by)| Grant { role, chosen_by, tags }))
    }

    /// The logins that the token names, spelled as in the token, followed by the other presented
    /// logins.
    pub(crate) fn amr(&self) -> Vec<String> {
        let Some(token) = self.token() else { return amr(&self.pool.settings, self.used) };
        let said: Vec<_> = named_logins(token.amr(), self.identity).collect();
        let unsaid = self.used.iter();
        let unsaid = unsaid.filter(|used| said.iter().all(|(_, _, login)| *login != used.login()));
        let said = said.iter().flat_map(|(provider, full, _)| [provider, full]);
        let said = said.map(|&entry| entry.to_owned());
        let unsaid = unsaid.flat_map(|login| amr_pair(&self.pool.settings, login));
        std::iter::once(AUTHENTICATED.to_owned()).chain(said).chain(unsaid).collect()
    }

    /// The token, if it names at least one login that the identity still has.
    fn token(&self) -> Option<&Claims> {
        self.token.filter(|token| names_login_of(token.amr(), self.identity))
    }
}
