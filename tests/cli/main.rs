//! The commands of the program, over a folder and over a running server.
#![cfg(unix)]

mod answers;
mod bad_input;
mod golden;
mod many;
#[expect(dead_code, reason = "the tests of the server use the rest")]
#[path = "../server/program.rs"]
mod program;
mod salvage;
mod scene;
mod servers;
mod statuses;
mod terminal;
