//! Commands that ask a database and change it. Each is a client of the control plane.

mod client;
mod database;
mod exchange;
mod explain;
mod given;
mod graph;
mod help;
mod identities;
mod output;
mod progress;
mod remote;
mod salvage;
mod server_url;
mod source;
mod trouble;

use std::fmt::Display;
use std::process::ExitCode;
use std::str::FromStr;

use clap::{CommandFactory, Subcommand};
use clap_complete::Shell;
use serde_json::Value;

use crate::failure::chain;
use crate::log;
use output::{Form, Verdict, coloured, printable};
use trouble::Trouble;

#[derive(Debug, Subcommand)]
pub(crate) enum Question {
    /// Checks every invariant, and prints the violations.
    #[command(after_help = help::CHECK)]
    Check(database::Check),
    /// Writes pools, or all of a database, as lines of JSON.
    #[command(after_help = help::EXPORT)]
    Export(exchange::Export),
    /// Reads an export or a seed: all of it or nothing.
    #[command(after_help = help::IMPORT)]
    Import(exchange::Import),
    /// Tells what a call of the service would do and why, and changes nothing.
    #[command(after_help = help::EXPLAIN)]
    Explain(explain::Explain),
    /// Finds the identity of a login or of a token.
    #[command(after_help = help::FIND)]
    Find(identities::Find),
    /// Lists the events of an identity, the newest first.
    #[command(after_help = help::HISTORY)]
    History(identities::History),
    /// Reverts the change of an event.
    #[command(after_help = help::UNDO)]
    Undo(identities::Undo),
    /// Draws identities and their logins, also those that they had once, as a graph.
    #[command(after_help = help::GRAPH)]
    Graph(graph::Graph),
    /// Verifies a token of the engine, and shows what is in it.
    #[command(after_help = help::TOKEN)]
    Token(database::Token),
    /// Counts pools, identities and logins.
    #[command(after_help = help::STATS)]
    Stats(database::Stats),
    /// Copies what can be read of a damaged database to a new one, and prints what is missing.
    #[command(after_help = help::SALVAGE)]
    Salvage(salvage::Salvage),
    /// Prints a script that completes commands in a shell.
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

impl Question {
    /// Answers, and returns the exit status: 0 for yes, 1 for no, 3 for no answer.
    pub(crate) fn answer<Program: CommandFactory>(&self) -> ExitCode {
        let answered = match self {
            Self::Check(command) => database::check(command),
            Self::Export(command) => exchange::export(command),
            Self::Import(command) => exchange::import(command),
            Self::Explain(command) => explain::explain(command),
            Self::Find(command) => identities::find(command),
            Self::History(command) => identities::history(command),
            Self::Undo(command) => identities::undo(command),
            Self::Graph(command) => graph::graph(command),
            Self::Token(command) => database::token(command),
            Self::Stats(command) => database::stats(command),
            Self::Salvage(command) => salvage::salvage(command),
            Self::Completions { shell } => complete::<Program>(*shell),
        };
        match answered {
            Ok(Verdict::Yes) => ExitCode::SUCCESS,
            Ok(Verdict::No) => ExitCode::from(1),
            // The reader has seen enough.
            Err(trouble) if trouble.is_closed_pipe() => ExitCode::SUCCESS,
            Err(trouble) => {
                let reason = printable(&chain(&trouble)).replace('\n', "\\n");
                log::say(&format!("cognate: {reason}"));
                trouble.status()
            }
        }
    }
}

fn complete<Program: CommandFactory>(shell: Shell) -> Result<Verdict, Trouble> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Program::command(), "cognate", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Verdict::Yes)
}

/// Prints an explanation. A refused call is a no.
fn explained(form: Form, answer: &Value) -> Result<Verdict, Trouble> {
    let verdict = answer.get("Explanation").and_then(|explanation| explanation.get("Verdict"));
    let refused = verdict.and_then(|verdict| verdict.get("Refused"));
    let verdict = Verdict::yes_if(refused.is_none());
    form.print(answer, || {
        let text = answer.get("ExplanationText").and_then(Value::as_str).unwrap_or_default();
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        format!("{} {}\n", coloured(verdict, word), printable(rest.trim_end()))
    })?;
    Ok(verdict)
}

/// A value of its own form, for the arguments of a command.
fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}
