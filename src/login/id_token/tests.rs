use serde_json::json;

use super::*;
use crate::login::UnverifiedLogins;
use crate::login::mint::{
    GOOGLE_APP, ISSUER, NOW_SECS, Signer, USER_POOL, claims, encode, present, refused, verifier,
    with, without,
};

#[test]
fn a_token_has_three_parts_and_two_are_objects() {
    let good = Signer::ed25519().token(&claims(GOOGLE));
    let header = encode(r#"{"alg":"EdDSA"}"#);
    let body = encode(claims(GOOGLE).to_string());
    let twice = claims(GOOGLE).to_string().replace(r#""sub""#, r#""sub":"bob","sub""#);
    for token in [
        "x".to_owned(),
        "..".to_owned(),
        "größe.größe.größe".to_owned(),
        format!("{header}.{body}"),
        format!("{good}."),
        format!(".{good}"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{good}="),
        format!("{header}=.{body}.AAAA"),
        // The last bits of the signature are not zero.
        format!("{header}.{body}.AB"),
        format!("{header}.{body}.A+/A"),
        format!("{}.{body}.AAAA", encode("[]")),
        format!("{}.{body}.AAAA", encode("{}")),
        format!("{}.{body}.AAAA", encode(r#"{"alg":null}"#)),
        format!("{}.{body}.AAAA", encode(r#"{"alg":1}"#)),
        format!("{}.{body}.AAAA", encode(r#"{"alg":"EdDSA","kid":1}"#)),
        format!("{}.{body}.AAAA", encode(r#"{"alg":"EdDSA","alg":"EdDSA"}"#)),
        format!("{}.{body}.AAAA", encode(r#"{"alg":"EdDSA","\u0061lg":"EdDSA"}"#)),
        format!("{}.{body}.AAAA", encode(r#"{"alg":"EdDSA"} x"#)),
        format!("{header}.{}.AAAA", encode(twice)),
        format!("{header}.{}.AAAA", encode("[".repeat(20_000))),
        format!("{header}.{}.AAAA", encode("null")),
        format!("{header}.{}.AAAA", encode(b"{\"sub\":\"\xff\"}")),
        format!("{header}..AAAA"),
        "A".repeat(50_000),
    ] {
        assert_eq!(present(&verifier(), GOOGLE, &token), Err(LoginError::Malformed), "{token}");
    }
}

#[test]
fn claims_have_a_shape() {
    let longest = "é".repeat(1024);
    for (name, value, fits) in [
        ("iss", json!(["https://accounts.google.com"]), false),
        ("sub", json!(1), false),
        ("sub", json!(""), false),
        ("sub", json!(longest), true),
        ("sub", json!(longest + "é"), false),
        ("aud", json!(1), false),
        ("aud", json!([1]), false),
        ("aud", json!([GOOGLE_APP, null]), false),
        ("aud", json!({}), false),
        ("azp", json!([GOOGLE_APP]), false),
        ("azp", json!(null), true),
        ("exp", json!("1700000001"), false),
        ("exp", json!(true), false),
        ("exp", json!(1e300), true),
        ("exp", json!(u64::MAX), true),
        ("nbf", json!("0"), false),
        ("nbf", json!(null), true),
        ("nbf", json!(-1), true),
        ("iat", json!([]), false),
        ("iat", json!(1e-300), true),
    ] {
        let error = refused(GOOGLE, &with(GOOGLE, name, value.clone()));
        assert_eq!(error, (!fits).then_some(LoginError::Malformed), "{name} {value}");
    }
    for name in ["iat", "azp", "nbf"] {
        assert_eq!(refused(GOOGLE, &without(GOOGLE, name)), None, "{name}");
    }
    for name in ["iss", "sub", "aud", "exp"] {
        let error = LoginError::MissingClaim(name);
        assert_eq!(refused(GOOGLE, &without(GOOGLE, name)), Some(error));
    }
}

#[test]
fn the_issuer_is_the_provider_with_https() {
    for (provider, issuer, right) in [
        (GOOGLE, "https://accounts.google.com", true),
        (GOOGLE, "accounts.google.com", true),
        (GOOGLE, "http://accounts.google.com", false),
        (GOOGLE, "HTTPS://accounts.google.com", false),
        (GOOGLE, "https://https://accounts.google.com", false),
        (GOOGLE, "https://accounts.google.com/", true),
        (GOOGLE, "accounts.google.com/", true),
        (GOOGLE, "https://accounts.google.com//", false),
        (GOOGLE, "https://accounts.google.com.example", false),
        (GOOGLE, "", false),
        (ISSUER, "https://login.example.com/realm", true),
        (ISSUER, "login.example.com/realm", false),
        (ISSUER, "http://login.example.com/realm", false),
        (ISSUER, "https://login.example.com/Realm", false),
        (ISSUER, "https://login.example.com/realm/", true),
        (ISSUER, "https://login.example.com/realm//", false),
        (ISSUER, "https://login.example.com:443/realm", false),
        (ISSUER, "https://login.example.com", false),
        (USER_POOL, "cognito-idp.us-east-1.amazonaws.com/us-east-1_abc", false),
        (USER_POOL, "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other", false),
    ] {
        let error = refused(provider, &with(provider, "iss", json!(issuer)));
        assert_eq!(error, (!right).then_some(LoginError::WrongIssuer), "{provider} of {issuer}");
    }
}

#[test]
fn time_is_compared_in_whole_seconds() {
    let expired = |exp| Some(LoginError::Expired { now: NOW_SECS, exp });
    let early = || Some(LoginError::NotYetValid);
    let now = NOW_SECS;
    for (name, value, error) in [
        ("exp", json!(now + 1), None),
        ("exp", json!(now), expired(now)),
        ("exp", json!(1_700_000_000.75), expired(now)),
        ("exp", json!(1_700_000_001.25), None),
        ("exp", json!(0), expired(0)),
        ("exp", json!(-1), expired(0)),
        ("exp", json!(-1.5e300), expired(0)),
        ("iat", json!(now + 300), None),
        ("iat", json!(now + 301), early()),
        ("nbf", json!(now + 300), None),
        ("nbf", json!(now + 301), early()),
        ("nbf", json!(u64::MAX), early()),
    ] {
        for provider in [GOOGLE, ISSUER, USER_POOL] {
            let claims = with(provider, name, value.clone());
            assert_eq!(refused(provider, &claims), error, "{name} {value}");
        }
    }
}

/// A token begins at the later of `nbf` and `iat`.
#[test]
fn neither_beginning_hides_the_other() {
    let (now, early) = (NOW_SECS, NOW_SECS + 301);
    for (nbf, iat, is_early) in [
        (json!(now), json!(now), false),
        (json!(now), json!(early), true),
        (json!(early), json!(now), true),
        (json!(0), json!(early), true),
        (json!(early), json!(0), true),
        (json!(now + 300), json!(now + 300), false),
        (json!(null), json!(early), true),
        (json!(early), json!(null), true),
    ] {
        for provider in [GOOGLE, ISSUER, USER_POOL] {
            let mut claims = with(provider, "nbf", nbf.clone());
            claims["iat"] = iat.clone();
            let expected = is_early.then_some(LoginError::NotYetValid);
            assert_eq!(refused(provider, &claims), expected, "nbf {nbf}, iat {iat}");
            let token = Signer::ed25519().token(&claims);
            let unverified = present(&UnverifiedLogins::trust_everyone(), provider, &token);
            assert_eq!(unverified.err(), expected, "nbf {nbf}, iat {iat}, unverified");
        }
    }
}

/// Values of `typ` that providers write in identity tokens, and values of other tokens. They are
/// media types and so case-insensitive (RFC 7515, section 4.1.9).
#[test]
fn a_token_of_another_type_is_no_identity_token() {
    let signer = Signer::ed25519();
    for (typ, is_id_token) in [
        (json!(null), true),
        (json!("JWT"), true),
        (json!("jwt"), true),
        (json!("JWS"), true),
        (json!("JOSE"), true),
        (json!("application/jwt"), true),
        (json!("id_token+jwt"), true),
        (json!(""), true),
        (json!("at+jwt"), false),
        (json!("AT+JWT"), false),
        (json!("application/at+jwt"), false),
        (json!("Application/At+Jwt"), false),
        (json!("at+jwt; v=1"), false),
        (json!("dpop+jwt"), false),
        (json!("application/dpop+jwt"), false),
        (json!("logout+jwt"), false),
        (json!("application/logout+jwt"), false),
        (json!("secevent+jwt"), false),
        (json!("application/secevent+jwt"), false),
        (json!("oauth-authz-req+jwt"), false),
        (json!("token-introspection+jwt"), false),
        (json!(1), false),
        (json!(["JWT"]), false),
    ] {
        for provider in [GOOGLE, ISSUER, USER_POOL] {
            let header = json!({ "alg": signer.alg, "typ": typ });
            let token = signer.sign(&header, &claims(provider));
            let expected = (!is_id_token).then_some(LoginError::Malformed);
            assert_eq!(present(&verifier(), provider, &token).err(), expected, "{typ}");
            let trusted = UnverifiedLogins::trust_everyone();
            assert_eq!(present(&trusted, provider, &token).err(), expected, "{typ}, unverified");
        }
    }
    // The type is refused before missing claims and before the signature.
    let proof = json!({ "htm": "POST", "htu": "https://login.example.com/token" });
    let token = signer.sign(&json!({ "alg": signer.alg, "typ": "dpop+jwt", "crit": [] }), &proof);
    assert_eq!(present(&verifier(), GOOGLE, &token), Err(LoginError::Malformed));
}

/// A logout token of a provider that writes no special `typ`. Its event marks it (OpenID Connect
/// Back-Channel Logout, section 2.4).
#[test]
fn a_token_about_events_is_no_identity_token() {
    const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";
    for (events, is_id_token) in [
        (json!({ LOGOUT: {} }), false),
        (json!({ "urn:example:event": null }), false),
        (
            json!({ "https://schemas.openid.net/secevent/risc/event-type/account-disabled": {} }),
            false,
        ),
        (json!({ "spring": true, LOGOUT: {} }), false),
        // A claim of the same name to which an application has given another meaning.
        (json!({ "spring": true, "autumn": false }), true),
        (json!({}), true),
        (json!(["https://tickets.example/1"]), true),
        (json!("https://tickets.example/1"), true),
        (json!(null), true),
    ] {
        for provider in [GOOGLE, ISSUER, USER_POOL] {
            let error = refused(provider, &with(provider, "events", events.clone()));
            assert_eq!(error, (!is_id_token).then_some(LoginError::Malformed), "{events}");
        }
    }
}

/// An access token of a user pool has no `aud` unless it was requested for a resource.
#[test]
fn an_access_token_is_no_identity_token() {
    for (token_use, error) in [("access", Some(LoginError::Malformed)), ("id", None)] {
        let claims = with(USER_POOL, "token_use", json!(token_use));
        assert_eq!(refused(USER_POOL, &claims), error, "{token_use}");
    }
}
