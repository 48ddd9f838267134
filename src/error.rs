//! One error for all operations, and the service's names for what went wrong.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;

use crate::ambient::EntropyError;
use crate::constraint::Violations;
use crate::rules::Refusal;
use crate::store::StoreError;

/// What every operation returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation did not happen.
///
/// Nothing has changed. Only of [`Storage`](Self::Storage) is that not known: the store could not
/// say that a change is durable, so it happened whole or not at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The service would say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Members fail their constraints; all of them are listed.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// The store could not do its work.
    #[error("storage failed")]
    Storage(#[source] StoreError),
    /// What the store holds cannot be what was written.
    #[error("the store is corrupt: {detail}")]
    Corrupt {
        /// The file or the key, and what is wrong with it.
        detail: String,
    },
    /// Another engine has the database open.
    #[error("the database at {} is open elsewhere", path.display())]
    Locked {
        /// The database's folder.
        path: PathBuf,
    },
    /// Others changed the same records again and again while this operation tried.
    #[error("too many concurrent changes of the same records")]
    Contended,
    /// No randomness for ids or keys.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// A part that the embedder gave to the engine panicked.
    #[error("the {0} panicked")]
    Panicked(&'static str),
    /// A signing key cannot be made or used.
    #[error("signing key: {0}")]
    SigningKey(&'static str),
}

impl Error {
    /// The service's name for what went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused(refusal) => refusal.into(),
            Self::Invalid(_) => ErrorKind::Validation,
            Self::Contended => ErrorKind::TooManyRequests,
            Self::Storage(_)
            | Self::Corrupt { .. }
            | Self::Locked { .. }
            | Self::Entropy(_)
            | Self::Panicked(_)
            | Self::SigningKey(_) => ErrorKind::InternalError,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt(detail) => Self::Corrupt { detail },
            StoreError::Locked(path) => Self::Locked { path },
            StoreError::Stopped | StoreError::Failed(_) => Self::Storage(error),
        }
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// The service's exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `ConcurrentModificationException`
    ConcurrentModification,
    /// `DeveloperUserAlreadyRegisteredException`
    DeveloperUserAlreadyRegistered,
    /// `ExternalServiceException`
    ExternalService,
    /// `InternalErrorException`, the only one that is not the caller's doing
    InternalError,
    /// `InvalidIdentityPoolConfigurationException`
    InvalidIdentityPoolConfiguration,
    /// `InvalidParameterException`
    InvalidParameter,
    /// `LimitExceededException`
    LimitExceeded,
    /// `NotAuthorizedException`
    NotAuthorized,
    /// `ResourceConflictException`
    ResourceConflict,
    /// `ResourceNotFoundException`
    ResourceNotFound,
    /// `TooManyRequestsException`
    TooManyRequests,
    /// `ValidationException`
    Validation,
}

impl ErrorKind {
    /// The exception's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConcurrentModification => "ConcurrentModificationException",
            Self::DeveloperUserAlreadyRegistered => "DeveloperUserAlreadyRegisteredException",
            Self::ExternalService => "ExternalServiceException",
            Self::InternalError => "InternalErrorException",
            Self::InvalidIdentityPoolConfiguration => "InvalidIdentityPoolConfigurationException",
            Self::InvalidParameter => "InvalidParameterException",
            Self::LimitExceeded => "LimitExceededException",
            Self::NotAuthorized => "NotAuthorizedException",
            Self::ResourceConflict => "ResourceConflictException",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::TooManyRequests => "TooManyRequestsException",
            Self::Validation => "ValidationException",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&Refusal> for ErrorKind {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::ConcurrentModification => Self::ConcurrentModification,
            Refusal::DeveloperUserAlreadyRegistered { .. } => Self::DeveloperUserAlreadyRegistered,
            Refusal::AmbiguousRoleResolutionMissing { .. }
            | Refusal::ClassicFlowDisabled
            | Refusal::ClassicFlowWithRoleMappings
            | Refusal::ClassicFlowWithSaml
            | Refusal::CustomRoleNotOffered { .. }
            | Refusal::DeveloperProviderFixed
            | Refusal::DeveloperProviderMissing
            | Refusal::DeveloperProviderReserved { .. }
            | Refusal::DeveloperProviderUnsupported
            | Refusal::DeveloperUserIdentifierTooLong
            | Refusal::LookupKeyMissing
            | Refusal::NextTokenInvalid
            | Refusal::ProviderArnInvalid { .. }
            | Refusal::ProviderNotConfigured { .. }
            | Refusal::PublicProviderExpected
            | Refusal::ResourceArnInvalid { .. }
            | Refusal::RoleMappingProviderInvalid { .. }
            | Refusal::RulesConfigurationMissing
            | Refusal::RulesConfigurationUnexpected
            | Refusal::TagInvalid { .. }
            | Refusal::TooManyRules
            | Refusal::TooManyTags
            | Refusal::UserPoolProviderInvalid => Self::InvalidParameter,
            Refusal::AmbiguousRole { .. }
            | Refusal::GuestsUnsupported
            | Refusal::IdentityForbidden { .. }
            | Refusal::LoginAudienceIncorrect
            | Refusal::LoginClaimMissing { .. }
            | Refusal::LoginExpired { .. }
            | Refusal::LoginInactive
            | Refusal::LoginIsCognitoToken
            | Refusal::LoginIssuerMismatch
            | Refusal::LoginMalformed
            | Refusal::LoginNotYetValid
            | Refusal::LoginSignatureInvalid
            | Refusal::LoginsDontMatch
            | Refusal::PoolForbidden
            | Refusal::ProviderUnsupported
            | Refusal::ProvidersMissing { .. }
            | Refusal::RoleForbidden { .. }
            | Refusal::SessionExpired
            | Refusal::SessionInvalid
            | Refusal::TokenExpired { .. }
            | Refusal::TokenForeign => Self::NotAuthorized,
            Refusal::DeveloperUserElsewhere { .. }
            | Refusal::LoginTaken
            | Refusal::MergeOfTwoUsers
            | Refusal::TooManyLogins => Self::ResourceConflict,
            Refusal::AttributeMapNotFound { .. }
            | Refusal::DeveloperUserNotFound { .. }
            | Refusal::IdentityNotFound { .. }
            | Refusal::PoolNotFound { .. } => Self::ResourceNotFound,
            Refusal::PoolTooLarge | Refusal::TooManyPools | Refusal::TooManyUserPools => {
                Self::LimitExceeded
            }
            Refusal::PoolConfigurationInvalid => Self::InvalidIdentityPoolConfiguration,
            Refusal::CredentialsUnavailable | Refusal::ProviderUnavailable => Self::ExternalService,
            Refusal::RateExceeded => Self::TooManyRequests,
        }
    }
}
