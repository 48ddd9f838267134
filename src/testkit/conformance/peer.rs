//! A store in another process, which answers calls through its standard input and output.

mod view;

use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::{
    Batch, Commit, Key, KeyRange, Refreshed, Store, StoreError, StoreView, Token, Tree, Value,
    Version,
};
use crate::testkit::conformance::breach::{Breach, Outcome, chain};
use view::{AskedView, PeerView, ServedViews};

/// The beginning of a line with an answer. A test binary prints other lines too.
const MARK: &str = "conformance: ";
/// A process that does not answer for so long never will.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Serialize, Deserialize)]
enum Asked {
    Commit(Posted),
    Get(Vec<Place>),
    ReadsOneMoment,
    Refresh(Vec<(Place, Option<[u8; 16]>)>),
    Scan(Section),
    ScanBack(Section),
    SettlesByToken,
    Sync,
    View(AskedView),
}

#[derive(Serialize, Deserialize)]
enum Answered {
    Conflict,
    ConflictWith(Vec<(Place, Option<Value>)>),
    Done,
    Entries(Vec<(Place, Value)>),
    Failed(String),
    Flag(bool),
    Refreshed(Vec<Found>),
    Values(Vec<Option<Value>>),
    View(Option<usize>),
}

/// A key: the place of its tree, and its bytes.
#[derive(Serialize, Deserialize)]
struct Place(usize, Vec<u8>);

/// A range: its start, its end, and the most entries to read.
#[derive(Serialize, Deserialize)]
struct Section(Place, Option<Vec<u8>>, usize);

#[derive(Serialize, Deserialize)]
struct Posted {
    checks: Vec<(Place, Option<Value>)>,
    deletes: Vec<Place>,
    puts: Vec<(Place, Value)>,
    token: Option<[u8; 16]>,
}

#[derive(Serialize, Deserialize)]
enum Found {
    Absent,
    Unchanged,
    Value(Value),
}

impl From<&Key> for Place {
    fn from(key: &Key) -> Self {
        let place = Tree::ALL.iter().position(|tree| *tree == key.tree);
        Self(place.unwrap_or(usize::MAX), key.bytes.clone())
    }
}

impl TryFrom<Place> for Key {
    type Error = StoreError;

    fn try_from(Place(place, bytes): Place) -> Result<Self, StoreError> {
        let tree = Tree::ALL.get(place).ok_or_else(|| StoreError::failed("an unknown tree"))?;
        Ok(Self::new(*tree, bytes))
    }
}

/// The other side of keys that come with something.
fn paired<A, B, C, D, E>(
    pairs: impl IntoIterator<Item = (A, C)>,
    with: impl Fn(C) -> D,
) -> Result<Vec<(B, D)>, E>
where
    B: TryFrom<A, Error = E>,
{
    pairs.into_iter().map(|(key, value)| Ok((key.try_into()?, with(value)))).collect()
}

fn places<T>(pairs: impl IntoIterator<Item = (Key, T)>) -> Vec<(Place, T)> {
    pairs.into_iter().map(|(key, value)| (Place::from(&key), value)).collect()
}

impl Section {
    fn new(range: &KeyRange, limit: usize) -> Self {
        let start = Place::from(&Key::new(range.tree, range.start.clone()));
        Self(start, range.end.clone(), limit)
    }

    fn range(self) -> Result<(KeyRange, usize), StoreError> {
        let Self(start, end, limit) = self;
        let start = Key::try_from(start)?;
        Ok((KeyRange { tree: start.tree, start: start.bytes, end }, limit))
    }
}

impl Posted {
    fn new(batch: Batch) -> Self {
        Self {
            checks: places(batch.checks),
            deletes: batch.deletes.iter().map(Place::from).collect(),
            puts: places(batch.puts),
            token: batch.token.map(|token| token.0),
        }
    }

