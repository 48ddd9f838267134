//! The program `cognate`: an HTTP server over one database.
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
mod serving;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::failure::{Failure, chain};
use crate::options::Serve;
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
}

fn main() -> ExitCode {
    const LOG_PATIENCE: Duration = Duration::from_secs(1);

    let Program { command: Command::Serve(options) } = Program::parse();
    let ended = log::start(options.log).map_err(Failure::Start).and_then(|()| serve(&options));
    if let Err(failure) = &ended {
        log::say(&format!("cognate: {}", chain(failure)));
    }
    log::finish(LOG_PATIENCE);
    if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
