//! A digest of all records, stored in the database and updated by every commit.
//!
//! If the log is damaged in its middle, or the file of a large record is missing, sled opens the
//! database without those records and reports no error. The digest then does not match.

/// The number of records after a commit, each piece of a long record counted, and the sum of their
/// checksums, which does not depend on their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Digest {
    /// The number of the commit.
    pub(super) number: u64,
    records: u64,
    sum: u64,
}

impl Digest {
    /// The digest of no records, after a commit.
    pub(super) fn new(number: u64) -> Self {
        Self { number, ..Self::default() }
    }

    /// The digest of the same records, after the next commit.
    pub(super) fn next(self) -> Self {
        Self { number: self.number.saturating_add(1), ..self }
    }

    /// Adds a record.
    pub(super) fn add(&mut self, tree: &str, key: &[u8], value: &[u8]) {
        self.records = self.records.wrapping_add(1);
        self.sum = self.sum.wrapping_add(checksum(tree, key, value));
    }

    /// Removes a record.
    pub(super) fn remove(&mut self, tree: &str, key: &[u8], value: &[u8]) {
        self.records = self.records.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(checksum(tree, key, value));
    }

    /// Compares the stored digest with the computed one.
    pub(super) fn compare(&self, found: &Self) -> Result<(), String> {
        if self.records != found.records {
            let (written, found) = (self.records, found.records);
            return Err(format!("{written} records were written, {found} are found"));
        }
        if self.sum != found.sum {
            return Err(format!("not all of its {} records are what was written", self.records));
        }
        Ok(())
    }

    /// The three numbers and their checksum.
    pub(super) fn encode(&self) -> Vec<u8> {
        let numbers = [self.number, self.records, self.sum].map(u64::to_be_bytes).concat();
        let check = absorb(0, &numbers).to_be_bytes();
        [numbers.as_slice(), &check].concat()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (words, []) = bytes.as_chunks::<8>() else { return None };
        let &[number, records, sum, _] = words else { return None };
        let [number, records, sum] = [number, records, sum].map(u64::from_be_bytes);
        let digest = Self { number, records, sum };
        (digest.encode() == bytes).then_some(digest)
    }
}

fn checksum(tree: &str, key: &[u8], value: &[u8]) -> u64 {
    [tree.as_bytes(), key, value].into_iter().fold(0, absorb)
}

/// Adds `part` and its length to a checksum. Every step is a bijection of the state, so parts that
/// differ in one word have different checksums.
pub(super) fn absorb(state: u64, part: &[u8]) -> u64 {
    let (words, rest) = part.as_chunks::<8>();
    let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
    let last = rest.iter().fold(0, |word, byte| (word << 8) | u64::from(*byte));
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    [length].into_iter().chain(words).chain([last]).fold(state, |state, word| mix(state ^ word))
}

/// The mixing step of the generator `SplitMix64`.
fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(records: &[(&str, &str, &str)]) -> Digest {
        let mut digest = Digest::new(7);
        for (tree, key, value) in records {
            digest.add(tree, key.as_bytes(), value.as_bytes());
        }
        digest
    }

    #[test]
    fn the_order_of_records_does_not_matter_and_all_else_does() {
        let (logins, pools) = ("logins", "pools");
        let written = digest(&[(pools, "a", "12345678"), (logins, "b", "2")]);
        assert_eq!(written, digest(&[(logins, "b", "2"), (pools, "a", "12345678")]));
        for (what, records) in [
            ("missing", &[(logins, "b", "2")][..]),
            ("twice", &[(pools, "a", "12345678"), (logins, "b", "2"), (logins, "b", "2")]),
            ("old", &[(pools, "a", "12345678"), (logins, "b", "1")]),
            ("elsewhere", &[(logins, "a", "12345678"), (logins, "b", "2")]),
            ("exchanged", &[(pools, "a", "2"), (logins, "b", "12345678")]),
            ("a byte moved", &[(pools, "a1", "2345678"), (logins, "b", "2")]),
            ("a zero more", &[(pools, "a", "12345678\0"), (logins, "b", "2")]),
            ("a zero before", &[(pools, "a", "12345678"), (logins, "b", "\x002")]),
        ] {
            written.compare(&digest(records)).expect_err(what);
        }
    }

    #[test]
    fn what_is_added_and_removed_leaves_nothing() {
        let mut written = digest(&[("pools", "a", "1")]);
        written.remove("pools", b"a", b"1");
        assert_eq!(written, digest(&[]));
    }

    #[test]
    fn no_flipped_bit_of_a_digest_goes_unnoticed() {
        let bytes = digest(&[("pools", "a", "1")]).encode();
        assert_eq!(Digest::decode(&bytes), Some(digest(&[("pools", "a", "1")])));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Digest::decode(&flipped), None, "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_eq!(Digest::decode(&bytes[..length]), None, "{length} bytes");
        }
        assert_eq!(Digest::decode(&[bytes.as_slice(), &[0]].concat()), None);
    }
}
