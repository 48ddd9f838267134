//! Versions of values.

use ring::digest::{SHA256, digest};

/// The version of a value: the first sixteen bytes of its SHA-256 digest.
///
/// Equal values have equal versions, whenever they were written. A store that keeps the version
/// beside each value can compare versions, so that neither a check nor a
/// [refresh](crate::store::Store::refresh) carries a long value.
///
/// # Example: equal values
///
/// ```
/// use cognate::store::Version;
///
/// assert_eq!(Version::of(b"value"), Version::of(b"value"));
/// assert_ne!(Version::of(b"value"), Version::of(b"another"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a version is its bytes")]
pub struct Version(pub [u8; 16]);

impl Version {
    /// The version of a value.
    pub fn of(value: &[u8]) -> Self {
        let digest = digest(&SHA256, value);
        Self(digest.as_ref().first_chunk().copied().unwrap_or_default())
    }
}
