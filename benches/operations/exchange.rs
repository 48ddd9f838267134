//! Imports and exports of a large database: their speed, and the memory that they take.
//!
//! The database has one pool with a journal. Of four identities one has a developer user, one a
//! public user, one both, and one is a guest. One of sixteen was linked to another login later, so
//! it has events.
//!
//! Both sides work on the same file, records and batches, at the durability of a power loss. The
//! floor has the lines that it writes, and the batches, in memory before the time begins:
//!
//! * The floor of an import reads the file line by line, and writes the records of each batch to
//!   sled in a transaction that it flushes and syncs. It neither parses nor checks.
//! * The floor of an export reads the records of identities and events from sled, and writes the
//!   line of each to a file, which it syncs and moves. It neither decodes nor encodes.
//!
//! The memory of an import or an export is the peak of its process, less the peak of a process that
//! only commits the same batches to the same kind of store, or reads the same records from it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, mem, slice};

use cognate::admin::LinkLoginInput;
use cognate::exchange::{Export, Import};
use cognate::name::IdentityId;
use cognate::store::{
    Batch, Commit, Durability, Key, KeyRange, MemoryStore, SledOptions, Store, StoreError, Tree,
    Value,
};
use cognate::{Engine, Journal};
use parking_lot::Mutex;

use crate::PROVIDER;
use crate::floor::Floor;
use crate::measure::{AtLeast, Bench, micros, take_turns};

const PUBLIC: &str = "accounts.google.com";
const POOL: &str = "us-east-1:11111111-1111-4111-8111-111111111111";
const ROWS: [&str; 4] = ["import", "export", "import, memory", "export, memory"];
/// One of so many identities is linked to another login after its creation.
const LINKED: usize = 16;
/// The trees whose records are lines of a file.
const LINES: [Tree; 2] = [Tree::Identities, Tree::Journal];
const MEMORY_LIMIT_KIB: u128 = 64 << 10;

const SIDE: &str = "COGNATE_BENCH_EXCHANGE_SIDE";
const FOLDER: &str = "COGNATE_BENCH_EXCHANGE_FOLDER";

pub(crate) fn all(bench: &mut Bench, folder: &Path) {
    let [import_row, export_row, ..] = ROWS;
    if !ROWS.iter().any(|row| bench.wants(row)) {
        return;
    }
    fs::create_dir(folder).expect("a folder");
    let at = Places::new(folder);
    make_file(&at, bench.scale.identities);
    let batches = batches(&at);
    write_batches(&at.batches, &batches);
    let lines = batches.iter().map(lines_of).sum::<usize>() as u128;
    let per_line = |time: Duration| micros(time) / lines;
    let turns = bench.scale.turns.min(3);
    // The other rows need the databases.
    let imports = if bench.wants(import_row) { turns } else { 1 };
    let figure = || per_line(import(&at));
    let times = take_turns(imports, figure, || per_line(floor_import(&at, &batches)));
    drop(batches);
    if bench.wants(import_row) {
        bench.measured(import_row, "µs", AtLeast(50), &times);
    }
    if bench.wants(export_row) {
        let text = fs::read(&at.file).expect("the file");
        let figure = || per_line(export(&at));
        let times = take_turns(turns, figure, || per_line(floor_export(&at, &text)));
        bench.measured(export_row, "µs", AtLeast(50), &times);
    }
    memory(bench, &at);
}

/// Files and folders.
struct Places {
    folder: PathBuf,
    file: PathBuf,
    batches: PathBuf,
    engine: PathBuf,
    floor: PathBuf,
    copy: PathBuf,
    fresh: PathBuf,
}

impl Places {
    fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            file: folder.join("file.jsonl"),
            batches: folder.join("batches"),
            engine: folder.join("engine"),
            floor: folder.join("floor"),
            copy: folder.join("copy.jsonl"),
            fresh: folder.join("fresh"),
        }
    }
}

fn open(path: &Path) -> Engine {
    let store = SledOptions::new(path).open().expect("a database");
    Engine::builder().journal(Journal::keep(90)).open_exclusive(store).expect("an engine")
}

