//! The address of a key set or of an emulator.

use std::fmt;
use std::str::FromStr;

use http::Uri;

/// A URL of HTTP or HTTPS without a user name, a password and a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpUrl(String);

impl HttpUrl {
    /// Returns true for a text that is meant as such a URL.
    pub(crate) fn is_meant(text: &str) -> bool {
        ["http://", "https://"].iter().any(|scheme| {
            text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        })
    }

    /// An address that documents are below: a URL without a query and without one final slash.
    pub(crate) fn folder(text: &str) -> Result<Self, &'static str> {
        let Self(url) = text.parse()?;
        if url.contains('?') {
            return Err("expected a URL without a query");
        }
        Ok(Self(url.strip_suffix('/').map(str::to_owned).unwrap_or(url)))
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Returns true if others can change what is fetched: it travels without TLS beyond this
    /// machine.
    pub(crate) fn is_open_to_others(&self) -> bool {
        let host = self.0.parse().ok().and_then(|uri: Uri| uri.host().map(str::to_owned));
        let is_local = |host: String| {
            let host = host.trim_matches(['[', ']']);
            let address = host.parse::<std::net::IpAddr>();
            address.map_or(host == "localhost", |address| address.is_loopback())
        };
        !self.is_https() && !host.is_some_and(is_local)
    }
}

impl FromStr for HttpUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "expected a URL of HTTP or HTTPS without a user and a password";
        let uri: Uri = text.parse().map_err(|_| form)?;
        let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"));
        let (scheme, authority) = (scheme.ok_or(form)?, uri.authority().ok_or(form)?);
        if authority.host().is_empty() || authority.as_str().contains('@') || text.contains('#') {
            return Err(form);
        }
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        Ok(Self(format!("{scheme}://{authority}{path}")))
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
