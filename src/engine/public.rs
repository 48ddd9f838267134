//! The public operations: what a client does by itself, without credentials.

use crate::ambient::Timestamp;
use crate::credentials::{SESSION_SECS, Session};
use crate::engine::Public;
use crate::engine::resolve::Proving;
use crate::engine::throttle::{Limited, Scope};
use crate::error::Result;
use crate::id::Region;
use crate::operation::{
    GetCredentialsForIdentityInput, GetCredentialsForIdentityOutput, GetIdInput, GetIdOutput,
    GetOpenIdTokenInput, GetOpenIdTokenOutput, UnlinkIdentityInput,
};
use crate::rules::claims::{Claims, TokenDuration};
use crate::rules::link::OpenedBy;
use crate::rules::provider::Accepts;
use crate::rules::session::{Evidence, Grant};
use crate::rules::{Refusal, attributes, public};

impl Public {
    /// Gets the identity of logins, or makes one.
    ///
    /// Without logins every call makes a new guest. Logins that nobody has make a new identity;
    /// those of one identity get that one, to which the others are linked; those of several merge
    /// them.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`PoolForbidden`](crate::Refusal::PoolForbidden): another account owns the pool than the
    ///   given one.
    /// * [`GuestsUnsupported`](crate::Refusal::GuestsUnsupported): there are no logins, and the
    ///   pool has no identities for guests.
    /// * What a presented login is refused for:
    ///   [`ProvidersMissing`](crate::Refusal::ProvidersMissing),
    ///   [`LoginIsCognitoToken`](crate::Refusal::LoginIsCognitoToken),
    ///   [`PublicProviderExpected`](crate::Refusal::PublicProviderExpected), for a provider that
    ///   the pool does not have [`LoginIssuerMismatch`](crate::Refusal::LoginIssuerMismatch) if the
    ///   token is a JSON Web Token of another issuer, else
    ///   [`ProviderUnsupported`](crate::Refusal::ProviderUnsupported), and what the login verifier
    ///   says of each in turn.
    /// * [`LoginTaken`](crate::Refusal::LoginTaken),
    ///   [`MergeOfTwoUsers`](crate::Refusal::MergeOfTwoUsers): an identity would get a second user
    ///   of one public provider, whom no identity has, or by a merge.
    /// * [`TooManyLogins`](crate::Refusal::TooManyLogins): an identity would get more than 20.
    ///
    /// # Example: guests are strangers to each other
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
        let identity_id = self.core.run(|reads| {
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
            self.core.resolve(reads, &kept, (None, OpenedBy::Login), proof, now)
        })?;
        Ok(GetIdOutput { identity_id })
    }

    /// Hands out a token for an identity that is opened by one of its logins, or for a guest: the
    /// basic (classic) flow. The token is valid for 600 seconds.
    ///
    /// Logins that nobody has are linked to the identity, those of others merge them into it; a
    /// guest is merged into the identity that the logins have.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound)
    /// * [`ClassicFlowDisabled`](crate::Refusal::ClassicFlowDisabled),
    ///   [`ClassicFlowWithRoleMappings`](crate::Refusal::ClassicFlowWithRoleMappings),
    ///   [`ClassicFlowWithSaml`](crate::Refusal::ClassicFlowWithSaml): one of the logins is of a
    ///   SAML provider.
    /// * [`GuestsUnsupported`](crate::Refusal::GuestsUnsupported): a guest without logins, whom the
    ///   pool allows no more.
    /// * What a presented login is refused for, as in [`get_id`](Self::get_id).
    /// * [`IdentityForbidden`](crate::Refusal::IdentityForbidden): it is disabled, or authenticated
    ///   while no login was presented.
    /// * [`LoginsDontMatch`](crate::Refusal::LoginsDontMatch): none of the logins belongs to the
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
        let (claims, key) = self.core.run(|reads| {
            let now = self.core.now();
            let (kept, identity) = reads.known_identity(&input.identity_id)?;
            let providers = input.logins.iter().map(|(provider, _)| provider);
            public::check_classic_flow(&kept.pool, providers)?;
            if input.logins.is_empty() && identity.is_guest() {
                public::check_guest_access(&kept.pool)?;
            }
            let proof = proving.prove(&kept, Some(identity.id()), now)?;
            let given = (Some(&identity), OpenedBy::Login);
            self.core.resolve(reads, &kept, given, proof, now)?.try_map(|identity| {
                let tags = attributes::tags(&kept.pool, &proof.used);
                let duration = TokenDuration::CLASSIC_FLOW;
                let claims = Claims::new(&kept.pool, identity, &proof.used, tags, duration, now);
                // What cannot be signed is not written either.
                Ok((claims, self.core.current_key(&kept.pool.region)?))
            })
        })?;
        let token = key.sign(&claims)?;
        Ok(GetOpenIdTokenOutput { identity_id: claims.identity_id().clone(), token })
    }

    /// Hands out credentials for an identity that is opened by one of its logins or by a token for
    /// it, or for a guest: the enhanced flow. They are valid for an hour.
    ///
    /// A token of this service, such as the one that a backend got for its user, is presented under
    /// the [provider name](crate::token::TokenIssuer::provider_name) of its region:
    /// `cognito-identity.amazonaws.com`, except in GovCloud and China. Logins are linked and
    /// identities merged as by [`get_open_id_token`](Self::get_open_id_token).
    ///
    /// The role is that of the logins that are presented, in their order; of those that the token
    /// names no claim is known, so they count where no login is presented, or where the presented
    /// ones are refused a role. A token and a login together are never refused what one of them
    /// would get alone.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound)
    /// * [`GuestsUnsupported`](crate::Refusal::GuestsUnsupported)
    /// * What a presented login is refused for, as in [`get_id`](Self::get_id), and for a token of
    ///   this service [`TokenForeign`](crate::Refusal::TokenForeign),
    ///   [`TokenExpired`](crate::Refusal::TokenExpired), and
    ///   [`LoginsDontMatch`](crate::Refusal::LoginsDontMatch) if it is for another identity.
    /// * [`IdentityForbidden`](crate::Refusal::IdentityForbidden),
    ///   [`LoginsDontMatch`](crate::Refusal::LoginsDontMatch),
    ///   [`LoginTaken`](crate::Refusal::LoginTaken),
    ///   [`MergeOfTwoUsers`](crate::Refusal::MergeOfTwoUsers),
    ///   [`TooManyLogins`](crate::Refusal::TooManyLogins)
    /// * Of the role: [`AmbiguousRole`](crate::Refusal::AmbiguousRole),
    ///   [`RoleForbidden`](crate::Refusal::RoleForbidden),
    ///   [`CustomRoleNotOffered`](crate::Refusal::CustomRoleNotOffered),
    ///   [`PoolConfigurationInvalid`](crate::Refusal::PoolConfigurationInvalid).
    ///
    /// # Example: who is calling
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
        let custom_role = input.custom_role_arn.as_ref();
        let mut proving = Proving::new(&self.core, Accepts::PublicOrCognito, &input.logins);
        self.core.run(|reads| {
            let now = self.core.now();
            let (kept, identity) = reads.known_identity(&input.identity_id)?;
            if input.logins.is_empty() && identity.is_guest() {
                public::check_guest_access(&kept.pool)?;
            }
            let proof = proving.prove(&kept, Some(identity.id()), now)?;
            // A guest's own token proves nothing.
            if proof.is_empty() && identity.is_guest() {
                public::check_guest_access(&kept.pool)?;
            }
            let given = (Some(&identity), OpenedBy::Login);
            self.core.resolve(reads, &kept, given, proof, now)?.try_map(|identity_id| {
                let evidence = Evidence {
                    pool: &kept.pool,
                    identity: &identity,
                    used: &proof.used,
                    token: proof.token.as_ref(),
                };
                let accounts = self.core.choices.role_accounts;
                let Grant { role: role_arn, tags } = evidence.grant(custom_role, accounts)?;
                let identity_pool_id = kept.pool.id().clone();
                let expiration = end_of_session(now);
                let session = Session {
                    principal_tags: tags,
                    amr: evidence.amr(),
                    ..Session::new(identity_id, identity_pool_id, role_arn, expiration)
                };
                // Before anything is written: what has no credentials does not happen.
                let credentials = self.core.issue(&session)?;
                Ok(GetCredentialsForIdentityOutput {
                    identity_id: session.identity_id,
                    credentials,
                })
            })
        })
    }

    /// Unlinks public logins from an identity that is opened by one of its logins or by a token for
    /// it. They make new identities when they are seen again; an identity that has no login left is
    /// disabled for good.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`IdentityNotFound`](crate::Refusal::IdentityNotFound)
    /// * [`PublicProviderExpected`](crate::Refusal::PublicProviderExpected): the developer provider
    ///   is to be unlinked, which only its owner may.
    /// * What a presented login is refused for, as in
    ///   [`get_credentials_for_identity`](Self::get_credentials_for_identity).
    /// * [`IdentityForbidden`](crate::Refusal::IdentityForbidden): it is disabled.
    /// * [`LoginsDontMatch`](crate::Refusal::LoginsDontMatch): none of the logins is the
    ///   identity's.
    ///
    /// # Example: without Google
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
        self.core.run(|reads| {
            let now = self.core.now();
            let (kept, identity) = reads.known_identity(&input.identity_id)?;
            let providers = &input.logins_to_remove;
            public::check_removal(&kept.pool, providers)?;
            let proof = proving.prove(&kept, Some(identity.id()), now)?;
            Ok(public::unlink(&identity, &proof.logins(), proof.amr(), providers, now)?)
        })
    }

    fn admit<E>(&self, operation: Limited, region: Result<Region, E>) -> Result<()> {
        // An id without a region names nothing, and is told so.
        let Ok(region) = region else { return Ok(()) };
        let scope: Scope<'_> = (None, &region);
        self.core.admit(operation, scope)
    }
}

fn end_of_session(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.as_secs().saturating_add(SESSION_SECS).saturating_mul(1_000))
}
