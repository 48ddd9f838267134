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
        let der = SigningKey::generate(algorithm, entropy)?;
        let key = SigningKey::from_pkcs8(algorithm, &der)?;
        Ok((key, self.seal(kid, der, entropy)?))
    }

    /// Seals a secret that is to be kept under a name.
    pub(crate) fn seal(
        &self,
        name: &str,
        mut secret: Vec<u8>,
        entropy: &dyn Entropy,
    ) -> Result<PrivateKey> {
        let Some(seal) = &self.0 else { return Ok(PrivateKey::Plain(secret)) };
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

    /// Reads a kept key; `None` where the embedder has it.
    pub(crate) fn open(
        &self,
        algorithm: SigningAlgorithm,
        kid: &str,
        private: PrivateKey,
    ) -> Result<Option<SigningKey>> {
        let der = self.unseal(kid, private)?;
        der.map(|der| SigningKey::from_pkcs8(algorithm, &der)).transpose()
    }

    /// Reads a kept secret; `None` where the embedder has it.
    pub(crate) fn unseal(&self, name: &str, private: PrivateKey) -> Result<Option<Vec<u8>>> {
        match (private, &self.0) {
            (PrivateKey::HandedIn, _) => Ok(None),
            (PrivateKey::Plain(secret), _) => Ok(Some(secret)),
            (PrivateKey::Sealed { .. }, None) => {
                Err(Error::SigningKey("the key is sealed and no secret was given"))
            }
            (PrivateKey::Sealed { nonce, mut sealed }, Some(seal)) => {
                let nonce = Nonce::assume_unique_for_key(nonce);
                seal.open_in_place(nonce, Aad::from(name), &mut sealed)
                    .map(|secret| Some(secret.to_vec()))
                    .map_err(|_| Error::SigningKey("the key is sealed with another secret"))
            }
        }
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = if self.0.is_some() { REDACTED } else { "none" };
        write!(f, "Seal({secret})")
    }
}
