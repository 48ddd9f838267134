//! Power cuts: a process's file operations are recorded together with its answers, and the record
//! is cut anywhere. The disk then has all synced data and any part of the rest. Every operation
//! answered before the cut must be there, and no operation by half (I8).
//!
//! The rig can show that files and folders are synced in the right order before an answer is given,
//! for any disk that keeps synced data: of unsynced writes it keeps some, in any order, and tears
//! the last ones at sectors. It cannot show disks that lie about syncs or damage synced data, a
//! file system that breaks its promises, or writes that bypass the functions of glibc that the
//! recorder replaces.

mod churn;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use cognate::Engine;
use cognate::operation::{CreateIdentityPoolInput, GuestAccess};
use cognate::store::{SledOptions, Store};
use cognate::testkit::TestClock;

use crate::crash::Performer;
use crate::effort;
use crate::twin::{Dump, Numbers, builder, difference, dump, filled, is_before_or_after};

const FOLDER: &str = "COGNATE_POWER_FOLDER";
/// The operations of one recording. The database is closed and opened again in the middle.
const OPERATIONS: u64 = 120;
/// The number of cuts in an ordinary run.
const CUTS: u64 = 60;
const SEED: u64 = 1 << 20;

#[test]
fn performs_under_a_recorder() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let open = |seed: u64| builder(seed, TestClock::default()).open(&folder).expect("opens");
    perform(open, |number| {
        use std::io::Write;
        let mut out = std::io::stdout().lock();
        out.write_all(format!("answered {number};\n").as_bytes()).expect("a parent");
    });
}

/// Performs all operations, on two engines one after the other.
fn perform(open: impl Fn(u64) -> Engine, mut answered: impl FnMut(u64)) {
    for half in 0..2 {
        let round = SEED + half;
        let engine = open(round);
        let mut performer = Performer::new(engine.clone(), round);
        for number in 0..OPERATIONS / 2 {
            match number % 10 {
                9 => create_large_pool(&engine),
                _ => performer.perform(number),
            }
            answered(half * OPERATIONS / 2 + number);
        }
    }
}

/// Creates a record that sled would store in a separate file.
fn create_large_pool(engine: &Engine) {
    let aws = engine.developer("999999999999".parse().unwrap(), "us-east-1".parse().unwrap());
    let input = CreateIdentityPoolInput::new("large", GuestAccess::Denied);
    let large = (0..900).fold(input, |input, number| {
        let arn = format!("arn:aws:iam::999999999999:oidc-provider/{number:0>200}");
        input.open_id_connect_provider_arns(arn)
    });
    aws.create_identity_pool(large).expect("creates");
}

/// The twin's contents after each number of operations.
fn twin() -> Vec<Dump> {
    let store: Arc<dyn Store> = Arc::new(filled(&Dump::new()));
    let mut dumps = vec![Dump::new()];
    let open = |seed| {
        let builder = builder(seed, TestClock::default());
        builder.open_exclusive(Arc::clone(&store)).expect("opens")
    };
    perform(open, |_| dumps.push(dump(&*store)));
    dumps
}

/// A recorded action of the process.
#[derive(Debug)]
enum Event {
    Create(PathBuf),
    MakeFolder(PathBuf),
    Write(PathBuf, usize, Vec<u8>),
    Truncate(PathBuf, usize),
    Sync(PathBuf),
    Rename(PathBuf, PathBuf),
    Unlink(PathBuf),
    Print(Vec<u8>),
}

/// Runs the test of this name with the recorder preloaded.
fn recorded(scratch: &Path, test: &str, variables: &[(&str, &str)]) -> Vec<Event> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testkit/power/recorder.c");
    let (recorder, log) = (scratch.join("recorder.so"), scratch.join("log"));
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&recorder, &source])
        .arg("-ldl")
        .status()
        .expect("a C compiler, which rustc needs too");
    assert!(built.success(), "the recorder does not build");
    let root = scratch.join("disk");
    fs::create_dir(&root).expect("a folder");
    let ended = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .envs(variables.iter().copied())
        .env(FOLDER, root.join("database"))
        .env("LD_PRELOAD", recorder)
        .env("COGNATE_POWER_ROOT", &root)
        .env("COGNATE_POWER_LOG", &log)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status()
        .expect("runs");
    assert!(ended.success(), "{ended}");
    events(&fs::read(log).expect("a log"), &root)
}

