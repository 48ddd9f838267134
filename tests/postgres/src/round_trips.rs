//! The number of round trips of each operation, counted on the way to the server.

use std::time::{Duration, Instant};

use crate::rig::{Proxy, Server, Version};
use crate::scene::{FACEBOOK, Scene};
use crate::store::{migrated, open};

/// The calls of each row that are counted.
const CALLS: usize = 5;
/// The delay of each round trip when calls are timed.
const DELAY: Duration = Duration::from_millis(20);

struct Table {
    proxy: Proxy,
    /// The engine whose round trips are counted. It is warm: it has made the same calls before.
    counted: Scene,
    /// An engine that prepares the calls on another way to the server.
    direct: Scene,
    faults: Vec<String>,
}

impl Table {
    /// Checks that a call takes `most` round trips at most, and that it waits for each of them.
    fn row<P>(
        &mut self,
        name: &str,
        most: u64,
        mut prepare: impl FnMut(&Scene, &str) -> P,
        mut call: impl FnMut(&Scene, &str, P),
    ) {
        let mut number = 0;
        let mut measure = |table: &Self| {
            number += 1;
            let unique = format!("{name} {number}");
            let prepared = prepare(&table.direct, &unique);
            let (before, start) = (table.proxy.round_trips(), Instant::now());
            call(&table.counted, &unique, prepared);
            (table.proxy.round_trips() - before, start.elapsed())
        };
        measure(self);
        let mut calls: Vec<_> = (0..CALLS).map(|_| measure(self)).collect();
        calls.sort_unstable();
        // Keys for tokens are read again now and then.
        let (found, _) = calls[CALLS / 2];
        self.proxy.delay(DELAY);
        let delayed = (0..CALLS).map(|_| measure(self).1).min().expect("a call");
        self.proxy.delay(Duration::ZERO);
        println!("{name:35} {found} of {most}, {delayed:.0?} with {DELAY:?} each");
        if found > most {
            self.faults.push(format!("{name}: {found} round trips instead of {most}"));
        }
        let trips = u32::try_from(found).expect("few round trips");
        if delayed < DELAY * trips {
            self.faults.push(format!("{name}: {delayed:?} with {found} delays of {DELAY:?}"));
        }
    }
}

const NOTHING: fn(&Scene, &str) = |_, _| {};

fn registered(scene: &Scene, name: &str) -> cognate::name::IdentityId {
    scene.resolve(name).expect("an identity")
}

#[test]
fn every_operation_takes_as_few_as_the_table_says() {
    let server = Server::shared(Version::Fifteen);
    let database = migrated(server);
    let proxy = Proxy::start(server.port());
    let counted = Scene::new(open(&proxy.url(&database)));
    let direct = counted.beside(open(&server.url(&database)));
    let mut table = Table { proxy, counted, direct, faults: Vec::new() };
    developers(&mut table);
    visitors(&mut table);
    let page = |scene: &Scene, _: &str| {
        (0..60).for_each(|_| drop(scene.guest().expect("a guest")));
    };
    table.row("page of identities", 2, page, |scene, _, ()| {
        assert_eq!(scene.page().len(), 60);
    });
    let crowd = |scene: &Scene, _: &str| -> Vec<_> {
        (0..60).map(|_| scene.guest().expect("a guest")).collect()
    };
    table.row("deletion of 60 identities", 3, crowd, |scene, _, identities| {
        assert_eq!(scene.delete(&identities).expect("deletes"), 0);
    });
    assert!(table.faults.is_empty(), "{}", table.faults.join("\n"));
    table.direct.check();
}

fn developers(table: &mut Table) {
    table.row("resolve a known user", 1, registered, |scene, user, identity| {
        assert_eq!(scene.resolve(user).expect("an identity"), identity);
    });
    table.row("token of a known user", 1, registered, |scene, user, identity| {
        assert_eq!(scene.token(user).expect("a token").0, identity);
    });
    table.row("register", 2, NOTHING, |scene, user, ()| {
        scene.resolve(user).expect("an identity");
    });
    table.row("token of a new user", 2, NOTHING, |scene, user, ()| {
        scene.token(user).expect("a token");
    });
    let guest = |scene: &Scene, _: &str| scene.guest().expect("a guest");
    table.row("link", 3, guest, |scene, user, guest| {
        assert_eq!(scene.link(user, &guest).expect("a link"), guest);
    });
    let two = |scene: &Scene, name: &str| {
        let users = [format!("{name} source"), format!("{name} destination")];
        let [_, destination] = users.each_ref().map(|user| registered(scene, user));
        (users, destination)
    };
    table.row("merge", 3, two, |scene, _, (users, identity)| {
        assert_eq!(scene.merge(&users[0], &users[1]).expect("a merge"), identity);
    });
    table.row("unlink", 3, registered, |scene, user, identity| {
        scene.unlink(user, &identity).expect("an unlink");
    });
    table.row("lookup", 2, registered, |scene, user, identity| {
        assert_eq!(scene.lookup(user).expect("a lookup"), Some(identity));
    });
}

fn visitors(table: &mut Table) {
    table.row("GetId, guest", 2, NOTHING, |scene, _, ()| {
        scene.guest().expect("a guest");
    });
    let visitor = |scene: &Scene, user: &str| scene.visitor(user).expect("an identity");
    table.row("GetId, known login", 1, visitor, |scene, user, identity| {
        assert_eq!(scene.visitor(user).expect("an identity"), identity);
    });
    table.row("GetId, new login", 2, NOTHING, |scene, user, ()| {
        scene.visitor(user).expect("an identity");
    });
    table.row("GetOpenIdToken", 2, visitor, |scene, user, identity| {
        scene.visitor_token(&identity, user).expect("a token");
    });
    let guest = |scene: &Scene, _: &str| scene.guest().expect("a guest");
    table.row("credentials of a guest", 2, guest, |scene, _, guest| {
        scene.credentials(&guest, None).expect("credentials");
    });
    table.row("credentials for a login", 3, visitor, |scene, user, identity| {
        scene.credentials(&identity, Some((FACEBOOK, user))).expect("credentials");
    });
    let token = |scene: &Scene, user: &str| scene.token(user).expect("a token");
    table.row("credentials for our token", 3, token, |scene, _, (identity, token)| {
        let login = Some(("cognito-identity.amazonaws.com", token.as_str()));
        scene.credentials(&identity, login).expect("credentials");
    });
}
