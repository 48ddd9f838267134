//! Requests over HTTP, and the guard against pages of other sites.
//!
//! An input starts with a line about the guard, with any of the words `open`, `local`, `lan`,
//! `host=NAME` and `origin=ORIGIN`; without a word it is the guard of `cognate::http::handle`. The
//! requests follow, each behind a line `%%`: a line with the method, the target and perhaps the
//! version `2`; a line for each header; an empty line; and the body, in which `LAST-TOKEN` stands
//! for the last token in a response.
//!
//! Every response is complete and names its request. A refused request writes nothing. The rules
//! about hosts and origins are stated here a second time, for names that leave no doubt.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use ::http::header::{HeaderMap, HeaderName, HeaderValue};
use ::http::{Method, Request, Response, Version};
use bytes::Bytes;
use cognate::Engine;
use cognate::http::{self as endpoint, Guard, Outcome, Verdict};
use cognate::store::Store;
use serde_json::Value;

use crate::scene::{self, Watched};
use crate::wire::{LAST_TOKEN, furnish, verify};

/// More requests find little more.
const REQUESTS_MAX: usize = 8;

/// Sends the requests of an input.
pub fn run(data: &[u8]) {
    let mut parts = split(data, b"\n%%\n").into_iter();
    let rules = Rules::parse(parts.next().unwrap_or_default());
    let store = Arc::new(Watched::default());
    let engine = scene::builder().open_shared(Arc::clone(&store) as Arc<dyn Store>);
    let engine = engine.expect("an engine");
    let mut token = furnish(&engine);
    let mut ids = BTreeSet::new();
    for part in parts.take(REQUESTS_MAX) {
        let Some(request) = parse(part, &token) else { continue };
        let writes = store.writes();
        let response = rules.guard.handle(&engine, &request);
        // INVARIANT I7
        assert!(response.status() == 200 || store.writes() == writes, "a refusal wrote something");
        check_whole(&request, &response);
        assert!(ids.insert(response.headers()["x-amzn-requestid"].clone()), "an id was repeated");
        let refused = matches!(rules.guard.judge(&request), Verdict::Refuse { .. });
        assert_eq!(refused, is_refusal(&response), "the guard and its answer differ");
        rules.check(&request, &response);
        if response.status() == 200
            && let Some(made) = verify(&engine, response.body())
        {
            token = made;
        }
        if !endpoint::needs_body(&request) {
            check_same_without_body(&rules.guard, &engine, &request, &response);
        }
    }
    let findings = engine.check().expect("a readable store");
    assert!(findings.is_empty(), "{findings:?}");
}

fn split<'a>(data: &'a [u8], by: &[u8]) -> Vec<&'a [u8]> {
    let (mut parts, mut rest) = (Vec::new(), data);
    while let Some(at) = rest.windows(by.len()).position(|window| window == by) {
        parts.push(&rest[..at]);
        rest = &rest[at + by.len()..];
    }
    parts.push(rest);
    parts
}

/// `None` for a request that no server would pass on.
fn parse(text: &[u8], token: &str) -> Option<Request<Bytes>> {
    let at = text.windows(2).position(|window| window == b"\n\n");
    let (head, body) = at.map_or((text, &b""[..]), |at| (&text[..at], &text[at + 2..]));
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut words = lines.next()?.split(|byte| *byte == b' ');
    let (method, uri, version) = (words.next()?, words.next()?, words.next());
    let body = str::from_utf8(body).map_or_else(
        |_| Bytes::copy_from_slice(body),
        |body| Bytes::from(body.replace(LAST_TOKEN, token)),
    );
    let mut request = Request::builder().method(method).uri(uri).body(body).ok()?;
    if version == Some(b"2") {
        *request.version_mut() = Version::HTTP_2;
    }
    for line in lines {
        let at = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..at]).ok()?;
        let value = HeaderValue::from_bytes(line[at + 1..].trim_ascii()).ok()?;
        request.headers_mut().append(name, value);
    }
    Some(request)
}

