//! Runs of operations on an implementation, checked by the model.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};

use crate::id::IdentityId;
use crate::state::ChangeEvent;
use crate::testkit::directory::Directory;
use crate::testkit::generate::operations;
use crate::testkit::implementation::Implementation;
use crate::testkit::model::{Expected, Model, NumberedEvent, RecordedEvent, UndoObstacle};
use crate::testkit::names::Identity;
use crate::testkit::operation::Operation;
use crate::testkit::outcome::OperationOutcome;
use crate::testkit::request::Request;
use crate::testkit::script::{Line, Script};

/// The error for an answer that the service could not have given.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Disagreement {
    /// The operation's name.
    pub operation: &'static str,
    /// The answer of the service, in words.
    pub expected: String,
    /// The clause of the contract that says so: its section and its rule, or the operation's name.
    pub clause: &'static str,
    /// The actual answer.
    pub outcome: OperationOutcome,
    /// All operations up to this one.
    pub script: Script,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.script)?;
        let got = self.outcome.to_string().replace('\n', " ");
        let Self { operation, expected, clause, .. } = self;
        writeln!(f, "# {operation}: expected {expected} ({clause}), got {got}")
    }
}

impl std::error::Error for Disagreement {}

/// The operations on an implementation so far, and the state of the model after them.
#[derive(Debug, Clone)]
pub struct Run {
    pub(crate) directory: Directory,
    pub(crate) model: Model,
    pub(crate) script: Script,
    met: BTreeMap<&'static str, usize>,
}

/// The default number of the first account.
const FIRST_ACCOUNT: u64 = 123_456_789_012;

impl Run {
    /// A run without any operation yet.
    pub fn new(model: Model) -> Self {
        Self::with_accounts(model, FIRST_ACCOUNT)
    }

    /// Uses accounts from this number of twelve digits on. Use it if several runs share an
    /// implementation.
    pub fn with_accounts(model: Model, first_account: u64) -> Self {
        let directory = Directory::new(first_account);
        Self { directory, model, script: Script::default(), met: BTreeMap::new() }
    }

    /// Performs an operation with names that were seen.
    ///
    /// # Errors
    ///
    /// Returns an error if the model disagrees.
    pub fn perform(
        &mut self,
        implementation: &impl Implementation,
        operation: &Operation,
    ) -> Result<OperationOutcome, Box<Disagreement>> {
        let operation = self.directory.settle(operation.clone(), Some(&self.model));
        self.perform_settled(implementation, &operation)
    }

    /// Performs an operation whose names are final.
    pub(crate) fn perform_settled(
        &mut self,
        implementation: &impl Implementation,
        operation: &Operation,
    ) -> Result<OperationOutcome, Box<Disagreement>> {
        let request = operation.request();
        let outcome = self.directory.send(implementation, &request);
        self.script.call(request, &outcome);
        match self.model.step(operation, &outcome) {
            Ok(clauses) => {
                for clause in clauses {
                    let times = self.met.entry(clause).or_default();
                    *times = times.saturating_add(1);
                }
                Ok(outcome)
            }
            Err(Expected { answer, clause }) => Err(Box::new(Disagreement {
                operation: operation.name(),
                expected: answer,
                clause,
                outcome,
                script: self.script.clone(),
            })),
        }
    }

    /// Advances the time, if the implementation has an adjustable one.
    pub fn wait(&mut self, implementation: &impl Implementation, secs: u64) {
        if implementation.wait(secs) {
            self.model.wait(secs);
            self.script.wait(secs);
        }
    }

    /// The clauses of the contract that decided the answers so far, each with the number of times.
    pub fn met(&self) -> &BTreeMap<&'static str, usize> {
        &self.met
    }

    /// The model after the operations so far.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Undoes the change of an event in the [model](Model::undo), after the implementation has done
    /// so. The script shows it, but cannot repeat it.
    ///
    /// # Errors
    ///
    /// Returns the reasons why it cannot be undone. The model stays unchanged.
    pub fn undo(&mut self, event: NumberedEvent) -> Result<(), BTreeSet<UndoObstacle>> {
        self.model.undo(event)?;
        self.script.undo(event);
        Ok(())
    }

    /// An event of the implementation, with numbers for its generated names. `None` if it is the
    /// event of a pool, or if a name was not seen.
    pub fn recorded(&self, event: &ChangeEvent) -> Option<RecordedEvent> {
        self.directory.recorded(event)
    }

    /// The id of an identity that was seen.
    pub fn identity_id(&self, identity: Identity) -> Option<IdentityId> {
        self.directory.identity_id(identity)
    }

    /// The operations so far.
    pub fn script(&self) -> &Script {
        &self.script
    }
}

impl Script {
    /// Performs the operations again, with accounts from `first_account` on, and checks each answer
    /// with the model. Returns them with their new outcomes.
    ///
    /// # Errors
    ///
    /// Stops at the first answer that the service could not have given, and at a line that the
    /// model does not know.
    pub fn verify(
        &self,
        implementation: &impl Implementation,
        model: Model,
        first_account: u64,
    ) -> Result<Self, Box<Disagreement>> {
        let mut run = Run::with_accounts(model, first_account);
        for line in &self.lines {
            match line {
                Line::Wait(secs) => run.wait(implementation, *secs),
                Line::Call(request, _) => {
                    let operation = request.parsed().ok_or_else(|| Disagreement {
                        operation: "the script",
                        expected: "an operation that the model knows".to_owned(),
                        clause: "the operations of the testkit",
                        outcome: OperationOutcome::Unreadable(request.to_string()),
                        script: run.script().clone(),
                    })?;
                    run.perform_settled(implementation, &operation)?;
                }
            }
        }
        Ok(run.script().clone())
    }
}

impl Directory {
    pub(crate) fn send(
        &mut self,
        implementation: &impl Implementation,
        request: &Request,
    ) -> OperationOutcome {
        let call = self.fill(request);
        match implementation.call(&call) {
            Ok(reply) => self.read(request, &reply, |token| implementation.session(token)),
            Err(error) => OperationOutcome::Unreadable(error.to_string()),
        }
    }
}

/// Runs operations on an unused implementation.
///
/// # Errors
///
/// Stops at the first answer that the service could not have given.
pub fn run(
    implementation: &impl Implementation,
    model: Model,
    operations: &[Operation],
) -> Result<(), Box<Disagreement>> {
    let mut run = Run::new(model);
    operations.iter().try_for_each(|operation| run.perform(implementation, operation).map(drop))
}

/// Runs `cases` sequences of up to `length` operations each, every one on a new implementation.
///
/// # Errors
///
/// Returns the shortest sequence found whose last answer the service could not have given, and the
/// seed. Set the environment variable `PROPTEST_RNG_SEED` to a seed to repeat its sequences.
pub fn check<S: Implementation>(
    cases: u32,
    length: usize,
    model: &Model,
    new: impl Fn() -> S,
) -> Result<(), String> {
    let default = Config::default();
    let seed = match default.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(length),
    };
    let rng_seed = RngSeed::Fixed(seed);
    let config = Config { cases, failure_persistence: None, rng_seed, ..default };
    let mut runner = TestRunner::new(config);
    let checked = runner
        .run(&operations(1..=length), |operations| Ok(run(&new(), model.clone(), &operations)?));
    checked.map_err(|error| match error {
        TestError::Fail(reason, _) | TestError::Abort(reason) => {
            format!("{reason}\n# PROPTEST_RNG_SEED={seed}")
        }
    })
}
