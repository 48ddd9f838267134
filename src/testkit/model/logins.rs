//! Which identity logins mean: section 3 of the contract, and the operations that need it.

use std::collections::{BTreeMap, BTreeSet};

use crate::testkit::model::{
    ALREADY_REGISTERED, CONFLICT, Exception, INVALID, IdentityState, LOGINS_MAX, Linking, Model,
    NOT_AUTHORIZED, NOT_FOUND, PoolState, TokenState, exactly, expected, refused,
};
use crate::testkit::names::{
    Account, DeveloperProvider, Identity, Login, Pool, Presented, Provider, Role, User,
};
use crate::testkit::operation::Operation;
use crate::testkit::outcome::{Outcome, Statement};

/// What was presented, proved.
pub(super) struct Proof {
    pub(super) logins: Vec<Login>,
    /// What a token of the service says of the authenticated identity that it is for.
    pub(super) token: Option<TokenState>,
}

impl Proof {
    pub(super) fn is_empty(&self) -> bool {
        self.logins.is_empty() && self.token.is_none()
    }

    /// The logins that the token names, as far as the identity still has them.
    pub(super) fn named(&self, state: &IdentityState) -> Vec<Login> {
        let named = self.token.iter().flat_map(|token| token.logins.iter().copied());
        named.filter(|login| state.logins.contains(login)).collect()
    }
}

/// Through which operation logins come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Developer,
    Public,
    PublicOrCognito,
}

/// The identities that an answer may name: a new one, or one of these.
enum Answer {
    New,
    OneOf(BTreeSet<Identity>),
}

impl Model {
    pub(super) fn perform_with_logins(
        &mut self,
        operation: &Operation,
        outcome: &Outcome,
    ) -> Result<(), String> {
        match operation {
            Operation::GetId { pool, account, logins } => {
                self.get_id(*pool, *account, logins, outcome)
            }
            Operation::GetOpenIdToken { identity, logins } => {
                self.get_token(*identity, logins, outcome)
            }
            Operation::GetCredentialsForIdentity { identity, logins, custom_role } => {
                self.get_credentials(*identity, logins, *custom_role, outcome)
            }
            Operation::GetOpenIdTokenForDeveloperIdentity {
                caller,
                pool,
                identity,
                logins,
                principal_tags,
                duration_secs,
            } => {
                let tags = principal_tags.iter().cloned().collect();
                let for_ = (tags, duration_secs.unwrap_or(900));
                self.get_developer_token(
                    (caller.account(), *pool),
                    *identity,
                    logins,
                    for_,
                    outcome,
                )
            }
            Operation::MergeDeveloperIdentities { caller, pool, provider, source, destination } => {
                let users = (*source, *destination);
                self.merge((caller.account(), *pool), *provider, users, outcome)
            }
            Operation::UnlinkDeveloperIdentity { caller, pool, identity, provider, user } => {
                let of = (caller.account(), *pool);
                self.unlink_user(of, *identity, (*provider, *user), outcome)
            }
            Operation::UnlinkIdentity { identity, logins, providers, developer } => {
                self.unlink(*identity, logins, (providers, *developer), outcome)
            }
            _ => expected("something that this model does not know"),
        }
    }

    fn get_id(
        &mut self,
        pool: Pool,
        claimed: Option<u8>,
        logins: &[Presented],
        outcome: &Outcome,
    ) -> Result<(), String> {
        let resolved = self.pools.get(&pool).ok_or(NOT_FOUND).and_then(|state| {
            let wrong = claimed.is_some_and(|number| number != state.owner.number);
            let uninvited = logins.is_empty() && !state.settings.guests;
            if wrong || uninvited {
                return Err(NOT_AUTHORIZED);
            }
            let proof = self.prove(pool, Door::Public, logins, None)?;
            let answer = self.resolve(pool, None, &proof, false)?;
            Ok((proof, answer))
        });
        match (resolved, outcome) {
            (Err(exception), _) => refused(exception, outcome),
            (Ok((proof, answer)), Outcome::Identity(identity)) => {
                self.become_of(pool, None, &proof.logins, &answer, *identity)
            }
            (Ok((_, answer)), _) => answer.told(),
        }
    }

