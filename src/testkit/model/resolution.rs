//! Resolution of logins to an identity: section 3 of the contract.

use std::collections::BTreeSet;

use crate::testkit::model::{
    ALREADY_REGISTERED, CONFLICT, Exception, INVALID, IdentityState, LOGINS_MAX, Model,
    NOT_AUTHORIZED, NOT_FOUND, PoolState, TokenState, expected,
};
use crate::testkit::names::{
    DeveloperProvider, Identity, NumberedLogin, Pool, Presented, Provider, Spelling,
};

/// The proof that the presented logins give.
pub(super) struct Proof {
    /// The logins, in the caller's order and without duplicates.
    pub(super) logins: Vec<NumberedLogin>,
    /// The claims of a token of the service for the authenticated identity.
    pub(super) token: Option<TokenState>,
}

impl Proof {
    pub(super) fn is_empty(&self) -> bool {
        self.logins.is_empty() && self.token.is_none()
    }

    /// The logins in the token that the identity still has.
    pub(super) fn named(&self, state: &IdentityState) -> Vec<NumberedLogin> {
        let named = self.token.iter().flat_map(|token| token.logins.iter().copied());
        named.filter(|login| state.logins.contains(login)).collect()
    }

    fn push(&mut self, login: NumberedLogin) {
        if !self.logins.contains(&login) {
            self.logins.push(login);
        }
    }
}

/// The kinds of logins that an operation accepts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Accepts {
    Developer,
    Public,
    PublicOrCognito,
}

/// The identities that an answer may name: a new one, or one of these.
pub(super) enum Answer {
    New,
    OneOf(BTreeSet<Identity>),
}

impl Model {
    /// Determines the kind of each key first, then verifies each token in turn.
    pub(super) fn prove(
        &self,
        pool: Pool,
        accepts: Accepts,
        logins: &[Presented],
        given: Option<Identity>,
    ) -> Result<Proof, Exception> {
        let state = self.pools.get(&pool).ok_or(NOT_FOUND)?;
        for login in logins {
            accept(state, accepts, *login)?;
        }
        let developer = state.settings.developer;
        let is_user = |login: &Presented| match login {
            Presented::User(provider, _) => developer == Some(*provider),
            _ => false,
        };
        if accepts == Accepts::Developer && !logins.iter().any(is_user) {
            return Err(INVALID);
        }
        let mut proof = Proof { logins: Vec::new(), token: None };
        for login in logins {
            match (*login, login.public()) {
                (Presented::User(_, user), _) => proof.push(NumberedLogin::User(user)),
                (_, Some((login, true))) => proof.push(login),
                (Presented::Cognito(token), _) => {
                    let token = self.tokens.get(&token).ok_or(NOT_AUTHORIZED)?;
                    let is_over = token.expires_secs <= self.now_secs;
                    let is_for = token.pool == pool && given == Some(token.identity);
                    if is_over || !is_for {
                        return Err(NOT_AUTHORIZED);
                    }
                    // The token of a guest proves no more than the id of the guest.
                    proof.token = Some(token.clone()).filter(|token| !token.logins.is_empty());
                }
                _ => return Err(NOT_AUTHORIZED),
            }
        }
        Ok(proof)
    }

    /// The table of section 3.
    pub(super) fn resolve(
        &self,
        pool: Pool,
        given: Option<Identity>,
        proof: &Proof,
        by_id: bool,
    ) -> Result<Answer, Exception> {
        let owner = |login: &NumberedLogin| self.owner_of(pool, *login);
        let owners: BTreeSet<_> = proof.logins.iter().filter_map(owner).collect();
        let user = proof.logins.iter().find(|login| matches!(login, NumberedLogin::User(_)));
        let of_user = user.and_then(owner);
        if let (Some(given), Some(of_user)) = (given, of_user)
            && given != of_user
        {
            return Err(ALREADY_REGISTERED);
        }
        let parents = || match of_user {
            Some(of_user) => BTreeSet::from([of_user]),
            None if self.choices.oldest_survives => owners.first().copied().into_iter().collect(),
            None => owners.clone(),
        };
        let Some(given) = given else {
            self.check_merge(&owners, &proof.logins)?;
            let parents = parents();
            return Ok(if parents.is_empty() { Answer::New } else { Answer::OneOf(parents) });
        };
        let state = self.identities.get(&given).ok_or(NOT_FOUND)?;
        let mut parts = owners.clone();
        parts.insert(given);
        if state.is_guest() {
            self.check_merge(&parts, &proof.logins)?;
            let parents = parents();
            let stays = parents.is_empty();
            return Ok(Answer::OneOf(if stays { BTreeSet::from([given]) } else { parents }));
        }
        let opened = owners.contains(&given)
            || !proof.named(state).is_empty()
            || (by_id && owners.is_empty() && !proof.logins.is_empty());
        if state.is_disabled() || !opened {
            return Err(NOT_AUTHORIZED);
        }
        self.check_merge(&parts, &proof.logins)?;
        Ok(Answer::OneOf(BTreeSet::from([given])))
    }

