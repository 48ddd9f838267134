//! Imports: a deletion run backwards. Pools are filled under their marks, and the last commit makes
//! all of them visible.

mod batch;
mod events;
mod last;

use std::io::Read;
use std::path::Path;

use crate::engine::events::Origin;
use crate::engine::exchange::held::Held;
use crate::engine::{Admin, Core};
use crate::exchange::line::{FirstLine, IdentityLine, Line, PoolLine};
use crate::exchange::{
    ExchangeError, Import, ImportFault, Imported, LineReader, open_regular, tail_counts,
};
use crate::id::{Guid, Region};
use crate::state::{ChangeOperation, Pool};
use crate::store::{Key, Value};
use batch::Pending;
use events::Events;

type Result<T, E = ExchangeError> = std::result::Result<T, E>;

impl Admin {
    /// Imports an export or a seed: its pools, with everything in them. Either all of it happens,
    /// or nothing does. Nobody sees a pool before all are there. The memory that an import takes
    /// grows with the number of pools, and not with that of identities.
    ///
    /// A pool or an identity that exists already is refused, and so is everything that no operation
    /// would have created. The [guide](crate::guide::exchange) lists the rules.
    ///
    /// An import that is killed leaves what a killed deletion of a pool leaves: see
    /// [`finish_removals`](crate::Engine::finish_removals). Over a shared store, `from` must not
    /// keep the import waiting for half a minute. Other engines then remove what was imported.
    ///
    /// # Errors
    ///
    /// * [`ExchangeError::Line`]: the line that is refused, and the reason.
    /// * [`ExchangeError::TakenOver`]: another engine has removed the unfinished import.
    /// * [`ExchangeError::Io`] when `from` cannot be read, and [`ExchangeError::Engine`] when the
    ///   store fails.
    ///
    /// # Example: a seed
    ///
    /// ```
    /// use cognate::Engine;
    /// use cognate::exchange::Import;
    ///
    /// let seed = r#"{"cognate":"seed","version":1}
    /// {"pool":{"settings":{"IdentityPoolName":"game","AllowUnauthenticatedIdentities":true}}}
    /// {"identity":{"id":"us-east-1:a11ce000-0000-4000-8000-000000000000"}}
    /// "#;
    /// let engine = Engine::builder().in_memory()?;
    /// let import = Import::new().region("us-east-1".parse()?);
    /// let imported = engine.admin().import(import, seed.as_bytes())?;
    /// assert_eq!((imported.identity_pool_ids.len(), imported.identities), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn import(&self, import: Import, from: impl Read) -> Result<Imported> {
        let mut lines = LineReader::begin(from)?;
        let mut importing = Importing::new(self, import, lines.first().clone());
        let imported = importing.read(&mut lines);
        if imported.is_err() {
            importing.held.give_up();
        }
        imported
    }

    /// Imports a file.
    ///
    /// # Errors
    ///
    /// * [`ExchangeError::NotAFile`]: the path names a folder, a pipe or a device.
    /// * As [`import`](Self::import).
    pub fn import_file(&self, mut import: Import, path: impl AsRef<Path>) -> Result<Imported> {
        let mut file = open_regular(path.as_ref())?;
        import.reporter.total = tail_counts(&mut file)?;
        self.import(import, file)
    }
}

/// An import in progress.
struct Importing<'a> {
    core: &'a Core,
    origin: Origin<'a>,
    import: Import,
    file: FirstLine,
    held: Held<'a>,
    /// Keys for the last commit, each with its line.
    keys: Vec<(u64, Key, Value)>,
    /// The pools for the last commit, each with its line.
    pools: Vec<(u64, Pool)>,
    current: Option<Current>,
    pending: Pending,
}

/// The pool whose lines are being read.
struct Current {
    guid: Guid,
    region: Region,
    /// Whether a login was spelled with a final slash, as earlier engines stored it.
    has_slashes: bool,
    events: Option<Events>,
}

impl<'a> Importing<'a> {
    fn new(admin: &'a Admin, import: Import, file: FirstLine) -> Self {
        let core: &Core = &admin.core;
        Self {
            core,
            origin: admin.origin(ChangeOperation::Import),
            import,
            file,
            held: Held::new(core),
            keys: Vec::new(),
            pools: Vec::new(),
            current: None,
            pending: Pending::default(),
        }
    }

    fn read<R: Read>(&mut self, lines: &mut LineReader<R>) -> Result<Imported> {
        while let Some(line) = lines.next()? {
            let number = lines.number();
            match line {
                Line::Pool(line) => self.pool(number, *line)?,
                Line::Identity(line) => self.identity(number, line)?,
                Line::Event(line) => self.event(number, line)?,
                line @ (Line::SigningKey(_) | Line::SessionKey(_)) => self.key(number, line)?,
                Line::End(_) => return Err(lines.fault(ImportFault::Misplaced)),
            }
            if self.pending.is_full() {
                self.commit()?;
                self.import.reporter.report(lines.done());
            }
        }
        self.end_pool()?;
        self.commit_last()?;
        self.import.reporter.report(lines.done());
        let (identities, events) = lines.counts();
        let pools = self.pools.iter().map(|(_, pool)| pool.id().clone());
        Ok(Imported { identity_pool_ids: pools.collect(), identities, events })
    }

    fn pool(&mut self, line: u64, pool: PoolLine) -> Result<()> {
        self.end_pool()?;
        let pool = self.core.checked_pool(pool, &self.file, &self.import);
        let pool = pool.map_err(|unfit| unfit.at(line))?;
        let at = |fault| ExchangeError::Line { line, fault };
        let guid =
            pool.id().guid().ok_or_else(|| at(ImportFault::NoGuid(pool.id().to_string())))?;
        self.check_count(&pool)?.map_err(at)?;
        self.held.mark(pool.id())?.map_err(at)?;
        self.current =
            Some(Current { guid, region: pool.region.clone(), has_slashes: false, events: None });
        self.pools.push((line, pool));
        Ok(())
    }

    /// Commits what is pending of a pool, and compares its last events.
    fn end_pool(&mut self) -> Result<()> {
        self.commit()?;
        self.end_history()?;
        self.current = None;
        Ok(())
    }

    fn identity(&mut self, line: u64, identity: IdentityLine) -> Result<()> {
        let at = |fault| ExchangeError::Line { line, fault };
        let (Some(current), Some((_, pool))) = (&mut self.current, self.pools.last()) else {
            return Err(at(ImportFault::Misplaced));
        };
        if current.events.is_some() {
            return Err(at(ImportFault::Misplaced));
        }
        let of = (pool, &self.file);
        let identity = self.core.checked_identity(identity, of, self.origin, self.core.now());
        let identity = identity.map_err(|unfit| unfit.at(line))?;
        if let Some(login) = self.core.other_spelling(current, &self.pending, &identity)? {
            return Err(at(ImportFault::LoginTwice { login }));
        }
        self.pending.add_identity(line, &identity, &pool.region)
    }
}
