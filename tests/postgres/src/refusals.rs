//! Databases and servers that a store must refuse, or wait for no longer than its timeout. Every
//! error names the part that is wrong, and shows no password.

use std::thread;
use std::time::Duration;

use cognate::store::{Batch, Key, PostgresOptions, Store as _, StoreError, Tree};

use crate::rig::{Bouncer, Disk, Server, Version};
use crate::scene::Scene;
use crate::store::{
    is_unavailable, is_unknown, migrate, migrated, open, options, reason, text, within,
};

/// A password that no error may show.
const CANARY: &str = "canary-7f3a";
const TIMEOUT: Duration = Duration::from_secs(3);

/// The error of opening the store at a URL.
fn refusal(url: &str) -> StoreError {
    let opened = within(TIMEOUT, || options(url).timeout(TIMEOUT).open());
    let error = opened.err().unwrap_or_else(|| panic!("{url} was opened"));
    assert!(!text(&error).contains(CANARY) && !format!("{error:?}").contains(CANARY), "{error:?}");
    println!("{}", text(&error));
    error
}

/// Checks that opening is refused, with these words in the reason.
fn refuses(url: &str, words: &[&str]) {
    let reason = reason(&refusal(url));
    for word in words {
        assert!(reason.contains(word), "`{word}` is not in: {reason}");
    }
}

#[test]
fn a_url_with_a_wrong_part() {
    for (url, part) in [
        ("mysql://user:canary-7f3a@host/db", "postgres://"),
        ("postgres://user:canary-7f3a@host:port/db", "port"),
        ("postgres://user:canary-7f3a@host:99999/db", "port"),
        ("postgres://user:canary-7f3a@/db", "host"),
        ("postgres://user:canary-7f3a@host/db?sslmode=sometimes", "sslmode"),
        ("postgres://user:canary-7f3a@host/db?nonsense=1", "nonsense"),
        ("postgres://user:canary-7f3a@host/db?connect_timeout=soon", "connect_timeout"),
        ("postgres://user:canary%7-7f3a@host/db", "password"),
        ("postgres://user:a/b@canary-7f3a@host/db", "encode"),
    ] {
        let error = PostgresOptions::parse(url).expect_err(url);
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(CANARY), "{shown}");
        assert!(error.to_string().contains(part), "`{part}` is not in: {error}");
    }
    let good = format!("postgres://user:{CANARY}@host/db");
    assert!(!format!("{:?}", options(&good)).contains(CANARY));
}

#[test]
fn a_wrong_password_user_or_database() {
    let server = Server::start(Version::Fifteen, &[]);
    server.admit(
        "local all all trust\n\
         host all locked 127.0.0.1/32 scram-sha-256\n\
         host all all 127.0.0.1/32 trust\n",
    );
    server.sql("postgres", "CREATE ROLE locked LOGIN PASSWORD 'right'");
    server.sql("postgres", "SELECT pg_reload_conf()");
    let database = migrated(&server);
    server.sql(&database, "GRANT ALL ON SCHEMA cognate TO locked");
    server.sql(&database, "GRANT ALL ON ALL TABLES IN SCHEMA cognate TO locked");
    let at = format!("127.0.0.1:{}", server.port());
    open(&format!("postgres://locked:right@{at}/{database}"));
    refuses(&format!("postgres://locked:{CANARY}@{at}/{database}"), &[&at, "password"]);
    refuses(&format!("postgres://locked@{at}/{database}"), &[&at, "password"]);
    refuses(&format!("postgres://nobody:{CANARY}@{at}/{database}"), &[&at, "nobody"]);
    refuses(&format!("postgres://postgres:{CANARY}@{at}/nowhere"), &[&at, "nowhere"]);
}

#[test]
fn a_server_that_is_not_there() {
    // Nothing listens on the lowest port.
    refuses(&format!("postgres://postgres:{CANARY}@127.0.0.1:1/db"), &["127.0.0.1:1", "refused"]);
}

