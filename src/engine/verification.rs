//! Verification of the tokens that this service has issued.

use crate::engine::Core;
use crate::engine::keys::{is_alive, named};
use crate::error::Result;
use crate::id::Region;
use crate::rules::Refusal;
use crate::rules::claims::Claims;
use crate::state::Pool;
use crate::token::{ParsedToken, verify};

impl Core {
    pub(super) fn verify_token(&self, token: &str) -> Result<Claims> {
        let claims = self.signed_claims(token)?;
        let id = claims.identity_pool_id();
        let pool = self.read(|reads| reads.any_pool(id))?;
        match pool.filter(|kept| is_token_of(&claims, &kept.pool)) {
            Some(_) => Ok(claims),
            None => Err(Refusal::TokenForeign.into()),
        }
    }

    /// The claims of a token for `pool`. Reads no pool, so that a decision relies on the pool that
    /// it has read.
    pub(super) fn verify_token_for(&self, pool: &Pool, token: &str) -> Result<Option<Claims>> {
        let claims = self.signed_claims(token)?;
        if claims.identity_pool_id() != pool.id() {
            self.verify_token(token)?;
            return Ok(None);
        }
        if is_token_of(&claims, pool) {
            Ok(Some(claims))
        } else {
            Err(Refusal::TokenForeign.into())
        }
    }

    /// The claims of a token with a valid signature, whose pool may be gone.
    fn signed_claims(&self, token: &str) -> Result<Claims> {
        // Cached keys and pools would answer without the store.
        self.store.ensure_open()?;
        let parsed = ParsedToken::parse(token).ok_or(Refusal::TokenForeign)?;
        let (region, number) = named(&parsed.kid).ok_or(Refusal::TokenForeign)?;
        let key = self.verifying_key(&parsed.kid, &region, number)?;
        let now = self.now();
        let key = key.filter(|key| is_alive(key, now)).ok_or(Refusal::TokenForeign)?;
        let claims = verify(&parsed, &key.key, now.as_secs())?;
        let is_of_region = |id: Result<Region, _>| id.as_ref() == Ok(&region);
        if is_of_region(claims.identity_pool_id().region())
            && is_of_region(claims.identity_id().region())
        {
            Ok(claims)
        } else {
            Err(Refusal::TokenForeign.into())
        }
    }
}

/// Whether a pool has issued a token with these claims.
fn is_token_of(claims: &Claims, pool: &Pool) -> bool {
    claims.identity_pool_id() == pool.id()
        && claims.identity_pool_arn().is_none_or(|arn| arn == pool.arn().as_str())
}
