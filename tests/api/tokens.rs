//! Tokens: their contents, the keys that sign them, and the tokens that are refused.

mod forged;
mod halves;
mod keys;
mod secret;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate::operation::GetOpenIdTokenForDeveloperIdentityInput;
use cognate::token::{Claims, SigningAlgorithm};
use cognate::{Builder, ErrorKind, Result};

use crate::support::{ACCOUNT, AMAZON, FACEBOOK, GAME, World, call, fill, id, joined, key, parse};

type Call = GetOpenIdTokenForDeveloperIdentityInput;

/// A token's header and claims as written, and its signature.
fn parts(token: &str) -> (String, String, Vec<u8>) {
    let decode = |part| URL_SAFE_NO_PAD.decode(part).expect("base64url");
    let text = |part| String::from_utf8(decode(part)).expect("UTF-8");
    let parts: Vec<_> = token.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { panic!("three parts: {token}") };
    (text(header), text(claims), decode(signature))
}

fn token(world: &World, input: Call) -> String {
    let output = world.aws.get_open_id_token_for_developer_identity(input).expect("a token");
    output.token.as_str().to_owned()
}

/// Creates the pool `<1>`; the next id is `<2>`.
fn numbered(world: &World) -> cognate::name::IdentityPoolId {
    world.ids.next(1);
    let pool = world.game();
    world.ids.next(2);
    pool
}

fn fixed(algorithm: SigningAlgorithm) -> impl FnOnce(Builder) -> Builder {
    move |builder| builder.signing_key(key(algorithm))
}

const FOREIGN: &str = "Invalid login token. Not a Cognito token.";

#[track_caller]
fn assert_foreign(outcome: Result<Claims>, what: &str) {
    let refused = outcome.expect_err(what);
    assert_eq!(refused.kind(), ErrorKind::NotAuthorized, "{what}");
    assert_eq!(refused.to_string(), FOREIGN, "{what}");
}

#[test]
fn a_developer_login_to_the_byte() {
    let world = World::new();
    let pool = numbered(&world);
    let (header, claims, signature) = parts(&token(&world, call(&pool, "alice")));
    assert_eq!(header, r#"{"kid":"us-east-1-1","typ":"JWS","alg":"EdDSA"}"#);
    let wanted = r#"{"sub":"<2>","aud":"<1>",
        "amr":["authenticated","login.game","login.game:<1>:alice"],
        "iss":"https://cognito-identity.amazonaws.com",
        "https://cognito-identity.amazonaws.com/identity-pool-arn":
        "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/<1>",
        "exp":1700000900,"iat":1700000000}"#;
    assert_eq!(claims, fill(&joined(wanted)));
    assert_eq!(signature.len(), 64);
}

