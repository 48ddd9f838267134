//! New events, by long poll.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::control::Control;
use crate::control::answer::{Answer, Denied};
use crate::control::call::Call;
use crate::control::listings::ShownEvent;
use crate::engine::{Engine, Fed, Feed};

/// The longest time that a poll waits.
const WAIT_MAX: Duration = Duration::from_secs(25);

/// The polls that may wait at a time. Further ones are answered at once.
const POLLS_MAX: usize = 64;

/// The maximum number of events in an answer.
const EVENTS_MAX: usize = 256;

/// The events of an engine since the control plane exists.
pub(super) struct Events {
    feed: Feed,
    /// Tells cursors of this control plane from those of an earlier one.
    epoch: String,
    polls: AtomicUsize,
    is_closed: AtomicBool,
}

impl Events {
    pub(super) fn of(engine: &Engine) -> Self {
        // Without randomness, a cursor of an earlier server may be taken for one of this server.
        let epoch = engine.request_id().map(|id| id.as_str().chars().take(8).collect());
        Self {
            feed: engine.feed(),
            epoch: epoch.unwrap_or_default(),
            polls: AtomicUsize::new(0),
            is_closed: AtomicBool::new(false),
        }
    }

    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    fn cursor(&self, feed: &Feed) -> String {
        format!("{}-{}", self.epoch, feed.position())
    }

    /// A reader of the events behind a cursor. `None` if they are not known any more.
    fn behind(&self, cursor: &str) -> Option<Feed> {
        let (epoch, position) = cursor.rsplit_once('-')?;
        let position = position.parse().ok()?;
        let feed = self.feed.at(position);
        (epoch == self.epoch && feed.position() == position).then_some(feed)
    }

    /// Waits for an event. Wakes up now and then to see whether the control plane is closed.
    fn first(&self, feed: &mut Feed, mut wait: Duration) -> Fed {
        const SLICE: Duration = Duration::from_millis(250);

        let polls = self.polls.fetch_add(1, Ordering::Relaxed);
        if polls >= POLLS_MAX {
            wait = Duration::ZERO;
        }
        let answer = loop {
            let slice = wait.min(SLICE);
            wait = wait.saturating_sub(slice);
            let answer = feed.next(slice);
            let is_over = wait.is_zero() || self.is_closed.load(Ordering::Relaxed);
            if answer != Fed::Nothing || is_over {
                break answer;
            }
        };
        self.polls.fetch_sub(1, Ordering::Relaxed);
        answer
    }
}

pub(super) fn events(control: &Control, call: &Call<'_>) -> Result<Answer, Denied> {
    let events = &control.events;
    let now = || events.feed.at(u64::MAX);
    let (mut feed, mut has_gap) = match call.text("After") {
        None => (now(), false),
        Some(cursor) => match events.behind(cursor) {
            Some(feed) => (feed, false),
            None => (now(), true),
        },
    };
    let wait = Duration::from_secs(call.number("Wait").unwrap_or_default()).min(WAIT_MAX);
    let wait = if has_gap || call.text("After").is_none() { Duration::ZERO } else { wait };
    let mut shown = Vec::new();
    let mut answer = events.first(&mut feed, wait);
    loop {
        match answer {
            Fed::Event(event) => shown.push(event),
            Fed::Missed(_) => has_gap = true,
            Fed::Nothing | Fed::Closed => break,
        }
        if shown.len() >= EVENTS_MAX {
            break;
        }
        answer = feed.next(Duration::ZERO);
    }
    let shown: Vec<_> = shown.iter().map(|event| ShownEvent::of(event)).collect();
    Answer::json(&json!({ "Events": shown, "Cursor": events.cursor(&feed), "Gap": has_gap }))
}
