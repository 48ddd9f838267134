//! Refusals of the operations on pools and identities.

use cognate::name::Arn;
use cognate::operation::{
    CognitoIdentityProvider, CreateIdentityPoolInput, DeleteIdentityPoolInput,
    DescribeIdentityInput, DescribeIdentityPoolInput, GuestAccess, ListIdentitiesInput,
    ListIdentityPoolsInput, UpdateIdentityPoolInput,
};
use cognate::{ErrorKind, Result};

use super::{NOBODY, POOL, Row};
use crate::support::{GAME, World, id, parse};

fn create(
    world: &World,
    with: impl FnOnce(CreateIdentityPoolInput) -> CreateIdentityPoolInput,
) -> Result<()> {
    let input = with(CreateIdentityPoolInput::new("game", GuestAccess::Denied));
    world.aws.create_identity_pool(input).map(drop)
}

fn update(
    world: &World,
    number: u64,
    with: impl FnOnce(UpdateIdentityPoolInput) -> UpdateIdentityPoolInput,
) -> Result<()> {
    let input = UpdateIdentityPoolInput::new(id(number), "game", GuestAccess::Denied);
    world.aws.update_identity_pool(with(input)).map(drop)
}

fn user_pool(name: &str) -> CognitoIdentityProvider {
    CognitoIdentityProvider::new(parse(name), parse("3n4b"))
}

