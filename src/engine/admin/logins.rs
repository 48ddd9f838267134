//! Links that an administrator makes and removes, without a token.

use crate::admin::{IdentityDetails, LinkLogin, LinkLoginInput, UnlinkLogin, UnlinkLoginInput};
use crate::engine::Admin;
use crate::engine::gather::Reads;
use crate::error::Result;
use crate::rules::rule::AppliedRule;
use crate::rules::{Decided, admin};
use crate::state::{ChangeOperation, Identity};

impl Admin {
    /// Links a login to an identity without a token. A guest becomes authenticated.
    ///
    /// Nothing moves: a login that another identity has stays there. Nothing changes if the
    /// identity already has the login. Answers with the identity as it is then.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`Error::Invalid`](crate::Error::Invalid): a member violates its constraints. For example,
    ///   the subject has more than 1024 characters.
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound)
    /// * [`ProviderUnsupported`](crate::Refusal::ProviderUnsupported): the identity's pool has no
    ///   such provider.
    /// * [`DeveloperUserAlreadyRegistered`](crate::Refusal::DeveloperUserAlreadyRegistered),
    ///   [`LoginOfAnother`](crate::Refusal::LoginOfAnother): another identity has the login. The
    ///   refusal names that identity.
    /// * [`IdentityForbidden`](crate::Refusal::IdentityForbidden): the identity is disabled.
    /// * [`LoginTaken`](crate::Refusal::LoginTaken): the identity has another user of the same
    ///   public provider.
    /// * [`TooManyLogins`](crate::Refusal::TooManyLogins): the identity has 20 logins.
    ///
    /// # Example: a second way to log in
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// use cognate::admin::LinkLoginInput;
    ///
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied)
    ///     .developer_provider_name("login.game")
    ///     .supported_login_providers("accounts.google.com", "app");
    /// let pool = aws.create_identity_pool(input)?.identity_pool_id;
    /// let call = GetOpenIdTokenForDeveloperIdentityInput::new(&pool);
    /// let alice = aws.resolve_developer_identity(call.logins("login.game", "alice"))?;
    ///
    /// let input = LinkLoginInput::new(&alice, "accounts.google.com", "1089");
    /// let linked = engine.admin().link_login(input)?;
    /// assert_eq!(linked.logins[1].provider().as_str(), "accounts.google.com");
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn link_login(&self, input: LinkLoginInput) -> Result<IdentityDetails> {
        let input = input.checked()?;
        self.run(ChangeOperation::LinkLogin, |reads| self.decide_link(reads, &input))
            .map(|after| (&after).into())
    }

    pub(in crate::engine) fn decide_link(
        &self,
        reads: &mut Reads<'_>,
        input: &LinkLogin,
    ) -> Result<Decided<Identity>> {
        let (kept, identity) = reads.known_identity(&input.identity_id)?;
        reads.rule = Some(AppliedRule::LinkLogin);
        let login = admin::login_to_link(&kept.pool, &input.provider, &input.subject)?;
        let owner = reads.owner_of(&kept, std::slice::from_ref(&login))?;
        Ok(admin::link(&identity, login, owner.as_ref(), self.core.now())?)
    }

    /// Unlinks a login from an identity without a token. The login becomes free. An identity
    /// without any login left is disabled permanently. Answers with the identity as it is then.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`Error::Invalid`](crate::Error::Invalid): a member violates its constraints.
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound)
    /// * [`LoginOfAnother`](crate::Refusal::LoginOfAnother), or
    ///   [`DeveloperUserElsewhere`](crate::Refusal::DeveloperUserElsewhere) for the pool's
    ///   developer provider: another identity has the login.
    /// * [`LoginNotFound`](crate::Refusal::LoginNotFound), or
    ///   [`DeveloperUserNotFound`](crate::Refusal::DeveloperUserNotFound) for the pool's developer
    ///   provider: no identity has the login.
    ///
    /// # Example: the last login disables the identity
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// use cognate::admin::UnlinkLoginInput;
    ///
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// # let pool = aws.create_identity_pool(input.developer_provider_name("login.game"))?;
    /// # let call = GetOpenIdTokenForDeveloperIdentityInput::new(&pool.identity_pool_id);
    /// let alice = aws.resolve_developer_identity(call.logins("login.game", "alice"))?;
    /// let input = UnlinkLoginInput::new(&alice, "login.game", "alice");
    /// let left = engine.admin().unlink_login(input)?;
    /// assert_eq!((left.state, left.logins.len()), (IdentityState::Disabled, 0));
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn unlink_login(&self, input: UnlinkLoginInput) -> Result<IdentityDetails> {
        let input = input.checked()?;
        self.run(ChangeOperation::UnlinkLogin, |reads| self.decide_unlinking(reads, &input))
            .map(|after| (&after).into())
    }

    pub(in crate::engine) fn decide_unlinking(
        &self,
        reads: &mut Reads<'_>,
        input: &UnlinkLogin,
    ) -> Result<Decided<Identity>> {
        let (kept, identity) = reads.known_identity(&input.identity_id)?;
        reads.rule = Some(AppliedRule::UnlinkLogin);
        let named = admin::logins_named(&kept.pool, &input.provider, &input.subject);
        if let Some(decided) = admin::unlink(&identity, &named, self.core.now()) {
            return Ok(decided);
        }
        let owner = reads.owner_of(&kept, &named)?;
        Err(admin::not_linked(&identity, &named, owner.as_ref()).into())
    }
}
