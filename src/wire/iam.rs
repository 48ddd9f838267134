//! The operations as IAM checks them.

use crate::id::{AccountId, IdentityPoolId, Region};
use crate::name::Arn;
use crate::rules::tags::pool_of;
use crate::wire::operation::ServiceOperation;
use crate::wire::operation_name;

impl ServiceOperation {
    /// The operation that an `X-Amz-Target` names.
    ///
    /// # Example: both forms of a target
    ///
    /// ```
    /// use cognate::wire::ServiceOperation;
    ///
    /// let name = |target| ServiceOperation::of_target(target).map(ServiceOperation::name);
    /// assert_eq!(name("AWSCognitoIdentityService.GetId"), Some("GetId"));
    /// let sample = "com.amazonaws.cognito.identity.model.AWSCognitoIdentityService.GetId";
    /// assert_eq!(name(sample), Some("GetId"));
    /// assert_eq!(name("AWSCognitoIdentityService.GetPool"), None);
    /// assert_eq!(name("GetId"), None);
    /// ```
    pub fn of_target(target: &str) -> Option<&'static Self> {
        Self::named(operation_name(target)?)
    }
}

/// The IAM action that the operation of an `X-Amz-Target` needs, such as `cognito-identity:GetId`.
///
/// IAM is not asked about the four operations that need no credentials. Resource control policies
/// can deny them all the same.
///
/// # Example: an action
///
/// ```
/// let target = "AWSCognitoIdentityService.ListIdentities";
/// let action = cognate::wire::action(target);
/// assert_eq!(action.as_deref(), Some("cognito-identity:ListIdentities"));
/// ```
pub fn action(target: &str) -> Option<String> {
    ServiceOperation::of_target(target).map(ServiceOperation::action)
}

/// The resource for which IAM checks the action of a request: the ARN of an identity pool, or `*`
/// where the action has no resource type.
///
/// `account` and `region` are those of the caller: [`Context::acting_account`] and
/// [`Context::region`] tell them. `None` stands for a target without an operation, and for a body
/// that names no such resource or that the operation does not read; [`call`] then answers with
/// the fault.
///
/// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon
/// Cognito Identity". Identities are no resource of IAM. `SetIdentityPoolRoles` and
/// `SetPrincipalTagAttributeMap` have no resource type, though they name a pool; AWS also checks
/// `iam:PassRole` for the roles of `SetIdentityPoolRoles`.
///
/// [`Context::acting_account`]: crate::wire::Context::acting_account
/// [`Context::region`]: crate::wire::Context::region
/// [`call`]: crate::wire::call
///
/// # Example: a pool, and no resource
///
/// ```
/// use cognate::wire::resource;
///
/// let (account, region) = ("123456789012".parse()?, "us-east-1".parse()?);
/// let body = br#"{"IdentityPoolId": "us-east-1:0"}"#;
/// let of = |target| resource(target, body, &account, &region);
/// assert_eq!(
///     of("AWSCognitoIdentityService.DescribeIdentityPool").as_deref(),
///     Some("arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:0"),
/// );
/// assert_eq!(of("AWSCognitoIdentityService.GetId").as_deref(), Some("*"));
/// # Ok::<(), cognate::Error>(())
/// ```
pub fn resource(target: &str, body: &[u8], account: &AccountId, region: &Region) -> Option<String> {
    let operation = ServiceOperation::of_target(target)?;
    let document = operation.read(body).ok()?;
    operation.check(&document).ok()?;
    match ResourceType::of(operation.name())? {
        ResourceType::None => Some("*".to_owned()),
        ResourceType::PoolById => {
            let id = document.member("IdentityPoolId").text()?;
            let id: IdentityPoolId = id.parse().ok()?;
            Some(Arn::of_pool(account, region, &id).as_str().to_owned())
        }
        ResourceType::PoolByArn => {
            let arn: Arn = document.member("ResourceArn").text()?.parse().ok()?;
            pool_of(&arn).ok()?;
            Some(arn.as_str().to_owned())
        }
    }
}

/// The resource type of an action, by the member that names the resource.
enum ResourceType {
    None,
    PoolById,
    PoolByArn,
}

impl ResourceType {
    /// `None` for a name that is no operation: an action without a resource type has to be listed.
    fn of(operation: &str) -> Option<Self> {
        Some(match operation {
            "CreateIdentityPool"
            | "DeleteIdentities"
            | "DescribeIdentity"
            | "GetCredentialsForIdentity"
            | "GetId"
            | "GetOpenIdToken"
            | "ListIdentityPools"
            | "SetIdentityPoolRoles"
            | "SetPrincipalTagAttributeMap"
            | "UnlinkIdentity" => Self::None,
            "DeleteIdentityPool"
            | "DescribeIdentityPool"
            | "GetIdentityPoolRoles"
            | "GetOpenIdTokenForDeveloperIdentity"
            | "GetPrincipalTagAttributeMap"
            | "ListIdentities"
            | "LookupDeveloperIdentity"
            | "MergeDeveloperIdentities"
            | "UnlinkDeveloperIdentity"
            | "UpdateIdentityPool" => Self::PoolById,
            "ListTagsForResource" | "TagResource" | "UntagResource" => Self::PoolByArn,
            _ => return None,
        })
    }
}
