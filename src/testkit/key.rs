//! A signing key for tests.

use std::sync::LazyLock;

use crate::state::SigningAlgorithm;
use crate::token::SigningKey;

/// A fixed RSA key that signs with RS512, as the service does. An engine with this key starts
/// without generating one, and its tokens are the same in every run.
///
/// The private half is published with this crate. Use the key for tests and for nothing else.
///
/// # Panics
///
/// Never: the key is part of the crate.
///
/// # Example: an engine for a test
///
/// ```
/// use cognate::{Engine, testkit};
///
/// let engine = Engine::builder().signing_key(testkit::signing_key()).in_memory()?;
/// # Ok::<(), cognate::Error>(())
/// ```
pub fn signing_key() -> SigningKey {
    static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
        #[expect(clippy::expect_used, reason = "the key is this module's own")]
        SigningKey::from_pkcs8(SigningAlgorithm::Rs512, include_bytes!("signing-key.p8"))
            .expect("a key")
    });
    KEY.clone()
}
