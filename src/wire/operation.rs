//! The operations: their names, the shapes of what they take, and how they are called.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::constraint::Violations;
use crate::engine::{Developer, Limited, Public};
use crate::error::Result as EngineResult;
use crate::id::Region;
use crate::wire::Fault;
use crate::wire::json::Document;
use crate::wire::model::{
    ACCOUNT_ID, ARN, ARNS, DEVELOPER_PROVIDER, DEVELOPER_USER, IDENTITY_ID, IDENTITY_IDS,
    LOGIN_PROVIDERS, LOGINS, MAX_RESULTS, NEXT_TOKEN, POOL_ID, POOL_NAME, PRINCIPAL_TAGS, PROVIDER,
    PROVIDERS, ROLE_MAPPINGS, ROLES, TAG_KEYS, TAGS, TOKEN_DURATION, USER_POOLS,
};
use crate::wire::read::read;
use crate::wire::shape::{Failures, Member, Shape, check_members, optional, required};

/// An operation of the service.
pub(super) struct Operation {
    pub(super) name: &'static str,
    members: &'static [Member],
    pub(super) run: Run,
    /// Its documented rate, if it has one.
    pub(super) limited: Option<Limited>,
}

/// How an operation is called, by whom it may be.
pub(super) enum Run {
    Signed(fn(&Developer, &Document<'_>) -> Result<Vec<u8>, Fault>),
    Unsigned(fn(&Public, &Document<'_>) -> Result<Vec<u8>, Fault>),
}

const fn signed(
    name: &'static str,
    members: &'static [Member],
    run: fn(&Developer, &Document<'_>) -> Result<Vec<u8>, Fault>,
) -> Operation {
    Operation { name, members, run: Run::Signed(run), limited: None }
}

const fn public(
    name: &'static str,
    members: &'static [Member],
    run: fn(&Public, &Document<'_>) -> Result<Vec<u8>, Fault>,
) -> Operation {
    Operation { name, members, run: Run::Unsigned(run), limited: None }
}

impl Operation {
    const fn limited(mut self, limited: Limited) -> Self {
        self.limited = Some(limited);
        self
    }
}

/// In the order of the API reference. Where the service's own order of failures was seen, members
/// are in that order: logins come before the identity.
const OPERATIONS: [Operation; 23] = [
    signed(
        "CreateIdentityPool",
        &[
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
        |aws, input| answer(input, |input| aws.create_identity_pool(input)),
    ),
    signed("DeleteIdentities", &[required("IdentityIdsToDelete", IDENTITY_IDS)], |aws, input| {
        answer(input, |input| aws.delete_identities(input))
    }),
    signed("DeleteIdentityPool", &[required("IdentityPoolId", POOL_ID)], |aws, input| {
        perform(input, |input| aws.delete_identity_pool(input))
    }),
    signed("DescribeIdentity", &[required("IdentityId", IDENTITY_ID)], |aws, input| {
        answer(input, |input| aws.describe_identity(input))
    }),
    signed("DescribeIdentityPool", &[required("IdentityPoolId", POOL_ID)], |aws, input| {
        answer(input, |input| aws.describe_identity_pool(input))
    }),
    public(
        "GetCredentialsForIdentity",
        &[
            optional("Logins", LOGINS),
            required("IdentityId", IDENTITY_ID),
            optional("CustomRoleArn", ARN),
        ],
        |public, input| answer(input, |input| public.get_credentials_for_identity(input)),
    )
    .limited(Limited::GetCredentialsForIdentity),
    public(
        "GetId",
        &[
            optional("AccountId", ACCOUNT_ID),
            required("IdentityPoolId", POOL_ID),
            optional("Logins", LOGINS),
        ],
        |public, input| answer(input, |input| public.get_id(input)),
    )
    .limited(Limited::GetId),
    signed("GetIdentityPoolRoles", &[required("IdentityPoolId", POOL_ID)], |aws, input| {
        answer(input, |input| aws.get_identity_pool_roles(input))
    }),
    public(
        "GetOpenIdToken",
        &[optional("Logins", LOGINS), required("IdentityId", IDENTITY_ID)],
        |public, input| answer(input, |input| public.get_open_id_token(input)),
    )
    .limited(Limited::GetOpenIdToken),
    signed(
        "GetOpenIdTokenForDeveloperIdentity",
        &[
            required("IdentityPoolId", POOL_ID),
            required("Logins", LOGINS),
            optional("IdentityId", IDENTITY_ID),
            optional("PrincipalTags", PRINCIPAL_TAGS),
            optional("TokenDuration", TOKEN_DURATION),
        ],
        |aws, input| answer(input, |input| aws.get_open_id_token_for_developer_identity(input)),
    )
    .limited(Limited::GetOpenIdTokenForDeveloperIdentity),
    signed(
        "GetPrincipalTagAttributeMap",
        &[required("IdentityPoolId", POOL_ID), required("IdentityProviderName", PROVIDER)],
        |aws, input| answer(input, |input| aws.get_principal_tag_attribute_map(input)),
    ),
    signed(
        "ListIdentities",
        &[
            required("IdentityPoolId", POOL_ID),
            required("MaxResults", MAX_RESULTS),
            optional("NextToken", NEXT_TOKEN),
            optional("HideDisabled", Shape::Boolean),
        ],
        |aws, input| answer(input, |input| aws.list_identities(input)),
    ),
    signed(
        "ListIdentityPools",
        &[required("MaxResults", MAX_RESULTS), optional("NextToken", NEXT_TOKEN)],
        |aws, input| answer(input, |input| aws.list_identity_pools(input)),
    ),
    signed("ListTagsForResource", &[required("ResourceArn", ARN)], |aws, input| {
        answer(input, |input| aws.list_tags_for_resource(input))
    })
    .limited(Limited::ListTagsForResource),
    signed(
        "LookupDeveloperIdentity",
        &[
            required("IdentityPoolId", POOL_ID),
            optional("IdentityId", IDENTITY_ID),
            optional("DeveloperUserIdentifier", DEVELOPER_USER),
            optional("MaxResults", MAX_RESULTS),
            optional("NextToken", NEXT_TOKEN),
        ],
        |aws, input| answer(input, |input| aws.lookup_developer_identity(input)),
    ),
    signed(
        "MergeDeveloperIdentities",
        &[
            required("SourceUserIdentifier", DEVELOPER_USER),
            required("DestinationUserIdentifier", DEVELOPER_USER),
            required("DeveloperProviderName", DEVELOPER_PROVIDER),
            required("IdentityPoolId", POOL_ID),
        ],
        |aws, input| answer(input, |input| aws.merge_developer_identities(input)),
    ),
    signed(
        "SetIdentityPoolRoles",
        &[
            required("IdentityPoolId", POOL_ID),
            required("Roles", ROLES),
            optional("RoleMappings", ROLE_MAPPINGS),
        ],
        |aws, input| perform(input, |input| aws.set_identity_pool_roles(input)),
    ),
    signed(
        "SetPrincipalTagAttributeMap",
        &[
            required("IdentityPoolId", POOL_ID),
            required("IdentityProviderName", PROVIDER),
            optional("UseDefaults", Shape::Boolean),
            optional("PrincipalTags", PRINCIPAL_TAGS),
        ],
        |aws, input| answer(input, |input| aws.set_principal_tag_attribute_map(input)),
    ),
    signed("TagResource", &[required("ResourceArn", ARN), required("Tags", TAGS)], |aws, input| {
        acknowledge(input, |input| aws.tag_resource(input))
    })
    .limited(Limited::TagResource),
    signed(
        "UnlinkDeveloperIdentity",
        &[
            required("IdentityId", IDENTITY_ID),
            required("IdentityPoolId", POOL_ID),
            required("DeveloperProviderName", DEVELOPER_PROVIDER),
            required("DeveloperUserIdentifier", DEVELOPER_USER),
        ],
        |aws, input| perform(input, |input| aws.unlink_developer_identity(input)),
    ),
    public(
        "UnlinkIdentity",
        &[
            required("Logins", LOGINS),
            required("IdentityId", IDENTITY_ID),
            required("LoginsToRemove", PROVIDERS),
        ],
        |public, input| perform(input, |input| public.unlink_identity(input)),
    ),
    signed(
        "UntagResource",
        &[required("ResourceArn", ARN), required("TagKeys", TAG_KEYS)],
        |aws, input| acknowledge(input, |input| aws.untag_resource(input)),
    )
    .limited(Limited::UntagResource),
    signed(
        "UpdateIdentityPool",
        &[
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
        |aws, input| answer(input, |input| aws.update_identity_pool(input)),
    ),
];

/// No body is longer, whatever the constraints allow: a role mapping may have 400 rules.
const BODY_LENGTH_LIMIT: usize = 8 * 1024 * 1024;

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
        let length = Shape::Structure(self.members).json_length_max().saturating_add(SLACK);
        if length < BODY_LENGTH_LIMIT { length } else { BODY_LENGTH_LIMIT }
    }

    pub(super) fn read<'a>(&self, body: &'a [u8]) -> Result<Document<'a>, Fault> {
        read(body, self.members)
    }

    /// Every constraint that the body fails.
    pub(super) fn check(&self, body: &Document<'_>) -> Result<Option<Violations>, Fault> {
        let mut failures = Failures::default();
        check_members(self.members, body, "", &mut failures)?;
        Ok(failures.into_violations())
    }
}

/// The region of the id that a public operation is about, if it names one.
pub(super) fn region_of(body: &Document<'_>) -> Option<Region> {
    let ids = ["IdentityPoolId", "IdentityId"].map(|name| body.member(name).text());
    let (region, _) = ids.into_iter().flatten().next()?.split_once(':')?;
    region.parse().ok()
}

fn answer<I: DeserializeOwned, O: Serialize>(
    body: &Document<'_>,
    operation: impl FnOnce(I) -> EngineResult<O>,
) -> Result<Vec<u8>, Fault> {
    let output = operation(input(body)?)?;
    serde_json::to_vec(&output).map_err(|error| Fault::serialization(error.to_string()))
}

/// An operation that returns nothing has an empty body.
fn perform<I: DeserializeOwned>(
    body: &Document<'_>,
    operation: impl FnOnce(I) -> EngineResult<()>,
) -> Result<Vec<u8>, Fault> {
    operation(input(body)?)?;
    Ok(Vec::new())
}

/// An operation whose output has no members.
fn acknowledge<I: DeserializeOwned>(
    body: &Document<'_>,
    operation: impl FnOnce(I) -> EngineResult<()>,
) -> Result<Vec<u8>, Fault> {
    operation(input(body)?)?;
    Ok(b"{}".to_vec())
}

/// What has passed the check fits the input.
fn input<I: DeserializeOwned>(body: &Document<'_>) -> Result<I, Fault> {
    I::deserialize(body).map_err(|error| Fault::serialization(error.to_string()))
}
