//! The public operations, which clients call without AWS credentials.

mod decide;

use crate::engine::Public;
use crate::engine::proving::Proving;
use crate::engine::throttle::{Limited, Scope};
use crate::error::Result;
use crate::id::Region;
use crate::operation::{
    GetCredentialsForIdentityInput, GetCredentialsForIdentityOutput, GetIdInput, GetIdOutput,
    GetOpenIdTokenInput, GetOpenIdTokenOutput, UnlinkIdentityInput,
};
use crate::rules::provider::Accepts;
use crate::state::ChangeOperation;

impl Public {
    /// Gets the identity of logins, or creates one.
    ///
    /// Without logins, each call creates a new guest. Logins that no identity has create a new
    /// identity. Logins of one identity return that identity, and the other logins of the call are
    /// linked to it. Logins of several identities merge them.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`PoolForbidden`](crate::Refusal::PoolForbidden): the given account does not own the pool.
    /// * [`GuestsUnsupported`](crate::Refusal::GuestsUnsupported): there are no logins, and the
    ///   pool does not allow guests.
    /// * The refusals of presented logins. First, for each provider name in turn:
    ///   [`ProvidersMissing`](crate::Refusal::ProvidersMissing);
    ///   [`LoginIsCognitoToken`](crate::Refusal::LoginIsCognitoToken);
    ///   [`PublicProviderExpected`](crate::Refusal::PublicProviderExpected); for a provider that
    ///   the pool does not have, [`LoginIssuerMismatch`](crate::Refusal::LoginIssuerMismatch) if
    ///   the token is a JSON Web Token of another issuer, and
    ///   [`ProviderUnsupported`](crate::Refusal::ProviderUnsupported) otherwise. Then, for each
    ///   token in turn, the refusals of the login verifier.
    /// * [`LoginTaken`](crate::Refusal::LoginTaken),
    ///   [`MergeOfTwoUsers`](crate::Refusal::MergeOfTwoUsers): an identity would get a second user
    ///   of one public provider. `LoginTaken` means that no identity has that user yet,
    ///   `MergeOfTwoUsers` that another identity has.
    /// * [`TooManyLogins`](crate::Refusal::TooManyLogins): an identity would get more than 20
    ///   logins.
    ///
    /// # Example: each guest gets a separate identity
    ///
    /// ```
    /// use cognate::operation::{CreateIdentityPoolInput, GetIdInput, GuestAccess};
    /// use cognate::Engine;
    ///
    /// let engine = Engine::builder().in_memory()?;
    /// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    /// let pool = aws.create_identity_pool(input)?;
    /// let call = GetIdInput::new(&pool.identity_pool_id);
    /// let guest = engine.public().get_id(call.clone())?;
    /// assert_ne!(engine.public().get_id(call)?, guest);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn get_id(&self, input: GetIdInput) -> Result<GetIdOutput> {
        let input = input.checked()?;
        self.admit(Limited::GetId, input.identity_pool_id.region())?;
        let mut proving = Proving::new(&self.core, Accepts::Public, &input.logins);
        let identity_id =
            self.run(ChangeOperation::GetId, |reads| self.decide_id(reads, &input, &mut proving))?;
        Ok(GetIdOutput { identity_id })
    }

    /// Issues a token for an identity: the basic (classic) flow. The proof is one of the identity's
    /// logins; a guest needs none. The token is valid for 600 seconds.
    ///
    /// Logins that no identity has are linked to the identity. Other identities that have any of
    /// the logins are merged into it. A guest is merged into the identity that has the logins.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound)
    /// * [`ClassicFlowDisabled`](crate::Refusal::ClassicFlowDisabled),
    ///   [`ClassicFlowWithRoleMappings`](crate::Refusal::ClassicFlowWithRoleMappings),
    ///   [`ClassicFlowWithSaml`](crate::Refusal::ClassicFlowWithSaml). The last one means that a
    ///   login is of a SAML provider.
    /// * [`GuestsUnsupported`](crate::Refusal::GuestsUnsupported): a guest without logins, in a
    ///   pool that no longer allows guests.
    /// * The refusals of presented logins, as in [`get_id`](Self::get_id).
    /// * [`IdentityForbidden`](crate::Refusal::IdentityForbidden): the identity is disabled, or it
    ///   is authenticated and no login was presented.
    /// * [`LoginsDontMatch`](crate::Refusal::LoginsDontMatch): no login belongs to the
    ///   authenticated identity.
    /// * [`LoginTaken`](crate::Refusal::LoginTaken),
    ///   [`MergeOfTwoUsers`](crate::Refusal::MergeOfTwoUsers),
    ///   [`TooManyLogins`](crate::Refusal::TooManyLogins)
    ///
    /// # Example: a guest's token
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    /// # let pool = aws.create_identity_pool(input)?;
    /// let guest = engine.public().get_id(GetIdInput::new(&pool.identity_pool_id))?;
    /// let call = GetOpenIdTokenInput::new(&guest.identity_id);
    /// let token = engine.public().get_open_id_token(call)?.token;
    /// assert_eq!(engine.verify_token(token.as_str())?.amr(), ["unauthenticated"]);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn get_open_id_token(&self, input: GetOpenIdTokenInput) -> Result<GetOpenIdTokenOutput> {
        let input = input.checked()?;
        self.admit(Limited::GetOpenIdToken, input.identity_id.region())?;
        let mut proving = Proving::new(&self.core, Accepts::Public, &input.logins);
        let (claims, key) = self.core.run_as(
            self.origin(ChangeOperation::GetOpenIdToken),
            |reads| self.decide_claims(reads, &input, &mut proving),
            |(claims, region)| Ok((claims, self.core.current_key(&region)?)),
        )?;
        let token = key.sign(&claims)?;
        Ok(GetOpenIdTokenOutput { identity_id: claims.identity_id().clone(), token })
    }

    /// Issues credentials for an identity: the enhanced flow. The proof is one of the identity's
    /// logins, or a token of this service for the identity; a guest needs none. The credentials are
    /// valid for one hour.
    ///
    /// A token of this service, such as a backend requests for its user, is presented under the
    /// [provider name](crate::token::TokenIssuer::provider_name) of its region:
    /// `cognito-identity.amazonaws.com`, except in GovCloud and China. Logins are linked and
    /// identities merged as by [`get_open_id_token`](Self::get_open_id_token).
    ///
    /// The presented logins decide the role, in their order. The logins that a token names have no
    /// known claims. They decide only if no login is presented, or if the presented logins are
    /// refused a role. A token and a login together always get at least the access that one of them
    /// would get alone.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound)
    /// * [`GuestsUnsupported`](crate::Refusal::GuestsUnsupported)
    /// * The refusals of presented logins, as in [`get_id`](Self::get_id). For a token of this
    ///   service they are [`TokenForeign`](crate::Refusal::TokenForeign),
    ///   [`TokenExpired`](crate::Refusal::TokenExpired), and
    ///   [`LoginsDontMatch`](crate::Refusal::LoginsDontMatch) if the token is for another identity.
    /// * [`IdentityForbidden`](crate::Refusal::IdentityForbidden),
    ///   [`LoginsDontMatch`](crate::Refusal::LoginsDontMatch),
    ///   [`LoginTaken`](crate::Refusal::LoginTaken),
    ///   [`MergeOfTwoUsers`](crate::Refusal::MergeOfTwoUsers),
    ///   [`TooManyLogins`](crate::Refusal::TooManyLogins)
    /// * The refusals of roles: [`AmbiguousRole`](crate::Refusal::AmbiguousRole),
    ///   [`RoleForbidden`](crate::Refusal::RoleForbidden),
    ///   [`CustomRoleNotOffered`](crate::Refusal::CustomRoleNotOffered),
    ///   [`PoolConfigurationInvalid`](crate::Refusal::PoolConfigurationInvalid).
    ///
    /// # Example: the identity that is calling
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
    /// # let pool = aws.create_identity_pool(input)?;
    /// let roles = SetIdentityPoolRolesInput::new(&pool.identity_pool_id)
    ///     .roles(RoleType::Unauthenticated, "arn:aws:iam::123456789012:role/guest");
    /// aws.set_identity_pool_roles(roles)?;
    /// let guest = engine.public().get_id(GetIdInput::new(&pool.identity_pool_id))?;
    /// let call = GetCredentialsForIdentityInput::new(&guest.identity_id);
    /// let credentials = engine.public().get_credentials_for_identity(call)?.credentials;
    /// let verified = engine.verify_session(credentials.session_token.as_str())?;
    /// assert_eq!(verified.session.identity_id, guest.identity_id);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn get_credentials_for_identity(
        &self,
        input: GetCredentialsForIdentityInput,
    ) -> Result<GetCredentialsForIdentityOutput> {
        let input = input.checked()?;
        self.admit(Limited::GetCredentialsForIdentity, input.identity_id.region())?;
        let mut proving = Proving::new(&self.core, Accepts::PublicOrCognito, &input.logins);
        self.core.run_as(
            self.origin(ChangeOperation::GetCredentialsForIdentity),
            |reads| self.decide_session(reads, &input, &mut proving),
            |(session, _)| {
                let credentials = self.core.issue(&session)?;
                let identity_id = session.identity_id;
                Ok(GetCredentialsForIdentityOutput { identity_id, credentials })
            },
        )
    }

    /// Unlinks public logins from an identity. The proof is one of the identity's logins, or a
    /// token for the identity. An unlinked login creates a new identity when it is presented again.
    /// An identity without any login left is disabled permanently.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound)
    /// * [`PublicProviderExpected`](crate::Refusal::PublicProviderExpected): the developer provider
    ///   is among the providers to unlink. Only the pool's owner may unlink its users.
    /// * The refusals of presented logins, as in
    ///   [`get_credentials_for_identity`](Self::get_credentials_for_identity).
    /// * [`IdentityForbidden`](crate::Refusal::IdentityForbidden): the identity is disabled.
    /// * [`LoginsDontMatch`](crate::Refusal::LoginsDontMatch): no login belongs to the identity.
    ///
    /// # Example: unlinking Google
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().login_verifier(UnverifiedLogins::trust_everyone());
    /// # let engine = engine.in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied)
    /// #     .supported_login_providers("www.amazon.com", "app");
    /// # let pool = aws.create_identity_pool(input)?;
    /// let call = GetIdInput::new(&pool.identity_pool_id).logins("www.amazon.com", "token");
    /// let identity = engine.public().get_id(call.clone())?.identity_id;
    /// let unlink = UnlinkIdentityInput::new(&identity)
    ///     .logins("www.amazon.com", "token")
    ///     .logins_to_remove("www.amazon.com");
    /// engine.public().unlink_identity(unlink)?;
    /// assert_ne!(engine.public().get_id(call)?.identity_id, identity);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn unlink_identity(&self, input: UnlinkIdentityInput) -> Result<()> {
        let input = input.checked()?;
        let mut proving = Proving::new(&self.core, Accepts::PublicOrCognito, &input.logins);
        self.run(ChangeOperation::UnlinkIdentity, |reads| {
            self.decide_unlinking(reads, &input, &mut proving)
        })
    }

    fn admit<E>(&self, operation: Limited, region: Result<Region, E>) -> Result<()> {
        // An id without a region names nothing. The call itself will refuse it.
        let Ok(region) = region else { return Ok(()) };
        let scope: Scope<'_> = (None, &region);
        self.core.admit(operation, scope)
    }
}
