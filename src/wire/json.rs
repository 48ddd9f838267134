//! A parsed body, and the deserializer that reads inputs from it.

use std::borrow::Cow;

use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};

/// A JSON value. Objects keep the order of their members.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Document<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    /// A number with a fraction.
    Decimal,
    Text(Cow<'a, str>),
    List(Vec<Self>),
    Object(Vec<(Cow<'a, str>, Self)>),
}

impl Document<'_> {
    pub(super) fn member(&self, name: &str) -> &Self {
        let Self::Object(members) = self else { return &Self::Null };
        members.iter().find(|(known, _)| known == name).map_or(&Self::Null, |(_, value)| value)
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// Reads an input. A member that is null counts as absent.
impl<'de> Deserializer<'de> for &'de Document<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Document::Null => visitor.visit_unit(),
            Document::Boolean(value) => visitor.visit_bool(*value),
            Document::Integer(value) => visitor.visit_i64(*value),
            Document::Decimal => visitor.visit_f64(f64::NAN),
            Document::Text(value) => visitor.visit_borrowed_str(value),
            Document::List(items) => visitor.visit_seq(SeqDeserializer::new(items.iter())),
            Document::Object(members) => {
                let present = members.iter().filter(|(_, value)| !value.is_null());
                let present = present.map(|(name, value)| (&**name, value));
                visitor.visit_map(MapDeserializer::new(present))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    /// One of a few words.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Document::Text(word) = self else { return self.deserialize_any(visitor) };
        visitor.visit_enum((&**word).into_deserializer())
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de> for &'de Document<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
