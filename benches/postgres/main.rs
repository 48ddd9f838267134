//! The cost of operations over PostgreSQL, each compared with hand-written statements for the same
//! records, measured in the same run, over the same server, with as many connections.
//!
//! | bench | figure | floor |
//! | --- | --- | --- |
//! | resolve | the identity of a known user, without a token | one SELECT of the login |
//! | token | a token for a known user | the same, and ring's Ed25519 signature |
//! | register | a new user | one statement that locks the pool's row and inserts the three records |
//! | register after a read | a new user | the same after a SELECT of the login |
//!
//! Each row is measured with 1, 8 and 32 callers. A caller is a thread that makes one call after
//! the other. The floor's callers have a connection of the crate `postgres` each, and prepared
//! statements; the engine has as many connections. Its registers are durable too. They
//! check by unique keys that the records are absent, and by a lock that their pool is there.
//!
//! The bench starts a PostgreSQL of Debian on loopback, with its defaults, and stops it at the end.
//! It has to run as root, because the server refuses to. The loops and `COGNATE_BENCH` are those of
//! `benches/operations`.
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]
#![expect(clippy::print_stdout, reason = "the bench prints its table")]

mod floor;
#[path = "../operations/measure.rs"]
#[expect(dead_code, reason = "the other benches have more kinds of rows")]
mod measure;
mod server;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cognate::name::IdentityPoolId;
use cognate::operation::{
    CreateIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput, GuestAccess,
};
use cognate::store::PostgresOptions;
use cognate::token::SigningAlgorithm;
use cognate::{Developer, Engine};

use floor::Floor;
use measure::{AtLeast, Bench, timed_with};
use server::Server;

const CALLERS: [usize; 3] = [1, 8, 32];

const READ_MIN: AtLeast = AtLeast(80);
const WRITE_MIN: AtLeast = AtLeast(60);

fn main() {
    let mut bench = Bench::new();
    let server = Server::start();
    let options = PostgresOptions::parse(&server.url()).expect("a URL");
    options.migrate().expect("migrates");
    for callers in CALLERS {
        let scene = Scene::new(&server, callers, bench.scale.identities);
        rows(&mut bench, &scene, callers);
    }
    bench.print();
}

fn rows(bench: &mut Bench, scene: &Scene, callers: usize) {
    let name = |of: &str| format!("{of}, {callers}");
    bench.row(
        &name("resolve"),
        READ_MIN,
        |times| scene.known(times, callers, |user| drop(scene.resolve(user))),
        |times| scene.known(times, callers, |user| scene.floor.get(user)),
    );
    bench.row(
        &name("token"),
        READ_MIN,
        |times| scene.known(times, callers, |user| scene.token(user)),
        |times| scene.known(times, callers, |user| scene.floor.get_and_sign(user)),
    );
    bench.row(
        &name("register"),
        WRITE_MIN,
        |times| scene.new_users(times, callers, |user| drop(scene.resolve(user))),
        |times| scene.new_users(times, callers, |user| scene.floor.put(user)),
    );
    bench.row(
        &name("register after a read"),
        WRITE_MIN,
        |times| scene.new_users(times, callers, |user| drop(scene.resolve(user))),
        |times| scene.new_users(times, callers, |user| scene.floor.get_and_put(user)),
    );
}

/// An engine and the floor, each with as many connections as callers.
struct Scene {
    aws: Developer,
    pool: IdentityPoolId,
    floor: Floor,
    identities: usize,
    next_user: AtomicUsize,
}

impl Scene {
    fn new(server: &Server, callers: usize, identities: usize) -> Self {
        let options = PostgresOptions::parse(&server.url()).expect("a URL");
        let store = options.connections(callers).open().expect("opens");
        let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
        let engine = engine.open_shared(store).expect("an engine");
        let account = "123456789012".parse().expect("an account");
        let aws = engine.developer(account, "us-east-1".parse().expect("a region"));
        let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied)
            .developer_provider_name("login.game");
        let pool = aws.create_identity_pool(input).expect("created").identity_pool_id;
        let floor = Floor::new(server, callers);
        let next_user = AtomicUsize::new(identities);
        let scene = Self { aws, pool, floor, identities, next_user };
        let users: Vec<usize> = (0..identities).collect();
        timed_with(users.clone(), 8.min(callers), |user| drop(scene.resolve(user)));
        scene.floor.fill(users);
        server.settle();
        scene.token(0);
        scene
    }

    fn call(&self, user: usize) -> GetOpenIdTokenForDeveloperIdentityInput {
        GetOpenIdTokenForDeveloperIdentityInput::new(&self.pool)
            .logins("login.game", floor::name(user).as_str())
    }

    fn resolve(&self, user: usize) -> String {
        let found = self.aws.resolve_developer_identity(self.call(user));
        found.expect("an identity").as_str().to_owned()
    }

    fn token(&self, user: usize) {
        let output = self.aws.get_open_id_token_for_developer_identity(self.call(user));
        output.expect("a token");
    }

    /// The time of calls for known users, shared among callers.
    fn known(&self, times: u64, callers: usize, call: impl Fn(usize) + Sync) -> Duration {
        // Far apart, so that neighbours do not share a page.
        let users = (0..times).map(|n| n.wrapping_mul(7_919) % self.identities as u64);
        let users = users.map(|user| usize::try_from(user).expect("fits")).collect();
        timed_with(users, callers, call)
    }

    /// The time of calls for new users, shared among callers.
    fn new_users(&self, times: u64, callers: usize, call: impl Fn(usize) + Sync) -> Duration {
        let times = usize::try_from(times).expect("fits");
        let first = self.next_user.fetch_add(times, Ordering::Relaxed);
        timed_with((first..first + times).collect(), callers, call)
    }
}
