//! The control plane of the program.

use std::fs;
use std::io::Write as _;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::program::{Answer, Server, now, run};
use crate::{create_pool, log_in};

fn get(server: &Server, path: &str) -> Answer {
    server.send("GET", path, "", b"")
}

fn post(server: &Server, path: &str, body: &[u8]) -> Answer {
    server.send("POST", path, "", body)
}

/// A seed with this many guests.
fn guests(count: usize) -> String {
    let pool = json!({"pool": {
        "id": "us-east-1:11111111-1111-4111-8111-111111111111",
        "settings": {"IdentityPoolName": "game", "AllowUnauthenticatedIdentities": true},
    }});
    let pool = pool.to_string();
    let first = r#"{"cognate":"seed","version":1}"#;
    [first, "\n", &pool, "\n", &"{\"identity\":{}}\n".repeat(count)].concat()
}

#[test]
fn a_refused_call_names_the_page_with_its_reason() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    let refused = server.call("GetId", &json!({"IdentityPoolId": "us-east-1:0"}));
    let page = refused.header("x-cognate-why").expect("a page");
    let (origin, id) = page.split_once("/_cognate/#/requests/").expect("a URL");
    assert_eq!(origin, format!("http://{}", server.address));
    let recorded = get(&server, &format!("/_cognate/requests/{id}"));
    assert_eq!((recorded.status, &recorded.json()["Operation"]), (200, &json!("GetId")));
    assert!(get(&server, "/_cognate/").body.contains("<title>"));
    server.stop();
}

/// An import that is larger than any body of the service, and its export.
#[test]
fn exports_and_imports_are_streamed() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--durability", "relaxed"]);
    let seed = guests(600_000 / 16);
    let padded = seed.replacen("{\"identity\":{}}\n", &"\n".repeat(9 << 20), 1);
    let imported = post(&server, "/_cognate/import?Region=us-east-1", padded.as_bytes());
    assert_eq!(imported.status, 200, "{}", imported.body);
    let exported = get(&server, "/_cognate/export");
    assert_eq!(exported.status, 200);
    assert_eq!(exported.header("transfer-encoding"), Some("chunked"));
    assert_eq!(exported.body.matches("{\"identity\"").count(), 600_000 / 16 - 1);
    assert!(exported.body.contains("{\"end\""));
    let refused = post(&server, "/_cognate/import", padded.as_bytes());
    assert_eq!((refused.status, &refused.json()["Line"]), (409, &json!(2)));
    let refused = get(&server, "/_cognate/export?IdentityPoolId=x");
    assert_eq!(refused.status, 400);
    let reset = post(&server, "/_cognate/reset", b"");
    assert_eq!(reset.status, 200, "{}", reset.body);
    assert_eq!(get(&server, "/_cognate/health").json()["IdentityPools"], 0);
    server.stop();
}

#[test]
fn an_import_whose_client_goes_away_changes_nothing() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    let seed = guests(2_000);
    let mut stream = server.connect();
    write!(
        stream,
        "POST /_cognate/import?Region=us-east-1 HTTP/1.1\r\nhost: localhost\r\n\
         content-length: {}\r\n\r\n{seed}",
        seed.len() + 1,
    )
    .expect("sent");
    drop(stream);
    // What was imported is removed in the background. Until then the pool is being removed.
    let begun = now();
    loop {
        assert_eq!(get(&server, "/_cognate/health").json()["IdentityPools"], 0);
        let imported = post(&server, "/_cognate/import?Region=us-east-1", seed.as_bytes());
        if imported.status == 200 {
            break;
        }
        assert!(imported.body.contains("is being imported or removed"), "{}", imported.body);
        assert!(begun.elapsed() < Duration::from_secs(20), "{}", imported.body);
        thread::sleep(Duration::from_millis(50));
    }
    server.stop();
}

#[test]
fn polls_take_no_place_and_end_with_the_server() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--requests-max", "1"]);
    let cursor = get(&server, "/_cognate/events").json()["Cursor"].clone();
    let path = format!("/_cognate/events?After={}&Wait=25", cursor.as_str().expect("a cursor"));
    let polls: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = server.connect();
            write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
                .expect("sent");
            stream
        })
        .collect();
    let pool = create_pool(&server);
    for mut poll in polls {
        let feed = Answer::read(&mut poll).json();
        assert_eq!(feed["Events"][0]["IdentityPoolId"], pool.as_str(), "{feed}");
    }
    log_in(&server, &pool).text("Token");
    let cursor = get(&server, "/_cognate/events").json()["Cursor"].clone();
    let path = format!("/_cognate/events?After={}&Wait=25", cursor.as_str().expect("a cursor"));
    let mut last = server.connect();
    write!(last, "GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("sent");
    thread::sleep(Duration::from_millis(200));
    let told = now();
    server.stop();
    assert_eq!(Answer::read(&mut last).json()["Events"], json!([]));
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());
}

#[test]
fn a_server_that_others_can_reach_needs_a_token() {
    let folder = tempdir().expect("a folder");
    let server = Server::listening("0.0.0.0:0", &folder.path().join("one"), &[]);
    assert_eq!(get(&server, "/_cognate/health").status, 200);
    assert_eq!(get(&server, "/_cognate/pools").status, 403);
    server.stop();

    let file = folder.path().join("token");
    fs::write(&file, "s3cret\n").expect("written");
    let options = ["--control-token-file", file.to_str().expect("text")];
    let server = Server::listening("0.0.0.0:0", &folder.path().join("two"), &options);
    assert_eq!(get(&server, "/_cognate/pools").status, 401);
    let authorization = "authorization: Bearer s3cret\r\n";
    let pools = server.send("GET", "/_cognate/pools", authorization, b"");
    assert_eq!(pools.json()["IdentityPools"], json!([]));
    let log = server.stop();
    assert!(!log.contains("s3cret"), "{log}");

    let data = folder.path().join("three");
    let refusal = || {
        let refused = run(&data, "127.0.0.1:0", &options);
        assert_eq!(refused.status.code(), Some(1));
        String::from_utf8(refused.stderr).expect("text")
    };
    fs::write(&file, " \n").expect("written");
    let errors = refusal();
    assert!(errors.contains("its first line is empty"), "{errors}");
    fs::remove_file(&file).expect("removed");
    let errors = refusal();
    assert!(errors.contains("cannot read the token of the control plane in "), "{errors}");
}

#[test]
fn the_clock_of_a_test_is_moved() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("one"), &["--test-clock"]);
    let pool = create_pool(&server);
    let token = log_in(&server, &pool).text("Token");
    let verdict = |server: &Server| {
        let body = json!({ "Token": token }).to_string();
        post(server, "/_cognate/token", body.as_bytes()).json()["Valid"].clone()
    };
    assert_eq!(verdict(&server), Value::Bool(true));
    let moved = post(&server, "/_cognate/clock", br#"{"AdvanceSeconds": 90000}"#);
    assert_eq!(moved.status, 200, "{}", moved.body);
    assert_eq!(verdict(&server), Value::Bool(false));
    let log = server.stop();
    assert!(log.contains("clients can move the clock"), "{log}");

    let server = Server::start(&folder.path().join("two"), &["--no-request-log"]);
    assert_eq!(post(&server, "/_cognate/clock", br#"{"AdvanceSeconds": 1}"#).status, 400);
    assert_eq!(get(&server, "/_cognate/requests").status, 400);
    server.stop();
}
