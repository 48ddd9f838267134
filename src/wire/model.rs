//! The shapes of the service model for the inputs of operations.

use crate::constraint::{Pattern, StringShape};
use crate::id::{ClaimedAccountId, IdentityId, IdentityPoolId};
use crate::login::Logins;
use crate::name::{
    Arn, ClaimName, DeveloperProviderName, DeveloperUserIdentifier, IdentityPoolName, LoginToken,
    MappingRuleValue, NextToken, PrincipalTagKey, PrincipalTagValue, ProviderAppId, ProviderName,
    TagKey, TagValue, UserPoolClientId, UserPoolProviderName,
};
use crate::operation::{
    IDS_TO_DELETE_MAX, IDS_TO_DELETE_MIN, LOGIN_PROVIDERS_MAX, PRINCIPAL_TAGS_MAX,
};
use crate::rules::claims::TokenDuration;
use crate::rules::page::PageSize;
use crate::rules::roles::ROLE_MAPPINGS_MAX;
use crate::state::{AmbiguousRoleResolution, MatchType, RoleMappingType};
use crate::wire::shape::{Shape, optional, required};

pub(super) const ACCOUNT_ID: Shape = Shape::Text(ClaimedAccountId::SHAPE);
pub(super) const ARN: Shape = Shape::Text(Arn::SHAPE);
pub(super) const ARNS: Shape = Shape::List { of: &ARN, min: 0, max: None };
pub(super) const DEVELOPER_PROVIDER: Shape = Shape::Text(DeveloperProviderName::SHAPE);
pub(super) const DEVELOPER_USER: Shape = Shape::Text(DeveloperUserIdentifier::SHAPE);
pub(super) const IDENTITY_ID: Shape = Shape::Text(IdentityId::SHAPE);
pub(super) const IDENTITY_IDS: Shape =
    Shape::List { of: &IDENTITY_ID, min: IDS_TO_DELETE_MIN, max: Some(IDS_TO_DELETE_MAX) };
pub(super) const LOGIN_PROVIDERS: Shape = Shape::Map {
    key: ProviderName::SHAPE,
    value: &Shape::Text(ProviderAppId::SHAPE),
    max: Some(LOGIN_PROVIDERS_MAX),
};
pub(super) const LOGINS: Shape = Shape::Map {
    key: ProviderName::SHAPE,
    value: &Shape::Text(LoginToken::SHAPE),
    max: Some(Logins::LENGTH_MAX),
};
pub(super) const MAX_RESULTS: Shape =
    Shape::Number { r#type: "an Integer", min: PageSize::MIN, max: PageSize::LIMIT };
pub(super) const NEXT_TOKEN: Shape = Shape::Text(NextToken::SHAPE);
pub(super) const POOL_ID: Shape = Shape::Text(IdentityPoolId::SHAPE);
pub(super) const POOL_NAME: Shape = Shape::Text(IdentityPoolName::SHAPE);
pub(super) const PRINCIPAL_TAGS: Shape = Shape::Map {
    key: PrincipalTagKey::SHAPE,
    value: &Shape::Text(PrincipalTagValue::SHAPE),
    max: Some(PRINCIPAL_TAGS_MAX),
};
pub(super) const PROVIDER: Shape = Shape::Text(ProviderName::SHAPE);
pub(super) const PROVIDERS: Shape = Shape::List { of: &PROVIDER, min: 0, max: None };
pub(super) const ROLES: Shape = Shape::Map {
    key: StringShape::new(1, 128).matching(&Pattern::ROLE_TYPE),
    value: &ARN,
    max: Some(2),
};
pub(super) const ROLE_MAPPINGS: Shape = Shape::Map {
    key: ProviderName::SHAPE,
    value: &Shape::Structure(&[
        required("Type", Shape::Enumeration(RoleMappingType::NAMES)),
        optional("AmbiguousRoleResolution", Shape::Enumeration(AmbiguousRoleResolution::NAMES)),
        optional(
            "RulesConfiguration",
            Shape::Structure(&[required(
                "Rules",
                Shape::List { of: &MAPPING_RULE, min: 1, max: Some(400) },
            )]),
        ),
    ]),
    max: Some(ROLE_MAPPINGS_MAX),
};
const MAPPING_RULE: Shape = Shape::Structure(&[
    required("Claim", Shape::Text(ClaimName::SHAPE)),
    required("MatchType", Shape::Enumeration(MatchType::NAMES)),
    required("Value", Shape::Text(MappingRuleValue::SHAPE)),
    required("RoleARN", ARN),
]);
pub(super) const TAG_KEYS: Shape =
    Shape::List { of: &Shape::Text(TagKey::SHAPE), min: 0, max: None };
pub(super) const TAGS: Shape =
    Shape::Map { key: TagKey::SHAPE, value: &Shape::Text(TagValue::SHAPE), max: None };
pub(super) const TOKEN_DURATION: Shape =
    Shape::Number { r#type: "a Long", min: TokenDuration::SECS_MIN, max: TokenDuration::SECS_MAX };
pub(super) const USER_POOLS: Shape = Shape::List {
    of: &Shape::Structure(&[
        optional("ProviderName", Shape::Text(UserPoolProviderName::SHAPE)),
        optional("ClientId", Shape::Text(UserPoolClientId::SHAPE)),
        optional("ServerSideTokenCheck", Shape::Boolean),
    ]),
    min: 0,
    max: None,
};
