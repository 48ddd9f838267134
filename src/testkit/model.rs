//! A naive restatement of the service. It keeps everything in maps, and each operation searches all
//! of them. It is written from the contract and calls none of the engine's rules.
//!
//! The model does not produce answers. It gets the answer of an implementation, and decides if the
//! service could have given it. So it need not predict ids, or which of several identities survives
//! where that is unknown. Concurrent calls can be tried in any order.

mod clause;
mod history;
mod identities;
mod known;
mod listing;
mod logins;
mod pools;
mod rates;
mod resolution;
mod roles;
mod undo;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub use clause::Expected;
use clause::{
    CONSTRAINT, IDENTITY_UNKNOWN, INVALID, INVALID_OR_NOT_AUTHORIZED, Judged, NOT_FOUND,
    POOL_UNKNOWN, Refusal, UNAVAILABLE, UNREACHABLE, VALIDATION, exactly, refused,
};
pub use history::{NumberedEvent, RecordedCaller, RecordedChange, RecordedEvent};
pub use undo::UndoObstacle;

use crate::testkit::names::{
    Account, Cursor, DeveloperProvider, Identity, NumberedLogin, Pool, Presented, Provider, Token,
};
use crate::testkit::operation::Operation;
use crate::testkit::outcome::OperationOutcome;
use crate::testkit::settings::{Attributes, Roles, Settings};
use crate::{DeveloperLinking, RoleAccounts, Throttling, UnknownDeveloperUser};

/// The state and the behaviour of the service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[must_use]
pub struct Model {
    choices: Choices,
    now_secs: u64,
    rates: rates::Rates,
    pub(super) pools: BTreeMap<Pool, PoolState>,
    pub(super) identities: BTreeMap<Identity, IdentityState>,
    /// All identities and pools that have ever existed. Their ids are never reused (I9).
    past: BTreeSet<Identity>,
    past_pools: BTreeSet<Pool>,
    pub(super) tokens: BTreeMap<Token, TokenState>,
    cursors: BTreeMap<Cursor, CursorState>,
    histories: Option<history::Histories>,
}

/// Options for behaviour that implementations may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Choices {
    linking: Linking,
    unknown_user_is_forbidden: bool,
    roles_of_any_account: bool,
    oldest_survives: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
enum Linking {
    #[default]
    ByIdentityId,
    ByLinkedLogin,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PoolState {
    owner: Account,
    pub(super) settings: Settings,
    tags: BTreeMap<u8, u8>,
    roles: Roles,
    attributes: BTreeMap<Provider, Attributes>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct IdentityState {
    pool: Pool,
    pub(super) logins: BTreeSet<NumberedLogin>,
    had_login: bool,
    /// The last reported dates of creation and change. They are valid until something changes.
    created_millis: Option<u64>,
    modified_millis: Option<u64>,
    changed: bool,
}

impl IdentityState {
    pub(super) fn is_guest(&self) -> bool {
        !self.had_login
    }

    pub(super) fn is_disabled(&self) -> bool {
        self.had_login && self.logins.is_empty()
    }

    fn change(&mut self) {
        self.changed = true;
    }
}

/// The login state that a token was issued for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TokenState {
    identity: Identity,
    pool: Pool,
    logins: Vec<NumberedLogin>,
    tags: BTreeMap<String, String>,
    expires_secs: u64,
}

/// A listing that is read in pages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct CursorState {
    listing: Listing,
    shown: BTreeSet<String>,
    /// Entries that have existed since the first page and must still be shown.
    owed: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Listing {
    Pools(Account),
    Identities { pool: Pool, hide_disabled: bool },
    Users(Identity),
}

const LOGINS_MAX: usize = 20;
const TAGS_MAX: usize = 50;

impl Default for Model {
    fn default() -> Self {
        Self::new()
    }
}

impl Model {
    /// The default behaviour of the service, without any pool.
    pub fn new() -> Self {
        Self {
            choices: Choices::default(),
            now_secs: 0,
            rates: rates::Rates::default(),
            pools: BTreeMap::new(),
            identities: BTreeMap::new(),
            past: BTreeSet::new(),
            past_pools: BTreeSet::new(),
            tokens: BTreeMap::new(),
            cursors: BTreeMap::new(),
            histories: None,
        }
    }

    /// The same as [`Builder::developer_linking`](crate::Builder::developer_linking).
    pub fn developer_linking(mut self, linking: DeveloperLinking) -> Self {
        self.choices.linking = match linking {
            DeveloperLinking::ByIdentityId => Linking::ByIdentityId,
            DeveloperLinking::ByLinkedLogin => Linking::ByLinkedLogin,
        };
        self
    }

