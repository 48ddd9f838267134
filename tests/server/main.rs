//! The program `cognate`, over plain HTTP.
#![cfg(unix)]

mod accounts;
mod control;
mod database;
mod ending;
mod fetched;
mod guard;
mod health;
mod issuer;
mod journal;
mod key_server;
mod log;
mod options;
mod pressure;
mod program;
mod public;
mod store;

use std::fs;
use std::io::Write;

use cognate::wire::BODY_LENGTH_MAX;
use program::{Answer, Server, run, signed, target};
use serde_json::json;
use tempfile::tempdir;

pub(crate) const GAME: &str = "login.game";
pub(crate) const USER: &str = "alice@example.com";

pub(crate) fn create_pool(server: &Server) -> String {
    let input = json!({
        "IdentityPoolName": "game",
        "AllowUnauthenticatedIdentities": false,
        "DeveloperProviderName": GAME,
    });
    server.call("CreateIdentityPool", &input).text("IdentityPoolId")
}

pub(crate) fn log_in(server: &Server, pool: &str) -> Answer {
    let input = json!({"IdentityPoolId": pool, "Logins": {GAME: USER}});
    server.call("GetOpenIdTokenForDeveloperIdentity", &input)
}

#[test]
fn a_token_is_signed_with_a_published_key() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    let pool = create_pool(&server);
    let answer = log_in(&server, &pool);
    assert_eq!(answer.header("content-type"), Some("application/x-amz-json-1.1"));
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert_eq!(answer.header("x-amzn-requestid").map(str::len), Some(36));
    assert!(answer.header("date").is_some());
    assert!(answer.text("IdentityId").starts_with("us-east-1:"));
    assert_eq!(answer.text("Token").split('.').count(), 3);

    let keys = server.get("/.well-known/jwks_uri");
    assert_eq!(keys.header("content-type"), Some("application/json"));
    assert_eq!(keys.json()["keys"][0]["kid"], "us-east-1-1");
    assert_eq!(keys.json()["keys"][0]["alg"], "EdDSA");
    assert_eq!(server.get("/.well-known/jwks.json").body, keys.body);
    let head = server.send("HEAD", "/.well-known/jwks_uri", "", b"");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), Some(keys.body.len().to_string().as_str()));

    let discovery = server.get("/.well-known/openid-configuration");
    let uri = format!("http://{}/.well-known/jwks_uri", server.address);
    assert_eq!(discovery.text("issuer"), "https://cognito-identity.amazonaws.com");
    assert_eq!(discovery.text("jwks_uri"), uri);
    let authorization = discovery.text("authorization_endpoint");
    assert_eq!(authorization, format!("http://{}/authorize", server.address));
    assert_eq!(server.get("/authorize").status, 404, "nobody logs in there");
    server.stop();
}

#[test]
fn refusals_are_in_the_headers() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    let input = json!({"IdentityPoolId": "us-east-1:00000000-0000-4000-8000-000000000000"});
    let input = input.to_string();
    for (headers, name, message) in [
        (
            signed("DescribeIdentityPool"),
            "ResourceNotFoundException",
            "IdentityPool 'us-east-1:00000000-0000-4000-8000-000000000000' not found.",
        ),
        (
            target("DescribeIdentityPool"),
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ),
        (signed("Guess"), "UnknownOperationException", "Unknown operation 'Guess'"),
    ] {
        let headers = format!("{headers}origin: http://localhost:3000\r\n");
        let answer = server.send("POST", "/", &headers, input.as_bytes());
        assert_eq!(answer.status, 400);
        assert_eq!(answer.header("x-amzn-errortype"), Some(format!("{name}:").as_str()));
        assert_eq!(answer.header("x-amzn-errormessage"), Some(message));
        assert_eq!(answer.json(), json!({"__type": name, "message": message}));
        assert_eq!(
            answer.header("access-control-expose-headers"),
            Some("x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date")
        );
    }
    assert_eq!(server.send("POST", "/", "", b"{}").status, 400);
    assert_eq!(server.get("/").status, 405);
    assert_eq!(server.get("/nothing").status, 404);
}

