//! What verifiers read: the key set and the discovery document.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::rules::claims::ISSUER;
use crate::state::{PublicKey, SigningAlgorithm};

/// The path under which the service publishes its keys.
pub(crate) const JWKS_PATH: &str = "/.well-known/jwks_uri";

/// A JSON Web Key Set (RFC 7517) with every key whose tokens can still be valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Jwks {
    /// The keys, by name.
    pub keys: Vec<Jwk>,
}

/// A public key. Numbers are base64url without padding and without a sign byte (RFC 7518).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Jwk {
    /// `RSA`, `EC` or `OKP`.
    pub kty: &'static str,
    /// `RS512`, `ES256` or `EdDSA`.
    pub alg: &'static str,
    /// `sig`.
    #[serde(rename = "use")]
    pub use_: &'static str,
    /// The name that a token's header gives: the region and a number, `us-east-1-1`.
    pub kid: String,
    /// The curve, for `EC` and `OKP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<&'static str>,
    /// The modulus, for `RSA`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// The exponent, for `RSA`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// The first coordinate, for `EC`; the key, for `OKP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// The second coordinate, for `EC`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
}

impl Jwk {
    pub(crate) fn new(kid: String, algorithm: SigningAlgorithm, public: &PublicKey) -> Self {
        let encode = |bytes: &[u8]| Some(URL_SAFE_NO_PAD.encode(bytes));
        let alg = algorithm.as_str();
        let (kty, crv) = match public {
            PublicKey::Rsa { .. } => ("RSA", None),
            PublicKey::P256(_) => ("EC", Some("P-256")),
            PublicKey::Ed25519(_) => ("OKP", Some("Ed25519")),
        };
        let mut jwk = Self { kty, alg, use_: "sig", kid, crv, n: None, e: None, x: None, y: None };
        match public {
            PublicKey::Rsa { n, e } => (jwk.n, jwk.e) = (encode(n), encode(e)),
            PublicKey::P256(point) => {
                // An uncompressed point is 4, x, y.
                let coordinates = point.get(1..).unwrap_or_default();
                let (x, y) = coordinates.split_at_checked(32).unwrap_or_default();
                (jwk.x, jwk.y) = (encode(x), encode(y));
            }
            PublicKey::Ed25519(key) => jwk.x = encode(key),
        }
        jwk
    }
}

/// The OpenID Connect discovery document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Discovery {
    /// The issuer of every token.
    pub issuer: &'static str,
    /// Where the key set is.
    pub jwks_uri: String,
    /// How tokens are signed.
    pub id_token_signing_alg_values_supported: Vec<&'static str>,
    /// `token`.
    pub response_types_supported: Vec<&'static str>,
    /// `public`: an identity has one id for all.
    pub subject_types_supported: Vec<&'static str>,
}

impl Discovery {
    /// The document of a server whose origin is `base`, such as `http://127.0.0.1:4566`.
    pub(crate) fn new(base: &str, algorithms: Vec<SigningAlgorithm>) -> Self {
        Self {
            issuer: ISSUER,
            jwks_uri: format!("{}{JWKS_PATH}", base.trim_end_matches('/')),
            id_token_signing_alg_values_supported: algorithms
                .into_iter()
                .map(SigningAlgorithm::as_str)
                .collect(),
            response_types_supported: vec!["token"],
            subject_types_supported: vec!["public"],
        }
    }
}
