//! A survey of everything that an implementation does differently from the service.

use std::collections::BTreeMap;
use std::fmt;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::testkit::generate::operations;
use crate::testkit::implementation::Implementation;
use crate::testkit::model::Model;
use crate::testkit::operation::Operation;
use crate::testkit::outcome::OperationOutcome;
use crate::testkit::run::{Disagreement, Run};

/// Runs many sequences of operations on an implementation and continues after disagreements.
///
/// A sequence ends at its first disagreement, because the true state is unknown after it. It is
/// then repeated without that operation, until the rest agrees. So frequent disagreements do not
/// hide rare ones. For each kind of disagreement, the survey keeps the first one, reduced to the
/// shortest sequence found.
///
/// # Example: the deviations of an emulator
///
/// ```
/// use cognate::testkit::{self, Model, Survey, WireDoor};
/// use cognate::token::SigningAlgorithm;
/// use cognate::Engine;
///
/// let emulator = || {
///     let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
///     let engine = builder.login_verifier(testkit::login_verifier()).in_memory();
///     WireDoor::new(engine.expect("an engine"))
/// };
/// let deviations = Survey::new(16, 40).run(&Model::new(), emulator);
/// assert!(deviations.is_empty(), "{deviations}");
/// ```
#[derive(Debug, Clone)]
pub struct Survey {
    cases: u32,
    length: usize,
    seed: u64,
    only: Vec<String>,
    first_account: Option<u64>,
}

impl Survey {
    /// A survey with `cases` sequences of up to `length` operations each.
    pub fn new(cases: u32, length: usize) -> Self {
        Self { cases, length, seed: 0, only: Vec::new(), first_account: None }
    }

    /// Sets the seed. Another seed gives other sequences.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Limits the survey to the operations with these names. An implementation need not have all
    /// operations.
    #[must_use]
    pub fn only<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.only = names.into_iter().map(Into::into).collect();
        self
    }

    /// Gives each sequence separate accounts, from this number of twelve digits on. Use it for an
    /// implementation that keeps the data of earlier sequences.
    #[must_use]
    pub fn accounts_from(mut self, first_account: u64) -> Self {
        self.first_account = Some(first_account);
        self
    }

    /// Runs the survey. `new` returns an implementation for each sequence. It must be unused, or at
    /// least unused by the accounts of the sequence.
    pub fn run<S: Implementation>(&self, model: &Model, new: impl FnMut() -> S) -> Deviations {
        let mut seed = [0; 32];
        seed.iter_mut().zip(self.seed.to_le_bytes()).for_each(|(to, from)| *to = from);
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let config = Config { failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, rng);
        let deviations = Deviations { seed: self.seed, ..Deviations::default() };
        let mut tour = Tour { survey: self, model, new, deviations };
        for _ in 0..self.cases {
            let Ok(generated) = operations(1..=self.length.max(1)).new_tree(&mut runner) else {
                continue;
            };
            let mut operations = generated.current();
            operations.retain(|operation| {
                self.only.is_empty() || self.only.iter().any(|name| name == operation.name())
            });
            tour.explore(operations);
        }
        tour.deviations
    }
}

/// The maximum number of accounts in a sequence.
const ACCOUNTS: u64 = 1 << u8::BITS;

struct Tour<'a, New> {
    survey: &'a Survey,
    model: &'a Model,
    new: New,
    deviations: Deviations,
}

impl<S: Implementation, New: FnMut() -> S> Tour<'_, New> {
    fn explore(&mut self, mut operations: Vec<Operation>) {
        while let Some((place, disagreement)) = self.first(&operations) {
            let kind = Kind::of(&disagreement);
            if let Some(known) = self.deviations.kinds.get_mut(&kind) {
                known.times = known.times.saturating_add(1);
            } else {
                let mut shortest = operations.clone();
                shortest.truncate(place.saturating_add(1));
                let disagreement = self.shorten(&kind, shortest, disagreement);
                let finding = Deviation { kind: kind.clone(), times: 1, disagreement };
                self.deviations.kinds.insert(kind, finding);
            }
            operations.remove(place);
        }
    }

    /// The first disagreement, and the index of its operation.
    fn first(&mut self, operations: &[Operation]) -> Option<(usize, Disagreement)> {
        let mut run = match self.survey.first_account {
            None => Run::new(self.model.clone()),
            Some(first) => {
                let earlier = self.deviations.sequences.saturating_mul(ACCOUNTS);
                Run::with_accounts(self.model.clone(), first.saturating_add(earlier))
            }
        };
        let implementation = (self.new)();
        self.deviations.sequences = self.deviations.sequences.saturating_add(1);
        for (place, operation) in operations.iter().enumerate() {
            self.deviations.calls = self.deviations.calls.saturating_add(1);
            if let Err(disagreement) = run.perform(&implementation, operation) {
                return Some((place, *disagreement));
            }
        }
        None
    }

    /// Removes as many operations as possible while the kind of the disagreement stays the same.
    fn shorten(
        &mut self,
        kind: &Kind,
        mut operations: Vec<Operation>,
        mut shortest: Disagreement,
    ) -> Disagreement {
        let mut size = operations.len();
        let mut is_shorter = true;
        while size > 1 || is_shorter {
            size = (size / 2).max(1);
            is_shorter = false;
            let mut start = 0_usize;
            while start < operations.len() {
                let end = start.saturating_add(size);
                let places = operations.iter().zip(0..);
                let others = places.filter(|(_, place)| !(start..end).contains(place));
                let mut fewer: Vec<_> = others.map(|(operation, _)| operation.clone()).collect();
                match self.first(&fewer) {
                    Some((place, disagreement)) if Kind::of(&disagreement) == *kind => {
                        fewer.truncate(place.saturating_add(1));
                        (operations, shortest, is_shorter) = (fewer, disagreement, true);
                    }
                    _ => start = end,
                }
            }
        }
        shortest
    }
}

