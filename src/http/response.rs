//! The parts of a response.

use ::http::header::{self, HeaderValue};
use ::http::{Response, StatusCode};
use bytes::Bytes;
use serde::Serialize;

use super::Outcome;
use crate::engine::Engine;
use crate::error::Result;
use crate::name::RequestId;
use crate::sts;
use crate::wire::{self, Fault, Reply};

/// The response for a reply, still without a request id.
pub(super) fn reply_response(name: &str, reply: Reply) -> Response<Bytes> {
    with_body(name, reply.status, wire::CONTENT_TYPE, reply.body, reply.fault)
}

pub(super) fn faulty_response(name: &str, fault: Fault) -> Response<Bytes> {
    reply_response(name, fault.into())
}

/// The response for a reply of the STS.
pub(super) fn sts_response(name: &str, reply: Reply) -> Response<Bytes> {
    let mut response = with_body(name, reply.status, sts::ANSWER_TYPE, reply.body, None);
    response.extensions_mut().insert(outcome(name, reply.fault));
    response
}

pub(super) fn document_response(name: &str, read: Result<impl Serialize>) -> Response<Bytes> {
    match read {
        Ok(document) => {
            // Texts and lists of texts always encode.
            let body = serde_json::to_vec(&document).unwrap_or_default();
            with_body(name, 200, "application/json", body, None)
        }
        // Nothing in the request can be at fault.
        Err(error) => reply_response(name, Reply { status: 500, ..Fault::from(error).into() }),
    }
}

pub(super) fn empty_response(name: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    response.extensions_mut().insert(outcome(name, None));
    response
}

/// Adds a fresh request id.
pub(super) fn with_fresh_id(engine: &Engine, response: Response<Bytes>) -> Response<Bytes> {
    with_request_id(response, fresh_id(engine).as_ref())
}

/// A request id. No call fails for want of one.
pub(super) fn fresh_id(engine: &Engine) -> Option<RequestId> {
    engine.request_id().ok()
}

/// Adds the request id, which every response has.
pub(super) fn with_request_id(
    mut response: Response<Bytes>,
    id: Option<&RequestId>,
) -> Response<Bytes> {
    if let Some(id) = id {
        response.headers_mut().insert("x-amzn-requestid", header_value(id.as_str()));
    }
    if let Some(outcome) = response.extensions_mut().get_mut::<Outcome>() {
        outcome.request_id = id.map(RequestId::to_string);
    }
    response
}

fn with_body(
    name: &str,
    status: u16,
    content_type: &'static str,
    body: Vec<u8>,
    fault: Option<Fault>,
) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(fault) = &fault {
        headers.insert("x-amzn-errortype", header_value(&format!("{}:", fault.name())));
        headers.insert("x-amzn-errormessage", header_value(fault.message()));
    }
    response.extensions_mut().insert(outcome(name, fault));
    response
}

fn outcome(name: &str, fault: Option<Fault>) -> Outcome {
    Outcome { operation: name.to_owned(), request_id: None, fault }
}

/// The longest text of a header that somebody else chose, in bytes.
pub(super) const HEADER_LENGTH_MAX: usize = 1024;

/// The text as far as a header can hold it.
pub(super) fn header_value(text: &str) -> HeaderValue {
    let legal = |c: char| if c == ' ' || c.is_ascii_graphic() { c } else { '?' };
    let text: String = text.chars().take(HEADER_LENGTH_MAX).map(legal).collect();
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("?"))
}
