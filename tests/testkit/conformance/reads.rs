//! Faulty reads, and stores that change keys and records.

use std::sync::atomic::Ordering;

use cognate::store::{Batch, Key, KeyRange, Refreshed, Store, Tree};

use crate::conformance::broken::{Broken, Calls, Entries, Known, Read, SOUND, Values, pause};

fn key_by_key(broken: &Broken, keys: &[Key]) -> Read<Values> {
    let read = |(place, key)| {
        if place == keys.len() / 2 && place > 0 {
            pause();
        }
        broken.inner.get_one(key)
    };
    keys.iter().enumerate().map(read).collect()
}

pub(super) const GETS_KEY_BY_KEY: Calls = Calls { get: key_by_key, ..SOUND };

pub(super) const GETS_KEY_BY_KEY_AND_SAYS_SO: Calls =
    Calls { get: key_by_key, reads_one_moment: false, ..SOUND };

pub(super) const REFRESHES_KEY_BY_KEY: Calls = Calls {
    refresh: |broken, keys| {
        let refresh = |(place, known): (usize, &Known)| {
            if place == keys.len() / 2 && place > 0 {
                pause();
            }
            Ok(broken.inner.refresh(std::slice::from_ref(known))?.remove(0))
        };
        keys.iter().enumerate().map(refresh).collect()
    },
    ..SOUND
};

pub(super) const REFRESHES_NOTHING: Calls = Calls {
    refresh: |broken, keys| {
        let refreshed = broken.inner.refresh(keys)?.into_iter().zip(keys);
        let forget = |(refreshed, (_, known)): (Refreshed, &Known)| {
            if known.is_some() { Refreshed::Unchanged } else { refreshed }
        };
        Ok(refreshed.map(forget).collect())
    },
    ..SOUND
};

pub(super) const GETS_IN_THE_ORDER_OF_KEYS: Calls = Calls {
    get: |broken, keys| {
        let mut sorted = keys.to_vec();
        sorted.sort();
        broken.inner.get(&sorted)
    },
    ..SOUND
};

pub(super) const GETS_EACH_KEY_ONCE: Calls = Calls {
    get: |broken, keys| {
        let mut once = Vec::new();
        for key in keys {
            if !once.contains(key) {
                once.push(key.clone());
            }
        }
        broken.inner.get(&once)
    },
    ..SOUND
};

pub(super) const TAKES_EMPTY_FOR_ABSENT: Calls = Calls {
    get: |broken, keys| {
        let values = broken.inner.get(keys)?.into_iter();
        Ok(values.map(|value| value.filter(|value| !value.is_empty())).collect())
    },
    ..SOUND
};

/// Each handle keeps what it has read until it writes.
pub(super) const REMEMBERS_READS: Calls = Calls {
    get: |broken, keys| {
        let mut kept = broken.read.lock().expect("no panic");
        let read = |key: &Key| {
            if let Some((_, value)) = kept.iter().find(|(known, _)| known == key) {
                return Ok(value.clone());
            }
            let value = broken.inner.get_one(key)?;
            kept.push((key.clone(), value.clone()));
            Ok(value)
        };
        keys.iter().map(read).collect()
    },
    commit: |broken, batch| {
        let mut kept = broken.read.lock().expect("no panic");
        kept.clear();
        broken.inner.commit(batch)
    },
    ..SOUND
};

fn sorted_by<K: Ord>(
    broken: &Broken,
    range: &KeyRange,
    limit: usize,
    order: impl Fn(&[u8]) -> K,
) -> Read<Entries> {
    let mut entries = broken.inner.scan(range, usize::MAX)?;
    entries.sort_by_key(|(key, _)| order(&key.bytes));
    entries.truncate(limit);
    Ok(entries)
}

pub(super) const SORTS_SIGNED_BYTES: Calls = Calls {
    scan: |broken, range, limit| {
        let signed = |bytes: &[u8]| bytes.iter().map(|byte| byte.cast_signed()).collect::<Vec<_>>();
        sorted_by(broken, range, limit, signed)
    },
    ..SOUND
};

pub(super) const SORTS_TEXT: Calls = Calls {
    scan: |broken, range, limit| sorted_by(broken, range, limit, <[u8]>::to_ascii_lowercase),
    ..SOUND
};

