//! Exports of a view of the store.

use std::io::Write;
use std::path::Path;

use crate::engine::{Admin, Core};
use crate::error::Error;
use crate::exchange::line::{
    Date, EventLine, EventOwner, FirstLine, IdentityLine, Line, PoolLine, Scope, SealedRecord,
    SessionKeyLine, SigningKeyLine, VERSION,
};
use crate::exchange::{
    ExchangeError, Export, ExportScope, Exported, LineWriter, Reporter, STEP, replace_file,
};
use crate::id::{Guid, IdentityId};
use crate::rules::Refusal;
use crate::state::{EventId, Identity, Pool, PrivateKey, StoredKey};
use crate::store::key::corrupt;
use crate::store::record::{EventRecord, KeptKey, Numbered, Record};
use crate::store::{Key, KeyRange, StoreView, Tree, entries_at};

type Result<T> = std::result::Result<T, ExchangeError>;

impl Admin {
    /// Writes pools and identities to `out` as they are at one moment, while other calls go on. The
    /// [guide](crate::guide::exchange) specifies the format.
    ///
    /// # Errors
    ///
    /// * [`ExchangeError::NoView`]: the store has no views. Nothing is written.
    /// * [`ExchangeError::KeysUnsealed`], [`ExchangeError::KeysOfPart`]: keys are wanted, but are
    ///   not sealed, or together with a part of the pools only. Nothing is written.
    /// * [`PoolNotFound`](crate::Refusal::PoolNotFound). Nothing is written.
    /// * [`ExchangeError::Io`], and [`ExchangeError::Engine`] when the store fails. What was
    ///   written has no last line, and every import refuses it.
    ///
    /// # Example: all pools as text
    ///
    /// ```
    /// use cognate::Engine;
    /// use cognate::exchange::Export;
    ///
    /// # use cognate::{login::*, name::*, operation::*, store::*, token::*, *};
    /// let engine = Engine::builder().in_memory()?;
    /// # let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    /// # aws.create_identity_pool(CreateIdentityPoolInput::new("game", GuestAccess::Allowed))?;
    /// let mut file = Vec::new();
    /// let exported = engine.admin().export(Export::all(), &mut file)?;
    /// assert_eq!((exported.pools, exported.identities), (1, 0));
    /// assert!(file.starts_with(br#"{"cognate":"export","version":1,"#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn export(&self, export: Export, out: &mut impl Write) -> Result<Exported> {
        self.core.export(export, out)
    }

    /// Exports into a file. It is written aside, synced, and moved to `path` as a whole; an earlier
    /// file stays as it was if anything fails. On Unix a new file has mode 0600.
    ///
    /// # Errors
    ///
    /// * [`ExchangeError::NotAFile`]: there is a folder, a pipe or a device at `path`.
    /// * As [`export`](Self::export).
    ///
    /// # Example: a backup
    ///
    /// ```
    /// use cognate::Engine;
    /// use cognate::exchange::{Export, Import};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("backup.jsonl");
    /// let engine = Engine::builder().in_memory()?;
    /// engine.admin().export_file(Export::all(), &path)?;
    /// let other = Engine::builder().in_memory()?;
    /// other.admin().import_file(Import::new(), &path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn export_file(&self, export: Export, path: impl AsRef<Path>) -> Result<Exported> {
        replace_file(path.as_ref(), |mut file| self.core.export(export, &mut file))
    }
}

impl Core {
    fn export(&self, export: Export, out: &mut impl Write) -> Result<Exported> {
        let is_whole = matches!(export.scope, ExportScope::All);
        if export.keys && !is_whole {
            return Err(ExchangeError::KeysOfPart);
        }
        self.store.with_view(|view| {
            let view = view.ok_or(ExchangeError::NoView)?;
            self.export_view(view, export, out)
        })
    }

    fn export_view(
        &self,
        view: &dyn StoreView,
        export: Export,
        out: &mut impl Write,
    ) -> Result<Exported> {
        let (at, history) = (Date(self.now()), export.history);
        let (scope, pools) = match export.scope {
            ExportScope::All => (Scope::All, Pools::Listed(KeyRange::all(Tree::PoolListing))),
            ExportScope::Account(account) => {
                let range = KeyRange::pools_of_account(&account);
                (Scope::Account(account), Pools::Listed(range))
            }
            ExportScope::Pool(id) => {
                let found = id.guid().map(|guid| pool(view, guid)).transpose()?.flatten();
                let found = found.filter(|(_, pool)| *pool.id() == id);
                let missing = Refusal::PoolNotFound { identity_pool_id: id.clone() };
                let found = found.ok_or_else(|| Error::from(missing))?;
                (Scope::Pool(id), Pools::One(Box::new(found)))
            }
        };
        let keys = if export.keys { key_lines(view)? } else { Vec::new() };
        let first = FirstLine::Export { version: VERSION, at, scope, history };
        let out = LineWriter::begin(out, &first)?;
        let mut writing = Writing { view, out, history, reporter: export.reporter };
        for key in &keys {
            writing.write(key)?;
        }
        writing.pools(pools)?;
        let Writing { out, mut reporter, .. } = writing;
        let done = out.done();
        let exported = out.finish()?;
        reporter.report(done);
        Ok(exported)
    }
}

