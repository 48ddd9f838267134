//! Explanations: the decision of a call, without its commit.

mod administration;
mod alternatives;
mod calls;
mod scene;

use std::sync::Arc;

use crate::admin::{
    Alternative, ExplainedChange, ExplainedVerdict, Explanation, IdentityDetails, RoleChoice,
};
use crate::engine::explain::scene::Scene;
use crate::engine::gather::Reads;
use crate::engine::proving::Checked;
use crate::engine::{Admin, Core, Developer, Public};
use crate::error::{Error, Result};
use crate::id::{Guid, IdentityId, IdentityPoolId};
use crate::name::ProviderName;
use crate::operation::{
    GetCredentialsForIdentity, GetId, GetOpenIdToken, GetOpenIdTokenForDeveloperIdentity,
};
use crate::rules::{Change, Effect, Refusal};
use crate::store::Batch;

/// An input whose call can be explained: each operation that resolves, links, merges, unlinks,
/// deletes, or chooses a role.
///
/// # Example: any of them
///
/// ```
/// use cognate::admin::Explanation;
/// use cognate::{Admin, Developer, Explain, Result};
///
/// /// The lines that a test prints when a call is refused.
/// fn reasons<I: Explain<Caller = Developer>>(
///     admin: &Admin,
///     caller: &Developer,
///     input: I,
/// ) -> Result<String> {
///     admin.explain(caller, input).map(|explanation: Explanation| explanation.to_string())
/// }
/// ```
pub trait Explain: Sized {
    /// The handle that would make the call.
    type Caller;

    #[doc(hidden)]
    fn explain(self, caller: &Self::Caller, by: ByAdmin<'_>) -> Result<Explanation>;
}

/// Seals [`Explain`]: nobody else can make or name one.
#[derive(Debug)]
#[expect(unnameable_types, reason = "so that nobody else can call or implement it")]
pub struct ByAdmin<'a>(&'a Admin);

impl ByAdmin<'_> {
    fn public(&self) -> Public {
        Public { core: Arc::clone(&self.0.core), request_id: None }
    }

    fn developer(&self, caller: &Developer) -> Developer {
        Developer { core: Arc::clone(&self.0.core), ..caller.clone() }
    }
}

impl Admin {
    /// Explains the outcome that a call of `caller` would have at this moment, and the reasons.
    ///
    /// A refusal is a part of the explanation, not an error. The decision is that of the operation
    /// itself, but it is not committed: nothing is written, no key is created, no id is drawn, and
    /// no rate is used. Login verifiers and the link policy are asked, and for a refused call again
    /// for each alternative.
    ///
    /// An explanation does not foresee rates, contention, and failures of the credential issuer and
    /// of the store. It tells of identities of other people: show it to administrators.
    ///
    /// # Errors
    ///
    /// * [`Error::Invalid`] if members violate their constraints.
    /// * Any error of the call that is not a refusal, such as [`Error::Corrupt`].
    ///
    /// # Example: the identity in the way
    ///
    /// ```
    /// # use cognate::{admin::*, login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// # let pool = aws.create_identity_pool(input.developer_provider_name("login.game"))?;
    /// # let pool = &pool.identity_pool_id;
    /// let call = || GetOpenIdTokenForDeveloperIdentityInput::new(pool);
    /// let user = |name| call().logins("login.game", name);
    /// let alice = aws.resolve_developer_identity(user("alice"))?;
    /// let bob = aws.resolve_developer_identity(user("bob"))?;
    ///
    /// let why = engine.admin().explain(&aws, user("bob").identity_id(&alice))?;
    /// let ExplainedVerdict::Refused { refusal, alternatives, .. } = why.verdict else { panic!() };
    /// assert!(matches!(refusal, Refusal::DeveloperUserAlreadyRegistered { .. }));
    /// let instead = Alternative::WithoutIdentityId { identity_id: Some(bob) };
    /// assert!(alternatives.contains(&instead));
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn explain<I: Explain>(&self, caller: &I::Caller, input: I) -> Result<Explanation> {
        input.explain(caller, ByAdmin(self))
    }
}

/// A decision, as far as an explanation tells it.
#[derive(Debug)]
pub(super) struct Outcome {
    effects: Vec<Effect>,
    identity_id: Option<IdentityId>,
    role: Option<RoleChoice>,
}

impl Outcome {
    fn of(effects: Vec<Effect>) -> Self {
        Self { effects, identity_id: None, role: None }
    }

    /// The outcome of a call that answers an identity. A nil id stands for a new one.
    pub(super) fn answering(effects: Vec<Effect>, identity_id: IdentityId) -> Self {
        let identity_id = known(identity_id);
        Self { effects, identity_id, role: None }
    }

    pub(super) fn with_role(self, role: Option<RoleChoice>) -> Self {
        Self { role, ..self }
    }

