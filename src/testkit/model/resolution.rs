//! Resolution of logins to an identity: section 3 of the contract.

use std::collections::BTreeSet;

use crate::testkit::model::clause::{
    DEVELOPER_LOGIN_MISSING, DEVELOPER_UNSUPPORTED, DISABLED, Expected, FULL, GUEST_BECOMES_USER,
    GUEST_IS_KNOWN, GUEST_STAYS, IDENTITY_UNKNOWN, Judged, KNOWN_USER, LOGINS_DO_NOT_MATCH,
    NEW_GUEST, NEW_USER, NO_LOGIN_PRESENTED, NO_PROVIDERS, OPENED_BY_ID, OPENED_BY_LOGIN,
    OPENED_BY_TOKEN, OTHERS_MERGED, OWN_TOKEN_ELSEWHERE, OWN_TOKEN_EXPIRED, OWN_TOKEN_FORGED,
    OWNED_BY_ANOTHER, POOL_UNKNOWN, PROVIDER_UNSUPPORTED, PUBLIC_EXPECTED, RIVAL_LINKED,
    RIVAL_MERGED, Refusal, SEVERAL_USERS, TOKEN_BAD, TOO_MANY_LOGINS,
};
use crate::testkit::model::{IdentityState, LOGINS_MAX, Model, PoolState, TokenState};
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

/// The identities that an answer may name: a new one if there are none, or else one of these. The
/// row is the one of the table.
pub(super) struct Answer {
    row: &'static str,
    known: BTreeSet<Identity>,
}

