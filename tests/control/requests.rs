//! The request log.

use cognate::control::Control;
use http::Request;
use serde_json::{Value, json};

use crate::{ACCOUNT, ALICE, BOB, POOL, World, call};

fn requests(world: &World, query: &str) -> Value {
    let (status, requests) = world.get(&format!("/_cognate/requests{query}"));
    assert_eq!(status, 200, "{requests}");
    requests
}

/// The details of the newest call.
fn newest(world: &World) -> Value {
    let all = requests(world, "?MaxResults=1");
    let id = all["Requests"][0]["RequestId"].as_str().expect("an id").to_owned();
    world.get(&format!("/_cognate/requests/{id}")).1
}

#[test]
fn a_call_is_recorded_with_its_caller_and_answer() {
    let world = World::new();
    let body = json!({"IdentityPoolId": POOL, "Logins": {"login.game": "alice"}});
    let answer = world.call("GetOpenIdTokenForDeveloperIdentity", &body);
    let token = serde_json::from_slice::<Value>(answer.body()).expect("JSON");
    let recorded = newest(&world);
    assert_eq!(recorded["Operation"], "GetOpenIdTokenForDeveloperIdentity");
    assert_eq!((&recorded["Caller"], &recorded["Region"]), (&json!(ACCOUNT), &json!("us-east-1")));
    assert_eq!((&recorded["Status"], &recorded["Exception"]), (&json!(200), &Value::Null));
    assert_eq!(recorded["RequestId"], answer.headers()["x-amzn-requestid"].to_str().expect("text"));
    assert_eq!(recorded["Body"], body, "a user that is stated without a token");
    assert_eq!(recorded["Logins"], json!([{"Provider": "login.game", "Subject": "alice"}]));
    assert!(recorded["DurationMicros"].as_u64().is_some_and(|micros| micros > 0));
    let text = recorded.to_string();
    assert!(!text.contains(token["Token"].as_str().expect("a token")), "{text}");
    assert!(!answer.headers().contains_key("x-cognate-why"));
}

#[test]
fn a_refusal_is_recorded_with_its_explanation() {
    let world = World::new();
    let body =
        json!({"IdentityPoolId": POOL, "IdentityId": ALICE, "Logins": {"login.game": "bob"}});
    let refused = world.call("GetOpenIdTokenForDeveloperIdentity", &body);
    assert_eq!(refused.status(), 400);
    let recorded = newest(&world);
    let id = recorded["RequestId"].as_str().expect("an id");
    let page = format!("http://localhost:4566/_cognate/#/requests/{id}");
    assert_eq!(refused.headers()["x-cognate-why"], page.as_str());
    assert_eq!(recorded["Exception"], "DeveloperUserAlreadyRegisteredException");
    let text = recorded["ExplanationText"].as_str().expect("a text");
    assert!(text.starts_with("refused") && text.contains(BOB), "{text}");
    assert_eq!(recorded["Explanation"]["Operation"], "GetOpenIdTokenForDeveloperIdentity");
    // The list has the text, but not the body and the structure.
    let listed = &requests(&world, "")["Requests"][0];
    assert_eq!((&listed["Body"], &listed["Explanation"]), (&Value::Null, &Value::Null));
    assert_eq!(listed["ExplanationText"], recorded["ExplanationText"]);
    // A call that cannot be explained has its message.
    let refused = world.call("DescribeIdentity", &json!({"IdentityId": "us-east-1:0"}));
    assert!(refused.headers().contains_key("x-cognate-why"));
    let recorded = newest(&world);
    assert_eq!(recorded["Exception"], "ResourceNotFoundException");
    assert_eq!(recorded["ExplanationText"], Value::Null);
}

/// `header.claims.signature`, whose claims are these.
fn token(claims: &Value) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(&claims.to_string()), part("signature"))
}

