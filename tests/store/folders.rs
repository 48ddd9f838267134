//! A folder has at most one engine, whatever becomes of the folder.

use std::fs;
use std::path::Path;
use std::process::Command;

use cognate::operation::{CreateIdentityPoolInput, GuestAccess, ListIdentityPoolsInput};
use cognate::store::{Durability, SledOptions};
use cognate::token::SigningAlgorithm;
use cognate::{Developer, Engine, Error, Result};

fn open(path: &Path) -> Result<Engine> {
    Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).open(path)
}

fn developer(engine: &Engine) -> Developer {
    let (account, region) = ("123456789012".parse(), "us-east-1".parse());
    engine.developer(account.expect("an account"), region.expect("a region"))
}

fn create(engine: &Engine, name: &str) -> Result<()> {
    let input = CreateIdentityPoolInput::new(name, GuestAccess::Denied);
    developer(engine).create_identity_pool(input).map(drop)
}

fn names(engine: &Engine) -> Result<Vec<String>> {
    let input = ListIdentityPoolsInput::new(60);
    let pools = developer(engine).list_identity_pools(input)?.identity_pools;
    Ok(pools.into_iter().map(|pool| pool.identity_pool_name.as_str().to_owned()).collect())
}

fn assert_locked(opened: Result<Engine>, asked: &Path) {
    let refused = opened.expect_err("is open");
    assert!(matches!(&refused, Error::Locked { path } if path == asked), "{refused:?}");
}

/// Fails like a store that has lost its folder, from its first write or health check on.
fn assert_stopped(engine: &Engine) {
    for failed in [create(engine, "lost").err(), names(engine).err(), engine.health().err()] {
        let failed = failed.expect("the folder is gone");
        assert!(matches!(failed, Error::Storage(_)), "{failed:?}");
        let source = std::error::Error::source(&failed).and_then(std::error::Error::source);
        let source = source.map(ToString::to_string).unwrap_or_default();
        assert!(source.ends_with("removed, moved or replaced while it was open"), "{source}");
    }
}

#[test]
fn a_folder_is_locked_under_every_path() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("db");
    let engine = open(&path).expect("opens");
    let mut others = vec![path.clone(), home.path().join("db/../db/."), path.join("")];
    #[cfg(unix)]
    {
        let link = home.path().join("link");
        std::os::unix::fs::symlink(&path, &link).expect("links");
        others.push(link);
    }
    for other in &others {
        assert_locked(open(other), other);
    }
    create(&engine, "game").expect("the first engine goes on");
    engine.close().expect("closes");
    for other in &others {
        let engine = open(other).expect("is free");
        assert_eq!(names(&engine).expect("lists"), ["game"]);
        engine.close().expect("closes");
    }
}

#[cfg(unix)]
#[test]
fn a_removed_folder_is_not_opened_anew_while_its_engine_lives() {
    let home = tempfile::tempdir().expect("a folder");
    let above = home.path().join("above");
    let path = above.join("db");
    for removed in [&path, &above] {
        let engine = open(&path).expect("opens");
        create(&engine, "old").expect("creates");
        let clone = engine.clone();
        fs::remove_dir_all(removed).expect("removes");
        assert_locked(open(&path), &path);
        assert!(!removed.exists(), "a refused opening creates nothing");
        assert_stopped(&clone);
        assert!(matches!(engine.close(), Err(Error::Storage(_))), "nothing can be synced");
        let anew = open(&path).expect("is free");
        assert_eq!(names(&anew).expect("lists"), Vec::<String>::new());
        assert!(matches!(names(&clone), Err(Error::Closed)));
        anew.close().expect("closes");
    }
}

/// Removed and created again by somebody else, the folder still belongs to the engine.
#[cfg(unix)]
#[test]
fn a_replaced_folder_is_left_alone() {
    for durability in [Durability::PowerLoss, Durability::ProcessKill, Durability::Relaxed] {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("db");
        let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
        let options = SledOptions::new(&path).durability(durability);
        let engine = builder.open_sled(options).expect("opens");
        create(&engine, "old").expect("creates");
        engine.sync().expect("syncs");
        fs::remove_dir_all(&path).expect("removes");
        fs::create_dir(&path).expect("creates");
        fs::write(path.join("lock"), b"").expect("writes");
        assert_locked(open(&path), &path);
        assert!(engine.health().is_err(), "{durability:?}");
        assert_stopped(&engine);
        drop(engine);
        let left: Vec<_> = fs::read_dir(&path).expect("lists").collect();
        assert_eq!(left.len(), 1, "{durability:?}: {left:?}");
        open(&path).expect("is free");
    }
}

