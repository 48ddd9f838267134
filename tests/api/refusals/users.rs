//! Refusals of the operations on users of a developer provider.

use cognate::operation::{
    LookupDeveloperIdentityInput, MergeDeveloperIdentitiesInput, UnlinkDeveloperIdentityInput,
};
use cognate::{ErrorKind, Result};

use super::{ALICE, BARE, EVE, FULL, GONE, NOBODY, OTHER, POOL, Row};
use crate::support::{FACEBOOK, GAME, World, id};

pub(super) fn merge(pool: u64, source: &str, destination: &str) -> MergeDeveloperIdentitiesInput {
    MergeDeveloperIdentitiesInput::new(id(pool), GAME, source, destination)
}

fn unlink(world: &World, pool: u64, identity: u64, provider: &str, user: &str) -> Result<()> {
    let input = UnlinkDeveloperIdentityInput::new(id(pool), id(identity), provider, user);
    world.aws.unlink_developer_identity(input)
}

fn lookup(pool: u64) -> LookupDeveloperIdentityInput {
    LookupDeveloperIdentityInput::new(id(pool))
}

/// Refusals of looking up, merging and unlinking.
pub(super) const ROWS: &[Row] = &[
    Row {
        rule: "5.5 by nothing",
        typed: |world| world.aws.lookup_developer_identity(lookup(POOL)).map(drop),
        wire: ("LookupDeveloperIdentity", r#"{"IdentityPoolId": "<1>", "IdentityId": null}"#),
        refusal: "LookupKeyMissing",
        kind: ErrorKind::InvalidParameter,
        text: "Either IdentityId or DeveloperUserIdentifier must be provided.",
    },
    Row {
        rule: "5.5 unknown pool",
        typed: |world| {
            let input = lookup(NOBODY).developer_user_identifier("alice");
            world.aws.lookup_developer_identity(input).map(drop)
        },
        wire: (
            "LookupDeveloperIdentity",
            r#"{"IdentityPoolId": "<99>", "DeveloperUserIdentifier": "alice"}"#,
        ),
        refusal: "PoolNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "IdentityPool '<99>' not found.",
    },
    Row {
        rule: "5.5 unknown identity",
        typed: |world| {
            world.aws.lookup_developer_identity(lookup(POOL).identity_id(id(NOBODY))).map(drop)
        },
        wire: ("LookupDeveloperIdentity", r#"{"IdentityPoolId": "<1>", "IdentityId": "<99>"}"#),
        refusal: "IdentityNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "Identity '<99>' not found.",
    },
    Row {
        rule: "5.5 identity of another pool (Q9)",
        typed: |world| {
            let input = lookup(POOL).identity_id(id(EVE)).developer_user_identifier("eve");
            world.aws.lookup_developer_identity(input).map(drop)
        },
        wire: (
            "LookupDeveloperIdentity",
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<8>", "DeveloperUserIdentifier": "eve"}"#,
        ),
        refusal: "IdentityNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "Identity '<8>' not found.",
    },
    Row {
        rule: "5.5 unknown identifier (Q3), which is case-sensitive",
        typed: |world| {
            let input = lookup(POOL).developer_user_identifier("Alice");
            world.aws.lookup_developer_identity(input).map(drop)
        },
        wire: (
            "LookupDeveloperIdentity",
            r#"{"IdentityPoolId": "<1>", "DeveloperUserIdentifier": "Alice"}"#,
        ),
        refusal: "DeveloperUserNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "Developer user identifier 'Alice' not found.",
    },
    Row {
        rule: "5.5 a user of a pool without developer provider",
        typed: |world| {
            let input = lookup(BARE).developer_user_identifier("alice");
            world.aws.lookup_developer_identity(input).map(drop)
        },
        wire: (
            "LookupDeveloperIdentity",
            r#"{"IdentityPoolId": "<2>", "DeveloperUserIdentifier": "alice"}"#,
        ),
        refusal: "DeveloperUserNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "Developer user identifier 'alice' not found.",
    },
    Row {
        rule: "5.5 both, a mismatch",
        typed: |world| {
            let input = lookup(POOL).identity_id(id(ALICE)).developer_user_identifier("bob");
            world.aws.lookup_developer_identity(input).map(drop)
        },
        wire: (
            "LookupDeveloperIdentity",
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<4>", "DeveloperUserIdentifier": "bob"}"#,
        ),
        refusal: "DeveloperUserElsewhere",
        kind: ErrorKind::ResourceConflict,
        text: "The specified developer user identifier is not associated with identity '<4>'.",
    },
    Row {
        rule: "5.5 the subject of a public login is no identifier",
        typed: |world| {
            let input = lookup(POOL).identity_id(id(ALICE)).developer_user_identifier("a");
            world.aws.lookup_developer_identity(input).map(drop)
        },
        wire: (
            "LookupDeveloperIdentity",
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<4>", "DeveloperUserIdentifier": "a"}"#,
        ),
        refusal: "DeveloperUserElsewhere",
        kind: ErrorKind::ResourceConflict,
        text: "The specified developer user identifier is not associated with identity '<4>'.",
    },
    Row {
        rule: "5.5 a token of no listing",
        typed: |world| {
            let input = lookup(POOL).identity_id(id(FULL)).next_token("dXM");
            world.aws.lookup_developer_identity(input).map(drop)
        },
        wire: (
            "LookupDeveloperIdentity",
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<7>", "NextToken": "dXM"}"#,
        ),
        refusal: "NextTokenInvalid",
        kind: ErrorKind::InvalidParameter,
        text: "NextToken is not valid.",
    },
    Row {
        rule: "5.6.1 unknown pool",
        typed: |world| {
            world.aws.merge_developer_identities(merge(NOBODY, "bob", "alice")).map(drop)
        },
        wire: (
            "MergeDeveloperIdentities",
            r#"{"SourceUserIdentifier": "bob", "DestinationUserIdentifier": "alice",
                "DeveloperProviderName": "login.game", "IdentityPoolId": "<99>"}"#,
        ),
        refusal: "PoolNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "IdentityPool '<99>' not found.",
    },
    Row {
        rule: "5.6.1 another provider name",
        typed: |world| {
            let input = MergeDeveloperIdentitiesInput::new(id(POOL), "login.other", "bob", "alice");
            world.aws.merge_developer_identities(input).map(drop)
        },
        wire: (
            "MergeDeveloperIdentities",
            r#"{"SourceUserIdentifier": "bob", "DestinationUserIdentifier": "alice",
                "DeveloperProviderName": "login.other", "IdentityPoolId": "<1>"}"#,
        ),
        refusal: "DeveloperProviderUnsupported",
        kind: ErrorKind::InvalidParameter,
        text: "This identity pool does not support the specified developer provider",
    },
    Row {
        rule: "5.6.2 unknown source",
        typed: |world| {
            world.aws.merge_developer_identities(merge(POOL, "nobody", "alice")).map(drop)
        },
        wire: (
            "MergeDeveloperIdentities",
            r#"{"SourceUserIdentifier": "nobody", "DestinationUserIdentifier": "alice",
                "DeveloperProviderName": "login.game", "IdentityPoolId": "<1>"}"#,
        ),
        refusal: "DeveloperUserNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "Developer user identifier 'nobody' not found.",
    },
    Row {
        rule: "5.6.2 unknown destination, once unlinked",
        typed: |world| {
            world.aws.merge_developer_identities(merge(POOL, "alice", "carol")).map(drop)
        },
        wire: (
            "MergeDeveloperIdentities",
            r#"{"SourceUserIdentifier": "alice", "DestinationUserIdentifier": "carol",
                "DeveloperProviderName": "login.game", "IdentityPoolId": "<1>"}"#,
        ),
        refusal: "DeveloperUserNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "Developer user identifier 'carol' not found.",
    },
    Row {
        rule: "5.6.4 two users of Facebook",
        typed: |world| world.aws.merge_developer_identities(merge(POOL, "bob", "alice")).map(drop),
        wire: (
            "MergeDeveloperIdentities",
            r#"{"SourceUserIdentifier": "bob", "DestinationUserIdentifier": "alice",
                "DeveloperProviderName": "login.game", "IdentityPoolId": "<1>"}"#,
        ),
        refusal: "MergeOfTwoUsers",
        kind: ErrorKind::ResourceConflict,
        text: "Cannot merge these identities.",
    },
    Row {
        rule: "5.6.5 21 logins",
        typed: |world| {
            world.aws.merge_developer_identities(merge(POOL, "full-7", "dave")).map(drop)
        },
        wire: (
            "MergeDeveloperIdentities",
            r#"{"SourceUserIdentifier": "full-7", "DestinationUserIdentifier": "dave",
                "DeveloperProviderName": "login.game", "IdentityPoolId": "<1>"}"#,
        ),
        refusal: "TooManyLogins",
        kind: ErrorKind::ResourceConflict,
        text: "The number of linked logins cannot exceed 20.",
    },
    Row {
        rule: "5.7.1 unknown pool",
        typed: |world| unlink(world, NOBODY, ALICE, GAME, "alice"),
        wire: (
            "UnlinkDeveloperIdentity",
            r#"{"IdentityPoolId": "<99>", "IdentityId": "<4>",
                "DeveloperProviderName": "login.game", "DeveloperUserIdentifier": "alice"}"#,
        ),
        refusal: "PoolNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "IdentityPool '<99>' not found.",
    },
    Row {
        rule: "5.7.1 identity of another pool (Q9)",
        typed: |world| unlink(world, OTHER, ALICE, GAME, "alice"),
        wire: (
            "UnlinkDeveloperIdentity",
            r#"{"IdentityPoolId": "<3>", "IdentityId": "<4>",
                "DeveloperProviderName": "login.game", "DeveloperUserIdentifier": "alice"}"#,
        ),
        refusal: "IdentityNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "Identity '<4>' not found.",
    },
    Row {
        rule: "5.7.1 another provider name",
        typed: |world| unlink(world, POOL, ALICE, FACEBOOK, "a"),
        wire: (
            "UnlinkDeveloperIdentity",
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<4>",
                "DeveloperProviderName": "graph.facebook.com", "DeveloperUserIdentifier": "a"}"#,
        ),
        refusal: "DeveloperProviderUnsupported",
        kind: ErrorKind::InvalidParameter,
        text: "This identity pool does not support the specified developer provider",
    },
    Row {
        rule: "5.7.2 linked elsewhere",
        typed: |world| unlink(world, POOL, ALICE, GAME, "bob"),
        wire: (
            "UnlinkDeveloperIdentity",
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<4>",
                "DeveloperProviderName": "login.game", "DeveloperUserIdentifier": "bob"}"#,
        ),
        refusal: "DeveloperUserElsewhere",
        kind: ErrorKind::ResourceConflict,
        text: "The specified developer user identifier is not associated with identity '<4>'.",
    },
    Row {
        rule: "5.7.2 unknown, once unlinked",
        typed: |world| unlink(world, POOL, GONE, GAME, "carol"),
        wire: (
            "UnlinkDeveloperIdentity",
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<6>",
                "DeveloperProviderName": "login.game", "DeveloperUserIdentifier": "carol"}"#,
        ),
        refusal: "DeveloperUserNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "Developer user identifier 'carol' not found.",
    },
];
