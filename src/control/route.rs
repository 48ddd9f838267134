//! The routes below `/_cognate/`.

use crate::control::Control;
use crate::control::answer::{Answer, Denied};
use crate::control::call::Call;
use crate::control::{changes, events, listings, recorded, transfer};

/// The part of the endpoint that a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// The service's own.
    Service,
    /// A file of the inspector page.
    Page,
    /// The control plane, with the path below `/_cognate`.
    Control(&'a str),
}

const PREFIX: &str = "/_cognate";

/// Paths that people know from `LocalStack` and `moto`.
const ALIASES: [(&str, &str); 3] = [
    ("/_localstack/health", "/health"),
    ("/_localstack/state/reset", "/reset"),
    ("/moto-api/reset", "/reset"),
];

/// The files of the inspector page, below `/_cognate`.
pub(super) const PAGE: [&str; 3] = ["/", "/inspector.css", "/inspector.js"];

impl<'a> Target<'a> {
    pub(super) fn of(path: &'a str) -> Self {
        if let Some((_, own)) = ALIASES.into_iter().find(|(alias, _)| *alias == path) {
            return Self::Control(own);
        }
        match path.strip_prefix(PREFIX) {
            Some("") => Self::Page,
            Some(below) if PAGE.contains(&below) => Self::Page,
            Some(below) if below.starts_with('/') => Self::Control(below),
            Some(_) | None => Self::Service,
        }
    }
}

/// A member of a request, in its query or in the JSON of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// The type of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
    /// A list of objects, in bodies only.
    List,
}

/// A kind of request below `/_cognate/`.
pub(super) struct ControlRoute {
    pub(super) method: &'static str,
    /// The path below `/_cognate`. A part in braces is a member.
    pub(super) path: &'static str,
    pub(super) members: &'static [Member],
    /// Whether the body is something else than JSON with the members.
    pub(super) takes_body: bool,
    /// Whether it needs no token.
    pub(super) is_open: bool,
    pub(super) run: fn(&Control, &Call<'_>) -> Result<Answer, Denied>,
}

const fn text(name: &'static str) -> Member {
    Member { name, kind: Kind::Text }
}

const fn number(name: &'static str) -> Member {
    Member { name, kind: Kind::Number }
}

const fn flag(name: &'static str) -> Member {
    Member { name, kind: Kind::Flag }
}

const fn list(name: &'static str) -> Member {
    Member { name, kind: Kind::List }
}

type Run = fn(&Control, &Call<'_>) -> Result<Answer, Denied>;

const fn get(path: &'static str, members: &'static [Member], run: Run) -> ControlRoute {
    ControlRoute { method: "GET", path, members, takes_body: false, is_open: false, run }
}

const fn post(path: &'static str, members: &'static [Member], run: Run) -> ControlRoute {
    ControlRoute { method: "POST", path, members, takes_body: false, is_open: false, run }
}

impl ControlRoute {
    const fn taking_body(mut self) -> Self {
        self.takes_body = true;
        self
    }

    const fn open(mut self) -> Self {
        self.is_open = true;
        self
    }
}

const PAGES: [Member; 2] = [number("MaxResults"), text("NextToken")];
const LOGIN: [Member; 3] = [text("Provider"), text("Subject"), flag("Preview")];

pub(super) static ROUTES: [ControlRoute; 28] = [
    get("/health", &[], listings::health).open(),
    get("/openapi.json", &[], listings::openapi),
    get("/check", &[], listings::check),
    post("/reset", &[text("IdentityPoolId")], changes::reset),
    get(
        "/export",
        &[text("IdentityPoolId"), text("AccountId"), flag("History"), flag("Keys")],
        transfer::export,
    ),
    post("/import", &[text("IdentityPoolId"), text("AccountId"), text("Region")], transfer::import)
        .taking_body(),
    post("/explain", &[], listings::explain).taking_body(),
    get("/pools", &PAGES, listings::pools),
    get("/pools/{IdentityPoolId}", &[], listings::pool),
    get("/pools/{IdentityPoolId}/counts", &[], listings::counts),
    get(
        "/pools/{IdentityPoolId}/identities",
        &[
            PAGES[0],
            PAGES[1],
            text("State"),
            text("Provider"),
            number("CreatedFrom"),
            number("CreatedBefore"),
        ],
        listings::identities,
    ),
    get(
        "/pools/{IdentityPoolId}/logins",
        &[PAGES[0], PAGES[1], text("Provider"), text("SubjectPrefix")],
        listings::logins,
    ),
    get("/pools/{IdentityPoolId}/activity", &PAGES, listings::activity),
    post(
        "/identities",
        &[text("IdentityPoolId"), text("IdentityId"), list("Logins"), flag("Preview")],
        changes::create_identity,
    ),
    get("/identities/{IdentityId}", &[], listings::identity),
    get("/identities/{IdentityId}/history", &PAGES, listings::history),
    post("/identities/{IdentityId}/link", &LOGIN, changes::link),
    post("/identities/{IdentityId}/unlink", &LOGIN, changes::unlink),
    post("/identities/{IdentityId}/disable", &[flag("Preview")], changes::disable),
    post("/identities/{IdentityId}/delete", &[flag("Preview")], changes::delete),
    post("/undo", &[text("EventId"), flag("Preview")], changes::undo),
    post(
        "/find",
        &[text("IdentityPoolId"), text("Provider"), text("Subject"), text("Token")],
        listings::find,
    ),
    post("/token", &[text("Token")], listings::token),
    get("/events", &[text("After"), number("Wait")], events::events),
    get("/requests", &[number("After"), number("MaxResults")], recorded::requests),
    get("/requests/{RequestId}", &[], recorded::request),
    post("/clock", &[number("AdvanceSeconds")], changes::advance),
    post("/requests/clear", &[], recorded::clear),
];
