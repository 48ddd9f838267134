//! The guard of an endpoint against pages of other sites.

mod own;

use std::net::IpAddr;

use ::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use ::http::{Method, Request, Response, Version};
use bytes::Bytes;

use super::host::{HostName, Origin, host_and_port};
use super::{
    HEADER_LENGTH_MAX, Route, context, dispatch, fault_response, faulty_response, with_fresh_id,
};
use crate::engine::Engine;
use crate::wire::{Context, Fault};

/// The rules that close an endpoint to the pages of other sites.
///
/// The engine does not check signatures: every signed request that reaches it acts for the account
/// that it names. A browser lets any page send requests to the machine that it runs on, so the
/// endpoint itself has to tell a page of another site from a client of its owner. The service can
/// be open to all pages because it checks signatures. An endpoint that verifies them in front of
/// the engine can be [open](Self::open) too.
///
/// | request | response |
/// | --- | --- |
/// | to a foreign host name | 403, whatever the path |
/// | one of the four public operations, the key set, the discovery document | for every origin, `*` |
/// | an action of the [STS](crate::sts) without a signature | for every origin, `*` |
/// | any other, from no page | without CORS headers |
/// | any other, from a loopback or allowed origin | for this origin |
/// | any other, from another origin or from `null` | 403 without CORS headers |
/// | a preflight for a header that only signed requests have, from another origin | the same |
///
/// A guard checks host names if the server is [bound](Self::bound_to) to a loopback address, or if
/// any name is [allowed](Self::allow_host). It then accepts loopback names and allowed names. A
/// page can have a host name that resolves to the server's address (DNS rebinding). The browser
/// takes it for a page of the server's own origin, and only the host name gives it away. The guard
/// ignores `X-Forwarded-Host`, since every client can write it.
///
/// A preflight does not name the operation. It is for a signed one if it asks for `authorization`,
/// `x-amz-date`, `x-amz-security-token` or `x-amz-region-set`. The other headers of AWS SDKs,
/// `x-amz-content-sha256` among them, come with public operations too. The guard judges the request
/// behind a preflight by itself.
///
/// # Example: a server on loopback
///
/// ```
/// use std::net::Ipv4Addr;
///
/// use cognate::http::{Guard, Readers, Refused, Verdict};
/// use http::Request;
///
/// let guard = Guard::bound_to(Ipv4Addr::LOCALHOST.into()).allow_host("cognito.test".parse()?);
/// let request = |host: &str, origin: &str, operation: &str| {
///     Request::post("/")
///         .header("host", host)
///         .header("origin", origin)
///         .header("x-amz-target", format!("AWSCognitoIdentityService.{operation}"))
///         .body(())
/// };
/// let (page, attacker) = ("http://localhost:3000", "http://attacker.test");
/// let verdict = guard.judge(&request("cognito.test:4566", attacker, "GetId")?);
/// assert_eq!(verdict, Verdict::Answer(Readers::Everyone));
/// let verdict = guard.judge(&request("localhost:4566", page, "DeleteIdentityPool")?);
/// assert_eq!(verdict, Verdict::Answer(Readers::Origin(page.parse()?)));
/// let verdict = guard.judge(&request("localhost:4566", attacker, "DeleteIdentityPool")?);
/// let Verdict::Refuse { reason, .. } = verdict else { panic!("foreign") };
/// assert_eq!(reason, Refused::OriginForeign);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Guard {
    is_local: bool,
    is_open: bool,
    hosts: Vec<HostName>,
    origins: Vec<Origin>,
}

/// The decision of a [`Guard`] about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Handle it.
    Answer(Readers),
    /// Let the browser send the request that it asks about.
    Preflight {
        /// The origins that may send it.
        readers: Readers,
        /// The headers that it may have: those that the preflight asks for.
        headers: Option<HeaderValue>,
        /// Whether a page of a public network asked to reach a private one.
        private_network: bool,
    },
    /// Answer with [`Verdict::refusal`], and do nothing.
    Refuse {
        /// The operation's name, or another name as in [`Outcome`](super::Outcome).
        operation: &'static str,
        /// The rule that the request breaks.
        reason: Refused,
    },
}

/// The pages that may read a response.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are no others")]
pub enum Readers {
    /// The pages of every origin: `access-control-allow-origin: *`.
    Everyone,
    /// The pages of one origin, which the response names.
    Origin(HeaderValue),
    /// Only pages of the server's own origin: no CORS headers.
    Nobody,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// The `Host` header is missing, doubled, or names no host.
    HostInvalid,
    /// The host name is neither a loopback name nor allowed.
    HostForeign,
    /// A page calls a signed operation, and its origin is neither a loopback origin nor allowed.
    OriginForeign,
}

