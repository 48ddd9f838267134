//! Requests about the log of calls.

use std::sync::Arc;

use serde_json::json;

use crate::control::Control;
use crate::control::answer::{Answer, Denied};
use crate::control::call::Call;
use crate::control::request_log::RequestLog;
use crate::wire::Fault;

fn log(control: &Control) -> Result<&Arc<RequestLog>, Denied> {
    let no_log = || Denied::invalid("This server keeps no request log");
    control.requests.as_ref().ok_or_else(no_log)
}

/// The last calls, the newest first.
pub(super) fn requests(control: &Control, call: &Call<'_>) -> Result<Answer, Denied> {
    let count = call.number("MaxResults").and_then(|count| usize::try_from(count).ok());
    let after = call.number("After").unwrap_or_default();
    let (requests, next, has_gap) =
        log(control)?.since(after, count.unwrap_or(100).clamp(1, 1_000));
    let requests: Vec<_> =
        requests.iter().map(|(number, request)| request.summary(*number)).collect();
    Answer::json(&json!({ "Requests": requests, "Next": next, "Gap": has_gap && after > 0 }))
}

pub(super) fn request(control: &Control, call: &Call<'_>) -> Result<Answer, Denied> {
    let found = log(control)?.find(call.required("RequestId")?);
    let gone = || {
        let message = "The request log does not have this request, or no longer";
        Denied::Fault(Fault::new("ResourceNotFoundException", 404, message))
    };
    let (number, request) = found.ok_or_else(gone)?;
    Answer::json(&request.details(number))
}

pub(super) fn clear(control: &Control, _: &Call<'_>) -> Result<Answer, Denied> {
    log(control)?.clear();
    Answer::json(&json!({}))
}
