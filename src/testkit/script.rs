//! Operations as lines of text that any implementation can replay.

use std::fmt;
use std::str::FromStr;

use crate::testkit::directory::Directory;
use crate::testkit::implementation::Implementation;
use crate::testkit::json::Json;
use crate::testkit::model::NumberedEvent;
use crate::testkit::names::Account;
use crate::testkit::outcome::OperationOutcome;
use crate::testkit::request::Request;

/// A sequence of operations, each with its outcome.
///
/// ```text
/// account0/us-east-1 DescribeIdentityPool {"IdentityPoolId":"$pool0"}
/// public GetId {"IdentityPoolId":"$pool0"}
/// wait 60
/// # a comment
/// ```
///
/// `$identity3` stands for the fourth identity that was seen, `$token0` for the first token, and
/// `$login.Google.1.Genuine` for a token of a provider of this kit. `$cognito` is the provider name
/// of the service's own tokens in the region of the call, `$abroad` is the one in another
/// partition, and `$partition` is the partition of the region. `account255` is account
/// `000000000000`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Script {
    pub(super) lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Line {
    Call(Request, String),
    Wait(u64),
}

impl Script {
    pub(crate) fn call(&mut self, request: Request, outcome: &OperationOutcome) {
        self.lines.push(Line::Call(request, outcome.to_string()));
    }

    pub(crate) fn wait(&mut self, secs: u64) {
        self.lines.push(Line::Wait(secs));
    }

    /// The undo of an event, which is no operation of the service.
    pub(crate) fn undo(&mut self, event: NumberedEvent) {
        let NumberedEvent { identity, revision } = event;
        let body = Json::object([("EventId", Json::text(format!("{identity}/{revision}")))]);
        let request = Request { caller: None, operation: "Undo".to_owned(), body };
        self.call(request, &OperationOutcome::Done);
    }

    /// The names of the called operations.
    pub fn calls(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| match line {
            Line::Call(request, _) => Some(request.operation.as_str()),
            Line::Wait(_) => None,
        })
    }

    /// Performs the operations again, with accounts from `first_account` on. Returns them with
    /// their new outcomes.
    #[must_use]
    pub fn replay(&self, implementation: &impl Implementation, first_account: u64) -> Self {
        let mut directory = Directory::new(first_account);
        let mut replayed = Self::default();
        for line in &self.lines {
            match line {
                Line::Wait(secs) => {
                    implementation.wait(*secs);
                    replayed.wait(*secs);
                }
                Line::Call(request, _) => {
                    let outcome = directory.send(implementation, request);
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
                Line::Call(request, outcome) => {
                    writeln!(f, "{request}")?;
                    let outcome = outcome.replace('\n', " ");
                    writeln!(f, "# {outcome}")?;
                }
            }
        }
        Ok(())
    }
}

/// The error for a line that is not a valid line of a script.
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
            let mut regions = Account::REGIONS.into_iter().zip(0..);
            let (_, region) = regions.find(|(name, _)| *name == region)?;
            Some(Account { number: number.parse().ok()?, region })
        }
    };
    let body: Json = serde_json::from_str(body).ok()?;
    Some(Line::Call(Request { caller, operation: operation.to_owned(), body }, String::new()))
}

#[cfg(test)]
mod tests {
    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::engine::Engine;
    use crate::state::SigningAlgorithm;
    use crate::testkit::generate::operations;
    use crate::testkit::implementation::{TestClock, WireDoor};
    use crate::testkit::issuer::login_verifier;
    use crate::testkit::model::Model;
    use crate::testkit::request::{Call, CallReply};
    use crate::testkit::run::Run;

    fn door() -> WireDoor {
        let clock = TestClock::default();
        let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
        let builder = builder.login_verifier(login_verifier()).clock(clock.clone());
        WireDoor::new(builder.in_memory().expect("an engine")).clock(clock)
    }

    /// Scripts of runs in which the time advances.
    fn scripts() -> Vec<Script> {
        let mut runner = TestRunner::deterministic();
        let scripts = (0..20).map(|wait| {
            let generated = operations(30).new_tree(&mut runner).expect("operations");
            let (door, mut run) = (door(), Run::new(Model::new()));
            for operation in generated.current() {
                run.perform(&door, &operation).unwrap_or_else(|error| panic!("{error}"));
            }
            run.wait(&door, wait);
            run.script().clone()
        });
        scripts.collect()
    }

