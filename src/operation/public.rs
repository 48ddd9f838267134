//! Inputs and outputs of the public operations.

use serde::{Deserialize, Serialize};

use crate::ambient::Timestamp;
use crate::ambient::epoch_seconds;
use crate::credentials::{Credentials, SecretKey, SessionToken};
use crate::id::{ClaimedAccountId, IdentityId, IdentityPoolId};
use crate::login::Logins;
use crate::name::{Arn, LoginToken, ProviderName};
use crate::operation::input::{Given, input};
use crate::token::OpenIdToken;

input! {
    /// Input of [`get_id`](crate::Public::get_id).
    GetIdInput => GetId
    /// Requests a new guest of the pool, unless logins are given.
    fn new(identity_pool_id: IdentityPoolId)
    {
        /// The account that owns the pool. Any other account is refused.
        "AccountId", account_id, get_account_id: ClaimedAccountId, optional;

        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;

        /// A public provider with its token. At most 10. A second login of the same provider
        /// replaces the first.
        "Logins", logins, get_logins: {Logins: ProviderName => LoginToken},
        defaulted(0..=Logins::LENGTH_MAX);
    }
}

/// An identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetIdOutput {
    /// The identity of the logins, or a new guest.
    pub identity_id: IdentityId,
}

impl GetIdOutput {
    /// An output with these members.
    pub fn new(identity_id: IdentityId) -> Self {
        Self { identity_id }
    }
}

input! {
    /// Input of [`get_open_id_token`](crate::Public::get_open_id_token).
    GetOpenIdTokenInput => GetOpenIdToken
    /// Requests a token for an identity. For an authenticated identity, specify at least one of its
    /// [`logins`](Self::logins).
    fn new(identity_id: IdentityId)
    {
        /// A public provider with its token. At most 10. A second login of the same provider
        /// replaces the first.
        "Logins", logins, get_logins: {Logins: ProviderName => LoginToken},
        defaulted(0..=Logins::LENGTH_MAX);

        /// The identity.
        "IdentityId", identity_id, get_identity_id: IdentityId, required;
    }
}

/// An identity and a token for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetOpenIdTokenOutput {
    /// The identity of the logins. After a merge it differs from the given one.
    pub identity_id: IdentityId,
    /// The token.
    pub token: OpenIdToken,
}

impl GetOpenIdTokenOutput {
    /// An output with these members.
    pub fn new(identity_id: IdentityId, token: OpenIdToken) -> Self {
        Self { identity_id, token }
    }
}

input! {
    /// Input of [`get_credentials_for_identity`](crate::Public::get_credentials_for_identity).
    GetCredentialsForIdentityInput => GetCredentialsForIdentity
    /// Requests credentials for an identity. For an authenticated identity, specify at least one of
    /// its [`logins`](Self::logins).
    fn new(identity_id: IdentityId)
    {
        /// A public provider with its token, or this service's own [provider
        /// name](crate::token::TokenIssuer::provider_name) with one of its tokens. At most 10. A
        /// second login of the same provider replaces the first.
        "Logins", logins, get_logins: {Logins: ProviderName => LoginToken},
        defaulted(0..=Logins::LENGTH_MAX);

        /// The identity.
        "IdentityId", identity_id, get_identity_id: IdentityId, required;

        /// One of the roles that the provider or the pool's role mapping offers.
        "CustomRoleArn", custom_role_arn, get_custom_role_arn: Arn, optional;
    }
}

/// An identity and credentials for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetCredentialsForIdentityOutput {
    /// The identity of the logins. After a merge it differs from the given one.
    pub identity_id: IdentityId,
    /// The credentials.
    #[serde(with = "CredentialsShape")]
    pub credentials: Credentials,
}

impl GetCredentialsForIdentityOutput {
    /// An output with these members.
    pub fn new(identity_id: IdentityId, credentials: Credentials) -> Self {
        Self { identity_id, credentials }
    }
}

/// The members with their names in the service.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Credentials", rename_all = "PascalCase")]
struct CredentialsShape {
    access_key_id: String,
    secret_key: SecretKey,
    session_token: SessionToken,
    #[serde(with = "epoch_seconds")]
    expiration: Timestamp,
}

input! {
    /// Input of [`unlink_identity`](crate::Public::unlink_identity).
    UnlinkIdentityInput => UnlinkIdentity
    /// Unlinks logins from an identity. Specify at least one of its [`logins`](Self::logins) as
    /// proof.
    fn new(identity_id: IdentityId)
    {
        /// A public provider with its token, or this service's own [provider
        /// name](crate::token::TokenIssuer::provider_name) with one of its tokens. At most 10. A
        /// second login of the same provider replaces the first.
        "Logins", logins, get_logins: {Logins: ProviderName => LoginToken},
        required(0..=Logins::LENGTH_MAX);

        /// The identity.
        "IdentityId", identity_id, get_identity_id: IdentityId, required;

        /// A public provider whose login is unlinked.
        "LoginsToRemove", logins_to_remove, get_logins_to_remove: [ProviderName], required;
    }
}
