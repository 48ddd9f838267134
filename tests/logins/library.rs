//! Comparison with an independent library: jsonwebtoken signs and verifies the same tokens as the
//! engine. Both use the machine's clock.

use std::collections::BTreeMap;

use cognate::ambient::{Clock as _, SystemClock};
use cognate::login::OidcVerifier;
use cognate::name::IdentityPoolId;
use cognate::operation::{CreateIdentityPoolInput, GetIdInput, GuestAccess};
use cognate::token::SigningAlgorithm;
use cognate::{Engine, from_fn};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, TokenData, Validation, decode, decode_header,
    encode,
};
use serde_json::{Value, json};

use crate::mint::{GOOGLE, KEYS, RSA_OTHER};
use crate::support::{ACCOUNT, ED25519, GAME, P256, REGION, RSA, World, call, developer, key};

const APP: &str = "42.apps.example";
const ISSUER: &str = "https://accounts.google.com";

const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// The verifiers that accept a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// Both accept.
    Good,
    /// Both refuse.
    Bad,
    /// Only the engine accepts. The contract says so, and the library differs.
    EngineOnly,
    /// Only the library accepts.
    LibraryOnly,
}

impl Said {
    fn of(engine: bool, library: bool) -> Self {
        match (engine, library) {
            (true, true) => Self::Good,
            (false, false) => Self::Bad,
            (true, false) => Self::EngineOnly,
            (false, true) => Self::LibraryOnly,
        }
    }
}

/// The choice of a token's `kid` and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signed {
    /// The issuer's key under its own `kid`.
    Right,
    /// The issuer's key without a `kid`.
    NoKid,
    /// The issuer's key under an unknown `kid`.
    UnknownKid,
    /// The issuer's key under the `kid` of another of its keys.
    OtherKid,
    /// Another issuer's key under the right `kid`.
    Stranger,
    /// Another issuer's key without a `kid`.
    StrangerNoKid,
    /// The issuer's key, with one letter changed after signing.
    Changed,
}

