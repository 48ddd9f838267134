//! The fuzz targets. The files in `fuzz_targets` only call them.
//!
//! | target | input | property |
//! | --- | --- | --- |
//! | [`files`] | damage to the files of a sled database | it is the same database, or an error |
//! | [`http`] | a guard, and HTTP requests, as text | every response is whole, a refused request writes nothing, pages of other sites read and do what the guard allows |
//! | [`wire`] | requests, as text | no panic, no status 500, no token disclosed, no signed operation without credentials |
//! | [`token`] | a token, its claims, or edits of it | only tokens that the engine signed are accepted |
//! | [`operations`] | options, and operations on few names | the testkit's model agrees with every answer; refused and reading calls write nothing |
//! | [`records`] | damage to the records of a store | impossible records are found, reported as corrupt and not overwritten; possible ones survive |
//! | [`names`] | texts | a type accepts a text if the service model does, and an engine returns it unchanged |
//! | [`canary`] | as for `records` | the planted bug is found |
//! | [`logins`] | a key set, a token, its edits, its claims, or a session | only tokens that a key of the issuer signed for the pool are accepted |
//!
//! After each input, the engine checks its invariants.
//!
//! `fuzz/run TARGET SECONDS` fuzzes with the stable compiler, and `cargo fuzz run --features
//! libfuzzer TARGET` with cargo-fuzz. `cargo run --bin replay -- TARGET FILES...` runs single
//! inputs. Interesting inputs are in `seeds`, and `cargo test` replays them.

pub mod canary;
mod edits;
pub mod files;
pub mod http;
pub mod logins;
mod model;
pub mod names;
pub mod operations;
pub mod records;
mod scene;
pub mod token;
pub mod wire;

/// Runs one input of a target.
pub type Run = fn(&[u8]);

/// Every target with its name.
pub const TARGETS: [(&str, Run); 9] = [
    ("canary", canary::run),
    ("files", files::run),
    ("http", http::run),
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

    /// The expected entries of the dictionary, each as it occurs in an input.
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
    fn the_dictionary_has_every_name_of_the_service() {
        let entries = dictionary();
        for entry in &entries {
            let text = String::from_utf8_lossy(entry);
            // libFuzzer ignores longer entries.
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

    /// The members of a structure and of everything in it, as written in a body.
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
