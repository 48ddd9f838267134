//! The public providers: they sign tokens for their users, and publish their keys.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::login::{JwkSet, OidcVerifier};
use crate::state::SigningAlgorithm;
use crate::testkit::names::{IdToken, Provider, Role, claims, is_boss};
use crate::token::{Jwk, ModulusEncoding, SigningKey};

/// A verifier that believes the public providers of this kit, and nobody else.
///
/// # Panics
///
/// Never: the key set is the one of [`issuer_key_set`].
pub fn login_verifier() -> OidcVerifier {
    Provider::ALL.into_iter().fold(OidcVerifier::new(), |verifier, provider| {
        #[expect(clippy::expect_used, reason = "the key set is this file's own")]
        let keys = JwkSet::from_json(issuer_key_set()).expect("a key set");
        verifier.issuer(provider.name(), keys)
    })
}

/// The key set (RFC 7517) with which all public providers of this kit sign.
pub fn issuer_key_set() -> String {
    let key = Jwk::new(KID.to_owned(), KEY.algorithm(), &KEY.public(), ModulusEncoding::default());
    json!({ "keys": [key] }).to_string()
}

const KID: &str = "testkit";

/// What every token is made at, long ago, in epoch seconds.
const MADE_AT: u64 = 1_700_000_000;
/// What none of them outlives.
const VALID_UNTIL: u64 = 4_000_000_000;

/// PKCS#8 of an Ed25519 key whose secret is in this file, for everybody to read.
static KEY: LazyLock<SigningKey> = LazyLock::new(|| key(7));
static OTHER_KEY: LazyLock<SigningKey> = LazyLock::new(|| key(8));

#[expect(clippy::expect_used, reason = "every 32 bytes are a key")]
fn key(seed: u8) -> SigningKey {
    SigningKey::ed25519([seed; 32]).expect("a key")
}

/// A token of a provider for one of its users.
pub(crate) fn id_token(provider: Provider, subject: u8, kind: IdToken, account: &str) -> String {
    let issuer =
        if kind == IdToken::OfAnotherIssuer { "other.example.com" } else { provider.name() };
    let client = if kind == IdToken::ForAnotherClient { "other" } else { provider.client() };
    let (made_at, ends) = match kind {
        IdToken::Refreshed => (MADE_AT.saturating_add(60), VALID_UNTIL.saturating_add(60)),
        IdToken::Expired => (MADE_AT, MADE_AT.saturating_add(3_600)),
        _ => (MADE_AT, VALID_UNTIL),
    };
    let mut payload = Map::new();
    payload.insert("iss".to_owned(), format!("https://{issuer}").into());
    payload.insert("aud".to_owned(), client.into());
    payload.insert("iat".to_owned(), made_at.into());
    payload.insert("exp".to_owned(), ends.into());
    payload.insert("token_use".to_owned(), "id".into());
    for (name, values) in claims(subject) {
        let value = if let [value] = values.as_slice() { json!(value) } else { json!(values) };
        payload.insert(name.to_owned(), value);
    }
    if is_boss(subject) {
        let role = Role::Boss.arn().replace("$account0", account);
        payload.insert("cognito:roles".to_owned(), json!([role]));
        payload.insert("cognito:preferred_role".to_owned(), role.into());
    }
    if kind == IdToken::WithoutSubject {
        payload.remove("sub");
    }
    let payload = Value::Object(payload);
    match kind {
        IdToken::Garbage => "not-a-token".to_owned(),
        IdToken::Forged => signed(&OTHER_KEY, &payload),
        _ => signed(&KEY, &payload),
    }
}

fn signed(key: &SigningKey, payload: &Value) -> String {
    let header = json!({ "alg": SigningAlgorithm::EdDsa.as_str(), "typ": "JWT", "kid": KID });
    let [header, payload] = [&header, payload].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let message = format!("{header}.{payload}");
    let signature = key.sign_bytes(message.as_bytes()).unwrap_or_default();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
