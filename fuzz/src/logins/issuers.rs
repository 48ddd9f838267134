//! Issuers, their keys, and the tokens that they have signed.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cognate::Developer;
use cognate::operation::{
    CognitoIdentityProvider, CreateIdentityPoolInput, GuestAccess, IdentityPool,
};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use serde_json::{Map, Value, json};

use crate::scene::{KEY, NOW};

const GOOGLE: &str = "accounts.google.com";
const USER_POOL: &str = "cognito-idp.us-east-1.amazonaws.com/us-east-1_abc";
const OIDC: &str = "id.example.com";
const OIDC_ARN: &str = "arn:aws:iam::123456789012:oidc-provider/id.example.com";

/// The application that every pool accepts.
pub(super) const CLIENT: &str = "game";
pub(super) const SUBJECT: &str = "alice";

/// An issuer, and a pool with it as the only provider.
pub(super) struct Issuer {
    pub(super) name: &'static str,
    pub(super) pool: IdentityPool,
}

impl Issuer {
    pub(super) fn all(aws: &Developer) -> Vec<Self> {
        let input = || CreateIdentityPoolInput::new("game", GuestAccess::Denied);
        let client = USER_POOL.parse().and_then(|name| {
            CLIENT.parse().map(|client| CognitoIdentityProvider::new(name, client))
        });
        let client = client.expect("a user pool");
        let pools = [
            (USER_POOL, input().cognito_identity_providers(client)),
            (GOOGLE, input().supported_login_providers(GOOGLE, CLIENT)),
            (OIDC, input().open_id_connect_provider_arns(OIDC_ARN)),
        ];
        let pools = pools.map(|(name, input)| {
            let pool = aws.create_identity_pool(input).expect("a new pool");
            Self { name, pool }
        });
        pools.into()
    }

    /// Asserts that accepted claims are complete and valid.
    pub(super) fn check(&self, claims: &Map<String, Value>) {
        let url = format!("https://{}", self.name);
        let has_no_scheme = self.name == GOOGLE && claims["iss"] == GOOGLE;
        assert!(claims["iss"] == url || has_no_scheme, "from another issuer: {claims:?}");
        let text = |claim: &str| claims.get(claim).filter(|claim| !claim.is_null());
        let audience = text("azp").unwrap_or(&claims["aud"]);
        let is_client = |one: &Value| one == CLIENT;
        let is_for_us =
            is_client(audience) || audience.as_array().is_some_and(|all| all.iter().any(is_client));
        assert!(is_for_us, "for another application: {claims:?}");
        let now = f64::from(u32::try_from(NOW.as_secs()).expect("before 2106"));
        assert!(claims["exp"].as_f64().is_some_and(|exp| exp >= now + 1.0), "expired: {claims:?}");
        for claim in ["nbf", "iat"].into_iter().filter_map(text) {
            assert!(claim.as_f64().is_some_and(|begin| begin < now + 301.0), "early: {claims:?}");
        }
    }
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A key that all issuers share.
pub(super) struct Signer {
    alg: &'static str,
    pair: Pair,
}

impl Signer {
    /// The index of the fastest signer.
    pub(super) const FASTEST: usize = 2;

    pub(super) fn all() -> Vec<Self> {
        let rsa = RsaKeyPair::from_pkcs8(include_bytes!("../../../tests/keys/rsa-2048.p8"));
        let p256 = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            include_bytes!("../../../tests/keys/p-256.p8"),
            &SystemRandom::new(),
        );
        let ed25519 = Ed25519KeyPair::from_pkcs8_maybe_unchecked(KEY);
        vec![
            Self { alg: "RS256", pair: Pair::Rsa(rsa.expect("a key of the tests")) },
            Self { alg: "ES256", pair: Pair::P256(p256.expect("a key of the tests")) },
            Self { alg: "EdDSA", pair: Pair::Ed25519(ed25519.expect("a key of the tests")) },
        ]
    }

    pub(super) fn is_malleable(&self) -> bool {
        matches!(self.pair, Pair::P256(_))
    }

    pub(super) fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rsa(pair) => {
                let PublicKeyComponents::<Vec<u8>> { n, e } = pair.public().into();
                json!({ "kty": "RSA", "n": encode(n), "e": encode(e) })
            }
            Pair::P256(pair) => {
                // An uncompressed point is 4, x, y.
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) })
            }
            Pair::Ed25519(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key()) })
            }
        };
        jwk["kid"] = self.alg.into();
        jwk
    }

    /// Whether a member of a key set is the signer's public key, in any encoding.
    pub(super) fn is_public_key(&self, key: &Value) -> bool {
        let own = self.jwk();
        let names: &[&str] = if own["kty"] == "RSA" { &["n", "e"] } else { &["x", "y"] };
        names.iter().all(|name| number(&own[name]) == number(&key[name]) || own[name].is_null())
    }

    pub(super) fn header(&self) -> Vec<u8> {
        json!({ "alg": self.alg, "kid": self.alg }).to_string().into_bytes()
    }

    /// A token with a header and claims exactly as given.
    pub(super) fn sign(&self, header: &[u8], claims: &[u8]) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        let (message, random) = (signed.as_bytes(), SystemRandom::new());
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("signs");
                encode(signature)
            }
            Pair::P256(pair) => encode(pair.sign(&random, message).expect("signs")),
            Pair::Ed25519(pair) => encode(pair.sign(message)),
        };
        signed + "." + &signature
    }
}

/// A genuine token.
pub(super) struct Token {
    pub(super) text: String,
    pub(super) signer: usize,
    /// The issuer whose pool accepts it.
    pub(super) is_for: Option<usize>,
}

impl Token {
    /// For each issuer and key, a token for the application, and two that no pool accepts: one for
    /// another application, and an expired one.
    pub(super) fn all(issuers: &[Issuer], signers: &[Signer]) -> Vec<Self> {
        let mut tokens = Vec::new();
        for (place, issuer) in issuers.iter().enumerate() {
            for (number, signer) in signers.iter().enumerate() {
                let mut add = |client: &str, exp: u64, is_for: Option<usize>| {
                    let claims = json!({
                        "iss": format!("https://{}", issuer.name),
                        "sub": SUBJECT,
                        "aud": client,
                        "iat": NOW.as_secs(),
                        "exp": exp,
                    });
                    let text = signer.sign(&signer.header(), claims.to_string().as_bytes());
                    tokens.push(Self { text, signer: number, is_for });
                };
                let later = NOW.as_secs() + 1;
                add(CLIENT, later, Some(place));
                add("other", later, None);
                add(CLIENT, NOW.as_secs(), None);
            }
        }
        tokens
    }
}

/// A JSON Web Key Set.
pub(super) fn key_set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn number(text: &Value) -> Option<Vec<u8>> {
    let text = text.as_str()?;
    let bytes = URL_SAFE_NO_PAD.decode(text).or_else(|_| STANDARD.decode(text)).ok()?;
    Some(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}
