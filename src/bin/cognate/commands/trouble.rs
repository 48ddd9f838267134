//! The reasons why a command has no answer.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use cognate::exchange::ExchangeError;
use serde_json::Value;

use crate::commands::server_url::ServerUrl;
use crate::failure::Failure;

/// The reason why a command does not answer yes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// The engine refuses: the answer is no.
    #[error("{0}")]
    Refused(String),
    #[error("another process has the database in {} open. If it is a server, ask it: `--at URL`",
        .0.display())]
    Held(PathBuf),
    #[error("cannot reach the server at {0}")]
    Unreachable(ServerUrl, #[source] Box<dyn Error>),
    #[error("the server at {0} has no control plane, or is not this program")]
    NoControlPlane(ServerUrl),
    #[error("the server at {0} denies access: {1} (see `--token-file`)")]
    Denied(ServerUrl, String),
    #[error("{0}")]
    Failed(String),
    #[error("cannot read {0}")]
    Read(String, #[source] io::Error),
    #[error("cannot export")]
    Export(#[from] ExchangeError),
    #[error("the export ends before its last line")]
    Cut,
    #[error("cannot print the answer")]
    Print(#[source] io::Error),
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Trouble {
    /// The reason in an answer that is an error.
    pub(crate) fn answered(status: u16, body: &Value) -> Self {
        let kind = body.get("__type").and_then(Value::as_str).unwrap_or_default();
        let message = match kind {
            // The message has the line and the reason.
            "ImportRefusedException" | "" => message(body).to_owned(),
            kind => format!("{kind}: {}", message(body)),
        };
        if status < 500 { Self::Refused(message) } else { Self::Failed(message) }
    }

    /// 1 for no, 3 for no answer.
    pub(crate) fn status(&self) -> ExitCode {
        match self {
            Self::Refused(_) => ExitCode::from(1),
            Self::Held(_)
            | Self::Unreachable(..)
            | Self::NoControlPlane(_)
            | Self::Denied(..)
            | Self::Failed(_)
            | Self::Read(..)
            | Self::Export(_)
            | Self::Cut
            | Self::Print(_)
            | Self::Failure(_) => ExitCode::from(3),
        }
    }

    /// Whether the reader of the output has closed it.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        let mut cause: Option<&(dyn Error + 'static)> = Some(self);
        while let Some(error) = cause {
            let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
            if kind == Some(io::ErrorKind::BrokenPipe) {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// The message in an answer that is an error: the service's own errors spell it in two ways.
pub(crate) fn message(body: &Value) -> &str {
    let message = body.get("message").or_else(|| body.get("Message"));
    message.and_then(Value::as_str).unwrap_or("no reason given")
}
