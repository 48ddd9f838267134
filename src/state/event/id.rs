//! Names of events.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use crate::constraint::{Pattern, StringShape, Violations};
use crate::id::IdentityId;

/// The name of an event of an identity. It displays, parses and serializes as
/// `IDENTITY/REVISION`.
///
/// # Example: the first event of an identity
///
/// ```
/// use cognate::admin::EventId;
///
/// let id: EventId = "us-east-1:a11ce000-0000-4000-8000-000000000000/1".parse()?;
/// assert_eq!(id.revision, 1);
/// assert!("us-east-1:a11ce000-0000-4000-8000-000000000000".parse::<EventId>().is_err());
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
#[non_exhaustive]
pub struct EventId {
    /// The identity.
    pub identity_id: IdentityId,
    /// The revision of the identity that the change has made.
    pub revision: u32,
}

const PATTERN: Pattern =
    Pattern { text: r"[\w-]+:[0-9a-f-]+/[0-9]+", matches: |text| parts(text).is_some() };

const SHAPE: StringShape = StringShape::new(1, 66).matching(&PATTERN);

/// The identity's id and the revision, which is written in one way only.
fn parts(text: &str) -> Option<(&str, u32)> {
    let (id, revision) = text.rsplit_once('/')?;
    let number: u32 = revision.parse().ok()?;
    ((Pattern::ID.matches)(id) && number.to_string() == revision).then_some((id, number))
}

impl EventId {
    /// The event of the change that has made this revision of the identity.
    pub fn new(identity_id: IdentityId, revision: u32) -> Self {
        Self { identity_id, revision }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.identity_id, self.revision)
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for EventId {
    type Err = Violations;

    fn from_str(text: &str) -> Result<Self, Violations> {
        SHAPE.check(text, "eventId")?;
        let (id, revision) = parts(text).unwrap_or((text, 0));
        Ok(Self { identity_id: id.parse()?, revision })
    }
}

impl TryFrom<&str> for EventId {
    type Error = Violations;

    fn try_from(text: &str) -> Result<Self, Violations> {
        text.parse()
    }
}

impl TryFrom<String> for EventId {
    type Error = Violations;

    fn try_from(text: String) -> Result<Self, Violations> {
        text.parse()
    }
}

impl From<&Self> for EventId {
    fn from(same: &Self) -> Self {
        same.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_named_in_one_way() {
        let id = "us-east-1:a11ce000-0000-4000-8000-000000000000";
        for (text, revision) in [("0", Some(0)), ("7", Some(7)), ("4294967295", Some(u32::MAX))] {
            let text = format!("{id}/{text}");
            let parsed = text.parse::<EventId>().ok();
            assert_eq!(parsed.as_ref().map(|parsed| parsed.revision), revision);
            assert_eq!(parsed.map(|parsed| parsed.to_string()), Some(text));
        }
        for wrong in ["", "/", "/1", "1", "x:0/", "x:0/-1", "x:0/+1", "x:0/01", "x:0/4294967296"] {
            assert!(wrong.parse::<EventId>().is_err(), "{wrong}");
        }
        for wrong in [id.to_owned(), format!("{id}/1/1"), format!("{}{id}/1", "a".repeat(20))] {
            assert!(wrong.parse::<EventId>().is_err(), "{wrong}");
        }
    }
}
