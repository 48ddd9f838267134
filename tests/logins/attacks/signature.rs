//! Wrong signatures: of other signers, of other texts, and malformed ones.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Attack, ISSUER, SIGNATURE};
use crate::mint::{KEYS, Maker, NOW, Parts, encode, hmacs};

pub(super) fn all(maker: &Maker) -> Vec<Attack> {
    let genuine = maker.genuine();
    let mut all = mangled(maker, &genuine);
    all.extend(changed_claims(&genuine));
    all.extend(keys_of_others(maker));
    all.extend(public_key_as_secret(maker));
    if maker.provider != "accounts.google.com" {
        return all;
    }
    // The key is for ES256 only, even if its curve could verify others.
    let der = genuine.signed_with(der(&genuine.signature));
    all.push(Attack::new("signature: two numbers in DER", der, SIGNATURE));
    all
}

fn mangled(maker: &Maker, genuine: &Parts) -> Vec<Attack> {
    let of = &genuine.signature;
    let flipped = |at: usize, bit: u8| {
        let mut signature = of.clone();
        signature[at] ^= bit;
        signature
    };
    let (length, half) = (of.len(), of.len() / 2);
    let of_part = |part: &[u8]| maker.key.sign(maker.alg, part);
    let digits = of.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let mut rows = vec![
        ("empty", vec![]),
        ("one byte", vec![0]),
        ("zeros", vec![0; length]),
        ("ones", vec![0xff; length]),
        ("the number one", [vec![0; length - 1], vec![1]].concat()),
        ("first bit", flipped(0, 0x80)),
        ("first byte's last bit", flipped(0, 1)),
        ("middle bit", flipped(half, 0x10)),
        ("last bit", flipped(length - 1, 1)),
        ("without its first byte", of[1..].to_vec()),
        ("without its last byte", of[..length - 1].to_vec()),
        ("its first half", of[..half].to_vec()),
        ("its second half", of[half..].to_vec()),
        ("halves swapped", [&of[half..], &of[..half]].concat()),
        ("first half zero", [&vec![0; half], &of[half..]].concat()),
        ("second half zero", [&of[..half], &vec![0; length - half]].concat()),
        ("backwards", of.iter().rev().copied().collect()),
        ("a zero before", [&[0], of.as_slice()].concat()),
        ("a zero behind", [of.as_slice(), &[0]].concat()),
        ("twice", of.repeat(2)),
        ("as text", encode(of).into_bytes()),
        ("as hexadecimal digits", digits.into_bytes()),
        ("of the header alone", of_part(encode(&genuine.header).as_bytes())),
        ("of the claims alone", of_part(encode(&genuine.claims).as_bytes())),
        ("of what is not encoded", of_part(&genuine.claims)),
        ("of nothing", of_part(b"")),
        ("of itself", of_part(of)),
        ("of another token", maker.signed(maker.header().to_string(), "{}").signature),
        ("the public key", maker.key.public().to_vec()),
        (
            "another algorithm of the key",
            maker.key.sign(other_alg(maker), message(genuine).as_bytes()),
        ),
    ];
    if !maker.alg.starts_with("RS") {
        // The other algorithms of this kind exist in name only.
        rows.pop();
    }
    if maker.alg == "EdDSA" {
        rows.push(("the order added", order_added(of)));
    }
    let attack = |(name, signature): (&str, Vec<u8>)| {
        Attack::new(format!("signature: {name}"), genuine.signed_with(signature), SIGNATURE)
    };
    let mut all: Vec<_> = rows.into_iter().map(attack).collect();
    if maker.alg == "RS256" {
        // The key could verify these, but says that it is for RS256 only.
        for alg in ["RS384", "RS512", "PS256", "PS384", "PS512"] {
            let header = json!({ "alg": alg, "kid": maker.kid }).to_string();
            let claims = maker.claims().to_string();
            let token = Maker::signed_by(maker.key, alg, header, claims).text();
            all.push(Attack::new(format!("signature: {alg} by a key for RS256"), token, SIGNATURE));
        }
    }
    all
}

fn other_alg(maker: &Maker) -> &'static str {
    if maker.alg == "RS256" { "PS256" } else { "" }
}

fn message(parts: &Parts) -> String {
    format!("{}.{}", encode(&parts.header), encode(&parts.claims))
}

/// A change of the claims, and the message of its refusal.
type Change = (&'static str, fn(&mut Value), &'static str);

/// A genuine signature under changed claims. Faults that need no key are reported first.
fn changed_claims(genuine: &Parts) -> Vec<Attack> {
    let with = |edit: fn(&mut Value)| {
        let mut claims: Value = serde_json::from_slice(&genuine.claims).expect("JSON");
        edit(&mut claims);
        Parts { claims: claims.to_string().into_bytes(), ..genuine.clone() }.text()
    };
    let rows: [Change; 9] = [
        ("another user", |claims| claims["sub"] = json!("root"), SIGNATURE),
        ("a user of another case", |claims| claims["sub"] = json!("Alice"), SIGNATURE),
        ("a longer life", |claims| claims["exp"] = json!(NOW + 86_400), SIGNATURE),
        ("an end in the past", |claims| claims["exp"] = json!(NOW - 1), SIGNATURE),
        ("a start in the future", |claims| claims["nbf"] = json!(NOW + 86_400), SIGNATURE),
        ("another application", |claims| claims["aud"] = json!("evil"), SIGNATURE),
        ("one more claim", |claims| claims["azp"] = json!("evil"), SIGNATURE),
        ("one claim less", |claims| claims["nonce"] = json!(null), SIGNATURE),
        ("another issuer", |claims| claims["iss"] = json!("https://evil.example"), ISSUER),
    ];
    let attack = |(name, edit, message): Change| {
        Attack::new(format!("claims unsigned: {name}"), with(edit), message)
    };
    let mut all: Vec<_> = rows.into_iter().map(attack).collect();
    let spaced = String::from_utf8(genuine.claims.clone()).expect("text").replace("\":", "\": ");
    let spaced = Parts { claims: spaced.into_bytes(), ..genuine.clone() }.text();
    all.push(Attack::new("claims unsigned: the same with blanks", spaced, SIGNATURE));
    all
}

