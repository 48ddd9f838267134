//! The pools of an import. Each has the mark of a deleted pool until the last commit, so nobody
//! sees it, and a killed import leaves only what the removal of deleted pools clears.

use crate::engine::Core;
use crate::engine::gather::Reads;
use crate::engine::run::not_minted;
use crate::error::Result;
use crate::exchange::ImportFault;
use crate::id::{Guid, IdentityPoolId};
use crate::state::Pool;
use crate::store::record::{Claim, Deletion, Record};
use crate::store::{Batch, Key};

/// The number of marks that one commit renews.
const RENEWED_MAX: usize = 256;

/// The marks of an import, with the claim of this engine.
pub(super) struct Held<'a> {
    core: &'a Core,
    pools: Vec<Guid>,
    /// The oldest claim.
    claim: Option<Claim>,
}

/// The state of a pool before it is marked.
enum Found {
    Free(Claim),
    Exists,
    Marked,
}

impl<'a> Held<'a> {
    pub(super) fn new(core: &'a Core) -> Self {
        Self { core, pools: Vec::new(), claim: None }
    }

    /// Marks a pool that does not exist.
    pub(super) fn mark(&mut self, id: &IdentityPoolId) -> Result<Result<(), ImportFault>> {
        let guid = id.guid().ok_or_else(|| not_minted(id.as_str()))?;
        if self.pools.contains(&guid) {
            return Ok(Err(ImportFault::PoolExists(id.clone())));
        }
        let imports = &self.core.remover.imports;
        loop {
            if !imports.lock().insert(guid) {
                return Ok(Err(ImportFault::PoolBusy(id.clone())));
            }
            match self.try_to_mark(guid) {
                Ok(Found::Free(claim)) => {
                    self.claim.get_or_insert(claim);
                    self.pools.push(guid);
                    return Ok(Ok(()));
                }
                refused => {
                    imports.lock().remove(&guid);
                    if let Found::Exists | Found::Free(_) = refused? {
                        return Ok(Err(ImportFault::PoolExists(id.clone())));
                    }
                    // Of an earlier pool with this id.
                    if self.core.remove_pool(guid)?.is_some() {
                        return Ok(Err(ImportFault::PoolBusy(id.clone())));
                    }
                }
            }
        }
    }

    fn try_to_mark(&self, guid: Guid) -> Result<Found> {
        let (core, mark) = (self.core, Key::deletion(guid));
        core.run_batch(|reads| {
            let mut writes = Batch::default();
            reads.will_read([Key::pool(guid), mark.clone()]);
            if reads.record::<Pool>(&Key::pool(guid))?.is_some() {
                return Ok((writes, Found::Exists));
            }
            if reads.record::<Deletion>(&mark)?.is_some() {
                return Ok((writes, Found::Marked));
            }
            // The last commit finds a pool that appears meanwhile.
            reads.ignore_absent();
            let claim = core.remover.claim(&*core.entropy, core.now())?;
            writes.checks.push((mark.clone(), None));
            writes.puts.push((mark.clone(), Deletion { claim: Some(claim) }.encode()?));
            Ok((writes, Found::Free(claim)))
        })
    }

    /// Extends the claims if they have lost half of their time. False if another engine has taken a
    /// pool over.
    pub(super) fn renew(&mut self) -> Result<bool> {
        let core = self.core;
        let now = core.now();
        if !core.is_shared() || self.claim.is_none_or(|claim| claim.is_fresh(now)) {
            return Ok(true);
        }
        let claim = core.remover.claim(&*core.entropy, now)?;
        let renewed = Deletion { claim: Some(claim) }.encode()?;
        for pools in self.pools.chunks(RENEWED_MAX) {
            let marks = pools.iter().map(|guid| Key::deletion(*guid));
            let is_held = core.run_batch(|reads| {
                let mut writes = Batch::default();
                reads.will_read(marks.clone());
                for mark in marks.clone() {
                    if !core.holds(reads, &mark)? {
                        return Ok((Batch::default(), false));
                    }
                    writes.puts.push((mark, renewed.clone()));
                }
                Ok((writes, true))
            })?;
            if !is_held {
                return Ok(false);
            }
        }
        self.claim = Some(claim);
        Ok(true)
    }

    /// Removes everything that was imported.
    pub(super) fn give_up(&mut self) {
        for guid in self.let_go() {
            if let Err(error) = self.core.remove_pool(guid) {
                self.core.remover.note(Err(error));
            }
        }
    }

    /// Leaves marks that are still there to the removal of deleted pools.
    fn let_go(&mut self) -> Vec<Guid> {
        let pools = std::mem::take(&mut self.pools);
        let mut imports = self.core.remover.imports.lock();
        for guid in &pools {
            imports.remove(guid);
        }
        pools
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if !self.let_go().is_empty() {
            self.core.remover.bell.ring();
        }
    }
}

impl Core {
    /// Whether the mark of an import is as it was left.
    pub(super) fn holds(&self, reads: &mut Reads<'_>, mark: &Key) -> Result<bool> {
        let claim = reads.record::<Deletion>(mark)?.and_then(|mark| mark.claim);
        Ok(claim.is_some_and(|claim| self.remover.is_own(&claim)))
    }
}
