//! Writers that log what they do, and exports beside them. Tests of other packages include this
//! module by its path.
//!
//! Each writer changes identities of its own, and its own logins of two identities that all share.
//! From its log follows its part of the state after each of its steps.

mod held;
mod moment;
mod proof;
mod steps;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cognate::exchange::{Export, Import};
use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    CreateIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput, GuestAccess,
};
use cognate::token::SigningAlgorithm;
use cognate::{Builder, Developer, Engine, Journal};

pub(crate) use held::no_writer_waits_for_an_export;
use moment::Moment;
use proof::Proof;
use steps::{Change, Writer};

const WRITERS: usize = 8;
const BOARDS: usize = 2;

/// The pool's developer provider.
const GAME: &str = "login.game";
/// A public provider of the pool.
const FACEBOOK: &str = "graph.facebook.com";

/// One of so many files has history. It takes longest, because histories keep growing.
const FILES_FOR_A_HISTORY: usize = 6;

/// A writer rests after some steps, so that the histories stay short.
const STEPS_WITHOUT_REST: usize = 4;
const REST: Duration = Duration::from_millis(40);

/// A number of steps of each writer.
type Counts = [usize; WRITERS];

/// For how long the writers write: the environment variable `COGNATE_EXPORT_SECONDS`, or a second.
fn length() -> Duration {
    let seconds = std::env::var("COGNATE_EXPORT_SECONDS");
    Duration::from_secs(seconds.map_or(1, |n| n.parse().expect("a whole number of seconds")))
}

/// An engine for writers has a journal.
pub(crate) fn builder() -> Builder {
    Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).journal(Journal::keep(90))
}

/// Engines over one store with a pool, and the progress of the writers.
struct Setting {
    engines: Vec<Engine>,
    pool: IdentityPoolId,
    /// The identities that all writers share. Each has a login that nobody unlinks.
    boards: Vec<IdentityId>,
    begun: [AtomicUsize; WRITERS],
    answered: [AtomicUsize; WRITERS],
    is_over: AtomicBool,
    /// Whether an export or a check is going on.
    is_read: AtomicBool,
}

/// What a writer logs about a step.
struct Step {
    /// The steps of all writers that had been answered before this one began.
    seen: Counts,
    change: Change,
    wait: Duration,
    is_beside_a_view: bool,
}

/// A file, with the steps that had been answered before its export, and those that had begun when
/// it was over.
struct File {
    moment: Moment,
    answered: Counts,
    begun: Counts,
}

impl File {
    /// The number of steps that were in progress at some time of the export.
    fn beside(&self) -> usize {
        self.begun.iter().sum::<usize>() - self.answered.iter().sum::<usize>()
    }
}

/// Lets the writers end, also if a test fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn counts(counters: &[AtomicUsize; WRITERS]) -> Counts {
    counters.each_ref().map(|counter| counter.load(Ordering::SeqCst))
}

fn developer(engine: &Engine) -> Developer {
    engine.developer("123456789012".parse().expect("an account"), region())
}

fn region() -> cognate::name::Region {
    "us-east-1".parse().expect("a region")
}

/// The developer user of a board that nobody unlinks.
fn owner(board: usize) -> String {
    format!("board-{board}")
}

impl Setting {
    fn new(engines: Vec<Engine>) -> Self {
        let aws = developer(&engines[0]);
        let input = CreateIdentityPoolInput::new("game", GuestAccess::Allowed)
            .developer_provider_name(GAME)
            .supported_login_providers(FACEBOOK, "7346241598935552");
        let pool = aws.create_identity_pool(input).expect("creates").identity_pool_id;
        let register = |board| {
            let input = GetOpenIdTokenForDeveloperIdentityInput::new(&pool);
            aws.resolve_developer_identity(input.logins(GAME, owner(board))).expect("registers")
        };
        let boards = (0..BOARDS).map(register).collect();
        engines[0].admin().seed(&pool, steps::seed().as_bytes()).expect("seeds");
        let (begun, answered) = Default::default();
        let (is_over, is_read) = Default::default();
        Self { engines, pool, boards, begun, answered, is_over, is_read }
    }

