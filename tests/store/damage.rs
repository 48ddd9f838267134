//! Databases that are cut, damaged or in use.

mod rig;
mod shapes;
mod silent;

use std::fs;
use std::path::Path;

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
