//! Operations on logins: section 5 of the contract.

use std::collections::{BTreeMap, BTreeSet};

use crate::testkit::model::clause::{
    ACCOUNT_WRONG, ANSWERED, CLASSIC_DISABLED, CLASSIC_WITH_MAPPINGS, CLASSIC_WITH_SAML,
    CLASSIC_WITH_UNKNOWN_SAML, GUESTS_UNWANTED, IDENTITY_UNKNOWN, Judged,
    MERGE_DESTINATION_UNKNOWN, MERGE_OF_FEW, MERGE_OF_ITSELF, MERGE_OF_MANY, MERGE_PROVIDER,
    MERGE_SOURCE_UNKNOWN, POOL_UNKNOWN, Refusal, UNLINK_DEVELOPER, UNLINK_DISABLED,
    UNLINK_ELSEWHERE, UNLINK_PROVIDER, UNLINK_UNKNOWN, UNLINK_UNPROVED, exactly, expected, refused,
};
use crate::testkit::model::identities::canonical;
use crate::testkit::model::resolution::{Accepts, Answer, Proof};
use crate::testkit::model::{IdentityState, Linking, Model, PoolState, TokenState};
use crate::testkit::names::{
    Account, DeveloperProvider, Identity, NumberedLogin, Pool, Presented, Provider, Role, User,
    cognito_name,
};
use crate::testkit::operation::Operation;
use crate::testkit::outcome::{OperationOutcome, Statement};

impl Model {
    pub(super) fn judge_with_logins(
        &mut self,
        operation: &Operation,
        outcome: &OperationOutcome,
    ) -> Judged {
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
        outcome: &OperationOutcome,
    ) -> Judged {
        let resolved = self.pools.get(&pool).ok_or(POOL_UNKNOWN).and_then(|state| {
            let owner = state.owner.number;
            let is_known = owner != Account::NOT_KNOWN;
            let wrong = is_known && claimed.is_some_and(|number| number != owner);
            if wrong {
                return Err(ACCOUNT_WRONG);
            }
            if logins.is_empty() && !state.settings.guests {
                return Err(GUESTS_UNWANTED);
            }
            let proof = self.prove(pool, Accepts::Public, logins, None)?;
            let answer = self.resolve(pool, None, &proof, false)?;
            Ok((proof, answer))
        });
        match (resolved, outcome) {
            (Err(refusal), _) => refused(refusal, outcome),
            (Ok((proof, answer)), OperationOutcome::Identity(identity)) => {
                self.become_of(pool, None, &proof.logins, &answer, *identity)
            }
            (Ok((_, answer)), _) => answer.told(),
        }
    }

