//! The address of a server.

use std::fmt;
use std::str::FromStr;

use http::Uri;

/// `http://HOST:PORT` or `https://HOST:PORT`.
#[derive(Debug, Clone)]
pub(crate) struct ServerUrl {
    scheme: &'static str,
    authority: String,
}

impl ServerUrl {
    pub(crate) fn is_https(&self) -> bool {
        self.scheme == "https"
    }
}

impl FromStr for ServerUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "expected `http://HOST:PORT` or `https://HOST:PORT`";
        let uri: Uri = text.parse().map_err(|_| form)?;
        let scheme = match uri.scheme_str() {
            Some("http") => "http",
            Some("https") => "https",
            _ => return Err(form),
        };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        if !is_bare || authority.is_empty() || authority.contains('@') {
            return Err(form);
        }
        Ok(Self { scheme, authority: authority.to_owned() })
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}
