//! The processes of a race.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::DeleteIdentityPoolInput;
use cognate::store::{
    Batch, Commit, Key, KeyRange, PostgresStore, Refreshed, Store, StoreError, Value, Version,
};
use cognate::{Error, Result};

use crate::scene::{Scene, new_pool};
use crate::store::{open, text};

/// The users of a round.
pub(super) const USERS: u32 = 6;
const THREADS: u32 = 4;
const URL: &str = "COGNATE_RACE_URL";
const NUMBER: &str = "COGNATE_RACE_NUMBER";

pub(super) fn user(round: u32, number: u32) -> String {
    format!("user-{round}-{number}")
}

/// The calls that race.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Register,
    Link,
    Merge,
    Unlink,
    DeleteIdentities,
    DeletePool,
}

const KINDS: [Kind; 6] = [
    Kind::Register,
    Kind::Link,
    Kind::Merge,
    Kind::Unlink,
    Kind::DeleteIdentities,
    Kind::DeletePool,
];

impl Kind {
    /// Prepares a round. Returns its pool.
    pub(super) fn prepare(self, scene: &Scene, round: u32) -> IdentityPoolId {
        let register = |number| scene.resolve(&user(round, number)).expect("an identity");
        match self {
            Self::Register => {}
            Self::Link => [0, 1].iter().for_each(|side| {
                scene.resolve(&host(round, *side)).expect("an identity");
            }),
            Self::Merge | Self::DeleteIdentities => {
                (0..USERS).for_each(|user| drop(register(user)));
            }
            Self::Unlink => {
                let identity = register(0);
                for number in 1..USERS {
                    scene.link(&user(round, number), &identity).expect("a link");
                }
            }
            Self::DeletePool => return new_pool(&scene.aws),
        }
        scene.pool.clone()
    }

    /// The calls of one of the threads of both processes.
    fn run(self, scene: &Scene, round: u32, thread: u32) -> Vec<Answer> {
        // The processes go in opposite directions.
        let is_first = thread.is_multiple_of(2);
        let order = (0..USERS).map(|step| if is_first { step } else { USERS - 1 - step });
        let host = || {
            let host = scene.lookup(&host(round, thread / 2 % 2)).expect("a lookup");
            host.expect("a registered host")
        };
        let calls = order.filter_map(|number| {
            let name = user(round, number);
            let outcome = match self {
                Self::Link => scene.link(&name, &host()).map(Some),
                Self::Merge => scene.merge(&name, &user(round, (number + 1) % USERS)).map(Some),
                // The first user stays.
                Self::Unlink if number == 0 => return None,
                Self::Unlink => {
                    let first = scene.lookup(&user(round, 0)).expect("a lookup");
                    scene.unlink(&name, &first.expect("the first user")).map(|()| None)
                }
                Self::DeleteIdentities if is_first => scene.lookup(&name).and_then(|found| {
                    found.map_or(Ok(0), |identity| scene.delete(&[identity])).map(|_| None)
                }),
                Self::DeletePool if thread == 0 && number == USERS / 2 => {
                    let pool = DeleteIdentityPoolInput::new(&scene.pool);
                    scene.aws.delete_identity_pool(pool).map(|()| None)
                }
                Self::Register | Self::DeletePool | Self::DeleteIdentities => {
                    scene.resolve(&name).map(Some)
                }
            };
            Some(Answer::new(name, outcome))
        });
        calls.collect()
    }
}

/// A user whose identity receives links.
fn host(round: u32, side: u32) -> String {
    format!("host-{round}-{side}")
}

/// The answer to a call about a user.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) user: String,
    /// The identity of the answer, if it has one.
    pub(super) identity: Option<String>,
    /// Whether the call was not refused.
    pub(super) is_done: bool,
}

impl Answer {
    fn new(user: String, outcome: Result<Option<IdentityId>>) -> Self {
        match outcome {
            Ok(identity) => {
                let identity = identity.map(|identity| identity.as_str().to_owned());
                Self { user, identity, is_done: true }
            }
            Err(Error::Refused(_)) => Self { user, identity: None, is_done: false },
            Err(error) => panic!("{user}: {}", text(&error)),
        }
    }
}

