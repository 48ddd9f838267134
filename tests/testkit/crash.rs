//! Kills: the test binary runs itself and is killed at a random moment while it writes. Its
//! database then holds exactly the answered operations. The one operation in progress happened
//! completely or not at all (I8).
//!
//! A run is reproducible byte for byte if the clock, ids and entropy are. So the whole database is
//! compared with that of a twin in memory, which performs the same operations undisturbed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cognate::Engine;
use cognate::store::{Durability, SledOptions, Store};
use cognate::testkit::{
    self, Account, Caller, DeveloperProvider, Model, Operation, Pool, Presented, Provider, Run,
    Settings, TestClock, User, WireDoor,
};

use crate::effort;
use crate::twin::{Dump, Numbers, builder, difference, dump, filled, is_before_or_after};

const FOLDER: &str = "COGNATE_CRASH_FOLDER";
const ROUND: &str = "COGNATE_CRASH_ROUND";

/// The number of kills in an ordinary run.
const KILLS: u64 = 50;
/// The number of kills after which a new database is used.
const KILLS_OF_A_DATABASE: u64 = 10;
/// A minimum for opening a database, in milliseconds.
const OPENING_MILLIS: u64 = 60;
const ANSWERS: u64 = 150;

/// The numbered operation of a round. Every fourth round is about large pools that come and go:
/// deleting one takes several commits.
fn operation(round: u64, number: u64) -> Operation {
    // More than one commit removes.
    const USERS: u64 = 70;
    let place = number % (USERS + 2);
    match place {
        0 if round % 4 == 3 || number == 0 => new_pool(),
        _ if round % 4 != 3 => {
            testkit::operation(&Numbers::new(round.wrapping_mul(1 << 32) + number).bytes())
        }
        _ if place > USERS => {
            Operation::DeleteIdentityPool { caller: Caller::Owner, pool: Pool(0) }
        }
        user => register(u8::try_from(user).expect("few users")),
    }
}

fn new_pool() -> Operation {
    let settings = Settings {
        name: 0,
        guests: true,
        classic_flow: None,
        developer: Some(DeveloperProvider::Game),
        providers: Provider::ALL.to_vec(),
        tags: None,
    };
    Operation::CreateIdentityPool { caller: Caller::Account(Account::FIRST), settings }
}

fn register(user: u8) -> Operation {
    Operation::GetOpenIdTokenForDeveloperIdentity {
        caller: Caller::Owner,
        pool: Pool(0),
        identity: None,
        logins: vec![Presented::User(DeveloperProvider::Game, User(user))],
        principal_tags: Vec::new(),
        duration_secs: None,
    }
}

fn open(folder: &Path, round: u64) -> Engine {
    let options = SledOptions::new(folder).durability(Durability::ProcessKill);
    builder(round, TestClock::default()).open_sled(options).expect("opens")
}

/// Performs the operations of a round, in accounts that no other round uses.
pub(crate) struct Performer {
    door: WireDoor,
    run: Run,
    round: u64,
}

impl Performer {
    pub(crate) fn new(engine: Engine, round: u64) -> Self {
        let run = Run::with_accounts(Model::new(), 100_000_000_000 + round * 10);
        Self { door: WireDoor::new(engine), run, round }
    }

    pub(crate) fn perform(&mut self, number: u64) {
        if let Err(disagreement) = self.run.perform(&self.door, &operation(self.round, number)) {
            panic!("{disagreement}");
        }
    }
}

/// Performs operations and reports each answer, until it is killed.
#[test]
fn performs_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let round: u64 = std::env::var(ROUND).expect("a round").parse().expect("a number");
    let mut performer = Performer::new(open(Path::new(&folder), round), round);
    for number in 0.. {
        performer.perform(number);
        let mut out = std::io::stdout().lock();
        out.write_all(format!("\nanswered {number};\n").as_bytes()).expect("a parent");
    }
}

/// The moment of a kill.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// This many milliseconds after the start, which is most likely while the database opens.
    Millis(u64),
    /// After this many operations were reported as answered.
    Answers(u64),
}

/// Runs the operations of a round until the kill, and returns the number of answers that were
/// reported.
fn killed_at(moment: Moment, folder: &Path, round: u64) -> u64 {
    let mut process = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "crash::performs_until_it_is_killed", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
    // The output may end within a line.
    let is_answer = |line: &String| line.starts_with("answered ") && line.ends_with(';');
    let mut answers = lines.map_while(Result::ok).filter(is_answer);
    let before = match moment {
        Moment::Millis(millis) => {
            thread::sleep(Duration::from_millis(millis));
            0
        }
        Moment::Answers(number) => (0..number).map_while(|_| answers.next()).count(),
    };
    assert!(process.try_wait().expect("a process").is_none(), "round {round} ended by itself");
    process.kill().expect("kills");
    process.wait().expect("ends");
    u64::try_from(before + answers.count()).expect("not that many")
}

/// The contents of a database after unfinished work was completed.
fn contents(folder: &Path, round: u64) -> Dump {
    let engine = open(folder, round);
    assert_eq!(engine.check().expect("reads"), [], "round {round}");
    engine.finish_removals().expect("removes");
    assert_eq!(engine.check().expect("reads"), [], "round {round}");
    drop(engine);
    dump(&SledOptions::new(folder).open().expect("opens"))
}

#[test]
fn a_kill_keeps_exactly_the_answered_operations() {
    let chance = Numbers::new(0x6b69_6c6c);
    let (mut folder, mut before) = (tempfile::tempdir().expect("a folder"), Dump::new());
    let (mut answered_in_all, mut killed_within) = (0, 0);
    for round in 0..KILLS * u64::from(effort()) {
        if round % KILLS_OF_A_DATABASE == 0 {
            (folder, before) = (tempfile::tempdir().expect("a folder"), Dump::new());
        }
        let moment = match chance.below(5) {
            0 => Moment::Millis(chance.below(OPENING_MILLIS)),
            _ => Moment::Answers(chance.below(ANSWERS)),
        };
        let answered = killed_at(moment, folder.path(), round);
        let after = contents(folder.path(), round);

        let store = Arc::new(filled(&before));
        let twin = builder(round, TestClock::default());
        let twin = twin.open_exclusive(Arc::clone(&store) as Arc<dyn Store>).expect("opens");
        let mut performer = Performer::new(twin, round);
        (0..answered).for_each(|number| performer.perform(number));
        let answered_only = dump(&*store);
        if answered_only != after {
            performer.perform(answered);
            let one_more = dump(&*store);
            let whole = is_before_or_after(&after, &answered_only, &one_more);
            let what = difference(&one_more, &after);
            assert!(whole, "round {round}, killed at {moment:?}, after {answered}: {what}");
            killed_within += 1;
        }
        answered_in_all += answered;
        before = after;
    }
    assert!(answered_in_all > KILLS, "only {answered_in_all} operations were answered");
    // Of many kills some hit the time between a commit and its answer.
    assert!(
        killed_within > 0 || effort() < 20,
        "no operation was seen to have happened unanswered"
    );
}
