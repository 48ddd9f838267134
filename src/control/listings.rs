//! Requests that change nothing.

use serde::Serialize;
use serde_json::{Value, json};

use crate::admin::{ChangeEvent, EventId, Explanation};
use crate::control::Control;
use crate::control::answer::{Answer, Denied};
use crate::control::call::Call;
use crate::control::redaction::parts_of;
use crate::error::Error;
use crate::http::context;
use crate::id::{IdentityId, IdentityPoolId};
use crate::name::{NextToken, ProviderName, Subject};
use crate::operation::ListIdentityPoolsInput;
use crate::wire;

type Answered = Result<Answer, Denied>;

pub(super) fn health(control: &Control, _: &Call<'_>) -> Answered {
    let (mut pools, mut page) = (0_usize, ListIdentityPoolsInput::new(60));
    control.engine.health()?;
    loop {
        let listed = control.engine.admin().list_identity_pools(page)?;
        pools = pools.saturating_add(listed.identity_pools.len());
        let Some(next) = listed.next_token else { break };
        page = ListIdentityPoolsInput::new(60).next_token(next);
    }
    Answer::json(&json!({
        "Status": "running",
        "Version": env!("CARGO_PKG_VERSION"),
        "JournalDays": control.engine.journal().map(crate::engine::Journal::days),
        "IdentityPools": pools,
        "RequestLog": control.requests.is_some(),
        "TestClock": control.advance.is_some(),
        // As LocalStack has them.
        "services": { "cognito-identity": "running" },
        "version": env!("CARGO_PKG_VERSION"),
    }))
}

#[expect(clippy::unnecessary_wraps, reason = "it is one of the routes")]
pub(super) fn openapi(_: &Control, _: &Call<'_>) -> Answered {
    Ok(Answer::document(include_str!("openapi.json")))
}

pub(super) fn check(control: &Control, _: &Call<'_>) -> Answered {
    let findings: Vec<String> = control.engine.check()?.iter().map(ToString::to_string).collect();
    Answer::json(&json!({ "Findings": findings }))
}

pub(super) fn pools(control: &Control, call: &Call<'_>) -> Answered {
    Answer::json(&control.engine.admin().list_identity_pools(call.page()?)?)
}

/// The pool that the path names.
fn pool_of(call: &Call<'_>) -> Result<IdentityPoolId, Denied> {
    parsed(call, "IdentityPoolId")
}

pub(super) fn identity_of(call: &Call<'_>) -> Result<IdentityId, Denied> {
    parsed(call, "IdentityId")
}

/// A member that must be there, in its own form.
pub(super) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    call: &Call<'_>,
    name: &str,
) -> Result<T, Denied> {
    let text = call.required(name)?;
    text.parse()
        .map_err(|error| Denied::invalid(format!("The member {name} is not valid: {error}")))
}

pub(super) fn pool(control: &Control, call: &Call<'_>) -> Answered {
    Answer::json(&control.engine.admin().identity_pool(&pool_of(call)?)?)
}

pub(super) fn counts(control: &Control, call: &Call<'_>) -> Answered {
    Answer::json(&control.engine.admin().count_identities(&pool_of(call)?)?)
}

pub(super) fn identities(control: &Control, call: &Call<'_>) -> Answered {
    Answer::json(&control.engine.admin().list_identities(call.page()?)?)
}

pub(super) fn logins(control: &Control, call: &Call<'_>) -> Answered {
    Answer::json(&control.engine.admin().list_logins(call.page()?)?)
}

/// An event with its name, and as one line of text.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ShownEvent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<EventId>,
    #[serde(flatten)]
    event: &'a ChangeEvent,
    text: String,
}

impl<'a> ShownEvent<'a> {
    pub(super) fn of(event: &'a ChangeEvent) -> Self {
        Self { event_id: event.id(), event, text: event.to_string() }
    }
}

fn page_of_events(events: &[ChangeEvent], next_token: Option<&NextToken>) -> Answered {
    let events: Vec<ShownEvent<'_>> = events.iter().map(ShownEvent::of).collect();
    let mut page = json!({ "Events": events });
    if let (Some(next), Value::Object(page)) = (next_token, &mut page) {
        page.insert("NextToken".to_owned(), json!(next));
    }
    Answer::json(&page)
}

pub(super) fn activity(control: &Control, call: &Call<'_>) -> Answered {
    let page = control.engine.admin().activity(call.page()?)?;
    page_of_events(&page.events, page.next_token.as_ref())
}

pub(super) fn history(control: &Control, call: &Call<'_>) -> Answered {
    let page = control.engine.admin().history(call.page()?)?;
    page_of_events(&page.events, page.next_token.as_ref())
}

pub(super) fn identity(control: &Control, call: &Call<'_>) -> Answered {
    Answer::json(&control.engine.admin().identity(&identity_of(call)?)?)
}

/// The identity of a login, or that of a token of this engine.
pub(super) fn find(control: &Control, call: &Call<'_>) -> Answered {
    let admin = control.engine.admin();
    if let Some(token) = call.text("Token") {
        return Answer::json(&admin.identity_of_token(token)?);
    }
    let provider: ProviderName = parsed(call, "Provider")?;
    let subject: Subject = parsed(call, "Subject")?;
    Answer::json(&admin.identity_of_login(&pool_of(call)?, &provider, &subject)?)
}

/// The header and the claims of a token, and whether they are true: whether this engine has signed
/// them, and they have not expired.
pub(super) fn token(control: &Control, call: &Call<'_>) -> Answered {
    let token = call.required("Token")?;
    let mut answer = match control.engine.verify_token(token) {
        Ok(_) => json!({ "Valid": true }),
        Err(Error::Refused(refusal)) => {
            json!({ "Valid": false, "Reason": refusal.to_string() })
        }
        Err(error) => return Err(error.into()),
    };
    if let Value::Object(members) = &mut answer {
        let parts = ["Header", "Claims"].into_iter().zip(parts_of(token));
        let parts = parts.filter_map(|(name, part)| Some((name, part?)));
        members.extend(parts.map(|(name, part)| (name.to_owned(), part.into())));
    }
    Answer::json(&answer)
}

pub(super) fn explain(control: &Control, call: &Call<'_>) -> Answered {
    let headers = call.request.headers();
    let target =
        headers.get("x-amz-target").map(|target| String::from_utf8_lossy(target.as_bytes()));
    let target = target.unwrap_or_default();
    let (context, body) = (context(call.request), call.request.body());
    Answer::json(&ShownExplanation::of(&wire::explain(&control.engine, &context, &target, body)?))
}

/// An explanation, also as lines of text.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ShownExplanation<'a> {
    explanation: &'a Explanation,
    explanation_text: String,
}

impl<'a> ShownExplanation<'a> {
    pub(super) fn of(explanation: &'a Explanation) -> Self {
        Self { explanation, explanation_text: explanation.to_string() }
    }
}
