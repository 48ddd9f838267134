//! The inspector page: three files that are part of the program.

use ::http::header::{self, HeaderName, HeaderValue};
use ::http::{Method, Request, Response, StatusCode};
use bytes::Bytes;

use crate::control::Control;
use crate::control::answer::protect;

/// Nothing but the files of the page runs, and nothing is fetched from elsewhere. Texts of
/// strangers cannot become markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

impl Control {
    pub(super) fn page(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let verdict = self.judge(request);
        if let Some(refusal) = verdict.refusal(&self.engine) {
            return verdict.mark(refusal);
        }
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let mut response = match file(request.uri().path()) {
            _ if !is_read => {
                with_header(StatusCode::METHOD_NOT_ALLOWED, header::ALLOW, "GET, HEAD")
            }
            None => with_header(StatusCode::PERMANENT_REDIRECT, header::LOCATION, "/_cognate/"),
            Some((content_type, text)) => {
                let mut response = with_header(StatusCode::OK, header::CONTENT_TYPE, content_type);
                let length = HeaderValue::from(text.len());
                response.headers_mut().insert(header::CONTENT_LENGTH, length);
                if *request.method() == Method::GET {
                    *response.body_mut() = Bytes::from_static(text.as_bytes());
                }
                response
            }
        };
        let policy = HeaderValue::from_static(POLICY);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        protect(&mut response);
        verdict.mark(response)
    }
}

/// The content type and the text of a file of the page.
fn file(path: &str) -> Option<(&'static str, &'static str)> {
    match path {
        "/_cognate/" => Some(("text/html; charset=utf-8", include_str!("inspector/index.html"))),
        "/_cognate/inspector.css" => {
            Some(("text/css; charset=utf-8", include_str!("inspector/inspector.css")))
        }
        "/_cognate/inspector.js" => {
            Some(("text/javascript; charset=utf-8", include_str!("inspector/inspector.js")))
        }
        _ => None,
    }
}

fn with_header(status: StatusCode, name: HeaderName, value: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::target::PAGE;
    use crate::engine::Engine;
    use crate::http::Guard;

    #[test]
    fn the_page_has_at_most_64_kib_and_fetches_nothing_from_elsewhere() {
        let files: Vec<_> =
            PAGE.iter().map(|path| file(&format!("/_cognate{path}")).expect("a file").1).collect();
        let size: usize = files.iter().map(|text| text.len()).sum();
        assert!(size <= 64 * 1024, "{size} bytes");
        for text in files {
            let addresses = text.split("http").skip(1).filter(|rest| rest.contains("://"));
            let foreign: Vec<_> = addresses
                .map(|rest| rest.lines().next().unwrap_or_default())
                .filter(|rest| rest.starts_with("://") || rest.starts_with("s://"))
                .filter(|rest| !rest.contains("://www.w3.org/2000/svg"))
                .collect();
            assert!(foreign.is_empty(), "{foreign:?}");
        }
    }

    #[test]
    fn the_page_runs_nothing_but_its_own_script() {
        let engine = Engine::builder().in_memory().expect("an engine");
        let control = Control::new(&engine, Guard::default());
        for path in PAGE {
            let request = Request::get(format!("/_cognate{path}")).header("host", "localhost");
            let response = control.handle(&request.body(Bytes::new()).expect("a request"));
            assert_eq!(response.status(), 200, "{path}");
            let policy = response.headers()["content-security-policy"].to_str().expect("text");
            let rules: Vec<_> = policy.split("; ").collect();
            for rule in [
                "default-src 'none'",
                "script-src 'self'",
                "form-action 'none'",
                "frame-ancestors 'none'",
                "require-trusted-types-for 'script'",
                "trusted-types 'none'",
            ] {
                assert!(rules.contains(&rule), "{path}: {rule}");
            }
        }
    }

    #[test]
    fn names_of_strangers_cannot_become_markup() {
        let script = file("/_cognate/inspector.js").expect("the script").1;
        for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!script.contains(way), "{way}");
        }
        let page = file("/_cognate/").expect("the page").1;
        for inline in ["<style", " style=", " onclick=", "<script>"] {
            assert!(!page.contains(inline), "{inline}");
        }
    }
}
