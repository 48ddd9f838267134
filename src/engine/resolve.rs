//! Resolution of verified logins to an identity.

use crate::ambient::Timestamp;
use crate::engine::cache::KeptPool;
use crate::engine::gather::Reads;
use crate::engine::proving::Proof;
use crate::error::Result;
use crate::id::IdentityId;
use crate::rules::Decided;
use crate::rules::link::{self, OpenedBy, Resolution};
use crate::rules::rule::{AppliedRule, ResolutionRow};
use crate::state::Identity;

impl Reads<'_> {
    /// Finds the identity of the verified logins, or decides to create, change or merge identities.
    pub(super) fn resolve(
        &mut self,
        pool: &KeptPool,
        (given, opened_by): (Option<&Identity>, OpenedBy<'_>),
        proof: &Proof,
        now: Timestamp,
    ) -> Result<Decided<IdentityId>> {
        let logins = proof.logins();
        let owners = self.owners(pool, &logins)?;
        if given.is_none()
            && let Some(place) = link::settled(&owners)
        {
            self.rule = Some(AppliedRule::Resolution(ResolutionRow::A2));
            return Ok(Decided::unchanged(IdentityId::new(&pool.pool.region, place.guid)));
        }
        let owners = self.identities_at(pool, owners.into_iter().flatten())?;
        let fresh = IdentityId::new(&pool.pool.region, self.fresh_guid(pool.guid)?);
        let opened_by = proof.amr().map_or(opened_by, OpenedBy::Token);
        let resolution =
            Resolution { pool: &pool.pool, given, opened_by, logins: &logins, owners: &owners };
        self.rule = Some(resolution.rule());
        Ok(link::resolve(resolution, fresh, now)?)
    }
}
