#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

mod ambient;
mod check;
mod constraint;
mod credentials;
mod engine;
mod error;
#[cfg(feature = "http")]
pub mod http;
mod id;
mod login;
mod name;
mod operation;
mod rules;
mod state;
mod store;
#[cfg(feature = "testkit")]
pub mod testkit;
mod text;
mod token;
pub mod wire;

pub use ambient::Clock;
pub use ambient::Entropy;
pub use ambient::EntropyError;
pub use ambient::Ids;
pub use ambient::RandomIds;
pub use ambient::SystemClock;
pub use ambient::SystemEntropy;
pub use ambient::Timestamp;
pub use check::Finding;
pub use constraint::Constraint;
pub use constraint::Violation;
pub use constraint::Violations;
pub use credentials::CredentialError;
pub use credentials::CredentialIssuer;
pub use credentials::Credentials;
pub use credentials::SecretKey;
pub use credentials::Session;
pub use credentials::SessionToken;
pub use credentials::VerifiedSession;
pub use engine::Builder;
pub use engine::Developer;
pub use engine::Engine;
pub use engine::Public;
pub use engine::Throttling;
pub use error::Error;
pub use error::ErrorKind;
pub use error::Result;
pub use id::AccountId;
pub use id::ClaimedAccountId;
pub use id::IdentityId;
pub use id::IdentityPoolId;
pub use id::Region;
pub use id::TokenIssuer;
pub use login::Issuer;
pub use login::IssuerKeys;
pub use login::JwkSet;
pub use login::JwkSetError;
pub use login::LoginError;
pub use login::LoginVerifier;
pub use login::Logins;
pub use login::OidcVerifier;
pub use login::TokenCheck;
pub use login::UnverifiedLogins;
pub use name::Arn;
pub use name::ClaimName;
pub use name::DeveloperProviderName;
pub use name::DeveloperUserIdentifier;
pub use name::IdentityPoolName;
pub use name::LoginToken;
pub use name::MappingRuleValue;
pub use name::NextToken;
pub use name::PrincipalTagKey;
pub use name::PrincipalTagValue;
pub use name::ProviderAppId;
pub use name::ProviderName;
pub use name::Subject;
pub use name::TagKey;
pub use name::TagValue;
pub use name::UserPoolClientId;
pub use name::UserPoolProviderName;
pub use operation::CreateIdentityPoolInput;
pub use operation::DeleteIdentitiesInput;
pub use operation::DeleteIdentitiesOutput;
pub use operation::DeleteIdentityPoolInput;
pub use operation::DescribeIdentityInput;
pub use operation::DescribeIdentityPoolInput;
pub use operation::GetCredentialsForIdentityInput;
pub use operation::GetCredentialsForIdentityOutput;
pub use operation::GetIdInput;
pub use operation::GetIdOutput;
pub use operation::GetIdentityPoolRolesInput;
pub use operation::GetIdentityPoolRolesOutput;
pub use operation::GetOpenIdTokenForDeveloperIdentityInput;
pub use operation::GetOpenIdTokenForDeveloperIdentityOutput;
pub use operation::GetOpenIdTokenInput;
pub use operation::GetOpenIdTokenOutput;
pub use operation::GetPrincipalTagAttributeMapInput;
pub use operation::GetPrincipalTagAttributeMapOutput;
pub use operation::GuestAccess;
pub use operation::IdentityDescription;
pub use operation::IdentityPoolShortDescription;
pub use operation::ListIdentitiesInput;
pub use operation::ListIdentitiesOutput;
pub use operation::ListIdentityPoolsInput;
pub use operation::ListIdentityPoolsOutput;
pub use operation::ListTagsForResourceInput;
pub use operation::ListTagsForResourceOutput;
pub use operation::LookupDeveloperIdentityInput;
pub use operation::LookupDeveloperIdentityOutput;
pub use operation::MergeDeveloperIdentitiesInput;
pub use operation::MergeDeveloperIdentitiesOutput;
pub use operation::SetIdentityPoolRolesInput;
pub use operation::SetPrincipalTagAttributeMapInput;
pub use operation::SetPrincipalTagAttributeMapOutput;
pub use operation::TagResourceInput;
pub use operation::UnlinkDeveloperIdentityInput;
pub use operation::UnlinkIdentityInput;
pub use operation::UnprocessedIdentityErrorCode;
pub use operation::UnprocessedIdentityId;
pub use operation::UntagResourceInput;
pub use operation::UpdateIdentityPoolInput;
pub use rules::Refusal;
pub use rules::claims::Claims;
pub use rules::claims::TokenDuration;
pub use rules::developer::UnknownDeveloperUser;
pub use rules::link::DeveloperLinking;
pub use rules::page::PageSize;
pub use rules::pool::POOLS_MAX;
pub use rules::pool::USER_POOLS_MAX;
pub use rules::roles::RULES_MAX;
pub use rules::roles::RoleAccounts;
pub use rules::tags::TAGS_MAX;
pub use state::AmbiguousRoleResolution;
pub use state::ClaimValue;
pub use state::CognitoIdentityProvider;
pub use state::IdentityPool;
pub use state::IdentityState;
pub use state::LOGINS_MAX;
pub use state::Login;
pub use state::MappingRule;
pub use state::MatchType;
pub use state::PrincipalTags;
pub use state::PublicProvider;
pub use state::RoleMapping;
pub use state::RoleMappingType;
pub use state::RoleType;
pub use state::RulesConfiguration;
pub use state::SigningAlgorithm;
pub use state::VerifiedLogin;
pub use store::Batch;
pub use store::Commit;
pub use store::Durability;
pub use store::Key;
pub use store::KeyRange;
pub use store::MemoryStore;
pub use store::SledOptions;
pub use store::SledStore;
pub use store::Store;
pub use store::StoreError;
pub use store::Tree;
pub use store::Value;
pub use store::Visitor;
pub use token::Discovery;
pub use token::Jwk;
pub use token::Jwks;
pub use token::ModulusEncoding;
pub use token::OpenIdToken;
pub use token::SigningKey;
pub use token::WebIdentity;
