use super::*;
use crate::wire;

const LOOPBACK: &str = "127.0.0.1";
const HERE: &str = "localhost:4566";
const PAGE: &str = "http://localhost:3000";
const ATTACKER: &str = "http://attacker.test";

/// A guard with `cognito.test` and `https://game.test` allowed.
fn guard(bound: &str) -> Guard {
    let guard = Guard::bound_to(bound.parse().expect("an address"));
    let guard = guard.allow_origin("https://game.test".parse().expect("an origin"));
    if guard.is_local() { guard.allow_host("cognito.test".parse().expect("a host")) } else { guard }
}

/// A request; `-` stands for a header that is missing, ` | ` is between two of one name.
fn request(line: &str, host: &str, origin: &str, operation: &str, headers: &str) -> Request<()> {
    let (method, target) = line.split_once(' ').expect("a method and a target");
    let mut request = Request::builder().method(method).uri(target);
    let operation = if operation == "-" { operation.to_owned() } else { wire_target(operation) };
    for (name, values) in [("host", host), ("origin", origin), ("x-amz-target", &operation)] {
        for value in values.split(" | ").filter(|value| *value != "-") {
            let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
            request = request.header(name, value);
        }
    }
    for header in headers.split("; ").filter(|header| !header.is_empty()) {
        let (name, value) = header.split_once(": ").expect("a header");
        request = request.header(name, value);
    }
    request.body(()).expect("a request")
}

fn wire_target(operation: &str) -> String {
    format!("{}{operation}", wire::TARGET_PREFIX)
}

/// A verdict in a few words; the origin that is told back is that of the request.
fn told(verdict: &Verdict, origin: &str) -> String {
    let readers = |readers: &Readers| match readers {
        Readers::Everyone => "everyone",
        Readers::Nobody => "nobody",
        Readers::Origin(echoed) => {
            assert_eq!(echoed, origin);
            "this origin"
        }
    };
    match verdict {
        Verdict::Answer(of) => readers(of).to_owned(),
        Verdict::Preflight { readers: of, headers, private_network } => {
            let headers = headers.as_ref().map_or("-", |headers| headers.to_str().expect("text"));
            let private = if *private_network { ", private" } else { "" };
            format!("{} may send {headers}{private}", readers(of))
        }
        Verdict::Refuse { reason, .. } => format!("403 {reason:?}"),
    }
}

type Row<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str, &'a str, &'a str);