    pub(super) fn verdict(self) -> ExplainedVerdict {
        let Self { effects, identity_id, role } = self;
        let changes = effects.into_iter().filter_map(change).collect();
        ExplainedVerdict::Answered { identity_id, changes, role }
    }
}

/// An identity that exists.
fn known(id: IdentityId) -> Option<IdentityId> {
    Some(id).filter(|id| id.guid() != Some(Guid::NIL))
}

/// The logins that a call presents, and how each was checked.
type Presented = Vec<(ProviderName, Checked)>;

/// The parts of a call that its explanation shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    operation: &'static str,
    /// The caller, if it sees only its own pools.
    owner: Option<&'a Developer>,
    pool: Option<&'a IdentityPoolId>,
    given: Option<&'a IdentityId>,
    /// Whether the identity of the last login takes those of the others.
    is_merge: bool,
}

impl<'a> About<'a> {
    fn call(operation: &'static str) -> Self {
        Self { operation, owner: None, pool: None, given: None, is_merge: false }
    }

    /// A call about a pool, if the caller owns it.
    fn pool(operation: &'static str, owner: &'a Developer, pool: &'a IdentityPoolId) -> Self {
        Self { owner: Some(owner), pool: Some(pool), ..Self::call(operation) }
    }
}

impl GetId {
    pub(super) fn about(&self) -> About<'_> {
        About { pool: Some(&self.identity_pool_id), ..About::call("GetId") }
    }
}

impl GetOpenIdToken {
    pub(super) fn about(&self) -> About<'_> {
        About { given: Some(&self.identity_id), ..About::call("GetOpenIdToken") }
    }
}

impl GetCredentialsForIdentity {
    pub(super) fn about(&self) -> About<'_> {
        About { given: Some(&self.identity_id), ..About::call("GetCredentialsForIdentity") }
    }
}

impl GetOpenIdTokenForDeveloperIdentity {
    pub(super) fn about<'a>(&'a self, caller: &'a Developer) -> About<'a> {
        let operation = "GetOpenIdTokenForDeveloperIdentity";
        let about = About::pool(operation, caller, &self.identity_pool_id);
        About { given: self.identity_id.as_ref(), ..about }
    }
}

impl Core {
    /// Lets `decide` decide and `look_for` look for alternatives to a refusal, and explains both.
    fn explain(
        &self,
        about: About<'_>,
        mut decide: impl FnMut(&mut Reads<'_>) -> Result<(Result<Outcome>, Presented)>,
        mut look_for: impl FnMut(&mut Reads<'_>, &Refusal, &Scene) -> Result<Vec<Alternative>>,
    ) -> Result<Explanation> {
        self.run_batch(|reads| {
            reads.is_for_explanation = true;
            let (outcome, presented) = decide(reads)?;
            let (outcome, rule) = (refusal_in(outcome)?, reads.rule);
            let (scene, logins) = reads.scene(about, presented)?;
            let verdict = match outcome {
                Ok(outcome) => outcome.verdict(),
                Err(refusal) => ExplainedVerdict::Refused {
                    obstacle: scene.obstacle(&refusal).map(IdentityDetails::from),
                    alternatives: look_for(reads, &refusal, &scene)?,
                    refusal,
                },
            };
            Ok((Batch::default(), scene.explanation(about, rule, logins, verdict)))
        })
    }
}

/// Separates refusals from other errors.
fn refusal_in<T>(result: Result<T>) -> Result<Result<T, Refusal>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Error::Refused(refusal)) => Ok(Err(refusal)),
        Err(error) => Err(error),
    }
}

/// The value, unless it is refused.
fn unless_refused<T>(result: Result<T>) -> Result<Option<T>> {
    refusal_in(result).map(Result::ok)
}

/// A change as an explanation shows it. An effect on a pool other than its deletion has no part in
/// any explained call.
fn change(effect: Effect) -> Option<ExplainedChange> {
    match effect {
        Effect::Pool(change) => match *change {
            Change::Delete(pool) => {
                Some(ExplainedChange::PoolDeleted { identity_pool_id: pool.id().clone() })
            }
            Change::Create(_) | Change::Update { .. } => None,
        },
        Effect::Identity(Change::Create(created)) => {
            let logins = created.logins().cloned().collect();
            Some(ExplainedChange::Created { state: created.state(), logins })
        }
        Effect::Identity(Change::Update { before, after }) => {
            let (was_disabled, is_disabled) = (before.is_disabled(), after.is_disabled());
            let (before, after) = ((&before).into(), (&after).into());
            Some(if is_disabled {
                ExplainedChange::Disabled { before, after }
            } else if was_disabled {
                ExplainedChange::Restored { before, after }
            } else {
                ExplainedChange::Changed { before, after }
            })
        }
        Effect::Identity(Change::Delete(before)) => {
            Some(ExplainedChange::Deleted { before: (&before).into() })
        }
        Effect::Undone(_) => None,
    }
}