pub(super) const SCANS_FROM_BEHIND_THE_START: Calls = Calls {
    scan: |broken, range, limit| {
        let mut entries = broken.inner.scan(range, usize::MAX)?;
        entries.retain(|(key, _)| range.start.is_empty() || key.bytes != range.start);
        entries.truncate(limit);
        Ok(entries)
    },
    ..SOUND
};

/// Reads pages by their number of entries, not by the last key.
pub(super) fn by_offset(limit: usize, read: impl Fn() -> Read<Entries>) -> Read<Entries> {
    let mut found: Entries = Vec::new();
    while found.len() < limit {
        let Some(next) = read()?.into_iter().nth(found.len()) else { break };
        if found.len() % 2 == 1 && found.len() < 9 {
            pause();
        }
        found.push(next);
    }
    Ok(found)
}

pub(super) const SCANS_BY_OFFSET: Calls = Calls {
    scan: |broken, range, limit| by_offset(limit, || broken.inner.scan(range, usize::MAX)),
    ..SOUND
};

pub(super) const VISITS_AFTER_AN_ERROR: Calls = Calls {
    visit: |broken, range, limit, visitor| {
        for (key, value) in broken.inner.scan(range, limit)? {
            // The error of the visitor is lost.
            drop(visitor(&key, &value));
        }
        Ok(())
    },
    ..SOUND
};

/// Puts every key of a batch through `change`, and those of reads too.
fn with_keys(batch: Batch, change: impl Fn(&Key) -> Key) -> Batch {
    let mut changed = batch;
    changed.checks.iter_mut().for_each(|(key, _)| *key = change(key));
    changed.deletes.iter_mut().for_each(|key| *key = change(key));
    changed.puts.iter_mut().for_each(|(key, _)| *key = change(key));
    changed
}

fn get_with(broken: &Broken, keys: &[Key], change: impl Fn(&Key) -> Key) -> Read<Values> {
    broken.inner.get(&keys.iter().map(change).collect::<Vec<_>>())
}

fn beginning(key: &Key) -> Key {
    Key::new(key.tree, key.bytes.iter().take(2_690).copied().collect::<Vec<_>>())
}

pub(super) const TELLS_KEYS_APART_BY_THEIR_BEGINNING: Calls = Calls {
    get: |broken, keys| get_with(broken, keys, beginning),
    commit: |broken, batch| broken.inner.commit(with_keys(batch, beginning)),
    ..SOUND
};

fn in_one_tree(key: &Key) -> Key {
    let tree = if key.tree == Tree::SessionKeys { Tree::SigningKeys } else { key.tree };
    Key::new(tree, key.bytes.clone())
}

pub(super) const KEEPS_TWO_TREES_AS_ONE: Calls = Calls {
    get: |broken, keys| get_with(broken, keys, in_one_tree),
    commit: |broken, batch| broken.inner.commit(with_keys(batch, in_one_tree)),
    ..SOUND
};

/// As text that ends with a zero.
fn as_text(key: &Key) -> Key {
    let bytes: Vec<u8> = key.bytes.iter().copied().take_while(|byte| *byte != 0).collect();
    Key::new(key.tree, bytes)
}

pub(super) const ENDS_KEYS_AT_A_ZERO: Calls = Calls {
    get: |broken, keys| get_with(broken, keys, as_text),
    commit: |broken, batch| broken.inner.commit(with_keys(batch, as_text)),
    ..SOUND
};

/// A read now and then comes from a copy that is one commit late.
pub(super) const READS_A_LATE_COPY: Calls = Calls {
    get: |broken, keys| {
        let late = broken.calls.fetch_add(1, Ordering::SeqCst) % 3 == 2;
        let kept = broken.read.lock().expect("no panic");
        let read = |key: &Key| match kept.iter().find(|(known, _)| late && known == key) {
            Some((_, value)) => Ok(value.clone()),
            None => broken.inner.get_one(key),
        };
        keys.iter().map(read).collect()
    },
    commit: |broken, batch| {
        let mut kept = broken.read.lock().expect("no panic");
        let keys: Vec<Key> = batch.written().cloned().collect();
        let before = keys.iter().map(|key| Ok((key.clone(), broken.inner.get_one(key)?)));
        *kept = before.collect::<Read<_>>()?;
        broken.inner.commit(batch)
    },
    ..SOUND
};
