//! The size of a database, and the time to open it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use cognate::store::{Batch, Durability, Key, KeyRange, SledOptions, Store, Tree};

use crate::Databases;
use crate::floor::{AT_ONCE, Floor, RawKey};
use crate::measure::{AtLeast, Bench, micros, take_turns};

/// The sizes after filling, and after every record was written again.
pub(crate) fn bytes(bench: &mut Bench, databases: &Databases) {
    if !bench.wants("disk, identity rewritten") {
        return;
    }
    let mut row = |name: &str| {
        let [engine, floor] = [&databases.engine, &databases.floor].map(|path| size(path));
        let of = |size: u64| u128::from(size) * 100 / databases.identities as u128;
        bench.measured(name, "bytes", AtLeast(80), &[[of(engine), of(floor)]]);
    };
    row("disk, identity");
    {
        let options = SledOptions::new(&databases.engine).durability(Durability::Relaxed);
        let store = options.open().expect("the database");
        let floor = Floor::open(&databases.floor);
        for tree in [Tree::Identities, Tree::IdentityIndex, Tree::Logins] {
            let mut range = KeyRange::prefix(tree, []);
            loop {
                let records = store.scan(&range, 1_000).expect("a readable store");
                let Some((last, _)) = records.last() else { break };
                range = range.after(&last.bytes);
                for record in records {
                    let mut batch = Batch::default();
                    batch.puts.push(record);
                    store.commit(batch).expect("a disk");
                }
            }
            let mut records = floor.tree(tree).iter().map(|record| {
                let (key, value) = record.expect("a readable tree");
                let mut batch = Batch::default();
                batch.puts.push((Key::new(tree, &*key), value.to_vec()));
                batch
            });
            loop {
                let batches: Vec<Batch> = records.by_ref().take(AT_ONCE).collect();
                if batches.is_empty() {
                    break;
                }
                floor.apply(&batches);
            }
        }
    }
    row("disk, identity rewritten");
}

pub(crate) fn size(path: &Path) -> u64 {
    let of = |entry: fs::DirEntry| {
        let metadata = entry.metadata().expect("a file");
        if metadata.is_dir() { size(&entry.path()) } else { metadata.len() }
    };
    fs::read_dir(path).expect("a folder").map(|entry| of(entry.expect("an entry"))).sum()
}

pub(crate) fn open(bench: &mut Bench, databases: &Databases) {
    if !bench.wants("open") {
        return;
    }
    let [.., key] = RawKey::all();
    let millis = |time: Duration| micros(time) / 1_000;
    let engine = || millis(timed(|| databases.open(Durability::PowerLoss, &key)));
    let floor = || millis(timed(|| Floor::open(&databases.floor)));
    let turns = take_turns(bench.scale.turns.min(5), engine, floor);
    bench.measured("open", "ms", AtLeast(83), &turns);
}

/// Measures the opening without the closing.
fn timed<T>(open: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    let _open = open();
    start.elapsed()
}