#[test]
fn a_database_without_the_schema_or_with_another_one() {
    let server = Server::shared(Version::Fifteen);
    let database = server.new_database();
    let url = server.url(&database);
    refuses(&url, &["cognate", "migrate"]);
    server.sql(&database, "CREATE SCHEMA cognate");
    server.sql(&database, "CREATE TABLE cognate.orders (id integer)");
    refuses(&url, &["cognate", "something else"]);
    let migrated = options(&url).migrate().expect_err("somebody else's schema");
    assert!(reason(&migrated).contains("something else"), "{}", text(&migrated));
    assert_eq!(server.sql(&database, "SELECT count(*) FROM cognate.orders"), "0");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'cognate'";
    assert_eq!(server.sql(&database, tables), "1");
}

#[test]
fn a_schema_of_another_level() {
    let server = Server::shared(Version::Fifteen);
    let database = migrated(server);
    let url = server.url(&database);
    let shift =
        |by: i32| server.sql(&database, &format!("UPDATE cognate.meta SET level = level + {by}"));
    shift(1);
    // The next version may migrate while this one serves.
    open(&url);
    let migrated = options(&url).migrate().expect("the next level");
    assert_eq!(migrated.before, Some(migrated.after));
    shift(1);
    refuses(&url, &["newer"]);
    options(&url).migrate().expect_err("a newer schema");
    shift(-3);
    refuses(&url, &["migrate"]);
}

#[test]
fn a_standby() {
    let server = Server::start(Version::Fifteen, &[]);
    let database = migrated(&server);
    let standby = server.standby();
    refuses(&standby.url(&database), &["standby"]);
    // Of two servers the store finds the one that accepts writes.
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", standby.port(), server.port());
    let scene = Scene::new(open(&format!("postgres://postgres@{hosts}/{database}")));
    scene.resolve("alice").expect("an identity");
}

#[test]
fn a_server_that_answers_before_a_commit_is_durable() {
    let server = Server::shared(Version::Fifteen);
    let database = migrated(server);
    server.sql(&database, &format!("ALTER DATABASE {database} SET synchronous_commit = off"));
    refuses(&server.url(&database), &["synchronous_commit"]);
    let relaxed = options(&server.url(&database)).relaxed(true).open();
    Scene::new(relaxed.expect("opens")).resolve("alice").expect("an identity");
}

/// Somebody cancels the wait for a standby that never answers. The server then says that the commit
/// is done.
#[test]
fn a_commit_that_its_standby_may_not_have() {
    let settings = [("synchronous_standby_names", "nobody"), ("synchronous_commit", "local")];
    let server = Server::start(Version::Fifteen, &settings);
    let database = migrated(&server);
    let url = server.url(&database);
    let local = Scene::new(open(&url));
    server.sql("postgres", &format!("ALTER DATABASE {database} SET synchronous_commit = on"));
    let waiting = local.beside(options(&url).timeout(TIMEOUT).open().expect("opens"));
    let error = thread::scope(|scope| {
        let call = scope.spawn(|| within(TIMEOUT, || waiting.resolve("alice")));
        let waits = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        while server.sql("postgres", &format!("SELECT count(*) {waits}")) == "0" {
            assert!(!call.is_finished(), "the commit did not wait");
        }
        server.sql("postgres", &format!("SELECT pg_cancel_backend(pid) {waits}"));
        call.join().expect("no panic").expect_err("nobody has the commit")
    });
    println!("{}", text(&error));
    assert!(is_unknown(&error), "{}", text(&error));
    let identity = local.lookup("alice").expect("a lookup");
    assert_eq!(identity, Some(local.resolve("alice").expect("an identity")));
    local.check();
}

