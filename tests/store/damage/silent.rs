//! Damage that sled opens without a word, and what power cuts leave of a database.

use std::fs;
use std::path::{Path, PathBuf};

use cognate::store::{Batch, Commit, Key, Store, Tree};

use crate::copy_folder;

use super::shapes::{Random, Records, open, read};

/// A closed database with records of that length, each of which was written several times, the
/// last time with some of the others only.
fn filled(path: &Path, count: usize, length: usize) -> Records {
    let store = open(path).expect("opens");
    let mut random = Random(1);
    for round in 0..4 {
        for n in (0..count).filter(|n| round < 3 || n % 10 == 0) {
            let key = Key::new(Tree::ALL[n % 3], format!("record-{n:06}"));
            let mut batch = Batch::default();
            batch.puts.push((key, random.bytes(length)));
            store.commit(batch).expect("commits");
            if n % 50 == 0 {
                store.sync().expect("syncs");
            }
        }
    }
    read(&store).expect("reads")
}

/// A database of format 1, which had a number for its last commit and no digest, and records of any
/// length as they were. It is written by sled alone.
fn first_format(path: &Path, records: &Records) {
    let database = sled::open(path.join("sled")).expect("opens");
    for (key, value) in records {
        let tree = database.open_tree(key.tree.name()).expect("opens");
        tree.insert(&key.bytes, value.as_slice()).expect("inserts");
    }
    let meta = database.open_tree("meta").expect("opens");
    meta.insert("format", &1_u64.to_be_bytes()).expect("inserts");
    meta.insert("commit", &5_u64.to_be_bytes()).expect("inserts");
}

/// What sled alone finds of records, if it does not panic, and the last commit.
fn found_by_sled(path: &Path) -> Option<(Records, Vec<u8>)> {
    let find = || -> sled::Result<_> {
        let database = sled::open(path.join("sled"))?;
        let mut records = Records::new();
        for tree in Tree::ALL {
            for record in &database.open_tree(tree.name())? {
                let (key, value) = record?;
                records.insert(Key::new(tree, key.to_vec()), value.to_vec());
            }
        }
        let commit = database.open_tree("meta")?.get("commit")?;
        Ok((records, commit.unwrap_or_default().to_vec()))
    };
    std::panic::catch_unwind(find).ok()?.ok()
}

/// Does damage to copies of a database until sled alone has opened some as if they were whole: it
/// finds the last commit, and not all records. The store opens none of those. Returns how many.
fn silent_to_sled_but_not_to_the_store(damages: &[&dyn Fn(&Path)], path: &Path) -> usize {
    let intact = path.with_extension("intact");
    copy_folder(path, &intact);
    let (written, last_commit) = found_by_sled(&intact).expect("opens");
    let mut silent = 0;
    for (number, damage) in damages.iter().enumerate() {
        let [copied, alone] =
            ["copied", "alone"].map(|what| path.with_extension(format!("{number}-{what}")));
        copy_folder(path, &copied);
        damage(&copied);
        copy_folder(&copied, &alone);
        let Some((found, commit)) = found_by_sled(&alone) else { continue };
        if commit == last_commit && found != written {
            for time in ["the first time", "the second time"] {
                let refused = open(&copied).expect_err(time).to_string();
                assert!(refused.contains("is damaged: "), "{refused}");
            }
            silent += 1;
            if silent == 3 {
                break;
            }
        }
    }
    silent
}

#[test]
fn damage_in_the_middle_of_the_log_is_noticed() {
    // The unit of sled's log.
    const SEGMENT: usize = 512 << 10;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("database");
    filled(&path, 1_500, 1_500);
    let log = path.join("sled").join("db");
    let length = usize::try_from(fs::metadata(log).expect("is there").len()).expect("fits");
    let clear = |segment: usize| {
        move |path: &Path| {
            let log = path.join("sled").join("db");
            let mut bytes = fs::read(&log).expect("reads");
            bytes[segment * SEGMENT..][..SEGMENT].fill(0);
            fs::write(log, bytes).expect("writes");
            if segment.is_multiple_of(2) {
                // As after a kill.
                fs::remove_file(path.join("closed")).expect("was closed");
            }
        }
    };
    let clears: Vec<_> = (0..length / SEGMENT).map(clear).collect();
    let clears: Vec<_> = clears.iter().map(|clear| clear as &dyn Fn(&Path)).collect();
    assert!(silent_to_sled_but_not_to_the_store(&clears, &path) > 0, "sled notices by itself");
}

#[test]
fn a_file_of_a_large_record_that_is_gone_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("database");
    let large = |n: u64| (Key::new(Tree::Pools, n.to_be_bytes()), Random(n).bytes(200_000));
    first_format(&path, &(0..4).map(large).collect());
    drop(open(&path).expect("takes it over"));
    let files = |path: &Path| -> Vec<PathBuf> {
        let files = fs::read_dir(path).expect("a folder");
        files.map(|file| file.expect("a file").file_name().into()).collect()
    };
    let names = files(&path.join("sled").join("blobs"));
    let delete = |name: PathBuf| {
        move |path: &Path| {
            let database = path.join("sled");
            // As after a kill: with a snapshot, sled would notice when it reads the record.
            for file in files(&database) {
                if file.to_string_lossy().starts_with("snap.") {
                    fs::remove_file(database.join(file)).expect("removes");
                }
            }
            fs::remove_file(database.join("blobs").join(&name)).expect("is there");
        }
    };
    let deletes: Vec<_> = names.into_iter().map(delete).collect();
    let deletes: Vec<_> = deletes.iter().map(|delete| delete as &dyn Fn(&Path)).collect();
    assert!(silent_to_sled_but_not_to_the_store(&deletes, &path) > 0, "sled notices by itself");
}

