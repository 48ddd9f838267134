//! Records calls of the service, without tokens.

use std::time::{Duration, Instant};

use ::http::header::HeaderValue;
use ::http::{Method, Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::admin::ExplainedVerdict;
use crate::control::Control;
use crate::control::answer::{Answer, Denied};
use crate::control::call::Call;
use crate::control::requests::Recorded;
use crate::error::Error;
use crate::http::{Outcome, called_operation, context, origin};
use crate::id::IdentityPoolId;
use crate::wire::{self, Context, Fault};

/// The longest body that is kept, in bytes.
const BODY_MAX: usize = 16 * 1024;

/// The longest message that is kept, in characters.
const MESSAGE_MAX: usize = 1024;

/// The room for the other parts of a call in the log, in bytes.
const OTHERS: usize = 1024;

/// A login of a call, without its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PresentedLogin {
    provider: String,
    /// The user, as stated or as the token says. Nothing of it need be true.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<String>,
    /// The end of the token, in epoch seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry: Option<u64>,
}

impl Control {
    /// Performs a call of the service and records it.
    pub(super) fn serve(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let caller = context(request);
        let answer = || self.guard.handle_as(&self.engine, &caller, request);
        let is_call = *request.method() == Method::POST && request.uri().path() == "/";
        let Some(log) = self.requests.as_ref().filter(|_| is_call) else { return answer() };
        let (mut response, duration) = timed(answer);
        let Some(outcome) = response.extensions().get::<Outcome>().cloned() else {
            return response;
        };
        let target = request.headers().get("x-amz-target");
        let target = target.map(|target| String::from_utf8_lossy(target.as_bytes()));
        let target: String = target.unwrap_or_default().chars().take(MESSAGE_MAX).collect();
        if let (Some(_), Some(id)) = (&outcome.fault, &outcome.request_id) {
            let page = origin(request).unwrap_or_default();
            let page = HeaderValue::from_str(&format!("{page}/_cognate/#/requests/{id}"));
            let header = page.ok().map(|page| ("x-cognate-why", page));
            response
                .headers_mut()
                .extend(header.map(|(name, page)| (::http::HeaderName::from_static(name), page)));
        }
        let explained = outcome.fault.as_ref();
        let explained =
            explained.and_then(|fault| self.explanation(&caller, &target, request.body(), fault));
        let (body, logins) = self.without_tokens(&outcome.operation, request.body());
        let (explanation, explanation_text) = explained.unzip();
        let told = explanation.as_ref().map(|value: &Value| value.to_string().len());
        let lengths = told.into_iter().chain(explanation_text.as_ref().map(String::len));
        let kept = body.as_ref().map(|_| request.body().len());
        let size = lengths.chain(kept).fold(OTHERS, usize::saturating_add);
        log.add(Recorded {
            number: 0,
            request_id: outcome.request_id,
            date: self.engine.now(),
            target,
            caller: self.caller_of(request, &caller),
            region: caller.region().map(ToString::to_string),
            status: response.status().as_u16(),
            duration_micros: u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            exception: outcome.fault.as_ref().map(Fault::name),
            message: outcome
                .fault
                .as_ref()
                .map(|fault| fault.message().chars().take(MESSAGE_MAX).collect()),
            operation: outcome.operation,
            logins,
            body,
            explanation,
            explanation_text,
            size,
        });
        response
    }

    fn caller_of(&self, request: &Request<Bytes>, caller: &Context) -> String {
        let needs_credentials =
            called_operation(request).is_some_and(wire::ServiceOperation::needs_credentials);
        let account = needs_credentials.then(|| caller.acting_account(&self.engine).ok());
        account.flatten().map_or_else(|| "anyone".to_owned(), |account| account.to_string())
    }

    /// The explanation of a call that was just refused, unless the same call would now have another
    /// answer.
    fn explanation(
        &self,
        caller: &Context,
        target: &str,
        body: &[u8],
        fault: &Fault,
    ) -> Option<(Value, String)> {
        let explained = wire::explain(&self.engine, caller, target, body).ok()?;
        let ExplainedVerdict::Refused { refusal, .. } = &explained.verdict else { return None };
        let refused = Fault::from(Error::from(refusal.clone()));
        let is_same = refused.name() == fault.name() && refused.message() == fault.message();
        let text = explained.to_string();
        is_same.then(|| serde_json::to_value(&explained).ok()).flatten().map(|value| (value, text))
    }

