//! The memory of a process that resolves known users with a cache of 64 MiB.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use cognate::name::IdentityPoolId;
use cognate::store::Durability;

use crate::floor::{Floor, RawKey, Twin};
use crate::measure::{AtLeast, Bench};
use crate::{Databases, developer, login};

const SIDE: &str = "COGNATE_BENCH_MEMORY_SIDE";
const FOLDER: &str = "COGNATE_BENCH_MEMORY_FOLDER";
const POOL: &str = "COGNATE_BENCH_MEMORY_POOL";
const IDENTITIES: &str = "COGNATE_BENCH_MEMORY_IDENTITIES";
const RESOLVED_MAX: usize = 300_000;

pub(crate) fn all(bench: &mut Bench, databases: &Databases) {
    if !bench.wants("memory") {
        return;
    }
    let twin = Twin::forgetful();
    let keys = databases.scattered(RESOLVED_MAX).flat_map(|user| twin.login_key(user));
    fs::write(databases.login_keys(), keys.collect::<Vec<u8>>()).expect("a disk");
    let measure = |side: &str| {
        let output = Command::new(env::current_exe().expect("this binary"))
            .env(SIDE, side)
            .env(FOLDER, databases.engine.parent().expect("a folder"))
            .env(POOL, databases.pool.as_str())
            .env(IDENTITIES, databases.identities.to_string())
            .output()
            .expect("runs");
        let kibibytes = String::from_utf8_lossy(&output.stdout).trim().parse::<u128>();
        kibibytes.expect("a number") * 100 / 1024
    };
    let turns: Vec<_> = (0..3).map(|_| ["engine", "floor"].map(measure)).collect();
    bench.measured("memory", "MiB", AtLeast(83), &turns);
}

impl Databases {
    /// The file with the keys for the floor, which has no engine to make them.
    fn login_keys(&self) -> PathBuf {
        self.floor.with_extension("login-keys")
    }
}

/// Whether this process is a measured child.
pub(crate) fn is_measured_here() -> bool {
    let Ok(side) = env::var(SIDE) else { return false };
    let variable = |name| env::var(name).expect("is set with the side");
    let identities: usize = variable(IDENTITIES).parse().expect("a number");
    let folder = variable(FOLDER);
    let pool: IdentityPoolId = variable(POOL).parse().expect("a pool");
    let [engine, floor] = ["engine", "floor"].map(|side| Path::new(&folder).join(side));
    let databases = Databases { engine, floor, pool, identities };
    let users = databases.scattered(RESOLVED_MAX);
    if side == "engine" {
        let [.., key] = RawKey::all();
        let engine = databases.open(Durability::PowerLoss, &key);
        let aws = developer(&engine);
        for user in users {
            let input = login(&databases.pool, user);
            black_box(aws.resolve_developer_identity(input).expect("a known user"));
        }
        println!("{}", resident());
    } else {
        let floor = Floor::open(&databases.floor);
        let keys = File::open(databases.login_keys()).expect("the keys");
        let length = usize::try_from(keys.metadata().expect("a file").len()).expect("fits");
        let (mut keys, mut key) = (BufReader::new(keys), vec![0; length / users.len()]);
        for _ in users {
            keys.read_exact(&mut key).expect("as many keys");
            black_box(floor.owner(&key));
        }
        println!("{}", resident());
    }
    true
}

/// In kibibytes; `None` if the system does not report it.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or_default()
}
