//! Administration: all pools and identities, of every account and region.

mod counts;
mod creation;
mod find;
mod history;
mod identities;
mod listing;
mod logins;
mod reset;
mod undo;
mod walk;

use crate::admin::{IdentityDetails, IdentityPoolDetails};
use crate::engine::Admin;
use crate::error::Result;
use crate::id::{IdentityId, IdentityPoolId};
pub(super) use identities::decide_deletion;

impl Admin {
    /// Describes a pool of any account, with its owner.
    ///
    /// # Errors
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    ///
    /// # Example: the owner of a pool
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// let pool = aws.create_identity_pool(input)?;
    /// let details = engine.admin().identity_pool(&pool.identity_pool_id)?;
    /// assert_eq!(details.account_id.as_str(), "123456789012");
    /// assert_eq!(details.identity_pool, pool);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn identity_pool(&self, id: &IdentityPoolId) -> Result<IdentityPoolDetails> {
        self.core.read(|reads| Ok(IdentityPoolDetails::from(&reads.known_pool(id)?.pool)))
    }

    /// Describes an identity of any account, with its users.
    ///
    /// # Errors
    ///
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound)
    ///
    /// # Example: the user behind an identity
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// # let pool = aws.create_identity_pool(input.developer_provider_name("login.game"))?;
    /// let call = GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id)
    ///     .logins("login.game", "alice");
    /// let alice = aws.resolve_developer_identity(call)?;
    /// let details = engine.admin().identity(&alice)?;
    /// assert_eq!(details.logins[0].subject().as_str(), "alice");
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn identity(&self, id: &IdentityId) -> Result<IdentityDetails> {
        self.core.read(|reads| {
            let (_, identity) = reads.known_identity(id)?;
            Ok(IdentityDetails::from(&identity))
        })
    }
}
