//! Ids of new pools and identities: chosen by a caller, or minted.

use crate::engine::Core;
use crate::engine::gather::Reads;
use crate::error::{Error, Result};
use crate::id::Guid;
use crate::rules::Refusal;
use crate::store::{Key, KeyRange, Store};

/// The number of ids in a row that a source that repeats may find taken.
const TAKEN_MAX: u32 = 10_000_000;

impl Core {
    /// A new guid: of an identity of this pool, or of a pool.
    pub(super) fn fresh_guid(&self, pool: Option<Guid>) -> Result<Guid> {
        if !self.ids.may_repeat() {
            return self.mint();
        }
        for _ in 0..TAKEN_MAX {
            let guid = self.mint()?;
            if !self.is_taken(guid, pool)? {
                return Ok(guid);
            }
        }
        Err(Error::Contended)
    }

    fn mint(&self) -> Result<Guid> {
        Ok(Guid(self.ids.mint()?.into_bytes()))
    }

    fn is_taken(&self, guid: Guid, pool: Option<Guid>) -> Result<bool> {
        let known = self.store.get(&traces_of(guid))?;
        Ok(known.iter().any(Option::is_some) || self.is_told(guid, pool)?)
    }

    /// Whether the journal of the pool tells of an identity with this guid.
    fn is_told(&self, guid: Guid, pool: Option<Guid>) -> Result<bool> {
        let Some(pool) = pool else { return Ok(false) };
        Ok(!self.store.scan(&KeyRange::events_of(pool, guid), 1)?.is_empty())
    }
}

impl Reads<'_> {
    /// The guid of a new identity of a pool. An explanation uses up no id: it has a nil one.
    pub(super) fn fresh_guid(&self, pool: Guid) -> Result<Guid> {
        if self.is_for_explanation { Ok(Guid::NIL) } else { self.core.fresh_guid(Some(pool)) }
    }

    /// Refuses a chosen id that is taken: by a pool, by one that is being removed, or by an
    /// identity. A deleted identity may come back.
    pub(super) fn ensure_free(&mut self, guid: Guid, id: &str) -> Result<()> {
        let traces = traces_of(guid);
        self.will_read(traces.clone());
        let mut is_taken = false;
        for key in &traces {
            is_taken |= self.value(key)?.is_some();
        }
        // The batch itself checks the keys that must stay absent.
        self.seen.retain(|(key, value)| value.is_some() || !traces.contains(key));
        if is_taken { Err(Refusal::IdTaken { id: id.to_owned() }.into()) } else { Ok(()) }
    }
}

/// The keys of which one is there if the guid is that of a pool or an identity.
fn traces_of(guid: Guid) -> [Key; 3] {
    [Key::pool(guid), Key::deletion(guid), Key::identity_index(guid)]
}
