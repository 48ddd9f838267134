//! Exports and imports, in memory and as streams.

use std::io::{self, Read};

use bytes::Bytes;
use cognate::control::{Control, LongRequest};
use http::{Request, Response};
use serde_json::json;

use crate::{ACCOUNT, POOL, SEED, World, told};

fn get(path: &str) -> Request<()> {
    Request::get(path).header("host", "localhost").body(()).expect("a request")
}

fn exported(world: &World, query: &str) -> Vec<u8> {
    let path = format!("/_cognate/export{query}");
    let response = world.send(Request::get(&path).header("host", "localhost"), "");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/jsonl");
    let mut streamed = Vec::new();
    let mut head = Response::new(());
    let ended = world.control.export(&get(&path), |begun| {
        head = begun;
        &mut streamed
    });
    ended.expect("begins").expect("ends");
    assert_eq!(head.headers()["content-type"], "application/jsonl");
    let without_dates = |lines: &[u8]| {
        let text = String::from_utf8(lines.to_vec()).expect("UTF-8");
        text.lines()
            .skip(1)
            .take_while(|line| !line.starts_with("{\"end\""))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(without_dates(&streamed), without_dates(response.body()));
    streamed
}

#[test]
fn an_export_is_imported_elsewhere() {
    let world = World::new();
    let pool = format!("?IdentityPoolId={POOL}&History=true");
    let account = format!("?AccountId={ACCOUNT}");
    for query in ["", "?History=true", pool.as_str(), account.as_str()] {
        let file = exported(&world, query);
        let other = World::new();
        assert_eq!(other.post("/_cognate/reset", &serde_json::Value::Null).0, 200);
        other.engine.finish_removals().expect("removes");
        let request = Request::post("/_cognate/import").header("host", "localhost").body(());
        let imported = other.control.import(&request.expect("a request"), file.as_slice());
        let wanted = json!([POOL]);
        assert_eq!(
            (imported.status().as_u16(), &told(&imported).1["IdentityPoolIds"]),
            (200, &wanted)
        );
        assert_eq!(other.get("/_cognate/check").1, json!({"Findings": []}));
    }
}

#[test]
fn a_refused_import_names_the_line() {
    let world = World::new();
    let import = |body: &str| {
        told(&world.send(Request::post("/_cognate/import").header("host", "localhost"), body))
    };
    let (status, refused) = import(SEED);
    assert_eq!((status, &refused["Line"]), (409, &json!(2)));
    assert!(refused["Reason"].as_str().is_some_and(|reason| reason.contains("exists already")));
    assert_eq!(
        refused["Message"],
        format!("line 2: {}", refused["Reason"].as_str().expect("text"))
    );
    let cut = SEED.trim_end().trim_end_matches("}}").replace('1', "2");
    assert_eq!(import(&cut).0, 409);
    assert_eq!(import("").0, 409);
    // Identities for a pool that exists.
    let seed = "{\"cognate\":\"seed\",\"version\":1}\n{\"identity\":{}}\n";
    let path = format!("/_cognate/import?IdentityPoolId={POOL}");
    let added = told(&world.send(Request::post(path).header("host", "localhost"), seed));
    assert_eq!((added.0, &added.1["Identities"]), (200, &json!(1)));
}

/// A body that breaks off.
struct Broken(&'static [u8]);

impl Read for Broken {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        self.0.read(into)
    }
}

#[test]
fn a_body_that_breaks_off_changes_nothing() {
    let world = World::new();
    let request = Request::post("/_cognate/import").header("host", "localhost").body(());
    let body = Broken(b"{\"cognate\":\"seed\",\"version\":1}\n");
    let response = world.control.import(&request.expect("a request"), body);
    assert_eq!(response.status(), 400);
    assert_eq!(world.get("/_cognate/health").1["IdentityPools"], 1);
}

#[test]
fn a_refused_export_has_no_head() {
    let world = World::new();
    for (status, query) in [
        (400, "?IdentityPoolId=us-east-1:00000000-0000-4000-8000-00000000000f"),
        (400, "?IdentityPoolId=x"),
        (400, "?Unknown=1"),
        (400, &format!("?IdentityPoolId={POOL}&AccountId={ACCOUNT}")),
        (400, "?Keys=true&AccountId=123456789012"),
    ] {
        let refused = world.control.export(&get(&format!("/_cognate/export{query}")), |_| {
            panic!("{query} begins");
            #[expect(unreachable_code, reason = "it tells the type of the place")]
            Vec::new()
        });
        assert_eq!(refused.expect_err("is refused").status(), status, "{query}");
    }
}

#[test]
fn long_requests_are_known_by_their_heads() {
    let kind = |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).body(Bytes::new());
        Control::long_request(&request.expect("a request"))
    };
    assert_eq!(kind("GET", "/_cognate/export?History=true"), Some(LongRequest::Export));
    assert_eq!(kind("POST", "/_cognate/import"), Some(LongRequest::Import));
    for path in ["events?Wait=25", "check", &format!("pools/{POOL}/counts")] {
        assert_eq!(kind("GET", &format!("/_cognate/{path}")), Some(LongRequest::Slow), "{path}");
    }
    for (method, path) in [
        ("POST", "/_cognate/export"),
        ("GET", "/_cognate/import"),
        ("POST", "/"),
        ("GET", "/_cognate/pools"),
    ] {
        assert_eq!(kind(method, path), None, "{method} {path}");
    }
}
