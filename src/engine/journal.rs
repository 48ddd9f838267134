//! The journal: the events of identities and pools, in the batches of the changes that they tell.
//!
//! The event of a creation is no record of its own: the record of an identity that has not changed
//! since says it itself. The first change of the identity writes it, together with its own event.
//! Nothing is counted across identities, so writers of different identities share no record.

mod erasure;
mod retention;

use crate::ambient::Timestamp;
use crate::engine::gather::Reads;
use crate::engine::run::{not_minted, place_of};
use crate::engine::{Core, Engine};
use crate::error::Result;
use crate::id::IdentityId;
use crate::rules::{Change, Effect};
use crate::state::{Actor, ActorKind, ChangeEvent, ChangeKind, EventId, Identity, Pool, Source};
use crate::store::key::EventNumber;
use crate::store::record::{ActivityEntry, EventRecord, Record};
use crate::store::{Batch, Key};

/// The journal of an engine: how long it keeps events.
///
/// # Example: the history of an identity
///
/// ```
/// use cognate::admin::HistoryInput;
/// use cognate::{Engine, Journal};
///
/// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
/// let engine = Engine::builder().journal(Journal::keep(90)).in_memory()?;
/// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
/// # let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed);
/// # let pool = aws.create_identity_pool(input)?;
/// let guest = engine.public().get_id(GetIdInput::new(&pool.identity_pool_id))?.identity_id;
/// let history = engine.admin().history(HistoryInput::new(&guest, 60))?;
/// assert_eq!(history.events.len(), 1);
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Journal {
    days: u32,
}

impl Journal {
    /// Keeps events for this many days. [`Engine::expire_events`](crate::Engine::expire_events)
    /// removes older ones.
    pub const fn keep(days: u32) -> Self {
        Self { days }
    }

    /// The days for which events are kept.
    pub const fn days(self) -> u32 {
        self.days
    }

    /// The date of the oldest event that is kept.
    fn oldest(self, now: Timestamp) -> Timestamp {
        const DAY_MILLIS: u64 = 24 * 60 * 60 * 1000;
        let kept = u64::from(self.days).saturating_mul(DAY_MILLIS);
        Timestamp::from_millis(now.as_millis().saturating_sub(kept))
    }
}

impl Engine {
    /// The journal that the engine keeps, if it keeps one.
    pub fn journal(&self) -> Option<Journal> {
        self.core.journal
    }
}

impl Core {
    /// Adds to a batch what the journal says of its change: puts the events, marks those that are
    /// undone, and erases those of deleted identities.
    pub(super) fn keep(
        &self,
        reads: &mut Reads<'_>,
        writes: &mut Batch,
        events: &[ChangeEvent],
        effects: &[Effect],
    ) -> Result<()> {
        let deleted = effects.iter().filter_map(|effect| match effect {
            Effect::Identity(Change::Delete(identity)) => Some(identity),
            Effect::Identity(_) | Effect::Pool(_) | Effect::Undone(_) => None,
        });
        self.erase(writes, deleted)?;
        self.forget_deletions(reads, writes)?;
        for effect in effects {
            if let Effect::Undone(event) = effect {
                mark(reads, writes, events, event)?;
            }
        }
        if self.journal.is_none() {
            return Ok(());
        }
        for effect in effects {
            if let Effect::Identity(Change::Update { before, .. }) = effect
                && let Some(source) = before.creation()
            {
                put(writes, number_of(before)?, &creation(before, source.clone()))?;
            }
        }
        for event in events.iter().filter(|event| is_kept(event)) {
            put(writes, event_number(event)?, &record(event))?;
        }
        Ok(())
    }
}

/// Whether the event is a record of its own.
fn is_kept(event: &ChangeEvent) -> bool {
    !event
        .changes
        .iter()
        .any(|change| change.is_beginning() || matches!(change, ChangeKind::PoolDeleted))
}

fn put(writes: &mut Batch, number: EventNumber, event: &EventRecord) -> Result<()> {
    writes.puts.push((Key::event(number), event.encode()?));
    writes.puts.push((Key::activity(event.date, number), ActivityEntry.encode()?));
    Ok(())
}

/// Marks an event as undone. The mark names the new event of the same identity, if there is one.
fn mark(
    reads: &mut Reads<'_>,
    writes: &mut Batch,
    events: &[ChangeEvent],
    undone: &EventId,
) -> Result<()> {
    let of_same = |event: &&ChangeEvent| event.identity_id.as_ref() == Some(&undone.identity_id);
    let Some(by) = events.iter().find(of_same).or_else(|| events.first()) else { return Ok(()) };
    let (pool, identity) = (by.identity_pool_id.guid(), undone.identity_id.guid());
    let Some((pool, identity)) = pool.zip(identity) else { return Ok(()) };
    let key = Key::event(EventNumber { pool, identity: Some(identity), revision: undone.revision });
    if let Some(event) = reads.record::<EventRecord>(&key)? {
        writes.puts.push((key, EventRecord { undone_by: by.id(), ..event }.encode()?));
    }
    Ok(())
}

fn number_of(identity: &Identity) -> Result<EventNumber> {
    let (pool, place) = place_of(identity)?;
    Ok(EventNumber { pool, identity: Some(place.guid), revision: identity.revision() })
}

fn event_number(event: &ChangeEvent) -> Result<EventNumber> {
    let pool = event.identity_pool_id.guid();
    let pool = pool.ok_or_else(|| not_minted(event.identity_pool_id.as_str()))?;
    let guid_of = |id: &IdentityId| id.guid().ok_or_else(|| not_minted(id.as_str()));
    let identity = event.identity_id.as_ref().map(guid_of).transpose()?;
    Ok(EventNumber { pool, identity, revision: event.revision })
}

fn record(event: &ChangeEvent) -> EventRecord {
    let by = match event.by {
        Actor::Anyone => ActorKind::Anyone,
        Actor::Account(_) => ActorKind::Account,
        Actor::Administrator => ActorKind::Administrator,
    };
    let request_id = event.request_id.clone();
    EventRecord {
        date: event.date,
        source: Source { operation: event.operation, by, request_id },
        changes: event.changes.clone(),
        undid: event.undid.clone(),
        undone_by: event.undone_by.clone(),
    }
}

/// The event of the creation of an identity that has not changed since.
fn creation(identity: &Identity, source: Source) -> EventRecord {
    let changes = vec![ChangeKind::beginning(identity, source.operation)];
    EventRecord { date: identity.created(), source, changes, undid: None, undone_by: None }
}

/// The creation of an identity, if only its record tells it.
pub(super) fn creation_of(identity: &Identity) -> Result<Option<(EventNumber, EventRecord)>> {
    let Some(source) = identity.creation() else { return Ok(None) };
    Ok(Some((number_of(identity)?, creation(identity, source.clone()))))
}

/// An event as an administrator reads it.
pub(super) fn told(pool: &Pool, number: EventNumber, record: EventRecord) -> ChangeEvent {
    let EventRecord { date, source, changes, undid, undone_by } = record;
    let Source { operation, by, request_id } = source;
    ChangeEvent {
        identity_pool_id: pool.id().clone(),
        identity_id: number.identity.map(|guid| IdentityId::new(&pool.region, guid)),
        revision: number.revision,
        date,
        by: match by {
            ActorKind::Anyone => Actor::Anyone,
            ActorKind::Account => Actor::Account(pool.account.clone()),
            ActorKind::Administrator => Actor::Administrator,
        },
        operation,
        request_id,
        changes,
        undid,
        undone_by,
    }
}