#[cfg(unix)]
#[test]
fn a_moved_folder_is_locked_at_both_paths() {
    let home = tempfile::tempdir().expect("a folder");
    let (path, moved) = (home.path().join("db"), home.path().join("moved"));
    let engine = open(&path).expect("opens");
    create(&engine, "game").expect("creates");
    fs::rename(&path, &moved).expect("moves");
    assert_locked(open(&path), &path);
    assert_locked(open(&moved), &moved);
    assert_stopped(&engine);
    drop(engine);
    let engine = open(&moved).expect("is free");
    assert_eq!(names(&engine).expect("lists"), ["game"]);
    open(&path).expect("is free");
}

/// Files that are opened later belong to the folder that the link named at first.
#[cfg(unix)]
#[test]
fn a_link_that_changes_does_not_move_an_open_database() {
    let home = tempfile::tempdir().expect("a folder");
    let [one, two, link] = ["one", "two", "link"].map(|name| home.path().join(name));
    std::os::unix::fs::symlink(&one, &link).expect("links");
    fs::create_dir(&one).expect("creates");
    let first = open(&link).expect("opens");
    create(&first, "first").expect("creates");
    fs::remove_file(&link).expect("removes");
    std::os::unix::fs::symlink(&two, &link).expect("links");
    fs::create_dir(&two).expect("creates");
    let second = open(&link).expect("another folder");
    create(&second, "second").expect("creates");
    create(&first, "third").expect("still in its folder");
    first.close().expect("closes");
    assert!(one.join("closed").exists() && !two.join("closed").exists());
    second.close().expect("closes");
    assert_eq!(names(&open(&one).expect("opens")).expect("lists"), ["first", "third"]);
    assert_eq!(names(&open(&two).expect("opens")).expect("lists"), ["second"]);
}

const FOLDER: &str = "COGNATE_OTHER_PROCESS_FOLDER";
const LOCKED: i32 = 7;

/// Runs in another process: creates a pool, or ends with a status if the folder is locked.
#[test]
fn opens_in_another_process() {
    let Ok(path) = std::env::var(FOLDER) else { return };
    match open(Path::new(&path)) {
        Ok(engine) => create(&engine, "theirs").expect("creates"),
        Err(Error::Locked { .. }) => std::process::exit(LOCKED),
        Err(other) => panic!("{other:?}"),
    }
}

/// Whether the other process found the folder locked.
fn is_locked_for_another_process(path: &Path) -> bool {
    let itself = std::env::current_exe().expect("a path");
    let arguments = ["--exact", "folders::opens_in_another_process"];
    let output = Command::new(itself).args(arguments).env(FOLDER, path).output().expect("runs");
    let is_locked = output.status.code() == Some(LOCKED);
    assert!(is_locked || output.status.success(), "{output:?}");
    is_locked
}

#[test]
fn a_folder_is_locked_for_other_processes() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = open(folder.path()).expect("opens");
    assert!(is_locked_for_another_process(folder.path()));
    create(&engine, "ours").expect("creates");
    engine.close().expect("closes");
    assert!(!is_locked_for_another_process(folder.path()));
    let engine = open(folder.path()).expect("opens");
    assert_eq!(names(&engine).expect("lists"), ["ours", "theirs"]);
}

/// The other process cannot know of this one. This one stops, and leaves the new database alone.
#[cfg(unix)]
#[test]
fn an_engine_stops_when_another_process_has_its_folder() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("db");
    let engine = open(&path).expect("opens");
    create(&engine, "ours").expect("creates");
    fs::remove_dir_all(&path).expect("removes");
    assert!(!is_locked_for_another_process(&path), "it is another folder");
    assert_stopped(&engine);
    drop(engine);
    let engine = open(&path).expect("is free");
    assert_eq!(names(&engine).expect("lists"), ["theirs"]);
    assert_eq!(engine.check().expect("reads"), []);
}
