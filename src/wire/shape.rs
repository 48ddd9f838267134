//! Shapes of the service model, and the check of a body against one.

use std::borrow::Cow;

use crate::constraint::{Constraint, REDACTED, StringShape, Violation, Violations};
use crate::wire::Fault;
use crate::wire::json::Document;

/// The text for a list in the place of another type. The service was seen to answer so.
pub(super) const LIST_FOUND: &str = "Start of list found where not expected";

const OBJECT_FOUND: &str = "Start of structure or map found where not expected.";

type Entry<'a> = (Cow<'a, str>, Document<'a>);

/// The shape of a member.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Text(StringShape),
    /// One of a few texts.
    Enumeration(&'static [&'static str]),
    Boolean,
    /// A number. `type` is the service's name of its type with an article, for messages.
    Number {
        r#type: &'static str,
        min: i64,
        max: i64,
    },
    List {
        of: &'static Self,
        min: usize,
        max: Option<usize>,
    },
    Map {
        key: StringShape,
        value: &'static Self,
        max: Option<usize>,
    },
    Structure(&'static [Member]),
}

/// A member of a structure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) name: &'static str,
    required: bool,
    pub(super) shape: Shape,
}

pub(super) const fn required(name: &'static str, shape: Shape) -> Member {
    Member { name, required: true, shape }
}

pub(super) const fn optional(name: &'static str, shape: Shape) -> Member {
    Member { name, required: false, shape }
}

/// The most entries that are checked where the model gives no maximum: each can add a violation to
/// the reply.
const UNBOUNDED_MAX: usize = 1_000;

/// The violations that one reply lists. They are limited, so that a short request gets no long
/// reply.
#[derive(Debug, Default)]
pub(super) struct Failures {
    all: Vec<Violation>,
    length: usize,
}

/// The longest list of violations, and the longest value in it, in bytes: slightly more than the
/// longest text of a shape.
const FAILURES_LENGTH_MAX: usize = 256 * 1024;

/// The assumed length of a constraint's text, in bytes.
const CONSTRAINT_LENGTH: usize = 200;

impl Failures {
    pub(super) fn into_violations(self) -> Option<Violations> {
        Violations::of(self.all)
    }

    fn is_full(&self) -> bool {
        self.length >= FAILURES_LENGTH_MAX
    }

    fn push(&mut self, shown: impl FnOnce() -> Option<String>, path: &str, failed: Constraint) {
        if self.is_full() {
            return;
        }
        let shown = shown().map(shorten);
        let length = shown.as_ref().map_or(0, String::len).saturating_add(path.len());
        self.length = self.length.saturating_add(length).saturating_add(CONSTRAINT_LENGTH);
        self.all.push(Violation::new(shown, path, failed));
    }
}

fn shorten(mut shown: String) -> String {
    if shown.len() > FAILURES_LENGTH_MAX {
        let mut ends = (0..=FAILURES_LENGTH_MAX).rev();
        shown.truncate(ends.find(|end| shown.is_char_boundary(*end)).unwrap_or_default());
        shown.push_str("...");
        shown.shrink_to_fit();
    }
    shown
}

fn too_many_entries() -> Fault {
    Fault::serialization("Too many entries in a list or map")
}

/// The number of entries that a body has room for where the model gives no maximum. Quotas are
/// lower.
const ENTRIES_ASSUMED: usize = 100;

impl Shape {
    /// The length of a value's longest JSON, with two escapes for each character.
    pub(super) const fn json_length_max(&self) -> usize {
        match self {
            Self::Text(shape) => text_length_max(shape),
            Self::Enumeration(_) => 64,
            Self::Boolean => 5,
            Self::Number { .. } => 20,
            Self::List { of, max, .. } => {
                let item = of.json_length_max().saturating_add(1);
                entries_max(*max).saturating_mul(item).saturating_add(2)
            }
            Self::Map { key, value, max } => {
                let entry = text_length_max(key).saturating_add(value.json_length_max());
                entries_max(*max).saturating_mul(entry.saturating_add(2)).saturating_add(2)
            }
            Self::Structure(members) => {
                let mut length: usize = 2;
                let mut rest = *members;
                while let Some((member, others)) = rest.split_first() {
                    let value = member.shape.json_length_max();
                    length = length.saturating_add(member.name.len().saturating_add(4));
                    length = length.saturating_add(value);
                    rest = others;
                }
                length
            }
        }
    }

