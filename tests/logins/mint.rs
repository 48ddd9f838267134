//! Keys, issuers, and tokens of every kind.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cognate::login::{Issuer, JwkSet, OidcVerifier};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use serde_json::{Value, json};

use crate::support::{ED25519, NOON, P256, RSA};

/// The start of every scenario, in seconds.
pub(crate) const NOW: u64 = NOON / 1000;

pub(crate) const GOOGLE: &str = "accounts.google.com";
pub(crate) const USER_POOL: &str = "cognito-idp.us-east-1.amazonaws.com/us-east-1_abc";
pub(crate) const EXAMPLE: &str = "login.example.com/realm";
pub(crate) const EXAMPLE_ARN: &str =
    "arn:aws:iam::123456789012:oidc-provider/login.example.com/realm";

pub(crate) const RSA_OTHER: &[u8] = include_bytes!("../keys/rsa-2048-other.p8");

enum Pair {
    Rsa(RsaKeyPair),
    /// With the name of the curve.
    Ecdsa(EcdsaKeyPair, &'static str),
    Ed25519(Ed25519KeyPair),
}

/// A private key.
pub(crate) struct Key(Pair);

impl Key {
    fn rsa(der: &[u8]) -> Self {
        Self(Pair::Rsa(RsaKeyPair::from_pkcs8(der).expect("a key")))
    }

    fn p256(der: &[u8]) -> Self {
        Self::ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256", der)
    }

    fn p384(der: &[u8]) -> Self {
        Self::ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384", der)
    }

    fn ecdsa(curve: &'static EcdsaSigningAlgorithm, name: &'static str, der: &[u8]) -> Self {
        let pair = EcdsaKeyPair::from_pkcs8(curve, der, &SystemRandom::new());
        Self(Pair::Ecdsa(pair.expect("a key"), name))
    }

    fn ed25519(der: &[u8]) -> Self {
        Self(Pair::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).expect("a key")))
    }

    /// Signs with `alg`. A key of another kind signs with its own algorithm.
    pub(crate) fn sign(&self, alg: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.0 {
            Pair::Rsa(pair) => {
                let encoding: &dyn RsaEncoding = match alg {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    "PS384" => &RSA_PSS_SHA384,
                    "PS512" => &RSA_PSS_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(encoding, &random, message, &mut signature).expect("signed");
                signature
            }
            Pair::Ecdsa(pair, _) => pair.sign(&random, message).expect("signed").as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// The public key in ring's format: a PKCS#1 structure, a point, or 32 bytes.
    pub(crate) fn public(&self) -> &[u8] {
        match &self.0 {
            Pair::Rsa(pair) => pair.public_key().as_ref(),
            Pair::Ecdsa(pair, _) => pair.public_key().as_ref(),
            Pair::Ed25519(pair) => pair.public_key().as_ref(),
        }
    }

    /// The public key in OpenSSL's format: a `SubjectPublicKeyInfo`.
    pub(crate) fn spki(&self) -> Vec<u8> {
        let before: &[u8] = match &self.0 {
            Pair::Rsa(_) => b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x0f\x00",
            Pair::Ecdsa(_, "P-256") => b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00",
            Pair::Ecdsa(..) => b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00",
            Pair::Ed25519(_) => b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00",
        };
        [before, self.public()].concat()
    }

    pub(crate) fn pem(&self) -> String {
        let text = STANDARD.encode(self.spki());
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    /// The public key as a JWK with this `kid`.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        match &self.0 {
            Pair::Rsa(pair) => {
                let PublicKeyComponents::<Vec<u8>> { n, e } = pair.public().into();
                json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": encode(n), "e": encode(e) })
            }
            Pair::Ecdsa(pair, curve) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let (x, y) = (encode(x), encode(y));
                json!({ "kty": "EC", "use": "sig", "kid": kid, "crv": curve, "x": x, "y": y })
            }
            Pair::Ed25519(pair) => {
                let x = encode(pair.public_key());
                json!({ "kty": "OKP", "use": "sig", "kid": kid, "crv": "Ed25519", "x": x })
            }
        }
    }
}

/// Keys that tests share. Those with a number belong to other issuers.
pub(crate) struct Keys {
    pub(crate) rsa: Key,
    pub(crate) rsa_2: Key,
    pub(crate) p256: Key,
    pub(crate) p256_2: Key,
    pub(crate) p384: Key,
    pub(crate) p384_2: Key,
    pub(crate) ed25519: Key,
    pub(crate) ed25519_2: Key,
    /// The first key for P-384 in PKCS#8: no file has one.
    pub(crate) p384_der: Vec<u8>,
    pub(crate) p384_2_der: Vec<u8>,
    pub(crate) p256_2_der: Vec<u8>,
    pub(crate) ed25519_2_der: Vec<u8>,
}

pub(crate) static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let random = SystemRandom::new();
    let ecdsa = |curve| EcdsaKeyPair::generate_pkcs8(curve, &random).expect("a key");
    let [p384_der, p384_2_der, p256_2_der] = [
        &ECDSA_P384_SHA384_FIXED_SIGNING,
        &ECDSA_P384_SHA384_FIXED_SIGNING,
        &ECDSA_P256_SHA256_FIXED_SIGNING,
    ]
    .map(|curve| ecdsa(curve).as_ref().to_vec());
    let ed25519_2_der = Ed25519KeyPair::generate_pkcs8(&random).expect("a key").as_ref().to_vec();
    Keys {
        rsa: Key::rsa(RSA),
        rsa_2: Key::rsa(RSA_OTHER),
        p256: Key::p256(P256),
        p256_2: Key::p256(&p256_2_der),
        p384: Key::p384(&p384_der),
        p384_2: Key::p384(&p384_2_der),
        ed25519: Key::ed25519(ED25519),
        ed25519_2: Key::ed25519(&ed25519_2_der),
        p384_der,
        p384_2_der,
        p256_2_der,
        ed25519_2_der,
    }
});

