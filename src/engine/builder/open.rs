//! The ways to open a store.

use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::builder::Builder;
use crate::engine::cache::PoolCache;
use crate::engine::deletion::Remover;
use crate::engine::hints::Hints;
use crate::engine::keys::KeyRing;
use crate::engine::open_store::OpenStore;
use crate::engine::sweeper::Opened;
use crate::engine::throttle::{Throttle, Throttling};
use crate::engine::{Access, Core, Engine};
use crate::error::{Error, Result};
use crate::store::{MemoryStore, SledOptions, Store, is_unfinished_copy};
use crate::token::Seal;

impl Builder {
    /// Opens the sled database in the folder `path`, with exclusive access. Creates the folder if
    /// it is missing.
    ///
    /// # Errors
    ///
    /// * [`Error::Locked`] while another engine has the folder open.
    /// * [`Error::Corrupt`] when the database is damaged or has lost its
    ///   end.
    /// * [`Error::SigningKey`] when the keys are sealed and the secret is
    ///   missing or wrong, or when a secret is empty.
    /// * [`Error::CopyUnfinished`] after a [copy](crate::store::copy) that did not finish.
    /// * [`Error::Storage`] when the files cannot be read or written.
    pub fn open(self, path: impl Into<PathBuf>) -> Result<Engine> {
        self.open_sled(SledOptions::new(path))
    }

    /// Opens a sled database with other options, with exclusive access.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    ///
    /// # Example: a database that survives a killed process, not a power cut
    ///
    /// ```
    /// use cognate::store::{Durability, SledOptions};
    /// use cognate::Engine;
    ///
    /// # let folder = tempfile::tempdir().expect("a folder");
    /// # let path = folder.path().join("identities.db");
    /// let options = SledOptions::new(path).durability(Durability::ProcessKill);
    /// let engine = Engine::builder().open_sled(options)?;
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn open_sled(self, options: SledOptions) -> Result<Engine> {
        self.build(Access::Exclusive, || Ok(Box::new(options.open()?)))
    }

    /// Opens a new, empty [`MemoryStore`] with exclusive access. Its content is lost with the
    /// engine.
    ///
    /// # Errors
    ///
    /// [`Error::SigningKey`] when a secret is empty.
    pub fn in_memory(self) -> Result<Engine> {
        self.open_exclusive(MemoryStore::new())
    }

    /// Opens a store that only this engine uses until it is closed. The engine caches pools and
    /// keys.
    ///
    /// Nothing else may write to the store meanwhile, neither another engine nor the holder of an
    /// `Arc` of it: this engine would not notice the change of a pool. Reading it is harmless.
    ///
    /// # Errors
    ///
    /// * [`Error::CopyUnfinished`] and [`Error::SigningKey`] as for [`open`](Self::open).
    /// * The store's own errors.
    ///
    /// # Example: look into the store of an engine
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use cognate::store::{KeyRange, MemoryStore, Store, Tree};
    /// use cognate::Engine;
    ///
    /// let store = Arc::new(MemoryStore::new());
    /// let engine = Engine::builder().open_exclusive(Arc::clone(&store))?;
    /// engine.rotate_session_key()?;
    /// assert_eq!(store.scan(&KeyRange::prefix(Tree::SessionKeys, []), 10)?.len(), 1);
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn open_exclusive(self, store: impl Store + 'static) -> Result<Engine> {
        self.build(Access::Exclusive, || Ok(Box::new(store)))
    }

    /// Opens a store that other engines may use at the same time, each of them opened with this
    /// method. The engines may run in different processes if the store reaches all of them.
    ///
    /// The engine remembers pools, and confirms a pool in the same read that finds the identity of
    /// a call, so no answer is based on a pool that has changed. It keeps signing and session keys
    /// for ten seconds. A key that another engine has rotated may sign or seal for that long: it
    /// remains valid for a minute more than its last token or session.
    ///
    /// # Errors
    ///
    /// As [`open_exclusive`](Self::open_exclusive).
    ///
    /// # Example: two engines over one store
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use cognate::store::MemoryStore;
    /// use cognate::Engine;
    ///
    /// let store = Arc::new(MemoryStore::new());
    /// let first = Engine::builder().open_shared(Arc::clone(&store))?;
    /// let second = Engine::builder().open_shared(store)?;
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn open_shared(self, store: impl Store + 'static) -> Result<Engine> {
        self.build(Access::Shared, || Ok(Box::new(store)))
    }

    /// Opens the store last, so a refused configuration creates no database.
    fn build(
        self,
        access: Access,
        open: impl FnOnce() -> Result<Box<dyn Store>>,
    ) -> Result<Engine> {
        let seal = Seal::new(self.key_secret.as_deref(), self.previous_key_secret.as_deref())?;
        let core = Core {
            keys: KeyRing::new(self.signing_algorithm, self.signing_key, seal, access),
            store: OpenStore::new(open()?),
            pools: (access == Access::Exclusive).then(PoolCache::default),
            hints: Hints::default(),
            clock: self.clock,
            entropy: self.entropy,
            ids: self.ids,
            verifier: self.verifier,
            credential_issuer: self.credential_issuer,
            reviewer: self.reviewer,
            ring: Arc::default(),
            journal: self.journal,
            throttle: (self.throttling != Throttling::Off).then(Throttle::default),
            remover: Remover::new(self.removal),
            default_account: self.default_account,
            choices: self.choices,
        };
        if is_unfinished_copy(&core.store)? {
            return Err(Error::CopyUnfinished);
        }
        core.open_keys()?;
        Ok(Engine { core: Arc::new(Opened::new(core)?) })
    }
}
