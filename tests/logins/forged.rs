//! Every operation that takes a login refuses forged and malformed tokens.

use std::collections::HashSet;

use cognate::operation::GetIdInput;
use serde_json::json;

use crate::attacks::{self, Attack, COGNITO, FOREIGN, ISSUER, MISMATCH};
use crate::mint::{EXAMPLE, GOOGLE, KEYS, NOW, USER_POOL, key_set, makers, verifier};
use crate::site::{Answer, Call, Door, Operation, Site, open_pool};
use crate::support::{GAME, World, call, refused};

const NOT_AUTHORIZED: &str = "NotAuthorizedException";

/// A description of a wrong answer, or `None` if the answer is right.
fn complaint(answer: Answer, wanted: (&str, &str), token: &str) -> Option<String> {
    let Err(refused) = answer else { return Some("accepted".to_owned()) };
    if (refused.kind.as_str(), refused.message.as_str()) != wanted {
        return Some(format!("{}: {}", refused.kind, refused.message));
    }
    // Short parts occur in any text.
    let mut parts = token.split('.').chain([token]).filter(|part| part.len() >= 12);
    parts.any(|part| refused.shown.contains(part)).then(|| format!("shown: {}", refused.shown))
}

/// Tries every attack on a maker's tokens in every operation through both doors.
fn assert_refused_everywhere(at: usize) {
    let maker = makers()[at];
    let site = Site::new();
    let before = site.world.dump();
    let mut complaints = Vec::new();
    let calls = site.calls_and_doors();
    for Attack { name, token, message } in attacks::on(at) {
        for (call, door) in &calls {
            let answer = site.call(*door, call, &[(maker.provider, token)]);
            if let Some(text) = complaint(answer, (NOT_AUTHORIZED, message), token) {
                complaints.push(format!("{name}, {call:?}, {door:?}: {text}"));
            }
            assert!(site.world.dump() == before, "{name}, {call:?}, {door:?}: changed");
        }
    }
    assert!(complaints.is_empty(), "{}:\n{}", complaints.len(), complaints.join("\n"));
    site.world.check();
    // The engine still works, and still accepts the genuine token.
    let genuine = maker.genuine().text();
    let call = Call(Operation::GetId, None);
    let answer = site.call(Door::Wire, &call, &[(maker.provider, &genuine)]);
    assert_eq!(answer.expect("genuine")["IdentityId"], json!(site.alice));
}

#[test]
fn rsa_tokens_of_a_user_pool() {
    assert_refused_everywhere(0);
}

#[test]
fn p_256_tokens_of_google() {
    assert_refused_everywhere(1);
}

#[test]
fn p_384_tokens_of_a_provider_by_its_arn() {
    assert_refused_everywhere(2);
}

#[test]
fn ed25519_tokens_of_a_provider_by_its_arn() {
    assert_refused_everywhere(3);
}

#[test]
fn there_are_enough_attacks_and_all_differ() {
    let mut tokens = HashSet::new();
    for (at, maker) in makers().into_iter().enumerate() {
        let attacks = attacks::on(at);
        assert!(attacks.len() >= 150, "{} of {}", attacks.len(), maker.alg);
        let names: HashSet<_> = attacks.iter().map(|attack| &attack.name).collect();
        assert_eq!(names.len(), attacks.len(), "a name twice");
        let genuine = maker.genuine().text();
        let mut own = HashSet::new();
        for Attack { name, token, .. } in attacks {
            assert_ne!(*token, genuine, "{name}");
            assert!(own.insert(token), "{name} of {} is there twice", maker.alg);
            tokens.insert(token);
        }
    }
    assert!(tokens.len() >= 1000, "{}", tokens.len());
}

/// The control for the tests above: without the attack the tokens are accepted.
#[test]
fn genuine_tokens_are_accepted_by_every_operation() {
    for maker in makers() {
        let genuine = maker.genuine().text();
        for at in 0..Site::new().calls().len() {
            for door in Door::BOTH {
                let site = Site::new();
                let call = &site.calls()[at];
                let answer = site.call(door, call, &[(maker.provider, &genuine)]);
                let answer = answer.unwrap_or_else(|refused| panic!("{call:?}: {refused:?}"));
                if call.0 != Operation::UnlinkIdentity {
                    assert_eq!(answer["IdentityId"], json!(site.alice), "{call:?}");
                }
                site.world.check();
            }
        }
    }
}

