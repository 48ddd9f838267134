//! A full disk: this binary runs itself as a process with a limit on file sizes, and writes until
//! that fails. Afterwards every answered operation is there, and every other one happened
//! completely or not at all.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use cognate::name::IdentityPoolId;
use cognate::operation::{
    CreateIdentityPoolInput, GetOpenIdTokenForDeveloperIdentityInput, GuestAccess,
    ListIdentitiesInput, ListIdentityPoolsInput, MergeDeveloperIdentitiesInput,
};
use cognate::store::{Durability, SledOptions};
use cognate::token::SigningAlgorithm;
use cognate::{Developer, Engine, ErrorKind, Journal};

use crate::effort;

const FOLDER: &str = "COGNATE_TEST_FULL_FOLDER";
const DURABILITY: &str = "COGNATE_TEST_FULL_DURABILITY";
const JOURNAL: &str = "COGNATE_TEST_FULL_JOURNAL";
const WRITERS: usize = 3;

fn open(folder: &Path, durability: Durability, has_journal: bool) -> cognate::Result<Engine> {
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    let builder = if has_journal { builder.journal(Journal::keep(90)) } else { builder };
    builder.open_sled(SledOptions::new(folder).durability(durability).cache_bytes(1 << 20))
}

fn developer(engine: &Engine) -> Developer {
    engine.developer("123456789012".parse().unwrap(), "us-east-1".parse().unwrap())
}

fn pool(aws: &Developer) -> Option<IdentityPoolId> {
    let pools = aws.list_identity_pools(ListIdentityPoolsInput::new(1)).expect("lists");
    pools.identity_pools.into_iter().next().map(|pool| pool.identity_pool_id)
}

/// Long names fill a disk quickly.
fn name(user: &str) -> String {
    format!("{user:x<900}")
}

fn call(pool: &IdentityPoolId, user: &str) -> GetOpenIdTokenForDeveloperIdentityInput {
    let input = GetOpenIdTokenForDeveloperIdentityInput::new(pool);
    input.logins("login.game", name(user))
}

fn say(line: &str) {
    std::io::stdout().lock().write_all(format!("\n{line}\n").as_bytes()).expect("a parent");
}

/// Registers pairs of users, merges them, and reports each success as `ack USER IDENTITY`.
#[test]
fn writes_until_the_disk_is_full() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let relaxed = std::env::var(DURABILITY).is_ok_and(|durability| durability == "process");
    let durability = if relaxed { Durability::ProcessKill } else { Durability::PowerLoss };
    let has_journal = std::env::var(JOURNAL).is_ok_and(|journal| journal == "true");
    let engine = open(Path::new(&folder), durability, has_journal).expect("opens");
    let aws = developer(&engine);
    let pool = pool(&aws).expect("a pool");
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (aws, pool) = (&aws, &pool);
            scope.spawn(move || {
                let failed = (0..).find_map(|n| {
                    let (a, b) = (format!("{writer}.{n}.a"), format!("{writer}.{n}.b"));
                    let register = |user: &str| {
                        let identity = aws.resolve_developer_identity(call(pool, user))?;
                        say(&format!("ack {user} {identity}"));
                        Ok(())
                    };
                    let (to, from) = (name(&a), name(&b));
                    let merge = MergeDeveloperIdentitiesInput::new(pool, "login.game", from, to);
                    let merged = register(&a).and_then(|()| register(&b)).and_then(|()| {
                        let merged = aws.merge_developer_identities(merge)?;
                        say(&format!("ack {b} {}", merged.identity_id));
                        Ok::<_, cognate::Error>(())
                    });
                    merged.err()
                });
                assert_eq!(failed.expect("an end").kind(), ErrorKind::InternalError);
                say("full");
            });
        }
    });
    // Known data can still be read, and an operation that cannot be stored is not answered.
    let later = aws.resolve_developer_identity(call(&pool, "later"));
    let stopped = later.is_err() && engine.health().is_err();
    say(if stopped { "stopped" } else { "went on" });
}

fn fill(folder: &Path, blocks: u32, durability: &str, has_journal: bool) -> Vec<String> {
    let writer = Command::new("sh")
        .args(["-c", r#"trap "" XFSZ; ulimit -f "$1"; shift; exec "$@""#, "sh"])
        .arg(blocks.to_string())
        .arg(std::env::current_exe().expect("this binary"))
        .args(["--exact", "full_disk::writes_until_the_disk_is_full", "--nocapture"])
        .env(FOLDER, folder)
        .env(DURABILITY, durability)
        .env(JOURNAL, has_journal.to_string())
        .stderr(Stdio::null())
        .output()
        .expect("runs");
    String::from_utf8_lossy(&writer.stdout).lines().map(str::to_owned).collect()
}

/// Runs with files of at most this many blocks of 512 or 1,024 bytes.
fn check_answered_operations(blocks: u32, durability: &str, has_journal: bool) {
    let about = format!("{blocks} blocks, durable against {durability}, journal: {has_journal}");
    let folder = tempfile::tempdir().expect("a folder");
    let open = || open(folder.path(), Durability::PowerLoss, has_journal);
    let engine = open().expect("opens");
    let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
    let input = input.developer_provider_name("login.game");
    let pool = developer(&engine).create_identity_pool(input).expect("creates").identity_pool_id;
    drop(engine);

    let said = fill(folder.path(), blocks, durability, has_journal);
    let count = |what: &str| said.iter().filter(|line| *line == what).count();
    assert_eq!((count("full"), count("stopped")), (WRITERS, 1), "{about}: {said:?}");
    let answers = said.iter().filter_map(|line| line.strip_prefix("ack ")?.split_once(' '));
    let answers: BTreeMap<&str, &str> = answers.collect();
    assert!(!answers.is_empty(), "{about}");

    let engine = open().expect("opens again");
    assert_eq!(engine.check().expect("readable"), [], "{about}");
    let aws = developer(&engine);
    for (user, identity) in &answers {
        let found = aws.resolve_developer_identity(call(&pool, user)).expect("is known");
        // A merge that failed may have happened.
        let merged_into = answers.get(user.replace(".b", ".a").as_str());
        let is_right = found.as_str() == *identity || merged_into == Some(&found.as_str());
        assert!(is_right, "{about}: {user} was {identity}, and is {found}");
    }
    let listed = aws.list_identities(ListIdentitiesInput::new(&pool, 60));
    assert!(!listed.expect("lists").identities.is_empty());
    aws.resolve_developer_identity(call(&pool, "later")).expect("there is room again");
    assert_eq!(engine.check().expect("readable"), [], "{about}");
}

#[test]
fn operations_answered_before_the_disk_was_full_are_there() {
    for round in 0..2 * effort() {
        for durability in ["power loss", "process"] {
            check_answered_operations(2_048 + 777 * (round % 40), durability, round % 2 == 1);
        }
    }
}
