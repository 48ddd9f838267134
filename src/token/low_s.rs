//! A unique signature. On P-256 both `(r, s)` and `(r, n - s)` are valid. Only the one with the
//! lower `s` is signed or accepted; otherwise anyone could derive a second token from one of ours.

/// The order `n` of the group.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// `(n - 1) / 2`.
const HALF: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];

/// Returns true if the signature has the lower `s`. `r` and `s` have 32 bytes each.
pub(super) fn is_low(signature: &[u8]) -> bool {
    signature.split_last_chunk().is_some_and(|(_, s)| *s <= HALF)
}

/// Replaces `s` by the lower of its two values.
pub(super) fn lower(signature: &mut [u8]) {
    if let Some((_, s)) = signature.split_last_chunk_mut()
        && *s > HALF
    {
        *s = subtract(&ORDER, s);
    }
}

/// `a - b`, where `a` is at least `b`.
fn subtract(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    let mut difference = *a;
    let mut borrow = false;
    for (digit, b) in difference.iter_mut().zip(b).rev() {
        let (less, under) = digit.overflowing_sub(*b);
        let (less, under_again) = less.overflowing_sub(u8::from(borrow));
        *digit = less;
        borrow = under || under_again;
    }
    difference
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(s: [u8; 32]) -> [u8; 64] {
        let mut signature = [7; 64];
        signature[32..].copy_from_slice(&s);
        signature
    }

    #[test]
    fn half_and_half_are_one_less_than_the_order() {
        let other_half = subtract(&ORDER, &HALF);
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(subtract(&other_half, &HALF), one);
    }

    #[test]
    fn one_of_two_signatures_is_low() {
        for s in [[0x00; 32], HALF, [0x12; 32], [0x7f; 32]] {
            let low = signature(s);
            let high = signature(subtract(&ORDER, &s));
            assert!(is_low(&low) && !is_low(&high));
            let mut lowered = high;
            lower(&mut lowered);
            assert_eq!(lowered, low);
            lower(&mut lowered);
            assert_eq!(lowered, low, "once is enough");
        }
        assert!(!is_low(&[]), "no signature");
    }
}
