//! The program `cognate`: an HTTP server over one database, and the salvage of a damaged one.
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

mod failure;
mod guards;
mod log;
mod options;
mod salvaging;
mod serving;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::failure::{Failure, chain};
use crate::options::Serve;
use crate::salvaging::{AcceptSalvage, Salvage, accept, salvage};
use crate::serving::serve;

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
    Serve(Serve),
    /// Copies what can be read of a damaged database to a new one, and prints what is missing.
    Salvage(Salvage),
    /// Accepts the losses of a salvaged database, so that it opens.
    AcceptSalvage(AcceptSalvage),
}

fn main() -> ExitCode {
    const LOG_PATIENCE: Duration = Duration::from_secs(1);

    let Program { command } = Program::parse();
    let level = match &command {
        Command::Serve(options) => options.log,
        // sled panics on some damage, which the report tells.
        Command::Salvage(_) | Command::AcceptSalvage(_) => log::Level::Off,
    };
    let ended = log::start(level).map_err(Failure::Start).and_then(|()| match command {
        Command::Serve(options) => serve(&options),
        Command::Salvage(options) => salvage(&options),
        Command::AcceptSalvage(options) => accept(options),
    });
    if let Err(failure) = &ended {
        log::say(&format!("cognate: {}", chain(failure)));
    }
    log::finish(LOG_PATIENCE);
    if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
