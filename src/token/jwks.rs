//! Documents for verifiers: the key set and the discovery document.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Serialize;

use crate::id::TokenIssuer;
use crate::state::{PublicKey, SigningAlgorithm};

/// The path of the key set, the same as in the service.
pub(crate) const JWKS_PATH: &str = "/.well-known/jwks_uri";

/// The path of the authorization endpoint. Nothing answers there.
const AUTHORIZATION_PATH: &str = "/authorize";

/// A JSON Web Key Set (RFC 7517). It has every key whose tokens can still be valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Jwks {
    /// The keys, by name.
    pub keys: Vec<Jwk>,
}

/// The encoding of an RSA modulus in the key set.
///
/// # Example: checking that a verifier reads the service's encoding
///
/// ```
/// use cognate::token::ModulusEncoding;
/// use cognate::Engine;
///
/// let engine = Engine::builder().modulus_encoding(ModulusEncoding::Base64).in_memory()?;
/// # drop(engine);
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ModulusEncoding {
    /// Standard base64 with padding, of a signed number: a zero byte precedes the modulus if its
    /// first bit is set. A copy of the service's own key set is written in this form. Many
    /// libraries refuse it.
    Base64,
    /// Base64url without padding and without a sign byte, as RFC 7518, section 6.3.1.1, requires.
    #[default]
    Base64Url,
}

impl ModulusEncoding {
    fn encode(self, modulus: &[u8]) -> String {
        match self {
            Self::Base64Url => URL_SAFE_NO_PAD.encode(modulus),
            Self::Base64 if modulus.first().is_some_and(|first| first.leading_zeros() == 0) => {
                STANDARD.encode([&[0], modulus].concat())
            }
            Self::Base64 => STANDARD.encode(modulus),
        }
    }
}

/// A public key. Numbers are base64url without padding and without a sign byte (RFC 7518), except
/// for `n` under [`ModulusEncoding::Base64`].
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
    /// The name of the key in a token's header: the region and a number, `us-east-1-1`.
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
    pub(crate) fn new(
        kid: String,
        algorithm: SigningAlgorithm,
        public: &PublicKey,
        modulus: ModulusEncoding,
    ) -> Self {
        let encode = |bytes: &[u8]| Some(URL_SAFE_NO_PAD.encode(bytes));
        let alg = algorithm.as_str();
        let (kty, crv) = match public {
            PublicKey::Rsa { .. } => ("RSA", None),
            PublicKey::P256(_) => ("EC", Some("P-256")),
            PublicKey::Ed25519(_) => ("OKP", Some("Ed25519")),
        };
        let mut jwk = Self { kty, alg, use_: "sig", kid, crv, n: None, e: None, x: None, y: None };
        match public {
            PublicKey::Rsa { n, e } => (jwk.n, jwk.e) = (Some(modulus.encode(n)), encode(e)),
            PublicKey::P256(point) => {
                // An uncompressed point is the byte 4, then x, then y.
                let coordinates = point.get(1..).unwrap_or_default();
                let (x, y) = coordinates.split_at_checked(32).unwrap_or_default();
                (jwk.x, jwk.y) = (encode(x), encode(y));
            }
            PublicKey::Ed25519(key) => jwk.x = encode(key),
        }
        jwk
    }
}

/// The discovery document. It has exactly the members that OpenID Connect Discovery 1.0, section 3,
/// requires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Discovery {
    /// The issuer of the tokens that the keys verify. If the regions with pools or keys have
    /// several issuers, or none yet, this is the issuer of the commercial regions. A verifier of
    /// other tokens must be configured with their issuer.
    pub issuer: TokenIssuer,
    /// The URL of a login page, which OpenID Connect requires. The service has no such page,
    /// because tokens come from its operations. Nothing answers there.
    pub authorization_endpoint: String,
    /// The URL of the key set.
    pub jwks_uri: String,
    /// `id_token`: the implicit flow, which needs no token endpoint.
    pub response_types_supported: Vec<&'static str>,
    /// `public`: an identity has the same id for all applications.
    pub subject_types_supported: Vec<&'static str>,
    /// The signing algorithms of the tokens.
    pub id_token_signing_alg_values_supported: Vec<&'static str>,
}

impl Discovery {
    /// The document of a server at the origin `base`, such as `http://127.0.0.1:4566`.
    pub(crate) fn new(
        base: &str,
        issuers: BTreeSet<TokenIssuer>,
        algorithms: Vec<SigningAlgorithm>,
    ) -> Self {
        let base = base.trim_end_matches('/');
        let mut issuers = issuers.into_iter();
        let issuer = match (issuers.next(), issuers.next()) {
            (Some(only), None) => only,
            _ => TokenIssuer::COMMERCIAL,
        };
        Self {
            issuer,
            authorization_endpoint: format!("{base}{AUTHORIZATION_PATH}"),
            jwks_uri: format!("{base}{JWKS_PATH}"),
            response_types_supported: vec!["id_token"],
            subject_types_supported: vec!["public"],
            id_token_signing_alg_values_supported: algorithms
                .into_iter()
                .map(SigningAlgorithm::as_str)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modulus_is_a_signed_number_in_plain_base64() {
        for (modulus, url, plain) in [
            (&[0xff, 0xef, 0xbe][..], "_---", "AP/vvg=="),
            (&[0x7f, 0xef, 0xbe], "f---", "f+++"),
            (&[0x80], "gA", "AIA="),
            (&[], "", ""),
        ] {
            assert_eq!(ModulusEncoding::Base64Url.encode(modulus), url);
            assert_eq!(ModulusEncoding::Base64.encode(modulus), plain);
        }
    }
}
