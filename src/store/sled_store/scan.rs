//! Ranges, read from their start or from their end.
//!
//! sled's own iterators go back over the border of two pages by a guess at the keys in front of it.
//! Keys with four bytes of 255 can break the guess: the iterator then panics after a million tries,
//! with all keys in its message. The end is therefore searched with iterators that go forward.

use sled::IVec;

use crate::store::key::Order;
use crate::store::sled_store::error::store_error;
use crate::store::sled_store::{Shared, SledStore};
use crate::store::{Key, KeyRange, StoreError, Value, Visitor};

/// A part of a range with at most so many entries is read at once, and a larger one if more were
/// shown before it.
const FEW: usize = 16;

impl SledStore {
    pub(super) fn collect(
        &self,
        range: &KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Key, Value)>, StoreError> {
        let mut entries = Vec::new();
        self.show(range, order, limit, &mut |key, value| {
            entries.push((key.clone(), value.to_vec()));
            Ok(())
        })?;
        Ok(entries)
    }

    pub(super) fn show(
        &self,
        range: &KeyRange,
        order: Order,
        limit: usize,
        visitor: Visitor<'_>,
    ) -> Result<(), StoreError> {
        self.shared.guarded(|| self.shared.current_range(range, order, limit, visitor))?;
        self.shared.in_flight.wait(|group| group.iter().any(|key| range.contains(key)))
    }
}

impl Shared {
    pub(super) fn read_range(
        &self,
        range: &KeyRange,
        order: Order,
        limit: usize,
        visitor: Visitor<'_>,
    ) -> Result<(), StoreError> {
        match order {
            Order::Ascending => {
                self.show(range.tree, self.within(range)?, limit, visitor).map(drop)
            }
            Order::Descending => self.read_back(range, limit, visitor),
        }
    }

    /// The entries within a range, in key order.
    fn within(&self, range: &KeyRange) -> Result<sled::Iter, StoreError> {
        let tree = self.tree(range.tree as usize)?;
        Ok(match &range.end {
            Some(end) => tree.range(range.start.as_slice()..end.as_slice()),
            None => tree.range(range.start.as_slice()..),
        })
    }

    /// Shows the last entries of a range, the last one first.
    fn read_back(
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
