//! TLS with right and wrong certificates.

use crate::rig::{Authority, Server, Version};
use crate::scene::Scene;
use crate::store::{migrated, open, options, reason, text};

/// A server whose certificate has this name, and which accepts no connection without TLS but those
/// of its own database `postgres`.
fn server(authority: &Authority, name: &str) -> Server {
    let certificate = authority.certify(name);
    let settings = [
        ("ssl", "on"),
        ("ssl_cert_file", certificate.chain.as_str()),
        ("ssl_key_file", certificate.key.as_str()),
    ];
    Server::start(Version::Fifteen, &settings)
}

/// The URL with options for TLS.
fn url(server: &Server, host: &str, database: &str, parameters: &str) -> String {
    format!("postgres://postgres@{host}:{}/{database}?{parameters}", server.port())
}

fn accepts(url: &str) {
    Scene::new(open(url)).resolve("alice").expect("an identity");
}

fn refuses(url: &str, word: &str) {
    let error = options(url).open().err().unwrap_or_else(|| panic!("{url} was opened"));
    println!("{}", text(&error));
    assert!(reason(&error).contains(word), "`{word}` is not in: {}", text(&error));
}

#[test]
fn the_certificate_of_the_server_is_verified() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = server(&authority, "IP:127.0.0.1");
    let database = migrated(&server);
    let (right, wrong) = (authority.root(), other.root());
    let url = |host: &str, parameters: &str| url(&server, host, &database, parameters);
    accepts(&url("127.0.0.1", &format!("sslmode=verify-full&sslrootcert={right}")));
    accepts(&url("127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={right}")));
    accepts(&url("127.0.0.1", "sslmode=require"));
    refuses(&url("127.0.0.1", &format!("sslmode=verify-full&sslrootcert={wrong}")), "certificate");
    refuses(&url("127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={wrong}")), "certificate");
    refuses(&url("127.0.0.1", "sslmode=verify-full"), "certificate");
    // The certificate has the address of the server, not this name.
    refuses(&url("localhost", &format!("sslmode=verify-full&sslrootcert={right}")), "certificate");
    accepts(&url("localhost", &format!("sslmode=verify-ca&sslrootcert={right}")));
    let missing = "sslmode=verify-full&sslrootcert=/nowhere.pem";
    refuses(&url("127.0.0.1", missing), "/nowhere.pem");
}

#[test]
fn the_certificate_has_the_name_of_the_server() {
    let authority = Authority::new();
    let server = server(&authority, "DNS:localhost");
    let database = migrated(&server);
    let root = authority.root();
    let parameters = format!("sslmode=verify-full&sslrootcert={root}");
    accepts(&url(&server, "localhost", &database, &parameters));
    refuses(&url(&server, "127.0.0.1", &database, &parameters), "certificate");
}

#[test]
fn both_sides_agree_on_encryption() {
    let plain = Server::shared(Version::Fifteen);
    let database = migrated(plain);
    refuses(&url(plain, "127.0.0.1", &database, "sslmode=require"), "TLS");
    let encrypted = server(&Authority::new(), "DNS:localhost");
    let database = migrated(&encrypted);
    encrypted.admit("host postgres all 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 trust\n");
    encrypted.sql("postgres", "SELECT pg_reload_conf()");
    accepts(&url(&encrypted, "127.0.0.1", &database, "sslmode=require"));
    refuses(&url(&encrypted, "127.0.0.1", &database, "sslmode=disable"), "encryption");
}
