//! Dates in the service's format: epoch seconds with milliseconds, `1538078988.077`.

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serializer};

use crate::ambient::Timestamp;

const MILLIS_PER_SEC: f64 = 1000.0;

/// The largest number of milliseconds up to which a double can represent each one.
const MILLIS_MAX: f64 = 9_007_199_254_740_992.0;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) fn serialize<S: Serializer>(
    moment: &Timestamp,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[expect(
        clippy::cast_precision_loss,
        clippy::float_arithmetic,
        reason = "the wire wants a fraction, and milliseconds stay exact for 285,000 years"
    )]
    serializer.serialize_f64(moment.as_millis() as f64 / MILLIS_PER_SEC)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Timestamp, D::Error> {
    let secs = f64::deserialize(deserializer)?;
    #[expect(clippy::float_arithmetic, reason = "the inverse of what is written")]
    let millis = (secs * MILLIS_PER_SEC).round();
    if !(0.0..=MILLIS_MAX).contains(&millis) {
        return Err(D::Error::invalid_value(Unexpected::Float(secs), &"a date from 1970 on"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the bounds were checked"
    )]
    Ok(Timestamp::from_millis(millis as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_epoch_seconds_with_milliseconds() {
        for (millis, json) in [
            (1_538_078_988_077, "1538078988.077"),
            (1_000, "1.0"),
            (1, "0.001"),
            (0, "0.0"),
            (9_007_199_254_740_991, "9007199254740.99"),
        ] {
            let mut written = Vec::new();
            let mut serializer = serde_json::Serializer::new(&mut written);
            serialize(&Timestamp::from_millis(millis), &mut serializer).expect("a number");
            assert_eq!(String::from_utf8(written).as_deref(), Ok(json));
        }
    }

    #[test]
    fn dates_are_read_back() {
        let read = |json: &str| {
            deserialize(&mut serde_json::Deserializer::from_str(json)).map(Timestamp::as_millis)
        };
        for (json, millis) in
            [("1538078988.077", 1_538_078_988_077), ("1538078988", 1_538_078_988_000), ("0.001", 1)]
        {
            assert_eq!(read(json).expect("a date"), millis, "{json}");
        }
        for json in ["-1", "1e300", "\"1538078988\"", "null"] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