/// The other end of a process, in the test.
#[derive(Debug)]
pub(super) struct Worker {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    pub(super) fn start(url: &str, number: u32) -> Self {
        let mut command = Command::new(env::current_exe().expect("this binary"));
        let name = concat!(module_path!(), "::process");
        // The name of a test lacks that of the binary.
        let name = name.split_once("::").expect("a module").1;
        command.args(["--ignored", "--exact", "--nocapture", name]);
        command.env(URL, url).env(NUMBER, number.to_string());
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a process");
        let requests = process.stdin.take().expect("its input");
        let answers = BufReader::new(process.stdout.take().expect("its output"));
        Self { process, requests, answers }
    }

    /// Lets the process begin a round.
    pub(super) fn begin(&mut self, kind: Kind, round: u32, pool: &IdentityPoolId) {
        writeln!(self.requests, "{kind:?} {round} {}", pool.as_str()).expect("a running process");
    }

    /// Reads the answers of the round. Returns how often a transaction of the process has met
    /// another one.
    pub(super) fn end(&mut self, answers: &mut Vec<Answer>) -> u64 {
        loop {
            let mut line = String::new();
            let length = self.answers.read_line(&mut line).expect("readable");
            assert!(length > 0, "the process has ended");
            let mut words = line.split_whitespace();
            match words.next() {
                Some("answer") => {
                    let mut next = || words.next().expect("a word");
                    let (user, identity) = (next().to_owned(), next());
                    let identity = (identity != "-").then(|| identity.to_owned());
                    answers.push(Answer { user, identity, is_done: next() == "done" });
                }
                Some("met") => {
                    return words.next().and_then(|met| met.parse().ok()).expect("a number");
                }
                // The test harness prints lines of its own.
                _ => {}
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        self.process.wait().expect("its end");
    }
}

#[test]
#[ignore = "a process of the other tests"]
fn process() {
    let url = env::var(URL).expect("started by another test");
    let number: u32 = env::var(NUMBER).expect("a number").parse().expect("a number");
    let watched = Arc::new(Watched { store: open(&url), conflicts: AtomicU64::new(0) });
    let engine = crate::scene::engine(Arc::clone(&watched));
    let mut met = 0;
    for line in io::stdin().lock().lines() {
        let line = line.expect("readable");
        let words: Vec<_> = line.split(' ').collect();
        let kind = KINDS.into_iter().find(|kind| format!("{kind:?}") == words[0]);
        let kind = kind.expect("a kind");
        let round = words[1].parse().expect("a number");
        let scene = Scene::at(engine.clone(), words[2].parse().expect("a pool"));
        let start = Barrier::new(THREADS as usize);
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (scene, start) = (&scene, &start);
                scope.spawn(move || {
                    start.wait();
                    for answer in kind.run(scene, round, thread * 2 + number) {
                        let identity = answer.identity.as_deref().unwrap_or("-");
                        let done = if answer.is_done { "done" } else { "refused" };
                        println!("answer {} {identity} {done}", answer.user);
                    }
                });
            }
        });
        let all = watched.met();
        println!("met {}", all - met);
        met = all;
    }
}

/// Counts the batches that have met another one.
struct Watched {
    store: PostgresStore,
    conflicts: AtomicU64,
}

impl Watched {
    fn met(&self) -> u64 {
        let statistics = self.store.statistics();
        self.conflicts.load(Ordering::Relaxed)
            + statistics.serialization_retries
            + statistics.deadlock_retries
            + statistics.unique_retries
    }
}

impl Store for Watched {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.store.get(keys)
    }

    fn refresh(&self, keys: &[(Key, Option<Version>)]) -> Result<Vec<Refreshed>, StoreError> {
        self.store.refresh(keys)
    }

    fn reads_one_moment(&self) -> bool {
        self.store.reads_one_moment()
    }

    fn settles_by_token(&self) -> bool {
        self.store.settles_by_token()
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.store.scan(range, limit)
    }

    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.store.scan_back(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let commit = self.store.commit(batch)?;
        if commit != Commit::Done {
            self.conflicts.fetch_add(1, Ordering::Relaxed);
        }
        Ok(commit)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.store.sync()
    }
}
