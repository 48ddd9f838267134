//! The cost of the engine's operations, each compared with its floor: the cost of the same disk
//! access, database access or signature alone, measured in the same run.
//!
//! | bench | figure | floor |
//! | --- | --- | --- |
//! | resolve | the identity of a known user, without a token | `sled::Tree::get` of the same login |
//! | resolve, 2 threads | the same by two threads, for each call | by one |
//! | resolve p…, 8 writers | the same while 8 threads register users | the same with sled only |
//! | token, … | a token for a known user | ring's signature of the same bytes |
//! | token by wire | the same through the wire door | through the typed door |
//! | token by HTTP, … | the same over 64 connections to `cognate serve` | to a server that only signs |
//! | verify, … | the claims of a verified token | ring's verification of it |
//! | durable register, … | new users, each on the disk | sled: the same records in a group commit |
//! | relaxed … | a new user, a link, a merge, an unlink | sled: the same, in a transaction |
//! | list | a page of 60 identities | sled: a scan of 60 |
//! | lookup | the 20 users of an identity | sled: gets of the same two records |
//! | disk | bytes for each identity with one user | sled: the same records |
//! | open | opening a closed database | sled: the same records |
//! | open after a kill | the same without a clean close | sled: opening, and reading every record |
//! | memory | a process that resolves known users | a process that gets them from sled |
//! | journal, … | a write with the journal, and the bytes that an identity takes | the engine without it |
//! | export | a line of a file from a large database | sled's records, and the same lines |
//! | import | a line of a file into an empty database | the same lines, and sled's records |
//! | export, memory; import, memory | what they take besides the store, at the peak | the limit |
//! | resolve, 10M | resolve with so many users, from `growth` | `sled::Tree::get` |
//!
//! The floor's database holds the same number of records with keys and values of the same sizes. It
//! is filled in the same way: the records of 64 identities in each transaction.
//!
//! The floor of several writers is as many writers with a minimal group commit: one of them at a
//! time writes for all that wait, in one transaction with one flush and one fdatasync. The floor of
//! a relaxed writer writes 64 batches in each transaction, as the engine does. Relaxed rows include
//! the sync that ends a turn, on both sides, so all of their data is on the disk.
//!
//! Inputs are prepared before the measurement, and the writes of one side are on the disk before
//! the other side begins. Neither is measured.
//!
//! criterion's statistics come first. The table at the end comes from a separate loop, which
//! alternates between figure and floor, so that a busy moment of the machine affects both. Each
//! value, including the ratio, is the median of its turns. The ratio is the floor divided by the
//! figure: the share of the floor's speed, or how much larger the floor is. Higher is better.
//!
//! An argument selects the rows whose names contain it, as in `cargo bench --manifest-path
//! benches/Cargo.toml -- resolve`; `growth` selects the rows `resolve, 100k` and above.
//! `COGNATE_BENCH` selects the amount of work, and `COGNATE_BENCH_IDENTITIES` overrides its number
//! of identities.
//!
//! | `COGNATE_BENCH` | identities | growth, up to | |
//! | --- | --- | --- | --- |
//! | `smoke` | 2,000 | 2,000 | everything runs, but too briefly for meaningful numbers |
//! | `short` | 100,000 | 30,000 | minutes; the default |
//! | `long` | 1,000,000 | 10,000,000 | longer turns; 36 GB of disk |
//!
//! `growth` fills both databases in step. On the way it measures p50 and p99 of single calls, and
//! the bytes of an identity.
//!
//! The target folder then has the table as `cognate-bench.tsv`, that of growth as
//! `cognate-growth.tsv`, its plots as `cognate-growth-*.svg`, and criterion's plots in
//! `criterion/`.
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]
#![expect(clippy::print_stdout, reason = "the bench prints its table")]

mod disk;
mod exchange;
mod floor;
mod growth;
mod http;
mod journal;
mod killed;
mod measure;
mod memory;
mod pages;
mod resolve;
mod tail;
mod tokens;
mod writes;

use std::path::{Path, PathBuf};

use cognate::name::IdentityPoolId;
use cognate::operation::{
    CreateIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput, GuestAccess,
};
use cognate::store::{Durability, SledOptions};
use cognate::token::SigningKey;
use cognate::{Developer, Engine};

use floor::{AT_ONCE, Floor, RawKey, Twin};
use measure::Bench;
use writes::Measured;

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
const PROVIDER: &str = "login.game";

/// The number of known users that are resolved again and again.
const ASKED_MAX: usize = 16_384;

