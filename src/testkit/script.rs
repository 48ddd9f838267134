//! Operations as lines of text, which can be performed again by any implementation.

use std::fmt;
use std::str::FromStr;

use crate::testkit::directory::Directory;
use crate::testkit::json::Json;
use crate::testkit::names::Account;
use crate::testkit::outcome::Outcome;
use crate::testkit::request::Request;
use crate::testkit::subject::Subject;

/// A sequence of operations with what each came to.
///
/// ```text
/// account0/us-east-1 CreateIdentityPool {"IdentityPoolName":"pool 0","AllowUnauthenticatedIdentities":true}
/// public GetId {"IdentityPoolId":"$pool0"}
/// wait 60
/// # a comment
/// ```
///
/// `$identity3` stands for the fourth identity that was seen, `$token0` for the first token,
/// `$login.Google.1.Genuine` for a token of a provider of this kit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Script {
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq)]
enum Line {
    Call(Request, String),
    Wait(u64),
}

impl Script {
    pub(crate) fn call(&mut self, request: Request, outcome: &Outcome) {
        self.lines.push(Line::Call(request, outcome.to_string()));
    }

    pub(crate) fn wait(&mut self, secs: u64) {
        self.lines.push(Line::Wait(secs));
    }

    /// Performs it again, with accounts from `first_account` on, and returns what came of it.
    #[must_use]
    pub fn replay(&self, subject: &impl Subject, first_account: u64) -> Self {
        let mut directory = Directory::new(first_account);
        let mut replayed = Self::default();
        for line in &self.lines {
            match line {
                Line::Wait(secs) => {
                    subject.wait(*secs);
                    replayed.wait(*secs);
                }
                Line::Call(request, _) => {
                    let outcome = directory.perform(subject, request);
                    replayed.call(request.clone(), &outcome);
                }
            }
        }
        replayed
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            match line {
                Line::Wait(secs) => writeln!(f, "wait {secs}")?,
                Line::Call(Request { caller, operation, body }, outcome) => {
                    match caller {
                        Some(caller) => {
                            write!(f, "account{}/{}", caller.number, caller.region_name())?;
                        }
                        None => f.write_str("public")?,
                    }
                    writeln!(f, " {operation} {body}")?;
                    let outcome = outcome.replace('\n', " ");
                    writeln!(f, "# {outcome}")?;
                }
            }
        }
        Ok(())
    }
}

/// A line that is none of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError(String);

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a line of a script: `{}`", self.0)
    }
}

impl std::error::Error for ScriptError {}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let mut script = Self::default();
        for line in text.lines().map(str::trim) {
            let wrong = || ScriptError(line.to_owned());
            match line.strip_prefix('#') {
                Some(outcome) => {
                    if let Some(Line::Call(_, told)) = script.lines.last_mut() {
                        outcome.trim().clone_into(told);
                    }
                }
                None if line.is_empty() => {}
                None => script.lines.push(parsed(line).ok_or_else(wrong)?),
            }
        }
        Ok(script)
    }
}

fn parsed(line: &str) -> Option<Line> {
    let (caller, rest) = line.split_once(' ')?;
    if caller == "wait" {
        return rest.parse().ok().map(Line::Wait);
    }
    let (operation, body) = rest.split_once(' ')?;
    let caller = match caller.strip_prefix("account") {
        None if caller == "public" => None,
        None => return None,
        Some(account) => {
            let (number, region) = account.split_once('/')?;
            let regions = [0, 1].map(|region| Account { number: 0, region });
            let known = regions.into_iter().find(|known| known.region_name() == region)?;
            Some(Account { number: number.parse().ok()?, ..known })
        }
    };
    let body: Json = serde_json::from_str(body).ok()?;
    Some(Line::Call(Request { caller, operation: operation.to_owned(), body }, String::new()))
}
