//! The program `cognate`: an HTTP server over one database, and commands for databases.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::todo,
    clippy::unreachable,
    clippy::unwrap_used
)]

mod commands;
mod failure;
mod guards;
mod key_sets;
mod log;
mod options;
mod salvaging;
mod serving;
mod storing;

use std::env;
use std::io::{self, Write};
use std::process::{self, ExitCode};
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::commands::Question;
use crate::failure::{Failure, chain};
use crate::options::Serve;
use crate::salvaging::{AcceptSalvage, accept};
use crate::serving::serve;
use crate::storing::{CopyStore, Migrate, copy_store, migrate};

/// An Amazon Cognito identity-pool engine.
#[derive(Debug, Parser)]
#[command(version)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answers requests of AWS SDKs until it receives SIGTERM or SIGINT.
    Serve(Box<Serve>),
    /// Creates the tables in a PostgreSQL database, or brings them to the level of this version,
    /// and prints the level before and after.
    Migrate(Migrate),
    /// Copies all records of a database that nobody uses to a new one, compares both, and prints
    /// their number and their digest.
    Copy(CopyStore),
    /// Accepts the losses of a salvaged database, so that it opens.
    AcceptSalvage(AcceptSalvage),
    #[command(flatten)]
    Question(Question),
}

fn main() -> ExitCode {
    const LOG_PATIENCE: Duration = Duration::from_secs(1);

    let Program { command } = Program::try_parse().unwrap_or_else(|error| refuse(&error));
    let level = match &command {
        Command::Serve(options) => options.log,
        // sled panics on some damage, which the report tells.
        Command::Migrate(_)
        | Command::Copy(_)
        | Command::AcceptSalvage(_)
        | Command::Question(_) => log::Level::Off,
    };
    let ended = log::start(level).map_err(Failure::Start).and_then(|()| match command {
        Command::Serve(options) => serve(&options).map(succeed),
        Command::Migrate(options) => migrate(&options).map(succeed),
        Command::Copy(options) => copy_store(&options).map(succeed),
        Command::AcceptSalvage(options) => accept(options).map(succeed),
        Command::Question(question) => Ok(question.answer::<Program>()),
    });
    let status = ended.unwrap_or_else(|failure| {
        log::say(&format!("cognate: {}", chain(&failure)));
        ExitCode::FAILURE
    });
    log::finish(LOG_PATIENCE);
    status
}

fn succeed((): ()) -> ExitCode {
    ExitCode::SUCCESS
}

/// Ends the program because of its arguments, or shows the help. A URL among the arguments is not
/// printed: it can contain a password.
fn refuse(error: &clap::Error) -> ! {
    let urls: Vec<String> = env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .filter_map(|argument| {
            let (before, _) = argument.split_once("://")?;
            let start = before.rfind('=').map_or(0, |equals| equals.saturating_add(1));
            argument.get(start..).map(str::to_owned)
        })
        .collect();
    if urls.is_empty() {
        error.exit()
    }
    let text = urls.iter().fold(error.render().to_string(), |text, url| text.replace(url, "URL"));
    // Nobody is left to tell if this fails.
    let _ = io::stderr().write_all(text.as_bytes());
    process::exit(error.exit_code())
}
