//! Key sets that are fetched from their issuers.

mod fetched;
mod fetcher;
mod url;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::thread;

use cognate::login::{IssuerKeys, JwkSet, LoginError};
use parking_lot::Mutex;

use fetched::FetchedKeys;
use fetcher::Fetcher;
pub(crate) use fetcher::tls;
pub(crate) use url::HttpUrl;

/// The largest number of user pools whose keys are held. They are named by clients, so that the
/// memory for them must be limited.
const USER_POOLS_MAX: usize = 1_000;

/// The key sets of some issuers, and of all user pools of an emulator.
pub(crate) struct KeySets {
    fetcher: Fetcher,
    issuers: BTreeMap<String, FetchedKeys>,
    /// The address of the emulator.
    emulator: Option<HttpUrl>,
    user_pools: Mutex<BTreeMap<String, Arc<FetchedKeys>>>,
}

impl KeySets {
    /// Fetches the keys of `issuers`, named without `https://`, from their URLs, and the keys of
    /// other user pools from the emulator.
    pub(crate) fn new(
        issuers: impl IntoIterator<Item = (String, HttpUrl)>,
        emulator: Option<HttpUrl>,
    ) -> Self {
        let issuers: Vec<_> = issuers.into_iter().collect();
        let mut urls = issuers.iter().map(|(_, url)| url).chain(&emulator);
        let fetcher = Fetcher::new(urls.any(HttpUrl::is_https));
        let keys = |(name, url): (String, HttpUrl)| {
            (name.clone(), FetchedKeys::new(name, vec![url.to_string()]))
        };
        let issuers = issuers.into_iter().map(keys).collect();
        Self { fetcher, issuers, emulator, user_pools: Mutex::default() }
    }

    /// Fetches the keys of the issuers in the background, so that the first login need not wait and
    /// the log tells what cannot be fetched.
    pub(crate) fn prefetch(self: &Arc<Self>) -> io::Result<()> {
        let sets = Arc::clone(self);
        let fetch_all = move || {
            for keys in sets.issuers.values() {
                // The reason of a failure is in the log.
                let _ = keys.get(&sets.fetcher);
            }
        };
        thread::Builder::new().name("cognate-keys".to_owned()).spawn(fetch_all).map(drop)
    }

    /// Calls `ask` with the keys of an issuer.
    fn with<T>(
        &self,
        issuer: &str,
        ask: impl FnOnce(&FetchedKeys) -> Result<T, String>,
    ) -> Result<T, LoginError> {
        let asked = if let Some(keys) = self.issuers.get(issuer) {
            ask(keys)
        } else if let Some(keys) = self.user_pool(issuer) {
            ask(&keys)
        } else {
            Err("nothing tells where its keys are".to_owned())
        };
        asked.map_err(|reason| LoginError::unavailable(format!("the keys of {issuer}: {reason}")))
    }

    /// The keys of a user pool at the emulator, if `issuer` is the name of a user pool.
    fn user_pool(&self, issuer: &str) -> Option<Arc<FetchedKeys>> {
        let emulator = self.emulator.as_ref()?;
        let pool = user_pool_id(issuer)?;
        let mut user_pools = self.user_pools.lock();
        if let Some(keys) = user_pools.get(issuer) {
            return Some(Arc::clone(keys));
        }
        if user_pools.len() >= USER_POOLS_MAX {
            let oldest = user_pools.iter().min_by_key(|(_, keys)| keys.asked());
            let oldest = oldest.map(|(name, _)| name.clone());
            oldest.and_then(|name| user_pools.remove(&name));
        }
        let urls = vec![
            format!("{emulator}/{pool}/.well-known/jwks.json"),
            format!("{emulator}/.well-known/jwks.json"),
        ];
        let keys = Arc::new(FetchedKeys::new(issuer.to_owned(), urls));
        user_pools.insert(issuer.to_owned(), Arc::clone(&keys));
        Some(keys)
    }
}

impl IssuerKeys for KeySets {
    fn keys(&self, issuer: &str, _kid: Option<&str>) -> Result<Arc<JwkSet>, LoginError> {
        self.with(issuer, |keys| keys.get(&self.fetcher))
    }

    fn newer_keys(
        &self,
        issuer: &str,
        known: &Arc<JwkSet>,
    ) -> Result<Option<Arc<JwkSet>>, LoginError> {
        self.with(issuer, |keys| keys.get_newer(known, &self.fetcher))
    }
}

/// The id in the name of a user pool. It is safe as a segment of a path.
fn user_pool_id(issuer: &str) -> Option<&str> {
    let (host, pool) = issuer.strip_prefix("cognito-idp.")?.split_once('/')?;
    let is_user_pool = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
    let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    (is_user_pool && !pool.is_empty() && pool.chars().all(is_id)).then_some(pool)
}

#[cfg(test)]
mod tests;
