//! Refusals that an embedder answers in front of the engine, byte for byte.

use std::time::Duration;

use cognate::ambient::Timestamp;
use cognate::wire::{Fault, Reply};

/// Two in the afternoon of a leap day, in milliseconds.
const LEAP_DAY: u64 = 1_709_215_200_000;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn minutes(number: u64) -> Duration {
    Duration::from_secs(number * 60)
}

/// Constructor, exception, status and text.
fn table() -> Vec<(Fault, &'static str, u16, &'static str)> {
    let (now, before) = (at(LEAP_DAY), at(LEAP_DAY - 3_600_000));
    let arn = "arn:aws:iam::123456789012:user/alice";
    let list = "cognito-identity:ListIdentityPools";
    vec![
        (
            Fault::access_denied(arn, list, "*", "because no identity-based policy allows it"),
            "AccessDeniedException",
            400,
            "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: \
             cognito-identity:ListIdentityPools on resource: * because no identity-based policy \
             allows it",
        ),
        (
            Fault::missing_authentication_token(),
            "MissingAuthenticationTokenException",
            400,
            "Missing Authentication Token",
        ),
        (
            Fault::unrecognized_client(),
            "UnrecognizedClientException",
            400,
            "The security token included in the request is invalid.",
        ),
        (
            Fault::expired_token(),
            "ExpiredTokenException",
            400,
            "The security token included in the request is expired",
        ),
        (
            Fault::incomplete_signature(&["Credential", "Signature", "SignedHeaders", "Date"]),
            "IncompleteSignatureException",
            400,
            "Authorization header requires 'Credential' parameter. Authorization header requires \
             'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. \
             Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        ),
        (
            Fault::invalid_signature(),
            "InvalidSignatureException",
            400,
            "The request signature we calculated does not match the signature you provided. Check \
             your AWS Secret Access Key and signing method. Consult the service documentation for \
             details.",
        ),
        (
            Fault::signature_expired(before, now, minutes(5)),
            "InvalidSignatureException",
            400,
            "Signature expired: 20240229T130000Z is now earlier than 20240229T135500Z \
             (20240229T140000Z - 5 min.)",
        ),
        (
            Fault::signature_not_yet_current(now, before, minutes(15)),
            "InvalidSignatureException",
            400,
            "Signature not yet current: 20240229T140000Z is still later than 20240229T131500Z \
             (20240229T130000Z + 15 min.)",
        ),
        (
            Fault::credential_region("us-west-1"),
            "InvalidSignatureException",
            400,
            "Credential should be scoped to a valid region, not 'us-west-1'. ",
        ),
        (
            Fault::credential_service(),
            "InvalidSignatureException",
            400,
            "Credential should be scoped to correct service: 'cognito-identity'. ",
        ),
        (
            Fault::subscription_required(),
            "SubscriptionRequiredException",
            400,
            "The AWS Access Key Id needs a subscription for the service",
        ),
        (Fault::throttling(), "ThrottlingException", 400, "Rate exceeded"),
        (Fault::too_many_requests(), "TooManyRequestsException", 400, "Rate exceeded"),
        (
            Fault::service_unavailable(),
            "ServiceUnavailable",
            503,
            "The server is busy. Try again later",
        ),
        (Fault::internal_error("no disk"), "InternalErrorException", 500, "Internal error"),
        (
            Fault::new("RequestTimeoutException", 408, "late"),
            "RequestTimeoutException",
            408,
            "late",
        ),
        (Fault::new("OddException", 399, "odd"), "OddException", 500, "odd"),
        (Fault::new("OddException", 600, "odd"), "OddException", 500, "odd"),
    ]
}

#[test]
fn every_refusal_has_its_name_status_and_text() {
    for (fault, name, status, text) in table() {
        assert_eq!((fault.name(), fault.status(), fault.message()), (name, status, text));
        assert_eq!(fault.to_string(), format!("{name}: {text}"));
        let member = if name == "AccessDeniedException" { "Message" } else { "message" };
        let body = format!(r#"{{"__type":"{name}","{member}":"{text}"}}"#);
        let reply = Reply::from(fault.clone());
        assert_eq!((reply.status, reply.body), (status, body.into_bytes()));
        assert_eq!(reply.fault, Some(fault));
    }
}

#[test]
fn the_cause_of_an_internal_error_is_not_sent() {
    let fault = Fault::internal_error("the table of keys is gone");
    assert_eq!(fault.cause(), Some("the table of keys is gone"));
    let told = [fault.to_string().into_bytes(), Reply::from(fault).body].concat();
    assert!(!String::from_utf8_lossy(&told).contains("table"));
}

#[test]
fn dates_are_those_of_the_calendar() {
    for (secs, date) in [
        (0, "19700101T000000Z"),
        (951_782_399, "20000228T235959Z"),
        (951_782_400, "20000229T000000Z"),
        (951_868_800, "20000301T000000Z"),
        (978_307_199, "20001231T235959Z"),
        (1_395_757_971, "20140325T143251Z"),
        (1_709_251_200, "20240301T000000Z"),
        (4_107_542_399, "21000228T235959Z"),
        (4_107_542_400, "21000301T000000Z"),
    ] {
        let fault = Fault::signature_expired(at(secs * 1000), at(secs * 1000), Duration::ZERO);
        let wanted =
            format!("Signature expired: {date} is now earlier than {date} ({date} - 0 min.)");
        assert_eq!(fault.message(), wanted);
    }
    // No moment and no tolerance is too large.
    for fault in [
        Fault::signature_expired(at(u64::MAX), at(0), Duration::MAX),
        Fault::signature_not_yet_current(at(0), at(u64::MAX), Duration::MAX),
    ] {
        assert_eq!(fault.name(), "InvalidSignatureException");
    }
}
