//! The inputs and outputs of the operations, under the service's own names.
//!
//! # Inputs
//!
//! `XInput::new` takes the required members. Setters, named as in the AWS SDK, take the others; a
//! setter of a list or a map adds one entry. Setters do not fail: the operation refuses all
//! violated constraints together, as the service does. A getter, `get_member`, returns a valid
//! value.
//!
//! # Example: every violation at once
//!
//! ```
//! # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
//! # let engine = Engine::builder().in_memory()?;
//! # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
//! let input = CreateIdentityPoolInput::new("a#b", GuestAccess::Denied)
//!     .developer_provider_name("login game");
//! let Err(Error::Invalid(violations)) = aws.create_identity_pool(input) else { panic!() };
//! let members: Vec<_> = violations.iter().map(Violation::member).collect();
//! assert_eq!(members, ["identityPoolName", "developerProviderName"]);
//! # Ok::<(), cognate::Error>(())
//! ```
//!
//! # JSON
//!
//! Inputs and outputs serialize and deserialize as the JSON of the service.

mod developer;
mod identities;
pub(crate) mod input;
mod pools;
mod public;
mod roles;
mod tags;

pub use crate::rules::page::PageSize;
pub use crate::state::{
    AmbiguousRoleResolution, CognitoIdentityProvider, IdentityPool, IdentityState, MappingRule,
    MatchType, PrincipalTags, RoleMapping, RoleMappingType, RoleType, RulesConfiguration,
};
pub(crate) use developer::{
    GetOpenIdTokenForDeveloperIdentity, MergeDeveloperIdentities, PRINCIPAL_TAGS_MAX,
    UnlinkDeveloperIdentity,
};
pub use developer::{
    GetOpenIdTokenForDeveloperIdentityInput, GetOpenIdTokenForDeveloperIdentityOutput,
    LookupDeveloperIdentityInput, LookupDeveloperIdentityOutput, MergeDeveloperIdentitiesInput,
    MergeDeveloperIdentitiesOutput, UnlinkDeveloperIdentityInput,
};
pub(crate) use identities::{DeleteIdentities, IDS_TO_DELETE_MAX, IDS_TO_DELETE_MIN};
pub use identities::{
    DeleteIdentitiesInput, DeleteIdentitiesOutput, DescribeIdentityInput, IdentityDescription,
    ListIdentitiesInput, ListIdentitiesOutput, UnprocessedIdentityErrorCode, UnprocessedIdentityId,
};
pub(crate) use pools::{CreateIdentityPool, DeleteIdentityPool, LOGIN_PROVIDERS_MAX};
pub use pools::{
    CreateIdentityPoolInput, DeleteIdentityPoolInput, DescribeIdentityPoolInput, GuestAccess,
    IdentityPoolShortDescription, ListIdentityPoolsInput, ListIdentityPoolsOutput,
    UpdateIdentityPoolInput,
};
pub(crate) use public::{GetCredentialsForIdentity, GetId, GetOpenIdToken, UnlinkIdentity};
pub use public::{
    GetCredentialsForIdentityInput, GetCredentialsForIdentityOutput, GetIdInput, GetIdOutput,
    GetOpenIdTokenInput, GetOpenIdTokenOutput, UnlinkIdentityInput,
};
pub use roles::{
    GetIdentityPoolRolesInput, GetIdentityPoolRolesOutput, GetPrincipalTagAttributeMapInput,
    GetPrincipalTagAttributeMapOutput, SetIdentityPoolRolesInput, SetPrincipalTagAttributeMapInput,
    SetPrincipalTagAttributeMapOutput,
};
pub(crate) use roles::{GetPrincipalTagAttributeMap, SetPrincipalTagAttributeMap};
pub use tags::{
    ListTagsForResourceInput, ListTagsForResourceOutput, TagResourceInput, UntagResourceInput,
};
