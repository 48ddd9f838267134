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

use crate::build::{CHOSEN, Programs};

/// How a mutant fared, with the rig that noticed it.
#[derive(Clone)]
pub(crate) enum Outcome {
    Fails(String),
    Hangs(String),
    Survives,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fails(rig) => write!(f, "{rig} fails"),
            Self::Hangs(rig) => write!(f, "{rig} hangs"),
            Self::Survives => f.write_str("survives"),
        }
    }
}

/// A mutant may take this much longer than its rig takes without one.
const PATIENCE: Duration = Duration::from_mins(1);

/// A test program and its arguments, which select tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rig {
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
}

impl Rig {
    /// All tests of a program.
    pub(crate) fn whole(program: &str) -> Self {
        Self { program: program.to_owned(), arguments: Vec::new() }
    }
}

impl fmt::Display for Rig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.program)?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {argument}"))
    }
}

/// Runs each mutant with its rigs until one notices it, as many at a time as there are processors.
pub(crate) fn all(
    programs: &Programs,
    rigs: &[Vec<Rig>],
    name: &(dyn Fn(usize) -> String + Sync),
) -> Vec<Outcome> {
    let mut baseline: Vec<(&Rig, Duration)> = Vec::new();
    for rig in rigs.iter().flatten() {
        if baseline.iter().all(|(known, _)| *known != rig) {
            let start = Instant::now();
            let outcome = run(programs, rig, None, Duration::from_mins(20));
            assert!(outcome.is_none(), "{rig} fails without a mutant, or has no test");
            println!("{rig} takes {} s", start.elapsed().as_secs());
            baseline.push((rig, start.elapsed()));
        }
    }
    let limit = |rig: &Rig| {
        let taken = baseline.iter().find(|(known, _)| *known == rig);
        taken.map_or(PATIENCE, |(_, taken)| *taken * 4 + PATIENCE)
    };
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(vec![Outcome::Survives; rigs.len()]);
    let work = || {
        while let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(rigs) = rigs.get(number)
        {
            let outcome = rigs
                .iter()
                .find_map(|rig| run(programs, rig, Some(number), limit(rig)))
                .unwrap_or(Outcome::Survives);
            println!("{number}: {}: {outcome}", name(number));
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

/// Runs a rig until a test fails. `None` if none does.
fn run(programs: &Programs, rig: &Rig, mutant: Option<usize>, limit: Duration) -> Option<Outcome> {
    let program = programs.get(&rig.program).unwrap_or_else(|| panic!("no program for {rig}"));
    let crate_folder = program.ancestors().nth(4).expect("below the copy").join("crate");
    let mut command = Command::new(program);
    command.args(&rig.arguments);
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
        let is_failure = |line: &String| {
            line == "running 0 tests" || line.starts_with("test ") && line.ends_with("FAILED")
        };
        if lines.map_while(Result::ok).any(|line| is_failure(&line)) {
            // Nobody waits for it after the limit.
            let _ = sender.send(());
        }
    });
    match failed.recv_timeout(limit) {
        Ok(()) => {
            kill(&mut child);
            Some(Outcome::Fails(rig.to_string()))
        }
        Err(RecvTimeoutError::Timeout) => {
            kill(&mut child);
            Some(Outcome::Hangs(rig.to_string()))
        }
        Err(RecvTimeoutError::Disconnected) => {
            let ended = child.wait().expect("a child");
            (!ended.success()).then(|| Outcome::Fails(rig.to_string()))
        }
    }
}

/// Whether a command succeeds in time.
pub(crate) fn passes(command: &mut Command) -> bool {
    command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("a command");
    let start = Instant::now();
    while start.elapsed() < Duration::from_mins(10) {
        if let Some(ended) = child.try_wait().expect("a child") {
            return ended.success();
        }
        thread::sleep(Duration::from_millis(100));
    }
    kill(&mut child);
    false
}

/// Kills a program and the processes that it has started.
fn kill(program: &mut Child) {
    let group = format!("-{}", program.id());
    let killed = Command::new("kill").args(["-KILL", "--", &group]).status();
    assert!(killed.is_ok(), "kill does not start");
    drop(program.wait());
}