fn main() {
    if memory::is_measured_here() || exchange::is_measured_here() {
        return;
    }
    let mut bench = Bench::new();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk");
    exchange::all(&mut bench, &folder.path().join("exchange"));
    http::request_log(&mut bench);
    let databases = Databases::fill(folder.path(), bench.scale.identities);
    // Measured while both hold the same records.
    disk::bytes(&mut bench, &databases);
    disk::open(&mut bench, &databases);
    killed::open(&mut bench, &databases);
    memory::all(&mut bench, &databases);
    {
        let floor = Floor::open(&databases.floor);
        let users = databases.asked(Twin::forgetful());
        for key in RawKey::all() {
            http::all(&mut bench, &databases, &users, &key);
            let engine = databases.open(Durability::PowerLoss, &key);
            let aws = developer(&engine);
            tokens::all(&mut bench, (&engine, &databases.pool), &users, &key);
            if key.is_the_fastest() {
                resolve::all(&mut bench, &aws, &users, &floor);
                pages::all(&mut bench, &aws, &databases.pool, &floor);
                let (owned, floor) = ((&aws, &databases.pool), &floor);
                tail::all(&mut bench, &databases, &aws, &users, floor);
                writes::durable(&mut bench, &Measured { engine: &engine, owned, floor });
                drop((engine, aws));
                let engine = databases.open(Durability::Relaxed, &key);
                let owned = (&developer(&engine), &databases.pool);
                writes::relaxed(&mut bench, &Measured { engine: &engine, owned, floor });
                assert!(engine.check().expect("a readable store").is_empty(), "it is sound");
            }
        }
    }
    journal::all(&mut bench, folder.path());
    growth::all(&mut bench, &folder.path().join("growth"));
    bench.print();
}

/// The engine's database with one pool of identities, and sled's with the same records.
struct Databases {
    engine: PathBuf,
    floor: PathBuf,
    pool: IdentityPoolId,
    identities: usize,
}

/// Known users in random order.
struct Users {
    numbers: Vec<usize>,
    inputs: Vec<GetOpenIdTokenForDeveloperIdentityInput>,
    /// The keys of their logins in the floor's database.
    login_keys: Vec<Vec<u8>>,
}

impl Databases {
    fn fill(folder: &Path, identities: usize) -> Self {
        let (path, floor_path) = (folder.join("engine"), folder.join("floor"));
        let options = SledOptions::new(&path).durability(Durability::Relaxed);
        let engine = Engine::builder().open_sled(options).expect("a new database");
        let aws = developer(&engine);
        let pool = create_pool(&aws);
        for user in 0..identities {
            aws.resolve_developer_identity(login(&pool, user)).expect("a new user");
        }
        let (floor, twin) = (Floor::open(&floor_path), Twin::forgetful());
        for users in (0..identities).collect::<Vec<_>>().chunks(AT_ONCE) {
            let batches: Vec<_> = users.iter().map(|user| twin.register(*user)).collect();
            floor.apply(&batches);
        }
        Self { engine: path, floor: floor_path, pool, identities }
    }

    fn open(&self, durability: Durability, key: &RawKey) -> Engine {
        let key = SigningKey::from_pkcs8(key.algorithm, &key.der).expect("a key of the tests");
        let options = SledOptions::new(&self.engine).durability(durability);
        Engine::builder().signing_key(key).open_sled(options).expect("the database")
    }

    fn asked(&self, twin: Twin) -> Users {
        let numbers: Vec<usize> = self.scattered(ASKED_MAX).collect();
        let inputs = numbers.iter().map(|user| login(&self.pool, *user)).collect();
        let login_keys = numbers.iter().map(|user| twin.login_key(*user)).collect();
        Users { numbers, inputs, login_keys }
    }

    /// At most this many different known users. The factor is a prime.
    fn scattered(&self, most: usize) -> impl ExactSizeIterator<Item = usize> {
        let identities = self.identities;
        (0..identities.min(most)).map(move |n| n * 7_368_787 % identities)
    }
}

fn developer(engine: &Engine) -> Developer {
    engine.developer(ACCOUNT.parse().expect("an account"), REGION.parse().expect("a region"))
}

fn create_pool(aws: &Developer) -> IdentityPoolId {
    let input = CreateIdentityPoolInput::new("bench", GuestAccess::Denied)
        .developer_provider_name(PROVIDER);
    aws.create_identity_pool(input).expect("a pool").identity_pool_id
}

fn login(pool: &IdentityPoolId, user: usize) -> GetOpenIdTokenForDeveloperIdentityInput {
    named(pool, &name(user))
}

fn named(pool: &IdentityPoolId, user: &str) -> GetOpenIdTokenForDeveloperIdentityInput {
    GetOpenIdTokenForDeveloperIdentityInput::new(pool).logins(PROVIDER, user)
}

fn name(user: usize) -> String {
    format!("user-{user:08}")
}
