//! The identity behind a login or a token.

use crate::admin::IdentityDetails;
use crate::engine::Admin;
use crate::engine::cache::KeptPool;
use crate::engine::gather::Reads;
use crate::error::Result;
use crate::id::IdentityPoolId;
use crate::name::{DeveloperUserIdentifier, ProviderName, Subject};
use crate::rules::{Refusal, admin};
use crate::state::{Identity, Login};

impl Admin {
    /// Finds the identity that has a login, public or developer.
    ///
    /// The pool need no longer be configured for the provider.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`LoginNotFound`](crate::Refusal::LoginNotFound), or
    ///   [`DeveloperUserNotFound`](crate::Refusal::DeveloperUserNotFound) for the pool's developer
    ///   provider: no identity has the login.
    ///
    /// # Example: the identity of a user of Google
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    /// # let google = "accounts.google.com";
    /// # let input = input.supported_login_providers(google, "app");
    /// # let pool = aws.create_identity_pool(input)?.identity_pool_id;
    /// # let dora = engine.public().get_id(GetIdInput::new(&pool))?.identity_id;
    /// # let login = admin::LinkLoginInput::new(&dora, google, "1089");
    /// # engine.admin().link_login(login)?;
    /// let (provider, subject) = ("accounts.google.com".parse()?, "1089".parse()?);
    /// let found = engine.admin().identity_of_login(&pool, &provider, &subject)?;
    /// assert_eq!(found.identity_id, dora);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn identity_of_login(
        &self,
        pool: &IdentityPoolId,
        provider: &ProviderName,
        subject: &Subject,
    ) -> Result<IdentityDetails> {
        self.core.read(|reads| {
            let kept = reads.known_pool(pool)?;
            let named = admin::logins_named(&kept.pool, provider, subject);
            let owner = reads.owner_of(&kept, &named)?;
            let owner = owner.ok_or_else(|| admin::not_found(&named))?;
            Ok(IdentityDetails::from(&owner))
        })
    }

    /// Finds the identity of a user of the pool's developer provider.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`DeveloperUserNotFound`](crate::Refusal::DeveloperUserNotFound): no identity has the
    ///   user, or the pool has no developer provider.
    ///
    /// # Example: the identity of alice
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// # let pool = aws.create_identity_pool(input.developer_provider_name("login.game"))?;
    /// # let call = GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id);
    /// let alice = aws.resolve_developer_identity(call.logins("login.game", "alice"))?;
    /// let user = "alice".parse()?;
    /// let found = engine.admin().identity_of_developer_user(&pool.identity_pool_id, &user)?;
    /// assert_eq!(found.identity_id, alice);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn identity_of_developer_user(
        &self,
        pool: &IdentityPoolId,
        user: &DeveloperUserIdentifier,
    ) -> Result<IdentityDetails> {
        self.core.read(|reads| {
            let kept = reads.known_pool(pool)?;
            let name = kept.pool.settings.developer_provider_name.as_ref();
            let login = name.map(|name| Login::developer(name, user));
            let owner = reads.owner_of(&kept, login.as_slice())?;
            let unknown = || Refusal::DeveloperUserNotFound { user: user.clone() };
            Ok(IdentityDetails::from(&owner.ok_or_else(unknown)?))
        })
    }

    /// Finds the identity that a token of this engine was issued for.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * The refusals of [`Engine::verify_token`](crate::Engine::verify_token).
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound): the identity was deleted since.
    ///
    /// # Example: the user behind a token
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// # let pool = aws.create_identity_pool(input.developer_provider_name("login.game"))?;
    /// # let call = GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id);
    /// # let call = call.logins("login.game", "alice");
    /// let issued = aws.get_open_id_token_for_developer_identity(call)?;
    /// let found = engine.admin().identity_of_token(issued.token.as_str())?;
    /// assert_eq!(found.logins[0].subject().as_str(), "alice");
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn identity_of_token(&self, token: &str) -> Result<IdentityDetails> {
        let claims = self.core.verify_token(token)?;
        self.identity(claims.identity_id())
    }
}

impl Reads<'_> {
    /// The identity that has the first of the logins that any identity has.
    pub(super) fn owner_of(
        &mut self,
        pool: &KeptPool,
        logins: &[Login],
    ) -> Result<Option<Identity>> {
        let owner = self.owners(pool, logins)?.into_iter().flatten().next();
        owner.map(|place| self.identity_at(pool, place)).transpose()
    }
}
