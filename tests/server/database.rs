//! The database's folder: a full disk, file permissions, and salvage.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use cognate::store::{Batch, Commit, Key, KeyRange, SledOptions, Store as _, Tree};
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::program::{Server, program, run};
use crate::{GAME, create_pool, log_in};

/// Registers users until the server refuses. Users with long names fill a disk quickly.
fn register_until_failure(server: &Server, pool: &str) -> u32 {
    let is_registered = |user: &u32| {
        let input = json!({"IdentityPoolId": pool, "Logins": {GAME: format!("{user:x<900}")}});
        server.call("GetOpenIdTokenForDeveloperIdentity", &input).status == 200
    };
    (0..u32::MAX).find(|user| !is_registered(user)).expect("an end")
}

#[test]
fn a_server_with_a_full_disk_ends_with_the_reason() {
    for durability in ["power-loss", "process-kill"] {
        let folder = tempdir().expect("a folder");
        let data = folder.path().join("data");
        let limit = "trap '' XFSZ; ulimit -f 3000";
        let server = Server::start_after(limit, &data, &["--durability", durability]);
        let pool = create_pool(&server);
        assert!(register_until_failure(&server, &pool) > 0);
        // The server ends by itself.
        let (status, _, log) = server.wait();
        assert_eq!(status.code(), Some(1), "{log}");
        let reason = "the database accepts no more writes: storage failed: the store failed: ";
        let told: Vec<&str> = log.lines().filter(|line| line.contains(reason)).collect();
        let [line, last] = told[..] else { panic!("{log}") };
        assert!(line.contains("ERROR"), "{line}");
        assert!(last.starts_with("cognate: ") && log.trim_end().ends_with(last), "{last}");
        assert!(last.contains("File too large"), "{last}");

        // With free space it starts again.
        let server = Server::start(&data, &[]);
        log_in(&server, &pool).text("Token");
        server.stop();
    }
}

/// A relaxed store writes in the background, so no request notices the failure.
#[test]
fn a_server_with_relaxed_durability_ends_when_its_disk_is_full() {
    let folder = tempdir().expect("a folder");
    let limit = "trap '' XFSZ; ulimit -f 3000";
    let options = ["--durability", "relaxed", "--log", "off"];
    let server = Server::start_after(limit, &folder.path().join("data"), &options);
    let pool = create_pool(&server);
    register_until_failure(&server, &pool);
    let (status, _, log) = server.wait();
    assert_eq!(status.code(), Some(1), "{log}");
    // The reason is printed even without a log.
    assert!(log.starts_with("cognate: the database accepts no more writes: "), "{log}");
    assert_eq!(log.lines().count(), 1, "{log}");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("is there").permissions().mode() & 0o777
}

#[test]
fn a_database_is_private_to_its_owner() {
    const WARNING: &str = "other users of this machine can access";

    let folder = tempdir().expect("a folder");
    let (data, secret) = (folder.path().join("data"), folder.path().join("secret"));
    fs::write(&secret, [7; 32]).expect("a file");
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).expect("is ours");
    let options = ["--key-secret-file", secret.to_str().expect("text")];
    let start = || Server::start_after("umask 0", &data, &options);
    let server = start();
    create_pool(&server);
    assert_eq!((mode(&data), mode(&data.join("sled"))), (0o700, 0o700));
    for name in ["lock", "commit", "sled/conf", "sled/db"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
    let log = server.stop();
    assert_eq!(mode(&data.join("closed")), 0o600);
    assert!(!log.contains(WARNING), "{log}");

    for (path, open_mode, name) in [
        (&data, 0o755, "the database"),
        (&data, 0o701, "the database"),
        (&secret, 0o640, "the key secret"),
    ] {
        fs::set_permissions(path, Permissions::from_mode(open_mode)).expect("is ours");
        let log = start().stop();
        let warned = format!("{WARNING} {name} in {}: its mode is {open_mode:o}", path.display());
        assert_eq!(log.matches(WARNING).count(), 1, "{log}");
        assert!(log.contains("WARN") && log.contains(&warned), "{log}");
        assert_eq!(mode(path), open_mode, "it is its owner's choice");
        fs::set_permissions(path, Permissions::from_mode(0o700)).expect("is ours");
    }
}

