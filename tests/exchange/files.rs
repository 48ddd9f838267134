//! Files: an export replaces one as a whole, or leaves it as it was.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use cognate::exchange::{ExchangeError, Export, Import, Progress};
use cognate::store::{Batch, Commit, Key, KeyRange, MemoryStore, Store, StoreError, Value};
use cognate::{Engine, ErrorKind};
use std::sync::{Arc, Mutex};

use crate::support::{POOL, World, guests};

fn filled(count: usize) -> World {
    let world = World::new(false);
    world.import(guests(count).as_bytes()).expect("imports");
    world
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_replaced_as_a_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("backup.jsonl");
    let world = filled(600);
    for _ in 0..2 {
        let exported = world.engine.admin().export_file(Export::all(), &path).expect("exports");
        assert_eq!((exported.pools, exported.identities, exported.events), (1, 600, 0));
        assert_eq!(names(folder.path()), ["backup.jsonl"]);
        let other = World::new(false);
        let imported = other.engine.admin().import_file(Import::new(), &path).expect("imports");
        assert_eq!(imported.identities, 600);
        other.checked();
        let text = fs::read_to_string(&path).expect("text");
        assert!(text.ends_with(&format!("\"sha256\":\"{}\"}}}}\n", exported.sha256)));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// A failure of any kind leaves the earlier file, and nothing beside it.
#[test]
fn an_earlier_file_survives_a_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("backup.jsonl");
    fs::write(&path, "earlier").expect("writes");
    let world = filled(600);
    let missing = Export::pool("us-east-1:99999999-0000-4000-8000-000000000000".parse().unwrap());
    let failed = world.engine.admin().export_file(missing, &path).expect_err("no pool");
    let ExchangeError::Engine(failed) = failed else { panic!("{failed}") };
    assert_eq!(failed.kind(), ErrorKind::ResourceNotFound);
    world.engine.rotate_session_key().expect("a key");
    let failed = world.engine.admin().export_file(Export::all().keys(true), &path);
    assert!(matches!(failed, Err(ExchangeError::KeysUnsealed)));
    let panics = Export::all().progress(|progress| assert!(progress.done < 100, "on purpose"));
    let engine = world.engine.clone();
    let at = path.clone();
    let panicked = std::thread::spawn(move || engine.admin().export_file(panics, at)).join();
    assert!(panicked.is_err());
    assert_eq!(fs::read_to_string(&path).expect("text"), "earlier");
    assert_eq!(names(folder.path()), ["backup.jsonl"]);
}

#[test]
fn a_folder_or_a_pipe_is_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let admin = filled(1).engine.admin();
    let mut places = vec![folder.path().to_path_buf(), "/".into()];
    if cfg!(unix) {
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("runs");
        assert!(made.success());
        places.extend([pipe, "/dev/null".into()]);
    }
    for place in places {
        let exported = admin.export_file(Export::all(), &place).expect_err("no file");
        let imported = admin.import_file(Import::new(), &place).expect_err("no file");
        for refused in [exported, imported] {
            assert!(matches!(refused, ExchangeError::NotAFile { .. }), "{refused}");
        }
    }
    let missing = folder.path().join("missing").join("file");
    assert!(matches!(admin.export_file(Export::all(), &missing), Err(ExchangeError::Io(_))));
    assert!(matches!(admin.import_file(Import::new(), &missing), Err(ExchangeError::Io(_))));
}

/// The other end of a pipe is a reader like any other.
#[cfg(unix)]
#[test]
fn a_pipe_is_imported_as_a_reader() {
    let (read, mut write) = std::os::unix::net::UnixStream::pair().expect("a pair");
    let file = filled(300).export(Export::all());
    let writing = std::thread::spawn(move || write.write_all(&file).expect("writes"));
    let world = World::new(false);
    assert_eq!(world.engine.admin().import(Import::new(), read).expect("imports").identities, 300);
    writing.join().expect("no panic");
}

#[test]
fn an_import_is_on_the_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("identities.db");
    let engine = Engine::open(&path).expect("opens");
    engine.admin().import(Import::new(), guests(1_000).as_bytes()).expect("imports");
    engine.close().expect("closes");
    let engine = Engine::open(&path).expect("opens");
    assert_eq!(engine.check().expect("readable"), []);
    assert!(engine.admin().import(Import::new(), guests(1).as_bytes()).is_err());
    let counts = engine.admin().count_identities(&POOL.parse().unwrap()).expect("counts");
    assert_eq!(counts.unauthenticated, 1_000);
}

