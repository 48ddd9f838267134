//! Views: their connections, their end, and checks of an engine while others write.

use std::thread;
use std::time::Duration;

use cognate::store::{Batch, Commit, Key, KeyRange, Store, StoreError, StoreView, Tree, Value};

use crate::rig::{Bouncer, Server, Version};
use crate::scene::Scene;
use crate::store::{migrated, open, options, within};

const WRITERS: usize = 8;
const TURNS: usize = 60;

fn key(n: u8) -> Key {
    Key::new(Tree::Logins, [n])
}

fn put(store: &dyn Store, n: u8, value: &str) {
    let mut batch = Batch::default();
    batch.puts.push((key(n), value.into()));
    assert_eq!(store.commit(batch).expect("commits"), Commit::Done);
}

fn view(store: &dyn Store) -> Box<dyn StoreView + '_> {
    store.view().expect("a view").expect("this store has views")
}

fn values(view: &dyn StoreView) -> Result<Vec<Value>, StoreError> {
    let entries = view.scan(&KeyRange::prefix(Tree::Logins, []), 100)?;
    Ok(entries.into_iter().map(|(_, value)| value).collect())
}

/// The transactions that are open in a database, but for the one that asks.
fn transactions(server: &Server, database: &str) -> String {
    server.sql(
        database,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
         AND xact_start IS NOT NULL AND pid <> pg_backend_pid()",
    )
}

fn until_none_is_open(server: &Server, database: &str) {
    for _ in 0..100 {
        if transactions(server, database).trim() == "0" {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("a transaction is still open");
}

/// The server ends a transaction that is idle for as long as a call may take, but not a view.
fn outlives_the_timeout(url: &str) {
    let store = options(url).timeout(Duration::from_secs(1)).open().expect("opens");
    put(&store, 1, "old");
    let view = view(&store);
    put(&store, 1, "new");
    thread::sleep(Duration::from_secs(3));
    assert_eq!(values(&*view).expect("reads"), [b"old"]);
    assert_eq!(view.get(&[key(1), key(2)]).expect("reads"), [Some(b"old".to_vec()), None]);
}

#[test]
fn a_view_outlives_the_timeout_of_a_call() {
    let server = Server::shared(Version::Fifteen);
    outlives_the_timeout(&server.url(&migrated(server)));
    outlives_the_timeout(&Bouncer::start(server).url(&migrated(server)));
}

/// One connection is enough for a store, however many views are open.
#[test]
fn views_have_connections_of_their_own_and_end_with_them() {
    let server = Server::shared(Version::Eighteen);
    let database = migrated(server);
    let store = options(&server.url(&database)).connections(1).open().expect("opens");
    let mut views = Vec::new();
    for n in 0..5_u8 {
        views.push(view(&store));
        put(&store, n, "new");
    }
    for (n, view) in views.iter().enumerate() {
        assert_eq!(values(&**view).expect("reads").len(), n);
    }
    assert_eq!(transactions(server, &database).trim(), "5");
    drop(views);
    until_none_is_open(server, &database);
}

fn ends_views(server: &Server, database: &str, url: &str) {
    let store = open(url);
    put(&store, 1, "old");
    let lost = view(&store);
    let dropped = view(&store);
    put(&store, 1, "new");
    drop(dropped);
    assert_eq!(values(&*lost).expect("reads"), [b"old"]);
    server.sql(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    for _ in 0..3 {
        let read = values(&*lost);
        assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
        let read = lost.get(&[key(1)]);
        assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    }
    assert_eq!(values(&*view(&store)).expect("another view"), [b"new"]);
    drop(lost);
    until_none_is_open(server, database);
}

/// The store would connect again and read another moment.
#[test]
fn a_view_ends_with_its_connection() {
    let server = Server::shared(Version::Fifteen);
    let database = migrated(server);
    ends_views(server, &database, &server.url(&database));
    let (bouncer, database) = (Bouncer::start(server), migrated(server));
    ends_views(server, &database, &bouncer.url(&database));
}

#[test]
fn a_read_of_a_view_ends_at_its_timeout() {
    let server = Server::start(Version::Fifteen, &[]);
    let timeout = Duration::from_secs(2);
    let store = options(&server.url(&migrated(&server))).timeout(timeout).open().expect("opens");
    put(&store, 1, "old");
    let lost = view(&store);
    server.freeze();
    let (read, opened) =
        (within(timeout, || values(&*lost)), within(timeout, || store.view().err()));
    server.thaw();
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    assert!(matches!(opened, Some(StoreError::Unavailable(_))), "{opened:?}");
    put(&store, 1, "new");
    let read = values(&*lost);
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "a late answer: {read:?}");
    assert_eq!(values(&*view(&store)).expect("another view"), [b"new"]);
}

/// Registers, links, merges, unlinks and deletes few users. Calls may be refused.
fn live(scene: &Scene, writer: usize) -> usize {
    let mut answered = 0;
    for turn in 0..TURNS {
        let user = |n: usize| format!("user-{}", (turn * 7 + writer * 3 + n) % 20);
        let Ok(identity) = scene.resolve(&user(0)) else { continue };
        answered += match turn % 5 {
            0 => usize::from(scene.link(&user(1), &identity).is_ok()),
            1 | 2 => usize::from(scene.merge(&user(0), &user(2)).is_ok()),
            3 => usize::from(scene.unlink(&user(0), &identity).is_ok()),
            _ => usize::from(scene.delete(&[identity]).is_ok()),
        };
        answered += 1;
    }
    answered
}

fn is_sound_beside_writers(url: &str) {
    let first = Scene::new(open(url));
    let second = first.beside(open(url));
    let (checks, answered) = thread::scope(|scope| {
        let lives: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let scene = if writer % 2 == 0 { &first } else { &second };
                scope.spawn(move || live(scene, writer))
            })
            .collect();
        let mut checks = 0;
        while lives.iter().any(|life| !life.is_finished()) {
            first.check();
            checks += 1;
        }
        (checks, lives.into_iter().map(|life| life.join().expect("no panic")).sum::<usize>())
    });
    println!("{checks} checks beside {answered} answered calls");
    assert!(checks > 3, "{checks} checks");
    assert!(answered > WRITERS * TURNS, "{answered} answers");
}

#[test]
fn check_runs_beside_writers() {
    let server = Server::shared(Version::Fifteen);
    is_sound_beside_writers(&server.url(&migrated(server)));
    is_sound_beside_writers(&Bouncer::start(server).url(&migrated(server)));
}
