//! The body as it is read before anything is known about its shape.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{Deserialize, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use crate::wire::Fault;

/// JSON, with the members of each object in their order. Of members of one name the last counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Document {
    Null,
    Boolean(bool),
    Integer(i64),
    /// A number that is no integer, or too large for one.
    OtherNumber,
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Document {
    /// Reads a body, which has to be an object. What nests deeper than 128 is refused.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Fault> {
        match serde_json::from_slice(body) {
            Ok(object @ Self::Object(_)) => Ok(object),
            Ok(other) => Err(Fault::serialization(other.unexpected("structure or map"))),
            Err(_) => Err(Fault::serialization("The request body is not valid JSON")),
        }
    }

    pub(super) fn member(&self, name: &str) -> &Self {
        let Self::Object(members) = self else { return &Self::Null };
        members.iter().find(|(known, _)| known == name).map_or(&Self::Null, |(_, value)| value)
    }

    pub(super) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// The text of a value that has to be one.
    pub(super) fn text(&self) -> Result<&str, Fault> {
        if let Self::Text(text) = self {
            return Ok(text);
        }
        Err(Fault::serialization(self.unexpected("String")))
    }

    /// The text for a value of another type than `wanted`.
    pub(super) fn unexpected(&self, wanted: &str) -> String {
        let token = match self {
            Self::List(_) => return "Start of list found where not expected".to_owned(),
            Self::Object(_) => {
                return "Start of structure or map found where not expected".to_owned();
            }
            Self::Null => "NULL_VALUE",
            Self::Boolean(true) => "TRUE_VALUE",
            Self::Boolean(false) => "FALSE_VALUE",
            Self::Integer(_) => "NUMBER_VALUE",
            Self::OtherNumber => "DECIMAL_VALUE",
            Self::Text(_) => "STRING_VALUE",
        };
        format!("{token} can not be converted to a {wanted}")
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Document;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Document, E> {
                Ok(Document::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Document, E> {
                Ok(Document::Boolean(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Document, E> {
                Ok(Document::Integer(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Document, E> {
                Ok(i64::try_from(value).map_or(Document::OtherNumber, Document::Integer))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Document, E> {
                Ok(Document::OtherNumber)
            }

            fn visit_str<E>(self, value: &str) -> Result<Document, E> {
                Ok(Document::Text(value.to_owned()))
            }

            fn visit_string<E>(self, value: String) -> Result<Document, E> {
                Ok(Document::Text(value))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Document, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Document::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Document, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = entries.next_entry()? {
                    members.push(member);
                }
                keep_last(&mut members);
                Ok(Document::Object(members))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

fn keep_last(members: &mut Vec<(String, Document)>) {
    let mut names = BTreeSet::new();
    let last: Vec<bool> = members.iter().rev().map(|(name, _)| names.insert(name)).collect();
    let mut last = last.into_iter().rev();
    members.retain(|_| last.next() == Some(true));
}

/// So that an input can be read from it; a member that is null counts as absent.
impl<'de> Deserializer<'de> for &'de Document {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Document::Null => visitor.visit_unit(),
            Document::Boolean(value) => visitor.visit_bool(*value),
            Document::Integer(value) => visitor.visit_i64(*value),
            Document::OtherNumber => visitor.visit_f64(f64::NAN),
            Document::Text(value) => visitor.visit_borrowed_str(value),
            Document::List(items) => visitor.visit_seq(SeqDeserializer::new(items.iter())),
            Document::Object(members) => {
                let present = members.iter().filter(|(_, value)| !value.is_null());
                let present = present.map(|(name, value)| (name.as_str(), value));
                visitor.visit_map(MapDeserializer::new(present))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    /// A word of a few.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Document::Text(word) = self else { return self.deserialize_any(visitor) };
        visitor.visit_enum(word.as_str().into_deserializer())
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de> for &'de Document {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(body: &[u8]) -> String {
        Document::parse(body).expect_err("refused").message().to_owned()
    }

    #[test]
    fn a_body_is_one_object() {
        assert_eq!(fault(b"[]"), "Start of list found where not expected");
        assert_eq!(fault(b"1"), "NUMBER_VALUE can not be converted to a structure or map");
        for body in [b"".as_slice(), b"{", b"{}x", b"{\"a\":\xff}"] {
            assert_eq!(fault(body), "The request body is not valid JSON");
        }
        let deep = [vec![b'['; 1_000_000], vec![b']'; 1_000_000]].concat();
        assert_eq!(fault(&deep), "The request body is not valid JSON");
    }

    #[test]
    fn the_last_member_of_a_name_counts() {
        let body = br#"{"a": 1, "b": 2, "a": null, "b": 3, "a": 4}"#;
        let document = Document::parse(body).expect("an object");
        assert_eq!(document.member("a"), &Document::Integer(4));
        assert_eq!(document.member("b"), &Document::Integer(3));
        assert_eq!(document.member("c"), &Document::Null);
    }

    #[test]
    fn numbers_that_are_no_integers_are_kept_apart() {
        let body = br#"{"a": 1.5, "b": 18446744073709551615, "c": 1e2, "d": -7}"#;
        let document = Document::parse(body).expect("an object");
        for name in ["a", "b", "c"] {
            assert_eq!(document.member(name), &Document::OtherNumber, "{name}");
        }
        assert_eq!(document.member("d"), &Document::Integer(-7));
    }
}