/// The guard of an input, and the words that it was made of.
struct Rules {
    guard: Guard,
    is_open: bool,
    checks_hosts: bool,
    /// The allowed hosts, and the allowed origins.
    names: Vec<String>,
}

impl Rules {
    fn parse(line: &[u8]) -> Self {
        let line = String::from_utf8_lossy(line).into_owned();
        let words = || line.split_whitespace();
        let is_open = words().any(|word| word == "open");
        let is_local = !is_open && words().any(|word| word == "local");
        let lan = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let guard = match (is_open, is_local) {
            (true, _) => Guard::open(),
            (_, true) => Guard::bound_to(Ipv4Addr::LOCALHOST.into()),
            _ if words().any(|word| word == "lan") => Guard::bound_to(lan),
            _ => Guard::default(),
        };
        let mut rules = Self { guard, is_open, checks_hosts: is_local, names: Vec::new() };
        for word in words() {
            let (host, origin) = (word.strip_prefix("host="), word.strip_prefix("origin="));
            if let Some(host) = host.and_then(|host| host.parse().ok()) {
                rules.guard = rules.guard.allow_host(host);
                rules.checks_hosts = !is_open;
                rules.names.push(word[5..].to_lowercase());
            }
            if let Some(origin) = origin.and_then(|origin| origin.parse().ok()) {
                rules.guard = rules.guard.allow_origin(origin);
                rules.names.push(word[7..].to_lowercase());
            }
        }
        rules
    }

    /// Whether a host or an origin is neither a loopback name nor allowed, without any doubt.
    fn is_foreign(&self, text: &[u8]) -> bool {
        let text = String::from_utf8_lossy(text).to_lowercase();
        let is_near = |name: &str| {
            let host = name.rsplit('/').next().unwrap_or(name);
            let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
            text.contains(host)
        };
        let is_loopback =
            ["localhost", "127", "::", ":0", "%"].iter().any(|mark| text.contains(mark));
        !is_loopback && !self.names.iter().any(|name| is_near(name))
    }

    fn page(&self, headers: &HeaderMap) -> Page {
        let origins: Vec<_> = headers.get_all("origin").iter().collect();
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        match origins[..] {
            [] if matches!(site, None | Some(b"none" | b"same-origin")) => Page::None,
            [origin] if !self.is_foreign(origin.as_bytes()) => Page::PerhapsTrusted,
            _ => Page::Foreign,
        }
    }

    /// The rules of [`Guard`] about hosts and origins.
    fn check(&self, request: &Request<Bytes>, response: &Response<Bytes>) {
        let headers = request.headers();
        let reader = response.headers().get("access-control-allow-origin");
        let is_refused = is_refusal(response);
        let mut hosts = headers.get_all("host").iter().map(HeaderValue::as_bytes);
        let authority = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        let is_foreign = hosts.any(|host| self.is_foreign(host))
            || authority.is_some_and(|host| self.is_foreign(host));
        if self.checks_hosts && is_foreign {
            assert!(is_refused && reader.is_none(), "a foreign host was answered");
        }
        if is_refused {
            assert_eq!(reader, None, "a refusal can be read");
            return;
        }
        let is_preflight = request.method() == Method::OPTIONS;
        let is_public = is_public(request);
        let page = self.page(headers);
        if page == Page::Foreign && !self.is_open && !is_preflight {
            assert!(is_public, "a foreign page was answered");
        }
        if page == Page::Foreign && !self.is_open && is_preflight {
            let mut wanted = headers.get_all("access-control-request-headers").iter();
            let is_signed = |wanted: &HeaderValue| {
                let wanted = String::from_utf8_lossy(wanted.as_bytes()).to_lowercase();
                wanted.split(',').any(|name| name.trim() == "authorization")
            };
            assert!(!wanted.any(is_signed), "a foreign page may sign");
        }
        match reader.map(HeaderValue::as_bytes) {
            None => {
                assert!(!is_public && !self.is_open || is_preflight, "a page cannot read");
                assert_ne!(page, Page::PerhapsTrusted, "a page cannot read");
            }
            Some(b"*") => {
                assert!(is_public || self.is_open || is_preflight, "every page can read");
            }
            Some(origin) => {
                let only: Vec<_> = headers.get_all("origin").iter().collect();
                assert!(only.len() == 1 && only[0].as_bytes() == origin, "another page can read");
                assert_eq!(page, Page::PerhapsTrusted, "a foreign page can read");
            }
        }
    }
}