/// Unusual but valid tokens, so that refusing everything unusual does not pass.
#[test]
fn unusual_tokens_are_accepted() {
    for maker in makers() {
        let site = Site::new();
        let claims = maker.claims();
        let with = |name: &str, value| {
            let mut header = maker.header();
            header[name] = value;
            maker.signed(header.to_string(), claims.to_string()).text()
        };
        let spaced = format!("\n {claims}\t ");
        let mut pad = claims.clone();
        pad["pad"] = json!("");
        let room = 50_000 - maker.token(&pad).len();
        pad["pad"] = json!("x".repeat(room * 3 / 4 - 2));
        let longest = maker.token(&pad);
        assert!(longest.len() > 49_990 && longest.len() <= 50_000, "{}", longest.len());
        for (name, token) in [
            ("kid null", with("kid", json!(null))),
            ("typ null", with("typ", json!(null))),
            ("typ of this service", with("typ", json!("JWS"))),
            ("typ in small letters", with("typ", json!("jwt"))),
            ("typ in full", with("typ", json!("application/jwt"))),
            ("typ of Connect2id", with("typ", json!("id_token+jwt"))),
            ("a header more", with("jku", json!("https://evil.example"))),
            ("blanks", maker.signed(maker.header().to_string(), spaced).text()),
            ("longest", longest),
            ("exp next second", maker.with("exp", json!(NOW + 1))),
            ("exp never", maker.with("exp", json!(u64::MAX))),
            ("exp with a fraction", maker.with("exp", json!(1_700_000_001.5))),
            ("nbf 5 minutes ahead", maker.with("nbf", json!(NOW + 300))),
            ("iat 5 minutes ahead", maker.with("iat", json!(NOW + 300))),
            ("aud a list", maker.with("aud", json!(["other", maker.app]))),
            ("azp", maker.with("azp", json!(maker.app))),
            ("azp null", maker.with("azp", json!(null))),
        ] {
            let call = Call(Operation::GetId, None);
            let answer = site.call(Door::Wire, &call, &[(maker.provider, &token)]);
            let answer = answer.unwrap_or_else(|refused| panic!("{name}: {}", refused.message));
            assert_eq!(answer["IdentityId"], json!(site.alice), "{name}");
        }
    }
    let google = makers()[1];
    let answer = Site::new().call(
        Door::Typed,
        &Call(Operation::GetId, None),
        &[(GOOGLE, &google.with("iss", json!(GOOGLE)))],
    );
    answer.expect("Google may leave its scheme out");
}

/// The expected refusals, with their kinds: by the public operations, by those that take a token of
/// this service, and by the signed one.
struct Wanted {
    public: (&'static str, &'static str),
    or_cognito: (&'static str, &'static str),
    signed: Option<(&'static str, &'static str)>,
}

