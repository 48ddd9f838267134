//! The path of a request: gather, decide, commit. Only this module writes and retries.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::Core;
use crate::engine::events::Origin;
use crate::engine::gather::Reads;
use crate::engine::patience::Patience;
use crate::error::{Error, Result};
use crate::id::Guid;
use crate::rules::{Change, Decided, Effect, Refusal};
use crate::state::{Identity, Pool};
use crate::store::key::{Place, corrupt};
use crate::store::record::{Address, Deletion, Owner, PoolCount, PoolEntry, Record};
use crate::store::{Batch, Commit, Key, Store, Token, Tree, Value};

impl Core {
    /// Lets `attempt` gather what the answer consists of.
    pub(super) fn read<T>(
        &self,
        mut attempt: impl FnMut(&mut Reads<'_>) -> Result<T>,
    ) -> Result<T> {
        self.run_batch(|reads| Ok((Batch::default(), attempt(reads)?)))
    }

    /// Lets `attempt` gather and decide, and `prepare` make what the answer needs: without it
    /// nothing may be written. Then commits the decision, and publishes its events.
    pub(super) fn run_as<T, U>(
        &self,
        origin: Origin<'_>,
        mut attempt: impl FnMut(&mut Reads<'_>) -> Result<Decided<T>>,
        mut prepare: impl FnMut(T) -> Result<U>,
    ) -> Result<U> {
        let (output, events) = self.run_batch(|reads| {
            let Decided { effects, output } = attempt(reads)?;
            let output = prepare(output)?;
            let events = self.events(origin, &effects);
            let (mut writes, mut counts) = (Batch::default(), PoolChanges::new());
            self.keep(reads, &mut writes, &events, &effects)?;
            for effect in effects {
                match effect {
                    Effect::Pool(change) => write_pool(&mut writes, &mut counts, *change)?,
                    Effect::Identity(Change::Create(created)) if self.journal.is_some() => {
                        let created = created.created_by(Some(origin.source()));
                        write_identity(&mut writes, Change::Create(created))?;
                    }
                    Effect::Identity(change) => write_identity(&mut writes, change)?,
                    Effect::Undone(_) => {}
                }
            }
            count_pools(reads, &mut writes, counts)?;
            Ok((writes, (output, events)))
        })?;
        self.ring.publish(events);
        Ok(output)
    }

    /// Commits the batch of `attempt` with checks of everything it has read. Runs the attempt again
    /// if another call has changed any of it.
    pub(super) fn run_batch<T>(
        &self,
        mut attempt: impl FnMut(&mut Reads<'_>) -> Result<(Batch, T)>,
    ) -> Result<T> {
        let mut patience = Patience::new(self.is_shared());
        let mut current = Vec::new();
        loop {
            // A cached pool would answer without the store.
            self.store.ensure_open()?;
            let mut reads = Reads::new(self);
            reads.begin_with(std::mem::take(&mut current));
            let decided = attempt(&mut reads);
            let decided = match reads.check_unasked().and(decided) {
                Ok((writes, output)) => Some((writes, Ok(output))),
                Err(_) if reads.is_stale() => None,
                // INVARIANT I7. A refusal must also be based on one committed state.
                Err(error @ (Error::Refused(_) | Error::Corrupt { .. })) => {
                    Some((Batch::default(), Err(error)))
                }
                Err(error) => return Err(error),
            };
            if let Some((writes, answer)) = decided {
                match self.commit(reads, writes)? {
                    Commit::Done => return answer,
                    Commit::Conflict => {}
                    Commit::ConflictWith(values) => current = values,
                }
            }
            patience.wait()?;
        }
    }

    fn commit(&self, mut reads: Reads<'_>, batch: Batch) -> Result<Commit> {
        if batch.is_read_only() && self.is_shared() && self.store.reads_one_moment() {
            if reads.is_unconfirmed() {
                match reads.confirm() {
                    Err(_) if reads.is_stale() => return Ok(Commit::Conflict),
                    confirmed => confirmed?,
                }
            }
            return Ok(Commit::Done);
        }
        self.commit_batch(reads, batch)
    }

    fn commit_batch(&self, reads: Reads<'_>, mut batch: Batch) -> Result<Commit> {
        let Reads { seen, generation, kept_pools, scanned, .. } = reads;
        let answers_only = batch.is_read_only() && batch.checks.is_empty() && seen.len() <= 1;
        if answers_only
            && !kept_pools.is_empty()
            && let (Some(cache), Some(generation)) = (&self.pools, generation)
            && cache.is_unchanged_since(generation)
        {
            return Ok(Commit::Done);
        }
        let is_hinted = self.is_shared() && !kept_pools.is_empty();
        let kept = kept_pools.iter().map(|kept| (Key::pool(kept.guid), Some(kept.record.clone())));
        batch.checks.extend(kept.chain(seen));
        if batch.is_read_only() {
            if batch.checks.len() <= 1 && !scanned && !is_hinted {
                return Ok(Commit::Done);
            }
        } else {
            if let Some(absent) = absent_and_not_put(&batch) {
                return self.contradiction(absent.clone(), batch.checks);
            }
            batch.token = self.token_for(&batch)?;
        }
        let pools = batch.written().filter(|key| key.tree == Tree::Pools);
        let pools: Vec<Guid> = pools.filter_map(Key::leading_pool).collect();
        let cache = self.pools.as_ref().filter(|_| !pools.is_empty());
        let _writing = cache.map(|cache| cache.writing(pools));
        let outcome = self.store.commit(batch)?;
        if is_hinted && outcome != Commit::Done {
            for kept in kept_pools {
                self.hints.forget(kept.guid);
            }
        }
        Ok(outcome)
    }

    /// A decision puts every key that it relies on to be absent, unless what it has read
    /// contradicts itself: because it was read at several moments, or because the store is damaged.
    fn contradiction(&self, absent: Key, seen: Vec<(Key, Option<Value>)>) -> Result<Commit> {
        let batch = Batch { checks: seen, ..Batch::default() };
        match self.store.commit(batch)? {
            Commit::Done => Err(corrupt(&absent, "is absent, but other records name it").into()),
            lost @ (Commit::Conflict | Commit::ConflictWith(_)) => Ok(lost),
        }
    }

    /// The name of a batch whose outcome the store may have to find out. A batch that creates an
    /// identity puts its fresh id, which names it well enough.
    fn token_for(&self, batch: &Batch) -> Result<Option<Token>> {
        let mut creations = batch.checks.iter().filter(|(_, value)| value.is_none());
        let is_named = creations.any(|(key, _)| key.tree == Tree::IdentityIndex);
        if is_named || !self.store.settles_by_token() {
            return Ok(None);
        }
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes)?;
        Ok(Some(Token(bytes)))
    }
}

/// A key that a decision relies on to be absent without putting it. A store need not keep it absent
/// until the batch commits. The mark of a deleted pool is an exception: the creation of a pool
/// deletes it.
fn absent_and_not_put(batch: &Batch) -> Option<&Key> {
    let absent = batch.checks.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key);
    let mut unput: BTreeSet<&Key> = absent.filter(|key| key.tree != Tree::Deletions).collect();
    for (put, _) in &batch.puts {
        unput.remove(put);
    }
    unput.pop_first()
}

/// How many pools a decision creates and deletes, by the key of their account.
type PoolChanges = BTreeMap<Key, (u32, u32)>;

/// Writes a pool, derives the listing from it, and notes the change of the pool count.
fn write_pool(writes: &mut Batch, counts: &mut PoolChanges, change: Change<Pool>) -> Result<()> {
    match change {
        Change::Create(pool) => {
            put_new_pool(writes, &pool)?;
            // INVARIANT I6: nothing of the new pool is removed as the remains of a deleted one.
            let mark = Key::deletion(guid_of(&pool)?);
            writes.checks.push((mark.clone(), None));
            writes.deletes.push(mark);
            let (created, _) = counts.entry(Key::account(&pool.account, &pool.region)).or_default();
            *created = created.saturating_add(1);
            Ok(())
        }
        Change::Update { before, after } => {
            writes.puts.push((Key::pool(guid_of(&after)?), encoded(&after)?));
            if entry_of(&before) != entry_of(&after) {
                writes.puts.push((listing_of(&after)?, entry_of(&after).encode()?));
            }
            Ok(())
        }
        Change::Delete(pool) => {
            let guid = guid_of(&pool)?;
            writes.deletes.extend([Key::pool(guid), listing_of(&pool)?]);
            writes.puts.push((Key::deletion(guid), Deletion::default().encode()?));
            let (_, deleted) = counts.entry(Key::account(&pool.account, &pool.region)).or_default();
            *deleted = deleted.saturating_add(1);
            Ok(())
        }
    }
}

/// Writes a pool that does not exist, and its place in the listing. The pools must be counted too.
pub(super) fn put_new_pool(writes: &mut Batch, pool: &Pool) -> Result<()> {
    let key = Key::pool(guid_of(pool)?);
    writes.checks.push((key.clone(), None));
    writes.puts.push((key, encoded(pool)?));
    writes.puts.push((listing_of(pool)?, entry_of(pool).encode()?));
    Ok(())
}

fn encoded(pool: &Pool) -> Result<Value> {
    // Encoding fails for no other reason.
    Ok(pool.encode().map_err(|_| Refusal::PoolTooLarge)?)
}

fn count_pools(reads: &mut Reads<'_>, writes: &mut Batch, counts: PoolChanges) -> Result<()> {
    for (key, (created, deleted)) in counts {
        let pools = reads.record::<PoolCount>(&key)?.map_or(0, |count| count.0);
        match pools.saturating_add(created).saturating_sub(deleted) {
            0 => writes.deletes.push(key),
            pools => writes.puts.push((key, PoolCount(pools).encode()?)),
        }
    }
    Ok(())
}

fn listing_of(pool: &Pool) -> Result<Key> {
    Ok(Key::pool_listing(&pool.account, &pool.region, pool.created, guid_of(pool)?))
}

fn entry_of(pool: &Pool) -> PoolEntry {
    PoolEntry(pool.settings.identity_pool_name.clone())
}

fn guid_of(pool: &Pool) -> Result<Guid> {
    pool.id().guid().ok_or_else(|| not_minted(pool.id().as_str()))
}

/// Stored records only have ids that an engine has generated.
pub(super) fn not_minted(id: &str) -> Error {
    Error::Corrupt { detail: format!("`{id}` is no id that can be kept") }
}

// INVARIANT I2: the login index is derived from the identities and written with them.
pub(super) fn write_identity(writes: &mut Batch, change: Change<Identity>) -> Result<()> {
    let (before, after) = match change {
        Change::Create(after) => {
            let (pool, place) = place_of(&after)?;
            // INVARIANT I9
            writes.checks.push((Key::identity_index(place.guid), None));
            let address = Address { pool, created: place.created };
            writes.puts.push((Key::identity_index(place.guid), address.encode()?));
            (None, Some(after))
        }
        Change::Update { before, after } => (Some(before), Some(after)),
        Change::Delete(before) => {
            let (pool, place) = place_of(&before)?;
            writes.deletes.extend([Key::identity_index(place.guid), Key::identity(pool, place)]);
            (Some(before), None)
        }
    };
    if let Some(after) = &after {
        let (pool, place) = place_of(after)?;
        writes.puts.push((Key::identity(pool, place), after.encode()?));
        let owner = Owner(place).encode()?;
        let gained = after.logins().filter(|login| !before.as_ref().is_some_and(|b| b.has(login)));
        writes.puts.extend(gained.map(|login| (Key::login(pool, login), owner.clone())));
    }
    if let Some(before) = &before {
        let (pool, _) = place_of(before)?;
        let lost = before.logins().filter(|login| !after.as_ref().is_some_and(|a| a.has(login)));
        // If a login moves, the identity that gains it puts it. Puts are applied after deletes.
        writes.deletes.extend(lost.map(|login| Key::login(pool, login)));
    }
    Ok(())
}

pub(super) fn place_of(identity: &Identity) -> Result<(Guid, Place)> {
    let pool = identity.pool().guid().ok_or_else(|| not_minted(identity.pool().as_str()))?;
    let guid = identity.id().guid().ok_or_else(|| not_minted(identity.id().as_str()))?;
    Ok((pool, Place { created: identity.created(), guid }))
}
