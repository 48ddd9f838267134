//! The databases that are damaged, in the folder `databases`.
//!
//! They are kept as files, since sled does not write the same bytes twice: an input damages the
//! same place in every run. `cargo run --bin databases` makes them anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use cognate::store::{Batch, Commit, Key, MemoryStore, Store, Tree, Value};

use super::{open, read};

/// The files of a database by their paths.
pub type Files = BTreeMap<String, Vec<u8>>;

pub(crate) type Records = BTreeMap<Key, Value>;

/// The databases: closed after [`EARLY`] commits; closed again after all; killed at that moment.
pub(crate) const NAMES: [&str; 3] = ["early", "closed", "killed"];

/// The number of commits before the database was closed for the first time.
pub(crate) const EARLY: usize = 9;

const COMMITS: usize = 14;

/// The trees of the version that made the databases.
const TREES: [Tree; 9] = [
    Tree::Accounts,
    Tree::Deletions,
    Tree::Identities,
    Tree::IdentityIndex,
    Tree::Logins,
    Tree::Pools,
    Tree::PoolListing,
    Tree::SessionKeys,
    Tree::SigningKeys,
];

/// The records after each number of commits.
pub(crate) static STATES: LazyLock<Vec<Records>> = LazyLock::new(|| {
    let store = MemoryStore::new();
    let mut states = vec![Records::new()];
    for number in 0..COMMITS {
        write_commit(&store, number);
        states.push(read(&store).expect("readable"));
    }
    states
});

/// Every commit puts some records, replaces some and deletes one. Some are longer than a piece.
fn write_commit(store: &dyn Store, number: usize) {
    let key = |n: usize| Key::new(TREES[n % TREES.len()], format!("record-{n:02}"));
    let value = |length: usize| {
        let byte = |n: usize| u8::try_from((n * 31 + number * 17) % 251).expect("fits");
        (0..length).map(byte).collect::<Vec<_>>()
    };
    let mut batch = Batch::default();
    for n in 0..3 {
        let length = if (number + n) % 5 == 4 { 5_000 } else { 20 + 30 * n };
        batch.puts.push((key(number * 2 + n), value(length)));
    }
    if number > 2 {
        batch.deletes.push(key(number * 2 - 5));
    }
    assert_eq!(store.commit(batch).expect("commits"), Commit::Done);
}

/// The folder of the databases.
#[must_use]
pub fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("databases")
}

/// Makes all databases anew.
pub fn make(home: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    let keep = |name: &str| {
        let kept = home.join(name);
        drop(fs::remove_dir_all(&kept));
        for (path, bytes) in files(folder.path()) {
            let path = kept.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("makes a folder");
            fs::write(path, bytes).expect("writes");
        }
    };
    let store = open(folder.path()).expect("a new database");
    (0..EARLY).for_each(|number| write_commit(&store, number));
    drop(store);
    keep("early");
    let store = open(folder.path()).expect("the database");
    (EARLY..COMMITS).for_each(|number| write_commit(&store, number));
    keep("killed");
    drop(store);
    keep("closed");
}

/// A database as it is kept.
pub(crate) fn load(name: &str) -> Files {
    let files = files(&home().join(name));
    assert!(files.len() > 3, "{name} is missing");
    files
}

fn files(folder: &Path) -> Files {
    let mut found = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("inside").to_str().expect("a text");
                found.insert(name.to_owned(), fs::read(&path).expect("reads"));
            }
        }
    }
    found
}

/// Writes the files of a database.
pub(crate) fn write(folder: &Path, files: &Files) {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("makes a folder");
        fs::write(path, bytes).expect("writes");
    }
}
