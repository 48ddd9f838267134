//! Faulty commits.

use std::sync::atomic::Ordering;

use cognate::store::{Batch, Commit, Key, Store, StoreError, Tree, Value};

use crate::conformance::broken::{Broken, Calls, Read, SOUND, pause};

type Check = (Key, Option<Value>);

fn is_put(batch: &Batch, key: &Key) -> bool {
    batch.puts.iter().any(|(put, _)| put == key)
}

/// Takes the checks for which `is_early` is true out of a batch, and checks them before it.
fn early(broken: &Broken, batch: Batch, is_early: impl Fn(&Batch, &Check) -> bool) -> Read<Commit> {
    if !broken.hold(&batch.checks) {
        return Ok(Commit::Conflict);
    }
    if batch.is_read_only() {
        return broken.inner.commit(batch);
    }
    pause();
    let mut rest = batch.clone();
    rest.checks.retain(|check| !is_early(&batch, check));
    broken.inner.commit(rest)
}

pub(super) const CHECKS_BEFORE_IT_COMMITS: Calls =
    Calls { commit: |broken, batch| early(broken, batch, |_, _| true), ..SOUND };

/// The resurrecting upsert: it notices a change of a key that it checks and puts, but not its
/// deletion.
pub(super) const UPSERTS_CHECKED_KEYS: Calls = Calls {
    commit: |broken, batch| {
        early(broken, batch, |batch, (key, record)| {
            let is_gone = broken.inner.get_one(key).expect("reads").is_none();
            record.is_some() && is_put(batch, key) && is_gone
        })
    },
    ..SOUND
};

pub(super) const LOCKS_NO_KEY_THAT_IS_ONLY_CHECKED: Calls = Calls {
    commit: |broken, batch| {
        early(broken, batch, |batch, (key, record)| {
            record.is_some() && !batch.written().any(|written| written == key)
        })
    },
    ..SOUND
};

pub(super) const CHECKS_ABSENCE_BEFORE_IT_COMMITS: Calls = Calls {
    commit: |broken, batch| early(broken, batch, |_, (_, record)| record.is_none()),
    ..SOUND
};

/// As a database at REPEATABLE READ does.
pub(super) const LEAVES_ABSENCE_TO_UNIQUE_KEYS: Calls = Calls {
    commit: |broken, batch| {
        early(broken, batch, |batch, (key, record)| record.is_none() && !is_put(batch, key))
    },
    ..SOUND
};

pub(super) const IGNORES_ABSENCE: Calls = Calls {
    commit: |broken, mut batch| {
        batch.checks.retain(|(_, record)| record.is_some());
        broken.inner.commit(batch)
    },
    ..SOUND
};

pub(super) const CHECKS_KEY_BY_KEY: Calls = Calls {
    commit: |broken, batch| {
        if !batch.is_read_only() {
            return broken.inner.commit(batch);
        }
        let holds = batch.checks.chunks(1).all(|check| {
            pause();
            broken.hold(check)
        });
        Ok(if holds { Commit::Done } else { Commit::Conflict })
    },
    ..SOUND
};

pub(super) const PUTS_UNCHECKED_KEYS_ONE_BY_ONE: Calls = Calls {
    commit: |broken, batch| {
        if !batch.checks.is_empty() {
            return broken.inner.commit(batch);
        }
        broken.write_each(&batch);
        Ok(Commit::Done)
    },
    ..SOUND
};

/// Commits are in order, but a reader can see a part of one.
const fn visible_in_parts(reads_one_moment: bool) -> Calls {
    Calls {
        commit: |broken, batch| {
            let _lock = broken.lock.lock().expect("no panic");
            let outcome = if broken.hold(&batch.checks) { Commit::Done } else { Commit::Conflict };
            if outcome == Commit::Done {
                broken.write_each(&batch);
            }
            Ok(outcome)
        },
        reads_one_moment,
        ..SOUND
    }
}

pub(super) const IS_VISIBLE_IN_PARTS: Calls = visible_in_parts(true);
pub(super) const IS_VISIBLE_IN_PARTS_AND_SAYS_SO: Calls = visible_in_parts(false);

/// The batch that restores what `batch` changes.
fn undo(broken: &Broken, batch: &Batch) -> Batch {
    let mut undo = Batch::default();
    for key in batch.written() {
        match broken.inner.get_one(key).expect("reads") {
            None => undo.deletes.push(key.clone()),
            Some(record) => undo.puts.push((key.clone(), record)),
        }
    }
    undo
}

pub(super) const SHOWS_CONFLICTS: Calls = Calls {
    commit: |broken, batch| {
        let _lock = broken.lock.lock().expect("no panic");
        if broken.hold(&batch.checks) {
            return broken.inner.commit(batch);
        }
        let undo = undo(broken, &batch);
        let mut unchecked = batch;
        unchecked.checks.clear();
        broken.inner.commit(unchecked)?;
        pause();
        broken.inner.commit(undo)?;
        Ok(Commit::Conflict)
    },
    ..SOUND
};

