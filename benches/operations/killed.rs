//! The time to open a database whose process was killed.

use std::fs;
use std::path::Path;
use std::time::Instant;

use cognate::store::{Durability, Tree};

use crate::Databases;
use crate::floor::{Floor, RawKey};
use crate::measure::{AtLeast, Bench, micros, take_turns};

/// Opening reads every record to compare their digest. The floor reads every record, too.
pub(crate) fn open(bench: &mut Bench, databases: &Databases) {
    const NAME: &str = "open after a kill";

    if !bench.wants(NAME) {
        return;
    }
    let [.., key] = RawKey::all();
    // Opening makes a snapshot, which the next opening would use: each one has a copy of its own.
    let engine = || {
        let folder = killed(&databases.engine);
        let copy = Databases {
            engine: folder.path().to_owned(),
            floor: databases.floor.clone(),
            pool: databases.pool.clone(),
            identities: databases.identities,
        };
        let start = Instant::now();
        let _engine = copy.open(Durability::PowerLoss, &key);
        micros(start.elapsed()) / 1_000
    };
    let floor = || {
        let folder = killed(&databases.floor);
        let start = Instant::now();
        let floor = Floor::open(folder.path());
        for tree in [Tree::Identities, Tree::IdentityIndex, Tree::Logins] {
            let records = floor.tree(tree).iter().flatten().count();
            assert_eq!(records, databases.identities, "every record is read");
        }
        micros(start.elapsed()) / 1_000
    };
    let turns = take_turns(bench.scale.turns.min(5), engine, floor);
    bench.measured(NAME, "ms", AtLeast(50), &turns);
}

/// A copy of a database as a kill would have left it: without a seal, and without a snapshot, which
/// only an opening makes.
fn killed(path: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(path.parent().expect("a folder")).expect("a folder");
    copy(path, folder.path());
    folder
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (name, to) = (entry.file_name(), to.join(entry.file_name()));
        if entry.file_type().expect("a type").is_dir() {
            fs::create_dir(&to).expect("a folder");
            copy(&entry.path(), &to);
        } else if name != "closed" && !name.to_string_lossy().starts_with("snap.") {
            fs::copy(entry.path(), to).expect("room");
        }
    }
}
