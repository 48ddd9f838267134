//! Tokens, pages of other origins, and foreign host names.

use std::net::Ipv4Addr;

use bytes::Bytes;
use cognate::Engine;
use cognate::control::Control;
use cognate::http::Guard;
use http::{Request, Response};

use crate::{World, told};

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Bytes> {
    let request = Request::builder().method(method).uri(path);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Bytes::new()).expect("a request")
}

#[track_caller]
fn has_no_cors_headers(response: &Response<Bytes>) {
    let mut names = response.headers().keys();
    assert!(!names.any(|name| name.as_str().starts_with("access-control")), "{response:?}");
}

#[test]
fn pages_of_other_origins_are_refused() {
    let engine = Engine::builder().in_memory().expect("an engine");
    let trusted = "https://game.test".parse().expect("an origin");
    let host = "cognito.test".parse().expect("a host");
    let local = Guard::bound_to(Ipv4Addr::LOCALHOST.into()).allow_origin(trusted).allow_host(host);
    for (guard, is_local) in [(local, true), (Guard::open(), false)] {
        let control = Control::new(&engine, guard);
        let send = |method: &str, path: &str, headers: &[(&str, &str)]| {
            let response = control.handle(&request(method, path, headers));
            has_no_cors_headers(&response);
            response.status().as_u16()
        };
        for (method, path) in [
            ("GET", "/_cognate/pools"),
            ("POST", "/_cognate/reset"),
            ("POST", "/_localstack/state/reset"),
        ] {
            let own = "localhost:4566";
            let with = |origin: &str| send(method, path, &[("host", own), ("origin", origin)]);
            assert_eq!(send(method, path, &[("host", own)]), 200);
            assert_eq!(with("http://localhost:4566"), 200, "the inspector page");
            for origin in [
                "http://localhost:3000",
                "http://127.0.0.1:4566",
                "http://localhost",
                "https://game.test",
                "http://attacker.test",
                "null",
                "",
            ] {
                assert_eq!(with(origin), 403, "{method} {path} of {origin}");
            }
            let site = |site: &str| send(method, path, &[("host", own), ("sec-fetch-site", site)]);
            assert_eq!((site("same-origin"), site("none")), (200, 200));
            assert_eq!((site("cross-site"), site("same-site")), (403, 403));
            let twice = [("host", own), ("origin", "http://localhost:4566"), ("origin", "null")];
            assert_eq!(send(method, path, &twice), 403);
        }
        let preflight = [
            ("host", "localhost"),
            ("origin", "http://attacker.test"),
            ("access-control-request-method", "POST"),
        ];
        assert_eq!(send("OPTIONS", "/_cognate/reset", &preflight), 403);
        // Another page may link to the files of the page, which hold nothing.
        let link = [("host", "localhost"), ("sec-fetch-site", "cross-site")];
        assert_eq!(send("GET", "/_cognate/", &link), 200);
        if is_local {
            assert_eq!(send("GET", "/_cognate/", &[("host", "attacker.test")]), 403);
            assert_eq!(send("GET", "/_cognate/pools", &[("host", "attacker.test")]), 403);
            assert_eq!(send("GET", "/_cognate/pools", &[("host", "cognito.test:1")]), 200);
            let own = [("host", "cognito.test:1"), ("origin", "http://cognito.test:1")];
            assert_eq!(send("POST", "/_cognate/reset", &own), 200);
        }
    }
}

#[test]
fn a_token_is_demanded_for_everything_but_the_page_and_the_health() {
    let world = World::with(|control| control.token("s3cret"));
    let send = |path: &str, token: Option<&str>| {
        let host = [("host", "localhost")];
        let token = token.map(|token| ("authorization", token));
        let headers: Vec<_> = host.into_iter().chain(token).collect();
        world.control.handle(&request("GET", path, &headers)).status().as_u16()
    };
    for path in
        ["/_cognate/pools", "/_cognate/openapi.json", "/_cognate/export", "/_cognate/events"]
    {
        assert_eq!(send(path, Some("Bearer s3cret")), 200, "{path}");
        for wrong in [
            None,
            Some("Bearer s3creT"),
            Some("Bearer s3cre"),
            Some("Bearer s3crets"),
            Some("s3cret"),
            Some("Basic s3cret"),
        ] {
            assert_eq!(send(path, wrong), 401, "{path} {wrong:?}");
        }
    }
    for path in ["/_cognate/", "/_cognate/health", "/_localstack/health"] {
        assert_eq!(send(path, None), 200, "{path}");
    }
    let refused = world.post("/_cognate/reset", &serde_json::Value::Null);
    assert_eq!(refused.0, 401);
    assert_eq!(world.get("/_cognate/health").1["IdentityPools"], 1);
    assert!(!format!("{:?}", world.control).contains("s3cret"));
    // Calls of the service need none, and tell the reason to nobody without it.
    let refused = world.call("GetId", &serde_json::json!({"IdentityPoolId": "us-east-1:0"}));
    let page = refused.headers()["x-cognate-why"].to_str().expect("text");
    let id = page.rsplit('/').next().expect("an id");
    assert_eq!(send(&format!("/_cognate/requests/{id}"), None), 401);
    assert_eq!(send(&format!("/_cognate/requests/{id}"), Some("Bearer s3cret")), 200);
}

#[test]
fn a_locked_control_plane_answers_its_health_only() {
    let world = World::with(Control::locked);
    assert_eq!(world.get("/_cognate/health").0, 200);
    for path in ["/_cognate/pools", "/_cognate/export", "/_cognate/requests"] {
        let response = world.control.handle(&request("GET", path, &[("host", "localhost")]));
        let (status, told) = told(&response);
        assert_eq!((status, &told["__type"]), (403, &"AccessDeniedException".into()), "{path}");
    }
}