#[test]
fn a_long_body_is_refused() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    let longest = vec![b' '; BODY_LENGTH_MAX];
    let answer = server.send("POST", "/", &signed("CreateIdentityPool"), &longest);
    assert_eq!(answer.status, 400, "{}", answer.body);

    let too_long = vec![b' '; BODY_LENGTH_MAX + 1];
    let answer = server.send("POST", "/", &signed("CreateIdentityPool"), &too_long);
    assert_eq!(answer.status, 413);
    assert_eq!(answer.header("x-amzn-errortype"), Some("SerializationException:"));
    assert_eq!(answer.json()["message"], "The request body is too long");

    // A body without a length.
    let mut stream = server.connect();
    let head = signed("CreateIdentityPool");
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n{head}\r\n"
    )
    .expect("sent");
    write!(stream, "{:x}\r\n", too_long.len()).expect("sent");
    stream.write_all(&too_long).expect("sent");
    stream.write_all(b"\r\n0\r\n\r\n").expect("sent");
    assert_eq!(Answer::read(&mut stream).status, 413);
}

#[test]
fn answered_operations_survive_a_restart() {
    let folder = tempdir().expect("a folder");
    let data = folder.path().join("made/by/the/program");
    let server = Server::start(&data, &[]);
    let pool = create_pool(&server);
    let (alice, keys) =
        (log_in(&server, &pool).text("IdentityId"), server.get("/.well-known/jwks_uri").body);
    server.stop();

    let server = Server::start(&data, &["--durability", "relaxed"]);
    assert_eq!(log_in(&server, &pool).text("IdentityId"), alice);
    assert_eq!(server.get("/.well-known/jwks_uri").body, keys);
    let other = create_pool(&server);
    server.signal("INT");
    let (status, _, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");

    let server = Server::start(&data, &["--durability", "process-kill"]);
    let input = json!({"IdentityPoolId": other});
    assert_eq!(server.call("DescribeIdentityPool", &input).text("IdentityPoolId"), other);
}

#[test]
fn a_server_that_cannot_start_prints_the_reason() {
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("a-file");
    fs::write(&file, "").expect("a file");
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]);
    let no_secret = ["--key-secret-file", "/nonexistent/secret"];
    let empty_secret = ["--key-secret-file", file.to_str().expect("text")];
    for (folder, listen, options, reason) in [
        (&data, "127.0.0.1:0", &[][..], "is open elsewhere"),
        (&file, "127.0.0.1:0", &[], "cannot open the database"),
        (&folder.path().join("other"), &server.address, &[], "cannot listen on 127.0.0.1:"),
        (&data, "127.0.0.1:0", &no_secret, "cannot read the key secret in /nonexistent/secret: "),
        (&data, "127.0.0.1:0", &empty_secret, "is empty"),
    ] {
        let output = run(folder, listen, options);
        let errors = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert_eq!(output.stdout, b"", "nothing is listening");
        assert!(errors.starts_with("cognate: ") && errors.contains(reason), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[test]
fn sealed_keys_need_their_secret() {
    let folder = tempdir().expect("a folder");
    let (data, secret) = (folder.path().join("data"), folder.path().join("secret"));
    fs::write(&secret, [7; 32]).expect("a file");
    let options = ["--key-secret-file", secret.to_str().expect("text")];
    let server = Server::start(&data, &options);
    let pool = create_pool(&server);
    log_in(&server, &pool).text("Token");
    server.stop();

    let output = run(&data, "127.0.0.1:0", &[]);
    let errors = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1));
    assert!(errors.contains("signing key: "), "{errors}");

    let server = Server::start(&data, &options);
    log_in(&server, &pool).text("Token");
    server.stop();
}