#[test]
fn a_damaged_database_is_salvaged_and_accepted() {
    let folder = tempdir().expect("a folder");
    let [data, into] = ["damaged", "salvaged"].map(|name| folder.path().join(name));
    let server = Server::start(&data, &[]);
    let pool = create_pool(&server);
    let identity = log_in(&server, &pool).text("IdentityId");
    server.stop();
    fs::write(data.join("commit"), "damage").expect("writes");
    let [from, to] = [&data, &into].map(|path| path.to_str().expect("text"));
    let (status, report, errors) = program(&["salvage", "--data", from, "--into", to]);
    assert_eq!((status, errors.as_str()), (Some(0), ""), "{report}");
    assert!(report.contains("kept 1 of identities\n"), "{report}");
    assert!(report.ends_with("nothing is missing\n"), "{report}");
    let (status, _, errors) = program(&["salvage", "--data", from, "--into", to]);
    assert_eq!(status, Some(3));
    assert!(errors.starts_with("cognate: cannot salvage the database in "), "{errors}");
    assert!(errors.ends_with("salvaged exists already\n"), "{errors}");

    let refused = run(&into, "127.0.0.1:0", &[]);
    let errors = String::from_utf8(refused.stderr).expect("text");
    assert!(errors.contains("was salvaged from a damaged one"), "{errors}");
    assert_eq!(program(&["accept-salvage", "--data", to]), (Some(0), String::new(), String::new()));
    let server = Server::start(&into, &[]);
    assert_eq!(log_in(&server, &pool).text("IdentityId"), identity);
    server.stop();
}

/// The database is served meanwhile.
#[test]
fn a_removal_that_fails_is_logged() {
    let folder = tempdir().expect("a folder");
    let store = SledOptions::new(folder.path()).open().expect("a database");
    let mut deleted = Batch::default();
    deleted.puts.push((Key::new(Tree::Deletions, [7; 16]), vec![1]));
    deleted.puts.push((Key::new(Tree::Identities, [7; 40]), vec![99]));
    assert_eq!(store.commit(deleted).expect("written"), Commit::Done);
    drop(store);

    let server = Server::start(folder.path(), &[]);
    let pool = create_pool(&server);
    log_in(&server, &pool).text("Token");
    // The failure is looked for twice a second, and the removal is tried again meanwhile.
    sleep(Duration::from_secs(3));
    let log = server.stop();
    let is_told = |line: &&str| line.contains("deleted pools cannot be removed yet: ");
    let told: Vec<&str> = log.lines().filter(is_told).collect();
    let (first, others) = told.split_first().unwrap_or_else(|| panic!("{log}"));
    assert!(first.contains(" WARN ") && first.contains("identities/"), "{first}");
    assert!(!others.is_empty(), "the removal is tried again: {log}");
}

/// The new database lacks a record that does not decode.
#[test]
fn a_salvage_with_losses_is_a_no() {
    let folder = tempdir().expect("a folder");
    let [data, into] = ["damaged", "salvaged"].map(|name| folder.path().join(name));
    let server = Server::start(&data, &[]);
    log_in(&server, &create_pool(&server)).text("Token");
    server.stop();
    let store = SledOptions::new(&data).open().expect("a database");
    let identities = store.scan(&KeyRange::prefix(Tree::Identities, []), 1).expect("reads");
    let mut damage = Batch::default();
    damage.puts.extend(identities.into_iter().map(|(key, _)| (key, vec![99])));
    assert_eq!(store.commit(damage).expect("written"), Commit::Done);
    drop(store);
    let [from, to] = [&data, &into].map(|path| path.to_str().expect("text"));
    let (status, report, _) = program(&["salvage", "--data", from, "--into", to, "--json"]);
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!((status, &report["IsWhole"]), (Some(1), &json!(false)), "{report}");
    assert_eq!((&report["Kept"]["identities"], &report["Kept"]["pools"]), (&json!(0), &json!(1)));
    let lost = &report["LeftOut"][0];
    assert!(lost["Key"].as_str().is_some_and(|key| key.starts_with("identities/")), "{report}");
    assert!(lost["Reason"].is_string() && lost["Effect"].is_string(), "{report}");
}
