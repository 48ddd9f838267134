//! Encryption of stored private keys: AES-256-GCM with a key that HKDF-SHA256 derives from the
//! embedder's secret.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};

use crate::ambient::Entropy;
use crate::constraint::REDACTED;
use crate::error::{Error, Result};
use crate::state::{PrivateKey, SigningAlgorithm};
use crate::token::SigningKey;

/// Seals and opens private keys. Without a secret they are stored unencrypted.
pub(crate) struct Seal {
    key: Option<LessSafeKey>,
    /// Opens keys that were sealed with the previous secret.
    previous: Option<LessSafeKey>,
}

impl Seal {
    /// # Errors
    ///
    /// Returns [`Error::SigningKey`] for an empty secret.
    pub(crate) fn new(secret: Option<&[u8]>, previous: Option<&[u8]>) -> Result<Self> {
        let key = secret.map(derive).transpose()?;
        Ok(Self { key, previous: previous.map(derive).transpose()? })
    }

    /// Creates a key and seals it. The seal binds it to the name `kid`, under which it must be
    /// stored.
    pub(crate) fn generate(
        &self,
        algorithm: SigningAlgorithm,
        kid: &str,
        entropy: &dyn Entropy,
    ) -> Result<(SigningKey, PrivateKey)> {
        let der = SigningKey::generate(algorithm, entropy)?;
        let key = SigningKey::from_pkcs8(algorithm, &der)?;
        Ok((key, self.seal(kid, der, entropy)?))
    }

    /// Seals a secret and binds it to the name that it will be stored under.
    pub(crate) fn seal(
        &self,
        name: &str,
        mut secret: Vec<u8>,
        entropy: &dyn Entropy,
    ) -> Result<PrivateKey> {
        let Some(seal) = &self.key else { return Ok(PrivateKey::Plain(secret)) };
        let mut nonce = [0; 12];
        entropy.fill(&mut nonce)?;
        seal.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(name),
            &mut secret,
        )
        .map_err(|_| Error::SigningKey("the key cannot be sealed"))?;
        Ok(PrivateKey::Sealed { nonce, sealed: secret })
    }

    /// Reads a stored key. Returns `None` if the embedder holds it.
    pub(crate) fn open(
        &self,
        algorithm: SigningAlgorithm,
        kid: &str,
        private: &PrivateKey,
    ) -> Result<Option<SigningKey>> {
        let der = self.unseal(kid, private)?;
        der.map(|der| SigningKey::from_pkcs8(algorithm, &der)).transpose()
    }

    /// Reads a stored secret. Returns `None` if the embedder holds it.
    pub(crate) fn unseal(&self, name: &str, private: &PrivateKey) -> Result<Option<Vec<u8>>> {
        match private {
            PrivateKey::HandedIn => Ok(None),
            PrivateKey::Plain(secret) => Ok(Some(secret.clone())),
            PrivateKey::Sealed { nonce, sealed } => {
                let mut keys = self.key.iter().chain(&self.previous).peekable();
                if keys.peek().is_none() {
                    return Err(Error::SigningKey("the key is sealed and no secret was given"));
                }
                let opened = keys.find_map(|key| unseal_with(key, name, *nonce, sealed));
                let wrong = Error::SigningKey("the key is sealed with another secret");
                opened.map(Some).ok_or(wrong)
            }
        }
    }

    /// The same secret in the form that is required now. Returns `None` if it already has that
    /// form, or cannot be read.
    pub(crate) fn reseal(
        &self,
        name: &str,
        private: &PrivateKey,
        entropy: &dyn Entropy,
    ) -> Result<Option<PrivateKey>> {
        let secret = match (private, &self.key) {
            (PrivateKey::Plain(secret), Some(_)) => Some(secret.clone()),
            (PrivateKey::HandedIn | PrivateKey::Plain(_), _) => None,
            (PrivateKey::Sealed { nonce, sealed }, key) => {
                let opens = |key| unseal_with(key, name, *nonce, sealed);
                let is_current = key.as_ref().and_then(opens).is_some();
                self.previous.as_ref().filter(|_| !is_current).and_then(opens)
            }
        };
        secret.map(|secret| self.seal(name, secret, entropy)).transpose()
    }
}

fn derive(secret: &[u8]) -> Result<LessSafeKey> {
    if secret.is_empty() {
        return Err(Error::SigningKey("the secret is empty"));
    }
    let derived = Salt::new(HKDF_SHA256, b"cognate signing key seal").extract(secret);
    let info = [b"v1".as_slice()];
    let key = derived.expand(&info, &AES_256_GCM);
    key.map(|key| LessSafeKey::new(UnboundKey::from(key)))
        .map_err(|_| Error::SigningKey("the secret cannot be used"))
}

fn unseal_with(key: &LessSafeKey, name: &str, nonce: [u8; 12], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, mut sealed) = (Nonce::assume_unique_for_key(nonce), sealed.to_vec());
    let secret = key.open_in_place(nonce, Aad::from(name), &mut sealed).ok()?;
    Some(secret.to_vec())
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = if self.key.is_some() { REDACTED } else { "none" };
        write!(f, "Seal({secret})")
    }
}
