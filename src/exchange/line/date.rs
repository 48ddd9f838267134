//! Dates: RFC 3339 with milliseconds, `2026-11-28T12:00:00.000Z`.

use std::time::{Duration, UNIX_EPOCH};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ambient::Timestamp;

/// The last millisecond of the year 9999. A later date is a number of milliseconds.
const LAST_MILLIS: u64 = 253_402_300_799_999;

/// A moment in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date(pub(crate) Timestamp);

/// The two forms of a date.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a date such as 2026-11-28T12:00:00.000Z")]
enum Written {
    Text(String),
    Millis(u64),
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = self.0.as_millis();
        if millis <= LAST_MILLIS {
            serializer.collect_str(&self.0)
        } else {
            serializer.serialize_u64(millis)
        }
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let millis = match Written::deserialize(deserializer)? {
            Written::Text(text) => millis_of(&text),
            Written::Millis(millis) => Some(millis).filter(|millis| *millis > LAST_MILLIS),
        };
        let expected = "expected a date such as 2026-11-28T12:00:00.000Z";
        let millis = millis.ok_or_else(|| D::Error::custom(expected))?;
        Ok(Self(Timestamp::from_millis(millis)))
    }
}

/// A date in whole milliseconds.
fn millis_of(text: &str) -> Option<u64> {
    let moment = humantime::parse_rfc3339(text).ok()?;
    let since = moment.duration_since(UNIX_EPOCH).ok()?;
    let millis = u64::try_from(since.as_millis()).ok()?;
    (Duration::from_millis(millis) == since).then_some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<u64> {
        serde_json::from_str::<Date>(json).ok().map(|date| date.0.as_millis())
    }

    #[test]
    fn dates_are_written_in_one_way() {
        for (millis, json) in [
            (0, "\"1970-01-01T00:00:00.000Z\""),
            (1_538_078_988_077, "\"2018-09-27T20:09:48.077Z\""),
            (LAST_MILLIS, "\"9999-12-31T23:59:59.999Z\""),
            (LAST_MILLIS + 1, "253402300800000"),
            (u64::MAX, "18446744073709551615"),
        ] {
            let date = Date(Timestamp::from_millis(millis));
            assert_eq!(serde_json::to_string(&date).expect("a date"), json);
            assert_eq!(read(json), Some(millis));
        }
    }

    #[test]
    fn dates_are_read_exactly_or_not_at_all() {
        assert_eq!(read("\"2018-09-27T20:09:48Z\""), Some(1_538_078_988_000));
        for wrong in [
            "1538078988077",
            "\"\"",
            "\"today\"",
            "\"2018-09-27\"",
            "\"2018-09-27T20:09:48.0775Z\"",
            "\"2018-09-27T20:09:48.077+01:00\"",
            "\"1969-12-31T23:59:59.000Z\"",
            "\"2018-02-30T00:00:00.000Z\"",
            "null",
            "-1",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
