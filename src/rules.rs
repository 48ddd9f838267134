//! The pure core: what the service decides, as total functions over plain data.
//!
//! A rule gets what is stored about the logins in question, the request, a fresh id and the time,
//! and returns [`Decided`] or a [`Refusal`]. It has no storage, clock, randomness or cryptography.
//!
//! # Invariants
//!
//! | | always true, in every store, after every crash |
//! | --- | --- |
//! | I1 | a login of a pool points at exactly one identity, and that identity is AUTHENTICATED and of that pool |
//! | I2 | the login index and the identity records say the same, in both directions |
//! | I3 | an identity has at most one login per public provider; many developer user identifiers are fine |
//! | I4 | an identity has at most 20 logins |
//! | I5 | AUTHENTICATED if and only if it has a login; once it had one it is never UNAUTHENTICATED again; DISABLED is final |
//! | I6 | every identity's pool exists; deleting a pool leaves nothing of it behind |
//! | I7 | a refused operation changes no byte |
//! | I8 | an operation that was answered survives a crash; one that was not answered happened whole or not at all |
//! | I9 | identity ids are never reused; `CreationDate <= LastModifiedDate` |
//! | I10 | a token's `sub`, `aud` and `amr` name an identity, pool and logins that stood together in one committed state |
//!
//! # Order of refusals
//!
//! Constraints of the members, then rules across members, then what does not exist (pool, identity,
//! user), then the pool's settings, then each presented login in turn, then the resolution table.

pub(crate) mod attributes;
pub(crate) mod claims;
pub(crate) mod developer;
pub(crate) mod link;
pub(crate) mod page;
pub(crate) mod pool;
#[cfg(test)]
mod properties;
pub(crate) mod provider;
pub(crate) mod public;
pub(crate) mod roles;
pub(crate) mod session;
pub(crate) mod tags;

use crate::cause::Cause;
use crate::id::{IdentityId, IdentityPoolId};
use crate::name::{Arn, DeveloperProviderName, DeveloperUserIdentifier, ProviderName, TagKey};
use crate::state::{
    Identity, IdentityPool, LOGINS_MAX, LinkConflict, Pool, RoleMapping, RoleMappingType,
};

/// What a rule has decided: all of it happens, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decided<T> {
    pub(crate) effects: Vec<Effect>,
    pub(crate) output: T,
}

impl<T> Decided<T> {
    /// An answer that changes nothing.
    pub(crate) fn unchanged(output: T) -> Self {
        Self { effects: Vec::new(), output }
    }

    /// A pool that becomes another; one that is as before is not written.
    pub(crate) fn replacing(before: &Pool, after: Pool, output: T) -> Self {
        if after == *before {
            return Self::unchanged(output);
        }
        let change = Change::Update { before: before.clone(), after };
        Self { effects: vec![Effect::Pool(Box::new(change))], output }
    }

    pub(crate) fn map<U>(self, to: impl FnOnce(T) -> U) -> Decided<U> {
        Decided { effects: self.effects, output: to(self.output) }
    }

    pub(crate) fn try_map<U, E>(self, to: impl FnOnce(T) -> Result<U, E>) -> Result<Decided<U>, E> {
        Ok(Decided { effects: self.effects, output: to(self.output)? })
    }
}

/// One change. The login index follows from the identities' logins (I2) and is never decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    Pool(Box<Change<Pool>>),
    Identity(Change<Identity>),
}

/// Before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change<T> {
    Create(T),
    Update { before: T, after: T },
    Delete(T),
}

