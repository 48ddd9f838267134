//! The routes of an endpoint.

use std::borrow::Cow;

use ::http::header::{self, HeaderMap};
use ::http::uri::{Authority, Scheme};
use ::http::{Method, Request};

use crate::sts;
use crate::wire::ServiceOperation;

pub(super) const JWKS: &str = "/.well-known/jwks_uri";
pub(super) const JWKS_JSON: &str = "/.well-known/jwks.json";
pub(super) const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The name of a request that names nothing known.
pub(super) const UNKNOWN: &str = "Unknown";

/// The purpose of a request, by its method, its path and its target.
#[derive(Clone, Copy)]
pub(super) enum Route {
    Discovery,
    Jwks,
    /// A known path, with another method than these.
    MethodNotAllowed(&'static str),
    Nothing,
    /// An operation, if the target names one.
    Operation(Option<&'static ServiceOperation>),
    Preflight,
    /// An action of the STS. It is named in the query or the body.
    Sts {
        is_signed: bool,
    },
}

impl Route {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let method = request.method();
        let reads = method == Method::GET || method == Method::HEAD;
        match request.uri().path() {
            _ if method == Method::OPTIONS => Self::Preflight,
            "/" if is_of_sts(request) => {
                Self::Sts { is_signed: request.headers().contains_key(header::AUTHORIZATION) }
            }
            "/" if method == Method::POST => {
                Self::Operation(ServiceOperation::of_target(&target(request.headers())))
            }
            "/" => Self::MethodNotAllowed("POST, OPTIONS"),
            JWKS | JWKS_JSON if reads => Self::Jwks,
            DISCOVERY if reads => Self::Discovery,
            JWKS | JWKS_JSON | DISCOVERY => Self::MethodNotAllowed("GET, HEAD, OPTIONS"),
            _ => Self::Nothing,
        }
    }

    pub(super) fn operation(self) -> Option<&'static ServiceOperation> {
        if let Self::Operation(operation) = self { operation } else { None }
    }

    /// The name in an [`Outcome`](super::Outcome).
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Discovery => "Discovery",
            Self::Jwks => "Jwks",
            Self::Operation(Some(operation)) => operation.name(),
            Self::MethodNotAllowed(_)
            | Self::Nothing
            | Self::Operation(None)
            | Self::Sts { .. } => UNKNOWN,
            Self::Preflight => "Preflight",
        }
    }

    /// Whether everyone may ask, without credentials.
    pub(super) fn is_public(self) -> bool {
        match self {
            Self::Discovery | Self::Jwks => true,
            Self::Operation(operation) => operation.is_some_and(|known| !known.needs_credentials()),
            Self::MethodNotAllowed(_) | Self::Nothing | Self::Preflight => false,
            Self::Sts { is_signed } => !is_signed,
        }
    }
}

/// Whether a request is in the query protocol: one with a form or a signature for the STS instead
/// of a target, or a query with an action.
fn is_of_sts<B>(request: &Request<B>) -> bool {
    let (method, headers) = (request.method(), request.headers());
    if method == Method::GET {
        let mut parameters = request.uri().query().unwrap_or_default().split('&');
        return parameters.any(|parameter| parameter.starts_with("Action="));
    }
    let is_form = || {
        let content_type = text(headers, "content-type").unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        media_type.eq_ignore_ascii_case(sts::FORM_TYPE)
    };
    let is_scoped = || {
        let authorization = text(headers, "authorization").unwrap_or_default();
        authorization.contains("/sts/aws4_request")
    };
    let has_target = headers.contains_key("x-amz-target");
    method == Method::POST && !has_target && (is_form() || is_scoped())
}

/// The target header; empty if it is missing.
pub(super) fn target(headers: &HeaderMap) -> Cow<'_, str> {
    text(headers, "x-amz-target").unwrap_or_default()
}

/// The origin that the client used, for links to other documents.
pub(crate) fn origin<B>(request: &Request<B>) -> Option<String> {
    let (uri, headers) = (request.uri(), request.headers());
    let authority = match uri.authority() {
        Some(authority) => authority.clone(),
        None => headers.get(header::HOST)?.to_str().ok()?.parse::<Authority>().ok()?,
    };
    let (whole, host) = (authority.as_str(), authority.host());
    // Text before the host would be a user; text behind it is a port.
    let port = whole.strip_prefix(host)?;
    if host.is_empty() || (!port.is_empty() && authority.port_u16().is_none()) {
        return None;
    }
    let forwarded = text(headers, "x-forwarded-proto").unwrap_or_default();
    // Of several proxies the first one faces the client.
    let forwarded = forwarded.split(',').next().unwrap_or_default().trim();
    let is_https = uri.scheme() == Some(&Scheme::HTTPS) || forwarded.eq_ignore_ascii_case("https");
    Some(format!("{}://{whole}", if is_https { "https" } else { "http" }))
}

pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()))
}