pub(super) const COMMITS_ROLLS_BACK_AND_COMMITS_AGAIN: Calls = Calls {
    commit: |broken, batch| {
        let _lock = broken.lock.lock().expect("no panic");
        let undo = undo(broken, &batch);
        let outcome = broken.inner.commit(batch.clone())?;
        if outcome == Commit::Done {
            pause();
            broken.inner.commit(undo)?;
            pause();
            broken.inner.commit(batch)?;
        }
        Ok(outcome)
    },
    ..SOUND
};

const PARAMETERS: usize = 1_000;

pub(super) const SPLITS_LONG_BATCHES: Calls = Calls {
    commit: |broken, batch| {
        let mut rest = batch;
        while rest.checks.len() > PARAMETERS {
            let mut first = Batch::default();
            first.checks = rest.checks.drain(..PARAMETERS).collect();
            first.puts = rest.puts.drain(..PARAMETERS.min(rest.puts.len())).collect();
            if broken.inner.commit(first)? != Commit::Done {
                return Ok(Commit::Conflict);
            }
        }
        broken.inner.commit(rest)
    },
    ..SOUND
};

pub(super) const REFUSES_LONG_BATCHES: Calls = Calls {
    commit: |broken, batch| {
        if batch.checks.len() > PARAMETERS {
            return Err(StoreError::failed("too many parameters"));
        }
        broken.inner.commit(batch)
    },
    ..SOUND
};

pub(super) const LIMITS_KEYS: Calls = Calls {
    commit: |broken, batch| {
        if batch.written().any(|key| key.bytes.len() > 2_690) {
            return Err(StoreError::failed("index row size exceeds the maximum"));
        }
        broken.inner.commit(batch)
    },
    ..SOUND
};

pub(super) const LIMITS_RECORDS: Calls = Calls {
    commit: |broken, batch| {
        if batch.puts.iter().any(|(_, record)| record.len() > 1_000_000) {
            return Err(StoreError::failed("the record is too long"));
        }
        broken.inner.commit(batch)
    },
    ..SOUND
};

pub(super) const COMPARES_BEGINNINGS: Calls = Calls {
    commit: |broken, mut batch| {
        for (key, expected) in &mut batch.checks {
            let Some(held) = broken.inner.get_one(key)? else { continue };
            let beginning = |record: &Value| record.iter().take(4_096).copied().collect::<Vec<_>>();
            if expected.as_ref().map(beginning) == Some(beginning(&held)) {
                *expected = Some(held);
            }
        }
        broken.inner.commit(batch)
    },
    ..SOUND
};

pub(super) const DELETES_LAST: Calls = Calls {
    commit: |broken, mut batch| {
        let deletes = batch.deletes.clone();
        batch.puts.retain(|(key, _)| !deletes.contains(key));
        broken.inner.commit(batch)
    },
    ..SOUND
};

pub(super) const REFUSES_TO_DELETE_NOTHING: Calls = Calls {
    commit: |broken, mut batch| {
        for key in &batch.deletes {
            if !batch.checks.iter().any(|(checked, _)| checked == key) {
                let held = broken.inner.get_one(key)?;
                if held.is_none() {
                    return Ok(Commit::Conflict);
                }
                batch.checks.push((key.clone(), held));
            }
        }
        broken.inner.commit(batch)
    },
    ..SOUND
};

pub(super) const TAKES_A_CONFLICT_FOR_SETTLED: Calls = Calls {
    commit: |broken, batch| {
        let has_token = batch.token.is_some();
        let outcome = broken.inner.commit(batch)?;
        Ok(if has_token { Commit::Done } else { outcome })
    },
    ..SOUND
};

pub(super) const CONFLICTS_AT_RANDOM: Calls = Calls {
    commit: |broken, batch| {
        if broken.calls.fetch_add(1, Ordering::SeqCst) % 3 == 2 {
            return Ok(Commit::Conflict);
        }
        broken.inner.commit(batch)
    },
    ..SOUND
};

pub(super) const TELLS_WHAT_IT_EXPECTED: Calls = Calls {
    commit: |broken, batch| {
        let expected = batch.checks.clone();
        let outcome = broken.inner.commit(batch)?;
        Ok(if outcome == Commit::Done { outcome } else { Commit::ConflictWith(expected) })
    },
    ..SOUND
};

/// Reads the current values after the conflict, key by key.
pub(super) const TELLS_OF_TWO_MOMENTS: Calls = Calls {
    commit: |broken, batch| {
        let keys: Vec<Key> = batch.checks.iter().map(|(key, _)| key.clone()).collect();
        if broken.inner.commit(batch)? == Commit::Done {
            return Ok(Commit::Done);
        }
        let current = keys.into_iter().map(|key| {
            pause();
            let record = broken.inner.get_one(&key)?;
            Ok((key, record))
        });
        Ok(Commit::ConflictWith(current.collect::<Read<_>>()?))
    },
    ..SOUND
};

pub(super) const LOSES_THE_LAST_LOGIN: Calls = Calls {
    reopen: |inner| {
        let range = cognate::store::KeyRange::prefix(Tree::Logins, []);
        let last = inner.scan(&range, usize::MAX).expect("reads").pop();
        let mut loss = Batch::default();
        loss.deletes.extend(last.map(|(key, _)| key));
        inner.commit(loss).expect("commits");
    },
    ..SOUND
};
