//! Crashes and failovers under load. No acknowledged answer may be lost, and a commit whose answer
//! was lost is settled or reported as unknown.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::load::Journal;
use crate::rig::{Cluster, Server, Version};
use crate::scene::Scene;
use crate::store::{migrate, migrated, open, options};

const THREADS: usize = 16;

fn pause(secs: u64) {
    thread::sleep(Duration::from_secs(secs));
}

/// Loses nothing during the happenings.
fn loses_nothing(url: &str, happenings: impl FnOnce()) {
    let options = options(url).connections(THREADS);
    let store = Arc::new(options.open().expect("opens"));
    let scene = Scene::new(Arc::clone(&store));
    let journal = Journal::record(&scene, THREADS, happenings);
    journal.verify(&scene.beside(open(url)));
    let statistics = store.statistics();
    println!("{statistics:?}");
    assert!(statistics.connections_opened > THREADS as u64, "the connections were kept");
}

#[test]
fn a_server_that_crashes_twice_loses_nothing() {
    let mut server = Server::start(Version::Fifteen, &[]);
    let url = server.url(&migrated(&server));
    loses_nothing(&url, || {
        for _ in 0..2 {
            pause(2);
            server.crash();
            server.resume();
        }
        pause(2);
    });
}

#[test]
fn a_killed_leader_loses_nothing() {
    let mut cluster = Cluster::lend();
    cluster.create_database("killed");
    let url = cluster.url("killed");
    migrate(&url);
    loses_nothing(&url, || {
        pause(2);
        cluster.kill_leader();
        pause(3);
    });
}

#[test]
fn a_planned_switchover_loses_nothing() {
    let cluster = Cluster::lend();
    cluster.create_database("switched");
    let url = cluster.url("switched");
    migrate(&url);
    loses_nothing(&url, || {
        pause(2);
        cluster.switch_over();
        pause(3);
    });
}
