//! Requests of pages of other sites, and foreign host names. The rules themselves are tested in
//! `src/http/guard/tests.rs`, and browsers in `tests/clients/browser`.

use std::io::Write;

use serde_json::json;
use tempfile::tempdir;

use crate::program::{Answer, Server, run, signed, target};

const WARNING: &str = "signatures are not checked: anyone who can reach";

/// Performs `ListIdentityPools` with these additional headers.
fn list(server: &Server, host: &str, headers: &str) -> Answer {
    let head = format!("{}{headers}", signed("ListIdentityPools"));
    send(server, "POST /", &format!("host: {host}\r\n{head}"), r#"{"MaxResults": 1}"#)
}

/// Sends a request with these headers only.
fn send(server: &Server, line: &str, headers: &str, body: &str) -> Answer {
    let mut stream = server.connect();
    let length = body.len();
    write!(
        stream,
        "{line} HTTP/1.1\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
    .expect("sent");
    Answer::read(&mut stream)
}

#[track_caller]
fn assert_closed(answer: &Answer, message: &str) {
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert_eq!(answer.json(), json!({"__type": "AccessDeniedException", "Message": message}));
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert_eq!(answer.header("access-control-allow-headers"), None);
}

const FOREIGN_HOST: &str = "The host name is neither a loopback name nor allowed";
const FOREIGN_ORIGIN: &str = "The origin is neither a loopback origin nor allowed";

#[test]
fn a_foreign_host_name_is_refused_on_every_path() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--allow-host", "cognito.test"]);
    for host in ["localhost", "127.0.0.1:80", "[::1]", "us-east-1.localhost.", "Cognito.test:4566"]
    {
        assert_eq!(list(&server, host, "").status, 200, "{host}");
    }
    for host in ["attacker.test", "a.cognito.test", "localhost.attacker.test", "0.0.0.0"] {
        assert_closed(&list(&server, host, ""), FOREIGN_HOST);
        for line in [
            "GET /.well-known/jwks_uri",
            "GET /.well-known/openid-configuration",
            "OPTIONS /",
            "GET /nothing",
            "DELETE /",
        ] {
            assert_closed(&send(&server, line, &format!("host: {host}\r\n"), ""), FOREIGN_HOST);
        }
    }
    let invalid = "The Host header is missing, doubled or not valid";
    let line = "GET /.well-known/jwks_uri";
    for hosts in ["", "host: localhost\r\nhost: localhost\r\n", "host: a@localhost\r\n"] {
        assert_closed(&send(&server, line, hosts, ""), invalid);
    }
    assert_closed(&send(&server, "GET http://a.test/", "host: localhost\r\n", ""), FOREIGN_HOST);
    let log = server.stop();
    let line =
        "operation=ListIdentityPools status=403 fault=AccessDeniedException reason=\"The host";
    assert!(log.contains(line), "{log}");
    assert!(!log.contains(WARNING), "{log}");
}

#[test]
fn a_page_of_another_site_performs_public_operations_only() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--allow-origin", "https://game.test"]);
    let host = server.address.clone();
    for (origin, readers) in [
        ("http://localhost:3000", Some("http://localhost:3000")),
        ("https://game.test", Some("https://game.test")),
        ("https://attacker.test", None),
        ("https://game.test.attacker.test", None),
        ("http://game.test", None),
        ("null", None),
    ] {
        let header = format!("origin: {origin}\r\n");
        let answer = list(&server, &host, &header);
        assert_eq!(answer.header("access-control-allow-origin"), readers, "{origin}");
        if readers.is_some() {
            assert_eq!((answer.status, answer.header("vary")), (200, Some("Origin")), "{origin}");
        } else {
            assert_closed(&answer, FOREIGN_ORIGIN);
        }

        let unknown = format!("{header}{}", target("Guess"));
        let answer = server.send("POST", "/", &unknown, b"{}");
        assert_eq!(answer.status, if readers.is_some() { 400 } else { 403 }, "{origin}");
        let simple = format!("{header}content-type: text/plain\r\n");
        let answer = server.send("POST", "/", &simple, b"{}");
        assert_eq!(answer.status, if readers.is_some() { 400 } else { 403 }, "{origin}");

        let public = format!("{header}{}", target("GetId"));
        let answer = server.send("POST", "/", &public, b"{}");
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (400, Some("*")));
        for path in ["/.well-known/jwks_uri", "/.well-known/openid-configuration"] {
            let answer = server.send("GET", path, &header, b"");
            let told = answer.header("access-control-allow-origin");
            assert_eq!((answer.status, told), (200, Some("*")), "{origin}");
        }
    }
    let answer = list(&server, &host, "sec-fetch-site: cross-site\r\n");
    assert_closed(&answer, FOREIGN_ORIGIN);
}

