//! Keys that sign tokens.

use std::fmt;
use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA512,
    RsaKeyPair,
};

use crate::ambient::{Entropy, EntropyError};
use crate::error::{Error, Result};
use crate::state::{PublicKey, SigningAlgorithm};
use crate::token::low_s;

/// A private key for tokens.
///
/// The engine creates one key for each region and keeps it in its store. Supply a key to keep it
/// elsewhere.
///
/// # Example: a key that the store never sees
///
/// ```no_run
/// use cognate::token::{SigningAlgorithm, SigningKey};
/// use cognate::Engine;
///
/// let der = std::fs::read("signing-key.p8").expect("a PKCS#8 file");
/// let key = SigningKey::from_pkcs8(SigningAlgorithm::Rs512, &der)?;
/// let engine = Engine::builder().signing_key(key).open("identities.db")?;
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    pair: Arc<Pair>,
    random: SystemRandom,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

const MALFORMED: Error = Error::SigningKey("not a PKCS#8 key of this algorithm");

impl SigningKey {
    /// Reads an unencrypted key from PKCS#8 in DER: RSA with 2048 to 4096 bits, P-256 or Ed25519.
    ///
    /// # Errors
    ///
    /// Returns [`Error::SigningKey`] for anything else.
    pub fn from_pkcs8(algorithm: SigningAlgorithm, der: &[u8]) -> Result<Self> {
        let random = SystemRandom::new();
        let pair = match algorithm {
            SigningAlgorithm::Rs512 => {
                Pair::Rsa(RsaKeyPair::from_pkcs8(der).map_err(|_| MALFORMED)?)
            }
            SigningAlgorithm::Es256 => {
                let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
                Pair::P256(EcdsaKeyPair::from_pkcs8(signing, der, &random).map_err(|_| MALFORMED)?)
            }
            SigningAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der);
                Pair::Ed25519(pair.map_err(|_| MALFORMED)?)
            }
        };
        Ok(Self { pair: Arc::new(pair), random })
    }

    /// Creates a key, as PKCS#8.
    pub(super) fn generate(algorithm: SigningAlgorithm, entropy: &dyn Entropy) -> Result<Vec<u8>> {
        match algorithm {
            #[cfg(feature = "rsa-keys")]
            SigningAlgorithm::Rs512 => super::rsa::generate(entropy),
            #[cfg(not(feature = "rsa-keys"))]
            SigningAlgorithm::Rs512 => Err(Error::SigningKey(
                "without the feature `rsa-keys` an RSA key has to be handed in",
            )),
            SigningAlgorithm::Es256 => {
                let (signing, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
                let der = EcdsaKeyPair::generate_pkcs8(signing, &random);
                Ok(der.map_err(|_| Error::Entropy(EntropyError))?.as_ref().to_vec())
            }
            SigningAlgorithm::EdDsa => {
                let mut seed = [0; 32];
                entropy.fill(&mut seed)?;
                Ok([ED25519_PKCS8_HEAD.as_slice(), &seed].concat())
            }
        }
    }

    /// The Ed25519 key with these secret bytes.
    #[cfg(feature = "testkit")]
    pub(crate) fn ed25519(seed: [u8; 32]) -> Result<Self> {
        let der = [ED25519_PKCS8_HEAD.as_slice(), &seed].concat();
        Self::from_pkcs8(SigningAlgorithm::EdDsa, &der)
    }

    /// The algorithm of the key.
    pub fn algorithm(&self) -> SigningAlgorithm {
        match &*self.pair {
            Pair::Rsa(_) => SigningAlgorithm::Rs512,
            Pair::P256(_) => SigningAlgorithm::Es256,
            Pair::Ed25519(_) => SigningAlgorithm::EdDsa,
        }
    }

    pub(crate) fn public(&self) -> PublicKey {
        match &*self.pair {
            Pair::Rsa(pair) => {
                let PublicKeyComponents { n, e } = PublicKeyComponents::from(pair.public());
                PublicKey::Rsa { n, e }
            }
            Pair::P256(pair) => PublicKey::P256(pair.public_key().as_ref().to_vec()),
            Pair::Ed25519(pair) => PublicKey::Ed25519(pair.public_key().as_ref().to_vec()),
        }
    }

    pub(crate) fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>> {
        let failed = |_| Error::SigningKey("the signature failed");
        match &*self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA512, &self.random, message, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
            Pair::P256(pair) => {
                let signature = pair.sign(&self.random, message).map_err(failed)?;
                let mut signature = signature.as_ref().to_vec();
                low_s::lower(&mut signature);
                Ok(signature)
            }
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.algorithm().as_str())
    }
}

/// The bytes before the 32 bytes of an Ed25519 key in PKCS#8 (RFC 8410, section 7).
const ED25519_PKCS8_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