    fn batch(self) -> Result<Batch, StoreError> {
        let deletes = self.deletes.into_iter().map(Key::try_from);
        Ok(Batch {
            checks: paired(self.checks, |value| value)?,
            deletes: deletes.collect::<Result<_, _>>()?,
            puts: paired(self.puts, |value| value)?,
            token: self.token.map(Token),
        })
    }
}

/// Answers the calls that come through `input` until it ends.
pub(super) fn serve(
    store: &dyn Store,
    input: impl BufRead,
    output: &mut impl Write,
) -> io::Result<()> {
    let mut views = ServedViews::new(store);
    say(output, &Answered::Done)?;
    for line in input.lines() {
        let asked = serde_json::from_str(&line?).map_err(io::Error::other)?;
        let answered = answer(store, &mut views, asked);
        let failed = |error| Answered::Failed(chain(&error));
        say(output, &answered.unwrap_or_else(failed))?;
    }
    Ok(())
}

/// Writes an answer to a line of its own.
fn say(output: &mut impl Write, answered: &Answered) -> io::Result<()> {
    let answered = serde_json::to_string(answered).map_err(io::Error::other)?;
    output.write_all(format!("\n{MARK}{answered}\n").as_bytes())?;
    output.flush()
}

fn answer(
    store: &dyn Store,
    views: &mut ServedViews<'_>,
    asked: Asked,
) -> Result<Answered, StoreError> {
    Ok(match asked {
        Asked::Commit(batch) => match store.commit(batch.batch()?)? {
            Commit::Done => Answered::Done,
            Commit::Conflict => Answered::Conflict,
            Commit::ConflictWith(current) => Answered::ConflictWith(places(current)),
        },
        Asked::Get(keys) => {
            let keys: Vec<Key> = keys.into_iter().map(Key::try_from).collect::<Result<_, _>>()?;
            Answered::Values(store.get(&keys)?)
        }
        Asked::ReadsOneMoment => Answered::Flag(store.reads_one_moment()),
        Asked::Refresh(keys) => {
            let keys = paired(keys, |version| version.map(Version))?;
            let found = store.refresh(&keys)?.into_iter().map(|refreshed| match refreshed {
                Refreshed::Absent => Found::Absent,
                Refreshed::Unchanged => Found::Unchanged,
                Refreshed::Value(value) => Found::Value(value),
            });
            Answered::Refreshed(found.collect())
        }
        Asked::Scan(section) => {
            let (range, limit) = section.range()?;
            Answered::Entries(places(store.scan(&range, limit)?))
        }
        Asked::ScanBack(section) => {
            let (range, limit) = section.range()?;
            Answered::Entries(places(store.scan_back(&range, limit)?))
        }
        Asked::SettlesByToken => Answered::Flag(store.settles_by_token()),
        Asked::Sync => store.sync().map(|()| Answered::Done)?,
        Asked::View(asked) => views.answer(asked)?,
    })
}

/// The store of a process that [`serve`]s. It answers one call after the other.
pub(super) struct Peer {
    process: Child,
    line: Mutex<Line>,
    reads_one_moment: bool,
    settles_by_token: bool,
}