#[test]
fn a_database_of_the_first_format_is_taken_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let large = Random(1).bytes(400_000);
    let records = [("a", b"1".to_vec()), ("large", large)];
    let records: Records =
        records.into_iter().map(|(key, value)| (Key::new(Tree::Logins, key), value)).collect();
    first_format(path, &records);
    assert!(read(&open(path).expect("opens")).expect("reads") == records);
    let database = sled::open(path.join("sled")).expect("opens");
    let meta = database.open_tree("meta").expect("opens");
    assert_eq!(meta.get("format").expect("reads").expect("is there"), 3_u64.to_be_bytes());
    database.open_tree("logins").expect("opens").remove("a").expect("removes");
    drop((database, meta));
    let refused = open(path).expect_err("has a digest now").to_string();
    assert!(refused.contains("2 records were written, 1 are found"), "{refused}");
}

/// sled keeps pages of more than 128 KiB in files of their own. They are not synced, and one that
/// is missing is passed over.
#[test]
fn no_record_is_kept_in_a_file_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("database");
    let mut written = Records::new();
    for (round, length) in [4_096, 4_095, 4_097, 400_000, 1_000].into_iter().enumerate() {
        let store = open(&path).expect("opens");
        let mut random = Random(length);
        for n in 0..if length > 10_000 { 10 } else { 120 } {
            // Places that are next to each other, so that pages are split and merged.
            let key = Key::new(Tree::Identities, format!("{:03}", random.below(120)));
            let mut batch = Batch::default();
            if n % 4 == 3 {
                batch.deletes.push(key.clone());
                written.remove(&key);
            } else {
                let mut value = random.bytes(usize::try_from(length).expect("fits"));
                value[0] = [255, 0, 1][n % 3];
                batch.checks.push((key.clone(), written.get(&key).cloned()));
                batch.puts.push((key.clone(), value.clone()));
                written.insert(key, value);
            }
            assert_eq!(store.commit(batch).expect("commits"), Commit::Done, "{round}");
        }
        store.sync().expect("syncs");
        assert!(read(&store).expect("reads") == written, "{round}");
        let files = fs::read_dir(path.join("sled").join("blobs")).expect("a folder").count();
        assert_eq!(files, 0, "{round}");
    }
}

/// sled does not sync its parameters, and does not open beside some that are half written.
#[test]
fn half_written_parameters_are_written_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("database");
    let written = filled(&path, 10, 20);
    let conf = path.join("sled").join("conf");
    let whole = fs::read(&conf).expect("reads");
    for left in
        [&[][..], &whole[..7], &whole[..9], &whole[..whole.len() - 1], &vec![0; whole.len()]]
    {
        fs::write(&conf, left).expect("writes");
        let store = open(&path).expect("opens");
        assert_eq!(read(&store).expect("reads"), written);
        assert_eq!(fs::read(&conf).expect("reads"), whole);
    }
}

/// A power cut while a database is made leaves some of its files, or their first part.
#[test]
fn a_database_that_was_not_made_to_the_end_is_made_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = folder.path().join("made");
    drop(open(&made).expect("opens"));
    let left: [(&str, &[&str], &[&str]); 5] = [
        ("nothing but the lock", &["commit", "closed", "sled/conf", "sled/db"], &[]),
        ("no log", &["closed", "sled/db"], &["sled/conf"]),
        ("an empty log", &["commit", "closed"], &["sled/conf", "sled/db"]),
        ("an empty mark", &["closed", "sled/db"], &["commit"]),
        ("parameters cut", &["closed"], &["commit", "sled/conf", "sled/db"]),
    ];
    for (what, absent, empty) in left {
        let path = folder.path().join(what);
        copy_folder(&made, &path);
        for name in absent {
            fs::remove_file(path.join(name)).expect(what);
        }
        for name in empty {
            fs::write(path.join(name), b"").expect(what);
        }
        let store = open(&path).expect(what);
        assert_eq!(read(&store).expect(what), Records::new());
        let mut batch = Batch::default();
        batch.puts.push((Key::new(Tree::Pools, "a"), b"1".to_vec()));
        store.commit(batch).expect(what);
        drop(store);
        assert_eq!(read(&open(&path).expect(what)).expect(what).len(), 1, "{what}");
    }
}

/// sled kept a long record in a file of its own. A power cut before the commit was answered could
/// leave the log and not the file, and sled opened that without the record: a commit by half.
#[test]
fn a_power_cut_leaves_no_large_record_by_half() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("database");
    let before = filled(&path, 40, 20);
    let earlier = folder.path().join("earlier");
    copy_folder(&path, &earlier);

    let store = open(&path).expect("opens");
    let mut batch = Batch::default();
    batch.puts.push((Key::new(Tree::Pools, "small"), b"1".to_vec()));
    batch.puts.push((Key::new(Tree::Pools, "large"), Random(1).bytes(400_000)));
    store.commit(batch).expect("commits");
    store.sync().expect("syncs");
    let after = read(&store).expect("reads");
    drop(store);

    fs::copy(earlier.join("commit"), path.join("commit")).expect("copies");
    fs::remove_file(path.join("closed")).expect("was closed");
    for file in fs::read_dir(path.join("sled").join("blobs")).expect("a folder") {
        fs::remove_file(file.expect("a file").path()).expect("removes");
    }
    let found = read(&open(&path).expect("opens")).expect("reads");
    assert!(found == before || found == after);
}
