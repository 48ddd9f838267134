//! RSA key generation, which ring does not offer. Nothing else uses this library.
//!
//! Version 0.10 of it generates a key in about a second even in an unoptimised build; version 0.9
//! took most of a minute.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use rsa::PrivateKey;
use rsa::pkcs8::EncodePrivateKey;

use crate::ambient::Entropy;
use crate::error::{Error, Result};

/// The size of the service's keys.
const MODULUS_BITS: usize = 2048;

/// Generates a key in PKCS#8. The same entropy makes the same key.
pub(super) fn generate(entropy: &dyn Entropy) -> Result<Vec<u8>> {
    let failed = Error::SigningKey("no RSA key could be generated");
    let mut seed = [0; 32];
    entropy.fill(&mut seed)?;
    let mut random = ChaCha20Rng::from_seed(seed);
    let Ok(key) = PrivateKey::new(&mut random, MODULUS_BITS) else { return Err(failed) };
    key.to_pkcs8_der().map(|der| der.as_bytes().to_vec()).map_err(|_| failed)
}
