//! Permissions: only the owner of a database can read it, whatever the umask. This binary runs
//! itself with a umask of zero.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use cognate::store::{Batch, Commit, Durability, Key, SledOptions, SledStore, Store, Tree};

const FOLDER: &str = "COGNATE_TEST_PERMISSIONS_FOLDER";
const DURABILITIES: [Durability; 3] =
    [Durability::PowerLoss, Durability::ProcessKill, Durability::Relaxed];

fn open(path: &Path, durability: Durability) -> SledStore {
    SledOptions::new(path).durability(durability).open().expect("opens")
}

/// Writes enough for several segments of the log, with some records in pieces.
fn fill(store: &SledStore) {
    for n in 0..200_u32 {
        let key = Key::new(Tree::Pools, n.to_be_bytes());
        let batch = {
            let mut batch = Batch::default();
            batch.puts.push((key, vec![7; if n % 50 == 0 { 100_000 } else { 1_000 }]));
            batch
        };
        assert_eq!(store.commit(batch).expect("commits"), Commit::Done);
    }
    store.sync().expect("syncs");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("is there").permissions().mode() & 0o777
}

/// Everything below a folder.
fn all_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(all_below(&path));
        }
        found.push(path);
    }
    found
}

#[track_caller]
fn assert_private(database: &Path, names: &[&str]) {
    let below = all_below(database);
    for path in &below {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(path), expected, "{}", path.display());
    }
    for name in names {
        let is_there = |path: &PathBuf| {
            path.file_name().is_some_and(|found| found.to_string_lossy().starts_with(name))
        };
        assert!(below.iter().any(is_there), "no {name} in {below:?}");
    }
}

#[test]
fn runs_without_a_umask() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let plain = Path::new(&folder).join("plain");
    fs::write(&plain, "").expect("a file");
    assert_eq!(mode(&plain), 0o666, "there is no umask");
    for durability in DURABILITIES {
        let parent = Path::new(&folder).join(format!("{durability:?}"));
        let database = parent.join("database");
        let store = open(&database, durability);
        assert_eq!((mode(&database), mode(&parent)), (0o700, 0o777));
        assert_private(&database, &["lock", "commit", "sled", "blobs", "conf", "db"]);
        fill(&store);
        assert_private(&database, &[]);
        drop(store);
        assert_private(&database, &["closed"]);
        // sled makes a snapshot when it opens a closed database.
        drop(open(&database, durability));
        assert_private(&database, &["snap.", "closed"]);
    }
}

#[test]
fn a_database_is_its_owners_whatever_the_umask() {
    let folder = tempfile::tempdir().expect("a folder");
    let status = Command::new("sh")
        .args(["-c", r#"umask 0; exec "$@""#, "sh"])
        .arg(std::env::current_exe().expect("this binary"))
        .args(["--exact", "permissions::runs_without_a_umask"])
        .env(FOLDER, folder.path())
        .status();
    assert!(status.expect("runs").success());
    assert!(folder.path().join("Relaxed").exists(), "it ran");
}

/// A database of an earlier version, beside a file that is not part of it.
#[test]
fn the_files_of_an_open_database_are_restricted_and_others_are_not() {
    for durability in DURABILITIES {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("database");
        fill(&open(&database, durability));
        drop(open(&database, durability));
        for path in all_below(&database).iter().chain([&database]) {
            let open_mode = if path.is_dir() { 0o755 } else { 0o644 };
            fs::set_permissions(path, Permissions::from_mode(open_mode)).expect("is ours");
        }
        for (name, open_mode) in [("other", 0o644), ("commit.new", 0o666), ("closed.new", 0o666)] {
            fs::write(database.join(name), "left behind").expect("a file");
            let path = database.join(name);
            fs::set_permissions(path, Permissions::from_mode(open_mode)).expect("is ours");
        }
        drop(open(&database, durability));
        assert_eq!(mode(&database.join("closed")), 0o600);
        for name in ["lock", "commit", "sled/conf", "sled/db"] {
            assert_eq!(mode(&database.join(name)), 0o600, "{name}");
        }
        for path in all_below(&database.join("sled")).iter().filter(|path| path.is_file()) {
            assert_eq!(mode(path), 0o600, "{}", path.display());
        }
        // The owner chooses the mode of the folder.
        assert_eq!((mode(&database), mode(&database.join("sled"))), (0o755, 0o755));
        assert_eq!(mode(&database.join("other")), 0o644);
    }
}