/// The page that sends a request.
#[derive(Debug, PartialEq, Eq)]
enum Page {
    None,
    PerhapsTrusted,
    Foreign,
}

/// Whether everybody may send the request without credentials.
fn is_public(request: &Request<Bytes>) -> bool {
    let documents = ["jwks_uri", "jwks.json", "openid-configuration"];
    let path = request.uri().path().strip_prefix("/.well-known/");
    let is_read = request.method() == Method::GET || request.method() == Method::HEAD;
    let operation = endpoint::called_operation(request);
    is_read && path.is_some_and(|path| documents.contains(&path))
        || operation.is_some_and(|operation| !operation.needs_credentials())
        || is_of_sts(request) && !request.headers().contains_key("authorization")
}

/// Only operations and actions have a body.
fn is_of_sts(request: &Request<Bytes>) -> bool {
    endpoint::needs_body(request) && endpoint::called_operation(request).is_none()
}

/// Whether the guard has refused the request. The STS answers 403 too, in XML.
fn is_refusal(response: &Response<Bytes>) -> bool {
    response.status() == 403 && !is_xml(response)
}

fn is_xml(response: &Response<Bytes>) -> bool {
    response.headers().get("content-type").is_some_and(|of| of == "text/xml")
}

/// Checks a response by itself.
fn check_whole(request: &Request<Bytes>, response: &Response<Bytes>) {
    let (status, headers) = (response.status().as_u16(), response.headers());
    assert!(matches!(status, 200 | 400 | 403 | 404 | 405 | 413), "{status}");
    let operation = endpoint::called_operation(request);
    let is_signed = operation.is_some_and(cognate::wire::ServiceOperation::needs_credentials);
    let has_signature = request.headers().contains_key("authorization");
    assert!(status != 200 || has_signature || !is_signed, "an unsigned call succeeded");
    let outcome = response.extensions().get::<Outcome>().expect("an outcome");
    let id = headers["x-amzn-requestid"].to_str().expect("ASCII");
    assert_eq!((outcome.request_id.as_deref(), id.len()), (Some(id), 36));
    assert_eq!(outcome.fault.is_none(), status == 200, "{status}");
    let fault = outcome.fault.as_ref().map(|fault| format!("{}:", fault.name()));
    let fault = fault.filter(|_| !is_xml(response));
    assert!(!is_xml(response) || is_of_sts(request), "XML from another service");
    let error = headers.get("x-amzn-errortype").map(HeaderValue::as_bytes);
    assert_eq!(error, fault.as_deref().map(str::as_bytes));
    assert_eq!(headers.contains_key("allow"), status == 405);
    assert!(!headers.contains_key("access-control-allow-credentials"));
    if !headers.contains_key("access-control-allow-origin") {
        let cors = headers.keys().find(|name| name.as_str().starts_with("access-control-"));
        assert_eq!(cors, None, "a CORS header for nobody");
    }
    if request.method() == Method::HEAD {
        assert!(response.body().is_empty() && headers.contains_key("content-length"));
    } else if response.body().is_empty() {
        assert_eq!(status, 200, "a refusal says why");
    } else {
        assert!(headers.contains_key("content-type"));
        if is_xml(response) {
            let body = str::from_utf8(response.body()).expect("text");
            let code = outcome.fault.as_ref().map(|fault| format!("<Code>{}</Code>", fault.name()));
            assert!(code.is_none_or(|code| body.contains(&code)), "{body}");
            assert!(body.contains(&format!("<RequestId>{id}</RequestId>")), "{body}");
            assert_eq!(body.matches('<').count(), body.matches('>').count(), "{body}");
            return;
        }
        let body: Value = serde_json::from_slice(response.body()).expect("JSON");
        let name = outcome.fault.as_ref().map(cognate::wire::Fault::name);
        assert_eq!(body["__type"].as_str(), name, "{body}");
    }
}

