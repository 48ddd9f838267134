//! A server that is asked over HTTP.

use std::io::{Read, Write, copy};
use std::time::Duration;

use bytes::Bytes;
use cognate::exchange::ExchangeError;
use http::{HeaderValue, Request, Response, header};
use serde_json::Value;
use ureq::{Agent, AsSendBody, Body, SendBody};

use crate::commands::server_url::ServerUrl;
use crate::commands::trouble::{Trouble, message};
use crate::key_sets::tls;

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
            .tls_config(tls(url.is_https()))
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
            _ => Err(Trouble::answered(status, &body)),
        }
    }

    fn unreachable(&self, error: impl Into<Box<dyn std::error::Error>>) -> Trouble {
        Trouble::Unreachable(self.url.clone(), error.into())
    }
}
