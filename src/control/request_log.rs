//! The log of the last calls of the service.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;

use crate::admin::Explanation;
use crate::ambient::{Timestamp, epoch_seconds};
use crate::control::redaction::{KeptBody, PresentedLogin};
use crate::id::{AccountId, Region};
use crate::wire::{Fault, TARGET_PREFIX};

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
    /// Each with its number.
    requests: VecDeque<(u64, Arc<Recorded>)>,
    /// The number of the call that comes next.
    end: u64,
    /// The sum of the sizes.
    size: usize,
}

/// A call of the service. It has no token.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) request_id: Option<String>,
    /// When the call ended.
    pub(super) date: Timestamp,
    pub(super) operation: Cow<'static, str>,
    /// The target, if it names no operation.
    pub(super) target: Option<String>,
    /// `None` for anyone.
    pub(super) account: Option<AccountId>,
    pub(super) region: Option<Region>,
    pub(super) status: u16,
    pub(super) duration_micros: u64,
    pub(super) fault: Option<Fault>,
    /// Absent if it is too long or not JSON.
    pub(super) body: Option<KeptBody>,
    pub(super) explanation: Option<KeptExplanation>,
}

/// The explanation of a refused call.
#[derive(Debug)]
pub(super) struct KeptExplanation {
    explanation: Value,
    text: String,
    size: usize,
}

impl KeptExplanation {
    pub(super) fn of(explanation: &Explanation) -> Option<Self> {
        let (text, explanation) =
            (explanation.to_string(), serde_json::to_value(explanation).ok()?);
        let size = explanation.to_string().len().saturating_add(text.len());
        Some(Self { explanation, text, size })
    }
}

/// A call as an answer shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ShownRequest<'a> {
    /// Counts the calls, from 0 on.
    number: u64,
    request_id: Option<&'a str>,
    #[serde(with = "epoch_seconds")]
    date: Timestamp,
    operation: &'a str,
    target: Cow<'a, str>,
    /// An account, or `anyone`.
    caller: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    status: u16,
    duration_micros: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    logins: Vec<PresentedLogin>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation_text: Option<&'a str>,
}

impl Recorded {
    fn size(&self) -> usize {
        /// The room for the other parts, in bytes.
        const OTHERS: usize = 1024;

        let body = self.body.as_ref().map_or(0, KeptBody::size);
        let explanation = self.explanation.as_ref().map_or(0, |kept| kept.size);
        let message = self.fault.as_ref().map_or(0, |fault| fault.message().len());
        [body, explanation, message].into_iter().fold(OTHERS, usize::saturating_add)
    }

    fn target(&self) -> Cow<'_, str> {
        let own = || Cow::Owned([TARGET_PREFIX, &self.operation].concat());
        self.target.as_deref().map_or_else(own, Cow::Borrowed)
    }

    /// The call without its body and its explanation, as in a list.
    pub(super) fn summary(&self, number: u64) -> ShownRequest<'_> {
        /// The longest message that is shown, in characters.
        const MESSAGE_MAX: usize = 1024;

        ShownRequest {
            number,
            request_id: self.request_id.as_deref(),
            date: self.date,
            operation: &self.operation,
            target: self.target(),
            caller: self.account.as_ref().map_or("anyone", AccountId::as_str),
            region: self.region.as_ref().map(Region::as_str),
            status: self.status,
            duration_micros: self.duration_micros,
            exception: self.fault.as_ref().map(Fault::name),
            message: self
                .fault
                .as_ref()
                .map(|fault| fault.message().chars().take(MESSAGE_MAX).collect()),
            logins: self.body.as_ref().map(KeptBody::logins).unwrap_or_default(),
            body: None,
            explanation: None,
            explanation_text: self.explanation.as_ref().map(|kept| kept.text.as_str()),
        }
    }

    /// All of the call.
    pub(super) fn details(&self, number: u64) -> ShownRequest<'_> {
        let explanation = self.explanation.as_ref().map(|kept| &kept.explanation);
        let body = self.body.as_ref().map(KeptBody::shown);
        ShownRequest { body, explanation, ..self.summary(number) }
    }
}

impl RequestLog {
    pub(super) fn add(&self, recorded: Recorded) {
        let recorded = Arc::new(recorded);
        let mut kept = self.kept.lock();
        let number = kept.end;
        kept.end = number.saturating_add(1);
        kept.size = kept.size.saturating_add(recorded.size());
        kept.requests.push_back((number, recorded));
        let mut oldest = Vec::new();
        while kept.requests.len() > KEPT || (kept.size > ROOM && kept.requests.len() > 1) {
            let Some((_, gone)) = kept.requests.pop_front() else { break };
            kept.size = kept.size.saturating_sub(gone.size());
            oldest.push(gone);
        }
        // Nobody waits while they are dropped.
        drop(kept);
    }

    /// The newest calls from this number on, the newest first; the number of the next one; and
    /// whether calls from this number on are gone.
    pub(super) fn since(&self, after: u64, count: usize) -> (Vec<(u64, Arc<Recorded>)>, u64, bool) {
        let kept = self.kept.lock();
        let newest = kept.requests.iter().rev().take_while(|(number, _)| *number >= after);
        let newest: Vec<_> = newest.take(count).cloned().collect();
        let first = newest.last().map_or(kept.end, |(number, _)| *number);
        (newest, kept.end, first > after || after > kept.end)
    }

    pub(super) fn find(&self, request_id: &str) -> Option<(u64, Arc<Recorded>)> {
        let kept = self.kept.lock();
        let is_it =
            |request: &&(u64, Arc<Recorded>)| request.1.request_id.as_deref() == Some(request_id);
        kept.requests.iter().rev().find(is_it).cloned()
    }

    pub(super) fn clear(&self) {
        let mut kept = self.kept.lock();
        kept.requests.clear();
        kept.size = 0;
    }
}
