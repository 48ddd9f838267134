//! Public keys of an issuer and verification of its signatures.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, UnparsedPublicKey,
    VerificationAlgorithm,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::login::jwt::Jwt;

/// The public keys of an issuer: a JSON Web Key Set (RFC 7517). The issuer's discovery document
/// links to it under `jwks_uri`.
///
/// Keys that cannot verify tokens are left out, as the RFC recommends. These are keys with an
/// unknown `kty` or `crv`, keys for encryption (`use`, `key_ops`, `alg`), incomplete or symmetric
/// keys, and RSA keys with less than 2048 or more than 8192 bits.
///
/// # Example: a key set with one key
///
/// ```
/// use cognate::login::JwkSet;
///
/// let keys = JwkSet::from_json(
///     r#"{"keys": [{
///         "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "2026-01",
///         "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
///     }]}"#,
/// )?;
/// assert_eq!(keys.len(), 1);
/// assert!(JwkSet::from_json("<html>").is_err());
/// # Ok::<(), cognate::login::JwkSetError>(())
/// ```
#[derive(Clone)]
pub struct JwkSet(Vec<Key>);

impl JwkSet {
    /// Reads a key set.
    ///
    /// Numbers are in base64url without padding (RFC 7518). Standard base64 with padding and a
    /// leading zero byte is accepted too, because the service publishes its own keys in that form.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a JSON object with an array `keys`.
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, JwkSetError> {
        // Not a struct, because serde would also read one from an array.
        let document: Result<Map<String, Value>, _> = serde_json::from_slice(json.as_ref());
        match document.map_err(|_| JwkSetError)?.remove("keys") {
            Some(Value::Array(keys)) => {
                let objects = keys.into_iter().filter(Value::is_object);
                Ok(Self(objects.filter_map(Key::parse).collect()))
            }
            _ => Err(JwkSetError),
        }
    }

    /// The number of keys that can verify tokens.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if no key can verify tokens.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns true if the key that the token names has signed it. For a token that names no key,
    /// returns true if any key has signed it.
    ///
    /// The key defines the algorithms that it verifies, never the token alone.
    pub(super) fn has_signed(&self, jwt: &Jwt<'_>) -> bool {
        self.0.iter().any(|key| {
            let named = jwt.kid.is_none() || jwt.kid == key.kid;
            let fits = key.alg.as_ref().is_none_or(|alg| *alg == jwt.alg);
            named && fits && key.public.verifies(&jwt.alg, jwt.signed, &jwt.signature)
        })
    }
}

/// Shows only the number of keys.
impl fmt::Debug for JwkSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwkSet({} keys)", self.len())
    }
}

/// The error for a document that is not a JSON object with an array `keys`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct JwkSetError;

impl fmt::Display for JwkSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a JSON Web Key Set")
    }
}

impl std::error::Error for JwkSetError {}

#[derive(Clone)]
struct Key {
    kid: Option<String>,
    /// The only algorithm of the key, if its issuer names one.
    alg: Option<String>,
    public: Public,
}

/// A key in the form that ring accepts.
#[derive(Clone)]
enum Public {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point.
    P256(Vec<u8>),
    /// An uncompressed point.
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// The members of a key that matter for signatures (RFC 7517 and 7518).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    use_: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Key {
    /// Returns `None` for a key that cannot verify tokens.
    fn parse(jwk: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(jwk).ok()?;
        let signs = jwk.use_.as_ref().is_none_or(|use_| use_ == "sig");
        let verifies = |ops: &Vec<String>| ops.iter().any(|op| op == "verify");
        if !signs || !jwk.key_ops.as_ref().is_none_or(verifies) {
            return None;
        }
        let public = Public::parse(&jwk)?;
        if let Some(alg) = &jwk.alg {
            public.algorithm(alg)?;
        }
        Some(Self { kid: jwk.kid, alg: jwk.alg, public })
    }
}

/// The verification algorithm of a signature.
enum Algorithm {
    Rsa(&'static RsaParameters),
    Curve(&'static dyn VerificationAlgorithm),
}

impl Public {
    fn parse(jwk: &Jwk) -> Option<Self> {
        match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => {
                let (n, e) = (number(jwk.n.as_ref()?)?, number(jwk.e.as_ref()?)?);
                is_modulus(&n).then_some(Self::Rsa { n, e })
            }
            ("EC", Some("P-256")) => point(jwk, 32).map(Self::P256),
            ("EC", Some("P-384")) => point(jwk, 48).map(Self::P384),
            ("OKP", Some("Ed25519")) => coordinate(jwk.x.as_ref(), 32).map(Self::Ed25519),
            _ => None,
        }
    }

    /// The algorithm that verifies `alg` with this key. Returns `None` if the two do not fit.
    fn algorithm(&self, alg: &str) -> Option<Algorithm> {
        Some(match (self, alg) {
            (Self::Rsa { .. }, "RS256") => Algorithm::Rsa(&RSA_PKCS1_2048_8192_SHA256),
            (Self::Rsa { .. }, "RS384") => Algorithm::Rsa(&RSA_PKCS1_2048_8192_SHA384),
            (Self::Rsa { .. }, "RS512") => Algorithm::Rsa(&RSA_PKCS1_2048_8192_SHA512),
            (Self::Rsa { .. }, "PS256") => Algorithm::Rsa(&RSA_PSS_2048_8192_SHA256),
            (Self::Rsa { .. }, "PS384") => Algorithm::Rsa(&RSA_PSS_2048_8192_SHA384),
            (Self::Rsa { .. }, "PS512") => Algorithm::Rsa(&RSA_PSS_2048_8192_SHA512),
            (Self::P256(_), "ES256") => Algorithm::Curve(&ECDSA_P256_SHA256_FIXED),
            (Self::P384(_), "ES384") => Algorithm::Curve(&ECDSA_P384_SHA384_FIXED),
            (Self::Ed25519(_), "EdDSA") => Algorithm::Curve(&ED25519),
            _ => return None,
        })
    }

    fn verifies(&self, alg: &str, signed: &[u8], signature: &[u8]) -> bool {
        match (self, self.algorithm(alg)) {
            (Self::Rsa { n, e }, Some(Algorithm::Rsa(parameters))) => {
                PublicKeyComponents { n, e }.verify(parameters, signed, signature).is_ok()
            }
            (
                Self::P256(key) | Self::P384(key) | Self::Ed25519(key),
                Some(Algorithm::Curve(curve)),
            ) => UnparsedPublicKey::new(curve, key).verify(signed, signature).is_ok(),
            _ => false,
        }
    }
}

/// A number without a leading zero byte.
fn number(text: &String) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).or_else(|_| STANDARD.decode(text)).ok()?;
    let bytes: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    (!bytes.is_empty()).then_some(bytes)
}

/// 2048 to 8192 bits. ring rounds up to whole bytes.
fn is_modulus(n: &[u8]) -> bool {
    match n {
        [first, ..] if n.len() == 256 => first.leading_zeros() == 0,
        _ => (257..=1024).contains(&n.len()),
    }
}

/// A coordinate of full length (RFC 7518, section 6.2.1.2).
fn coordinate(text: Option<&String>, len: usize) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text?).ok()?;
    (bytes.len() == len).then_some(bytes)
}

/// An uncompressed point is the byte 4, then x, then y.
fn point(jwk: &Jwk, len: usize) -> Option<Vec<u8>> {
    let (x, y) = (coordinate(jwk.x.as_ref(), len)?, coordinate(jwk.y.as_ref(), len)?);
    Some([&[4], x.as_slice(), &y].concat())
}

#[cfg(test)]
mod tests;
