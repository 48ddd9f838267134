//! The key set of one issuer, fetched when it is needed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cognate::login::JwkSet;
use parking_lot::{Condvar, Mutex, MutexGuard};
use tracing::{info, warn};

use crate::key_sets::fetcher::{FETCH_MAX, Fetcher};

/// How long keys are used without fetching them again: an issuer may have withdrawn one.
const AGE_MAX: Duration = Duration::from_secs(3_600);
/// The time between a fetch that succeeds and the next one.
const PAUSE: Duration = Duration::from_secs(10);
/// The time after the first fetch that fails. Each further failure doubles it.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);
const FAILURE_PAUSE_MAX: Duration = Duration::from_secs(60);
/// How long a request waits for the fetch of another one: a little longer than that fetch.
const WAIT: Duration = FETCH_MAX.saturating_add(Duration::from_millis(500));
/// The same if enough others wait already.
const SHORT_WAIT: Duration = Duration::from_secs(1);

/// The keys of an issuer. Requests that need them at the same time share one fetch.
pub(super) struct FetchedKeys {
    issuer: String,
    urls: Vec<String>,
    state: Mutex<State>,
    fetch_ended: Condvar,
}

#[derive(Default)]
struct State {
    keys: Option<(Arc<JwkSet>, Instant)>,
    /// The reason why the last fetch failed, if it did.
    failure: Option<String>,
    failures: u32,
    /// The earliest time of the next fetch.
    next: Option<Instant>,
    is_fetching: bool,
    asked: Option<Instant>,
}

impl FetchedKeys {
    pub(super) fn new(issuer: String, urls: Vec<String>) -> Self {
        Self { issuer, urls, state: Mutex::default(), fetch_ended: Condvar::new() }
    }

    /// The time when somebody asked for the keys last.
    pub(super) fn asked(&self) -> Option<Instant> {
        self.state.lock().asked
    }

    /// The keys, as new as [`AGE_MAX`] if they can be fetched.
    pub(super) fn get(&self, fetcher: &Fetcher) -> Result<Arc<JwkSet>, String> {
        let now = fetcher.now();
        let mut state = self.state.lock();
        state.asked = Some(now);
        let (is_known, is_old) = state.keys.as_ref().map_or((false, true), |(_, fetched)| {
            (true, now.saturating_duration_since(*fetched) >= AGE_MAX)
        });
        if !is_known || (is_old && !state.is_fetching) {
            state = self.fetch(state, fetcher);
        }
        let unknown = || state.failure.clone().unwrap_or_else(|| "no answer yet".to_owned());
        state.keys.as_ref().map(|(keys, _)| Arc::clone(keys)).ok_or_else(unknown)
    }

    /// Keys that are newer than `known`, if there can be any.
    pub(super) fn get_newer(
        &self,
        known: &Arc<JwkSet>,
        fetcher: &Fetcher,
    ) -> Result<Option<Arc<JwkSet>>, String> {
        let mut state = self.state.lock();
        if state.newer(known).is_none() {
            state = self.fetch(state, fetcher);
        }
        match (state.newer(known), &state.failure) {
            (Some(newer), _) => Ok(Some(newer)),
            (None, Some(failure)) => Err(failure.clone()),
            (None, None) => Ok(None),
        }
    }

    /// Fetches the keys if it is time, or waits until another request has fetched them.
    fn fetch<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        fetcher: &Fetcher,
    ) -> MutexGuard<'a, State> {
        if state.is_fetching {
            let place = fetcher.waiting.take();
            let wait = if place.is_some() { WAIT } else { SHORT_WAIT };
            self.fetch_ended.wait_while_for(&mut state, |state| state.is_fetching, wait);
            return state;
        }
        let now = fetcher.now();
        if state.next.is_some_and(|next| now < next) {
            return state;
        }
        let Some(_place) = fetcher.fetching.take() else { return state };
        state.is_fetching = true;
        drop(state);
        let end = EndOfFetch(self);
        let result = fetcher.fetch(&self.urls);
        let mut state = self.state.lock();
        self.log(result.as_ref(), &state);
        state.take(result, fetcher.now());
        drop(state);
        drop(end);
        self.state.lock()
    }

    /// Logs a result that differs from the last one.
    fn log(&self, result: Result<&JwkSet, &String>, last: &State) {
        let issuer = &self.issuer;
        match result {
            Ok(keys) if last.keys.is_none() || last.failure.is_some() => {
                info!("the keys of {issuer} were fetched: {}", keys.len());
            }
            Ok(_) => {}
            Err(reason) if last.failure.as_ref() == Some(reason) => {}
            Err(reason) => warn!("the keys of {issuer} cannot be fetched: {reason}"),
        }
    }
}

impl State {
    fn newer(&self, known: &Arc<JwkSet>) -> Option<Arc<JwkSet>> {
        let (keys, _) = self.keys.as_ref()?;
        (!Arc::ptr_eq(keys, known)).then(|| Arc::clone(keys))
    }

    fn take(&mut self, result: Result<JwkSet, String>, now: Instant) {
        let pause = match result {
            Ok(keys) => {
                self.keys = Some((Arc::new(keys), now));
                (self.failure, self.failures) = (None, 0);
                PAUSE
            }
            Err(reason) => {
                let pause = FAILURE_PAUSE.saturating_mul(2_u32.saturating_pow(self.failures));
                self.failure = Some(reason);
                self.failures = self.failures.saturating_add(1);
                pause.min(FAILURE_PAUSE_MAX)
            }
        };
        self.next = now.checked_add(pause);
    }
}

/// Tells those who wait, even after a panic, that a fetch has ended.
struct EndOfFetch<'a>(&'a FetchedKeys);

impl Drop for EndOfFetch<'_> {
    fn drop(&mut self) {
        self.0.state.lock().is_fetching = false;
        self.0.fetch_ended.notify_all();
    }
}
