//! Shared test helpers: tokens of all kinds, and a pool that accepts their issuers.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use serde_json::{Value, json};

use crate::ambient::Timestamp;
use crate::login::{JwkSet, LoginError, LoginVerifier, OidcVerifier};
use crate::name::LoginToken;
use crate::state::{CognitoIdentityProvider, IdentityPool, VerifiedLogin};

pub(super) const NOW_SECS: u64 = 1_700_000_000;

pub(super) const GOOGLE: &str = "accounts.google.com";
pub(super) const GOOGLE_APP: &str = "42.apps.googleusercontent.com";
pub(super) const USER_POOL: &str = "cognito-idp.us-east-1.amazonaws.com/us-east-1_abc";
pub(super) const ISSUER: &str = "login.example.com/realm";
pub(super) const ISSUER_ARN: &str =
    "arn:aws:iam::123456789012:oidc-provider/login.example.com/realm";
pub(super) const SAML_ARN: &str = "arn:aws:iam::123456789012:saml-provider/office";

/// A pool with a provider of each kind. Its user pool has two clients. The second one requires a
/// server-side token check.
pub(super) fn pool() -> IdentityPool {
    let client =
        |id: &str| CognitoIdentityProvider::new(USER_POOL.parse().unwrap(), id.parse().unwrap());
    let supported = [
        (GOOGLE, GOOGLE_APP),
        ("graph.facebook.com", "7346241598935552"),
        ("www.amazon.com", "amzn1.application.1"),
        ("api.twitter.com", "key;secret"),
        ("www.digits.com", "digits"),
    ];
    let supported = supported.map(|(name, app)| (name.parse().unwrap(), app.parse().unwrap()));
    IdentityPool {
        identity_pool_id: "us-east-1:00000000-0000-4000-8000-000000000000".parse().unwrap(),
        identity_pool_name: "game".parse().unwrap(),
        allow_unauthenticated_identities: false,
        allow_classic_flow: None,
        supported_login_providers: supported.into(),
        developer_provider_name: None,
        open_id_connect_provider_arns: vec![ISSUER_ARN.parse().unwrap()],
        cognito_identity_providers: vec![
            client("first"),
            client("second").server_side_token_check(true),
        ],
        saml_provider_arns: vec![SAML_ARN.parse().unwrap()],
        identity_pool_tags: [].into(),
    }
}

/// The result of `verifier` for a token that is presented to that pool.
pub(super) fn present(
    verifier: &impl LoginVerifier,
    provider: &str,
    token: &str,
) -> Result<VerifiedLogin, LoginError> {
    let now = Timestamp::from_millis(NOW_SECS * 1000 + 999);
    let token: LoginToken = token.parse().expect("fits its shape");
    verifier.verify(&pool(), &provider.parse().unwrap(), &token, now)
}

/// The claims of a token that is accepted under `provider`.
pub(super) fn claims(provider: &str) -> Value {
    let audience = match provider {
        GOOGLE => GOOGLE_APP,
        USER_POOL => "first",
        _ => "anything",
    };
    json!({
        "iss": format!("https://{provider}"),
        "sub": "alice",
        "aud": audience,
        "iat": NOW_SECS,
        "exp": NOW_SECS + 1,
    })
}

