//! Salvage of damaged databases: everything that can be read is kept, everything else is reported.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cognate::operation::{
    CreateIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput, GuestAccess,
};
use cognate::store::{Key, SledOptions, Tree};
use cognate::token::SigningAlgorithm;
use cognate::{Engine, Error, Journal, Salvage};

use super::rig::say;
use crate::copy_folder;

use super::shapes::{Random, Records, read};

fn engine(path: &Path) -> cognate::Result<Engine> {
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    builder.journal(Journal::keep(90)).open(path)
}

/// Two pools with users, some of whom have two logins, their events, and keys of both kinds.
fn fill(path: &Path, users: usize) {
    let engine = engine(path).expect("opens");
    let aws = engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    for name in ["game", "shop"] {
        let input = CreateIdentityPoolInput::new(name, GuestAccess::Denied);
        let input = input.developer_provider_name("login.game");
        let pool = aws.create_identity_pool(input).expect("creates").identity_pool_id;
        for n in 0..users {
            let user = |name: &str| {
                GetOpenIdTokenForDeveloperIdentityInput::new(&pool)
                    .logins("login.game", format!("{name}-{n}"))
            };
            let id = aws.resolve_developer_identity(user("user")).expect("registers");
            if n % 3 == 0 {
                aws.resolve_developer_identity(user("other").identity_id(&id)).expect("links");
            }
        }
    }
    engine.rotate_signing_key(&"us-east-1".parse().unwrap()).expect("a key");
    engine.rotate_session_key().expect("a key");
    engine.close().expect("closes");
}

fn records_at(path: &Path) -> Records {
    read(&SledOptions::new(path).open().expect("opens")).expect("reads")
}

fn salvage(from: &Path, into: &Path) -> cognate::Result<Salvage> {
    SledOptions::new(from).salvage(into)
}

/// The records of a salvaged database, whose losses are accepted.
fn accepted(path: &Path) -> Records {
    let refused = engine(path).expect_err("is not accepted");
    assert!(matches!(&refused, Error::Salvaged { path: named } if named == path), "{refused:?}");
    SledOptions::new(path).accept_salvage().expect("accepts");
    let engine = engine(path).expect("opens");
    assert_eq!(engine.check().expect("reads"), []);
    engine.close().expect("closes");
    records_at(path)
}

fn files(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in [path.to_owned(), path.join("sled"), path.join("sled").join("blobs")] {
        for entry in fs::read_dir(folder).expect("a folder") {
            let file = entry.expect("an entry").path();
            if file.is_file() {
                files.insert(file.clone(), fs::read(file).expect("reads"));
            }
        }
    }
    files
}

#[test]
fn an_intact_database_is_salvaged_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, into) = (folder.path().join("intact"), folder.path().join("salvaged"));
    fill(&path, 30);
    let written = records_at(&path);
    let before = files(&path);
    let salvaged = salvage(&path, &into).expect("reads");
    assert!(salvaged.is_whole(), "{salvaged}");
    let kept: u64 = salvaged.kept.iter().map(|(_, count)| count).sum();
    assert_eq!(kept, written.len() as u64);
    assert!(files(&path) == before, "the damaged database was changed");
    assert!(!folder.path().join("salvaged.unfinished").exists());
    let again = salvage(&path, &into).expect_err("there is a database already");
    assert!(matches!(again, Error::Storage(_)), "{again:?}");
    assert!(accepted(&into) == written);
}

