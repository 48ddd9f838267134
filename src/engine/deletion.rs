//! Removal of the remaining records of deleted pools.
//!
//! One batch deletes a pool itself and leaves a mark (I6). From then on nothing of the pool can be
//! seen or written. Its identities, logins and events are removed in bounded steps, and the mark
//! goes with the last step. Over a shared store the first step claims the mark for the engine, and
//! later steps extend the claim, so that several engines do not remove the same pool. Each step
//! checks the mark: it does not happen if another engine has taken over.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use crate::ambient::{Entropy, Timestamp};
use crate::engine::run::write_identity;
use crate::engine::sweeper::Bell;
use crate::engine::{Core, Engine};
use crate::error::{Error, Result};
use crate::id::Guid;
use crate::rules::Change;
use crate::state::Identity;
use crate::store::key::corrupt;
use crate::store::record::{Claim, Deletion, Record};
use crate::store::{Batch, Key, KeyRange, Tree, entries};

/// The number of identities, of logins without one, and of events, that one step removes.
const STEP: usize = 60;

/// The thread that removes the identities and logins of deleted pools.
///
/// A deleted pool disappears at one moment, in both cases. Removing what was in it takes as long as
/// the pool is large.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Removal {
    /// The thread of the call that deletes a pool. The call returns once the pool is removed. It
    /// also removes pools that an earlier engine has left. A failure to remove is no failure of the
    /// call; see [`Engine::removal_failure`].
    Calling,
    /// A thread of the engine, until the engine is closed. The call that deletes a pool returns
    /// after one commit. The thread also removes pools that other engines have left, and tries
    /// again after a failure, with pauses of up to 30 seconds.
    ///
    /// The thread starts with the first deletion. It starts when the engine opens if an earlier
    /// engine has left a deleted pool, if there is a [journal](crate::Builder::journal), whose old
    /// events it removes, and if the store is [shared](crate::Builder::open_shared).
    #[default]
    Background,
}

impl Engine {
    /// Removes the identities and logins of all deleted pools, including those that an earlier
    /// engine has left. Pools that another engine is removing at the moment are left to it.
    ///
    /// With [`Removal::Background`] the engine does this itself. With [`Removal::Calling`] opening
    /// removes nothing, and the next call that deletes a pool does the same work. This method is
    /// for a caller that waits for the space, or that wants to use the id of a deleted pool again.
    ///
    /// # Errors
    ///
    /// * [`Error::Corrupt`] when a record cannot be read. The other pools are removed first.
    /// * [`Error::Storage`] when the store fails. The rest is left for another attempt.
    ///
    /// # Example: no remains in the store
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use cognate::store::{Batch, KeyRange, Key, MemoryStore, Store, Tree};
    /// # use cognate::Engine;
    /// # let store = Arc::new(MemoryStore::new());
    /// # let mut mark = Batch::default();
    /// # mark.puts.push((Key::new(Tree::Deletions, [7; 16]), vec![1]));
    /// # store.commit(mark)?;
    /// let engine = Engine::builder().open_shared(Arc::clone(&store))?;
    /// engine.finish_removals()?;
    /// assert!(store.scan(&KeyRange::prefix(Tree::Deletions, []), 1)?.is_empty());
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn finish_removals(&self) -> Result<()> {
        self.core.remove_pools(|_| false)?;
        self.core.remover.note(Ok(()));
        Ok(())
    }

    /// The reason why the last attempt to remove deleted pools failed. `None` if it succeeded.
    ///
    /// Every failed attempt has an `Arc` of its own, so [`Arc::ptr_eq`] tells a failure from the
    /// one before.
    ///
    /// # Example: a warning about space that is not regained
    ///
    /// ```
    /// let engine = cognate::Engine::builder().in_memory()?;
    /// if let Some(failure) = engine.removal_failure() {
    ///     eprintln!("deleted pools still take space: {failure}");
    /// }
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn removal_failure(&self) -> Option<Arc<Error>> {
        self.core.remover.failure.lock().clone()
    }
}

/// The state of the removal in one engine.
pub(super) struct Remover {
    pub(super) removal: Removal,
    /// The name of the engine in its claims, drawn for the first of them.
    claimer: OnceLock<[u8; 16]>,
    /// The pools that calls of this engine are removing.
    in_calls: Mutex<BTreeSet<Guid>>,
    /// The pools that this engine is importing, which have marks until they are whole.
    pub(super) imports: Mutex<BTreeSet<Guid>>,
    failure: Mutex<Option<Arc<Error>>>,
    /// Wakes the sweeper.
    pub(super) bell: Bell,
}

impl Remover {
    pub(super) fn new(removal: Removal) -> Self {
        Self {
            removal,
            claimer: OnceLock::new(),
            in_calls: Mutex::default(),
            imports: Mutex::default(),
            failure: Mutex::default(),
            bell: Bell::default(),
        }
    }

