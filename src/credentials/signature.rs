//! The cryptography of AWS Signature Version 4.

use ring::{digest, hmac};

use crate::credentials::SecretKey;

/// The SHA-256 hash in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];

    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or('0');
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect()
}

/// Whether `signature` is that of `text` under the secret key, for a credential scope: the date,
/// the region, the service and the terminator. Takes the same time for every signature of the right
/// length.
pub(crate) fn is_signature(
    secret: &SecretKey,
    scope: [&str; 4],
    text: &str,
    signature: &[u8],
) -> bool {
    let first = ["AWS4", secret.as_str()].concat();
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, first.as_bytes());
    for part in scope {
        key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
    }
    hmac::verify(&key, text.as_bytes(), signature).is_ok()
}
