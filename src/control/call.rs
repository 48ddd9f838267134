//! A request to the control plane, with its members.

use ::http::{Method, Request};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use crate::control::answer::Denied;

/// The form of a kind of request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) method: &'static str,
    /// The path below `/_cognate`. A part in braces is a member.
    pub(super) path: &'static str,
    pub(super) members: &'static [Member],
    /// Whether the body is something else than JSON with the members.
    pub(super) takes_body: bool,
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

impl Member {
    pub(super) const fn text(name: &'static str) -> Self {
        Self { name, kind: Kind::Text }
    }

    pub(super) const fn number(name: &'static str) -> Self {
        Self { name, kind: Kind::Number }
    }

    pub(super) const fn flag(name: &'static str) -> Self {
        Self { name, kind: Kind::Flag }
    }

    pub(super) const fn list(name: &'static str) -> Self {
        Self { name, kind: Kind::List }
    }
}

impl Form {
    pub(super) const fn get(path: &'static str, members: &'static [Member]) -> Self {
        Self { method: "GET", path, members, takes_body: false }
    }

    pub(super) const fn post(path: &'static str, members: &'static [Member]) -> Self {
        Self { method: "POST", path, members, takes_body: false }
    }

    /// The same for a body that is something else than JSON with the members.
    pub(super) const fn taking_body(self) -> Self {
        Self { takes_body: true, ..self }
    }

    pub(super) fn is_for(&self, method: &Method) -> bool {
        let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
        self.method == method
    }

    /// The members in a path of this form.
    pub(super) fn members_of(&self, path: &str) -> Option<Map<String, Value>> {
        let mut members = Map::new();
        let (mut parts, mut given) = (self.path.split('/'), path.split('/'));
        loop {
            match (parts.next(), given.next()) {
                (None, None) => return Some(members),
                (Some(part), Some(given)) => {
                    match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                        Some(name) if !given.is_empty() => {
                            members.insert(name.to_owned(), decoded(given)?.into());
                        }
                        _ if part == given => {}
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
    }

    fn member(&self, name: &str) -> Result<Member, Denied> {
        let known = self.members.iter().find(|member| member.name == name);
        known.copied().ok_or_else(|| {
            let names: Vec<&str> = self.members.iter().map(|member| member.name).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let shown: String = name.chars().take(64).collect();
            Denied::invalid(format!("Unknown member '{shown}'. Known are: {names}"))
        })
    }
}

/// A request with its members.
pub(super) struct Call<'r> {
    pub(super) request: &'r Request<Bytes>,
    members: Map<String, Value>,
}

impl<'r> Call<'r> {
    /// `path` is the path below `/_cognate`, and fits the form.
    pub(super) fn of(request: &'r Request<Bytes>, path: &str, form: &Form) -> Result<Self, Denied> {
        let mut members = form.members_of(path).ok_or_else(Denied::nothing_there)?;
        read_query(form, request.uri().query().unwrap_or_default(), &mut members)?;
        if form.method == "POST" && !form.takes_body {
            read_body(form, request.body(), &mut members)?;
        }
        Ok(Self { request, members })
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    /// A text that the request must have.
    pub(super) fn required(&self, name: &str) -> Result<&str, Denied> {
        self.text(name).ok_or_else(|| Denied::invalid(format!("The member {name} is missing")))
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.members.get(name)?.as_u64()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.members.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// The members as the input of an operation. Its constraints are checked by the operation.
    pub(super) fn input<I: DeserializeOwned>(&self) -> Result<I, Denied> {
        let mut members = self.members.clone();
        members.remove("Preview");
        let input = serde_json::from_value(Value::Object(members));
        input.map_err(|error| Denied::invalid(error.to_string()))
    }

    /// The same for a page of a listing, which has 60 entries unless the request says otherwise.
    pub(super) fn page<I: DeserializeOwned>(&self) -> Result<I, Denied> {
        const PAGE: u8 = 60;

        let mut members = self.members.clone();
        members.entry("MaxResults").or_insert_with(|| PAGE.into());
        let input = serde_json::from_value(Value::Object(members));
        input.map_err(|error| Denied::invalid(error.to_string()))
    }
}

/// A part of a path without percent encoding. `None` if it is not UTF-8.
fn decoded(part: &str) -> Option<String> {
    let decoded = percent_encoding::percent_decode_str(part).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

fn wrong_type(member: Member) -> Denied {
    let kind = match member.kind {
        Kind::Text => "a text",
        Kind::Number => "a whole number",
        Kind::Flag => "true or false",
        Kind::List => "a list in a body of JSON",
    };
    Denied::invalid(format!("The member {} must be {kind}", member.name))
}

fn insert(members: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), Denied> {
    match members.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(Denied::invalid(format!("The member {name} is there twice"))),
    }
}

fn read_query(form: &Form, query: &str, members: &mut Map<String, Value>) -> Result<(), Denied> {
    for (name, text) in form_urlencoded::parse(query.as_bytes()) {
        let member = form.member(&name)?;
        let value = from_text(member.kind, &text).ok_or_else(|| wrong_type(member))?;
        insert(members, member.name, value)?;
    }
    Ok(())
}

fn from_text(kind: Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Text => Some(text.into()),
        Kind::Number => {
            let whole = text.parse::<u64>().ok().map(Number::from);
            let number = whole.or_else(|| Number::from_f64(text.parse().ok()?))?;
            Some(Value::Number(number))
        }
        Kind::Flag => text.parse::<bool>().ok().map(Value::from),
        Kind::List => None,
    }
}

fn read_body(form: &Form, body: &[u8], members: &mut Map<String, Value>) -> Result<(), Denied> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let no_object = |_| Denied::invalid("The body must be one JSON object");
    let given: Map<String, Value> = serde_json::from_slice(body).map_err(no_object)?;
    for (name, value) in given {
        let member = form.member(&name)?;
        let fits = match member.kind {
            Kind::Text => value.is_string(),
            Kind::Number => value.is_number(),
            Kind::Flag => value.is_boolean(),
            Kind::List => value.is_array(),
        };
        if !fits {
            return Err(wrong_type(member));
        }
        insert(members, member.name, value)?;
    }
    Ok(())
}
