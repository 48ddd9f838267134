//! The log of the last calls of the service.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;

use crate::ambient::{Timestamp, epoch_seconds};
use crate::control::recorded::PresentedLogin;

/// The number of calls that are kept.
const KEPT: usize = 1_000;

/// The room for bodies and explanations, in bytes. Long ones push out more than one older call.
const ROOM: usize = 16 * 1024 * 1024;

/// The last calls.
#[derive(Debug, Default)]
pub(super) struct RequestLog {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    requests: VecDeque<Arc<Recorded>>,
    /// The number of the call that comes next.
    end: u64,
    /// The sum of the sizes.
    size: usize,
}

/// A call of the service. It has no token.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Recorded {
    /// Counts the calls, from 0 on.
    pub(super) number: u64,
    pub(super) request_id: Option<String>,
    /// When the call ended.
    #[serde(with = "epoch_seconds")]
    pub(super) date: Timestamp,
    pub(super) operation: String,
    pub(super) target: String,
    /// An account, or `anyone`.
    pub(super) caller: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<String>,
    pub(super) status: u16,
    pub(super) duration_micros: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exception: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    pub(super) logins: Vec<PresentedLogin>,
    /// The body without tokens. Absent if it is too long or not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Value>,
    /// The explanation of a refused call, unless the state has changed right after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) explanation: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) explanation_text: Option<String>,
    /// The room that the call takes in the log, in bytes.
    #[serde(skip)]
    pub(super) size: usize,
}

impl Recorded {
    /// The call without its body and its explanation, as in a list.
    pub(super) fn summary(&self) -> Self {
        Self { body: None, explanation: None, ..self.clone() }
    }
}

impl RequestLog {
    pub(super) fn add(&self, mut recorded: Recorded) {
        let mut kept = self.kept.lock();
        recorded.number = kept.end;
        kept.end = kept.end.saturating_add(1);
        kept.size = kept.size.saturating_add(recorded.size);
        kept.requests.push_back(Arc::new(recorded));
        while kept.requests.len() > KEPT || (kept.size > ROOM && kept.requests.len() > 1) {
            let Some(oldest) = kept.requests.pop_front() else { break };
            kept.size = kept.size.saturating_sub(oldest.size);
        }
    }

    /// The newest calls from this number on, the newest first; the number of the next one; and
    /// whether calls from this number on are gone.
    pub(super) fn since(&self, after: u64, count: usize) -> (Vec<Arc<Recorded>>, u64, bool) {
        let kept = self.kept.lock();
        let newest = kept.requests.iter().rev().take_while(|request| request.number >= after);
        let newest: Vec<_> = newest.take(count).cloned().collect();
        let first = newest.last().map_or(kept.end, |request| request.number);
        (newest, kept.end, first > after || after > kept.end)
    }

    pub(super) fn find(&self, request_id: &str) -> Option<Arc<Recorded>> {
        let kept = self.kept.lock();
        let is_it = |request: &&Arc<Recorded>| request.request_id.as_deref() == Some(request_id);
        kept.requests.iter().rev().find(is_it).cloned()
    }

    pub(super) fn clear(&self) {
        let mut kept = self.kept.lock();
        kept.requests.clear();
        kept.size = 0;
    }
}