    /// INVARIANT I3, I4: checks the logins that the merged identity would have.
    pub(super) fn check_merge(
        &self,
        parts: &BTreeSet<Identity>,
        new: &[NumberedLogin],
    ) -> Result<(), Exception> {
        let states = parts.iter().filter_map(|part| self.identities.get(part));
        let mut all: BTreeSet<NumberedLogin> =
            states.flat_map(|state| state.logins.clone()).collect();
        all.extend(new);
        let rivals = Provider::ALL.into_iter().any(|provider| {
            all.iter()
                .filter(|l| matches!(l, NumberedLogin::Public(p, _) if *p == provider))
                .count()
                > 1
        });
        if rivals || all.len() > LOGINS_MAX { Err(CONFLICT) } else { Ok(()) }
    }

    /// Applies an answer: `identity` has all the logins from now on.
    pub(super) fn become_of(
        &mut self,
        pool: Pool,
        given: Option<Identity>,
        logins: &[NumberedLogin],
        answer: &Answer,
        identity: Identity,
    ) -> Result<(), String> {
        match answer {
            Answer::New if !self.past.insert(identity) => return answer.told(),
            Answer::New => {
                let state = IdentityState {
                    pool,
                    logins: BTreeSet::new(),
                    had_login: false,
                    created_millis: None,
                    modified_millis: None,
                    changed: false,
                };
                self.identities.insert(identity, state);
            }
            Answer::OneOf(known) if !known.contains(&identity) => return answer.told(),
            Answer::OneOf(_) => {}
        }
        let owners: Vec<_> = logins.iter().filter_map(|l| self.owner_of(pool, *l)).collect();
        let mut all: BTreeSet<NumberedLogin> = logins.iter().copied().collect();
        let mut emptied_any = false;
        for part in owners.into_iter().chain(given).collect::<BTreeSet<_>>() {
            if part != identity
                && let Some(state) = self.identities.get_mut(&part)
            {
                all.append(&mut state.logins);
                state.had_login = true;
                state.change();
                emptied_any = true;
            }
        }
        if let Some(state) = self.identities.get_mut(&identity) {
            let before = state.logins.len();
            state.logins.extend(all);
            state.had_login |= !state.logins.is_empty();
            if emptied_any || state.logins.len() != before {
                state.change();
            }
        }
        self.settle_cursors();
        Ok(())
    }

    pub(super) fn amr(&self, pool: Pool, logins: &[NumberedLogin]) -> Vec<String> {
        if logins.is_empty() {
            return vec!["unauthenticated".to_owned()];
        }
        let developer = self.pools.get(&pool).and_then(|state| state.settings.developer);
        let developer = developer.map_or("", DeveloperProvider::name);
        let entries = logins.iter().flat_map(|login| match login {
            NumberedLogin::User(user) => {
                [developer.to_owned(), format!("{developer}:{pool}:{user}")]
            }
            NumberedLogin::Public(provider, subject) => {
                let name = provider.name();
                let head = match provider {
                    Provider::Google | Provider::Saml => name.to_owned(),
                    Provider::OpenIdConnect | Provider::Auth0 => {
                        format!("{}:OIDC", provider.configured_name())
                    }
                    Provider::UserPool => format!("{name}:CognitoSignIn"),
                    Provider::Facebook => format!("{name}:{}", provider.client()),
                };
                [name.to_owned(), format!("{head}:{subject}")]
            }
        });
        std::iter::once("authenticated".to_owned()).chain(entries).collect()
    }
}

/// Checks that a pool accepts logins under that key.
fn accept(pool: &PoolState, accepts: Accepts, login: Presented) -> Result<(), Exception> {
    let is_cognito = matches!(login, Presented::Cognito(_) | Presented::Tampered(_));
    let is_user = matches!(login, Presented::User(of, _) if pool.settings.developer == Some(of));
    match accepts {
        Accepts::Developer if is_user => return Ok(()),
        Accepts::PublicOrCognito if is_cognito => return Ok(()),
        Accepts::Public | Accepts::PublicOrCognito if !pool.has_any_provider() => {
            return Err(NOT_AUTHORIZED);
        }
        _ => {}
    }
    if is_user {
        return Err(INVALID);
    }
    let has = |provider| pool.settings.has(provider);
    let is_known = match login {
        Presented::Saml => has(Provider::Saml),
        _ => {
            matches!(login.public(), Some((NumberedLogin::Public(provider, _), _)) if has(provider))
        }
    };
    // In a signed call, a key that is not a known public provider means a developer provider, but
    // not the pool's.
    let may_be_developer = match login {
        Presented::User(provider, _) => provider != DeveloperProvider::Reserved,
        Presented::Public(provider, ..) | Presented::Spelled(Spelling::Slash, provider, ..) => {
            matches!(provider, Provider::OpenIdConnect | Provider::Auth0)
        }
        Presented::Spelled(_, provider, ..) => provider != Provider::UserPool,
        _ => false,
    };
    match accepts {
        _ if is_known => Ok(()),
        Accepts::Developer if may_be_developer => Err(INVALID),
        _ => Err(NOT_AUTHORIZED),
    }
}

impl Answer {
    pub(super) fn told(&self) -> Result<(), String> {
        match self {
            Self::New => expected("a new identity"),
            Self::OneOf(known) => {
                let known: Vec<_> = known.iter().map(Identity::to_string).collect();
                expected(known.join(" or "))
            }
        }
    }
}