/// The parts of a token.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) header: Vec<u8>,
    pub(crate) claims: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Parts {
    pub(crate) fn text(&self) -> String {
        [&self.header, &self.claims, &self.signature].map(encode).join(".")
    }

    /// The same token with another signature.
    pub(crate) fn signed_with(&self, signature: impl Into<Vec<u8>>) -> String {
        Self { signature: signature.into(), ..self.clone() }.text()
    }
}

/// A signer of a provider's tokens, with one key and one algorithm.
#[derive(Clone, Copy)]
pub(crate) struct Maker {
    pub(crate) provider: &'static str,
    /// The application that the pool accepts.
    pub(crate) app: &'static str,
    pub(crate) alg: &'static str,
    pub(crate) kid: &'static str,
    pub(crate) key: &'static Key,
    /// A key of the same kind that belongs to somebody else.
    pub(crate) stranger: &'static Key,
    /// The `kid` of another key of the provider.
    pub(crate) kid_other: &'static str,
}

/// One maker for each kind of key and of provider.
pub(crate) fn makers() -> [Maker; 4] {
    let keys = &*KEYS;
    let maker = |provider, app, alg, (kid, key, stranger), kid_other| Maker {
        provider,
        app,
        alg,
        kid,
        key,
        stranger,
        kid_other,
    };
    [
        maker(USER_POOL, "gameclient", "RS256", ("up-1", &keys.rsa, &keys.rsa_2), "up-2"),
        maker(GOOGLE, "42.apps.example", "ES256", ("g-1", &keys.p256, &keys.p256_2), "g-2"),
        maker(EXAMPLE, "gameweb", "ES384", ("ex-1", &keys.p384, &keys.p384_2), "ex-2"),
        maker(EXAMPLE, "gameweb", "EdDSA", ("ex-2", &keys.ed25519, &keys.ed25519_2), "ex-1"),
    ]
}

/// A verifier with the keys of all makers' providers. The keys of the first two name their
/// algorithm.
pub(crate) fn verifier() -> OidcVerifier {
    let keys = &*KEYS;
    let with_alg = |mut jwk: Value, alg: &str| {
        jwk["alg"] = json!(alg);
        jwk
    };
    let user_pool = [with_alg(keys.rsa.jwk("up-1"), "RS256"), keys.p256_2.jwk("up-2")];
    let google = [with_alg(keys.p256.jwk("g-1"), "ES256"), keys.rsa_2.jwk("g-2")];
    let example = [keys.p384.jwk("ex-1"), keys.ed25519.jwk("ex-2")];
    OidcVerifier::new()
        .issuer(USER_POOL, key_set(&user_pool))
        .issuer(GOOGLE, key_set(&google))
        .issuer(EXAMPLE, Issuer::new(key_set(&example)).client_id("gameweb"))
}

pub(crate) fn key_set(keys: &[Value]) -> JwkSet {
    JwkSet::from_json(json!({ "keys": keys }).to_string()).expect("a key set")
}

impl Maker {
    pub(crate) fn header(&self) -> Value {
        json!({ "alg": self.alg, "kid": self.kid, "typ": "JWT" })
    }

    /// The claims of a token for `alice`. The note encodes to every character that differs between
    /// base64url and base64.
    pub(crate) fn claims(&self) -> Value {
        json!({
            "iss": format!("https://{}", self.provider),
            "sub": "alice",
            "aud": self.app,
            "iat": NOW - 60,
            "exp": NOW + 600,
            "note": ">>>>>>?????",
        })
    }

    /// Signs any header and claims with the genuine key.
    pub(crate) fn signed(&self, header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> Parts {
        Self::signed_by(self.key, self.alg, header, claims)
    }

    pub(crate) fn signed_by(
        key: &Key,
        alg: &str,
        header: impl AsRef<[u8]>,
        claims: impl AsRef<[u8]>,
    ) -> Parts {
        let (header, claims) = (header.as_ref().to_vec(), claims.as_ref().to_vec());
        let message = format!("{}.{}", encode(&header), encode(&claims));
        Parts { signature: key.sign(alg, message.as_bytes()), header, claims }
    }

    /// A token with these claims that is valid in every other respect.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.signed(self.header().to_string(), claims.to_string()).text()
    }

    /// A token with the usual claims, except one.
    pub(crate) fn with(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims();
        claims[name] = value;
        self.token(&claims)
    }

    /// A valid token of `alice` whose signature differs between base64url and base64.
    pub(crate) fn genuine(&self) -> Parts {
        let of = |nonce| {
            let mut claims = self.claims();
            claims["nonce"] = json!(nonce);
            self.signed(self.header().to_string(), claims.to_string())
        };
        let mut all = (0..).map(of);
        all.find(|parts| encode(&parts.signature).contains(['-', '_'])).expect("one of them")
    }
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The three HMAC signatures of a message under a secret.
pub(crate) fn hmacs(secret: &[u8], message: &str) -> [(&'static str, Vec<u8>); 3] {
    [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)].map(
        |(alg, digest)| {
            let signature = hmac::sign(&hmac::Key::new(digest, secret), message.as_bytes());
            (alg, signature.as_ref().to_vec())
        },
    )
}
