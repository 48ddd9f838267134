//! Runs the test programs with one mutant at a time.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::AREAS;
use crate::build::{CHOSEN, Mutant, Programs};

/// How a mutant fared, with the program that noticed it.
#[derive(Clone)]
pub(crate) enum Outcome {
    Fails(String),
    Hangs(String),
    Survives,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fails(program) => write!(f, "{program} fails"),
            Self::Hangs(program) => write!(f, "{program} hangs"),
            Self::Survives => f.write_str("survives"),
        }
    }
}

/// A mutant may take this much longer than the program takes without one.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs all mutants, as many at a time as there are processors.
pub(crate) fn all(programs: &Programs, mutants: &[Mutant]) -> Vec<Outcome> {
    let mut baseline = Vec::new();
    for name in AREAS.iter().flat_map(|(_, names)| *names) {
        if baseline.iter().all(|(known, _)| known != name) {
            let start = Instant::now();
            let outcome = run(programs, name, None, Duration::from_mins(20));
            assert!(outcome.is_none(), "{name} fails without a mutant");
            println!("{name} takes {} s", start.elapsed().as_secs());
            baseline.push((*name, start.elapsed()));
        }
    }
    let limit = |name: &str| {
        let taken = baseline.iter().find(|(known, _)| *known == name);
        taken.map_or(PATIENCE, |(_, taken)| *taken * 4 + PATIENCE)
    };
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(vec![Outcome::Survives; mutants.len()]);
    let work = || {
        while let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(mutant) = mutants.get(number)
        {
            let programs_of = AREAS.iter().find(|(area, _)| *area == mutant.area);
            let names = programs_of.map(|(_, names)| *names).unwrap_or_default();
            let outcome = names
                .iter()
                .find_map(|name| run(programs, name, Some(number), limit(name)))
                .unwrap_or(Outcome::Survives);
            println!("{number}: {mutant}: {outcome}");
            outcomes.lock().unwrap_or_else(PoisonError::into_inner)[number] = outcome;
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    outcomes.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a program until a test fails. `None` if none does.
fn run(programs: &Programs, name: &str, mutant: Option<usize>, limit: Duration) -> Option<Outcome> {
    let program = programs.get(name).unwrap_or_else(|| panic!("no test program {name}"));
    let crate_folder = program.ancestors().nth(4).expect("below the copy").join("crate");
    let mut command = Command::new(program);
    command.current_dir(&crate_folder).env("CARGO_MANIFEST_DIR", &crate_folder);
    command.env("PROPTEST_MAX_SHRINK_ITERS", "0").stdout(Stdio::piped()).stderr(Stdio::null());
    command.process_group(0);
    if let Some(mutant) = mutant {
        command.env(CHOSEN, mutant.to_string());
    }
    let mut child = command.spawn().expect("a test program");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let (sender, failed) = mpsc::channel();
    thread::spawn(move || {
        let is_failure = |line: &String| line.starts_with("test ") && line.ends_with("FAILED");
        if lines.map_while(Result::ok).any(|line| is_failure(&line)) {
            // Nobody waits for it after the limit.
            let _ = sender.send(());
        }
    });
    match failed.recv_timeout(limit) {
        Ok(()) => {
            kill(&mut child);
            Some(Outcome::Fails(name.to_owned()))
        }
        Err(RecvTimeoutError::Timeout) => {
            kill(&mut child);
            Some(Outcome::Hangs(name.to_owned()))
        }
        Err(RecvTimeoutError::Disconnected) => {
            let ended = child.wait().expect("a child");
            (!ended.success()).then(|| Outcome::Fails(name.to_owned()))
        }
    }
}

/// Kills a program and the processes that it has started.
fn kill(program: &mut Child) {
    let group = format!("-{}", program.id());
    let killed = Command::new("kill").args(["-KILL", "--", &group]).status();
    assert!(killed.is_ok(), "kill does not start");
    drop(program.wait());
}
