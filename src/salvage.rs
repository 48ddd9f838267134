//! Salvage: a new database of what can be read in a damaged one.
//!
//! Pools, identities and keys are copied, and the events that lead to them. Everything else follows
//! from these and is made anew: the listings, the counts, the index of identities, the logins that
//! point at them, and the activity. The new database therefore violates no invariant. The records
//! that follow from what is lost tell what the loss breaks.

mod sift;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::store::{Durability, Key, SledOptions, Store, StoreError, Tree, move_folder};

/// The report of a [salvage](SledOptions::salvage). Its `Display` is a text for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Salvage {
    /// The number of records that each tree of the new database has.
    pub kept: Vec<(Tree, u64)>,
    /// The records that the new database lacks.
    pub left_out: Vec<Loss>,
    /// Records that the damaged database lacked, and that were made anew from others.
    pub made_anew: Vec<Loss>,
}

/// A record that a damaged database lacks, or several.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loss {
    /// The key of the record. `None` if the keys are lost as well.
    pub key: Option<Key>,
    /// The reason why the record is left out.
    pub reason: String,
    /// The calls that the loss concerns.
    pub effect: String,
}

impl Salvage {
    /// Whether the new database has every record that was written.
    pub fn is_whole(&self) -> bool {
        self.left_out.is_empty() && self.made_anew.is_empty()
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        write!(f, "{}: {}", self.reason, self.effect)
    }
}

impl fmt::Display for Salvage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (tree, count) in &self.kept {
            writeln!(f, "kept {count} of {}", tree.name())?;
        }
        for loss in &self.left_out {
            writeln!(f, "left out {loss}")?;
        }
        for loss in &self.made_anew {
            writeln!(f, "made anew {loss}")?;
        }
        f.write_str(if self.is_whole() { "nothing is missing" } else { "records are missing" })
    }
}

impl SledOptions {
    /// Copies what can be read of a damaged database to a new one in the folder `into`, and reports
    /// every record that it leaves out. The damaged database stays as it is.
    ///
    /// The new database does not open before somebody [accepts](Self::accept_salvage) its losses.
    /// `into` must not exist. Until the new database is finished, everything happens in a folder
    /// with the ending `.unfinished`, which needs up to three times the room of the damaged one.
    ///
    /// # Errors
    ///
    /// * [`Error::Locked`] while an engine has the damaged database open.
    /// * [`Error::Corrupt`] when sled finds nothing to read.
    /// * [`Error::Storage`] when there is no database, when `into` exists, or when the files cannot
    ///   be read or written.
    ///
    /// # Example: records that are missing
    ///
    /// ```
    /// use cognate::store::SledOptions;
    /// use cognate::{Engine, Error};
    ///
    /// # let folder = tempfile::tempdir().expect("a folder");
    /// # let path = folder.path().join("damaged.db");
    /// # let into = folder.path().join("salvaged.db");
    /// # Engine::open(&path)?.close()?;
    /// # std::fs::write(path.join("commit"), "damage").expect("written");
    /// assert!(matches!(Engine::open(&path), Err(Error::Corrupt { .. })));
    /// let salvage = SledOptions::new(&path).salvage(&into)?;
    /// for loss in &salvage.left_out {
    ///     println!("{loss}");
    /// }
    /// assert!(matches!(Engine::open(&into), Err(Error::Salvaged { .. })));
    /// SledOptions::new(&into).accept_salvage()?;
    /// let engine = Engine::open(&into)?;
    /// # Ok::<(), cognate::Error>(())
    /// ```
    pub fn salvage(self, into: impl Into<PathBuf>) -> Result<Salvage> {
        let into = into.into();
        let unfinished = unfinished(&into)?;
        let made = make(&self, &unfinished);
        let salvage = made.and_then(|salvage| {
            move_folder(&unfinished.join("database"), &into).map_err(failed)?;
            Ok(salvage)
        });
        // What cannot be removed is not in the way of the new database.
        drop(fs::remove_dir_all(&unfinished));
        salvage
    }

    /// Accepts the losses of a salvaged database: from now on it opens as any other one. Does
    /// nothing for a database that was not salvaged.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`Error::Corrupt`] when the database violates an invariant.
    pub fn accept_salvage(self) -> Result<()> {
        let store = self.opening_salvaged().open()?;
        if let Some(finding) = crate::check::check(&store)?.first() {
            return Err(Error::Corrupt { detail: finding.to_string() });
        }
        store.mark_as_salvaged(false)?;
        Ok(())
    }
}

/// The folder for a database that is not finished.
fn unfinished(into: &Path) -> Result<PathBuf> {
    let mut name = into.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let unfinished = into.with_file_name(name);
    for path in [into, &unfinished] {
        if path.exists() {
            return Err(failed(format!("{} exists already", path.display())));
        }
    }
    Ok(unfinished)
}

fn make(options: &SledOptions, unfinished: &Path) -> Result<Salvage> {
    let new = SledOptions::new(unfinished.join("database")).durability(Durability::Relaxed);
    // Opened first: its folder keeps other users out of the copies.
    let store = new.opening_salvaged().open()?;
    store.mark_as_salvaged(true)?;
    let wreck = options.wreck(&unfinished.join("database").join("copies"))?;
    let salvage = sift::sift(&wreck, &store)?;
    drop(wreck);
    fs::remove_dir_all(unfinished.join("database").join("copies")).map_err(failed)?;
    if let Some(finding) = crate::check::check(&store)?.first() {
        return Err(Error::Corrupt { detail: finding.to_string() });
    }
    store.sync()?;
    Ok(salvage)
}

fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    StoreError::failed(source).into()
}
