//! The program `cognate`, over plain HTTP.
#![cfg(unix)]

mod accounts;
mod guard;
mod issuer;
mod options;
mod program;
mod public;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use cognate::wire::BODY_LENGTH_MAX;
use program::{Answer, SIGNATURE, Server, run, signed, target};
use serde_json::json;
use tempfile::tempdir;

const GAME: &str = "login.game";
const USER: &str = "alice@example.com";

fn create_pool(server: &Server) -> String {
    let input = json!({
        "IdentityPoolName": "game",
        "AllowUnauthenticatedIdentities": false,
        "DeveloperProviderName": GAME,
    });
    server.call("CreateIdentityPool", &input).text("IdentityPoolId")
}

fn log_in(server: &Server, pool: &str) -> Answer {
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

    // A body that does not say how long it is.
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
fn what_was_answered_is_there_after_a_restart() {
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
fn a_request_in_flight_is_answered_before_the_end() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    let pool = create_pool(&server);
    // Neither a connection that waits nor one that says nothing holds up the end.
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
    // The server asks for the body: the request is in flight.
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

#[test]
fn a_server_that_cannot_start_says_why() {
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

#[test]
fn the_log_names_requests_and_holds_no_secret() {
    let folder = tempdir().expect("a folder");
    let server = Server::start(folder.path(), &[]);
    let pool = create_pool(&server);
    let answer = log_in(&server, &pool);
    let token = answer.text("Token");
    let refused = server.call("DescribeIdentityPool", &json!({"IdentityPoolId": "a\n\u{1b}[0m:b"}));
    // A token where none belongs, in all places that a refusal could quote.
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
