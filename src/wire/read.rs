//! Parses a body along the shape of an operation's input.
//!
//! The parser skips members that the shape does not know, and the contents of a list or an object
//! in the place of another type. The whole body has to be JSON all the same.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::wire::Fault;
use crate::wire::json::Document;
use crate::wire::shape::{LIST_FOUND, Member, Shape};

/// The most values that the parser builds. The largest valid input has about 20,000: ten role
/// mappings with 400 rules each.
pub(super) const VALUES_MAX: usize = 32 * 1024;

/// Parses a body, which has to be an object. Values may nest 128 deep.
pub(super) fn read<'de>(
    body: &'de [u8],
    members: &'static [Member],
) -> Result<Document<'de>, Fault> {
    let (shape, built) = (Shape::Structure(members), Cell::new(0));
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = Reader { shape: &shape, built: &built }.deserialize(&mut json);
    match read.and_then(|document| json.end().map(|()| document)) {
        Ok(object @ Document::Object(_)) => Ok(object),
        Ok(Document::List(_)) => Err(Fault::serialization(LIST_FOUND)),
        Ok(_) => Err(Fault::serialization("The request body is not a JSON object")),
        Err(_) if built.get() > VALUES_MAX => {
            Err(Fault::serialization("The request body has too many values"))
        }
        Err(_) => Err(Fault::serialization("The request body is not valid JSON")),
    }
}

/// Reads the value of one shape.
#[derive(Clone, Copy)]
struct Reader<'a> {
    shape: &'a Shape,
    /// The number of values built so far.
    built: &'a Cell<usize>,
}

impl<'a> Reader<'a> {
    fn of(self, shape: &'a Shape) -> Self {
        Self { shape, ..self }
    }

    fn text<'de>(self, text: &str, kept: impl FnOnce() -> Cow<'de, str>) -> Document<'de> {
        let word = if matches!(self.shape, Shape::Boolean) { boolean(text) } else { None };
        word.map_or_else(|| Document::Text(kept()), Document::Boolean)
    }

    /// The last of several members of one name counts.
    fn structure<'de, A: MapAccess<'de>>(
        self,
        members: &'a [Member],
        mut entries: A,
    ) -> Result<Document<'de>, A::Error> {
        let mut known: Vec<(Cow<'de, str>, Document<'de>)> = Vec::new();
        while let Some(member) = entries.next_key_seed(MemberName(members))? {
            let Some(member) = member else {
                entries.next_value::<Skipped>()?;
                continue;
            };
            let value = entries.next_value_seed(self.of(&member.shape))?;
            match known.iter_mut().find(|(name, _)| *name == member.name) {
                Some((_, earlier)) => *earlier = value,
                None => known.push((Cow::Borrowed(member.name), value)),
            }
        }
        Ok(Document::Object(known))
    }

    /// The last of several entries of one name counts.
    fn map<'de, A: MapAccess<'de>>(self, mut entries: A) -> Result<Document<'de>, A::Error> {
        let mut built = Vec::new();
        while let Some(name) = entries.next_key_seed(EntryName)? {
            built.push((name, entries.next_value_seed(self)?));
        }
        keep_last(&mut built);
        Ok(Document::Object(built))
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Document<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Document<'de>, D::Error> {
        let built = self.built.get().saturating_add(1);
        self.built.set(built);
        if built > VALUES_MAX {
            return Err(D::Error::custom("too many values"));
        }
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Document<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Document<'de>, E> {
        Ok(Document::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Document<'de>, E> {
        Ok(Document::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Document<'de>, E> {
        Ok(Document::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Document<'de>, E> {
        Ok(Document::Integer(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Document<'de>, E> {
        Ok(number(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Document<'de>, E> {
        Ok(self.text(text, || Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Document<'de>, E> {
        Ok(self.text(text, || Cow::Borrowed(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Document<'de>, A::Error> {
        let mut list = Vec::new();
        if let Shape::List { of, .. } = self.shape {
            while let Some(item) = items.next_element_seed(self.of(of))? {
                list.push(item);
            }
        } else {
            Skipped.visit_seq(items)?;
        }
        Ok(Document::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Document<'de>, A::Error> {
        match self.shape {
            Shape::Structure(members) => self.structure(members, entries),
            Shape::Map { value, .. } => self.of(value).map(entries),
            Shape::Text(_)
            | Shape::Enumeration(_)
            | Shape::Boolean
            | Shape::Number { .. }
            | Shape::List { .. } => {
                Skipped.visit_map(entries).map(|_| Document::Object(Vec::new()))
            }
        }
    }
}

/// The words of the framework for true and false, in any case.
fn boolean(text: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 5]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_one_of(["true", "yes", "y", "t", "1"]) {
        Some(true)
    } else {
        is_one_of(["false", "no", "n", "f", "0"]).then_some(false)
    }
}

/// A number without a fraction is an integer in every spelling: `10.0`, `1e1`. A number beyond the
/// integers counts as the largest, which is beyond the bounds of every shape too.
fn number<'de>(value: f64) -> Document<'de> {
    if value.fract() != 0.0 {
        return Document::Decimal;
    }
    let largest = if value < 0.0 { i64::MIN } else { i64::MAX };
    Document::Integer(format!("{value:.0}").parse().unwrap_or(largest))
}

fn keep_last(entries: &mut Vec<(Cow<'_, str>, Document<'_>)>) {
    if entries.len() < 2 {
        return;
    }
    let mut names = BTreeSet::new();
    let last: Vec<bool> = entries.iter().rev().map(|(name, _)| names.insert(name)).collect();
    let mut last = last.into_iter().rev();
    entries.retain(|_| last.next() == Some(true));
}

/// Finds the member of a structure by its name, if the structure has it.
struct MemberName<'a>(&'a [Member]);

impl<'de, 'a> DeserializeSeed<'de> for MemberName<'a> {
    type Value = Option<&'a Member>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for MemberName<'a> {
    type Value = Option<&'a Member>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|member| member.name == name))
    }
}

/// The name of an entry of a map.
struct EntryName;

impl<'de> DeserializeSeed<'de> for EntryName {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for EntryName {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }
}

/// A value that is parsed and dropped. Unlike [`IgnoredAny`](serde::de::IgnoredAny) it is checked
/// like any other: its depth, its numbers, and that its texts are Unicode.
struct Skipped;

impl<'de> Deserialize<'de> for Skipped {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Skipped {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        while entries.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
