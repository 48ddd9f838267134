//! A policy of the embedder about links and merges.

use std::time::Duration;

use crate::admin::Explanation;
use crate::part::{FromFn, forward};

/// Decides whether presented logins may be linked to an identity, and identities merged.
///
/// The engine asks it before it commits a call of `GetId`, `GetOpenIdToken`,
/// `GetCredentialsForIdentity` or `GetOpenIdTokenForDeveloperIdentity` that links a login to an
/// identity that exists, or that merges identities. It does not ask about new identities, about
/// known logins, and about calls that ask for a link or a merge by name, such as
/// `MergeDeveloperIdentities`. If other calls change the same records meanwhile, it asks again. It
/// also asks when such a call is [explained](crate::Admin::explain).
///
/// The policy runs on a thread of its own, and the engine holds no lock while it waits. A policy
/// that panics, or that does not answer before its [`deadline`](Self::deadline), fails that call
/// alone, with `InternalErrorException`.
///
/// # Example: no merge without a person
///
/// ```
/// use cognate::admin::{ExplainedChange, ExplainedVerdict, Explanation, Veto};
/// use cognate::{Engine, from_fn};
///
/// let no_merge = |explanation: &Explanation| -> Result<(), Veto> {
///     match &explanation.verdict {
///         ExplainedVerdict::Answered { changes, .. } if changes.iter().any(is_merge) => {
///             Err(Veto::new("Ask the support to merge your accounts."))
///         }
///         _ => Ok(()),
///     }
/// };
/// fn is_merge(change: &ExplainedChange) -> bool {
///     matches!(change, ExplainedChange::Disabled { .. })
/// }
/// let engine = Engine::builder().link_policy(from_fn(no_merge)).in_memory()?;
/// # Ok::<(), cognate::Error>(())
/// ```
pub trait LinkPolicy: Send + Sync {
    /// Reviews a call that would be answered.
    ///
    /// # Errors
    ///
    /// A [`Veto`]. The call is then refused with
    /// [`LinkVetoed`](crate::Refusal::LinkVetoed), a `NotAuthorizedException`, and changes nothing.
    fn review(&self, explanation: &Explanation) -> Result<(), Veto>;

    /// The longest time that a call waits for a review: by default five seconds.
    fn deadline(&self) -> Duration {
        Duration::from_secs(5)
    }
}

forward!(LinkPolicy {
    fn review(&self, explanation: &Explanation) -> Result<(), Veto>;
    fn deadline(&self) -> Duration;
});

impl<F> LinkPolicy for FromFn<F>
where
    F: Fn(&Explanation) -> Result<(), Veto> + Send + Sync,
{
    fn review(&self, explanation: &Explanation) -> Result<(), Veto> {
        (self.0)(explanation)
    }
}

/// The refusal of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Veto {
    reason: String,
}

impl Veto {
    /// A veto for this reason. The caller of the operation gets it as the message.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}