fn events(mut log: &[u8], root: &Path) -> Vec<Event> {
    let mut events = Vec::new();
    let take = |log: &mut &[u8], length: usize| {
        let (head, rest) = log.split_at(length);
        *log = rest;
        head.to_vec()
    };
    let number = |log: &mut &[u8]| {
        let bytes = take(log, 8).try_into().expect("eight bytes");
        usize::try_from(u64::from_ne_bytes(bytes)).expect("a length")
    };
    while !log.is_empty() {
        let kind = take(&mut log, 1)[0];
        let (path, offset, data) = (number(&mut log), number(&mut log), number(&mut log));
        let (path, data) = (take(&mut log, path), take(&mut log, data));
        let relative = |bytes: &[u8]| {
            let path = Path::new(std::str::from_utf8(bytes).expect("a path"));
            path.strip_prefix(root).expect("below the root").to_owned()
        };
        events.push(match kind {
            b'C' => Event::Create(relative(&path)),
            b'D' => Event::MakeFolder(relative(&path)),
            b'W' => Event::Write(relative(&path), offset, data),
            b'T' => Event::Truncate(relative(&path), offset),
            b'S' => Event::Sync(relative(&path)),
            b'R' => Event::Rename(relative(&path), relative(&data)),
            b'U' => Event::Unlink(relative(&path)),
            b'O' => Event::Print(data),
            other => panic!("a record of kind {other}"),
        });
    }
    events
}

/// A change of the names in a folder.
#[derive(Debug, Clone)]
enum Naming {
    File(PathBuf, usize),
    Folder(PathBuf),
    Rename(PathBuf, PathBuf),
    Unlink(PathBuf),
}

/// A disk, and the changes that have not certainly reached it.
#[derive(Debug, Default)]
struct Disk {
    files: Vec<File>,
    names: BTreeMap<PathBuf, usize>,
    folders: BTreeSet<PathBuf>,
    /// By folder, with the number of changes that are certain.
    namings: BTreeMap<PathBuf, (usize, Vec<Naming>)>,
}

#[derive(Debug, Default)]
struct File {
    certain: Vec<u8>,
    uncertain: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Truncate(length) => bytes.resize(*length, 0),
            Self::Write(offset, data) => {
                let end = offset + data.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[*offset..end].copy_from_slice(data);
            }
        }
    }
}

fn parent(path: &Path) -> PathBuf {
    path.parent().expect("below the root").to_owned()
}

impl Disk {
    fn perform(&mut self, event: &Event) {
        match event {
            Event::Create(path) => {
                self.files.push(File::default());
                self.names.insert(path.clone(), self.files.len() - 1);
                self.name(path, Naming::File(path.clone(), self.files.len() - 1));
            }
            Event::MakeFolder(path) => {
                self.folders.insert(path.clone());
                self.name(path, Naming::Folder(path.clone()));
            }
            Event::Write(path, offset, data) => {
                self.file(path).uncertain.push(Change::Write(*offset, data.clone()));
            }
            Event::Truncate(path, length) => {
                self.file(path).uncertain.push(Change::Truncate(*length));
            }
            Event::Sync(path) if self.names.contains_key(path) => {
                let file = self.file(path);
                for change in std::mem::take(&mut file.uncertain) {
                    change.apply(&mut file.certain);
                }
            }
            // A folder.
            Event::Sync(path) => {
                let (certain, namings) = self.namings.entry(path.clone()).or_default();
                *certain = namings.len();
            }
            Event::Rename(from, to) => {
                assert_eq!(from.parent(), to.parent(), "a rename from folder to folder");
                let file = self.names.remove(from).expect("a file");
                self.names.insert(to.clone(), file);
                self.name(from, Naming::Rename(from.clone(), to.clone()));
            }
            Event::Unlink(path) => {
                self.names.remove(path);
                self.name(path, Naming::Unlink(path.clone()));
            }
            Event::Print(_) => {}
        }
    }

