//! The decisions of the public operations.

use crate::admin::RoleChoice;
use crate::credentials::{SESSION_SECS, Session};
use crate::engine::Public;
use crate::engine::gather::Reads;
use crate::engine::proving::Proving;
use crate::engine::sessions::end_of_session;
use crate::error::Result;
use crate::id::{IdentityId, Region};
use crate::operation::{GetCredentialsForIdentity, GetId, GetOpenIdToken, UnlinkIdentity};
use crate::rules::claims::{Claims, TokenDuration};
use crate::rules::link::OpenedBy;
use crate::rules::rule::AppliedRule;
use crate::rules::session::{Evidence, Grant};
use crate::rules::{Decided, Refusal, attributes, public};

impl Public {
    /// The identity of the logins.
    pub(in crate::engine) fn decide_id(
        &self,
        reads: &mut Reads<'_>,
        input: &GetId,
        proving: &mut Proving<'_>,
    ) -> Result<Decided<IdentityId>> {
        let now = self.core.now();
        let kept = reads.any_pool(&input.identity_pool_id)?.ok_or_else(|| {
            let identity_pool_id = input.identity_pool_id.clone();
            Refusal::PoolNotFound { identity_pool_id }
        })?;
        public::check_account(&kept.pool, input.account_id.as_ref())?;
        if input.logins.is_empty() {
            public::check_guest_access(&kept.pool)?;
        }
        let proof = proving.prove(&kept, None, now)?;
        let decided = reads.resolve(&kept, (None, OpenedBy::Login), &proof, now)?;
        self.core.review(reads, input.about(), proving, &decided, None)?;
        Ok(decided)
    }

    /// The claims of the token, and the region whose key signs it.
    pub(in crate::engine) fn decide_claims(
        &self,
        reads: &mut Reads<'_>,
        input: &GetOpenIdToken,
        proving: &mut Proving<'_>,
    ) -> Result<Decided<(Claims, Region)>> {
        let now = self.core.now();
        proving.prove_ahead_for(reads, &input.identity_id, now)?;
        let (kept, identity) = reads.known_identity(&input.identity_id)?;
        let providers = input.logins.iter().map(|(provider, _)| provider);
        public::check_classic_flow(&kept.pool, providers)?;
        if input.logins.is_empty() && identity.is_guest() {
            public::check_guest_access(&kept.pool)?;
        }
        let proof = proving.prove(&kept, Some(identity.id()), now)?;
        let given = (Some(&identity), OpenedBy::Login);
        let decided = reads.resolve(&kept, given, &proof, now)?;
        self.core.review(reads, input.about(), proving, &decided, None)?;
        Ok(decided.map(|identity| {
            let tags = attributes::tags(&kept.pool, &proof.used);
            let duration = TokenDuration::CLASSIC_FLOW;
            let claims = Claims::new(&kept.pool, identity, &proof.used, tags, duration, now);
            (claims, kept.pool.region.clone())
        }))
    }

    /// The session of the credentials, and the choice of its role.
    pub(in crate::engine) fn decide_session(
        &self,
        reads: &mut Reads<'_>,
        input: &GetCredentialsForIdentity,
        proving: &mut Proving<'_>,
    ) -> Result<Decided<(Session, RoleChoice)>> {
        let now = self.core.now();
        proving.prove_ahead_for(reads, &input.identity_id, now)?;
        let (kept, identity) = reads.known_identity(&input.identity_id)?;
        if input.logins.is_empty() && identity.is_guest() {
            public::check_guest_access(&kept.pool)?;
        }
        let proof = proving.prove(&kept, Some(identity.id()), now)?;
        // No token proves anything for a guest, even if the identity had logins before an undo.
        if proof.used.is_empty() && identity.is_guest() {
            public::check_guest_access(&kept.pool)?;
        }
        let given = (Some(&identity), OpenedBy::Login);
        let decided = reads.resolve(&kept, given, &proof, now)?;
        let evidence = Evidence {
            pool: &kept.pool,
            identity: &identity,
            used: &proof.used,
            token: proof.token.as_ref(),
        };
        let accounts = self.core.choices.role_accounts;
        let Grant { role, chosen_by, tags } =
            evidence.grant(input.custom_role_arn.as_ref(), accounts)?;
        let choice = RoleChoice { role_arn: role.clone(), chosen_by };
        self.core.review(reads, input.about(), proving, &decided, Some(&choice))?;
        Ok(decided.map(|identity_id| {
            let identity_pool_id = kept.pool.id().clone();
            let session = Session {
                principal_tags: tags,
                amr: evidence.amr(),
                ..Session::new(
                    identity_id,
                    identity_pool_id,
                    role,
                    end_of_session(now, SESSION_SECS),
                )
            };
            (session, choice)
        }))
    }

    /// The identity without the logins.
    pub(in crate::engine) fn decide_unlinking(
        &self,
        reads: &mut Reads<'_>,
        input: &UnlinkIdentity,
        proving: &mut Proving<'_>,
    ) -> Result<Decided<()>> {
        let now = self.core.now();
        let (kept, identity) = reads.known_identity(&input.identity_id)?;
        let providers = &input.logins_to_remove;
        public::check_removal(&kept.pool, providers)?;
        let proof = proving.prove(&kept, Some(identity.id()), now)?;
        reads.rule = Some(AppliedRule::UnlinkLogins);
        Ok(public::unlink(&identity, &proof.logins(), proof.amr(), providers, now)?)
    }
}
