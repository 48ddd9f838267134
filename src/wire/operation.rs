//! The operations: their names, the shapes of what they take, and how they are called.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::constraint::Violations;
use crate::engine::Developer;
use crate::error::Result as EngineResult;
use crate::id::{IdentityId, IdentityPoolId};
use crate::login::Logins;
use crate::name::{
    Arn, DeveloperProviderName, DeveloperUserIdentifier, IdentityPoolName, LoginToken, NextToken,
    PrincipalTagKey, PrincipalTagValue, ProviderAppId, ProviderName, TagKey, TagValue,
    UserPoolClientId, UserPoolProviderName,
};
use crate::op::{DeleteIdentitiesInput, LOGIN_PROVIDERS_MAX, PRINCIPAL_TAGS_MAX};
use crate::rules::claims::TokenDuration;
use crate::rules::page::PageSize;
use crate::wire::Fault;
use crate::wire::json::Document;
use crate::wire::shape::{Member, Shape, check_members, optional, required};

const ARNS: Shape = Shape::List { of: &Shape::Text(Arn::SHAPE), min: 0, max: None };
const DEVELOPER_PROVIDER: Shape = Shape::Text(DeveloperProviderName::SHAPE);
const DEVELOPER_USER: Shape = Shape::Text(DeveloperUserIdentifier::SHAPE);
const IDENTITY_ID: Shape = Shape::Text(IdentityId::SHAPE);
const IDENTITY_IDS: Shape = Shape::List {
    of: &IDENTITY_ID,
    min: DeleteIdentitiesInput::LENGTH_MIN,
    max: Some(DeleteIdentitiesInput::LENGTH_MAX),
};
const LOGIN_PROVIDERS: Shape = Shape::Map {
    key: ProviderName::SHAPE,
    value: ProviderAppId::SHAPE,
    max: Some(LOGIN_PROVIDERS_MAX),
};
const LOGINS: Shape = Shape::Map {
    key: ProviderName::SHAPE,
    value: LoginToken::SHAPE,
    max: Some(Logins::LENGTH_MAX),
};
const MAX_RESULTS: Shape =
    Shape::Number { r#type: "Integer", min: PageSize::MIN, max: PageSize::LIMIT };
const NEXT_TOKEN: Shape = Shape::Text(NextToken::SHAPE);
const POOL_ID: Shape = Shape::Text(IdentityPoolId::SHAPE);
const POOL_NAME: Shape = Shape::Text(IdentityPoolName::SHAPE);
const PRINCIPAL_TAGS: Shape = Shape::Map {
    key: PrincipalTagKey::SHAPE,
    value: PrincipalTagValue::SHAPE,
    max: Some(PRINCIPAL_TAGS_MAX),
};
const TAGS: Shape = Shape::Map { key: TagKey::SHAPE, value: TagValue::SHAPE, max: None };
const TOKEN_DURATION: Shape =
    Shape::Number { r#type: "Long", min: TokenDuration::SECS_MIN, max: TokenDuration::SECS_MAX };
const USER_POOLS: Shape = Shape::List {
    of: &Shape::Structure(&[
        optional("ProviderName", Shape::Text(UserPoolProviderName::SHAPE)),
        optional("ClientId", Shape::Text(UserPoolClientId::SHAPE)),
        optional("ServerSideTokenCheck", Shape::Boolean),
    ]),
    min: 0,
    max: None,
};

/// An operation of the service.
pub(super) struct Operation {
    name: &'static str,
    members: &'static [Member],
    run: fn(&Developer, &Document) -> Result<Vec<u8>, Fault>,
}

/// In the order of the API reference. Where the service's own order of failures was seen, members
/// are in that order: logins come before the identity.
const OPERATIONS: [Operation; 12] = [
    Operation {
        name: "CreateIdentityPool",
        members: &[
            required("IdentityPoolName", POOL_NAME),
            required("AllowUnauthenticatedIdentities", Shape::Boolean),
            optional("AllowClassicFlow", Shape::Boolean),
            optional("SupportedLoginProviders", LOGIN_PROVIDERS),
            optional("DeveloperProviderName", DEVELOPER_PROVIDER),
            optional("OpenIdConnectProviderARNs", ARNS),
            optional("CognitoIdentityProviders", USER_POOLS),
            optional("SamlProviderARNs", ARNS),
            optional("IdentityPoolTags", TAGS),
        ],
        run: |aws, input| answer(input, |input| aws.create_identity_pool(input)),
    },
    Operation {
        name: "DeleteIdentities",
        members: &[required("IdentityIdsToDelete", IDENTITY_IDS)],
        run: |aws, input| answer(input, |input| aws.delete_identities(input)),
    },
    Operation {
        name: "DeleteIdentityPool",
        members: &[required("IdentityPoolId", POOL_ID)],
        run: |aws, input| perform(input, |input| aws.delete_identity_pool(input)),
    },
    Operation {
        name: "DescribeIdentity",
        members: &[required("IdentityId", IDENTITY_ID)],
        run: |aws, input| answer(input, |input| aws.describe_identity(input)),
    },
    Operation {
        name: "DescribeIdentityPool",
        members: &[required("IdentityPoolId", POOL_ID)],
        run: |aws, input| answer(input, |input| aws.describe_identity_pool(input)),
    },
    Operation {
        name: "GetOpenIdTokenForDeveloperIdentity",
        members: &[
            required("IdentityPoolId", POOL_ID),
            required("Logins", LOGINS),
            optional("IdentityId", IDENTITY_ID),
            optional("PrincipalTags", PRINCIPAL_TAGS),
            optional("TokenDuration", TOKEN_DURATION),
        ],
        run: |aws, input| {
            answer(input, |input| aws.get_open_id_token_for_developer_identity(input))
        },
    },
    Operation {
        name: "ListIdentities",
        members: &[
            required("IdentityPoolId", POOL_ID),
            required("MaxResults", MAX_RESULTS),
            optional("NextToken", NEXT_TOKEN),
            optional("HideDisabled", Shape::Boolean),
        ],
        run: |aws, input| answer(input, |input| aws.list_identities(input)),
    },
    Operation {
        name: "ListIdentityPools",
        members: &[required("MaxResults", MAX_RESULTS), optional("NextToken", NEXT_TOKEN)],
        run: |aws, input| answer(input, |input| aws.list_identity_pools(input)),
    },
    Operation {
        name: "LookupDeveloperIdentity",
        members: &[
            required("IdentityPoolId", POOL_ID),
            optional("IdentityId", IDENTITY_ID),
            optional("DeveloperUserIdentifier", DEVELOPER_USER),
            optional("MaxResults", MAX_RESULTS),
            optional("NextToken", NEXT_TOKEN),
        ],
        run: |aws, input| answer(input, |input| aws.lookup_developer_identity(input)),
    },
    Operation {
        name: "MergeDeveloperIdentities",
        members: &[
            required("SourceUserIdentifier", DEVELOPER_USER),
            required("DestinationUserIdentifier", DEVELOPER_USER),
            required("DeveloperProviderName", DEVELOPER_PROVIDER),
            required("IdentityPoolId", POOL_ID),
        ],
        run: |aws, input| answer(input, |input| aws.merge_developer_identities(input)),
    },
    Operation {
        name: "UnlinkDeveloperIdentity",
        members: &[
            required("IdentityId", IDENTITY_ID),
            required("IdentityPoolId", POOL_ID),
            required("DeveloperProviderName", DEVELOPER_PROVIDER),
            required("DeveloperUserIdentifier", DEVELOPER_USER),
        ],
        run: |aws, input| perform(input, |input| aws.unlink_developer_identity(input)),
    },
    Operation {
        name: "UpdateIdentityPool",
        members: &[
            required("IdentityPoolId", POOL_ID),
            required("IdentityPoolName", POOL_NAME),
            required("AllowUnauthenticatedIdentities", Shape::Boolean),
            optional("AllowClassicFlow", Shape::Boolean),
            optional("SupportedLoginProviders", LOGIN_PROVIDERS),
            optional("DeveloperProviderName", DEVELOPER_PROVIDER),
            optional("OpenIdConnectProviderARNs", ARNS),
            optional("CognitoIdentityProviders", USER_POOLS),
            optional("SamlProviderARNs", ARNS),
            optional("IdentityPoolTags", TAGS),
        ],
        run: |aws, input| answer(input, |input| aws.update_identity_pool(input)),
    },
];

pub(super) const BODY_LENGTH_MAX: usize = {
    let mut longest = 0;
    let mut rest = OPERATIONS.as_slice();
    while let Some((operation, others)) = rest.split_first() {
        let length = operation.body_length_max();
        if length > longest {
            longest = length;
        }
        rest = others;
    }
    longest
};

/// White space, and members that the operation does not know.
const SLACK: usize = 64 * 1024;

impl Operation {
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        const { &OPERATIONS }.iter().find(|operation| operation.name == name)
    }

    pub(super) const fn body_length_max(&self) -> usize {
        Shape::Structure(self.members).json_length_max().saturating_add(SLACK)
    }

    /// Every constraint that the body fails.
    pub(super) fn check(&self, body: &Document) -> Result<Option<Violations>, Fault> {
        let mut violations = Vec::new();
        check_members(self.members, body, "", &mut violations)?;
        Ok(Violations::of(violations))
    }

    pub(super) fn run(&self, aws: &Developer, body: &Document) -> Result<Vec<u8>, Fault> {
        (self.run)(aws, body)
    }
}

fn answer<I: DeserializeOwned, O: Serialize>(
    body: &Document,
    operation: impl FnOnce(I) -> EngineResult<O>,
) -> Result<Vec<u8>, Fault> {
    let output = operation(read(body)?)?;
    serde_json::to_vec(&output).map_err(|error| Fault::serialization(error.to_string()))
}

/// An operation that returns nothing has an empty body.
fn perform<I: DeserializeOwned>(
    body: &Document,
    operation: impl FnOnce(I) -> EngineResult<()>,
) -> Result<Vec<u8>, Fault> {
    operation(read(body)?)?;
    Ok(Vec::new())
}

/// What has passed the check fits the input.
fn read<I: DeserializeOwned>(body: &Document) -> Result<I, Fault> {
    I::deserialize(body).map_err(|error| Fault::serialization(error.to_string()))
}
