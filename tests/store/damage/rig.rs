//! Damages files of databases and opens them: each is refused, or fails where it is damaged, or is
//! intact. Never does it give a wrong answer, panic, hang, or miss a record without a word.
//!
//! The dose is multiplied by `COGNATE_EFFORT`; `COGNATE_DAMAGE_SEED` repeats one seed.

use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cognate::store::{Batch, Commit, Key, Store, StoreError, Tree};

use crate::effort;

use crate::copy_folder;

use super::shapes::{Random, Records, SHAPES, Shape, older, open, read};

const DOSE: u64 = 60;
const FOLDER: &str = "COGNATE_DAMAGED_FOLDER";
const SHAPE: &str = "COGNATE_DAMAGED_SHAPE";
const PAGE: usize = 4096;

/// How a damaged database is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It does not open.
    Refused,
    /// It opens, and fails where it is damaged.
    Unreadable,
    /// It opens, and everything is there and can be changed.
    Intact,
}

const OUTCOMES: [Outcome; 3] = [Outcome::Refused, Outcome::Unreadable, Outcome::Intact];

#[test]
fn no_damage_goes_unnoticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let filled: Vec<PathBuf> = SHAPES.iter().map(|s| folder.path().join(s.name)).collect();
    on_every_core(0..u64::try_from(SHAPES.len()).expect("fits"), |place| {
        let place = usize::try_from(place).expect("fits");
        SHAPES[place].fill(&filled[place]);
    });
    let seeds = match std::env::var("COGNATE_DAMAGE_SEED") {
        Ok(seed) => seed.parse::<u64>().map(|seed| seed..seed + 1).expect("a number"),
        Err(_) => 0..DOSE * effort(),
    };
    let count = Mutex::new([0_u64; 3]);
    on_every_core(seeds.clone(), |seed| {
        let outcome = run(&filled, seed);
        count.lock().expect("no panic")[outcome as usize] += 1;
    });
    let [refused, unreadable, intact] = count.into_inner().expect("no panic");
    say(&format!("{refused} refused, {unreadable} unreadable, {intact} intact"));
    if seeds.end - seeds.start >= DOSE {
        assert!(refused > 0 && intact > 0, "the damage is of one kind only");
    }
}

fn on_every_core(numbers: Range<u64>, work: impl Fn(u64) + Sync) {
    let (next, end) = (AtomicU64::new(numbers.start), numbers.end);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::SeqCst));
                numbers.take_while(|number| *number < end).for_each(&work);
            });
        }
    });
}

/// Damages one database and has another process open it.
fn run(filled: &[PathBuf], seed: u64) -> Outcome {
    let mut random = Random(seed);
    let place = random.below(SHAPES.len());
    let (shape, original) = (SHAPES[place], &filled[place]);
    // In memory where that can be had: that a database is synced is not what is tested here.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let folder = folder.expect("a folder");
    copy_folder(original, folder.path());
    let damage = damage(folder.path(), &older(original), &mut random);
    let what = format!("seed {seed}: {}, {damage}", shape.name);
    let log = folder.path().join("said");
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "damage::rig::opens_what_was_damaged", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder.path())
        .env(SHAPE, shape.name)
        .stdout(fs::File::create(&log).expect("a file"))
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    let deadline = Duration::from_secs(120);
    let mut waited = Duration::ZERO;
    let status = loop {
        if let Some(status) = child.try_wait().expect("waits") {
            break status;
        }
        if waited > deadline {
            child.kill().expect("kills");
            panic!("{what}: hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
        waited += Duration::from_millis(5);
    };
    let said = String::from_utf8_lossy(&fs::read(&log).expect("reads")).into_owned();
    let last = said.lines().filter_map(|line| line.split_once("outcome ")).next_back();
    let outcome = OUTCOMES.into_iter().find(|o| last.is_some_and(|l| l.1 == format!("{o:?}")));
    match outcome {
        Some(outcome) if status.success() => outcome,
        _ => panic!("{what}: {status}\n{said}"),
    }
}

/// Changes one file of a database, and says what was done to it.
fn damage(path: &Path, older: &Path, random: &mut Random) -> String {
    loop {
        let file = pick_file(path, random);
        let name = file.strip_prefix(path).expect("inside").display().to_string();
        let intact = fs::read(&file).expect("reads");
        let (what, damaged) = match random.below(9) {
            0 => ("a bit flipped", Some(flipped(&intact, 1, random))),
            1 => ("some bits flipped", Some(flipped(&intact, 16, random))),
            2 => ("cut", Some(intact[..place(&intact, random)].to_vec())),
            3 | 4 => ("a page zeroed", Some(with_page(&intact, random, |page| page.fill(0)))),
            5 => ("two pages swapped", Some(swapped(&intact, random))),
            6 => {
                let length = 1 + random.below(2 * PAGE);
                let garbage = random.bytes(length);
                ("garbage appended", Some([intact.as_slice(), &garbage].concat()))
            }
            7 => ("older", older_version(older, &name).or_else(|| Some(intact.clone()))),
            _ => ("deleted", None),
        };
        match damaged {
            Some(bytes) if bytes == intact => continue,
            Some(bytes) => fs::write(&file, bytes).expect("writes"),
            None => fs::remove_file(&file).expect("removes"),
        }
        return format!("{name} ({} bytes) {what}", intact.len());
    }
}

/// The log is the largest: it is picked as often as all others together.
fn pick_file(path: &Path, random: &mut Random) -> PathBuf {
    if random.below(2) == 0 {
        return path.join("sled").join("db");
    }
    let folders = [path.to_owned(), path.join("sled"), path.join("sled").join("blobs")];
    let files = |folder: &PathBuf| {
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
        let files = entries.filter(|entry| entry.file_type().expect("a type").is_file());
        let mut files: Vec<PathBuf> = files.map(|entry| entry.path()).collect();
        files.sort();
        files
    };
    let listed = folders.each_ref().map(files);
    let listed: Vec<_> = listed.into_iter().filter(|files| !files.is_empty()).collect();
    let files = random.pick(&listed);
    random.pick(files).clone()
}

/// A place in a file, mostly before the zeros at its end.
fn place(bytes: &[u8], random: &mut Random) -> usize {
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let anywhere = random.below(10) == 0;
    random.below(if anywhere { bytes.len() } else { used })
}

fn flipped(bytes: &[u8], times: usize, random: &mut Random) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    for _ in 0..times {
        let place = place(bytes, random);
        if let Some(byte) = flipped.get_mut(place) {
            *byte ^= 1 << random.below(8);
        }
    }
    flipped
}

