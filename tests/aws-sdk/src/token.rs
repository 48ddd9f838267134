//! Verifies a token as an application would: with a JOSE library and the published keys.

use std::error::Error;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

const ISSUER: &str = "https://cognito-identity.amazonaws.com";

/// The claims of a token whose signature, issuer, audience and expiry were verified.
#[derive(Debug)]
pub struct Verified {
    pub claims: Value,
}

impl Verified {
    /// The validity of the token in seconds, from `iat` to `exp`.
    pub fn duration_secs(&self) -> Option<i64> {
        Some(self.claims.get("exp")?.as_i64()? - self.claims.get("iat")?.as_i64()?)
    }

    /// The claims that do not depend on the time of day.
    pub fn timeless_claims(&self) -> Value {
        let mut claims = self.claims.clone();
        if let Some(claims) = claims.as_object_mut() {
            claims.remove("exp");
            claims.remove("iat");
        }
        claims
    }
}

/// Verifies a token of `pool` against the published key that its header names.
pub fn verify(token: &str, keys: &JwkSet, pool: &str) -> Result<Verified, Box<dyn Error>> {
    let header = jsonwebtoken::decode_header(token)?;
    let key_id = header.kid.as_deref().ok_or("the token names no key")?;
    let key = keys.find(key_id).ok_or("the token's key is not published")?;
    let mut validation = Validation::new(Algorithm::RS512);
    validation.leeway = 0;
    validation.set_audience(&[pool]);
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
    let decoded = jsonwebtoken::decode(token, &DecodingKey::from_jwk(key)?, &validation)?;
    Ok(Verified { claims: decoded.claims })
}

/// The header and claims of one token with the signature of another. Every verifier must refuse it.
pub fn spliced(claims_of: &str, signature_of: &str) -> Option<String> {
    let (signed, _) = claims_of.rsplit_once('.')?;
    let (_, signature) = signature_of.rsplit_once('.')?;
    Some(format!("{signed}.{signature}"))
}
