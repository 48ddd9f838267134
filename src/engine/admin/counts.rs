//! The numbers of identities and logins of a pool.

use crate::admin::IdentityPoolCounts;
use crate::engine::Admin;
use crate::error::Result;
use crate::id::IdentityPoolId;
use crate::rules::admin::is_configured_for;
use crate::state::{IdentityState, IdentitySummary};
use crate::store::key::corrupt;
use crate::store::{Key, KeyRange};

impl Admin {
    /// Counts the identities and logins of a pool.
    ///
    /// This walks the whole pool: it takes as long as the pool is large. It reads 256 records at a
    /// time and keeps none of them. Others may write meanwhile, so the numbers need not be of one
    /// moment. They are exact if nobody does.
    ///
    /// # Errors
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound), also if the pool is deleted meanwhile.
    ///
    /// # Example: one user
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// # let pool = aws.create_identity_pool(input.developer_provider_name("login.game"))?;
    /// # let call = GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id);
    /// aws.resolve_developer_identity(call.logins("login.game", "alice"))?;
    /// let counts = engine.admin().count_identities(&pool.identity_pool_id)?;
    /// assert_eq!((counts.authenticated, counts.logins[&"login.game".parse()?]), (1, 1));
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn count_identities(&self, pool: &IdentityPoolId) -> Result<IdentityPoolCounts> {
        let mut counts = IdentityPoolCounts::zero(pool.clone());
        let identity = |key: &_, value: &_| Ok(IdentitySummary::decode(key, value)?.state);
        self.core.walk(pool, KeyRange::identities_of, identity, |_, state| {
            let count = match state {
                IdentityState::Unauthenticated => &mut counts.unauthenticated,
                IdentityState::Authenticated => &mut counts.authenticated,
                IdentityState::Disabled => &mut counts.disabled,
            };
            *count = count.saturating_add(1);
        })?;
        let login = |key: &Key, _: &_| {
            key.login_parts().ok_or_else(|| corrupt(key, "not the key of a login"))
        };
        self.core.walk(pool, KeyRange::logins_of, login, |kept, login| {
            let count = if is_configured_for(&kept.pool.settings, &login) {
                counts.logins.entry(login.provider().without_final_slash()).or_default()
            } else {
                &mut counts.other_logins
            };
            *count = count.saturating_add(1);
        })?;
        Ok(counts)
    }
}
