//! Requests of the query protocol: the way to the STS, and the form of its answers.

use super::*;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const STS: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, \
     Signature=00",
);
const ASK: &[u8] = b"Action=GetCallerIdentity&Version=2011-06-15";

#[test]
fn a_form_or_a_signature_for_the_sts_is_for_the_sts() {
    let charset = ("Content-Type", "Application/X-WWW-Form-Urlencoded; charset=utf-8");
    let query = "/?Action=GetCallerIdentity&Version=2011-06-15";
    let json = ("content-type", "application/x-amz-json-1.1");
    let is_of_sts =
        |response: &Response<Bytes>| header(response, "content-type") == Some("text/xml");
    for (method, uri, headers, is_expected) in [
        ("POST", "/", &[FORM][..], true),
        ("POST", "/", &[charset], true),
        ("POST", "/", &[STS], true),
        ("POST", "/", &[STS, json], true),
        ("POST", query, &[FORM], true),
        ("GET", query, &[], true),
        ("GET", query, &[STS], true),
        ("GET", "/?Version=2011-06-15&Action=", &[], true),
        ("GET", "/?Version=2011-06-15", &[], false),
        ("GET", "/", &[FORM], false),
        ("HEAD", query, &[], false),
        ("PUT", "/", &[FORM], false),
        ("POST", "/sts", &[FORM], false),
        ("POST", "/", &[FORM, LIST], false),
        ("POST", "/", &[STS, LIST], false),
        ("POST", "/", &[SIGNED], false),
        ("POST", "/", &[json], false),
        ("POST", "/", &[], false),
    ] {
        let response = send(method, uri, headers, ASK);
        assert_eq!(is_of_sts(&response), is_expected, "{method} {uri} {headers:?}");
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a request");
        assert!(called_operation(&request).is_none() || !is_expected);
        let is_operation = called_operation(&request).is_some();
        assert_eq!(needs_body(&request), is_expected || is_operation, "{method} {uri}");
    }
}

#[test]
fn an_outcome_names_the_action_and_the_fault() {
    for (body, operation, fault) in [
        (ASK, "GetCallerIdentity", "MissingAuthenticationToken"),
        (
            &b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15"[..],
            "AssumeRoleWithWebIdentity",
            "ValidationError",
        ),
        (b"Action=GetUser&Version=2011-06-15", "Unknown", "InvalidAction"),
        (b"", "Unknown", "MissingAction"),
    ] {
        let response = send("POST", "/", &[FORM], body);
        let outcome = outcome_of(&response);
        assert_eq!(outcome.operation, operation);
        assert_eq!(outcome.fault.as_ref().map(Fault::name), Some(fault));
        let id = header(&response, "x-amzn-requestid").expect("an id");
        assert_eq!(outcome.request_id.as_deref(), Some(id));
        let text = String::from_utf8_lossy(response.body()).into_owned();
        assert!(text.contains(&format!("<Code>{fault}</Code>")), "{text}");
        assert!(text.contains(&format!("<RequestId>{id}</RequestId>")), "{text}");
        assert_eq!(header(&response, "x-amzn-errortype"), None, "an error is in the body alone");
    }
}

#[test]
fn a_refusal_of_the_embedder_is_in_xml_too() {
    let engine = Engine::builder().in_memory().expect("an engine");
    let request = Request::post("/").header(FORM.0, FORM.1).body(()).expect("a request");
    let response =
        fault_response(&engine, &request, Fault::new("Throttling", 400, "Rate exceeded"));
    assert_eq!(response.status(), 400);
    let id = header(&response, "x-amzn-requestid").expect("an id");
    let expected = format!(
        "<Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message>\
         </Error><RequestId>{id}</RequestId>"
    );
    let text = String::from_utf8_lossy(response.body()).into_owned();
    assert!(text.contains(&expected), "{text}");
}

#[test]
fn a_long_form_is_refused() {
    let body = vec![b'a'; wire::BODY_LENGTH_MAX + 1];
    assert_eq!(send("POST", "/", &[FORM], &body).status(), 413);
}