#[test]
fn tokens_are_never_recorded() {
    let world = World::new();
    let id_token = token(&json!({
        "iss": "https://accounts.google.com", "sub": "1089", "aud": ["app", "other"],
        "exp": 1_900_000_000, "email": "private@example.com", "nonce": "secret",
    }));
    let body = json!({
        "IdentityPoolId": POOL,
        "Logins": {"accounts.google.com": id_token, "graph.facebook.com": "opaque-access-token"},
        "Unknown": {"Logins": {"x": "unknown-member"}},
    });
    for operation in ["GetId", "GetOpenIdTokenForDeveloperIdentity"] {
        world.call(operation, &body);
        let recorded = newest(&world);
        assert_eq!(
            recorded["Logins"],
            json!([
                {"Provider": "accounts.google.com", "Subject": "1089",
                 "Issuer": "https://accounts.google.com", "Audience": "app", "Expiry": 1_900_000_000},
                {"Provider": "graph.facebook.com"},
            ])
        );
        let logins = json!({
            "accounts.google.com": "<token of https://accounts.google.com>",
            "graph.facebook.com": "<token of graph.facebook.com>",
        });
        assert_eq!(recorded["Body"]["Logins"], logins);
        let all = [recorded.to_string(), requests(&world, "").to_string()].concat();
        let parts = id_token.split('.').skip(1);
        for secret in parts.chain(["opaque", "private@example.com", "unknown-member", "Signature="])
        {
            assert!(!all.contains(secret), "{secret} in {all}");
        }
    }
}

/// What looks like a token but is none hides no other member, and is not shown.
#[test]
fn odd_tokens_are_not_recorded() {
    let world = World::new();
    for odd in [
        r#""a.eyJsecret""#,
        r#""a.eyJ\u0041secret.b""#,
        r#"{"x": "a.eyJ\"}, \"secret\": \"b.c"}"#,
        r#"["a.eyJsecret", ".b."]"#,
        r#""secret.opaque.token""#,
        r#""..""#,
        "null",
        "1.5",
    ] {
        let body = format!(
            r#"{{"Logins": {{"a": {odd}, "accounts.google.com": "secret"}},
                "IdentityPoolId": "{POOL}", "Logins": {{"a\"b": {odd}}}}}"#
        );
        world.send(call("GetId"), &body);
        let recorded = newest(&world);
        assert_eq!(recorded["Body"]["IdentityPoolId"], POOL, "{odd}: {recorded}");
        assert_eq!(recorded["Logins"], json!([{"Provider": "a\"b"}]), "the last one counts: {odd}");
        assert_eq!(recorded["Body"]["Logins"], json!({"a\"b": "<token of a\"b>"}), "{odd}");
        let all = [recorded.to_string(), requests(&world, "").to_string()].concat();
        assert!(!all.contains("secret"), "{odd} in {all}");
    }
}

