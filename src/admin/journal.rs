//! Inputs and outputs of the journal and of undo.

use serde::Serialize;

use crate::admin::IdentityDetails;
use crate::id::{IdentityId, IdentityPoolId};
use crate::name::NextToken;
use crate::operation::input::{Given, input};
use crate::rules::page::PageSize;
use crate::state::{ChangeEvent, EventId};

input! {
    /// Input of [`history`](crate::Admin::history).
    HistoryInput => History
    /// Lists the first events of an identity, at most 1 to 60.
    fn new(identity_id: IdentityId, max_results: PageSize)
    {
        /// The identity.
        "IdentityId", identity_id, get_identity_id: IdentityId, required;

        /// The maximum number of events: 1 to 60.
        "MaxResults", max_results, get_max_results: PageSize, required;

        /// The token of the page.
        "NextToken", next_token, get_next_token: NextToken, optional;
    }
}

/// A page of the events of an identity, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct HistoryOutput {
    /// The identity.
    pub identity_id: IdentityId,
    /// The events.
    pub events: Vec<ChangeEvent>,
    /// The token of the next page. `None` on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<NextToken>,
}

input! {
    /// Input of [`activity`](crate::Admin::activity).
    ActivityInput => Activity
    /// Lists the first events of a pool, at most 1 to 60.
    fn new(identity_pool_id: IdentityPoolId, max_results: PageSize)
    {
        /// The pool.
        "IdentityPoolId", identity_pool_id, get_identity_pool_id: IdentityPoolId, required;

        /// The maximum number of events: 1 to 60.
        "MaxResults", max_results, get_max_results: PageSize, required;

        /// The token of the page.
        "NextToken", next_token, get_next_token: NextToken, optional;
    }
}

/// A page of the events of a pool and of its identities, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ActivityOutput {
    /// The pool.
    pub identity_pool_id: IdentityPoolId,
    /// The events. A page can have fewer than it could even if more pages follow.
    pub events: Vec<ChangeEvent>,
    /// The token of the next page. `None` on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<NextToken>,
}

input! {
    /// Input of [`undo`](crate::Admin::undo).
    UndoInput => Undo
    /// Undoes the change of an event.
    fn new(event_id: EventId)
    {
        /// The event.
        "EventId", event_id, get_event_id: EventId, required;
    }
}

/// The result of an undone change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct UndoOutput {
    /// The identities that have changed, as they are now. That of the event comes first, if it is
    /// one of them.
    pub identities: Vec<IdentityDetails>,
}
