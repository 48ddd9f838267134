//! The rates of operations, from section 2 of the contract.
//!
//! The model knows the time to the second, and that a call takes less than [`CALL_MILLIS_MAX`]. So
//! it knows the least and the most that can be left of a rate.

use std::collections::BTreeMap;

use crate::testkit::model::clause::{Judged, RATE_EXCEEDED, expected, refused};
use crate::testkit::names::Account;
use crate::testkit::operation::Operation;
use crate::testkit::outcome::OperationOutcome;

/// A test clock advances by a few milliseconds in a call.
const CALL_MILLIS_MAX: u64 = 20;

/// One call, in thousandths: a rate of n calls a second gains n thousandths in a millisecond.
const CALL: u64 = 1_000;

/// The calls that count for a rate. Callers of public operations have no account.
type Counted = (&'static str, Option<Account>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Rates {
    pub(super) are_limited: bool,
    calls: u64,
    left: BTreeMap<Counted, Left>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Left {
    least: u64,
    most: u64,
    at_secs: u64,
    at_call: u64,
}

impl Rates {
    /// Judges whether the answer fits the rate of its operation, and counts the call. `None` means
    /// that other clauses decide.
    pub(super) fn judge(
        &mut self,
        operation: &Operation,
        outcome: &OperationOutcome,
        now_secs: u64,
    ) -> Option<Judged> {
        self.calls = self.calls.saturating_add(1);
        let (rate, account) = counted(operation).filter(|_| self.are_limited)?;
        let full = rate.saturating_mul(CALL);
        let (calls, key) = (self.calls, (operation.name(), account));
        let before = self.left.get(&key).cloned();
        let mut left = before.map_or(Left::full(full), |left| left.gained(rate, now_secs, calls));
        // The region of an unknown id is not known, so a call may count for another region.
        if account.is_none() {
            left.most = full;
        }
        (left.at_secs, left.at_call) = (now_secs, calls);
        let must_refuse = left.most < CALL;
        let may_refuse = left.least < CALL;
        let is_refused = outcome.exception() == Some(RATE_EXCEEDED.exception);
        if is_refused {
            left.most = left.most.min(CALL.saturating_sub(1));
        } else {
            left.least = left.least.saturating_sub(CALL);
            // A refusal by another clause can come before the call is counted.
            if outcome.exception().is_none() {
                left.most = left.most.saturating_sub(CALL);
            }
        }
        self.left.insert(key, left);
        match is_refused {
            true if may_refuse => Some(Ok(vec![RATE_EXCEEDED.clause])),
            true => Some(expected("an answer, as the rate is not exceeded")),
            false if must_refuse => Some(refused(RATE_EXCEEDED, outcome)),
            false => None,
        }
    }
}

impl Left {
    fn full(full: u64) -> Self {
        Self { least: full, most: full, at_secs: 0, at_call: 0 }
    }

    fn gained(self, rate: u64, now_secs: u64, calls: u64) -> Self {
        let full = rate.saturating_mul(CALL);
        let waited = now_secs.saturating_sub(self.at_secs).saturating_mul(1_000);
        let elapsed_max = calls.saturating_sub(self.at_call).saturating_mul(CALL_MILLIS_MAX);
        let gained = |millis: u64| millis.saturating_mul(rate);
        let least = self.least.saturating_add(gained(waited)).min(full);
        let most = gained(waited.saturating_add(elapsed_max));
        Self { least, most: self.most.saturating_add(most).min(full), ..self }
    }
}

/// The calls a second of an operation that has a documented rate, and the account that they count
/// for.
fn counted(operation: &Operation) -> Option<(u64, Option<Account>)> {
    Some(match operation {
        Operation::GetId { .. } => (25, None),
        Operation::GetOpenIdToken { .. } | Operation::GetCredentialsForIdentity { .. } => {
            (200, None)
        }
        Operation::GetOpenIdTokenForDeveloperIdentity { caller, .. } => {
            (200, Some(caller.account()))
        }
        Operation::TagResource { caller, .. } | Operation::UntagResource { caller, .. } => {
            (5, Some(caller.account()))
        }
        Operation::ListTagsForResource { caller, .. } => (10, Some(caller.account())),
        _ => return None,
    })
}