/// Makes the file: identities of a seed, some of which are then linked to another login.
fn make_file(at: &Places, identities: usize) {
    let seed = at.folder.join("seed.jsonl");
    let mut out = BufWriter::new(File::create_new(&seed).expect("a new file"));
    write!(
        out,
        "{{\"cognate\":\"seed\",\"version\":1}}\n{{\"pool\":{{\"id\":\"{POOL}\",\"settings\":{{\
         \"IdentityPoolName\":\"bench\",\"AllowUnauthenticatedIdentities\":true,\
         \"DeveloperProviderName\":\"{PROVIDER}\",\
         \"SupportedLoginProviders\":{{\"{PUBLIC}\":\"app\"}}}}}}}}\n"
    )
    .expect("room");
    for n in 0..identities {
        let developer = format!("{{\"developer\":\"{PROVIDER}\",\"subject\":\"user-{n:08}\"}}");
        let public = format!("{{\"public\":\"{PUBLIC}\",\"subject\":\"{:021}\"}}", n * 7_368_787);
        let logins = match n % 4 {
            0 => developer,
            1 => public,
            2 => format!("{developer},{public}"),
            _ => String::new(),
        };
        let (id, second) = (id(n), n % 60);
        let (day, hour, minute) = (1 + n / 86_400 % 28, n / 3_600 % 24, n / 60 % 60);
        let created = format!("2026-10-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z");
        writeln!(
            out,
            "{{\"identity\":{{\"id\":\"{id}\",\"created\":\"{created}\",\"logins\":[{logins}]}}}}"
        )
        .expect("room");
    }
    out.flush().expect("room");
    let store = SledOptions::new(&at.fresh).durability(Durability::Relaxed).open();
    let engine = Engine::builder().journal(Journal::keep(90));
    let engine = engine.open_exclusive(store.expect("a database")).expect("an engine");
    let admin = engine.admin();
    admin.import_file(Import::new(), &seed).expect("a seed");
    for n in (0..identities).step_by(LINKED) {
        let id: IdentityId = id(n).parse().expect("an id");
        let subject = format!("later-{n:08}");
        let input = LinkLoginInput::new(&id, PROVIDER, subject.as_str());
        admin.link_login(input).expect("linked");
    }
    admin.export_file(Export::all().history(true), &at.file).expect("a file");
    drop((admin, engine));
    fs::remove_dir_all(&at.fresh).expect("the database");
}

/// Scattered, as the ids that an engine mints.
fn id(n: usize) -> String {
    let n = n as u64;
    let scattered = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let [high, middle] = [scattered >> 32, scattered >> 16 & 0xffff];
    format!("us-east-1:{high:08x}-{middle:04x}-4000-8000-{n:012x}")
}

/// A store in memory that records what is committed.
#[derive(Default)]
struct Recorder {
    store: MemoryStore,
    batches: Mutex<Vec<Batch>>,
}

impl Store for Recorder {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.store.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.store.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let Batch { deletes, puts, .. } = batch.clone();
        let mut written = Batch::default();
        (written.deletes, written.puts) = (deletes, puts);
        self.batches.lock().push(written);
        self.store.commit(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.store.sync()
    }
}

/// What an import of the file writes.
fn batches(at: &Places) -> Vec<Batch> {
    let recorder = Arc::new(Recorder::default());
    let engine = Engine::builder().journal(Journal::keep(90));
    let engine = engine.open_exclusive(Arc::clone(&recorder)).expect("an engine");
    engine.admin().import_file(Import::new(), &at.file).expect("an export");
    let mut batches = mem::take(&mut *recorder.batches.lock());
    batches.retain(|batch| !batch.is_read_only());
    batches
}

fn lines_of(batch: &Batch) -> usize {
    batch.puts.iter().filter(|(key, _)| LINES.contains(&key.tree)).count()
}

/// Times an import into an empty database, which stays.
fn import(at: &Places) -> Duration {
    remove(&at.engine);
    let engine = open(&at.engine);
    let start = Instant::now();
    engine.admin().import_file(Import::new(), &at.file).expect("an export");
    start.elapsed()
}

fn floor_import(at: &Places, batches: &[Batch]) -> Duration {
    remove(&at.floor);
    let floor = Floor::of(&at.floor, &Tree::ALL);
    let start = Instant::now();
    let mut from = BufReader::new(File::open(&at.file).expect("the file"));
    let mut line = Vec::new();
    for batch in batches {
        for _ in 0..lines_of(batch) {
            line.clear();
            from.read_until(b'\n', &mut line).expect("the file");
        }
        floor.apply(slice::from_ref(batch));
        floor.sync();
    }
    start.elapsed()
}

/// Times an export of the imported database, which was just opened.
fn export(at: &Places) -> Duration {
    let engine = open(&at.engine);
    let start = Instant::now();
    engine.admin().export_file(Export::all().history(true), &at.copy).expect("a file");
    start.elapsed()
}

