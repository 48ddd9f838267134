//! Inputs and outputs of the operations on pools.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::IdentityPoolId;
use crate::name::{
    Arn, DeveloperProviderName, IdentityPoolName, NextToken, ProviderAppId, ProviderName, TagKey,
    TagValue,
};
use crate::operation::input::{Given, input};
use crate::rules::page::PageSize;
use crate::state::{CognitoIdentityProvider, IdentityPool};

/// The access of guests to a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "bool", into = "bool")]
#[expect(clippy::exhaustive_enums, reason = "a boolean with a name")]
pub enum GuestAccess {
    /// Anyone gets an identity.
    Allowed,
    /// Only users who log in get an identity.
    Denied,
}

impl From<bool> for GuestAccess {
    fn from(allowed: bool) -> Self {
        if allowed { Self::Allowed } else { Self::Denied }
    }
}

impl From<GuestAccess> for bool {
    fn from(guests: GuestAccess) -> Self {
        guests == GuestAccess::Allowed
    }
}

/// The maximum number of entries in `SupportedLoginProviders`.
pub(crate) const LOGIN_PROVIDERS_MAX: usize = 10;

/// Declares an input that has the settings of a pool after its own members.
macro_rules! pool_input {
    (
        $(#[$doc:meta])*
        $Input:ident => $Checked:ident
        $(#[$new_doc:meta])* fn new($($param:ident: $Param:ty),*)
        { $($own:tt)* }
    ) => {
        input! {
            $(#[$doc])*
            $Input => $Checked
            $(#[$new_doc])*
            fn new($($param: $Param),*)
            {
                $($own)*

                /// The name of the pool: 1 to 128 characters. Names are not unique.
                "IdentityPoolName", identity_pool_name, get_identity_pool_name:
                IdentityPoolName, required;

                /// Allows identities for guests: `true` or `false`, or a [`GuestAccess`].
                "AllowUnauthenticatedIdentities", allow_unauthenticated_identities,
                get_allow_unauthenticated_identities: GuestAccess, required;

                /// Allows or forbids the basic (classic) flow. It is allowed by default.
                "AllowClassicFlow", allow_classic_flow, get_allow_classic_flow: bool, optional;

                /// Accepts a public provider's tokens for one application. At most 10 providers.
                "SupportedLoginProviders", supported_login_providers,
                get_supported_login_providers:
                {BTreeMap<ProviderName, ProviderAppId>: ProviderName => ProviderAppId},
                defaulted(0..=LOGIN_PROVIDERS_MAX);

                /// The name under which the pool's backend registers its own users.
                "DeveloperProviderName", developer_provider_name, get_developer_provider_name:
                DeveloperProviderName, optional;

                /// Accepts an OpenID Connect provider, `arn:aws:iam::ACCOUNT:oidc-provider/ISSUER`.
                "OpenIdConnectProviderARNs", open_id_connect_provider_arns,
                get_open_id_connect_provider_arns: [Arn], defaulted;

                /// Accepts the users of a user pool.
                "CognitoIdentityProviders", cognito_identity_providers,
                get_cognito_identity_providers: [CognitoIdentityProvider], defaulted;

                /// Accepts a SAML provider, `arn:aws:iam::ACCOUNT:saml-provider/NAME`.
                "SamlProviderARNs", saml_provider_arns, get_saml_provider_arns: [Arn], defaulted;

                /// Adds a tag. At most 50. An update without tags keeps the existing ones.
                "IdentityPoolTags", identity_pool_tags, get_identity_pool_tags:
                {BTreeMap<TagKey, TagValue>: TagKey => TagValue}, optional;
            }
        }

        impl $Checked {
            /// The pool as it is requested.
            pub(crate) fn into_pool(self, id: IdentityPoolId) -> IdentityPool {
                IdentityPool {
                    identity_pool_id: id,
                    identity_pool_name: self.identity_pool_name,
                    allow_unauthenticated_identities: self.allow_unauthenticated_identities.into(),
                    allow_classic_flow: self.allow_classic_flow,
                    supported_login_providers: self.supported_login_providers,
                    developer_provider_name: self.developer_provider_name,
                    open_id_connect_provider_arns: self.open_id_connect_provider_arns,
                    cognito_identity_providers: self.cognito_identity_providers,
                    saml_provider_arns: self.saml_provider_arns,
                    identity_pool_tags: self.identity_pool_tags.unwrap_or_default(),
                }
            }
        }
    };
}

pool_input! {
    /// Input of [`create_identity_pool`](crate::Developer::create_identity_pool).
    CreateIdentityPoolInput => CreateIdentityPool
    /// A pool with this name and without providers.
    fn new(
        identity_pool_name: IdentityPoolName,
        allow_unauthenticated_identities: GuestAccess
    )
    {
    }
}

pool_input! {
    /// Input of [`update_identity_pool`](crate::Developer::update_identity_pool): all settings of
    /// the pool.
    ///
    /// # Example: changing only the name
    ///
    /// ```
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// # let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// let pool = CreateIdentityPoolInput::new("game", GuestAccess::Denied)
    ///     .supported_login_providers("accounts.google.com", "client-1");
    /// let pool = aws.create_identity_pool(pool)?;
    /// let renamed = UpdateIdentityPoolInput::from(pool.clone()).identity_pool_name("arcade");
    /// let renamed = aws.update_identity_pool(renamed)?;
    /// assert_eq!(renamed.identity_pool_name.as_str(), "arcade");
    /// assert_eq!(renamed.supported_login_providers, pool.supported_login_providers);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    UpdateIdentityPoolInput => UpdateIdentityPool
    /// A pool with this name and without providers. Settings that are not given are reset.
    fn new(
        identity_pool_id: IdentityPoolId,
        identity_pool_name: IdentityPoolName,
        allow_unauthenticated_identities: GuestAccess
    )
    {
        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;
    }
}

/// Takes over all settings of a pool.
impl From<IdentityPool> for UpdateIdentityPoolInput {
    fn from(pool: IdentityPool) -> Self {
        Self {
            identity_pool_id: Given::of(pool.identity_pool_id),
            identity_pool_name: Given::of(pool.identity_pool_name),
            allow_unauthenticated_identities: Given::of(GuestAccess::from(
                pool.allow_unauthenticated_identities,
            )),
            allow_classic_flow: Given::of(pool.allow_classic_flow),
            supported_login_providers: Given::of(pool.supported_login_providers),
            developer_provider_name: Given::of(pool.developer_provider_name),
            open_id_connect_provider_arns: Given::of(pool.open_id_connect_provider_arns),
            cognito_identity_providers: Given::of(pool.cognito_identity_providers),
            saml_provider_arns: Given::of(pool.saml_provider_arns),
            identity_pool_tags: Given::of(pool.identity_pool_tags),
        }
    }
}

input! {
    /// Input of [`describe_identity_pool`](crate::Developer::describe_identity_pool).
    DescribeIdentityPoolInput => DescribeIdentityPool
    /// Describes a pool.
    fn new(identity_pool_id: IdentityPoolId)
    {
        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;
    }
}

input! {
    /// Input of [`delete_identity_pool`](crate::Developer::delete_identity_pool).
    DeleteIdentityPoolInput => DeleteIdentityPool
    /// Deletes a pool.
    fn new(identity_pool_id: IdentityPoolId)
    {
        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;
    }
}

input! {
    /// Input of [`list_identity_pools`](crate::Developer::list_identity_pools).
    ListIdentityPoolsInput => ListIdentityPools
    /// Requests the first page.
    fn new(max_results: PageSize)
    {
        /// The maximum number of pools in a page: 1 to 60.
        "MaxResults", max_results, get_max_results: PageSize, required;

        /// The token of the previous page.
        "NextToken", next_token, get_next_token: NextToken, optional;
    }
}

/// A page of the caller's pools, in the order of their creation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ListIdentityPoolsOutput {
    /// The pools.
    pub identity_pools: Vec<IdentityPoolShortDescription>,
    /// The token of the next page. `None` on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<NextToken>,
}

impl ListIdentityPoolsOutput {
    /// An output with these members. The others are empty and can be set.
    pub fn new(identity_pools: Vec<IdentityPoolShortDescription>) -> Self {
        Self { identity_pools, next_token: None }
    }
}

/// A pool in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct IdentityPoolShortDescription {
    /// The pool's id.
    pub identity_pool_id: IdentityPoolId,
    /// The pool's name.
    pub identity_pool_name: IdentityPoolName,
}

impl IdentityPoolShortDescription {
    /// An entry with these members.
    pub fn new(identity_pool_id: IdentityPoolId, identity_pool_name: IdentityPoolName) -> Self {
        Self { identity_pool_id, identity_pool_name }
    }
}
