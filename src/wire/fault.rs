//! Errors on the wire.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::ambient::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::store::StoreError;
use crate::wire::TARGET_PREFIX;

/// An error, in the service's words.
///
/// The engine answers with one, and so does an embedder that refuses a request in front of it. The
/// engine's own are made from an [`Error`]. For everything else there is a constructor:
///
/// | Common Errors of the API reference | constructor | exception, status |
/// | --- | --- | --- |
/// | `AccessDeniedException` | [`access_denied`](Self::access_denied) | the same, 400 |
/// | `ExpiredTokenException` | [`expired_token`](Self::expired_token) | the same, 400 |
/// | `IncompleteSignature` | [`incomplete_signature`](Self::incomplete_signature) | `IncompleteSignatureException`, 400 |
/// | `InternalFailure` | [`internal_error`](Self::internal_error) | `InternalErrorException`, 500 |
/// | `MissingAuthenticationToken` | [`missing_authentication_token`](Self::missing_authentication_token) | `MissingAuthenticationTokenException`, 400 |
/// | `OptInRequired` | [`subscription_required`](Self::subscription_required) | `SubscriptionRequiredException`, 400 |
/// | `RequestExpired` | [`signature_expired`](Self::signature_expired), [`signature_not_yet_current`](Self::signature_not_yet_current) | `InvalidSignatureException`, 400 |
/// | `ServiceUnavailable` | [`service_unavailable`](Self::service_unavailable) | the same, 503 |
/// | `ThrottlingException` | [`throttling`](Self::throttling); for the service's own limits [`too_many_requests`](Self::too_many_requests) | the same, 400 |
/// | `UnrecognizedClientException`, earlier `InvalidClientTokenId` | [`unrecognized_client`](Self::unrecognized_client) | `UnrecognizedClientException`, 400 |
/// | none | [`invalid_signature`](Self::invalid_signature), [`credential_region`](Self::credential_region), [`credential_service`](Self::credential_service) | `InvalidSignatureException`, 400 |
/// | any other | [`new`](Self::new) | |
///
/// The page lists the errors of all services, some with status 403. Services of this protocol were
/// seen to answer 400 and the names on the right; public reports are named at each constructor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    name: &'static str,
    status: u16,
    message: String,
    /// For whoever runs the engine, not for the caller.
    cause: Option<String>,
}

impl Fault {
    /// A fault that has no constructor of its own. A status that is none of an error, 400 to 599,
    /// becomes 500.
    ///
    /// # Example: a request that took too long to arrive
    ///
    /// ```
    /// use cognate::wire::Fault;
    ///
    /// let fault = Fault::new("RequestTimeoutException", 408, "The request timed out");
    /// assert_eq!((fault.name(), fault.status()), ("RequestTimeoutException", 408));
    /// ```
    pub fn new(name: &'static str, status: u16, message: impl Into<String>) -> Self {
        let status = if (400..=599).contains(&status) { status } else { 500 };
        Self { name, status, message: message.into(), cause: None }
    }

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

    /// The HTTP status. The service answers 400 to every fault of a caller.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The caller's policies do not allow the action.
    ///
    /// `principal` is the caller's ARN or `anonymous`, `action` is that of
    /// [`wire::action`](crate::wire::action), `resource` is that of
    /// [`wire::resource`](crate::wire::resource), and `reason` ends the text. The text was seen
    /// from the service (aws-samples/resource-control-policy-examples#18).
    ///
    /// # Example: an explicit deny
    ///
    /// ```
    /// use cognate::wire::{Fault, Reply};
    ///
    /// let reason = "with an explicit deny in a resource control policy";
    /// let fault = Fault::access_denied("anonymous", "cognito-identity:GetId", "*", reason);
    /// let reply = Reply::from(fault);
    /// assert_eq!(
    ///     String::from_utf8_lossy(&reply.body),
    ///     r#"{"__type":"AccessDeniedException","Message":"User: anonymous is not authorized to "#
    ///         .to_owned()
    ///         + r#"perform: cognito-identity:GetId on resource: * with an explicit deny in a "#
    ///         + r#"resource control policy"}"#,
    /// );
    /// ```
    pub fn access_denied(principal: &str, action: &str, resource: &str, reason: &str) -> Self {
        let message = format!(
            "User: {principal} is not authorized to perform: {action} on resource: {resource} \
             {reason}"
        );
        Self::bad_request(ACCESS_DENIED, message.trim_end())
    }

    /// The request has no credentials, and the operation needs them. The service was seen to answer
    /// so.
    #[doc(alias = "MissingAuthenticationToken")]
    pub fn missing_authentication_token() -> Self {
        Self::bad_request("MissingAuthenticationTokenException", "Missing Authentication Token")
    }

