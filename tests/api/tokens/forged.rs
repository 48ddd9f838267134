//! Refusals of tokens that the engine did not issue exactly so.

use base64::engine::general_purpose::URL_SAFE;
use cognate::operation::DeleteIdentityPoolInput;
use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::*;
use crate::support::ED25519;

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A world with a key that the scenario has too, a pool, and a genuine token.
fn ours() -> (World, cognate::name::IdentityPoolId, String) {
    let world = World::exclusive(fixed(SigningAlgorithm::EdDsa));
    let pool = numbered(&world);
    let token = token(&world, call(&pool, "alice"));
    world.engine.verify_token(&token).expect("ours");
    (world, pool, token)
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(ED25519).expect("a key")
}

/// Signs the header and claims with the engine's own key.
fn signed(header: &str, claims: &str) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let signature = URL_SAFE_NO_PAD.encode(pair().sign(format!("{header}.{claims}").as_bytes()));
    format!("{header}.{claims}.{signature}")
}

#[test]
fn every_change_of_one_character_is_found() {
    let (world, _, token) = ours();
    let bytes = token.as_bytes();
    let value = |c: u8| BASE64URL.iter().position(|known| *known == c);
    for at in 0..bytes.len() {
        let others = match value(bytes[at]) {
            // The last character of a part has bits that encode nothing, so the test tries only the
            // others.
            Some(_) if bytes.get(at + 1).is_none_or(|next| *next == b'.') => BASE64URL.to_vec(),
            Some(value) => vec![BASE64URL[value ^ 1], b'.', b'='],
            None => vec![b'A', b'_', b' '],
        };
        for other in others.into_iter().filter(|other| *other != bytes[at]) {
            let mut changed = bytes.to_vec();
            changed[at] = other;
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_foreign(world.engine.verify_token(&changed), &format!("at {at}: {changed}"));
        }
        let mut shorter = token.clone();
        let removed = shorter.remove(at);
        assert_foreign(world.engine.verify_token(&shorter), &format!("without the {at}th"));
        let mut longer = token.clone();
        longer.insert(at, removed);
        assert_foreign(world.engine.verify_token(&longer), &format!("twice the {at}th"));
    }
}

#[test]
fn text_around_a_token_is_refused() {
    let (world, _, token) = ours();
    let padded: Vec<_> = token
        .split('.')
        .map(|part| URL_SAFE.encode(URL_SAFE_NO_PAD.decode(part).expect("base64url")))
        .collect();
    assert!(padded.iter().any(|part| part.ends_with('=')));
    for other in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("{token}\0"),
        format!("Bearer {token}"),
        format!("{token}."),
        format!("{token}.."),
        format!(".{token}"),
        format!("{token}.e30"),
        format!("e30.{token}"),
        format!("{token}="),
        token.replace('.', ".."),
        token.replace('.', ". "),
        token.replace('.', ""),
        token.replace('-', "+").replace('_', "/") + "=",
        token.to_uppercase(),
        padded.join("."),
        token.clone() + &"A".repeat(2 << 20),
    ] {
        let shown: String = other.chars().take(1000).collect();
        assert_foreign(world.engine.verify_token(&other), &shown);
    }
}

#[test]
fn another_header_is_refused_though_it_is_signed() {
    let (world, _, token) = ours();
    let (header, claims, _) = parts(&token);
    assert_eq!(signed(&header, &claims), token, "the key is ours");
    world.engine.rotate_signing_key(&parse("eu-west-1")).expect("another key that is known");
    for header in [
        r#"{"kid":"us-east-1-1","typ":"JWS","alg":"none"}"#,
        r#"{"kid":"us-east-1-1","typ":"JWS","alg":"eddsa"}"#,
        r#"{"kid":"us-east-1-1","typ":"JWS","alg":"RS512"}"#,
        r#"{"kid":"us-east-1-1","typ":"JWS","alg":"ES256"}"#,
        r#"{"kid":"us-east-1-1","typ":"JWS","alg":"HS256"}"#,
        r#"{"kid":"us-east-1-1","typ":"JWT","alg":"EdDSA"}"#,
        r#"{"kid":"us-east-1-1","alg":"EdDSA"}"#,
        r#"{"kid":"us-east-1-1","typ":"JWS"}"#,
        r#"{"typ":"JWS","alg":"EdDSA"}"#,
        r#"{"kid":"us-east-1-2","typ":"JWS","alg":"EdDSA"}"#,
        r#"{"kid":"us-east-1-0","typ":"JWS","alg":"EdDSA"}"#,
        r#"{"kid":"us-east-1-01","typ":"JWS","alg":"EdDSA"}"#,
        r#"{"kid":"us-east-1-+1","typ":"JWS","alg":"EdDSA"}"#,
        r#"{"kid":"us-east-11","typ":"JWS","alg":"EdDSA"}"#,
        r#"{"kid":"eu-west-1-1","typ":"JWS","alg":"EdDSA"}"#,
        r#"{"kid":1,"typ":"JWS","alg":"EdDSA"}"#,
        r#"{"kid":"us-east-1-1","kid":"us-east-1-1","typ":"JWS","alg":"EdDSA"}"#,
        r#"{"alg":"EdDSA","kid":"us-east-1-1","typ":"JWS"}"#,
        r#"{"kid":"us-east-1-1","typ":"JWS","alg":"EdDSA","crit":[]}"#,
        r#"{"kid": "us-east-1-1","typ":"JWS","alg":"EdDSA"}"#,
        r#"{"kid":"us-east-1-1","typ":"JWS","alg":"EdDSA"} "#,
        "{}",
        "[]",
        "",
    ] {
        assert_foreign(world.engine.verify_token(&signed(header, &claims)), header);
    }
}

