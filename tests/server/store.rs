//! `serve --store`, `migrate` and `copy`, as far as no PostgreSQL server is needed.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;
use tempfile::tempdir;

use crate::program::{Server, now, program};
use crate::{GAME, create_pool, log_in};

const PASSWORD: &str = "hush-hush";

/// The commands that take the URL of a store, before the URL.
const COMMANDS: [&[&str]; 4] = [
    &["serve", "--listen", "127.0.0.1:0", "--store"],
    &["migrate", "--store"],
    &["copy", "--to", "unused", "--from"],
    &["copy", "--from", "unused", "--to"],
];

#[test]
fn a_wrong_url_is_refused_without_its_password() {
    let folder = tempdir().expect("a folder");
    let data = folder.path().join("data");
    Server::start(&data, &[]).stop();
    let data = data.to_str().expect("text");
    for command in COMMANDS {
        let command: Vec<&str> =
            command.iter().map(|part| if *part == "unused" { data } else { part }).collect();
        for (url, reason) in [
            ("postgre://ann:hush-hush@db/shop", "it does not begin with `postgres://`"),
            ("postgres://ann:hush-hush@db:x/shop", "host 1"),
            ("postgres://ann:hush-hush@db/shop?sslmode=hush-hush", "`sslmode` is one of"),
            ("postgres://ann:hush-hush@db/shop?password=hush-hush", "`password` is unknown"),
            ("postgres://ann:hush-hush@extra@db/sh@op", "percent-encode"),
        ] {
            let (status, output, errors) = program(&[&command[..], &[url]].concat());
            assert_eq!((status, output.as_str()), (Some(1), ""), "{command:?} {url}");
            let option = command.last().expect("an option");
            let start = format!("cognate: {option} cannot be used: the URL of the store: ");
            assert!(errors.starts_with(&start) && errors.contains(reason), "{errors}");
            assert_eq!(errors.lines().count(), 1, "{errors}");
            assert!(!errors.contains(PASSWORD), "{errors}");
        }
    }
}

/// It stands where the program does not expect a URL, and refuses it.
#[test]
fn a_url_in_another_place_is_not_printed() {
    let url = "postgres://ann:hush-hush@db/shop?sslmode=require";
    let listen = format!("--listen={url}");
    let misspelt = format!("--sotre={url}");
    for (arguments, code) in [
        (&[url][..], 2),
        (&["serve", url], 2),
        (&["serve", "--listen", url], 2),
        (&["serve", &listen], 2),
        (&["serve", &misspelt], 2),
        (&["serve", "--store", url, "--store", url], 2),
        (&["serve", "--store", url, "--data", url], 2),
        (&["serve", "--data", url], 1),
        (&["migrate", "--store", url, "--help"], 0),
    ] {
        let (status, output, errors) = program(arguments);
        assert_eq!(status, Some(code), "{arguments:?}: {errors}");
        assert!(!output.contains(PASSWORD) && !errors.contains(PASSWORD), "{output}{errors}");
    }
    assert!(!fs::exists("postgres:").expect("a folder"), "no folder has the URL's name");
}

#[test]
fn options_of_a_store_need_one() {
    let url = "postgres://ann@127.0.0.1:1/shop";
    for (arguments, reason) in [
        (&["serve", "--store-connections", "4"][..], "--store <URL>"),
        (&["serve", "--store", url, "--store-connections", "0"], "0 is not in 1..=1000"),
        (&["serve", "--store", url, "--data", "x"], "cannot be used with '--data <PATH>'"),
        (&["migrate"], "--store <URL>"),
        (&["copy", "--from", url], "--to <PATH|URL>"),
    ] {
        let (status, output, errors) = program(arguments);
        assert_eq!((status, output.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(errors.contains(reason), "{errors}");
    }
}

/// One server refuses connections, the other one accepts them and never answers.
#[test]
fn an_unreachable_store_ends_a_command_with_the_reason() {
    /// Longer than the time in which the store gives up, even on a busy machine.
    const SOON: Duration = Duration::from_secs(30);

    let folder = tempdir().expect("a folder");
    let target = folder.path().join("target");
    let target = target.to_str().expect("text");
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let [silent_port, closed_port] =
        [&silent, &closed].map(|listener| listener.local_addr().expect("an address").port());
    drop(closed);
    for port in [silent_port, closed_port] {
        let url = format!("postgres://ann:{PASSWORD}@127.0.0.1:{port}/shop");
        for (arguments, reason) in [
            (&["serve", "--listen", "127.0.0.1:0", "--store", &url][..], "cannot open the store"),
            (&["migrate", "--store", &url], "cannot migrate the store"),
            (&["copy", "--from", &url, "--to", target], "cannot open the store"),
        ] {
            let begun = now();
            let (status, output, errors) = program(arguments);
            assert_eq!((status, output.as_str()), (Some(1), ""), "{errors}");
            let start = format!("cognate: {reason}: the store is unavailable: 127.0.0.1:{port}: ");
            assert!(errors.starts_with(&start), "{errors}");
            assert!(!errors.contains(PASSWORD), "{errors}");
            assert!(begun.elapsed() < SOON, "it took {:?}", begun.elapsed());
        }
    }
    assert!(!fs::exists(target).expect("a folder"), "nothing was made");
}

#[test]
fn a_copy_of_a_folder_is_the_same_database() {
    let folder = tempdir().expect("a folder");
    let [data, copied, again] = ["data", "copy", "again"].map(|name| folder.path().join(name));
    let server = Server::start(&data, &[]);
    let pool = create_pool(&server);
    let identity = log_in(&server, &pool).text("IdentityId");
    let keys = server.get("/.well-known/jwks.json").body;
    let [from, to, last, none] = [&data, &copied, &again, &folder.path().join("none")]
        .map(|path| path.to_str().expect("text").to_owned());
    let copy = |from: &str, to: &str| program(&["copy", "--from", from, "--to", to]);
    let (status, _, errors) = copy(&from, &to);
    assert_eq!(status, Some(1));
    assert!(errors.contains("is open elsewhere"), "{errors}");
    server.stop();

    let (status, report, errors) = copy(&from, &to);
    assert_eq!((status, errors.as_str()), (Some(0), ""), "{report}");
    let lines: Vec<_> = report.lines().filter_map(|line| line.split_once(": ")).collect();
    let [("entries", count), ("SHA-256 digest", digest)] = lines[..] else { panic!("{report}") };
    assert!(count.parse::<u32>().expect("a number") >= 4, "a pool, an identity, a login and a key");
    assert_eq!(digest.len(), 64);
    assert_eq!(copy(&to, &last), (Some(0), report.clone(), String::new()));

    let (status, _, errors) = copy(&from, &to);
    assert_eq!(status, Some(1));
    assert!(errors.starts_with("cognate: cannot copy the database: the target is not empty: "));
    let (status, _, errors) = copy(&none, &to);
    assert_eq!((status, errors), (Some(1), format!("cognate: there is no database in {none}\n")));
    assert!(!fs::exists(&none).expect("a folder"), "nothing was made");

    let server = Server::start(&again, &[]);
    assert_eq!(log_in(&server, &pool).text("IdentityId"), identity);
    assert_eq!(server.get("/.well-known/jwks.json").body, keys);
    let input = json!({"IdentityPoolId": pool, "Logins": {GAME: "bob"}});
    let bob = server.call("GetOpenIdTokenForDeveloperIdentity", &input);
    assert_ne!(bob.text("IdentityId"), identity);
    server.stop();
}
