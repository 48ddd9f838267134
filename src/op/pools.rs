//! Inputs and outputs of the operations on pools.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::id::IdentityPoolId;
use crate::name::{
    Arn, DeveloperProviderName, IdentityPoolName, NextToken, ProviderAppId, ProviderName, TagKey,
    TagValue,
};
use crate::op::{at_most, by_pool, insert, member, paged};
use crate::rules::page::PageSize;
use crate::state::{CognitoIdentityProvider, IdentityPool};

/// Whether a pool gives identities to guests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a boolean with a name")]
pub enum GuestAccess {
    /// Anyone gets an identity.
    Allowed,
    /// Only who logs in gets an identity.
    Denied,
}

impl GuestAccess {
    fn is_allowed(self) -> bool {
        self == Self::Allowed
    }
}

/// The most entries of `SupportedLoginProviders`.
pub(crate) const LOGIN_PROVIDERS_MAX: usize = 10;

/// What the two operations that configure a pool have in common.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Settings {
    identity_pool_name: IdentityPoolName,
    allow_unauthenticated_identities: bool,
    allow_classic_flow: Option<bool>,
    #[serde(default, deserialize_with = "at_most::<LOGIN_PROVIDERS_MAX, _, _, _>")]
    supported_login_providers: BTreeMap<ProviderName, ProviderAppId>,
    developer_provider_name: Option<DeveloperProviderName>,
    #[serde(default, rename = "OpenIdConnectProviderARNs")]
    open_id_connect_provider_arns: Vec<Arn>,
    #[serde(default)]
    cognito_identity_providers: Vec<CognitoIdentityProvider>,
    #[serde(default, rename = "SamlProviderARNs")]
    saml_provider_arns: Vec<Arn>,
    identity_pool_tags: Option<BTreeMap<TagKey, TagValue>>,
}

impl Settings {
    fn new(
        name: impl TryInto<IdentityPoolName, Error: Into<Error>>,
        guests: GuestAccess,
    ) -> Result<Self> {
        Ok(Self {
            identity_pool_name: member("identityPoolName", name)?,
            allow_unauthenticated_identities: guests.is_allowed(),
            allow_classic_flow: None,
            supported_login_providers: BTreeMap::new(),
            developer_provider_name: None,
            open_id_connect_provider_arns: Vec::new(),
            cognito_identity_providers: Vec::new(),
            saml_provider_arns: Vec::new(),
            identity_pool_tags: None,
        })
    }

    fn into_pool(self, id: IdentityPoolId) -> IdentityPool {
        IdentityPool {
            identity_pool_id: id,
            identity_pool_name: self.identity_pool_name,
            allow_unauthenticated_identities: self.allow_unauthenticated_identities,
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

/// The setters of both.
macro_rules! pool_settings {
    ($input:ident) => {
        impl $input {
            /// Allows or forbids the basic (classic) flow; unset behaves as allowed.
            #[must_use]
            pub fn allow_classic_flow(mut self, allowed: bool) -> Self {
                self.settings.allow_classic_flow = Some(allowed);
                self
            }

            /// Accepts a public provider's tokens for one application; at most 10 providers.
            ///
            /// # Errors
            ///
            /// [`Error::Invalid`]
            pub fn supported_login_provider(
                mut self,
                provider: impl TryInto<ProviderName, Error: Into<Error>>,
                app: impl TryInto<ProviderAppId, Error: Into<Error>>,
            ) -> Result<Self> {
                const NAME: &str = "supportedLoginProviders";
                let entry = (member(NAME, provider)?, member(NAME, app)?);
                let providers = &mut self.settings.supported_login_providers;
                insert(NAME, providers, entry, LOGIN_PROVIDERS_MAX)?;
                Ok(self)
            }

            /// The name under which the pool's backend registers its own users.
            ///
            /// # Errors
            ///
            /// [`Error::Invalid`]
            pub fn developer_provider_name(
                mut self,
                name: impl TryInto<DeveloperProviderName, Error: Into<Error>>,
            ) -> Result<Self> {
                self.settings.developer_provider_name =
                    Some(member("developerProviderName", name)?);
                Ok(self)
            }

            /// Accepts an OpenID Connect provider, `arn:aws:iam::ACCOUNT:oidc-provider/ISSUER`.
            ///
            /// # Errors
            ///
            /// [`Error::Invalid`]
            pub fn open_id_connect_provider_arn(
                mut self,
                arn: impl TryInto<Arn, Error: Into<Error>>,
            ) -> Result<Self> {
                let arn = member("openIdConnectProviderARNs", arn)?;
                self.settings.open_id_connect_provider_arns.push(arn);
                Ok(self)
            }

            /// Accepts the users of a user pool.
            #[must_use]
            pub fn cognito_identity_provider(mut self, provider: CognitoIdentityProvider) -> Self {
                self.settings.cognito_identity_providers.push(provider);
                self
            }

            /// Accepts a SAML provider, `arn:aws:iam::ACCOUNT:saml-provider/NAME`.
            ///
            /// # Errors
            ///
            /// [`Error::Invalid`]
            pub fn saml_provider_arn(
                mut self,
                arn: impl TryInto<Arn, Error: Into<Error>>,
            ) -> Result<Self> {
                self.settings.saml_provider_arns.push(member("samlProviderARNs", arn)?);
                Ok(self)
            }
        }
    };
}

/// What [`create_identity_pool`](crate::Developer::create_identity_pool) takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CreateIdentityPoolInput {
    #[serde(flatten)]
    settings: Settings,
}

pool_settings!(CreateIdentityPoolInput);

impl CreateIdentityPoolInput {
    /// A pool of that name without any provider.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(
        name: impl TryInto<IdentityPoolName, Error: Into<Error>>,
        guests: GuestAccess,
    ) -> Result<Self> {
        Ok(Self { settings: Settings::new(name, guests)? })
    }

    /// Tags the pool.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn identity_pool_tag(
        mut self,
        key: impl TryInto<TagKey, Error: Into<Error>>,
        value: impl TryInto<TagValue, Error: Into<Error>>,
    ) -> Result<Self> {
        const NAME: &str = "identityPoolTags";
        let tags = self.settings.identity_pool_tags.get_or_insert_default();
        tags.insert(member(NAME, key)?, member(NAME, value)?);
        Ok(self)
    }

