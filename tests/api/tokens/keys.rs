//! Keys: signing, publication and rotation.

use std::sync::Arc;

use cognate::Engine;
use cognate::store::MemoryStore;
use cognate::token::{Jwk, Jwks, SigningAlgorithm};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

use super::*;
use crate::support::{NOON, REGION, Voucher};

const DAY: u64 = 86_400_000;
/// The time for tokens that are in flight while their key retires.
const MINUTE: u64 = 60_000;

/// The public halves of the keys, as OpenSSL prints them.
const N: &str = "zeHOTgiqWQZ4fQCiRBeV0K6oVAUjUb3rhfEyVenUZYWJi2Xxv6X4dGEf88_vhZw44pAGApkPvK7CZjMTgdnnnyt0\
    tH-p7XM_Y8u-NCfgudEuC2DyvBNjeNAptDkfFwyA0OD2cIe2Bget6j-kva_4uam_PXs06EjDXW5S8k38QFNOB7oCIUtqgyOd\
    DjttP7Ft1gmc934G99em8Z6SkNquiAhEQ8zMwBTJeVwIHwMyANDQyEPOEyyLoF-DGmI3CS8wJx22M1rVFG86Lo5yh1ASj0UZ\
    UOW4WDRuzybS8BnunOBMSN7Q_9n6MBKM3itftqEWz69gEjOasYE0tHSjITBKnQ";
const P256_X: &str = "wg0ddzW3lP7EW1gi3MS6_x8eTVwCwsWXrU3ZejDLcpQ";
const P256_Y: &str = "XJCxTAOU6CiD4ecZmwBT-YWx4sWvuB1pU03G3jsRGGw";
const ED25519_X: &str = "agDQcxeohWvqnRZSeSnfYyxWID9tLvTvSAy_bvAPPrs";

fn published(jwks: &Jwks) -> String {
    serde_json::to_string(jwks).expect("JSON")
}

fn kids(engine: &Engine) -> Vec<String> {
    engine.jwks().expect("readable").keys.into_iter().map(|key| key.kid).collect()
}

fn kid(token: &str) -> String {
    let header: serde_json::Value = serde_json::from_str(&parts(token).0).expect("JSON");
    header["kid"].as_str().expect("text").to_owned()
}

/// A verification that shares only ring with the engine's.
pub(super) fn is_signed_by(token: &str, key: &Jwk) -> bool {
    let (signed, _) = token.rsplit_once('.').expect("three parts");
    let (_, _, signature) = parts(token);
    let decode = |number: &Option<String>| {
        URL_SAFE_NO_PAD.decode(number.as_deref().expect("a member of the key")).expect("base64url")
    };
    let message = signed.as_bytes();
    match key.alg {
        "RS512" => {
            let public = RsaPublicKeyComponents { n: decode(&key.n), e: decode(&key.e) };
            public.verify(&RSA_PKCS1_2048_8192_SHA512, message, &signature).is_ok()
        }
        "ES256" => {
            let point = [vec![4], decode(&key.x), decode(&key.y)].concat();
            let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
            public.verify(message, &signature).is_ok()
        }
        "EdDSA" => {
            let public = UnparsedPublicKey::new(&ED25519, decode(&key.x));
            public.verify(message, &signature).is_ok()
        }
        other => panic!("nothing is known of {other}"),
    }
}