impl Guard {
    /// The guard of a server that listens on this address: it checks host names if that is a
    /// loopback address.
    pub fn bound_to(address: IpAddr) -> Self {
        Self { is_local: address.to_canonical().is_loopback(), ..Self::default() }
    }

    /// A guard that accepts every host name, and every origin for all operations, as the service
    /// itself. Use it for an endpoint that verifies signatures in front of the engine.
    pub fn open() -> Self {
        Self { is_open: true, ..Self::default() }
    }

    /// Accepts requests to this host name too, with every port. A server that is not bound to a
    /// loopback address accepts every name until the first one is allowed.
    #[must_use]
    pub fn allow_host(mut self, host: HostName) -> Self {
        self.hosts.push(host);
        self
    }

    /// Lets pages of this origin call signed operations.
    #[must_use]
    pub fn allow_origin(mut self, origin: Origin) -> Self {
        self.origins.push(origin);
        self
    }

    /// Whether the server is bound to a loopback address. If it is not, everyone who can reach it
    /// acts for every account.
    pub fn is_local(&self) -> bool {
        self.is_local
    }

    /// Decides about a request by its method, its target and its headers, so a server can ask
    /// before it reads the body.
    pub fn judge<B>(&self, request: &Request<B>) -> Verdict {
        let (route, headers) = (Route::of(request), request.headers());
        let refuse = |reason| Verdict::Refuse { operation: route.name(), reason };
        if let Err(reason) = self.check_host(request) {
            return refuse(reason);
        }
        let page = if self.is_open { Page::Any } else { self.page(headers) };
        match (&route, page) {
            (Route::Preflight, Page::None) => Verdict::Answer(Readers::Nobody),
            (Route::Preflight, page) => {
                let wanted = Wanted::of(headers);
                let readers = match page {
                    Page::Foreign if wanted.signed => return refuse(Refused::OriginForeign),
                    Page::Trusted(origin) => Readers::Origin(origin),
                    Page::Foreign | Page::Any | Page::None => Readers::Everyone,
                };
                let private_network = headers.contains_key(REQUEST_PRIVATE_NETWORK);
                Verdict::Preflight { readers, headers: wanted.headers, private_network }
            }
            (route, _) if route.is_public() => Verdict::Answer(Readers::Everyone),
            (_, Page::Any) => Verdict::Answer(Readers::Everyone),
            (_, Page::None) => Verdict::Answer(Readers::Nobody),
            (_, Page::Trusted(origin)) => Verdict::Answer(Readers::Origin(origin)),
            (_, Page::Foreign) => refuse(Refused::OriginForeign),
        }
    }

    /// Answers a request, or refuses it: [`judge`](Self::judge), [`Verdict::refusal`] and
    /// [`Verdict::mark`] in one call. Otherwise as [`handle`](super::handle).
    pub fn handle(&self, engine: &Engine, request: &Request<Bytes>) -> Response<Bytes> {
        self.handle_as(engine, &context(request), request)
    }

    /// Answers a request as [`handle`](Self::handle), for the caller in `context` instead of the
    /// one that the headers state.
    pub fn handle_as(
        &self,
        engine: &Engine,
        context: &Context,
        request: &Request<Bytes>,
    ) -> Response<Bytes> {
        self.guarded(engine, request, || dispatch(engine, context, request))
    }

    /// Answers a request with a fault of the embedder's, unless the guard itself refuses the
    /// request.
    pub fn refuse<B>(
        &self,
        engine: &Engine,
        request: &Request<B>,
        fault: Fault,
    ) -> Response<Bytes> {
        self.guarded(engine, request, || fault_response(engine, request, fault))
    }

    fn guarded<B>(
        &self,
        engine: &Engine,
        request: &Request<B>,
        passed: impl FnOnce() -> Response<Bytes>,
    ) -> Response<Bytes> {
        let verdict = self.judge(request);
        let mut response = verdict.refusal(engine).unwrap_or_else(passed);
        if request.method() == Method::HEAD {
            let length = HeaderValue::from(response.body().len());
            response.headers_mut().insert(header::CONTENT_LENGTH, length);
            response.body_mut().clear();
        }
        verdict.mark(response)
    }

    fn check_host<B>(&self, request: &Request<B>) -> Result<(), Refused> {
        let looks = self.is_local || !self.hosts.is_empty();
        if self.is_open || !looks {
            return Ok(());
        }
        let mut hosts = request.headers().get_all(header::HOST).iter();
        let (host, second) = (hosts.next(), hosts.next());
        let target = request.uri().authority();
        // From HTTP/2 on the target's authority stands in for the header.
        let is_missing =
            host.is_none() && (target.is_none() || request.version() < Version::HTTP_2);
        if is_missing || second.is_some() {
            return Err(Refused::HostInvalid);
        }
        let named = host.map(HeaderValue::as_bytes).into_iter();
        for name in named.chain(target.map(|target| target.as_str().as_bytes())) {
            let name = str::from_utf8(name).ok().and_then(host_and_port);
            let (host, _) = name.ok_or(Refused::HostInvalid)?;
            if !host.is_loopback() && !self.hosts.contains(&host) {
                return Err(Refused::HostForeign);
            }
        }
        Ok(())
    }

