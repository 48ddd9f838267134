//! Series of keys: the signing keys of a region, and the keys that seal sessions.
//!
//! The keys of a series are numbered. The newest key that is not retired and that this engine can
//! use signs or seals. A retired key still verifies or opens. It is deleted after the last token or
//! session made with it has expired.

use crate::ambient::Timestamp;
use crate::engine::Core;
use crate::engine::gather::Reads;
use crate::engine::keys::BeforeRead;
use crate::error::{Error, Result};
use crate::store::key::{corrupt, number_after};
use crate::store::record::{KeptKey, Numbered, Record};
use crate::store::{Batch, Key, KeyRange, entries};

/// A series of numbered keys.
pub(super) trait Series {
    /// A key in its stored form.
    type Kept: KeptKey;
    /// A key that is ready to sign or seal.
    type Ready;

    /// The maximum lifetime of a token or a session, in seconds.
    const LIFETIME_SECS: u64;

    /// The key range of the series in the store.
    fn range(&self) -> KeyRange;
    /// The store key for a number.
    fn key(&self, number: u32) -> Key;
    /// The number in a store key.
    fn number(&self, key: &Key) -> Option<u32>;
    /// Makes a stored key usable. Returns `None` for a key that another engine made for itself.
    fn ready(&self, core: &Core, number: u32, kept: &Self::Kept) -> Result<Option<Self::Ready>>;
    /// Keeps a key, unless keys have changed since the moment before it was read.
    fn keep(&self, core: &Core, before: BeforeRead, ready: &Self::Ready);
    /// Forgets what is kept of the series. Called after every change.
    fn forget(&self, core: &Core);
    /// Creates a new key.
    fn make(&self, core: &Core, number: u32) -> Result<Self::Kept>;
}

/// The condition for adding a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Add {
    IfNoneIsReady,
    Always,
}

/// The maximum number of expired keys that one rotation deletes. The next one continues.
const DELETED_MAX: usize = 256;

/// The number of keys that one commit seals again.
const RESEALED_MAX: usize = 256;

/// The time after its retirement in which a key may still sign or seal for calls in progress.
pub(super) const ON_ITS_WAY_SECS: u64 = 60;

impl<K> Numbered<K> {
    /// Returns true if the last token or session of the key has expired. Each lasts at most
    /// `lifetime_secs`.
    pub(super) fn is_over(&self, lifetime_secs: u64, now: Timestamp) -> bool {
        let last = |retired: Timestamp| {
            retired.as_secs().saturating_add(ON_ITS_WAY_SECS).saturating_add(lifetime_secs)
        };
        self.retired.is_some_and(|retired| now.as_secs() > last(retired))
    }
}

impl Core {
    /// The key that signs or seals. Creates one if there is none.
    pub(super) fn current<S: Series>(&self, series: &S) -> Result<S::Ready> {
        if let Some(ready) = self.newest(series)? {
            return Ok(ready);
        }
        self.add_key(series, Add::IfNoneIsReady)?;
        self.newest(series)?.ok_or(Error::Contended)
    }

    /// The newest key that is ready and not retired.
    fn newest<S: Series>(&self, series: &S) -> Result<Option<S::Ready>> {
        let before = self.before_read_of_keys();
        for (number, kept) in self.kept_keys(series)?.iter().rev() {
            if kept.retired.is_none()
                && let Some(ready) = series.ready(self, *number, &kept.key)?
            {
                series.keep(self, before, &ready);
                return Ok(Some(ready));
            }
        }
        Ok(None)
    }

    /// The keys of a series, from oldest to newest.
    pub(super) fn kept_keys<S: Series>(&self, series: &S) -> Result<Vec<(u32, Numbered<S::Kept>)>> {
        let mut keys = Vec::new();
        for entry in entries(&self.store, series.range()) {
            let (key, value) = entry?;
            let number = series.number(&key).ok_or_else(|| corrupt(&key, "not a key's name"))?;
            keys.push((number, Numbered::decode(&key, &value)?));
        }
        Ok(keys)
    }

    /// Adds a key to a series. Earlier keys are retired, unless another engine may still sign or
    /// seal with them.
    pub(super) fn add_key<S: Series>(&self, series: &S, add: Add) -> Result<()> {
        let _making = self.keys.making();
        let mut unused: Option<(u32, Numbered<S::Kept>)> = None;
        self.run_batch(|reads| {
            let now = self.now();
            let mut writes = Batch::default();
            let mut last = 0;
            for (number, kept) in self.kept_keys(series)? {
                last = number;
                let in_use = kept.retired.is_none();
                if in_use && add == Add::IfNoneIsReady {
                    if series.ready(self, number, &kept.key)?.is_some() {
                        return Ok((Batch::default(), ()));
                    }
                    if !self.keys.is_exclusive() {
                        continue;
                    }
                }
                if in_use {
                    retire::<S::Kept>(reads, &mut writes, series.key(number), now)?;
                } else if kept.is_over(S::LIFETIME_SECS, now) && writes.deletes.len() < DELETED_MAX
                {
                    writes.deletes.push(series.key(number));
                }
            }
            let number = number_after(last)?;
            let made = match unused.take().filter(|(made_for, _)| *made_for == number) {
                Some((_, made)) => made,
                None => Numbered { key: series.make(self, number)?, retired: None },
            };
            // INVARIANT: a number is never reused, even if another engine adds a key at the same
            // time.
            writes.checks.push((series.key(number), None));
            writes.puts.push((series.key(number), made.encode()?));
            unused = Some((number, made));
            Ok((writes, ()))
        })?;
        series.forget(self);
        Ok(())
    }

    /// Seals the private halves of `keys` with the secret of this engine, or stores them
    /// unencrypted if there is none. Halves that cannot be read stay unchanged.
    pub(super) fn reseal<K: KeptKey>(&self, keys: &[(Key, String)]) -> Result<()> {
        for step in keys.chunks(RESEALED_MAX) {
            self.run_batch(|reads| {
                let mut writes = Batch::default();
                reads.will_read(step.iter().map(|(key, _)| key.clone()));
                for (key, name) in step {
                    let Some(mut kept) = reads.record::<Numbered<K>>(key)? else { continue };
                    let private = kept.key.private();
                    if let Some(sealed) = self.keys.seal().reseal(name, private, &*self.entropy)? {
                        *private = sealed;
                        writes.puts.push((key.clone(), kept.encode()?));
                    }
                }
                // A key that is gone does not come back: its number is not used again.
                reads.ignore_absent();
                Ok((writes, ()))
            })?;
        }
        Ok(())
    }
}

fn retire<K: KeptKey>(
    reads: &mut Reads<'_>,
    writes: &mut Batch,
    key: Key,
    now: Timestamp,
) -> Result<()> {
    let kept: Option<Numbered<K>> = reads.record(&key)?;
    if let Some(kept) = kept.filter(|kept| kept.retired.is_none()) {
        let retired = Numbered { retired: Some(now), ..kept };
        writes.puts.push((key, retired.encode()?));
    }
    Ok(())
}
