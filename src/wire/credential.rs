//! The credentials of a signed request: the scope of its `Authorization` header, and its session
//! token.

use crate::credentials::SessionToken;
use crate::engine::Engine;
use crate::error::Error;
use crate::id::{AccountId, Region};
use crate::rules::Refusal;
use crate::wire::Fault;

/// What a request is signed with, as far as it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Credential {
    access_key_id: Box<str>,
    region: Region,
    session_token: Option<SessionToken>,
}

impl Credential {
    pub(super) fn new(access_key_id: &str, region: Region) -> Self {
        Self { access_key_id: access_key_id.into(), region, session_token: None }
    }

    pub(super) fn present(&mut self, session_token: &str) {
        self.session_token = Some(SessionToken::presented(session_token));
    }

    pub(super) fn region(&self) -> Region {
        self.region.clone()
    }

    /// The account that a request with it acts for.
    pub(super) fn account(&self, engine: &Engine) -> Result<AccountId, Fault> {
        let token = self.session_token.as_ref().map(SessionToken::as_str);
        let own = token.map_or(Ok(None), |token| engine.own_session(token));
        let own = own.map_err(|error| {
            if matches!(error, Error::Refused(Refusal::SessionExpired)) {
                Fault::expired_token()
            } else if matches!(error, Error::Refused(Refusal::SessionInvalid)) {
                Fault::unrecognized_client()
            } else {
                error.into()
            }
        })?;
        let Some(own) = own else {
            return Ok(self.access_key_id.parse().unwrap_or_else(|_| engine.default_account()));
        };
        let account = own.session.role_arn.iam_account().and_then(|account| account.parse().ok());
        let genuine = own.access_key_id == *self.access_key_id;
        account.filter(|_| genuine).ok_or_else(Fault::unrecognized_client)
    }
}

/// The access key id and the region of
/// `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`
pub(super) fn scope(header: &str) -> Option<(&str, Region)> {
    let (algorithm, parameters) = header.trim().split_once(' ')?;
    if !algorithm.starts_with("AWS4-") {
        return None;
    }
    let mut parameters = parameters.split(',').map(str::trim);
    let credential = parameters.find_map(|parameter| parameter.strip_prefix("Credential="))?;
    // The key id may hold slashes; the scope behind it has four parts.
    let mut parts = credential.rsplitn(5, '/');
    let (terminator, _service, region) = (parts.next()?, parts.next()?, parts.next()?);
    let (_date, key_id) = (parts.next()?, parts.next()?);
    if terminator != "aws4_request" || key_id.is_empty() {
        return None;
    }
    Some((key_id, region.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(header: &str) -> Option<(String, String)> {
        scope(header).map(|(key_id, region)| (key_id.to_owned(), region.to_string()))
    }

    #[test]
    fn the_scope_names_key_and_region() {
        let tail = "SignedHeaders=host;x-amz-date, Signature=00";
        for (credential, key_id) in [
            ("123456789012/20260101/eu-west-1/cognito-identity/aws4_request", "123456789012"),
            ("AKIDEXAMPLE/20260101/eu-west-1/cognito-identity/aws4_request", "AKIDEXAMPLE"),
            ("a/b/20260101/eu-west-1/cognito-identity/aws4_request", "a/b"),
        ] {
            let header = format!("AWS4-HMAC-SHA256 Credential={credential}, {tail}");
            assert_eq!(found(&header), Some((key_id.to_owned(), "eu-west-1".to_owned())));
        }
    }

    #[test]
    fn anything_else_is_not_recognized() {
        for header in [
            "",
            "Bearer abc",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Signature=00",
            "AWS4-HMAC-SHA256 Credential=/20260101/eu-west-1/cognito-identity/aws4_request",
            "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu west/cognito-identity/aws4_request",
            "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/cognito-identity/other",
            "AWS4-HMAC-SHA256 Credential=AKID/eu-west-1/cognito-identity/aws4_request",
        ] {
            assert_eq!(found(header), None, "{header}");
        }
    }
}
