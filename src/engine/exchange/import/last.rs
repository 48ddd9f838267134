//! The last commit of an import, which makes all of it visible.

use std::collections::BTreeMap;

use crate::engine::exchange::import::{Importing, Result};
use crate::engine::gather::Reads;
use crate::engine::run::put_new_pool;
use crate::error::Error;
use crate::exchange::line::Line;
use crate::exchange::{ExchangeError, ImportFault};
use crate::id::{AccountId, Region};
use crate::rules::{Change, Effect};
use crate::state::{ChangeEvent, IdentityPool, Pool, PrivateKey, StoredKey};
use crate::store::key::corrupt;
use crate::store::record::{Numbered, PoolCount, Record};
use crate::store::{Batch, Key, KeyRange, Store as _, Tree};

/// The outcome of the last commit.
enum LastOutcome {
    Done(Vec<ChangeEvent>),
    Refused(u64, ImportFault),
    TakenOver,
}

type Refused = (u64, ImportFault);

impl Importing<'_> {
    /// Keeps a key for the last commit.
    pub(super) fn key(&mut self, line: u64, key: Line) -> Result<()> {
        let at = |fault| ExchangeError::Line { line, fault };
        if !self.pools.is_empty() || !self.file.is_export() {
            return Err(at(ImportFault::Misplaced));
        }
        let (key, sealed, number) = match &key {
            Line::SigningKey(line) => {
                (Key::signing_key(&line.region, line.number), &line.sealed, line.number)
            }
            Line::SessionKey(line) => (Key::session_key(line.number), &line.sealed, line.number),
            Line::Pool(_) | Line::Identity(_) | Line::Event(_) | Line::End(_) => {
                return Err(at(ImportFault::Misplaced));
            }
        };
        let record = sealed.record().map_err(at)?;
        if number == 0 || !self.can_use(&key, &record) {
            return Err(at(ImportFault::KeyUnusable));
        }
        if self.keys.iter().any(|(_, known, _)| *known == key) {
            return Err(at(ImportFault::KeysExist));
        }
        self.keys.push((line, key, record));
        Ok(())
    }

    /// Whether the record is that of a key which is sealed with the secret of this engine.
    fn can_use(&self, key: &Key, record: &[u8]) -> bool {
        if let Some((region, number)) = key.signing_key_parts() {
            let kept = Numbered::<StoredKey>::decode(key, record).map(|kept| kept.key);
            return kept.is_ok_and(|kept| {
                !matches!(kept.private, PrivateKey::Plain(_))
                    && self.core.keys.is_usable_for(&region, number, &kept)
            });
        }
        let kept = Numbered::<PrivateKey>::decode(key, record).map(|kept| kept.key);
        kept.is_ok_and(|kept| {
            let is_sealed = matches!(kept, PrivateKey::Sealed { .. });
            let number = key.session_key_number();
            is_sealed && number.is_some_and(|number| self.core.unsealed(number, &kept).is_ok())
        })
    }

    /// Refuses a pool too many before anything of it is read.
    pub(super) fn check_count(
        &self,
        pool: &Pool,
    ) -> Result<std::result::Result<(), ImportFault>, Error> {
        let of_same = |other: &&(u64, Pool)| {
            (&other.1.account, &other.1.region) == (&pool.account, &pool.region)
        };
        let imported = self.pools.iter().filter(of_same).count();
        let imported = u32::try_from(imported).unwrap_or(u32::MAX);
        let known = Reads::new(self.core).pool_count(&pool.account, &pool.region)?;
        let is_full = known.saturating_add(imported) >= IdentityPool::PER_ACCOUNT_MAX;
        Ok(if is_full { Err(ImportFault::TooManyPools) } else { Ok(()) })
    }

    pub(super) fn commit_last(&mut self) -> Result<()> {
        if self.pools.is_empty() && self.keys.is_empty() {
            return Ok(());
        }
        if !self.held.renew()? {
            return Err(ExchangeError::TakenOver);
        }
        let effects: Vec<Effect> = self
            .pools
            .iter()
            .map(|(_, pool)| Effect::Pool(Box::new(Change::Create(pool.clone()))))
            .collect();
        let outcome = self.core.run_batch(|reads| self.last_batch(reads, &effects))?;
        match outcome {
            LastOutcome::Done(events) => {
                self.core.keys.forget_all();
                self.core.ring.publish(events);
                Ok(())
            }
            LastOutcome::Refused(line, fault) => Err(ExchangeError::Line { line, fault }),
            LastOutcome::TakenOver => Err(ExchangeError::TakenOver),
        }
    }

    fn last_batch(
        &self,
        reads: &mut Reads<'_>,
        effects: &[Effect],
    ) -> Result<(Batch, LastOutcome), Error> {
        let refused = |(line, fault)| Ok((Batch::default(), LastOutcome::Refused(line, fault)));
        let marks: Vec<Key> = self.pools.iter().filter_map(|(_, pool)| mark_of(pool)).collect();
        reads.will_read(marks.iter().cloned());
        let mut writes = Batch::default();
        for mark in marks {
            if !self.core.holds(reads, &mark)? {
                return Ok((Batch::default(), LastOutcome::TakenOver));
            }
            writes.deletes.push(mark);
        }
        if let Some(key) = self.key_of_a_taken_series()? {
            return refused(key);
        }
        if let Some(pool) = self.pool_that_exists()? {
            return refused(pool);
        }
        if let Some(pool) = self.count_pools(reads, &mut writes)? {
            return refused(pool);
        }
        for (_, pool) in &self.pools {
            put_new_pool(&mut writes, pool)?;
        }
        for (_, key, record) in &self.keys {
            writes.checks.push((key.clone(), None));
            writes.puts.push((key.clone(), record.clone()));
        }
        let events = self.core.events(self.origin, effects);
        if !self.file.has_history() {
            self.core.keep(reads, &mut writes, &events, effects)?;
        }
        Ok((writes, LastOutcome::Done(events)))
    }

    /// Counts the pools of each account. Returns one that is too many.
    fn count_pools(
        &self,
        reads: &mut Reads<'_>,
        writes: &mut Batch,
    ) -> Result<Option<Refused>, Error> {
        let mut added: BTreeMap<(&AccountId, &Region), (u32, u64)> = BTreeMap::new();
        for (line, pool) in &self.pools {
            let (count, last) = added.entry((&pool.account, &pool.region)).or_default();
            (*count, *last) = (count.saturating_add(1), *line);
        }
        for ((account, region), (added, line)) in added {
            let count = reads.pool_count(account, region)?.saturating_add(added);
            if count > IdentityPool::PER_ACCOUNT_MAX {
                return Ok(Some((line, ImportFault::TooManyPools)));
            }
            writes.puts.push((Key::account(account, region), PoolCount(count).encode()?));
        }
        Ok(None)
    }

    /// A pool that has appeared since it was marked.
    fn pool_that_exists(&self) -> Result<Option<Refused>, Error> {
        let keys: Vec<Key> = self.pools.iter().filter_map(|(_, pool)| key_of(pool)).collect();
        let values = self.core.store.get(&keys)?;
        let mut found = self.pools.iter().zip(values).filter(|(_, value)| value.is_some());
        let fault = |pool: &Pool| ImportFault::PoolExists(pool.id().clone());
        Ok(found.next().map(|((line, pool), _)| (*line, fault(pool))))
    }

    /// A key of a series that has keys already: a number is never used again.
    fn key_of_a_taken_series(&self) -> Result<Option<Refused>, Error> {
        for (line, key, _) in &self.keys {
            let range = match key.signing_key_parts() {
                Some((region, _)) => KeyRange::signing_keys_of(&region),
                None if key.tree == Tree::SessionKeys => KeyRange::all(Tree::SessionKeys),
                None => return Err(corrupt(key, "not a key's name").into()),
            };
            if !self.core.store.scan(&range, 1)?.is_empty() {
                return Ok(Some((*line, ImportFault::KeysExist)));
            }
        }
        Ok(None)
    }
}

fn key_of(pool: &Pool) -> Option<Key> {
    pool.id().guid().map(Key::pool)
}

fn mark_of(pool: &Pool) -> Option<Key> {
    pool.id().guid().map(Key::deletion)
}