    /// The access key id is unknown, or its session token is invalid. The service was seen to
    /// answer so.
    #[doc(alias = "InvalidClientTokenId")]
    pub fn unrecognized_client() -> Self {
        let message = "The security token included in the request is invalid.";
        Self::bad_request("UnrecognizedClientException", message)
    }

    /// The session token is genuine, and its session is over. The text is that of the Common
    /// Errors.
    pub fn expired_token() -> Self {
        let message = "The security token included in the request is expired";
        Self::bad_request("ExpiredTokenException", message)
    }

    /// The `Authorization` header lacks some of `Credential`, `Signature` and `SignedHeaders`, or
    /// the request lacks `X-Amz-Date`.
    ///
    /// The name was seen from another service of this protocol (iann0036/cloud9-sync#10), the text
    /// from others (aws/chalice#828). AWS repeats the whole header behind it; this text does not,
    /// because messages are logged.
    ///
    /// # Example: nothing but a key
    ///
    /// ```
    /// use cognate::wire::Fault;
    ///
    /// assert_eq!(
    ///     Fault::incomplete_signature(&["Signature", "X-Amz-Date"]).message(),
    ///     "Authorization header requires 'Signature' parameter. Authorization header requires \
    ///      existence of either a 'X-Amz-Date' or a 'Date' header.",
    /// );
    /// ```
    pub fn incomplete_signature(missing: &[&str]) -> Self {
        let sentence = |part: &&str| match *part {
            "X-Amz-Date" | "Date" => {
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' \
                 header."
                    .to_owned()
            }
            parameter => format!("Authorization header requires '{parameter}' parameter."),
        };
        let message = missing.iter().map(sentence).collect::<Vec<_>>().join(" ");
        Self::bad_request("IncompleteSignatureException", message)
    }

    /// The signature is not that of the request under the caller's secret key. Amazon Cognito was
    /// seen to answer so (ArranJacques/laravel-aws-cognito-auth#18).
    #[doc(alias = "SignatureDoesNotMatch")]
    pub fn invalid_signature() -> Self {
        let message = "The request signature we calculated does not match the signature you \
                       provided. Check your AWS Secret Access Key and signing method. Consult the \
                       service documentation for details.";
        Self::bad_request(INVALID_SIGNATURE, message)
    }

    /// The request was signed more than `tolerance` ago.
    ///
    /// The Common Errors name it `RequestExpired` and a tolerance of 15 minutes. Services of this
    /// protocol were seen to answer so, with 15 minutes (aws/aws-sdk-js#254) or 5
    /// (remind101/logspout-kinesis#21); for identity pools no report is known.
    ///
    /// # Example: a request of an hour ago
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cognate::ambient::Timestamp;
    /// use cognate::wire::Fault;
    ///
    /// let now = Timestamp::from_millis(1_395_759_171_000);
    /// let signed = Timestamp::from_millis(1_395_755_571_000);
    /// let fault = Fault::signature_expired(signed, now, Duration::from_secs(900));
    /// let message = "Signature expired: 20140325T135251Z is now earlier than 20140325T143751Z \
    ///                (20140325T145251Z - 15 min.)";
    /// assert_eq!(fault.message(), message);
    /// ```
    #[doc(alias = "RequestExpired")]
    pub fn signature_expired(signed: Timestamp, now: Timestamp, tolerance: Duration) -> Self {
        let earliest = Duration::from_millis(now.as_millis()).saturating_sub(tolerance);
        let message = format!(
            "Signature expired: {} is now earlier than {} ({} - {} min.)",
            amz_date(signed.as_secs()),
            amz_date(earliest.as_secs()),
            amz_date(now.as_secs()),
            tolerance.as_secs() / 60
        );
        Self::bad_request(INVALID_SIGNATURE, message)
    }

    /// The request was signed more than `tolerance` in the future. Services of this protocol were
    /// seen to answer so (aws/aws-sdk-js#2565); for identity pools no report is known.
    #[doc(alias = "RequestExpired")]
    pub fn signature_not_yet_current(
        signed: Timestamp,
        now: Timestamp,
        tolerance: Duration,
    ) -> Self {
        let latest = Duration::from_millis(now.as_millis()).saturating_add(tolerance);
        let message = format!(
            "Signature not yet current: {} is still later than {} ({} + {} min.)",
            amz_date(signed.as_secs()),
            amz_date(latest.as_secs()),
            amz_date(now.as_secs()),
            tolerance.as_secs() / 60
        );
        Self::bad_request(INVALID_SIGNATURE, message)
    }

    /// The credential scope names another region than that of the endpoint. The text was seen from
    /// services of other protocols (aws/aws-sdk-ruby#508).
    pub fn credential_region(named: &str) -> Self {
        let named = shorten(named);
        let message = format!("Credential should be scoped to a valid region, not '{named}'. ");
        Self::bad_request(INVALID_SIGNATURE, message)
    }

