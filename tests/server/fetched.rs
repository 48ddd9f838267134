//! Keys that the server fetches from issuers and from an emulator of user pools.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use serde_json::json;
use tempfile::tempdir;

use crate::issuer::{ISSUER, ISSUER_ARN, write_key_set};
use crate::key_server::{Key, KeyServer};
use crate::program::{Answer, Server, now, run};

const REGION_HOST: &str = "cognito-idp.eu-west-1.amazonaws.com";
const ENDPOINT: &str = "/keys";

/// A pool that accepts the issuer, and two user pools.
fn open_pool(server: &Server) -> String {
    let user_pool =
        |id: &str| json!({"ProviderName": format!("{REGION_HOST}/{id}"), "ClientId": "game"});
    let input = json!({
        "IdentityPoolName": "open",
        "AllowUnauthenticatedIdentities": false,
        "OpenIdConnectProviderARNs": [ISSUER_ARN],
        "CognitoIdentityProviders": [user_pool("eu-west-1_a"), user_pool("eu-west-1_b")],
    });
    server.call("CreateIdentityPool", &input).text("IdentityPoolId")
}

fn log_in(server: &Server, pool: &str, provider: &str, token: &str) -> Answer {
    server.ask("GetId", &json!({"IdentityPoolId": pool, "Logins": {provider: token}}))
}

/// The exception of a refused login.
fn refusal(answer: &Answer) -> String {
    assert_eq!(answer.status, 400, "{}", answer.body);
    answer.json()["__type"].as_str().expect("a name").to_owned()
}

#[test]
fn keys_of_an_issuer_are_fetched_kept_and_fetched_again_after_a_rotation() {
    let folder = tempdir().expect("a folder");
    let (keys, old, new) = (KeyServer::start(), Key::new("old"), Key::new("new"));
    keys.serve(ENDPOINT, &old);
    let option = format!("{ISSUER}=http://{}{ENDPOINT}", keys.address);
    let server = Server::start(folder.path(), &["--oidc-jwks", &option]);
    let pool = open_pool(&server);
    let iss = format!("https://{ISSUER}");
    let alice = log_in(&server, &pool, ISSUER, &old.token(&iss)).text("IdentityId");
    for _ in 0..20 {
        assert_eq!(log_in(&server, &pool, ISSUER, &old.token(&iss)).text("IdentityId"), alice);
        let forged = log_in(&server, &pool, ISSUER, &Key::new("new").token(&iss));
        assert_eq!(refusal(&forged), "NotAuthorizedException");
    }
    assert_eq!(keys.requests(), 1, "forgeries do not make the server fetch again and again");

    keys.serve(ENDPOINT, &new);
    let begun = now();
    let again = loop {
        let answer = log_in(&server, &pool, ISSUER, &new.token(&iss));
        if answer.status == 200 {
            break answer.text("IdentityId");
        }
        assert_eq!(refusal(&answer), "NotAuthorizedException");
        assert!(begun.elapsed() < Duration::from_secs(30), "the new key is not fetched");
        thread::sleep(Duration::from_millis(200));
    };
    assert_eq!((again, keys.requests()), (alice, 2));
    let withdrawn = log_in(&server, &pool, ISSUER, &old.token(&iss));
    assert_eq!(refusal(&withdrawn), "NotAuthorizedException");
    let log = server.stop();
    assert!(log.contains(&format!("the keys of {ISSUER} were fetched: 1")), "{log}");
    assert!(!log.contains(&keys.address), "{log}");
}

#[test]
fn an_issuer_may_start_later_than_the_server() {
    let folder = tempdir().expect("a folder");
    // Nobody listens there until the test does.
    let address = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr();
    let address = address.expect("an address").to_string();
    let option = format!("{ISSUER}=http://{address}{ENDPOINT}");
    let server = Server::start(folder.path(), &["--oidc-jwks", &option]);
    let (pool, key) = (open_pool(&server), Key::new("1"));
    let log_in = || log_in(&server, &pool, ISSUER, &key.token(&format!("https://{ISSUER}")));
    assert_eq!(refusal(&log_in()), "ExternalServiceException");

    let keys = KeyServer::start_on(&address);
    keys.serve(ENDPOINT, &key);
    let begun = now();
    while log_in().status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(30), "the keys are not fetched");
        thread::sleep(Duration::from_millis(100));
    }
    let log = server.stop();
    let warning = format!("WARN the keys of {ISSUER} cannot be fetched: ");
    assert_eq!(log.matches(&warning).count(), 1, "{log}");
    assert!(log.contains(&format!("the keys of {ISSUER} were fetched: 1")), "{log}");
}