    /// The page that sends a request.
    fn page(&self, headers: &HeaderMap) -> Page {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) if is_of_another_site(headers) => Page::Foreign,
            (None, _) => Page::None,
            (Some(origin), None) if self.trusts(origin) => Page::Trusted(origin.clone()),
            (Some(_), _) => Page::Foreign,
        }
    }

    fn trusts(&self, origin: &HeaderValue) -> bool {
        let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Origin>().ok());
        origin.is_some_and(|origin| origin.is_loopback() || self.origins.contains(&origin))
    }
}

impl Verdict {
    /// The response to a request that the guard refuses: 403, `AccessDeniedException`. `None` for
    /// any other verdict.
    pub fn refusal(&self, engine: &Engine) -> Option<Response<Bytes>> {
        let Self::Refuse { operation, reason } = self else { return None };
        let fault = Fault::forbidden(reason.message());
        Some(with_fresh_id(engine, faulty_response(operation, fault)))
    }

    /// Adds the CORS headers to the response.
    #[must_use]
    pub fn mark<B>(&self, mut response: Response<B>) -> Response<B> {
        const EXPOSED: HeaderValue =
            HeaderValue::from_static("x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date");
        const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS, POST");
        const BY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");
        const BY_PREFLIGHT: HeaderValue =
            HeaderValue::from_static("Origin, Access-Control-Request-Headers");
        /// Two days in seconds.
        const MAX_AGE: HeaderValue = HeaderValue::from_static("172800");

        let headers = response.headers_mut();
        let (Self::Answer(readers) | Self::Preflight { readers, .. }) = self else {
            return response;
        };
        let reader = match readers {
            Readers::Everyone => Some(HeaderValue::from_static("*")),
            Readers::Origin(origin) => Some(origin.clone()),
            Readers::Nobody => None,
        };
        if matches!(self, Self::Preflight { .. }) {
            headers.append(header::VARY, BY_PREFLIGHT);
        } else if *readers != Readers::Everyone {
            headers.append(header::VARY, BY_ORIGIN);
        }
        let Some(reader) = reader else { return response };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, reader);
        let Self::Preflight { headers: wanted, private_network, .. } = self else {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
            return response;
        };
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        if let Some(wanted) = wanted {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
        if *private_network {
            headers.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
        }
        response
    }
}

impl Refused {
    fn message(self) -> &'static str {
        match self {
            Self::HostInvalid => "The Host header is missing, doubled or not valid",
            Self::HostForeign => "The host name is neither a loopback name nor allowed",
            Self::OriginForeign => "The origin is neither a loopback origin nor allowed",
        }
    }
}

/// The sender of a request, as far as a browser tells.
enum Page {
    /// Any page: the guard is open.
    Any,
    /// No browser, or a page of the server's own.
    None,
    /// A page of a loopback or allowed origin.
    Trusted(HeaderValue),
    /// Any other page.
    Foreign,
}

const REQUEST_PRIVATE_NETWORK: &str = "access-control-request-private-network";
const ALLOW_PRIVATE_NETWORK: &str = "access-control-allow-private-network";

/// Whether a browser sends a request without `Origin` for another site: links, images, and others
/// that change nothing.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    !matches!(site, None | Some(b"none" | b"same-origin"))
}

/// The headers that a preflight asks for.
struct Wanted {
    headers: Option<HeaderValue>,
    /// Whether only a signed request has them.
    signed: bool,
}

impl Wanted {
    fn of(headers: &HeaderMap) -> Self {
        let mut lines = headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).iter();
        let Some(line) = lines.next() else { return Self { headers: None, signed: false } };
        // No browser sends a second list, or a list that does not parse.
        let no_list = Self { headers: None, signed: true };
        let Some(names) = names(line).filter(|_| lines.next().is_none()) else { return no_list };
        let signed = names.iter().any(|name| SIGNED_ONLY.contains(&name.as_str()));
        Self { headers: Some(line.clone()), signed }
    }
}

/// The headers that only AWS Signature Version 4 adds to a request.
const SIGNED_ONLY: [&str; 4] =
    ["authorization", "x-amz-date", "x-amz-region-set", "x-amz-security-token"];

fn names(list: &HeaderValue) -> Option<Vec<HeaderName>> {
    let list = list.to_str().ok().filter(|list| list.len() <= HEADER_LENGTH_MAX)?;
    list.split(',').map(|name| name.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests;
