//! The operations: names, shapes of inputs, and calls of the engine.

use std::fmt;

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
///
/// # Example: the operations that need no credentials
///
/// ```
/// use cognate::wire::OPERATIONS;
///
/// let public = OPERATIONS.iter().filter(|operation| !operation.needs_credentials());
/// let names: Vec<&str> = public.map(|operation| operation.name()).collect();
/// let wanted = ["GetCredentialsForIdentity", "GetId", "GetOpenIdToken", "UnlinkIdentity"];
/// assert_eq!(names, wanted);
/// ```
pub struct ServiceOperation {
    name: &'static str,
    members: &'static [Member],
    pub(super) run: Run,
    /// Its documented rate, if it has one.
    pub(super) limited: Option<Limited>,
}

/// The call of an operation, by the credentials that it needs.
pub(super) enum Run {
    Signed(fn(&Developer, &Document<'_>) -> Result<Vec<u8>, Fault>),
    Unsigned(fn(&Public, &Document<'_>) -> Result<Vec<u8>, Fault>),
}

const fn signed(
    name: &'static str,
    members: &'static [Member],
    run: fn(&Developer, &Document<'_>) -> Result<Vec<u8>, Fault>,
) -> ServiceOperation {
    ServiceOperation { name, members, run: Run::Signed(run), limited: None }
}

const fn public(
    name: &'static str,
    members: &'static [Member],
    run: fn(&Public, &Document<'_>) -> Result<Vec<u8>, Fault>,
) -> ServiceOperation {
    ServiceOperation { name, members, run: Run::Unsigned(run), limited: None }
}

impl ServiceOperation {
    const fn limited(mut self, limited: Limited) -> Self {
        self.limited = Some(limited);
        self
    }
}

/// All operations of the service, in the order of the API reference.
pub const OPERATIONS: &[ServiceOperation] = &TABLE;

/// Members are in the service's own order of failures where it was seen: logins come before the
/// identity.
static TABLE: [ServiceOperation; 23] = [
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
        |aws, input| with_output(input, |input| aws.create_identity_pool(input)),
    ),
    signed("DeleteIdentities", &[required("IdentityIdsToDelete", IDENTITY_IDS)], |aws, input| {
        with_output(input, |input| aws.delete_identities(input))
    }),
    signed("DeleteIdentityPool", &[required("IdentityPoolId", POOL_ID)], |aws, input| {
        without_output(input, |input| aws.delete_identity_pool(input))
    }),
    signed("DescribeIdentity", &[required("IdentityId", IDENTITY_ID)], |aws, input| {
        with_output(input, |input| aws.describe_identity(input))
    }),
    signed("DescribeIdentityPool", &[required("IdentityPoolId", POOL_ID)], |aws, input| {
        with_output(input, |input| aws.describe_identity_pool(input))
    }),
    public(
        "GetCredentialsForIdentity",
        &[
            optional("Logins", LOGINS),
            required("IdentityId", IDENTITY_ID),
            optional("CustomRoleArn", ARN),
        ],
        |public, input| with_output(input, |input| public.get_credentials_for_identity(input)),
    )
    .limited(Limited::GetCredentialsForIdentity),
    public(
        "GetId",
        &[
            optional("AccountId", ACCOUNT_ID),
            required("IdentityPoolId", POOL_ID),
            optional("Logins", LOGINS),
        ],
        |public, input| with_output(input, |input| public.get_id(input)),
    )
    .limited(Limited::GetId),
    signed("GetIdentityPoolRoles", &[required("IdentityPoolId", POOL_ID)], |aws, input| {
        with_output(input, |input| aws.get_identity_pool_roles(input))
    }),
    public(
        "GetOpenIdToken",
        &[optional("Logins", LOGINS), required("IdentityId", IDENTITY_ID)],
        |public, input| with_output(input, |input| public.get_open_id_token(input)),
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
        |aws, input| {
            with_output(input, |input| aws.get_open_id_token_for_developer_identity(input))
        },
    )
    .limited(Limited::GetOpenIdTokenForDeveloperIdentity),
    signed(
        "GetPrincipalTagAttributeMap",
        &[required("IdentityPoolId", POOL_ID), required("IdentityProviderName", PROVIDER)],
        |aws, input| with_output(input, |input| aws.get_principal_tag_attribute_map(input)),
    ),
    signed(
        "ListIdentities",
        &[
            required("IdentityPoolId", POOL_ID),
            required("MaxResults", MAX_RESULTS),
            optional("NextToken", NEXT_TOKEN),
            optional("HideDisabled", Shape::Boolean),
        ],
        |aws, input| with_output(input, |input| aws.list_identities(input)),
    ),
    signed(
        "ListIdentityPools",
        &[required("MaxResults", MAX_RESULTS), optional("NextToken", NEXT_TOKEN)],
        |aws, input| with_output(input, |input| aws.list_identity_pools(input)),
    ),
    signed("ListTagsForResource", &[required("ResourceArn", ARN)], |aws, input| {
        with_output(input, |input| aws.list_tags_for_resource(input))
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
        |aws, input| with_output(input, |input| aws.lookup_developer_identity(input)),
    ),
    signed(
        "MergeDeveloperIdentities",
        &[
            required("SourceUserIdentifier", DEVELOPER_USER),
            required("DestinationUserIdentifier", DEVELOPER_USER),
            required("DeveloperProviderName", DEVELOPER_PROVIDER),
            required("IdentityPoolId", POOL_ID),
        ],
        |aws, input| with_output(input, |input| aws.merge_developer_identities(input)),
    ),
    signed(
        "SetIdentityPoolRoles",
        &[
            required("IdentityPoolId", POOL_ID),
            required("Roles", ROLES),
            optional("RoleMappings", ROLE_MAPPINGS),
        ],
        |aws, input| without_output(input, |input| aws.set_identity_pool_roles(input)),
    ),
    signed(
        "SetPrincipalTagAttributeMap",
        &[
            required("IdentityPoolId", POOL_ID),
            required("IdentityProviderName", PROVIDER),
            optional("UseDefaults", Shape::Boolean),
            optional("PrincipalTags", PRINCIPAL_TAGS),
        ],
        |aws, input| with_output(input, |input| aws.set_principal_tag_attribute_map(input)),
    ),
    signed("TagResource", &[required("ResourceArn", ARN), required("Tags", TAGS)], |aws, input| {
        with_empty_output(input, |input| aws.tag_resource(input))
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
        |aws, input| without_output(input, |input| aws.unlink_developer_identity(input)),
    ),
    public(
        "UnlinkIdentity",
        &[
            required("Logins", LOGINS),
            required("IdentityId", IDENTITY_ID),
            required("LoginsToRemove", PROVIDERS),
        ],
        |public, input| without_output(input, |input| public.unlink_identity(input)),
    ),
    signed(
        "UntagResource",
        &[required("ResourceArn", ARN), required("TagKeys", TAG_KEYS)],
        |aws, input| with_empty_output(input, |input| aws.untag_resource(input)),
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
        |aws, input| with_output(input, |input| aws.update_identity_pool(input)),
    ),
];

/// The longest body of any operation: 400 rules in each role mapping would need more.
const BODY_LENGTH_LIMIT: usize = 8 * 1024 * 1024;

pub(super) const BODY_LENGTH_MAX: usize = {
    let mut longest = 0;
    let mut rest = TABLE.as_slice();
    while let Some((operation, others)) = rest.split_first() {
        let length = operation.body_length_max();
        if length > longest {
            longest = length;
        }
        rest = others;
    }
    longest
};

/// Room for white space, and for members that the operation does not know.
const SLACK: usize = 64 * 1024;

impl ServiceOperation {
    /// The name, such as `GetId`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether requests have to be signed. Four operations are open to everyone.
    pub fn needs_credentials(&self) -> bool {
        matches!(self.run, Run::Signed(_))
    }

    /// The IAM action, such as `cognito-identity:GetId`.
    pub fn action(&self) -> String {
        ["cognito-identity:", self.name].concat()
    }

    /// Whether the operation's input has a member of this name.
    #[cfg(feature = "control")]
    pub(crate) fn has_member(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }

    pub(super) fn named(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|operation| operation.name == name)
    }

    const fn body_length_max(&self) -> usize {
        let length = Shape::Structure(self.members).json_length_max().saturating_add(SLACK);
        if length < BODY_LENGTH_LIMIT { length } else { BODY_LENGTH_LIMIT }
    }

    pub(super) fn read<'a>(&self, body: &'a [u8]) -> Result<Document<'a>, Fault> {
        if body.len() > self.body_length_max() {
            return Err(Fault::body_too_long(400));
        }
        read(body, self.members)
    }

    /// All constraints that the body breaks.
    ///
    /// # Errors
    ///
    /// A value of another type.
    pub(super) fn check(&self, body: &Document<'_>) -> Result<Option<Violations>, Fault> {
        let mut failures = Failures::default();
        check_members(self.members, body, "", &mut failures)?;
        Ok(failures.into_violations())
    }
}

impl fmt::Debug for ServiceOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceOperation")
            .field("name", &self.name)
            .field("needs_credentials", &self.needs_credentials())
            .finish_non_exhaustive()
    }
}

/// The region of the pool or identity that a public operation names.
pub(super) fn region_of(body: &Document<'_>) -> Option<Region> {
    let ids = ["IdentityPoolId", "IdentityId"].map(|name| body.member(name).text());
    let (region, _) = ids.into_iter().flatten().next()?.split_once(':')?;
    region.parse().ok()
}

/// Calls an operation, and encodes its output.
fn with_output<I: DeserializeOwned, O: Serialize>(
    body: &Document<'_>,
    operation: impl FnOnce(I) -> EngineResult<O>,
) -> Result<Vec<u8>, Fault> {
    let output = operation(input(body)?)?;
    serde_json::to_vec(&output).map_err(|error| Fault::serialization(error.to_string()))
}

/// Calls an operation that the model gives no output: the body is empty.
fn without_output<I: DeserializeOwned>(
    body: &Document<'_>,
    operation: impl FnOnce(I) -> EngineResult<()>,
) -> Result<Vec<u8>, Fault> {
    operation(input(body)?)?;
    Ok(Vec::new())
}

/// Calls an operation whose output has no members: the body is an empty object.
fn with_empty_output<I: DeserializeOwned>(
    body: &Document<'_>,
    operation: impl FnOnce(I) -> EngineResult<()>,
) -> Result<Vec<u8>, Fault> {
    operation(input(body)?)?;
    Ok(b"{}".to_vec())
}

/// The input of an operation. A body that passed the check fits it.
pub(super) fn input<I: DeserializeOwned>(body: &Document<'_>) -> Result<I, Fault> {
    I::deserialize(body).map_err(|error| Fault::serialization(error.to_string()))
}
