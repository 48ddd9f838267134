//! Changes the library in one place at a time, and looks whether its tests notice.
//!
//! ```sh
//! cargo run --release --manifest-path tests/mutants/Cargo.toml -- [NUMBER [SEED]]
//! cargo run --release --manifest-path tests/mutants/Cargo.toml -- planted [NAME...]
//! ```
//!
//! The first form selects so many mutants by a seed, outside `rules`, which `cargo mutants` covers.
//! The second one plants the bugs of `tests/planted/bugs.tsv`. All changes are compiled into one
//! set of test programs, and an environment variable chooses the one that takes effect: building
//! takes minutes once, not for each change. The work tree is not touched: everything happens in a
//! copy below `target/mutants`.

mod build;
mod places;
mod planted;
mod run;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use build::Mutant;
use run::{Outcome, Rig};

/// The areas of `src`, and the test programs that cover them. Fast ones come first.
const AREAS: [(&str, &[&str]); 6] = [
    ("credentials", &["cognate", "api", "logins", "contract"]),
    ("engine", &["cognate", "api", "logins", "contract", "store", "testkit"]),
    ("login", &["cognate", "logins", "api"]),
    ("store", &["cognate", "store", "testkit"]),
    ("token", &["cognate", "logins", "api", "contract"]),
    ("wire", &["cognate", "api", "contract"]),
];

/// The share of mutants that must be noticed, in hundredths.
const NOTICED_MIN: usize = 90;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize().expect("the crate");
    let copy = root.join("target/mutants/crate");
    copy_crate(&root, &copy);

    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [first, names @ ..] = arguments.as_slice()
        && first == "planted"
    {
        return planted::plant(&copy, names);
    }
    let mut numbers = arguments.iter().map(|argument| argument.parse().expect("a number"));
    let number = numbers.next().unwrap_or(150);
    let seed = numbers.next().unwrap_or(14);
    sample(&copy, usize::try_from(number).expect("few mutants"), seed)
}

/// Runs so many mutants with the tests of their areas.
fn sample(copy: &Path, number: usize, seed: u64) -> ExitCode {
    let all = all_mutants(copy);
    println!("{} places outside rules, seed {seed}", all.len());
    let (mutants, programs) = build::viable(copy, &all, number, seed);
    println!("{} viable mutants", mutants.len());

    let rigs: Vec<Vec<Rig>> = mutants.iter().map(|mutant| rigs_of(mutant.area)).collect();
    let name = |number: usize| mutants[number].to_string();
    let outcomes = run::all(&programs, &rigs, &name);
    report(&mutants, &outcomes)
}

fn rigs_of(area: &str) -> Vec<Rig> {
    let programs = AREAS.iter().find(|(name, _)| *name == area).map(|(_, programs)| *programs);
    programs.unwrap_or_default().iter().map(|program| Rig::whole(program)).collect()
}

/// Copies the tracked files.
fn copy_crate(root: &Path, copy: &Path) {
    if copy.exists() {
        fs::remove_dir_all(copy).expect("an old copy");
    }
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root).output();
    let listed = listed.expect("git").stdout;
    for name in listed.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let name = Path::new(str::from_utf8(name).expect("a name"));
        let to = copy.join(name);
        fs::create_dir_all(to.parent().expect("below the copy")).expect("a folder");
        fs::copy(root.join(name), to).expect("a tracked file");
    }
}

fn all_mutants(copy: &Path) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    for (area, _) in AREAS {
        let mut files = vec![copy.join("src").join(area).with_extension("rs")];
        list(&copy.join("src").join(area), &mut files);
        files.retain(|file| is_shipped(file));
        files.sort();
        let sources = files.iter().map(|file| fs::read_to_string(file).expect("a source file"));
        let sources: Vec<String> = sources.collect();
        let tests: Vec<PathBuf> = files
            .iter()
            .zip(&sources)
            .flat_map(|(file, source)| {
                let names = places::test_modules(source).expect("Rust");
                let folder = file.with_extension("");
                names.into_iter().map(move |name| folder.join(name).with_extension("rs"))
            })
            .collect();
        for (file, source) in files.iter().zip(&sources).filter(|(file, _)| !tests.contains(file)) {
            let places = places::places(source).expect("Rust");
            let mutant = |place| Mutant { area, file: file.clone(), place };
            mutants.extend(places.into_iter().map(mutant));
        }
    }
    mutants
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            list(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn is_shipped(file: &Path) -> bool {
    let is_test = file.iter().any(|part| part == "tests" || part == "tests.rs");
    file.is_file() && file.extension().is_some_and(|extension| extension == "rs") && !is_test
}

fn report(mutants: &[Mutant], outcomes: &[Outcome]) -> ExitCode {
    println!("\n| area | mutants | noticed | hang | survive |\n| --- | --- | --- | --- | --- |");
    let mut noticed = 0;
    for (area, _) in AREAS {
        let of = |wanted: fn(&Outcome) -> bool| {
            let pairs = mutants.iter().zip(outcomes);
            pairs.filter(|(mutant, outcome)| mutant.area == area && wanted(outcome)).count()
        };
        let [all, fail, hang, survive] = [
            of(|_| true),
            of(|outcome| matches!(outcome, Outcome::Fails(_))),
            of(|outcome| matches!(outcome, Outcome::Hangs(_))),
            of(|outcome| matches!(outcome, Outcome::Survives)),
        ];
        noticed += fail + hang;
        println!("| `{area}` | {all} | {fail} | {hang} | {survive} |");
    }
    println!();
    for (mutant, outcome) in mutants.iter().zip(outcomes) {
        if matches!(outcome, Outcome::Survives) {
            println!("survives: {mutant}");
        }
    }
    println!("{noticed} of {} mutants noticed", mutants.len());
    if noticed * 100 >= mutants.len() * NOTICED_MIN { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