    /// Adds the violations of `value`. A list or map with too many entries is one violation.
    ///
    /// # Errors
    ///
    /// A value of another type ends the check.
    pub(super) fn check(
        &self,
        value: &Document<'_>,
        path: &str,
        failures: &mut Failures,
    ) -> Result<(), Fault> {
        match (self, value) {
            (Self::Text(shape), Document::Text(text)) => {
                for failed in shape.failed_by(text) {
                    failures.push(|| Some(shape.echo(text)), path, failed);
                }
            }
            (Self::Enumeration(values), Document::Text(text)) => {
                if !values.contains(&&**text) {
                    let failed = Constraint::Enumeration(values);
                    failures.push(|| Some(text.to_string()), path, failed);
                }
            }
            (Self::Boolean, Document::Boolean(_)) => {}
            (Self::Number { min, max, .. }, Document::Integer(number)) => {
                if number < min {
                    failures.push(
                        || Some(number.to_string()),
                        path,
                        Constraint::ValueAtLeast(*min),
                    );
                }
                if number > max {
                    failures.push(|| Some(number.to_string()), path, Constraint::ValueAtMost(*max));
                }
            }
            (Self::List { max: None, .. }, Document::List(items))
                if items.len() > UNBOUNDED_MAX =>
            {
                return Err(too_many_entries());
            }
            (Self::Map { max: None, .. }, Document::Object(entries))
                if entries.len() > UNBOUNDED_MAX =>
            {
                return Err(too_many_entries());
            }
            (Self::List { of, min, max }, Document::List(items)) => {
                let shown = || Some(of.echo_list(items));
                if items.len() < *min {
                    failures.push(shown, path, Constraint::LengthAtLeast(*min));
                }
                match max.filter(|max| items.len() > *max) {
                    Some(max) => failures.push(shown, path, Constraint::LengthAtMost(max)),
                    None => of.check_items(items, path, failures)?,
                }
            }
            (Self::Map { key, value, max }, Document::Object(entries)) => {
                let shown = || Some(echo_map(key, value, entries));
                if let Some(max) = max.filter(|max| entries.len() > *max) {
                    failures.push(shown, path, Constraint::LengthAtMost(max));
                    return Ok(());
                }
                if entries.iter().any(|(name, _)| !key.failed_by(name).is_empty()) {
                    failures.push(shown, path, Constraint::MapKeys(key.listed()));
                }
                value.check_entries((key, entries), path, failures)?;
            }
            (Self::Structure(members), Document::Object(_)) => {
                check_members(members, value, path, failures)?;
            }
            (_, other) => return Err(self.mistyped(other)),
        }
        Ok(())
    }

