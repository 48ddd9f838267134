//! A client of the control plane: of one in this process, or of a server's.

use std::io::{Read, Write};

use bytes::Bytes;
use cognate::control::Control;
use http::{Method, Request, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::commands::remote::Remote;
use crate::commands::trouble::Trouble;

/// The control plane of a database.
pub(crate) enum Client {
    /// The database is open in this process.
    Local(Control),
    /// A server has it.
    Remote(Remote),
}

/// The members of a request.
pub(crate) type Members<'a> = &'a [(&'a str, &'a str)];

/// The characters of a query that stand for themselves.
const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

/// The number of entries on a page of a listing.
const PAGE: &str = "60";

impl Client {
    pub(crate) fn get(&self, path: &str, members: Members<'_>) -> Result<Value, Trouble> {
        self.ask(request(Method::GET, path, members, Bytes::new())?)
    }

    /// Posts members as a JSON object.
    pub(crate) fn post(&self, path: &str, members: Map<String, Value>) -> Result<Value, Trouble> {
        let body = Value::Object(members).to_string();
        self.ask(request(Method::POST, path, &[], body.into())?)
    }

    /// The entries of all pages of a listing, or the first `limit` of them.
    pub(crate) fn list(
        &self,
        path: &str,
        entries: &str,
        limit: Option<usize>,
    ) -> Result<Vec<Value>, Trouble> {
        let (mut listed, mut next) = (Vec::new(), None::<String>);
        loop {
            let token = next.as_deref().map(|token| ("NextToken", token));
            let members: Vec<_> = [("MaxResults", PAGE)].into_iter().chain(token).collect();
            let mut page = self.get(path, &members)?;
            if let Some(Value::Array(entries)) = page.get_mut(entries).map(Value::take) {
                listed.extend(entries);
            }
            next = page.get("NextToken").and_then(Value::as_str).map(str::to_owned);
            if next.is_none() || limit.is_some_and(|limit| listed.len() >= limit) {
                listed.truncate(limit.unwrap_or(usize::MAX));
                return Ok(listed);
            }
        }
    }

    pub(crate) fn ask(&self, request: Request<Bytes>) -> Result<Value, Trouble> {
        match self {
            Self::Local(control) => answer(&control.handle(&request)),
            Self::Remote(server) => server.ask(request),
        }
    }

    /// Writes an export to `out`, and only that.
    pub(crate) fn export(&self, members: Members<'_>, out: impl Write) -> Result<(), Trouble> {
        let request = request(Method::GET, "/export", members, ())?;
        match self {
            Self::Local(control) => match control.export(&request, |_head| out) {
                Ok(written) => Ok(written.map_err(cognate::exchange::ExchangeError::Io)?),
                Err(refusal) => answer(&refusal).map(drop),
            },
            Self::Remote(server) => server.export(request, out),
        }
    }

    pub(crate) fn import(
        &self,
        members: Members<'_>,
        mut from: impl Read,
    ) -> Result<Value, Trouble> {
        let request = request(Method::POST, "/import", members, ())?;
        match self {
            Self::Local(control) => answer(&control.import(&request, from)),
            Self::Remote(server) => server.import(request, &mut from),
        }
    }
}

/// A request for a path below `/_cognate`.
pub(crate) fn request<B>(
    method: Method,
    path: &str,
    members: Members<'_>,
    body: B,
) -> Result<Request<B>, Trouble> {
    let encoded = |text| utf8_percent_encode(text, UNRESERVED);
    let query = members.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
    let query = query.collect::<Vec<_>>().join("&");
    let uri = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    Request::builder()
        .method(method)
        .uri(format!("/_cognate{uri}"))
        .header("host", "localhost")
        .body(body)
        .map_err(|error| Trouble::Failed(error.to_string()))
}

/// The JSON of an answer. A refusal of the engine is [`Trouble::Refused`].
fn answer(response: &Response<Bytes>) -> Result<Value, Trouble> {
    let body: Value = serde_json::from_slice(response.body())
        .map_err(|error| Trouble::Failed(format!("the answer is not JSON: {error}")))?;
    match response.status().as_u16() {
        200 => Ok(body),
        status => Err(Trouble::answered(status, &body)),
    }
}
