//! A server that is asked over HTTP.

use std::fmt;
use std::io::{Read, Write, copy};
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use cognate::exchange::ExchangeError;
use http::{HeaderValue, Request, Response, Uri, header};
use serde_json::Value;
use ureq::{Agent, AsSendBody, Body, SendBody};

use crate::commands::client::{message, refusal};
use crate::commands::trouble::Trouble;
use crate::key_sets::tls;

/// `http://HOST:PORT` or `https://HOST:PORT`.
#[derive(Debug, Clone)]
pub(crate) struct ServerUrl {
    scheme: &'static str,
    authority: String,
}

impl FromStr for ServerUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "expected `http://HOST:PORT` or `https://HOST:PORT`";
        let uri: Uri = text.parse().map_err(|_| form)?;
        let scheme = match uri.scheme_str() {
            Some("http") => "http",
            Some("https") => "https",
            _ => return Err(form),
        };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        if !is_bare || authority.is_empty() || authority.contains('@') {
            return Err(form);
        }
        Ok(Self { scheme, authority: authority.to_owned() })
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// The control plane of a server.
pub(crate) struct Remote {
    agent: Agent,
    url: ServerUrl,
    token: Option<HeaderValue>,
}

impl Remote {
    pub(crate) fn new(url: ServerUrl, token: Option<String>) -> Result<Self, Trouble> {
        const CONNECT_MAX: Duration = Duration::from_secs(10);

        let token = token.map(HeaderValue::try_from).transpose();
        let mut token = token.map_err(|error| Trouble::Failed(format!("the token: {error}")))?;
        if let Some(token) = &mut token {
            token.set_sensitive(true);
        }
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_connect(Some(CONNECT_MAX))
            .tls_config(tls(url.scheme == "https"))
            .user_agent(concat!("cognate/", env!("CARGO_PKG_VERSION")));
        Ok(Self { agent: agent.build().into(), url, token })
    }

    pub(crate) fn ask(&self, request: Request<Bytes>) -> Result<Value, Trouble> {
        let (head, body) = request.into_parts();
        let response = self.send(Request::from_parts(head, body.as_ref()))?;
        self.answer(response)
    }

    pub(crate) fn export(&self, request: Request<()>, mut out: impl Write) -> Result<(), Trouble> {
        let response = self.send(request)?;
        if response.status().as_u16() != 200 {
            return self.answer(response).map(drop);
        }
        copy(&mut response.into_body().into_reader(), &mut out).map_err(ExchangeError::Io)?;
        Ok(())
    }

    pub(crate) fn import(
        &self,
        request: Request<()>,
        from: &mut dyn Read,
    ) -> Result<Value, Trouble> {
        let mut from = from;
        let response = self.send(request.map(|()| SendBody::from_reader(&mut from)))?;
        self.answer(response)
    }

    fn send(&self, request: Request<impl AsSendBody>) -> Result<Response<Body>, Trouble> {
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let uri = format!("{}{path}", self.url).parse();
        head.uri = uri.map_err(|error| self.unreachable(error))?;
        head.headers.remove(header::HOST);
        if let Some(token) = &self.token {
            head.headers.insert("x-cognate-token", token.clone());
        }
        let sent = self.agent.run(Request::from_parts(head, body));
        sent.map_err(|error| self.unreachable(error))
    }

    fn answer(&self, response: Response<Body>) -> Result<Value, Trouble> {
        let status = response.status().as_u16();
        let mut body = Vec::new();
        let read = response.into_body().into_reader().read_to_end(&mut body);
        read.map_err(|error| self.unreachable(error))?;
        let no_control_plane = || Trouble::NoControlPlane(self.url.clone());
        let body: Value = serde_json::from_slice(&body).map_err(|_| no_control_plane())?;
        let kind = body.get("__type").and_then(Value::as_str).unwrap_or_default();
        match (status, kind) {
            (200, _) => Ok(body),
            (404, "UnknownOperationException" | "") | (400 | 405, "") => Err(no_control_plane()),
            (401 | 403, _) => Err(Trouble::Denied(self.url.clone(), message(&body).to_owned())),
            _ => Err(refusal(status, &body)),
        }
    }

    fn unreachable(&self, error: impl Into<Box<dyn std::error::Error>>) -> Trouble {
        Trouble::Unreachable(self.url.clone(), error.into())
    }
}