/// A kind of disagreement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Kind {
    /// The operation's name.
    pub operation: &'static str,
    /// The expected answer: an exception, or words without details.
    pub expected: String,
    /// The actual answer, in the same form.
    pub got: String,
}

impl Kind {
    /// The kind of a disagreement.
    pub fn of(disagreement: &Disagreement) -> Self {
        let got = match &disagreement.outcome {
            OperationOutcome::Refused { exception, .. } => exception.clone(),
            OperationOutcome::Unreadable(what) => unreadable(what),
            answer @ (OperationOutcome::Done
            | OperationOutcome::Pool(..)
            | OperationOutcome::Pools(_)
            | OperationOutcome::Identity(_)
            | OperationOutcome::Token(..)
            | OperationOutcome::Credentials(..)
            | OperationOutcome::Description(_)
            | OperationOutcome::Identities(..)
            | OperationOutcome::Users(..)
            | OperationOutcome::Unprocessed(_)
            | OperationOutcome::Settings(_)) => in_general(&answer.to_string()),
        };
        let expected = in_general(&disagreement.expected);
        Self { operation: disagreement.operation, expected, got }
    }
}

/// The HTTP status or the error at the beginning of a text, if there is one.
fn unreadable(what: &str) -> String {
    const LENGTH_MAX: usize = 40;
    let head = what.split(['<', '{', '[', '"', '\n']).next().unwrap_or_default().trim();
    let head: String = head.chars().take(LENGTH_MAX).collect();
    if head.is_empty() { "unreadable".to_owned() } else { format!("unreadable: {head}") }
}

/// Removes varying details from a text: numbers, text in brackets, and the number of names.
fn in_general(text: &str) -> String {
    let mut general = String::new();
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '{' | '[' | '(' => {
                if depth == 0 {
                    general.extend([c, '…']);
                }
                depth = depth.saturating_add(1);
            }
            '}' | ']' | ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    general.push(c);
                }
            }
            _ if depth > 0 => {}
            c if !c.is_ascii_digit() => general.push(c),
            _ if general.ends_with(char::is_alphabetic) => {}
            _ => general.push('n'),
        }
    }
    general.replace(" or $identity", "")
}

/// The result of a survey.
#[derive(Debug, Clone, Default)]
pub struct Deviations {
    kinds: BTreeMap<Kind, Deviation>,
    seed: u64,
    sequences: u64,
    calls: u64,
}

/// A kind of disagreement with its number of occurrences and an example.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Deviation {
    /// The kind.
    pub kind: Kind,
    /// The number of occurrences.
    pub times: u64,
    /// The kept disagreement, after the shortest sequence.
    pub disagreement: Disagreement,
}

impl Deviations {
    /// Returns true if the implementation always agreed.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// The number of kinds of disagreement.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// The kinds, by operation.
    pub fn iter(&self) -> impl Iterator<Item = &Deviation> {
        self.kinds.values()
    }
}

impl fmt::Display for Deviations {
    /// Prints a table of the kinds, and then a script for each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kinds, seed, sequences, calls } = self;
        writeln!(
            f,
            "{calls} calls in {sequences} sequences of seed {seed}, {} kinds of disagreement",
            self.len()
        )?;
        let width = |of: fn(&Kind) -> &str| {
            kinds.keys().map(|kind| of(kind).chars().count()).max().unwrap_or_default()
        };
        let operation = width(|kind| kind.operation);
        let expected = width(|kind| &kind.expected).max("expected".len());
        if !self.is_empty() {
            let (of, what) = ("operation", "expected");
            writeln!(f, "\n  no  times  {of:operation$}  {what:expected$}  got")?;
        }
        for (Deviation { kind, times, .. }, number) in self.iter().zip(1_u64..) {
            let (of, what, got) = (kind.operation, &kind.expected, &kind.got);
            writeln!(f, "{number:4}  {times:5}  {of:operation$}  {what:expected$}  {got}")?;
        }
        for (Deviation { disagreement, .. }, number) in self.iter().zip(1_u64..) {
            write!(f, "\n# {number}\n{disagreement}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
