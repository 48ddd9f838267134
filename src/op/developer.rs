//! Inputs and outputs of the operations on users of a developer provider, tokens among them.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::id::{IdentityId, IdentityPoolId};
use crate::login::Logins;
use crate::name::{
    DeveloperProviderName, DeveloperUserIdentifier, LoginToken, NextToken, PrincipalTagKey,
    PrincipalTagValue, ProviderName,
};
use crate::op::{at_most, insert, member, paged, takes_logins};
use crate::rules::claims::TokenDuration;
use crate::rules::page::PageSize;
use crate::state::PrincipalTags;
use crate::token::OpenIdToken;

/// The most principal tags that one call gives.
pub(crate) const PRINCIPAL_TAGS_MAX: usize = 50;

/// What [`get_open_id_token_for_developer_identity`] takes.
///
/// [`get_open_id_token_for_developer_identity`]:
///     crate::Developer::get_open_id_token_for_developer_identity
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetOpenIdTokenForDeveloperIdentityInput {
    pub(crate) identity_pool_id: IdentityPoolId,
    pub(crate) identity_id: Option<IdentityId>,
    pub(crate) logins: Logins,
    #[serde(default, deserialize_with = "at_most::<PRINCIPAL_TAGS_MAX, _, _, _>")]
    pub(crate) principal_tags: PrincipalTags,
    pub(crate) token_duration: Option<TokenDuration>,
}

impl GetOpenIdTokenForDeveloperIdentityInput {
    /// A call for a user of a pool; its logins are still to be given.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(id: impl TryInto<IdentityPoolId, Error: Into<Error>>) -> Result<Self> {
        Ok(Self {
            identity_pool_id: member("identityPoolId", id)?,
            identity_id: None,
            logins: Logins::default(),
            principal_tags: PrincipalTags::new(),
            token_duration: None,
        })
    }

    /// The identity that the logins are to be linked to.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn identity_id(mut self, id: impl TryInto<IdentityId, Error: Into<Error>>) -> Result<Self> {
        self.identity_id = Some(member("identityId", id)?);
        Ok(self)
    }

    /// A tag of the principal, to stand in the token; at most 50.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn principal_tag(
        mut self,
        key: impl TryInto<PrincipalTagKey, Error: Into<Error>>,
        value: impl TryInto<PrincipalTagValue, Error: Into<Error>>,
    ) -> Result<Self> {
        const NAME: &str = "principalTags";
        let entry = (member(NAME, key)?, member(NAME, value)?);
        insert(NAME, &mut self.principal_tags, entry, PRINCIPAL_TAGS_MAX)?;
        Ok(self)
    }

    /// How long the token is valid, 1 to 86,400 seconds; 900 where nothing is said.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn token_duration(
        mut self,
        duration: impl TryInto<TokenDuration, Error: Into<Error>>,
    ) -> Result<Self> {
        self.token_duration = Some(member("tokenDuration", duration)?);
        Ok(self)
    }
}

takes_logins! {
    /// The pool's developer provider with the user's identifier, or a public provider with its
    /// token.
    GetOpenIdTokenForDeveloperIdentityInput
}

/// An identity, and a token for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetOpenIdTokenForDeveloperIdentityOutput {
    /// The identity of the logins; after a merge it is not the one that was given.
    pub identity_id: IdentityId,
    /// The token.
    pub token: OpenIdToken,
}

/// What [`lookup_developer_identity`](crate::Developer::lookup_developer_identity) takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LookupDeveloperIdentityInput {
    pub(crate) identity_pool_id: IdentityPoolId,
    pub(crate) identity_id: Option<IdentityId>,
    pub(crate) developer_user_identifier: Option<DeveloperUserIdentifier>,
    pub(crate) max_results: Option<PageSize>,
    pub(crate) next_token: Option<NextToken>,
}