/// Name, change of the claims (`@+60` is a minute from now), signature and outcome. If the two
/// differ, a comment gives the reason.
const ROWS: &[(&str, &str, Signed, Said)] = &[
    ("good", "{}", Signed::Right, Said::Good),
    ("expires in an hour", r#"{"exp":"@+3600"}"#, Signed::Right, Said::Good),
    ("expired a second ago", r#"{"exp":"@-1"}"#, Signed::Right, Said::Bad),
    ("expires exactly now", r#"{"exp":"@+0"}"#, Signed::Right, Said::Bad),
    ("expired at the epoch", r#"{"exp":1}"#, Signed::Right, Said::Bad),
    ("exp a text", r#"{"exp":"9999999999"}"#, Signed::Right, Said::Bad),
    ("no exp", r#"{"exp":null}"#, Signed::Right, Said::Bad),
    ("nbf a minute ago", r#"{"nbf":"@-60"}"#, Signed::Right, Said::Good),
    ("nbf in ten minutes", r#"{"nbf":"@+600"}"#, Signed::Right, Said::Bad),
    // The engine allows 5 minutes of clock skew.
    ("nbf in four minutes", r#"{"nbf":"@+240"}"#, Signed::Right, Said::EngineOnly),
    // The library does not check `iat`.
    ("iat in ten minutes", r#"{"iat":"@+600"}"#, Signed::Right, Said::LibraryOnly),
    ("other aud", r#"{"aud":"other"}"#, Signed::Right, Said::Bad),
    ("no aud", r#"{"aud":null}"#, Signed::Right, Said::Bad),
    ("aud a number", r#"{"aud":42}"#, Signed::Right, Said::Bad),
    ("aud a list with ours", r#"{"aud":["other","42.apps.example"]}"#, Signed::Right, Said::Good),
    ("aud a list of others", r#"{"aud":["other","another"]}"#, Signed::Right, Said::Bad),
    ("aud an empty list", r#"{"aud":[]}"#, Signed::Right, Said::Bad),
    ("azp right", r#"{"azp":"42.apps.example"}"#, Signed::Right, Said::Good),
    ("azp wrong, aud too", r#"{"azp":"other","aud":"other"}"#, Signed::Right, Said::Bad),
    // If there is an `azp`, it counts instead of `aud`. The library does not know it.
    ("azp wrong, aud right", r#"{"azp":"other"}"#, Signed::Right, Said::LibraryOnly),
    (
        "azp right, aud wrong",
        r#"{"azp":"42.apps.example","aud":"other"}"#,
        Signed::Right,
        Said::EngineOnly,
    ),
    ("iss without https", r#"{"iss":"accounts.google.com"}"#, Signed::Right, Said::Good),
    ("other iss", r#"{"iss":"https://evil.example"}"#, Signed::Right, Said::Bad),
    // One final slash is ignored.
    (
        "iss with a slash",
        r#"{"iss":"https://accounts.google.com/"}"#,
        Signed::Right,
        Said::EngineOnly,
    ),
    ("iss with two", r#"{"iss":"https://accounts.google.com//"}"#, Signed::Right, Said::Bad),
    ("iss with http", r#"{"iss":"http://accounts.google.com"}"#, Signed::Right, Said::Bad),
    ("no iss", r#"{"iss":null}"#, Signed::Right, Said::Bad),
    // An issuer is one text, not a list.
    ("iss a list", r#"{"iss":["https://accounts.google.com"]}"#, Signed::Right, Said::LibraryOnly),
    ("no sub", r#"{"sub":null}"#, Signed::Right, Said::Bad),
    ("sub a number", r#"{"sub":7}"#, Signed::Right, Said::Bad),
    // A subject cannot be empty.
    ("sub empty", r#"{"sub":""}"#, Signed::Right, Said::LibraryOnly),
    ("no kid", "{}", Signed::NoKid, Said::Good),
    ("an unknown kid", "{}", Signed::UnknownKid, Said::Bad),
    ("the kid of another key", "{}", Signed::OtherKid, Said::Bad),
    ("a stranger's key", "{}", Signed::Stranger, Said::Bad),
    ("a stranger's key without a kid", "{}", Signed::StrangerNoKid, Said::Bad),
    ("a letter changed", "{}", Signed::Changed, Said::Bad),
];

/// The issuer's keys. The `kid` of each is its kind.
fn jwks() -> Value {
    json!({ "keys": [
        KEYS.rsa.jwk("rsa"), KEYS.p256.jwk("p256"), KEYS.p384.jwk("p384"), KEYS.ed25519.jwk("ed"),
    ]})
}

/// The `kid` of an algorithm's key, and a `kid` that does not fit.
fn kids(algorithm: Algorithm) -> (&'static str, &'static str) {
    if algorithm == Algorithm::ES256 {
        ("p256", "p384")
    } else if algorithm == Algorithm::ES384 {
        ("p384", "p256")
    } else if algorithm == Algorithm::EdDSA {
        ("ed", "rsa")
    } else {
        ("rsa", "ed")
    }
}

fn encoding_key(algorithm: Algorithm, stranger: bool) -> EncodingKey {
    /// A PKCS#8 key of 2048 bits is a PKCS#1 key after this many bytes.
    const PKCS8: usize = 26;
    let either = |own, other| if stranger { other } else { own };
    if algorithm == Algorithm::ES256 {
        EncodingKey::from_ec_der(either(P256, &KEYS.p256_2_der))
    } else if algorithm == Algorithm::ES384 {
        EncodingKey::from_ec_der(either(&KEYS.p384_der, &KEYS.p384_2_der))
    } else if algorithm == Algorithm::EdDSA {
        EncodingKey::from_ed_der(either(ED25519, &KEYS.ed25519_2_der))
    } else {
        EncodingKey::from_rsa_der(&either(RSA, RSA_OTHER)[PKCS8..])
    }
}

fn now() -> u64 {
    SystemClock.now().as_secs()
}

/// A token made by the library.
fn token(algorithm: Algorithm, changes: &str, signed: Signed) -> String {
    let now = now();
    let mut claims = json!({
        "iss": ISSUER, "sub": "alice", "aud": APP, "iat": now - 60, "exp": now + 60,
    });
    let changes: BTreeMap<String, Value> = serde_json::from_str(changes).expect("claims");
    for (name, value) in changes {
        let offset = value.as_str().and_then(|text| text.strip_prefix('@'));
        let offset = offset.map(|offset| offset.parse::<i64>().expect("seconds"));
        claims[&name] = offset.map_or(value, |offset| json!(now.saturating_add_signed(offset)));
    }
    claims.as_object_mut().expect("claims").retain(|_, value| !value.is_null());

    let (own, other) = kids(algorithm);
    let mut header = Header::new(algorithm);
    header.kid = match signed {
        Signed::Right | Signed::Stranger | Signed::Changed => Some(own.to_owned()),
        Signed::NoKid | Signed::StrangerNoKid => None,
        Signed::UnknownKid => Some("elsewhere".to_owned()),
        Signed::OtherKid => Some(other.to_owned()),
    };
    let stranger = matches!(signed, Signed::Stranger | Signed::StrangerNoKid);
    let token = encode(&header, &claims, &encoding_key(algorithm, stranger)).expect("signed");
    if signed == Signed::Changed { changed(&token, token.len() - 40) } else { token }
}

/// The token with another letter at an index.
fn changed(token: &str, at: usize) -> String {
    let other = if &token[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}

/// The algorithms that a key supports.
fn algorithms(key: &Jwk) -> Vec<Algorithm> {
    match &key.algorithm {
        AlgorithmParameters::RSA(_) => ALGORITHMS[..6].to_vec(),
        AlgorithmParameters::EllipticCurve(params) if params.curve == EllipticCurve::P256 => {
            vec![Algorithm::ES256]
        }
        AlgorithmParameters::EllipticCurve(_) => vec![Algorithm::ES384],
        AlgorithmParameters::OctetKeyPair(_) => vec![Algorithm::EdDSA],
        AlgorithmParameters::OctetKey(_) => panic!("a secret is published"),
    }
}

/// The library's verdict on a token, with the key that the token names, or with any.
fn library(
    token: &str,
    keys: &JwkSet,
    issuers: &[&str],
    audience: &str,
) -> Option<TokenData<Value>> {
    let kid = decode_header(token).ok()?.kid;
    let mut fitting = keys.keys.iter().filter(|key| kid.is_none() || key.common.key_id == kid);
    fitting.find_map(|key| {
        let mut validation = Validation::default();
        validation.algorithms = algorithms(key);
        validation.set_issuer(issuers);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
        validation.validate_nbf = true;
        validation.leeway = 0;
        // The library checks `now > exp`, the service `now >= exp`.
        validation.reject_tokens_expiring_in_less_than = 1;
        decode(token, &DecodingKey::from_jwk(key).ok()?, &validation).ok()
    })
}

fn engine() -> (Engine, IdentityPoolId) {
    let verifier = OidcVerifier::new().issuer(GOOGLE, key_sets().0);
    let engine = Engine::builder()
        .login_verifier(verifier)
        .signing_key(key(SigningAlgorithm::EdDsa))
        .in_memory()
        .expect("opens");
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied)
        .supported_login_providers(GOOGLE, APP);
    let aws = developer(&engine, ACCOUNT, REGION);
    let pool = aws.create_identity_pool(input).expect("created");
    (engine, pool.identity_pool_id)
}

/// One key set, read by the engine and by the library.
fn key_sets() -> (cognate::login::JwkSet, JwkSet) {
    let text = jwks().to_string();
    let of_engine = cognate::login::JwkSet::from_json(&text).expect("a key set");
    (of_engine, serde_json::from_str(&text).expect("a key set"))
}

#[test]
fn the_library_and_the_engine_agree() {
    let (_, keys) = key_sets();
    let (engine, pool) = engine();
    let mut identity = None;
    let mut complaints = Vec::new();
    for algorithm in ALGORITHMS {
        for (name, changes, signed, wanted) in ROWS {
            let token = token(algorithm, changes, *signed);
            let input = GetIdInput::new(&pool);
            let input = input.logins(GOOGLE, token.as_str());
            let answer = engine.public().get_id(input);
            let of_library = library(&token, &keys, &[ISSUER, GOOGLE], APP);
            let said = Said::of(answer.is_ok(), of_library.is_some());
            if said != *wanted {
                complaints.push(format!("{algorithm:?}, {name}: {said:?} and not {wanted:?}"));
            }
            if let Ok(output) = answer {
                let known = identity.get_or_insert_with(|| output.identity_id.clone());
                assert_eq!(*known, output.identity_id, "one user");
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// The library needs only the engine's published keys.
#[test]
fn the_library_verifies_what_the_engine_signs() {
    for algorithm in [SigningAlgorithm::Rs512, SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
        let world =
            World::exclusive(|builder| builder.clock(SystemClock).signing_key(key(algorithm)));
        let pool = world.game();
        let input = call(&pool, "alice").principal_tags("plan", "gold");
        let output = world.aws.get_open_id_token_for_developer_identity(input).expect("a token");
        let published = serde_json::to_string(&world.engine.jwks().expect("readable"));
        let keys: JwkSet = serde_json::from_str(&published.expect("JSON")).expect("a key set");

        let issuer = ["https://cognito-identity.amazonaws.com"];
        let ask = |token: &str, pool: &str| {
            // If the key names an algorithm, the token must use it.
            let kid = decode_header(token).ok()?.kid?;
            let named = keys.find(&kid)?.common.key_algorithm?.to_string();
            let said = library(token, &keys, &issuer, pool)?;
            (format!("{:?}", said.header.alg) == named).then_some(said)
        };
        let token = output.token.as_str();
        let said = ask(token, pool.as_str()).expect("verified by the library");
        assert_eq!(said.claims["sub"], json!(output.identity_id));
        assert_eq!(said.claims["aud"], json!(pool));
        let amr = json!(["authenticated", GAME, format!("{GAME}:{pool}:alice")]);
        assert_eq!(said.claims["amr"], amr);
        assert_eq!(
            said.claims["https://aws.amazon.com/tags"]["principal_tags"]["plan"],
            json!(["gold"])
        );
        assert_eq!(said.header.typ.as_deref(), Some("JWS"));
        let (iat, exp) = (said.claims["iat"].as_u64(), said.claims["exp"].as_u64());
        assert_eq!(exp, iat.map(|iat| iat + 900));

        assert!(ask(token, "us-east-1:00000000-0000-4000-8000-000000000099").is_none());
        for at in (0..token.len()).step_by(7).filter(|at| &token[*at..=*at] != ".") {
            let changed = changed(token, at);
            assert!(ask(&changed, pool.as_str()).is_none(), "{algorithm:?} at {at}");
            assert!(world.engine.verify_token(&changed).is_err(), "{algorithm:?} at {at}");
        }

        // Expired by the time of the check, for both.
        let brief = call(&pool, "alice").token_duration(1);
        let earlier = World::exclusive(|builder| {
            let then = SystemClock.now().as_millis() - 1_000;
            let clock = move || cognate::ambient::Timestamp::from_millis(then);
            builder.clock(from_fn(clock)).signing_key(key(algorithm))
        });
        earlier.ids.next(1);
        assert_eq!(earlier.game(), pool);
        let brief = earlier.aws.get_open_id_token_for_developer_identity(brief).expect("a token");
        assert!(ask(brief.token.as_str(), pool.as_str()).is_none());
        let refused = world.engine.verify_token(brief.token.as_str()).expect_err("over");
        assert!(refused.to_string().contains("Token expired"), "{refused}");
    }
}

/// A generated key is published in the same way as an injected one.
#[test]
fn the_library_verifies_what_a_generated_key_signs() {
    for algorithm in [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
        let made =
            || World::exclusive(|builder| builder.clock(SystemClock).signing_algorithm(algorithm));
        let (world, other) = (made(), made());
        let (pool, other_pool) = (world.game(), other.game());
        assert_eq!(pool, other_pool, "the same ids");
        let [ours, theirs] = [&world, &other].map(|world| {
            let output = world.aws.get_open_id_token_for_developer_identity(call(&pool, "alice"));
            output.expect("a token").token.as_str().to_owned()
        });
        let keys = serde_json::to_string(&world.engine.jwks().expect("readable")).expect("JSON");
        let keys: JwkSet = serde_json::from_str(&keys).expect("a key set");
        let issuer = ["https://cognito-identity.amazonaws.com"];
        assert!(library(&ours, &keys, &issuer, pool.as_str()).is_some());
        assert!(library(&theirs, &keys, &issuer, pool.as_str()).is_none());
        assert!(world.engine.verify_token(&theirs).is_err());
    }
}