    #[test]
    fn printed_scripts_parse_back() {
        for script in scripts() {
            let printed = script.to_string();
            assert_eq!(printed.parse(), Ok(script), "{printed}");
        }
    }

    /// The numbers stand for other ids, which only the messages of exceptions show.
    #[test]
    fn a_replay_has_the_same_outcomes() {
        let outcomes = |script: &Script| -> Vec<String> {
            let outcomes = script.lines.iter().filter_map(|line| match line {
                Line::Call(_, outcome) => Some(outcome),
                Line::Wait(_) => None,
            });
            let shown = |outcome: &String| match outcome.split_once("Exception: ") {
                Some((exception, _)) => exception.to_owned(),
                None => outcome.clone(),
            };
            outcomes.map(shown).collect()
        };
        for script in scripts() {
            let parsed: Script = script.to_string().parse().expect("a script");
            let replayed = parsed.replay(&door(), 300_000_000_000);
            assert_eq!(outcomes(&replayed), outcomes(&script), "{script}");
            assert_eq!(replayed.calls().count(), script.calls().count());
        }
    }

    #[test]
    fn a_script_is_verified_against_the_model() {
        for script in scripts() {
            let parsed: Script = script.to_string().parse().expect("a script");
            let verified = parsed.verify(&door(), Model::new(), 300_000_000_000);
            let verified = verified.unwrap_or_else(|disagreement| panic!("{disagreement}"));
            assert_eq!(verified.calls().count(), script.calls().count());
        }
    }

    #[test]
    fn a_script_that_a_model_refuses_names_the_clause() {
        let text = "account0/us-east-1 ListIdentityPools {\"MaxResults\":61}\n\
                    account0/us-east-1 DescribeIdentity {\"IdentityId\":\"$identity7\"}";
        let verify = |text: &str, status| {
            let script: Script = text.parse().expect("a script");
            let refused = script.verify(&Answering(status), Model::new(), 300_000_000_000);
            refused.map_or_else(|refused| refused.to_string(), |_| String::new())
        };
        let told = verify(text, 400);
        assert!(
            told.contains("expected ResourceNotFoundException (3 e1 an unknown identity)"),
            "{told}"
        );
        // The status is part of the answer.
        let told = verify(text, 403);
        assert!(told.contains("status 403 with ValidationException"), "{told}");
        let told = verify("public GetId {\"Unknown\":true}", 400);
        assert!(told.contains("expected an operation that the model knows"), "{told}");
    }

    /// Refuses every call as invalid, with this status.
    struct Answering(u16);

    impl Implementation for Answering {
        fn call(&self, _: &Call) -> std::io::Result<CallReply> {
            let body = r#"{"__type":"ValidationException","message":""}"#.to_owned();
            Ok(CallReply { status: self.0, body })
        }
    }

    #[test]
    fn comments_hold_the_outcome_of_a_call() {
        let text = "# of nothing\n\n  public GetId {}  \n# a\n#b\nwait 60\n# of no call\n";
        let script: Script = text.parse().expect("a script");
        assert_eq!(script.to_string(), "public GetId {}\n# b\nwait 60\n");
    }

    #[test]
    fn members_keep_their_order() {
        let text = r#"account1/eu-west-1 Any {"b":{"z":[1,true,"x"],"a":-2},"a":"\"$pool0\n"}"#;
        let script: Script = text.parse().expect("a script");
        assert_eq!(script.to_string(), format!("{text}\n# \n"));
    }

    #[test]
    fn other_lines_are_refused() {
        for line in [
            "wait",
            "wait long",
            "wait -1",
            "public",
            "public GetId",
            "public GetId {",
            "public GetId {} {}",
            r#"public GetId {"a":null}"#,
            r#"public GetId {"a":1.5}"#,
            r#"public GetId {"a":9223372036854775808}"#,
            "everybody GetId {}",
            "account GetId {}",
            "account0 GetId {}",
            "account0/mars-1 GetId {}",
            "account256/us-east-1 GetId {}",
            "account0/us-gov-north-1 GetId {}",
        ] {
            let text = format!("wait 1\n{line}\nwait 2");
            let error = text.parse::<Script>().expect_err(line);
            assert_eq!(error.to_string(), format!("not a line of a script: `{line}`"));
        }
    }
}
