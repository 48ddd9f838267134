//! Examples of broken requirements.

use std::error::Error;
use std::fmt::Write as _;

use crate::store::{Batch, Key, StoreError, Value};
use crate::testkit::conformance::{Nonconformity, Setting};

/// An example of how a store breaks the requirement that is being checked.
#[derive(Debug)]
pub(super) struct Breach(String);

/// The outcome of a check.
pub(super) type Outcome<T = ()> = Result<T, Breach>;

impl Breach {
    pub(super) fn new(example: impl Into<String>) -> Self {
        Self(example.into())
    }

    pub(super) fn of(self, requirement: &'static str, setting: Setting) -> Nonconformity {
        Nonconformity { requirement, setting, example: self.0 }
    }

    /// Says under which circumstances.
    pub(super) fn at(self, circumstances: &str) -> Self {
        Self(format!("{circumstances}: {}", self.0))
    }
}

impl From<StoreError> for Breach {
    fn from(error: StoreError) -> Self {
        Self(format!("a call failed: {}", chain(&error)))
    }
}

/// An error with its sources.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let written = write!(text, ": {error}");
        debug_assert!(written.is_ok(), "writing to a string");
        source = error.source();
    }
    text
}

/// Returns a [`Breach`] unless a condition holds.
macro_rules! ensure {
    ($holds:expr, $($example:tt)+) => {
        if !$holds {
            return Err($crate::testkit::conformance::breach::Breach::new(format!($($example)+)));
        }
    };
}
pub(super) use ensure;

/// A record for messages.
pub(super) fn shown(record: Option<&[u8]>) -> String {
    match record {
        None => "nothing".to_owned(),
        Some(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if bytes.len() <= SHORT && !text.contains(char::is_control) => {
                format!("`{text}`")
            }
            _ => long(bytes),
        },
    }
}

/// A key for messages.
pub(super) fn named(key: &Key) -> String {
    format!("{}/{}", key.tree.name(), shown(Some(&key.bytes)))
}

/// A batch for messages.
pub(super) fn worded(batch: &Batch) -> String {
    let record = |(key, record): &(Key, Option<Value>)| match record {
        None => format!("{} is absent", named(key)),
        Some(record) => format!("{} is {}", named(key), shown(Some(record))),
    };
    let put = |(key, record): &(Key, Value)| format!("{} to {}", named(key), shown(Some(record)));
    let parts = [
        ("if ", batch.checks.iter().map(record).collect::<Vec<_>>()),
        ("delete ", batch.deletes.iter().map(named).collect()),
        ("set ", batch.puts.iter().map(put).collect()),
    ];
    let worded = parts.into_iter().filter(|(_, of)| !of.is_empty());
    let worded: Vec<String> = worded.map(|(verb, of)| [verb, &of.join(" and ")].concat()).collect();
    format!("({})", worded.join(", "))
}

/// The longest bytes that are shown whole.
const SHORT: usize = 32;

fn long(bytes: &[u8]) -> String {
    let mut shown = format!("{} bytes, 0x", bytes.len());
    for byte in bytes.iter().take(SHORT) {
        let written = write!(shown, "{byte:02x}");
        debug_assert!(written.is_ok(), "writing to a string");
    }
    if bytes.len() > SHORT {
        shown.push('…');
    }
    shown
}
