//! Databases to be damaged, and what has to be in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cognate::store::{
    Batch, Commit, Durability, Key, KeyRange, MemoryStore, SledOptions, SledStore, Store,
    StoreError, Tree, Value,
};

use crate::copy_folder;

const FOLDER: &str = "COGNATE_FILLED_FOLDER";
const SHAPE: &str = "COGNATE_FILLED_SHAPE";

/// The records of a database.
pub(super) type Records = BTreeMap<Key, Value>;

/// The generator `SplitMix64`.
#[derive(Debug, Clone)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).expect("fits")).expect("fits")
    }

    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    pub(super) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).take(length).collect()
    }
}

/// How a database came about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    records: usize,
    /// How long a record is, at most.
    length: usize,
    /// How often each record is written, or deleted.
    rounds: usize,
    /// Whether the database is opened again on the way, which makes sled write a snapshot.
    snapshot: bool,
    /// Whether it is closed at last, or killed.
    closed: bool,
}

const SMALL: Shape =
    Shape { name: "small", records: 40, length: 200, rounds: 2, snapshot: false, closed: true };
const LARGE: Shape =
    Shape { name: "large", records: 12, length: 400_000, rounds: 2, snapshot: false, closed: true };
const REUSED: Shape =
    Shape { name: "reused", records: 2_500, length: 800, rounds: 4, snapshot: false, closed: true };

/// Each is closed once and killed once, with a snapshot and without.
pub(super) const SHAPES: [Shape; 10] = [
    SMALL,
    Shape { name: "small-killed", closed: false, ..SMALL },
    Shape { name: "small-snapshot", snapshot: true, ..SMALL },
    LARGE,
    Shape { name: "large-killed", closed: false, ..LARGE },
    Shape { name: "large-snapshot", snapshot: true, ..LARGE },
    REUSED,
    Shape { name: "reused-killed", closed: false, ..REUSED },
    Shape { name: "reused-snapshot", snapshot: true, ..REUSED },
    Shape { name: "reused-snapshot-killed", snapshot: true, closed: false, ..REUSED },
];

impl Shape {
    pub(super) fn named(name: &str) -> Self {
        *SHAPES.iter().find(|shape| shape.name == name).expect("a shape")
    }

    /// What is in the database in the end.
    pub(super) fn records(&self) -> Records {
        let store = MemoryStore::new();
        for round in 0..self.rounds {
            self.write(&store, round);
        }
        read(&store).expect("reads")
    }

    /// Writes every record, but deletes one of seven. The last round leaves most as they are, so
    /// that they stand in the log before a snapshot, and what follows stands after it.
    fn write(&self, store: &dyn Store, round: usize) {
        let mut random = Random(u64::try_from(round).expect("fits"));
        let mut batch = Batch::default();
        let written = if round + 1 == self.rounds { self.records / 4 } else { self.records };
        for n in 0..written {
            let key = Key::new(Tree::ALL[n % 4], format!("record-{n:06}"));
            if random.below(7) == 0 {
                batch.deletes.push(key);
            } else {
                let length = random.below(self.length);
                batch.puts.push((key, random.bytes(length)));
            }
            if batch.puts.len() == 20 || n + 1 == written {
                let batch = std::mem::take(&mut batch);
                assert_eq!(store.commit(batch).expect("commits"), Commit::Done);
            }
        }
    }

    /// Writes the database in the folder `path`, in another process, and copies of an earlier
    /// moment of its files to `older`.
    pub(super) fn fill(&self, path: &Path) {
        let status = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "damage::shapes::fills_a_database", "--test-threads=1"])
            .env(FOLDER, path)
            .env(SHAPE, self.name)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("runs");
        assert_eq!(status.success(), self.closed, "{}: {status}", self.name);
    }
}

#[test]
fn fills_a_database() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let shape = Shape::named(&std::env::var(SHAPE).expect("a shape"));
    let path = Path::new(&folder);
    let mut store = open(path).expect("opens");
    for round in 0..shape.rounds {
        if round + 1 == shape.rounds {
            store.sync().expect("syncs");
            if shape.snapshot {
                drop(store);
                store = open(path).expect("opens");
            }
            copy_folder(path, &older(path));
        }
        shape.write(&store, round);
    }
    store.sync().expect("syncs");
    if !shape.closed {
        std::process::abort();
    }
}

/// Where copies of an earlier moment of a database's files are.
pub(super) fn older(path: &Path) -> PathBuf {
    path.with_extension("older")
}

pub(super) fn open(path: &Path) -> Result<SledStore, StoreError> {
    SledOptions::new(path).durability(Durability::Relaxed).open()
}

/// All records of a store, by scans.
pub(super) fn read(store: &dyn Store) -> Result<Records, StoreError> {
    let mut records = Records::new();
    for tree in Tree::ALL {
        records.extend(store.scan(&KeyRange::prefix(tree, []), usize::MAX)?);
    }
    Ok(records)
}
