//! The refusals of the rules.

use crate::cause::Cause;
use crate::id::{IdentityId, IdentityPoolId, Region};
use crate::name::{Arn, DeveloperProviderName, DeveloperUserIdentifier, ProviderName, TagKey};
use crate::state::{EventId, IdentityPool, LOGINS_MAX, LinkConflict, RoleMapping, RoleMappingType};

/// Every refusal of a rule, with its data. The text is the service's where that is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A role mapping finds no single role for a user, and is set to deny in that case.
    #[error("The ambiguous role mapping rules for: {provider} denied this request.")]
    AmbiguousRole {
        /// The provider, as the mapping spells it.
        provider: ProviderName,
    },
    /// A role mapping without `AmbiguousRoleResolution`.
    #[error("AmbiguousRoleResolution is required for role mapping of type {mapping_type}.")]
    AmbiguousRoleResolutionMissing {
        /// The mapping's type.
        mapping_type: RoleMappingType,
    },
    /// The provider has no attribute map: it was never set, it was removed, or the pool is not
    /// configured for the provider.
    #[error("Principal tag attribute map of '{provider}' not found.")]
    AttributeMapNotFound {
        /// The provider.
        provider: ProviderName,
    },
    /// The pool does not allow the basic (classic) flow.
    #[error("Basic (classic) flow is not enabled, please use enhanced flow.")]
    ClassicFlowDisabled,
    /// The pool has role mappings, so a role depends on the user. The basic (classic) flow does not
    /// support that.
    #[error("Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.")]
    ClassicFlowWithRoleMappings,
    /// A login of a SAML provider. The basic (classic) flow does not accept it.
    #[error("Basic (classic) flow is not supported with SAML, please use enhanced flow.")]
    ClassicFlowWithSaml,
    /// Other calls keep updating the same pool.
    #[error("The identity pool is being updated by others.")]
    ConcurrentModification,
    /// The caller asks for a role that the token carries but no rule of the role mapping has.
    #[error("CustomRoleArn '{role}' is not offered by the role mapping rules for: {provider}.")]
    CustomRoleNotOffered {
        /// The provider, as the mapping spells it.
        provider: ProviderName,
        /// The role.
        role: Arn,
    },
    /// The credential issuer failed.
    #[error("Credentials are not available.")]
    CredentialsUnavailable(#[source] Cause),
    /// The pool already has another developer provider name.
    #[error("Developer provider name cannot be changed once it has been set.")]
    DeveloperProviderFixed,
    /// The presented logins do not include the pool's developer provider.
    #[error("You can only specify one developer provider as part of the Logins map.")]
    DeveloperProviderMissing,
    /// A developer provider name that means something else in a `Logins` map.
    #[error("'{name}' is the name of a public provider.")]
    DeveloperProviderReserved {
        /// The refused name.
        name: DeveloperProviderName,
    },
    /// The name is not the one of the pool's developer provider.
    #[error("This identity pool does not support the specified developer provider")]
    DeveloperProviderUnsupported,
    /// The user is registered under an identity other than the given one.
    #[error("This developer user identifier is already registered with Cognito.")]
    DeveloperUserAlreadyRegistered {
        /// The user.
        user: DeveloperUserIdentifier,
        /// The identity that owns the user.
        identity_id: IdentityId,
    },
    /// The user does not belong to the given identity.
    #[error(
        "The specified developer user identifier is not associated with identity '{identity_id}'."
    )]
    DeveloperUserElsewhere {
        /// The given identity.
        identity_id: IdentityId,
    },
    /// A developer user identifier with more than 1024 characters.
    #[error("A developer user identifier has at most 1024 characters.")]
    DeveloperUserIdentifierTooLong,
    /// The user was never registered in the pool, or was unlinked.
    #[error("Developer user identifier '{user}' not found.")]
    DeveloperUserNotFound {
        /// The user.
        user: DeveloperUserIdentifier,
    },
    /// The journal does not have the event, or no longer.
    #[error("Event '{event}' not found.")]
    EventNotFound {
        /// The event.
        event: EventId,
    },
    /// The change of an event of this kind cannot be undone.
    #[error("Event '{event}' is not a merge, a link or an unlink.")]
    EventNotReversible {
        /// The event.
        event: EventId,
    },
    /// The pool does not allow guests.
    #[error("Unauthenticated access is not supported for this identity pool.")]
    GuestsUnsupported,
    /// Two tags of a pool choose different ids.
    #[error("The tags '{first}' and '{second}' choose different ids.")]
    IdAmbiguous {
        /// The key of one tag.
        first: TagKey,
        /// The key of the other tag.
        second: TagKey,
    },
    /// A chosen id that no engine would mint: it is not `REGION:GUID`, or the GUID is nil.
    #[error("'{id}' is not an id of the form REGION:GUID.")]
    IdInvalid {
        /// The chosen id.
        id: String,
    },
    /// A chosen id of a region other than the pool's.
    #[error("'{id}' is not an id of the region {region}.")]
    IdOfAnotherRegion {
        /// The chosen id.
        id: String,
        /// The region of the pool.
        region: Region,
    },
    /// A chosen id of a pool or an identity that exists, or of a pool that is being removed.
    #[error("'{id}' is taken.")]
    IdTaken {
        /// The chosen id.
        id: String,
    },
    /// The identity is disabled, or it is authenticated and no login was presented.
    #[error("Access to Identity '{identity_id}' is forbidden.")]
    IdentityForbidden {
        /// The identity.
        identity_id: IdentityId,
    },
    /// The identity does not exist, or the caller may not see it.
    #[error("Identity '{identity_id}' not found.")]
    IdentityNotFound {
        /// The identity.
        identity_id: IdentityId,
    },
    /// A presented token was issued for an application that is not registered with the IAM
    /// provider.
    #[error("Invalid login token. Incorrect token audience.")]
    LoginAudienceIncorrect,
    /// A presented token lacks a claim.
    #[error("Invalid login token. Missing a required claim: {claim}")]
    LoginClaimMissing {
        /// The claim's name.
        claim: &'static str,
    },
    /// A presented token has expired.
    #[error("Invalid login token. Token expired: {now} >= {exp}")]
    LoginExpired {
        /// The time of the call, in epoch seconds.
        now: u64,
        /// The token's `exp`, in epoch seconds.
        exp: u64,
    },
    /// The provider says that the user of a presented token has signed out or no longer exists.
    #[error("Token is inactive")]
    LoginInactive,
    /// A token of this service was presented as a login.
    #[error("Invalid login token. Can't pass in a Cognito token.")]
    LoginIsCognitoToken,
    /// A presented token names an issuer other than the provider it is presented under.
    #[error("Invalid login token. Issuer doesn't match providerName")]
    LoginIssuerMismatch,
    /// The presented text is not a token.
    #[error("Invalid login token. Not a valid OpenId Connect identity token.")]
    LoginMalformed,
    /// No identity of the pool has the login.
    #[error("Login not found.")]
    LoginNotFound,
    /// A presented token is not valid yet.
    #[error("Invalid login token. Token is not valid yet.")]
    LoginNotYetValid,
    /// The login belongs to an identity other than the given one.
    #[error("Login belongs to identity '{identity_id}'.")]
    LoginOfAnother {
        /// The identity that has the login.
        identity_id: IdentityId,
    },
    /// The signature of a presented token does not verify.
    #[error("Invalid login token. Couldn't verify signed token.")]
    LoginSignatureInvalid,
    /// The identity would get a second user of one public provider. No identity owns that user yet.
    #[error("Login is already linked to another account.")]
    LoginTaken,
    /// No presented login belongs to the given identity.
    #[error(
        "Logins don't match. Please include at least one valid login for this identity or \
         identity pool."
    )]
    LoginsDontMatch,
    /// The link policy of the embedder has refused to link a login or to merge identities.
    #[error("{reason}")]
    LinkVetoed {
        /// The reason of the policy.
        reason: String,
    },
    /// A lookup without an identity id or a developer user identifier.
    #[error("Either IdentityId or DeveloperUserIdentifier must be provided.")]
    LookupKeyMissing,
    /// Two identities that would be merged have different users of the same public provider.
    #[error("Cannot merge these identities.")]
    MergeOfTwoUsers,
    /// A page token that this listing did not issue.
    #[error("NextToken is not valid.")]
    NextTokenInvalid,
    /// The pool has no role for the caller, or the role cannot be assumed.
    #[error("Invalid identity pool configuration. Check assigned IAM roles for this pool.")]
    PoolConfigurationInvalid,
    /// The caller names an account that does not own the pool.
    #[error("Access to this identity pool is forbidden.")]
    PoolForbidden,
    /// The pool does not exist, or the caller may not see it.
    #[error("IdentityPool '{identity_pool_id}' not found.")]
    PoolNotFound {
        /// The pool.
        identity_pool_id: IdentityPoolId,
    },
    /// An ARN that does not name a provider of the expected kind.
    #[error("Invalid provider ARN '{arn}'.")]
    ProviderArnInvalid {
        /// The ARN.
        arn: String,
    },
    /// An attribute map for a provider that the pool is not configured for.
    #[error("'{provider}' is not a configured provider of this identity pool.")]
    ProviderNotConfigured {
        /// The provider.
        provider: ProviderName,
    },
    /// The login verifier failed, or could not reach the provider.
    #[error("The login provider is not available.")]
    ProviderUnavailable(#[source] Cause),
    /// The pool does not accept the provider, or not this application of the provider.
    #[error("Token is not from a supported provider of this identity pool.")]
    ProviderUnsupported,
    /// Logins were presented to a pool that has no providers.
    #[error("Identity pool - {identity_pool_id} does not have identity providers configured.")]
    ProvidersMissing {
        /// The pool.
        identity_pool_id: IdentityPoolId,
    },
    /// The pool's developer provider was given in place of a public provider.
    #[error("Please provide a valid public provider")]
    PublicProviderExpected,
    /// More calls per second than the service allows.
    #[error("Rate exceeded")]
    RateExceeded,
    /// An ARN that is not the ARN of an identity pool.
    #[error("Invalid resource ARN '{arn}'.")]
    ResourceArnInvalid {
        /// The ARN.
        arn: Arn,
    },
    /// Not the ARN of a role, or a role that the caller or the pool may not use.
    #[error("Access to Role '{role}' is forbidden.")]
    RoleForbidden {
        /// The role.
        role: Arn,
    },
    /// A role mapping for a name that is not a provider of the pool.
    #[error(
        "({provider}) is not a valid RoleMapping ProviderName or is not a configured provider."
    )]
    RoleMappingProviderInvalid {
        /// The provider.
        provider: ProviderName,
    },
    /// A role mapping of type `Rules` without rules.
    #[error("RulesConfiguration is required for role mapping of type Rules.")]
    RulesConfigurationMissing,
    /// A role mapping of type `Token` with rules.
    #[error("RulesConfiguration is not allowed for role mapping of type Token.")]
    RulesConfigurationUnexpected,
    /// A session of this engine that has expired.
    #[error("The security token included in the request is expired")]
    SessionExpired,
    /// Not a session of this engine.
    #[error("The security token included in the request is invalid.")]
    SessionInvalid,
    /// A tag whose key or value has a character that is not allowed in tags, or whose key has the
    /// prefix `aws:`.
    #[error("Invalid tag '{key}'.")]
    TagInvalid {
        /// The tag's key.
        key: TagKey,
    },
    /// A token of this engine that has expired.
    #[error("Invalid login token. Token expired: {now} >= {exp}")]
    TokenExpired {
        /// The time of the call, in epoch seconds.
        now: u64,
        /// The token's `exp`, in epoch seconds.
        exp: u64,
    },
    /// A token that this engine would not have issued, byte for byte.
    #[error("Invalid login token. Not a Cognito token.")]
    TokenForeign,
    /// The identity would get more than 20 logins.
    #[error("The number of linked logins cannot exceed {LOGINS_MAX}.")]
    TooManyLogins,
    /// The account already has the maximum number of pools.
    #[error("Identity pool limit exceeded.")]
    TooManyPools,
    /// More than 25 rules in a role mapping.
    #[error("A role mapping has at most {} rules.", RoleMapping::RULES_MAX)]
    TooManyRules,
    /// The settings of the pool, its roles and its attribute maps are together too large to store.
    #[error("The settings of the identity pool are too large.")]
    PoolTooLarge,
    /// More than 50 tags.
    #[error("A resource has at most {} tags.", IdentityPool::TAGS_MAX)]
    TooManyTags,
    /// More than 50 user pools.
    #[error("An identity pool has at most {} user pools.", IdentityPool::USER_POOLS_MAX)]
    TooManyUserPools,
    /// The change of an event cannot be undone, because of what has happened since.
    #[error("Event '{by}' stands in the way.")]
    UndoOvertaken {
        /// The event that stands in the way.
        by: EventId,
    },
    /// A user pool without a client, or with a name other than
    /// `cognito-idp.REGION.amazonaws.com/POOL` (in China
    /// `cognito-idp.REGION.amazonaws.com.cn/POOL`).
    #[error("Invalid Cognito Identity Provider")]
    UserPoolProviderInvalid,
}

impl From<LinkConflict> for Refusal {
    fn from(conflict: LinkConflict) -> Self {
        match conflict {
            LinkConflict::AnotherUserOfTheProvider(_) => Self::LoginTaken,
            LinkConflict::TooManyLogins => Self::TooManyLogins,
        }
    }
}

impl Refusal {
    /// The refusal for a conflict over a login that would move from another identity.
    pub(crate) fn of_merge(conflict: LinkConflict) -> Self {
        match conflict {
            LinkConflict::AnotherUserOfTheProvider(_) => Self::MergeOfTwoUsers,
            LinkConflict::TooManyLogins => Self::TooManyLogins,
        }
    }
}
