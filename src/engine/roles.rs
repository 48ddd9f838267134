//! Operations on the roles of a pool, and on the claims that become tags.

use crate::engine::Developer;
use crate::error::{Error, Result};
use crate::operation::{
    GetIdentityPoolRolesInput, GetIdentityPoolRolesOutput, GetPrincipalTagAttributeMap,
    GetPrincipalTagAttributeMapInput, GetPrincipalTagAttributeMapOutput, SetIdentityPoolRolesInput,
    SetPrincipalTagAttributeMap, SetPrincipalTagAttributeMapInput,
    SetPrincipalTagAttributeMapOutput,
};
use crate::rules::{Refusal, attributes, roles};
use crate::state::{AttributeMap, ChangeOperation, PoolRoles};

impl Developer {
    /// Replaces the roles and the role mappings of a pool. Those that are left out are removed.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * For each mapping:
    ///   [`RoleMappingProviderInvalid`](crate::Refusal::RoleMappingProviderInvalid) for a name that
    ///   is not a provider of the pool,
    ///   [`AmbiguousRoleResolutionMissing`](crate::Refusal::AmbiguousRoleResolutionMissing),
    ///   [`RulesConfigurationMissing`](crate::Refusal::RulesConfigurationMissing),
    ///   [`RulesConfigurationUnexpected`](crate::Refusal::RulesConfigurationUnexpected),
    ///   [`TooManyRules`](crate::Refusal::TooManyRules).
    /// * [`RoleForbidden`](crate::Refusal::RoleForbidden): the ARN does not have the form
    ///   `arn:PARTITION:iam::ACCOUNT:role/ROLE`, or its account is not the pool's. The builder's
    ///   [`role_accounts`](crate::Builder::role_accounts) can allow other accounts.
    /// * [`ConcurrentModification`](crate::Refusal::ConcurrentModification): other calls keep
    ///   updating the same pool.
    ///
    /// # Example: the role of authenticated identities
    ///
    /// ```
    /// use cognate::operation::{
    ///     CreateIdentityPoolInput, GetIdentityPoolRolesInput, GuestAccess, RoleType,
    ///     SetIdentityPoolRolesInput,
    /// };
    /// use cognate::Engine;
    ///
    /// let engine = Engine::builder().in_memory()?;
    /// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// let pool = aws.create_identity_pool(input)?;
    /// let roles = SetIdentityPoolRolesInput::new(&pool.identity_pool_id)
    ///     .roles(RoleType::Authenticated, "arn:aws:iam::123456789012:role/player");
    /// aws.set_identity_pool_roles(roles)?;
    /// let input = GetIdentityPoolRolesInput::new(&pool.identity_pool_id);
    /// assert_eq!(aws.get_identity_pool_roles(input)?.roles.len(), 1);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn set_identity_pool_roles(&self, input: SetIdentityPoolRolesInput) -> Result<()> {
        let input = input.checked()?;
        let requested = PoolRoles { defaults: input.roles, mappings: input.role_mappings };
        let set = self.run(ChangeOperation::SetIdentityPoolRoles, |reads| {
            let kept = reads.pool(self, &input.identity_pool_id)?;
            Ok(roles::set(&kept.pool, requested.clone(), self.core.choices.role_accounts)?)
        });
        let contended = matches!(set, Err(Error::Contended));
        if contended { Err(Refusal::ConcurrentModification.into()) } else { set }
    }

    /// Returns the roles of a pool and its role mappings.
    ///
    /// # Errors
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    ///
    /// # Example: a pool without roles
    ///
    /// ```
    /// use cognate::operation::{CreateIdentityPoolInput, GetIdentityPoolRolesInput, GuestAccess};
    /// use cognate::Engine;
    ///
    /// let engine = Engine::builder().in_memory()?;
    /// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    /// let pool = aws.create_identity_pool(input)?;
    /// let input = GetIdentityPoolRolesInput::new(&pool.identity_pool_id);
    /// assert!(aws.get_identity_pool_roles(input)?.roles.is_empty());
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn get_identity_pool_roles(
        &self,
        input: GetIdentityPoolRolesInput,
    ) -> Result<GetIdentityPoolRolesOutput> {
        let input = input.checked()?;
        self.core.read(|reads| {
            let kept = reads.pool(self, &input.identity_pool_id)?;
            let PoolRoles { defaults, mappings } = kept.pool.roles.clone();
            Ok(GetIdentityPoolRolesOutput {
                identity_pool_id: input.identity_pool_id.clone(),
                roles: defaults,
                role_mappings: mappings,
            })
        })
    }

    /// Sets the claims of a provider's tokens that become tags of the principal, in tokens and in
    /// credentials. If the defaults are requested, they replace any given tags. Without defaults
    /// and tags, the provider's map is removed.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`ProviderNotConfigured`](crate::Refusal::ProviderNotConfigured): the provider is not a
    ///   public provider of the pool.
    ///
    /// # Example: the defaults, `client` from `aud` and `username` from `sub`
    ///
    /// ```
    /// use cognate::operation::{
    ///     CreateIdentityPoolInput, GetPrincipalTagAttributeMapInput, GuestAccess,
    ///     SetPrincipalTagAttributeMapInput,
    /// };
    /// use cognate::Engine;
    ///
    /// let engine = Engine::builder().in_memory()?;
    /// let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let pool = aws.create_identity_pool(
    ///     CreateIdentityPoolInput::new("game", GuestAccess::Denied)
    ///         .supported_login_providers("accounts.google.com", "app"),
    /// )?;
    /// let id = &pool.identity_pool_id;
    /// let set = SetPrincipalTagAttributeMapInput::new(id, "accounts.google.com");
    /// let map = aws.set_principal_tag_attribute_map(set.use_defaults(true))?;
    /// let get = GetPrincipalTagAttributeMapInput::new(id, "accounts.google.com");
    /// assert_eq!(aws.get_principal_tag_attribute_map(get)?, map);
    /// let tags = [("client".parse()?, "aud".parse()?), ("username".parse()?, "sub".parse()?)];
    /// assert_eq!(map.principal_tags, Some(tags.into()));
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn set_principal_tag_attribute_map(
        &self,
        input: SetPrincipalTagAttributeMapInput,
    ) -> Result<SetPrincipalTagAttributeMapOutput> {
        let SetPrincipalTagAttributeMap {
            identity_pool_id,
            identity_provider_name,
            use_defaults,
            principal_tags,
        } = input.checked()?;
        let own = principal_tags.unwrap_or_default();
        let map = AttributeMap::new(use_defaults.unwrap_or(false), own);
        self.run(ChangeOperation::SetPrincipalTagAttributeMap, |reads| {
            let kept = reads.pool(self, &identity_pool_id)?;
            Ok(attributes::set(&kept.pool, &identity_provider_name, map.clone())?)
        })?;
        let (id, name) = (identity_pool_id, identity_provider_name);
        Ok(SetPrincipalTagAttributeMapOutput::of(id, name, map.as_ref()))
    }

    /// Returns the claims of a provider's tokens that become tags of the principal.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound)
    /// * [`AttributeMapNotFound`](crate::Refusal::AttributeMapNotFound): the provider's map was
    ///   never set, or it was removed.
    ///
    /// # Example: a map that was never set
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # let pool = aws.create_identity_pool(
    /// #     CreateIdentityPoolInput::new("game", GuestAccess::Denied)
    /// #         .supported_login_providers("accounts.google.com", "app"),
    /// # )?;
    /// let id = &pool.identity_pool_id;
    /// let get = GetPrincipalTagAttributeMapInput::new(id, "accounts.google.com");
    /// let refused = aws.get_principal_tag_attribute_map(get).unwrap_err();
    /// assert_eq!(refused.kind(), ErrorKind::ResourceNotFound);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn get_principal_tag_attribute_map(
        &self,
        input: GetPrincipalTagAttributeMapInput,
    ) -> Result<GetPrincipalTagAttributeMapOutput> {
        let GetPrincipalTagAttributeMap { identity_pool_id, identity_provider_name } =
            input.checked()?;
        let map = self.core.read(|reads| {
            let kept = reads.pool(self, &identity_pool_id)?;
            Ok(attributes::get(&kept.pool, &identity_provider_name)?)
        })?;
        let (id, name) = (identity_pool_id, identity_provider_name);
        Ok(GetPrincipalTagAttributeMapOutput::of(id, name, Some(&map)))
    }
}