#[test]
fn a_signature_of_no_kind_or_of_another_kind_is_refused() {
    let (world, _, token) = ours();
    let (header, claims, signature) = parts(&token);
    for alg in ["none", "None", "HS256", "HS512", "EdDSA"] {
        let header = header.replace("EdDSA", alg);
        let [encoded, claims] = [&header, &claims].map(|part| URL_SAFE_NO_PAD.encode(part));
        let message = format!("{encoded}.{claims}");
        let public = pair();
        let public = public.public_key().as_ref();
        let by_public = |algorithm| {
            let key = hmac::Key::new(algorithm, public);
            hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
        };
        for signature in [
            vec![],
            vec![0; 64],
            by_public(hmac::HMAC_SHA256),
            by_public(hmac::HMAC_SHA512),
            [signature.as_slice(), &[0]].concat(),
            signature[..63].to_vec(),
        ] {
            let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
            assert_foreign(world.engine.verify_token(&forged), &forged);
        }
    }
}

#[test]
fn the_key_of_a_region_signs_for_its_pools_only() {
    let (world, _, token) = ours();
    let there = world.of(ACCOUNT, "eu-west-1");
    super::token(&there, call(&there.game(), "alice"));
    let (header, claims, _) = parts(&token);
    // All regions use the same key here, but under different key ids.
    let header = header.replace("us-east-1-1", "eu-west-1-1");
    let sub = |region| format!(r#"{{"sub":"{region}:"#);
    let elsewhere = claims.replace(&sub("us-east-1"), &sub("eu-west-1"));
    assert_ne!(elsewhere, claims);
    for claims in [claims, elsewhere] {
        assert_foreign(world.engine.verify_token(&signed(&header, &claims)), &claims);
    }
}

/// The order of P-256, from FIPS 186.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

#[test]
fn no_second_token_can_be_derived_from_one() {
    let world = World::exclusive(fixed(SigningAlgorithm::Es256));
    let pool = world.game();
    for n in 0..8 {
        let token = token(&world, call(&pool, &format!("user-{n}")));
        world.engine.verify_token(&token).expect("ours");
        // If `(r, s)` is a signature, `(r, order - s)` is one too.
        let (_, _, mut signature) = parts(&token);
        let mut borrow = 0;
        for (digit, order) in signature[32..].iter_mut().zip(ORDER).rev() {
            let difference = 256 + i32::from(order) - i32::from(*digit) - borrow;
            borrow = i32::from(difference < 256);
            *digit = u8::try_from(difference % 256).expect("a byte");
        }
        let (signed, _) = token.rsplit_once('.').expect("three parts");
        let twin = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&signature));
        let jwks = world.engine.jwks().expect("readable");
        assert!(keys::is_signed_by(&twin, &jwks.keys[0]), "a signature by itself");
        assert_foreign(world.engine.verify_token(&twin), &twin);
    }
}

