//! The program `cognate`: an HTTP server in front of one database.
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

mod answer;
mod client;
mod connection;
mod limits;
mod log;
mod options;
mod permissions;
mod serve;
mod server;
mod shutdown;

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::options::Serve;
use crate::serve::serve;

/// An Amazon Cognito identity-pool engine.
#[derive(Debug, Parser)]
#[command(version)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answers requests of AWS SDKs until it gets SIGTERM or SIGINT.
    Serve(Serve),
}

/// Why the server does not run, or did not end well.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot read the key secret in {}", path.display())]
    KeySecret { path: PathBuf, source: io::Error },
    #[error("the key secret in {} is empty", .0.display())]
    KeySecretEmpty(PathBuf),
    #[error("cannot use the key set of {issuer} in {file}")]
    KeySet { issuer: String, file: String, source: Box<dyn Error> },
    #[error("a client of {0} is registered, whose key set is not given")]
    IssuerUnknown(String),
    #[error("two key sets of {0} are given")]
    IssuerTwice(String),
    #[error("cannot open the database in {}", path.display())]
    Open { path: PathBuf, source: cognate::Error },
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot start the server")]
    Start(#[source] io::Error),
    #[error("the database takes no more writes")]
    Stopped(#[source] cognate::Error),
    #[error("cannot make the last changes durable")]
    Sync(#[source] cognate::Error),
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

fn chain(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", chain(source)))
}
