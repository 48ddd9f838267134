//! A key for tokens as it is kept.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::constraint::REDACTED;

/// How tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-512, as the service signs.
    #[default]
    Rs512,
    /// ECDSA with P-256 and SHA-256; about 30 times faster to sign.
    Es256,
    /// Ed25519; about 20 times faster to sign.
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

/// A signing key, with the private half as the store may see it.
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

/// A secret as the store may see it: PKCS#8, or the bytes of a symmetric key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PrivateKey {
    /// In the hands of the embedder.
    HandedIn,
    /// As it is.
    Plain(Vec<u8>),
    /// Sealed with the embedder's secret.
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