/// Takes a record away behind the store's back. Its report names what breaks.
#[test]
fn a_salvage_names_each_record_that_is_lost_and_what_breaks() {
    let folder = tempfile::tempdir().expect("a folder");
    let intact = folder.path().join("intact");
    fill(&intact, 4);
    let written = records_at(&intact);
    // The numbers of records that are left out, with the digest's, and of those made anew.
    for (tree, left_out, made_anew) in [
        // The first user has two logins, and two events with their entries in the activity.
        (Tree::Identities, 1 + 3 + 4, 0),
        // The pool's four identities have six logins and four entries of the index, and five events
        // with their entries.
        (Tree::Pools, 1 + 4 + 6 + 4 + 2 + 10, 0),
        (Tree::Journal, 1 + 1, 0),
        (Tree::Activity, 1, 1),
        (Tree::Logins, 1, 1),
        (Tree::IdentityIndex, 1, 1),
        (Tree::PoolListing, 1, 1),
        (Tree::Accounts, 1, 1),
        (Tree::SessionKeys, 1, 0),
        (Tree::SigningKeys, 1, 0),
    ] {
        let (path, into) = (folder.path().join(tree.name()), folder.path().join("salvaged"));
        copy_folder(&intact, &path);
        let mut keys = written.keys().filter(|key| key.tree == tree);
        // The oldest identity of the first pool.
        let lost = if tree == Tree::Identities { keys.next() } else { keys.next_back() };
        let lost = lost.expect("a record").clone();
        let database = sled::open(path.join("sled")).expect("opens");
        let removed = database.open_tree(tree.name()).unwrap().remove(&lost.bytes).unwrap();
        assert!(removed.is_some());
        drop((database, removed));
        fs::remove_file(path.join("closed")).expect("was closed");
        assert!(matches!(engine(&path), Err(Error::Corrupt { .. })), "{tree:?}");

        let salvaged = salvage(&path, &into).expect("reads");
        let told = salvaged.to_string();
        let counts = (salvaged.left_out.len(), salvaged.made_anew.len());
        assert_eq!(counts, (left_out, made_anew), "{tree:?}: {told}");
        assert!(told.contains(" records were written, "), "{tree:?}: {told}");
        let found = accepted(&into);
        if made_anew > 0 {
            assert!(salvaged.made_anew.iter().any(|loss| loss.key.as_ref() == Some(&lost)));
            assert!(found == written, "{tree:?}");
        } else {
            let named = |key: &Key| salvaged.left_out.iter().any(|l| l.key.as_ref() == Some(key));
            let is_new =
                |(key, value)| written.get(key) != Some(value) && key.tree != Tree::Accounts;
            assert!(!found.iter().any(is_new), "{tree:?}");
            // sled has lost the record itself, and its key with it.
            let missing = written.keys().filter(|key| !found.contains_key(*key) && **key != lost);
            assert_eq!(missing.filter(|key| !named(key)).count(), 0, "{tree:?}: {told}");
        }
        fs::remove_dir_all(&into).expect("removes");
    }
}

/// Damages the log anywhere. Nothing that is kept was never written, and nothing panics.
#[test]
fn a_damaged_log_is_salvaged_as_far_as_it_can_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let intact = folder.path().join("intact");
    fill(&intact, 300);
    let written = records_at(&intact);
    let (mut kept, mut gaps) = (0, 0);
    for seed in 0..8 * crate::effort() {
        let mut random = Random(seed);
        let (path, into) = (folder.path().join(seed.to_string()), folder.path().join("salvaged"));
        copy_folder(&intact, &path);
        let log = path.join("sled").join("db");
        let mut bytes = fs::read(&log).expect("reads");
        let used = bytes.iter().rposition(|byte| *byte != 0).expect("is not empty");
        for _ in 0..=random.below(3) {
            let place = random.below(used);
            bytes[place..(place + 600).min(used)].fill(0);
        }
        fs::write(&log, bytes).expect("writes");
        let before = files(&path);
        match salvage(&path, &into) {
            Err(error) => assert!(matches!(error, Error::Corrupt { .. }), "seed {seed}: {error:?}"),
            Ok(salvaged) => {
                let found = accepted(&into);
                let never =
                    |(key, value)| written.get(key) != Some(value) && key.tree != Tree::Accounts;
                let never = found.iter().find(|entry| never(*entry));
                let is_old = |key: &Key| key.tree == Tree::Identities || key.tree == Tree::Logins;
                assert!(never.is_none_or(|(key, _)| is_old(key)), "seed {seed}: {never:?}");
                let is_less = written.keys().any(|key| !found.contains_key(key));
                assert!(!salvaged.left_out.is_empty() || !is_less, "seed {seed}: {salvaged}");
                assert!(!salvaged.is_whole() || found == written, "seed {seed}: {salvaged}");
                kept += found.len();
                gaps += usize::from(salvaged.to_string().contains("nothing can be read"));
                fs::remove_dir_all(&into).expect("removes");
            }
        }
        assert!(files(&path) == before, "seed {seed}: the damaged database was changed");
    }
    say(&format!("{kept} records kept, {gaps} databases with gaps"));
    assert!(kept > written.len() / 2, "hardly anything is salvaged");
}

#[test]
fn what_is_no_database_is_not_salvaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, into) = (folder.path().join("nothing"), folder.path().join("salvaged"));
    let refused = salvage(&path, &into).expect_err("is not there");
    assert!(matches!(refused, Error::Storage(_)), "{refused:?}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing was made");
    let path = folder.path().join("open");
    let engine = engine(&path).expect("opens");
    let refused = salvage(&path, &into).expect_err("is open");
    assert!(matches!(refused, Error::Locked { .. }), "{refused:?}");
    engine.close().expect("closes");
    SledOptions::new(&path).accept_salvage().expect("was not salvaged");
}
