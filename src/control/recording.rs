//! Performs calls of the service and records them.

use std::time::{Duration, Instant};

use ::http::header::{HeaderName, HeaderValue};
use ::http::{Method, Request, Response};
use bytes::Bytes;

use crate::admin::{ExplainedVerdict, Explanation};
use crate::control::Control;
use crate::control::redaction::KeptBody;
use crate::control::request_log::{KeptExplanation, Recorded};
use crate::error::Error;
use crate::http::{Outcome, called_operation, context, origin};
use crate::id::{AccountId, IdentityPoolId};
use crate::wire::{self, Context, Fault, ServiceOperation};

/// The response header with the address of the page that explains a refusal.
const WHY: HeaderName = HeaderName::from_static("x-cognate-why");

impl Control {
    /// Performs a call of the service and records it.
    pub(super) fn serve(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let caller = context(request);
        let answer = || self.guard.handle_as(&self.engine, &caller, request);
        let is_call = *request.method() == Method::POST && request.uri().path() == "/";
        let Some(log) = self.requests.as_ref().filter(|_| is_call) else { return answer() };
        let (mut response, duration) = timed(answer);
        let Some(Outcome { operation, request_id, fault }) = response.extensions().get() else {
            return response;
        };
        let known = called_operation(request);
        let operation = known.map_or_else(|| operation.clone().into(), |known| known.name().into());
        let (request_id, fault) = (request_id.clone(), fault.clone());
        let explanation = fault.as_ref().and_then(|fault| {
            let explained = self.explanation(&caller, request, fault)?;
            KeptExplanation::of(&explained)
        });
        if let (Some(_), Some(id)) = (&fault, &request_id) {
            let page = origin(request).unwrap_or_default();
            let page = HeaderValue::from_str(&format!("{page}/_cognate/#/requests/{id}"));
            response.headers_mut().extend(page.ok().map(|page| (WHY, page)));
        }
        log.add(Recorded {
            request_id,
            date: self.engine.now(),
            operation,
            target: known.is_none().then(|| target_of(request)),
            account: self.account_of(known, &caller),
            region: caller.region().cloned(),
            status: response.status().as_u16(),
            duration_micros: u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            fault,
            body: known.and_then(|known| {
                KeptBody::of(known, request.body(), |pool| self.developer_provider(pool))
            }),
            explanation,
        });
        response
    }

    fn account_of(&self, known: Option<&ServiceOperation>, caller: &Context) -> Option<AccountId> {
        known.filter(|known| known.needs_credentials())?;
        caller.acting_account(&self.engine).ok()
    }

    /// The explanation of a call that was just refused, if it is refused in the same way: before
    /// the answer is sent, that is one more attempt of the call, with the same answer. A refused
    /// attempt changes nothing.
    fn explanation(
        &self,
        caller: &Context,
        request: &Request<Bytes>,
        fault: &Fault,
    ) -> Option<Explanation> {
        let (target, body) = (target_of(request), request.body());
        let explained = wire::explain(&self.engine, caller, &target, body).ok()?;
        let ExplainedVerdict::Refused { refusal, .. } = &explained.verdict else { return None };
        let refused = Fault::from(Error::from(refusal.clone()));
        let is_same = refused.name() == fault.name() && refused.message() == fault.message();
        is_same.then_some(explained)
    }

    /// The provider of a pool whose users are stated without a token.
    fn developer_provider(&self, pool: &str) -> Option<String> {
        let pool: IdentityPoolId = pool.parse().ok()?;
        let pool = self.engine.admin().identity_pool(&pool).ok()?;
        pool.identity_pool.developer_provider_name.map(|name| name.to_string())
    }
}

/// The target header, cut to 1,024 bytes.
fn target_of(request: &Request<Bytes>) -> String {
    const LENGTH_MAX: usize = 1024;

    let target = request.headers().get("x-amz-target").map(HeaderValue::as_bytes);
    let target = target.unwrap_or_default();
    String::from_utf8_lossy(target.get(..LENGTH_MAX).unwrap_or(target)).into_owned()
}

#[expect(clippy::disallowed_methods, reason = "the log tells how long a call took")]
fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let done = run();
    (done, begun.elapsed())
}
