//! Shapes of the service model, and the check of a body against one.

use crate::constraint::{Constraint, REDACTED, StringShape, Violation};
use crate::wire::Fault;
use crate::wire::json::Document;

/// The shape of a member.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Text(StringShape),
    /// A text out of a few.
    Enumeration(&'static [&'static str]),
    Boolean,
    /// A number; the service's name of its type is part of a message.
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
    name: &'static str,
    required: bool,
    shape: Shape,
}

pub(super) const fn required(name: &'static str, shape: Shape) -> Member {
    Member { name, required: true, shape }
}

pub(super) const fn optional(name: &'static str, shape: Shape) -> Member {
    Member { name, required: false, shape }
}

/// The most entries that are looked at where the model gives no maximum: each can fail, and be
/// told.
const UNBOUNDED_MAX: usize = 1_000;

fn too_many_entries() -> Fault {
    Fault::serialization("Too many entries in a list or map")
}

/// The entries that a body has room for where the model gives no maximum; quotas end before.
const ENTRIES_ASSUMED: usize = 100;

impl Shape {
    /// The longest JSON of a value: each character as two escapes.
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

    /// Adds what `value` fails.
    ///
    /// # Errors
    ///
    /// A value of another type ends the check.
    pub(super) fn check(
        &self,
        value: &Document,
        path: &str,
        violations: &mut Vec<Violation>,
    ) -> Result<(), Fault> {
        let mut fail = |shown: String, failed: Constraint| {
            violations.push(Violation::new(Some(shown), path, failed));
        };
        match (self, value) {
            (Self::Text(shape), Document::Text(text)) => {
                for failed in shape.failed_by(text) {
                    fail(shape.echo(text), failed);
                }
            }
            (Self::Enumeration(values), Document::Text(text)) => {
                if !values.contains(&text.as_str()) {
                    fail(text.clone(), Constraint::Enumeration(values));
                }
            }
            (Self::Boolean, Document::Boolean(_)) => {}
            (Self::Number { min, max, .. }, Document::Integer(number)) => {
                if number < min {
                    fail(number.to_string(), Constraint::ValueAtLeast(*min));
                }
                if number > max {
                    fail(number.to_string(), Constraint::ValueAtMost(*max));
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
                if items.len() < *min {
                    fail(of.echo_list(items), Constraint::LengthAtLeast(*min));
                }
                if let Some(max) = max.filter(|max| items.len() > *max) {
                    fail(of.echo_list(items), Constraint::LengthAtMost(max));
                }
                of.check_items(items, path, violations)?;
            }
            (Self::Map { key, value, max }, Document::Object(entries)) => {
                let shown = || echo_map(key, value, entries);
                if let Some(max) = max.filter(|max| entries.len() > *max) {
                    fail(shown(), Constraint::LengthAtMost(max));
                }
                if entries.iter().any(|(name, _)| !key.failed_by(name).is_empty()) {
                    fail(shown(), Constraint::MapKeys(key.listed()));
                }
                value.check_entries(entries, path, shown, violations)?;
            }
            (Self::Structure(members), Document::Object(_)) => {
                check_members(members, value, path, violations)?;
            }
            (wanted, other) => {
                return Err(Fault::serialization(other.unexpected(wanted.type_name())));
            }
        }
        Ok(())
    }

    /// Of texts the first that fails says so for all of them.
    fn check_entries(
        &self,
        entries: &[(String, Document)],
        path: &str,
        shown: impl Fn() -> String,
        violations: &mut Vec<Violation>,
    ) -> Result<(), Fault> {
        let mut fail = |failed: Vec<Constraint>| {
            violations.push(Violation::new(Some(shown()), path, Constraint::MapValues(failed)));
        };
        if entries.iter().any(|(_, entry)| entry.is_null()) {
            fail(vec![Constraint::NotNull]);
        }
        let present = entries.iter().filter(|(_, entry)| !entry.is_null());
        let Self::Text(shape) = self else {
            for (name, entry) in present {
                self.check(entry, &format!("{path}.{name}.member"), violations)?;
            }
            return Ok(());
        };
        let mut failed = false;
        for (_, entry) in present {
            failed |= !shape.failed_by(entry.text()?).is_empty();
        }
        if failed {
            fail(shape.listed());
        }
        Ok(())
    }

    fn check_items(
        &self,
        items: &[Document],
        path: &str,
        violations: &mut Vec<Violation>,
    ) -> Result<(), Fault> {
        let Self::Text(shape) = self else {
            for (item, number) in items.iter().zip(1_usize..) {
                self.check(item, &format!("{path}.{number}.member"), violations)?;
            }
            return Ok(());
        };
        let mut fail = |failed: Vec<Constraint>| {
            let shown = self.echo_list(items);
            violations.push(Violation::new(Some(shown), path, Constraint::Elements(failed)));
        };
        let mut failed = false;
        let mut nulls = false;
        for item in items {
            if item.is_null() {
                nulls = true;
            } else {
                failed |= !shape.failed_by(item.text()?).is_empty();
            }
        }
        if nulls {
            fail(vec![Constraint::NotNull]);
        }
        if failed {
            fail(shape.listed());
        }
        Ok(())
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Enumeration(_) => "String",
            Self::Boolean => "Boolean",
            Self::Number { r#type, .. } => r#type,
            Self::List { .. } => "list",
            Self::Map { .. } | Self::Structure(_) => "structure or map",
        }
    }

    fn echo_list(&self, items: &[Document]) -> String {
        let shown: Vec<_> = items.iter().map(|item| self.echo(item)).collect();
        format!("[{}]", shown.join(", "))
    }

    /// What stands for a value inside another one.
    fn echo(&self, value: &Document) -> String {
        match (self, value) {
            (Self::Text(shape), Document::Text(text)) => shape.echo(text),
            (_, Document::Null) => "null".to_owned(),
            _ => "...".to_owned(),
        }
    }
}

/// Checks a structure; each path is the names of its members with a lower-case first letter.
pub(super) fn check_members(
    members: &[Member],
    value: &Document,
    path: &str,
    violations: &mut Vec<Violation>,
) -> Result<(), Fault> {
    for member in members {
        let dot = if path.is_empty() { "" } else { "." };
        let path = format!("{path}{dot}{}", lower_first(member.name));
        let present = value.member(member.name);
        if !present.is_null() {
            member.shape.check(present, &path, violations)?;
        } else if member.required {
            violations.push(Violation::new(None, &path, Constraint::NotNull));
        }
    }
    Ok(())
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

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

/// As Java prints a map.
fn echo_map(key: &StringShape, value: &Shape, entries: &[(String, Document)]) -> String {
    let shown: Vec<_> = entries
        .iter()
        .map(|(name, entry)| {
            let shown = value.echo(entry);
            // What is too long beside a secret is likely to be one, in the wrong place.
            let secret = matches!(value, Shape::Text(shape) if shape.sensitive);
            let hidden = secret && name.chars().nth(key.length_max).is_some();
            format!("{}={shown}", if hidden { REDACTED } else { name })
        })
        .collect();
    format!("{{{}}}", shown.join(", "))
}
