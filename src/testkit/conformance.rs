//! The requirements of the trait `Store`, checked for any store.

mod backward;
mod batches;
mod breach;
mod calls;
mod long;
mod moments;
mod peer;
mod races;
mod records;
mod reopening;
mod sequences;
mod serial;
mod threads;
mod views;

use std::fmt;
use std::io;
use std::process::Command;

use crate::store::{Store, StoreError};
use breach::Outcome;
use peer::Peer;
use races::Race;

/// Checks that a store keeps the requirements of the trait [`Store`].
///
/// The suite commits a few thousand batches, some of them from two threads at the same moment. It
/// needs an empty database, leaves it empty, and stops at the first requirement that is broken.
///
/// By default it opens the database, checks everything that one handle can show, drops the handle
/// and opens the database again. The methods below add requirements or leave one out. A store that
/// several engines share has to pass [`shared`](Self::shared) too, and with
/// [`in_two_processes`](Self::in_two_processes) if the engines are of several processes.
///
/// The suite cannot check everything. It causes no failures, so it checks neither durability, nor
/// the errors of a lost connection, nor that a commit with a [token](crate::store::Batch::token)
/// is settled: [`FaultyStore`](crate::testkit::FaultyStore) tests an engine with these.
///
/// # Example: the store in memory
///
/// ```
/// use cognate::store::MemoryStore;
/// use cognate::testkit::Conformance;
///
/// let suite = Conformance::new(|| Ok(MemoryStore::new())).without_reopening();
/// suite.rounds(10).fully_serializable().check()?;
/// # Ok::<(), cognate::testkit::Nonconformity>(())
/// ```
///
/// # Example: a store in a folder
///
/// ```
/// use cognate::store::{Durability, SledOptions};
/// use cognate::testkit::Conformance;
///
/// # let folder = tempfile::tempdir().expect("a folder");
/// # let path = folder.path().join("identities.db");
/// let options = SledOptions::new(path).durability(Durability::Relaxed);
/// Conformance::new(|| options.clone().open()).rounds(10).check()?;
/// # Ok::<(), cognate::testkit::Nonconformity>(())
/// ```
#[must_use = "`check` runs the suite"]
pub struct Conformance<F> {
    open: F,
    rounds: usize,
    reopens: bool,
    is_shared: bool,
    is_serializable: bool,
    process: Option<Command>,
}

impl<F> fmt::Debug for Conformance<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conformance")
            .field("rounds", &self.rounds)
            .field("reopens", &self.reopens)
            .field("is_shared", &self.is_shared)
            .field("is_serializable", &self.is_serializable)
            .field("process", &self.process.as_ref().map(Command::get_program))
            .finish_non_exhaustive()
    }
}

/// How often a race is run each way.
const ROUNDS: usize = 40;

