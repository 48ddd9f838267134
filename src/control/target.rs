//! The parts of the endpoint, by the paths of requests.

/// The part of the endpoint that a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// The service's own.
    Service,
    /// A file of the inspector page.
    Page,
    /// The control plane, with the path below `/_cognate`.
    Control(&'a str),
}

const PREFIX: &str = "/_cognate";

/// Paths that people know from `LocalStack` and `moto`.
const ALIASES: [(&str, &str); 3] = [
    ("/_localstack/health", "/health"),
    ("/_localstack/state/reset", "/reset"),
    ("/moto-api/reset", "/reset"),
];

/// The files of the inspector page, below `/_cognate`.
pub(super) const PAGE: [&str; 3] = ["/", "/inspector.css", "/inspector.js"];

impl<'a> Target<'a> {
    pub(super) fn of(path: &'a str) -> Self {
        if let Some((_, own)) = ALIASES.into_iter().find(|(alias, _)| *alias == path) {
            return Self::Control(own);
        }
        match path.strip_prefix(PREFIX) {
            Some("") => Self::Page,
            Some(below) if PAGE.contains(&below) => Self::Page,
            Some(below) if below.starts_with('/') => Self::Control(below),
            Some(_) | None => Self::Service,
        }
    }
}
