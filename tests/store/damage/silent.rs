//! Damage that sled opens without a word, and what power cuts leave of a database.

use std::fs;
use std::path::{Path, PathBuf};

use cognate::{Batch, Key, Store, Tree};

use super::shapes::{Random, Records, copy, open, read};

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

/// What sled alone finds, if it finds the last commit and does not panic.
fn found_by_sled(path: &Path, last_commit: &[u8]) -> Option<Records> {
    let find = || -> Option<Records> {
        let database = sled::open(path.join("sled")).ok()?;
        if database.open_tree("meta").ok()?.get("commit").ok()?? != last_commit {
            return None;
        }
        let mut records = Records::new();
        for tree in Tree::ALL {
            for record in &database.open_tree(tree.name()).ok()? {
                let (key, value) = record.ok()?;
                records.insert(Key::new(tree, key.to_vec()), value.to_vec());
            }
        }
        Some(records)
    };
    std::panic::catch_unwind(find).ok()?
}

/// Does damage to copies of a database until sled alone has opened some as if they were whole. The
/// store opens none of those.
fn sled_is_silent_and_the_store_is_not(damages: &[&dyn Fn(&Path)], path: &Path, written: &Records) {
    let intact = path.with_extension("intact");
    copy(path, &intact);
    let last_commit = {
        let database = sled::open(intact.join("sled")).expect("opens");
        database.open_tree("meta").expect("opens").get("commit").expect("reads").expect("is there")
    };
    assert_eq!(found_by_sled(&intact, &last_commit).as_ref(), Some(written));
    let mut silent = 0;
    for (number, damage) in damages.iter().enumerate() {
        let copied = path.with_extension(number.to_string());
        copy(path, &copied);
        damage(&copied);
        let alone = path.with_extension(format!("{number}-alone"));
        copy(&copied, &alone);
        if found_by_sled(&alone, &last_commit).is_some_and(|found| found != *written) {
            for time in ["first", "second"] {
                let refused = open(&copied).expect_err(time).to_string();
                assert!(refused.contains("is damaged: "), "{refused}");
            }
            silent += 1;
            if silent == 3 {
                return;
            }
        }
    }
    assert!(silent > 0, "sled notices by itself");
}

#[test]
fn damage_in_the_middle_of_the_log_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("database");
    let written = filled(&path, 300, 1_500);
    let log = path.join("sled").join("db");
    let length = usize::try_from(fs::metadata(log).expect("is there").len()).expect("fits");
    let places = (1..length / 30_000).map(|n| length - n * 30_000);
    let flips: Vec<_> = places
        .map(|place| {
            move |path: &Path| {
                let log = path.join("sled").join("db");
                let mut bytes = fs::read(&log).expect("reads");
                bytes[place] ^= 4;
                fs::write(log, bytes).expect("writes");
                if place % 60_000 < 30_000 {
                    // As after a kill.
                    fs::remove_file(path.join("closed")).expect("was closed");
                }
            }
        })
        .collect();
    let damages: Vec<_> = flips.iter().map(|flip| flip as &dyn Fn(&Path)).collect();
    sled_is_silent_and_the_store_is_not(&damages, &path, &written);
}

#[test]
fn a_large_record_that_is_gone_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("database");
    let written = filled(&path, 6, 200_000);
    let files = fs::read_dir(path.join("sled").join("blobs")).expect("a folder");
    let names: Vec<PathBuf> = files.map(|file| file.expect("a file").file_name().into()).collect();
    let delete = |name: &PathBuf| {
        let name = name.clone();
        move |path: &Path| {
            fs::remove_file(path.join("sled").join("blobs").join(&name)).expect("is there");
        }
    };
    let deletes: Vec<_> = names.iter().map(delete).collect();
    let deletes: Vec<_> = deletes.iter().map(|delete| delete as &dyn Fn(&Path)).collect();
    sled_is_silent_and_the_store_is_not(&deletes, &path, &written);
}

/// Format 1 had a number for its last commit, and no digest.
#[test]
fn a_database_of_the_first_format_is_taken_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let database = sled::open(path.join("sled")).expect("opens");
    let logins = database.open_tree("logins").expect("opens");
    logins.insert("a", "1").expect("inserts");
    let meta = database.open_tree("meta").expect("opens");
    meta.insert("format", &1_u64.to_be_bytes()).expect("inserts");
    meta.insert("commit", &5_u64.to_be_bytes()).expect("inserts");
    drop((database, logins, meta));

    let store = open(path).expect("opens");
    let written = read(&store).expect("reads");
    assert_eq!(
        written.into_iter().collect::<Vec<_>>(),
        [(Key::new(Tree::Logins, "a"), b"1".to_vec())]
    );
    drop(store);

    let database = sled::open(path.join("sled")).expect("opens");
    let meta = database.open_tree("meta").expect("opens");
    assert_eq!(meta.get("format").expect("reads").expect("is there"), 2_u64.to_be_bytes());
    database.open_tree("logins").expect("opens").remove("a").expect("removes");
    drop((database, meta));
    let refused = open(path).expect_err("has a digest now").to_string();
    assert!(refused.contains("1 records were written, 0 are found"), "{refused}");
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
        copy(&made, &path);
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