/// The pools to export.
enum Pools {
    Listed(KeyRange),
    One(Box<(Guid, Pool)>),
}

struct Writing<'a, W: Write> {
    view: &'a dyn StoreView,
    out: LineWriter<W>,
    history: bool,
    reporter: Reporter,
}

impl<W: Write> Writing<'_, W> {
    fn pools(&mut self, pools: Pools) -> Result<()> {
        let range = match pools {
            Pools::One(found) => return self.pool(found.0, &found.1),
            Pools::Listed(range) => range,
        };
        for entry in entries_at(self.view, range) {
            let (key, _) = entry?;
            let guid = key.trailing_guid().ok_or_else(|| corrupt(&key, "not a pool's entry"))?;
            let found = pool(self.view, guid)?;
            let (_, pool) = found.ok_or_else(|| corrupt(&key, "the pool is not there"))?;
            self.pool(guid, &pool)?;
        }
        Ok(())
    }

    fn pool(&mut self, guid: Guid, pool: &Pool) -> Result<()> {
        self.write(&Line::Pool(Box::new(PoolLine::of(pool))))?;
        for entry in entries_at(self.view, KeyRange::identities_of(guid)) {
            let (key, value) = entry?;
            let identity = Identity::decode(&key, &value)?;
            let line = IdentityLine::of(&identity, &pool.account, self.history);
            self.write(&Line::Identity(line))?;
        }
        if !self.history {
            return Ok(());
        }
        for entry in entries_at(self.view, KeyRange::prefix(Tree::Journal, guid.0)) {
            let (key, value) = entry?;
            let number = key.event_number().ok_or_else(|| corrupt(&key, "not an event's key"))?;
            let record = EventRecord::decode(&key, &value)?;
            let owner = match number.identity {
                None => EventOwner::Pool(pool.id().clone(), number.revision),
                Some(identity) => {
                    let id = IdentityId::new(&pool.region, identity);
                    EventOwner::Identity(EventId::new(id, number.revision))
                }
            };
            self.write(&Line::Event(EventLine::of(owner, &pool.account, record)))?;
        }
        Ok(())
    }

    fn write(&mut self, line: &Line) -> Result<()> {
        self.out.write(line)?;
        let done = self.out.done();
        if done.is_multiple_of(STEP) {
            self.reporter.report(done);
        }
        Ok(())
    }
}

fn pool(view: &dyn StoreView, guid: Guid) -> Result<Option<(Guid, Pool)>> {
    let key = Key::pool(guid);
    let value = view.get(std::slice::from_ref(&key))?.pop().flatten();
    let pool = value.map(|value| Pool::decode(&key, &value)).transpose()?;
    Ok(pool.map(|pool| (guid, pool)))
}

/// The lines of all keys. There are few of them.
fn key_lines(view: &dyn StoreView) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (key, value) in view.scan(&KeyRange::all(Tree::SigningKeys), usize::MAX)? {
        let parts = key.signing_key_parts();
        let (region, number) = parts.ok_or_else(|| corrupt(&key, "not a key's name"))?;
        let sealed = sealed::<StoredKey>(&key, &value)?;
        lines.push(Line::SigningKey(SigningKeyLine { region, number, sealed }));
    }
    for (key, value) in view.scan(&KeyRange::all(Tree::SessionKeys), usize::MAX)? {
        let number = key.session_key_number();
        let number = number.ok_or_else(|| corrupt(&key, "not a key's name"))?;
        let sealed = sealed::<PrivateKey>(&key, &value)?;
        lines.push(Line::SessionKey(SessionKeyLine { number, sealed }));
    }
    Ok(lines)
}

/// The record of a key, unless its private half can be read.
fn sealed<K: KeptKey>(key: &Key, value: &[u8]) -> Result<SealedRecord> {
    let mut kept = Numbered::<K>::decode(key, value)?;
    match kept.key.private() {
        PrivateKey::Plain(_) => Err(ExchangeError::KeysUnsealed),
        PrivateKey::HandedIn | PrivateKey::Sealed { .. } => Ok(SealedRecord::of(value)),
    }
}
