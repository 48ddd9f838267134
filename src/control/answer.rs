//! Answers of the control plane.

use ::http::header::{self, HeaderName, HeaderValue};
use ::http::{Method, Response, StatusCode};
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use crate::error::Error;
use crate::exchange::ExchangeError;
use crate::wire::Fault;

/// An answer, still without the headers that all answers have.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    content_type: &'static str,
    allow: Option<&'static str>,
    body: Bytes,
}

/// The reason why a request is not answered.
#[derive(Debug)]
pub(super) enum Denied {
    Fault(Fault),
    /// Another method is allowed.
    Method(&'static str),
    /// A line of an import.
    Line {
        line: u64,
        reason: String,
    },
}

const JSON: &str = "application/json";
const LINES: &str = "application/jsonl";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RefusedLine<'a> {
    #[serde(rename = "__type")]
    kind: &'static str,
    message: String,
    line: u64,
    reason: &'a str,
}

impl Answer {
    pub(super) fn json(value: &impl Serialize) -> Result<Self, Denied> {
        let body = serde_json::to_vec(value);
        let body = body.map_err(|error| Fault::serialization(error.to_string()))?;
        Ok(Self::of(200, JSON, body.into()))
    }

    /// A document that is JSON already.
    pub(super) fn document(text: &'static str) -> Self {
        Self::of(200, JSON, Bytes::from_static(text.as_bytes()))
    }

    /// The lines of an export.
    pub(super) fn lines(lines: Vec<u8>) -> Self {
        Self::of(200, LINES, lines.into())
    }

    /// The service's own exceptions have a `message` in lower case. Here all have a `Message`.
    fn error(fault: &Fault) -> Self {
        let body = json!({ "__type": fault.name(), "Message": fault.message() });
        Self::of(fault.status(), JSON, body.to_string().into())
    }

    fn of(status: u16, content_type: &'static str, body: Bytes) -> Self {
        Self { status, content_type, allow: None, body }
    }

    pub(super) fn into_response(self, method: &Method) -> Response<Bytes> {
        let length = self.body.len();
        let body = if *method == Method::HEAD { Bytes::new() } else { self.body };
        let mut response = Response::new(body);
        let failed = StatusCode::INTERNAL_SERVER_ERROR;
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(failed);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        protect(&mut response);
        response
    }
}

/// Adds the headers that every answer has: nobody keeps it, guesses its type, or learns of it from
/// a link.
pub(super) fn protect<B>(response: &mut Response<B>) {
    const HEADERS: [(HeaderName, &str); 3] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

/// The head of a streamed export.
pub(super) fn lines_head() -> Response<()> {
    let mut response = Response::new(());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(LINES));
    protect(&mut response);
    response
}

impl Denied {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::Fault(Fault::new("ValidationException", 400, message))
    }

    pub(super) fn nothing_there() -> Self {
        Self::Fault(Fault::new("ResourceNotFoundException", 404, "There is nothing at this path"))
    }

    /// Nobody acts as an administrator.
    pub(super) fn locked() -> Self {
        let message = "The control plane of a server that others can reach needs a token";
        Self::Fault(Fault::new("AccessDeniedException", 403, message))
    }

    /// The token is missing or wrong.
    pub(super) fn token() -> Self {
        let message = "The token of the control plane is missing or wrong";
        Self::Fault(Fault::new("AccessDeniedException", 401, message))
    }
}

impl From<Fault> for Denied {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Error> for Denied {
    fn from(error: Error) -> Self {
        Self::Fault(error.into())
    }
}

impl From<ExchangeError> for Denied {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Line { line, fault } => Self::Line { line, reason: fault.to_string() },
            ExchangeError::Engine(error) => error.into(),
            ExchangeError::Io(_)
            | ExchangeError::NotAFile { .. }
            | ExchangeError::NoView
            | ExchangeError::KeysUnsealed
            | ExchangeError::KeysOfPart
            | ExchangeError::TakenOver => {
                Self::Fault(Fault::new("InvalidRequestException", 400, error.to_string()))
            }
        }
    }
}

impl From<Denied> for Answer {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Fault(fault) => Self::error(&fault),
            Denied::Method(allow) => {
                let message = "This path is not for this method";
                let fault = Fault::new("InvalidRequestException", 405, message);
                Self { allow: Some(allow), ..Self::error(&fault) }
            }
            Denied::Line { line, reason } => {
                let message = format!("line {line}: {reason}");
                let kind = "ImportRefusedException";
                let body = RefusedLine { kind, message, line, reason: &reason };
                // Texts and numbers always encode.
                Self::of(409, JSON, serde_json::to_vec(&body).unwrap_or_default().into())
            }
        }
    }
}
