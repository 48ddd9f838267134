//! Overload: too many requests, connections and bodies, and slow clients.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::program::{Answer, Server, now, signed, target};
use crate::{create_pool, log_in};

/// Longer than anything in these tests takes.
const PATIENCE: Duration = Duration::from_secs(60);

#[track_caller]
fn assert_unavailable(answer: &Answer) {
    let message = "The server is busy. Try again later";
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json(), json!({"__type": "ServiceUnavailable", "message": message}));
    assert_eq!(answer.header("x-amzn-errortype"), Some("ServiceUnavailable:"));
    assert_eq!(answer.header("x-amzn-requestid").map(str::len), Some(36));
}

#[test]
fn requests_beyond_the_bound_are_refused() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--requests-max", "1"]);
    let is_over = AtomicBool::new(false);
    let refused = thread::scope(|scope| {
        let create = || {
            let input = json!({"IdentityPoolName": "a", "AllowUnauthenticatedIdentities": true});
            let begun = now();
            while !is_over.load(Ordering::Relaxed) && begun.elapsed() < PATIENCE {
                let answer = server.call("CreateIdentityPool", &input);
                if answer.status != 200 {
                    is_over.store(true, Ordering::Relaxed);
                    return Some(answer);
                }
            }
            None
        };
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(create)).collect();
        let refused = clients.into_iter().filter_map(|client| client.join().expect("no panic"));
        refused.last().expect("a refusal")
    });
    assert_unavailable(&refused);
    create_pool(&server);
}

/// The process has one place for a request. Only a complete request takes it.
#[test]
fn idle_and_slow_clients_take_no_place() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--requests-max", "1"]);
    let operation = signed("ListIdentityPools");
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut idle = server.connect();
        idle.write_all(b"GET /.well-known/jwks_uri HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .expect("sent");
        assert_eq!(Answer::read_one(&mut idle).status, 200);
        let (mut silent, mut slow, mut large) =
            (server.connect(), server.connect(), server.connect());
        silent.write_all(b"POST / HTTP/1.1\r\n").expect("sent");
        let head = format!("POST / HTTP/1.1\r\nhost: localhost\r\n{operation}content-length");
        write!(slow, "{head}: 90\r\n\r\n{{").expect("sent");
        // These bodies need room, and only some of them get it.
        write!(large, "{head}: 8000000\r\n\r\n{{").expect("sent");
        large.write_all(&vec![b' '; 200_000]).expect("sent");
        streams.extend([idle, silent, slow, large]);
    }
    let pool = create_pool(&server);
    log_in(&server, &pool).text("Token");
    // Completes one of the requests.
    write!(streams[2], "{:>89}", "\"MaxResults\": 60}").expect("sent");
    assert_eq!(Answer::read_one(&mut streams[2]).status, 200);
}

#[test]
fn connections_beyond_the_bound_are_refused() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--connections-max", "2"]);
    let mut first = server.connect();
    let second = server.connect();
    // Once the server answers a later connection, it has seen both.
    let input = json!({"MaxResults": 60});
    assert_unavailable(&until(&server, 503, &input));
    // Existing connections are still served.
    first
        .write_all(b"GET /.well-known/jwks_uri HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .expect("sent");
    assert_eq!(Answer::read_one(&mut first).status, 200);
    drop(second);
    until(&server, 200, &input);
}

/// Repeats a call on new connections until it is answered with this status.
fn until(server: &Server, status: u16, input: &Value) -> Answer {
    let begun = now();
    loop {
        let answer = server.call("ListIdentityPools", input);
        if answer.status == status {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "it is still {}", answer.status);
        thread::sleep(Duration::from_millis(10));
    }
}

/// Repeats a request until the server has room for an answer, or at least for a refusal. Without
/// room it drops the connection.
fn until_answered(server: &Server) {
    let begun = now();
    while let Err(error) = server.try_send("GET", "/", "", b"") {
        assert!(begun.elapsed() < PATIENCE, "connections are still dropped: {error}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A database that cannot open its files cannot be written, and stops.
#[test]
fn connections_leave_files_for_the_database() {
    let folder = tempdir().expect("a folder");
    let server = Server::start_after("ulimit -n 140", folder.path(), &[]);
    let mut first = server.connect();
    let connect = |_| TcpStream::connect(&server.address).expect("a connection");
    let others: Vec<TcpStream> = (0..200).map(connect).collect();
    let body = r#"{"IdentityPoolName": "a", "AllowUnauthenticatedIdentities": true}"#;
    let (head, length) = (signed("CreateIdentityPool"), body.len());
    let request = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{head}\r\n{body}"
    );
    for _ in 0..20 {
        first.write_all(request.as_bytes()).expect("sent");
        let answer = Answer::read_one(&mut first);
        assert_eq!(answer.status, 200, "{}", answer.body);
        thread::sleep(Duration::from_millis(10));
    }
    drop((first, others));
    until_answered(&server);
    until(&server, 200, &json!({"MaxResults": 60}));
    let log = server.stop();
    assert!(log.contains("limited to 12 connections: the process may open 140 files"), "{log}");
    assert!(!log.contains("cannot accept"), "{log}");
}

/// The connection stays open only while the server waits for the client to read.
#[test]
fn a_client_that_reads_no_answers_is_disconnected() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--connections-max", "1"]);
    let mut deaf = server.connect();
    deaf.set_write_timeout(Some(Duration::from_secs(2))).expect("a timeout");
    let request =
        "GET /.well-known/openid-configuration HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(1_000);
    // Until neither side accepts more.
    while deaf.write_all(request.as_bytes()).is_ok() {}
    let input = json!({"MaxResults": 60});
    assert_unavailable(&until(&server, 503, &input));
    until(&server, 200, &input);
    // The client can still read what it was sent, and then the end.
    deaf.read_to_end(&mut Vec::new()).ok();
}

/// The largest amount of memory that the process ever had, in bytes.
#[cfg(target_os = "linux")]
fn memory_peak(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process()));
    let status = status.expect("a status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    let kilobytes = peak.trim().strip_suffix(" kB").expect("a unit").parse::<u64>();
    kilobytes.expect("a number") * 1024
}

/// A former bug: twenty at once took 1.8 GB. They get room one after the other now; on a slow
/// machine some time out.
#[test]
#[cfg(target_os = "linux")]
fn many_large_requests_take_little_memory() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    let zeros = "0,".repeat(3_000_000);
    let body = format!(r#"{{"IdentityPoolId": "us-east-1:0", "Unknown": [{zeros}0]}}"#);
    let before = memory_peak(&server);
    let answers: Vec<Answer> = thread::scope(|scope| {
        let ask = || server.send("POST", "/", &target("GetId"), body.as_bytes());
        let asked: Vec<_> = (0..20).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|answer| answer.join().expect("no panic")).collect()
    });
    let (performed, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == 400);
    assert!(performed.len() >= 2);
    refused.into_iter().for_each(assert_unavailable);
    let taken = memory_peak(&server) - before;
    assert!(taken < 64 << 20, "{} MiB", taken >> 20);
}