struct Line {
    /// Taken in the end, which tells the process to end.
    input: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Peer {
    pub(super) fn start(mut command: Command) -> Outcome<Self> {
        let broken = |error: &dyn Display| Breach::new(format!("it did not start: {error}"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().map_err(|error| broken(&error))?;
        let (sender, answers) = channel();
        if let Some(output) = process.stdout.take() {
            let reader = thread::Builder::new().spawn(move || pass_on(output, &sender));
            reader.map_err(|error| broken(&error))?;
        }
        let line = Mutex::new(Line { input: process.stdin.take(), answers });
        let mut peer = Self { process, line, reads_one_moment: false, settles_by_token: false };
        let ready = peer.line.get_mut().unwrap_or_else(PoisonError::into_inner).answer();
        ready.map_err(|error| broken(&chain(&error)))?;
        peer.reads_one_moment = peer.flag(&Asked::ReadsOneMoment)?;
        peer.settles_by_token = peer.flag(&Asked::SettlesByToken)?;
        Ok(peer)
    }

    fn ask(&self, asked: &Asked) -> Result<Answered, StoreError> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = serde_json::to_string(asked).map_err(StoreError::failed)?;
        let input = line.input.as_mut().ok_or(StoreError::Closed)?;
        let written = input.write_all(format!("{asked}\n").as_bytes());
        written.map_err(StoreError::failed)?;
        match line.answer()? {
            Answered::Failed(reason) => Err(StoreError::failed(reason)),
            answered => Ok(answered),
        }
    }

    fn entries(&self, asked: &Asked) -> Result<Vec<(Key, Value)>, StoreError> {
        match self.ask(asked)? {
            Answered::Entries(entries) => paired(entries, |value| value),
            _ => Err(unfitting()),
        }
    }

    fn flag(&self, asked: &Asked) -> Result<bool, StoreError> {
        match self.ask(asked)? {
            Answered::Flag(flag) => Ok(flag),
            _ => Err(unfitting()),
        }
    }
}

/// Reads the answers among the lines of a process.
fn pass_on(output: ChildStdout, answers: &Sender<String>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        if let Some(answer) = line.strip_prefix(MARK) {
            // The other side has gone if the peer was dropped.
            drop(answers.send(answer.to_owned()));
        }
    }
}

fn unfitting() -> StoreError {
    StoreError::failed("the second process gave the answer to another call")
}

impl Line {
    fn answer(&self) -> Result<Answered, StoreError> {
        let answer = self.answers.recv_timeout(PATIENCE);
        let answer = answer.map_err(|_| StoreError::failed("the second process does not answer"));
        serde_json::from_str(&answer?).map_err(StoreError::failed)
    }
}

/// Lets the process end, and kills it if it does not.
impl Drop for Peer {
    fn drop(&mut self) {
        let line = self.line.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(line.input.take());
        while line.answers.recv_timeout(PATIENCE).is_ok() {}
        // Nothing is left to kill if it has ended.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Store for Peer {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        match self.ask(&Asked::Get(keys.iter().map(Place::from).collect()))? {
            Answered::Values(values) => Ok(values),
            _ => Err(unfitting()),
        }
    }

    fn refresh(&self, keys: &[(Key, Option<Version>)]) -> Result<Vec<Refreshed>, StoreError> {
        let keys = keys.iter().map(|(key, known)| (Place::from(key), known.map(|known| known.0)));
        let Answered::Refreshed(found) = self.ask(&Asked::Refresh(keys.collect()))? else {
            return Err(unfitting());
        };
        let refreshed = found.into_iter().map(|found| match found {
            Found::Absent => Refreshed::Absent,
            Found::Unchanged => Refreshed::Unchanged,
            Found::Value(value) => Refreshed::Value(value),
        });
        Ok(refreshed.collect())
    }

    fn reads_one_moment(&self) -> bool {
        self.reads_one_moment
    }

    fn settles_by_token(&self) -> bool {
        self.settles_by_token
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.entries(&Asked::Scan(Section::new(range, limit)))
    }

    fn scan_back(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.entries(&Asked::ScanBack(Section::new(range, limit)))
    }

    fn view(&self) -> Result<Option<Box<dyn StoreView + '_>>, StoreError> {
        Ok(PeerView::open(self)?.map(|view| Box::new(view) as Box<dyn StoreView + '_>))
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        match self.ask(&Asked::Commit(Posted::new(batch)))? {
            Answered::Done => Ok(Commit::Done),
            Answered::Conflict => Ok(Commit::Conflict),
            Answered::ConflictWith(current) => {
                Ok(Commit::ConflictWith(paired(current, |value| value)?))
            }
            _ => Err(unfitting()),
        }
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.ask(&Asked::Sync).map(drop)
    }
}
