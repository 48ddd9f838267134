//! Refusals of `GetOpenIdTokenForDeveloperIdentity`.

use cognate::operation::GetOpenIdTokenForDeveloperIdentityInput;
use cognate::{ErrorKind, Result};

use super::{ALICE, BARE, BOB, EVE, FULL, GONE, NOBODY, POOL, Row};
use crate::support::{AMAZON, FACEBOOK, GAME, World, id};

type Call = GetOpenIdTokenForDeveloperIdentityInput;

/// A call for a token with these logins.
pub(super) fn logins(pool: u64, logins: &[(&str, &str)]) -> Call {
    let input = Call::new(id(pool));
    logins.iter().fold(input, |input, (name, token)| input.logins(*name, *token))
}

fn token(world: &World, input: Call) -> Result<()> {
    world.aws.get_open_id_token_for_developer_identity(input).map(drop)
}

/// A new user who also presents a login of Facebook.
fn facebook(world: &World, presented: &str) -> Result<()> {
    token(world, logins(POOL, &[(GAME, "zoe"), (FACEBOOK, presented)]))
}

const OPERATION: &str = "GetOpenIdTokenForDeveloperIdentity";

pub(super) const ROWS: &[Row] = &[
    Row {
        rule: "5.1.1 unknown pool",
        typed: |world| token(world, logins(NOBODY, &[(GAME, "alice")])),
        wire: (OPERATION, r#"{"IdentityPoolId": "<99>", "Logins": {"login.game": "alice"}}"#),
        refusal: "PoolNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "IdentityPool '<99>' not found.",
    },
    Row {
        rule: "3.e1 unknown identity",
        typed: |world| token(world, logins(POOL, &[(GAME, "alice")]).identity_id(id(NOBODY))),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<99>", "Logins": {"login.game": "alice"}}"#,
        ),
        refusal: "IdentityNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "Identity '<99>' not found.",
    },
    Row {
        rule: "5.1.7 identity of another pool (Q9)",
        typed: |world| token(world, logins(POOL, &[(GAME, "eve")]).identity_id(id(EVE))),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<8>", "Logins": {"login.game": "eve"}}"#,
        ),
        refusal: "IdentityNotFound",
        kind: ErrorKind::ResourceNotFound,
        text: "Identity '<8>' not found.",
    },
    Row {
        rule: "5.1.2 no developer user (Q5)",
        typed: |world| token(world, logins(POOL, &[(FACEBOOK, "user:a")]).identity_id(id(ALICE))),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<4>",
                "Logins": {"graph.facebook.com": "user:a"}}"#,
        ),
        refusal: "DeveloperProviderMissing",
        kind: ErrorKind::InvalidParameter,
        text: "You can only specify one developer provider as part of the Logins map.",
    },
    Row {
        rule: "5.1.2 no login at all",
        typed: |world| token(world, logins(POOL, &[])),
        wire: (OPERATION, r#"{"IdentityPoolId": "<1>", "Logins": {}}"#),
        refusal: "DeveloperProviderMissing",
        kind: ErrorKind::InvalidParameter,
        text: "You can only specify one developer provider as part of the Logins map.",
    },
    Row {
        rule: "5.1.3 unknown provider key",
        typed: |world| token(world, logins(POOL, &[("login.other", "alice")])),
        wire: (OPERATION, r#"{"IdentityPoolId": "<1>", "Logins": {"login.other": "alice"}}"#),
        refusal: "DeveloperProviderUnsupported",
        kind: ErrorKind::InvalidParameter,
        text: "This identity pool does not support the specified developer provider",
    },
    Row {
        rule: "5.1.3 unknown provider key beside the developer provider",
        typed: |world| token(world, logins(POOL, &[(GAME, "alice"), ("Login.Game", "alice")])),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>", "Logins": {"login.game": "alice", "Login.Game": "alice"}}"#,
        ),
        refusal: "DeveloperProviderUnsupported",
        kind: ErrorKind::InvalidParameter,
        text: "This identity pool does not support the specified developer provider",
    },
    Row {
        rule: "5.1.3 pool without developer provider (Q26)",
        typed: |world| token(world, logins(BARE, &[(GAME, "alice")])),
        wire: (OPERATION, r#"{"IdentityPoolId": "<2>", "Logins": {"login.game": "alice"}}"#),
        refusal: "DeveloperProviderUnsupported",
        kind: ErrorKind::InvalidParameter,
        text: "This identity pool does not support the specified developer provider",
    },
    Row {
        rule: "5.1.5 identifier of 1,025 characters (Q8)",
        typed: |world| token(world, logins(POOL, &[(GAME, "é".repeat(1025).as_str())])),
        wire: (OPERATION, r#"{"IdentityPoolId": "<1>", "Logins": {"login.game": "é*1025"}}"#),
        refusal: "DeveloperUserIdentifierTooLong",
        kind: ErrorKind::InvalidParameter,
        text: "A developer user identifier has at most 1024 characters.",
    },
    Row {
        rule: "5.2.4 the key of this service itself",
        typed: |world| {
            let ours = ("cognito-identity.amazonaws.com", "eyJ");
            token(world, logins(POOL, &[(GAME, "alice"), ours]))
        },
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>",
                "Logins": {"login.game": "alice", "cognito-identity.amazonaws.com": "eyJ"}}"#,
        ),
        refusal: "LoginIsCognitoToken",
        kind: ErrorKind::NotAuthorized,
        text: "Invalid login token. Can't pass in a Cognito token.",
    },
    Row {
        rule: "5.2.6 a public provider that the pool does not have",
        typed: |world| {
            token(world, logins(POOL, &[(GAME, "alice"), ("accounts.google.com", "user:a")]))
        },
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>",
                "Logins": {"login.game": "alice", "accounts.google.com": "user:a"}}"#,
        ),
        refusal: "ProviderUnsupported",
        kind: ErrorKind::NotAuthorized,
        text: "Token is not from a supported provider of this identity pool.",
    },
    Row {
        rule: "5.2.7 parse",
        typed: |world| facebook(world, "eyJ"),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>",
                "Logins": {"login.game": "zoe", "graph.facebook.com": "eyJ"}}"#,
        ),
        refusal: "LoginMalformed",
        kind: ErrorKind::NotAuthorized,
        text: "Invalid login token. Not a valid OpenId Connect identity token.",
    },
    Row {
        rule: "5.2.7 issuer",
        typed: |world| facebook(world, "wrong-issuer"),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>",
                "Logins": {"login.game": "zoe", "graph.facebook.com": "wrong-issuer"}}"#,
        ),
        refusal: "LoginIssuerMismatch",
        kind: ErrorKind::NotAuthorized,
        text: "Invalid login token. Issuer doesn't match providerName",
    },
    Row {
        rule: "5.2.7 signature",
        typed: |world| facebook(world, "bad-signature"),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>",
                "Logins": {"login.game": "zoe", "graph.facebook.com": "bad-signature"}}"#,
        ),
        refusal: "LoginSignatureInvalid",
        kind: ErrorKind::NotAuthorized,
        text: "Invalid login token. Couldn't verify signed token.",
    },
    Row {
        rule: "5.2.7 expiry",
        typed: |world| facebook(world, "expired"),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>",
                "Logins": {"login.game": "zoe", "graph.facebook.com": "expired"}}"#,
        ),
        refusal: "LoginExpired",
        kind: ErrorKind::NotAuthorized,
        text: "Invalid login token. Token expired: 1700000000 >= 1699999999",
    },
    Row {
        rule: "5.2.7 audience",
        typed: |world| facebook(world, "wrong-audience"),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>",
                "Logins": {"login.game": "zoe", "graph.facebook.com": "wrong-audience"}}"#,
        ),
        refusal: "ProviderUnsupported",
        kind: ErrorKind::NotAuthorized,
        text: "Token is not from a supported provider of this identity pool.",
    },
    Row {
        rule: "5.2 a provider that cannot be asked",
        typed: |world| facebook(world, "unavailable"),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>",
                "Logins": {"login.game": "zoe", "graph.facebook.com": "unavailable"}}"#,
        ),
        refusal: "ProviderUnavailable",
        kind: ErrorKind::ExternalService,
        text: "The login provider is not available.",
    },
    Row {
        rule: "5.1.6 one bad login fails the call, a good one notwithstanding",
        typed: |world| {
            let presented = [(FACEBOOK, "user:z"), (GAME, "zoe"), (AMAZON, "bad-signature")];
            token(world, logins(POOL, &presented))
        },
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>", "Logins": {"graph.facebook.com": "user:z",
                "login.game": "zoe", "www.amazon.com": "bad-signature"}}"#,
        ),
        refusal: "LoginSignatureInvalid",
        kind: ErrorKind::NotAuthorized,
        text: "Invalid login token. Couldn't verify signed token.",
    },
    Row {
        rule: "5.1.7 a user of another identity (Q4)",
        typed: |world| token(world, logins(POOL, &[(GAME, "bob")]).identity_id(id(ALICE))),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<4>", "Logins": {"login.game": "bob"}}"#,
        ),
        refusal: "DeveloperUserAlreadyRegistered",
        kind: ErrorKind::DeveloperUserAlreadyRegistered,
        text: "This developer user identifier is already registered with Cognito.",
    },
    Row {
        rule: "5.1.7 the same with a login of the given identity (Q4)",
        typed: |world| {
            let presented = [(GAME, "bob"), (FACEBOOK, "user:a")];
            token(world, logins(POOL, &presented).identity_id(id(ALICE)))
        },
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<4>",
                "Logins": {"login.game": "bob", "graph.facebook.com": "user:a"}}"#,
        ),
        refusal: "DeveloperUserAlreadyRegistered",
        kind: ErrorKind::DeveloperUserAlreadyRegistered,
        text: "This developer user identifier is already registered with Cognito.",
    },
    Row {
        rule: "3.d2 a disabled identity",
        typed: |world| token(world, logins(POOL, &[(GAME, "carol")]).identity_id(id(GONE))),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<6>", "Logins": {"login.game": "carol"}}"#,
        ),
        refusal: "IdentityForbidden",
        kind: ErrorKind::NotAuthorized,
        text: "Access to Identity '<6>' is forbidden.",
    },
    Row {
        rule: "3 a second user of one public provider (Q30)",
        typed: |world| token(world, logins(POOL, &[(GAME, "alice"), (FACEBOOK, "user:c")])),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>",
                "Logins": {"login.game": "alice", "graph.facebook.com": "user:c"}}"#,
        ),
        refusal: "LoginTaken",
        kind: ErrorKind::ResourceConflict,
        text: "Login is already linked to another account.",
    },
    Row {
        rule: "3.a3 a merge that would give two users of one public provider",
        typed: |world| token(world, logins(POOL, &[(GAME, "alice"), (FACEBOOK, "user:b")])),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>",
                "Logins": {"login.game": "alice", "graph.facebook.com": "user:b"}}"#,
        ),
        refusal: "MergeOfTwoUsers",
        kind: ErrorKind::ResourceConflict,
        text: "Cannot merge these identities.",
    },
    Row {
        rule: "3.c2 the same with the identity given",
        typed: |world| {
            let presented = [(FACEBOOK, "user:a"), (GAME, "bob")];
            token(world, logins(POOL, &presented).identity_id(id(BOB)))
        },
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<5>",
                "Logins": {"graph.facebook.com": "user:a", "login.game": "bob"}}"#,
        ),
        refusal: "MergeOfTwoUsers",
        kind: ErrorKind::ResourceConflict,
        text: "Cannot merge these identities.",
    },
    Row {
        rule: "3 more than 20 logins (Q6)",
        typed: |world| token(world, logins(POOL, &[(GAME, "full-1"), (AMAZON, "user:f")])),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>",
                "Logins": {"login.game": "full-1", "www.amazon.com": "user:f"}}"#,
        ),
        refusal: "TooManyLogins",
        kind: ErrorKind::ResourceConflict,
        text: "The number of linked logins cannot exceed 20.",
    },
    Row {
        rule: "3 a developer user more than 20 (Q6)",
        typed: |world| token(world, logins(POOL, &[(GAME, "full-21")]).identity_id(id(FULL))),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<7>", "Logins": {"login.game": "full-21"}}"#,
        ),
        refusal: "TooManyLogins",
        kind: ErrorKind::ResourceConflict,
        text: "The number of linked logins cannot exceed 20.",
    },
];

