//! Runs inputs of a fuzz target without libFuzzer: `replay TARGET FILES…`.

use std::process::ExitCode;

use cognate_fuzz::TARGETS;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let target = arguments.next();
    let Some((_, run)) = TARGETS.iter().find(|(name, _)| Some(*name) == target.as_deref()) else {
        let names = TARGETS.map(|(name, _)| name).join("|");
        eprintln!("usage: replay {names} FILES...");
        return ExitCode::from(2);
    };
    for path in arguments {
        // Printed before it runs, so that the last path is the one that failed.
        println!("{path}");
        match std::fs::read(&path) {
            Ok(input) => run(&input),
            Err(error) => {
                eprintln!("{path}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