#[test]
fn several_logins_keep_the_order_of_the_request() {
    let world = World::new();
    let pool = numbered(&world);
    for (presented, amr) in [
        (
            [(GAME, "alice"), (FACEBOOK, "user:a")],
            r#"["authenticated","login.game","login.game:<1>:alice",
                "graph.facebook.com","graph.facebook.com:1234567890:a"]"#,
        ),
        (
            [(FACEBOOK, "user:a"), (GAME, "alice")],
            r#"["authenticated","graph.facebook.com","graph.facebook.com:1234567890:a",
                "login.game","login.game:<1>:alice"]"#,
        ),
        (
            [(AMAZON, "user:b"), (GAME, "alice")],
            r#"["authenticated","www.amazon.com","www.amazon.com:b",
                "login.game","login.game:<1>:alice"]"#,
        ),
    ] {
        let amr = fill(&joined(amr));
        let input = Call::new(&pool);
        let input = presented.into_iter().fold(input, |input, (p, t)| input.logins(p, t));
        let (_, claims, _) = parts(&token(&world, input));
        assert!(claims.contains(&format!(r#""amr":{amr},"iss""#)), "{claims}");

        let logins = presented.map(|(provider, token)| format!(r#""{provider}":"{token}""#));
        let body = format!(r#"{{"IdentityPoolId":"{pool}","Logins":{{{}}}}}"#, logins.join(","));
        let reply = world.wire("GetOpenIdTokenForDeveloperIdentity", &body);
        let reply: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
        let (_, claims, _) = parts(reply["Token"].as_str().expect("a token"));
        assert!(claims.contains(&format!(r#""amr":{amr},"iss""#)), "through the wire: {claims}");
    }
    // Only the logins that a call uses are in its token, not all linked ones.
    let (_, claims, _) = parts(&token(&world, call(&pool, "alice")));
    assert!(claims.contains(&fill(r#"["authenticated","login.game","login.game:<1>:alice"]"#)));
}

#[test]
fn principal_tags_are_arrays_of_one() {
    let world = World::new();
    let pool = numbered(&world);
    let input =
        call(&pool, "alice").principal_tags("team", "blue \"1\"").principal_tags("plan", "gold");
    let (_, claims, _) = parts(&token(&world, input));
    let wanted = r#"{"sub":"<2>","aud":"<1>",
        "amr":["authenticated","login.game","login.game:<1>:alice"],
        "https://aws.amazon.com/tags":
        {"principal_tags":{"plan":["gold"],"team":["blue \"1\""]}},
        "iss":"https://cognito-identity.amazonaws.com",
        "https://cognito-identity.amazonaws.com/identity-pool-arn":
        "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/<1>",
        "exp":1700000900,"iat":1700000000}"#;
    assert_eq!(claims, fill(&joined(wanted)));
    let (_, claims, _) = parts(&token(&world, call(&pool, "alice")));
    assert!(!claims.contains("principal_tags"), "they are not stored: {claims}");
}

#[test]
fn a_token_lives_as_long_as_it_was_asked_to() {
    let world = World::new();
    let pool = world.game();
    world.clock.set(1_700_000_000_999);
    for (duration, secs) in [(None, 900), (Some(1), 1), (Some(86_400), 86_400)] {
        let mut input = call(&pool, "alice");
        if let Some(secs) = duration {
            input = input.token_duration(secs);
        }
        let (_, claims, _) = parts(&token(&world, input));
        let dates = format!(r#","exp":{},"iat":1700000000}}"#, 1_700_000_000 + secs);
        assert!(claims.ends_with(&dates), "{duration:?}: {claims}");
    }
}

#[test]
fn the_arn_names_the_partition_of_the_region() {
    let world = World::new();
    for (region, partition) in
        [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
    {
        let there = world.of(ACCOUNT, region);
        let pool = there.game();
        let token = token(&there, call(&pool, "alice"));
        let claims = there.engine.verify_token(&token).expect("ours");
        let arn =
            format!("arn:{partition}:cognito-identity:{region}:123456789012:identitypool/{pool}");
        assert_eq!(claims.identity_pool_arn(), Some(arn.as_str()));
        let (header, _, _) = parts(&token);
        assert_eq!(header, format!(r#"{{"kid":"{region}-1","typ":"JWS","alg":"EdDSA"}}"#));
    }
}

#[test]
fn a_verified_token_says_what_was_signed() {
    let world = World::exclusive(fixed(SigningAlgorithm::EdDsa));
    let pool = numbered(&world);
    let input = call(&pool, "alice:\u{e9}\"").principal_tags("plan", "gold");
    let claims = world.engine.verify_token(&token(&world, input)).expect("ours");
    assert_eq!(claims.identity_id().as_str(), id(2));
    assert_eq!(claims.identity_pool_id(), &pool);
    let amr = ["authenticated", "login.game", &format!("login.game:{pool}:alice:\u{e9}\"")];
    assert_eq!(claims.amr(), amr);
    assert_eq!(claims.principal_tags(), &[(parse("plan"), parse("gold"))].into());
    let arn = format!("arn:aws:cognito-identity:us-east-1:123456789012:identitypool/{pool}");
    assert_eq!(claims.identity_pool_arn(), Some(arn.as_str()));
    assert_eq!((claims.issued_at(), claims.expires_at()), (1_700_000_000, 1_700_000_900));
}

#[test]
fn the_longest_token_is_verified() {
    let world = World::new();
    // Each of these characters takes six bytes of JSON.
    let text = |length| "\u{1}".repeat(length);
    let subject = format!("user:{}", text(1024));
    let input = call(&world.game(), &text(1024))
        .logins(FACEBOOK, subject.as_str())
        .logins(AMAZON, subject.as_str())
        .token_duration(86_400);
    let input = (10..60)
        .fold(input, |input, n| input.principal_tags(format!("{n}{}", text(126)), text(256)));
    let token = token(&world, input);
    let claims = world.engine.verify_token(&token).expect("ours");
    assert_eq!((claims.principal_tags().len(), claims.amr().len()), (50, 7));
}

#[test]
fn after_a_merge_the_token_names_the_survivor() {
    let world = World::new();
    let pool = world.game();
    let older = call(&pool, "bob").logins(FACEBOOK, "user:b");
    world.resolve(older).expect("registered");
    let alice = world.register(&pool, "alice");
    let both = call(&pool, "alice").logins(FACEBOOK, "user:b");
    let output = world.aws.get_open_id_token_for_developer_identity(both).expect("merged");
    assert_eq!(output.identity_id, alice);
    let claims = world.engine.verify_token(output.token.as_str()).expect("ours");
    assert_eq!(claims.identity_id(), &alice);
}