#[test]
fn other_claims_are_refused_though_they_are_signed() {
    let (world, _, token) = ours();
    world.ids.next(3);
    let other = world.game();
    assert_eq!(other.as_str(), id(3));
    let (header, claims, _) = parts(&token);
    for (claim, another) in [
        (r#""sub":"<2>""#, r#""sub":"eu-west-1:00000000-0000-4000-8000-000000000002""#),
        (r#""sub":"<2>""#, r#""sub":"""#),
        (r#""sub":"<2>""#, r#""sub":"<2>","sub":"<2>""#),
        (r#""aud":"<1>""#, r#""aud":"<3>""#),
        (r#""aud":"<1>""#, r#""aud":"<99>""#),
        (r#""aud":"<1>""#, r#""aud":["<1>"]"#),
        (r#""aud":"<1>","#, ""),
        (r#""amr":["authenticated","#, r#""amr":["authenticated",1,"#),
        ("cognito-identity.amazonaws.com\",", "cognito-identity.us-east-1.amazonaws.com\","),
        (r#""https://cognito-identity.amazonaws.com""#, r#""cognito-identity.amazonaws.com""#),
        (":123456789012:", ":999999999999:"),
        ("identitypool/<1>", "identitypool/<3>"),
        (r#""exp":1700000900"#, r#""exp":1700000900.0"#),
        (r#""exp":1700000900"#, r#""exp":"1700000900""#),
        (r#""exp":1700000900,"#, ""),
        (r#","iat":1700000000"#, ""),
        (r#""iat":1700000000"#, r#""iat":1700000000,"nbf":1700000000"#),
        (r#""iat":1700000000"#, r#""iat": 1700000000"#),
        (r#""iss""#, r#""https://aws.amazon.com/tags":{"principal_tags":{}},"iss""#),
        (r#""iss""#, r#""https://aws.amazon.com/tags":{"principal_tags":{"a":["b","c"]}},"iss""#),
        (r#""iss""#, r#""https://aws.amazon.com/tags":{"principal_tags":{"a":"b"}},"iss""#),
    ] {
        let changed = claims.replacen(&fill(claim), &fill(another), 1);
        assert_ne!(changed, claims, "{claim} is no claim");
        assert_foreign(world.engine.verify_token(&signed(&header, &changed)), &changed);
    }
    let tagged = claims.replacen(
        r#""iss""#,
        r#""https://aws.amazon.com/tags":{"principal_tags":{"a":["b"]}},"iss""#,
        1,
    );
    world.engine.verify_token(&signed(&header, &tagged)).expect("as we would have written it");
}

/// All regions share one key, so only the issuer differs.
#[test]
fn a_token_verifies_with_the_issuer_of_its_region_only() {
    const ISSUERS: [(&str, &str); 4] = [
        ("eu-west-1", "https://cognito-identity.amazonaws.com"),
        ("us-gov-east-1", "https://cognito-identity.us-gov-east-1.amazonaws.com"),
        ("us-gov-west-1", "https://cognito-identity-us-gov.amazonaws.com"),
        ("cn-north-1", "https://cognito-identity.cn-north-1.amazonaws.com.cn"),
    ];
    let world = World::exclusive(fixed(SigningAlgorithm::EdDsa));
    for (region, own) in ISSUERS {
        let there = world.of(ACCOUNT, region);
        let token = token(&there, call(&there.game(), "alice"));
        let (header, claims, _) = parts(&token);
        let issuer = |issuer: &str| format!(r#""iss":"{issuer}""#);
        assert_eq!(claims.matches(&issuer(own)).count(), 1, "{claims}");
        for (_, other) in ISSUERS {
            let changed = claims.replacen(&issuer(own), &issuer(other), 1);
            let verified = world.engine.verify_token(&signed(&header, &changed));
            if other == own {
                verified.expect("as it was");
            } else {
                assert_foreign(verified, &changed);
            }
        }
    }
}

#[test]
fn a_token_expires_at_exp() {
    let (world, _, token) = ours();
    world.clock.set(1_700_000_899_999);
    world.engine.verify_token(&token).expect("a millisecond is left");
    for (millis, now) in
        [(1_700_000_900_000, 1_700_000_900_u64), (1_700_000_901_000, 1_700_000_901)]
    {
        world.clock.set(millis);
        let refused = world.engine.verify_token(&token).expect_err("its time is over");
        let text = format!("Invalid login token. Token expired: {now} >= 1700000900");
        assert_eq!((refused.kind(), refused.to_string()), (ErrorKind::NotAuthorized, text));
        assert!(matches!(
            refused,
            cognate::Error::Refused(cognate::Refusal::TokenExpired { now: n, exp: 1_700_000_900 })
                if n == now
        ));
    }
    // The refusal of a forged token does not say when the token was valid.
    assert_foreign(world.engine.verify_token(&token.replace("ey", "ez")), "expired and forged");
}

#[test]
fn a_token_of_another_engine_is_refused() {
    let (world, _, token) = ours();
    let made = |builder: Builder| builder.signing_algorithm(SigningAlgorithm::EdDsa);
    for other in [
        World::exclusive(made),
        World::with(made),
        World::exclusive(fixed(SigningAlgorithm::Es256)),
    ] {
        let pool = numbered(&other);
        let theirs = super::token(&other, call(&pool, "alice"));
        assert_foreign(other.engine.verify_token(&token), "ours, to them");
        assert_foreign(world.engine.verify_token(&theirs), "theirs, to us");
    }
    // The same key, but the pool does not exist.
    let empty = World::exclusive(fixed(SigningAlgorithm::EdDsa));
    assert_foreign(empty.engine.verify_token(&token), "an engine without a key");
    empty.ids.next(7);
    super::token(&empty, call(&empty.game(), "alice"));
    assert_foreign(empty.engine.verify_token(&token), "the same key, another store");
}

#[test]
fn a_token_of_a_deleted_pool_is_refused() {
    let (world, pool, token) = ours();
    let delete = DeleteIdentityPoolInput::new(&pool);
    world.aws.delete_identity_pool(delete).expect("deleted");
    assert_foreign(world.engine.verify_token(&token), "its pool is gone");
}
