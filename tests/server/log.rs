//! The log: its levels, its secrets, and backpressure.

use std::io::Write;
use std::thread;
use std::time::Duration;

use serde_json::json;
use tempfile::tempdir;

use crate::program::{Answer, SIGNATURE, Server, now};
use crate::{GAME, USER, create_pool, log_in};

#[test]
fn the_log_names_requests_and_holds_no_secret() {
    for level in ["info", "debug"] {
        the_log_holds_no_secret(level);
    }
}

fn the_log_holds_no_secret(level: &str) {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--log", level]);
    let pool = create_pool(&server);
    let answer = log_in(&server, &pool);
    let token = answer.text("Token");
    let refused = server.call("DescribeIdentityPool", &json!({"IdentityPoolId": "a\n\u{1b}[0m:b"}));
    // Tokens in wrong places that a refusal could quote.
    let logins = json!({"IdentityPoolId": pool, "Logins": {GAME: "", "a b": token}});
    server.call("GetOpenIdTokenForDeveloperIdentity", &logins);
    let log = server.stop();

    let id = answer.header("x-amzn-requestid").expect("an id");
    let line = log.lines().find(|line| line.contains(id)).expect("a line");
    assert!(line.contains("operation=GetOpenIdTokenForDeveloperIdentity status=200"), "{line}");
    assert!(line.contains("duration_us="), "{line}");
    let id = refused.header("x-amzn-requestid").expect("an id");
    let line = log.lines().find(|line| line.contains(id)).expect("a line");
    assert!(line.contains("status=400 fault=ValidationException reason=\"1 validation"), "{line}");
    assert!(line.contains(r"a\n\u{1b}[0m:b"), "{line}");

    let parts = token.split('.').map(str::to_owned);
    for secret in parts.chain([SIGNATURE.to_owned(), "AWS4-HMAC".to_owned(), USER.to_owned()]) {
        assert!(!log.contains(&secret), "`{secret}` is in the log:\n{log}");
    }
}

#[test]
fn each_level_logs_more_than_the_previous_one() {
    let folder = tempdir().expect("a folder");
    let logged = |level: &str| {
        let server = Server::start(folder.path(), &["--trust-unverified-logins", "--log", level]);
        create_pool(&server);
        let mut stream = server.connect();
        let peer = stream.local_addr().expect("an address").to_string();
        let request =
            "GET /nothing?secret=3 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("sent");
        assert_eq!(Answer::read(&mut stream).status, 404);
        (server.stop(), peer)
    };
    assert_eq!(logged("off").0, "");
    assert_eq!(logged("error").0, "", "nothing has failed");
    let (log, peer) = logged("info");
    assert!(log.contains("WARN") && log.contains("operation=CreateIdentityPool"), "{log}");
    assert!(!log.contains("DEBUG") && !log.contains(&peer), "{log}");
    let (log, peer) = logged("debug");
    assert!(log.contains("operation=CreateIdentityPool"), "{log}");
    let details = log.lines().find(|line| line.contains("GET /nothing")).expect("details");
    assert!(details.contains("DEBUG") && details.contains(&format!("peer={peer}")), "{details}");
    assert!(details.contains("request_bytes=0 response_bytes="), "{details}");
    for event in ["connection opened", "connection closed"] {
        let is_event = |line: &&str| line.contains(event) && line.contains(&peer);
        assert!(log.lines().any(|line| is_event(&line)), "{log}");
    }
    assert!(!log.contains("secret=3"), "{log}");
}

/// More than the log and a pipe can buffer.
const REQUESTS: usize = 6_000;

/// Sends requests whose log lines nobody reads, and checks that all are answered.
fn fill_log(server: &Server) {
    let mut sender = server.connect();
    let mut receiver = sender.try_clone().expect("a handle");
    let sending = thread::spawn(move || {
        let request = b"GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n";
        for _ in 0..REQUESTS {
            sender.write_all(request).expect("sent");
        }
    });
    for number in 0..REQUESTS {
        assert_eq!(Answer::read_one(&mut receiver).status, 404, "request {number}");
    }
    sending.join().expect("no panic");
}

#[test]
fn an_unread_log_stops_nothing() {
    let folder = tempdir().expect("a folder");
    let server = Server::start_unread(":", folder.path(), &[]);
    fill_log(&server);
    let pool = create_pool(&server);
    log_in(&server, &pool).text("Token");
    let told = now();
    server.terminate();
    let (status, _, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(told.elapsed() < Duration::from_secs(10), "it took {:?}", told.elapsed());
}

#[test]
fn an_unread_log_does_not_delay_a_second_signal() {
    let folder = tempdir().expect("a folder");
    let server = Server::start_unread(":", folder.path(), &[]);
    fill_log(&server);
    // Half a request keeps the process running for a moment.
    let mut half = server.connect();
    half.write_all(b"GET / HTTP/1.1\r\n").expect("sent");
    server.get("/.well-known/jwks_uri");
    for signal in ["STOP", "TERM", "INT", "CONT"] {
        server.signal(signal);
    }
    let (status, _, log) = server.wait();
    assert_eq!(status.code(), Some(1), "{log}");
}

#[test]
fn lost_log_lines_are_counted() {
    let folder = tempdir().expect("a folder");
    let mut server = Server::start_unread(":", folder.path(), &[]);
    fill_log(&server);
    server.read_log();
    let log = server.stop();
    let lost = log.lines().filter_map(|line| line.split_once(" WARN ")?.1.split_once(' '));
    let reason = "log lines were lost because they could not be written in time";
    let lost: usize = lost
        .filter(|(_, rest)| *rest == reason)
        .map(|(count, _)| count.parse::<usize>().expect("a number"))
        .sum();
    let is_expected = |line: &&str| line.contains("status=404") || line.ends_with(" stopping");
    let written = log.lines().filter(is_expected).count();
    assert!(lost > 0, "no line was lost: send more requests");
    assert_eq!(written + lost, REQUESTS + 1, "a line is neither written nor counted");
}
