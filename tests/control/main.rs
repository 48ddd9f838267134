//! The control plane, by its requests and responses.

mod administration;
mod admission;
mod events;
mod requests;
mod transfer;

use bytes::Bytes;
use cognate::ambient::MovableClock;
use cognate::control::Control;
use cognate::exchange::Import;
use cognate::http::Guard;
use cognate::testkit;
use cognate::{Engine, Journal};
use http::{Request, Response};
use serde_json::{Value, json};

const ACCOUNT: &str = "123456789012";
const POOL: &str = "us-east-1:11111111-1111-4111-8111-111111111111";
const ALICE: &str = "us-east-1:a11ce000-0000-4000-8000-000000000000";
const BOB: &str = "us-east-1:b0b00000-0000-4000-8000-000000000000";
const SEED: &str = r#"{"cognate":"seed","version":1}
{"pool":{"id":"us-east-1:11111111-1111-4111-8111-111111111111","account":"123456789012","settings":{"IdentityPoolName":"game","AllowUnauthenticatedIdentities":true,"DeveloperProviderName":"login.game","SupportedLoginProviders":{"accounts.google.com":"app"}}}}
{"identity":{"id":"us-east-1:a11ce000-0000-4000-8000-000000000000","logins":[{"developer":"login.game","subject":"alice"}]}}
{"identity":{"id":"us-east-1:b0b00000-0000-4000-8000-000000000000","logins":[{"developer":"login.game","subject":"bob"}]}}
"#;

struct World {
    engine: Engine,
    control: Control,
}

impl World {
    /// A pool with Alice and Bob.
    fn new() -> Self {
        Self::with(|control| control)
    }

    fn with(options: impl FnOnce(Control) -> Control) -> Self {
        let clock = MovableClock::default();
        let builder = Engine::builder().signing_key(testkit::signing_key()).clock(clock.clone());
        let engine = builder.journal(Journal::keep(90)).in_memory().expect("an engine");
        let moved = clock.clone();
        let control = Control::new(&engine, Guard::default()).clock(move |by| moved.advance(by));
        let world = Self { engine, control: options(control) };
        world.engine.admin().import(Import::new(), SEED.as_bytes()).expect("imports");
        world
    }

    fn send(&self, request: http::request::Builder, body: &str) -> Response<Bytes> {
        let request = request.body(Bytes::copy_from_slice(body.as_bytes())).expect("a request");
        self.control.handle(&request)
    }

    fn get(&self, path: &str) -> (u16, Value) {
        told(&self.send(Request::get(path).header("host", "localhost"), ""))
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        told(&self.send(Request::post(path).header("host", "localhost"), &body))
    }

    /// A call of the service by the owner of the pool.
    fn call(&self, operation: &str, body: &Value) -> Response<Bytes> {
        self.send(call(operation), &body.to_string())
    }

    /// Moves Bob's login to Alice.
    fn merge(&self) {
        let merge = json!({
            "IdentityPoolId": POOL,
            "DeveloperProviderName": "login.game",
            "SourceUserIdentifier": "bob",
            "DestinationUserIdentifier": "alice",
        });
        assert_eq!(self.call("MergeDeveloperIdentities", &merge).status(), 200);
    }
}

fn call(operation: &str) -> http::request::Builder {
    let scope = "20260101/us-east-1/cognito-identity/aws4_request";
    Request::post("/")
        .header("host", "localhost:4566")
        .header("x-amz-target", format!("AWSCognitoIdentityService.{operation}"))
        .header(
            "authorization",
            format!(
                "AWS4-HMAC-SHA256 Credential={ACCOUNT}/{scope}, SignedHeaders=host, Signature=0"
            ),
        )
}

fn told(response: &Response<Bytes>) -> (u16, Value) {
    let body = serde_json::from_slice(response.body());
    (response.status().as_u16(), body.unwrap_or(Value::Null))
}
