//! Pools, identities, logins, histories and changes.

use http::Request;
use serde_json::{Value, json};

use crate::{ACCOUNT, ALICE, BOB, POOL, World, told};

fn path(id: &str, rest: &str) -> String {
    format!("/_cognate/identities/{id}{rest}")
}

#[test]
fn pools_and_their_contents_are_listed() {
    let world = World::new();
    let (status, pools) = world.get("/_cognate/pools");
    assert_eq!((status, &pools["IdentityPools"][0]["IdentityPoolId"]), (200, &json!(POOL)));
    let (status, pool) = world.get(&format!("/_cognate/pools/{POOL}"));
    assert_eq!(status, 200);
    assert_eq!((&pool["AccountId"], &pool["IdentityPoolName"]), (&json!(ACCOUNT), &json!("game")));
    let (_, counts) = world.get(&format!("/_cognate/pools/{POOL}/counts"));
    assert_eq!((&counts["Authenticated"], &counts["Logins"]["login.game"]), (&json!(2), &json!(2)));
    let list = |query: &str| world.get(&format!("/_cognate/pools/{POOL}/{query}"));
    let (_, first) = list("identities?MaxResults=1");
    let next = first["NextToken"].as_str().expect("another page");
    let (_, second) = list(&format!("identities?MaxResults=1&NextToken={next}"));
    let id = |page: &Value| page["Identities"][0]["IdentityId"].as_str().map(str::to_owned);
    let mut ids = [id(&first), id(&second)].map(|id| id.expect("an identity"));
    ids.sort();
    assert_eq!(ids, [ALICE, BOB]);
    let (_, none) = list("identities?State=DISABLED&Provider=login.game&CreatedFrom=0.5");
    assert_eq!(none["Identities"], json!([]));
    let (_, logins) = list("logins?SubjectPrefix=al&Provider=login.game");
    assert_eq!(logins["Logins"][0]["IdentityId"], ALICE);
    assert_eq!(logins["Logins"].as_array().map(Vec::len), Some(1));
    // A colon may be encoded.
    assert_eq!(world.get(&path(&ALICE.replace(':', "%3A"), "")).1["State"], "AUTHENTICATED");
}

#[test]
fn a_merge_is_told_previewed_and_undone() {
    let world = World::new();
    world.merge();
    let (status, history) = world.get(&path(ALICE, "/history"));
    assert_eq!(status, 200);
    let merged = &history["Events"][0];
    let text = merged["Text"].as_str().expect("a text");
    assert!(text.contains(BOB), "{text}");
    let (_, activity) = world.get(&format!("/_cognate/pools/{POOL}/activity?MaxResults=2"));
    assert_eq!(activity["Events"].as_array().map(Vec::len), Some(2));
    let event = merged["EventId"].as_str().expect("an id");
    let before = world.get(&path(BOB, ""));
    let (status, preview) =
        world.post("/_cognate/undo", &json!({"EventId": event, "Preview": true}));
    assert_eq!(status, 200);
    let text = preview["ExplanationText"].as_str().expect("a text");
    assert!(text.starts_with("answered") && text.contains(BOB), "{text}");
    assert_eq!(world.get(&path(BOB, "")), before, "a preview changes nothing");
    let (status, undone) = world.post("/_cognate/undo", &json!({"EventId": event}));
    assert_eq!((status, undone["Identities"].as_array().map(Vec::len)), (200, Some(2)));
    assert_eq!(world.get(&path(BOB, "")).1["State"], "AUTHENTICATED");
    let (status, refused) = world.post("/_cognate/undo", &json!({"EventId": event}));
    assert_eq!((status, &refused["__type"]), (400, &json!("ResourceConflictException")));
    let (status, refused) = world.post("/_cognate/undo?Preview=true", &json!({"EventId": event}));
    assert!(refused["ExplanationText"].as_str().is_some_and(|text| text.starts_with("refused")));
    assert_eq!(status, 200, "a refusal is a result");
}

