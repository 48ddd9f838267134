//! What the fuzz targets do with an input; the files in `fuzz_targets` only hand it over.
//!
//! | target | an input is | what has to hold |
//! | --- | --- | --- |
//! | [`wire`] | requests, as text | no panic, no reply of status 500, no token given away, nothing without credentials that needs them |
//! | [`token`] | a token, its claims, or its damage | only what the engine signed is accepted |
//! | [`operations`] | options, and operations on few names | the model of the testkit agrees with every answer; who is refused or only looks writes nothing |
//! | [`records`] | damage to the records of a store | what cannot have been written is found, said to be corrupt, and not written over; what can survives |
//! | [`names`] | texts | a text is a value of a type if the service model says so, and comes back from an engine to the letter |
//! | [`canary`] | as for `records` | that a planted bug is found |
//! | [`logins`] | a key set, a token, its damage, its claims, or a session | only what a key of the issuer has signed for the pool is accepted |
//!
//! After each the engine checks its invariants.
//!
//! `fuzz/run TARGET SECONDS` fuzzes with the stable compiler, and `cargo fuzz run --features
//! libfuzzer TARGET` with cargo-fuzz; `cargo run --bin replay -- TARGET FILES...` runs inputs by
//! themselves. Inputs that are worth keeping are in `seeds`, and `cargo test` replays them.

pub mod canary;
mod edits;
pub mod logins;
mod model;
pub mod names;
pub mod operations;
pub mod records;
mod scene;
pub mod token;
pub mod wire;

/// Does with an input what a target does.
pub type Run = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Run); 7] = [
    ("canary", canary::run),
    ("logins", logins::run),
    ("names", names::run),
    ("operations", operations::run),
    ("records", records::run),
    ("token", token::run),
    ("wire", wire::run),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What the dictionary of the targets has, each as it stands in an input.
    fn dictionary() -> Vec<Vec<u8>> {
        let lines = include_str!("../dictionary.txt").lines();
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let entry = |line: &str| {
            let quoted = line.strip_prefix('"').and_then(|line| line.strip_suffix('"'));
            let mut left = quoted.unwrap_or_else(|| panic!("{line}")).chars();
            let mut bytes = Vec::new();
            while let Some(next) = left.next() {
                assert!(matches!(next, ' '..='~') && next != '"', "{line}");
                let escaped = if next == '\\' { left.next() } else { None };
                bytes.push(match (next, escaped) {
                    ('\\', Some('x')) => {
                        let digits: String = left.by_ref().take(2).collect();
                        u8::from_str_radix(&digits, 16).unwrap_or_else(|_| panic!("{line}"))
                    }
                    ('\\', Some(same @ ('\\' | '"'))) => same as u8,
                    ('\\', other) => panic!("{other:?} in {line}"),
                    (plain, _) => plain as u8,
                });
            }
            bytes
        };
        lines.map(entry).collect()
    }

    #[test]
    fn the_dictionary_has_every_name_of_the_service_and_is_read() {
        let entries = dictionary();
        for entry in &entries {
            let text = String::from_utf8_lossy(entry);
            // libFuzzer passes over longer ones.
            assert!((1..=64).contains(&entry.len()), "{text}");
            assert!(entries.iter().filter(|other| *other == entry).count() == 1, "{text} twice");
        }
        let mut names = Vec::new();
        for (operation, of) in model::OPERATIONS.as_object().expect("operations") {
            names.push(format!("AWSCognitoIdentityService.{operation}"));
            let errors = of["errors"].as_array().expect("exceptions");
            names.extend(errors.iter().map(|name| name.as_str().expect("a name").to_owned()));
            members(of, &mut names);
        }
        for name in names {
            assert!(entries.iter().any(|entry| *entry == name.as_bytes()), "{name} is missing");
        }
        let is_multibyte = |entry: &&Vec<u8>| str::from_utf8(entry).is_ok_and(|t| !t.is_ascii());
        assert!(entries.iter().filter(is_multibyte).count() >= 20);
    }

    /// The members of a structure and of all that is in it, as a body has them.
    fn members(of: &serde_json::Value, names: &mut Vec<String>) {
        for (name, member) in of["members"].as_object().into_iter().flatten() {
            names.push(format!("\"{name}\":"));
            for inner in [member, &member["member"], &member["value"]] {
                members(inner, names);
            }
        }
    }

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
