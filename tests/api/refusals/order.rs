//! The order of refusals: a call with several faults is refused for the first in the documented
//! order.

use cognate::DeveloperLinking;
use cognate::operation::UnlinkDeveloperIdentityInput;

use super::{FULL, POOL, pools, populated};
use crate::support::{AMAZON, FACEBOOK, GAME, World, call, expand, fill, id, parse};

/// An operation, members without faults, and faults in the order in which they are found, each with
/// its message. Each request has one fault and all that follow it.
type Ladder = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

#[rustfmt::skip]
const LADDERS: &[Ladder] = &[
    ("UpdateIdentityPool",
     r#""IdentityPoolId": "<1>", "IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false"#, &[
        (r#""IdentityPoolId": "<99>""#,                          "IdentityPool '<99>' not found."),
        (r#""DeveloperProviderName": "login.new""#,              "Developer provider name cannot be changed once it has been set."),
        (r#""DeveloperProviderName": null, "SupportedLoginProviders": {"login.game": "1"}"#, "'login.game' is the name of a public provider."),
        (r#""CognitoIdentityProviders": [<51 user pools>]"#,     "An identity pool has at most 50 user pools."),
        (r#""CognitoIdentityProviders": [{}]"#,                  "Invalid Cognito Identity Provider"),
        (r#""OpenIdConnectProviderARNs": ["x*20"]"#,             "Invalid provider ARN 'x*20'."),
        (r#""SamlProviderARNs": ["y*20"]"#,                      "Invalid provider ARN 'y*20'."),
        (r#""IdentityPoolTags": {<51 tags>, "aws:a": ""}"#,      "A resource has at most 50 tags."),
        (r#""IdentityPoolTags": {"aws:a": ""}"#,                 "Invalid tag 'aws:a'."),
    ]),
    ("CreateIdentityPool",
     r#""IdentityPoolName": "game", "AllowUnauthenticatedIdentities": false"#, &[
        (r#""DeveloperProviderName": "www.digits.com""#,         "'www.digits.com' is the name of a public provider."),
        (r#""CognitoIdentityProviders": [<51 user pools>]"#,     "An identity pool has at most 50 user pools."),
        (r#""CognitoIdentityProviders": [{}]"#,                  "Invalid Cognito Identity Provider"),
        (r#""OpenIdConnectProviderARNs": ["x*20"]"#,             "Invalid provider ARN 'x*20'."),
        (r#""SamlProviderARNs": ["y*20"]"#,                      "Invalid provider ARN 'y*20'."),
        (r#""IdentityPoolTags": {<51 tags>, "aws:a": ""}"#,      "A resource has at most 50 tags."),
        (r#""IdentityPoolTags": {"aws:a": ""}"#,                 "Invalid tag 'aws:a'."),
    ]),
    ("ListIdentities", r#""IdentityPoolId": "<1>", "MaxResults": 1"#, &[
        (r#""IdentityPoolId": "<99>""#,                          "IdentityPool '<99>' not found."),
        (r#""NextToken": "?""#,                                  "NextToken is not valid."),
    ]),
    ("GetOpenIdTokenForDeveloperIdentity", r#""IdentityPoolId": "<1>", "IdentityId": "<6>""#, &[
        (r#""IdentityPoolId": "<99>""#,                          "IdentityPool '<99>' not found."),
        (r#""IdentityId": "<99>""#,                              "Identity '<99>' not found."),
        (r#""Logins": {"cognito-identity.amazonaws.com": "?", "accounts.google.com": "?"}"#, "Invalid login token. Can't pass in a Cognito token."),
        (r#""Logins": {"accounts.google.com": "?", "login.new": "?"}"#,          "Token is not from a supported provider of this identity pool."),
        (r#""Logins": {"login.new": "?", "accounts.google.com": "?"}"#,          "This identity pool does not support the specified developer provider"),
        (r#""Logins": {"graph.facebook.com": "?", "login.game": "x*1025"}"#,     "A developer user identifier has at most 1024 characters."),
        (r#""Logins": {"graph.facebook.com": "?"}"#,                             "You can only specify one developer provider as part of the Logins map."),
        (r#""Logins": {"graph.facebook.com": "?", "login.game": "bob", "www.amazon.com": "unavailable"}"#, "Invalid login token. Not a valid OpenId Connect identity token."),
        (r#""Logins": {"www.amazon.com": "unavailable", "login.game": "bob", "graph.facebook.com": "?"}"#, "The login provider is not available."),
        (r#""Logins": {"login.game": "bob", "graph.facebook.com": "user:a"}"#,   "This developer user identifier is already registered with Cognito."),
        (r#""Logins": {"login.game": "zoe", "graph.facebook.com": "user:a"}"#,   "Access to Identity '<6>' is forbidden."),
    ]),
    ("LookupDeveloperIdentity", r#""IdentityPoolId": "<1>", "IdentityId": "<4>""#, &[
        (r#""IdentityPoolId": "<99>", "IdentityId": null, "DeveloperUserIdentifier": null"#, "Either IdentityId or DeveloperUserIdentifier must be provided."),
        (r#""IdentityPoolId": "<99>""#,                          "IdentityPool '<99>' not found."),
        (r#""IdentityId": "<99>""#,                              "Identity '<99>' not found."),
        (r#""IdentityId": null, "DeveloperUserIdentifier": "nobody""#, "Developer user identifier 'nobody' not found."),
        (r#""NextToken": "?", "DeveloperUserIdentifier": "bob""#, "NextToken is not valid."),
        (r#""DeveloperUserIdentifier": "bob""#,                  "The specified developer user identifier is not associated with identity '<4>'."),
    ]),
    ("MergeDeveloperIdentities",
     r#""IdentityPoolId": "<1>", "DeveloperProviderName": "login.game", "SourceUserIdentifier": "full-1", "DestinationUserIdentifier": "dave""#, &[
        (r#""IdentityPoolId": "<99>""#,                          "IdentityPool '<99>' not found."),
        (r#""DeveloperProviderName": "login.new""#,              "This identity pool does not support the specified developer provider"),
        (r#""SourceUserIdentifier": "nobody""#,                  "Developer user identifier 'nobody' not found."),
        (r#""DestinationUserIdentifier": "none""#,               "Developer user identifier 'none' not found."),
        (r#""DestinationUserIdentifier": "bob""#,                "Cannot merge these identities."),
        (r#""DestinationUserIdentifier": "dave""#,               "The number of linked logins cannot exceed 20."),
    ]),
    ("UnlinkDeveloperIdentity",
     r#""IdentityPoolId": "<1>", "IdentityId": "<4>", "DeveloperProviderName": "login.game", "DeveloperUserIdentifier": "none""#, &[
        (r#""IdentityPoolId": "<99>""#,                          "IdentityPool '<99>' not found."),
        (r#""IdentityId": "<8>""#,                               "Identity '<8>' not found."),
        (r#""DeveloperProviderName": "login.new""#,              "This identity pool does not support the specified developer provider"),
        (r#""DeveloperUserIdentifier": "bob""#,                  "The specified developer user identifier is not associated with identity '<4>'."),
        (r#""MaxResults": 1"#,                                   "Developer user identifier 'none' not found."),
    ]),
];

/// In this world [`FULL`] has a login of Facebook instead of its last developer user.
fn brimful() -> World {
    let world = populated(DeveloperLinking::ByIdentityId);
    let pool = parse(&id(POOL));
    let unlink = UnlinkDeveloperIdentityInput::new(id(POOL), id(FULL), GAME, "full-20");
    world.aws.unlink_developer_identity(unlink).expect("unlinked");
    let input = call(&pool, "full-1").logins(FACEBOOK, "user:f");
    assert_eq!(world.resolve(input).expect("linked").as_str(), id(FULL));
    world
}

#[test]
fn the_first_fault_is_reported() {
    let world = brimful();
    let before = world.dump();
    for (operation, fits, faults) in LADDERS {
        for (n, (_, message)) in faults.iter().enumerate() {
            // Of two members with one name the last counts, so the fault to be found comes first
            // here.
            let members = faults[n..].iter().map(|(members, _)| *members).chain([*fits]);
            let members: Vec<_> = members.collect::<Vec<_>>().into_iter().rev().collect();
            let body = format!("{{{}}}", members.join(", "));
            let body = pools::written_out(&expand(&fill(&body)));
            let fault = world.wire(operation, &body).fault.expect("refused");
            assert_eq!(fault.message(), expand(&fill(message)), "{operation}, fault {n}");
        }
    }
    assert_eq!(world.dump(), before);
}

#[test]
fn a_second_user_of_a_provider_is_reported_before_too_many_logins() {
    let world = brimful();
    let pool = parse(&id(POOL));
    let presented = |amazon, facebook| {
        let input = call(&pool, "full-1").logins(AMAZON, amazon);
        let input = input.logins(FACEBOOK, facebook);
        world.resolve(input).expect_err("refused").to_string()
    };
    assert_eq!(presented("user:n", "user:f"), "The number of linked logins cannot exceed 20.");
    assert_eq!(presented("user:n", "user:g"), "Login is already linked to another account.");
}

#[test]
fn a_second_user_of_a_provider_is_reported_before_too_many_logins_of_a_merge() {
    let world = brimful();
    let pool = parse(&id(POOL));
    let owner = call(&pool, "zoe").logins(AMAZON, "user:z");
    world.resolve(owner).expect("registered");
    // Zoe's two logins would be merged into an identity that has twenty logins and another user of
    // Facebook.
    let input = call(&pool, "full-1").logins(AMAZON, "user:z");
    let merged = input.clone().logins(FACEBOOK, "user:f");
    let refused = world.resolve(merged).expect_err("refused").to_string();
    assert_eq!(refused, "The number of linked logins cannot exceed 20.");
    let taken = input.logins(FACEBOOK, "user:g");
    let refused = world.resolve(taken).expect_err("refused").to_string();
    assert_eq!(refused, "Login is already linked to another account.");
}