/// Header and claims, without a signature.
pub(super) fn unsigned(header: &Value, claims: &Value) -> String {
    encode(header.to_string()) + "." + &encode(claims.to_string())
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

enum Pair {
    Rsa(&'static RsaKeyPair, &'static dyn RsaEncoding),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Signs with one algorithm.
pub(super) struct Signer {
    pub(super) alg: &'static str,
    pair: Pair,
}

impl Signer {
    /// One signer for every algorithm. The ones for RSA share their key.
    pub(super) fn all() -> Vec<Self> {
        let rsa: [(_, &dyn RsaEncoding); 6] = [
            ("RS256", &RSA_PKCS1_SHA256),
            ("RS384", &RSA_PKCS1_SHA384),
            ("RS512", &RSA_PKCS1_SHA512),
            ("PS256", &RSA_PSS_SHA256),
            ("PS384", &RSA_PSS_SHA384),
            ("PS512", &RSA_PSS_SHA512),
        ];
        let random = SystemRandom::new();
        let p256 = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            include_bytes!("../../tests/keys/p-256.p8"),
            &random,
        );
        let p384 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random).unwrap();
        let p384 =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, p384.as_ref(), &random);
        let mut all: Vec<_> = rsa.map(|(alg, encoding)| Self::rsa(alg, encoding)).into();
        all.push(Self { alg: "ES256", pair: Pair::Ecdsa(p256.unwrap()) });
        all.push(Self { alg: "ES384", pair: Pair::Ecdsa(p384.unwrap()) });
        all.push(Self::ed25519());
        all
    }

    fn rsa(alg: &'static str, encoding: &'static dyn RsaEncoding) -> Self {
        static PAIR: LazyLock<RsaKeyPair> = LazyLock::new(|| {
            RsaKeyPair::from_pkcs8(include_bytes!("../../tests/keys/rsa-2048.p8")).unwrap()
        });
        Self { alg, pair: Pair::Rsa(&PAIR, encoding) }
    }

    /// The fastest signer, always with the same key.
    pub(super) fn ed25519() -> Self {
        let der = include_bytes!("../../tests/keys/ed25519.p8");
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).unwrap();
        Self { alg: "EdDSA", pair: Pair::Ed25519(pair) }
    }

    /// The public key, without a name and without an algorithm.
    pub(super) fn jwk(&self) -> Value {
        match &self.pair {
            Pair::Rsa(pair, _) => {
                let PublicKeyComponents::<Vec<u8>> { n, e } = pair.public().into();
                json!({ "kty": "RSA", "n": encode(n), "e": encode(e) })
            }
            Pair::Ecdsa(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(match self.alg {
                    "ES256" => 32,
                    _ => 48,
                });
                let crv = if self.alg == "ES256" { "P-256" } else { "P-384" };
                json!({ "kty": "EC", "crv": crv, "x": encode(x), "y": encode(y) })
            }
            Pair::Ed25519(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key()) })
            }
        }
    }

    pub(super) fn keys(&self) -> JwkSet {
        key_set(&[self.jwk()])
    }

    /// A token with a custom header.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let (message, random) = (signed.as_bytes(), SystemRandom::new());
        let signature = match &self.pair {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).unwrap();
                encode(signature)
            }
            Pair::Ecdsa(pair) => encode(pair.sign(&random, message).unwrap()),
            Pair::Ed25519(pair) => encode(pair.sign(message)),
        };
        signed + "." + &signature
    }

    pub(super) fn token(&self, claims: &Value) -> String {
        self.sign(&json!({ "alg": self.alg }), claims)
    }
}

pub(super) fn key_set(keys: &[Value]) -> JwkSet {
    JwkSet::from_json(json!({ "keys": keys }).to_string()).expect("a key set")
}

/// A verifier with the keys of every issuer of the pool.
pub(super) fn verifier() -> OidcVerifier {
    let keys = Signer::ed25519().keys();
    let issuers = [GOOGLE, ISSUER, USER_POOL];
    issuers.into_iter().fold(OidcVerifier::new(), |v, name| v.issuer(name, keys.clone()))
}

pub(super) fn verify(provider: &str, claims: &Value) -> Result<VerifiedLogin, LoginError> {
    present(&verifier(), provider, &Signer::ed25519().token(claims))
}

/// The claims of an accepted token, with one of them replaced.
pub(super) fn with(provider: &str, name: &str, value: Value) -> Value {
    let mut claims = claims(provider);
    claims[name] = value;
    claims
}

/// The claims of an accepted token, without one of them.
pub(super) fn without(provider: &str, name: &str) -> Value {
    let mut claims = claims(provider);
    claims.as_object_mut().expect("claims").remove(name);
    claims
}

pub(super) fn refused(provider: &str, claims: &Value) -> Option<LoginError> {
    verify(provider, claims).err()
}
