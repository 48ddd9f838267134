//! Errors on the wire.

use serde::Serialize;

use crate::error::{Error, ErrorKind};
use crate::wire::TARGET_PREFIX;

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

    /// The error behind an internal error or an `ExternalServiceException`, for the log. The caller
    /// does not see it.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// 400, or 500 where the caller is not to blame.
    pub fn status(&self) -> u16 {
        if self.name == ErrorKind::InternalError.as_str() { 500 } else { 400 }
    }

    /// A caller whom the embedder's access rules do not let do something. Nothing in the engine
    /// says this by itself.
    ///
    /// `principal` is the caller's ARN or `anonymous`, `resource` the resource's ARN or `*`,
    /// `reason` what the text ends with.
    ///
    /// # Example: an explicit deny
    ///
    /// ```
    /// use cognate::wire::{Fault, Reply};
    ///
    /// let reason = "with an explicit deny in a resource control policy";
    /// let reply = Reply::from(Fault::access_denied("anonymous", "GetId", "*", reason));
    /// assert_eq!(
    ///     String::from_utf8(reply.body).expect("JSON"),
    ///     r#"{"__type":"AccessDeniedException","Message":"User: anonymous is not authorized to "#
    ///         .to_owned()
    ///         + r#"perform: cognito-identity:GetId on resource: * with an explicit deny in a "#
    ///         + r#"resource control policy"}"#,
    /// );
    /// ```
    pub fn access_denied(principal: &str, operation: &str, resource: &str, reason: &str) -> Self {
        let message = format!(
            "User: {principal} is not authorized to perform: cognito-identity:{operation} on \
             resource: {resource} {reason}"
        );
        Self::new(ACCESS_DENIED, message.trim_end())
    }

    /// A request that a guard refuses, whoever the caller is.
    #[cfg(feature = "http")]
    pub(crate) fn forbidden(message: &str) -> Self {
        Self::new(ACCESS_DENIED, message)
    }

    pub(super) fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    pub(super) fn unknown_operation(name: &str) -> Self {
        Self::new(UNKNOWN_OPERATION, format!("Unknown operation '{}'", shorten(name)))
    }

    /// A target that names no operation.
    pub(super) fn unknown_target(target: &str) -> Self {
        let form = format!("{TARGET_PREFIX}OPERATION");
        let message = if target.is_empty() {
            format!("Missing header X-Amz-Target: it names the operation, as {form}")
        } else {
            format!("Unknown target '{}': a target has the form {form}", shorten(target))
        };
        Self::new(UNKNOWN_OPERATION, message)
    }

    pub(super) fn missing_authentication() -> Self {
        Self::new("MissingAuthenticationTokenException", "Missing Authentication Token")
    }

    pub(super) fn unrecognized_client() -> Self {
        let message = "The security token included in the request is invalid.";
        Self::new("UnrecognizedClientException", message)
    }

    pub(super) fn expired_token() -> Self {
        let message = "The security token included in the request is expired";
        Self::new("ExpiredTokenException", message)
    }

    fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, message: message.into(), cause: None }
    }

    pub(super) fn body(&self) -> Vec<u8> {
        /// Where access is denied the member has a capital letter.
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(rename = "__type")]
            name: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            message: Option<&'a str>,
            #[serde(rename = "Message", skip_serializing_if = "Option::is_none")]
            denial: Option<&'a str>,
        }

        let (name, denied) = (self.name, self.name == ACCESS_DENIED);
        let message = (!denied).then_some(self.message.as_str());
        let denial = denied.then_some(self.message.as_str());
        // Strings always encode.
        serde_json::to_vec(&Body { name, message, denial }).unwrap_or_default()
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let kind = error.kind();
        if kind == ErrorKind::InternalError {
            return Self {
                cause: Some(chain(&error)),
                ..Self::new(kind.as_str(), "Internal error")
            };
        }
        let cause = std::error::Error::source(&error).map(chain);
        Self { cause, ..Self::new(kind.as_str(), error.to_string()) }
    }
}

const ACCESS_DENIED: &str = "AccessDeniedException";
const UNKNOWN_OPERATION: &str = "UnknownOperationException";

fn chain(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", chain(source)))
}

/// So that a message does not grow with what was sent.
fn shorten(text: &str) -> String {
    text.chars().take(128).collect()
}
