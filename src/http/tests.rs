mod callers;
mod sts;

use super::response::header_value;
use super::route::{DISCOVERY, JWKS, JWKS_JSON};
use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::state::SigningAlgorithm;
use crate::store::{Batch, Commit, Key, KeyRange, Store, StoreError, Value};

const SIGNED: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=123456789012/20260101/us-east-1/cognito-identity/aws4_request, \
     SignedHeaders=host, Signature=00",
);
const LIST: (&str, &str) = ("x-amz-target", "AWSCognitoIdentityService.ListIdentityPools");

fn send(method: &str, uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Response<Bytes> {
    let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory();
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Bytes::copy_from_slice(body)).expect("a request");
    handle(&engine.expect("an engine"), &request)
}

fn get(uri: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
    send("GET", uri, headers, b"")
}

fn header<'a>(response: &'a Response<Bytes>, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().expect("ASCII"))
}

fn outcome_of(response: &Response<Bytes>) -> &Outcome {
    response.extensions().get().expect("an outcome")
}

#[test]
fn an_operation_is_answered() {
    let response = send("POST", "/", &[SIGNED, LIST], br#"{"MaxResults": 1}"#);
    assert_eq!(response.status(), 200);
    assert_eq!(response.body(), &br#"{"IdentityPools":[]}"#[..]);
    assert_eq!(header(&response, "content-type"), Some("application/x-amz-json-1.1"));
    assert_eq!(header(&response, "access-control-allow-origin"), None);
    assert_eq!(header(&response, "access-control-expose-headers"), None);
    assert_eq!(header(&response, "vary"), Some("Origin"));
    assert_eq!(header(&response, "x-amzn-errortype"), None);
    let outcome = outcome_of(&response);
    assert_eq!((outcome.operation.as_str(), &outcome.fault), ("ListIdentityPools", &None));
    assert_eq!(outcome.request_id.as_deref(), header(&response, "x-amzn-requestid"));
    assert_eq!(outcome.request_id.as_ref().map(String::len), Some(36));
}

#[test]
fn an_outcome_has_the_bare_name_of_the_operation() {
    for (target, operation) in [
        ("AWSCognitoIdentityService.GetId", "GetId"),
        ("com.amazonaws.cognito.identity.model.AWSCognitoIdentityService.GetId", "GetId"),
        ("AWSCognitoIdentityService.GetPool", "Unknown"),
        ("GetId", "Unknown"),
        ("", "Unknown"),
    ] {
        let response = send("POST", "/", &[("x-amz-target", target)], b"{}");
        assert_eq!(outcome_of(&response).operation, operation, "{target}");
    }
}

/// A guard knows public operations by both forms of a target, and by nothing else.
#[test]
fn pages_of_other_sites_reach_public_operations_by_either_target() {
    let namespaced = |operation| format!("com.amazonaws.cognito.identity.model.{operation}");
    for (target, status) in [
        (namespaced("AWSCognitoIdentityService.GetId"), 400),
        (namespaced("AWSCognitoIdentityService.ListIdentityPools"), 403),
        (namespaced("GetId"), 403),
        ("GetId".to_owned(), 403),
    ] {
        let headers = [("x-amz-target", target.as_str()), ("origin", "https://other.example")];
        let response = send("POST", "/", &headers, b"{}");
        assert_eq!(response.status(), status, "{target}");
        let readers = header(&response, "access-control-allow-origin");
        assert_eq!(readers, (status == 400).then_some("*"), "{target}");
    }
}

#[test]
fn a_request_without_a_target_is_told_so() {
    for headers in [&[SIGNED][..], &[("x-amz-target", "")]] {
        let response = send("POST", "/", headers, b"{}");
        let message = header(&response, "x-amzn-errormessage").expect("a message");
        assert!(message.starts_with("Missing header X-Amz-Target: "), "{message}");
    }
}

#[test]
fn a_refusal_is_in_the_headers_too() {
    for (headers, operation, name) in [
        (&[LIST][..], "ListIdentityPools", "MissingAuthenticationTokenException"),
        (&[LIST, ("authorization", "é")], "ListIdentityPools", "UnrecognizedClientException"),
        (&[SIGNED], "Unknown", "UnknownOperationException"),
        (&[SIGNED, ("x-amz-target", "é")], "Unknown", "UnknownOperationException"),
    ] {
        let response = send("POST", "/", headers, br#"{"MaxResults": 1}"#);
        assert_eq!(response.status(), 400);
        let error_type = header(&response, "x-amzn-errortype").expect("a header");
        assert_eq!(error_type.strip_suffix(':'), Some(name));
        assert_eq!(outcome_of(&response).operation, operation);
        let fault = outcome_of(&response).fault.as_ref().expect("a fault");
        assert_eq!(fault.name(), name);
        let body = format!(r#"{{"__type":"{name}","message":"{}"}}"#, fault.message());
        assert_eq!(response.body(), &body);
    }
}

#[test]
fn a_header_has_only_legal_characters() {
    assert_eq!(header_value("Value 'a\r\nb\t\0é☃' at"), "Value 'a??b????' at");
    assert_eq!(header_value(&"é".repeat(5000)).len(), HEADER_LENGTH_MAX);
    let body = br#"{"IdentityPoolId": "\r\nx-evil: \u2603"}"#;
    let target = ("x-amz-target", "AWSCognitoIdentityService.DescribeIdentityPool");
    let response = send("POST", "/", &[SIGNED, target], body);
    let message = header(&response, "x-amzn-errormessage").expect("a header");
    assert!(message.contains("Value '??x-evil: ?' at 'identityPoolId'"), "{message}");
}

#[test]
fn a_long_body_is_refused() {
    let body = vec![b' '; wire::BODY_LENGTH_MAX + 1];
    let response = send("POST", "/", &[SIGNED, LIST], &body);
    assert_eq!(response.status(), 413);
    assert_eq!(header(&response, "x-amzn-errortype"), Some("SerializationException:"));
}

#[test]
fn keys_and_discovery_are_published() {
    for path in [JWKS, JWKS_JSON] {
        let response = get(path, &[]);
        assert_eq!(response.body(), &br#"{"keys":[]}"#[..]);
        assert_eq!(header(&response, "content-type"), Some("application/json"));
    }
    let response = send("HEAD", JWKS, &[], b"");
    assert_eq!((response.status(), response.body().len()), (::http::StatusCode::OK, 0));
    assert_eq!(header(&response, "content-length"), Some("11"));
}

/// A store that stops before anything was written.
#[derive(Default)]
struct Stopped(AtomicBool);

impl Stopped {
    fn check(&self) -> Result<(), StoreError> {
        if self.0.load(Ordering::SeqCst) { Err(StoreError::Stopped) } else { Ok(()) }
    }
}

impl Store for Stopped {
    fn get(&self, keys: &[Key]) -> Result<Vec<Option<Value>>, StoreError> {
        self.check().map(|()| vec![None; keys.len()])
    }

    fn scan(&self, _: &KeyRange, _: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.check().map(|()| Vec::new())
    }

    fn commit(&self, _: Batch) -> Result<Commit, StoreError> {
        Err(StoreError::Stopped)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.check()
    }
}

#[test]
fn a_store_that_fails_is_named_in_the_outcome_only() {
    let store = Arc::new(Stopped::default());
    let engine = Engine::builder().open_shared(store.clone()).expect("an engine");
    store.0.store(true, Ordering::SeqCst);
    for uri in [JWKS, DISCOVERY] {
        let request = Request::get(uri).header("host", "a.example").body(Bytes::new());
        let response = handle(&engine, &request.expect("a request"));
        assert_eq!(response.status(), 500);
        let body = br#"{"__type":"InternalErrorException","message":"Internal error"}"#;
        assert_eq!(response.body(), &body[..]);
        assert_eq!(header(&response, "x-amzn-errortype"), Some("InternalErrorException:"));
        assert_eq!(header(&response, "x-amzn-errormessage"), Some("Internal error"));
        let fault = outcome_of(&response).fault.as_ref().expect("a fault");
        assert!(fault.cause().is_some_and(|cause| cause.starts_with("storage failed: ")));
    }
}

#[test]
fn discovery_links_to_where_the_client_is() {
    let https = ("x-forwarded-proto", "HTTPS, http");
    for (uri, headers, base) in [
        (DISCOVERY, &[("host", "localhost:4566")][..], Some("http://localhost:4566")),
        (DISCOVERY, &[("host", "a.example"), https], Some("https://a.example")),
        (DISCOVERY, &[("host", "[::1]:80")], Some("http://[::1]:80")),
        ("https://b.example/.well-known/openid-configuration", &[], Some("https://b.example")),
        (DISCOVERY, &[], None),
        (DISCOVERY, &[("host", "")], None),
        (DISCOVERY, &[("host", "user@a.example")], None),
        (DISCOVERY, &[("host", "a.example:")], None),
        (DISCOVERY, &[("host", "a.example:99999")], None),
        (DISCOVERY, &[("host", "a.example/path")], None),
        (DISCOVERY, &[("host", "a\"b")], None),
    ] {
        let response = get(uri, headers);
        let body = String::from_utf8_lossy(response.body()).into_owned();
        let expected = base.map(|base| format!(r#""jwks_uri":"{base}/.well-known/jwks_uri""#));
        assert_eq!(response.status() == 200, base.is_some(), "{headers:?}");
        assert!(expected.is_none_or(|expected| body.contains(&expected)), "{body}");
    }
}

/// The guard's own tests have the rules.
#[test]
fn pages_of_other_sites_reach_what_is_public() {
    const GET_ID: (&str, &str) = ("x-amz-target", "AWSCognitoIdentityService.GetId");
    let asks = ("access-control-request-headers", "authorization,x-amz-target");
    let (page, foreign) = (("origin", "http://localhost:3000"), ("origin", "http://a.example"));
    for (method, uri, headers, status, readers) in [
        ("POST", "/", &[page, SIGNED, LIST][..], 200, Some("http://localhost:3000")),
        ("POST", "/", &[foreign, SIGNED, LIST], 403, None),
        ("POST", "/", &[foreign, LIST], 403, None),
        ("POST", "/", &[foreign], 403, None),
        ("POST", "/", &[foreign, GET_ID], 400, Some("*")),
        ("POST", "/", &[GET_ID], 400, Some("*")),
        ("GET", JWKS, &[foreign], 200, Some("*")),
        ("GET", "/nothing", &[foreign], 403, None),
        ("OPTIONS", "/anything", &[page, asks], 200, Some("http://localhost:3000")),
        ("OPTIONS", "/anything", &[foreign, asks], 403, None),
        ("OPTIONS", "/anything", &[foreign], 200, Some("*")),
        ("OPTIONS", "/anything", &[], 200, None),
    ] {
        let response = send(method, uri, headers, br#"{"MaxResults": 1}"#);
        assert_eq!(response.status(), status, "{method} {uri} {headers:?}");
        let told = header(&response, "access-control-allow-origin");
        assert_eq!(told, readers, "{method} {uri} {headers:?}");
        assert!(header(&response, "x-amzn-requestid").is_some());
    }
}

#[test]
fn a_refusal_of_the_guard() {
    let foreign = ("origin", "http://a.example");
    let message = "The origin is neither a loopback origin nor allowed";
    for (method, target, operation) in [
        ("POST", Some(LIST), "ListIdentityPools"),
        ("POST", Some(("x-amz-target", "Guess")), "Unknown"),
        ("POST", None, "Unknown"),
        ("HEAD", None, "Unknown"),
    ] {
        let headers: Vec<_> = std::iter::once(foreign).chain(target).collect();
        let response = send(method, "/", &headers, br#"{"MaxResults": 1}"#);
        assert_eq!(response.status(), 403);
        let body = format!(r#"{{"__type":"AccessDeniedException","Message":"{message}"}}"#);
        assert_eq!(response.body(), if method == "HEAD" { "" } else { &body });
        assert_eq!(header(&response, "x-amzn-errortype"), Some("AccessDeniedException:"));
        assert_eq!(header(&response, "x-amzn-errormessage"), Some(message));
        let outcome = outcome_of(&response);
        assert_eq!(outcome.operation, operation);
        let fault = outcome.fault.as_ref().expect("a fault");
        assert_eq!((fault.name(), fault.message()), ("AccessDeniedException", message));
    }
}

#[test]
fn another_path_or_method_is_refused() {
    for (method, uri, status, allowed) in [
        ("GET", "/", 405, Some("POST, OPTIONS")),
        ("POST", JWKS, 405, Some("GET, HEAD, OPTIONS")),
        ("DELETE", DISCOVERY, 405, Some("GET, HEAD, OPTIONS")),
        ("GET", "/.well-known", 404, None),
        ("POST", "//", 404, None),
    ] {
        let response = send(method, uri, &[SIGNED, LIST], b"{}");
        assert_eq!(response.status(), status, "{method} {uri}");
        assert_eq!(header(&response, "allow"), allowed);
        assert_eq!(header(&response, "x-amzn-errortype"), Some("UnknownOperationException:"));
    }
}
