//! Drives a running `cognate` server with the official AWS SDK for Rust.
//!
//! `cargo run --release -- PATH_TO_COGNATE_BINARY` starts the server on a free port with an empty
//! data folder. The SDK performs all 23 operations, the four public ones without credentials, and
//! the answers are checked in the SDK's own types. The SDK was written for the service: an answer
//! that it cannot read would break applications, too. Each check prints one line.

mod anyone;
mod attributes;
mod check;
mod developer;
mod identities;
mod issuer;
mod limits;
mod logins;
mod lookup;
mod merge;
mod pools;
mod public;
mod restart;
mod roles;
mod scene;
mod scope;
mod server;
mod sts;
mod tags;
mod token;
mod unlink;

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use crate::check::Checks;
use crate::issuer::Issuers;
use crate::scene::World;
use crate::server::Folder;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(binary) = env::args_os().nth(1) else {
        eprintln!("usage: cognate-aws-sdk-test PATH_TO_COGNATE_BINARY");
        return ExitCode::from(2);
    };
    let mut checks = Checks::default();
    let outcome = tell(Path::new(&binary), &mut checks).await;
    checks.ended("the server", outcome);
    if checks.print_total() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs every story. A story that ends early counts as a failed check, and the next one still runs.
async fn tell(binary: &Path, checks: &mut Checks) -> Result<(), Box<dyn Error>> {
    let folder = Folder::create()?;
    let world = World::start(binary, &folder, Issuers::create(&folder)?)?;

    let outcome = pools::tell(&world, checks).await;
    checks.ended("pools", outcome);
    let outcome = developer::tell(&world, checks).await;
    checks.ended("developer identities", outcome);
    let outcome = limits::tell(&world, checks).await;
    checks.ended("limits", outcome);
    let outcome = lookup::tell(&world, checks).await;
    checks.ended("lookup", outcome);
    let outcome = merge::tell(&world, checks).await;
    checks.ended("merge", outcome);
    let outcome = unlink::tell(&world, checks).await;
    checks.ended("unlink", outcome);
    let outcome = identities::tell(&world, checks).await;
    checks.ended("identities", outcome);
    let outcome = scope::tell(&world, checks).await;
    checks.ended("account and region", outcome);
    let outcome = public::tell(&world, checks).await;
    checks.ended("public operations", outcome);
    let outcome = logins::tell(&world, checks).await;
    checks.ended("public logins", outcome);
    let outcome = roles::tell(&world, checks).await;
    checks.ended("roles", outcome);
    let outcome = attributes::tell(&world, checks).await;
    checks.ended("attributes", outcome);
    let outcome = tags::tell(&world, checks).await;
    checks.ended("tags", outcome);

    let outcome = sts::tell(&world, checks).await;
    checks.ended("the STS", outcome);

    let outcome = restart::tell(world, binary, &folder, checks).await;
    checks.ended("restart", outcome);
    Ok(())
}