    fn file(&mut self, path: &Path) -> &mut File {
        let file = *self.names.get(path).unwrap_or_else(|| panic!("{} is open", path.display()));
        &mut self.files[file]
    }

    fn name(&mut self, path: &Path, naming: Naming) {
        self.namings.entry(parent(path)).or_default().1.push(naming);
    }

    /// Writes the files that a power cut may leave.
    fn lay_out(&self, root: &Path, chance: &Numbers) {
        let (mut names, mut folders) = (BTreeMap::new(), BTreeSet::from([PathBuf::new()]));
        // The names of a folder change in order.
        for (certain, namings) in self.namings.values() {
            let open = u64::try_from(namings.len() - certain).expect("few");
            let kept = certain + usize::try_from(chance.below(open + 1)).expect("few");
            for naming in &namings[..kept] {
                match naming.clone() {
                    Naming::File(path, file) => drop(names.insert(path, file)),
                    Naming::Folder(path) => drop(folders.insert(path)),
                    Naming::Unlink(path) => drop(names.remove(&path)),
                    Naming::Rename(from, to) => {
                        let file = names.remove(&from).expect("named before");
                        names.insert(to, file);
                    }
                }
            }
        }
        for folder in &folders {
            if folder.ancestors().all(|above| folders.contains(above)) {
                fs::create_dir_all(root.join(folder)).expect("makes a folder");
            }
        }
        let keep_of_16 = [0, 8, 16][usize::try_from(chance.below(3)).expect("few")];
        for (path, file) in names {
            let folder = root.join(parent(&path));
            if folder.is_dir() {
                fs::write(root.join(&path), self.files[file].left(keep_of_16, chance))
                    .expect("writes");
            }
        }
    }
}

const SECTOR: usize = 512;

impl File {
    fn left(&self, keep_of_16: u64, chance: &Numbers) -> Vec<u8> {
        let mut bytes = self.certain.clone();
        for change in &self.uncertain {
            if chance.below(16) >= keep_of_16 {
                continue;
            }
            match change {
                Change::Write(offset, data) if chance.below(4) == 0 => {
                    let sectors = u64::try_from(data.len() / SECTOR).expect("few");
                    let kept = usize::try_from(chance.below(sectors + 1)).expect("few") * SECTOR;
                    Change::Write(*offset, data[..kept].to_vec()).apply(&mut bytes);
                }
                Change::Write(..) | Change::Truncate(_) => change.apply(&mut bytes),
            }
        }
        bytes
    }
}

#[test]
fn a_power_cut_keeps_answered_operations_and_nothing_by_half() {
    let scratch = tempfile::tempdir().expect("a folder");
    let events = recorded(scratch.path(), "power::performs_under_a_recorder", &[]);
    let twin = twin();
    let chance = Numbers::new(0x706f_7765);
    let mut within = 0;
    for number in 0..CUTS * u64::from(effort()) {
        let cut = usize::try_from(chance.below(events.len() as u64 + 1)).expect("an event");
        let mut disk = Disk::default();
        let mut answers = 0;
        for event in &events[..cut] {
            disk.perform(event);
            if let Event::Print(text) = event {
                let text = String::from_utf8_lossy(text);
                answers += text.lines().filter(|line| line.starts_with("answered ")).count();
            }
        }
        let root = scratch.path().join(format!("cut-{number}"));
        fs::create_dir(&root).expect("a folder");
        disk.lay_out(&root, &chance);

        let folder = root.join("database");
        let what = format!("cut {number} at {cut} of {}, {answers} answers", events.len());
        let engine = builder(u64::MAX, TestClock::default()).open(&folder);
        let engine = engine.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_eq!(engine.check().expect("reads"), [], "{what}");
        drop(engine);
        let found = dump(&SledOptions::new(&folder).open().expect("opens"));
        let before = &twin[answers];
        let after = twin.get(answers + 1).unwrap_or(before);
        let whole = is_before_or_after(&found, before, after);
        assert!(whole, "{what}: {}", difference(after, &found));
        within += u64::from(*before != found);
        fs::remove_dir_all(&root).expect("removes");
    }
    assert!(within > 0, "no cut came between a commit and its answer");
}
