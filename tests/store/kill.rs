//! Killed writers: the test binary runs itself and is killed while it writes. Every answered change
//! survives.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cognate::operation::{
    CreateIdentityPoolInput, DeleteIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput,
    GuestAccess, ListIdentityPoolsInput, MergeDeveloperIdentitiesInput,
};
use cognate::store::{Durability, SledOptions};
use cognate::token::SigningAlgorithm;
use cognate::{Engine, Journal};

use crate::effort;

const WRITERS: usize = 4;
const FOLDER: &str = "COGNATE_KILLED_WRITER_FOLDER";
const ROUND: &str = "COGNATE_KILLED_WRITER_ROUND";

/// An engine that keeps a journal in every other round.
fn open(path: &Path, round: u64) -> Engine {
    let options = SledOptions::new(path).durability(Durability::ProcessKill);
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    let builder = if round % 2 == 1 { builder.journal(Journal::keep(90)) } else { builder };
    builder.open_sled(options).expect("opens")
}

fn developer(engine: &Engine) -> cognate::Developer {
    engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap())
}

fn pool(engine: &Engine) -> cognate::name::IdentityPoolId {
    let aws = developer(engine);
    let first = aws.list_identity_pools(ListIdentityPoolsInput::new(1)).expect("lists");
    if let Some(pool) = first.identity_pools.first() {
        return pool.identity_pool_id.clone();
    }
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let input = input.developer_provider_name("login.game");
    aws.create_identity_pool(input).expect("creates").identity_pool_id
}

fn call(
    pool: &cognate::name::IdentityPoolId,
    user: &str,
) -> GetOpenIdTokenForDeveloperIdentityInput {
    let input = GetOpenIdTokenForDeveloperIdentityInput::new(pool);
    input.logins("login.game", user)
}

/// Registers pairs of users and merges them. Prints `USER IDENTITY` once each is done.
#[test]
fn writes_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let round: u64 = std::env::var(ROUND).expect("a round").parse().expect("a number");
    let engine = open(Path::new(&folder), round);
    let pool = pool(&engine);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (engine, pool, round) = (&engine, &pool, &round);
            scope.spawn(move || {
                let aws = developer(engine);
                let say = |line: String| {
                    let mut out = std::io::stdout().lock();
                    out.write_all(format!("\n{line}\n").as_bytes()).expect("a parent");
                };
                for n in 0.. {
                    let (a, b) =
                        (format!("{round}.{writer}.{n}a"), format!("{round}.{writer}.{n}b"));
                    let first = aws.resolve_developer_identity(call(pool, &a)).expect("registers");
                    say(format!("ack {a} {first}"));
                    aws.resolve_developer_identity(call(pool, &b)).expect("registers");
                    let merge = MergeDeveloperIdentitiesInput::new(
                        pool,
                        "login.game",
                        b.as_str(),
                        a.as_str(),
                    );
                    let merged = aws.merge_developer_identities(merge).expect("merges");
                    say(format!("ack {b} {}", merged.identity_id));
                    if n % 16 == 0 {
                        let input = CreateIdentityPoolInput::new("passing", GuestAccess::Denied);
                        let input = input.developer_provider_name("login.game");
                        let passing =
                            aws.create_identity_pool(input).expect("creates").identity_pool_id;
                        for user in 0..8 {
                            let call = call(&passing, &user.to_string());
                            aws.resolve_developer_identity(call).expect("registers");
                        }
                        let delete = DeleteIdentityPoolInput::new(&passing);
                        aws.delete_identity_pool(delete).expect("deletes");
                    }
                }
            });
        }
    });
}

/// The state of one database.
const KILLS: u64 = 8;

#[test]
fn every_answered_change_survives_a_kill() {
    (0..effort()).for_each(|_| kill_in_rounds());
}

fn kill_in_rounds() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut acknowledged: BTreeMap<String, String> = BTreeMap::new();
    for round in 0..KILLS {
        let mut writer = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "kill::writes_until_it_is_killed", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("runs");
        let lines = BufReader::new(writer.stdout.take().expect("a pipe")).lines();
        let answers = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&answers);
        let reader = std::thread::spawn(move || {
            let complete = lines.map_while(Result::ok).filter_map(|line| {
                let (user, identity) = line.strip_prefix("ack ")?.split_once(' ')?;
                // The pipe may end within a line.
                (identity.len() == 46).then(|| (user.to_owned(), identity.to_owned()))
            });
            let noted = complete.inspect(|_| {
                counter.fetch_add(1, Ordering::SeqCst);
            });
            noted.collect::<Vec<_>>()
        });
        // The first kill comes while the process opens the database.
        std::thread::sleep(Duration::from_millis(20 + 90 * round));
        // Later kills come during its work, even if it starts slowly.
        while round > 3 && answers.load(Ordering::SeqCst) < 20 && !reader.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
        }
        writer.kill().expect("kills");
        writer.wait().expect("ends");
        acknowledged.extend(reader.join().expect("reads"));

        let engine = open(folder.path(), round);
        assert_eq!(engine.check().expect("reads"), [], "round {round}");
        let (aws, pool) = (developer(&engine), pool(&engine));
        for (user, identity) in &acknowledged {
            let found = aws.resolve_developer_identity(call(&pool, user)).expect("known");
            assert_eq!(found.as_str(), identity, "{user} in round {round}");
        }
        let pools = aws.list_identity_pools(ListIdentityPoolsInput::new(60));
        for pool in &pools.expect("lists").identity_pools[1..] {
            let delete = DeleteIdentityPoolInput::new(&pool.identity_pool_id);
            aws.delete_identity_pool(delete).expect("deletes what a kill left");
        }
    }
    assert!(acknowledged.len() > 50, "only {} answers in all rounds", acknowledged.len());
}
