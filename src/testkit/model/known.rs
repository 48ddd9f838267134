//! Existing names, for operations that need one.

use crate::testkit::model::{Model, TokenState};
use crate::testkit::names::{Identity, NumberedLogin, Pool, Presented, Provider, Token};

impl Model {
    pub(crate) fn living_pools(&self) -> Vec<Pool> {
        self.pools.keys().copied().collect()
    }

    /// The identities of a pool, or of all pools. Disabled ones come last.
    pub(crate) fn living_identities(&self, pool: Option<Pool>) -> Vec<Identity> {
        let known = self.identities.iter();
        let of_pool = known.filter(|(_, state)| pool.is_none_or(|pool| state.pool == pool));
        let (disabled, able): (Vec<_>, Vec<_>) = of_pool.partition(|(_, s)| s.is_disabled());
        able.into_iter().chain(disabled).map(|(identity, _)| *identity).collect()
    }

    /// The first of these identities that has any of these logins, or that a token among them is
    /// for.
    pub(crate) fn identity_of_any(
        &self,
        identities: &[Identity],
        logins: &[Presented],
    ) -> Option<Identity> {
        let is_of = |identity: Identity, login: &Presented| {
            let has =
                |login| self.identities.get(&identity).is_some_and(|s| s.logins.contains(&login));
            match *login {
                Presented::User(_, user) => has(NumberedLogin::User(user)),
                Presented::Cognito(token)
                | Presented::Tampered(token)
                | Presented::Abroad(token) => {
                    self.tokens.get(&token).is_some_and(|token| token.identity == identity)
                }
                _ => login.public().is_some_and(|(login, _)| has(login)),
            }
        };
        let of = |login: &Presented| identities.iter().find(|identity| is_of(**identity, login));
        logins.iter().find_map(of).copied()
    }

    /// A linked user of a public provider, preferably of this one.
    pub(crate) fn linked_user(
        &self,
        pool: Option<Pool>,
        provider: Provider,
    ) -> Option<(Provider, u8)> {
        let identities = self.identities.values();
        let of_pool = identities.filter(|state| pool.is_none_or(|pool| state.pool == pool));
        let logins = of_pool.flat_map(|state| &state.logins).rev();
        let users = logins.filter_map(|login| match login {
            NumberedLogin::Public(provider, subject) => Some((*provider, *subject)),
            NumberedLogin::User(_) => None,
        });
        users.min_by_key(|(of, _)| *of != provider)
    }

    /// The last token that names any of these public logins, and whose identity still has it.
    pub(crate) fn token_of_any(&self, logins: &[Presented]) -> Option<Token> {
        let presented: Vec<_> = logins.iter().filter_map(|login| Some(login.public()?.0)).collect();
        let is_of = |token: &TokenState| {
            let identity = self.identities.get(&token.identity);
            let mut named = token.logins.iter().filter(|login| presented.contains(login));
            named.any(|login| identity.is_some_and(|state| state.logins.contains(login)))
        };
        let mut named = self.tokens.iter().filter(|(_, state)| is_of(state));
        named.next_back().map(|(token, _)| *token)
    }
}
