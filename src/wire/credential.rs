//! The credential scope of an `Authorization` header.

use crate::id::{AccountId, Region};

/// `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`
pub(super) fn scope(header: &str) -> Option<(AccountId, Region)> {
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
    let account = key_id.parse().unwrap_or_else(|_| AccountId::zero());
    Some((account, region.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(header: &str) -> Option<(String, String)> {
        scope(header).map(|(account, region)| (account.to_string(), region.to_string()))
    }

    #[test]
    fn the_scope_names_account_and_region() {
        let tail = "SignedHeaders=host;x-amz-date, Signature=00";
        for (credential, account) in [
            ("123456789012/20260101/eu-west-1/cognito-identity/aws4_request", "123456789012"),
            ("AKIDEXAMPLE/20260101/eu-west-1/cognito-identity/aws4_request", "000000000000"),
            ("a/b/20260101/eu-west-1/cognito-identity/aws4_request", "000000000000"),
        ] {
            let header = format!("AWS4-HMAC-SHA256 Credential={credential}, {tail}");
            assert_eq!(found(&header), Some((account.to_owned(), "eu-west-1".to_owned())));
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