fn judge(rows: &[Row<'_>]) {
    for row @ (bound, line, host, origin, operation, headers, expected) in rows {
        let verdict = guard(bound).judge(&request(line, host, origin, operation, headers));
        assert_eq!(told(&verdict, origin), *expected, "{row:?}");
    }
}

#[test]
#[rustfmt::skip]
fn host_names() {
    const NO_HOST: &str = "403 HostInvalid";
    const FOREIGN: &str = "403 HostForeign";
    let keys = "GET /.well-known/jwks_uri";
    judge(&[
        // bound           request                          host                      origin    operation            headers                        verdict
        (LOOPBACK,        "POST /",                         HERE,                     "-",      "GetId",             "",                            "everyone"),
        (LOOPBACK,        "POST /",                         "LOCALHOST",              "-",      "GetId",             "",                            "everyone"),
        (LOOPBACK,        "POST /",                         "localhost.:4566",        "-",      "GetId",             "",                            "everyone"),
        (LOOPBACK,        "POST /",                         "us-east-1.localhost:80", "-",      "GetId",             "",                            "everyone"),
        (LOOPBACK,        "POST /",                         "127.0.0.1:4566",         "-",      "GetId",             "",                            "everyone"),
        (LOOPBACK,        "POST /",                         "127.8.8.8",              "-",      "GetId",             "",                            "everyone"),
        (LOOPBACK,        "POST /",                         "[::1]:4566",             "-",      "GetId",             "",                            "everyone"),
        (LOOPBACK,        "POST /",                         "Cognito.Test.:80",       "-",      "GetId",             "",                            "everyone"),
        (LOOPBACK,        "POST /",                         "attacker.test:4566",     "-",      "GetId",             "",                            FOREIGN),
        (LOOPBACK,        "POST /",                         "localhost.attacker.test","-",      "GetId",             "",                            FOREIGN),
        (LOOPBACK,        "POST /",                         "a.cognito.test",         "-",      "GetId",             "",                            FOREIGN),
        (LOOPBACK,        "POST /",                         "0.0.0.0:4566",           "-",      "GetId",             "",                            FOREIGN),
        (LOOPBACK,        "POST /",                         "192.168.1.7:4566",       "-",      "GetId",             "",                            FOREIGN),
        // on every path, with every method, before all else
        (LOOPBACK,        "POST /",                         "attacker.test",          PAGE,     "ListIdentityPools", "",                            FOREIGN),
        (LOOPBACK,        "POST /",                         "attacker.test",          "-",      "-",                 "",                            FOREIGN),
        (LOOPBACK,        "OPTIONS /",                      "attacker.test",          PAGE,     "-",                 "",                            FOREIGN),
        (LOOPBACK,        keys,                             "attacker.test",          "-",      "-",                 "",                            FOREIGN),
        (LOOPBACK,        "HEAD /.well-known/jwks.json",    "attacker.test",          "-",      "-",                 "",                            FOREIGN),
        (LOOPBACK,        "GET /nothing",                   "attacker.test",          "-",      "-",                 "",                            FOREIGN),
        (LOOPBACK,        "BREW /",                         "attacker.test",          "-",      "-",                 "",                            FOREIGN),
        // exactly one, and well-formed
        (LOOPBACK,        keys,                             "-",                      "-",      "-",                 "",                            NO_HOST),
        (LOOPBACK,        keys,                             "localhost | localhost",  "-",      "-",                 "",                            NO_HOST),
        (LOOPBACK,        keys,                             "localhost | a.test",     "-",      "-",                 "",                            NO_HOST),
        (LOOPBACK,        keys,                             "",                       "-",      "-",                 "",                            NO_HOST),
        (LOOPBACK,        keys,                             "localhost, localhost",   "-",      "-",                 "",                            NO_HOST),
        (LOOPBACK,        keys,                             "localhost:",             "-",      "-",                 "",                            NO_HOST),
        (LOOPBACK,        keys,                             "localhost:99999",        "-",      "-",                 "",                            NO_HOST),
        (LOOPBACK,        keys,                             "a@localhost",            "-",      "-",                 "",                            NO_HOST),
        (LOOPBACK,        keys,                             "localhost/",             "-",      "-",                 "",                            NO_HOST),
        (LOOPBACK,        keys,                             "::1",                    "-",      "-",                 "",                            NO_HOST),
        (LOOPBACK,        keys,                             "löcalhost",              "-",      "-",                 "",                            NO_HOST),
        // a target in absolute form counts as well, and what proxies say does not
        (LOOPBACK,        "POST http://localhost:4566/",    HERE,                     "-",      "GetId",             "",                            "everyone"),
        (LOOPBACK,        "POST http://attacker.test/",     HERE,                     "-",      "GetId",             "",                            FOREIGN),
        (LOOPBACK,        "POST http://localhost:4566/",    "attacker.test",          "-",      "GetId",             "",                            FOREIGN),
        (LOOPBACK,        "POST http://a@localhost/",       HERE,                     "-",      "GetId",             "",                            NO_HOST),
        (LOOPBACK,        "POST http://localhost/",         "-",                      "-",      "GetId",             "",                            NO_HOST),
        (LOOPBACK,        "POST /",                         "attacker.test",          "-",      "GetId",             "x-forwarded-host: localhost", FOREIGN),
        (LOOPBACK,        "POST /",                         HERE,                     "-",      "GetId",             "x-forwarded-host: a.test",    "everyone"),
        // elsewhere than on loopback
        ("::1",           keys,                             "attacker.test",          "-",      "-",                 "",                            FOREIGN),
        ("127.9.9.9",     keys,                             "attacker.test",          "-",      "-",                 "",                            FOREIGN),
        ("::ffff:127.0.0.1", keys,                          "attacker.test",          "-",      "-",                 "",                            FOREIGN),
        ("0.0.0.0",       keys,                             "anything.test",          "-",      "-",                 "",                            "everyone"),
        ("0.0.0.0",       keys,                             "-",                      "-",      "-",                 "",                            "everyone"),
        ("::",            keys,                             "anything.test",          "-",      "-",                 "",                            "everyone"),
        ("192.168.1.7",   keys,                             "anything.test",          "-",      "-",                 "",                            "everyone"),
    ]);
}

#[test]
#[rustfmt::skip]
fn origins_of_operations() {
    const REFUSED: &str = "403 OriginForeign";
    const GAME: &str = "https://game.test";
    const FORM: &str = "content-type: application/x-www-form-urlencoded";
    const SIGNED: &str = "authorization: AWS4-HMAC-SHA256 Credential=a/1/a/sts/aws4_request";
    judge(&[
        // bound    request                     host   origin                      operation                   headers                       verdict
        (LOOPBACK, "POST /",                    HERE, "-",                        "ListIdentityPools",        "",                            "nobody"),
        (LOOPBACK, "POST /",                    HERE, PAGE,                       "ListIdentityPools",        "",                            "this origin"),
        (LOOPBACK, "POST /",                    HERE, "https://a.localhost",      "ListIdentityPools",        "",                            "this origin"),
        (LOOPBACK, "POST /",                    HERE, "http://127.0.0.1:8080",    "DeleteIdentityPool",       "",                            "this origin"),
        (LOOPBACK, "POST /",                    HERE, "http://[::1]:8080",        "DeleteIdentityPool",       "",                            "this origin"),
        (LOOPBACK, "POST /",                    HERE, GAME,                       "DeleteIdentityPool",       "",                            "this origin"),
        (LOOPBACK, "POST /",                    HERE, "https://game.test:443",    "DeleteIdentityPool",       "",                            "this origin"),
        (LOOPBACK, "POST /",                    HERE, ATTACKER,                   "ListIdentityPools",        "",                            REFUSED),
        (LOOPBACK, "POST /",                    HERE, ATTACKER,                   "DeleteIdentityPool",       "authorization: AWS4-a",       REFUSED),
        (LOOPBACK, "POST /",                    HERE, "http://game.test",         "ListIdentityPools",        "",                            REFUSED),
        (LOOPBACK, "POST /",                    HERE, "https://game.test:8443",   "ListIdentityPools",        "",                            REFUSED),
        (LOOPBACK, "POST /",                    HERE, "https://a.game.test",      "ListIdentityPools",        "",                            REFUSED),
        (LOOPBACK, "POST /",                    HERE, "http://localhost.a.test",  "ListIdentityPools",        "",                            REFUSED),
        (LOOPBACK, "POST /",                    HERE, "http://192.168.1.7",       "ListIdentityPools",        "",                            REFUSED),
        (LOOPBACK, "POST /",                    HERE, "http://0.0.0.0:4566",      "ListIdentityPools",        "",                            REFUSED),
        (LOOPBACK, "POST /",                    HERE, "null",                     "ListIdentityPools",        "",                            REFUSED),
        (LOOPBACK, "POST /",                    HERE, "file://",                  "ListIdentityPools",        "",                            REFUSED),
        (LOOPBACK, "POST /",                    HERE, "app://localhost",          "ListIdentityPools",        "",                            REFUSED),
        (LOOPBACK, "POST /",                    HERE, "",                         "ListIdentityPools",        "",                            REFUSED),
        (LOOPBACK, "POST /",                    HERE, "é",                        "ListIdentityPools",        "",                            REFUSED),
        (LOOPBACK, "POST /",                    HERE, "http://localhost | http://localhost", "ListIdentityPools", "",                         REFUSED),
        (LOOPBACK, "POST /",                    HERE, "http://localhost http://a.test", "ListIdentityPools",  "",                            REFUSED),
        // a name that is allowed as a host is not an origin that is allowed
        (LOOPBACK, "POST /",         "cognito.test",  "http://cognito.test",      "ListIdentityPools",        "",                            REFUSED),
        // what is no operation is as closed as a signed one
        (LOOPBACK, "POST /",                    HERE, ATTACKER,                   "Guess",                    "",                            REFUSED),
        (LOOPBACK, "POST /",                    HERE, ATTACKER,                   "GetId ",                   "",                            REFUSED),
        (LOOPBACK, "POST /",                    HERE, ATTACKER,                   "getid",                    "",                            REFUSED),
        (LOOPBACK, "POST /",                    HERE, ATTACKER,                   "-",                        "content-type: text/plain",    REFUSED),
        (LOOPBACK, "POST /",                    HERE, ATTACKER,                   "GetId, ListIdentityPools", "",                            REFUSED),
        (LOOPBACK, "PUT /",                     HERE, ATTACKER,                   "GetId",                    "",                            REFUSED),
        (LOOPBACK, "POST /other",               HERE, ATTACKER,                   "GetId",                    "",                            REFUSED),
        (LOOPBACK, "POST /.well-known/jwks_uri", HERE, ATTACKER,                  "GetId",                    "",                            REFUSED),
        (LOOPBACK, "GET /",                     HERE, ATTACKER,                   "-",                        "",                            REFUSED),
        (LOOPBACK, "GET /nothing",              HERE, ATTACKER,                   "-",                        "",                            REFUSED),
        (LOOPBACK, "GET /nothing",              HERE, PAGE,                       "-",                        "",                            "this origin"),
        (LOOPBACK, "GET /nothing",              HERE, "-",                        "-",                        "",                            "nobody"),
        (LOOPBACK, "POST /",                    HERE, "-",                        "Guess",                    "",                            "nobody"),
        // the public ones and the documents are for everybody
        (LOOPBACK, "POST /",                    HERE, ATTACKER,                   "GetId",                    "",                            "everyone"),
        (LOOPBACK, "POST /",                    HERE, ATTACKER,                   "GetOpenIdToken",           "",                            "everyone"),
        (LOOPBACK, "POST /",                    HERE, ATTACKER,                   "GetCredentialsForIdentity", "",                           "everyone"),
        (LOOPBACK, "POST /",                    HERE, "null",                     "UnlinkIdentity",           "",                            "everyone"),
        (LOOPBACK, "POST /",                    HERE, PAGE,                       "GetId",                    "",                            "everyone"),
        (LOOPBACK, "POST /",                    HERE, ATTACKER,                   "GetId",                    "authorization: AWS4-a",       "everyone"),
        (LOOPBACK, "GET /.well-known/jwks_uri", HERE, ATTACKER,                   "-",                        "",                            "everyone"),
        (LOOPBACK, "GET /.well-known/jwks.json", HERE, "null",                    "-",                        "",                            "everyone"),
        (LOOPBACK, "GET /.well-known/openid-configuration", HERE, ATTACKER,       "-",                        "",                            "everyone"),
        // a form or a query for the STS needs a token, or a signature as other operations do
        (LOOPBACK, "POST /",                    HERE, ATTACKER,                   "-",                        FORM,                          "everyone"),
        (LOOPBACK, "GET /?Action=a",            HERE, ATTACKER,                   "-",                        "",                            "everyone"),
        (LOOPBACK, "GET /?Version=a",           HERE, ATTACKER,                   "-",                        "",                            REFUSED),
        (LOOPBACK, "PUT /?Action=a",            HERE, ATTACKER,                   "-",                        FORM,                          REFUSED),
        (LOOPBACK, "POST /other",               HERE, ATTACKER,                   "-",                        FORM,                          REFUSED),
        (LOOPBACK, "POST /",                    HERE, ATTACKER,                   "ListIdentityPools",        FORM,                          REFUSED),
        (LOOPBACK, "POST /",                    HERE, ATTACKER,                   "-",                        SIGNED,                        REFUSED),
        (LOOPBACK, "GET /?Action=a",            HERE, ATTACKER,                   "-",                        SIGNED,                        REFUSED),
        (LOOPBACK, "POST /",                    HERE, PAGE,                       "-",                        SIGNED,                        "this origin"),
        (LOOPBACK, "POST /",                    HERE, "-",                        "-",                        SIGNED,                        "nobody"),
        // a browser that says no origin says at least that the page is another site's
        (LOOPBACK, "POST /",                    HERE, "-",                        "ListIdentityPools",        "sec-fetch-site: cross-site",  REFUSED),
        (LOOPBACK, "POST /",                    HERE, "-",                        "ListIdentityPools",        "sec-fetch-site: same-site",   REFUSED),
        (LOOPBACK, "POST /",                    HERE, "-",                        "ListIdentityPools",        "sec-fetch-site: none",        "nobody"),
        (LOOPBACK, "POST /",                    HERE, "-",                        "ListIdentityPools",        "sec-fetch-site: same-origin", "nobody"),
        (LOOPBACK, "POST /",                    HERE, PAGE,                       "ListIdentityPools",        "sec-fetch-site: cross-site",  "this origin"),
        (LOOPBACK, "POST /",                    HERE, "-",                        "GetId",                    "sec-fetch-site: cross-site",  "everyone"),
        // whatever address the server is bound to
        ("0.0.0.0", "POST /",            "server.test", ATTACKER,                 "ListIdentityPools",        "",                            REFUSED),
        ("0.0.0.0", "POST /",            "server.test", "http://server.test",     "ListIdentityPools",        "",                            REFUSED),
        ("0.0.0.0", "POST /",            "server.test", PAGE,                     "ListIdentityPools",        "",                            "this origin"),
        ("0.0.0.0", "POST /",            "server.test", GAME,                     "ListIdentityPools",        "",                            "this origin"),
        ("0.0.0.0", "POST /",            "server.test", "-",                      "ListIdentityPools",        "",                            "nobody"),
        ("0.0.0.0", "POST /",            "server.test", ATTACKER,                 "GetId",                    "",                            "everyone"),
    ]);
}

/// Headers as browsers ask for them: lower case, sorted, without spaces. `x-amz-content-sha256`
/// comes with the public operations of the SDK for JavaScript, version 2.
#[test]
#[rustfmt::skip]
fn preflights() {
    const REFUSED: &str = "403 OriginForeign";
    const V2: &str = "content-type,x-amz-content-sha256,x-amz-target,x-amz-user-agent";
    const V3: &str = "amz-sdk-invocation-id,amz-sdk-request,content-type,x-amz-target,x-amz-user-agent";
    const V3_SIGNED: &str = "amz-sdk-invocation-id,amz-sdk-request,authorization,content-type,x-amz-content-sha256,x-amz-date,x-amz-security-token,x-amz-target,x-amz-user-agent";
    let long = format!("x-{}", "a".repeat(2000));
    for (origin, asked, expected) in [
        (ATTACKER, "content-type,x-amz-target",                        "everyone may send *"),
        (ATTACKER, V2,                                                 "everyone may send *"),
        (ATTACKER, V3,                                                 "everyone may send *"),
        (ATTACKER, "cache-control,content-type,traceparent,x-amz-target", "everyone may send *"),
        ("null",   V3,                                                 "everyone may send *"),
        (ATTACKER, "-",                                                "everyone may send -"),
        (ATTACKER, V3_SIGNED,                                          REFUSED),
        (ATTACKER, "authorization",                                    REFUSED),
        (ATTACKER, "x-amz-target, Authorization",                      REFUSED),
        (ATTACKER, "x-amz-date",                                       REFUSED),
        (ATTACKER, "x-amz-security-token",                             REFUSED),
        (ATTACKER, "x-amz-region-set",                                 REFUSED),
        (ATTACKER, "x-amz-target | authorization",                     REFUSED),
        (ATTACKER, "a b",                                              REFUSED),
        (ATTACKER, "",                                                 REFUSED),
        (ATTACKER, "é",                                                REFUSED),
        (ATTACKER, &long,                                              REFUSED),
        ("null",   "authorization",                                    REFUSED),
        ("http://localhost | http://localhost", "authorization",       REFUSED),
        (PAGE,     V3_SIGNED,                                          "this origin may send *"),
        (PAGE,     "authorization, x-amz-target",                      "this origin may send *"),
        (PAGE,     "-",                                                "this origin may send -"),
        (PAGE,     "a b",                                              "this origin may send -"),
        (PAGE,     &long,                                              "this origin may send -"),
        ("https://game.test", V3_SIGNED,                               "this origin may send *"),
        ("-",      V3_SIGNED,                                          "nobody"),
    ] {
        for path in ["/", "/.well-known/jwks_uri", "/anything"] {
            let mut request = request(&format!("OPTIONS {path}"), HERE, origin, "-", "access-control-request-method: POST");
            for value in asked.split(" | ").filter(|value| *value != "-") {
                let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
                request.headers_mut().append("access-control-request-headers", value);
            }
            let verdict = guard(LOOPBACK).judge(&request);
            assert_eq!(told(&verdict, origin), expected.replace('*', asked), "{origin} {asked}");
        }
    }
    let private = "access-control-request-private-network: true";
    judge(&[
        (LOOPBACK, "OPTIONS /", HERE, ATTACKER, "-", private, "everyone may send -, private"),
        (LOOPBACK, "OPTIONS /", HERE, PAGE,     "-", private, "this origin may send -, private"),
        (LOOPBACK, "OPTIONS /", "a.test", PAGE, "-", private, "403 HostForeign"),
    ]);
}

#[test]
fn a_name_that_is_allowed_closes_a_server_that_listens_elsewhere() {
    let everywhere = Guard::bound_to("0.0.0.0".parse().expect("an address"));
    let named = everywhere.clone().allow_host("cognito.test".parse().expect("a host"));
    for (host, before, after) in [
        ("cognito.test", "nobody", "nobody"),
        ("localhost", "nobody", "nobody"),
        ("attacker.test", "nobody", "403 HostForeign"),
    ] {
        let request = request("POST /", host, "-", "ListIdentityPools", "");
        assert_eq!(told(&everywhere.judge(&request), ""), before, "{host}");
        assert_eq!(told(&named.judge(&request), ""), after, "{host}");
    }
}

/// From HTTP/2 on, requests have an authority in place of the header.
#[test]
fn an_authority_stands_in_for_the_header() {
    for (version, target, expected) in [
        (Version::HTTP_2, "http://localhost:4566/", "nobody"),
        (Version::HTTP_3, "http://localhost:4566/", "nobody"),
        (Version::HTTP_2, "http://attacker.test/", "403 HostForeign"),
        (Version::HTTP_2, "/", "403 HostInvalid"),
        (Version::HTTP_11, "http://localhost:4566/", "403 HostInvalid"),
        (Version::HTTP_10, "/", "403 HostInvalid"),
    ] {
        let mut request = request(&format!("POST {target}"), "-", "-", "ListIdentityPools", "");
        *request.version_mut() = version;
        assert_eq!(told(&guard(LOOPBACK).judge(&request), ""), expected, "{version:?} {target}");
    }
}

#[test]
fn an_open_guard_is_as_the_service() {
    for (line, operation, headers, expected) in [
        ("POST /", "DeleteIdentityPool", "", "everyone"),
        ("POST /", "Guess", "", "everyone"),
        ("GET /nothing", "-", "", "everyone"),
        (
            "OPTIONS /",
            "-",
            "access-control-request-headers: authorization",
            "everyone may send authorization",
        ),
    ] {
        let request = request(line, "attacker.test", "null", operation, headers);
        assert_eq!(told(&Guard::open().judge(&request), "null"), expected, "{line} {operation}");
    }
}

/// The verdict's headers, as a browser reads them.
#[test]
fn what_browsers_are_told() {
    let told = |guard: &Guard, line: &str, origin: &str, operation: &str, asked: &str| {
        let request = request(line, HERE, origin, operation, asked);
        let response = guard.judge(&request).mark(Response::new(()));
        let mut headers: Vec<_> = response
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
            .map(|header| header.replace("access-control-", ""))
            .collect();
        headers.sort();
        headers.join("; ")
    };
    let exposed = "expose-headers: x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date";
    let asks = "access-control-request-headers: x-a; access-control-request-private-network: true";
    let sent = "allow-headers: x-a; allow-methods: GET, HEAD, OPTIONS, POST; \
                allow-origin: ORIGIN; allow-private-network: true; max-age: 172800; \
                vary: Origin, Access-Control-Request-Headers";
    for (line, origin, operation, asked, expected) in [
        ("POST /", "-", "ListIdentityPools", "", "vary: Origin".to_owned()),
        ("POST /", ATTACKER, "ListIdentityPools", "", String::new()),
        ("POST /", ATTACKER, "GetId", "", format!("allow-origin: *; {exposed}")),
        (
            "POST /",
            PAGE,
            "ListIdentityPools",
            "",
            format!("allow-origin: {PAGE}; {exposed}; vary: Origin"),
        ),
        ("OPTIONS /", ATTACKER, "-", asks, sent.replace("ORIGIN", "*")),
        ("OPTIONS /", PAGE, "-", asks, sent.replace("ORIGIN", PAGE)),
        (
            "OPTIONS /",
            ATTACKER,
            "-",
            "access-control-request-headers: authorization",
            String::new(),
        ),
    ] {
        let guard = guard(LOOPBACK);
        assert_eq!(told(&guard, line, origin, operation, asked), expected, "{line} {origin}");
    }
}

/// Every operation that needs credentials is closed, and no other.
#[test]
fn the_wires_own_table_says_what_is_public() {
    let engine = Engine::builder().in_memory().expect("an engine");
    let anonymous = Context::anonymous();
    let operations = include_str!("../../../tests/api/model.json");
    let model: serde_json::Value = serde_json::from_str(operations).expect("JSON");
    let names: Vec<_> = model.as_object().expect("operations").keys().collect();
    assert_eq!(names.len(), 23);
    for name in names {
        let reply = wire::call(&engine, &anonymous, &wire_target(name), b"{}");
        let needs_credentials =
            reply.fault.is_some_and(|fault| fault.name() == "MissingAuthenticationTokenException");
        let request = request("POST /", HERE, ATTACKER, name, "");
        let closed = matches!(guard(LOOPBACK).judge(&request), Verdict::Refuse { .. });
        assert_eq!(closed, needs_credentials, "{name}");
    }
}
