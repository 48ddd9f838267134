//! The suite of the testkit for any store, with two handles and with two processes.

use std::env;
use std::process::Command;

use cognate::testkit::Conformance;

use crate::rig::{Bouncer, Server, Version};
use crate::store::{migrate, options};

const URL: &str = "COGNATE_SECOND_PROCESS_URL";

/// The times that each race is run each way.
const ROUNDS: usize = 15;

fn conforms(url: &str) {
    migrate(url);
    let mut command = Command::new(env::current_exe().expect("this binary"));
    command.args(["--ignored", "--exact", "conformance::second_process"]).env(URL, url);
    let suite = Conformance::new(|| options(url).open()).rounds(ROUNDS);
    let suite = suite.shared().in_two_processes(command);
    suite.check().unwrap_or_else(|broken| panic!("{broken}"));
}

#[test]
fn postgresql_15() {
    let server = Server::shared(Version::Fifteen);
    conforms(&server.url(&server.new_database()));
}

#[test]
fn postgresql_18() {
    let server = Server::shared(Version::Eighteen);
    conforms(&server.url(&server.new_database()));
}

#[test]
fn pgbouncer_in_transaction_mode() {
    let server = Server::shared(Version::Fifteen);
    conforms(&Bouncer::start(server).url(&server.new_database()));
}

#[test]
#[ignore = "the second process of the others"]
fn second_process() {
    let url = env::var(URL).expect("started by another test");
    Conformance::new(|| options(&url).open()).serve().expect("serves the first process");
}
