//! A client's side of AWS Signature Version 4, from the parts of a request.

use ::http::Request;
use bytes::Bytes;
use ring::{digest, hmac};

/// The parts of a request before they are signed.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    pub(super) method: &'static str,
    /// Names and values, neither encoded nor sorted.
    pub(super) query: Vec<(String, String)>,
    /// Names and values of further headers that are signed.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// `YYYYMMDDTHHMMSSZ`
    pub(super) date: String,
    pub(super) service: &'static str,
}

/// The credentials of a client.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) token: Option<String>,
}

impl Parts {
    /// A form, sent with a method that has a body.
    pub(super) fn form(form: &str, date: &str) -> Self {
        let content_type = ("content-type".to_owned(), super::FORM_TYPE.to_owned());
        Self {
            method: "POST",
            query: Vec::new(),
            headers: vec![content_type],
            body: form.as_bytes().to_vec(),
            date: date.to_owned(),
            service: "sts",
        }
    }

    pub(super) fn signed(&self, key: &Key) -> Request<Bytes> {
        let host = ("host".to_owned(), "sts.amazonaws.com".to_owned());
        let date = ("x-amz-date".to_owned(), self.date.clone());
        let mut headers = self.headers.clone();
        headers.extend([host, date]);
        headers.extend(key.token.clone().map(|token| ("x-amz-security-token".to_owned(), token)));
        headers.sort();
        let lines: String =
            headers.iter().map(|(name, value)| [name, ":", value, "\n"].concat()).collect();
        let names = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");

        let mut query: Vec<_> =
            self.query.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
        query.sort();
        let joined = |query: &[(String, String)]| {
            query
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join("&")
        };
        let hash = hex(digest::digest(&digest::SHA256, &self.body).as_ref());
        let (method, sorted) = (self.method, joined(&query));
        let canonical = format!("{method}\n/\n{sorted}\n{lines}\n{names}\n{hash}");
        let day = &self.date[..8];
        let scope = format!("{day}/us-east-1/{}/aws4_request", self.service);
        let hash = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{hash}", self.date);
        let mut secret = format!("AWS4{}", key.secret).into_bytes();
        for part in [day, "us-east-1", self.service, "aws4_request", &text] {
            secret = hmac(&secret, part.as_bytes());
        }

        // As a client would send it, in any order.
        query.reverse();
        let uri = if query.is_empty() { "/".to_owned() } else { format!("/?{}", joined(&query)) };
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers.iter().rev() {
            request = request.header(name, value.replace(' ', "  "));
        }
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
            key.id,
            hex(&secret),
        );
        let request = request.header("authorization", authorization);
        request.body(self.body.clone().into()).expect("a request")
    }
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).expect("a digit");
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect()
}

pub(super) fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