    fn get_token(
        &mut self,
        given: Identity,
        logins: &[Presented],
        outcome: &Outcome,
    ) -> Result<(), String> {
        let resolved = self.known(given).and_then(|(pool, state, identity)| {
            let is_mapped = !state.roles.mappings.is_empty();
            if state.settings.classic_flow == Some(false) || is_mapped {
                return Err(INVALID);
            }
            if logins.is_empty() && identity.is_guest() && !state.settings.guests {
                return Err(NOT_AUTHORIZED);
            }
            let proof = self.prove(pool, Door::Public, logins, Some(given))?;
            let answer = self.resolve(pool, Some(given), &proof, false)?;
            Ok((pool, proof, answer))
        });
        let (pool, proof, answer) = match resolved {
            Err(exception) => return refused(exception, outcome),
            Ok(resolved) => resolved,
        };
        let tags = self.mapped_tags(pool, &proof.logins);
        self.token_for(pool, (Some(given), &proof, &answer), (tags, 600), outcome)
    }

    fn get_developer_token(
        &mut self,
        (caller, pool): (Account, Pool),
        given: Option<Identity>,
        logins: &[Presented],
        (tags, duration_secs): (BTreeMap<String, String>, i64),
        outcome: &Outcome,
    ) -> Result<(), String> {
        let by_id = self.choices.linking == Linking::ByIdentityId;
        let resolved = self.pool(caller, pool).and_then(|_| {
            given.map(|given| self.identity_of(pool, given)).transpose()?;
            let proof = self.prove(pool, Door::Developer, logins, given)?;
            let answer = self.resolve(pool, given, &proof, by_id)?;
            Ok((proof, answer))
        });
        let (proof, answer) = match resolved {
            Err(exception) => return refused(exception, outcome),
            Ok(resolved) => resolved,
        };
        let mut all_tags = self.mapped_tags(pool, &proof.logins);
        all_tags.extend(tags);
        let duration_secs = u64::try_from(duration_secs).unwrap_or_default();
        self.token_for(pool, (given, &proof, &answer), (all_tags, duration_secs), outcome)
    }

    /// A token was handed out, and says what it has to say (I10).
    fn token_for(
        &mut self,
        pool: Pool,
        (given, proof, answer): (Option<Identity>, &Proof, &Answer),
        (tags, lifetime_secs): (BTreeMap<String, String>, u64),
        outcome: &Outcome,
    ) -> Result<(), String> {
        let Outcome::Token(identity, token, said) = outcome else { return answer.told() };
        self.become_of(pool, given, &proof.logins, answer, *identity)?;
        let amr = self.amr(pool, &proof.logins);
        let statement = Statement {
            identity: *identity,
            pool,
            amr,
            tags: tags.clone(),
            role: None,
            lifetime_secs: Some(lifetime_secs),
        };
        if **said != statement {
            return expected(format!("{statement:?}"));
        }
        let expires_secs = self.now_secs.saturating_add(lifetime_secs);
        let logins = proof.logins.clone();
        let state = TokenState { identity: *identity, pool, logins, tags, expires_secs };
        // The same claims signed twice in one second are one token.
        self.tokens.insert(*token, state);
        Ok(())
    }

    fn get_credentials(
        &mut self,
        given: Identity,
        logins: &[Presented],
        custom: Option<Role>,
        outcome: &Outcome,
    ) -> Result<(), String> {
        let resolved = self.known(given).and_then(|(pool, state, identity)| {
            let guest_is_unwanted = identity.is_guest() && !state.settings.guests;
            if logins.is_empty() && guest_is_unwanted {
                return Err(NOT_AUTHORIZED);
            }
            let proof = self.prove(pool, Door::PublicOrCognito, logins, Some(given))?;
            if proof.is_empty() && guest_is_unwanted {
                return Err(NOT_AUTHORIZED);
            }
            let answer = self.resolve(pool, Some(given), &proof, false)?;
            let named = proof.named(identity);
            let role = self.role(state, &named, &proof, custom)?;
            let tags = self.session_tags(pool, &named, &proof)?;
            let mut used = named;
            let unsaid: Vec<_> =
                proof.logins.iter().filter(|login| !used.contains(login)).copied().collect();
            used.extend(unsaid);
            Ok((pool, proof, answer, (role, tags, self.amr(pool, &used))))
        });
        let (pool, proof, answer, (role, tags, amr)) = match resolved {
            Err(exception) => return refused(exception, outcome),
            Ok(resolved) => resolved,
        };
        let Outcome::Credentials(identity, said) = outcome else { return answer.told() };
        self.become_of(pool, Some(given), &proof.logins, &answer, *identity)?;
        let role = Some(crate::testkit::operation::role_arn(role));
        let identity = *identity;
        let statement = Statement { identity, pool, amr, tags, role, lifetime_secs: None };
        match said {
            Some(said) if **said != statement => expected(format!("{statement:?}")),
            _ => Ok(()),
        }
    }

