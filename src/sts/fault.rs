//! Refusals in the words of the service.

use crate::ambient::Timestamp;
use crate::constraint::Violations;
use crate::error::Error;
use crate::rules::Refusal;
use crate::wire::Fault;

/// The time by which the date of a signed request may differ from the clock, in seconds.
pub(super) const SKEW_SECS_MAX: u64 = 900;

const DENIED: &str = "AccessDenied";
const MISMATCH: &str = "SignatureDoesNotMatch";
const VALIDATION: &str = "ValidationError";

/// No parameter names the action.
pub(super) fn missing_action() -> Fault {
    let message = "The request is missing an action or a required parameter.";
    Fault::new("MissingAction", 400, message)
}

/// The action is none of this STS, or the version is not its version.
pub(super) fn invalid_action(action: &str, version: Option<&str>) -> Fault {
    let shown = |text: &str| text.chars().take(128).collect::<String>();
    let version = shown(version.unwrap_or("NO_VERSION_SPECIFIED"));
    let message = format!("Could not find operation {} for version {version}", shown(action));
    Fault::new("InvalidAction", 400, message)
}

/// A number that is none.
pub(super) fn malformed_number(text: &str) -> Fault {
    let message =
        if text.is_empty() { "missing value for decimal type" } else { "not a whole number" };
    Fault::new("MalformedInput", 400, message)
}

pub(super) fn invalid(violations: &Violations) -> Fault {
    Fault::new(VALIDATION, 400, violations.to_string())
}

/// The ARN has the length of one, and is not that of a role.
pub(super) fn invalid_arn() -> Fault {
    Fault::new(VALIDATION, 400, "Request ARN is invalid")
}

/// The service would restrict the session. The engine evaluates no policies, and credentials that
/// allow more than was asked for would be worse than none.
pub(super) fn session_policy() -> Fault {
    Fault::new(VALIDATION, 400, "Session policies are not supported: no policy is evaluated here")
}

/// The engine's refusal of a web identity, or its failure.
pub(super) fn of_web_identity(error: Error) -> Fault {
    let Error::Refused(refusal) = &error else { return failure(error) };
    if matches!(refusal, Refusal::TokenExpired { .. }) {
        let message = "The web identity token that was passed is expired or is not valid. Get a \
                       new identity token from the identity provider and then retry the request.";
        Fault::new("ExpiredTokenException", 400, message)
    } else if matches!(refusal, Refusal::TokenForeign) {
        let message = "The web identity token that was passed could not be validated by AWS. Get \
                       a new identity token from the identity provider and then retry the request.";
        Fault::new("InvalidIdentityToken", 400, message)
    } else if matches!(
        refusal,
        Refusal::IdentityNotFound { .. } | Refusal::IdentityForbidden { .. }
    ) {
        let message = "The identity provider (IdP) reported that authentication failed. This might \
                       be because the claim is invalid.";
        Fault::new("IDPRejectedClaim", 403, message)
    } else if matches!(refusal, Refusal::RoleForbidden { .. } | Refusal::PoolConfigurationInvalid) {
        Fault::new(DENIED, 403, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    } else {
        failure(error)
    }
}

/// The engine's refusal of a session token, or its failure.
pub(super) fn of_session(error: Error) -> Fault {
    if matches!(error, Error::Refused(Refusal::SessionExpired)) {
        Fault::expired_token().renamed("ExpiredToken", 403)
    } else if matches!(error, Error::Refused(Refusal::SessionInvalid)) {
        invalid_client_token()
    } else {
        failure(error)
    }
}

/// The credentials are not of this engine.
pub(super) fn invalid_client_token() -> Fault {
    Fault::unrecognized_client().renamed("InvalidClientTokenId", 403)
}

pub(super) fn missing_authentication_token() -> Fault {
    Fault::new("MissingAuthenticationToken", 403, "Request is missing Authentication Token")
}

pub(super) fn incomplete_signature(missing: &[&str]) -> Fault {
    Fault::incomplete_signature(missing).renamed("IncompleteSignature", 400)
}

pub(super) fn mismatch() -> Fault {
    Fault::invalid_signature().renamed(MISMATCH, 403)
}

pub(super) fn unsigned_header(name: &str) -> Fault {
    let message = format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.");
    Fault::new(MISMATCH, 403, message)
}

pub(super) fn wrong_service() -> Fault {
    let message = "Credential should be scoped to correct service: 'sts'. ";
    Fault::new(MISMATCH, 403, message)
}

/// The date of the credential scope is not that of the request.
pub(super) fn wrong_date() -> Fault {
    let message = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
                   from HTTP";
    Fault::new(MISMATCH, 403, message)
}

/// Refuses a date that differs too much from the clock.
pub(super) fn check_skew(signed: Timestamp, now: Timestamp) -> Result<(), Fault> {
    let tolerance = std::time::Duration::from_secs(SKEW_SECS_MAX);
    if now.as_secs().saturating_sub(signed.as_secs()) > SKEW_SECS_MAX {
        Err(Fault::signature_expired(signed, now, tolerance).renamed(MISMATCH, 403))
    } else if signed.as_secs().saturating_sub(now.as_secs()) > SKEW_SECS_MAX {
        Err(Fault::signature_not_yet_current(signed, now, tolerance).renamed(MISMATCH, 403))
    } else {
        Ok(())
    }
}

/// A failure that the caller has not caused.
fn failure(error: Error) -> Fault {
    let fault = Fault::from(error);
    if fault.status() == 503 { fault } else { fault.renamed("InternalFailure", 500) }
}