/// Every business "no" with its data. Its text is the service's where that is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A role mapping does not say which role a user gets, and denies where it does not.
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
    /// The provider has no attribute map: none was set, or it was removed, or the pool is not
    /// configured for the provider.
    #[error("Principal tag attribute map of '{provider}' not found.")]
    AttributeMapNotFound {
        /// The provider.
        provider: ProviderName,
    },
    /// The pool does not allow the basic (classic) flow.
    #[error("Basic (classic) flow is not enabled, please use enhanced flow.")]
    ClassicFlowDisabled,
    /// The roles of the pool depend on who the user is, which the basic (classic) flow cannot say.
    #[error("Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.")]
    ClassicFlowWithRoleMappings,
    /// A login of a SAML provider, which the basic (classic) flow does not take.
    #[error("Basic (classic) flow is not supported with SAML, please use enhanced flow.")]
    ClassicFlowWithSaml,
    /// Others update the pool over and over.
    #[error("The identity pool is being updated by others.")]
    ConcurrentModification,
    /// A role that the caller asks for, and that the token carries, is in no rule of the role
    /// mapping.
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
    /// The pool has a developer provider name already, and it is another one.
    #[error("Developer provider name cannot be changed once it has been set.")]
    DeveloperProviderFixed,
    /// The presented logins lack the pool's developer provider.
    #[error("You can only specify one developer provider as part of the Logins map.")]
    DeveloperProviderMissing,
    /// A developer provider name that would be taken for something else.
    #[error("'{name}' is the name of a public provider.")]
    DeveloperProviderReserved {
        /// The refused name.
        name: DeveloperProviderName,
    },
    /// The name is not that of the pool's developer provider.
    #[error("This identity pool does not support the specified developer provider")]
    DeveloperProviderUnsupported,
    /// The user is registered under another identity than the given one.
    #[error("This developer user identifier is already registered with Cognito.")]
    DeveloperUserAlreadyRegistered {
        /// The user.
        user: DeveloperUserIdentifier,
        /// The identity that the user has.
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
    /// A developer user identifier of more than 1024 characters.
    #[error("A developer user identifier has at most 1024 characters.")]
    DeveloperUserIdentifierTooLong,
    /// The user was never registered in the pool, or has been unlinked.
    #[error("Developer user identifier '{user}' not found.")]
    DeveloperUserNotFound {
        /// The user.
        user: DeveloperUserIdentifier,
    },
    /// The pool has no identities for guests.
    #[error("Unauthenticated access is not supported for this identity pool.")]
    GuestsUnsupported,
    /// The identity is disabled, or authenticated while no login was presented.
    #[error("Access to Identity '{identity_id}' is forbidden.")]
    IdentityForbidden {
        /// The identity.
        identity_id: IdentityId,
    },
    /// No such identity, or none that the caller may see.
    #[error("Identity '{identity_id}' not found.")]
    IdentityNotFound {
        /// The identity.
        identity_id: IdentityId,
    },
    /// A presented token is for an application that is not registered with the provider of IAM.
    #[error("Invalid login token. Incorrect token audience.")]
    LoginAudienceIncorrect,
    /// A presented token lacks a claim.
    #[error("Invalid login token. Missing a required claim: {claim}")]
    LoginClaimMissing {
        /// The claim's name.
        claim: &'static str,
    },
    /// A presented token is of the past.
    #[error("Invalid login token. Token expired: {now} >= {exp}")]
    LoginExpired {
        /// The moment of the call, in epoch seconds.
        now: u64,
        /// The token's `exp`, in epoch seconds.
        exp: u64,
    },
    /// The provider says that the user of a presented token has signed out or is gone.
    #[error("Token is inactive")]
    LoginInactive,
    /// A token of this service was presented as a login.
    #[error("Invalid login token. Can't pass in a Cognito token.")]
    LoginIsCognitoToken,
    /// A presented token names another issuer than the provider it is presented under.
    #[error("Invalid login token. Issuer doesn't match providerName")]
    LoginIssuerMismatch,
    /// What was presented is no token.
    #[error("Invalid login token. Not a valid OpenId Connect identity token.")]
    LoginMalformed,
    /// A presented token is of the future.
    #[error("Invalid login token. Token is not valid yet.")]
    LoginNotYetValid,
    /// The signature of a presented token does not verify.
    #[error("Invalid login token. Couldn't verify signed token.")]
    LoginSignatureInvalid,
    /// The identity would get a second user of one public provider, whom no identity has yet.
    #[error("Login is already linked to another account.")]
    LoginTaken,
    /// No presented login belongs to the given identity.
    #[error(
        "Logins don't match. Please include at least one valid login for this identity or \
         identity pool."
    )]
    LoginsDontMatch,
    /// A lookup by nothing.
    #[error("Either IdentityId or DeveloperUserIdentifier must be provided.")]
    LookupKeyMissing,
    /// Two identities that would be merged have different users of one public provider.
    #[error("Cannot merge these identities.")]
    MergeOfTwoUsers,
    /// A page token that this listing did not hand out.
    #[error("NextToken is not valid.")]
    NextTokenInvalid,
    /// The pool has no role for the caller, or none that can be assumed.
    #[error("Invalid identity pool configuration. Check assigned IAM roles for this pool.")]
    PoolConfigurationInvalid,
    /// The caller takes another account for the pool's owner.
    #[error("Access to this identity pool is forbidden.")]
    PoolForbidden,
    /// No such pool, or none that the caller may see.
    #[error("IdentityPool '{identity_pool_id}' not found.")]
    PoolNotFound {
        /// The pool.
        identity_pool_id: IdentityPoolId,
    },
    /// An ARN that names no provider of the kind it stands for.
    #[error("Invalid provider ARN '{arn}'.")]
    ProviderArnInvalid {
        /// The ARN.
        arn: String,
    },
    /// The pool is not configured for the provider that an attribute map is set for.
    #[error("'{provider}' is not a configured provider of this identity pool.")]
    ProviderNotConfigured {
        /// The provider.
        provider: ProviderName,
    },
    /// The login verifier failed.
    #[error("The login provider is not available.")]
    ProviderUnavailable(#[source] Cause),
    /// The pool does not accept the provider, or not this application of it.
    #[error("Token is not from a supported provider of this identity pool.")]
    ProviderUnsupported,
    /// Logins were presented to a pool without any provider.
    #[error("Identity pool - {identity_pool_id} does not have identity providers configured.")]
    ProvidersMissing {
        /// The pool.
        identity_pool_id: IdentityPoolId,
    },
    /// The pool's developer provider where only a public one can be.
    #[error("Please provide a valid public provider")]
    PublicProviderExpected,
    /// More calls in a second than the service allows.
    #[error("Rate exceeded")]
    RateExceeded,
    /// An ARN that cannot be one of an identity pool.
    #[error("Invalid resource ARN '{arn}'.")]
    ResourceArnInvalid {
        /// The ARN.
        arn: Arn,
    },
    /// Not the ARN of a role, or of one that neither caller nor pool may use.
    #[error("Access to Role '{role}' is forbidden.")]
    RoleForbidden {
        /// The role.
        role: Arn,
    },
    /// A role mapping for something that is no provider of the pool.
    #[error(
        "({provider}) is not a valid RoleMapping ProviderName or is not a configured provider."
    )]
    RoleMappingProviderInvalid {
        /// The provider.
        provider: ProviderName,
    },
    /// A role mapping by rules without rules.
    #[error("RulesConfiguration is required for role mapping of type Rules.")]
    RulesConfigurationMissing,
    /// A role mapping by token with rules.
    #[error("RulesConfiguration is not allowed for role mapping of type Token.")]
    RulesConfigurationUnexpected,
    /// A session of this engine whose time is over.
    #[error("The security token included in the request is expired")]
    SessionExpired,
    /// Not a session of this engine.
    #[error("The security token included in the request is invalid.")]
    SessionInvalid,
    /// A tag's key or value has a character that tags do not have, or the prefix `aws:`.
    #[error("Invalid tag '{key}'.")]
    TagInvalid {
        /// The tag's key.
        key: TagKey,
    },
    /// A token of this engine whose time is over.
    #[error("Invalid login token. Token expired: {now} >= {exp}")]
    TokenExpired {
        /// The moment of the call, in epoch seconds.
        now: u64,
        /// The token's `exp`, in epoch seconds.
        exp: u64,
    },
    /// Not exactly a token of this engine.
    #[error("Invalid login token. Not a Cognito token.")]
    TokenForeign,
    /// The identity would get more than 20 logins.
    #[error("The number of linked logins cannot exceed {LOGINS_MAX}.")]
    TooManyLogins,
    /// The account has as many pools as it can have.
    #[error("Identity pool limit exceeded.")]
    TooManyPools,
    /// More than 25 rules in a role mapping.
    #[error("A role mapping has at most {} rules.", RoleMapping::RULES_MAX)]
    TooManyRules,
    /// The settings of a pool, with its roles and attribute maps, are more than can be kept.
    #[error("The settings of the identity pool are too large.")]
    PoolTooLarge,
    /// More than 50 tags.
    #[error("A resource has at most {} tags.", IdentityPool::TAGS_MAX)]
    TooManyTags,
    /// More than 50 user pools.
    #[error("An identity pool has at most {} user pools.", IdentityPool::USER_POOLS_MAX)]
    TooManyUserPools,
    /// A user pool without a client, or not named `cognito-idp.REGION.amazonaws.com/POOL`, in China
    /// `cognito-idp.REGION.amazonaws.com.cn/POOL`.
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
    /// What is said of logins that are moved from another identity.
    pub(crate) fn of_merge(conflict: LinkConflict) -> Self {
        match conflict {
            LinkConflict::AnotherUserOfTheProvider(_) => Self::MergeOfTwoUsers,
            LinkConflict::TooManyLogins => Self::TooManyLogins,
        }
    }
}