#[test]
fn each_change_is_previewed_and_made() {
    let world = World::new();
    let google = json!({"Provider": "accounts.google.com", "Subject": "1089"});
    let gone = json!({});
    let carol = json!({
        "IdentityPoolId": POOL,
        "IdentityId": "us-east-1:ca401000-0000-4000-8000-000000000000",
        "Logins": [{"Provider": "login.game", "Subject": "carol"}],
    });
    for (path, body) in [
        (path(ALICE, "/link"), &google),
        (path(ALICE, "/unlink"), &google),
        (path(BOB, "/disable"), &gone),
        (path(BOB, "/delete"), &gone),
        ("/_cognate/identities".to_owned(), &carol),
    ] {
        let state = || {
            let list = world.get(&format!("/_cognate/pools/{POOL}/identities")).1;
            (list, world.get(&format!("/_cognate/pools/{POOL}/activity")).1)
        };
        let before = state();
        let mut preview = body.clone();
        preview["Preview"] = true.into();
        let (status, explained) = world.post(&path, &preview);
        assert_eq!(status, 200, "{path}: {explained}");
        let text = explained["ExplanationText"].as_str().expect("a text");
        assert!(text.starts_with("answered"), "{path}: {text}");
        assert_eq!(state(), before, "{path}");
        let (status, made) = world.post(&path, body);
        assert_eq!(status, 200, "{path}: {made}");
        assert_ne!(state(), before, "{path}");
    }
    assert_eq!(world.get(&path(BOB, "")).0, 400);
    assert_eq!(world.get("/_cognate/check"), (200, json!({"Findings": []})));
}

#[test]
fn an_identity_is_found_by_a_login_and_by_a_token() {
    let world = World::new();
    let found = |body: Value| world.post("/_cognate/find", &body);
    let login = json!({"IdentityPoolId": POOL, "Provider": "login.game", "Subject": "alice"});
    assert_eq!(found(login).1["IdentityId"], ALICE);
    let nobody = json!({"IdentityPoolId": POOL, "Provider": "login.game", "Subject": "nobody"});
    assert_eq!(found(nobody).1["__type"], "ResourceNotFoundException");
    assert_eq!(found(json!({"Provider": "login.game"})).0, 400);

    let get = json!({"IdentityPoolId": POOL, "Logins": {"login.game": "alice"}});
    let token = told(&world.call("GetOpenIdTokenForDeveloperIdentity", &get)).1;
    let token = json!({"Token": token["Token"]});
    assert_eq!(found(token.clone()).1["IdentityId"], ALICE);
    let (_, verdict) = world.post("/_cognate/token", &token);
    assert_eq!((&verdict["Valid"], &verdict["Claims"]["sub"]), (&json!(true), &json!(ALICE)));
    let advanced = world.post("/_cognate/clock", &json!({"AdvanceSeconds": 86_400}));
    assert_eq!(advanced.0, 200, "{}", advanced.1);
    let (status, verdict) = world.post("/_cognate/token", &token);
    assert_eq!((status, &verdict["Valid"]), (200, &json!(false)));
    assert!(verdict["Reason"].as_str().is_some_and(|reason| reason.contains("expired")));
    assert_eq!(world.post("/_cognate/token", &json!({"Token": "x"})).1["Valid"], false);
}

#[test]
fn a_reset_deletes_one_pool_or_all() {
    let world = World::new();
    let engine = &world.engine;
    let aws = engine.developer(ACCOUNT.parse().unwrap(), "us-east-1".parse().unwrap());
    let keys = engine.jwks().expect("keys").keys.len();
    for reset in [
        "/_cognate/reset?IdentityPoolId=us-east-1:11111111-1111-4111-8111-111111111111",
        "/_cognate/reset",
        "/_localstack/state/reset",
    ] {
        let (status, deleted) = world.post(reset, &Value::Null);
        assert_eq!(status, 200, "{deleted}");
        assert_eq!(deleted["DeletedIdentityPoolIds"].as_array().map(Vec::len), Some(1));
        assert_eq!(world.get("/_cognate/health").1["IdentityPools"], 0);
        let input = cognate::operation::CreateIdentityPoolInput::new(
            "again",
            cognate::operation::GuestAccess::Denied,
        );
        aws.create_identity_pool(input).expect("created");
    }
    assert_eq!(engine.jwks().expect("keys").keys.len(), keys, "signing keys stay");
    let (status, refused) = world.post("/_cognate/reset", &json!({"IdentityPoolId": POOL}));
    assert_eq!((status, &refused["__type"]), (400, &json!("ResourceNotFoundException")));
}

