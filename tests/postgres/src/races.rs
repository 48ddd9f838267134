//! Two processes with four threads each, over few names. In the end the store is sound and the
//! answers agree: a user has one identity.

mod mix;
mod worker;

use std::collections::{BTreeMap, BTreeSet};

use crate::rig::{Bouncer, Server, Version};
use crate::scene::Scene;
use crate::store::{migrate, open};
use worker::{Answer, Kind, Worker};

/// The rounds of each kind, and the transactions that must have met before a race ends.
const ROUNDS_MIN: u32 = 8;
const ROUNDS_MAX: u32 = 200;
const MET_MIN: u64 = 40;

/// The users of a round.
fn users(round: u32) -> Vec<String> {
    (0..worker::USERS).map(|user| worker::user(round, user)).collect()
}

/// Repeats rounds of a kind until the batches of the processes have really met.
fn race(url: &str, kind: Kind, judge: impl Fn(&Scene, u32, &[Answer])) {
    migrate(url);
    let scene = Scene::new(open(url));
    let mut workers = [0, 1].map(|number| Worker::start(url, number));
    let (mut round, mut met) = (0, 0);
    while round < ROUNDS_MIN || met < MET_MIN {
        assert!(round < ROUNDS_MAX, "the processes have met {met} times in {round} rounds only");
        let pool = kind.prepare(&scene, round);
        for worker in &mut workers {
            worker.begin(kind, round, &pool);
        }
        let mut answers = Vec::new();
        for worker in &mut workers {
            met += worker.end(&mut answers);
        }
        judge(&scene, round, &answers);
        round += 1;
    }
    scene.check();
    println!("{kind:?}: {round} rounds, met {met} times");
}

/// The identities of all users of a round, as everybody finds them.
fn found(scene: &Scene, round: u32) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for user in users(round) {
        if let Some(identity) = scene.lookup(&user).expect("a lookup") {
            assert!(scene.users(&identity).contains(&user), "{user} is not in {identity:?}");
            found.insert(user, identity.as_str().to_owned());
        }
    }
    found
}

/// Every answer about a user names the same identity.
fn registers_agree(scene: &Scene, round: u32, answers: &[Answer]) {
    let found = found(scene, round);
    assert_eq!(found.len(), users(round).len());
    for answer in answers {
        assert_eq!(answer.identity.as_ref(), Some(&found[&answer.user]), "{answer:?}");
    }
}

/// A user that was linked to several guests at once belongs to one, and only the calls that named
/// it have succeeded.
fn links_agree(scene: &Scene, round: u32, answers: &[Answer]) {
    let found = found(scene, round);
    for user in users(round) {
        let linked = answers.iter().filter(|answer| answer.user == user);
        let linked: BTreeSet<_> = linked.filter_map(|answer| answer.identity.clone()).collect();
        assert_eq!(linked, BTreeSet::from([found[&user].clone()]), "{user}");
    }
}

/// After merges in all directions, a user that was merged is where its last merge has put it. Every
/// user still has an identity, and the identities of all answers exist.
fn merges_agree(scene: &Scene, round: u32, answers: &[Answer]) {
    let found = found(scene, round);
    assert_eq!(found.len(), users(round).len());
    let places: BTreeSet<_> = found.values().collect();
    let merged = answers.iter().filter(|answer| answer.identity.is_some()).count();
    assert!(merged > 0, "nothing was merged");
    // A successful merge leaves one identity less with users, if the two were still apart.
    assert!(places.len() < users(round).len(), "{found:?}");
}

/// Of all calls that unlink a user, one succeeds.
fn unlinks_agree(scene: &Scene, round: u32, answers: &[Answer]) {
    let found = found(scene, round);
    assert_eq!(found.len(), 1, "only the last user stays: {found:?}");
    for user in &users(round)[1..] {
        let done = answers.iter().filter(|answer| answer.user == *user && answer.is_done);
        assert_eq!(done.count(), 1, "{user}");
    }
}

/// After the deletions, each user has the identity that was answered last, or none.
fn deletions_agree(scene: &Scene, round: u32, answers: &[Answer]) {
    for (user, identity) in found(scene, round) {
        let mut known = answers.iter().filter(|answer| answer.user == user);
        assert!(known.any(|answer| answer.identity.as_ref() == Some(&identity)), "{user}");
    }
}

#[test]
fn registers() {
    let server = Server::shared(Version::Fifteen);
    race(&server.url(&server.new_database()), Kind::Register, registers_agree);
}

#[test]
fn registers_through_pgbouncer() {
    let server = Server::shared(Version::Fifteen);
    let bouncer = Bouncer::start(server);
    race(&bouncer.url(&server.new_database()), Kind::Register, registers_agree);
}

#[test]
fn links() {
    let server = Server::shared(Version::Fifteen);
    race(&server.url(&server.new_database()), Kind::Link, links_agree);
}

#[test]
fn merges() {
    let server = Server::shared(Version::Eighteen);
    race(&server.url(&server.new_database()), Kind::Merge, merges_agree);
}

#[test]
fn unlinks() {
    let server = Server::shared(Version::Fifteen);
    race(&server.url(&server.new_database()), Kind::Unlink, unlinks_agree);
}

#[test]
fn deletions_of_identities() {
    let server = Server::shared(Version::Eighteen);
    race(&server.url(&server.new_database()), Kind::DeleteIdentities, deletions_agree);
}

/// Of each pool that is deleted while users register, nothing is left: `race` checks the store.
#[test]
fn deletions_of_pools() {
    let server = Server::shared(Version::Fifteen);
    let (database, seen) = (server.new_database(), std::cell::Cell::new(0));
    race(&server.url(&database), Kind::DeletePool, |_, round, answers| {
        assert!(answers.iter().any(|answer| answer.is_done), "nobody deleted pool {round}");
        seen.set(seen.get() + answers.iter().filter(|answer| answer.identity.is_some()).count());
    });
    assert!(seen.get() > 0, "nobody registered before a deletion");
}
