//! Private keys at rest: AES-256-GCM under a key that HKDF-SHA256 derives from the embedder's
//! secret.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};

use crate::ambient::Entropy;
use crate::constraint::REDACTED;
use crate::error::{Error, Result};
use crate::state::{PrivateKey, SigningAlgorithm};
use crate::token::SigningKey;

/// Seals and opens private keys. Without a secret they are kept as they are.
pub(crate) struct Seal(Option<LessSafeKey>);

impl Seal {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn with_secret(secret: &[u8]) -> Result<Self> {
        let derived = Salt::new(HKDF_SHA256, b"cognate signing key seal");
        let derived = derived.extract(secret);
        let info = [b"v1".as_slice()];
        let key =
            derived.expand(&info, &AES_256_GCM).map(|okm| LessSafeKey::new(UnboundKey::from(okm)));
        key.map(|key| Self(Some(key))).map_err(|_| Error::SigningKey("the secret cannot be used"))
    }

    /// Makes a new key; it is to be kept under the name `kid`, to which the seal binds it.
    pub(crate) fn generate(
        &self,
        algorithm: SigningAlgorithm,
        kid: &str,
        entropy: &dyn Entropy,
    ) -> Result<(SigningKey, PrivateKey)> {
        let mut der = SigningKey::generate(algorithm, entropy)?;
        let key = SigningKey::from_pkcs8(algorithm, &der)?;
        let Some(seal) = &self.0 else { return Ok((key, PrivateKey::Plain(der))) };
        let mut nonce = [0; 12];
        entropy.fill(&mut nonce)?;
        seal.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(kid),
            &mut der,
        )
        .map_err(|_| Error::SigningKey("the key cannot be sealed"))?;
        Ok((key, PrivateKey::Sealed { nonce, sealed: der }))
    }

    /// Reads a kept key; `None` where the embedder has it.
    pub(crate) fn open(
        &self,
        algorithm: SigningAlgorithm,
        kid: &str,
        private: PrivateKey,
    ) -> Result<Option<SigningKey>> {
        let der = match (private, &self.0) {
            (PrivateKey::HandedIn, _) => return Ok(None),
            (PrivateKey::Plain(der), _) => der,
            (PrivateKey::Sealed { .. }, None) => {
                return Err(Error::SigningKey("the key is sealed and no secret was given"));
            }
            (PrivateKey::Sealed { nonce, mut sealed }, Some(seal)) => {
                let nonce = Nonce::assume_unique_for_key(nonce);
                seal.open_in_place(nonce, Aad::from(kid), &mut sealed)
                    .map_err(|_| Error::SigningKey("the key is sealed with another secret"))?
                    .to_vec()
            }
        };
        SigningKey::from_pkcs8(algorithm, &der).map(Some)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = if self.0.is_some() { REDACTED } else { "none" };
        write!(f, "Seal({secret})")
    }
}
