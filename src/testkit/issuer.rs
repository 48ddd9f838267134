//! Public providers, which sign tokens for their users and publish their keys.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::ambient::Timestamp;
use crate::login::{Issuer, JwkSet, LoginError, LoginVerifier, OidcVerifier};
use crate::name::{LoginToken, ProviderName};
use crate::state::{IdentityPool, PublicProvider, SigningAlgorithm, VerifiedLogin};
use crate::testkit::names::{IdToken, Provider, claim_texts, claims, names_boss};
use crate::token::{Jwk, ModulusEncoding, SigningKey};

/// A verifier that accepts only the public providers of this kit.
///
/// # Panics
///
/// Never: it uses the key set of [`issuer_key_set`].
pub fn login_verifier() -> OidcVerifier {
    let verifier = OidcVerifier::new().access_tokens(AccessTokens);
    Provider::ISSUERS.into_iter().fold(verifier, |verifier, provider| {
        #[expect(clippy::expect_used, reason = "the key set is this file's own")]
        let keys = JwkSet::from_json(issuer_key_set()).expect("a key set");
        let clients = provider.clients().iter();
        verifier.issuer(
            provider.issuer(),
            clients.fold(Issuer::new(keys), |issuer, client| issuer.client_id(*client)),
        )
    })
}

/// The provider's part in verifying opaque access tokens.
struct AccessTokens;

impl LoginVerifier for AccessTokens {
    fn verify(
        &self,
        pool: &IdentityPool,
        provider: &ProviderName,
        token: &LoginToken,
        _now: Timestamp,
    ) -> Result<VerifiedLogin, LoginError> {
        let Some(PublicProvider::Supported(app)) = pool.public_provider(provider.as_str()) else {
            return Err(LoginError::WrongAudience);
        };
        let good = IdToken::ALL.into_iter().filter(|kind| kind.is_good());
        let mut holders = (0..=u8::MAX).flat_map(|subject| good.clone().map(move |k| (subject, k)));
        let holder =
            holders.find(|(subject, kind)| access_token(*subject, *kind) == token.as_str());
        let (subject, _) = holder.ok_or(LoginError::Malformed)?;
        let login = VerifiedLogin::assertion(provider, subject.to_string());
        let login = login.map_err(|_| LoginError::Malformed)?.client_id(app.as_str());
        let login = login.claim("aud", app.as_str());
        Ok(claims(subject).into_iter().fold(login, |login, (name, value)| {
            match claim_texts(subject, name).unwrap_or_default().as_slice() {
                [] => login,
                [text] if !value.is_array() => login.claim(name, text.as_str()),
                texts => login.claim(name, texts.to_vec()),
            }
        }))
    }
}

/// The key set (RFC 7517) of all public providers of this kit.
pub fn issuer_key_set() -> String {
    let key = Jwk::new(KID.to_owned(), KEY.algorithm(), &KEY.public(), ModulusEncoding::default());
    json!({ "keys": [key] }).to_string()
}

const KID: &str = "testkit";

/// The issue time of every token, in epoch seconds. It is long ago.
const MADE_AT: u64 = 1_700_000_000;
/// The latest expiry time of a token, in epoch seconds.
const VALID_UNTIL: u64 = 4_000_000_000;

/// PKCS#8 of an Ed25519 key. The secret in this file is public.
static KEY: LazyLock<SigningKey> = LazyLock::new(|| key(7));
static OTHER_KEY: LazyLock<SigningKey> = LazyLock::new(|| key(8));

#[expect(clippy::expect_used, reason = "every 32 bytes are a key")]
fn key(seed: u8) -> SigningKey {
    SigningKey::ed25519([seed; 32]).expect("a key")
}

/// A token of a provider for one of its users. `role` is the role in the token, if any.
pub(crate) fn id_token(provider: Provider, subject: u8, kind: IdToken, role: &str) -> String {
    if provider == Provider::Facebook {
        return access_token(subject, kind);
    }
    let issuer = provider.issuer();
    let issuer = match (kind, issuer.strip_suffix('/')) {
        (IdToken::OfAnotherIssuer, _) => "other.example.com".to_owned(),
        (IdToken::OtherSlash, Some(without)) => without.to_owned(),
        (IdToken::OtherSlash, None) => format!("{issuer}/"),
        (IdToken::TwoSlashes, without) => format!("{}//", without.unwrap_or(issuer)),
        _ => issuer.to_owned(),
    };
    let is_of_another = kind == IdToken::ForAnotherClient;
    let client = if is_of_another { "other" } else { provider.client_of(subject) };
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
    for (name, value) in claims(subject) {
        payload.insert(name.to_owned(), value);
    }
    if names_boss(provider, subject) {
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

/// An access token. Only its provider can read it.
fn access_token(subject: u8, kind: IdToken) -> String {
    format!("access-token-{subject}-{kind:?}")
}

fn signed(key: &SigningKey, payload: &Value) -> String {
    let header = json!({ "alg": SigningAlgorithm::EdDsa.as_str(), "typ": "JWT", "kid": KID });
    let [header, payload] = [&header, payload].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let message = format!("{header}.{payload}");
    let signature = key.sign_bytes(message.as_bytes()).unwrap_or_default();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