    /// The credential scope names another service. Another service of this protocol was seen to
    /// answer so, with its own name (aws/aws-sdk-ruby#431).
    pub fn credential_service() -> Self {
        let message = "Credential should be scoped to correct service: 'cognito-identity'. ";
        Self::bad_request(INVALID_SIGNATURE, message)
    }

    /// The account has not subscribed to the service. Amazon Cognito was seen to answer so
    /// (webiny/webiny-js#1517); the Common Errors name it `OptInRequired`.
    #[doc(alias = "OptInRequired")]
    pub fn subscription_required() -> Self {
        let message = "The AWS Access Key Id needs a subscription for the service";
        Self::bad_request("SubscriptionRequiredException", message)
    }

    /// The request exceeds a limit in front of the service. The Common Errors have the name; the
    /// text is that of [`too_many_requests`](Self::too_many_requests), since none is documented.
    pub fn throttling() -> Self {
        Self::bad_request("ThrottlingException", RATE_EXCEEDED)
    }

    /// The caller exceeds a rate of the service, as the engine answers under
    /// [`Throttling`](crate::Throttling). Amazon Cognito was seen to answer so
    /// (aws-amplify/amplify-js#3554).
    pub fn too_many_requests() -> Self {
        Self::bad_request(ErrorKind::TooManyRequests.as_str(), RATE_EXCEEDED)
    }

    /// The server is busy, and SDKs try again: 503. The Common Errors have the name; no text is
    /// documented.
    pub fn service_unavailable() -> Self {
        Self::new("ServiceUnavailable", 503, "The server is busy. Try again later")
    }

    /// The embedder could not do its work: 500. The caller does not get the
    /// [cause](Self::cause). The API reference names this exception for each operation; no text is
    /// documented.
    #[doc(alias = "InternalFailure")]
    pub fn internal_error(cause: impl fmt::Display) -> Self {
        let name = ErrorKind::InternalError.as_str();
        Self { cause: Some(cause.to_string()), ..Self::new(name, 500, "Internal error") }
    }

    /// A request that a guard refuses, whoever the caller is.
    #[cfg(feature = "http")]
    pub(crate) fn forbidden(message: &str) -> Self {
        Self::new(ACCESS_DENIED, 403, message)
    }

    /// A request that names a path or a method that is not there.
    #[cfg(feature = "http")]
    pub(crate) fn no_route(status: u16, message: &str) -> Self {
        Self::new(UNKNOWN_OPERATION, status, message)
    }

    /// A body that is longer than the operation takes.
    pub(crate) fn body_too_long(status: u16) -> Self {
        Self::new(SERIALIZATION, status, "The request body is too long")
    }

    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::bad_request(SERIALIZATION, message)
    }

    pub(super) fn unknown_operation(name: &str) -> Self {
        Self::bad_request(UNKNOWN_OPERATION, format!("Unknown operation '{}'", shorten(name)))
    }

    /// A target that names no operation.
    pub(super) fn unknown_target(target: &str) -> Self {
        let form = format!("{TARGET_PREFIX}OPERATION");
        let message = if target.is_empty() {
            format!("Missing header X-Amz-Target: it names the operation, as {form}")
        } else {
            format!("Unknown target '{}': a target has the form {form}", shorten(target))
        };
        Self::bad_request(UNKNOWN_OPERATION, message)
    }

    /// The same fault under the name and the status that another protocol has for it.
    #[cfg(feature = "http")]
    pub(crate) fn renamed(self, name: &'static str, status: u16) -> Self {
        Self { name, status, ..self }
    }

    fn bad_request(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, 400, message)
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

/// The name and the message; not the cause.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

impl std::error::Error for Fault {}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        if matches!(error, Error::Storage(StoreError::Unavailable(_))) {
            return Self { cause: Some(chain(&error)), ..Self::service_unavailable() };
        }
        let kind = error.kind();
        if kind == ErrorKind::InternalError {
            return Self::internal_error(chain(&error));
        }
        let cause = std::error::Error::source(&error).map(chain);
        Self { cause, ..Self::bad_request(kind.as_str(), error.to_string()) }
    }
}

const ACCESS_DENIED: &str = "AccessDeniedException";
const INVALID_SIGNATURE: &str = "InvalidSignatureException";
const RATE_EXCEEDED: &str = "Rate exceeded";
const SERIALIZATION: &str = "SerializationException";
const UNKNOWN_OPERATION: &str = "UnknownOperationException";

fn chain(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", chain(source)))
}

/// Keeps a message from growing with the request.
fn shorten(text: &str) -> String {
    text.chars().take(128).collect()
}

/// A moment as in `X-Amz-Date`: `YYYYMMDDTHHMMSSZ`.
fn amz_date(secs: u64) -> String {
    let date = Timestamp::from_millis(secs.saturating_mul(1_000)).to_string();
    date.replace(['-', ':'], "").replace(".000", "")
}
