//! Walks over ranges of keys: a page, or all of a pool.

use std::sync::Arc;

use crate::engine::Core;
use crate::engine::cache::KeptPool;
use crate::engine::gather::Reads;
use crate::error::Result;
use crate::id::{Guid, IdentityPoolId};
use crate::rules::Refusal;
use crate::rules::page::{Listing, Page, PageSize};
use crate::store::{Key, KeyRange, StoreError};

/// The number of entries that a selective listing reads at once.
pub(super) const STEP: usize = 256;

/// The maximum number of reads of one call. After them the page ends, even if it is not full.
pub(super) const STEPS_MAX: usize = 64;

/// A listing of the entries of some ranges.
pub(super) struct Walk {
    pub(super) listing: Listing,
    /// In the order of their keys.
    pub(super) ranges: Vec<KeyRange>,
    /// Whether the listing leaves out entries of the ranges.
    pub(super) selects: bool,
    pub(super) size: PageSize,
}

impl Walk {
    /// Goes on behind the position of an earlier page.
    pub(super) fn after(mut self, position: Option<&[u8]>) -> Self {
        let Some(position) = position else { return self };
        for range in &mut self.ranges {
            if range.start.as_slice() <= position {
                *range = range.clone().after(position);
            }
        }
        self
    }
}

impl Reads<'_> {
    /// A pool of any owner. It must exist.
    pub(in crate::engine) fn known_pool(&mut self, id: &IdentityPoolId) -> Result<Arc<KeptPool>> {
        let found = self.any_pool(id)?;
        found.ok_or_else(|| Refusal::PoolNotFound { identity_pool_id: id.clone() }.into())
    }

    /// A page of the entries for which `entry` returns a value.
    pub(super) fn page<T>(
        &mut self,
        walk: Walk,
        mut entry: impl FnMut(&Key, &[u8]) -> Result<Option<T>, StoreError>,
    ) -> Result<Page<T>> {
        let Walk { listing, ranges, selects, size } = walk;
        let wanted = size.get().saturating_add(1);
        let step = if selects { STEP } else { wanted };
        let mut entries = Vec::with_capacity(wanted);
        let mut read_last = Vec::new();
        let mut ranges = ranges.into_iter().filter(|range| !range.is_empty());
        let mut next = ranges.next();
        for _ in 0..STEPS_MAX {
            let Some(range) = next else { break };
            let mut left = step;
            self.visit(&range, step, &mut |key, value| {
                left = left.saturating_sub(1);
                read_last.clone_from(&key.bytes);
                if entries.len() < wanted
                    && let Some(entry) = entry(key, value)?
                {
                    entries.push((key.bytes.clone(), entry));
                }
                Ok(())
            })?;
            if entries.len() >= wanted {
                return Ok(Page::cut(listing, entries, size));
            }
            next = if left > 0 { ranges.next() } else { Some(range.after(&read_last)) };
        }
        let mut page = Page::cut(listing, entries, size);
        if next.is_some() {
            page.next = listing.token(&read_last);
        }
        Ok(page)
    }
}

impl Core {
    /// Passes every entry of a pool's range to `visit`, in steps. Each step finds the pool there.
    pub(super) fn walk<T>(
        &self,
        id: &IdentityPoolId,
        range_of: impl FnOnce(Guid) -> KeyRange,
        entry: impl Fn(&Key, &[u8]) -> Result<T, StoreError>,
        mut visit: impl FnMut(&KeptPool, T),
    ) -> Result<()> {
        let guid =
            id.guid().ok_or_else(|| Refusal::PoolNotFound { identity_pool_id: id.clone() })?;
        let mut next = Some(range_of(guid));
        while let Some(range) = next.take() {
            let (kept, entries, read_last) = self.read(|reads| {
                let kept = reads.known_pool(id)?;
                let (mut entries, mut read_last) = (Vec::with_capacity(STEP), Vec::new());
                reads.visit(&range, STEP, &mut |key, value| {
                    entries.push(entry(key, value)?);
                    read_last.clone_from(&key.bytes);
                    Ok(())
                })?;
                Ok((kept, entries, read_last))
            })?;
            if entries.len() == STEP {
                next = Some(range.after(&read_last));
            }
            for entry in entries {
                visit(&kept, entry);
            }
        }
        Ok(())
    }
}
