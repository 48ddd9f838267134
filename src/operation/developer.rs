//! Inputs and outputs of the operations on users of a developer provider, including tokens.

use serde::{Deserialize, Serialize};

use crate::id::{IdentityId, IdentityPoolId};
use crate::login::Logins;
use crate::name::{
    DeveloperProviderName, DeveloperUserIdentifier, LoginToken, NextToken, PrincipalTagKey,
    PrincipalTagValue, ProviderName,
};
use crate::operation::input::{Given, input};
use crate::rules::claims::TokenDuration;
use crate::rules::page::PageSize;
use crate::state::PrincipalTags;
use crate::token::OpenIdToken;

/// The maximum number of principal tags in one call.
pub(crate) const PRINCIPAL_TAGS_MAX: usize = 50;

input! {
    /// Input of [`get_open_id_token_for_developer_identity`].
    ///
    /// [`get_open_id_token_for_developer_identity`]:
    ///     crate::Developer::get_open_id_token_for_developer_identity
    GetOpenIdTokenForDeveloperIdentityInput => GetOpenIdTokenForDeveloperIdentity
    /// Requests a token for a user of a pool. The [`logins`](Self::logins) must include the user.
    fn new(identity_pool_id: IdentityPoolId)
    {
        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;

        /// The identity to link the logins to.
        "IdentityId", identity_id, get_identity_id: IdentityId, optional;

        /// The pool's developer provider with the user's identifier, or a public provider with its
        /// token. At most 10. A second login of the same provider replaces the first.
        "Logins", logins, get_logins: {Logins: ProviderName => LoginToken},
        required(0..=Logins::LENGTH_MAX);

        /// A tag of the principal in the token. At most 50.
        "PrincipalTags", principal_tags, get_principal_tags:
        {PrincipalTags: PrincipalTagKey => PrincipalTagValue}, defaulted(0..=PRINCIPAL_TAGS_MAX);

        /// The validity of the token: 1 to 86,400 seconds, by default 900.
        "TokenDuration", token_duration, get_token_duration: TokenDuration, optional;
    }
}

/// An identity and a token for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetOpenIdTokenForDeveloperIdentityOutput {
    /// The identity of the logins. After a merge it differs from the given one.
    pub identity_id: IdentityId,
    /// The token.
    pub token: OpenIdToken,
}

impl GetOpenIdTokenForDeveloperIdentityOutput {
    /// An output with these members.
    pub fn new(identity_id: IdentityId, token: OpenIdToken) -> Self {
        Self { identity_id, token }
    }
}

input! {
    /// Input of [`lookup_developer_identity`](crate::Developer::lookup_developer_identity).
    LookupDeveloperIdentityInput => LookupDeveloperIdentity
    /// A lookup in a pool. Specify `identity_id` or `developer_user_identifier`, or both.
    fn new(identity_pool_id: IdentityPoolId)
    {
        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;

        /// The identity whose users are looked up.
        "IdentityId", identity_id, get_identity_id: IdentityId, optional;

        /// The user whose identity is looked up.
        "DeveloperUserIdentifier", developer_user_identifier, get_developer_user_identifier:
        DeveloperUserIdentifier, optional;

        /// The maximum number of identifiers in a page: 1 to 60, by default 60.
        "MaxResults", max_results, get_max_results: PageSize, optional;

        /// The token of the previous page.
        "NextToken", next_token, get_next_token: NextToken, optional;
    }
}

/// An identity and the developer user identifiers that are linked to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct LookupDeveloperIdentityOutput {
    /// The identity.
    pub identity_id: IdentityId,
    /// A page of its developer user identifiers, in the order of their links.
    pub developer_user_identifier_list: Vec<DeveloperUserIdentifier>,
    /// The token of the next page. `None` on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<NextToken>,
}

impl LookupDeveloperIdentityOutput {
    /// An output with these members. The others are empty and can be set.
    pub fn new(
        identity_id: IdentityId,
        developer_user_identifier_list: Vec<DeveloperUserIdentifier>,
    ) -> Self {
        Self { identity_id, developer_user_identifier_list, next_token: None }
    }
}

input! {
    /// Input of [`merge_developer_identities`](crate::Developer::merge_developer_identities).
    MergeDeveloperIdentitiesInput => MergeDeveloperIdentities
    /// Merges the identity of the source user into that of the destination user.
    fn new(
        identity_pool_id: IdentityPoolId,
        developer_provider_name: DeveloperProviderName,
        source_user_identifier: DeveloperUserIdentifier,
        destination_user_identifier: DeveloperUserIdentifier
    )
    {
        /// The user whose identity is disabled.
        "SourceUserIdentifier", source_user_identifier, get_source_user_identifier:
        DeveloperUserIdentifier, required;

        /// The user whose identity receives the logins.
        "DestinationUserIdentifier", destination_user_identifier,
        get_destination_user_identifier: DeveloperUserIdentifier, required;

        /// The pool's developer provider.
        "DeveloperProviderName", developer_provider_name, get_developer_provider_name:
        DeveloperProviderName, required;

        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;
    }
}

/// The identity that has the logins of both users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct MergeDeveloperIdentitiesOutput {
    /// The destination's identity.
    pub identity_id: IdentityId,
}

impl MergeDeveloperIdentitiesOutput {
    /// An output with these members.
    pub fn new(identity_id: IdentityId) -> Self {
        Self { identity_id }
    }
}

input! {
    /// Input of [`unlink_developer_identity`](crate::Developer::unlink_developer_identity).
    UnlinkDeveloperIdentityInput => UnlinkDeveloperIdentity
    /// Unlinks a user from an identity of a pool.
    fn new(
        identity_pool_id: IdentityPoolId,
        identity_id: IdentityId,
        developer_provider_name: DeveloperProviderName,
        developer_user_identifier: DeveloperUserIdentifier
    )
    {
        /// The identity.
        "IdentityId", identity_id, get_identity_id: IdentityId, required;

        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;

        /// The pool's developer provider.
        "DeveloperProviderName", developer_provider_name, get_developer_provider_name:
        DeveloperProviderName, required;

        /// The user.
        "DeveloperUserIdentifier", developer_user_identifier, get_developer_user_identifier:
        DeveloperUserIdentifier, required;
    }
}
