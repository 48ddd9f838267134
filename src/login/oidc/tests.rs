use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::login::UnverifiedLogins;
use crate::login::mint::{
    GOOGLE, GOOGLE_APP, ISSUER, ISSUER_ARN, NOW_SECS, SAML_ARN, Signer, USER_POOL, claims, encode,
    present, refused, unsigned, verifier, verify, with,
};
use crate::part::from_fn;
use crate::state::ClaimValue;

mod issuers;

const OTHER_POOL: &str = "cognito-idp.us-east-1.amazonaws.com/us-east-1_other";

/// A call of a user with a token of the second client, and the changes that make it fail.
struct Call {
    verifier: OidcVerifier,
    provider: &'static str,
    header: Value,
    claims: Value,
    forged: bool,
}

impl Call {
    fn answer(self) -> Result<VerifiedLogin, LoginError> {
        let mut token = Signer::ed25519().sign(&self.header, &self.claims);
        if self.forged {
            token = token.rsplit_once('.').expect("a signature").0.to_owned() + "." + &encode("no");
        }
        present(&self.verifier, self.provider, &token)
    }
}

/// The name of a failure, the error, and the change that causes it.
type Wrong = (&'static str, LoginError, fn(&mut Call));

/// Contract section 5.2, point 7: failures in the order of the checks, with their errors.
#[test]
fn of_two_failures_the_earlier_is_reported() {
    let (now, exp) = (NOW_SECS, NOW_SECS);
    let wrongs: [Wrong; 14] = [
        ("provider", LoginError::WrongAudience, |call| call.provider = OTHER_POOL),
        ("header", LoginError::Malformed, |call| call.header = json!([])),
        ("shape", LoginError::Malformed, |call| call.claims["nbf"] = json!("soon")),
        ("crit", LoginError::BadSignature, |call| call.header["crit"] = json!([])),
        ("no iss", LoginError::MissingClaim("iss"), |call| call.claims["iss"] = Value::Null),
        ("no sub", LoginError::MissingClaim("sub"), |call| call.claims["sub"] = Value::Null),
        ("no aud", LoginError::MissingClaim("aud"), |call| call.claims["aud"] = Value::Null),
        ("no exp", LoginError::MissingClaim("exp"), |call| call.claims["exp"] = Value::Null),
        ("iss", LoginError::WrongIssuer, |call| call.claims["iss"] = json!("https://other")),
        ("keys", unavailable("no keys of {} are known", USER_POOL), |call| {
            call.verifier.issuers = Issuers::default();
        }),
        ("signature", LoginError::BadSignature, |call| call.forged = true),
        ("iat", LoginError::NotYetValid, |call| call.claims["iat"] = json!(NOW_SECS + 301)),
        ("exp", LoginError::Expired { now, exp }, |call| call.claims["exp"] = json!(NOW_SECS)),
        ("aud", LoginError::WrongAudience, |call| call.claims["aud"] = json!("third")),
    ];
    let call = || Call {
        verifier: verifier().server_side_token_check(from_fn(|_: &_, _: &_| Ok(false))),
        provider: USER_POOL,
        header: json!({ "alg": "EdDSA" }),
        claims: with(USER_POOL, "aud", json!("second")),
        forged: false,
    };
    assert_eq!(call().answer(), Err(LoginError::Inactive), "and nothing else is wrong");
    for (place, (earlier, error, spoil)) in wrongs.iter().enumerate() {
        for (later, _, spoil_too) in &wrongs[place..] {
            // Both change the same part.
            if (*earlier, *later) == ("header", "crit") {
                continue;
            }
            let mut call = call();
            spoil_too(&mut call);
            spoil(&mut call);
            assert_eq!(call.answer(), Err(error.clone()), "{earlier} before {later}");
        }
    }
}

#[test]
fn only_a_provider_by_its_arn_has_a_grace_period() {
    let expired = |exp| Some(LoginError::Expired { now: NOW_SECS, exp });
    let verifier = verifier().grace_period(Duration::from_millis(300_900));
    for (provider, exp, error) in [
        (ISSUER, NOW_SECS - 299, None),
        (ISSUER, NOW_SECS - 300, expired(NOW_SECS - 300)),
        (GOOGLE, NOW_SECS, expired(NOW_SECS)),
        (USER_POOL, NOW_SECS, expired(NOW_SECS)),
    ] {
        let token = Signer::ed25519().token(&with(provider, "exp", json!(exp)));
        assert_eq!(present(&verifier, provider, &token).err(), error, "{provider} {exp}");
    }
}

#[test]
fn the_audience_is_an_application_of_the_pool() {
    let accepted = |provider, aud: Value, azp: Value| {
        let mut claims = with(provider, "aud", aud);
        claims["azp"] = azp;
        match verify(provider, &claims) {
            Ok(login) => login.client().map(str::to_owned),
            Err(error) => {
                let of_iam = provider == ISSUER;
                let unregistered = LoginError::UnregisteredAudience;
                let expected = if of_iam { unregistered } else { LoginError::WrongAudience };
                assert_eq!(error, expected, "{claims}");
                None
            }
        }
    };
    for (provider, aud, azp, client) in [
        (GOOGLE, json!(GOOGLE_APP), json!(null), Some(GOOGLE_APP)),
        (GOOGLE, json!(["other", GOOGLE_APP]), json!(null), Some(GOOGLE_APP)),
        (GOOGLE, json!("other"), json!(GOOGLE_APP), Some(GOOGLE_APP)),
        (GOOGLE, json!(GOOGLE_APP), json!("other"), None),
        (GOOGLE, json!(GOOGLE_APP), json!(""), None),
        (GOOGLE, json!("other"), json!(null), None),
        (GOOGLE, json!([]), json!(null), None),
        (GOOGLE, json!("first"), json!(null), None),
        (USER_POOL, json!("first"), json!(null), Some("first")),
        (USER_POOL, json!("second"), json!(null), Some("second")),
        (USER_POOL, json!(["x", "second", "first"]), json!(null), Some("second")),
        (USER_POOL, json!("First"), json!(null), None),
        (USER_POOL, json!(GOOGLE_APP), json!(null), None),
        (ISSUER, json!("whatever"), json!(null), Some("whatever")),
        (ISSUER, json!(["a", "b"]), json!("c"), Some("c")),
        (ISSUER, json!([]), json!(null), None),
    ] {
        let answer = accepted(provider, aud.clone(), azp.clone());
        assert_eq!(answer.as_deref(), client, "{provider} for {aud}, {azp}");
    }
}

#[test]
fn registered_applications_count_for_a_provider_by_its_arn_only() {
    let keys = Signer::ed25519().keys();
    let game = || Issuer::new(keys.clone()).client_id("game").client_id("shop");
    let by_value = OidcVerifier::new().issuer(ISSUER, game()).issuer(GOOGLE, game());
    let shared = Arc::new(keys.clone());
    let asked = OidcVerifier::new()
        .issuer(format!("https://{ISSUER}"), Issuer::without_keys().client_id("game"))
        .issuer_keys(from_fn(move |_: &str, _: Option<&str>| Ok(Arc::clone(&shared))));
    for (verifier, provider, aud, error) in [
        (&by_value, ISSUER, "game", None),
        (&by_value, ISSUER, "shop", None),
        (&by_value, ISSUER, "other", Some(LoginError::UnregisteredAudience)),
        (&by_value, GOOGLE, GOOGLE_APP, None),
        (&by_value, GOOGLE, "game", Some(LoginError::WrongAudience)),
        (&asked, ISSUER, "game", None),
        (&asked, ISSUER, "other", Some(LoginError::UnregisteredAudience)),
    ] {
        let token = Signer::ed25519().token(&with(provider, "aud", json!(aud)));
        assert_eq!(present(verifier, provider, &token).err(), error, "{provider} for {aud}");
    }
}

/// A failure of the verifier, whose cause is `text` with `name` in the place of `{}`.
fn unavailable(text: &str, name: &str) -> LoginError {
    LoginError::unavailable(text.replace("{}", name))
}

#[test]
fn keys_come_from_the_callback_if_none_are_given() {
    let token = |provider, kid: Value| {
        Signer::ed25519().sign(&json!({ "alg": "EdDSA", "kid": kid }), &claims(provider))
    };
    let none = OidcVerifier::new();
    let unknown = unavailable("no keys of {} are known", GOOGLE);
    assert_eq!(present(&none, GOOGLE, &token(GOOGLE, json!(null))), Err(unknown));

    let keys = Arc::new(Signer::ed25519().keys());
    let verifier = OidcVerifier::new()
        .issuer("https://accounts.google.com", (*keys).clone())
        .issuer_keys(from_fn(move |issuer: &str, kid: Option<&str>| match (issuer, kid) {
            (ISSUER, None) => Ok(Arc::clone(&keys)),
            (ISSUER, Some("2")) => Err(LoginError::Malformed),
            _ => Err(LoginError::unavailable(format!("{issuer} is gone"))),
        }));
    for (provider, kid, error) in [
        (GOOGLE, json!(null), None),
        (ISSUER, json!(null), None),
        (ISSUER, json!("1"), Some(unavailable("{} is gone", ISSUER))),
        (ISSUER, json!("2"), Some(LoginError::Malformed)),
        (USER_POOL, json!(null), Some(unavailable("{} is gone", USER_POOL))),
    ] {
        assert_eq!(present(&verifier, provider, &token(provider, kid)).err(), error, "{provider}");
    }
}

/// Refuses with an error that nothing else returns.
struct Refuses;

impl LoginVerifier for Refuses {
    fn verify(
        &self,
        _: &IdentityPool,
        _: &ProviderName,
        _: &LoginToken,
        _: Timestamp,
    ) -> Result<VerifiedLogin, LoginError> {
        Err(LoginError::Inactive)
    }
}

#[test]
fn other_tokens_are_for_others() {
    for provider in ["graph.facebook.com", "www.amazon.com", "api.twitter.com", "www.digits.com"] {
        let asked = verifier().access_tokens(Refuses);
        assert_eq!(present(&asked, provider, "opaque"), Err(LoginError::Inactive), "{provider}");
        let not_asked = verifier().saml(Refuses);
        let missing = unavailable("no verifier of {} was provided", "access tokens");
        assert_eq!(present(&not_asked, provider, "opaque"), Err(missing));
    }
    let (saml, others) = (verifier().saml(Refuses), verifier().access_tokens(Refuses));
    assert_eq!(present(&saml, SAML_ARN, "<saml/>"), Err(LoginError::Inactive));
    let missing = unavailable("no verifier of {} was provided", "SAML assertions");
    assert_eq!(present(&others, SAML_ARN, "<saml/>"), Err(missing));
    let token = Signer::ed25519().token(&claims(GOOGLE));
    assert!(present(&saml.access_tokens(Refuses), GOOGLE, &token).is_ok());
}

#[test]
fn a_server_side_token_check_is_made_if_the_entry_requires_it() {
    for (aud, answer, error) in [
        ("second", Ok(true), None),
        ("second", Ok(false), Some(LoginError::Inactive)),
        ("second", Err(unavailable("{}", "timeout")), Some(unavailable("{}", "timeout"))),
        ("first", Ok(false), None),
    ] {
        let told = answer.clone();
        let check = move |provider: &ProviderName, token: &LoginToken| {
            assert_eq!(provider.as_str(), USER_POOL);
            assert!(token.as_str().contains('.'));
            told.clone()
        };
        let verifier = verifier().server_side_token_check(from_fn(check));
        let token = Signer::ed25519().token(&with(USER_POOL, "aud", json!(aud)));
        assert_eq!(present(&verifier, USER_POOL, &token).err(), error, "{aud} {answer:?}");
    }
    assert_eq!(refused(USER_POOL, &with(USER_POOL, "aud", json!("second"))), None, "no hook");
}

#[test]
fn a_login_has_its_amr_entry_and_every_claim() {
    for (provider, entry) in [
        (GOOGLE, format!("{GOOGLE}:alice")),
        (ISSUER, format!("{ISSUER_ARN}:OIDC:alice")),
        (USER_POOL, format!("{USER_POOL}:CognitoSignIn:alice")),
    ] {
        let login = verify(provider, &claims(provider)).expect("accepted");
        assert_eq!(login.amr(&crate::login::mint::pool()), entry);
        assert_eq!(login.login().provider().as_str(), provider);
        assert_eq!(login.login().subject().as_str(), "alice");
    }

    let one = |value: &str| Some(ClaimValue::from(value));
    let many = |values: &[&str]| {
        Some(ClaimValue::from(values.iter().map(ToString::to_string).collect::<Vec<_>>()))
    };
    for (value, expected) in [
        (json!("text"), one("text")),
        (json!(""), one("")),
        (json!(7), one("7")),
        (json!(1.5), one("1.5")),
        (json!(false), one("false")),
        (json!({ "a": [1, "b"] }), one(r#"{"a":[1,"b"]}"#)),
        (
            json!(["a", 1, true, null, ["b"], {}]),
            many(&["a", "1", "true", "null", r#"["b"]"#, "{}"]),
        ),
        (json!([]), many(&[])),
        (json!(null), None),
    ] {
        let login = verify(GOOGLE, &with(GOOGLE, "custom:x", value)).expect("accepted");
        assert_eq!(login.claims().get("custom:x"), expected.as_ref());
        assert_eq!(login.claims().get("sub"), one("alice").as_ref());
        assert_eq!(login.claims().get("exp"), one(&(NOW_SECS + 1).to_string()).as_ref());
    }
}

#[test]
fn nothing_secret_is_shown() {
    let verifier = verifier().issuer(ISSUER, Issuer::new(Signer::ed25519().keys()).client_id("a"));
    let shown = format!("{verifier:?}");
    let key = Signer::ed25519().jwk();
    assert!(shown.contains(ISSUER) && !shown.contains(key["x"].as_str().expect("a key")));
}

/// Text that passes the first few checks of a token.
fn nearly_a_token() -> impl Strategy<Value = String> {
    let json = prop_oneof![
        any::<String>(),
        r#"\{("(alg|kid|crit|iss|sub|aud|exp|azp)":("none"|null|1e9|-1|\[\]|\{\}|"x"),?){0,6}\}"#,
    ];
    let part = prop_oneof![
        4 => json.prop_map(encode),
        1 => Just(claims(GOOGLE).to_string()).prop_map(encode),
        1 => "[A-Za-z0-9_.=-]{0,40}",
    ];
    prop_oneof![
        1 => "\\PC{1,80}",
        4 => prop::collection::vec(part, 1..4).prop_map(|parts| parts.join(".")),
    ]
    .prop_filter("a token is not empty", |token| !token.is_empty())
}

proptest! {
    #[test]
    fn nothing_that_was_not_signed_is_accepted(token in nearly_a_token()) {
        for provider in [GOOGLE, ISSUER, USER_POOL, SAML_ARN, "www.amazon.com", "elsewhere"] {
            prop_assert!(present(&verifier(), provider, &token).is_err());
            let _ = present(&UnverifiedLogins::trust_everyone(), provider, &token);
        }
    }

    #[test]
    fn no_changed_token_is_accepted(place in 0_usize..200, byte in "[A-Za-z0-9_.-]") {
        let token = Signer::ed25519().token(&claims(GOOGLE));
        let place = place % token.len();
        let mut changed = token.clone();
        changed.replace_range(place..=place, &byte);
        prop_assert_eq!(present(&verifier(), GOOGLE, &changed).is_ok(), changed == token);
    }

    #[test]
    fn a_forged_token_still_needs_its_audience(aud in "[a-z]{0,3}") {
        let mut claims = claims(USER_POOL);
        claims["aud"] = json!(aud);
        let token = unsigned(&json!({ "alg": "none" }), &claims) + ".";
        let answer = present(&UnverifiedLogins::trust_everyone(), USER_POOL, &token);
        prop_assert_eq!(answer.err(), Some(LoginError::WrongAudience));
    }
}
