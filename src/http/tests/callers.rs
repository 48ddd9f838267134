//! Requests of callers that the embedder knows, and those that it refuses.

use super::*;

const OWNER: &str = "111111111111";
const FOREIGN: (&str, &str) = ("origin", "http://attacker.test");
const PAGE: (&str, &str) = ("origin", "http://localhost:3000");
const CREATE: (&str, &str) = ("x-amz-target", "AWSCognitoIdentityService.CreateIdentityPool");
const GET_ID: (&str, &str) = ("x-amz-target", "AWSCognitoIdentityService.GetId");
const KEY: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=AKIAGAME/20260101/eu-west-1/cognito-identity/aws4_request, \
     SignedHeaders=host, Signature=00",
);

fn engine() -> Engine {
    let builder = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa);
    builder.in_memory().expect("an engine")
}

fn request(method: &str, headers: &[(&str, &str)], body: &'static str) -> Request<Bytes> {
    let mut request = Request::builder().method(method).uri("/");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Bytes::from_static(body.as_bytes())).expect("a request")
}

#[test]
fn the_context_is_what_the_headers_state() {
    let token = ("x-amz-security-token", "token");
    let stated = context(&request("POST", &[KEY, token], ""));
    assert_eq!(stated.access_key_id(), Some("AKIAGAME"));
    assert_eq!(stated.region().map(crate::id::Region::as_str), Some("eu-west-1"));
    assert_eq!(stated.session_token().map(crate::credentials::SessionToken::as_str), Some("token"));
    assert_eq!(stated.account(), None);
    assert!(context(&request("POST", &[token], "")).is_anonymous());
    let bytes = HeaderValue::from_bytes(b"\xff").expect("a value");
    let mut odd = request("POST", &[], "");
    odd.headers_mut().insert("authorization", bytes);
    assert!(!context(&odd).is_anonymous() && !context(&odd).is_signed());
}

#[test]
fn the_operation_is_that_of_the_target() {
    let name = |request: &Request<Bytes>| called_operation(request).map(ServiceOperation::name);
    assert_eq!(name(&request("POST", &[GET_ID], "")), Some("GetId"));
    assert_eq!(name(&request("GET", &[GET_ID], "")), None);
    assert_eq!(name(&request("OPTIONS", &[GET_ID], "")), None);
    assert_eq!(name(&request("POST", &[("x-amz-target", "GetId")], "")), None);
}

#[test]
fn an_operation_acts_for_the_account_of_the_embedder() {
    let engine = engine();
    let body = r#"{"IdentityPoolName":"game","AllowUnauthenticatedIdentities":false}"#;
    let request = request("POST", &[KEY, CREATE], body);
    let named = context(&request).with_account(OWNER.parse().expect("an account"));
    let pools = |account: &str| {
        let (account, region) = (account.parse(), "eu-west-1".parse());
        let aws = engine.developer(account.expect("an account"), region.expect("a region"));
        let input = crate::operation::ListIdentityPoolsInput::new(60);
        aws.list_identity_pools(input).expect("listed").identity_pools.len()
    };
    let check = |response: Response<Bytes>, counts| {
        assert_eq!(response.status(), 200);
        assert!(header(&response, "x-amzn-requestid").is_some());
        assert_eq!((pools(OWNER), pools("000000000000")), counts);
    };
    check(handle_as(&engine, &named, &request), (1, 0));
    check(Guard::open().handle_as(&engine, &named, &request), (2, 0));
    // The headers alone state no account.
    check(handle(&engine, &request), (2, 1));
}

#[test]
fn the_context_of_the_embedder_replaces_the_headers() {
    let engine = engine();
    let request = request("POST", &[SIGNED, LIST], r#"{"MaxResults":1}"#);
    let response = handle_as(&engine, &Context::anonymous(), &request);
    let name = header(&response, "x-amzn-errortype");
    assert_eq!(name, Some("MissingAuthenticationTokenException:"));
}

#[test]
fn a_guard_comes_before_the_embedder() {
    let engine = engine();
    let guard = Guard::default();
    for (headers, status, error, readers) in [
        (&[KEY, LIST][..], 400, "InvalidSignatureException:", None),
        (&[KEY, LIST, PAGE], 400, "InvalidSignatureException:", Some("http://localhost:3000")),
        (&[KEY, LIST, FOREIGN], 403, "AccessDeniedException:", None),
        (&[KEY, GET_ID, FOREIGN], 400, "InvalidSignatureException:", Some("*")),
    ] {
        let request = request("POST", headers, "{}");
        let response = guard.refuse(&engine, &request, Fault::invalid_signature());
        assert_eq!(response.status(), status, "{headers:?}");
        assert_eq!(header(&response, "x-amzn-errortype"), Some(error), "{headers:?}");
        assert_eq!(header(&response, "access-control-allow-origin"), readers, "{headers:?}");
        let named = context(&request).with_account(OWNER.parse().expect("an account"));
        let closed = guard.handle_as(&engine, &named, &request).status() == 403;
        assert_eq!(closed, status == 403, "{headers:?}");
    }
}

#[test]
fn a_refusal_of_the_embedder_is_as_complete_as_one_of_the_engine() {
    let engine = engine();
    for (headers, operation) in [(&[LIST][..], "ListIdentityPools"), (&[], "Unknown")] {
        for fault in [Fault::unrecognized_client(), Fault::service_unavailable()] {
            let request = request("POST", headers, "{}");
            let response = fault_response(&engine, &request, fault.clone());
            assert_eq!(response.status().as_u16(), fault.status());
            let body = wire::Reply::from(fault.clone()).body;
            assert_eq!(response.body(), &body);
            let name = header(&response, "x-amzn-errortype").expect("a header");
            assert_eq!(name.strip_suffix(':'), Some(fault.name()));
            assert_eq!(header(&response, "x-amzn-errormessage"), Some(fault.message()));
            assert_eq!(header(&response, "content-type"), Some(wire::CONTENT_TYPE));
            assert_eq!(header(&response, "access-control-allow-origin"), None);
            let outcome = outcome_of(&response);
            assert_eq!((outcome.operation.as_str(), &outcome.fault), (operation, &Some(fault)));
            assert_eq!(outcome.request_id.as_deref(), header(&response, "x-amzn-requestid"));
        }
    }
}

#[test]
fn a_response_for_want_of_room_or_length_has_its_status() {
    let engine = engine();
    for (response, status, name) in [
        (body_too_long(&engine), 413, "SerializationException:"),
        (unavailable(&engine), 503, "ServiceUnavailable:"),
    ] {
        assert_eq!(response.status(), status);
        assert_eq!(header(&response, "x-amzn-errortype"), Some(name));
        assert_eq!(outcome_of(&response).operation, "Unknown");
    }
}