#[test]
fn users_of_every_user_pool_of_an_emulator_log_in() {
    let folder = tempdir().expect("a folder");
    let (emulator, of_a, of_b) = (KeyServer::start(), Key::new("1"), Key::new("1"));
    let (a, b) = (format!("{REGION_HOST}/eu-west-1_a"), format!("{REGION_HOST}/eu-west-1_b"));
    let url = format!("http://{}", emulator.address);
    let docker = "http://cognito:9229";
    let options = ["--user-pools", &url, "--user-pools-issuer", docker];
    let server = Server::start(folder.path(), &options);
    let pool = open_pool(&server);
    emulator.serve("/eu-west-1_a/.well-known/jwks.json", &of_a);
    emulator.serve("/.well-known/jwks.json", &of_b);

    let alice = log_in(&server, &pool, &a, &of_a.token(&format!("https://{a}")));
    let alice = alice.text("IdentityId");
    for iss in [format!("{url}/eu-west-1_a"), format!("{docker}/eu-west-1_a")] {
        assert_eq!(log_in(&server, &pool, &a, &of_a.token(&iss)).text("IdentityId"), alice);
    }
    let other = log_in(&server, &pool, &b, &of_b.token(&format!("{url}/eu-west-1_b")));
    assert_ne!(other.text("IdentityId"), alice);
    for (provider, key, iss) in [
        (&a, &of_b, format!("{url}/eu-west-1_a")),
        (&a, &of_a, format!("{url}/eu-west-1_b")),
        (&b, &of_b, format!("{url}/eu-west-1_a")),
        (&a, &of_a, "http://localhost:1/eu-west-1_a".to_owned()),
    ] {
        let answer = log_in(&server, &pool, provider, &key.token(&iss));
        assert_eq!(refusal(&answer), "NotAuthorizedException", "{provider} {iss}");
    }
    // Without an identity pool that names the user pool, nothing is fetched.
    let before = emulator.requests();
    let unknown = format!("{REGION_HOST}/eu-west-1_c");
    let answer = log_in(&server, &pool, &unknown, &of_b.token(&format!("{url}/eu-west-1_c")));
    assert_eq!(
        (refusal(&answer).as_str(), emulator.requests()),
        ("NotAuthorizedException", before)
    );
}

#[test]
fn keys_are_fetched_over_tls_from_servers_that_the_system_trusts() {
    let folder = tempdir().expect("a folder");
    let (keys, key) = (KeyServer::start_tls(), Key::new("1"));
    keys.serve(ENDPOINT, &key);
    let port = keys.address.rsplit(':').next().expect("a port");
    let option = format!("{ISSUER}=https://localhost:{port}{ENDPOINT}");
    let trust = concat!("export SSL_CERT_FILE=", env!("CARGO_MANIFEST_DIR"));
    for (commands, accepted) in
        [(format!("{trust}/tests/keys/authority.pem"), true), (":".to_owned(), false)]
    {
        let data = folder.path().join(accepted.to_string());
        let server = Server::start_after(&commands, &data, &["--oidc-jwks", &option]);
        let pool = open_pool(&server);
        let answer = log_in(&server, &pool, ISSUER, &key.token(&format!("https://{ISSUER}")));
        if accepted {
            assert!(answer.text("IdentityId").starts_with("us-east-1:"));
        } else {
            assert_eq!(refusal(&answer), "ExternalServiceException");
        }
        assert_eq!(server.stop().contains("cannot be fetched: "), !accepted);
    }
    assert_eq!(keys.requests(), 1);
}

#[test]
fn options_for_fetched_keys_that_make_no_sense_stop_the_start() {
    let folder = tempdir().expect("a folder");
    let keys = write_key_set(folder.path());
    let data = folder.path().join("data");
    let by_url = format!("{ISSUER}=http://localhost:1/keys");
    let secret = format!("{ISSUER}=https://user:secret@localhost/keys");
    for (options, code, reason) in [
        (&["--oidc-jwks", &format!("{ISSUER}=http://")][..], 2, "expected a URL of HTTP or HTTPS"),
        (&["--oidc-jwks", &secret], 2, "expected a URL of HTTP or HTTPS"),
        (&["--oidc-jwks", &by_url, "--oidc-jwks", &keys], 1, "two key sets are given for"),
        (&["--user-pools", "localhost:9229"], 2, "expected a URL of HTTP or HTTPS"),
        (&["--user-pools", "http://a", "--trust-unverified-logins"], 2, "cannot be used with"),
        (&["--user-pools-issuer", "http://localhost:9229"], 2, "--user-pools <URL>"),
    ] {
        let output = run(&data, "127.0.0.1:0", options);
        let errors = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(code), "{options:?}: {errors}");
        assert!(errors.contains(reason) && !errors.contains("secret"), "{options:?}: {errors}");
        assert!(!data.exists(), "{options:?}: a database was made");
    }
}