/// Expands the placeholders of a table.
pub(super) fn written_out(body: &str) -> String {
    let user_pool = format!(r#"{{"ProviderName": "{USER_POOL}", "ClientId": "3n4b"}}"#);
    let tags: Vec<_> = (100..151).map(|n| format!(r#""{n}": """#)).collect();
    body.replace("<51 user pools>", &vec![user_pool; 51].join(", "))
        .replace("<51 tags>", &tags.join(", "))
}

const USER_POOL: &str = "cognito-idp.us-east-1.amazonaws.com/us-east-1_a";

pub(super) const ROWS: &[Row] = &[
    Row {
        rule: "6.2 unknown pool, described",
        typed: |world| {
            let input = DescribeIdentityPoolInput::new(id(NOBODY));
            world.aws.describe_identity_pool(input).map(drop)
        },
        wire: ("DescribeIdentityPool", r#"{"IdentityPoolId": "<99>"}"#),
        refusal: "PoolNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "IdentityPool '<99>' not found.",
    },
    Row {
        rule: "6.2 a pool of another region than its id says",
        typed: |world| {
            let input =
                DescribeIdentityPoolInput::new("eu-west-1:00000000-0000-4000-8000-000000000001");
            world.aws.describe_identity_pool(input).map(drop)
        },
        wire: (
            "DescribeIdentityPool",
            r#"{"IdentityPoolId": "eu-west-1:00000000-0000-4000-8000-000000000001"}"#,
        ),
        refusal: "PoolNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "IdentityPool 'eu-west-1:00000000-0000-4000-8000-000000000001' not found.",
    },
    Row {
        rule: "6.2 an id that was never minted",
        typed: |world| {
            let input = DescribeIdentityPoolInput::new("us-east-1:0");
            world.aws.describe_identity_pool(input).map(drop)
        },
        wire: ("DescribeIdentityPool", r#"{"IdentityPoolId": "us-east-1:0"}"#),
        refusal: "PoolNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "IdentityPool 'us-east-1:0' not found.",
    },
    Row {
        rule: "6.2 unknown pool, deleted",
        typed: |world| world.aws.delete_identity_pool(DeleteIdentityPoolInput::new(id(NOBODY))),
        wire: ("DeleteIdentityPool", r#"{"IdentityPoolId": "<99>"}"#),
        refusal: "PoolNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "IdentityPool '<99>' not found.",
    },
    Row {
        rule: "6.3 unknown pool, updated",
        typed: |world| update(world, NOBODY, |input| input),
        wire: (
            "UpdateIdentityPool",
            r#"{"IdentityPoolId": "<99>", "IdentityPoolName": "game",
                "AllowUnauthenticatedIdentities": false}"#,
        ),
        refusal: "PoolNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "IdentityPool '<99>' not found.",
    },
    Row {
        rule: "6.3 another developer provider (Q20)",
        typed: |world| update(world, POOL, |input| input.developer_provider_name("login.new")),
        wire: (
            "UpdateIdentityPool",
            r#"{"IdentityPoolId": "<1>", "IdentityPoolName": "game",
                "AllowUnauthenticatedIdentities": false, "DeveloperProviderName": "login.new"}"#,
        ),
        refusal: "DeveloperProviderFixed",
        kind: ErrorKind::InvalidParameter,
        text: "Developer provider name cannot be changed once it has been set.",
    },
    Row {
        rule: "Q35 a developer provider by the name of a public one",
        typed: |world| create(world, |input| input.developer_provider_name("graph.facebook.com")),
        wire: (
            "CreateIdentityPool",
            r#"{"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false,
                "DeveloperProviderName": "graph.facebook.com"}"#,
        ),
        refusal: "DeveloperProviderReserved",
        kind: ErrorKind::InvalidParameter,
        text: "'graph.facebook.com' is the name of a public provider.",
    },
    Row {
        rule: "Q35 a public provider by the name of the developer provider that stays",
        typed: |world| update(world, POOL, |input| input.supported_login_providers(GAME, "1")),
        wire: (
            "UpdateIdentityPool",
            r#"{"IdentityPoolId": "<1>", "IdentityPoolName": "game",
                "AllowUnauthenticatedIdentities": false,
                "SupportedLoginProviders": {"login.game": "1"}}"#,
        ),
        refusal: "DeveloperProviderReserved",
        kind: ErrorKind::InvalidParameter,
        text: "'login.game' is the name of a public provider.",
    },
    Row {
        rule: "6.1 a user pool by another name",
        typed: |world| {
            create(world, |input| input.cognito_identity_providers(user_pool("us-east-1_a")))
        },
        wire: (
            "CreateIdentityPool",
            r#"{"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false,
                "CognitoIdentityProviders": [{"ProviderName": "us-east-1_a", "ClientId": "3n4b"}]}"#,
        ),
        refusal: "UserPoolProviderInvalid",
        kind: ErrorKind::InvalidParameter,
        text: "Invalid Cognito Identity Provider",
    },
    Row {
        rule: "6.1 a user pool without a client",
        typed: |world| {
            let mut user_pool = user_pool(USER_POOL);
            user_pool.client_id = None;
            update(world, POOL, |input| input.cognito_identity_providers(user_pool))
        },
        wire: (
            "UpdateIdentityPool",
            r#"{"IdentityPoolId": "<1>", "IdentityPoolName": "game",
                "AllowUnauthenticatedIdentities": false, "CognitoIdentityProviders":
                [{"ProviderName": "cognito-idp.us-east-1.amazonaws.com/us-east-1_a"}]}"#,
        ),
        refusal: "UserPoolProviderInvalid",
        kind: ErrorKind::InvalidParameter,
        text: "Invalid Cognito Identity Provider",
    },
    Row {
        rule: "2 more than 50 user pools",
        typed: |world| {
            create(world, |input| {
                let user_pools = std::iter::repeat_n(user_pool(USER_POOL), 51);
                user_pools.fold(input, CreateIdentityPoolInput::cognito_identity_providers)
            })
        },
        wire: (
            "CreateIdentityPool",
            r#"{"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false,
                "CognitoIdentityProviders": [<51 user pools>]}"#,
        ),
        refusal: "TooManyUserPools",
        kind: ErrorKind::LimitExceeded,
        text: "An identity pool has at most 50 user pools.",
    },
    Row {
        rule: "6.1 an OpenID Connect provider that is none",
        typed: |world| {
            let arn: Arn = parse("arn:aws:iam::123456789012:saml-provider/corp");
            create(world, |input| input.open_id_connect_provider_arns(arn))
        },
        wire: (
            "CreateIdentityPool",
            r#"{"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false,
                "OpenIdConnectProviderARNs": ["arn:aws:iam::123456789012:saml-provider/corp"]}"#,
        ),
        refusal: "ProviderArnInvalid",
        kind: ErrorKind::InvalidParameter,
        text: "Invalid provider ARN 'arn:aws:iam::123456789012:saml-provider/corp'.",
    },
    Row {
        rule: "6.1 a SAML provider that is none",
        typed: |world| update(world, POOL, |input| input.saml_provider_arns("x".repeat(20))),
        wire: (
            "UpdateIdentityPool",
            r#"{"IdentityPoolId": "<1>", "IdentityPoolName": "game",
                "AllowUnauthenticatedIdentities": false, "SamlProviderARNs": ["x*20"]}"#,
        ),
        refusal: "ProviderArnInvalid",
        kind: ErrorKind::InvalidParameter,
        text: "Invalid provider ARN 'x*20'.",
    },
    Row {
        rule: "10 more than 50 tags",
        typed: |world| {
            create(world, |input| {
                (100..151).fold(input, |input, n| input.identity_pool_tags(n.to_string(), ""))
            })
        },
        wire: (
            "CreateIdentityPool",
            r#"{"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false,
                "IdentityPoolTags": {<51 tags>}}"#,
        ),
        refusal: "TooManyTags",
        kind: ErrorKind::InvalidParameter,
        text: "A resource has at most 50 tags.",
    },
    Row {
        rule: "10 the prefix aws: of a tag's key",
        typed: |world| create(world, |input| input.identity_pool_tags("aws:team", "blue")),
        wire: (
            "CreateIdentityPool",
            r#"{"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false,
                "IdentityPoolTags": {"aws:team": "blue"}}"#,
        ),
        refusal: "TagInvalid",
        kind: ErrorKind::InvalidParameter,
        text: "Invalid tag 'aws:team'.",
    },
    Row {
        rule: "10 a character of a tag's value",
        typed: |world| update(world, POOL, |input| input.identity_pool_tags("team", "blue!")),
        wire: (
            "UpdateIdentityPool",
            r#"{"IdentityPoolId": "<1>", "IdentityPoolName": "game",
                "AllowUnauthenticatedIdentities": false, "IdentityPoolTags": {"team": "blue!"}}"#,
        ),
        refusal: "TagInvalid",
        kind: ErrorKind::InvalidParameter,
        text: "Invalid tag 'team'.",
    },
    Row {
        rule: "5.9 a token of no listing, of pools",
        typed: |world| {
            let input = ListIdentityPoolsInput::new(1).next_token("AAAA");
            world.aws.list_identity_pools(input).map(drop)
        },
        wire: ("ListIdentityPools", r#"{"MaxResults": 1, "NextToken": "AAAA"}"#),
        refusal: "NextTokenInvalid",
        kind: ErrorKind::InvalidParameter,
        text: "NextToken is not valid.",
    },
    Row {
        rule: "5.9 a token of no listing, of identities",
        typed: |world| {
            let input = ListIdentitiesInput::new(id(POOL), 1).next_token("?");
            world.aws.list_identities(input).map(drop)
        },
        wire: ("ListIdentities", r#"{"IdentityPoolId": "<1>", "MaxResults": 1, "NextToken": "?"}"#),
        refusal: "NextTokenInvalid",
        kind: ErrorKind::InvalidParameter,
        text: "NextToken is not valid.",
    },
    Row {
        rule: "5.9 unknown pool",
        typed: |world| world.aws.list_identities(ListIdentitiesInput::new(id(NOBODY), 1)).map(drop),
        wire: ("ListIdentities", r#"{"IdentityPoolId": "<99>", "MaxResults": 1}"#),
        refusal: "PoolNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "IdentityPool '<99>' not found.",
    },
    Row {
        rule: "5.10 unknown identity",
        typed: |world| {
            world.aws.describe_identity(DescribeIdentityInput::new(id(NOBODY))).map(drop)
        },
        wire: ("DescribeIdentity", r#"{"IdentityId": "<99>"}"#),
        refusal: "IdentityNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "Identity '<99>' not found.",
    },
    Row {
        rule: "5.10 the id of a pool",
        typed: |world| world.aws.describe_identity(DescribeIdentityInput::new(id(POOL))).map(drop),
        wire: ("DescribeIdentity", r#"{"IdentityId": "<1>"}"#),
        refusal: "IdentityNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "Identity '<1>' not found.",
    },
];

/// Refusals in an account that has 1,000 pools in the region.
pub(super) const CROWDED: &[Row] = &[Row {
    rule: "6.1 the 1,001st pool",
    typed: |world| create(world, |input| input),
    wire: (
        "CreateIdentityPool",
        r#"{"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false}"#,
    ),
    refusal: "TooManyPools",
    kind: ErrorKind::LimitExceeded,
    text: "Identity pool limit exceeded.",
}];
