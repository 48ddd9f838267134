//! The review of links and merges by a policy of the embedder.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::admin::{Explanation, LinkPolicy, RoleChoice};
use crate::engine::Core;
use crate::engine::explain::{About, Outcome};
use crate::engine::gather::Reads;
use crate::engine::proving::Proving;
use crate::engine::sessions::guarded;
use crate::error::{Error, Result};
use crate::id::IdentityId;
use crate::rules::{Change, Decided, Effect, Refusal};

/// The part's name in errors.
const PART: &str = "link policy";

/// The maximum number of reviews in progress. More of them can only be reviews that do not end.
const REVIEWS_MAX: usize = 256;

/// A policy, and the number of its reviews in progress.
pub(super) struct Reviewer {
    policy: Arc<dyn LinkPolicy>,
    reviews: Arc<AtomicUsize>,
}

impl Reviewer {
    pub(super) fn new(policy: impl LinkPolicy + 'static) -> Self {
        Self { policy: Arc::new(policy), reviews: Arc::default() }
    }

    /// Lets the policy review a call, on another thread: nobody can stop one that blocks.
    fn review(&self, explanation: Explanation) -> Result<()> {
        let deadline = guarded(PART, || self.policy.deadline())?;
        let progress = Progress::begin(&self.reviews)?;
        let policy = Arc::clone(&self.policy);
        let (answer, answered) = mpsc::channel();
        let review = move || {
            let reviewed = guarded(PART, || policy.review(&explanation));
            drop(progress);
            // Nobody waits any more after the deadline.
            let _ = answer.send(reviewed);
        };
        let spawned = thread::Builder::new().name("cognate-link-policy".to_owned()).spawn(review);
        spawned.map_err(|_| Error::Unresponsive(PART))?;
        let reviewed = answered.recv_timeout(deadline).map_err(|_| Error::Unresponsive(PART))?;
        Ok(reviewed?.map_err(|veto| Refusal::LinkVetoed { reason: veto.to_string() })?)
    }
}

/// A review in progress.
struct Progress(Arc<AtomicUsize>);

impl Progress {
    fn begin(reviews: &Arc<AtomicUsize>) -> Result<Self> {
        let progress = Self(Arc::clone(reviews));
        let others = reviews.fetch_add(1, Ordering::Relaxed);
        if others < REVIEWS_MAX { Ok(progress) } else { Err(Error::Unresponsive(PART)) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Core {
    /// Lets the policy review a decision that links a login to an identity that exists, or that
    /// merges identities.
    pub(super) fn review(
        &self,
        reads: &mut Reads<'_>,
        about: About<'_>,
        proving: &Proving<'_>,
        decided: &Decided<IdentityId>,
        role: Option<&RoleChoice>,
    ) -> Result<()> {
        let Some(reviewer) = &self.reviewer else { return Ok(()) };
        if !decided.effects.iter().any(is_link_or_merge) {
            return Ok(());
        }
        let Decided { effects, output } = decided.clone();
        let outcome = Outcome::answering(effects, output).with_role(role.cloned());
        let decided_by = reads.rule;
        let (scene, logins) = reads.scene(about, proving.checked())?;
        reviewer.review(scene.explanation(about, decided_by, logins, outcome.verdict()))
    }
}

/// Whether an identity that exists gets a login, or is merged into another one.
fn is_link_or_merge(effect: &Effect) -> bool {
    match effect {
        Effect::Identity(Change::Update { before, after }) => {
            after.is_disabled() || after.logins().any(|login| !before.has(login))
        }
        Effect::Identity(Change::Create(_) | Change::Delete(_))
        | Effect::Pool(_)
        | Effect::Undone(_) => false,
    }
}