fn keys_of_others(maker: &Maker) -> Vec<Attack> {
    let claims = maker.claims().to_string();
    let of_stranger = maker.stranger.jwk(maker.kid);
    let x5c = STANDARD.encode(maker.stranger.spki());
    let kid = maker.kid;
    let alg = maker.alg;
    let headers = [
        ("under the right name", maker.header()),
        ("without a name", json!({ "alg": alg })),
        ("under a name of its own", json!({ "alg": alg, "kid": "evil" })),
        ("with the key in the header", json!({ "alg": alg, "kid": kid, "jwk": of_stranger })),
        ("with the key in the header, no name", json!({ "alg": alg, "jwk": of_stranger })),
        (
            "with a set's address",
            json!({ "alg": alg, "kid": kid, "jku": "https://evil.example/k" }),
        ),
        ("with a certificate", json!({ "alg": alg, "kid": kid, "x5c": [x5c] })),
        ("with a certificate's address", json!({ "alg": alg, "x5u": "file:///tmp/k" })),
        ("with a certificate's print", json!({ "alg": alg, "kid": kid, "x5t": "AAAA" })),
    ];
    let by_stranger = |(name, header): (&str, Value)| {
        let token = Maker::signed_by(maker.stranger, alg, header.to_string(), &claims).text();
        Attack::new(format!("a stranger's key, {name}"), token, SIGNATURE)
    };
    let mut all: Vec<_> = headers.into_iter().map(by_stranger).collect();

    // Keys of other kinds, under their own algorithm and under the header's.
    for (own, key) in [
        ("RS256", &KEYS.rsa_2),
        ("ES256", &KEYS.p256_2),
        ("ES384", &KEYS.p384_2),
        ("EdDSA", &KEYS.ed25519_2),
    ] {
        if own == maker.alg {
            continue;
        }
        for said in [own, maker.alg] {
            let header = json!({ "alg": said, "kid": kid }).to_string();
            let token = Maker::signed_by(key, own, header, &claims).text();
            all.push(Attack::new(format!("a stranger's {own} as {said}"), token, SIGNATURE));
        }
    }
    all
}

/// The oldest attack: the public key as a shared secret.
fn public_key_as_secret(maker: &Maker) -> Vec<Attack> {
    let pem = maker.key.pem();
    let jwk = maker.key.jwk(maker.kid);
    let number = jwk.get("n").or(jwk.get("x")).and_then(Value::as_str).expect("a number");
    let mut all = Vec::new();
    for (form, secret) in [
        ("bytes", maker.key.public().to_vec()),
        ("structure", maker.key.spki()),
        ("PEM", pem.clone().into_bytes()),
        ("PEM without its line end", pem.trim_end().to_owned().into_bytes()),
        ("JSON", jwk.to_string().into_bytes()),
        ("number", number.as_bytes().to_vec()),
        ("name", maker.kid.as_bytes().to_vec()),
        ("nothing", vec![]),
    ] {
        for (alg, _) in hmacs(b"", "") {
            let header = json!({ "alg": alg, "kid": maker.kid, "typ": "JWT" }).to_string();
            let message = format!("{}.{}", encode(header), encode(maker.claims().to_string()));
            let of_alg = hmacs(&secret, &message).into_iter().find(|(name, _)| *name == alg);
            let (_, signature) = of_alg.expect("one of them");
            let token = format!("{message}.{}", encode(signature));
            all.push(Attack::new(
                format!("{alg}, the secret is the key's {form}"),
                token,
                SIGNATURE,
            ));
        }
    }
    all
}

/// An Ed25519 signature with the group's order added to its second half.
fn order_added(signature: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut sum = signature.to_vec();
    let mut carry = 0;
    for (digit, order) in sum[32..].iter_mut().zip(ORDER) {
        let total = u16::from(*digit) + u16::from(order) + carry;
        carry = total >> 8;
        *digit = u8::try_from(total & 0xff).expect("a byte");
    }
    sum
}

/// The two halves of an ECDSA signature in OpenSSL's encoding.
pub(crate) fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |half: &[u8]| {
        let digits: Vec<u8> = half.iter().copied().skip_while(|byte| *byte == 0).collect();
        let sign = digits.first().is_some_and(|first| *first > 0x7f);
        let digits = if sign { [vec![0], digits].concat() } else { digits };
        [vec![2, u8::try_from(digits.len()).expect("short")], digits].concat()
    };
    let (r, s) = signature.split_at(signature.len() / 2);
    let numbers = [integer(r), integer(s)].concat();
    [vec![0x30, u8::try_from(numbers.len()).expect("short")], numbers].concat()
}
