//! Signatures: AWS's own examples, and random requests with every kind of change.

use ::http::header::{HeaderName, HeaderValue};
use ::http::{Method, Request};
use bytes::Bytes;
use proptest::prelude::*;

use super::super::signature::Authorization;
use super::signer::{Key, Parts};
use crate::ambient::Timestamp;
use crate::credentials::Credentials;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2015-08-30T12:36:00Z
const SIGNED_AT: u64 = 1_440_938_160_000;

/// The name of the refusal, if there is one.
fn verify(request: &Request<Bytes>, secret: &str, now: u64) -> Result<(), String> {
    let header = request.headers()["authorization"].to_str().expect("ASCII");
    let now = Timestamp::from_millis(now);
    let secret = Credentials::new("", secret, "", now).secret_key;
    let verified = Authorization::parse(header)
        .and_then(|authorization| authorization.verify(request, &secret, now));
    verified.map_err(|fault| format!("{} {}: {}", fault.status(), fault.name(), fault.message()))
}

fn read(text: &str) -> Request<Bytes> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let (line, headers) = head.split_once('\n').expect("a head");
    let mut words = line.split(' ');
    let (method, target) = (words.next().expect("a method"), words.next().expect("a target"));
    let mut request = Request::builder().method(method).uri(target);
    for header in headers.lines() {
        let (name, value) = header.split_once(':').expect("a header");
        request = request.header(name, value);
    }
    request.body(Bytes::copy_from_slice(body.trim_end().as_bytes())).expect("a request")
}

#[test]
fn the_examples_of_aws_verify() {
    let mut count = 0;
    for example in include_str!("vectors.txt").split("### ").skip(1) {
        let (name, text) = example.split_once('\n').expect("a name");
        let request = read(text);
        assert_eq!(verify(&request, SECRET, SIGNED_AT), Ok(()), "{name}");
        assert!(verify(&request, &SECRET[1..], SIGNED_AT).is_err(), "{name}");
        count += 1;
    }
    assert_eq!(count, 17);
}

fn key() -> Key {
    Key { id: "AKID".to_owned(), secret: SECRET.to_owned(), token: None }
}

#[test]
fn a_signature_is_good_for_fifteen_minutes() {
    const MINUTE: u64 = 60_000;

    let request = Parts::form("Action=GetCallerIdentity", "20150830T123600Z").signed(&key());
    for (now, refusal) in [
        (SIGNED_AT - 15 * MINUTE, None),
        (SIGNED_AT + 15 * MINUTE + 999, None),
        (
            SIGNED_AT - 15 * MINUTE - 1,
            Some(
                "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z \
                 (20150830T122059Z + 15 min.)",
            ),
        ),
        (
            SIGNED_AT + 15 * MINUTE + 1_000,
            Some(
                "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z \
                 (20150830T125101Z - 15 min.)",
            ),
        ),
    ] {
        let expected = refusal.map(|text| format!("403 SignatureDoesNotMatch: {text}"));
        assert_eq!(verify(&request, SECRET, now).err(), expected, "{now}");
    }
}

#[test]
#[rustfmt::skip]
fn an_incomplete_header_is_refused() {
    const NAMES: &str = "SignedHeaders=host;x-amz-date";
    const SCOPE: &str = "AKID/20150830/us-east-1/sts/aws4_request";
    const DATE: &str = "20150830T123600Z";
    const MISSING: &str = "403 MissingAuthenticationToken: Request is missing Authentication Token";
    const NO_DATE: &str = "400 IncompleteSignature: Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
    const WRONG_DATE: &str = "403 SignatureDoesNotMatch: Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP";
    const MISMATCH: &str = "403 SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

    let no = |name: &str| format!("400 IncompleteSignature: Authorization header requires '{name}' parameter.");
    let unsigned = |name: &str| format!("403 SignatureDoesNotMatch: '{name}' must be a 'SignedHeader' in the AWS Authorization.");
    let header = |scope: &str, names: &str, digest: &str| format!("AWS4-HMAC-SHA256 Credential={scope}, {names}, Signature={digest}");
    let named = |names: &str| header(SCOPE, &format!("SignedHeaders={names}"), "00");
    let good = header(SCOPE, NAMES, "00");
    let nothing = "400 IncompleteSignature: Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter.";
    for (authorization, date, expected) in [
        ("", DATE, MISSING),
        ("Bearer x", DATE, MISSING),
        ("AWS4-HMAC-SHA256", DATE, nothing),
        (&good.replace("Signature=", "signature="), DATE, &no("Signature")),
        (&header("AKID/us-east-1/sts/aws4_request", NAMES, "00"), DATE, &no("Credential")),
        (&header("AKID/20150830/us-east-1/sts/aws3_request", NAMES, "00"), DATE, &no("Credential")),
        (&good, "-", NO_DATE),
        (&good, "Sun, 30 Aug 2015 12:36:00 GMT", NO_DATE),
        (&good, "2015083T1123600Z", NO_DATE),
        (&good, "20150230T123600Z", NO_DATE),
        (&good, "20150830T123600", NO_DATE),
        (&good, "20150831T123600Z", WRONG_DATE),
        (&header("AKID/2015083/us-east-1/sts/aws4_request", NAMES, "00"), DATE, WRONG_DATE),
        (&header("AKID//us-east-1/sts/aws4_request", NAMES, "00"), DATE, WRONG_DATE),
        (&named("x-amz-date"), DATE, &unsigned("Host")),
        (&named("host"), DATE, &unsigned("X-Amz-Date")),
        (&named("x-amz-date;host"), DATE, MISMATCH),
        (&named("host;host;x-amz-date"), DATE, MISMATCH),
        (&named("host;missing;x-amz-date"), DATE, MISMATCH),
        (&good, DATE, MISMATCH),
        (&header(SCOPE, NAMES, "0"), DATE, MISMATCH),
        (&header(SCOPE, NAMES, "zz"), DATE, MISMATCH),
        (&header(SCOPE, NAMES, ""), DATE, MISMATCH),
    ] {
        let mut request = Request::post("/").header("host", "a").header("authorization", authorization);
        if date != "-" {
            request = request.header("x-amz-date", date);
        }
        let request = request.body(Bytes::new()).expect("a request");
        assert_eq!(verify(&request, SECRET, SIGNED_AT), Err(expected.to_owned()), "{authorization} {date}");
    }
}