#[test]
fn odd_calls_are_recorded_too() {
    let world = World::new();
    let long = "x".repeat(40_000);
    for body in
        ["", "[", "[]", "null", r#"{"Logins": 1}"#, r#"{"Logins": {"a": {"b": "c"}}}"#, &long]
    {
        let answer = world.send(call("GetId"), body);
        assert_eq!(answer.status(), 400, "{body:.20}");
        assert_eq!(newest(&world)["Status"], 400);
        assert!(!newest(&world).to_string().contains("\"c\""));
    }
    world.send(
        Request::post("/").header("host", "localhost").header("x-amz-target", &long[..9_000]),
        "{}",
    );
    assert_eq!(newest(&world)["Operation"], "Unknown");
    let before = requests(&world, "")["Next"].clone();
    world.get("/.well-known/jwks.json");
    assert_eq!(requests(&world, "")["Next"], before, "documents are no calls");
}

#[test]
fn the_last_thousand_calls_are_kept() {
    let world = World::new();
    let body = json!({"IdentityPoolId": "us-east-1:0"});
    for _ in 0..1_010 {
        world.call("DescribeIdentityPool", &body);
    }
    let all = requests(&world, "?MaxResults=1000");
    let numbers: Vec<_> = all["Requests"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| it["Number"].as_u64())
        .collect();
    assert!(numbers.iter().copied().eq((10..1_010).rev().map(Some)), "{:?}", numbers.first());
    assert_eq!((&all["Next"], &all["Gap"]), (&json!(1_010), &json!(false)));
    let part = requests(&world, "?After=1005");
    assert_eq!(part["Requests"].as_array().map(Vec::len), Some(5));
    assert_eq!(
        (&part["Gap"], &requests(&world, "?After=5&MaxResults=1000")["Gap"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(world.post("/_cognate/requests/clear", &Value::Null).0, 200);
    assert_eq!(requests(&world, "")["Requests"], json!([]));
    assert_eq!(world.get("/_cognate/requests/x").0, 404);
}

/// The action is named in the body, which is a form and not kept.
#[test]
fn actions_of_the_sts_are_recorded_without_tokens() {
    let world = World::new();
    let role = "arn:aws:iam::123456789012:role/player";
    let roles = json!({"IdentityPoolId": POOL, "Roles": {"authenticated": role}});
    assert_eq!(world.call("SetIdentityPoolRoles", &roles).status(), 200);
    let body = json!({"IdentityPoolId": POOL, "Logins": {"login.game": "alice"}});
    let answer = world.call("GetOpenIdTokenForDeveloperIdentity", &body);
    let answer = serde_json::from_slice::<Value>(answer.body()).expect("JSON");
    let token = answer["Token"].as_str().expect("a token");
    for (role, status, exception) in
        [(role, 200, Value::Null), ("x", 400, "ValidationError".into())]
    {
        let form = format!(
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=alice\
             &RoleArn={role}&WebIdentityToken={token}"
        );
        let request = Request::post("/").header("host", "localhost:4566");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = world.send(request, &form);
        assert_eq!(response.status(), status);
        assert_eq!(response.headers().contains_key("x-cognate-why"), status == 400);
        let recorded = newest(&world);
        assert_eq!(recorded["Operation"], "AssumeRoleWithWebIdentity");
        assert_eq!((&recorded["Status"], &recorded["Exception"]), (&json!(status), &exception));
        let text = recorded.to_string();
        let made = String::from_utf8_lossy(response.body()).into_owned();
        let secrets = ["SecretAccessKey", "SessionToken"].map(|name| {
            let (_, rest) = made.split_once(&format!("<{name}>"))?;
            rest.split_once('<').map(|(secret, _)| secret.to_owned())
        });
        for secret in secrets.into_iter().flatten().chain([token.to_owned()]) {
            assert!(!text.contains(&secret), "{text}");
        }
    }
}

#[test]
fn without_a_log_calls_are_answered_all_the_same() {
    let world = World::with(|control: Control| control.request_log(false));
    let refused = world.call("GetId", &json!({"IdentityPoolId": "us-east-1:0"}));
    assert_eq!(refused.status(), 400);
    assert!(!refused.headers().contains_key("x-cognate-why"));
    assert_eq!(world.get("/_cognate/requests").0, 400);
    assert_eq!(world.get("/_cognate/health").1["RequestLog"], false);
}

#[test]
fn a_call_is_explained_without_being_made() {
    let world = World::new();
    let body =
        json!({"IdentityPoolId": POOL, "IdentityId": ALICE, "Logins": {"login.game": "bob"}});
    let (parts, ()) =
        call("GetOpenIdTokenForDeveloperIdentity").body(()).expect("a call").into_parts();
    let headers = parts.headers.iter();
    let request = headers.fold(Request::post("/_cognate/explain"), |request, (name, value)| {
        request.header(name, value)
    });
    let before = requests(&world, "")["Next"].clone();
    let (status, explained) = crate::told(&world.send(request, &body.to_string()));
    assert_eq!(status, 200, "{explained}");
    let text = explained["ExplanationText"].as_str().expect("a text");
    assert!(text.contains("DeveloperUserAlreadyRegisteredException"), "{text}");
    assert_eq!(requests(&world, "")["Next"], before, "it is no call of the service");
}
