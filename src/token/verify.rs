//! Verification of presented tokens. It refuses any token this engine would not have issued, byte
//! for byte.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey,
};
use serde::Deserialize;

use crate::id::{IdentityId, IdentityPoolId, TokenIssuer};
use crate::name::{PrincipalTagKey, PrincipalTagValue};
use crate::rules::Refusal;
use crate::rules::claims::Claims;
use crate::state::{PublicKey, StoredKey};
use crate::token::json::claims_json;
use crate::token::{header, low_s};

/// The maximum length of a token. 50 principal tags and 10 logins fit, even if every character is
/// escaped.
const LENGTH_MAX: usize = 1 << 20;

/// A token, split into its parts.
#[derive(Debug)]
pub(crate) struct ParsedToken<'a> {
    /// The name of the key in the header. It is not verified yet.
    pub(crate) kid: String,
    header: Vec<u8>,
    claims: Vec<u8>,
    signature: Vec<u8>,
    signed: &'a [u8],
}

#[derive(Deserialize)]
struct Header {
    kid: String,
}

impl<'a> ParsedToken<'a> {
    pub(crate) fn parse(token: &'a str) -> Option<Self> {
        if token.len() > LENGTH_MAX {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let header = decode(header)?;
        let Header { kid } = serde_json::from_slice(&header).ok()?;
        let (claims, signature) = (decode(claims)?, decode(signature)?);
        Some(Self { kid, header, claims, signature, signed: signed.as_bytes() })
    }
}

/// Returns true if a text is a token that names this service as its issuer, in any region. The
/// token need not be genuine.
pub(crate) fn claims_to_be_ours(token: &str) -> bool {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }

    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let claims = URL_SAFE_NO_PAD.decode(claims).ok();
    let issuer = claims.and_then(|claims| serde_json::from_slice::<Issuer>(&claims).ok());
    issuer.is_some_and(|issuer| TokenIssuer::is_issuer(&issuer.iss))
}

/// The claims of a token that `key` has signed and that has not expired at `now`, in epoch seconds.
pub(crate) fn verify(
    parsed: &ParsedToken<'_>,
    key: &StoredKey,
    now: u64,
) -> Result<Claims, Refusal> {
    // The key defines the algorithm, and the header must match it byte for byte.
    if parsed.header != header(&parsed.kid, key.algorithm).into_bytes() {
        return Err(Refusal::TokenForeign);
    }
    if !is_signed(parsed, &key.public) {
        return Err(Refusal::TokenForeign);
    }
    let claims = read(&parsed.claims).ok_or(Refusal::TokenForeign)?;
    let exp = claims.expires_at();
    if now >= exp {
        return Err(Refusal::TokenExpired { now, exp });
    }
    Ok(claims)
}

fn is_signed(parsed: &ParsedToken<'_>, key: &PublicKey) -> bool {
    let ParsedToken { signature, signed, .. } = parsed;
    match key {
        PublicKey::Rsa { n, e } => PublicKeyComponents { n, e }
            .verify(&RSA_PKCS1_2048_8192_SHA512, signed, signature)
            .is_ok(),
        PublicKey::P256(point) => {
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
            low_s::is_low(signature) && key.verify(signed, signature).is_ok()
        }
        PublicKey::Ed25519(key) => {
            UnparsedPublicKey::new(&ED25519, key).verify(signed, signature).is_ok()
        }
    }
}

#[derive(Deserialize)]
struct SignedClaims {
    sub: IdentityId,
    aud: IdentityPoolId,
    amr: Vec<String>,
    #[serde(rename = "https://aws.amazon.com/tags")]
    tags: Option<Tags>,
    iss: String,
    #[serde(rename = "https://cognito-identity.amazonaws.com/identity-pool-arn")]
    pool_arn: Option<String>,
    exp: u64,
    iat: u64,
}

#[derive(Deserialize)]
struct Tags {
    principal_tags: BTreeMap<PrincipalTagKey, [PrincipalTagValue; 1]>,
}

/// The signed bytes must equal the ones that this engine writes for the same claims.
fn read(json: &[u8]) -> Option<Claims> {
    let signed: SignedClaims = serde_json::from_slice(json).ok()?;
    let issuer = signed.aud.region().ok()?.token_issuer();
    if signed.iss != issuer.as_str() {
        return None;
    }
    let tags = signed.tags.map(|tags| tags.principal_tags).unwrap_or_default();
    let tags = tags.into_iter().map(|(key, [value])| (key, value)).collect();
    let claims = Claims::verified(
        issuer,
        (signed.sub, signed.aud),
        signed.amr,
        tags,
        signed.pool_arn,
        (signed.iat, signed.exp),
    );
    (claims_json(&claims).as_bytes() == json).then_some(claims)
}