    /// Writes until the test is over, or this many steps.
    fn write(&self, number: usize, steps_max: usize, now: fn() -> Instant) -> Vec<Step> {
        let engine = &self.engines[number % self.engines.len()];
        let mut writer = Writer::new(number, engine, self);
        let mut log = Vec::new();
        while log.len() < steps_max && !self.is_over.load(Ordering::SeqCst) {
            let seen = counts(&self.answered);
            self.begun[number].store(log.len() + 1, Ordering::SeqCst);
            let was_read = self.is_read.load(Ordering::SeqCst);
            let began = now();
            let change = writer.step();
            let wait = began.elapsed();
            self.answered[number].store(log.len() + 1, Ordering::SeqCst);
            let is_beside_a_view = was_read || self.is_read.load(Ordering::SeqCst);
            log.push(Step { seen, change, wait, is_beside_a_view });
            if log.len() % STEPS_WITHOUT_REST == 0 {
                thread::sleep(REST);
            }
        }
        log
    }

    /// Exports until the time is over, and checks the engine now and then.
    fn read(&self, now: fn() -> Instant) -> Vec<File> {
        let (start, mut files) = (now(), Vec::new());
        while start.elapsed() < length() || files.len() < FILES_FOR_A_HISTORY {
            let has_history = files.len() % FILES_FOR_A_HISTORY == FILES_FOR_A_HISTORY - 1;
            let answered = counts(&self.answered);
            self.is_read.store(true, Ordering::SeqCst);
            let mut file = Vec::new();
            let export = Export::all().history(has_history);
            self.engines[0].admin().export(export, &mut file).expect("exports");
            let begun = counts(&self.begun);
            if has_history {
                assert_eq!(self.engines[0].check().expect("readable"), []);
            }
            self.is_read.store(false, Ordering::SeqCst);
            is_sound(&file);
            files.push(File { moment: Moment::of(&file, &self.boards), answered, begun });
        }
        files
    }
}

/// An engine imports the file, and finds no violated invariant.
fn is_sound(file: &[u8]) {
    let other = builder().in_memory().expect("opens");
    other.admin().import(Import::new(), file).expect("imports");
    assert_eq!(other.check().expect("readable"), []);
}

/// Exports while writers write: each file is sound, and has the state at one commit. Checks find
/// nothing meanwhile. The writers take the engines, which share a store, in turn.
pub(crate) fn exports_have_one_moment(engines: Vec<Engine>, now: fn() -> Instant) -> Figures {
    let setting = Setting::new(engines);
    let (files, logs) = thread::scope(|scope| {
        let ends = Ends(&setting.is_over);
        let setting = &setting;
        let write = |number| scope.spawn(move || setting.write(number, usize::MAX, now));
        let writers = [0, 1, 2, 3, 4, 5, 6, 7].map(write);
        let files = setting.read(now);
        drop(ends);
        (files, writers.map(|writer| writer.join().expect("no panic")))
    });
    let mut proof = Proof::new(&logs);
    let last = files.iter().map(|file| proof.cut(file)).last().expect("a file");
    assert!(last.iter().all(|steps| *steps > 0), "the last file has {last:?}");
    for operation in ["link", "merge", "unlink", "delete"] {
        let mut steps = logs.iter().flatten();
        assert!(steps.any(|step| step.change.operation == operation), "no {operation}");
    }
    Figures::of(&files, &logs)
}

/// Figures of a run.
#[derive(Debug)]
pub(crate) struct Figures {
    files: usize,
    identities: usize,
    /// The steps that were in progress at some time of an export.
    beside: usize,
    steps: usize,
    on_boards: usize,
    longest_beside: Duration,
    longest_without: Duration,
}

impl Figures {
    fn of(files: &[File], logs: &[Vec<Step>; WRITERS]) -> Self {
        let steps = || logs.iter().flatten();
        let longest = |is_beside: bool| {
            let of_a_kind = steps().filter(|step| step.is_beside_a_view == is_beside);
            of_a_kind.map(|step| step.wait).max().unwrap_or_default()
        };
        Self {
            files: files.len(),
            identities: files.iter().map(|file| file.moment.identities()).sum(),
            beside: files.iter().map(File::beside).sum(),
            steps: steps().count(),
            on_boards: steps().filter(|step| step.change.board.is_some()).count(),
            longest_beside: longest(true),
            longest_without: longest(false),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, identities, beside, steps, on_boards, .. } = self;
        let Self { longest_beside, longest_without, .. } = self;
        write!(
            f,
            "{steps} commits, {on_boards} of them of shared identities; {files} files with \
             {identities} identities, beside {beside} commits; the longest commit took \
             {longest_beside:?} beside an export or a check, and {longest_without:?} without"
        )
    }
}
