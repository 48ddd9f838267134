//! Signing keys as the store holds them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::constraint::REDACTED;

/// The algorithm that signs tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-512, as in the service.
    #[default]
    Rs512,
    /// ECDSA with P-256 and SHA-256. Signs about 30 times faster.
    Es256,
    /// Ed25519. Signs about 20 times faster.
    EdDsa,
}

impl SigningAlgorithm {
    /// The name in a token's header: `RS512`, `ES256`, `EdDSA`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs512 => "RS512",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// A signing key. The private half is in the form that the store may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredKey {
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) public: PublicKey,
    pub(crate) private: PrivateKey,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PublicKey {
    /// Modulus and exponent, big-endian.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// The uncompressed point, 65 bytes.
    P256(Vec<u8>),
    /// 32 bytes.
    Ed25519(Vec<u8>),
}

/// A secret in the form that the store may see: PKCS#8, or the bytes of a symmetric key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PrivateKey {
    /// Not stored, because the embedder holds it.
    HandedIn,
    /// Unencrypted.
    Plain(Vec<u8>),
    /// Encrypted with the embedder's secret.
    Sealed { nonce: [u8; 12], sealed: Vec<u8> },
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HandedIn => f.write_str("HandedIn"),
            Self::Plain(_) => write!(f, "Plain({REDACTED})"),
            Self::Sealed { .. } => write!(f, "Sealed({REDACTED})"),
        }
    }
}