/// A pooler may drop the settings of a session. A commit at another isolation level would not be
/// safe, so none is made.
#[test]
fn a_pooler_that_the_url_does_not_name() {
    let server = Server::shared(Version::Fifteen);
    let database = migrated(server);
    let bouncer = Bouncer::start(server);
    let url = bouncer.url(&database).replace("?pooler=transaction", "");
    let mut batch = Batch::default();
    batch.puts.push((Key::new(Tree::Pools, b"key"), b"value".to_vec()));
    let error = open(&url).commit(batch).expect_err("another isolation level");
    println!("{}", text(&error));
    assert!(reason(&error).contains("pooler=transaction"), "{}", text(&error));
    assert_eq!(server.sql(&database, "SELECT count(*) FROM cognate.pools"), "0");
}

#[test]
fn a_server_with_too_few_connections() {
    let server = Server::start(Version::Fifteen, &[("max_connections", "8")]);
    let database = migrated(&server);
    refuses(&server.url(&database), &["max_connections", "8"]);
    let few = options(&server.url(&database)).connections(2).timeout(TIMEOUT);
    let scene = Scene::new(few.open().expect("opens"));
    // Another program takes all connections that are left.
    server.sql(&database, "CREATE ROLE guest LOGIN CONNECTION LIMIT 0");
    let guest = format!("postgres://guest:{CANARY}@127.0.0.1:{}/{database}", server.port());
    let error = within(TIMEOUT, || options(&guest).connections(2).timeout(TIMEOUT).open());
    let error = error.expect_err("no connection");
    assert!(matches!(error, StoreError::Unavailable(_)), "{}", text(&error));
    assert!(reason(&error).contains("too many connections"), "{}", text(&error));
    scene.resolve("alice").expect("an identity");
}

#[test]
fn a_server_that_hangs() {
    let server = Server::start(Version::Fifteen, &[]);
    let url = server.url(&migrated(&server));
    let short = || options(&url).timeout(TIMEOUT).open();
    let scene = Scene::new(short().expect("opens"));
    let known = scene.resolve("alice").expect("an identity");
    server.freeze();
    let read = within(TIMEOUT, || scene.resolve("alice")).expect_err("no answer");
    assert!(is_unavailable(&read), "{}", text(&read));
    let write = within(TIMEOUT, || scene.guest()).expect_err("no answer");
    assert!(is_unavailable(&write) || is_unknown(&write), "{}", text(&write));
    let opened = within(TIMEOUT, short).expect_err("no answer");
    assert!(matches!(opened, StoreError::Unavailable(_)), "{}", text(&opened));
    for error in [text(&read), text(&write), text(&opened)] {
        println!("{error}");
    }
    server.thaw();
    assert_eq!(scene.resolve("alice").expect("an identity"), known);
    scene.guest().expect("a guest");
    scene.check();
}

#[test]
fn a_server_whose_disk_is_full() {
    let disk = Disk::new(32);
    let server = Server::start(Version::Fifteen, &[]);
    server.sql("postgres", &format!("CREATE TABLESPACE small LOCATION '{}'", disk.path()));
    server.sql("postgres", "CREATE DATABASE full_disk TABLESPACE small");
    let url = server.url("full_disk");
    migrate(&url);
    let scene = Scene::new(options(&url).timeout(TIMEOUT).open().expect("opens"));
    disk.fill();
    let mut users = Vec::new();
    let error = loop {
        let user = format!("user {} {}", users.len(), "x".repeat(500));
        match within(TIMEOUT, || scene.resolve(&user)) {
            Ok(identity) => users.push((user, identity)),
            Err(error) => break error,
        }
        assert!(users.len() < 20_000, "the disk is not full");
    };
    println!("after {} users: {}", users.len(), text(&error));
    assert!(text(&error).contains("53100"), "{}", text(&error));
    for (user, identity) in &users {
        assert_eq!(scene.resolve(user).expect("readable"), *identity);
    }
    disk.clear();
    scene.resolve("after").expect("an identity");
    assert_eq!(scene.lookup("after").expect("a lookup").map(|_| ()), Some(()));
    scene.check();
}
