//! The routes below `/_cognate/`.

use ::http::Method;

use crate::control::Control;
use crate::control::answer::{Answer, Denied};
use crate::control::call::{Call, Form, Member};
use crate::control::{changes, events, listings, requests, transfer};

/// A kind of request below `/_cognate/`, and its answer.
pub(super) struct ControlRoute {
    pub(super) form: Form,
    /// Whether it needs no token.
    pub(super) is_open: bool,
    pub(super) run: Run,
}

type Run = fn(&Control, &Call<'_>) -> Result<Answer, Denied>;

/// The route of a path below `/_cognate`.
pub(super) fn find(method: &Method, path: &str) -> Result<&'static ControlRoute, Denied> {
    let mut fitting = ROUTES.iter().filter(|route| route.form.members_of(path).is_some());
    let found = fitting.clone().find(|route| route.form.is_for(method));
    found.ok_or_else(|| match fitting.next() {
        Some(other) if other.form.method == "GET" => Denied::Method("GET, HEAD"),
        Some(_) => Denied::Method("POST"),
        None => Denied::nothing_there(),
    })
}

const fn route(form: Form, run: Run) -> ControlRoute {
    ControlRoute { form, is_open: false, run }
}

const fn get(path: &'static str, members: &'static [Member], run: Run) -> ControlRoute {
    route(Form::get(path, members), run)
}

const fn post(path: &'static str, members: &'static [Member], run: Run) -> ControlRoute {
    route(Form::post(path, members), run)
}

const fn text(name: &'static str) -> Member {
    Member::text(name)
}

const fn number(name: &'static str) -> Member {
    Member::number(name)
}

const fn flag(name: &'static str) -> Member {
    Member::flag(name)
}

const PAGES: [Member; 2] = [number("MaxResults"), text("NextToken")];
const LOGIN: [Member; 3] = [text("Provider"), text("Subject"), flag("Preview")];

pub(super) static ROUTES: [ControlRoute; 28] = [
    ControlRoute { is_open: true, ..get("/health", &[], listings::health) },
    get("/openapi.json", &[], listings::openapi),
    get("/check", &[], listings::check),
    post("/reset", &[text("IdentityPoolId")], changes::reset),
    route(transfer::EXPORT, transfer::export),
    route(transfer::IMPORT, transfer::import),
    route(Form::post("/explain", &[]).taking_body(), listings::explain),
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
        &[text("IdentityPoolId"), text("IdentityId"), Member::list("Logins"), flag("Preview")],
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
    get("/requests", &[number("After"), number("MaxResults")], requests::requests),
    get("/requests/{RequestId}", &[], requests::request),
    post("/clock", &[number("AdvanceSeconds")], changes::advance),
    post("/requests/clear", &[], requests::clear),
];
