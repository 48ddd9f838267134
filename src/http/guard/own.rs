//! Paths that are for pages of the server's own origin only.

use ::http::Request;
use ::http::header::{self, HeaderValue};

use super::{Guard, Readers, Refused, Verdict, is_of_another_site};
use crate::http::host::Origin;
use crate::http::route::{UNKNOWN, origin};

impl Guard {
    /// Decides about a request for a file that holds nothing of the engine. Any page may link to
    /// it. No page of another origin can read it: the response has no CORS headers.
    pub fn judge_page<B>(&self, request: &Request<B>) -> Verdict {
        match self.check_host(request) {
            Ok(()) => Verdict::Answer(Readers::Nobody),
            Err(reason) => Verdict::Refuse { operation: UNKNOWN, reason },
        }
    }

    /// Decides about a request to a path that is for pages of the server's own origin only,
    /// whatever operation it names. No response to it has CORS headers, not even with an
    /// [open](Self::open) guard.
    pub fn judge_own<B>(&self, request: &Request<B>) -> Verdict {
        let refuse = |reason| Verdict::Refuse { operation: UNKNOWN, reason };
        if let Err(reason) = self.check_host(request) {
            return refuse(reason);
        }
        let mut origins = request.headers().get_all(header::ORIGIN).iter();
        let is_allowed = match (origins.next(), origins.next()) {
            (None, _) => !is_of_another_site(request.headers()),
            (Some(page), None) => is_own(request, page),
            (Some(_), _) => false,
        };
        if is_allowed { Verdict::Answer(Readers::Nobody) } else { refuse(Refused::OriginForeign) }
    }
}

/// Whether a page is one of the server that the request names. No other server has its host name
/// and port, whatever the scheme.
fn is_own<B>(request: &Request<B>, page: &HeaderValue) -> bool {
    let parsed = |text: &str| text.parse::<Origin>().ok();
    let page = page.to_str().ok().and_then(parsed);
    let own = origin(request).and_then(|origin| parsed(&origin));
    page.zip(own).is_some_and(|(page, own)| page.is_same_server(&own))
}