fn floor_export(at: &Places, text: &[u8]) -> Duration {
    let floor = Floor::of(&at.floor, &Tree::ALL);
    // The line of the file and that of the pool come first.
    let lines = text.split_inclusive(|byte| *byte == b'\n').skip(2);
    let mut lines = lines.collect::<Vec<_>>().into_iter();
    let start = Instant::now();
    let aside = at.copy.with_extension("part");
    let file = File::create(&aside).expect("a new file");
    let mut out = BufWriter::new(&file);
    for tree in LINES {
        for record in floor.tree(tree) {
            record.expect("a readable tree");
            out.write_all(lines.next().expect("a line")).expect("room");
        }
    }
    out.flush().expect("room");
    drop(out);
    file.sync_all().expect("a disk");
    fs::rename(aside, &at.copy).expect("the file");
    let time = start.elapsed();
    assert_eq!(lines.len(), 1, "every line but the last is that of a record");
    time
}

fn remove(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).expect("a folder");
    }
}

fn memory(bench: &mut Bench, at: &Places) {
    let measure = |side: &str| {
        remove(&at.fresh);
        let mut command = Command::new(env::current_exe().expect("this binary"));
        let output = command.env(SIDE, side).env(FOLDER, &at.folder).output().expect("runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let peak = String::from_utf8_lossy(&output.stdout).trim().parse::<u128>();
        peak.expect("a number")
    };
    for (row, [side, without]) in ROWS[2..].iter().zip([["export", "reads"], ["import", "commits"]])
    {
        let turns = (0..3).map(|_| {
            let above = measure(side).saturating_sub(measure(without));
            [above, MEMORY_LIMIT_KIB].map(|kibibytes| kibibytes * 100 / 1024)
        });
        bench.measured(row, "MiB", AtLeast(100), &turns.collect::<Vec<_>>());
    }
}

/// Whether this process is a measured child.
pub(crate) fn is_measured_here() -> bool {
    let Ok(side) = env::var(SIDE) else { return false };
    let at = Places::new(Path::new(&env::var(FOLDER).expect("is set with the side")));
    match side.as_str() {
        "export" => {
            export(&at);
        }
        "import" => {
            open(&at.fresh).admin().import_file(Import::new(), &at.file).expect("an export");
        }
        "reads" => {
            let store = SledOptions::new(&at.engine).open().expect("the database");
            for tree in LINES {
                let mut range = KeyRange::prefix(tree, []);
                loop {
                    let records = store.scan(&range, 256).expect("a readable store");
                    let Some((last, _)) = records.last() else { break };
                    range = range.after(&last.bytes);
                }
            }
        }
        "commits" => {
            let store = SledOptions::new(&at.fresh).open().expect("a new database");
            commit_batches(&at.batches, &store);
        }
        side => panic!("an unknown side {side}"),
    }
    println!("{}", peak());
    true
}

/// In kibibytes; 0 if the system does not report it.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or_default()
}

/// Ends a batch in the file of batches, in the place of a tree.
const END: u8 = u8::MAX;

/// Writes batches for a process that has no engine to make them.
fn write_batches(path: &Path, batches: &[Batch]) {
    let mut out = BufWriter::new(File::create_new(path).expect("a new file"));
    let mut write = |tree: u8, key: &[u8], value: &[u8]| {
        let [key_length, length] = [key, value].map(|part| part.len() as u64);
        let head = [&[tree][..], &key_length.to_be_bytes(), &length.to_be_bytes()].concat();
        for part in [&head, key, value] {
            out.write_all(part).expect("room");
        }
    };
    for batch in batches {
        batch.puts.iter().for_each(|(key, value)| write(key.tree as u8, &key.bytes, value));
        write(END, &[], &[]);
    }
}

/// Commits the batches of a file.
fn commit_batches(path: &Path, store: &impl Store) {
    let mut from = BufReader::new(File::open(path).expect("the batches"));
    let mut head = [0; 17];
    let mut batch = Batch::default();
    while from.read_exact(&mut head).is_ok() {
        let (tree, lengths) = (head[0], head[1..].as_chunks::<8>().0);
        let mut part = |length: &[u8; 8]| {
            let length = usize::try_from(u64::from_be_bytes(*length)).expect("fits");
            let mut part = vec![0; length];
            from.read_exact(&mut part).expect("a record");
            part
        };
        let [key, value] = [0, 1].map(|n| part(&lengths[n]));
        if tree == END {
            store.commit(mem::take(&mut batch)).expect("a disk");
        } else {
            let tree = Tree::ALL.into_iter().find(|known| *known as u8 == tree);
            batch.puts.push((Key::new(tree.expect("a tree"), key), value));
        }
    }
}
