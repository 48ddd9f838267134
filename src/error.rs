//! The error of all operations, and the service's names for it.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;

use crate::ambient::EntropyError;
use crate::constraint::Violations;
use crate::rules::Refusal;
use crate::store::{SALVAGED, StoreError};

/// The result of every operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why an operation failed.
///
/// A failed operation has changed nothing. [`Storage`](Self::Storage) is the one exception: the
/// store could not guarantee that the change is durable, so all of it may have happened, or none.
/// With [`StoreError::Unavailable`] in it, none has, and the same call may succeed later.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The service would refuse the call.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Members violate their constraints. All violations are listed.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// The store failed.
    #[error("storage failed")]
    Storage(#[source] StoreError),
    /// The engine was closed, by [`Engine::close`](crate::Engine::close) of this or another clone.
    #[error("the engine is closed")]
    Closed,
    /// The stored data is damaged.
    #[error("the store is corrupt: {detail}")]
    Corrupt {
        /// The file or the key, and its defect.
        detail: String,
    },
    /// Another engine has the database open, in this process or in another one. An engine of this
    /// process keeps its folder locked even while the folder is removed:
    /// [close](crate::Engine::close) it first.
    #[error("the database at {} is open elsewhere", path.display())]
    Locked {
        /// The database's folder.
        path: PathBuf,
    },
    /// The database was salvaged from a damaged one, and nobody has
    /// [accepted](crate::store::SledOptions::accept_salvage) its losses.
    #[error("{}: {SALVAGED}", path.display())]
    Salvaged {
        /// The database's folder.
        path: PathBuf,
    },
    /// A [copy](crate::store::copy) into the database is going on, or did not finish.
    #[error("a copy into this database did not finish")]
    CopyUnfinished,
    /// Other writers changed the same records in every attempt of this operation.
    #[error("too many concurrent changes of the same records")]
    Contended,
    /// No randomness is available for ids or keys.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// A part that the embedder provided panicked.
    #[error("the {0} panicked")]
    Panicked(&'static str),
    /// A part that the embedder provided does not answer.
    #[error("the {0} does not answer")]
    Unresponsive(&'static str),
    /// A signing key cannot be generated or used.
    #[error("signing key: {0}")]
    SigningKey(&'static str),
}

impl Error {
    /// The service's exception.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused(refusal) => refusal.into(),
            Self::Invalid(_) => ErrorKind::Validation,
            Self::Contended => ErrorKind::TooManyRequests,
            Self::Storage(_)
            | Self::Closed
            | Self::Corrupt { .. }
            | Self::Locked { .. }
            | Self::Salvaged { .. }
            | Self::CopyUnfinished
            | Self::Entropy(_)
            | Self::Panicked(_)
            | Self::Unresponsive(_)
            | Self::SigningKey(_) => ErrorKind::InternalError,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Closed => Self::Closed,
            StoreError::Corrupt(detail) => Self::Corrupt { detail },
            StoreError::Locked(path) => Self::Locked { path },
            StoreError::Salvaged(path) => Self::Salvaged { path },
            StoreError::Stopped
            | StoreError::Unavailable(_)
            | StoreError::Unknown(_)
            | StoreError::Failed(_) => Self::Storage(error),
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
    /// `InternalErrorException`, the only one that the caller has not caused
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
            | Refusal::EventNotReversible { .. }
            | Refusal::IdAmbiguous { .. }
            | Refusal::IdInvalid { .. }
            | Refusal::IdOfAnotherRegion { .. }
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
            | Refusal::LinkVetoed { .. }
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
            | Refusal::IdTaken { .. }
            | Refusal::LoginOfAnother { .. }
            | Refusal::LoginTaken
            | Refusal::MergeOfTwoUsers
            | Refusal::TooManyLogins
            | Refusal::UndoOvertaken { .. } => Self::ResourceConflict,
            Refusal::AttributeMapNotFound { .. }
            | Refusal::DeveloperUserNotFound { .. }
            | Refusal::EventNotFound { .. }
            | Refusal::IdentityNotFound { .. }
            | Refusal::LoginNotFound
            | Refusal::PoolNotFound { .. } => Self::ResourceNotFound,
            Refusal::PoolTooLarge | Refusal::TooManyPools | Refusal::TooManyUserPools => {
                Self::LimitExceeded
            }
            Refusal::PoolConfigurationInvalid => Self::InvalidIdentityPoolConfiguration,
            Refusal::CredentialsUnavailable(_) | Refusal::ProviderUnavailable(_) => {
                Self::ExternalService
            }
            Refusal::RateExceeded => Self::TooManyRequests,
        }
    }
}
