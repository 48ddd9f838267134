//! The program `cognate` over a PostgreSQL server: `serve --store`, `migrate` and `copy`.

use std::env::temp_dir;
use std::fs;
use std::process;
use std::thread;
use std::time::Duration;

use crate::rig::{Program, Server, Version, cognate};
use crate::store::{migrated, within};

/// A password, which nothing may print. The server does not ask for it.
const CANARY: &str = "hush-hush";

fn url(server: &Server, database: &str) -> String {
    format!("postgres://postgres:{CANARY}@127.0.0.1:{}/{database}", server.port())
}

fn create_pool(program: &Program) -> String {
    let body = r#"{"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": true,
        "DeveloperProviderName": "login.game"}"#;
    let (status, answer) = program.call("CreateIdentityPool", body);
    assert_eq!(status, 200, "{answer}");
    text(&answer, "IdentityPoolId")
}

fn register(program: &Program, pool: &str, user: &str) -> (u16, String) {
    let body = format!(r#"{{"IdentityPoolId": "{pool}", "Logins": {{"login.game": "{user}"}}}}"#);
    program.call("GetOpenIdTokenForDeveloperIdentity", &body)
}

fn identity(program: &Program, pool: &str, user: &str) -> String {
    let (status, answer) = register(program, pool, user);
    assert_eq!(status, 200, "{answer}");
    text(&answer, "IdentityId")
}

/// A text member of an answer, which needs no escapes.
fn text(answer: &str, member: &str) -> String {
    let (_, rest) = answer.split_once(&format!("\"{member}\":\"")).expect("a member");
    rest.split('"').next().expect("a text").to_owned()
}

#[test]
fn servers_share_a_database() {
    let server = Server::shared(Version::Fifteen);
    let url = url(server, &server.new_database());
    assert_eq!(cognate(&["migrate", "--store", &url]), "level before: none\nlevel after: 2\n");
    assert_eq!(cognate(&["migrate", "--store", &url]), "level before: 2\nlevel after: 2\n");
    let options = ["--store-connections", "2", "--log", "debug"];
    let [first, second] = [(); 2].map(|()| Program::serve(&url, &options));
    let pool = create_pool(&first);
    let alice = identity(&second, &pool, "alice");
    assert_eq!(identity(&first, &pool, "alice"), alice);
    assert_eq!(first.get("/.well-known/jwks.json"), second.get("/.well-known/jwks.json"));
    assert_eq!(first.get("/health/ready"), (200, r#"{"status":"ready"}"#.to_owned()));
    let (status, _) =
        second.call("DeleteIdentityPool", &format!(r#"{{"IdentityPoolId": "{pool}"}}"#));
    assert_eq!(status, 200);
    assert_eq!(register(&first, &pool, "alice").0, 400, "the pool is gone");
    for program in [first, second] {
        let log = program.stop();
        let line = log.lines().find(|line| line.contains(" store reads=")).expect("statistics");
        for field in ["commits=", "deadlock_retries=", "unknown=", "waited_ms="] {
            assert!(line.contains(field), "{line}");
        }
        assert!(!log.contains(CANARY), "{log}");
    }
}

/// Unlike a server with a database of its own.
#[test]
fn a_server_outlives_a_store_that_fails() {
    /// More than the timeout of a request, and less than that of a store by default.
    const SOON: Duration = Duration::from_secs(6);

    let mut server = Server::start(Version::Fifteen, &[]);
    let url = url(&server, &migrated(&server));
    let program = Program::serve(&url, &["--request-timeout", "3"]);
    let pool = create_pool(&program);
    let alice = identity(&program, &pool, "alice");
    let is_ready = || program.get("/health/ready").0 == 200;
    let fails = || {
        let (status, reason) = within(SOON, || program.get("/health/ready"));
        assert_eq!(status, 503);
        assert!(reason.starts_with(r#"{"status":"unready","reason":"the store "#), "{reason}");
        let (status, answer) = within(SOON, || register(&program, &pool, "alice"));
        assert_eq!(status, 503);
        assert!(answer.contains("ServiceUnavailable"), "{answer}");
        assert_eq!(program.get("/health/live").0, 200);
    };
    server.freeze();
    fails();
    server.thaw();
    until(is_ready);
    assert_eq!(identity(&program, &pool, "alice"), alice);
    server.crash();
    fails();
    server.resume();
    until(is_ready);
    assert_eq!(identity(&program, &pool, "alice"), alice);
    server.crash();
    let log = program.stop();
    assert!(log.contains("WARN not ready: ") && log.contains("INFO ready again"), "{log}");
    assert!(!log.contains(CANARY), "{log}");
}

fn until(is_met: impl Fn() -> bool) {
    let mut waits = 0..300;
    while !is_met() {
        assert!(waits.next().is_some(), "it never comes");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_database_moves_to_a_server_and_back() {
    let server = Server::shared(Version::Eighteen);
    let [first, second] = [(); 2].map(|()| url(server, &migrated(server)));
    let program = Program::serve(&first, &[]);
    let pool = create_pool(&program);
    let alice = identity(&program, &pool, "alice");
    program.stop();
    let folder = temp_dir().join(format!("cognate-copy-{}", process::id()));
    let path = folder.to_str().expect("text");
    let report = cognate(&["copy", "--from", &first, "--to", path]);
    assert!(report.starts_with("entries: ") && report.contains("\nSHA-256 digest: "), "{report}");
    assert_eq!(cognate(&["copy", "--from", path, "--to", &second]), report);
    let program = Program::serve(&second, &[]);
    assert_eq!(identity(&program, &pool, "alice"), alice);
    fs::remove_dir_all(folder).expect("a folder");
}