/// A request that is no operation is answered without its body. `HEAD` gives the length of `GET`.
fn check_same_without_body(
    guard: &Guard,
    engine: &Engine,
    request: &Request<Bytes>,
    response: &Response<Bytes>,
) {
    let mut bare = request.clone();
    bare.body_mut().clear();
    let again = guard.handle(engine, &bare);
    assert_eq!((again.status(), again.body()), (response.status(), response.body()));
    let without_id = |response: &Response<Bytes>| {
        let mut headers = response.headers().clone();
        headers.remove("x-amzn-requestid");
        headers
    };
    assert_eq!(without_id(&again), without_id(response));
    if request.method() == Method::HEAD {
        *bare.method_mut() = Method::GET;
        let length = guard.handle(engine, &bare).body().len().to_string();
        assert_eq!(response.headers()["content-length"], length.as_str());
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    const LIST: &str = "X-Amz-Target: AWSCognitoIdentityService.ListIdentityPools";
    const GET_ID: &str = "X-Amz-Target: AWSCognitoIdentityService.GetId";

    /// Whether the rules allow the response to a request with these headers.
    fn allows(guard: &str, request: &str, status: u16, reader: Option<&str>) -> bool {
        let rules = Rules::parse(guard.as_bytes());
        let request = parse(request.as_bytes(), "").expect("a request");
        let mut response = Response::builder().status(status);
        if let Some(reader) = reader {
            response = response.header("access-control-allow-origin", reader);
        }
        let response = response.body(Bytes::new()).expect("a response");
        let check = AssertUnwindSafe(|| rules.check(&request, &response));
        catch_unwind(check).is_ok()
    }

    /// A guard that lets too much pass would be noticed.
    #[test]
    fn the_rules_refuse_answers_to_other_sites() {
        let page = "Origin: http://attacker.test";
        let own = "Origin: http://localhost:3000";
        let signed = format!("POST /\n{page}\n{LIST}");
        let trusted = format!("POST /\n{own}\n{LIST}");
        let public = format!("POST /\n{page}\n{GET_ID}");
        let asks = format!("OPTIONS /\n{page}\nAccess-Control-Request-Headers: x, Authorization");
        let form = format!("POST /\n{page}\nContent-Type: application/x-www-form-urlencoded");
        let signed_form = format!("{form}\nAuthorization: AWS4-HMAC-SHA256 x");
        let rebound = "GET /.well-known/jwks.json\nHost: attacker.test";
        for (guard, request, status, reader, allowed) in [
            ("", &*signed, 403, None, true),
            ("", &signed, 200, None, false),
            ("", &signed, 403, Some("*"), false),
            ("", &signed, 200, Some("http://attacker.test"), false),
            ("origin=http://attacker.test", &signed, 200, Some("http://attacker.test"), true),
            ("open", &signed, 200, Some("*"), true),
            ("open", &signed, 200, None, false),
            ("", &trusted, 200, Some("http://localhost:3000"), true),
            ("", &trusted, 200, Some("http://localhost:3001"), false),
            ("", &trusted, 200, Some("*"), false),
            ("", &public, 200, Some("*"), true),
            ("", &public, 200, None, false),
            ("", &asks, 403, None, true),
            ("", &asks, 200, Some("*"), false),
            ("", rebound, 200, Some("*"), true),
            ("local", rebound, 200, Some("*"), false),
            ("local", rebound, 403, None, true),
            ("host=cognito.test", rebound, 200, Some("*"), false),
            ("host=attacker.test", rebound, 200, Some("*"), true),
            ("", &form, 200, Some("*"), true),
            ("", &form, 200, None, false),
            ("", &signed_form, 200, Some("*"), false),
            ("", &signed_form, 403, None, true),
        ] {
            let given = allows(guard, request, status, reader);
            assert_eq!(given, allowed, "`{guard}`: {request}: {status} {reader:?}");
        }
    }
}