#[test]
fn every_algorithm_verifies_by_the_key_that_is_published() {
    for (algorithm, alg, length, key) in [
        (SigningAlgorithm::Rs512, "RS512", 256, format!(r#""n":"{N}","e":"AQAB""#)),
        (
            SigningAlgorithm::Es256,
            "ES256",
            64,
            format!(r#""crv":"P-256","x":"{P256_X}","y":"{P256_Y}""#),
        ),
        (SigningAlgorithm::EdDsa, "EdDSA", 64, format!(r#""crv":"Ed25519","x":"{ED25519_X}""#)),
    ] {
        let world = World::exclusive(fixed(algorithm));
        assert_eq!(algorithm.as_str(), alg);
        assert_eq!(published(&world.engine.jwks().expect("readable")), r#"{"keys":[]}"#);
        let token = token(&world, call(&world.game(), "alice"));
        let (header, _, signature) = parts(&token);
        assert_eq!(header, format!(r#"{{"kid":"us-east-1-1","typ":"JWS","alg":"{alg}"}}"#));
        assert_eq!(signature.len(), length, "{alg}");

        let jwks = world.engine.jwks().expect("readable");
        let kty = match alg {
            "RS512" => "RSA",
            "ES256" => "EC",
            _ => "OKP",
        };
        let wanted = format!(
            r#"{{"keys":[{{"kty":"{kty}","alg":"{alg}","use":"sig","kid":"us-east-1-1",{key}}}]}}"#
        );
        assert_eq!(published(&jwks), wanted);
        assert!(is_signed_by(&token, &jwks.keys[0]), "{alg}");
        assert!(!is_signed_by(&token.replacen("ey", "ez", 1), &jwks.keys[0]), "{alg}");
        world.engine.verify_token(&token).expect("ours");
    }
}

#[test]
fn a_region_has_a_published_key_as_soon_as_it_has_a_pool() {
    // Clients cached an empty key set, and then refused the region's first token.
    let made = |builder: Builder| builder.signing_algorithm(SigningAlgorithm::EdDsa);
    for world in [World::with(made), World::exclusive(made)] {
        assert_eq!(kids(&world.engine), [""; 0], "no region has a pool");
        let pool = world.game();
        let there = world.of("210987654321", "eu-west-1");
        there.game();
        let keys = world.engine.jwks().expect("readable");
        let published: Vec<_> = keys.keys.iter().map(|key| key.kid.as_str()).collect();
        assert_eq!(published, ["eu-west-1-1", "us-east-1-1"]);
        let token = token(&world, call(&pool, "alice"));
        assert!(is_signed_by(&token, &keys.keys[1]));
        assert_eq!(world.engine.jwks().expect("readable"), keys);
        world.check();
    }
}

#[test]
fn the_modulus_has_no_sign_byte() {
    let modulus = URL_SAFE_NO_PAD.decode(N).expect("base64url without padding");
    assert_eq!((modulus.len(), modulus[0] >> 7), (256, 1));
}

#[test]
fn each_region_has_a_key_of_its_own() {
    let world = World::exclusive(|builder| builder.signing_algorithm(SigningAlgorithm::EdDsa));
    let there = world.of(ACCOUNT, "eu-west-1");
    let ours = token(&world, call(&world.game(), "alice"));
    let theirs = token(&there, call(&there.game(), "alice"));
    assert_eq!((kid(&ours), kid(&theirs)), ("us-east-1-1".to_owned(), "eu-west-1-1".to_owned()));
    let jwks = world.engine.jwks().expect("readable").keys;
    let [eu, us] = jwks.as_slice() else { panic!("two keys: {jwks:?}") };
    assert_eq!((eu.kid.as_str(), us.kid.as_str()), ("eu-west-1-1", "us-east-1-1"));
    assert_ne!(eu.x, us.x);
    assert!(is_signed_by(&ours, us) && is_signed_by(&theirs, eu));
    assert!(!is_signed_by(&ours, eu) && !is_signed_by(&theirs, us));
    for token in [ours, theirs] {
        world.engine.verify_token(&token).expect("both are ours");
    }
}

#[test]
fn a_retired_key_verifies_for_a_day_and_no_longer() {
    let made = |builder: Builder| builder.signing_algorithm(SigningAlgorithm::EdDsa);
    for world in [World::with(made), World::exclusive(made)] {
        let pool = world.game();
        let day = |user| call(&pool, user).token_duration(86_400);
        world.clock.set(NOON + 999);
        let old = token(&world, day("alice"));
        world.engine.verify_token(&old).expect("an engine may keep the key from here on");
        world.engine.rotate_signing_key(&parse(REGION)).expect("rotated");
        world.clock.set(NOON + 2 * MINUTE);
        let new = token(&world, day("alice"));
        assert_eq!((kid(&old), kid(&new)), ("us-east-1-1".to_owned(), "us-east-1-2".to_owned()));
        let both = ["us-east-1-1", "us-east-1-2"];
        assert_eq!(kids(&world.engine), both);

        world.clock.set(NOON + DAY - 1);
        for token in [&old, &new] {
            world.engine.verify_token(token).expect("of the day");
        }
        assert_eq!(kids(&world.engine), both);

        world.clock.set(NOON + DAY);
        let refused = world.engine.verify_token(&old).expect_err("its time is over").to_string();
        let wanted = "Invalid login token. Token expired: 1700086400 >= 1700086400";
        assert_eq!(refused, wanted);

        world.clock.set(NOON + DAY + MINUTE + 999);
        assert_eq!(kids(&world.engine), both);
        world.clock.set(NOON + DAY + MINUTE + 1000);
        assert_foreign(world.engine.verify_token(&old), "nothing of that key can be valid");
        assert_eq!(kids(&world.engine), ["us-east-1-2"]);
        world.engine.verify_token(&new).expect("has a minute left");

        world.engine.rotate_signing_key(&parse(REGION)).expect("rotated");
        assert_eq!(kids(&world.engine), ["us-east-1-2", "us-east-1-3"]);
        assert_foreign(world.engine.verify_token(&old), "the key is gone");
        world.engine.verify_token(&new).expect("retired, and of the day");
        world.check();
    }
}

#[test]
fn a_deleted_key_leaves_nothing_in_the_store() {
    let world = World::with(|builder| builder.signing_algorithm(SigningAlgorithm::EdDsa));
    let region = parse(REGION);
    world.engine.rotate_signing_key(&region).expect("the first");
    assert_eq!((world.dump().len(), kids(&world.engine)), (1, vec!["us-east-1-1".to_owned()]));
    world.engine.rotate_signing_key(&region).expect("the second");
    assert_eq!(world.dump().len(), 2);
    world.clock.set(NOON + 2 * DAY);
    world.engine.rotate_signing_key(&region).expect("the third");
    // The second key has retired only now.
    assert_eq!(world.dump().len(), 2);
    assert_eq!(kids(&world.engine), ["us-east-1-2", "us-east-1-3"]);
}

#[test]
fn a_refused_call_makes_no_key() {
    let world = World::with(|builder| builder.signing_algorithm(SigningAlgorithm::EdDsa));
    let pool = world.game();
    let before = world.dump();
    let presented = call(&pool, "alice").logins(FACEBOOK, "bad-signature");
    world.resolve(presented).expect_err("refused");
    assert_eq!(world.dump(), before);
}

/// The next token of a region, from a new engine over the store.
fn reopened(
    world: &World,
    pool: &cognate::name::IdentityPoolId,
    parts: impl FnOnce(Builder) -> Builder,
) -> (Engine, String) {
    let builder = Engine::builder().clock(world.clock.clone()).login_verifier(Voucher);
    let store: Arc<MemoryStore> = Arc::clone(&world.store);
    let engine = parts(builder).open_shared(store).expect("opens");
    let there = World { engine: engine.clone(), ..world.of(ACCOUNT, REGION) };
    (engine, token(&there.of(ACCOUNT, REGION), call(pool, "alice")))
}

#[test]
fn a_key_is_kept_until_another_algorithm_or_another_key_is_asked_for() {
    let world = World::with(|builder| builder.signing_algorithm(SigningAlgorithm::EdDsa));
    let pool = world.game();
    let mut tokens = vec![token(&world, call(&pool, "alice"))];
    for (parts, expected) in [
        (
            (|b: Builder| b.signing_algorithm(SigningAlgorithm::EdDsa)) as fn(Builder) -> Builder,
            ("us-east-1-1", "EdDSA"),
        ),
        (|b| b.signing_algorithm(SigningAlgorithm::Es256), ("us-east-1-2", "ES256")),
        (|b| b.signing_algorithm(SigningAlgorithm::Es256), ("us-east-1-2", "ES256")),
        (|b| b.signing_key(key(SigningAlgorithm::Es256)), ("us-east-1-3", "ES256")),
        (|b| b.signing_key(key(SigningAlgorithm::Es256)), ("us-east-1-3", "ES256")),
        (|b| b.signing_key(key(SigningAlgorithm::EdDsa)), ("us-east-1-4", "EdDSA")),
        (|b| b.signing_algorithm(SigningAlgorithm::EdDsa), ("us-east-1-1", "EdDSA")),
    ] {
        let (engine, token) = reopened(&world, &pool, parts);
        let (kid, alg) = expected;
        let header = format!(r#"{{"kid":"{kid}","typ":"JWS","alg":"{alg}"}}"#);
        assert_eq!(self::parts(&token).0, header);
        tokens.push(token);
        for token in &tokens {
            engine.verify_token(token).expect("of this store");
        }
        assert_eq!(engine.check().expect("readable"), []);
    }
}

#[test]
fn engines_over_one_store_share_their_keys() {
    let ours = World::with(|builder| builder.signing_algorithm(SigningAlgorithm::EdDsa));
    let pool = ours.game();
    let made = |builder: Builder| builder.signing_algorithm(SigningAlgorithm::EdDsa);
    let (engine, first) = reopened(&ours, &pool, made);
    let theirs = World { engine: engine.clone(), ..ours.of(ACCOUNT, REGION) }.of(ACCOUNT, REGION);
    let second = token(&ours, call(&pool, "alice"));
    assert_eq!(first, second, "one key, one identity, one moment");
    ours.engine.rotate_signing_key(&parse(REGION)).expect("rotated");
    ours.clock.set(NOON + 9_999);
    assert_eq!(kid(&token(&theirs, call(&pool, "alice"))), "us-east-1-1", "is kept for 10 seconds");
    ours.clock.set(NOON + 10_000);
    let third = token(&theirs, call(&pool, "alice"));
    assert_eq!(kid(&third), "us-east-1-2", "is read again");
    engine.rotate_signing_key(&parse(REGION)).expect("rotated");
    assert_eq!(kid(&token(&theirs, call(&pool, "alice"))), "us-east-1-3", "its own key, at once");
    ours.clock.set(NOON + 20_000);
    let fourth = token(&ours, call(&pool, "alice"));
    assert_eq!(kid(&fourth), "us-east-1-3");
    for token in [first, third, fourth] {
        assert_eq!(
            ours.engine.verify_token(&token).expect("ours"),
            engine.verify_token(&token).expect("theirs"),
        );
    }
}

#[test]
fn the_discovery_document_names_the_algorithms_in_use() {
    let world = World::with(fixed(SigningAlgorithm::Es256));
    let document = |engine: &Engine| {
        let document = engine.discovery("http://127.0.0.1:4566/").expect("readable");
        serde_json::to_string(&document).expect("JSON")
    };
    let wanted = |algorithms: &str| {
        joined(
            r#"{"issuer":"https://cognito-identity.amazonaws.com",
            "authorization_endpoint":"http://127.0.0.1:4566/authorize",
            "jwks_uri":"http://127.0.0.1:4566/.well-known/jwks_uri",
            "response_types_supported":["id_token"],"subject_types_supported":["public"],
            "id_token_signing_alg_values_supported":[ALGORITHMS]}"#,
        )
        .replace("ALGORITHMS", algorithms)
    };
    assert_eq!(document(&world.engine), wanted(r#""ES256""#));
    let pool = world.game();
    world.register(&pool, "alice");
    let (engine, _) = reopened(&world, &pool, fixed(SigningAlgorithm::EdDsa));
    assert_eq!(document(&engine), wanted(r#""EdDSA","ES256""#), "the old key still verifies");
    world.clock.set(NOON + DAY + MINUTE + 1000);
    let both = wanted(r#""EdDSA","ES256""#);
    assert_eq!(document(&engine), both, "another engine over the store may sign with it");
    engine.rotate_signing_key(world.aws.region()).expect("rotated");
    world.clock.set(NOON + 2 * (DAY + MINUTE + 1000) + 1000);
    assert_eq!(document(&engine), wanted(r#""EdDSA""#));
}
