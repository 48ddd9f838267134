//! Fetches one key set over HTTP or HTTPS.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cognate::login::JwkSet;
use http::StatusCode;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::guards::limits::THREADS_MAX;

/// From the look-up of the host to the last byte.
pub(super) const FETCH_MAX: Duration = Duration::from_secs(5);

/// In bytes.
const BODY_LENGTH_MAX: u64 = 1024 * 1024;

/// The largest number of requests that fetch a key set, and of those that wait for another one's
/// fetch. Together they leave half of the threads for other requests.
const PLACES: usize = THREADS_MAX / 4;

/// Fetches key sets. It knows the time and how many requests are held up.
pub(super) struct Fetcher {
    agent: Agent,
    clock: Box<dyn Fn() -> Instant + Send + Sync>,
    pub(super) fetching: Places,
    pub(super) waiting: Places,
}

impl Fetcher {
    /// For `https` it loads the certificates that the system trusts.
    pub(super) fn new(https: bool) -> Self {
        Self::with_clock(https, now)
    }

    pub(super) fn with_clock(
        https: bool,
        clock: impl Fn() -> Instant + Send + Sync + 'static,
    ) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .proxy(None)
            .tls_config(tls(https))
            .accept("application/json")
            .user_agent(concat!("cognate/", env!("CARGO_PKG_VERSION")));
        let agent = agent.build().into();
        let (fetching, waiting) = (Places::default(), Places::default());
        Self { agent, clock: Box::new(clock), fetching, waiting }
    }

    pub(super) fn now(&self) -> Instant {
        (self.clock)()
    }

    /// The key set at the first of `urls` that exists.
    ///
    /// # Errors
    ///
    /// The reason why there is none. It contains no part of a URL.
    pub(super) fn fetch(&self, urls: &[String]) -> Result<JwkSet, String> {
        let begun = now();
        for url in urls {
            let left = FETCH_MAX.saturating_sub(begun.elapsed());
            if let Some(body) = self.get(url, left)? {
                let keys = JwkSet::from_json(body).map_err(|error| error.to_string())?;
                return if keys.is_empty() {
                    Err("none of its keys can verify a token".to_owned())
                } else {
                    Ok(keys)
                };
            }
        }
        Err("they do not exist: the answer is 404".to_owned())
    }

    /// The body of a document, or `None` if it does not exist.
    fn get(&self, url: &str, within: Duration) -> Result<Option<Vec<u8>>, String> {
        let request = self.agent.get(url).config().timeout_global(Some(within)).build();
        let mut response = request.call().map_err(|error| reason(&error))?;
        let status = response.status();
        match status {
            StatusCode::OK => {
                let body = response.body_mut().with_config().limit(BODY_LENGTH_MAX);
                body.read_to_vec().map(Some).map_err(|error| reason(&error))
            }
            StatusCode::NOT_FOUND => Ok(None),
            _ if status.is_redirection() => Err("the answer leads elsewhere".to_owned()),
            _ => Err(format!("the answer is {}", status.as_u16())),
        }
    }
}

/// Places for requests that are held up.
#[derive(Default)]
pub(super) struct Places(AtomicUsize);

impl Places {
    /// A place, if one is free.
    pub(super) fn take(&self) -> Option<Place<'_>> {
        let place = Place(&self.0);
        (self.0.fetch_add(1, Ordering::Relaxed) < PLACES).then_some(place)
    }
}

/// It is free again once it is dropped.
pub(super) struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[expect(clippy::disallowed_methods, reason = "the age of keys and the duration of fetches")]
fn now() -> Instant {
    Instant::now()
}

/// Tells why there is no answer, without the URL: it can contain a secret.
#[expect(clippy::wildcard_enum_match_arm, reason = "ureq adds errors")]
fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => format!("no answer within {} s", FETCH_MAX.as_secs()),
        ureq::Error::BodyExceedsLimit(_) => "the answer is longer than 1 MiB".to_owned(),
        ureq::Error::BadUri(_) => "the URL cannot be used".to_owned(),
        other => other.to_string(),
    }
}

/// TLS, with the certificates that the system trusts if it is used: for `https`.
pub(crate) fn tls(https: bool) -> TlsConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
    if !https {
        return tls.build();
    }
    let roots = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<_> = roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    tls.root_certs(RootCerts::new_with_certs(&roots)).build()
}
