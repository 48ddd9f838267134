//! Faulty scans from the end of a range.

use cognate::store::{KeyRange, Store, Tree, Value};

use crate::conformance::broken::{Broken, Calls, SOUND, pause};
use crate::conformance::reads::by_offset;

pub(super) const IN_ASCENDING_ORDER: Calls = Calls {
    scan_back: |broken, range, limit| {
        let mut entries = broken.inner.scan_back(range, limit)?;
        entries.reverse();
        Ok(entries)
    },
    ..SOUND
};

/// Unless the range has fewer entries than the limit.
pub(super) const ONE_ENTRY_TOO_FEW: Calls = Calls {
    scan_back: |broken, range, limit| {
        let mut entries = broken.inner.scan_back(range, limit)?;
        entries.truncate(limit.saturating_sub(1));
        Ok(entries)
    },
    ..SOUND
};

pub(super) const OVER_THE_START: Calls = Calls {
    scan_back: |broken, range, limit| {
        let mut all = KeyRange::prefix(range.tree, []);
        all.end.clone_from(&range.end);
        broken.inner.scan_back(&all, limit)
    },
    ..SOUND
};

pub(super) const FROM_THE_END_OF_THE_TREE: Calls = Calls {
    scan_back: |broken, range, limit| {
        let mut entries = broken.inner.scan_back(&KeyRange::prefix(range.tree, []), limit)?;
        entries.retain(|(key, _)| range.contains(key));
        Ok(entries)
    },
    ..SOUND
};

/// The other scans have it.
pub(super) const FORGETS_THE_LAST_COMMIT: Calls = Calls {
    scan_back: |broken, range, limit| {
        let mut entries = broken.inner.scan_back(range, usize::MAX)?;
        let last = broken.read.lock().expect("no panic");
        entries.retain(|(key, _)| !last.iter().any(|(written, _)| written == key));
        entries.truncate(limit);
        Ok(entries)
    },
    commit: |broken, batch| {
        *broken.read.lock().expect("no panic") =
            batch.written().map(|key| (key.clone(), None)).collect();
        broken.inner.commit(batch)
    },
    ..SOUND
};

/// Looks no further back than some entries of the tree.
pub(super) const A_BOUNDED_NUMBER: Calls = Calls {
    scan_back: |broken, range, limit| broken.inner.scan_back(range, limit.min(100)),
    ..SOUND
};

/// As an index that cuts long keys.
pub(super) const BY_THE_BEGINNING_OF_KEYS: Calls = Calls {
    scan_back: |broken, range, limit| {
        let mut entries = broken.inner.scan(range, usize::MAX)?;
        entries.sort_by_key(|(key, _)| {
            let beginning: Vec<u8> = key.bytes.iter().copied().take(1_024).collect();
            std::cmp::Reverse(beginning)
        });
        entries.truncate(limit);
        Ok(entries)
    },
    ..SOUND
};

/// Each handle reads a copy that only its own commits renew.
pub(super) const A_COPY_OF_ITS_OWN: Calls = Calls {
    scan_back: |broken, range, limit| {
        let copy = broken.read.lock().expect("no panic");
        let within = copy.iter().rev().filter(|(key, _)| range.contains(key)).take(limit);
        Ok(within.map(|(key, value)| (key.clone(), value.clone().unwrap_or_default())).collect())
    },
    commit: |broken, batch| {
        let mut copy = broken.read.lock().expect("no panic");
        let committed = broken.inner.commit(batch)?;
        copy.clear();
        for tree in Tree::ALL {
            let entries = broken.inner.scan(&KeyRange::prefix(tree, []), usize::MAX)?;
            copy.extend(entries.into_iter().map(|(key, value)| (key, Some(value))));
        }
        Ok(committed)
    },
    ..SOUND
};

/// Shows the new values of a batch while it is being committed.
pub(super) const WHAT_IS_NOT_COMMITTED: Calls = Calls {
    scan_back: |broken, range, limit| {
        let mut entries = broken.inner.scan_back(range, limit)?;
        let coming = broken.read.lock().expect("no panic");
        for (key, value) in &mut entries {
            let new = coming.iter().find(|(known, _)| known == key);
            let new: Option<&Value> = new.and_then(|(_, new)| new.as_ref());
            *value = new.unwrap_or(value).clone();
        }
        Ok(entries)
    },
    commit: |broken: &Broken, batch| {
        let puts = batch.puts.iter().map(|(key, value)| (key.clone(), Some(value.clone())));
        *broken.read.lock().expect("no panic") = puts.collect();
        pause();
        let committed = broken.inner.commit(batch);
        broken.read.lock().expect("no panic").clear();
        committed
    },
    ..SOUND
};

pub(super) const BY_OFFSET: Calls = Calls {
    scan_back: |broken, range, limit| {
        by_offset(limit, || broken.inner.scan_back(range, usize::MAX))
    },
    ..SOUND
};