    /// Notes how an attempt has ended.
    pub(super) fn note(&self, attempt: Result<()>) {
        *self.failure.lock() = attempt.err().map(Arc::new);
    }

    pub(super) fn is_own(&self, claim: &Claim) -> bool {
        self.claimer.get() == Some(&claim.claimer)
    }

    pub(super) fn claim(&self, entropy: &dyn Entropy, now: Timestamp) -> Result<Claim> {
        let claimer = if let Some(claimer) = self.claimer.get() {
            claimer
        } else {
            let mut drawn = [0; 16];
            entropy.fill(&mut drawn)?;
            self.claimer.get_or_init(|| drawn)
        };
        Ok(Claim::new(*claimer, now))
    }
}

/// The outcome of a step.
enum Step {
    /// More may be left.
    Removed,
    /// Nothing is left.
    Finished,
    /// The pool is left to another engine, at least until this moment.
    Claimed(Timestamp),
}

impl Core {
    /// Whether the claim is that of another engine, which may be alive.
    fn respects(&self, claim: &Claim, now: Timestamp) -> bool {
        !self.remover.is_own(claim) && self.is_shared() && !claim.is_over(now)
    }

    /// Removes pools, and then those that other engines have left. Another call of this engine may
    /// be removing a large pool: this call does not wait for it.
    pub(super) fn remove_within_call(&self, pools: &[Guid]) -> Result<()> {
        let in_calls = &self.remover.in_calls;
        in_calls.lock().extend(pools);
        let removed = pools.iter().try_for_each(|pool| self.remove_pool(*pool).map(drop));
        in_calls.lock().retain(|pool| !pools.contains(pool));
        removed?;
        self.remove_pools(|other| in_calls.lock().contains(&other)).map(drop)
    }

    /// Removes every deleted pool that is not to be left out. A corrupt record holds up its own
    /// pool only. Returns when the first claim of another engine ends, if there is one.
    pub(super) fn remove_pools(
        &self,
        is_left_out: impl Fn(Guid) -> bool,
    ) -> Result<Option<Timestamp>> {
        let (mut claimed, mut spoiled) = (None, None);
        for entry in entries(&self.store, KeyRange::all(Tree::Deletions)) {
            let (key, _) = entry?;
            let removed = match key.guid() {
                Some(pool) if is_left_out(pool) => continue,
                Some(pool) => self.remove_pool(pool),
                None => Err(corrupt(&key, "not a pool's mark").into()),
            };
            match removed {
                Ok(until) => claimed = claimed.into_iter().chain(until).min(),
                Err(error @ Error::Corrupt { .. }) => {
                    spoiled.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        spoiled.map_or(Ok(claimed), Err)
    }

    /// Removes a deleted pool. Returns when the claim of another engine ends, if there is one.
    pub(super) fn remove_pool(&self, pool: Guid) -> Result<Option<Timestamp>> {
        loop {
            match self.remove_step(pool)? {
                Step::Removed => {}
                Step::Finished => return Ok(None),
                Step::Claimed(until) => return Ok(Some(until)),
            }
        }
    }

    /// Removes one step of identities, each with its logins, then of events. Removes also logins
    /// without an identity: by I2 there are none, but a damaged store can have some.
    fn remove_step(&self, pool: Guid) -> Result<Step> {
        let (key, remover) = (Key::deletion(pool), &self.remover);
        self.run_batch(|reads| {
            let mut writes = Batch::default();
            if remover.imports.lock().contains(&pool) {
                return Ok((writes, Step::Finished));
            }
            let Some(mark) = reads.record::<Deletion>(&key)? else {
                return Ok((writes, Step::Finished));
            };
            let now = self.now();
            if let Some(claim) = mark.claim.filter(|claim| self.respects(claim, now)) {
                return Ok((writes, Step::Claimed(claim.until)));
            }
            let identities = reads.scan(&KeyRange::identities_of(pool), STEP)?;
            let mut is_last = identities.len() < STEP;
            for (key, value) in identities {
                let identity = Identity::decode(&key, &value)?;
                write_identity(&mut writes, Change::Delete(identity))?;
            }
            for tree in [Tree::Logins, Tree::Journal, Tree::Activity] {
                if is_last {
                    let rest = reads.scan(&KeyRange::prefix(tree, pool.0), STEP)?;
                    is_last = rest.len() < STEP;
                    writes.deletes.extend(rest.into_iter().map(|(key, _)| key));
                }
            }
            // Most of the logins were those of the last identities.
            writes.deletes.sort_unstable();
            writes.deletes.dedup();
            if is_last {
                writes.deletes.push(key.clone());
            } else if self.is_shared()
                && !mark.claim.is_some_and(|c| remover.is_own(&c) && c.is_fresh(now))
            {
                let claim = Some(remover.claim(&*self.entropy, now)?);
                writes.puts.push((key.clone(), Deletion { claim }.encode()?));
            }
            Ok((writes, if is_last { Step::Finished } else { Step::Removed }))
        })
    }
}
