//! Shutdown of the server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use serde_json::json;
use tempfile::tempdir;

use crate::program::{Answer, Server, now, signed};
use crate::{GAME, USER, create_pool};

/// Far less than the time that requests in progress are given, even on a busy machine.
const SOON: Duration = Duration::from_secs(7);

#[test]
fn a_request_in_flight_is_answered_before_the_server_ends() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    let pool = create_pool(&server);
    // An idle connection and a silent one do not delay the end.
    let mut idle = server.connect();
    let mut silent = server.connect();
    write!(idle, "GET /.well-known/jwks_uri HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("sent");
    assert!(idle.read(&mut [0; 1024]).expect("an answer") > 0);

    let body = json!({"IdentityPoolId": pool, "Logins": {GAME: USER}}).to_string();
    let (first, rest) = body.split_at(10);
    let (mut stream, headers) = (server.connect(), signed("GetOpenIdTokenForDeveloperIdentity"));
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    )
    .expect("sent");
    // The server asks for the body, so the request is in flight.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).expect("an answer");
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(first.as_bytes()).expect("sent");
    server.terminate();
    while TcpStream::connect(&server.address).is_ok() {
        thread::sleep(Duration::from_millis(5));
    }
    stream.write_all(rest.as_bytes()).expect("sent");
    let answer = Answer::read(&mut stream);
    assert!(answer.text("IdentityId").starts_with("us-east-1:"));
    assert_eq!(silent.read(&mut [0; 1]).expect("the end"), 0);
    let (status, _, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!log.contains("cut off"), "{log}");
}

/// An incomplete request was not performed, so cutting it off loses nothing.
#[test]
fn half_a_request_does_not_delay_the_end() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    let whole = "GET /.well-known/jwks_uri HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let half_head = "GET /.well-known/jwks_uri HTTP/1.1\r\nhost";
    let operation = signed("ListIdentityPools");
    let half_body =
        format!("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 90\r\n{operation}\r\n{{");
    let chunked = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n{operation}\r\n5\r\n{{"
    );
    let unread = "POST /nothing HTTP/1.1\r\nhost: localhost\r\ncontent-length: 90\r\n\r\n{";
    let mut streams = Vec::new();
    for first in ["", whole] {
        for half in [half_head, &half_body, &chunked, unread] {
            let mut stream = server.connect();
            stream.write_all(first.as_bytes()).expect("sent");
            if !first.is_empty() {
                assert_eq!(Answer::read_one(&mut stream).status, 200);
            }
            stream.write_all(half.as_bytes()).expect("sent");
            streams.push(stream);
        }
    }
    // Wait until the halves have arrived.
    server.get("/.well-known/jwks_uri");
    let told = now();
    server.terminate();
    let (status, _, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(told.elapsed() < SOON, "it took {:?}", told.elapsed());
    assert!(!log.contains("cut off"), "{log}");
}

/// Both signals are sent before the process handles the first, and half a request delays its end.
#[test]
fn a_second_signal_ends_the_process() {
    for second in ["TERM", "INT"] {
        let first = if second == "TERM" { "INT" } else { "TERM" };
        let folder = tempdir().expect("a folder");
        let server = Server::start(folder.path(), &[]);
        let mut half = server.connect();
        half.write_all(b"GET / HTTP/1.1\r\n").expect("sent");
        server.get("/.well-known/jwks_uri");
        for signal in ["STOP", first, second, "CONT"] {
            server.signal(signal);
        }
        let (status, _, log) = server.wait();
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains("ended by a second signal"), "{log}");
        // Answered operations are stored all the same.
        let server = Server::start(folder.path(), &[]);
        create_pool(&server);
        server.stop();
    }
}

/// A client that waits for `100 Continue` does not get it when the refusal is already known.
#[test]
fn an_early_refusal_asks_for_no_body() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    let operation = signed("ListIdentityPools");
    for (line, length, expected) in [
        ("POST /", "8388609000", "413"),
        ("POST /nothing", "3", "404"),
        ("PUT /", "3", "405"),
        ("POST /.well-known/jwks_uri", "3", "405"),
        ("POST /", "18", "100"),
        // A page of another site, and an operation that does not exist.
        ("POST /?foreign", "3", "403"),
        ("POST /?unknown", "3", "400"),
    ] {
        let operation = match line.split_once('?') {
            Some((_, "foreign")) => format!("{operation}origin: http://attacker.test\r\n"),
            Some(_) => signed("Guess"),
            None => operation.clone(),
        };
        let mut stream = server.connect();
        write!(
            stream,
            "{line} HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\
             {operation}\r\n"
        )
        .expect("sent");
        let mut status = [0; 12];
        stream.read_exact(&mut status).expect("an answer");
        assert_eq!(String::from_utf8_lossy(&status), format!("HTTP/1.1 {expected}"), "{line}");
        if expected == "100" {
            stream.read_exact(&mut [0; 13]).expect("the rest");
            stream.write_all(br#"{"MaxResults": 60}"#).expect("sent");
            assert_eq!(Answer::read_one(&mut stream).status, 200);
        } else {
            let mut rest = String::new();
            stream.read_to_string(&mut rest).expect("an answer, and the end");
            assert!(rest.contains("connection: close"), "{rest}");
        }
    }
}
