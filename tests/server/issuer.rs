//! An issuer of ID tokens, and the file with its key set.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

/// The issuer's name in a map of logins.
pub(crate) const ISSUER: &str = "login.example.com/realm";
pub(crate) const ISSUER_ARN: &str =
    "arn:aws:iam::123456789012:oidc-provider/login.example.com/realm";

/// The expiration of the tokens: the year 2100.
const EXP: u64 = 4_102_444_800;

fn key() -> Ed25519KeyPair {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys/ed25519.p8");
    let key = fs::read(path).expect("a key");
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(&key).expect("a key")
}

/// Writes the key set into a folder, and returns a value for `--oidc-jwks`.
pub(crate) fn write_key_set(folder: &Path) -> String {
    let public = URL_SAFE_NO_PAD.encode(key().public_key());
    let key = json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": "1", "x": public});
    let file = folder.join("keys.json");
    fs::write(&file, json!({"keys": [key]}).to_string()).expect("a file");
    format!("{ISSUER}={}", file.to_str().expect("text"))
}

/// A user's token for an application.
pub(crate) fn token(user: &str, application: &str) -> String {
    let signed = signed_part("EdDSA", user, application);
    let signature = URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The same without a signature.
pub(crate) fn unsigned_token(user: &str, application: &str) -> String {
    format!("{}.", signed_part("none", user, application))
}

fn signed_part(alg: &str, user: &str, application: &str) -> String {
    let claims = json!({
        "iss": format!("https://{ISSUER}"),
        "sub": user,
        "aud": application,
        "exp": EXP,
    });
    let header = json!({"alg": alg, "kid": "1"});
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}", encode(&header), encode(&claims))
}