impl LookupDeveloperIdentityInput {
    /// A lookup in a pool; what by is still to be given.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(id: impl TryInto<IdentityPoolId, Error: Into<Error>>) -> Result<Self> {
        Ok(Self {
            identity_pool_id: member("identityPoolId", id)?,
            identity_id: None,
            developer_user_identifier: None,
            max_results: None,
            next_token: None,
        })
    }

    /// The identity whose users are looked up.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn identity_id(mut self, id: impl TryInto<IdentityId, Error: Into<Error>>) -> Result<Self> {
        self.identity_id = Some(member("identityId", id)?);
        Ok(self)
    }

    /// The user whose identity is looked up.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn developer_user_identifier(
        mut self,
        user: impl TryInto<DeveloperUserIdentifier, Error: Into<Error>>,
    ) -> Result<Self> {
        self.developer_user_identifier = Some(member("developerUserIdentifier", user)?);
        Ok(self)
    }

    /// How many identifiers a page has, 1 to 60; 60 where nothing is said.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn max_results(
        mut self,
        results: impl TryInto<PageSize, Error: Into<Error>>,
    ) -> Result<Self> {
        self.max_results = Some(member("maxResults", results)?);
        Ok(self)
    }
}

paged!(LookupDeveloperIdentityInput);

/// An identity and the developer user identifiers that are linked to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct LookupDeveloperIdentityOutput {
    /// The identity.
    pub identity_id: IdentityId,
    /// A page of its developer user identifiers, in the order in which they were linked.
    pub developer_user_identifier_list: Vec<DeveloperUserIdentifier>,
    /// Where the next page begins; `None` on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<NextToken>,
}

/// What [`merge_developer_identities`](crate::Developer::merge_developer_identities) takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MergeDeveloperIdentitiesInput {
    pub(crate) source_user_identifier: DeveloperUserIdentifier,
    pub(crate) destination_user_identifier: DeveloperUserIdentifier,
    pub(crate) developer_provider_name: DeveloperProviderName,
    pub(crate) identity_pool_id: IdentityPoolId,
}

impl MergeDeveloperIdentitiesInput {
    /// Merges the identity of the user `source` into that of the user `destination`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(
        id: impl TryInto<IdentityPoolId, Error: Into<Error>>,
        provider: impl TryInto<DeveloperProviderName, Error: Into<Error>>,
        source: impl TryInto<DeveloperUserIdentifier, Error: Into<Error>>,
        destination: impl TryInto<DeveloperUserIdentifier, Error: Into<Error>>,
    ) -> Result<Self> {
        Ok(Self {
            source_user_identifier: member("sourceUserIdentifier", source)?,
            destination_user_identifier: member("destinationUserIdentifier", destination)?,
            developer_provider_name: member("developerProviderName", provider)?,
            identity_pool_id: member("identityPoolId", id)?,
        })
    }
}

/// The identity that has the logins of both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct MergeDeveloperIdentitiesOutput {
    /// The destination's identity.
    pub identity_id: IdentityId,
}

/// What [`unlink_developer_identity`](crate::Developer::unlink_developer_identity) takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UnlinkDeveloperIdentityInput {
    pub(crate) identity_id: IdentityId,
    pub(crate) identity_pool_id: IdentityPoolId,
    pub(crate) developer_provider_name: DeveloperProviderName,
    pub(crate) developer_user_identifier: DeveloperUserIdentifier,
}

impl UnlinkDeveloperIdentityInput {
    /// Unlinks a user from an identity of a pool.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]
    pub fn new(
        pool: impl TryInto<IdentityPoolId, Error: Into<Error>>,
        identity: impl TryInto<IdentityId, Error: Into<Error>>,
        provider: impl TryInto<DeveloperProviderName, Error: Into<Error>>,
        user: impl TryInto<DeveloperUserIdentifier, Error: Into<Error>>,
    ) -> Result<Self> {
        Ok(Self {
            identity_id: member("identityId", identity)?,
            identity_pool_id: member("identityPoolId", pool)?,
            developer_provider_name: member("developerProviderName", provider)?,
            developer_user_identifier: member("developerUserIdentifier", user)?,
        })
    }
}
