//! A parsed but unverified JSON Web Token in compact form (RFC 7519).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Number, Value};

use crate::login::LoginError;
use crate::name::LoginToken;
use crate::state::ClaimValue;

/// A token. The presented text has at most 50,000 code points.
pub(super) struct Jwt<'a> {
    /// The algorithm that the header names.
    pub(super) alg: String,
    /// The key that the header names.
    pub(super) kid: Option<String>,
    /// The type that the header names.
    pub(super) typ: Option<String>,
    /// True if the header names an extension that must be understood (RFC 7515, section 4.1.11).
    pub(super) is_critical: bool,
    pub(super) claims: Members,
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
}

impl<'a> Jwt<'a> {
    /// Splits a token into three parts in strict base64url. The first two must be JSON objects.
    ///
    /// # Errors
    ///
    /// Returns [`LoginError::Malformed`] for anything else.
    pub(super) fn parse(token: &'a LoginToken) -> Result<Self, LoginError> {
        let malformed = LoginError::Malformed;
        let (signed, signature) = token.as_str().rsplit_once('.').ok_or(malformed.clone())?;
        let (header, claims) = signed.split_once('.').ok_or(malformed.clone())?;
        let header = Members::parse(header)?;
        Ok(Self {
            alg: header.text("alg")?.ok_or(malformed)?.to_owned(),
            kid: header.text("kid")?.map(str::to_owned),
            typ: header.text("typ")?.map(str::to_owned),
            is_critical: header.0.contains_key("crit"),
            claims: Members::parse(claims)?,
            signed: signed.as_bytes(),
            signature: decode(signature)?,
        })
    }
}

fn decode(part: &str) -> Result<Vec<u8>, LoginError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| LoginError::Malformed)
}

/// The members of a JSON object, without duplicate names. A null member counts as missing.
pub(super) struct Members(BTreeMap<String, Value>);

impl Members {
    fn parse(part: &str) -> Result<Self, LoginError> {
        serde_json::from_slice(&decode(part)?).map_err(|_| LoginError::Malformed)
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text. Returns [`LoginError::Malformed`] for another type.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, LoginError> {
        self.get(name).map(text).transpose()
    }

    /// A text or an array of texts. Returns [`LoginError::Malformed`] for another type.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<&str>>, LoginError> {
        self.get(name).map(texts).transpose()
    }

    /// A time in whole epoch seconds. Returns [`LoginError::Malformed`] for another type.
    pub(super) fn seconds(&self, name: &str) -> Result<Option<u64>, LoginError> {
        let number = |value: &Value| value.as_number().map(whole_seconds);
        self.get(name).map(|value| number(value).ok_or(LoginError::Malformed)).transpose()
    }

    /// The names of the members of an object. Empty for any other value.
    pub(super) fn names_in(&self, name: &str) -> impl Iterator<Item = &str> {
        let object = self.get(name).and_then(Value::as_object);
        object.into_iter().flat_map(|object| object.keys().map(String::as_str))
    }

    /// All members, in the form that role mapping rules compare.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, ClaimValue)> {
        self.0.iter().filter_map(|(name, value)| {
            let value = match value {
                Value::Null => return None,
                Value::Array(elements) => ClaimValue::Many(elements.iter().map(show).collect()),
                one @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                    ClaimValue::One(show(one))
                }
            };
            Some((name.as_str(), value))
        })
    }
}

fn text(value: &Value) -> Result<&str, LoginError> {
    value.as_str().ok_or(LoginError::Malformed)
}

fn texts(value: &Value) -> Result<Vec<&str>, LoginError> {
    match value.as_array() {
        Some(elements) => elements.iter().map(text).collect(),
        None => Ok(vec![text(value)?]),
    }
}

/// A text unchanged, any other value as JSON.
fn show(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A time before the epoch becomes 0. It is only compared with the present.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "drops the fraction and stays within the bounds"
)]
fn whole_seconds(number: &Number) -> u64 {
    number.as_u64().unwrap_or_else(|| number.as_f64().unwrap_or_default() as u64)
}

/// Refuses a duplicate member, because two readers could use different ones.
impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;

        impl<'de> Visitor<'de> for Once {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object whose members are there once")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry()? {
                    match members.entry(name) {
                        Entry::Vacant(vacant) => vacant.insert(value),
                        Entry::Occupied(_) => return Err(A::Error::custom("a member twice")),
                    };
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Once)
    }
}
