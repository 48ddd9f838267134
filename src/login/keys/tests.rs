use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::json;

use super::*;
use crate::login::mint::{Signer, claims, encode, key_set, unsigned};
use crate::name::LoginToken;

fn has_signed(keys: &JwkSet, token: &str) -> bool {
    let token: LoginToken = token.parse().expect("fits its shape");
    keys.has_signed(&Jwt::parse(&token).unwrap_or_else(|_| panic!("a token")))
}

/// The key with other members. Null members are removed.
fn with(key: &Value, members: &Value) -> Value {
    let mut key = key.clone();
    for (name, value) in members.as_object().expect("members") {
        key[name] = value.clone();
    }
    key.as_object_mut().expect("a key").retain(|_, value| !value.is_null());
    key
}

#[test]
fn every_algorithm_verifies_what_is_signed_with_it_and_nothing_else() {
    let claims = claims("i");
    let signers = Signer::all();
    for signer in &signers {
        for key in &signers {
            let same_key = signer.jwk() == key.jwk();
            for said in signers.iter().map(|other| other.alg).chain(["none", "HS256", "ES512", ""])
            {
                let token = signer.sign(&json!({ "alg": said }), &claims);
                let pinned = key_set(&[with(&key.jwk(), &json!({ "alg": key.alg }))]);
                let case = format!("by {} as {said} for {}", signer.alg, key.alg);
                let genuine = same_key && said == signer.alg;
                assert_eq!(has_signed(&key.keys(), &token), genuine, "{case}");
                assert_eq!(has_signed(&pinned, &token), genuine && said == key.alg, "{case}");
            }
        }
        let token = signer.token(&claims);
        let (signed, _) = token.rsplit_once('.').expect("a signature");
        for forged in [
            format!("{signed}."),
            format!("{signed}.{}", encode([0; 64])),
            signer.token(&json!({})).replacen("e30", &encode(claims.to_string()), 1),
        ] {
            assert!(!has_signed(&signer.keys(), &forged), "{} {forged}", signer.alg);
        }
    }
}

#[test]
fn the_public_key_is_no_shared_secret() {
    let claims = claims("i");
    let signer = Signer::ed25519();
    let secret = signer.jwk()["x"].as_str().expect("a key").to_owned();
    let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let message = unsigned(&json!({ "alg": "HS256" }), &claims);
    let token = format!("{message}.{}", encode(hmac::sign(&secret, message.as_bytes())));
    assert!(!has_signed(&signer.keys(), &token));
}

#[test]
fn a_kid_names_a_key() {
    let (signer, claims) = (Signer::ed25519(), claims("i"));
    let other = Signer::all().remove(7).jwk();
    let named = |kid| with(&signer.jwk(), &json!({ "kid": kid }));
    let other_a = with(&other, &json!({ "kid": "a" }));
    for (kid, keys, signed) in [
        (None, vec![named("a")], true),
        (None, vec![other.clone(), named("a")], true),
        (None, vec![other.clone()], false),
        (None, vec![], false),
        (Some("a"), vec![named("a")], true),
        (Some("a"), vec![named("b"), named("a")], true),
        (Some("a"), vec![other_a.clone(), named("a")], true),
        (Some("a"), vec![named("b")], false),
        (Some("a"), vec![other_a, named("b")], false),
        (Some("a"), vec![signer.jwk()], false),
        (Some(""), vec![signer.jwk(), named("a")], false),
    ] {
        let token = signer.sign(&json!({ "alg": "EdDSA", "kid": kid }), &claims);
        assert_eq!(has_signed(&key_set(&keys), &token), signed, "{kid:?} among {keys:?}");
    }
}