/// Presents genuine tokens under wrong provider names.
#[test]
fn a_token_counts_under_its_own_provider_only() {
    const PARAMETER: &str = "InvalidParameterException";
    let alike = |kind, text| Wanted {
        public: (kind, text),
        or_cognito: (kind, text),
        signed: Some((kind, text)),
    };
    let unknown = || Wanted {
        signed: Some((
            PARAMETER,
            "This identity pool does not support the specified developer provider",
        )),
        ..alike(NOT_AUTHORIZED, ISSUER)
    };
    let cognito =
        || Wanted { or_cognito: (NOT_AUTHORIZED, FOREIGN), ..alike(NOT_AUTHORIZED, COGNITO) };
    let developer =
        || Wanted { signed: None, ..alike(PARAMETER, "Please provide a valid public provider") };
    let site = Site::new();
    let [user_pool, google, example, _] = makers().map(|maker| maker.genuine().text());
    let ours = {
        let call = call(&site.pool, "bob");
        let output = site.world.aws.get_open_id_token_for_developer_identity(call);
        output.expect("a token").token.as_str().to_owned()
    };
    // Claims of another issuer, with a signature that no key verifies.
    let forged = makers()[3].with("iss", json!("https://cognito-identity.amazonaws.com"));
    let before = site.world.dump();
    for (name, token, wanted) in [
        (USER_POOL, &google, alike(NOT_AUTHORIZED, ISSUER)),
        (USER_POOL, &example, alike(NOT_AUTHORIZED, ISSUER)),
        (GOOGLE, &user_pool, alike(NOT_AUTHORIZED, ISSUER)),
        (GOOGLE, &example, alike(NOT_AUTHORIZED, ISSUER)),
        (EXAMPLE, &user_pool, alike(NOT_AUTHORIZED, ISSUER)),
        (EXAMPLE, &google, alike(NOT_AUTHORIZED, ISSUER)),
        (GOOGLE, &ours, alike(NOT_AUTHORIZED, COGNITO)),
        (USER_POOL, &ours, alike(NOT_AUTHORIZED, COGNITO)),
        (EXAMPLE, &ours, alike(NOT_AUTHORIZED, COGNITO)),
        (EXAMPLE, &forged, alike(NOT_AUTHORIZED, COGNITO)),
        ("graph.facebook.com", &google, alike(NOT_AUTHORIZED, ISSUER)),
        ("graph.facebook.com", &ours, alike(NOT_AUTHORIZED, COGNITO)),
        ("www.amazon.com", &google, alike(NOT_AUTHORIZED, ISSUER)),
        ("COGNITO", &user_pool, unknown()),
        (
            "cognito-idp.us-east-1.amazonaws.com/us-east-1_b",
            &user_pool,
            alike(NOT_AUTHORIZED, ISSUER),
        ),
        (
            "arn:aws:iam::123456789012:oidc-provider/login.example.com/realm",
            &example,
            alike(NOT_AUTHORIZED, ISSUER),
        ),
        ("arn:aws:iam::123456789012:saml-provider/office", &example, alike(NOT_AUTHORIZED, ISSUER)),
        ("https://accounts.google.com", &google, unknown()),
        ("ACCOUNTS.GOOGLE.COM", &google, unknown()),
        ("accounts.google.com.", &google, unknown()),
        (" accounts.google.com", &google, unknown()),
        ("login.example.com", &example, unknown()),
        ("login.example.com/realm//", &example, unknown()),
        ("login.gamE", &google, unknown()),
        ("login.gamE", &ours, alike(NOT_AUTHORIZED, COGNITO)),
        (GAME, &google, developer()),
        (GAME, &ours, Wanted { signed: None, ..alike(NOT_AUTHORIZED, COGNITO) }),
        ("cognito-identity.amazonaws.com", &google, cognito()),
        ("cognito-identity.amazonaws.com", &user_pool, cognito()),
        ("cognito-identity.amazonaws.com", &example, cognito()),
        ("cognito-identity.amazonaws.com", &forged, cognito()),
        (
            "cognito-identity.amazonaws.com",
            &ours,
            Wanted { or_cognito: (NOT_AUTHORIZED, MISMATCH), ..alike(NOT_AUTHORIZED, COGNITO) },
        ),
        // The pool does not accept the service of another partition.
        ("cognito-identity-us-gov.amazonaws.com", &google, alike(NOT_AUTHORIZED, COGNITO)),
        ("cognito-identity.cn-north-1.amazonaws.com.cn", &google, alike(NOT_AUTHORIZED, COGNITO)),
    ] {
        for call in site.calls() {
            let wanted = match call.0 {
                Operation::GetId | Operation::GetOpenIdToken => Some(wanted.public),
                Operation::GetCredentialsForIdentity | Operation::UnlinkIdentity => {
                    Some(wanted.or_cognito)
                }
                Operation::GetOpenIdTokenForDeveloperIdentity => wanted.signed,
            };
            // Under the developer provider's name, the token is a user identifier.
            let Some(wanted) = wanted else { continue };
            for door in Door::BOTH {
                let answer = site.call(door, &call, &[(name, token)]);
                let complaint = complaint(answer, wanted, token);
                assert_eq!(complaint, None, "{name}, {call:?}, {door:?}, not {wanted:?}");
                assert!(site.world.dump() == before, "{name}, {call:?}, {door:?}: changed");
            }
        }
    }
    site.world.check();
}

/// The refusal comes before any lookup.
#[test]
fn a_token_that_is_empty_or_too_long_is_no_token() {
    let site = Site::new();
    let before = site.world.dump();
    let long = makers()[0].genuine().text() + &"A".repeat(50_000);
    for (token, constraint) in [
        (String::new(), "greater than or equal to 1"),
        (long, "less than or equal to 50000"),
        ("x".repeat(50_001), "less than or equal to 50000"),
        ("é".repeat(50_001), "less than or equal to 50000"),
    ] {
        for call in site.calls() {
            for door in Door::BOTH {
                let refused = site.call(door, &call, &[(GOOGLE, &token)]).expect_err("no token");
                assert_eq!(refused.kind, "ValidationException");
                assert!(refused.message.contains(constraint), "{}", refused.message);
                assert!(refused.message.len() < 400, "{}", refused.message);
                let part: String = token.chars().take(12).collect();
                assert!(part.is_empty() || !refused.shown.contains(&part), "{}", refused.shown);
                assert!(site.world.dump() == before, "{call:?}, {door:?}: changed");
            }
        }
    }
}

/// A key that the provider has withdrawn no longer verifies.
#[test]
fn a_withdrawn_key_is_unknown() {
    let maker = makers()[3];
    let withdrawn = verifier().issuer(EXAMPLE, key_set(&[KEYS.p384.jwk("ex-1")]));
    let world = World::with(|builder| builder.login_verifier(withdrawn));
    let input = GetIdInput::new(open_pool(&world));
    let input = input.logins(EXAMPLE, maker.genuine().text());
    let refused = refused(world.engine.public().get_id(input));
    assert_eq!(refused, (NOT_AUTHORIZED, attacks::SIGNATURE.to_owned()));
}
