//! Databases that are cut, damaged or in use.

mod rig;
mod salvage;
mod shapes;
mod silent;

use std::fs;
use std::path::{Path, PathBuf};

use cognate::name::{IdentityId, IdentityPoolId};
use cognate::operation::{
    CreateIdentityPoolInput, DescribeIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput,
    GuestAccess,
};
use cognate::store::{Batch, Key, MemoryStore, Store, Tree};
use cognate::token::SigningAlgorithm;
use cognate::{Engine, Error};

fn open(path: &Path) -> cognate::Result<Engine> {
    Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).open(path)
}

fn resolve(engine: &Engine, pool: &IdentityPoolId, user: &str) -> cognate::Result<IdentityId> {
    let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
    let input = GetOpenIdTokenForDeveloperIdentityInput::new(pool).logins("login.game", user);
    aws.resolve_developer_identity(input)
}

/// A closed database with some users.
fn filled(path: &Path) -> (IdentityPoolId, Vec<IdentityId>) {
    let engine = open(path).expect("opens");
    let aws = engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let input = input.developer_provider_name("login.game");
    let pool = aws.create_identity_pool(input).expect("creates").identity_pool_id;
    let users = (0..40).map(|n| resolve(&engine, &pool, &format!("user-{n}")).expect("registers"));
    let users = users.collect();
    (pool, users)
}

#[test]
fn a_second_engine_is_told_that_the_database_is_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = open(folder.path()).expect("opens");
    let second = open(folder.path()).expect_err("is open");
    assert!(matches!(&second, Error::Locked { path } if path == folder.path()), "{second:?}");
    assert!(second.to_string().ends_with("is open elsewhere"));
    drop(first);
    open(folder.path()).expect("opens once the first is gone");
}

#[test]
fn a_half_written_snapshot_is_cleared() {
    let folder = tempfile::tempdir().expect("a folder");
    let (pool, users) = filled(folder.path());
    let leftover = folder.path().join("sled").join("snap.00000000000000FF.generating");
    fs::write(&leftover, b"half").expect("writes");
    let engine = open(folder.path()).expect("opens");
    assert!(!leftover.exists());
    assert_eq!(resolve(&engine, &pool, "user-7").expect("known"), users[7]);
}

/// A closed database whose snapshot sled reads.
fn filled_with_snapshot(path: &Path) -> (IdentityPoolId, Vec<IdentityId>) {
    let filled = filled(path);
    open(path).expect("opens, and makes a snapshot").close().expect("closes");
    assert_eq!(snapshots(path).len(), 1);
    filled
}

fn snapshots(path: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(path.join("sled")).expect("a folder").map(|file| file.unwrap().path());
    files.filter(|file| file.file_name().unwrap().to_string_lossy().starts_with("snap.")).collect()
}

/// A snapshot is only a cache of the log.
#[test]
fn a_database_opens_without_its_snapshot() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 5] = [
        ("removed", |snapshot| fs::remove_file(snapshot).expect("removes")),
        ("empty", |snapshot| fs::write(snapshot, b"").expect("writes")),
        ("zeroed", |snapshot| fs::write(snapshot, [0; 200]).expect("writes")),
        ("a bit flipped", |snapshot| {
            let mut bytes = fs::read(snapshot).expect("reads");
            bytes[20] ^= 1;
            fs::write(snapshot, bytes).expect("writes");
        }),
        ("beyond the log", |snapshot| {
            fs::rename(snapshot, snapshot.with_file_name("snap.00000000FFFFFFFF")).expect("moves");
        }),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let intact = folder.path().join("intact");
    let (pool, users) = filled_with_snapshot(&intact);
    for (what, damage) in damages {
        let path = folder.path().join(what);
        crate::copy_folder(&intact, &path);
        damage(&snapshots(&path)[0]);
        for time in ["once", "again"] {
            let engine = open(&path).unwrap_or_else(|error| panic!("{what}, {time}: {error}"));
            assert_eq!(engine.check().expect("reads"), [], "{what}");
            assert_eq!(resolve(&engine, &pool, "user-7").expect("known"), users[7], "{what}");
            engine.close().expect("closes");
            assert!(!path.join("sled.retry").exists(), "{what}");
        }
    }
}

