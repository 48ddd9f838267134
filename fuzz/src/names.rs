//! Ids, names and values made from any text.
//!
//! An input is a number of repetitions, and two texts separated by a line end. Each text is tried
//! as a value of every type, unchanged and cut or stretched to the limits of the type, and the two
//! values are compared. Then an engine stores them, and must return them unchanged.

mod kept;
mod kinds;

use std::time::Duration;

use cognate::name::IdentityPoolId;
use cognate::operation::PageSize;
use cognate::token::TokenDuration;
use cognate::{Error, ErrorKind, Violations};

use crate::model::{OPERATIONS, Shape};
use kinds::KINDS;

/// Tries the texts of an input as every type.
pub fn run(data: &[u8]) {
    let Some((number, texts)) = data.split_first() else { return };
    let texts = String::from_utf8_lossy(texts);
    let (first, second) = texts.split_once('\n').unwrap_or((&texts, &texts));
    let [first, second] = [first, second].map(|text| repeated(text, usize::from(*number)));
    for text in [&first, &second] {
        for kind in KINDS.iter() {
            (kind.check)(kind, text);
            // Long values are slow.
            if kind.shape.max < 10_000 || *number == u8::MAX {
                let bounds = [kind.shape.min, kind.shape.max].into_iter();
                for length in bounds.flat_map(|bound| [bound.saturating_sub(1), bound, bound + 1]) {
                    (kind.check)(kind, &stretched(text, length));
                }
            }
        }
        check_region(text);
        if let Ok(number) = text.parse() {
            check_number(number);
        }
    }
    KINDS.iter().for_each(|kind| (kind.compare)(&first, &second));
    if let Some(number) = data.last_chunk() {
        check_number(i64::from_be_bytes(*number));
    }
    kept::keep(&first, &second);
}

/// Longer than any value may be.
const LENGTH_MAX: usize = 300_000;

fn repeated(text: &str, times: usize) -> String {
    text.repeat(times.min(LENGTH_MAX / text.len().max(1)).max(1))
}

/// Repeats the text until it has this many code points.
fn stretched(text: &str, length: usize) -> String {
    if text.is_empty() { "é".repeat(length) } else { text.chars().cycle().take(length).collect() }
}

/// Compares an error of the library with the service's message.
fn check_message(violations: Violations, message: &str) {
    let error = Error::from(violations);
    assert!(matches!(error, Error::Invalid(_)));
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert_eq!(error.to_string(), message);
}

/// The region of an id is the part before the colon.
fn check_region(text: &str) {
    let Ok(id) = text.parse::<IdentityPoolId>() else { return };
    let (region, _) = text.split_once(':').expect("an id has a colon");
    match id.region() {
        Ok(read) => assert_eq!(read.as_str(), region),
        Err(_) => assert!(!Shape::new((1, 18), Some(r"[\w-]+")).accepts(region), "{text}"),
    }
}

fn check_number(number: i64) {
    let bounds = Bounds::at("/ListIdentities/members/MaxResults");
    match (PageSize::try_from(number), bounds.message(number, "maxResults")) {
        (Ok(size), None) => {
            assert_eq!(size == PageSize::MAX, number == bounds.max);
            assert_eq!(size.cmp(&PageSize::MAX), number.cmp(&bounds.max));
        }
        (Err(violations), Some(message)) => check_message(violations, &message),
        (_, message) => panic!("wrong verdict on page size {number}: {message:?}"),
    }
    let bounds = Bounds::at("/GetOpenIdTokenForDeveloperIdentity/members/TokenDuration");
    match (TokenDuration::try_from(number), bounds.message(number, "tokenDuration")) {
        (Ok(duration), None) => {
            assert_eq!(duration.as_secs(), number.unsigned_abs());
            let same = Duration::from_millis(number.unsigned_abs() * 1000 + 999);
            assert_eq!(TokenDuration::try_from(same), Ok(duration));
        }
        (Err(violations), Some(message)) => check_message(violations, &message),
        (_, message) => panic!("wrong verdict on duration {number}: {message:?}"),
    }
}

/// The limits of a number.
struct Bounds {
    min: i64,
    max: i64,
}

impl Bounds {
    fn at(place: &str) -> Self {
        let shape = OPERATIONS.pointer(place).expect("a place in the model");
        let bound = |name: &str| shape[name].as_i64().expect("a bound");
        Self { min: bound("min"), max: bound("max") }
    }

    fn message(&self, number: i64, member: &str) -> Option<String> {
        let failed = if number < self.min {
            format!("greater than or equal to {}", self.min)
        } else if number > self.max {
            format!("less than or equal to {}", self.max)
        } else {
            return None;
        };
        let value = format!("Value '{number}' at '{member}' failed to satisfy constraint");
        Some(format!("1 validation error detected: {value}: Member must have value {failed}"))
    }
}