#[test]
fn health_has_the_form_that_clients_of_localstack_know() {
    let world = World::new();
    let (status, health) = world.get("/_localstack/health");
    assert_eq!((status, &health["services"]["cognito-identity"]), (200, &json!("running")));
    assert_eq!((&health["Status"], &health["JournalDays"]), (&json!("running"), &json!(90)));
    assert_eq!(health["IdentityPools"], 1);
    assert_eq!(world.get("/_cognate/health").1, health);
}

#[test]
fn bad_requests_are_told_so_and_change_nothing() {
    let world = World::new();
    let before = world.get(&format!("/_cognate/pools/{POOL}/activity"));
    let link = path(ALICE, "/link");
    let long = "x".repeat(2_000);
    for (status, method, path, body) in [
        (404, "GET", "/_cognate/nothing", ""),
        (404, "GET", "/_cognate/pools/", ""),
        (404, "GET", "/_cognate/pools/%ff", ""),
        (404, "GET", "/_cognate//pools", ""),
        (405, "DELETE", "/_cognate/pools", ""),
        (405, "GET", "/_cognate/reset", ""),
        (405, "OPTIONS", "/_cognate/reset", ""),
        (405, "POST", "/_cognate/", ""),
        (400, "GET", "/_cognate/pools?Max=1", ""),
        (400, "GET", "/_cognate/pools?MaxResults=61", ""),
        (400, "GET", "/_cognate/pools?MaxResults=x", ""),
        (400, "GET", "/_cognate/pools?MaxResults=1&MaxResults=1", ""),
        (400, "GET", "/_cognate/pools/x", ""),
        (400, "GET", "/_cognate/identities/x", ""),
        (400, "GET", "/_cognate/pools?NextToken=x", ""),
        (400, "POST", link.as_str(), "["),
        (400, "POST", link.as_str(), "[]"),
        (400, "POST", link.as_str(), r#"{"Provider": 1}"#),
        (400, "POST", link.as_str(), r#"{"Provider": "login.game"}"#),
        (400, "POST", link.as_str(), r#"{"Provider": "login.game", "Subject": "x", "Extra": 1}"#),
        (400, "POST", link.as_str(), r#"{"Provider": "login.game", "Subject": "bob"}"#),
        (
            400,
            "POST",
            link.as_str(),
            &format!(r#"{{"Provider": "login.game", "Subject": "{long}"}}"#),
        ),
        (400, "POST", "/_cognate/undo", r#"{"EventId": "x"}"#),
        (400, "POST", "/_cognate/undo", ""),
        (400, "POST", "/_cognate/token", ""),
        (400, "POST", "/_cognate/clock", ""),
        (400, "POST", "/_cognate/clock", r#"{"AdvanceSeconds": -1}"#),
        (400, "POST", "/_cognate/explain", "{}"),
    ] {
        let request = Request::builder().method(method).uri(path).header("host", "localhost");
        let response = world.send(request, body);
        assert_eq!(response.status(), status, "{method} {path} {body}");
        assert_eq!(response.headers().contains_key("allow"), status == 405, "{method} {path}");
        if path != "/_cognate/" {
            let told = told(&response).1;
            assert!(told["__type"].is_string() && told["Message"].is_string(), "{told}");
        }
    }
    assert_eq!(world.get(&format!("/_cognate/pools/{POOL}/activity")), before);
}

#[test]
fn every_answer_has_its_length_and_is_kept_by_nobody() {
    let world = World::new();
    for path in ["/_cognate/", "/_cognate/pools", "/_cognate/inspector.js", "/_cognate/nothing"] {
        let request =
            |method| Request::builder().method(method).uri(path).header("host", "localhost");
        let (got, head) = (world.send(request("GET"), ""), world.send(request("HEAD"), ""));
        assert_eq!(got.headers(), head.headers(), "{path}");
        assert!(head.body().is_empty());
        assert_eq!(got.headers()["content-length"], got.body().len().to_string());
        assert_eq!(got.headers()["cache-control"], "no-store");
        assert_eq!(got.headers()["x-content-type-options"], "nosniff");
    }
    let moved = world.send(Request::get("/_cognate").header("host", "localhost"), "");
    assert_eq!(
        (moved.status().as_u16(), &moved.headers()["location"]),
        (308, &"/_cognate/".parse().unwrap())
    );
    let policy = world.send(Request::get("/_cognate/").header("host", "localhost"), "");
    let policy = policy.headers()["content-security-policy"].to_str().expect("text").to_owned();
    for part in ["default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'"] {
        assert!(policy.contains(part), "{policy}");
    }
}
