//! The end of a range, read from the last entry on.
//!
//! sled's own iterators go back over the border of two pages by a guess at the keys in front of it.
//! Keys with four bytes of 255 can break the guess: the iterator then panics after a million tries,
//! with all keys in its message. The end is therefore searched with iterators that go forward.

use sled::IVec;

use crate::store::sled_store::Shared;
use crate::store::sled_store::error::store_error;
use crate::store::{KeyRange, StoreError, Visitor};

/// A part of a range with at most so many entries is read at once, and a larger one if more were
/// shown before it.
const FEW: usize = 16;

impl Shared {
    /// Shows the last entries of a range, the last one first.
    pub(super) fn read_back(
        &self,
        range: &KeyRange,
        limit: usize,
        visitor: Visitor<'_>,
    ) -> Result<(), StoreError> {
        // The starts of the parts that are not shown yet. Each part ends where the next one starts.
        let mut starts = vec![range.start.clone()];
        let (mut end, mut left) = (range.end.clone(), limit);
        while left > 0
            && let Some(start) = starts.pop()
        {
            let part = KeyRange { tree: range.tree, start, end: end.clone() };
            let most = left.min(FEW.max(limit.saturating_sub(left)));
            let first = self.within(&part)?.take(most.saturating_add(1));
            let entries: Vec<(IVec, IVec)> =
                first.collect::<Result<_, _>>().map_err(store_error)?;
            if entries.len() <= most {
                let backward = entries.into_iter().rev().map(Ok);
                left = self.show(range.tree, backward, left, visitor)?;
                end = Some(part.start);
            } else {
                let last = || entries.last().map(|(key, _)| key.to_vec());
                let later = middle(&part).or_else(last);
                starts.push(part.start);
                starts.extend(later);
            }
        }
        Ok(())
    }
}

/// Bytes about halfway from the start of a range to its end, if there are any between them.
fn middle(range: &KeyRange) -> Option<Vec<u8>> {
    const WINDOW: usize = 8;
    let start = range.start.as_slice();
    let end = range.end.as_deref().unwrap_or(&[u8::MAX; WINDOW]);
    let shared = start.iter().zip(end).take_while(|(start, end)| start == end).count();
    let window = |bytes: &[u8]| {
        let mut window = [0; WINDOW];
        window.iter_mut().zip(bytes.iter().skip(shared)).for_each(|(to, from)| *to = *from);
        u64::from_be_bytes(window)
    };
    let (low, high) = (window(start), window(end));
    let middle = low.midpoint(high);
    (middle > low).then(|| start.iter().take(shared).copied().chain(middle.to_be_bytes()).collect())
}
