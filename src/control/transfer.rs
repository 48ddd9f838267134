//! Exports and imports, in memory or as a stream.

use std::io::{Read, Write};

use ::http::{Method, Request, Response};
use bytes::Bytes;
use serde_json::json;

use crate::control::Control;
use crate::control::answer::{Answer, Denied, lines_head};
use crate::control::call::{Call, Form, Member};
use crate::control::listings::parsed;
use crate::control::target::Target;
use crate::exchange::{Export, Import, Imported};
use crate::id::IdentityPoolId;

pub(super) const EXPORT: Form = Form::get(
    "/export",
    &[
        Member::text("IdentityPoolId"),
        Member::text("AccountId"),
        Member::flag("History"),
        Member::flag("Keys"),
    ],
);

pub(super) const IMPORT: Form = Form::post(
    "/import",
    &[Member::text("IdentityPoolId"), Member::text("AccountId"), Member::text("Region")],
)
.taking_body();

/// A request that takes longer than others, or more memory. A server asks
/// [`Control::long_request`] before it reads the body, and gives it no place among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a server has to treat each of them in its own way")]
pub enum LongRequest {
    /// The answer is long: [`Control::export`] streams it.
    Export,
    /// The body is long: [`Control::import`] reads it as a stream.
    Import,
    /// [`Control::handle`] takes long: it waits for events, for up to 25 seconds, or reads a whole
    /// pool or database. There is no body.
    Slow,
}

impl Control {
    /// Whether a request takes longer than others, or more memory.
    pub fn long_request<B>(request: &Request<B>) -> Option<LongRequest> {
        match (Target::of(request.uri().path()), request.method()) {
            (Target::Control("/export"), &Method::GET) => Some(LongRequest::Export),
            (Target::Control("/import"), &Method::POST) => Some(LongRequest::Import),
            (Target::Control("/events" | "/check"), &Method::GET) => Some(LongRequest::Slow),
            (Target::Control(path), &Method::GET) if is_of_counts(path) => Some(LongRequest::Slow),
            _ => None,
        }
    }

    /// Answers an export as a stream. `begin` is called with the head before the first line, and
    /// returns the place to write to.
    ///
    /// # Errors
    ///
    /// The response to a request that is refused before the first line. After the first line the
    /// error of the export is returned as `Ok(Err(_))`: a client sees a file without its last line.
    pub fn export<W: Write>(
        &self,
        request: &Request<()>,
        begin: impl FnOnce(Response<()>) -> W,
    ) -> Result<std::io::Result<()>, Box<Response<Bytes>>> {
        let request = request.clone().map(|()| Bytes::new());
        let verdict = self.judge(&request);
        if let Some(refusal) = verdict.refusal(&self.engine) {
            return Err(Box::new(verdict.mark(refusal)));
        }
        let denied = |denied: Denied| {
            Box::new(verdict.mark(Answer::from(denied).into_response(request.method())))
        };
        self.admit(&request).map_err(denied)?;
        let call = Call::of(&request, EXPORT.path, &EXPORT).map_err(denied)?;
        let options = export_options(&call).map_err(denied)?;
        let mut out = Late::Waiting(Some(begin));
        match self.engine.admin().export(options, &mut out) {
            Ok(_) => Ok(Ok(())),
            Err(error) if out.has_begun() => Ok(Err(std::io::Error::other(error))),
            Err(error) => Err(denied(error.into())),
        }
    }

    /// Answers an import from a stream, which is the body of the request.
    pub fn import(&self, request: &Request<()>, from: impl Read) -> Response<Bytes> {
        let request = request.clone().map(|()| Bytes::new());
        let verdict = self.judge(&request);
        if let Some(refusal) = verdict.refusal(&self.engine) {
            return verdict.mark(refusal);
        }
        let admitted = self.admit(&request);
        let call = admitted.and_then(|()| Call::of(&request, IMPORT.path, &IMPORT));
        let answered = call.and_then(|call| imported(self, &call, from));
        let answer = answered.unwrap_or_else(Answer::from);
        verdict.mark(answer.into_response(request.method()))
    }
}

fn is_of_counts(path: &str) -> bool {
    path.starts_with("/pools/") && path.ends_with("/counts")
}

/// A place to write to that is made with the first byte.
enum Late<B, W> {
    Waiting(Option<B>),
    Begun(W),
}

impl<B, W> Late<B, W> {
    fn has_begun(&self) -> bool {
        matches!(self, Self::Begun(_))
    }
}

impl<B: FnOnce(Response<()>) -> W, W: Write> Write for Late<B, W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Self::Waiting(begin) = self
            && let Some(begin) = begin.take()
        {
            *self = Self::Begun(begin(lines_head()));
        }
        match self {
            Self::Begun(out) => out.write(bytes),
            Self::Waiting(_) => Ok(0),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Begun(out) => out.flush(),
            Self::Waiting(_) => Ok(()),
        }
    }
}

fn export_options(call: &Call<'_>) -> Result<Export, Denied> {
    let scope = match (call.text("IdentityPoolId"), call.text("AccountId")) {
        (None, None) => Export::all(),
        (Some(_), None) => Export::pool(parsed(call, "IdentityPoolId")?),
        (None, Some(_)) => Export::account(parsed(call, "AccountId")?),
        (Some(_), Some(_)) => {
            return Err(Denied::invalid("Either IdentityPoolId or AccountId is allowed"));
        }
    };
    Ok(scope.history(call.flag("History")).keys(call.flag("Keys")))
}

pub(super) fn export(control: &Control, call: &Call<'_>) -> Result<Answer, Denied> {
    let mut lines = Vec::new();
    control.engine.admin().export(export_options(call)?, &mut lines)?;
    Ok(Answer::lines(lines))
}

pub(super) fn import(control: &Control, call: &Call<'_>) -> Result<Answer, Denied> {
    imported(control, call, call.request.body().as_ref())
}

fn imported(control: &Control, call: &Call<'_>, from: impl Read) -> Result<Answer, Denied> {
    let admin = control.engine.admin();
    if call.text("IdentityPoolId").is_some() {
        let pool: IdentityPoolId = parsed(call, "IdentityPoolId")?;
        return shown(&admin.seed(&pool, from)?);
    }
    let mut import = Import::new();
    if call.text("AccountId").is_some() {
        import = import.account(parsed(call, "AccountId")?);
    }
    if call.text("Region").is_some() {
        import = import.region(parsed(call, "Region")?);
    }
    shown(&admin.import(import, from)?)
}

fn shown(imported: &Imported) -> Result<Answer, Denied> {
    Answer::json(&json!({
        "IdentityPoolIds": imported.identity_pool_ids,
        "Identities": imported.identities,
        "Events": imported.events,
    }))
}