/// A writer with room for some bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.0.min(bytes.len());
        if room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0 -= room;
        Ok(room)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_reported_wherever_it_is_full() {
    let world = filled(300);
    let length = world.export(Export::all()).len();
    for room in (0..length).step_by(997).chain([length - 1]) {
        let failed = world.engine.admin().export(Export::all(), &mut Full(room));
        assert!(matches!(failed, Err(ExchangeError::Io(_))), "{room} bytes");
    }
    world.engine.admin().export(Export::all(), &mut Full(length)).expect("exports");
}

/// A limit on the size of files ends an export, and the earlier file stays.
#[cfg(unix)]
#[test]
fn an_earlier_file_survives_a_full_disk() {
    const FOLDER: &str = "COGNATE_TEST_EXPORT_FOLDER";
    if let Ok(folder) = std::env::var(FOLDER) {
        let path = Path::new(&folder).join("backup.jsonl");
        let failed = filled(600).engine.admin().export_file(Export::all(), path);
        assert!(matches!(failed, Err(ExchangeError::Io(_))));
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("backup.jsonl"), "earlier").expect("writes");
    let own = std::env::current_exe().expect("this test");
    // 16 blocks of 512 bytes or of 1 KiB. Without the signal, writing fails.
    let script = "trap '' XFSZ; ulimit -f 16; exec \"$0\" --exact files::an_earlier_file_survives_a_full_disk";
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", script]).arg(own).env(FOLDER, folder.path());
    let ended = limited.output().expect("runs");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    assert_eq!(names(folder.path()), ["backup.jsonl"]);
    let left = fs::read_to_string(folder.path().join("backup.jsonl")).expect("text");
    assert_eq!(left, "earlier");
}

/// A store without views.
struct Plain(MemoryStore);

impl Store for Plain {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.0.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.0.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.0.commit(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.0.sync()
    }
}

#[test]
fn a_store_without_views_imports_and_does_not_export() {
    let engine = Engine::builder().open_shared(Plain(MemoryStore::new())).expect("opens");
    engine.admin().import(Import::new(), guests(300).as_bytes()).expect("imports");
    let mut file = Vec::new();
    let refused = engine.admin().export(Export::all(), &mut file);
    assert!(matches!(refused, Err(ExchangeError::NoView)) && file.is_empty());
    assert_eq!(engine.check().expect("readable"), []);
}

fn reports() -> (Arc<Mutex<Vec<Progress>>>, impl FnMut(Progress) + Send + 'static) {
    let all: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let told = Arc::clone(&all);
    (all, move |progress| told.lock().unwrap().push(progress))
}

#[test]
fn progress_is_told_step_by_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("backup.jsonl");
    let world = filled(1_000);
    let (all, told) = reports();
    world.engine.admin().export_file(Export::all().progress(told), &path).expect("exports");
    let rises = |all: &Mutex<Vec<Progress>>, total: Option<u64>| {
        let all = all.lock().unwrap();
        assert!(all.len() >= 4 && all.is_sorted_by_key(|progress| progress.done), "{all:?}");
        assert_eq!(all.last().map(|last| (last.done, last.total)), Some((1_001, total)));
    };
    rises(&all, None);
    let (all, told) = reports();
    let other = World::new(false);
    let import = Import::new().progress(told);
    other.engine.admin().import_file(import, &path).expect("imports");
    rises(&all, Some(1_001));
    let (all, told) = reports();
    let other = World::new(false);
    let import = Import::new().progress(told);
    other.engine.admin().import(import, guests(1_000).as_bytes()).expect("imports");
    rises(&all, None);
}

/// Nobody sees an import before it is whole, and a panic leaves nothing.
#[test]
fn an_import_is_invisible_until_its_last_commit() {
    let world = World::new(false);
    let (engine, store) = (world.engine.clone(), Arc::clone(&world.store));
    let import = Import::new().progress(move |progress| {
        let is_whole = progress.done == 1_001;
        let id = POOL.parse().unwrap();
        assert_eq!(engine.admin().count_identities(&id).is_ok(), is_whole);
        assert!(
            store.scan(&KeyRange::prefix(cognate::store::Tree::Identities, []), 1).unwrap().len()
                == 1
        );
        assert_eq!(engine.check().expect("readable"), []);
        // The own engine leaves the unfinished import alone.
        engine.finish_removals().expect("removes");
    });
    world.engine.admin().import(import, guests(1_000).as_bytes()).expect("imports");
    world.checked();

    let world = World::new(false);
    let panics = Import::new().progress(|progress| assert!(progress.done < 300, "on purpose"));
    let engine = world.engine.clone();
    let file = guests(1_000);
    let panicked =
        std::thread::spawn(move || engine.admin().import(panics, file.as_bytes())).join();
    assert!(panicked.is_err());
    world.engine.finish_removals().expect("removes");
    assert!(crate::support::dump(&*world.store).is_empty());
}