    /// An identity, and its pool.
    fn known(&self, identity: Identity) -> Result<(Pool, &PoolState, &IdentityState), Exception> {
        let state = self.identities.get(&identity).ok_or(NOT_FOUND)?;
        let pool = self.pools.get(&state.pool).ok_or(NOT_FOUND)?;
        Ok((state.pool, pool, state))
    }

    /// First what each key stands for, then each token in turn.
    fn prove(
        &self,
        pool: Pool,
        door: Door,
        logins: &[Presented],
        given: Option<Identity>,
    ) -> Result<Proof, Exception> {
        let state = self.pools.get(&pool).ok_or(NOT_FOUND)?;
        for login in logins {
            admit(state, door, *login)?;
        }
        let developer = state.settings.developer;
        let is_user = |login: &Presented| matches!(login, Presented::User(provider, _) if Some(*provider) == developer);
        if door == Door::Developer && !logins.iter().any(is_user) {
            return Err(INVALID);
        }
        let mut proof = Proof { logins: Vec::new(), token: None };
        for login in logins {
            match *login {
                Presented::User(_, user) => proof.logins.push(Login::User(user)),
                Presented::Public(_, _, token) if !token.is_good() => return Err(NOT_AUTHORIZED),
                Presented::Public(provider, subject, _) => {
                    proof.logins.push(Login::Public(provider, subject));
                }
                Presented::Tampered(_) => return Err(NOT_AUTHORIZED),
                Presented::Cognito(token) => {
                    let token = self.tokens.get(&token).ok_or(NOT_AUTHORIZED)?;
                    let is_over = token.expires_secs <= self.now_secs;
                    let is_for = token.pool == pool && given == Some(token.identity);
                    if is_over || !is_for {
                        return Err(NOT_AUTHORIZED);
                    }
                    // A guest's token proves no more than its id does.
                    proof.token = Some(token.clone()).filter(|token| !token.logins.is_empty());
                }
            }
        }
        Ok(proof)
    }

