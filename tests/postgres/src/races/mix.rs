//! A mix of all operations on two engines: a serial order explains all answers.

use cognate::testkit::{
    self, Account, Caller, DeveloperProvider, Model, Operation, Pool, Provider, Run, Settings,
    TestClock, TypedDoor,
};
use cognate::token::SigningAlgorithm;
use cognate::{Builder, Engine};

use crate::rig::{Bouncer, Server, Version};
use crate::store::{migrate, open};

const ROUNDS: u64 = 60;
const PREPARED: usize = 10;
const LANES: usize = 4;
const LANE_LENGTH: usize = 5;

/// Numbers that follow from a seed (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn operation(&mut self) -> Operation {
        let bytes: Vec<u8> = (0..4).flat_map(|_| self.next().to_le_bytes()).collect();
        testkit::operation(&bytes)
    }

    /// An operation that is no listing. Listings need not show a single moment during writes.
    fn raced(&mut self) -> Operation {
        loop {
            let operation = self.operation();
            let is_listing = matches!(
                operation,
                Operation::ListIdentities { .. } | Operation::ListIdentityPools { .. }
            );
            if !is_listing {
                return operation;
            }
        }
    }
}

/// A pool that accepts all logins.
fn pool() -> Operation {
    let settings = Settings {
        name: 0,
        guests: true,
        classic_flow: Some(true),
        developer: Some(DeveloperProvider::Game),
        providers: Provider::ALL.to_vec(),
        tags: None,
    };
    Operation::CreateIdentityPool { caller: Caller::Account(Account::FIRST), settings }
}

/// The spare pool is the only one that the testkit deletes. Here it is the first one.
fn in_the_pool(mut operation: Operation) -> Operation {
    if let Operation::DeleteIdentityPool { pool, .. } = &mut operation {
        *pool = Pool(0);
    }
    operation
}

fn builder(clock: &TestClock) -> Builder {
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    builder.login_verifier(testkit::login_verifier()).clock(clock.clone())
}

fn explains(url: &str) {
    migrate(url);
    let clock = TestClock::default();
    let engines = [open(url), open(url)].map(|store| builder(&clock).open_shared(store));
    let engines = engines.map(|engine| engine.expect("an engine"));
    let doors =
        engines.each_ref().map(|engine| TypedDoor::new(engine.clone()).clock(clock.clone()));
    for seed in 0..ROUNDS {
        let mut numbers = Numbers(seed);
        let mut run = Run::with_accounts(Model::new(), 100_000_000_000 + seed * 16);
        let filling: Vec<_> = (0..PREPARED).map(|_| numbers.operation()).collect();
        for operation in [pool()].iter().chain(&filling) {
            run.perform(&doors[0], operation)
                .unwrap_or_else(|error| panic!("seed {seed}\n{error}"));
        }
        let mut lane = |number: usize| {
            let operations = (0..LANE_LENGTH).map(|_| in_the_pool(numbers.raced()));
            (&doors[number % 2], operations.collect::<Vec<_>>())
        };
        let lanes: Vec<_> = (0..LANES).map(&mut lane).collect();
        if let Err(unexplained) = run.race(&lanes).explain() {
            panic!("seed {seed}\n{unexplained}");
        }
    }
    assert_eq!(engines[0].check().expect("readable"), []);
}

#[test]
fn postgresql_15() {
    let server = Server::shared(Version::Fifteen);
    explains(&server.url(&server.new_database()));
}

#[test]
fn pgbouncer_in_transaction_mode() {
    let server = Server::shared(Version::Fifteen);
    explains(&Bouncer::start(server).url(&server.new_database()));
}
