//! What the fuzz targets do with an input; the files in `fuzz_targets` only hand it over.
//!
//! | target | an input is | what has to hold |
//! | --- | --- | --- |
//! | [`wire`] | requests, as text | no panic, no reply of status 500, no token given away, nothing without credentials that needs them |
//! | [`token`] | a token, its claims, or its damage | only what the engine signed is accepted |
//! | [`operations`] | options, and operations on few names | the model of the testkit agrees with every answer; who is refused or only looks writes nothing |
//! | [`logins`] | a key set, a token, its damage, its claims, or a session | only what a key of the issuer has signed for the pool is accepted |
//!
//! After each the engine checks its invariants.
//!
//! `fuzz/run TARGET SECONDS` fuzzes with the stable compiler, and `cargo fuzz run --features
//! libfuzzer TARGET` with cargo-fuzz; `cargo run --bin replay -- TARGET FILES...` runs inputs by
//! themselves. Inputs that are worth keeping are in `seeds`, and `cargo test` replays them.

mod edits;
pub mod logins;
pub mod operations;
mod scene;
pub mod token;
pub mod wire;

/// Does with an input what a target does.
pub type Run = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Run); 4] = [
    ("logins", logins::run),
    ("operations", operations::run),
    ("token", token::run),
    ("wire", wire::run),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn seeds_hold() {
        for (name, run) in TARGETS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
            let mut seeds = 0;
            for entry in folder.read_dir().expect("a folder of seeds") {
                let path = entry.expect("a seed").path();
                println!("{}", path.display());
                run(&std::fs::read(path).expect("a seed"));
                seeds += 1;
            }
            assert!(seeds > 0, "{name} has seeds");
        }
    }
}
