//! Inputs and outputs of the public operations.

use serde::{Deserialize, Serialize};

use crate::ambient::Timestamp;
use crate::credentials::{Credentials, SecretKey, SessionToken};
use crate::error::{Error, Result};
use crate::id::{ClaimedAccountId, IdentityId, IdentityPoolId};
use crate::login::Logins;
use crate::name::{Arn, LoginToken, ProviderName};
use crate::op::{epoch_seconds, member, takes_logins};
use crate::token::OpenIdToken;

/// What [`get_id`](crate::Public::get_id) takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetIdInput {
    pub(crate) identity_pool_id: IdentityPoolId,
    pub(crate) account_id: Option<ClaimedAccountId>,
    #[serde(default)]
    pub(crate) logins: Logins,
}

impl GetIdInput {
    /// A guest of a pool, unless logins are given.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(id: impl TryInto<IdentityPoolId, Error: Into<Error>>) -> Result<Self> {
        let identity_pool_id = member("identityPoolId", id)?;
        Ok(Self { identity_pool_id, account_id: None, logins: Logins::default() })
    }

    /// The account that owns the pool; another one is refused.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn account_id(
        mut self,
        account: impl TryInto<ClaimedAccountId, Error: Into<Error>>,
    ) -> Result<Self> {
        self.account_id = Some(member("accountId", account)?);
        Ok(self)
    }
}

takes_logins! {
    /// A public provider with its token.
    GetIdInput
}

/// An identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetIdOutput {
    /// The identity of the logins, or a new guest.
    pub identity_id: IdentityId,
}

/// What [`get_open_id_token`](crate::Public::get_open_id_token) takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetOpenIdTokenInput {
    pub(crate) identity_id: IdentityId,
    #[serde(default)]
    pub(crate) logins: Logins,
}

impl GetOpenIdTokenInput {
    /// A token for an identity; one that is authenticated has to be opened by one of its logins.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(id: impl TryInto<IdentityId, Error: Into<Error>>) -> Result<Self> {
        Ok(Self { identity_id: member("identityId", id)?, logins: Logins::default() })
    }
}

takes_logins! {
    /// A public provider with its token.
    GetOpenIdTokenInput
}

/// An identity, and a token for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetOpenIdTokenOutput {
    /// The identity of the logins; after a merge it is not the one that was given.
    pub identity_id: IdentityId,
    /// The token.
    pub token: OpenIdToken,
}

/// What [`get_credentials_for_identity`](crate::Public::get_credentials_for_identity) takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetCredentialsForIdentityInput {
    pub(crate) identity_id: IdentityId,
    #[serde(default)]
    pub(crate) logins: Logins,
    pub(crate) custom_role_arn: Option<Arn>,
}

impl GetCredentialsForIdentityInput {
    /// Credentials for an identity; one that is authenticated has to be opened by one of its
    /// logins, or by a token of this service under its
    /// [provider name](crate::TokenIssuer::provider_name).
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(id: impl TryInto<IdentityId, Error: Into<Error>>) -> Result<Self> {
        let identity_id = member("identityId", id)?;
        Ok(Self { identity_id, logins: Logins::default(), custom_role_arn: None })
    }

    /// One of the roles that the provider or the pool's role mapping offers.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn custom_role_arn(mut self, role: impl TryInto<Arn, Error: Into<Error>>) -> Result<Self> {
        self.custom_role_arn = Some(member("customRoleArn", role)?);
        Ok(self)
    }
}

takes_logins! {
    /// A public provider with its token, or this service's own
    /// [provider name](crate::TokenIssuer::provider_name) with one of its tokens.
    GetCredentialsForIdentityInput
}

/// An identity, and credentials for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetCredentialsForIdentityOutput {
    /// The identity of the logins; after a merge it is not the one that was given.
    pub identity_id: IdentityId,
    /// The credentials.
    #[serde(with = "CredentialsShape")]
    pub credentials: Credentials,
}

/// Under the service's names.
#[derive(Serialize)]
#[serde(remote = "Credentials", rename_all = "PascalCase")]
struct CredentialsShape {
    access_key_id: String,
    secret_key: SecretKey,
    session_token: SessionToken,
    #[serde(serialize_with = "epoch_seconds")]
    expiration: Timestamp,
}

/// What [`unlink_identity`](crate::Public::unlink_identity) takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UnlinkIdentityInput {
    pub(crate) identity_id: IdentityId,
    pub(crate) logins: Logins,
    pub(crate) logins_to_remove: Vec<ProviderName>,
}

impl UnlinkIdentityInput {
    /// An identity that is to lose logins; one of its logins has to open it.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(id: impl TryInto<IdentityId, Error: Into<Error>>) -> Result<Self> {
        let identity_id = member("identityId", id)?;
        Ok(Self { identity_id, logins: Logins::default(), logins_to_remove: Vec::new() })
    }

    /// A public provider whose login is to be unlinked.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn login_to_remove(
        mut self,
        provider: impl TryInto<ProviderName, Error: Into<Error>>,
    ) -> Result<Self> {
        self.logins_to_remove.push(member("loginsToRemove", provider)?);
        Ok(self)
    }
}

takes_logins! {
    /// A public provider with its token, or this service's own
    /// [provider name](crate::TokenIssuer::provider_name) with one of its tokens.
    UnlinkIdentityInput
}
