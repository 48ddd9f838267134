//! Addresses at which no control plane answers, or only to others.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::{fs, thread};

use crate::program::Server;
use crate::scene::{ALICE, Scene, at, explain_merge, run, yes};

/// A server that answers every request with these bytes, and closes the connection.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = [0; 4096];
            // The head arrives at once.
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}

#[test]
fn servers_without_a_control_plane() {
    for (answer, reason) in [
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 7\r\n\r\nnothing", "has no control plane"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>", "has no control plane"),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}", "has no control plane"),
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 68\r\n\r\n\
             {\"__type\":\"UnknownOperationException\",\"message\":\"nothing at this path\"}",
            "has no control plane",
        ),
        ("HTTP/1.1 302 Found\r\nlocation: http://a.test/\r\ncontent-length: 0\r\n\r\n", "control"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 60\r\n\r\n{\"Findings\":", "cannot reach"),
        ("SSH-2.0-OpenSSH\r\n", "cannot reach"),
        ("", "cannot reach"),
    ] {
        for arguments in [&["check"][..], &["history", ALICE], &["import", "-"]] {
            let url = answering(answer);
            let ran = run(&[arguments, &["--at", &url]].concat());
            assert_eq!((ran.status, ran.output.as_str()), (Some(3), ""), "{answer} {}", ran.errors);
            assert!(
                ran.errors.starts_with("cognate: ") && ran.errors.contains(reason),
                "{}",
                ran.errors
            );
            assert!(ran.errors.contains(&url), "{}", ran.errors);
        }
    }
}

#[test]
fn addresses_where_nobody_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let plain = answering("");
    for url in [
        format!("http://{address}"),
        "http://name.invalid:4566".to_owned(),
        plain.replace("http:", "https:"),
    ] {
        let ran = run(&["check", "--at", &url]);
        assert_eq!((ran.status, ran.output.as_str()), (Some(3), ""), "{url}");
        let reason = format!("cognate: cannot reach the server at {url}: ");
        assert!(ran.errors.starts_with(&reason), "{}", ran.errors);
    }
    for url in
        ["localhost:4566", "ftp://localhost", "http://", "http://a@b", "http://a/b", "http://a?b"]
    {
        let ran = run(&["check", "--at", url]);
        assert_eq!(ran.status, Some(2), "{url}");
    }
}

#[test]
fn a_server_that_others_can_reach_needs_a_token() {
    let scene = Scene::seeded();
    let server = Server::listening("0.0.0.0:0", &scene.path("data"), &[]);
    let url = at(&server).replace("0.0.0.0", "127.0.0.1");
    let ran = run(&["check", "--at", &url]);
    assert_eq!(ran.status, Some(3));
    assert!(ran.errors.contains("needs a token"), "{}", ran.errors);
}

#[test]
fn the_token_comes_from_a_file() {
    let scene = Scene::seeded();
    let (token, wrong) = (scene.write("token", "s3cret\n"), scene.write("wrong", "s3cre\n"));
    let (empty, odd) = (scene.write("empty", "\n"), scene.write("odd", "a\u{1}b\n"));
    let server = scene.serve(&["--control-token-file", &token]);
    let url = at(&server);
    let with = |file| ["--at", url.as_str(), "--token-file", file];
    yes(&[&["check"][..], &with(&token)].concat());
    let export = yes(&[&["export"][..], &with(&token)].concat());
    assert_eq!(export.lines().count(), 7);
    let explained = explain_merge(&with(&token), "alice", &[]);
    assert_eq!(explained.status, Some(0), "both the token and the caller: {}", explained.errors);
    let denied = "denies access: The token of the control plane is missing or wrong";
    let missing = scene.name("missing");
    let unreadable = "cannot read the token of the control plane";
    for (file, reason) in
        [(&wrong, denied), (&missing, unreadable), (&empty, unreadable), (&odd, "the token: ")]
    {
        for command in [&["check"][..], &["export"], &["import", "-"]] {
            let ran = run(&[command, &with(file)].concat());
            assert_eq!((ran.status, ran.output.as_str()), (Some(3), ""), "{}", ran.errors);
            assert!(ran.errors.contains(reason), "{file} {}", ran.errors);
            assert!(!ran.errors.contains("s3cre"), "{}", ran.errors);
        }
    }
    let ran = run(&["check", "--at", &url]);
    assert!(ran.errors.contains(denied), "{}", ran.errors);
    assert_eq!(ran.status, Some(3));
}

#[test]
fn an_export_that_breaks_off_replaces_no_file() {
    let whole = "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"cognate\":\"export\"}";
    let broken = "HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"cognate\":\"export\"}";
    let chunk = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n{}\r\n\r\n";
    let scene = Scene::seeded();
    let file = scene.write("backup.jsonl", "the earlier one");
    for (answer, reason) in [
        (whole, "the export ends before its last line"),
        (broken, "cannot export"),
        (chunk, "cannot export"),
    ] {
        let ran = run(&["export", &file, "--at", &answering(answer)]);
        assert_eq!((ran.status, ran.output.as_str()), (Some(3), ""));
        assert!(ran.errors.contains(reason), "{}", ran.errors);
        assert_eq!(fs::read_to_string(&file).expect("a file"), "the earlier one");
    }
    let names = fs::read_dir(scene.path("")).expect("a folder");
    let parts = names.filter(|name| {
        let name = name.as_ref().expect("an entry").file_name();
        name.to_string_lossy().ends_with(".part")
    });
    assert_eq!(parts.count(), 0);
}
