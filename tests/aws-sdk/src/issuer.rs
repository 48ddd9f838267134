//! Issuers of ID tokens: a user pool, Google, and an OIDC provider of IAM. Each has its own key,
//! and the server gets the public half when it starts.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use crate::server::Folder;

pub const USER_POOL: &str = "cognito-idp.us-east-1.amazonaws.com/us-east-1_x";
pub const GOOGLE: &str = "accounts.google.com";
pub const OIDC: &str = "login.example.com";
pub const OIDC_ARN: &str = "arn:aws:iam::123456789012:oidc-provider/login.example.com";

const HOUR_SECS: u64 = 3600;

/// The issuers that the server knows.
pub struct Issuers {
    pub user_pool: Issuer,
    pub google: Issuer,
    pub oidc: Issuer,
}

impl Issuers {
    /// Generates the issuers' keys, and writes the key sets for the server.
    pub fn create(folder: &Folder) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            user_pool: Issuer::create(folder, USER_POOL, "7example", "us-east-1_x.json")?,
            google: Issuer::create(folder, GOOGLE, "42.apps.googleusercontent.com", "google.json")?,
            oidc: Issuer::create(folder, OIDC, "game", "example.json")?,
        })
    }

    pub fn all(&self) -> [&Issuer; 3] {
        [&self.user_pool, &self.google, &self.oidc]
    }
}

/// One issuer of ID tokens.
pub struct Issuer {
    /// The issuer without `https://`: the key in a map of logins.
    pub name: &'static str,
    /// The application that its tokens are for.
    pub client: &'static str,
    key: EncodingKey,
    key_set_file: &'static str,
}

impl Issuer {
    fn create(
        folder: &Folder,
        name: &'static str,
        client: &'static str,
        key_set_file: &'static str,
    ) -> Result<Self, Box<dyn Error>> {
        const CURVE: &ring::signature::EcdsaSigningAlgorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;

        let random = SystemRandom::new();
        let secret = EcdsaKeyPair::generate_pkcs8(CURVE, &random).map_err(|_| "no random key")?;
        let pair = EcdsaKeyPair::from_pkcs8(CURVE, secret.as_ref(), &random);
        let pair = pair.map_err(|_| "not a key")?;
        // An uncompressed point is 4, x, y.
        let point = pair.public_key().as_ref();
        let coordinate = |from| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
        let key_set = json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": name,
            "x": coordinate(1), "y": coordinate(33),
        }] });
        fs::write(folder.path().join(key_set_file), key_set.to_string())?;
        Ok(Self { name, client, key: EncodingKey::from_ec_der(secret.as_ref()), key_set_file })
    }

    /// The server option that registers this issuer.
    pub fn option(&self, folder: &Folder) -> OsString {
        let file: PathBuf = folder.path().join(self.key_set_file);
        let mut option = OsString::from(format!("--oidc-jwks={}=", self.name));
        option.push(file);
        option
    }

    /// The claims of a token for a user, valid for an hour from now.
    pub fn claims(&self, user: &str) -> Value {
        let now = now_secs();
        json!({
            "iss": format!("https://{}", self.name),
            "sub": user,
            "aud": self.client,
            "iat": now,
            "exp": now + HOUR_SECS,
        })
    }

    /// A token for a user.
    pub fn token(&self, user: &str) -> Result<String, Box<dyn Error>> {
        self.sign(&self.claims(user))
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> Result<String, Box<dyn Error>> {
        let header = Header { kid: Some(self.name.to_owned()), ..Header::new(Algorithm::ES256) };
        Ok(jsonwebtoken::encode(&header, claims, &self.key)?)
    }
}

/// Seconds since the epoch.
pub fn now_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
