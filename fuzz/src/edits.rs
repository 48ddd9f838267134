//! Edits of a text or a record.

use arbitrary::Arbitrary;

/// More edits leave little of a token.
const EDITS_MAX: usize = 8;

/// Applies `edits` to a text.
pub(crate) fn edited(text: &str, edits: &[Edit]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    edit(&mut bytes, edits);
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(crate) fn edit(bytes: &mut Vec<u8>, edits: &[Edit]) {
    edits.iter().take(EDITS_MAX).for_each(|edit| edit.apply(bytes));
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(crate) enum Edit {
    Insert(Place, u8),
    Remove(Place),
    Replace(Place, u8),
    Swap(Place, Place),
    Truncate(Place),
}

impl Edit {
    fn apply(self, token: &mut Vec<u8>) {
        let length = token.len();
        match self {
            Self::Insert(at, byte) => token.insert(at.within(length + 1), byte),
            _ if token.is_empty() => {}
            Self::Remove(at) => drop(token.remove(at.within(length))),
            Self::Replace(at, byte) => token[at.within(length)] = byte,
            Self::Swap(a, b) => token.swap(a.within(length), b.within(length)),
            Self::Truncate(at) => token.truncate(at.within(length)),
        }
    }
}

/// A position. Even numbers count from the front, odd ones from the end, where the signature is.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(crate) struct Place(u16);

impl Place {
    pub(crate) fn within(self, length: usize) -> usize {
        let distance = usize::from(self.0 / 2) % length;
        if self.0.is_multiple_of(2) { distance } else { length - 1 - distance }
    }
}
