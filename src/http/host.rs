//! Host names and origins of requests and options.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A host: a name, an IPv4 address, or an IPv6 address in brackets. Case and one final dot make no
/// difference.
///
/// # Example: one host in two spellings
///
/// ```
/// use cognate::http::HostName;
///
/// let host: HostName = "cognito.test".parse()?;
/// assert_eq!(host, "COGNITO.test.".parse()?);
/// assert!("cognito.test:4566".parse::<HostName>().is_err());
/// # Ok::<(), cognate::http::HostNameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(Host);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    Name(Box<str>),
}

/// Text that names no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a host name such as `cognito.test` is expected, without scheme, port, path or wildcard")]
pub struct HostNameError;

/// The origin of a page, `SCHEME://HOST` or `SCHEME://HOST:PORT`. The default port of HTTP and
/// HTTPS makes no difference.
///
/// # Example: two spellings of one origin, and an opaque one
///
/// ```
/// use cognate::http::Origin;
///
/// let origin: Origin = "https://game.test:443".parse()?;
/// assert_eq!(origin, "https://game.test".parse()?);
/// assert!("null".parse::<Origin>().is_err());
/// # Ok::<(), cognate::http::OriginError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: Box<str>,
    host: HostName,
    port: Option<u16>,
}

/// Text that is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an origin such as `https://game.test:8443` is expected, without path or wildcard")]
pub struct OriginError;

impl HostName {
    /// Whether it names the machine itself: `localhost`, every name that ends in `.localhost`,
    /// `127.0.0.0/8` and `[::1]`.
    pub fn is_loopback(&self) -> bool {
        match &self.0 {
            Host::Address(address) => address.is_loopback(),
            Host::Name(name) => &**name == "localhost" || name.ends_with(".localhost"),
        }
    }
}

impl FromStr for HostName {
    type Err = HostNameError;

    fn from_str(text: &str) -> Result<Self, HostNameError> {
        if let Some(address) = text.strip_prefix('[') {
            let address = address.strip_suffix(']').ok_or(HostNameError)?;
            let address: Ipv6Addr = address.parse().map_err(|_| HostNameError)?;
            return Ok(Self(Host::Address(address.into())));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if let Ok(address) = name.parse::<Ipv4Addr>() {
            return Ok(Self(Host::Address(address.into())));
        }
        if !is_domain(name) {
            return Err(HostNameError);
        }
        Ok(Self(Host::Name(name.to_ascii_lowercase().into())))
    }
}

impl Origin {
    /// Whether both have one host name and one port, by HTTP or HTTPS.
    pub(super) fn is_same_server(&self, other: &Self) -> bool {
        let port = |origin: &Self| match (&*origin.scheme, origin.port) {
            ("http", port) => Some(port.unwrap_or(80)),
            ("https", port) => Some(port.unwrap_or(443)),
            _ => None,
        };
        self.host == other.host && port(self).is_some() && port(self) == port(other)
    }