#[test]
fn a_preflight_for_a_signed_operation_is_refused_to_other_sites() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--allow-origin", "https://game.test"]);
    let public = "content-type,x-amz-content-sha256,x-amz-target,x-amz-user-agent";
    let signed = "authorization,content-type,x-amz-date,x-amz-target";
    for (origin, wanted, readers) in [
        ("https://attacker.test", public, Some("*")),
        ("https://attacker.test", signed, None),
        ("https://attacker.test", "x-amz-security-token", None),
        ("null", public, Some("*")),
        ("null", signed, None),
        ("https://game.test", signed, Some("https://game.test")),
        ("http://localhost:3000", signed, Some("http://localhost:3000")),
    ] {
        let headers = format!(
            "origin: {origin}\r\naccess-control-request-method: POST\r\n\
             access-control-request-headers: {wanted}\r\n"
        );
        let answer = server.send("OPTIONS", "/", &headers, b"");
        let Some(readers) = readers else {
            assert_closed(&answer, FOREIGN_ORIGIN);
            continue;
        };
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
        assert_eq!(answer.header("access-control-allow-origin"), Some(readers));
        assert_eq!(answer.header("access-control-allow-headers"), Some(wanted));
        let methods = answer.header("access-control-allow-methods").expect("methods");
        assert!(methods.split(", ").any(|method| method == "POST"));
        assert!(answer.header("access-control-max-age").is_some());
    }
}

#[test]
fn a_server_on_a_public_address_warns_once() {
    let folder = tempdir().expect("a folder");
    let server = Server::listening("0.0.0.0:0", folder.path(), &[]);
    assert_eq!(list(&server, "cognate.internal:4566", "").status, 200);
    let foreign = "origin: https://attacker.test\r\n";
    assert_closed(&list(&server, "cognate.internal:4566", foreign), FOREIGN_ORIGIN);
    let log = server.stop();
    let warnings: Vec<_> = log.lines().filter(|line| line.contains(WARNING)).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(
        warnings[0].contains("WARN") && warnings[0].contains("can act for every account"),
        "{log}"
    );

    // A configured name is the only one besides loopback names.
    let options = ["--allow-host", "cognate.internal"];
    let server = Server::listening("0.0.0.0:0", folder.path(), &options);
    assert_eq!(list(&server, "cognate.internal:4566", "").status, 200);
    assert_eq!(list(&server, "localhost", "").status, 200);
    assert_closed(&list(&server, "attacker.test", ""), FOREIGN_HOST);
}

#[test]
fn names_that_are_not_well_formed_stop_the_start() {
    let folder = tempdir().expect("a folder");
    let data = folder.path().join("data");
    let host = "a host name such as `cognito.test` is expected, without scheme, port, path or \
                wildcard";
    let origin = "an origin such as `https://game.test:8443` is expected, without path or wildcard";
    for (option, value, reason) in [
        ("--allow-host", "http://cognito.test", host),
        ("--allow-host", "cognito.test:4566", host),
        ("--allow-host", "*.test", host),
        ("--allow-host", "*", host),
        ("--allow-host", "a b", host),
        ("--allow-host", "", host),
        ("--allow-host", "127.0.0.256", host),
        ("--allow-origin", "game.test", origin),
        ("--allow-origin", "https://game.test/", origin),
        ("--allow-origin", "https://*.test", origin),
        ("--allow-origin", "*", origin),
        ("--allow-origin", "null", origin),
        ("--allow-origin", "", origin),
        ("--account", "12345", "expected an account id of twelve digits"),
        ("--account", "test", "expected an account id of twelve digits"),
        ("--account", "1234567890123", "expected an account id of twelve digits"),
    ] {
        let output = run(&data, "127.0.0.1:0", &[option, value]);
        let errors = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{option} {value}: {errors}");
        assert!(errors.contains(reason) && errors.contains(option), "{option} {value}: {errors}");
        assert_eq!(output.stdout, b"", "nothing is listening");
        assert!(!data.exists(), "{option} {value}: a database was made");
    }
}
