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
mod op;
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
pub use op::CreateIdentityPoolInput;
pub use op::DeleteIdentitiesInput;
pub use op::DeleteIdentitiesOutput;
pub use op::DeleteIdentityPoolInput;
pub use op::DescribeIdentityInput;
pub use op::DescribeIdentityPoolInput;
pub use op::GetCredentialsForIdentityInput;
pub use op::GetCredentialsForIdentityOutput;
pub use op::GetIdInput;
pub use op::GetIdOutput;
pub use op::GetIdentityPoolRolesInput;
pub use op::GetIdentityPoolRolesOutput;
pub use op::GetOpenIdTokenForDeveloperIdentityInput;
pub use op::GetOpenIdTokenForDeveloperIdentityOutput;
pub use op::GetOpenIdTokenInput;
pub use op::GetOpenIdTokenOutput;
pub use op::GetPrincipalTagAttributeMapInput;
pub use op::GetPrincipalTagAttributeMapOutput;
pub use op::GuestAccess;
pub use op::IdentityDescription;
pub use op::IdentityPoolShortDescription;
pub use op::ListIdentitiesInput;
pub use op::ListIdentitiesOutput;
pub use op::ListIdentityPoolsInput;
pub use op::ListIdentityPoolsOutput;
pub use op::ListTagsForResourceInput;
pub use op::ListTagsForResourceOutput;
pub use op::LookupDeveloperIdentityInput;
pub use op::LookupDeveloperIdentityOutput;
pub use op::MergeDeveloperIdentitiesInput;
pub use op::MergeDeveloperIdentitiesOutput;
pub use op::SetIdentityPoolRolesInput;
pub use op::SetPrincipalTagAttributeMapInput;
pub use op::SetPrincipalTagAttributeMapOutput;
pub use op::TagResourceInput;
pub use op::UnlinkDeveloperIdentityInput;
pub use op::UnlinkIdentityInput;
pub use op::UnprocessedIdentityErrorCode;
pub use op::UnprocessedIdentityId;
pub use op::UntagResourceInput;
pub use op::UpdateIdentityPoolInput;
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