fn text() -> impl Strategy<Value = String> {
    "[a-z A-Z0-9/%&=+;:é~._-]{0,12}"
}

fn parts() -> impl Strategy<Value = Parts> {
    let query = proptest::collection::vec((text(), text()), 0..4);
    let headers =
        proptest::collection::btree_map("[a-w]-[a-z0-9]{0,6}", "([a-zA-Z0-9,;]{1,5} ?){1,3}", 0..4);
    let body = proptest::collection::vec(any::<u8>(), 0..32);
    (any::<bool>(), query, headers, body).prop_map(|(is_get, query, headers, body)| Parts {
        method: if is_get { "GET" } else { "POST" },
        query,
        headers: headers.into_iter().map(|(name, value)| (name, value.trim().to_owned())).collect(),
        body,
        date: "20150830T123600Z".to_owned(),
        service: "sts",
    })
}

/// A request with one change of what is signed, for each kind of change.
fn changed(parts: &Parts, request: &Request<Bytes>) -> Vec<(String, Request<Bytes>)> {
    let mut all = Vec::new();
    let mut change = |name: &str, apply: &dyn Fn(&mut Request<Bytes>)| {
        let mut changed = request.clone();
        apply(&mut changed);
        all.push((name.to_owned(), changed));
    };
    change("method", &|request| {
        let other = if request.method() == Method::GET { Method::POST } else { Method::GET };
        *request.method_mut() = other;
    });
    let query = request.uri().query().unwrap_or_default();
    let target = |request: &mut Request<Bytes>, target: String| {
        *request.uri_mut() = target.parse().expect("a target");
    };
    change("path", &|request| target(request, format!("//?{query}")));
    change("one more parameter", &|request| target(request, format!("/?{query}&A=")));
    if let Some((first, rest)) = query.split_once('&') {
        change("one parameter less", &|request| target(request, format!("/?{rest}")));
        change("a changed parameter", &|request| target(request, format!("/?{first}A&{rest}")));
    }
    change("one more byte", &|request| {
        *request.body_mut() = [request.body().as_ref(), b"A"].concat().into();
    });
    for index in 0..parts.body.len() {
        change("a changed byte", &|request| {
            let mut body = request.body().to_vec();
            body[index] ^= 1;
            *request.body_mut() = body.into();
        });
    }
    let signed = parts.headers.iter().map(|(name, _)| name.as_str()).chain(["host", "x-amz-date"]);
    for name in signed {
        let name: HeaderName = name.parse().expect("a name");
        change("a changed header", &|request| {
            let mut value = request.headers()[&name].as_bytes().to_vec();
            value.push(b'x');
            let value = HeaderValue::from_bytes(&value).expect("a value");
            request.headers_mut().insert(&name, value);
        });
        change("a header twice", &|request| {
            request.headers_mut().append(&name, HeaderValue::from_static("x"));
        });
        change("a header less", &|request| drop(request.headers_mut().remove(&name)));
    }
    let header = request.headers()["authorization"].to_str().expect("ASCII");
    for index in (0..header.len())
        .filter(|index| !header.is_char_boundary(*index) || is_signed(header, *index))
    {
        change("a changed character of the header", &|request| {
            let mut header = header.as_bytes().to_vec();
            header[index] = if header[index] == b'1' { b'2' } else { b'1' };
            let value = HeaderValue::from_bytes(&header).expect("a value");
            request.headers_mut().insert("authorization", value);
        });
    }
    change("capital digits", &|request| {
        let (head, digits) = header.rsplit_once('=').expect("a signature");
        // A hash without letters has no capitals; 64 digits without one do not occur.
        let value = HeaderValue::from_str(&format!("{head}={}", digits.to_uppercase()));
        request.headers_mut().insert("authorization", value.expect("a value"));
    });
    all
}

/// Whether the character is of the scope, the names or the signature. The key id chooses the key.
fn is_signed(header: &str, index: usize) -> bool {
    let scope = header.find('/').expect("a scope");
    index > scope && !b",;/= ".contains(&header.as_bytes()[index])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_signed_request_verifies_and_a_changed_one_does_not(parts in parts()) {
        let request = parts.signed(&key());
        prop_assert_eq!(verify(&request, SECRET, SIGNED_AT), Ok(()));
        let mut beside = request.clone();
        beside.headers_mut().insert("x-unsigned", HeaderValue::from_static("1"));
        prop_assert_eq!(verify(&beside, SECRET, SIGNED_AT), Ok(()));
        prop_assert!(verify(&request, &SECRET[..39], SIGNED_AT).is_err());
        for (change, changed) in changed(&parts, &request) {
            prop_assert!(verify(&changed, SECRET, SIGNED_AT).is_err(), "{}: {:?}", change, changed);
        }
    }
}