    /// Whether the machine itself serves it, by HTTP or HTTPS.
    pub fn is_loopback(&self) -> bool {
        matches!(&*self.scheme, "http" | "https") && self.host.is_loopback()
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let (scheme, rest) = text.split_once("://").ok_or(OriginError)?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(is_part) {
            return Err(OriginError);
        }
        let scheme: Box<str> = scheme.to_ascii_lowercase().into();
        let (host, port) = host_and_port(rest).ok_or(OriginError)?;
        let default = match &*scheme {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        Ok(Self { scheme, host, port: port.filter(|_| port != default) })
    }
}

/// The parts of `HOST` or `HOST:PORT`.
pub(super) fn host_and_port(text: &str) -> Option<(HostName, Option<u16>)> {
    // Within brackets colons belong to the address.
    let after_address = text.rfind(']').unwrap_or(0);
    let colon = text.rfind(':').filter(|at| *at > after_address);
    let Some((host, port)) = colon.and_then(|at| text.split_at_checked(at)) else {
        return Some((text.parse().ok()?, None));
    };
    let port = port.strip_prefix(':')?;
    // `parse` would take a sign.
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    Some((host.parse().ok()?, Some(digits.then(|| port.parse().ok()).flatten()?)))
}

/// Labels of letters, digits, hyphens and underscores. The last one is not a number: only IPv4
/// addresses end in one.
fn is_domain(name: &str) -> bool {
    const NAME_LENGTH_MAX: usize = 253;
    const LABEL_LENGTH_MAX: usize = 63;

    let is_label = |label: &str| {
        (1..=LABEL_LENGTH_MAX).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let ends_in_number =
        name.rsplit('.').next().is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
    name.len() <= NAME_LENGTH_MAX && name.split('.').all(is_label) && !ends_in_number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_hosts() {
        for (text, is_loopback) in [
            ("localhost", true),
            ("LocalHost.", true),
            ("game.localhost", true),
            ("a.b.LOCALHOST.", true),
            ("127.0.0.1", true),
            ("127.255.255.254.", true),
            ("[::1]", true),
            ("[0:0:0:0:0:0:0:1]", true),
            ("localhost.test", false),
            ("notlocalhost", false),
            ("xlocalhost.", false),
            ("127.0.0.1.test", false),
            ("128.0.0.1", false),
            ("0.0.0.0", false),
            ("[::]", false),
            ("[::ffff:127.0.0.1]", false),
            ("my_service", false),
        ] {
            let host: HostName = text.parse().expect("a host");
            assert_eq!(host.is_loopback(), is_loopback, "{text}");
        }
    }

    #[test]
    fn texts_that_name_no_host() {
        let (label, name) = ("a".repeat(64), ["a".repeat(63).as_str(); 4].join("."));
        for text in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "localhost..",
            "*",
            "*.test",
            "a b",
            "a/b",
            "a:1",
            "a@b",
            "http://a",
            "127.1",
            "127.0.0.01",
            "127.0.0.256",
            "1.2.3.4.5",
            "4566",
            "::1",
            "[::1",
            "::1]",
            "[]",
            "[localhost]",
            "[127.0.0.1]",
            "[::1%lo]",
            "[::1].",
            "münchen.test",
            "a\0",
            &label,
            &name,
        ] {
            assert_eq!(text.parse::<HostName>(), Err(HostNameError), "{text}");
        }
    }

    #[test]
    fn ports() {
        for (text, port) in [
            ("localhost", Some(None)),
            ("localhost:4566", Some(Some(4566))),
            ("localhost.:4566", Some(Some(4566))),
            ("[::1]:80", Some(Some(80))),
            ("[::1]", Some(None)),
            ("localhost:", None),
            ("localhost:+80", None),
            ("localhost:65536", None),
            ("localhost:80:80", None),
            ("localhost: 80", None),
            ("[::1]80", None),
            ("[::1]:", None),
            ("::1:80", None),
            (":80", None),
            ("a@localhost:80", None),
        ] {
            assert_eq!(host_and_port(text).map(|(_, port)| port), port, "{text}");
        }
    }

    #[test]
    fn origins() {
        let is_loopback = |text: &str| text.parse::<Origin>().map(|origin| origin.is_loopback());
        for (text, expected) in [
            ("http://localhost", Ok(true)),
            ("https://localhost:3000", Ok(true)),
            ("HTTP://LOCALHOST", Ok(true)),
            ("http://127.0.0.1:8080", Ok(true)),
            ("http://[::1]:8080", Ok(true)),
            ("capacitor://localhost", Ok(false)),
            ("chrome-extension://aaaabbbb", Ok(false)),
            ("http://attacker.test", Ok(false)),
            ("null", Err(OriginError)),
            ("", Err(OriginError)),
            ("*", Err(OriginError)),
            ("file://", Err(OriginError)),
            ("://localhost", Err(OriginError)),
            ("1://localhost", Err(OriginError)),
            ("http:localhost", Err(OriginError)),
            ("http://localhost/", Err(OriginError)),
            ("http://a@localhost", Err(OriginError)),
            ("http://localhost http://attacker.test", Err(OriginError)),
            ("http://*.test", Err(OriginError)),
            ("localhost", Err(OriginError)),
        ] {
            assert_eq!(is_loopback(text), expected, "{text}");
        }
    }

    #[test]
    fn origins_that_are_the_same() {
        let origin = |text: &str| text.parse::<Origin>().expect("an origin");
        for (one, other, same) in [
            ("http://a.test", "http://A.test:80", true),
            ("https://a.test.", "https://a.test:443", true),
            ("http://a.test", "https://a.test", false),
            ("http://a.test:443", "https://a.test:443", false),
            ("http://a.test:81", "http://a.test", false),
            ("http://a.test", "http://b.a.test", false),
            ("app://a:80", "app://a", false),
        ] {
            assert_eq!(origin(one) == origin(other), same, "{one} {other}");
        }
    }
}
