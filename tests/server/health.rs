//! `/health/live`, `/health/ready`, and the time before the end in which they differ. Stores that
//! are slow or out of order are tested in `src/bin/cognate/serving/tests.rs`.

use serde_json::json;
use tempfile::tempdir;

use crate::create_pool;
use crate::program::{Server, run};

#[test]
fn health_is_told_to_everybody() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    for (path, status) in [("/health/live", "live"), ("/health/ready", "ready")] {
        let foreign = "host: attacker.test\r\norigin: https://attacker.test\r\n";
        let answer = server.send("GET", path, foreign, b"");
        assert_eq!((answer.status, answer.json()), (200, json!({"status": status})));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
        let length = answer.header("content-length").map(str::to_owned);
        let head = server.send("HEAD", path, "", b"");
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        assert_eq!(head.header("content-length"), length.as_deref());
        let post = server.send("POST", path, "", b"a body");
        assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD")));
    }
    let log = server.stop();
    assert!(!log.contains("health"), "{log}");
}

#[test]
fn a_server_that_will_stop_is_not_ready() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--drain-period", "5"]);
    server.terminate();
    let answer = loop {
        let answer = server.get("/health/ready");
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json(), json!({"status": "unready", "reason": "stopping"}));
    assert_eq!(server.get("/health/live").status, 200);
    create_pool(&server);
    let (status, _, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn times_are_whole_seconds_up_to_an_hour() {
    let folder = tempdir().expect("a folder");
    for option in [
        ["--request-timeout", "0"],
        ["--request-timeout", "3601"],
        ["--request-timeout", "1.5"],
        ["--drain-period", "3601"],
        ["--drain-period", "-1"],
    ] {
        let output = run(&folder.path().join("data"), "127.0.0.1:0", &option);
        let errors = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{option:?}: {errors}");
    }
}
