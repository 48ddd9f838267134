//! Schemas of an earlier level, which a migration brings to the level of this version.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread;

use cognate::store::{Batch, Commit, Key, Migrated, Store as _, Tree};

use crate::rig::{Server, Version};
use crate::scene::Scene;
use crate::store::{migrate, open, options, reason, text};

const TREES_OF_LEVEL_1: [&str; 9] = [
    "accounts",
    "deletions",
    "identities",
    "identity_index",
    "logins",
    "pools",
    "pool_listing",
    "session_keys",
    "signing_keys",
];

/// Creates a database whose schema has level 1, as the versions of that level did.
fn of_level_1(server: &Server) -> String {
    let database = server.new_database();
    server.sql(
        &database,
        "CREATE SCHEMA IF NOT EXISTS cognate; \
         CREATE TABLE cognate.meta (level integer NOT NULL, store uuid NOT NULL); \
         CREATE UNIQUE INDEX meta_has_one_row ON cognate.meta ((true)); \
         INSERT INTO cognate.meta VALUES (1, gen_random_uuid()); \
         CREATE TABLE cognate.tokens (token uuid PRIMARY KEY, at timestamptz NOT NULL, \
         happened boolean NOT NULL); \
         CREATE INDEX tokens_by_age ON cognate.tokens (at)",
    );
    for tree in TREES_OF_LEVEL_1 {
        server.sql(
            &database,
            &format!(
                "CREATE TABLE cognate.{tree} (k bytea NOT NULL, h bytea NOT NULL, tail bytea NOT \
                 NULL, version uuid NOT NULL, v bytea NOT NULL, PRIMARY KEY (k, h)) \
                 WITH (fillfactor = 90)"
            ),
        );
    }
    database
}

fn level(server: &Server, database: &str) -> String {
    server.sql(database, "SELECT level FROM cognate.meta")
}

/// The number of tables.
fn tables(server: &Server, database: &str) -> String {
    server.sql(database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'cognate'")
}

/// Runs migrations at the same moment, and counts them by the level that each has found.
fn migrate_at_once(url: &str) -> BTreeMap<Option<i32>, usize> {
    const THREADS: usize = 4;
    let barrier = Barrier::new(THREADS);
    let run = || {
        barrier.wait();
        let migrated = options(url).migrate();
        let Migrated { before, after, .. } =
            migrated.unwrap_or_else(|error| panic!("{}", text(&error)));
        assert_eq!(after, 2);
        before
    };
    let mut found = BTreeMap::new();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
        for thread in threads {
            *found.entry(thread.join().expect("no panic")).or_default() += 1;
        }
    });
    found
}

#[test]
fn a_schema_of_level_1_is_migrated_with_its_records() {
    let server = Server::shared(Version::Fifteen);
    let database = of_level_1(server);
    let url = server.url(&database);
    // The records of engines of this version, whose format is the same without a journal.
    let elsewhere = format!("{url}?schema=elsewhere");
    migrate(&elsewhere);
    let scene = Scene::new(open(&elsewhere));
    let long = "ü".repeat(1_024);
    let users = ["alice", "bob", &long];
    let identities = users.map(|user| scene.resolve(user).expect("an identity"));
    let (_, token) = scene.token("alice").expect("a token");
    for tree in TREES_OF_LEVEL_1 {
        let copied = format!("INSERT INTO cognate.{tree} SELECT * FROM elsewhere.{tree}");
        server.sql(&database, &copied);
    }

    let refused = open_refusal(&url);
    assert!(refused.contains("level 1") && refused.contains("cognate migrate"), "{refused}");
    assert_eq!(level(server, &database), "1", "only a migration writes");
    assert_eq!(migrate_at_once(&url), BTreeMap::from([(Some(1), 1), (Some(2), 3)]));
    assert_eq!(level(server, &database), "2");

    let migrated = scene.beside(open(&url));
    for (user, identity) in users.iter().zip(&identities) {
        assert_eq!(migrated.resolve(user).expect("an identity"), *identity);
    }
    migrated.engine.verify_token(&token).expect("a valid token");
    migrated.resolve("carol").expect("a new identity");
    migrated.check();
    let keys = [Tree::Activity, Tree::Journal].map(|tree| Key::new(tree, *b"key"));
    let store = open(&url);
    let mut batch = Batch::default();
    batch.puts.extend(keys.clone().map(|key| (key, b"value".to_vec())));
    assert_eq!(store.commit(batch).expect("commits"), Commit::Done);
    assert_eq!(
        store.get(&keys).expect("reads"),
        [Some(b"value".to_vec()), Some(b"value".to_vec())]
    );
}

fn open_refusal(url: &str) -> String {
    reason(&options(url).open().expect_err("an earlier level"))
}

#[test]
fn one_of_several_migrations_creates_the_schema() {
    let server = Server::shared(Version::Fifteen);
    let database = server.new_database();
    let found = migrate_at_once(&server.url(&database));
    assert_eq!(found, BTreeMap::from([(None, 1), (Some(2), 3)]));
    assert_eq!(level(server, &database), "2");
}

/// A migration that fails leaves the schema as it was.
#[test]
fn a_schema_of_level_1_that_somebody_has_changed() {
    let server = Server::shared(Version::Fifteen);
    for (change, words) in [
        ("DROP TABLE cognate.logins", "`logins` is missing"),
        ("ALTER TABLE cognate.pools ADD COLUMN more integer", "`pools` is missing or has other"),
        ("CREATE TABLE cognate.journal (id integer)", "journal"),
    ] {
        let database = of_level_1(server);
        server.sql(&database, change);
        let before = tables(server, &database);
        let refused = options(&server.url(&database)).migrate().expect_err(change);
        println!("{}", text(&refused));
        assert!(reason(&refused).contains(words), "{change}: {}", text(&refused));
        assert_eq!(level(server, &database), "1", "{change}");
        assert_eq!(tables(server, &database), before, "{change}");
    }
}