/// Another attempt must not make it worse.
#[test]
fn a_database_that_does_not_open_without_its_snapshot_stays_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("damaged");
    filled_with_snapshot(&path);
    let (log, snapshot) = (path.join("sled").join("db"), snapshots(&path).remove(0));
    for file in [&log, &snapshot] {
        let mut bytes = fs::read(file).expect("reads");
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        bytes[used / 2] ^= 1;
        fs::write(file, bytes).expect("writes");
    }
    let before = [&log, &snapshot].map(|file| fs::read(file).expect("reads"));
    // What is left of an attempt that was killed does not matter.
    fs::create_dir_all(path.join("sled.retry").join("copy").join("sled")).expect("makes");
    for _ in 0..2 {
        let opened = open(&path);
        assert!(matches!(opened, Err(Error::Corrupt { .. })), "{opened:?}");
        assert!(before == [&log, &snapshot].map(|file| fs::read(file).expect("is there")));
        assert_eq!(snapshots(&path), std::slice::from_ref(&snapshot));
        assert!(!path.join("sled.retry").exists());
    }
}

/// sled opens a cut or damaged log without the rest. The number beside it reveals that.
#[test]
fn a_database_that_lost_its_end_is_corrupt() {
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage); 5] = [
        ("empty", Vec::clear),
        ("cut in half", |log| log.truncate(log.len() / 2)),
        ("its first byte flipped", |log| log[0] ^= 1),
        ("a bit of its middle flipped", |log| {
            let used = log.iter().rposition(|byte| *byte != 0).unwrap();
            log[used / 2] ^= 1;
        }),
        ("a page zeroed", |log| {
            let used = log.iter().rposition(|byte| *byte != 0).unwrap();
            log[used / 3..used / 3 + 4096.min(used / 3)].fill(0);
        }),
    ];
    for (what, damage) in damages {
        let folder = tempfile::tempdir().expect("a folder");
        filled(folder.path());
        let path = folder.path().join("sled").join("db");
        let mut log = fs::read(&path).expect("reads");
        damage(&mut log);
        fs::write(&path, log).expect("writes");
        let opened = open(folder.path());
        assert!(matches!(opened, Err(Error::Corrupt { .. })), "{what}: {opened:?}");
    }
}

#[test]
fn a_database_that_is_gone_is_not_an_empty_one() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(folder.path());
    fs::remove_dir_all(folder.path().join("sled")).expect("removes");
    let opened = open(folder.path()).expect_err("is gone");
    assert!(opened.to_string().contains("has lost its end"), "{opened}");
}

#[test]
fn a_damaged_commit_mark_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(folder.path());
    fs::write(folder.path().join("commit"), b"?").expect("writes");
    let opened = open(folder.path()).expect_err("is damaged");
    assert!(opened.to_string().contains("commit: not the number of a commit"), "{opened}");
}

#[test]
fn everything_is_there_after_opening_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (pool, users) = filled(folder.path());
    for _ in 0..3 {
        let engine = open(folder.path()).expect("opens");
        assert_eq!(engine.check().expect("reads"), []);
        for (n, user) in users.iter().enumerate() {
            assert_eq!(resolve(&engine, &pool, &format!("user-{n}")).expect("known"), *user);
        }
    }
}

/// The error for a record that cannot be decoded names its key.
#[test]
fn a_corrupt_record_is_named_by_its_key() {
    let store = std::sync::Arc::new(MemoryStore::new());
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    let engine = builder.open_shared(store.clone()).expect("opens");
    let aws = engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let pool = aws.create_identity_pool(input).expect("creates").identity_pool_id;

    let everything = cognate::store::KeyRange::prefix(Tree::Pools, []);
    let (key, intact) = store.scan(&everything, 1).expect("scans").remove(0);
    let damaged = [
        Vec::new(),
        vec![99],
        intact[..intact.len() - 1].to_vec(),
        [intact.as_slice(), &[0]].concat(),
        vec![1; 40],
        vec![1, 255, 255, 255, 255, 255, 255, 255, 255],
    ];
    for record in damaged {
        let mut batch = Batch::default();
        batch.puts.push((Key::new(Tree::Pools, key.bytes.clone()), record));
        store.commit(batch).expect("commits");
        let described = aws.describe_identity_pool(DescribeIdentityPoolInput::new(&pool));
        let error = described.expect_err("is corrupt");
        assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
        assert!(error.to_string().contains(&key.to_string()), "{error}");
        assert_eq!(engine.check().expect("reads").first().map(|f| f.invariant), Some(None));
    }
}

/// A process that was starting while a database was closed kept it locked for a moment.
#[test]
fn starting_processes_does_not_keep_a_database_locked() {
    let folder = tempfile::tempdir().expect("a folder");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..300 {
                let status = std::process::Command::new("true").status().expect("runs");
                assert!(status.success());
            }
        });
        for _ in 0..30 {
            open(folder.path()).expect("opens");
        }
    });
}