impl Model {
    /// Determines the kind of each key first, then verifies each token in turn.
    pub(super) fn prove(
        &self,
        pool: Pool,
        accepts: Accepts,
        logins: &[Presented],
        given: Option<Identity>,
    ) -> Result<Proof, Refusal> {
        let state = self.pools.get(&pool).ok_or(POOL_UNKNOWN)?;
        for login in logins {
            accept(state, accepts, *login)?;
        }
        let developer = state.settings.developer;
        let is_user = |login: &Presented| match login {
            Presented::User(provider, _) => developer == Some(*provider),
            _ => false,
        };
        if accepts == Accepts::Developer && !logins.iter().any(is_user) {
            return Err(DEVELOPER_LOGIN_MISSING);
        }
        let mut proof = Proof { logins: Vec::new(), token: None };
        for login in logins {
            match (*login, login.public()) {
                (Presented::User(_, user), _) => proof.push(NumberedLogin::User(user)),
                (_, Some((login, true))) => proof.push(login),
                (Presented::Cognito(token), _) => {
                    let token = self.tokens.get(&token).ok_or(OWN_TOKEN_FORGED)?;
                    if token.expires_secs <= self.now_secs {
                        return Err(OWN_TOKEN_EXPIRED);
                    }
                    if token.pool != pool || given != Some(token.identity) {
                        return Err(OWN_TOKEN_ELSEWHERE);
                    }
                    // The token of a guest proves no more than the id of the guest.
                    proof.token = Some(token.clone()).filter(|token| !token.logins.is_empty());
                }
                (Presented::Tampered(_), _) => return Err(OWN_TOKEN_FORGED),
                _ => return Err(TOKEN_BAD),
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
    ) -> Result<Answer, Refusal> {
        let owner = |login: &NumberedLogin| self.owner_of(pool, *login);
        let owners: BTreeSet<_> = proof.logins.iter().filter_map(owner).collect();
        let user = proof.logins.iter().find(|login| matches!(login, NumberedLogin::User(_)));
        let of_user = user.and_then(owner);
        if let (Some(given), Some(of_user)) = (given, of_user)
            && given != of_user
        {
            return Err(OWNED_BY_ANOTHER);
        }
        let parents = || match of_user {
            Some(of_user) => BTreeSet::from([of_user]),
            None if self.choices.oldest_survives => owners.first().copied().into_iter().collect(),
            None => owners.clone(),
        };
        let Some(given) = given else {
            self.check_merge(&owners, &proof.logins)?;
            let known = parents();
            return Ok(match owners.len() {
                0 if proof.logins.is_empty() => Answer { row: NEW_GUEST, known },
                0 => Answer { row: NEW_USER, known },
                1 => Answer { row: KNOWN_USER, known },
                _ => Answer { row: SEVERAL_USERS, known },
            });
        };
        let state = self.identities.get(&given).ok_or(IDENTITY_UNKNOWN)?;
        let mut parts = owners.clone();
        parts.insert(given);
        if state.is_guest() {
            self.check_merge(&parts, &proof.logins)?;
            let known = parents();
            return Ok(match known.is_empty() {
                true if proof.logins.is_empty() => Answer::of(GUEST_STAYS, given),
                true => Answer::of(GUEST_BECOMES_USER, given),
                false => Answer { row: GUEST_IS_KNOWN, known },
            });
        }
        if state.is_disabled() {
            return Err(DISABLED);
        }
        if proof.is_empty() {
            return Err(NO_LOGIN_PRESENTED);
        }
        let opened = owners.contains(&given)
            || !proof.named(state).is_empty()
            || (by_id && owners.is_empty() && !proof.logins.is_empty());
        if !opened {
            return Err(LOGINS_DO_NOT_MATCH);
        }
        self.check_merge(&parts, &proof.logins)?;
        let row = match (parts.len(), owners.contains(&given)) {
            (1, true) => OPENED_BY_LOGIN,
            (1, false) if proof.named(state).is_empty() => OPENED_BY_ID,
            (1, false) => OPENED_BY_TOKEN,
            _ => OTHERS_MERGED,
        };
        Ok(Answer::of(row, given))
    }

    /// INVARIANT I3, I4: checks the logins that the merged identity would have.
    pub(super) fn check_merge(
        &self,
        parts: &BTreeSet<Identity>,
        new: &[NumberedLogin],
    ) -> Result<(), Refusal> {
        let owned = |login: &&NumberedLogin| {
            let mut states = parts.iter().filter_map(|part| self.identities.get(part));
            states.any(|state| state.logins.contains(login))
        };
        let states = parts.iter().filter_map(|part| self.identities.get(part));
        let mut all: BTreeSet<NumberedLogin> =
            states.flat_map(|state| state.logins.clone()).collect();
        all.extend(new);
        for provider in Provider::ALL {
            let is_of = |login: &&NumberedLogin| match login {
                NumberedLogin::Public(of, _) => *of == provider,
                NumberedLogin::User(_) => false,
            };
            let users: Vec<_> = all.iter().filter(is_of).collect();
            if users.len() > 1 {
                let merged = users.into_iter().filter(owned).count() > 1;
                return Err(if merged { RIVAL_MERGED } else { RIVAL_LINKED });
            }
        }
        if all.len() > LOGINS_MAX { Err(TOO_MANY_LOGINS) } else { Ok(()) }
    }

    /// Applies an answer: `identity` has all the logins from now on.
    pub(super) fn become_of(
        &mut self,
        pool: Pool,
        given: Option<Identity>,
        logins: &[NumberedLogin],
        answer: &Answer,
        identity: Identity,
    ) -> Judged {
        if answer.known.is_empty() {
            // INVARIANT I9
            if !self.past.insert(identity) {
                return answer.told();
            }
            let state = IdentityState {
                pool,
                logins: BTreeSet::new(),
                had_login: false,
                created_millis: None,
                modified_millis: None,
                changed: false,
            };
            self.identities.insert(identity, state);
        } else if !answer.known.contains(&identity) {
            return answer.told();
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
        let mut is_full = false;
        if let Some(state) = self.identities.get_mut(&identity) {
            let before = state.logins.len();
            state.logins.extend(all);
            state.had_login |= !state.logins.is_empty();
            if emptied_any || state.logins.len() != before {
                state.change();
            }
            is_full = state.logins.len() == LOGINS_MAX;
        }
        self.settle_cursors();
        let is_full = is_full.then_some(FULL);
        Ok(std::iter::once(answer.row).chain(is_full).collect())
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
                    Provider::Facebook => format!("{name}:{}", provider.first_client()),
                };
                [name.to_owned(), format!("{head}:{subject}")]
            }
        });
        std::iter::once("authenticated".to_owned()).chain(entries).collect()
    }
}

/// Checks that a pool accepts logins under that key.
fn accept(pool: &PoolState, accepts: Accepts, login: Presented) -> Result<(), Refusal> {
    let is_cognito = matches!(login, Presented::Cognito(_) | Presented::Tampered(_));
    let is_user = matches!(login, Presented::User(of, _) if pool.settings.developer == Some(of));
    match accepts {
        Accepts::Developer if is_user => return Ok(()),
        Accepts::PublicOrCognito if is_cognito => return Ok(()),
        Accepts::Public | Accepts::PublicOrCognito if !pool.has_any_provider() => {
            return Err(NO_PROVIDERS);
        }
        _ => {}
    }
    if is_user {
        return Err(PUBLIC_EXPECTED);
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
        Accepts::Developer if may_be_developer => Err(DEVELOPER_UNSUPPORTED),
        _ => Err(PROVIDER_UNSUPPORTED),
    }
}

impl Answer {
    fn of(row: &'static str, identity: Identity) -> Self {
        Self { row, known: BTreeSet::from([identity]) }
    }

    pub(super) fn told(&self) -> Judged {
        let known: Vec<_> = self.known.iter().map(Identity::to_string).collect();
        let answer =
            if known.is_empty() { "a new identity".to_owned() } else { known.join(" or ") };
        Err(Expected { answer, clause: self.row })
    }
}
