//! RSA key generation, which ring does not provide. This library has no other use here.
//!
//! Its version 0.10 generates a key in about a second even in an unoptimised build; version 0.9
//! took most of a minute.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use rsa::PrivateKey;
use rsa::pkcs8::EncodePrivateKey;

use crate::ambient::Entropy;
use crate::error::{Error, Result};

/// The same size as the service's keys.
const MODULUS_BITS: usize = 2048;

/// Creates a key, as PKCS#8. The same entropy gives the same key.
pub(super) fn generate(entropy: &dyn Entropy) -> Result<Vec<u8>> {
    let failed = Error::SigningKey("no RSA key could be generated");
    let mut seed = [0; 32];
    entropy.fill(&mut seed)?;
    let mut random = ChaCha20Rng::from_seed(seed);
    let Ok(key) = PrivateKey::new(&mut random, MODULUS_BITS) else { return Err(failed) };
    key.to_pkcs8_der().map(|der| der.as_bytes().to_vec()).map_err(|_| failed)
}