impl<S: Store, F> Conformance<F>
where
    F: Fn() -> Result<S, StoreError>,
{
    /// The suite for the database that `open` opens. Every call has to open the same one.
    pub fn new(open: F) -> Self {
        Self {
            open,
            rounds: ROUNDS,
            reopens: true,
            is_shared: false,
            is_serializable: false,
            process: None,
        }
    }

    /// How often each race is run: 40 times each way by default.
    pub fn rounds(mut self, rounds: usize) -> Self {
        self.rounds = rounds;
        self
    }

    /// Does not require that a database is still there when it is opened again. Use it for a store
    /// whose content is lost when it is dropped.
    pub fn without_reopening(mut self) -> Self {
        self.reopens = false;
        self
    }

    /// Requires that the database can be open twice at the same time. All races then run between
    /// two handles too.
    pub fn shared(mut self) -> Self {
        self.is_shared = true;
        self
    }

    /// Requires that batches are serializable even if they check the absence of keys that they do
    /// not put. The engine has no such batch that writes, so a store need not pass.
    pub fn fully_serializable(mut self) -> Self {
        self.is_serializable = true;
        self
    }

    /// Requires that the database can be open in two processes at the same time. All races then run
    /// between this process and the one that `command` starts. That process has to open the same
    /// database and to call [`serve`](Self::serve).
    ///
    /// # Example: a test that starts itself
    ///
    /// ```no_run
    /// use std::env;
    /// use std::process::Command;
    ///
    /// # use cognate::store::{SledOptions, SledStore, StoreError};
    /// use cognate::testkit::Conformance;
    ///
    /// # fn open(url: &str) -> Result<SledStore, StoreError> {
    /// #     SledOptions::new(url).open()
    /// # }
    /// // #[test]
    /// fn second_process() {
    ///     if let Ok(url) = env::var("SECOND_PROCESS_URL") {
    ///         Conformance::new(|| open(&url)).serve().expect("serves the first process");
    ///     }
    /// }
    ///
    /// // #[test]
    /// fn conforms() {
    ///     let url = "store://…";
    ///     let mut command = Command::new(env::current_exe().expect("this binary"));
    ///     command.args(["--exact", "second_process"]).env("SECOND_PROCESS_URL", url);
    ///     let suite = Conformance::new(|| open(url)).shared().in_two_processes(command);
    ///     suite.check().unwrap_or_else(|broken| panic!("{broken}"));
    /// }
    /// ```
    pub fn in_two_processes(mut self, command: Command) -> Self {
        self.process = Some(command);
        self
    }

    /// In the process that [`in_two_processes`](Self::in_two_processes) starts: opens the store and
    /// answers the calls of the suite until it ends. The calls come through the standard input, and
    /// the answers leave through the standard output, which may hold other lines too.
    ///
    /// # Errors
    ///
    /// When the store cannot be opened, and when the first process cannot be read or written.
    pub fn serve(self) -> io::Result<()> {
        let store = (self.open)().map_err(io::Error::other)?;
        peer::serve(&store, io::stdin().lock(), &mut io::stdout())
    }

    /// Runs the suite.
    ///
    /// # Errors
    ///
    /// Returns the first requirement that the store breaks. A call that fails breaks the
    /// requirement that is being checked.
    pub fn check(mut self) -> Result<(), Nonconformity> {
        let store = self.opened("the database can be opened")?;
        let empty = "the database is empty before the suite";
        calls::is_empty(&store).map_err(|breach| breach.of(empty, Setting::OneHandle))?;
        let cases = batches::CASES.iter().chain(&records::CASES).chain(&long::CASES);
        let cases = cases.chain(&backward::CASES).chain([&sequences::CASE]);
        cases.into_iter().try_for_each(|case| case.check(&store))?;
        self.check_pair(&store, &store, Setting::OneHandle)?;
        if self.is_shared {
            let second = self.opened("the database can be open twice")?;
            self.check_pair(&store, &second, Setting::TwoHandles)?;
        }
        if let Some(command) = self.process.take() {
            let start = "a second process opens the database";
            let peer = Peer::start(command);
            let peer = peer.map_err(|breach| breach.of(start, Setting::TwoProcesses))?;
            self.check_pair(&store, &peer, Setting::TwoProcesses)?;
        }
        if self.reopens {
            let reopened = reopening::check(store, &self.open);
            reopened.map_err(|breach| breach.of(reopening::REQUIREMENT, Setting::OneHandle))?;
        }
        Ok(())
    }

    fn opened(&self, requirement: &'static str) -> Result<S, Nonconformity> {
        let opened = (self.open)().map_err(breach::Breach::from);
        opened.map_err(|breach| breach.of(requirement, Setting::OneHandle))
    }

    fn check_pair(
        &self,
        one: &dyn Store,
        other: &dyn Store,
        setting: Setting,
    ) -> Result<(), Nonconformity> {
        let pair = Pair { one, other, rounds: self.rounds };
        let race = |race: &Race| pair.check(race.requirement, setting, |pair| race.check(pair));
        let case = |case: &PairCase| pair.check(case.requirement, setting, case.run);
        case(&moments::READ_AT_ONCE)?;
        races::RULED.iter().try_for_each(race)?;
        races::COUNTS.iter().chain(&moments::CASES).chain(&views::CASES).try_for_each(case)?;
        if self.is_serializable { races::RAW.iter().try_for_each(race) } else { Ok(()) }
    }
}

/// The requirement that a store breaks, with an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonconformity {
    requirement: &'static str,
    setting: Setting,
    example: String,
}

impl Nonconformity {
    /// The requirement in words.
    pub fn requirement(&self) -> &str {
        self.requirement
    }
}

impl fmt::Display for Nonconformity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requirement, setting, example } = self;
        let through = match setting {
            Setting::OneHandle => "",
            Setting::TwoHandles => ", through two handles",
            Setting::TwoProcesses => ", from two processes",
        };
        write!(f, "required: {requirement}{through}; but {example}")
    }
}

impl std::error::Error for Nonconformity {}

/// The handles that a requirement is checked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting {
    OneHandle,
    TwoHandles,
    TwoProcesses,
}

/// A requirement that one thread checks.
struct Case {
    requirement: &'static str,
    run: fn(&dyn Store) -> Outcome,
}

impl Case {
    fn check(&self, store: &dyn Store) -> Result<(), Nonconformity> {
        let outcome = (self.run)(store).and_then(|()| calls::clear(store));
        outcome.map_err(|breach| breach.of(self.requirement, Setting::OneHandle))
    }
}

/// A requirement that several threads check through two handles.
struct PairCase {
    requirement: &'static str,
    run: fn(&Pair<'_>) -> Outcome,
}

/// Two handles of one database, which may be the same.
struct Pair<'a> {
    one: &'a dyn Store,
    other: &'a dyn Store,
    rounds: usize,
}

impl Pair<'_> {
    /// The handles exchanged.
    fn mirrored(&self) -> Self {
        Self { one: self.other, other: self.one, rounds: self.rounds }
    }

    /// Runs a check each way, and clears the database after each.
    fn check(
        &self,
        requirement: &'static str,
        setting: Setting,
        run: impl Fn(&Self) -> Outcome,
    ) -> Result<(), Nonconformity> {
        let each_way = [self, &self.mirrored()].into_iter().try_for_each(|pair| {
            run(pair)?;
            calls::clear(pair.one)
        });
        each_way.map_err(|breach| breach.of(requirement, setting))
    }
}