    /// The same as [`Builder::unknown_developer_user`](crate::Builder::unknown_developer_user).
    pub fn unknown_developer_user(mut self, answer: UnknownDeveloperUser) -> Self {
        self.choices.unknown_user_is_forbidden = answer == UnknownDeveloperUser::Forbidden;
        self
    }

    /// The same as [`Builder::role_accounts`](crate::Builder::role_accounts).
    pub fn role_accounts(mut self, accounts: RoleAccounts) -> Self {
        self.choices.roles_of_any_account = accounts == RoleAccounts::Any;
        self
    }

    /// The same as [`Builder::throttling`](crate::Builder::throttling), for implementations that
    /// tell the time by a [`TestClock`](crate::testkit::TestClock).
    pub fn throttling(mut self, throttling: Throttling) -> Self {
        self.rates.are_limited = throttling == Throttling::DocumentedRates;
        self
    }

    /// Requires that the identity seen first survives a merge, unless another one has the developer
    /// user. This holds for an engine whose operations run one after the other.
    pub fn oldest_survives(mut self) -> Self {
        self.choices.oldest_survives = true;
        self
    }

    /// The clauses of the contract that [`step`](Self::step) can return, except for the names of
    /// operations. Compare them with [`Run::met`](crate::testkit::Run::met).
    pub fn clauses() -> impl Iterator<Item = &'static str> {
        clause::all()
    }

    /// Advances the time.
    pub fn wait(&mut self, secs: u64) {
        self.now_secs = self.now_secs.saturating_add(secs);
    }

    /// Checks that the service could have answered `outcome`. If so, the model applies it, and
    /// returns the clauses of the contract that say so. Otherwise the model stays unchanged.
    ///
    /// # Errors
    ///
    /// Returns the expected answer and its clause.
    pub fn step(
        &mut self,
        operation: &Operation,
        outcome: &OperationOutcome,
    ) -> Result<Vec<&'static str>, Expected> {
        let (after, clauses) = self.after(operation, outcome)?;
        // INVARIANT I7
        if outcome.exception().is_none() {
            *self = after;
        } else {
            self.rates = after.rates;
        }
        Ok(clauses)
    }

    /// The model after an answer, and the clauses that decide it.
    pub(super) fn after(
        &self,
        operation: &Operation,
        outcome: &OperationOutcome,
    ) -> Result<(Self, Vec<&'static str>), Expected> {
        let mut after = self.clone();
        let mut clauses = match after.judge(operation, outcome) {
            Ok(clauses) => clauses,
            Err(expected) if may_be_unavailable(operation, outcome, &expected.answer) => {
                return Ok((after, vec![UNREACHABLE]));
            }
            Err(Expected { answer, clause: "" }) => {
                return Err(Expected { answer, clause: operation.name() });
            }
            Err(expected) => return Err(expected),
        };
        if clauses.is_empty() {
            clauses.push(operation.name());
        }
        if outcome.exception().is_none() {
            after.record(self, operation, outcome);
        }
        Ok((after, clauses))
    }

    fn judge(&mut self, operation: &Operation, outcome: &OperationOutcome) -> Judged {
        if let Some(judged) = self.rates.judge(operation, outcome, self.now_secs) {
            return judged;
        }
        if is_invalid(operation) {
            return refused(CONSTRAINT, outcome);
        }
        match operation {
            Operation::CreateIdentityPool { caller, settings } => {
                self.create_pool(caller.account(), settings, outcome)
            }
            Operation::UpdateIdentityPool { caller, pool, settings } => {
                self.update_pool(caller.account(), *pool, settings, outcome)
            }
            Operation::DescribeIdentityPool { caller, pool } => {
                let known = self.pool(caller.account(), *pool);
                let known = known.map(|state| OperationOutcome::Pool(*pool, state.described()));
                exactly(known, outcome)
            }
            Operation::DeleteIdentityPool { caller, pool } => {
                self.delete_pool(caller.account(), *pool, outcome)
            }
            Operation::ListIdentityPools { caller, max_results, after } => {
                self.list_pools(caller.account(), (*max_results, *after), outcome)
            }
            Operation::TagResource { caller, pool, tags } => {
                self.tag(caller.account(), *pool, *tags, outcome)
            }
            Operation::UntagResource { caller, pool, tags } => {
                self.untag(caller.account(), *pool, *tags, outcome)
            }
            Operation::ListTagsForResource { caller, pool } => {
                let known = self.pool(caller.account(), *pool);
                exactly(known.map(|state| OperationOutcome::Settings(state.listed_tags())), outcome)
            }
            Operation::SetIdentityPoolRoles { caller, pool, roles } => {
                self.set_roles(caller.account(), *pool, roles, outcome)
            }
            Operation::GetIdentityPoolRoles { caller, pool } => {
                let known = self.pool(caller.account(), *pool);
                let known = known.map(|state| normal(state.roles.request()));
                exactly(known.map(OperationOutcome::Settings), outcome)
            }
            Operation::SetPrincipalTagAttributeMap { caller, pool, provider, attributes } => {
                self.set_attributes((caller.account(), *pool), *provider, *attributes, outcome)
            }
            Operation::GetPrincipalTagAttributeMap { caller, pool, provider } => {
                exactly(self.attributes(caller.account(), *pool, *provider), outcome)
            }
            Operation::DescribeIdentity { caller, identity } => {
                self.describe(caller.account(), *identity, outcome)
            }
            Operation::DeleteIdentities { caller, identities } => {
                self.delete_identities(caller.account(), identities, outcome)
            }
            Operation::ListIdentities { caller, pool, max_results, after, hide_disabled } => {
                let page = (*max_results, *after);
                self.list_identities(caller.account(), (*pool, *hide_disabled), page, outcome)
            }
            Operation::LookupDeveloperIdentity {
                caller,
                pool,
                identity,
                user,
                max_results,
                after,
            } => {
                let page = (max_results.unwrap_or(60), *after);
                let by = (*identity, *user);
                self.lookup(caller.account(), *pool, by, page, outcome)
            }
            _ => self.judge_with_logins(operation, outcome),
        }
    }

    /// The pool, if the caller owns it.
    fn pool(&self, caller: Account, pool: Pool) -> Result<&PoolState, Refusal> {
        self.pools.get(&pool).filter(|state| state.owner == caller).ok_or(POOL_UNKNOWN)
    }

    fn pool_mut(&mut self, caller: Account, pool: Pool) -> Result<&mut PoolState, Refusal> {
        self.pools.get_mut(&pool).filter(|state| state.owner == caller).ok_or(POOL_UNKNOWN)
    }

    /// The identity, if it belongs to this pool.
    fn identity_of(&self, pool: Pool, identity: Identity) -> Result<&IdentityState, Refusal> {
        let found = self.identities.get(&identity);
        found.filter(|state| state.pool == pool).ok_or(IDENTITY_UNKNOWN)
    }

    fn owner_of(&self, pool: Pool, login: NumberedLogin) -> Option<Identity> {
        let mut of_pool = self.identities.iter().filter(|(_, state)| state.pool == pool);
        of_pool.find(|(_, state)| state.logins.contains(&login)).map(|(identity, _)| *identity)
    }
}