/// Refusals with proof by linked login.
pub(super) const BY_LINKED_LOGIN: &[Row] = &[
    Row {
        rule: "3.c3 an unknown user of an authenticated identity",
        typed: |world| token(world, logins(POOL, &[(GAME, "alice-2")]).identity_id(id(ALICE))),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<4>", "Logins": {"login.game": "alice-2"}}"#,
        ),
        refusal: "LoginsDontMatch",
        kind: ErrorKind::NotAuthorized,
        text: "Logins don't match. Please include at least one valid login for this identity or \
               identity pool.",
    },
    Row {
        rule: "3.c3 a login of another identity is no proof",
        typed: |world| {
            let presented = [(GAME, "alice-2"), (FACEBOOK, "user:b")];
            token(world, logins(POOL, &presented).identity_id(id(ALICE)))
        },
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<4>",
                "Logins": {"login.game": "alice-2", "graph.facebook.com": "user:b"}}"#,
        ),
        refusal: "LoginsDontMatch",
        kind: ErrorKind::NotAuthorized,
        text: "Logins don't match. Please include at least one valid login for this identity or \
               identity pool.",
    },
    Row {
        rule: "3.d2 a disabled identity",
        typed: |world| token(world, logins(POOL, &[(GAME, "zoe")]).identity_id(id(GONE))),
        wire: (
            OPERATION,
            r#"{"IdentityPoolId": "<1>", "IdentityId": "<6>", "Logins": {"login.game": "zoe"}}"#,
        ),
        refusal: "IdentityForbidden",
        kind: ErrorKind::NotAuthorized,
        text: "Access to Identity '<6>' is forbidden.",
    },
];
