//! Compiles many mutants at once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fmt, fs};

use serde_json::Value;

use crate::places::{IS_CHOSEN, Place};

/// The environment variable with the number of the mutant that takes effect.
pub(crate) const CHOSEN: &str = "COGNATE_MUTANT";

/// A change of one file.
#[derive(Debug, Clone)]
pub(crate) struct Mutant {
    pub(crate) area: &'static str,
    pub(crate) file: PathBuf,
    pub(crate) place: Place,
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file: PathBuf = self.file.iter().skip_while(|part| *part != "src").collect();
        write!(f, "{}:{} {}", file.display(), self.place.line, self.place.change)
    }
}

/// The test programs by the names of their targets.
pub(crate) type Programs = BTreeMap<String, PathBuf>;

/// Selects mutants that compile, and compiles them.
pub(crate) fn viable(
    copy: &Path,
    all: &[Mutant],
    number: usize,
    seed: u64,
) -> (Vec<Mutant>, Programs) {
    let mut candidates = all.to_owned();
    fastrand::Rng::with_seed(seed).shuffle(&mut candidates);
    let mut candidates = candidates.into_iter();
    let select = |chosen: &mut Vec<Mutant>| {
        while chosen.len() < number {
            let Some(next) = candidates.next() else { break };
            if chosen.iter().all(|other| !overlap(other, &next)) {
                chosen.push(next);
            }
        }
    };
    compiled(copy, all, select)
}

/// Compiles the mutants that `select` adds to those that compile, until all compile.
pub(crate) fn compiled(
    copy: &Path,
    all: &[Mutant],
    mut select: impl FnMut(&mut Vec<Mutant>),
) -> (Vec<Mutant>, Programs) {
    let mut sources = BTreeMap::new();
    for mutant in all {
        sources.entry(mutant.file.clone()).or_insert_with_key(read_source);
    }
    let library = copy.join("src/lib.rs");
    let whole = sources.entry(library.clone()).or_insert_with_key(read_source);
    whole.push_str(&switch());
    let mut chosen: Vec<Mutant> = Vec::new();
    loop {
        select(&mut chosen);
        let written = write(&sources, &chosen);
        match compile(copy) {
            Ok(programs) => return (chosen, programs),
            Err(errors) => {
                let refused = refused(&written, &errors);
                println!("{} of {} mutants do not compile", refused.len(), chosen.len());
                let mut number = 0..;
                chosen.retain(|_| number.next().is_some_and(|number| !refused.contains(&number)));
            }
        }
    }
}

fn read_source(file: &PathBuf) -> String {
    fs::read_to_string(file).expect("a source file")
}

/// The module that the mutants ask.
fn switch() -> String {
    format!(
        "
pub(crate) mod mutant {{
    pub(crate) fn is(number: u32) -> bool {{
        static CHOSEN: std::sync::LazyLock<Option<u32>> =
            std::sync::LazyLock::new(|| std::env::var(\"{CHOSEN}\").ok()?.parse().ok());
        *CHOSEN == Some(number)
    }}
}}
"
    )
}

/// Insertions may lie within other mutants of the file, as they repeat nothing.
fn overlap(one: &Mutant, other: &Mutant) -> bool {
    let (a, b) = (&one.place.range, &other.place.range);
    if one.file != other.file {
        return false;
    }
    if a.is_empty() && b.is_empty() { a == b } else { a.start <= b.end && b.start <= a.end }
}

/// The range of each mutant in the file that was written.
type Written = BTreeMap<PathBuf, Vec<(Range<usize>, usize)>>;

fn write(sources: &BTreeMap<PathBuf, String>, chosen: &[Mutant]) -> Written {
    let mut written = Written::new();
    for (file, source) in sources {
        let mut mutants: Vec<(usize, &Mutant)> =
            chosen.iter().enumerate().filter(|(_, mutant)| mutant.file == *file).collect();
        mutants.sort_by_key(|(_, mutant)| mutant.place.range.start);
        let (mut mutated, mut copied) = (String::new(), 0);
        for (number, Mutant { place, .. }) in mutants {
            mutated.push_str(&source[copied..place.range.start]);
            let start = mutated.len();
            let asks = format!("crate::mutant::is({number})");
            mutated.push_str(&place.replacement.replace(IS_CHOSEN, &asks));
            copied = place.range.end;
            written.entry(file.clone()).or_default().push((start..mutated.len(), number));
        }
        mutated.push_str(&source[copied..]);
        fs::write(file, mutated).expect("the copy");
    }
    written
}

/// The files and the positions of errors.
type Errors = Vec<(PathBuf, usize)>;

fn compile(copy: &Path) -> Result<Programs, Errors> {
    let output = Command::new("cargo")
        .args(["test", "--locked", "--no-run", "--features", "server", "--message-format=json"])
        .args(["--config", "profile.dev.debug=false"])
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", copy.with_file_name("build"))
        .env("RUSTFLAGS", "--cap-lints allow")
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo");
    let (mut programs, mut errors) = (Programs::new(), Errors::new());
    let lines = String::from_utf8(output.stdout).expect("JSON");
    for message in lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        // The program has the name of the library, and no mutants.
        if let Some(executable) = message["executable"].as_str()
            && message["profile"]["test"] == true
            && message["target"]["kind"][0] != "bin"
        {
            let name = message["target"]["name"].as_str().expect("a target");
            programs.insert(name.to_owned(), executable.into());
        }
        let message = &message["message"];
        if message["level"] == "error" {
            for span in message["spans"].as_array().into_iter().flatten() {
                let file = copy.join(span["file_name"].as_str().expect("a file"));
                let at = span["byte_start"].as_u64().and_then(|at| usize::try_from(at).ok());
                errors.push((file, at.expect("a position")));
            }
        }
    }
    if output.status.success() {
        return Ok(programs);
    }
    assert!(!errors.is_empty(), "the copy does not build, and no message says where");
    Err(errors)
}

/// The mutants in which errors lie, or after which they follow.
fn refused(written: &Written, errors: &Errors) -> BTreeSet<usize> {
    let mut refused = BTreeSet::new();
    for (file, at) in errors {
        let mutants = written.get(file).into_iter().flatten();
        refused.extend(mutants.filter(|(range, _)| range.contains(at)).map(|(_, number)| number));
    }
    if refused.is_empty() {
        for (file, at) in errors {
            let mut mutants = written.get(file).into_iter().flatten();
            let last = mutants.rfind(|(range, _)| range.start <= *at);
            refused.extend(last.map(|(_, number)| number));
        }
    }
    assert!(!refused.is_empty(), "an error has nothing to do with a mutant: {errors:?}");
    refused
}