/// Returns true if the outcome is an unavailable provider, and the operation presents a token that
/// only its provider can read.
fn may_be_unavailable(operation: &Operation, outcome: &OperationOutcome, expected: &str) -> bool {
    let is_read_elsewhere = |login: &Presented| match login.public() {
        Some((NumberedLogin::Public(provider, _), _)) => provider == Provider::Facebook,
        _ => *login == Presented::Saml,
    };
    outcome.exception() == Some(UNAVAILABLE)
        && ![INVALID, INVALID_OR_NOT_AUTHORIZED, NOT_FOUND, VALIDATION].contains(&expected)
        && operation.logins().iter().any(is_read_elsewhere)
}

/// Returns true if the operation violates the constraints of the service model.
fn is_invalid(operation: &Operation) -> bool {
    let is_page = |size: i64| (1..=60).contains(&size);
    let is_name = |provider: DeveloperProvider| provider != DeveloperProvider::Invalid;
    match operation {
        Operation::ListIdentities { max_results, .. }
        | Operation::ListIdentityPools { max_results, .. } => !is_page(*max_results),
        Operation::LookupDeveloperIdentity { max_results, .. } => {
            max_results.is_some_and(|size| !is_page(size))
        }
        Operation::GetOpenIdTokenForDeveloperIdentity { duration_secs, .. } => {
            duration_secs.is_some_and(|secs| !(1..=86_400).contains(&secs))
        }
        Operation::CreateIdentityPool { settings, .. }
        | Operation::UpdateIdentityPool { settings, .. } => {
            settings.developer.is_some_and(|name| !is_name(name))
        }
        Operation::MergeDeveloperIdentities { provider, .. }
        | Operation::UnlinkDeveloperIdentity { provider, .. } => !is_name(*provider),
        Operation::DeleteIdentities { identities, .. } => {
            identities.is_empty() || identities.len() > 60
        }
        _ => false,
    }
}

/// The members of a setting in the form of a reply: empty ones are left out.
fn normal(members: Vec<(&'static str, crate::testkit::json::Json)>) -> Value {
    let members = members.into_iter().filter_map(|(name, value)| {
        let value = serde_json::to_value(value).ok()?;
        let is_empty = value.as_object().is_some_and(serde_json::Map::is_empty);
        (!is_empty).then(|| (name.to_owned(), value))
    });
    Value::Object(members.collect())
}

#[cfg(test)]
mod tests;