    /// The table of section 3.
    fn resolve(
        &self,
        pool: Pool,
        given: Option<Identity>,
        proof: &Proof,
        by_id: bool,
    ) -> Result<Answer, Exception> {
        let owner = |login: &Login| self.owner_of(pool, *login);
        let owners: BTreeSet<_> = proof.logins.iter().filter_map(owner).collect();
        let user = proof.logins.iter().find(|login| matches!(login, Login::User(_)));
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

    /// INVARIANT I3, I4: what all of them would have together.
    fn check_merge(&self, parts: &BTreeSet<Identity>, new: &[Login]) -> Result<(), Exception> {
        let states = parts.iter().filter_map(|part| self.identities.get(part));
        let mut all: BTreeSet<Login> = states.flat_map(|state| state.logins.clone()).collect();
        all.extend(new);
        let rivals = Provider::ALL.into_iter().any(|provider| {
            all.iter().filter(|l| matches!(l, Login::Public(p, _) if *p == provider)).count() > 1
        });
        if rivals || all.len() > LOGINS_MAX { Err(CONFLICT) } else { Ok(()) }
    }

    /// Makes it so: `identity` was answered, and has all the logins from now on.
    fn become_of(
        &mut self,
        pool: Pool,
        given: Option<Identity>,
        logins: &[Login],
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
        let mut all: BTreeSet<Login> = logins.iter().copied().collect();
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

    fn amr(&self, pool: Pool, logins: &[Login]) -> Vec<String> {
        if logins.is_empty() {
            return vec!["unauthenticated".to_owned()];
        }
        let developer = self.pools.get(&pool).and_then(|state| state.settings.developer);
        let developer = developer.map_or("", DeveloperProvider::name);
        let entries = logins.iter().flat_map(|login| match login {
            Login::User(user) => [developer.to_owned(), format!("{developer}:{pool}:{user}")],
            Login::Public(provider, subject) => {
                let head = match provider {
                    Provider::Google => provider.name().to_owned(),
                    Provider::OpenIdConnect => format!("{}:OIDC", provider.attributes_name()),
                    Provider::UserPool => format!("{}:CognitoSignIn", provider.name()),
                };
                [provider.name().to_owned(), format!("{head}:{subject}")]
            }
        });
        std::iter::once("authenticated".to_owned()).chain(entries).collect()
    }

    fn merge(
        &mut self,
        (caller, pool): (Account, Pool),
        provider: DeveloperProvider,
        (source, destination): (User, User),
        outcome: &Outcome,
    ) -> Result<(), String> {
        let merged = self.pool(caller, pool).and_then(|state| {
            if state.settings.developer != Some(provider) {
                return Err(INVALID);
            }
            let source = self.owner_of(pool, Login::User(source)).ok_or(NOT_FOUND)?;
            let destination = self.owner_of(pool, Login::User(destination)).ok_or(NOT_FOUND)?;
            self.check_merge(&BTreeSet::from([source, destination]), &[])?;
            Ok((source, destination))
        });
        if let Ok((source, destination)) = merged
            && source != destination
        {
            let moved = self.identities.get_mut(&source).map(|state| {
                state.change();
                std::mem::take(&mut state.logins)
            });
            if let Some(state) = self.identities.get_mut(&destination) {
                state.logins.extend(moved.unwrap_or_default());
                state.change();
            }
            self.settle_cursors();
        }
        exactly(merged.map(|(_, destination)| Outcome::Identity(destination)), outcome)
    }

    fn unlink_user(
        &mut self,
        (caller, pool): (Account, Pool),
        identity: Identity,
        (provider, user): (DeveloperProvider, User),
        outcome: &Outcome,
    ) -> Result<(), String> {
        let login = Login::User(user);
        let unlinked = self.pool(caller, pool).and_then(|state| {
            self.identity_of(pool, identity)?;
            if state.settings.developer != Some(provider) {
                return Err(INVALID);
            }
            match self.owner_of(pool, login) {
                Some(owner) if owner == identity => Ok(Outcome::Done),
                Some(_) => Err(CONFLICT),
                None => Err(NOT_FOUND),
            }
        });
        if unlinked.is_ok()
            && let Some(state) = self.identities.get_mut(&identity)
        {
            state.logins.remove(&login);
            state.change();
            self.settle_cursors();
        }
        exactly(unlinked, outcome)
    }

    fn unlink(
        &mut self,
        identity: Identity,
        logins: &[Presented],
        (providers, developer): (&[Provider], bool),
        outcome: &Outcome,
    ) -> Result<(), String> {
        let unlinked = self.known(identity).and_then(|(pool, state, known)| {
            let is_developer = state.settings.developer == Some(DeveloperProvider::Game);
            if developer && is_developer {
                return Err(INVALID);
            }
            let proof = self.prove(pool, Door::PublicOrCognito, logins, Some(identity))?;
            let has_one = proof.logins.iter().any(|login| known.logins.contains(login));
            let is_opened = has_one || !proof.named(known).is_empty();
            if known.is_disabled() || !is_opened {
                return Err(NOT_AUTHORIZED);
            }
            Ok(Outcome::Done)
        });
        if unlinked.is_ok()
            && let Some(state) = self.identities.get_mut(&identity)
        {
            let before = state.logins.len();
            state.logins.retain(|l| !matches!(l, Login::Public(p, _) if providers.contains(p)));
            if state.logins.len() != before {
                state.change();
                self.settle_cursors();
            }
        }
        exactly(unlinked, outcome)
    }
}

/// Whether a pool takes logins under that key.
fn admit(pool: &PoolState, door: Door, login: Presented) -> Result<(), Exception> {
    let is_cognito = matches!(login, Presented::Cognito(_) | Presented::Tampered(_));
    let is_user = matches!(login, Presented::User(of, _) if pool.settings.developer == Some(of));
    match door {
        Door::Developer if is_user => return Ok(()),
        Door::PublicOrCognito if is_cognito => return Ok(()),
        Door::Public | Door::PublicOrCognito if !pool.has_any_provider() => {
            return Err(NOT_AUTHORIZED);
        }
        _ => {}
    }
    let from_backend = door == Door::Developer;
    match login {
        Presented::User(..) if is_user => Err(INVALID),
        Presented::Public(provider, ..) if pool.settings.has(provider) => Ok(()),
        Presented::User(DeveloperProvider::Reserved, _) => Err(NOT_AUTHORIZED),
        // To a backend what is not known to be public is a developer provider, but not the pool's.
        Presented::User(..) | Presented::Public(Provider::OpenIdConnect, ..) if from_backend => {
            Err(INVALID)
        }
        _ => Err(NOT_AUTHORIZED),
    }
}

impl Answer {
    fn told(&self) -> Result<(), String> {
        match self {
            Self::New => expected("a new identity"),
            Self::OneOf(known) => {
                let known: Vec<_> = known.iter().map(Identity::to_string).collect();
                expected(known.join(" or "))
            }
        }
    }
}
