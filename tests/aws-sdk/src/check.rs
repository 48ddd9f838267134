//! Counts the checks and prints one line for each.

use std::error::Error;
use std::fmt::{self, Debug, Display};
use std::iter;

use aws_sdk_cognitoidentity::error::{ProvideErrorMetadata, SdkError};

/// The expected message of a refusal.
#[derive(Debug, Clone, Copy)]
pub enum Text<'a> {
    /// The texts before and after a part that is not known here.
    Around(&'a str, &'a str),
    /// Exactly this text.
    Exactly(&'a str),
    /// Any text that is not empty.
    Unspecified,
    /// The service's text for these violated constraints, in any order.
    Violations(&'a [Broken<'a>]),
}

/// A violated constraint: the shown value, the member and the constraint.
#[derive(Debug, Clone, Copy)]
pub struct Broken<'a>(pub &'a str, pub &'a str, pub &'a str);

/// The checks until now.
#[derive(Debug, Default)]
pub struct Checks {
    passed: u32,
    failed: u32,
}

impl Checks {
    /// Checks that `found` equals the expected value.
    #[expect(clippy::needless_pass_by_value, reason = "checks read better without borrows")]
    pub fn equal<A: Debug + PartialEq<B>, B: Debug>(&mut self, what: &str, found: A, expected: B) {
        let outcome = if found == expected {
            Ok(())
        } else {
            Err(format!("expected {expected:?}, found {found:?}"))
        };
        self.record(what, outcome);
    }

    /// Checks that `found` satisfies the condition.
    pub fn that<A: Debug>(&mut self, what: &str, found: &A, condition: impl FnOnce(&A) -> bool) {
        let outcome = if condition(found) { Ok(()) } else { Err(format!("found {found:?}")) };
        self.record(what, outcome);
    }

    /// Checks that an operation was refused with the SDK's expected error and the expected text.
    pub fn refused<T: Debug, E: ProvideErrorMetadata + Debug>(
        &mut self,
        what: &str,
        answer: Result<T, SdkError<E>>,
        is_expected: fn(&E) -> bool,
        text: Text<'_>,
    ) {
        self.record(what, refusal(answer, is_expected, text));
    }

    /// Fails if a story ended early with an error.
    pub fn ended(&mut self, story: &str, outcome: Result<(), Box<dyn Error>>) {
        if let Err(error) = outcome {
            let causes = iter::successors(Some(error.as_ref()), |&error| error.source());
            let reason = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
            self.record(&format!("{story}: the story broke off"), Err(reason));
        }
    }

    /// Prints the total. Returns whether there were checks and none failed.
    pub fn print_total(&self) -> bool {
        println!("{} passed, {} failed", self.passed, self.failed);
        self.failed == 0 && self.passed > 0
    }

    fn record(&mut self, what: &str, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => {
                self.passed += 1;
                println!("ok   {what}");
            }
            Err(reason) => {
                self.failed += 1;
                println!("FAIL {what}: {reason}");
            }
        }
    }
}

/// The service's answer to a violated constraint. Its model, and so the SDK, has no type for it.
pub fn is_validation_exception<E: ProvideErrorMetadata>(error: &E) -> bool {
    error.code() == Some("ValidationException")
}

fn refusal<T: Debug, E: ProvideErrorMetadata + Debug>(
    answer: Result<T, SdkError<E>>,
    is_expected: fn(&E) -> bool,
    text: Text<'_>,
) -> Result<(), String> {
    let refusal = match answer {
        Ok(answer) => return Err(format!("it was answered: {answer:?}")),
        Err(SdkError::ServiceError(refusal)) => refusal,
        Err(other) => return Err(format!("no refusal of the service: {other:?}")),
    };
    let status = refusal.raw().status().as_u16();
    let error = refusal.err();
    let message = error.message().unwrap_or_default();
    if !is_expected(error) {
        return Err(format!("another error: {} `{message}`", error.code().unwrap_or("no code")));
    }
    if status != 400 {
        return Err(format!("the HTTP status is {status}"));
    }
    if text.fits(message) { Ok(()) } else { Err(format!("expected {text:?}, found `{message}`")) }
}

impl Text<'_> {
    fn fits(self, message: &str) -> bool {
        match self {
            Self::Around(head, tail) => {
                let rest = message.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
                rest.is_some_and(|between| !between.is_empty())
            }
            Self::Exactly(text) => message == text,
            Self::Unspecified => !message.is_empty(),
            Self::Violations(violations) => {
                let noun = if violations.len() == 1 { "error" } else { "errors" };
                let head = format!("{} validation {noun} detected: ", violations.len());
                let Some(found) = message.strip_prefix(&head) else {
                    return false;
                };
                let mut found: Vec<_> = found.split("; ").map(str::to_owned).collect();
                let mut expected: Vec<_> = violations.iter().map(ToString::to_string).collect();
                found.sort_unstable();
                expected.sort_unstable();
                found == expected
            }
        }
    }
}

impl Display for Broken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value, member, constraint) = self;
        write!(f, "Value {value} at '{member}' failed to satisfy constraint: {constraint}")
    }
}
