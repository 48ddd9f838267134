use serde_json::{Value, json};

use super::*;
use crate::login::mint::{
    GOOGLE, ISSUER, NOW_SECS, SAML_ARN, USER_POOL, claims, present, unsigned,
};

fn trusted(provider: &str, token: &str) -> Result<VerifiedLogin, LoginError> {
    present(&UnverifiedLogins::trust_everyone(), provider, token)
}

#[test]
fn any_signature_is_believed() {
    for provider in [GOOGLE, ISSUER, USER_POOL] {
        for alg in ["none", "HS256", "RS256", "anything"] {
            for signature in ["", "AAAA"] {
                let token = unsigned(&json!({ "alg": alg }), &claims(provider)) + "." + signature;
                let login = trusted(provider, &token).expect("believed");
                assert_eq!(login.login().subject().as_str(), "alice");
            }
        }
    }
}

#[test]
fn everything_else_is_checked() {
    let (now, exp) = (NOW_SECS, NOW_SECS);
    for (name, value, error) in [
        ("sub", json!(1), LoginError::Malformed),
        ("aud", Value::Null, LoginError::MissingClaim("aud")),
        ("iss", json!("https://elsewhere"), LoginError::WrongIssuer),
        ("iat", json!(NOW_SECS + 301), LoginError::NotYetValid),
        ("exp", json!(NOW_SECS), LoginError::Expired { now, exp }),
        ("aud", json!("other"), LoginError::WrongAudience),
    ] {
        let mut claims = claims(USER_POOL);
        claims[name] = value;
        let token = unsigned(&json!({ "alg": "none" }), &claims) + ".";
        assert_eq!(trusted(USER_POOL, &token), Err(error), "{name}");
    }
    let token = unsigned(&json!({ "alg": "none" }), &claims(USER_POOL));
    assert_eq!(trusted(USER_POOL, &token), Err(LoginError::Malformed), "two parts");
    assert_eq!(trusted("elsewhere", &token), Err(LoginError::WrongAudience));
    let critical = unsigned(&json!({ "alg": "none", "crit": ["b64"] }), &claims(USER_POOL)) + ".";
    assert_eq!(trusted(USER_POOL, &critical), Err(LoginError::BadSignature));
    let missing = LoginError::unavailable("no verifier of SAML assertions was provided");
    assert_eq!(trusted(SAML_ARN, "<saml/>"), Err(missing));
}

#[test]
fn an_access_token_stands_for_its_digest() {
    for (provider, app) in [
        ("graph.facebook.com", "7346241598935552"),
        ("www.amazon.com", "amzn1.application.1"),
        ("api.twitter.com", "key"),
        ("www.digits.com", "digits"),
    ] {
        // printf abc | sha256sum
        let subject = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let expected = VerifiedLogin::assertion(&provider.parse().unwrap(), subject).unwrap();
        let expected = expected.client_id(app).claim("iss", provider);
        let expected = expected.claim("aud", app).claim("sub", subject);
        assert_eq!(trusted(provider, "abc"), Ok(expected));
    }
    let (a, b) = ["a", "b"].map(|token| trusted("www.amazon.com", token).unwrap()).into();
    assert_ne!(a.login(), b.login());
}
