//! No message repeats a token that was presented as a login.

use crate::support::{World, call};

/// The text that must not appear again.
const SECRET: &str = "eyJhbGciOiJSUzUxMiJ9";

/// Requests with the secret among their logins. All are refused.
#[rustfmt::skip]
const REFUSED: &[(&str, &str)] = &[
    ("ValidationException",       r#"{"IdentityPoolId": "", "Logins": {"graph.facebook.com": "SECRET"}}"#),
    ("ValidationException",       r#"{"IdentityPoolId": "POOL", "Logins": {"": "SECRET"}}"#),
    ("ValidationException",       r#"{"IdentityPoolId": "POOL", "Logins": {"a": "SECRET", "b": ""}}"#),
    ("ValidationException",       r#"{"IdentityPoolId": "POOL", "Logins": {"a": "SECRET", "b": null}}"#),
    ("ValidationException",       r#"{"IdentityPoolId": "POOL", "Logins": {"0": "SECRET", "1": "a", "2": "a", "3": "a", "4": "a", "5": "a", "6": "a", "7": "a", "8": "a", "9": "a", "10": "a"}}"#),
    ("SerializationException",    r#"{"IdentityPoolId": "POOL", "Logins": "SECRET"}"#),
    ("SerializationException",    r#"{"IdentityPoolId": "POOL", "Logins": ["SECRET"]}"#),
    ("SerializationException",    r#"{"IdentityPoolId": "POOL", "Logins": {"a": ["SECRET"]}}"#),
    ("SerializationException",    r#"{"IdentityPoolId": "POOL", "Logins": {"a": "SECRET"}"#),
    ("SerializationException",    r#"{"IdentityPoolId": "POOL", "Logins": {"a": SECRET}}"#),
    ("ResourceNotFoundException", r#"{"IdentityPoolId": "us-east-1:0", "Logins": {"graph.facebook.com": "SECRET"}}"#),
    ("ResourceNotFoundException", r#"{"IdentityPoolId": "POOL", "IdentityId": "us-east-1:0", "Logins": {"login.game": "SECRET"}}"#),
    ("InvalidParameterException", r#"{"IdentityPoolId": "POOL", "Logins": {"graph.facebook.com": "SECRET"}}"#),
    ("InvalidParameterException", r#"{"IdentityPoolId": "POOL", "Logins": {"login.other": "SECRET"}}"#),
    ("NotAuthorizedException",    r#"{"IdentityPoolId": "POOL", "Logins": {"accounts.google.com": "SECRET"}}"#),
    ("NotAuthorizedException",    r#"{"IdentityPoolId": "POOL", "Logins": {"cognito-identity.amazonaws.com": "SECRET"}}"#),
    ("NotAuthorizedException",    r#"{"IdentityPoolId": "POOL", "Logins": {"login.game": "alice", "graph.facebook.com": "SECRET"}}"#),
];

#[test]
fn no_refusal_repeats_a_login_token() {
    let world = World::new();
    let pool = world.game();
    for (name, body) in REFUSED {
        let body = body.replace("POOL", pool.as_str()).replace("SECRET", SECRET);
        let reply = world.wire("GetOpenIdTokenForDeveloperIdentity", &body);
        let fault = reply.fault.expect("refused");
        assert_eq!(fault.name(), *name, "{body}");
        let told = [String::from_utf8(reply.body).expect("text"), format!("{fault:?}")].concat();
        assert!(!told.contains(&SECRET[..4]), "{body}: {told}");
    }
}

#[test]
fn an_input_does_not_show_its_tokens() {
    let world = World::new();
    let pool = world.game();
    let input = call(&pool, SECRET).logins("graph.facebook.com", SECRET);
    let refused = world.resolve(input.clone()).expect_err("no token of the provider's");
    let shown = format!("{input:?} {refused:?} {refused}");
    assert!(shown.contains("graph.facebook.com"), "{shown}");
    assert!(!shown.contains(&SECRET[..4]), "{shown}");

    let twelve = (0..12).fold(call(&pool, "alice"), |input, n| {
        input.logins(format!("provider-{n}").as_str(), SECRET)
    });
    let refused = twelve.check().expect_err("more than ten logins");
    let shown = format!("{refused:?} {refused}");
    assert!(shown.contains("provider-8=***Sensitive Data Redacted***"), "{shown}");
    assert!(!shown.contains(&SECRET[..4]), "{shown}");
}