    /// Texts share one violation. Values under an invalid key are not checked.
    fn check_entries(
        &self,
        (key, entries): (&StringShape, &[Entry<'_>]),
        path: &str,
        failures: &mut Failures,
    ) -> Result<(), Fault> {
        let shown = || Some(echo_map(key, self, entries));
        if entries.iter().any(|(_, entry)| entry.is_null()) {
            failures.push(shown, path, Constraint::MapValues(vec![Constraint::NotNull]));
        }
        let present = entries.iter().filter(|(_, entry)| !entry.is_null());
        let Self::Text(shape) = self else {
            for (name, entry) in present.filter(|(name, _)| key.failed_by(name).is_empty()) {
                self.check(entry, &format!("{path}.{name}.member"), failures)?;
            }
            return Ok(());
        };
        let mut failed = false;
        for (_, entry) in present {
            let text = entry.text().ok_or_else(|| self.mistyped(entry))?;
            failed |= !shape.failed_by(text).is_empty();
        }
        if failed {
            failures.push(shown, path, Constraint::MapValues(shape.listed()));
        }
        Ok(())
    }

    fn check_items(
        &self,
        items: &[Document<'_>],
        path: &str,
        failures: &mut Failures,
    ) -> Result<(), Fault> {
        let Self::Text(shape) = self else {
            for (item, number) in items.iter().zip(1_usize..) {
                let path = format!("{path}.{number}.member");
                if item.is_null() {
                    failures.push(|| None, &path, Constraint::NotNull);
                } else {
                    self.check(item, &path, failures)?;
                }
            }
            return Ok(());
        };
        let shown = || Some(self.echo_list(items));
        let mut failed = false;
        for item in items.iter().filter(|item| !item.is_null()) {
            let text = item.text().ok_or_else(|| self.mistyped(item))?;
            failed |= !shape.failed_by(text).is_empty();
        }
        if items.iter().any(Document::is_null) {
            let failed = Constraint::Elements(vec![Constraint::NotNull]);
            failures.push(shown, path, failed);
        }
        if failed {
            failures.push(shown, path, Constraint::Elements(shape.listed()));
        }
        Ok(())
    }

    /// The fault for a value of another type, in the words of services of the same framework.
    fn mistyped(&self, value: &Document<'_>) -> Fault {
        let token = match value {
            Document::List(_) => return Fault::serialization(LIST_FOUND),
            Document::Object(_) => return Fault::serialization(OBJECT_FOUND),
            Document::Null => "NULL_VALUE",
            Document::Boolean(true) => "TRUE_VALUE",
            Document::Boolean(false) => "FALSE_VALUE",
            // Those services cut fractions off, so they have no word for this.
            Document::Decimal if matches!(self, Self::Number { .. }) => "DECIMAL_VALUE",
            Document::Integer(_) | Document::Decimal => "NUMBER_VALUE",
            Document::Text(_) => "STRING_VALUE",
        };
        let wanted = match self {
            Self::List { .. } => return Fault::serialization("Expected list or null"),
            Self::Map { .. } => return Fault::serialization("Expected map or null"),
            Self::Structure(_) => return Fault::serialization("Expected null"),
            Self::Text(_) | Self::Enumeration(_) => "a String",
            // Both articles were seen: this one with a text, the other with a number.
            Self::Boolean if value.text().is_some() => "an Boolean",
            Self::Boolean => "a Boolean",
            Self::Number { r#type, .. } => r#type,
        };
        Fault::serialization(format!("{token} can not be converted to {wanted}"))
    }

    fn echo_list(&self, items: &[Document<'_>]) -> String {
        let shown = items.iter().take(ECHOED_MAX).map(|item| self.echo(item));
        format!("[{}]", joined(shown, items.len()))
    }

    /// The spelling of a value inside another one.
    fn echo(&self, value: &Document<'_>) -> String {
        match (self, value) {
            (Self::Text(shape), Document::Text(text)) => shape.echo(text),
            (_, Document::Null) => "null".to_owned(),
            _ => "...".to_owned(),
        }
    }
}

/// Checks a structure. A path has the names of members with a lower-case first letter.
pub(super) fn check_members(
    members: &[Member],
    value: &Document<'_>,
    path: &str,
    failures: &mut Failures,
) -> Result<(), Fault> {
    for member in members {
        let present = value.member(member.name);
        if !present.is_null() {
            member.shape.check(present, &path_of(path, member.name), failures)?;
        } else if member.required {
            failures.push(|| None, &path_of(path, member.name), Constraint::NotNull);
        }
    }
    Ok(())
}

fn path_of(structure: &str, member: &str) -> String {
    let dot = if structure.is_empty() { "" } else { "." };
    let (first, rest) = member.split_at_checked(1).unwrap_or_default();
    [structure, dot, &first.to_ascii_lowercase(), rest].concat()
}

const fn entries_max(max: Option<usize>) -> usize {
    match max {
        Some(max) => max,
        None => ENTRIES_ASSUMED,
    }
}

const fn text_length_max(shape: &StringShape) -> usize {
    shape.length_max.saturating_mul(12).saturating_add(2)
}

/// The map as Java prints it.
fn echo_map(key: &StringShape, value: &Shape, entries: &[Entry<'_>]) -> String {
    // A key that is too long is likely to be the secret, in the wrong place.
    let secret = matches!(value, Shape::Text(shape) if shape.sensitive);
    let shown = entries.iter().take(ECHOED_MAX).map(|(name, entry)| {
        let hidden = secret && name.chars().nth(key.length_max).is_some();
        format!("{}={}", if hidden { REDACTED } else { name }, value.echo(entry))
    });
    format!("{{{}}}", joined(shown, entries.len()))
}

/// The most entries of a list or a map that a message shows. Quotas are lower.
const ECHOED_MAX: usize = 1_000;

/// The shown entries, and an ellipsis if there are more.
fn joined(shown: impl Iterator<Item = String>, entries: usize) -> String {
    let more = (entries > ECHOED_MAX).then(|| "...".to_owned());
    shown.chain(more).collect::<Vec<_>>().join(", ")
}