#[test]
fn keys_that_verify_no_token_are_left_out() {
    let [rsa, p256, p384] = [0, 6, 7].map(|place| Signer::all().remove(place).jwk());
    let ed25519 = Signer::ed25519().jwk();
    let modulus = |bytes: usize, first: u8| {
        let mut n = vec![0xff; bytes];
        n[0] = first;
        json!({ "n": encode(n) })
    };
    let short = json!({ "x": encode([1; 31]) });
    for (key, members, kept) in [
        (&rsa, json!({}), true),
        (&rsa, json!({ "use": "sig", "key_ops": ["sign", "verify"], "x5c": [1] }), true),
        (&rsa, json!({ "use": "enc" }), false),
        (&rsa, json!({ "key_ops": ["encrypt"] }), false),
        (&rsa, json!({ "key_ops": [] }), false),
        (&rsa, json!({ "alg": "PS384" }), true),
        (&rsa, json!({ "alg": "RSA-OAEP" }), false),
        (&rsa, json!({ "alg": "ES256" }), false),
        (&rsa, json!({ "alg": "HS256" }), false),
        (&rsa, json!({ "alg": "none" }), false),
        (&rsa, json!({ "kid": 1 }), false),
        (&rsa, json!({ "kty": null }), false),
        (&rsa, json!({ "kty": "rsa" }), false),
        (&rsa, json!({ "n": null }), false),
        (&rsa, json!({ "e": null }), false),
        (&rsa, json!({ "e": "" }), false),
        (&rsa, json!({ "e": "AAAA" }), false),
        (&rsa, json!({ "n": "?" }), false),
        (&rsa, modulus(255, 0xff), false),
        (&rsa, modulus(256, 0x7f), false),
        (&rsa, modulus(256, 0x80), true),
        (&rsa, modulus(1024, 0xff), true),
        (&rsa, modulus(1025, 0x01), false),
        (&p256, json!({}), true),
        (&p256, json!({ "alg": "ES256" }), true),
        (&p256, json!({ "alg": "ES384" }), false),
        (&p256, json!({ "crv": "P-384" }), false),
        (&p256, json!({ "crv": "secp256k1" }), false),
        (&p256, json!({ "crv": null }), false),
        (&p256, json!({ "y": null }), false),
        (&p256, short.clone(), false),
        (&p384, json!({}), true),
        (&p384, json!({ "crv": "P-256" }), false),
        (&p384, json!({ "crv": "P-521" }), false),
        (&ed25519, json!({}), true),
        (&ed25519, json!({ "crv": "X25519" }), false),
        (&ed25519, json!({ "kty": "EC" }), false),
        (&ed25519, short, false),
        (&json!({ "kty": "oct", "k": "AAAA" }), json!({}), false),
        (&json!({ "kty": "AKP" }), json!({}), false),
        (&json!({}), json!({}), false),
    ] {
        let keys = key_set(&[with(key, &members)]);
        assert_eq!(keys.len(), usize::from(kept), "{key} with {members}");
        assert_eq!(keys.is_empty(), !kept);
    }
    let keys = json!({ "keys": ["text", null, 1, ed25519], "more": {} }).to_string();
    assert_eq!(JwkSet::from_json(keys).expect("a key set").len(), 1);
}

/// The service's own key set has this form (contract, section 4).
#[test]
fn numbers_may_be_in_standard_base64() {
    let signer = Signer::all().remove(0);
    let token = signer.token(&claims("i"));
    let plain = signer.jwk();
    let n = URL_SAFE_NO_PAD.decode(plain["n"].as_str().expect("a modulus")).expect("base64url");
    let with_sign = [&[0], n.as_slice()].concat();
    for n in [STANDARD.encode(&n), STANDARD.encode(&with_sign), encode(&with_sign)] {
        assert!(has_signed(&key_set(&[with(&plain, &json!({ "n": n, "e": "AAEAAQ==" }))]), &token));
    }
}

#[test]
fn invalid_key_sets_are_refused() {
    for json in ["", "<html>", "[]", "[[]]", "{}", r#"{"keys": {}}"#, r#"{"keys": []} x"#, "null"] {
        assert_eq!(JwkSet::from_json(json).map(|keys| keys.len()), Err(JwkSetError), "{json}");
    }
    assert!(JwkSet::from_json(b"\xff").is_err());
    assert!(JwkSet::from_json(br#"{"keys": []}"#).expect("a key set").is_empty());
    let list = r#"{"keys": [["OKP", "sig", ["verify"], "EdDSA", "a", "Ed25519"], []]}"#;
    assert!(JwkSet::from_json(list).expect("a key set").is_empty(), "a key is no list");
}

#[test]
fn keys_are_not_shown() {
    let keys = Signer::ed25519().keys();
    assert_eq!(format!("{keys:?}"), "JwkSet(1 keys)");
}