    pub(crate) fn into_pool(self, id: IdentityPoolId) -> IdentityPool {
        self.settings.into_pool(id)
    }
}

/// What [`update_identity_pool`](crate::Developer::update_identity_pool) takes: the whole pool.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateIdentityPoolInput {
    pub(crate) identity_pool_id: IdentityPoolId,
    #[serde(flatten)]
    settings: Settings,
}

pool_settings!(UpdateIdentityPoolInput);

impl UpdateIdentityPoolInput {
    /// The pool with a name, without any provider; what is not set is reset.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(
        id: impl TryInto<IdentityPoolId, Error: Into<Error>>,
        name: impl TryInto<IdentityPoolName, Error: Into<Error>>,
        guests: GuestAccess,
    ) -> Result<Self> {
        let identity_pool_id = member("identityPoolId", id)?;
        Ok(Self { identity_pool_id, settings: Settings::new(name, guests)? })
    }

    /// Replaces the pool's tags; without this they stay.
    #[must_use]
    pub fn identity_pool_tags(mut self, tags: BTreeMap<TagKey, TagValue>) -> Self {
        self.settings.identity_pool_tags = Some(tags);
        self
    }

    /// The pool as it is asked for, and whether its tags are to stay.
    pub(crate) fn into_pool(self) -> (IdentityPool, bool) {
        let keep_tags = self.settings.identity_pool_tags.is_none();
        (self.settings.into_pool(self.identity_pool_id), keep_tags)
    }
}

by_pool! {
    /// What [`describe_identity_pool`](crate::Developer::describe_identity_pool) takes.
    DescribeIdentityPoolInput
}

by_pool! {
    /// What [`delete_identity_pool`](crate::Developer::delete_identity_pool) takes.
    DeleteIdentityPoolInput
}

/// What [`list_identity_pools`](crate::Developer::list_identity_pools) takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListIdentityPoolsInput {
    pub(crate) max_results: PageSize,
    pub(crate) next_token: Option<NextToken>,
}

impl ListIdentityPoolsInput {
    /// The first page, of 1 to 60 pools.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(max_results: impl TryInto<PageSize, Error: Into<Error>>) -> Result<Self> {
        Ok(Self { max_results: member("maxResults", max_results)?, next_token: None })
    }
}

paged!(ListIdentityPoolsInput);

/// A page of the caller's pools, in the order of their creation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ListIdentityPoolsOutput {
    /// The pools.
    pub identity_pools: Vec<IdentityPoolShortDescription>,
    /// Where the next page begins; `None` on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<NextToken>,
}

/// A pool in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct IdentityPoolShortDescription {
    /// The pool's id.
    pub identity_pool_id: IdentityPoolId,
    /// The pool's name.
    pub identity_pool_name: IdentityPoolName,
}
