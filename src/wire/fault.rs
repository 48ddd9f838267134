//! Errors on the wire.

use serde::Serialize;

use crate::error::{Error, ErrorKind};

/// What went wrong, in the service's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    name: &'static str,
    message: String,
    /// For whoever runs the engine, not for the caller.
    cause: Option<String>,
}

impl Fault {
    /// The exception's name, without a namespace.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The text that the caller gets.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the caller is not told: why the engine could not do its work.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// 400, or 500 where the caller is not to blame.
    pub fn status(&self) -> u16 {
        if self.name == ErrorKind::InternalError.as_str() { 500 } else { 400 }
    }

    pub(super) fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    pub(super) fn unknown_operation(name: &str) -> Self {
        Self::new("UnknownOperationException", format!("Unknown operation '{}'", shorten(name)))
    }

    pub(super) fn missing_authentication() -> Self {
        Self::new("MissingAuthenticationTokenException", "Missing Authentication Token")
    }

    pub(super) fn unrecognized_client() -> Self {
        let message = "The security token included in the request is invalid.";
        Self::new("UnrecognizedClientException", message)
    }

    fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, message: message.into(), cause: None }
    }

    pub(super) fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(rename = "__type")]
            name: &'a str,
            message: &'a str,
        }

        // Two strings always encode.
        serde_json::to_vec(&Body { name: self.name, message: &self.message }).unwrap_or_default()
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let kind = error.kind();
        if kind == ErrorKind::InternalError {
            let cause = std::error::Error::source(&error)
                .map_or_else(|| error.to_string(), |source| format!("{error}: {}", chain(source)));
            return Self { cause: Some(cause), ..Self::new(kind.as_str(), "Internal error") };
        }
        Self::new(kind.as_str(), error.to_string())
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", chain(source)))
}

/// So that a message does not grow with what was sent.
fn shorten(text: &str) -> String {
    text.chars().take(128).collect()
}
