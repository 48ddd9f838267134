//! The batches of an import, each under the mark of its pool.

use std::collections::BTreeMap;

use crate::engine::Core;
use crate::engine::exchange::import::{Current, Importing};
use crate::engine::run::write_identity;
use crate::error::Error;
use crate::exchange::{ExchangeError, ImportFault, STEP};
use crate::id::{IdentityId, Region};
use crate::rules::Change;
use crate::state::{Identity, Login};
use crate::store::key::{EventNumber, corrupt};
use crate::store::record::{ActivityEntry, EventRecord, Record};
use crate::store::{Batch, Key, Store, Tree, Value};

type Result<T, E = ExchangeError> = std::result::Result<T, E>;

/// A batch ends with the line that reaches this number of records, or this length.
const RECORDS_MAX: usize = 1024;
const BYTES_MAX: usize = 1 << 20;

/// Records for the next batch, each with its line.
#[derive(Debug, Default)]
pub(super) struct Pending {
    puts: BTreeMap<Key, (Value, u64)>,
    lines: u64,
    bytes: usize,
}

/// The outcome of a batch.
enum Outcome {
    Done,
    /// The key of this line is taken.
    Taken(Key, u64),
    TakenOver,
}

impl Pending {
    pub(super) fn is_full(&self) -> bool {
        self.lines >= STEP || self.puts.len() >= RECORDS_MAX || self.bytes >= BYTES_MAX
    }

    /// Adds an identity with its logins.
    pub(super) fn add_identity(
        &mut self,
        line: u64,
        identity: &Identity,
        region: &Region,
    ) -> Result<()> {
        let mut writes = Batch::default();
        write_identity(&mut writes, Change::Create(identity.clone()))?;
        let mut keys = writes.puts.iter().map(|(key, _)| key).filter(|key| is_checked(key));
        if let Some(key) = keys.find(|key| self.puts.contains_key(key)) {
            return Err(ExchangeError::Line { line, fault: taken(key, region)? });
        }
        self.add(line, writes.puts);
        Ok(())
    }

    pub(super) fn add_event(
        &mut self,
        line: u64,
        number: EventNumber,
        event: &EventRecord,
    ) -> Result<()> {
        let activity = (Key::activity(event.date, number), ActivityEntry.encode()?);
        self.add(line, vec![(Key::event(number), event.encode()?), activity]);
        Ok(())
    }

    fn add(&mut self, line: u64, puts: Vec<(Key, Value)>) {
        self.lines = self.lines.saturating_add(1);
        for (key, value) in puts {
            let length = key.bytes.len().saturating_add(value.len());
            self.bytes = self.bytes.saturating_add(length);
            self.puts.insert(key, (value, line));
        }
    }

    /// The keys that must be absent. All others are of the pool that nobody else writes to.
    fn absent(&self) -> impl Iterator<Item = &Key> {
        self.puts.keys().filter(|key| is_checked(key))
    }

    /// The first key that is taken, with its line.
    fn first_taken(&self, store: &dyn Store) -> Result<Option<(Key, u64)>, Error> {
        let keys: Vec<Key> = self.absent().cloned().collect();
        let values = store.get(&keys)?;
        let taken = keys.into_iter().zip(values).filter(|(_, value)| value.is_some());
        let lines = taken.filter_map(|(key, _)| {
            let (_, line) = self.puts.get(&key)?;
            Some((key, *line))
        });
        Ok(lines.min_by_key(|(_, line)| *line))
    }
}

fn is_checked(key: &Key) -> bool {
    matches!(key.tree, Tree::IdentityIndex | Tree::Logins)
}

/// The fault of a line whose key is taken.
fn taken(key: &Key, region: &Region) -> Result<ImportFault> {
    if let Some(guid) = key.guid().filter(|_| key.tree == Tree::IdentityIndex) {
        return Ok(ImportFault::IdentityExists(IdentityId::new(region, guid)));
    }
    let login = key.login_parts().ok_or_else(|| corrupt(key, "not a login"))?;
    Ok(ImportFault::LoginTwice { login })
}

impl Core {
    /// A login that another identity of the pool has in the other spelling, with or without a final
    /// slash in its provider's name. Only earlier engines have stored it with the slash.
    pub(super) fn other_spelling(
        &self,
        current: &mut Current,
        pending: &Pending,
        identity: &Identity,
    ) -> Result<Option<Login>, Error> {
        for login in identity.logins().filter(|login| !login.is_developer()) {
            let own = Key::login(current.guid, login);
            let bare = Login::public(login.provider(), login.subject().clone());
            let bare = Key::login(current.guid, &bare);
            let other = if own == bare {
                Key::login_with_slash(current.guid, login)
            } else {
                current.has_slashes = true;
                Some(bare)
            };
            let Some(other) = other else { continue };
            let is_pending = pending.puts.contains_key(&other);
            if is_pending || (current.has_slashes && self.store.get_one(&other)?.is_some()) {
                return Ok(Some(login.clone()));
            }
        }
        Ok(None)
    }
}

impl Importing<'_> {
    /// Commits the pending records.
    pub(super) fn commit(&mut self) -> Result<()> {
        let Some(current) = &self.current else { return Ok(()) };
        if !self.held.renew()? {
            return Err(ExchangeError::TakenOver);
        }
        let pending = std::mem::take(&mut self.pending);
        if pending.puts.is_empty() {
            return Ok(());
        }
        let (core, mark) = (self.core, Key::deletion(current.guid));
        let mut is_first = true;
        let outcome = core.run_batch(|reads| {
            let mut writes = Batch::default();
            if !core.holds(reads, &mark)? {
                return Ok((writes, Outcome::TakenOver));
            }
            if !std::mem::take(&mut is_first)
                && let Some((key, line)) = pending.first_taken(&core.store)?
            {
                return Ok((writes, Outcome::Taken(key, line)));
            }
            writes.checks.extend(pending.absent().map(|key| (key.clone(), None)));
            let puts = pending.puts.iter().map(|(key, (value, _))| (key.clone(), value.clone()));
            writes.puts.extend(puts);
            Ok((writes, Outcome::Done))
        })?;
        match outcome {
            Outcome::Done => Ok(()),
            Outcome::TakenOver => Err(ExchangeError::TakenOver),
            Outcome::Taken(key, line) => {
                let fault = taken(&key, &current.region)?;
                Err(ExchangeError::Line { line, fault })
            }
        }
    }
}