    fn get_token(
        &mut self,
        given: Identity,
        logins: &[Presented],
        outcome: &OperationOutcome,
    ) -> Judged {
        let resolved = self.known(given).and_then(|(pool, state, identity)| {
            let is_mapped = !state.roles.mappings.is_empty();
            let has_saml = logins.contains(&Presented::Saml);
            let is_saml = has_saml && state.settings.has(Provider::Saml);
            let uninvited = logins.is_empty() && identity.is_guest() && !state.settings.guests;
            for (fails, refusal) in [
                (state.settings.classic_flow == Some(false), CLASSIC_DISABLED),
                (is_mapped, CLASSIC_WITH_MAPPINGS),
                (is_saml, CLASSIC_WITH_SAML),
                (has_saml, CLASSIC_WITH_UNKNOWN_SAML),
                (uninvited, GUESTS_UNWANTED),
            ] {
                if fails {
                    return Err(refusal);
                }
            }
            let proof = self.prove(pool, Accepts::Public, logins, Some(given))?;
            let answer = self.resolve(pool, Some(given), &proof, false)?;
            Ok((pool, proof, answer))
        });
        let (pool, proof, answer) = match resolved {
            Err(refusal) => return refused(refusal, outcome),
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
        outcome: &OperationOutcome,
    ) -> Judged {
        let by_id = self.choices.linking == Linking::ByIdentityId;
        let resolved = self.pool(caller, pool).and_then(|_| {
            given.map(|given| self.identity_of(pool, given)).transpose()?;
            let proof = self.prove(pool, Accepts::Developer, logins, given)?;
            let answer = self.resolve(pool, given, &proof, by_id)?;
            Ok((proof, answer))
        });
        let (proof, answer) = match resolved {
            Err(refusal) => return refused(refusal, outcome),
            Ok(resolved) => resolved,
        };
        let mut all_tags = self.mapped_tags(pool, &proof.logins);
        all_tags.extend(tags);
        let duration_secs = u64::try_from(duration_secs).unwrap_or_default();
        self.token_for(pool, (given, &proof, &answer), (all_tags, duration_secs), outcome)
    }

    /// Checks an issued token and its claims (I10).
    fn token_for(
        &mut self,
        pool: Pool,
        (given, proof, answer): (Option<Identity>, &Proof, &Answer),
        (tags, lifetime_secs): (BTreeMap<String, String>, u64),
        outcome: &OperationOutcome,
    ) -> Judged {
        let OperationOutcome::Token(identity, token, said) = outcome else { return answer.told() };
        let row = self.become_of(pool, given, &proof.logins, answer, *identity)?;
        let region = self.pools.get(&pool).map_or("", |state| state.owner.region_name());
        let statement = Statement {
            identity: *identity,
            pool,
            issuer: Some(format!("https://{}", cognito_name(region))),
            amr: self.amr(pool, &proof.logins),
            tags: tags.clone(),
            role: None,
            lifetime_secs: Some(lifetime_secs),
        };
        stated(&statement, said)?;
        let expires_secs = self.now_secs.saturating_add(lifetime_secs);
        let logins = proof.logins.clone();
        let state = TokenState { identity: *identity, pool, logins, tags, expires_secs };
        // The same claims signed twice in one second are one token.
        self.tokens.insert(*token, state);
        Ok(row)
    }

    fn get_credentials(
        &mut self,
        given: Identity,
        logins: &[Presented],
        custom: Option<Role>,
        outcome: &OperationOutcome,
    ) -> Judged {
        let resolved = self.known(given).and_then(|(pool, state, identity)| {
            let guest_is_unwanted = identity.is_guest() && !state.settings.guests;
            if logins.is_empty() && guest_is_unwanted {
                return Err(GUESTS_UNWANTED);
            }
            let proof = self.prove(pool, Accepts::PublicOrCognito, logins, Some(given))?;
            if proof.logins.is_empty() && guest_is_unwanted {
                return Err(GUESTS_UNWANTED);
            }
            let answer = self.resolve(pool, Some(given), &proof, false)?;
            let named = proof.named(identity);
            let ((role, choice), tags) = self.grant((pool, state), &proof, &named, custom)?;
            let mut used = proof.logins.clone();
            used.extend(named.iter().filter(|login| !proof.logins.contains(login)));
            Ok((pool, proof, answer, (role, choice, tags, self.amr(pool, &used))))
        });
        let (pool, proof, answer, (role, choice, tags, amr)) = match resolved {
            Err(refusal) => return refused(refusal, outcome),
            Ok(resolved) => resolved,
        };
        let OperationOutcome::Credentials(identity, said) = outcome else { return answer.told() };
        let row = self.become_of(pool, Some(given), &proof.logins, &answer, *identity)?;
        let role = Some(role.arn());
        let identity = *identity;
        let statement =
            Statement { identity, pool, issuer: None, amr, tags, role, lifetime_secs: None };
        match said {
            // It is unknown in which order a session lists the logins that its token names too.
            Some(said) if proof.token.is_some() => {
                stated(&in_own_order(&statement), &in_own_order(said))?
            }
            Some(said) => stated(&statement, said)?,
            None => Vec::new(),
        };
        Ok(row.into_iter().chain([choice]).collect())
    }

    /// An identity and its pool.
    fn known(&self, identity: Identity) -> Result<(Pool, &PoolState, &IdentityState), Refusal> {
        let state = self.identities.get(&identity).ok_or(IDENTITY_UNKNOWN)?;
        let pool = self.pools.get(&state.pool).ok_or(IDENTITY_UNKNOWN)?;
        Ok((state.pool, pool, state))
    }

    fn merge(
        &mut self,
        (caller, pool): (Account, Pool),
        provider: DeveloperProvider,
        (source, destination): (User, User),
        outcome: &OperationOutcome,
    ) -> Judged {
        let merged = self.pool(caller, pool).and_then(|state| {
            if state.settings.developer != Some(provider) {
                return Err(MERGE_PROVIDER);
            }
            let owner = |user| self.owner_of(pool, NumberedLogin::User(user));
            let source = owner(source).ok_or(MERGE_SOURCE_UNKNOWN)?;
            let destination = owner(destination).ok_or(MERGE_DESTINATION_UNKNOWN)?;
            self.check_merge(&BTreeSet::from([source, destination]), &[])?;
            Ok((source, destination))
        });
        let mut kind = None;
        if let Ok((source, destination)) = merged {
            let logins = |of| self.identities.get(of).map_or(0, |state| state.logins.len());
            kind = Some(match (logins(&source), logins(&destination)) {
                _ if source == destination => MERGE_OF_ITSELF,
                (2.., 2..) => MERGE_OF_MANY,
                _ => MERGE_OF_FEW,
            });
        }
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
        exactly(merged.map(|(_, destination)| OperationOutcome::Identity(destination)), outcome)
            .map(|clauses| clauses.into_iter().chain(kind).collect())
    }

    fn unlink_user(
        &mut self,
        (caller, pool): (Account, Pool),
        identity: Identity,
        (provider, user): (DeveloperProvider, User),
        outcome: &OperationOutcome,
    ) -> Judged {
        let login = NumberedLogin::User(user);
        let unlinked = self.pool(caller, pool).and_then(|state| {
            self.identity_of(pool, identity)?;
            if state.settings.developer != Some(provider) {
                return Err(UNLINK_PROVIDER);
            }
            match self.owner_of(pool, login) {
                Some(owner) if owner == identity => Ok(OperationOutcome::Done),
                Some(_) => Err(UNLINK_ELSEWHERE),
                None => Err(UNLINK_UNKNOWN),
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
        outcome: &OperationOutcome,
    ) -> Judged {
        let unlinked = self.known(identity).and_then(|(pool, state, known)| {
            let is_developer = state.settings.developer == Some(DeveloperProvider::Game);
            if developer && is_developer {
                return Err(UNLINK_DEVELOPER);
            }
            let proof = self.prove(pool, Accepts::PublicOrCognito, logins, Some(identity))?;
            let has_one = proof.logins.iter().any(|login| known.logins.contains(login));
            let is_opened = has_one || !proof.named(known).is_empty();
            if known.is_disabled() {
                return Err(UNLINK_DISABLED);
            }
            if is_opened { Ok(OperationOutcome::Done) } else { Err(UNLINK_UNPROVED) }
        });
        if unlinked.is_ok()
            && let Some(state) = self.identities.get_mut(&identity)
        {
            let before = state.logins.len();
            state
                .logins
                .retain(|l| !matches!(l, NumberedLogin::Public(p, _) if providers.contains(p)));
            if state.logins.len() != before {
                state.change();
                self.settle_cursors();
            }
        }
        exactly(unlinked, outcome)
    }
}

/// Checks that a statement has the required content.
fn stated(statement: &Statement, said: &Statement) -> Judged {
    let amr = said.amr.iter().map(|entry| canonical(entry).to_owned()).collect();
    let said = Statement { amr, ..said.clone() };
    if said == *statement { ANSWERED } else { expected(format!("{statement:?}")) }
}

/// A statement with its logins in a canonical order.
fn in_own_order(statement: &Statement) -> Statement {
    let (head, pairs) = statement.amr.split_at(1.min(statement.amr.len()));
    let mut pairs: Vec<_> = pairs.chunks(2).map(<[String]>::to_vec).collect();
    pairs.sort();
    let amr = head.iter().cloned().chain(pairs.into_iter().flatten()).collect();
    Statement { amr, ..statement.clone() }
}
