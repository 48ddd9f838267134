//! Bugs that people planted, each with the rig that must find it.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, Signature, TraitItemFn};

use crate::build::{self, Mutant};
use crate::places::{IS_CHOSEN, Place};
use crate::run::{self, Outcome, Rig};

/// A row of `tests/planted/bugs.tsv`: in `file`, `put` takes the place of `find`.
struct Bug {
    name: String,
    file: String,
    find: String,
    put: String,
    /// The arguments of `cargo test` that run the rig, or the script of a rig with servers and its
    /// arguments.
    rig: String,
}

/// The script of the rig with servers.
const SERVERS: &str = "tests/postgres/run ";

/// How the rig of a bug fared in a copy without others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alone {
    DoesNotBuild,
    Fails,
    Survives,
}

/// Plants the bugs of these names, or all of them.
pub(crate) fn plant(copy: &Path, wanted: &[String]) -> ExitCode {
    let mut bugs = bugs(copy);
    let is_known = |name: &String| bugs.iter().any(|bug| bug.name == *name);
    if let Some(unknown) = wanted.iter().find(|name| !is_known(name)) {
        eprintln!("no bug is named {unknown}");
        return ExitCode::FAILURE;
    }
    bugs.retain(|bug| wanted.is_empty() || wanted.contains(&bug.name));

    let switched: Vec<Mutant> = bugs.iter().filter_map(|bug| bug.in_a_function(copy)).collect();
    let mut selected = Some(switched.clone());
    let select = |chosen: &mut Vec<Mutant>| chosen.extend(selected.take().into_iter().flatten());
    let (together, programs) = build::compiled(copy, &switched, select);
    let bug_of = |mutant: &Mutant| {
        let named = bugs.iter().find(|bug| bug.name == mutant.place.change);
        named.expect("each mutant is a bug")
    };
    let (mut found, mut missed) = (0, 0);
    let mut count = |is_found| if is_found { found += 1 } else { missed += 1 };

    let rigs: Vec<Vec<Rig>> = together.iter().map(|mutant| vec![bug_of(mutant).rig()]).collect();
    let outcomes = run::all(&programs, &rigs, &|number| bug_of(&together[number]).name.clone());
    for outcome in &outcomes {
        count(!matches!(outcome, Outcome::Survives));
    }

    // The copy without the switch.
    for mutant in &switched {
        fs::write(&mutant.file, original(copy, &mutant.file)).expect("the copy");
    }
    let library = copy.join("src/lib.rs");
    fs::write(&library, original(copy, &library)).expect("the copy");
    for bug in &bugs {
        if together.iter().all(|mutant| mutant.place.change != bug.name) {
            let outcome = bug.alone(copy);
            println!("{}: alone: {outcome:?}", bug.name);
            count(outcome == Alone::Fails);
        }
    }
    println!("{found} found, {missed} missed");
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn original(copy: &Path, file: &Path) -> String {
    let root = copy.ancestors().nth(3).expect("target/mutants/crate");
    let inside = file.strip_prefix(copy).expect("below the copy");
    fs::read_to_string(root.join(inside)).expect("a source file")
}

fn bugs(copy: &Path) -> Vec<Bug> {
    let table = fs::read_to_string(copy.join("tests/planted/bugs.tsv")).expect("the table");
    let rows = table.lines().skip(1).map(|row| {
        let cells: Vec<String> = row.split('\t').map(|cell| cell.replace("\\n", "\n")).collect();
        let Ok([name, file, find, put, rig]) = <[String; 5]>::try_from(cells) else {
            panic!("five cells: {row}")
        };
        Bug { name, file, find, put, rig }
    });
    rows.collect()
}

impl Bug {
    /// The position of the text in the file's source.
    fn position(&self, source: &str) -> Range<usize> {
        let mut found = source.match_indices(&self.find);
        let Some((start, _)) = found.next() else { panic!("{}: no such text", self.name) };
        assert!(found.next().is_none(), "{}: its text occurs twice", self.name);
        start..start + self.find.len()
    }

    /// The bug as a second body of its function. `None` if it is not within one.
    fn in_a_function(&self, copy: &Path) -> Option<Mutant> {
        let file = copy.join(&self.file);
        let source = fs::read_to_string(&file).expect("a source file");
        let at = self.position(&source);
        // These have programs of their own.
        let is_of_the_program = self.file.starts_with("src/bin/");
        if is_of_the_program || self.rig.contains("cognate_loom") || self.rig.starts_with(SERVERS) {
            return None;
        }
        let mut finder = Finder { at: at.clone(), line: 0, body: None };
        finder.visit_file(&syn::parse_file(&source).expect("Rust"));
        let body = finder.body?;
        let (before, after) = (&source[body.start..at.start], &source[at.end..body.end]);
        let changed = format!(" if {IS_CHOSEN} {{ return {{{before}{}{after}}}; }} ", self.put);
        let place = Place {
            line: finder.line,
            change: self.name.clone(),
            range: body.start..body.start,
            replacement: changed,
        };
        Some(Mutant { area: "planted", file, place })
    }

    /// The rig as a program and its arguments.
    fn rig(&self) -> Rig {
        let mut rig = Rig::whole("cognate");
        let mut words = self.rig.split_whitespace();
        while let Some(word) = words.next() {
            if word == "--test" {
                words.next().expect("a target").clone_into(&mut rig.program);
            } else if let Some(target) = word.strip_prefix("--test=") {
                target.clone_into(&mut rig.program);
            } else if !word.starts_with("--") {
                rig.arguments.push(word.to_owned());
            }
        }
        rig
    }

    /// Plants the bug in a copy without others.
    fn alone(&self, copy: &Path) -> Alone {
        let file = copy.join(&self.file);
        let source = fs::read_to_string(&file).expect("a source file");
        let at = self.position(&source);
        let changed = format!("{}{}{}", &source[..at.start], self.put, &source[at.end..]);
        fs::write(&file, changed).expect("the copy");
        let outcome = if let Some(tests) = self.rig.strip_prefix(SERVERS) {
            outcome_with_servers(copy, tests)
        } else {
            let cargo = |last: &[&str]| {
                let words: Vec<&str> = self.rig.split_whitespace().collect();
                passes(copy, "cargo", &[&CARGO_TEST, words.as_slice(), last].concat())
            };
            outcome(cargo(&["--no-run"]), || cargo(&[]))
        };
        fs::write(&file, source).expect("the copy");
        outcome
    }
}

const CARGO_TEST: [&str; 2] = ["test", "--locked"];

fn outcome_with_servers(copy: &Path, tests: &str) -> Alone {
    let package = ["--manifest-path", "tests/postgres/Cargo.toml", "--no-run"];
    let builds = passes(copy, "cargo", &[CARGO_TEST.as_slice(), &package].concat());
    outcome(builds, || passes(copy, SERVERS.trim_end(), &[tests]))
}

fn outcome(builds: bool, passes: impl FnOnce() -> bool) -> Alone {
    match builds {
        false => Alone::DoesNotBuild,
        true if passes() => Alone::Survives,
        true => Alone::Fails,
    }
}

/// Whether a program of the copy succeeds.
fn passes(copy: &Path, program: &str, arguments: &[&str]) -> bool {
    let program = if program == "cargo" { PathBuf::from(program) } else { copy.join(program) };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(copy);
    command.env("CARGO_TARGET_DIR", copy.with_file_name("build"));
    // The script builds with cargo too.
    command.env("CARGO_PROFILE_DEV_DEBUG", "false");
    command.env("PROPTEST_MAX_SHRINK_ITERS", "0");
    run::passes(&mut command)
}

/// Finds the innermost function around a position.
struct Finder {
    at: Range<usize>,
    line: usize,
    body: Option<Range<usize>>,
}

impl Finder {
    fn look(&mut self, signature: &Signature, body: &Block) {
        let braces = body.brace_token.span;
        let inner = braces.open().byte_range().end..braces.close().byte_range().start;
        let is_around = inner.start <= self.at.start && self.at.end <= inner.end;
        if is_around && signature.constness.is_none() {
            self.line = signature.ident.span().start().line;
            self.body = Some(inner);
        }
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.look(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.look(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(body) = &item.default {
            self.look(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }
}
