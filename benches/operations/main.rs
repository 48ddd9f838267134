//! What the engine's operations cost, each beside its floor: what the same disk, the same database
//! or the same signature costs by itself, measured in the same run.
//!
//! | bench | figure | floor |
//! | --- | --- | --- |
//! | resolve | a known user's identity, without a token | `sled::Tree::get` of the same login |
//! | token, … | a token for a known user | ring's signature of a message of that length |
//! | register, … | a new user, durable on the disk | sled: the same records, flush, fdatasync |
//!
//! The floor's database holds the same number of records with keys and values of the same sizes.
//! Several writers cannot do better than to share every transaction, flush and fdatasync, and that
//! is their floor: one writer that commits as many users at a time.
//!
//! criterion's statistics come first. The table at the end comes from a loop of its own, which
//! takes turns between figure and floor, so that a busy moment of the machine meets both; each
//! value is the median of its turns.
//!
//! `COGNATE_BENCH_IDENTITIES` says how many identities there are, 100,000 if it is not set. With
//! `COGNATE_BENCH_SMOKE=1` everything runs, but too briefly for its numbers to mean something.
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]
#![expect(clippy::print_stdout, reason = "the table is what the bench is run for")]

mod floor;
mod measure;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use cognate::{
    CreateIdentityPoolInput, Developer, Durability, Engine,
    GetOpenIdTokenForDeveloperIdentityInput, GuestAccess, IdentityPoolId, SigningAlgorithm,
    SigningKey, SledOptions,
};

use floor::{Floor, LOGIN, RawKey, Records, Twin};
use measure::{Bench, timed, timed_with};

const PROVIDER: &str = "login.game";

/// Writers that register at the same time.
const WRITERS: usize = 8;

/// Known users that are asked for, over and over.
const ASKED_MAX: usize = 16_384;

fn main() {
    let mut bench = Bench::new();
    let identities = bench.identities();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk");
    let (path, floor_path) = (folder.path().join("engine"), folder.path().join("floor"));

    let pool = populate(&path, identities);
    let floor = Floor::open(&floor_path);
    let twin = Twin::new();
    (0..identities).for_each(|user| floor.load(&twin.records(user)));
    floor.sync();
    // No two users alike, in no order: the factor is a prime.
    let asked = (0..identities.min(ASKED_MAX)).map(|n| n * 7_368_787 % identities);
    let (inputs, logins): (Vec<_>, Vec<_>) = asked
        .map(|user| (login(&pool, user), twin.records(user).map(|(key, _)| key)[LOGIN].clone()))
        .unzip();

    for key in RawKey::all() {
        let engine = open(SledOptions::new(&path), &key);
        let aws = developer(&engine);
        if key.algorithm == SigningAlgorithm::Rs512 {
            bench.resolve(&aws, &inputs, &floor, &logins);
        }
        bench.token(&aws, &inputs, &key);
        if key.algorithm == SigningAlgorithm::EdDsa {
            let new_user = AtomicUsize::new(identities);
            let input = || login(&pool, new_user.fetch_add(1, Ordering::Relaxed));
            let new_record = AtomicUsize::new(identities);
            let records = || twin.records(new_record.fetch_add(1, Ordering::Relaxed));
            for writers in [1, WRITERS] {
                bench.register(writers, (&aws, &input), (&floor, &records));
            }
            assert!(engine.check().expect("a readable store").is_empty(), "the store is sound");
        }
    }
    bench.print();
}

impl Bench {
    fn resolve(
        &mut self,
        aws: &Developer,
        inputs: &[GetOpenIdTokenForDeveloperIdentityInput],
        floor: &Floor,
        logins: &[Vec<u8>],
    ) {
        let mut inputs = inputs.iter().cycle();
        let mut logins = logins.iter().cycle();
        self.row(
            ("resolve a known user", "µs per call"),
            |times| {
                timed(times, || {
                    let input = inputs.next().expect("there are users");
                    aws.resolve_developer_identity(input).expect("a known user")
                })
            },
            |times| {
                timed(times, || {
                    let key = logins.next().expect("there are users");
                    floor.trees[LOGIN].get(key).expect("a readable tree").expect("a known user")
                })
            },
        );
    }

    fn token(
        &mut self,
        aws: &Developer,
        inputs: &[GetOpenIdTokenForDeveloperIdentityInput],
        key: &RawKey,
    ) {
        let mut inputs = inputs.iter().cycle();
        let mut token = || {
            let input = inputs.next().expect("there are users").clone();
            aws.get_open_id_token_for_developer_identity(input).expect("a known user").token
        };
        let signed = token();
        let (message, _) = signed.as_str().rsplit_once('.').expect("three parts");
        self.row(
            (&format!("token, {}", key.algorithm.as_str()), "µs per call"),
            |times| timed(times, &mut token),
            |times| timed(times, || (key.sign)(message.as_bytes())),
        );
    }

    fn register(
        &mut self,
        writers: usize,
        (aws, input): (&Developer, &dyn Fn() -> GetOpenIdTokenForDeveloperIdentityInput),
        (floor, records): (&Floor, &dyn Fn() -> Records),
    ) {
        let name = match writers {
            1 => "register, 1 writer".to_owned(),
            several => format!("register, {several} writers"),
        };
        self.row(
            (&name, "µs per user"),
            |times| {
                timed_with((0..times).map(|_| input()).collect(), writers, |input| {
                    aws.resolve_developer_identity(&input).expect("a new user");
                })
            },
            |times| {
                let users: Vec<Records> = (0..times).map(|_| records()).collect();
                timed_with(users.chunks(writers).collect(), 1, |group| floor.write(group))
            },
        );
    }
}

/// The engine's database with that many identities in one pool; durable once it is filled.
fn populate(path: &Path, identities: usize) -> IdentityPoolId {
    let options = SledOptions::new(path).durability(Durability::Relaxed);
    let engine = Engine::builder().open_sled(options).expect("a new database");
    let aws = developer(&engine);
    let pool = create_pool(&aws);
    for user in 0..identities {
        aws.resolve_developer_identity(&login(&pool, user)).expect("a new user");
    }
    engine.sync().expect("a disk");
    pool
}

fn open(options: SledOptions, key: &RawKey) -> Engine {
    let key = SigningKey::from_pkcs8(key.algorithm, &key.der).expect("a key of the tests");
    Engine::builder().signing_key(key).open_sled(options).expect("the database")
}

fn developer(engine: &Engine) -> Developer {
    let (account, region) = ("123456789012".parse(), "us-east-1".parse());
    engine.developer(account.expect("an account"), region.expect("a region"))
}

fn create_pool(aws: &Developer) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("bench", GuestAccess::Denied)
        .and_then(|input| input.developer_provider_name(PROVIDER));
    aws.create_identity_pool(input.expect("an input")).expect("a pool").identity_pool_id
}

fn login(pool: &IdentityPoolId, user: usize) -> GetOpenIdTokenForDeveloperIdentityInput {
    GetOpenIdTokenForDeveloperIdentityInput::new(pool)
        .and_then(|input| input.login(PROVIDER, format!("user-{user:08}")))
        .expect("an input")
}
