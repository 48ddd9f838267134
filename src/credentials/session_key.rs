//! The engine's own credentials: all that is known of a session, sealed into its token.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest;
use serde::{Deserialize, Serialize};

use crate::ambient::{Entropy, EntropyError};
use crate::constraint::REDACTED;
use crate::credentials::{Credentials, SecretKey, Session, VerifiedSession};
use crate::name::Arn;

/// The beginning of every session token.
const VERSION: u8 = 1;

/// In front of what is sealed: the version and the number of the key, to which the seal is bound.
const HEAD_LENGTH: usize = 5;

/// No token of ours is longer: 50 principal tags and 10 logins, all of them escaped, fit.
const TOKEN_LENGTH_MAX: usize = 1 << 20;

/// A key under which sessions are sealed with AES-256-GCM.
pub(crate) struct SessionKey(LessSafeKey);

/// A session token, cut into its parts.
pub(crate) struct ParsedSessionToken {
    /// The number of the key that it claims to be sealed with.
    pub(crate) number: u32,
    head: [u8; HEAD_LENGTH],
    nonce: [u8; NONCE_LEN],
    sealed: Vec<u8>,
}

impl ParsedSessionToken {
    /// `None` for what is no session token.
    pub(crate) fn parse(token: &str) -> Option<Self> {
        if token.len() > TOKEN_LENGTH_MAX {
            return None;
        }
        let token = STANDARD.decode(token).ok()?;
        let (head, rest) = token.split_first_chunk::<HEAD_LENGTH>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let [VERSION, number @ ..] = head else { return None };
        let number = u32::from_be_bytes(*number);
        Some(Self { number, head: *head, nonce: *nonce, sealed: sealed.to_vec() })
    }
}

#[derive(Serialize, Deserialize)]
struct Sealed<S> {
    session: S,
    access_key_id: String,
    secret_key: SecretKey,
}

impl SessionKey {
    /// In bytes.
    pub(crate) const LENGTH: usize = 32;

    /// `None` for bytes that are no key.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        UnboundKey::new(&AES_256_GCM, bytes).ok().map(|key| Self(LessSafeKey::new(key)))
    }

    pub(crate) fn issue(
        &self,
        number: u32,
        session: &Session,
        entropy: &dyn Entropy,
    ) -> Result<Credentials, EntropyError> {
        let mut head = [VERSION; HEAD_LENGTH];
        if let Some((_, end)) = head.split_first_mut() {
            end.copy_from_slice(&number.to_be_bytes());
        }
        let (mut id, mut secret, mut nonce) = ([0; 16], [0; 30], [0; NONCE_LEN]);
        entropy.fill(&mut id)?;
        entropy.fill(&mut secret)?;
        entropy.fill(&mut nonce)?;
        let access_key_id = access_key_id(id);
        let secret_key = SecretKey(STANDARD.encode(secret));
        let sealed = Sealed {
            session,
            access_key_id: access_key_id.clone(),
            secret_key: secret_key.clone(),
        };
        // Texts and numbers always encode.
        let mut sealed = serde_json::to_vec(&sealed).unwrap_or_default();
        let nonce_used = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_append_tag(nonce_used, Aad::from(head), &mut sealed)
            .map_err(|_| EntropyError)?;
        let token = STANDARD.encode([head.as_slice(), &nonce, &sealed].concat());
        Ok(Credentials::new(access_key_id, secret_key.0, token, session.expiration))
    }

    /// `None` for what was not sealed with this key.
    pub(crate) fn open(&self, parsed: ParsedSessionToken) -> Option<VerifiedSession> {
        let ParsedSessionToken { head, nonce, mut sealed, .. } = parsed;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened = self.0.open_in_place(nonce, Aad::from(head), &mut sealed).ok()?;
        let Sealed { session, access_key_id, secret_key } = serde_json::from_slice(opened).ok()?;
        Some(VerifiedSession { session, access_key_id, secret_key })
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({REDACTED})")
    }
}

/// `ASIA`, as all temporary keys have, and 16 letters and digits of base32.
fn access_key_id(random: [u8; 16]) -> String {
    "ASIA".chars().chain(random.map(base32)).collect()
}

/// `AROA`, as the ids of all roles have, and 17 letters and digits of base32.
pub(super) fn role_id(role: &Arn) -> String {
    let hash = digest::digest(&digest::SHA256, role.as_str().as_bytes());
    "AROA".chars().chain(hash.as_ref().iter().take(17).map(|byte| base32(*byte))).collect()
}

/// The character for the last five bits.
fn base32(byte: u8) -> char {
    const ALPHABET: [char; 32] = [
        'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R',
        'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', '2', '3', '4', '5', '6', '7',
    ];
    ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or('A')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_a_greatest_length() {
        let token = |length: usize| {
            let mut bytes = vec![0; length];
            bytes[0] = VERSION;
            STANDARD.encode(bytes)
        };
        let longest = token(TOKEN_LENGTH_MAX / 4 * 3);
        assert_eq!(longest.len(), TOKEN_LENGTH_MAX);
        assert!(ParsedSessionToken::parse(&longest).is_some());
        assert!(ParsedSessionToken::parse(&token(TOKEN_LENGTH_MAX / 4 * 3 + 1)).is_none());
    }
}