fn with_page(bytes: &[u8], random: &mut Random, change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    let start = place(bytes, random) / PAGE * PAGE;
    let end = bytes.len().min(start + PAGE);
    change(&mut changed[start..end]);
    changed
}

fn swapped(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut swapped = bytes.to_vec();
    let [a, b] = [(); 2].map(|()| place(bytes, random) / PAGE * PAGE);
    if a.max(b) + PAGE <= bytes.len() {
        swapped[a..a + PAGE].copy_from_slice(&bytes[b..b + PAGE]);
        swapped[b..b + PAGE].copy_from_slice(&bytes[a..a + PAGE]);
    }
    swapped
}

/// What a file was at an earlier moment; a snapshot then had another name.
fn older_version(older: &Path, name: &str) -> Option<Vec<u8>> {
    if let Some((folder, _)) = name.split_once("snap.") {
        let mut entries = fs::read_dir(older.join(folder)).ok()?.filter_map(Result::ok);
        let snapshot =
            entries.find(|entry| entry.file_name().to_string_lossy().starts_with("snap."))?;
        return fs::read(snapshot.path()).ok();
    }
    fs::read(older.join(name)).ok()
}

#[test]
fn opens_what_was_damaged() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let shape = Shape::named(&std::env::var(SHAPE).expect("a shape"));
    let mut records = shape.records();
    let first = judge(Path::new(&folder), &mut records);
    // What sled did about the damage does not hide it from the next opening.
    let second = judge(Path::new(&folder), &mut records);
    if first == Outcome::Intact {
        assert_eq!(second, Outcome::Intact, "what was written to it");
    }
    say(&format!("outcome {first:?}"));
}

pub(super) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n{line}\n").as_bytes()).expect("a reader");
}

/// Reads everything, writes, and reads everything again.
fn judge(path: &Path, records: &mut Records) -> Outcome {
    let store = match open(path) {
        Ok(store) => store,
        Err(StoreError::Corrupt(_)) => return Outcome::Refused,
        Err(error) => panic!("is refused with {error:?}"),
    };
    let before = compare(&store, records);
    let mut batch = Batch::default();
    for (n, (key, value)) in records.iter().enumerate() {
        match n % 5 {
            0 => batch.puts.push((key.clone(), [value.as_slice(), b"more"].concat())),
            1 if records.len() > 20 => batch.deletes.push(key.clone()),
            _ => {}
        }
    }
    let fresh = Key::new(Tree::Logins, format!("fresh-{}", records.len()));
    batch.puts.push((fresh, b"fresh".to_vec()));
    match store.commit(batch.clone()) {
        Ok(outcome) => {
            assert_eq!(outcome, Commit::Done);
            for key in &batch.deletes {
                records.remove(key);
            }
            records.extend(batch.puts);
        }
        Err(error) => assert_eq!(before, Outcome::Unreadable, "{error:?}"),
    }
    let after = compare(&store, records);
    assert!(before == after || before == Outcome::Unreadable);
    before
}

/// Whatever can be read is what was written.
fn compare(store: &dyn Store, records: &Records) -> Outcome {
    let mut outcome = Outcome::Intact;
    match read(store) {
        Ok(found) => {
            let differ = |key: &&Key| found.get(*key) != records.get(*key);
            let wrong: Vec<_> = found.keys().chain(records.keys()).filter(differ).collect();
            assert!(wrong.is_empty(), "{} of {} are wrong: {wrong:?}", wrong.len(), records.len());
        }
        Err(_) => outcome = Outcome::Unreadable,
    }
    for (key, value) in records {
        match store.get(std::slice::from_ref(key)) {
            Ok(found) => assert_eq!(found[0].as_ref(), Some(value), "{key}"),
            Err(_) => outcome = Outcome::Unreadable,
        }
    }
    outcome
}
