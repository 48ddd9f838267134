//! OpenID tokens: compact JWS, signed and verified by ring.

mod json;
mod jwks;
mod key;
mod low_s;
#[cfg(feature = "rsa-keys")]
mod rsa;
mod seal;
mod verify;
mod web_identity;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::constraint::REDACTED;
use crate::error::Result;

pub use crate::id::TokenIssuer;
pub use crate::rules::claims::{Claims, TokenDuration};
pub use crate::state::SigningAlgorithm;
pub use jwks::{Discovery, Jwk, Jwks, ModulusEncoding};
pub use key::SigningKey;
pub(crate) use seal::Seal;
pub(crate) use verify::{ParsedToken, claims_to_be_ours, verify};
pub use web_identity::WebIdentity;

/// A signed OpenID token in compact form: `HEADER.CLAIMS.SIGNATURE`, each part base64url.
///
/// It is a credential: `Debug` does not show it, and `Display` is not implemented.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OpenIdToken(String);

impl OpenIdToken {
    /// The token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Takes a token that was signed elsewhere, for an output that an embedder builds.
impl From<String> for OpenIdToken {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl fmt::Debug for OpenIdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenIdToken({REDACTED})")
    }
}

/// A signing key with the name that verifiers find it by.
#[derive(Debug)]
pub(crate) struct Signer {
    key: SigningKey,
    /// The encoded header, including the final dot.
    header: String,
}

impl Signer {
    pub(crate) fn new(key: SigningKey, kid: &str) -> Self {
        let header = URL_SAFE_NO_PAD.encode(header(kid, key.algorithm())) + ".";
        Self { key, header }
    }

    pub(crate) fn sign(&self, claims: &Claims) -> Result<OpenIdToken> {
        let json = json::claims_json(claims);
        let mut token = String::with_capacity(
            self.header.len().saturating_add(json.len().saturating_mul(2)).saturating_add(360),
        );
        token.push_str(&self.header);
        URL_SAFE_NO_PAD.encode_string(json, &mut token);
        let signature = self.key.sign_bytes(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(OpenIdToken(token))
    }
}

/// The members are in the service's order. A kid consists of a region and a number, so it needs no
/// escape.
fn header(kid: &str, algorithm: SigningAlgorithm) -> String {
    format!(r#"{{"kid":"{kid}","typ":"JWS","alg":"{}"}}"#, algorithm.as_str())
}
