//! AWS Signature Version 4 in the `Authorization` header.

use ::http::Request;
use ::http::header::{self, HeaderValue};
use bytes::Bytes;

use super::fault;
use super::form::{pair, percent_decoded};
use crate::ambient::Timestamp;
use crate::credentials::SecretKey;
use crate::credentials::signature::{is_signature, sha256};
use crate::wire::Fault;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: &str = "x-amz-date";
const TERMINATOR: &str = "aws4_request";

/// The headers that a signature must cover. A session token may be added behind: it tells the key.
const COVERED: [(&str, &str); 2] = [("host", "Host"), (DATE, "X-Amz-Date")];

/// The parts of an `Authorization` header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Authorization<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    /// The names of the signed headers, with semicolons between them.
    signed_headers: &'a str,
    /// In hexadecimal digits.
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// Reads `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=…,
    /// Signature=…`.
    pub(super) fn parse(header: &'a str) -> Result<Self, Fault> {
        let parameters = header.trim().strip_prefix(ALGORITHM);
        let parameters = parameters.ok_or_else(fault::missing_authentication_token)?;
        let parameter = |name: &str| {
            let mut parameters = parameters.split(',').map(str::trim);
            parameters.find_map(|known| known.strip_prefix(name)?.strip_prefix('='))
        };
        let names = ["Credential", "Signature", "SignedHeaders"];
        let found = names.map(parameter);
        let [Some(credential), Some(signature), Some(signed_headers)] = found else {
            let missing = names.into_iter().zip(found).filter(|(_, found)| found.is_none());
            let missing: Vec<_> = missing.map(|(name, _)| name).collect();
            return Err(fault::incomplete_signature(&missing));
        };
        // The key id may hold slashes; the scope behind it has four parts.
        let mut parts = credential.rsplitn(5, '/');
        let (Some(TERMINATOR), Some(service), Some(region), Some(date), Some(access_key_id)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(fault::incomplete_signature(&["Credential"]));
        };
        Ok(Self { access_key_id, date, region, service, signed_headers, signature })
    }

    pub(super) fn access_key_id(&self) -> &'a str {
        self.access_key_id
    }

    pub(super) fn service(&self) -> &'a str {
        self.service
    }

    /// Refuses a request that was not signed with this key, or not at this time.
    pub(super) fn verify(
        &self,
        request: &Request<Bytes>,
        secret: &SecretKey,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let date = request.headers().get(DATE).and_then(|value| value.to_str().ok());
        let date = date.ok_or_else(|| fault::incomplete_signature(&["X-Amz-Date"]))?;
        let signed = Timestamp::of_amz_date(date);
        let signed = signed.ok_or_else(|| fault::incomplete_signature(&["X-Amz-Date"]))?;
        if !date.starts_with(self.date) || self.date.len() != 8 {
            return Err(fault::wrong_date());
        }
        let canonical = self.canonical_request(request)?;
        let scope = [self.date, self.region, self.service, TERMINATOR];
        let hash = sha256(canonical.as_bytes());
        let text = [ALGORITHM, date, &scope.join("/"), &hash].join("\n");
        let signature = hexadecimal(self.signature).ok_or_else(fault::mismatch)?;
        if !is_signature(secret, scope, &text, &signature) {
            return Err(fault::mismatch());
        }
        fault::check_skew(signed, now)
    }

    /// The request in the form that is hashed and signed.
    fn canonical_request(&self, request: &Request<Bytes>) -> Result<String, Fault> {
        let names: Vec<&str> = self.signed_headers.split(';').collect();
        // This also limits the length of what is hashed: no header counts twice.
        if !names.is_sorted_by(|one, next| one < next) {
            return Err(fault::mismatch());
        }
        for (name, shown) in COVERED {
            if !names.contains(&name) {
                return Err(fault::unsigned_header(shown));
            }
        }
        let uri = request.uri();
        let query = canonical_query(uri.query().unwrap_or_default());
        let mut canonical = [request.method().as_str(), uri.path(), &query, ""].join("\n");
        for name in names {
            let value = header_value(request, name).ok_or_else(fault::mismatch)?;
            canonical.extend([name, ":", &value, "\n"]);
        }
        canonical.extend(["\n", self.signed_headers, "\n", &sha256(request.body())]);
        Ok(canonical)
    }
}

/// The values of a header with commas between them, each without surplus spaces. `None` if the
/// request does not have the header.
fn header_value(request: &Request<Bytes>, name: &str) -> Option<String> {
    let values = request.headers().get_all(name).iter().map(HeaderValue::as_bytes);
    let values: Vec<String> = values.map(single_spaced).collect();
    if values.is_empty() && header::HOST == name {
        // From HTTP/2 on the target's authority stands in for the header.
        return request.uri().authority().map(ToString::to_string);
    }
    (!values.is_empty()).then(|| values.join(","))
}

fn single_spaced(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.split([' ', '\t']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The parameters in the order of their encoded names and values.
fn canonical_query(query: &str) -> String {
    let parameters = query.split('&').filter(|parameter| !parameter.is_empty());
    let pairs = parameters.map(|parameter| pair(parameter.as_bytes()));
    let mut pairs: Vec<_> = pairs.map(|(name, value)| (encoded(name), encoded(value))).collect();
    pairs.sort_unstable();
    let pairs = pairs.into_iter().map(|(name, value)| [name, value].join("="));
    pairs.collect::<Vec<_>>().join("&")
}

/// The part of a query with every byte encoded, except letters, digits and `-._~`.
fn encoded(part: &[u8]) -> String {
    let encode = |byte: u8| {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if is_plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    percent_decoded(part).into_iter().map(encode).collect()
}

/// The bytes of a signature: lower-case digits only, as the service writes and compares them.
fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => byte.checked_sub(b'0'),
        b'a'..=b'f' => byte.checked_sub(b'a')?.checked_add(10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some((digit(*high)? << 4) | digit(*low)?)).collect()
}