    /// The body with every token replaced, and the logins in it.
    fn without_tokens(&self, operation: &str, body: &[u8]) -> (Option<Value>, Vec<PresentedLogin>) {
        if body.len() > BODY_MAX {
            return (None, Vec::new());
        }
        let known = wire::OPERATIONS.iter().find(|known| known.name() == operation);
        let (Some(known), Ok(Value::Object(mut members))) = (known, serde_json::from_slice(body))
        else {
            return (None, Vec::new());
        };
        // A member that the operation does not know may be anything.
        members.retain(|name, _| known.has_member(name));
        let logins = members.get("Logins").and_then(Value::as_object);
        let developer = self.developer_provider(operation, &members);
        let is_stated = |provider: &str| developer.as_deref() == Some(provider);
        let presented: Vec<(PresentedLogin, Value)> = logins
            .into_iter()
            .flatten()
            .map(|(provider, value)| presented(provider, value, is_stated(provider)))
            .collect();
        if members.contains_key("Logins") {
            let kept = presented.iter().map(|(login, kept)| (login.provider.clone(), kept.clone()));
            members.insert("Logins".to_owned(), Value::Object(kept.collect()));
        }
        let logins = presented.into_iter().map(|(login, _)| login).collect();
        (Some(Value::Object(members)), logins)
    }

    /// The provider whose users are stated without a token.
    fn developer_provider(&self, operation: &str, members: &Map<String, Value>) -> Option<String> {
        if operation != "GetOpenIdTokenForDeveloperIdentity" {
            return None;
        }
        let pool: IdentityPoolId = members.get("IdentityPoolId")?.as_str()?.parse().ok()?;
        let pool = self.engine.admin().identity_pool(&pool).ok()?;
        pool.identity_pool.developer_provider_name.map(|name| name.to_string())
    }
}

/// A login without its token, and the text that takes the token's place.
fn presented(provider: &str, value: &Value, is_stated: bool) -> (PresentedLogin, Value) {
    let provider = provider.to_owned();
    let nothing =
        PresentedLogin { provider, subject: None, issuer: None, audience: None, expiry: None };
    let text = value.as_str().unwrap_or_default();
    if is_stated {
        let login = PresentedLogin { subject: Some(text.to_owned()), ..nothing };
        return (login, value.clone());
    }
    let claims = claims_of(text).unwrap_or_default();
    let member = |name: &str| claims.get(name)?.as_str().map(str::to_owned);
    let first_audience = || claims.get("aud")?.as_array()?.first()?.as_str().map(str::to_owned);
    let login = PresentedLogin {
        subject: member("sub"),
        issuer: member("iss"),
        audience: member("aud").or_else(first_audience),
        expiry: claims.get("exp").and_then(Value::as_u64),
        ..nothing
    };
    let shown = format!("<token of {}>", login.issuer.as_deref().unwrap_or(&login.provider));
    (login, json!(shown))
}

/// The claims of a token, unverified.
pub(super) fn claims_of(token: &str) -> Option<Map<String, Value>> {
    part_of(token, 1)
}

/// The header of a token, unverified.
pub(super) fn header_of(token: &str) -> Option<Map<String, Value>> {
    part_of(token, 0)
}

fn part_of(token: &str, place: usize) -> Option<Map<String, Value>> {
    let part = token.split('.').nth(place)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[expect(clippy::disallowed_methods, reason = "the log tells how long a call took")]
fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let done = run();
    (done, begun.elapsed())
}

fn no_log() -> Denied {
    Denied::invalid("This server keeps no request log")
}

/// The last calls, the newest first.
pub(super) fn requests(control: &Control, call: &Call<'_>) -> Result<Answer, Denied> {
    let log = control.requests.as_ref().ok_or_else(no_log)?;
    let count = call.number("MaxResults").and_then(|count| usize::try_from(count).ok());
    let after = call.number("After").unwrap_or_default();
    let (requests, next, has_gap) = log.since(after, count.unwrap_or(100).clamp(1, 1_000));
    let requests: Vec<Recorded> = requests.iter().map(|request| request.summary()).collect();
    Answer::json(&json!({ "Requests": requests, "Next": next, "Gap": has_gap && after > 0 }))
}

pub(super) fn request(control: &Control, call: &Call<'_>) -> Result<Answer, Denied> {
    let log = control.requests.as_ref().ok_or_else(no_log)?;
    let found = log.find(call.required("RequestId")?);
    let gone = || {
        let message = "The request log does not have this request, or no longer";
        Denied::Fault(Fault::new("ResourceNotFoundException", 404, message))
    };
    Answer::json(&*found.ok_or_else(gone)?)
}

pub(super) fn clear(control: &Control, _: &Call<'_>) -> Result<Answer, Denied> {
    control.requests.as_ref().ok_or_else(no_log)?.clear();
    Answer::json(&json!({}))
}
